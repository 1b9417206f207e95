/* Shapes and parts of arrays, jax.lax: thin forms of the structural primitives. */
#include "np/axes.h"
#include "np/promote.h"
#include <cuirax/library.h>

CxVal cx_lax_broadcast(CxVal x, CxInts sizes) {
  int64_t dims[CX_MAX_RANK], where[CX_MAX_RANK];
  if (!x) return NULL;
  int rank = x->type->rank + sizes.n;
  if (rank > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "broadcast: the result would have more than %d axes", CX_MAX_RANK), NULL;
  for (int i = 0; i < sizes.n; i++) dims[i] = sizes.v[i];
  for (int i = 0; i < x->type->rank; i++) dims[sizes.n + i] = x->type->dims[i], where[i] = sizes.n + i;
  return cx_broadcast_in_dim(x, rank, dims, where);
}

CxVal cx_lax_broadcast_in_dim(CxVal x, CxInts shape, CxInts where) {
  if (!x) return NULL;
  if (where.n != x->type->rank)
    return cx_fail(CX_ERR_TYPE, "broadcast_in_dim broadcast_dimensions must have length equal to operand ndim; got %d entries for ndim %d", where.n, x->type->rank), NULL;
  if (shape.n < x->type->rank)
    return cx_fail(CX_ERR_TYPE, "broadcast_in_dim target broadcast shape must have equal or higher rank to the operand shape; got ndim %d for %d", shape.n, x->type->rank), NULL;
  return cx_broadcast_in_dim(x, shape.n, shape.v, where.v);
}

CxVal cx_lax_broadcast_to_rank(CxVal x, int64_t rank) {
  int64_t axes[CX_MAX_RANK];
  if (!x) return NULL;
  int n = (int)(rank - x->type->rank);
  if (n < 0 || rank > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "Rank must be at least that of the operand and at most %d", CX_MAX_RANK), NULL;
  for (int i = 0; i < n; i++) axes[i] = i;
  return n ? cx_expand_dims(x, (CxInts){axes, n, false}) : x;
}

CxVal cx_lax_broadcast_like(CxVal x, CxVal like) { return x && like ? cx_broadcast_to(x, like->type->rank, like->type->dims) : NULL; }

CxVal cx_lax_reshape(CxVal x, CxInts sizes, CxLaxReshape o) {
  if (x && !o.dimensions.none) x = cx_lax_transpose(x, o.dimensions);
  if (!x) return NULL;
  char text[256];
  int64_t total = 1;
  for (int i = 0; i < sizes.n; i++) {
    if (sizes.v[i] < 0)
      return cx_fail(CX_ERR_TYPE, "reshape new_sizes must all be positive, got %s.", dims_text(sizes.v, sizes.n, text, sizeof text)), NULL;
    if (__builtin_mul_overflow(total, sizes.v[i], &total)) return cx_fail(CX_ERR_VALUE, "reshape: the new shape has too many elements"), NULL;
  }
  if (sizes.n == x->type->rank && !memcmp(sizes.v, x->type->dims, (size_t)sizes.n * sizeof *sizes.v)) return x;
  return cx_reshape(x, sizes.n, sizes.v);
}

CxVal cx_lax_collapse(CxVal x, int64_t start, CxLaxCollapse o) {
  if (!x) return NULL;
  int rank = x->type->rank, n = 0;
  int64_t lo = start < 0 ? start + rank : start, hi = !o.stop_dimension.given ? rank : o.stop_dimension.v < 0 ? o.stop_dimension.v + rank : o.stop_dimension.v;
  int64_t dims[CX_MAX_RANK + 1], size = 1;
  if (lo < 0) lo = 0;
  if (hi > rank) hi = rank;
  if (hi < lo) return cx_fail(CX_ERR_VALUE, "collapse: stop_dimension is before start_dimension"), NULL;
  for (int i = 0; i < lo && i < rank; i++) dims[n++] = x->type->dims[i];
  for (int64_t i = lo; i < hi; i++) size *= x->type->dims[i];
  dims[n++] = size;
  for (int64_t i = hi; i < rank; i++) dims[n++] = x->type->dims[i];
  return cx_reshape(x, n, dims);
}

