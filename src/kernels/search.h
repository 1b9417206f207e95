/* Binary search of many values in a sorted vector. */
#ifndef KERNELS_SEARCH_H
#define KERNELS_SEARCH_H

#include <cuirax/dtype.h>
#include <stdbool.h>
#include <stdint.h>

/* out[i]: how many of the n sorted elements stand before v[i]; equal ones do unless `left`. NaN stands last. False for a dtype without a loop. */
bool search_run(CxDtype d, int64_t n, const void *sorted, int64_t m, const void *v, bool left, int32_t *out);

#endif
