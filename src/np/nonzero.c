/* Where elements are nonzero, counts, and index vectors that follow from shapes. Concrete masks are walked; traced ones, whose number of
 * results must be given, are counted with running sums. */
#include "np/build.h"

/* ---- nonzero ---- */

static bool walk(const CxType *t, const char *mask, int64_t n, CxVals *out) {
  int64_t at[CX_MAX_RANK] = {0}, done = 0;
  CxDtype d = np_int();
  CxVal rows[CX_MAX_RANK];
  for (int k = 0; k < t->rank; k++)
    if (!(rows[k] = cx_array(d, 1, &n, NULL)) || !cx_vals_push(out, rows[k])) return false;
  for (int64_t i = 0; done < n && i < t->size; i++) {
    for (int k = 0; mask[i] && k < t->rank; k++) {
      if (d == CX_I64) ((int64_t *)(void *)rows[k]->array.data)[done] = at[k];
      else ((int32_t *)(void *)rows[k]->array.data)[done] = (int32_t)at[k];
    }
    done += mask[i] != 0;
    for (int k = t->rank - 1; k >= 0 && ++at[k] == t->dims[k]; k--) at[k] = 0;
  }
  return true;
}

/* Element i of the flat indices is the number of places where fewer than i + 1 elements have been seen. */
static bool count_up(CxVal mask, int64_t n, CxVals *out) {
  const CxType *t = mask->type;
  CxVal seen = np_cumsum(np_flat(mask), .axis = {true, 0}), flat = np_bincount(seen, .length = {true, n});
  flat = flat ? np_cumsum(flat, .axis = {true, 0}) : NULL;
  int64_t stride = t->size;
  for (int k = 0; k < t->rank; k++) {
    stride /= t->dims[k];
    TRY(cx_vals_push(out, vmod(vfloordiv(flat, vint(stride)), vint(t->dims[k]))));
  }
  return true;
}

static int64_t count_of(CxVal mask) {
  const char *m = mask->array.data;
  int64_t n = 0;
  for (int64_t i = 0; i < mask->type->size; i++) n += m[i] != 0;
  return n;
}

static bool fill_rest(CxVal mask, int64_t n, CxVal fill, CxVals *out) {
  const CxType *f = fill->type;
  FAIL_IF(f->rank > 1 || (f->rank == 1 && f->size != out->n), CX_ERR_VALUE, "fill_value must be a scalar or a tuple of length %u", out->n);
  CxVal rest = vge(varange(n), vsumto(mask));
  for (uint32_t k = 0; k < out->n; k++) TRY(out->v[k] = vwhere(rest, f->rank ? vpick(fill, 0, k) : fill, out->v[k]));
  return true;
}

bool np_nonzero_rows(CxVal a, CxOptInt size, CxVal fill, CxVals *out) {
  if (!a) return false;
  FAIL_IF(!a->type->rank, CX_ERR_VALUE, "Calling nonzero on 0d arrays is not allowed. Use jnp.atleast_1d(scalar).nonzero() instead.");
  CxVal mask = np_to_bool(a), known = mask;
  while (known && known->trace && known->trace->kind == &trace_jvp) known = known->jvp.primal;
  bool concrete = known && node_is_array(known);
  if (!size.given && !(known = np_concrete(known, "The size argument of jnp.nonzero must be statically specified to use jnp.nonzero within JAX transformations.")))
    return false;
  int64_t n = size.given ? size.v : count_of(known);
  FAIL_IF(n < 0, CX_ERR_VALUE, "size must not be negative, got %lld", (long long)n);
  if (a->type->size == 0 || n == 0) {
    for (int k = 0; k < a->type->rank; k++) TRY(cx_vals_push(out, np_vector(np_int(), n, 0)));
    return true;
  }
  TRY(concrete ? walk(a->type, known->array.data, n, out) : count_up(mask, n, out));
  return !fill || fill_rest(mask, n, fill, out);
}

bool cx_np_nonzero(CxVal a, CxNpNonzero o, CxVals *out) { return np_nonzero_rows(a, o.size, o.fill_value, out); }

