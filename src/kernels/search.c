/* See search.h. Every step keeps or drops half of what is left without a branch, so that random values cost no mispredictions. */
#include "kernels/search.h"

#define IS_NAN_FLOAT(x) ((x) != (x))
#define IS_NAN_INT(x) 0

enum { TOGETHER = 8 }; /* searches in step, so that their loads overlap */

/* NaN elements stand before nothing, as comparisons have it; all numbers stand before a NaN, and on the right NaNs do too. */
#define SEARCH(name, T, IS_NAN) \
  static int64_t numbers_##name(int64_t n, const T *a) { \
    (void)a; \
    while (n > 0 && IS_NAN(a[n - 1])) n--; \
    return n; \
  } \
  static void block_##name(int64_t n, const T *a, const T *v, bool left, int32_t *out) { \
    const T *at[TOGETHER]; \
    for (int k = 0; k < TOGETHER; k++) at[k] = a; \
    for (int64_t len = n; len > 1; len -= len / 2) { \
      int64_t half = len / 2; \
      if (left) for (int k = 0; k < TOGETHER; k++) at[k] += at[k][half - 1] < v[k] ? half : 0; \
      else for (int k = 0; k < TOGETHER; k++) at[k] += at[k][half - 1] <= v[k] ? half : 0; \
    } \
    for (int k = 0; k < TOGETHER; k++) out[k] = (int32_t)(at[k] - a + (n > 0 && (left ? *at[k] < v[k] : *at[k] <= v[k]))); \
  } \
  static void search_##name(int64_t n, const T *a, int64_t m, const T *v, bool left, int32_t *out) { \
    int64_t numbers = numbers_##name(n, a); \
    for (int64_t i = 0; i < m; i += TOGETHER) { \
      T some[TOGETHER] = {0}; \
      int32_t found[TOGETHER]; \
      int64_t count = m - i < TOGETHER ? m - i : TOGETHER; \
      for (int64_t k = 0; k < count; k++) some[k] = v[i + k]; \
      block_##name(numbers, a, some, left, found); \
      for (int64_t k = 0; k < count; k++) out[i + k] = IS_NAN(v[i + k]) ? (int32_t)(left ? numbers : n) : found[k]; \
    } \
  }

SEARCH(f32, float, IS_NAN_FLOAT)
SEARCH(f64, double, IS_NAN_FLOAT)
SEARCH(i32, int32_t, IS_NAN_INT)
SEARCH(i64, int64_t, IS_NAN_INT)

bool search_run(CxDtype d, int64_t n, const void *sorted, int64_t m, const void *v, bool left, int32_t *out) {
  if (n > INT32_MAX) return false;
  switch (d) {
  case CX_F32: search_f32(n, sorted, m, v, left, out); return true;
  case CX_F64: search_f64(n, sorted, m, v, left, out); return true;
  case CX_I32: search_i32(n, sorted, m, v, left, out); return true;
  case CX_I64: search_i64(n, sorted, m, v, left, out); return true;
  default: return false;
  }
}
