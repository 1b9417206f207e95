/* See shapes.h. */
#include "linalg/shapes.h"

bool linalg_inexact_all(uint32_t n, CxVal *v) {
  CxDtype d;
  bool weak;
  TRY(np_common_type(n, v, &d, &weak));
  d = np_to_inexact(d);
  for (uint32_t i = 0; i < n; i++) TRY(v[i] = np_convert(v[i], d, weak && v[i]->type->weak));
  return true;
}
CxVal linalg_inexact(CxVal x) { return x && linalg_inexact_all(1, &x) ? x : NULL; }

bool linalg_square(CxVal x, const char *what) {
  char text[256];
  TRY(x);
  const CxType *t = x->type;
  FAIL_IF(t->rank < 2 || mat_m(t) != mat_n(t), CX_ERR_VALUE, "%s must have shape [..., n, n], got %s.", what, dims_text(t->dims, t->rank, text, sizeof text));
  return true;
}
bool linalg_name_is(const char *s, const char *name) { return s && !strcmp(s, name); }

CxVal linalg_spread(CxVal x, int own, int batch, const int64_t *dims) {
  int64_t all[2 * CX_MAX_RANK];
  if (!x) return NULL;
  memcpy(all, dims, (size_t)batch * sizeof *all);
  memcpy(all + batch, x->type->dims + x->type->rank - own, (size_t)own * sizeof *all);
  return cx_broadcast_to(x, batch + own, all);
}

bool linalg_batch(CxVal x, int x_own, CxVal y, int y_own, int *rank, int64_t *dims) {
  int a = x->type->rank - x_own, b = y->type->rank - y_own;
  *rank = a > b ? a : b;
  for (int i = 0; i < *rank; i++) {
    int64_t p = i < *rank - a ? 1 : x->type->dims[i - (*rank - a)], q = i < *rank - b ? 1 : y->type->dims[i - (*rank - b)];
    FAIL_IF(p != q && p != 1 && q != 1, CX_ERR_VALUE, "Incompatible shapes for broadcasting: leading axes of extents %lld and %lld", (long long)p, (long long)q);
    dims[i] = p == 1 ? q : p;
  }
  return true;
}

CxVal linalg_last(CxVal x, int from_end, int64_t i) {
  if (!x) return NULL;
  int axis = x->type->rank - 1 - from_end;
  return cx_squeeze(cx_slice_axis(x, axis, i, i + 1), cx_ints(axis));
}

CxVal linalg_first(CxVal x, int64_t i) { return x ? cx_squeeze(cx_slice_axis(x, 0, i, i + 1), cx_ints(0)) : NULL; }

/* One matrix and a stack of right-hand sides: their columns side by side. */
static CxVal solve_joined(CxVal a, const CxVal *lu, CxVal b) {
  int64_t order[CX_MAX_RANK], back[CX_MAX_RANK], n = mat_m(b->type);
  int rank = b->type->rank, batch = rank - 2;
  order[0] = batch, order[rank - 1] = rank - 1, back[batch] = 0, back[rank - 1] = rank - 1;
  for (int i = 0; i < batch; i++) order[i + 1] = i, back[i] = i + 1;
  CxVal rows = cx_transpose(b, order);
  if (!rows) return NULL;
  CxVal x = cx_linear_solve(a, lu[0], lu[2], cx_reshape(rows, 2, (int64_t[]){n, n ? b->type->size / n : 0}), false);
  return x ? cx_transpose(cx_reshape(x, rank, rows->type->dims), back) : NULL;
}

CxVal linalg_solve(CxVal a, CxVal b) {
  CxVal lu[3];
  int64_t dims[CX_MAX_RANK];
  int batch;
  if (!a || !b || !linalg_batch(a, 2, b, 2, &batch, dims) || !cx_lu(cx_stop_gradient(a), lu)) return NULL;
  if (a->type->rank == 2 && b->type->rank > 2) return solve_joined(a, lu, b);
  return cx_linear_solve(linalg_spread(a, 2, batch, dims), linalg_spread(lu[0], 2, batch, dims), linalg_spread(lu[2], 1, batch, dims), linalg_spread(b, 2, batch, dims), false);
}