CxVal cx_lax_transpose(CxVal x, CxInts permutation) {
  char perm[256], shape[256];
  if (!x) return NULL;
  bool seen[CX_MAX_RANK] = {0}, identity = true, ok = permutation.n == x->type->rank;
  for (int i = 0; ok && i < permutation.n; i++) {
    int64_t a = permutation.v[i];
    ok = a >= 0 && a < x->type->rank && !seen[a];
    if (ok) seen[a] = true;
    identity &= a == i;
  }
  if (!ok)
    return cx_fail(CX_ERR_TYPE, "transpose permutation isn't a permutation of operand dimensions, got permutation %s for operand shape %s.",
                   dims_text(permutation.v, permutation.n, perm, sizeof perm), dims_text(x->type->dims, x->type->rank, shape, sizeof shape)), NULL;
  return identity ? x : cx_transpose(x, permutation.v);
}

CxVal cx_lax_squeeze(CxVal x, CxInts axes) {
  int64_t store[CX_MAX_RANK];
  CxInts a = x ? np_axes(axes, x->type->rank, store) : CX_NO_INTS;
  if (!x || a.n < 0) return NULL;
  for (int i = 1; i < a.n; i++)
    for (int k = i; k && store[k - 1] > store[k]; k--) {
      int64_t t = store[k];
      store[k] = store[k - 1], store[k - 1] = t;
    }
  return a.n ? cx_squeeze(x, a) : x;
}

CxVal cx_lax_expand_dims(CxVal x, CxInts axes) {
  int64_t store[CX_MAX_RANK];
  if (!x) return NULL;
  CxInts a = np_axes(axes, x->type->rank + axes.n > CX_MAX_RANK ? CX_MAX_RANK : x->type->rank + axes.n, store);
  if (a.n < 0) return NULL;
  return a.n ? cx_expand_dims(x, a) : x;
}

/* ---- joining and cutting ---- */

CxVal cx_lax_concatenate(CxVals xs, int64_t dimension) {
  if (!xs.n) return cx_fail(CX_ERR_VALUE, "concatenate requires a non-empty sequences of arrays"), NULL;
  if (xs.n == 1 && xs.v[0]->type->rank > dimension && dimension >= 0) return xs.v[0];
  return cx_concatenate(xs.n, xs.v, (int)dimension);
}

CxVal cx_lax_stack(CxVals xs, CxLaxStack o) {
  if (!xs.n) return cx_fail(CX_ERR_VALUE, "stack requires at least one array"), NULL;
  int axis = np_axis(o.axis, xs.v[0]->type->rank + 1);
  if (axis < 0) return NULL;
  CxVal *v = cx_malloc(xs.n * sizeof *v);
  for (uint32_t i = 0; v && i < xs.n; i++) v[i] = cx_expand_dims(xs.v[i], cx_ints(axis));
  CxVal r = v ? cx_concatenate(xs.n, v, axis) : NULL;
  cx_free(v);
  return r;
}

bool cx_lax_unstack(CxVal x, CxLaxUnstack o, CxVals *out) {
  if (!x) return false;
  int axis = np_axis(o.axis, x->type->rank);
  for (int64_t i = 0; axis >= 0 && i < x->type->dims[axis]; i++)
    if (!cx_vals_push(out, cx_squeeze(cx_slice_axis(x, axis, i, i + 1), cx_ints(axis)))) return false;
  return axis >= 0;
}

bool cx_lax_split(CxVal x, CxInts sizes, CxLaxSplit o, CxVals *out) {
  int axis = x ? np_axis(o.axis, x->type->rank) : -1;
  CxVal *v = axis >= 0 ? cx_calloc((size_t)sizes.n + 1, sizeof *v) : NULL;
  bool ok = v && cx_split(x, sizes, axis, v);
  for (int i = 0; ok && i < sizes.n; i++) ok = cx_vals_push(out, v[i]);
  cx_free(v);
  return ok;
}

