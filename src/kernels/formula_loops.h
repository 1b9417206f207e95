/* Loops over the functions of formula.h, compiled once per instruction set: the including file sets the target and names the
 * table LOOPS. The same bits from each. */
#include "kernels/formula_scalar.h"
#include "kernels/loop.h"
#include <string.h>

#define FORMULA_1(OP, NAME)                                   \
  UNARY(NAME##_F32, float, float, formula_##NAME##_f32(x))   \
  UNARY(NAME##_F64, double, double, formula_##NAME##_f64(x))
#define FORMULA_2(OP, NAME)                                     \
  BINARY(NAME##_F32, float, float, formula_##NAME##_f32(x, y))  \
  BINARY(NAME##_F64, double, double, formula_##NAME##_f64(x, y))

/* A strip at a time; one with arguments beyond the near range is gone over again for those. */
enum { CIRCULAR_STRIP = 256 };
#define CIRCULAR_AS(NAME, ID, T, SUFFIX, ABS)                                                                         \
  static __attribute__((noinline)) void NAME##_far_##ID(int64_t n, const T *x, T *o) {                               \
    for (int64_t i = 0; i < n; i++)                                                                                  \
      if (!(ABS(x[i]) < FORMULA_NEAR_##ID)) o[i] = formula_##NAME##_far_##SUFFIX(x[i]);                              \
  }                                                                                                                  \
  static void NAME##_##ID(const Loop *l) {                                                                           \
    for (int64_t start = 0; start < l->n; start += CIRCULAR_STRIP) {                                                 \
      int64_t n = l->n - start < CIRCULAR_STRIP ? l->n - start : CIRCULAR_STRIP;                                     \
      const T *a = (const T *)l->in[0] + start;                                                                      \
      T *o = (T *)l->out + start, kept[CIRCULAR_STRIP];                                                              \
      int far = 0;                                                                                                   \
      for (int64_t i = 0; i < n; i++) far |= !(ABS(a[i]) < FORMULA_NEAR_##ID);                                       \
      if (far) memcpy(kept, a, (size_t)n * sizeof(T));                                                               \
      VECTOR_LOOP                                                                                                    \
      for (int64_t i = 0; i < n; i++) o[i] = formula_##NAME##_##SUFFIX(a[i]);                                        \
      if (far) NAME##_far_##ID(n, kept, o);                                                                          \
    }                                                                                                                \
  }
#define CIRCULAR(OP, NAME)                              \
  CIRCULAR_AS(NAME, F32, float, f32, __builtin_fabsf)   \
  CIRCULAR_AS(NAME, F64, double, f64, __builtin_fabs)

/* The remainder is exact, so libm's is the same. */
#define REMAINDER_AS(NAME, ID, T, SUFFIX, ABS, FMOD)                                                                   \
  static __attribute__((noinline)) void NAME##_far_##ID(int64_t n, const T *x, const T *y, T *o) {                    \
    for (int64_t i = 0; i < n; i++)                                                                                   \
      if (!(ABS(x[i]) < ABS(y[i]) * FORMULA_QUOTIENT_##ID)) o[i] = FMOD(x[i], y[i]);                                  \
  }                                                                                                                   \
  static void NAME##_##ID(const Loop *l) {                                                                            \
    for (int64_t start = 0; start < l->n; start += CIRCULAR_STRIP) {                                                  \
      int64_t n = l->n - start < CIRCULAR_STRIP ? l->n - start : CIRCULAR_STRIP;                                      \
      const T *a = (const T *)l->in[0] + start, *b = (const T *)l->in[1] + start;                                     \
      T *o = (T *)l->out + start, x[CIRCULAR_STRIP], y[CIRCULAR_STRIP];                                               \
      int far = 0;                                                                                                    \
      for (int64_t i = 0; i < n; i++) far |= !(ABS(a[i]) < ABS(b[i]) * FORMULA_QUOTIENT_##ID);                        \
      if (far) memcpy(x, a, (size_t)n * sizeof(T)), memcpy(y, b, (size_t)n * sizeof(T));                              \
      VECTOR_LOOP                                                                                                     \
      for (int64_t i = 0; i < n; i++) o[i] = formula_##NAME##_##SUFFIX(a[i], b[i]);                                   \
      if (far) NAME##_far_##ID(n, x, y, o);                                                                           \
    }                                                                                                                 \
  }
#define REMAINDER(OP, NAME)                                     \
  REMAINDER_AS(NAME, F32, float, f32, __builtin_fabsf, fmodf)   \
  REMAINDER_AS(NAME, F64, double, f64, __builtin_fabs, fmod)

#include "kernels/formula.def"

#undef FORMULA_1
#undef FORMULA_2
#undef CIRCULAR
#undef REMAINDER
#define FORMULA_1(OP, NAME) ROW(OP, FLOAT_CELLS(NAME)),
#define FORMULA_2(OP, NAME) ROW(OP, FLOAT_CELLS(NAME)),
#define CIRCULAR(OP, NAME) ROW(OP, FLOAT_CELLS(NAME)),
#define REMAINDER(OP, NAME) ROW(OP, FLOAT_CELLS(NAME)),

const LoopTable LOOPS = {
    .fn = {
#include "kernels/formula.def"
    },
};
