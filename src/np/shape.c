/* Shapes: reordering, joining, splitting, repeating; differences of neighbours. */
#include "base/alloc.h"
#include "kernels/convert.h"
#include "np/arith.h"
#include "np/axes.h"
#include "np/broadcast.h"
#include "np/index.h"
#include "np/view.h"
#include <cuirax/library.h>

/* ---- axes ---- */

static CxVal size_fail(CxVal a, CxInts shape, int64_t known) { /* known: the product of the extents that are not -1 */
  char from[200], to[200];
  dims_text(a->type->dims, a->type->rank, from, sizeof from);
  dims_text(shape.v, shape.n, to, sizeof to);
  if (!known && !a->type->size) return cx_fail(CX_ERR_ZERO_DIVISION, "cannot reshape array of shape %s into shape %s: the axis -1 could have any size", from, to), NULL;
  return cx_fail(CX_ERR_TYPE, "cannot reshape array of shape %s (size %lld) into shape %s", from, (long long)a->type->size, to), NULL;
}

static CxVal reversed(CxVal a) { return np_reversed(a); }

CxVal cx_np_reshape(CxVal a, CxInts shape, CxNpReshape o) {
  int64_t dims[CX_MAX_RANK], known = 1;
  int unknown = -1;
  if (!a) return NULL;
  if (shape.n > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "an array has at most %d axes", CX_MAX_RANK), NULL;
  for (int i = 0; i < shape.n; i++) {
    int64_t d = dims[i] = shape.v[i];
    if (d == -1 && unknown >= 0) return cx_fail(CX_ERR_TYPE, "can only specify one unknown axis size with a `-1` value"), NULL;
    if (d == -1) unknown = i;
    else if (d < 0) return cx_fail(CX_ERR_TYPE, "shape must have non-negative elements (or one -1), got %lld", (long long)d), NULL;
    else if (__builtin_mul_overflow(known, d, &known)) return size_fail(a, shape, known);
  }
  if (unknown >= 0) {
    if (known == 0 || a->type->size % known) return size_fail(a, shape, known);
    dims[unknown] = a->type->size / known;
  } else if (known != a->type->size) {
    return size_fail(a, shape, known);
  }
  if (!strcmp(o.order, "C")) return cx_reshape(a, shape.n, dims);
  if (strcmp(o.order, "F")) return cx_fail(strcmp(o.order, "A") ? CX_ERR_VALUE : CX_ERR_NOT_IMPLEMENTED, "reshape: order must be 'C' or 'F', got '%s'", o.order), NULL;
  for (int i = 0; i < shape.n / 2; i++) {
    int64_t t = dims[i];
    dims[i] = dims[shape.n - 1 - i], dims[shape.n - 1 - i] = t;
  }
  return reversed(cx_reshape(reversed(a), shape.n, dims));
}

CxVal cx_np_ravel(CxVal a, CxNpRavel o) {
  if (!strcmp(o.order, "K")) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "Ravel not implemented for order='K'."), NULL;
  return a ? np_reshape(a, cx_ints(-1), .order = o.order) : NULL;
}

static CxVal permuted(CxVal a, CxInts axes) {
  int64_t permutation[CX_MAX_RANK];
  if (!a) return NULL;
  if (axes.none) return np_reversed(a);
  if (axes.n != a->type->rank) return cx_fail(CX_ERR_TYPE, "axes don't match array: got %d axes for rank %d", axes.n, a->type->rank), NULL;
  for (int i = 0; i < axes.n; i++) { /* cx_transpose says what is not a permutation */
    int k = np_axis(axes.v[i], a->type->rank);
    if (k < 0) return NULL;
    permutation[i] = k;
  }
  return cx_transpose(a, permutation);
}
CxVal cx_np_transpose(CxVal a, CxNpTranspose o) { return permuted(a, o.axes); }
CxVal cx_np_permute_dims(CxVal a, CxInts axes) { return permuted(a, axes); }
CxVal cx_np_matrix_transpose(CxVal x) { return np_swap_last(x); }

