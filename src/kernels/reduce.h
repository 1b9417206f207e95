/* Reductions over axes, and cumulative ops along one.
 *
 * Shape of float sums and products, the same whatever the vector width, the threads or the layout: the reduced elements of
 * one result, in row-major order, are cut into blocks of 256. In a block, lane j (of 8) takes elements j, j + 8, j + 16, ...
 * in turn, from the identity; the lanes combine as ((0+4)+(2+6)) + ((1+5)+(3+7)). Blocks combine in a binary
 * counter: equal-sized neighbours as soon as both are there, what is left at the end from the last to the first.
 * f16, bf16 and smaller floats do all this in f32 and round once. Integers wrap; and, or, max and min have no order; max and
 * min propagate NaN, and -0 < 0. */
#ifndef KERNELS_REDUCE_H
#define KERNELS_REDUCE_H

#include "ir/opcode.h"
#include "ir/view.h"
#include <stdbool.h>

/* Any set of axes; `out` is dense and holds the kept dims in order. Over no elements: the identity. argmax and argmin take
 * adjacent axes, give the first index of the extreme (row-major over them) or of the first NaN, in any integer dtype. */
bool kernel_reduce(CxOpcode op, const CxView *in, const int64_t *axes, int naxes, const CxView *out);

/* cumsum, cumprod, cummax, cummin, cumlogsumexp; `out` is dense. f32 and narrower accumulate in f64, in order. */
bool kernel_cumulative(CxOpcode op, const CxView *in, int axis, bool reverse, const CxView *out);

#endif
