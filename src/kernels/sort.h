/* Sorting along an axis, several operands together.
 *
 * Keys compare as JAX's do: the first num_keys operands lexicographically; -0 equals 0; every NaN is equal and comes last; complex
 * numbers by real part, then imaginary; false before true. Always stable. Cost: a radix sort, linear in the axis. */
#ifndef KERNELS_SORT_H
#define KERNELS_SORT_H

#include "ir/view.h"
#include <stdbool.h>

/* in[n] and out[n] have equal dims; each out is dense and may be its in. */
bool kernel_sort(const CxView *in, int n, int axis, int num_keys, const CxView *out);

/* The k = values->dims[axis] largest along the axis, largest first, equal ones by lower index; NaN is the largest, 0 is above -0. indices: int32 or
 * any integer dtype. Both results are dense. */
bool kernel_top_k(const CxView *in, int axis, const CxView *values, const CxView *indices);

#endif