CxVal cx_np_swapaxes(CxVal a, int64_t axis1, int64_t axis2) {
  int64_t permutation[CX_MAX_RANK];
  if (!a) return NULL;
  int rank = a->type->rank;
  if (axis1 < -rank || axis1 >= rank || axis2 < -rank || axis2 >= rank)
    return cx_fail(CX_ERR_INDEX, "swapaxes: axes %lld and %lld are out of bounds for an array of dimension %d", (long long)axis1, (long long)axis2, rank), NULL;
  int i = np_axis(axis1, rank), j = np_axis(axis2, rank);
  for (int k = 0; k < rank; k++) permutation[k] = k;
  permutation[i] = j, permutation[j] = i;
  return cx_transpose(a, permutation);
}

CxVal cx_np_moveaxis(CxVal a, CxInts source, CxInts destination) {
  int64_t from[CX_MAX_RANK], to[CX_MAX_RANK], permutation[CX_MAX_RANK];
  bool moved[CX_MAX_RANK] = {0};
  if (!a) return NULL;
  int rank = a->type->rank;
  if (source.n != destination.n)
    return cx_fail(CX_ERR_VALUE, "Inconsistent number of elements: %d vs %d", source.n, destination.n), NULL;
  if (np_axes(source, rank, from).n < 0 || np_axes(destination, rank, to).n < 0) return NULL;
  for (int i = 0; i < rank; i++) permutation[i] = -1;
  for (int i = 0; i < source.n; i++) permutation[to[i]] = from[i], moved[from[i]] = true;
  for (int i = 0, k = 0; i < rank; i++) {
    if (permutation[i] >= 0) continue;
    while (moved[k]) k++;
    permutation[i] = k++;
  }
  return cx_transpose(a, permutation);
}

CxVal cx_np_rollaxis(CxVal a, int64_t axis, CxNpRollaxis o) {
  if (!a) return NULL;
  int rank = a->type->rank, from = np_axis(axis, rank);
  int64_t start = o.start;
  if (from < 0) return NULL;
  if (start < -rank || start > rank)
    return cx_fail(CX_ERR_VALUE, "start=%lld must satisfy %d<=start<=%d", (long long)start, -rank, rank), NULL;
  if (start < 0) start += rank;
  if (start > from) start--;
  return cx_move_axis(a, from, (int)start);
}

CxVal cx_np_expand_dims(CxVal a, CxInts axis) { return cx_expand_dims(a, axis); }

CxVal cx_np_squeeze(CxVal a, CxNpSqueeze o) {
  int64_t axes[CX_MAX_RANK];
  int n = 0;
  if (!a) return NULL;
  if (o.axis.none) {
    for (int i = 0; i < a->type->rank; i++)
      if (a->type->dims[i] == 1) axes[n++] = i;
    return cx_squeeze(a, (CxInts){axes, n, false});
  }
  CxInts list = np_axes(o.axis, a->type->rank, axes);
  for (int i = 0; i < list.n; i++)
    if (a->type->dims[axes[i]] != 1) {
      char shape[200];
      return cx_fail(CX_ERR_VALUE, "cannot select an axis to squeeze out which has size not equal to one, got shape=%s and axis %lld",
                     dims_text(a->type->dims, a->type->rank, shape, sizeof shape), (long long)axes[i]), NULL;
    }
  return list.n < 0 ? NULL : cx_squeeze(a, list);
}

/* ---- broadcasting ---- */

CxVal cx_np_broadcast_to(CxVal array, CxInts shape) {
  return cx_broadcast_to(array, shape.n, shape.v);
}

bool cx_np_broadcast_arrays(CxVals args, CxVals *out) {
  if (!args.n) return true;
  TRY(np_broadcast_all(args.n, args.v));
  for (uint32_t i = 0; i < args.n; i++) TRY(cx_vals_push(out, args.v[i]));
  return true;
}

