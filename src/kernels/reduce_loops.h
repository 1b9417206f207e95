/* The inner loops of reductions, compiled once per instruction set: the including file sets the target and names the table
 * REDUCTIONS. The order of float sums is that of reduce.h. */
#include "kernels/reduce_table.h"
#include <string.h>

#define LANE_TREE(OP, l) OP(OP(OP(l[0], l[4]), OP(l[2], l[6])), OP(OP(l[1], l[5]), OP(l[3], l[7])))

/* A block, its columns and the merge of two results, for OP over T. ordered: 8 lanes, else as many as help. */
#define REDUCTION(NAME, T, IDENTITY, OP)                                                              \
  static void block_##NAME(const void *data, int64_t n, void *result) {                               \
    const T *x = data;                                                                                \
    T lane[8], *out = result;                                                                         \
    for (int j = 0; j < 8; j++) lane[j] = IDENTITY;                                                   \
    int64_t i = 0;                                                                                    \
    for (; i + 8 <= n; i += 8)                                                                        \
      for (int j = 0; j < 8; j++) lane[j] = OP(lane[j], x[i + j]);                                    \
    for (int j = 0; i < n; i++, j++) lane[j] = OP(lane[j], x[i]);                                     \
    *out = LANE_TREE(OP, lane);                                                                       \
  }                                                                                                   \
  MERGE(NAME, T, OP)                                                                                  \
  static void columns_##NAME(const void *const *rows, int64_t n, int64_t width, void *result) {       \
    T lane[8][REDUCE_TILE], *out = result;                                                            \
    for (int j = 0; j < 8; j++)                                                                       \
      for (int64_t c = 0; c < width; c++) lane[j][c] = IDENTITY;                                      \
    for (int64_t i = 0; i < n; i++) {                                                                 \
      const T *x = rows[i];                                                                           \
      T *to = lane[i & 7];                                                                            \
      VECTOR_LOOP                                                                                     \
      for (int64_t c = 0; c < width; c++) to[c] = OP(to[c], x[c]);                                    \
    }                                                                                                 \
    for (int64_t c = 0; c < width; c++) {                                                             \
      T l[8] = {lane[0][c], lane[1][c], lane[2][c], lane[3][c], lane[4][c], lane[5][c], lane[6][c], lane[7][c]}; \
      out[c] = LANE_TREE(OP, l);                                                                      \
    }                                                                                                 \
  }                                                                                                   \
  static void identity_##NAME(void *result, int64_t width) {                                          \
    T *out = result;                                                                                  \
    for (int64_t c = 0; c < width; c++) out[c] = IDENTITY;                                            \
  }

#define MERGE(NAME, T, OP)                                                                            \
  static void merge_##NAME(void *left, const void *right, int64_t width) {                            \
    T *a = left;                                                                                      \
    const T *b = right;                                                                               \
    for (int64_t c = 0; c < width; c++) a[c] = OP(a[c], b[c]);                                        \
  }

/* The same without an order: a strip of lanes as wide as a few vectors. */
enum { STRIP_BYTES = 256 };
#define UNORDERED(NAME, T, IDENTITY, OP)                                                              \
  static void block_##NAME(const void *data, int64_t n, void *result) {                               \
    enum { STRIP = STRIP_BYTES / sizeof(T) };                                                         \
    const T *x = data;                                                                                \
    T lane[STRIP], folded = IDENTITY, *out = result;                                                  \
    int64_t i = 0;                                                                                    \
    if (n >= STRIP) {                                                                                 \
      for (int j = 0; j < STRIP; j++) lane[j] = x[j];                                                 \
      for (i = STRIP; i + STRIP <= n; i += STRIP)                                                     \
        for (int j = 0; j < STRIP; j++) lane[j] = OP(lane[j], x[i + j]);                              \
      for (int half = STRIP / 2; half > 0; half /= 2)                                                 \
        for (int j = 0; j < half; j++) lane[j] = OP(lane[j], lane[j + half]);                         \
      folded = lane[0];                                                                               \
    }                                                                                                 \
    for (; i < n; i++) folded = OP(folded, x[i]);                                                     \
    *out = folded;                                                                                    \
  }                                                                                                   \
  MERGE(NAME, T, OP)                                                                                  \
  static void columns_##NAME(const void *const *rows, int64_t n, int64_t width, void *result) {       \
    T *out = result;                                                                                  \
    int64_t i = 0;                                                                                    \
    for (int64_t c = 0; c < width; c++) out[c] = IDENTITY;                                            \
    for (; i + 4 <= n; i += 4) {                                                                      \
      const T *x = rows[i], *y = rows[i + 1], *z = rows[i + 2], *w = rows[i + 3];                     \
      VECTOR_LOOP                                                                                     \
      for (int64_t c = 0; c < width; c++) out[c] = OP(OP(out[c], OP(x[c], y[c])), OP(z[c], w[c]));    \
    }                                                                                                 \
    for (; i < n; i++) {                                                                              \
      const T *x = rows[i];                                                                           \
      VECTOR_LOOP                                                                                     \
      for (int64_t c = 0; c < width; c++) out[c] = OP(out[c], x[c]);                                  \
    }                                                                                                 \
  }                                                                                                   \
  static void identity_##NAME(void *result, int64_t width) {                                          \
    T *out = result;                                                                                  \
    for (int64_t c = 0; c < width; c++) out[c] = IDENTITY;                                            \
  }

