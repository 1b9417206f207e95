/* Dot products and convolutions. The dtype of out decides how they are computed: floats narrower than 32 bits are multiplied and
 * summed in f32 and rounded once, integers of all widths wrap in out's, bool is "or" of "and"s; operands of other dtypes widen as
 * needed. The type rules have checked all extents; contracted extents of 0 give zeros. */
#ifndef KERNELS_DOT_H
#define KERNELS_DOT_H

#include "ir/view.h"
#include <cuirax/ops.h>
#include <stdbool.h>

/* out[batch…, x's free axes…, y's free axes…] = sum over the contracted axes of x * y; free axes keep their order. */
bool kernel_dot_general(const CxView *x, const CxView *y, const CxDotDims *dims, const CxView *out);

/* The dtype that products of these are computed in: F32, F64, C64, C128, U32 or U64. */
CxDtype dot_compute_dtype(CxDtype x, CxDtype y, CxDtype out);

/* JAX's conv_general_dilated: nothing is flipped. padding has two entries (low, high; either may be negative) per spatial axis. */
typedef struct CxConvShape {
  CxConvDims dims;
  const int64_t *strides, *padding, *lhs_dilation, *rhs_dilation;
  int64_t feature_groups, batch_groups;
} CxConvShape;
bool kernel_conv(const CxView *lhs, const CxView *rhs, const CxConvShape *shape, const CxView *out);

#endif