/* ---- joining ---- */

static CxVal joined(uint32_t n, CxVal *v, int64_t axis, CxDtype dtype) { /* in place: promoted */
  if (!n) return cx_fail(CX_ERR_VALUE, "Need at least one array to concatenate."), NULL;
  if (!v[0]) return NULL;
  if (!v[0]->type->rank) return cx_fail(CX_ERR_VALUE, "Zero-dimensional arrays cannot be concatenated."), NULL;
  int at = np_axis(axis, v[0]->type->rank);
  if (at < 0) return NULL;
  if (!dtype && !np_promote_dtypes(n, v)) return NULL;
  for (uint32_t i = 0; dtype && i < n; i++) v[i] = np_convert(v[i], dtype, false);
  return cx_concatenate(n, v, at);
}

CxVal cx_np_concatenate(CxVals arrays, CxNpConcatenate o) {
  for (uint32_t i = 0; !o.axis.given && i < arrays.n; i++) arrays.v[i] = np_flat(arrays.v[i]);
  return joined(arrays.n, arrays.v, o.axis.given ? o.axis.v : 0, o.dtype);
}

CxVal cx_np_stack(CxVals arrays, CxNpStack o) {
  if (!arrays.n) return cx_fail(CX_ERR_VALUE, "Need at least one array to stack."), NULL;
  if (!arrays.v[0]) return NULL;
  int at = np_axis(o.axis, arrays.v[0]->type->rank + 1);
  if (at < 0) return NULL;
  for (uint32_t i = 0; i < arrays.n; i++)
    if (!arrays.v[i] || !cx_type_same_dims(arrays.v[i]->type, arrays.v[0]->type)) return cx_fail(CX_ERR_VALUE, "All input arrays must have the same shape."), NULL;
  if (!o.dtype && !np_promote_dtypes(arrays.n, arrays.v)) return NULL;
  for (uint32_t i = 0; i < arrays.n; i++)
    arrays.v[i] = cx_expand_dims(o.dtype ? np_convert(arrays.v[i], o.dtype, false) : arrays.v[i], cx_ints(at));
  return cx_concatenate(arrays.n, arrays.v, at);
}

static CxVal at_least(CxVal x, int rank) {
  if (!x || x->type->rank >= rank) return x;
  if (rank == 3 && x->type->rank == 2) return cx_expand_dims(x, cx_ints(2));
  if (rank == 3 && x->type->rank == 1) return cx_expand_dims(x, cx_ints(0, 2));
  int64_t ones[3] = {1, 1, 1};
  if (x->type->rank == 0) return cx_reshape(x, rank, ones);
  return cx_expand_dims(x, cx_ints(0));
}

static bool all_at_least(CxVals arys, int rank, CxVals *out) {
  for (uint32_t i = 0; i < arys.n; i++) TRY(cx_vals_push(out, at_least(arys.v[i], rank)));
  return true;
}
bool cx_np_atleast_1d(CxVals arys, CxVals *out) { return all_at_least(arys, 1, out); }
bool cx_np_atleast_2d(CxVals arys, CxVals *out) { return all_at_least(arys, 2, out); }
bool cx_np_atleast_3d(CxVals arys, CxVals *out) { return all_at_least(arys, 3, out); }

