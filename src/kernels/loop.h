/* The contiguous loops that elementwise kernels are made of, and how their tables are laid out. A loop may write over one of
 * its operands element by element (exact aliasing), never over a shifted one. */
#ifndef KERNELS_LOOP_H
#define KERNELS_LOOP_H

#include "ir/opcode.h"
#include <cuirax/dtype.h>
#include <stdint.h>

typedef struct Loop {
  int64_t n;
  void *out;
  const void *in[3];
  int64_t p0, p1; /* see kernel_elementwise */
} Loop;

typedef void (*LoopFn)(const Loop *);

enum { LOOP_FIRST = CX_OP_NEG, LOOP_COUNT = CX_OP_REGULARIZED_INCOMPLETE_BETA - CX_OP_NEG + 1 };

/* By op - LOOP_FIRST and the dtype of the first operand; NULL where there is no such loop. */
typedef struct LoopTable {
  LoopFn fn[LOOP_COUNT][CX_DTYPE_COUNT];
} LoopTable;

extern const LoopTable loops_base, loops_avx2, loops_avx512; /* arithmetic, by instruction set */
extern const LoopTable loops_math;                           /* whatever goes through scalar functions */

#if defined(__clang__)
#define VECTOR_LOOP _Pragma("clang loop vectorize(assume_safety)")
#else
#define VECTOR_LOOP _Pragma("GCC ivdep")
#endif

#endif