static CxVal first_nonzero(CxVal flat, CxOptInt size, CxVal fill) {
  CxVals at = {0};
  CxVal r = np_nonzero_rows(flat, size, fill, &at) ? at.v[0] : NULL;
  cx_vals_free(&at);
  return r;
}

CxVal cx_np_flatnonzero(CxVal a, CxNpFlatnonzero o) { return first_nonzero(np_flat(a), o.size, o.fill_value); }

CxVal cx_np_argwhere(CxVal a, CxNpArgwhere o) {
  CxVals at = {0};
  if (!a) return NULL;
  int rank = a->type->rank;
  CxVal r = NULL;
  if (np_nonzero_rows(rank ? a : np_flat(a), o.size, o.fill_value, &at) && np_promote_dtypes(at.n, at.v)) {
    for (uint32_t k = 0; k < at.n; k++) at.v[k] = vnewaxis(at.v[k], 1);
    r = cx_concatenate(at.n, at.v, 1);
  }
  cx_vals_free(&at);
  return rank || !r ? r : vcut(r, 1, 0, 0);
}

/* ---- what a mask selects ---- */

static CxVal concrete_mask(CxVal x) {
  while (x && x->trace && x->trace->kind == &trace_jvp) x = x->jvp.primal;
  if (!x || node_is_array(x)) return x;
  return cx_fail(CX_ERR_TRACER_BOOL, "Attempted boolean conversion of traced array: give compress a static size, or use jnp.where(condition, a, b)."), NULL;
}

CxVal cx_np_compress(CxVal condition, CxVal a, CxNpCompress o) {
  if (!condition || !a) return NULL;
  if (condition->type->rank != 1) return cx_fail(CX_ERR_VALUE, "condition must be a 1D array"), NULL;
  int axis = o.axis.given ? np_axis(o.axis.v, a->type->rank) : 0;
  if (axis < 0) return NULL;
  CxVal arr = o.axis.given ? cx_move_axis(a, axis, 0) : np_flat(a), mask = np_to_bool(condition);
  int64_t n = np_len(arr), m = np_len(mask), both = m < n ? m : n;
  CxVal extra = vcut(mask, 0, both, m);
  mask = vcut(mask, 0, 0, both), arr = vcut(arr, 0, 0, both);
  if (!mask || !arr) return NULL;
  if (!o.size.given) {
    CxVal known = concrete_mask(cx_reduce_or(extra, cx_ints(0)));
    if (!known) return NULL;
    if (cx_to_int(known)) return cx_fail(CX_ERR_VALUE, "condition contains entries that are out of bounds"), NULL;
    arr = np_at(arr, 0, mask);
  } else {
    if (o.size.v < 0 || o.size.v > both)
      return cx_fail(CX_ERR_VALUE, "size must be positive and not greater than the size of the array axis; got size=%lld for an extent of %lld", (long long)o.size.v,
                     (long long)both), NULL;
    CxVal fill = np_convert(o.fill_value ? o.fill_value : vint(0), arr->type->dtype, false), where = mask;
    for (int i = 1; i < arr->type->rank; i++) where = vnewaxis(where, i);
    arr = vwhere(where, arr, fill);
    arr = vcut(np_at(arr, 0, np_argsort(mask, .stable = true, .descending = true, .axis = {true, 0})), 0, 0, o.size.v);
  }
  return arr && o.axis.given ? cx_move_axis(arr, 0, axis) : arr;
}

CxVal cx_np_extract(CxVal condition, CxVal arr, CxNpExtract o) {
  return cx_np_compress(np_flat(condition), np_flat(arr), (CxNpCompress){.size = o.size, .fill_value = o.fill_value});
}

/* ---- counts ---- */

static bool greatest(CxVal x, int64_t *out) {
  *out = -1;
  if (!x->type->size) return true;
  CxVal most = np_concrete(cx_reduce_max(x, cx_ints(0)), "The error occurred because of argument 'x' of jnp.bincount. To avoid this error, pass a static `length` argument.");
  return most && (*out = cx_to_int(most), !cx_failed());
}

