/* The arithmetic loops for AVX-512. The headers come first, so that only the loops get the target. */
#include "kernels/float_order.h"
#include "kernels/half.h"
#include "kernels/loop.h"
#include <float.h>
#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl")
#endif
#define LOOPS loops_avx512
#include "kernels/elementwise_loops.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
