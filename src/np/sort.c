/* Sorting and searching, jax.numpy. */
#include "np/axes.h"
#include "np/build.h"
#include "np/promote.h"
#include <cuirax/library.h>

static CxVal flat(CxVal x) { return x ? cx_reshape(x, 1, &x->type->size) : NULL; }

/* x, flattened if there is no axis, and the axis that then counts. */
static bool along(CxVal *x, CxOptInt given, int *axis) {
  if (!*x) return false;
  if (!given.given) return *axis = 0, (*x = flat(*x)) != NULL;
  return (*axis = np_axis(given.v, (*x)->type->rank)) >= 0;
}

static CxVal reversed(CxVal x, int axis, bool reverse) { return reverse ? cx_rev(x, cx_ints(axis)) : x; }

CxVal cx_np_sort(CxVal a, CxNpSort o) {
  int axis;
  CxVal out;
  return along(&a, o.axis, &axis) && cx_sort(1, &a, axis, o.stable, 1, &out) ? reversed(out, axis, o.descending) : NULL;
}

CxVal cx_np_argsort(CxVal a, CxNpArgsort o) {
  int axis;
  CxVal v[2], out[2];
  if (!along(&a, o.axis, &axis)) return NULL;
  CxDtype d = o.dtype ? o.dtype : np_canonical(CX_I64);
  v[0] = reversed(a, axis, o.descending);
  v[1] = reversed(cx_iota(d, a->type->rank, a->type->dims, axis), axis, o.descending);
  return cx_sort(2, v, axis, o.stable, 1, out) ? reversed(out[1], axis, o.descending) : NULL;
}

static bool along_mode(const char *mode, CxIndexMode *to, CxNumber *fill) {
  *to = CX_INDEX_FILL_OR_DROP;
  if (!mode || !strcmp(mode, "fill")) return true;
  if (!strcmp(mode, "one_hot")) return *fill = CX_INT(0), true;
  if (!strcmp(mode, "clip")) return *to = CX_INDEX_CLIP, true;
  if (!strcmp(mode, "promise_in_bounds")) return *to = CX_INDEX_PROMISE, true;
  return cx_fail(CX_ERR_VALUE, "take_along_axis: mode must be 'fill', 'clip', 'promise_in_bounds' or 'one_hot', got '%s'", mode);
}

/* One gather with an index vector per element: its own place along each axis, except along `axis`. */
CxVal cx_np_take_along_axis(CxVal x, CxVal indices, CxNpTakeAlongAxis o) {
  int axis;
  if (!x || !indices) return NULL;
  if (!o.axis.given && indices->type->rank != 1) return cx_fail(CX_ERR_VALUE, "take_along_axis indices must be 1D if axis=None, got rank %d", indices->type->rank), NULL;
  if (!along(&x, o.axis, &axis) || !indices) return NULL;
  int rank = x->type->rank;
  if (!kind_in(indices->type, "iu")) return cx_fail(CX_ERR_TYPE, "take_along_axis indices must be of integer type, got %s", cx_dtype_name(indices->type->dtype)), NULL;
  if (indices->type->rank != rank) return cx_fail(CX_ERR_VALUE, "indices and arr must have the same number of dimensions; %d vs. %d", indices->type->rank, rank), NULL;
  int64_t dims[CX_MAX_RANK + 1], ones[CX_MAX_RANK], list[CX_MAX_RANK];
  CxVal part[CX_MAX_RANK];
  for (int i = 0; i < rank; i++) {
    int64_t a = i == axis ? 1 : x->type->dims[i], b = indices->type->dims[i];
    if (a != b && a != 1 && b != 1) return cx_fail(CX_ERR_VALUE, "take_along_axis: axis %d of arr and indices has extents %lld and %lld", i, (long long)a, (long long)b), NULL;
    dims[i] = a == 1 ? b : a;
    ones[i] = 1, list[i] = i;
  }
  dims[rank] = 1;
  CxNumber fill;
  CxIndexMode mode;
  if (!np_number(o.fill_value, &fill) || !along_mode(o.mode, &mode, &fill)) return NULL;
  if (!x->type->dims[axis]) return cx_full(cx_type(x->type->dtype, rank, dims, false), 0);
  bool wrap = o.wrap_negative_indices.given ? o.wrap_negative_indices.v : mode != CX_INDEX_PROMISE;
  CxVal index = np_convert(indices, CX_I32, false);
  index = cx_broadcast_to(index, rank, dims);
  if (index && wrap) index = cx_select(cx_lt(index, cx_like(index, 0)), cx_add(index, cx_scalar_i64(CX_I32, x->type->dims[axis])), index);
  for (int i = 0; i < rank; i++) {
    CxVal at = i == axis ? index : x->type->dims[i] == 1 ? cx_broadcast_to(cx_scalar_i64(CX_I32, 0), rank, dims) : cx_iota(CX_I32, rank, dims, i);
    if (!(part[i] = at ? cx_reshape(at, rank + 1, dims) : NULL)) return NULL;
  }
  CxGatherDims g = {.offset_dims = CX_NO_INTS, .collapsed_slice_dims = {list, rank, false}, .start_index_map = {list, rank, false},
                    .operand_batching_dims = CX_NO_INTS, .start_indices_batching_dims = CX_NO_INTS};
  return cx_gather(x, cx_concatenate((uint32_t)rank, part, rank), g, ones, mode, fill);
}

