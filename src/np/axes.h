/* Normalising axis arguments of library functions: negative axes count from the end; mistakes are ValueErrors with NumPy's texts. */
#ifndef NP_AXES_H
#define NP_AXES_H

#include "op/rules.h"

/* One axis into 0..rank-1; -1 with an error. */
int np_axis(int64_t axis, int rank);
/* None means all axes. Distinct, in the given order, into out[CX_MAX_RANK]; the list points there. n = -1 with an error. */
CxInts np_axes(CxInts axes, int rank, int64_t *out);
/* The reduced result with the reduced axes kept as extents of 1. */
CxVal np_keepdims(CxVal reduced, CxInts axes, const CxType *of);

#endif
