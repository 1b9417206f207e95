/* See build.h. */
#include "nn/build.h"

CxVal nn_inexact(CxVal x) { return np_promote_inexact(1, &x) ? x : NULL; }

CxVal nn_where(CxVal which, CxVal on_true, CxVal on_false) {
  CxVal v[3] = {which, on_true, on_false};
  if (!which || !np_promote_dtypes(2, v + 1) || !np_promote_shapes(3, v)) return NULL;
  return cx_select(np_convert(v[0], CX_BOOL, false), v[1], v[2]);
}

CxVal nn_constant(CxVal x) { return x && is_inexact(x->type) ? cx_stop_gradient(x) : x; }

static CxVal kept(CxVal reduced, CxInts axes, bool keepdims, const CxType *of) { return keepdims && reduced ? np_keepdims(reduced, axes, of) : reduced; }

CxVal nn_max(CxVal x, CxInts axes, CxVal where, bool keepdims) {
  if (where) x = nn_where(where, x, cx_like(x, -INFINITY));
  return x ? kept(cx_reduce_max(x, axes), axes, keepdims, x->type) : NULL;
}

CxVal nn_sum(CxVal x, CxInts axes, CxVal where, bool keepdims) {
  if (where) x = nn_where(where, x, cx_like(x, 0));
  return x ? kept(cx_reduce_sum(x, axes), axes, keepdims, x->type) : NULL;
}

CxVal nn_count(CxVal x, CxInts axes, CxVal where, bool keepdims, CxDtype d) {
  double n = 1;
  if (!x) return NULL;
  if (where) {
    CxVal one = cx_full(cx_type_with_dtype(x->type, CX_BOOL, false), 1);
    return nn_sum(cx_convert(nn_where(where, one, cx_scalar(CX_BOOL, 0)), d), axes, NULL, keepdims);
  }
  for (int i = 0; i < axes.n; i++) n *= (double)x->type->dims[axes.v[i]];
  return cx_scalar(d, n);
}

/* 16-bit floats are added up as float32. */
CxVal nn_mean(CxVal x, CxInts axes, CxVal where, bool keepdims) {
  if (!(x = nn_inexact(x))) return NULL;
  CxDtype d = x->type->dtype, wide = cx_dtype_bits(d) < 32 ? CX_F32 : d;
  CxVal w = cx_convert(x, wide);
  return cx_convert(cx_div(nn_sum(w, axes, where, keepdims), nn_count(w, axes, where, keepdims, wide)), d);
}