static CxVal search_all(CxVal a, CxVal v, bool left) { /* of few elements: all pairs */
  CxVal x = cx_reshape(a, 2, (int64_t[]){1, a->type->size}), y = cx_reshape(v, 2, (int64_t[]){v->type->size, 1});
  CxVal before = left ? cx_lt(x, y) : cx_le(x, y);
  if (kind_in(a->type, "f") && before) { /* numbers stand before NaN, and on the right NaN before NaN */
    CxVal y_nan = cx_ne(y, y), x_number = left ? cx_eq(x, x) : cx_eq(cx_like(x, 0), cx_like(x, 0));
    before = cx_or(before, cx_and(cx_broadcast_to(y_nan, 2, before->type->dims), cx_broadcast_to(x_number, 2, before->type->dims)));
  }
  CxVal n = cx_reduce_sum(cx_convert(before, CX_I32), cx_ints(1));
  return n ? cx_reshape(n, v->type->rank, v->type->dims) : NULL;
}

/* The number of elements of a before each v. NaN stands last. */
CxVal cx_np_searchsorted(CxVal a, CxVal v, CxNpSearchsorted o) {
  bool left = o.side && !strcmp(o.side, "left");
  if (!a || !v) return NULL;
  if (!left && (!o.side || strcmp(o.side, "right"))) return cx_fail(CX_ERR_VALUE, "'%s' is an invalid value for keyword 'side'. Expected one of ['left', 'right'].", o.side ? o.side : "None"), NULL;
  if (a->type->rank != 1) return cx_fail(CX_ERR_VALUE, "a should be 1-dimensional"), NULL;
  if (o.sorter) a = cx_np_take_along_axis(a, o.sorter, (CxNpTakeAlongAxis){.axis = {true, -1}});
  CxVal p[2] = {a, v};
  if (!np_promote_dtypes(2, p)) return NULL;
  static const char *const methods[] = {"compare_all", "scan", "scan_unrolled", "sort"};
  bool known = false;
  for (int i = 0; i < 4; i++) known |= !strcmp(o.method, methods[i]);
  if (!known) return cx_fail(CX_ERR_VALUE, "invalid argument method='%s', expected one of 'compare_all', 'scan', 'scan_unrolled', 'sort'", o.method), NULL;
  bool concrete = !cx_thread.trace && node_is_array(p[0]) && node_is_array(p[1]);
  if (!concrete && p[0]->type->size <= 8 && !kind_in(p[0]->type, "c")) return search_all(p[0], p[1], left);
  return np_search(p[0], p[1], left);
}
