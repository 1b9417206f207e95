/* The reduction loops for AVX2. The headers come first, so that only the loops get the target. */
#include "kernels/reduce_table.h"
#include <string.h>

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif
#define REDUCTIONS reductions_avx2
#include "kernels/reduce_loops.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
