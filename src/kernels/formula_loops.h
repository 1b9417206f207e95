/* Loops over the functions of formula.h, compiled once per instruction set: the including file sets the target and names the
 * table LOOPS. The same bits from each. */
#include "kernels/formula_scalar.h"
#include "kernels/loop.h"
#include <string.h>

#define FORMULA_1(NAME)                                      \
  UNARY(NAME##_F32, float, float, formula_##NAME##_f32(x))   \
  UNARY(NAME##_F64, double, double, formula_##NAME##_f64(x))
#define FORMULA_2(NAME)                                         \
  BINARY(NAME##_F32, float, float, formula_##NAME##_f32(x, y))  \
  BINARY(NAME##_F64, double, double, formula_##NAME##_f64(x, y))

FORMULA_1(exp)
FORMULA_1(exp2)
FORMULA_1(expm1)
FORMULA_1(log)
FORMULA_1(log1p)
FORMULA_1(sinh)
FORMULA_1(cosh)
FORMULA_1(tanh)
FORMULA_1(asinh)
FORMULA_1(acosh)
FORMULA_1(atanh)
FORMULA_1(asin)
FORMULA_1(acos)
FORMULA_1(atan)
FORMULA_1(cbrt)
FORMULA_1(logistic)
FORMULA_2(pow)
FORMULA_2(atan2)
UNARY(erf_inv_F32, float, float, formula_erf_inv_f32(x))

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
#define CIRCULAR(NAME)                                  \
  CIRCULAR_AS(NAME, F32, float, f32, __builtin_fabsf)   \
  CIRCULAR_AS(NAME, F64, double, f64, __builtin_fabs)
CIRCULAR(sin)
CIRCULAR(cos)
CIRCULAR(tan)

const LoopTable LOOPS = {
    .fn = {
        ROW(EXP, FLOAT_CELLS(exp)),     ROW(EXP2, FLOAT_CELLS(exp2)),   ROW(EXPM1, FLOAT_CELLS(expm1)),
        ROW(LOG, FLOAT_CELLS(log)),     ROW(LOG1P, FLOAT_CELLS(log1p)), ROW(TANH, FLOAT_CELLS(tanh)),
        ROW(SIN, FLOAT_CELLS(sin)),     ROW(COS, FLOAT_CELLS(cos)),     ROW(TAN, FLOAT_CELLS(tan)),
        ROW(ASIN, FLOAT_CELLS(asin)),   ROW(ACOS, FLOAT_CELLS(acos)),   ROW(ATAN, FLOAT_CELLS(atan)),
        ROW(SINH, FLOAT_CELLS(sinh)),   ROW(COSH, FLOAT_CELLS(cosh)),   ROW(ASINH, FLOAT_CELLS(asinh)),
        ROW(ACOSH, FLOAT_CELLS(acosh)), ROW(ATANH, FLOAT_CELLS(atanh)), ROW(CBRT, FLOAT_CELLS(cbrt)),
        ROW(POW, FLOAT_CELLS(pow)),     ROW(ATAN2, FLOAT_CELLS(atan2)), ROW(LOGISTIC, FLOAT_CELLS(logistic)),
        ROW(ERF_INV, [CX_F32] = erf_inv_F32),
    },
};