#define PLUS(a, b) ((a) + (b))
#define TIMES(a, b) ((a) * (b))

REDUCTION(sum_F32, float, 0, PLUS)
REDUCTION(sum_F64, double, 0, PLUS)
REDUCTION(prod_F32, float, 1, TIMES)
REDUCTION(prod_F64, double, 1, TIMES)

static inline C64 times_c64(C64 x, C64 y) { return (C64){x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re}; }
static inline C128 times_c128(C128 x, C128 y) { return (C128){x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re}; }
REDUCTION(prod_C64, C64, ((C64){1, 0}), times_c64)
REDUCTION(prod_C128, C128, ((C128){1, 0}), times_c128)

#define MORE_COMPLEX(C, NAME) \
  static inline C NAME(C x, C y) { return (x.re == y.re ? x.im > y.im : x.re > y.re) ? x : y; }
#define LESS_COMPLEX(C, NAME) \
  static inline C NAME(C x, C y) { return (x.re == y.re ? x.im < y.im : x.re < y.re) ? x : y; }
MORE_COMPLEX(C64, most_c64)
MORE_COMPLEX(C128, most_c128)
LESS_COMPLEX(C64, least_c64)
LESS_COMPLEX(C128, least_c128)
REDUCTION(max_C64, C64, ((C64){-INFINITY, -INFINITY}), most_c64)
REDUCTION(max_C128, C128, ((C128){-INFINITY, -INFINITY}), most_c128)
REDUCTION(min_C64, C64, ((C64){INFINITY, INFINITY}), least_c64)
REDUCTION(min_C128, C128, ((C128){INFINITY, INFINITY}), least_c128)