CxVal cx_np_bincount(CxVal x, CxNpBincount o) {
  if (!x) return NULL;
  if (x->type->dtype == CX_BOOL) x = vcast(x, CX_I32);
  if (!kind_in(x->type, "iu")) return cx_fail(CX_ERR_TYPE, "x argument to bincount must have an integer type; got %s", cx_dtype_name(x->type->dtype)), NULL;
  if (x->type->rank != 1) return cx_fail(CX_ERR_VALUE, "only 1-dimensional input supported."), NULL;
  if (o.weights && !cx_type_same_dims(o.weights->type, x->type)) return cx_fail(CX_ERR_VALUE, "the shape of weights must match the shape of x."), NULL;
  int64_t n = o.length.v, most;
  if (!o.length.given) {
    if (!greatest(x, &most)) return NULL;
    n = most < 0 ? (x->type->size ? 1 : 0) : most + 1;
    if (n < o.minlength) n = o.minlength;
  }
  if (!kind_in(x->type, "u")) x = cx_np_maximum(x, vint(0));
  CxVal weights = o.weights ? o.weights : cx_scalar_i64(np_int(), 1);
  CxVal zeros = np_vector(weights->type->dtype, n, 0);
  return zeros && n ? np_put_at(zeros, x, weights, NP_UPDATE_ADD) : zeros;
}

/* ---- indices that follow from shapes ---- */

static bool triangle(int64_t n, int64_t m, int64_t k, bool upper, CxVals *out) {
  FAIL_IF(n < 0 || m < 0, CX_ERR_VALUE, "negative dimensions are not allowed, got %lld and %lld", (long long)n, (long long)m);
  int64_t dims[2] = {n, m}, size = n * m;
  CxVal mask = cx_array(CX_BOOL, 2, dims, NULL);
  if (!mask) return false;
  char *to = mask->array.data;
  for (int64_t i = 0; i < size; i++) to[i] = upper ? i % m - i / m >= k : i % m - i / m <= k;
  return np_nonzero_rows(mask, (CxOptInt){true, count_of(mask)}, NULL, out);
}

bool cx_np_tril_indices(int64_t n, CxNpTrilIndices o, CxVals *out) { return triangle(n, o.m.given ? o.m.v : n, o.k, false, out); }
bool cx_np_triu_indices(int64_t n, CxNpTriuIndices o, CxVals *out) { return triangle(n, o.m.given ? o.m.v : n, o.k, true, out); }

static bool triangle_from(const CxType *t, int64_t k, bool upper, CxVals *out) {
  if (!t) return false;
  FAIL_IF(t->rank != 2, CX_ERR_VALUE, "Only 2-D inputs are accepted");
  return triangle(t->dims[0], t->dims[1], k, upper, out);
}
bool cx_np_tril_indices_from(const CxType *arr, CxNpTrilIndicesFrom o, CxVals *out) { return triangle_from(arr, o.k, false, out); }
bool cx_np_triu_indices_from(const CxType *arr, CxNpTriuIndicesFrom o, CxVals *out) { return triangle_from(arr, o.k, true, out); }

bool cx_np_diag_indices(int64_t n, CxNpDiagIndices o, CxVals *out) {
  FAIL_IF(n < 0, CX_ERR_VALUE, "n argument to diag_indices must be nonnegative, got %lld", (long long)n);
  FAIL_IF(o.ndim < 0, CX_ERR_VALUE, "ndim argument to diag_indices must be nonnegative, got %lld", (long long)o.ndim);
  CxVal row = varange(n);
  for (int64_t i = 0; i < o.ndim; i++) TRY(cx_vals_push(out, row));
  return true;
}

bool cx_np_diag_indices_from(CxVal arr, CxVals *out) {
  if (!arr) return false;
  FAIL_IF(arr->type->rank < 2, CX_ERR_VALUE, "input array must be at least 2-d");
  for (int i = 1; i < arr->type->rank; i++)
    FAIL_IF(arr->type->dims[i] != np_len(arr), CX_ERR_VALUE, "All dimensions of input must be of equal length");
  return cx_np_diag_indices(np_len(arr), (CxNpDiagIndices){.ndim = arr->type->rank}, out);
}