CxVal cx_lax_tile(CxVal x, CxInts reps) {
  if (!x) return NULL;
  if (reps.n != x->type->rank) return cx_fail(CX_ERR_TYPE, "tile takes one count per axis: %d for an array of %d axes", reps.n, x->type->rank), NULL;
  return cx_tile(x, reps.v);
}

CxVal cx_lax_pad(CxVal x, CxVal value, CxPads config) {
  if (!x || !value) return NULL;
  if (config.name || config.v.n != 3 * x->type->rank)
    return cx_fail(CX_ERR_VALUE, "padding_config must hold a (low, high, interior) triple for each of the %d axes of the operand", x->type->rank), NULL;
  return cx_pad(x, value, config.v.v);
}

/* ---- slices ---- */

static bool slice_length(const char *what, CxInts v, CxVal x) {
  return v.n == x->type->rank || cx_fail(CX_ERR_TYPE, "slice %s must have length equal to the number of dimensions of the operand, %d; got %d.", what, x->type->rank, v.n);
}

CxVal cx_lax_slice(CxVal x, CxInts start, CxInts limit, CxLaxSlice o) {
  if (!x || !slice_length("start_indices", start, x) || !slice_length("limit_indices", limit, x)) return NULL;
  if (!o.strides.none && !slice_length("strides", o.strides, x)) return NULL;
  return cx_slice(x, start.v, limit.v, o.strides.none ? NULL : o.strides.v);
}

static int64_t slice_bound(CxOptInt b, int64_t size, int64_t otherwise) { return !b.given ? otherwise : b.v < 0 ? b.v + size : b.v; }

CxVal cx_lax_slice_in_dim(CxVal x, CxOptInt start, CxOptInt limit, CxLaxSliceInDim o) {
  int64_t lo[CX_MAX_RANK] = {0}, hi[CX_MAX_RANK], step[CX_MAX_RANK];
  int axis = x ? np_axis(o.axis, x->type->rank) : -1;
  if (axis < 0) return NULL;
  for (int i = 0; i < x->type->rank; i++) hi[i] = x->type->dims[i], step[i] = 1;
  lo[axis] = slice_bound(start, hi[axis], 0);
  hi[axis] = slice_bound(limit, hi[axis], hi[axis]);
  step[axis] = o.stride;
  return cx_slice(x, lo, hi, o.stride == 1 ? NULL : step);
}

CxVal cx_lax_index_in_dim(CxVal x, int64_t index, CxLaxIndexInDim o) {
  int axis = x ? np_axis(o.axis, x->type->rank) : -1;
  if (axis < 0) return NULL;
  int64_t size = x->type->dims[axis], at = index < 0 ? index + size : index;
  if (at < 0 || at >= size) return cx_fail(CX_ERR_INDEX, "index %lld is out of bounds for axis %d with size %lld", (long long)index, axis, (long long)size), NULL;
  CxVal r = cx_slice_axis(x, axis, at, at + 1);
  return o.keepdims ? r : cx_squeeze(r, cx_ints(axis));
}

/* A start that counts from the end where it is negative. */
static CxVal start_wrapped(CxVal i, int64_t size, bool negative) {
  if (!i || !negative || !kind_in(i->type, "i")) return i;
  i = np_convert(i, i->type->dtype, false);
  if (node_is_array(i) && i->literal) {
    int64_t v = cx_to_int(i);
    return v < 0 ? cx_scalar_i64(i->type->dtype, v + size) : i;
  }
  return cx_select(cx_lt(i, cx_like(i, 0)), cx_add(i, cx_scalar_i64(i->type->dtype, size)), i);
}

static bool starts(const char *op, CxVal x, CxVals given, bool negative, CxVal *out) {
  char shape[256];
  if (!x) return false;
  if ((int)given.n != x->type->rank)
    return cx_fail(CX_ERR_VALUE, "Length of slice indices must match number of operand dimensions (%u vs %s)", given.n, dims_text(x->type->dims, x->type->rank, shape, sizeof shape));
  for (uint32_t i = 0; i < given.n; i++) {
    if (!kind_in(given.v[i]->type, "iu"))
      return cx_fail(CX_ERR_TYPE, "index arguments to %s must be integers of the same type, got: %s", op, cx_dtype_name(given.v[i]->type->dtype));
    TRY(out[i] = start_wrapped(given.v[i], x->type->dims[i], negative));
  }
  return np_promote_dtypes(given.n, out);
}