static CxVal stacked(CxVals tup, int rank, int axis, CxDtype dtype) {
  for (uint32_t i = 0; i < tup.n; i++) tup.v[i] = at_least(tup.v[i], rank);
  return joined(tup.n, tup.v, axis, dtype);
}
CxVal cx_np_vstack(CxVals tup, CxNpVstack o) { return stacked(tup, 2, 0, o.dtype); }
CxVal cx_np_dstack(CxVals tup, CxNpDstack o) { return stacked(tup, 3, 2, o.dtype); }
CxVal cx_np_hstack(CxVals tup, CxNpHstack o) {
  if (!tup.n) return joined(0, NULL, 0, o.dtype);
  return stacked(tup, 1, tup.v[0] && tup.v[0]->type->rank > 1, o.dtype);
}
CxVal cx_np_column_stack(CxVals tup) {
  for (uint32_t i = 0; i < tup.n; i++)
    if (tup.v[i] && tup.v[i]->type->rank < 2) tup.v[i] = cx_expand_dims(np_flat(tup.v[i]), cx_ints(1));
  return joined(tup.n, tup.v, 1, CX_NO_DTYPE);
}

CxVal cx_np_append(CxVal arr, CxVal values, CxNpAppend o) {
  CxVal v[2] = {o.axis.given ? arr : np_flat(arr), o.axis.given ? values : np_flat(values)};
  return joined(2, v, o.axis.given ? o.axis.v : 0, CX_NO_DTYPE);
}

/* ---- splitting ---- */

static bool split_sizes(const char *name, int64_t size, CxInts how, bool sections, int64_t *sizes, int n) {
  if (!sections) { /* the parts end at these places; an inverted part is empty in slices, an error here as in JAX */
    int64_t at = 0;
    for (int i = 0; i < n; i++) {
      int64_t end = i < how.n ? how.v[i] : size;
      sizes[i] = end - at;
      FAIL_IF(sizes[i] < 0, CX_ERR_VALUE, "Sizes passed to split must be nonnegative, got %lld", (long long)sizes[i]);
      at = end;
    }
    return true;
  }
  int64_t rest = size % n;
  FAIL_IF(rest && strcmp(name, "array_split"), CX_ERR_VALUE, "array split does not result in an equal division: rest is %lld", (long long)rest);
  for (int i = 0; i < n; i++) sizes[i] = size / n + (i < rest);
  return true;
}

static bool split(const char *name, CxVal ary, CxInts how, bool sections, int64_t axis, CxVals *out) {
  if (!ary) return false;
  int rank = ary->type->rank;
  FAIL_IF(axis < -rank || axis >= rank, CX_ERR_INDEX, "jax.numpy.%s: axis %lld is out of range for rank %d", name, (long long)axis, rank);
  int at = np_axis(axis, rank);
  FAIL_IF(sections && how.v[0] == 0, CX_ERR_ZERO_DIVISION, "jax.numpy.%s: cannot split into 0 sections", name);
  FAIL_IF(sections && how.v[0] < 0, CX_ERR_VALUE, "number of sections must be larger than 0, got %lld", (long long)how.v[0]);
  FAIL_IF(sections && how.v[0] > INT32_MAX / 8, CX_ERR_VALUE, "too many sections");
  if (at < 0) return false;
  int n = sections ? (int)how.v[0] : how.n + 1;
  int64_t *sizes = cx_malloc((size_t)n * sizeof *sizes), start = 0;
  bool ok = sizes && split_sizes(name, ary->type->dims[at], how, sections, sizes, n);
  for (int i = 0; ok && i < n; start += sizes[i++]) ok = cx_vals_push(out, cx_slice_axis(ary, at, start, start + sizes[i]));
  cx_free(sizes);
  return ok;
}

bool cx_np_split(CxVal ary, CxInts how, CxNpSplit o, CxVals *out) { return split("split", ary, how, how.n < 0, o.axis, out); }
bool cx_np_array_split(CxVal ary, CxInts how, CxNpArraySplit o, CxVals *out) { return split("array_split", ary, how, how.n < 0, o.axis, out); }
bool cx_np_vsplit(CxVal ary, CxInts how, CxVals *out) { return split("vsplit", ary, how, how.n < 0, 0, out); }
bool cx_np_dsplit(CxVal ary, CxInts how, CxVals *out) { return split("dsplit", ary, how, how.n < 0, 2, out); }
bool cx_np_hsplit(CxVal ary, CxInts how, CxVals *out) { return split("hsplit", ary, how, how.n < 0, ary && ary->type->rank > 1, out); }

