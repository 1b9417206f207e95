/* Reductions over sliding windows. Padding and the gaps of base dilation hold the identity of the reduction, so they never win. */
#ifndef KERNELS_WINDOW_H
#define KERNELS_WINDOW_H

#include "ir/opcode.h"
#include "ir/view.h"
#include <stdbool.h>

typedef struct CxWindowShape { /* one entry per axis; padding two: low, high */
  const int64_t *dims, *strides, *padding, *base_dilation, *window_dilation;
} CxWindowShape;

/* op: CX_OP_ADD, CX_OP_MAX or CX_OP_MIN. NaN wins over every number in max and min. */
bool kernel_reduce_window(CxOpcode op, const CxView *in, const CxWindowShape *w, const CxView *out);

/* For every window (dilations are 1) the place of its greatest (op CX_OP_GE) or least (CX_OP_LE) element, the first of equals,
 * receives the source's element; sums where windows meet. out has operand's extents. */
bool kernel_select_and_scatter_add(CxOpcode op, const CxView *source, const CxView *operand, const CxWindowShape *w, const CxView *out);

/* For every window the element of tangents at the place of operand's greatest or least, the first of equals; 0 for a window of padding. */
bool kernel_select_and_gather_add(CxOpcode op, const CxView *tangents, const CxView *operand, const CxWindowShape *w, const CxView *out);

#endif
