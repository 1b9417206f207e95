/* Sorting along one axis: the order of keys is -inf < … < inf < NaN, -0 equals 0, complex by real then imaginary part. */
#ifndef KERNELS_SORT_H
#define KERNELS_SORT_H

#include "ir/view.h"
#include <stdbool.h>

/* Sorts n operands together, lexicographically by the first num_keys; always stable. */
bool kernel_sort(const CxView *in, int n, int axis, int num_keys, const CxView *out);

/* The k greatest along an axis in descending order (NaN first), the lower index first among equals; and their indices (int32). */
bool kernel_top_k(const CxView *in, int axis, const CxView *values, const CxView *indices);

#endif