bool cx_np_unstack(CxVal x, CxNpUnstack o, CxVals *out) {
  if (!x) return false;
  FAIL_IF(!x->type->rank, CX_ERR_VALUE, "Unstack requires arrays with rank > 0, however a scalar array was passed.");
  int at = np_axis(o.axis, x->type->rank);
  for (int64_t i = 0; at >= 0 && i < x->type->dims[at]; i++) TRY(cx_vals_push(out, cx_squeeze(cx_slice_axis(x, at, i, i + 1), cx_ints(at))));
  return at >= 0;
}

/* ---- repeating ---- */

CxVal cx_np_tile(CxVal A, CxInts reps) {
  int64_t all[CX_MAX_RANK], lead[CX_MAX_RANK];
  if (!A) return NULL;
  int rank = A->type->rank, n = reps.n > rank ? reps.n : rank;
  if (n > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "tile: too many repetitions"), NULL;
  for (int i = 0; i < n; i++) all[i] = i < n - reps.n ? 1 : reps.v[i - (n - reps.n)];
  for (int i = 0; i < n - rank; i++) lead[i] = i;
  return cx_tile(cx_expand_dims(A, (CxInts){lead, n - rank, false}), all);
}

static CxVal repeat_each(CxVal a, int at, int64_t count) { /* a new axis after `at`, broadcast, joined with it */
  int64_t dims[CX_MAX_RANK + 1], where[CX_MAX_RANK];
  int rank = a->type->rank;
  if (count < 0) return cx_fail(CX_ERR_TYPE, "repeats must be non-negative, got %lld", (long long)count), NULL;
  if (count == 1) return a;
  if (rank == CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "repeat: too many axes"), NULL;
  for (int i = 0; i < rank; i++) where[i] = i + (i > at), dims[where[i]] = a->type->dims[i];
  dims[at + 1] = count;
  CxVal wide = cx_broadcast_in_dim(a, rank + 1, dims, where);
  for (int i = 0; i < rank; i++) dims[i] = a->type->dims[i] * (i == at ? count : 1);
  return cx_reshape(wide, rank, dims);
}

/* Which element stands at each place of the result: how many of the running sums of the counts are at or below the place. */
static CxVal repeat_places(CxVal repeats, int64_t n, int64_t total) {
  CxVal ends = cx_cumsum(np_convert(repeats, CX_I32, false), 0, false), place = cx_iota(CX_I32, 2, (int64_t[]){total, 1}, 0);
  CxVal before = cx_le(cx_expand_dims(ends, cx_ints(0)), place);
  CxVal i = np_sum(before, .axis = cx_ints(1), .dtype = CX_I32);
  return cx_min(i, cx_scalar_i64(CX_I32, n - 1));
}

/* The same for counts that are known: 0, 0, 1, 3, 3 for counts 2, 1, 0, 2. Nothing is traced. */
static CxVal known_places(CxVal repeats, int64_t n) {
  int64_t total = 0, *counts = cx_malloc((size_t)(n + 1) * sizeof *counts);
  bool ok = counts && convert_run(repeats->type->dtype, CX_I64, n, repeats->array.data, (char *)counts);
  for (int64_t i = 0; ok && i < n; i++) {
    if (counts[i] < 0) ok = cx_fail(CX_ERR_VALUE, "repeats must be non-negative, got %lld", (long long)counts[i]);
    else if (__builtin_add_overflow(total, counts[i], &total) || total > INT32_MAX) ok = cx_fail(CX_ERR_OVERFLOW, "repeat: too many elements");
  }
  CxVal places = ok ? cx_array(CX_I32, 1, &total, NULL) : NULL;
  int32_t *to = places ? (int32_t *)(void *)places->array.data : NULL;
  for (int64_t i = 0; to && i < n; i++)
    for (int64_t k = 0; k < counts[i]; k++) *to++ = (int32_t)i;
  cx_free(counts);
  return places;
}

