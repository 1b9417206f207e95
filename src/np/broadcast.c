/* See broadcast.h. */
#include "np/broadcast.h"

#include <math.h>

CxVal np_const(CxVal like, double value) {
  if (!like) return NULL;
  return like->type->weak ? cx_weak_scalar(like->type->dtype, value) : cx_scalar(like->type->dtype, value);
}

/* ---- shapes ---- */

bool np_broadcast_all(uint32_t n, CxVal *v) {
  int rank;
  int64_t dims[CX_MAX_RANK];
  if (!np_broadcast_dims(n, v, &rank, dims)) return false;
  for (uint32_t i = 0; i < n; i++)
    if (!(v[i] = cx_broadcast_to(v[i], rank, dims))) return false;
  return true;
}

CxVal np_flat(CxVal x) { return x ? cx_reshape(x, 1, &x->type->size) : NULL; }

/* ---- selection ---- */

CxVal np_to_bool(CxVal x) { return !x || x->type->dtype == CX_BOOL ? x : cx_ne(x, cx_like(x, 0)); }

CxVal np_is_nan(CxVal x) { return x ? cx_ne(x, x) : NULL; }

CxVal np_pick(CxVal which, CxVal on_true, CxVal on_false) {
  CxVal v[3] = {np_to_bool(which), on_true, on_false};
  if (!np_promote_dtypes(2, v + 1)) return NULL;
  if (v[0] && !v[0]->type->rank) { /* a scalar condition selects whole arrays */
    if (!np_broadcast_all(2, v + 1)) return NULL;
  } else if (!np_broadcast_all(3, v)) {
    return NULL;
  }
  return cx_select(v[0], v[1], v[2]);
}

/* ---- bounds ---- */

static double largest_float(CxDtype d) { /* of the types without infinity */
  switch (d) {
  case CX_F4E2M1FN: return 6;
  case CX_F8E4M3B11FNUZ: return 30;
  case CX_F8E4M3FN: return 448;
  case CX_F8E4M3FNUZ: return 240;
  case CX_F8E5M2FNUZ: return 57344;
  case CX_F8E8M0FNU: return 0x1p127;
  default: return INFINITY;
  }
}

double np_highest(CxDtype d) {
  int bits = cx_dtype_bits(d);
  switch (cx_dtype_kind(d)) {
  case 'b': return 1;
  case 'i': return ldexp(1, bits - 1) - (bits < 53);
  case 'u': return ldexp(1, bits) - (bits < 53);
  default: return largest_float(d);
  }
}

double np_lowest(CxDtype d) {
  switch (cx_dtype_kind(d)) {
  case 'b': case 'u': return 0;
  case 'i': return -ldexp(1, cx_dtype_bits(d) - 1);
  default: return d == CX_F8E8M0FNU ? 0x1p-127 : -largest_float(d);
  }
}
