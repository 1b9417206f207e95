/* Reductions of jax.numpy over axes, with dtype, keepdims, initial and where. */
#include "np/axes.h"
#include "np/promote.h"
#include <cuirax/library.h>

/* Sums and products of booleans and small integers are done in the default integer. */
static CxDtype promoted_integer(CxDtype d) {
  switch (cx_dtype_kind(d)) {
    case 'b': return np_canonical(CX_I64);
    case 'i': return cx_dtype_bits(d) < cx_dtype_bits(np_canonical(CX_I64)) ? np_canonical(CX_I64) : d;
    case 'u': return cx_dtype_bits(d) < cx_dtype_bits(np_canonical(CX_U64)) ? np_canonical(CX_U64) : d;
    default: return d;
  }
}

static CxVal where_or(CxVal where, CxVal x, double neutral) { /* x where selected, the neutral element elsewhere */
  CxVal v[2] = {where, x};
  if (!where || !np_promote_shapes(2, v)) return x;
  CxVal fill = cx_scalar(x->type->dtype, neutral);
  return cx_select(np_convert(v[0], CX_BOOL, false), v[1], fill);
}

CxVal cx_np_sum(CxVal a, CxNpSum o) {
  if (!a) return NULL;
  CxDtype d = o.dtype ? o.dtype : o.promote_integers ? promoted_integer(a->type->dtype) : a->type->dtype;
  int64_t store[CX_MAX_RANK];
  CxInts axes = np_axes(o.axis, a->type->rank, store);
  if (axes.n < 0) return NULL;
  CxVal x = where_or(o.where, np_convert(a, d, a->type->weak && !o.dtype), 0);
  CxVal s = cx_reduce_sum(x, axes);
  if (o.initial) s = cx_add(np_convert(o.initial, d, false), s);
  return o.keepdims && s ? np_keepdims(s, axes, x->type) : s;
}