CxVal cx_np_repeat(CxVal a, CxVal repeats, CxNpRepeat o) {
  if (!a || !repeats) return NULL;
  if (!np_is_integral(repeats)) return cx_fail(CX_ERR_TYPE, "repeats must be integers, got dtype %s", cx_dtype_name(repeats->type->dtype)), NULL;
  if (!o.axis.given || !a->type->rank) a = np_flat(a);
  int at = o.axis.given ? np_axis(o.axis.v, a->type->rank) : 0;
  if (at < 0) return NULL;
  int64_t n = a->type->dims[at], total = o.total_repeat_length.v;
  bool known = !o.total_repeat_length.given;
  if (known && !cx_is_array(repeats))
    return cx_fail(CX_ERR_CONCRETIZATION, "When jit-compiling jnp.repeat, the total number of repeats must be static. To fix this, either "
                   "specify a static value for `repeats`, or pass a static value to `total_repeat_length`."), NULL;
  if (repeats->type->size == 1 && known) return repeat_each(a, at, cx_to_int(repeats));
  if (!known) repeats = np_flat(repeats);
  if (repeats && repeats->type->size == 1) repeats = cx_broadcast_to(repeats, 1, &n);
  if (!repeats) return NULL;
  if (repeats->type->size != n)
    return cx_fail(CX_ERR_VALUE, "repeats must be broadcastable to the axis of extent %lld, got %lld counts", (long long)n, (long long)repeats->type->size), NULL;
  if (n == 0) return a;
  NpIndex items[CX_MAX_RANK];
  for (int i = 0; i <= at; i++) items[i] = (NpIndex){.kind = NP_INDEX_SLICE, .step = 1};
  items[at] = (NpIndex){.kind = NP_INDEX_ARRAY, .array = known ? known_places(repeats, n) : repeat_places(repeats, n, total)};
  if (!items[at].array) return NULL;
  return np_index(a, items, at + 1, &(NpIndexHow){.mode_given = true, .mode = CX_INDEX_CLIP, .sorted = true, .no_wrap = true});
}

CxVal cx_np_resize(CxVal a, CxInts new_shape) {
  int64_t size = 1;
  CxVal flat = np_flat(a);
  for (int i = 0; i < new_shape.n; i++) {
    if (new_shape.v[i] < 0) return cx_fail(CX_ERR_VALUE, "all elements of `new_shape` must be non-negative"), NULL;
    size *= new_shape.v[i];
  }
  if (!flat) return NULL;
  if (!flat->type->size || !size) return np_zeros_like(flat->type, .shape = new_shape);
  int64_t times = (size + flat->type->size - 1) / flat->type->size;
  return cx_reshape(cx_slice_axis(cx_np_tile(flat, cx_ints(times)), 0, 0, size), new_shape.n, new_shape.v);
}

/* ---- turning ---- */

static CxVal flipped(CxVal m, CxInts axis) {
  int64_t axes[CX_MAX_RANK];
  if (!m) return NULL;
  CxInts list = np_axes(axis, m->type->rank, axes);
  return list.n < 0 ? NULL : list.n ? cx_rev(m, list) : m;
}
CxVal cx_np_flip(CxVal m, CxNpFlip o) { return flipped(m, o.axis); }
CxVal cx_np_fliplr(CxVal m) { return flipped(m, cx_ints(1)); }
CxVal cx_np_flipud(CxVal m) { return flipped(m, cx_ints(0)); }

