/* Regions over scalars: the computations of reduce, reduce_window and select_and_scatter. */
#ifndef OP_REGION_H
#define OP_REGION_H

#include "op/rules.h"

/* Applies a graph of scalars to every element: all operands and results have the extents of in[0]. Builds under the current trace. */
bool region_map(CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out);

/* Tangents too: in and t (NULL is zero) give out and tout (made for inexact results, NULL for the others). */
bool region_map_jvp(CxGraph *g, const CxVal *in, const CxVal *t, uint32_t nin, CxVal *out, CxVal *tout);

/* The region that reduces n values and the tangents of the m inexact ones together: left values, left tangents, right values,
 * right tangents -> values, tangents. Borrowed: kept with g. */
CxGraph *region_jvp(CxGraph *g);

/* A region that is one commutative operation of its two operands: ADD, MUL, MAX, MIN, AND, OR, XOR; else CX_OP_NONE. */
CxOpcode region_monoid(const CxGraph *g);

/* Takes n scalars twice and gives n of the same dtypes? Otherwise an error. */
bool region_check(const CxApp *a, const CxGraph *g, uint32_t n, const CxType *const *operands);

CxVal monoid_identity_scalar(CxOpcode op, CxDtype dtype); /* exact, for every op of region_monoid */

#endif
