/* Elementwise kernels over every dtype. Views have equal extents (stride 0 broadcasts). p0, p1: integer_pow's exponent, round's
 * method, reduce_precision's bits. */
#ifndef KERNELS_ELEMENTWISE_H
#define KERNELS_ELEMENTWISE_H

#include "ir/opcode.h"
#include "ir/view.h"
#include <stdbool.h>

bool kernel_elementwise(CxOpcode op, const CxView *in, int nin, const CxView *out, int64_t p0, int64_t p1);

#endif
