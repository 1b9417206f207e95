/* See axes.h. */
#include "np/axes.h"

int np_axis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank)
    return cx_fail(CX_ERR_VALUE, "axis %lld is out of bounds for array of dimension %d", (long long)axis, rank), -1;
  return (int)(axis < 0 ? axis + rank : axis);
}

CxInts np_axes(CxInts axes, int rank, int64_t *out) {
  CxInts list = {.v = out, .n = axes.none ? rank : axes.n};
  bool seen[CX_MAX_RANK] = {0};
  if (list.n > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "more axes than an array can have: %d", list.n), (CxInts){.v = out, .n = -1};
  for (int i = 0; i < list.n; i++) {
    int a = axes.none ? i : np_axis(axes.v[i], rank);
    if (a >= 0 && seen[a]) cx_fail(CX_ERR_VALUE, "duplicate value in 'axis': %d", a), a = -1;
    if (a < 0) return (CxInts){.v = out, .n = -1};
    seen[a] = true;
    out[i] = a;
  }
  return list;
}

CxVal np_keepdims(CxVal reduced, CxInts axes, const CxType *of) {
  int64_t dims[CX_MAX_RANK], where[CX_MAX_RANK];
  bool drop[CX_MAX_RANK] = {0};
  int k = 0;
  if (!axes.n) return reduced;
  for (int i = 0; i < axes.n; i++) drop[axes.v[i]] = true;
  for (int i = 0; i < of->rank; i++) {
    dims[i] = drop[i] ? 1 : of->dims[i];
    if (!drop[i]) where[k++] = i;
  }
  return cx_broadcast_in_dim(reduced, of->rank, dims, where);
}
