/* Sharing one kernel call among threads: the result is cut along an axis, each piece is a call of its own on views. */
#ifndef KERNELS_SPLIT_H
#define KERNELS_SPLIT_H

#include "ir/view.h"
#include <stdbool.h>

/* Runs `run` on pieces of `out` along its first axis of extent > 1, with the operands cut alike: operand i along its axis in_axis[i], or whole where
 * in_axis is -1 (NULL: elementwise, operands have the result's extents). work: operations per element of the result, for the size of pieces. */
bool split_run(const CxView *in, int nin, const int *in_axis, const CxView *out, int64_t work,
               bool (*run)(void *env, const CxView *in, int nin, const CxView *out), void *env);

#endif