CxVal cx_np_rot90(CxVal m, CxNpRot90 o) {
  if (!m) return NULL;
  if (m->type->rank < 2) return cx_fail(CX_ERR_VALUE, "rot90 requires its first argument to have ndim at least two, but it has ndim %d", m->type->rank), NULL;
  if (o.axes.n != 2) return cx_fail(CX_ERR_VALUE, "rot90: axes must be two, got %d", o.axes.n), NULL;
  int a = np_axis(o.axes.v[0], m->type->rank), b = np_axis(o.axes.v[1], m->type->rank);
  if (a < 0 || b < 0) return NULL;
  if (a == b) return cx_fail(CX_ERR_VALUE, "Axes must be different"), NULL;
  switch (((o.k % 4) + 4) % 4) {
  case 1: return cx_np_swapaxes(flipped(m, cx_ints(b)), a, b);
  case 2: return flipped(m, cx_ints(a, b));
  case 3: return flipped(cx_np_swapaxes(m, a, b), cx_ints(b));
  default: return m;
  }
}

static CxVal roll_by(CxVal a, int64_t shift, int axis) {
  int64_t n = a->type->dims[axis];
  if (!n) return a;
  int64_t cut = ((-shift % n) + n) % n;
  return cx_concatenate(2, (CxVal[]){cx_slice_axis(a, axis, cut, n), cx_slice_axis(a, axis, 0, cut)}, axis);
}

static CxVal roll_traced(CxVal a, CxVal shift, int axis) { /* the start of a slice of the array twice */
  int64_t n = a->type->dims[axis];
  CxVal start[CX_MAX_RANK], size = cx_scalar_i64(CX_I32, n > 0 ? n : 1);
  for (int i = 0; i < a->type->rank; i++) start[i] = cx_scalar_i64(CX_I32, 0);
  start[axis] = cx_sub(cx_scalar_i64(CX_I32, n), cx_np_remainder(np_convert(shift, CX_I32, false), size));
  return cx_dynamic_slice(cx_concatenate(2, (CxVal[]){a, a}, axis), start, a->type->dims);
}

CxVal cx_np_roll(CxVal a, CxVal shift, CxNpRoll o) {
  if (!a || !shift) return NULL;
  if (o.axis.none) {
    CxVal flat = np_roll(np_flat(a), shift, .axis = cx_ints(0));
    return cx_reshape(flat, a->type->rank, a->type->dims);
  }
  if (!np_is_integral(shift)) return cx_fail(CX_ERR_TYPE, "roll: shift must be integers, got dtype %s", cx_dtype_name(shift->type->dtype)), NULL;
  int64_t shifts = shift->type->size, n = o.axis.n > shifts ? o.axis.n : shifts;
  if (shift->type->rank > 1 || (o.axis.n != n && o.axis.n != 1) || (shifts != n && shifts != 1))
    return cx_fail(CX_ERR_VALUE, "'shift' and 'axis' arguments to roll must be scalars or 1D arrays of one length"), NULL;
  CxVal all = np_flat(shift);
  for (int64_t i = 0; i < n && a; i++) {
    int at = np_axis(o.axis.v[o.axis.n == 1 ? 0 : i], a->type->rank);
    CxVal by = cx_reshape(cx_slice_axis(all, 0, shifts == 1 ? 0 : i, (shifts == 1 ? 0 : i) + 1), 0, NULL);
    if (at < 0 || !by) return NULL;
    a = cx_is_array(by) ? roll_by(a, cx_to_int(by), at) : roll_traced(a, by, at);
  }
  return a;
}

/* ---- what a shape is ---- */

int64_t cx_np_ndim(CxVal a) { return a ? a->type->rank : 0; }
CxInts cx_np_shape(CxVal a) { return a ? (CxInts){a->type->dims, a->type->rank, false} : CX_NO_INTS; }
int64_t cx_np_size(CxVal a, CxNpSize o) {
  int64_t axes[CX_MAX_RANK], n = 1;
  if (!a) return 0;
  CxInts list = np_axes(o.axis, a->type->rank, axes);
  for (int i = 0; i < list.n; i++) n *= a->type->dims[axes[i]];
  return n;
}

