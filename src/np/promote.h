/* Type promotion as jax.numpy does it: a lattice of dtypes in which weak types (Python scalars) stand low, and
 * implicit leading axes of extent 1. */
#ifndef NP_PROMOTE_H
#define NP_PROMOTE_H

#include "op/rules.h"

CxDtype np_canonical(CxDtype d); /* 64-bit types become 32-bit ones unless x64 is on */

/* The least dtype above all: false with an error if there is none. `weak` may be NULL in (all strong). */
bool np_result_type(uint32_t n, const CxDtype *d, const bool *weak, CxDtype *out, bool *out_weak);
bool np_common_type(uint32_t n, const CxVal *v, CxDtype *out, bool *out_weak);

CxVal np_convert(CxVal v, CxDtype d, bool weak); /* scalars written in the program are converted now, also while tracing */
CxDtype np_to_inexact(CxDtype d);                /* integers and bool: the default float */

/* Each brings the operands, in place, to one dtype and to equal ranks (scalars stay scalars when the others agree). */
bool np_promote(uint32_t n, CxVal *v);
bool np_promote_numeric(uint32_t n, CxVal *v); /* bool becomes int32 */
bool np_promote_inexact(uint32_t n, CxVal *v);
bool np_promote_dtypes(uint32_t n, CxVal *v);
bool np_promote_shapes(uint32_t n, CxVal *v);

/* The extents that all operands broadcast to; dims has room for CX_MAX_RANK. */
bool np_broadcast_dims(uint32_t n, const CxVal *v, int *rank, int64_t *dims);

#endif
