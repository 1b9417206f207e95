/* Regions from functions: staging bodies of control flow, and bringing several of them to one signature. */
#ifndef XFORM_REGION_H
#define XFORM_REGION_H

#include "op/derive.h"
#include <cuirax/control.h>

/* Branches staged separately, each with captured values leading (captured[k]): afterwards all take the union of the captured values first.
 * graphs[k] are replaced by new references (the old ones released). */
bool region_unify(CxGraph **graphs, const CxVals *captured, uint32_t n, CxVals *joint);

/* fori_loop. body: (i, values…) -> (values…). A loop with known bounds becomes a scan, so that it can be differentiated in reverse. */
bool cx_fori(CxVal lower, CxVal upper, CxFn *body, const CxVal *init, uint32_t n, CxVals *out);

/* Results that are carried must have the operands' types but for weakness; weak operands give way: init[i] gets the result's dtype where that
 * is of the same kind or a higher one. true if any changed (stage again). */
bool region_strengthen(CxVal *init, const CxGraph *g, uint32_t n);

#endif
