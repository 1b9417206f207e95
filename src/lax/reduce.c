/* Reductions, cumulative reductions and sorting, jax.lax: the primitives with their arguments checked. */
#include "np/axes.h"
#include <cuirax/library.h>

static bool axes_fail(const char *problem, CxInts axes, CxVal x) {
  char list[256], type[256];
  return cx_fail(CX_ERR_VALUE, "%s %s for %s.", problem, dims_text(axes.v, axes.n, list, sizeof list), cx_type_text(x->type, type, sizeof type));
}

static bool axes_check(CxVal x, CxInts axes) {
  if (!x) return false;
  bool seen[CX_MAX_RANK] = {0};
  for (int i = 0; i < axes.n; i++) {
    int64_t a = axes.v[i];
    if (a < 0 || a >= x->type->rank) return axes_fail("reduction axes contain out-of-bounds indices:", axes, x);
    if (seen[a]) return axes_fail("duplicate value in 'axes' of reduction:", axes, x);
    seen[a] = true;
  }
  return true;
}

#define REDUCTION(name) \
  CxVal cx_lax_reduce_##name(CxVal x, CxInts axes) { return axes_check(x, axes) ? cx_reduce_##name(x, axes) : NULL; }
REDUCTION(sum)
REDUCTION(prod)
REDUCTION(max)
REDUCTION(min)
REDUCTION(and)
REDUCTION(or)
REDUCTION(xor)

static bool index_check(CxVal x, int64_t axis, CxDtype d) {
  char shape[256];
  if (!x) return false;
  if (axis < 0 || axis >= x->type->rank)
    return cx_fail(CX_ERR_VALUE, "Invalid axis %lld for operand shape %s", (long long)axis, dims_text(x->type->dims, x->type->rank, shape, sizeof shape));
  return strchr("iu", cx_dtype_kind(d)) || cx_fail(CX_ERR_TYPE, "index_dtype must be an integer type, but got %s", cx_dtype_name(d));
}

CxVal cx_lax_argmax(CxVal x, int64_t axis, CxDtype d) { return index_check(x, axis, d) ? cx_argmax(x, (int)axis, d) : NULL; }
CxVal cx_lax_argmin(CxVal x, int64_t axis, CxDtype d) { return index_check(x, axis, d) ? cx_argmin(x, (int)axis, d) : NULL; }

static bool cumulative_check(CxVal x, int64_t axis) {
  char shape[256];
  if (!x) return false;
  if (axis < 0) return cx_fail(CX_ERR_VALUE, "cumulative reductions of lax do not take negative axes, got %lld", (long long)axis);
  return axis < x->type->rank || cx_fail(CX_ERR_VALUE, "axis %lld is out of bounds for array of shape %s", (long long)axis,
                                         dims_text(x->type->dims, x->type->rank, shape, sizeof shape));
}

#define CUMULATIVE(name, Options) \
  CxVal cx_lax_##name(CxVal x, Options o) { return cumulative_check(x, o.axis) ? cx_##name(x, (int)o.axis, o.reverse) : NULL; }
CUMULATIVE(cumsum, CxLaxCumsum)
CUMULATIVE(cumprod, CxLaxCumprod)
CUMULATIVE(cummax, CxLaxCummax)
CUMULATIVE(cummin, CxLaxCummin)
CUMULATIVE(cumlogsumexp, CxLaxCumlogsumexp)

/* ---- sorting ---- */

static bool push_n(CxVals *out, uint32_t n, const CxVal *v) {
  for (uint32_t i = 0; i < n; i++)
    if (!cx_vals_push(out, v[i])) return false;
  return true;
}

bool cx_lax_sort_operands(CxVals xs, CxLaxSortOperands o, CxVals *out) {
  if (!xs.n) return cx_fail(CX_ERR_VALUE, "Sort requires at least one operand");
  if (o.num_keys < 1 || o.num_keys > xs.n) return cx_fail(CX_ERR_VALUE, "num_keys=%lld must be between 1 and the number of operands, %u", (long long)o.num_keys, xs.n);
  int axis = np_axis(o.dimension, xs.v[0]->type->rank);
  CxVal *v = axis < 0 ? NULL : cx_calloc(xs.n, sizeof *v);
  bool ok = v && cx_sort(xs.n, xs.v, axis, o.is_stable, (uint32_t)o.num_keys, v) && push_n(out, xs.n, v);
  cx_free(v);
  return ok;
}

bool cx_lax_sort_key_val(CxVal keys, CxVal values, CxLaxSortKeyVal o, CxVals *out) {
  CxVal v[2] = {keys, values};
  return keys && values && cx_lax_sort_operands((CxVals){.v = v, .n = 2, .cap = 2}, (CxLaxSortOperands){.dimension = o.dimension, .is_stable = o.is_stable, .num_keys = 1}, out);
}

bool cx_lax_top_k(CxVal x, int64_t k, CxLaxTopK o, CxVals *out) {
  CxVal v[2];
  if (!x) return false;
  if (k < 0) return cx_fail(CX_ERR_VALUE, "k argument to top_k must be nonnegative, got %lld", (long long)k);
  if (!x->type->rank) return cx_fail(CX_ERR_TYPE, "top_k operand must have >= 1 dimension, got a scalar");
  int axis = np_axis(o.axis, x->type->rank);
  return axis >= 0 && cx_top_k(x, k, axis, &v[0], &v[1]) && push_n(out, 2, v);
}

static bool extreme_k(CxVal x, int64_t k, int64_t dim, bool least, CxVals *out) {
  CxVal v[2];
  int axis = x ? np_axis(dim, x->type->rank) : -1;
  if (axis < 0) return false;
  if (!kind_in(x->type, "f")) return cx_fail(CX_ERR_VALUE, "approx_max_k and approx_min_k take floating-point operands, got %s", cx_dtype_name(x->type->dtype));
  if (!cx_top_k(least ? cx_neg(x) : x, k, axis, &v[0], &v[1])) return false;
  if (least) v[0] = cx_neg(v[0]);
  return push_n(out, 2, v);
}
bool cx_lax_approx_max_k(CxVal x, int64_t k, CxLaxApproxMaxK o, CxVals *out) { return extreme_k(x, k, o.reduction_dimension, false, out); }
bool cx_lax_approx_min_k(CxVal x, int64_t k, CxLaxApproxMinK o, CxVals *out) { return extreme_k(x, k, o.reduction_dimension, true, out); }

bool cx_lax_optimization_barrier_leaves(CxVals xs, CxVals *out) {
  CxVal *v = cx_calloc((size_t)xs.n + 1, sizeof *v);
  bool ok = v && (!xs.n || cx_optimization_barrier(xs.n, xs.v, v)) && push_n(out, xs.n, v);
  cx_free(v);
  return ok;
}
