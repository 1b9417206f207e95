/* The contiguous loops that elementwise kernels are made of, and how their tables are laid out. A loop may write over one of
 * its operands element by element (exact aliasing), never over a shifted one. */
#ifndef KERNELS_LOOP_H
#define KERNELS_LOOP_H

#include "kernels/elementwise.h"
#include <cuirax/dtype.h>
#include <stdint.h>

enum { LOOP_FIRST = CX_OP_NEG, LOOP_COUNT = CX_OP_REGULARIZED_INCOMPLETE_BETA - CX_OP_NEG + 1 };

typedef struct LoopTable {
  LoopFn fn[LOOP_COUNT][CX_DTYPE_COUNT]; /* by op - LOOP_FIRST and the first operand's dtype; NULL: no such loop */
  LoopFn select[17];                     /* between two cases, by bytes of an element */
  void (*widen[2])(int64_t n, const uint16_t *in, float *out);  /* f16, bf16 */
  void (*narrow[2])(int64_t n, const float *in, uint16_t *out);
} LoopTable;

extern const LoopTable loops_base, loops_avx2, loops_avx512; /* arithmetic, by instruction set */
const LoopTable *loops_best(void);                           /* what this processor can run */
extern const LoopTable formulas_base, formulas_avx2, formulas_avx512; /* the functions of formula.h, by instruction set */
extern const LoopTable loops_math;                           /* whatever goes through scalar functions */

#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop that calls, or -O1 */
#define VECTOR_LOOP _Pragma("clang loop vectorize(assume_safety)")
#else
#define VECTOR_LOOP _Pragma("GCC ivdep")
#endif

/* A loop NAME over operands of type A (elements x, y, z) that stores EXPR, an R; the _AS forms for structs take no cast. */
#define UNARY_AS(NAME, A, R, CAST, EXPR)                      \
  static void NAME(const Loop *l) {                           \
    const A *a = l->in[0];                                    \
    R *o = l->out;                                            \
    int64_t n = l->n;                                         \
    VECTOR_LOOP                                               \
    for (int64_t i = 0; i < n; i++) {                         \
      A x = a[i];                                             \
      o[i] = CAST(EXPR);                                      \
    }                                                         \
  }
#define BINARY_AS(NAME, A, R, CAST, EXPR)                     \
  static void NAME(const Loop *l) {                           \
    const A *a = l->in[0], *b = l->in[1];                     \
    R *o = l->out;                                            \
    int64_t n = l->n;                                         \
    VECTOR_LOOP                                               \
    for (int64_t i = 0; i < n; i++) {                         \
      A x = a[i], y = b[i];                                   \
      o[i] = CAST(EXPR);                                      \
    }                                                         \
  }
#define TERNARY_AS(NAME, A, R, CAST, EXPR)                    \
  static void NAME(const Loop *l) {                           \
    const A *a = l->in[0], *b = l->in[1], *c = l->in[2];      \
    R *o = l->out;                                            \
    int64_t n = l->n;                                         \
    VECTOR_LOOP                                               \
    for (int64_t i = 0; i < n; i++) {                         \
      A x = a[i], y = b[i], z = c[i];                         \
      o[i] = CAST(EXPR);                                      \
    }                                                         \
  }
#define UNARY(NAME, A, R, EXPR) UNARY_AS(NAME, A, R, (R), EXPR)
#define BINARY(NAME, A, R, EXPR) BINARY_AS(NAME, A, R, (R), EXPR)
#define TERNARY(NAME, A, R, EXPR) TERNARY_AS(NAME, A, R, (R), EXPR)

/* Cells of a table row: the loops f_<ID>. */
#define ROW(OP, ...) [CX_OP_##OP - LOOP_FIRST] = {__VA_ARGS__}
#define FLOAT_CELLS(f) [CX_F32] = f##_F32, [CX_F64] = f##_F64
#define COMPLEX_CELLS(f) [CX_C64] = f##_C64, [CX_C128] = f##_C128

/* Complex elements. */
typedef struct C64 {
  float re, im;
} C64;
typedef struct C128 {
  double re, im;
} C128;

#endif
