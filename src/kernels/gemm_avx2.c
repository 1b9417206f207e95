/* The matrix loops for AVX2 with FMA. The headers come first, so that only the loops get the target. */
#include "kernels/gemm_block.h"

#if defined(__x86_64__)
#include <immintrin.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define VECTOR 32
#define TILE_ROWS 6
#define GEMM_LOOPS gemm_avx2
#define FMA_F32(a, b, c) _mm256_fmadd_ps(_mm256_set1_ps(a), b, c)
#define FMA_F64(a, b, c) _mm256_fmadd_pd(_mm256_set1_pd(a), b, c)
#include "kernels/gemm_loops.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