CxVal cx_np_fill_diagonal(CxVal a, CxVal val, CxNpFillDiagonal o) {
  NpIndex items[CX_MAX_RANK];
  if (!a || !val) return NULL;
  if (o.inplace) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "JAX arrays are immutable, must use inplace=False"), NULL;
  if (o.wrap) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "wrap=True is not implemented, must use wrap=False"), NULL;
  if (a->type->rank < 2) return cx_fail(CX_ERR_VALUE, "array must be at least 2-d"), NULL;
  int64_t n = np_len(a);
  for (int i = 1; i < a->type->rank; i++) {
    if (a->type->rank > 2 && a->type->dims[i] != np_len(a)) return cx_fail(CX_ERR_VALUE, "All dimensions of input must be of equal length"), NULL;
    if (a->type->dims[i] < n) n = a->type->dims[i];
  }
  CxVal row = varange(n);
  for (int i = 0; i < a->type->rank; i++) items[i] = (NpIndex){.kind = NP_INDEX_ARRAY, .array = row};
  return np_update(a, items, a->type->rank, val->type->rank ? np_to_length(np_flat(val), n) : val, NP_UPDATE_SET, &(NpIndexHow){0});
}

bool cx_np_unravel_index(CxVal indices, CxInts shape, CxVals *out) {
  CxVal at[CX_MAX_RANK], rest = indices;
  FAIL_IF(shape.n > CX_MAX_RANK, CX_ERR_VALUE, "an array has at most %d axes", CX_MAX_RANK);
  for (int i = shape.n - 1; i >= 0; i--) {
    CxVal extent = vint(shape.v[i]);
    at[i] = vmod(rest, extent);
    rest = vfloordiv(rest, extent);
  }
  if (!rest) return false;
  CxVal over = vgt(rest, vint(0)), under = kind_in(rest->type, "u") ? cx_scalar(CX_BOOL, 0) : vlt(rest, vint(-1));
  for (int i = 0; i < shape.n; i++) TRY(cx_vals_push(out, vwhere(over, vint(shape.v[i] - 1), vwhere(under, vint(0), at[i]))));
  return true;
}

static CxVal multi_index_ok(CxVal i, int64_t extent, const char *mode) {
  if (!strcmp(mode, "clip")) return cx_np_minimum(cx_np_maximum(i, vint(0)), vint(extent - 1));
  if (!strcmp(mode, "wrap")) return vmod(i, vint(extent));
  if (!strcmp(mode, "ignore")) return i;
  if (strcmp(mode, "raise")) return cx_fail(CX_ERR_VALUE, "invalid mode='%s'. Expected 'raise', 'wrap', 'clip', or 'ignore'.", mode), NULL;
  CxVal known = np_concrete(i, "The error occurred because ravel_multi_index was jit-compiled with mode='raise'. Use mode='wrap' or mode='clip' instead.");
  CxVal bad = known ? np_any(vor(vlt(known, vint(0)), vge(known, vint(extent))), .axis = {.none = true}) : NULL;
  if (!bad || cx_to_int(bad)) return cx_failed() ? NULL : (cx_fail(CX_ERR_VALUE, "invalid entry in coordinates array"), NULL);
  return i;
}

