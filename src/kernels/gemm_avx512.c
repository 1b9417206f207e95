/* The matrix loops for AVX-512. The headers come first, so that only the loops get the target. */
#include "kernels/gemm_block.h"

#if defined(__x86_64__)
#include <immintrin.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma")
#endif
#define VECTOR 64
#define TILE_ROWS 8
#define GEMM_LOOPS gemm_avx512
#define FMA_F32(a, b, c) _mm512_fmadd_ps(_mm512_set1_ps(a), b, c)
#define FMA_F64(a, b, c) _mm512_fmadd_pd(_mm512_set1_pd(a), b, c)
#include "kernels/gemm_loops.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