#define WRAPPING(ID, U, M)                                             \
  static inline U plus_##ID(U a, U b) { return (U)((M)a + (M)b); }     \
  static inline U times_##ID(U a, U b) { return (U)((M)a * (M)b); }    \
  static inline U and_##ID(U a, U b) { return a & b; }                 \
  static inline U or_##ID(U a, U b) { return a | b; }                  \
  static inline U xor_##ID(U a, U b) { return a ^ b; }                 \
  UNORDERED(sum_##ID, U, 0, plus_##ID)                                 \
  UNORDERED(prod_##ID, U, 1, times_##ID)                               \
  UNORDERED(and_##ID, U, (U) ~(U)0, and_##ID)                          \
  UNORDERED(or_##ID, U, 0, or_##ID)                                    \
  UNORDERED(xor_##ID, U, 0, xor_##ID)
WRAPPING(U8, uint8_t, uint32_t)
WRAPPING(U16, uint16_t, uint32_t)
WRAPPING(U32, uint32_t, uint32_t)
WRAPPING(U64, uint64_t, uint64_t)
UNORDERED(and_BOOL, uint8_t, 1, and_U8)

#define EXTREMES(ID, T, LOW, HIGH)                             \
  static inline T most_##ID(T a, T b) { return a > b ? a : b; }  \
  static inline T least_##ID(T a, T b) { return a < b ? a : b; } \
  UNORDERED(max_##ID, T, LOW, most_##ID)                       \
  UNORDERED(min_##ID, T, HIGH, least_##ID)
EXTREMES(I8, int8_t, INT8_MIN, INT8_MAX)
EXTREMES(I16, int16_t, INT16_MIN, INT16_MAX)
EXTREMES(I32, int32_t, INT32_MIN, INT32_MAX)
EXTREMES(I64, int64_t, INT64_MIN, INT64_MAX)
EXTREMES(U8, uint8_t, 0, UINT8_MAX)
EXTREMES(U16, uint16_t, 0, UINT16_MAX)
EXTREMES(U32, uint32_t, 0, UINT32_MAX)
EXTREMES(U64, uint64_t, 0, UINT64_MAX)
UNORDERED(min_BOOL, uint8_t, 1, least_U8)

UNORDERED(max_F32, float, -INFINITY, maximum_F32)
UNORDERED(max_F64, double, -INFINITY, maximum_F64)
UNORDERED(min_F32, float, INFINITY, minimum_F32)
UNORDERED(min_F64, double, INFINITY, minimum_F64)

/* Where an extreme stands in a run: the first element equal to it, or the first NaN if it is NaN. */
enum { FIND_STRIDE = 64 };
#define FIND(ID, T)                                                              \
  static int64_t find_##ID(const void *data, int64_t n, const void *wanted) {    \
    const T *x = data, w = *(const T *)wanted;                                   \
    int64_t i = 0;                                                               \
    for (T none = 0; w == w && i + FIND_STRIDE <= n; i += FIND_STRIDE) {         \
      T met = none;                                                              \
      for (int j = 0; j < FIND_STRIDE; j++) met = x[i + j] == w ? 1 : met;       \
      if (met != none) break;                                                    \
    }                                                                            \
    if (w == w)                                                                  \
      while (i < n && x[i] != w) i++;                                            \
    else                                                                         \
      while (i < n && x[i] == x[i]) i++;                                         \
    return i;                                                                    \
  }                                                                              \
  /* 1 if b beats a, or is the first NaN */                                      \
  static void better_##ID(const void *rows, int64_t width, bool most, int64_t row, void *best, int64_t *at) { \
    const T *x = rows;                                                           \
    T *b = best;                                                                 \
    for (int64_t c = 0; c < width; c++) {                                        \
      bool wins = (most ? x[c] > b[c] : x[c] < b[c]) | ((x[c] != x[c]) & (b[c] == b[c])); \
      wins &= b[c] == b[c];                                                      \
      b[c] = wins ? x[c] : b[c];                                                 \
      at[c] = wins ? row : at[c];                                                \
    }                                                                            \
  }
FIND(I8, int8_t)
FIND(I16, int16_t)
FIND(I32, int32_t)
FIND(I64, int64_t)
FIND(U8, uint8_t)
FIND(U16, uint16_t)
FIND(U32, uint32_t)
FIND(U64, uint64_t)
FIND(F32, float)
FIND(F64, double)

#define R(f) {block_##f, columns_##f, merge_##f, identity_##f, false}
#define U(f) {block_##f, columns_##f, merge_##f, identity_##f, true}
#define WRAP_CELLS(f)                                                                                              \
  [CX_I8] = U(f##_U8), [CX_I16] = U(f##_U16), [CX_I32] = U(f##_U32), [CX_I64] = U(f##_U64), [CX_U8] = U(f##_U8), \
  [CX_U16] = U(f##_U16), [CX_U32] = U(f##_U32), [CX_U64] = U(f##_U64)
#define SIGN_CELLS(f)                                                                                              \
  [CX_I8] = U(f##_I8), [CX_I16] = U(f##_I16), [CX_I32] = U(f##_I32), [CX_I64] = U(f##_I64), [CX_U8] = U(f##_U8), \
  [CX_U16] = U(f##_U16), [CX_U32] = U(f##_U32), [CX_U64] = U(f##_U64), [CX_F32] = U(f##_F32), [CX_F64] = U(f##_F64)
#define INEXACT(f) [CX_F32] = R(f##_F32), [CX_F64] = R(f##_F64)
#define F(ID) {find_##ID, better_##ID}

const ReduceTable REDUCTIONS = {
    .fold = {[CX_OP_REDUCE_SUM - REDUCE_FIRST] = {WRAP_CELLS(sum), INEXACT(sum)},
             [CX_OP_REDUCE_PROD - REDUCE_FIRST] = {WRAP_CELLS(prod), INEXACT(prod), [CX_C64] = R(prod_C64),
                                                   [CX_C128] = R(prod_C128)},
             [CX_OP_REDUCE_MAX - REDUCE_FIRST] = {SIGN_CELLS(max), [CX_BOOL] = U(max_U8), [CX_C64] = R(max_C64),
                                                  [CX_C128] = R(max_C128)},
             [CX_OP_REDUCE_MIN - REDUCE_FIRST] = {SIGN_CELLS(min), [CX_BOOL] = U(min_BOOL), [CX_C64] = R(min_C64),
                                                  [CX_C128] = R(min_C128)},
             [CX_OP_REDUCE_AND - REDUCE_FIRST] = {WRAP_CELLS(and), [CX_BOOL] = U(and_BOOL)},
             [CX_OP_REDUCE_OR - REDUCE_FIRST] = {WRAP_CELLS(or), [CX_BOOL] = U(or_U8)},
             [CX_OP_REDUCE_XOR - REDUCE_FIRST] = {WRAP_CELLS(xor), [CX_BOOL] = U(xor_U8)}},
    .search = {[CX_BOOL] = F(U8), [CX_I8] = F(I8), [CX_I16] = F(I16), [CX_I32] = F(I32), [CX_I64] = F(I64), [CX_U8] = F(U8),
               [CX_U16] = F(U16), [CX_U32] = F(U32), [CX_U64] = F(U64), [CX_F32] = F(F32), [CX_F64] = F(F64)},
};
