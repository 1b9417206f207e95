/* Named padding rules as amounts. */
#ifndef LAX_PADS_H
#define LAX_PADS_H

#include <cuirax/library.h>

/* Low and high amounts for n axes into out[2n]. "SAME" covers ceil(extent / stride) windows and puts the odd element at the end,
 * "SAME_LOWER" at the start; "VALID" is 0. window: dilated extents. False with an error. */
bool lax_pads(CxPads pads, int n, const int64_t *extent, const int64_t *window, const int64_t *stride, int64_t *out);

#endif
