/* The vector loops of sort_quick.h for AVX-512. A network is bitonic: in the step of distance j inside blocks of 2k, element i meets
 * i ^ j, and the lesser goes to the lower place where the block ascends. */
#include "kernels/sort_quick.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,popcnt")
#endif

#define INLINE static inline __attribute__((always_inline))

/* The lanes of vector v that keep the lesser, in the step (k, j). */
INLINE uint16_t lesser_lanes(int lanes, int v, int k, int j) {
  uint16_t mask = 0;
#pragma GCC unroll 16
  for (int l = 0; l < lanes; l++)
    if (((l & j) == 0) == (((v * lanes + l) & k) == 0)) mask |= (uint16_t)(1u << l);
  return mask;
}

INLINE __m512i swap_u32(__m512i x, int j) {
  switch (j) {
    case 1: return _mm512_shuffle_epi32(x, (_MM_PERM_ENUM)0xb1);
    case 2: return _mm512_shuffle_epi32(x, (_MM_PERM_ENUM)0x4e);
    case 4: return _mm512_shuffle_i64x2(x, x, 0xb1);
    default: return _mm512_shuffle_i64x2(x, x, 0x4e);
  }
}
INLINE __m512i swap_u64(__m512i x, int j) {
  switch (j) {
    case 1: return _mm512_shuffle_epi32(x, (_MM_PERM_ENUM)0x4e);
    case 2: return _mm512_shuffle_i64x2(x, x, 0xb1);
    default: return _mm512_shuffle_i64x2(x, x, 0x4e);
  }
}

#define SET1_u32(x) _mm512_set1_epi32((int)(x))
#define SET1_u64(x) _mm512_set1_epi64((long long)(x))

#define QUICK(T, ID, EPU, EPI, LANES, MASK)                                                                       \
  INLINE void network_##ID(__m512i *x, const int vectors) {                                                       \
    _Pragma("GCC unroll 8") for (int k = 2; k <= vectors * LANES; k *= 2)                                         \
      _Pragma("GCC unroll 8") for (int j = k / 2; j > 0; j /= 2)                                                  \
        _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++) {                                               \
          if (j >= LANES) {                                                                                       \
            int w = v ^ (j / LANES);                                                                              \
            if (w < v) continue;                                                                                  \
            __m512i least = _mm512_min_##EPU(x[v], x[w]), most = _mm512_max_##EPU(x[v], x[w]);                    \
            bool up = (v * LANES & k) == 0;                                                                       \
            x[v] = up ? least : most;                                                                             \
            x[w] = up ? most : least;                                                                             \
          } else {                                                                                                \
            __m512i y = swap_##ID(x[v], j);                                                                       \
            x[v] = _mm512_mask_min_##EPU(_mm512_max_##EPU(x[v], y), (MASK)lesser_lanes(LANES, v, k, j), x[v], y); \
          }                                                                                                       \
        }                                                                                                         \
  }                                                                                                               \
  INLINE void padded_##ID(T *a, size_t n, const int vectors) {                                                    \
    __m512i x[8];                                                                                                 \
    MASK some[8];                                                                                                 \
    for (int v = 0; v < vectors; v++) {                                                                           \
      size_t left = n > (size_t)v * LANES ? n - (size_t)v * LANES : 0;                                            \
      some[v] = left >= LANES ? (MASK)-1 : (MASK)((1u << left) - 1);                                              \
      x[v] = _mm512_mask_loadu_##EPI(_mm512_set1_epi8(-1), some[v], a + v * LANES);                               \
    }                                                                                                             \
    network_##ID(x, vectors);                                                                                     \
    for (int v = 0; v < vectors; v++) _mm512_mask_storeu_##EPI(a + v * LANES, some[v], x[v]);                     \
  }                                                                                                               \
  static void small_##ID(T *a, size_t n) {                                                                        \
    if (n <= LANES) padded_##ID(a, n, 1);                                                                         \
    else if (n <= 2 * LANES) padded_##ID(a, n, 2);                                                                \
    else if (n <= 4 * LANES) padded_##ID(a, n, 4);                                                                \
    else padded_##ID(a, n, 8);                                                                                    \
  }                                                                                                               \
  /* What is low stays in a, behind what has been read; what is high goes by way of b. */                         \
  static size_t partition_##ID(T *a, T *b, size_t n, T pivot, bool equal_low) {                                   \
    const __m512i p = SET1_##ID(pivot);                                                        \
    size_t low = 0, high = 0, i = 0;                                                                              \
    for (; i + LANES <= n; i += LANES) {                                                                          \
      __m512i x = _mm512_loadu_si512(a + i);                                                                      \
      MASK is_low = equal_low ? _mm512_cmple_##EPU##_mask(x, p) : _mm512_cmplt_##EPU##_mask(x, p);                \
      size_t count = (size_t)__builtin_popcount(is_low);                                                          \
      _mm512_storeu_si512(a + low, _mm512_maskz_compress_##EPI(is_low, x));                                       \
      _mm512_storeu_si512(b + high, _mm512_maskz_compress_##EPI((MASK)~is_low, x));                               \
      low += count;                                                                                               \
      high += LANES - count;                                                                                      \
    }                                                                                                             \
    for (; i < n; i++) {                                                                                          \
      T x = a[i];                                                                                                 \
      if (equal_low ? x <= pivot : x < pivot) a[low++] = x;                                                       \
      else b[high++] = x;                                                                                         \
    }                                                                                                             \
    memcpy(a + low, b, high * sizeof *a);                                                                         \
    return low;                                                                                                   \
  }

QUICK(uint32_t, u32, epu32, epi32, 16, __mmask16)
QUICK(uint64_t, u64, epu64, epi64, 8, __mmask8)

const QuickLoops quick_avx512 = {partition_u32, partition_u64, small_u32, small_u64};
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
