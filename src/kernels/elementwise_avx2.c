/* The arithmetic loops for AVX2. The headers come first, so that only the loops get the target. */
#include "kernels/float_order.h"
#include "kernels/half.h"
#include "kernels/loop.h"
#include <float.h>
#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif
#define LOOPS loops_avx2
#include "kernels/elementwise_loops.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