CxVal cx_lax_dynamic_slice(CxVal x, CxVals start, CxInts sizes, CxLaxDynamicSlice o) {
  CxVal at[CX_MAX_RANK];
  if (!starts("dynamic_slice", x, start, o.allow_negative_indices, at)) return NULL;
  if (sizes.n != x->type->rank)
    return cx_fail(CX_ERR_TYPE, "dynamic_slice slice_sizes must have length equal to the operand's number of axes, %d; got %d", x->type->rank, sizes.n), NULL;
  return cx_dynamic_slice(x, at, sizes.v);
}

CxVal cx_lax_dynamic_update_slice(CxVal x, CxVal update, CxVals start, CxLaxDynamicUpdateSlice o) {
  CxVal at[CX_MAX_RANK];
  return starts("dynamic_update_slice", x, start, o.allow_negative_indices, at) ? cx_dynamic_update_slice(x, update, at) : NULL;
}

/* Starts of 0 everywhere but along one axis. */
static CxVals starts_along(CxVal x, int axis, CxVal index, CxVal *store) {
  for (int i = 0; i < x->type->rank; i++) store[i] = i == axis ? index : cx_scalar_i64(index->type->dtype, 0);
  return (CxVals){.v = store, .n = (uint32_t)x->type->rank, .cap = (uint32_t)x->type->rank};
}

CxVal cx_lax_dynamic_slice_in_dim(CxVal x, CxVal index, int64_t size, CxLaxDynamicSliceInDim o) {
  int64_t sizes[CX_MAX_RANK];
  CxVal store[CX_MAX_RANK];
  int axis = x && index ? np_axis(o.axis, x->type->rank) : -1;
  if (axis < 0) return NULL;
  for (int i = 0; i < x->type->rank; i++) sizes[i] = i == axis ? size : x->type->dims[i];
  return cx_lax_dynamic_slice(x, starts_along(x, axis, index, store), (CxInts){sizes, x->type->rank, false}, (CxLaxDynamicSlice){o.allow_negative_indices});
}

CxVal cx_lax_dynamic_index_in_dim(CxVal x, CxVal index, CxLaxDynamicIndexInDim o) {
  CxVal r = cx_lax_dynamic_slice_in_dim(x, index, 1, (CxLaxDynamicSliceInDim){o.axis, o.allow_negative_indices});
  return r && !o.keepdims ? cx_squeeze(r, cx_ints(o.axis < 0 ? o.axis + r->type->rank : o.axis)) : r;
}

CxVal cx_lax_dynamic_update_slice_in_dim(CxVal x, CxVal update, CxVal index, int64_t dim, CxLaxDynamicUpdateSliceInDim o) {
  CxVal store[CX_MAX_RANK];
  int axis = x && index ? np_axis(dim, x->type->rank) : -1;
  if (axis < 0) return NULL;
  return cx_lax_dynamic_update_slice(x, update, starts_along(x, axis, index, store), (CxLaxDynamicUpdateSlice){o.allow_negative_indices});
}

CxVal cx_lax_dynamic_update_index_in_dim(CxVal x, CxVal update, CxVal index, int64_t dim, CxLaxDynamicUpdateIndexInDim o) {
  int axis = x && update ? np_axis(dim, x->type->rank) : -1;
  if (axis < 0) return NULL;
  if (update->type->rank != x->type->rank) update = cx_expand_dims(update, cx_ints(axis));
  return cx_lax_dynamic_update_slice_in_dim(x, update, index, axis, (CxLaxDynamicUpdateSliceInDim){o.allow_negative_indices});
}

CxVal cx_lax_rev(CxVal x, CxInts axes) { return cx_rev(x, axes); }

