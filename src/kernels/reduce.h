/* Reductions and cumulative ops. */
#ifndef KERNELS_REDUCE_H
#define KERNELS_REDUCE_H

#include "ir/opcode.h"
#include "ir/view.h"
#include <stdbool.h>

bool kernel_reduce(CxOpcode op, const CxView *in, const int64_t *axes, int naxes, const CxView *out);
bool kernel_cumulative(CxOpcode op, const CxView *in, int axis, bool reverse, const CxView *out);

#endif