/* ---- differences of neighbours ---- */

static CxVal step(CxVal a, int axis) { /* a[1:] - a[:-1] */
  if (!a) return NULL;
  int64_t n = a->type->dims[axis], to = n > 0 ? n - 1 : 0;
  CxVal late = cx_slice_axis(a, axis, n > 0 ? 1 : 0, n), early = cx_slice_axis(a, axis, 0, to);
  return a->type->dtype == CX_BOOL ? cx_ne(late, early) : cx_sub(late, early);
}

static CxVal edge(CxVal v, CxVal a, int axis) { /* a scalar stands for one slice */
  int64_t dims[CX_MAX_RANK];
  if (!v || v->type->rank) return v;
  memcpy(dims, a->type->dims, (size_t)a->type->rank * sizeof *dims);
  dims[axis] = 1;
  return cx_broadcast_to(v, a->type->rank, dims);
}

CxVal cx_np_diff(CxVal a, CxNpDiff o) {
  CxVal parts[3];
  uint32_t n = 0;
  if (!a || o.n == 0) return a;
  if (o.n < 0) return cx_fail(CX_ERR_VALUE, "order must be non-negative but got %lld", (long long)o.n), NULL;
  if (!a->type->rank) return cx_fail(CX_ERR_VALUE, "diff requires input that is at least one dimensional; got a scalar"), NULL;
  int at = np_axis(o.axis, a->type->rank);
  if (at < 0) return NULL;
  if (o.prepend) parts[n++] = edge(o.prepend, a, at);
  parts[n++] = a;
  if (o.append) parts[n++] = edge(o.append, a, at);
  if (n > 1) a = joined(n, parts, at, CX_NO_DTYPE);
  for (int64_t i = 0; i < o.n && a; i++) a = step(a, at);
  return a;
}

CxVal cx_np_ediff1d(CxVal ary, CxNpEdiff1D o) {
  CxVal parts[3], flat = np_flat(ary);
  uint32_t n = 0;
  if (!flat) return NULL;
  CxDtype d = flat->type->dtype;
  if (o.to_begin) parts[n++] = np_flat(np_convert(o.to_begin, d, false));
  parts[n++] = step(flat, 0);
  if (o.to_end) parts[n++] = np_flat(np_convert(o.to_end, d, false));
  return n > 1 ? joined(n, parts, 0, CX_NO_DTYPE) : parts[0];
}

CxVal cx_np_trapezoid(CxVal y, CxNpTrapezoid o) {
  CxVal v[2] = {y, o.x ? o.x : o.dx ? o.dx : cx_weak_scalar(np_canonical(CX_F64), 1)};
  if (!y || !v[1]) return NULL;
  CxDtype d;
  bool weak;
  if (!np_common_type(2, v, &d, &weak)) return NULL;
  d = np_to_inexact(d);
  y = np_convert(y, d, weak);
  CxVal dx = np_convert(v[1], d, weak);
  int at = np_axis(o.axis, y->type->rank);
  if (at < 0 || !dx) return NULL;
  y = cx_move_axis(y, at, y->type->rank - 1);
  if (o.x) dx = dx->type->rank == 1 ? step(dx, 0) : step(cx_move_axis(dx, np_axis(o.axis, dx->type->rank), dx->type->rank - 1), dx->type->rank - 1);
  int last = y->type->rank - 1;
  int64_t n = y->type->dims[last];
  CxVal pairs = cx_add(cx_slice_axis(y, last, n > 0, n), cx_slice_axis(y, last, 0, n > 0 ? n - 1 : 0));
  CxVal sum = np_sum(cx_np_multiply(dx, pairs), .axis = cx_ints(-1));
  return cx_np_multiply(cx_weak_scalar(np_canonical(CX_F64), 0.5), sum);
}
