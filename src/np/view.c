/* See view.h. */
#include "np/view.h"

#include "np/promote.h"
#include <math.h>

CxVal np_reversed(CxVal x) {
  int64_t permutation[CX_MAX_RANK];
  if (!x || x->type->rank < 2) return x;
  for (int i = 0; i < x->type->rank; i++) permutation[i] = x->type->rank - 1 - i;
  return cx_transpose(x, permutation);
}

CxVal np_swap_last(CxVal x) {
  int64_t permutation[CX_MAX_RANK];
  int n = x ? x->type->rank : 0;
  if (!x) return NULL;
  if (n < 2) return cx_fail(CX_ERR_VALUE, "x.mT requires x to have ndim >= 2, but it has ndim %d", n), NULL;
  for (int i = 0; i < n; i++) permutation[i] = i;
  permutation[n - 1] = n - 2;
  permutation[n - 2] = n - 1;
  return cx_transpose(x, permutation);
}

/* ---- bits ---- */

static CxVal reshape_last(CxVal x, int drop, int64_t a, int64_t b) { /* the last `drop` extents become a, b (b < 0: a alone) */
  int64_t dims[CX_MAX_RANK + 2];
  int n = 0;
  if (!x) return NULL;
  for (; n < x->type->rank - drop; n++) dims[n] = x->type->dims[n];
  dims[n++] = a;
  if (b >= 0) dims[n++] = b;
  return cx_reshape(x, n, dims);
}

static CxVal bits_of(CxVal x, CxDtype d) { /* neither is bool or complex */
  int in = cx_dtype_bits(x->type->dtype), out = cx_dtype_bits(d), rank = x->type->rank;
  if (in == out) return cx_bitcast(x, d);
  if (in < out) return cx_bitcast(reshape_last(x, 1, x->type->dims[rank - 1] / (out / in), out / in), d);
  CxVal wide = cx_bitcast(x, d);
  return wide ? reshape_last(wide, 2, x->type->dims[rank - 1] * (in / out), -1) : NULL;
}

static CxDtype part_of(CxDtype d) { return d == CX_C64 ? CX_F32 : CX_F64; }
static bool is_complex(CxDtype d) { return cx_dtype_kind(d) == 'c'; }

static CxVal parts(CxVal z) { /* real and imaginary parts side by side along the last axis */
  int last = z->type->rank - 1;
  int64_t axis = last + 1;
  CxVal two[2] = {cx_expand_dims(cx_real(z), (CxInts){&axis, 1, false}), cx_expand_dims(cx_imag(z), (CxInts){&axis, 1, false})};
  return reshape_last(cx_concatenate(2, two, last + 1), 2, z->type->dims[last] * 2, -1);
}

static CxVal joined(CxVal x, CxDtype d) { /* the inverse of parts */
  int last = x->type->rank - 1;
  CxVal pairs = reshape_last(x, 1, x->type->dims[last] / 2, 2);
  CxVal re = cx_squeeze(cx_slice_axis(pairs, last + 1, 0, 1), cx_ints(last + 1)), im = cx_squeeze(cx_slice_axis(pairs, last + 1, 1, 2), cx_ints(last + 1));
  return cx_convert(cx_complex(re, im), d);
}

CxVal np_view(CxVal x, CxDtype d) {
  if (!x) return NULL;
  CxDtype from = x->type->dtype;
  int in = cx_dtype_bits(from == CX_BOOL ? CX_U8 : from), out = cx_dtype_bits(d == CX_BOOL ? CX_U8 : d);
  if (x->type->rank == 0) {
    if (in != out) return cx_fail(CX_ERR_VALUE, "view() of a 0d array is only supported if the itemsize is unchanged."), NULL;
    CxVal v = np_view(cx_expand_dims(x, cx_ints(0)), d);
    return v ? cx_squeeze(v, cx_ints(0)) : NULL;
  }
  if (x->type->dims[x->type->rank - 1] * in % out)
    return cx_fail(CX_ERR_VALUE, "When changing to a larger dtype, its size must be a divisor of the total size in bytes of the last axis of the array."), NULL;
  if (from == d) return x;
  if (from == CX_BOOL) return np_view(cx_convert(x, CX_U8), d);
  if (is_complex(from)) return np_view(parts(x), d);
  if (d == CX_BOOL) return cx_convert(np_view(x, CX_U8), CX_BOOL);
  if (is_complex(d)) {
    CxVal v = np_view(x, part_of(d));
    return v ? joined(v, d) : NULL;
  }
  return bits_of(x, d);
}

/* ---- rounding ---- */

static CxVal round_float(CxVal x, int digits) {
  if (digits == 0) return cx_round(x, 1);
  CxDtype d = x->type->dtype;
  bool weak = x->type->weak;
  CxVal wide = cx_dtype_bits(d) < 32 ? cx_convert(x, CX_F32) : x, factor = cx_like(wide, pow(10, digits));
  CxVal r = cx_div(cx_round(cx_mul(wide, factor), 1), factor);
  r = r ? cx_select(cx_is_finite(wide), r, wide) : NULL;
  return np_convert(r, d, weak);
}

CxVal np_round_to(CxVal x, int digits) {
  if (!x) return NULL;
  switch (cx_dtype_kind(x->type->dtype)) {
  case 'f': return round_float(x, digits);
  case 'c': return cx_complex(round_float(cx_real(x), digits), round_float(cx_imag(x), digits));
  default:
    if (digits >= 0) return x;
    return cx_fail(CX_ERR_NOT_IMPLEMENTED, "integer np.round not implemented for decimals < 0"), NULL;
  }
}

/* ---- rows ---- */

CxVal np_row(CxVal x, int64_t i) {
  if (!x) return NULL;
  if (node_is_array(x) && !cx_thread.trace) {
    const CxType *t = cx_type(x->type->dtype, x->type->rank - 1, x->type->dims + 1, x->type->weak);
    return t ? cx_keep(node_array_sharing(t, x, (size_t)i * type_bytes(t))) : NULL;
  }
  CxVal row = cx_slice_axis(x, 0, i, i + 1);
  return row ? cx_squeeze(row, cx_ints(0)) : NULL;
}