/* ---- filled arrays ---- */

CxVal cx_lax_iota(CxDtype dtype, int64_t size) { return cx_iota(dtype, 1, &size, 0); }
CxVal cx_lax_broadcasted_iota(CxDtype dtype, CxInts shape, int64_t dimension) {
  int axis = np_axis(dimension, shape.n);
  return axis < 0 ? NULL : cx_iota(dtype, shape.n, shape.v, axis);
}

static CxVal filled(int rank, const int64_t *dims, CxVal value) {
  const CxType *t = value ? cx_type(value->type->dtype, rank, dims, value->type->weak) : NULL;
  if (t && value->type->rank) return cx_fail(CX_ERR_TYPE, "full must be called with scalar fill_value, got an array of %d axes.", value->type->rank), NULL;
  return t ? cx_broadcast_to(value, rank, dims) : NULL;
}

CxVal cx_lax_full(CxInts shape, CxVal value, CxLaxFull o) { return filled(shape.n, shape.v, o.dtype ? np_convert(value, o.dtype, false) : value); }

CxVal cx_lax_full_like(CxVal x, CxVal value, CxLaxFullLike o) {
  if (!x) return NULL;
  bool weak = !o.dtype && x->type->weak;
  value = np_convert(value, o.dtype ? o.dtype : x->type->dtype, weak);
  return o.shape.none ? filled(x->type->rank, x->type->dims, value) : filled(o.shape.n, o.shape.v, value);
}

CxVal cx_lax_zeros_like_array(CxVal x) { return x ? cx_zeros(x->type) : NULL; }

CxVal cx_lax_empty(CxInts shape, CxDtype dtype) {
  const CxType *t = cx_type(dtype, shape.n, shape.v, false);
  return t ? cx_zeros(t) : NULL;
}

CxVal cx_lax_stop_gradient_leaf(CxVal x) { return cx_stop_gradient(x); }

/* ---- gather and scatter ---- */

static CxNumber number_of(CxVal v) {
  if (!v) return CX_NO_NUMBER;
  if (!node_is_array(v) || v->type->size != 1) return cx_fail(CX_ERR_VALUE, "fill_value must be a concrete scalar"), CX_NO_NUMBER;
  char kind = cx_dtype_kind(v->type->dtype);
  if (kind == 'c') {
    CxVal re = cx_real(v), im = cx_imag(v);
    return (CxNumber){.kind = 'c', .re = cx_to_double(re), .im = cx_to_double(im)};
  }
  return kind == 'f' ? CX_FLOAT(cx_to_double(v)) : (CxNumber){.kind = kind, .i = cx_to_int(v)};
}

CxVal cx_lax_gather(CxVal x, CxVal indices, CxGatherDims dims, CxInts slice_sizes, CxLaxGather o) {
  if (!x || !indices) return NULL;
  if (slice_sizes.n != x->type->rank)
    return cx_fail(CX_ERR_TYPE, "Gather op must have one slice size for every input dimension; got: len(slice_sizes)=%d, input_shape.rank=%d", slice_sizes.n, x->type->rank), NULL;
  dims.indices_are_sorted = o.indices_are_sorted, dims.unique_indices = o.unique_indices;
  return cx_gather(x, indices, dims, slice_sizes.v, o.mode, number_of(o.fill_value));
}

#define SCATTER(name, Options)                                                                      \
  CxVal cx_lax_##name(CxVal x, CxVal indices, CxVal updates, CxScatterDims dims, Options o) {        \
    dims.indices_are_sorted = o.indices_are_sorted, dims.unique_indices = o.unique_indices;          \
    return cx_##name(x, indices, updates, dims, o.mode);                                             \
  }
SCATTER(scatter, CxLaxScatter)
SCATTER(scatter_add, CxLaxScatterAdd)
SCATTER(scatter_sub, CxLaxScatterSub)
SCATTER(scatter_mul, CxLaxScatterMul)
SCATTER(scatter_min, CxLaxScatterMin)
SCATTER(scatter_max, CxLaxScatterMax)
