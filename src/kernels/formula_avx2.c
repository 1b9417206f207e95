/* The loops over formulas for AVX2. The headers come first, so that only the loops get the target. */
#include "kernels/formula_scalar.h"
#include "kernels/loop.h"
#include <string.h>

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define LOOPS formulas_avx2
#include "kernels/formula_loops.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
