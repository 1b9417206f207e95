/* Common pieces of library functions: constants like an operand, broadcasting to a common shape, selection. */
#ifndef NP_BROADCAST_H
#define NP_BROADCAST_H

#include "np/promote.h"

CxVal np_const(CxVal like, double value);                  /* a scalar of like's dtype, weak if it is */
bool np_broadcast_all(uint32_t n, CxVal *v);               /* in place, to one shape; dtypes stay */
CxVal np_pick(CxVal which, CxVal on_true, CxVal on_false); /* any dtypes and shapes; which != 0 */
CxVal np_to_bool(CxVal x);                                 /* x != 0 */
CxVal np_is_nan(CxVal x);
CxVal np_flat(CxVal x);                                    /* one axis */
double np_highest(CxDtype d);                              /* infinity where there is one */
double np_lowest(CxDtype d);

static inline char np_kind(CxVal v) { return cx_dtype_kind(v->type->dtype); }
static inline bool np_is_integral(CxVal v) { return strchr("iub", np_kind(v)) != NULL; }
static inline CxDtype np_real_dtype(CxDtype d) { return d == CX_C64 ? CX_F32 : d == CX_C128 ? CX_F64 : d; }

#endif
