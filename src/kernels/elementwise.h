/* Every unary, binary and ternary op over every dtype. Operands and result have equal dims (stride 0 broadcasts); the result
 * may lie exactly over an operand of the same element size and strides, never partly.
 *
 * p0, p1: integer_pow's exponent; round's method (0 away from zero, 1 to even); reduce_precision's exponent and mantissa bits.
 * select_n: in[0] is the predicate (bool or int32, clamped into range), then the cases.
 *
 * Meaning: StableHLO's as XLA:CPU computes it. Integers wrap; x / 0 = -1 (all ones), x rem 0 = x, INT_MIN / -1 = INT_MIN;
 * shifts past the width give 0 or the sign; max and min propagate NaN and order -0 before 0, complex ones compare
 * lexicographically; *_to is IEEE total order; subnormals are kept. f16, bf16 and smaller floats compute in f32 and
 * round once; int2 and int4 compute in 8 bits and wrap. */
#ifndef KERNELS_ELEMENTWISE_H
#define KERNELS_ELEMENTWISE_H

#include "ir/opcode.h"
#include "ir/view.h"
#include <stdbool.h>

bool kernel_elementwise(CxOpcode op, const CxView *in, int nin, const CxView *out, int64_t p0, int64_t p1);

/* A loop over dense operands. It may write over one of them element by element (exact aliasing), never over a shifted one. */
typedef struct Loop {
  int64_t n;
  void *out;
  const void *in[3];
  int64_t p0, p1;
} Loop;
typedef void (*LoopFn)(const Loop *);

/* The loop that the op comes to when operands of this dtype (select_n: cases of this dtype, a bool predicate) and the result are dense;
 * NULL where a conversion stands around it. */
LoopFn kernel_elementwise_loop(CxOpcode op, CxDtype d, int nin);

#endif