CxVal cx_np_ravel_multi_index(CxVals at, CxInts dims, CxNpRavelMultiIndex o) {
  CxDtype d = o.dtype;
  bool weak, fortran = !strcmp(o.order, "F");
  if ((int)at.n != dims.n) return cx_fail(CX_ERR_ASSERTION, "len(multi_index)=%u != len(dims)=%d", at.n, dims.n), NULL;
  if (at.n >= CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "an array has at most %d axes", CX_MAX_RANK), NULL;
  CxVal sum, all[CX_MAX_RANK] = {vint(0)};
  for (uint32_t i = 0; i < at.n; i++) all[i + 1] = at.v[i];
  if (!d && !np_common_type(at.n + 1, all, &d, &weak)) return NULL;
  if (!strchr("iu", cx_dtype_kind(d))) return cx_fail(CX_ERR_VALUE, "dtype=%s is not an integer type.", cx_dtype_name(d)), NULL;
  if (!fortran && strcmp(o.order, "C")) return cx_fail(CX_ERR_VALUE, "invalid order='%s'. Expected 'C' or 'F'", o.order), NULL;
  double total = 1;
  for (int i = 0; i < dims.n; i++) total *= (double)dims.v[i];
  if (total - 1 > np_highest(d)) return cx_fail(CX_ERR_VALUE, "jnp.ravel_multi_index: dtype=%s not large enough to hold flattened index. Use the dtype argument to pass a suitable dtype.", cx_dtype_name(d)), NULL;
  sum = cx_scalar_i64(d, 0);
  int64_t stride = 1;
  for (int k = 0; k < dims.n; k++) {
    int i = fortran ? k : dims.n - 1 - k;
    if (!kind_in(at.v[i]->type, "iu")) return cx_fail(CX_ERR_TYPE, "only int indices permitted"), NULL;
    CxVal fit = multi_index_ok(at.v[i], dims.v[i], o.mode);
    sum = vadd(sum, vmul(vcast(fit, d), vint(stride)));
    if (__builtin_mul_overflow(stride, dims.v[i], &stride)) stride = INT64_MAX;
  }
  return sum;
}

bool cx_np_ix_(CxVals args, CxVals *out) {
  int64_t dims[CX_MAX_RANK];
  int n = (int)args.n;
  FAIL_IF(n > CX_MAX_RANK, CX_ERR_VALUE, "an array has at most %d axes", CX_MAX_RANK);
  for (int i = 0; i < n; i++) {
    CxVal a = args.v[i];
    if (!a) return false;
    FAIL_IF(a->type->rank != 1, CX_ERR_VALUE, "Arguments to jax.numpy.ix_ must be 1-dimensional, got rank %d", a->type->rank);
    FAIL_IF(a->type->dtype == CX_BOOL, CX_ERR_NOT_IMPLEMENTED, "Boolean arguments to jax.numpy.ix_ are not implemented");
    for (int k = 0; k < n; k++) dims[k] = k == i ? a->type->size : 1;
    TRY(cx_vals_push(out, a->type->size ? cx_reshape(a, n, dims) : cx_full(cx_type(np_int(), n, dims, false), 0)));
  }
  return true;
}

/* ---- zeros at the ends ---- */

static bool trim_axis(CxVal *x, CxVal known, int axis, bool front, bool back) {
  const CxType *t = known->type;
  CxVals at = {0};
  int64_t axes[CX_MAX_RANK], n = 0, lo = 0, hi = t->dims[axis];
  for (int i = 0; i < t->rank; i++)
    if (i != axis) axes[n++] = i;
  CxVal mask = cx_reduce_or(np_to_bool(known), (CxInts){axes, (int32_t)n, false});
  bool ok = mask && np_nonzero_rows(mask, (CxOptInt){0}, NULL, &at);
  CxVal row = ok ? at.v[0] : NULL;
  cx_vals_free(&at);
  if (!row) return false;
  int64_t count = np_len(row);
  if (!count) hi = 0;
  if (count && front) lo = cx_to_int(vpick(row, 0, 0));
  if (count && back) hi = cx_to_int(vpick(row, 0, count - 1)) + 1;
  return (*x = vcut(*x, axis, lo, hi)) != NULL;
}

CxVal cx_np_trim_zeros(CxVal filt, CxNpTrimZeros o) {
  int64_t axes[CX_MAX_RANK];
  CxVal known = np_concrete(filt, "Error arose in the `filt` argument of trim_zeros()");
  if (!known) return NULL;
  CxInts list = np_axes(o.axis, filt->type->rank, axes);
  bool front = strpbrk(o.trim, "fF"), back = strpbrk(o.trim, "bB");
  if (list.n < 0) return NULL;
  for (int i = 0; (front || back) && i < list.n; i++)
    if (!trim_axis(&filt, known, (int)axes[i], front, back)) return NULL;
  return filt;
}
