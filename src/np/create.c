/* Making arrays: constants, sequences, grids, diagonals. */
#include "np/arith.h"
#include "np/axes.h"
#include "np/broadcast.h"
#include <cuirax/library.h>
#include <math.h>

/* ---- filled ---- */

static CxVal filled(CxInts shape, CxVal value, CxDtype d, bool weak) {
  for (int i = 0; i < shape.n; i++)
    if (shape.v[i] < 0) return cx_fail(CX_ERR_TYPE, "Shapes must be 1D sequences of concrete values of integer type, with no negative extents, got %lld",
                                       (long long)shape.v[i]), NULL;
  value = np_convert(value, d, weak);
  if (!value || !shape.n) return value && value->type->rank ? cx_broadcast_to(value, 0, NULL) : value;
  return value->type->rank ? cx_broadcast_to(value, shape.n, shape.v) : cx_broadcast_in_dim(value, shape.n, shape.v, NULL);
}

static CxVal constant(CxInts shape, double value, CxDtype d) {
  d = d ? d : np_canonical(CX_F64);
  return filled(shape, cx_scalar(d, value), d, false);
}
CxVal cx_np_zeros(CxInts shape, CxNpZeros o) { return constant(shape, 0, o.dtype); }
CxVal cx_np_ones(CxInts shape, CxNpOnes o) { return constant(shape, 1, o.dtype); }
CxVal cx_np_empty(CxInts shape, CxNpEmpty o) { return constant(shape, 0, o.dtype); }

CxVal cx_np_full(CxInts shape, CxVal fill_value, CxNpFull o) {
  if (!fill_value) return NULL;
  bool weak = !o.dtype && fill_value->type->weak && !fill_value->type->rank;
  return filled(shape, fill_value, o.dtype ? o.dtype : fill_value->type->dtype, weak);
}

static CxVal filled_like(const CxType *a, CxVal value, CxDtype d, CxInts shape) {
  if (!a || !value) return NULL;
  if (shape.none) shape = (CxInts){a->dims, a->rank, false};
  return filled(shape, value, d ? d : a->dtype, !d && a->weak);
}
static CxVal number_like(const CxType *a, double value, CxDtype d, CxInts shape) {
  return a ? filled_like(a, cx_scalar(d ? d : a->dtype, value), d, shape) : NULL;
}
CxVal cx_np_zeros_like(const CxType *a, CxNpZerosLike o) { return number_like(a, 0, o.dtype, o.shape); }
CxVal cx_np_ones_like(const CxType *a, CxNpOnesLike o) { return number_like(a, 1, o.dtype, o.shape); }
CxVal cx_np_empty_like(const CxType *a, CxNpEmptyLike o) { return number_like(a, 0, o.dtype, o.shape); }
CxVal cx_np_full_like(const CxType *a, CxVal fill_value, CxNpFullLike o) { return filled_like(a, fill_value, o.dtype, o.shape); }

CxVal cx_np_copy(CxVal a, CxNpCopy o) { return (void)o, cx_copy(a); }

CxVal cx_np_astype(CxVal x, CxDtype dtype, CxNpAstype o) {
  if (!x) return NULL;
  if (np_kind(x) == 'c' && cx_dtype_kind(dtype) != 'c' && dtype != CX_BOOL) x = cx_real(x);
  if (dtype == CX_BOOL) x = np_to_bool(x);
  CxVal y = np_convert(x, dtype, false);
  return o.copy ? cx_copy(y) : y;
}

/* ---- sequences ---- */

static CxVal iota(CxDtype d, int64_t n) { return cx_iota(d, 1, &n, 0); }

static bool arange_operand(CxNum n, const char *name) {
  if (n.val && n.val->type->rank)
    return cx_fail(CX_ERR_VALUE, "jax.numpy.arange: arguments must be scalars, but %s has rank %d", name, n.val->type->rank);
  if (n.val && cx_dtype_kind(n.val->type->dtype) == 'c') return cx_fail(CX_ERR_VALUE, "jax.numpy.arange does not take complex start, stop or step");
  return true;
}

/* ceil((stop - start) / step), in the precision in which the numbers came */
static bool arange_size(CxNum start, CxNum stop, CxNum step, int64_t *size) {
  FAIL_IF(step.f == 0, CX_ERR_ZERO_DIVISION, "jax.numpy.arange: step must not be zero");
  bool exact = start.exact && stop.exact && step.exact;
  double n = exact ? (stop.f - start.f) / step.f : (double)((float)(stop.f - start.f) / (float)step.f);
  if (isnan(n)) return cx_fail(CX_ERR_VALUE, "jax.numpy.arange: cannot make an array from NaN");
  FAIL_IF(n > 4e18, CX_ERR_OVERFLOW, "jax.numpy.arange: too many elements");
  *size = n > 0 ? (int64_t)ceil(n) : 0;
  return true;
}

static CxDtype arange_dtype(CxNum start, CxNum stop, CxNum step) {
  CxVal v[3];
  uint32_t n = 0;
  CxDtype d = CX_NO_DTYPE;
  bool weak;
  if (start.val) v[n++] = start.val;
  if (stop.val) v[n++] = stop.val;
  if (step.val) v[n++] = step.val;
  return np_common_type(n, v, &d, &weak) ? d : CX_NO_DTYPE;
}

CxVal cx_np_arange(CxNum start, CxNpArange o) {
  bool has_stop = o.stop.val || o.stop.exact, has_step = o.step.val || o.step.exact;
  CxNum zero = {.exact = true}, one = {.f = 1, .exact = true}, stop = o.stop, step = has_step ? o.step : one;
  if (!arange_operand(start, has_stop ? "start" : "stop") || !arange_operand(stop, "stop") || !arange_operand(step, "step")) return NULL;
  CxDtype d = o.dtype ? o.dtype : arange_dtype(start, stop, o.step);
  if (!d) return NULL;
  if (!has_stop) stop = start, start = zero;
  if (cx_dtype_kind(d) == 'b') return cx_fail(CX_ERR_TYPE, "iota does not accept dtype bool. Accepted dtypes are subtypes of integer, floating, complexfloating."), NULL;
  int64_t size;
  if (!arange_size(start, stop, step, &size)) return NULL;
  CxDtype wide = has_step && cx_dtype_kind(d) == 'f' && cx_dtype_bits(d) < 32 ? CX_F32 : d;
  CxVal at = cx_iota(wide, 1, &size, 0);
  CxVal from = start.val ? np_convert(start.val, wide, false) : cx_scalar(wide, start.f);
  if (has_step) return np_convert(cx_add(from, cx_mul(step.val ? np_convert(step.val, wide, false) : cx_scalar(wide, step.f), at)), d, false);
  return start.f == 0 ? at : cx_add(from, at);
}

static CxVal line(CxVal a, CxVal b, int64_t n, int64_t div, int axis) { /* a (1 - t) + b t for t = 0, 1/div, … along a new axis */
  int rank = a->type->rank + 1;
  int64_t dims[CX_MAX_RANK];
  CxDtype d = a->type->dtype, real = np_real_dtype(d);
  for (int i = 0; i < rank; i++) dims[i] = i == axis ? n : 1;
  CxVal t = np_convert(cx_div(cx_iota(real, rank, dims, axis), cx_convert(cx_scalar_i64(CX_I64, div), real)), d, false);
  CxInts at = cx_ints(axis);
  return cx_add(cx_mul(cx_expand_dims(a, at), cx_sub(cx_like(t, 1), t)), cx_mul(cx_expand_dims(b, at), t));
}


static bool linspace_dtypes(CxVal start, CxVal stop, CxDtype asked, CxDtype *result, CxDtype *computed) {
  CxVal v[2] = {start, stop};
  bool weak;
  if (asked) *result = asked;
  else if (!np_common_type(2, v, result, &weak)) return false;
  if (!asked) *result = np_to_inexact(*result);
  *computed = np_to_inexact(*result);
  return true;
}

static CxVal linspace(CxVal start, CxVal stop, int64_t num, bool endpoint, CxDtype asked, int64_t axis, CxVal *step) {
  CxDtype result, d;
  if (num < 0) return cx_fail(CX_ERR_VALUE, "Number of samples, %lld, must be non-negative.", (long long)num), NULL;
  if (!start || !stop || !linspace_dtypes(start, stop, asked, &result, &d)) return NULL;
  CxVal v[2] = {np_convert(start, d, false), np_convert(stop, d, false)};
  if (!np_broadcast_all(2, v)) return NULL;
  int at = np_axis(axis, v[0]->type->rank + 1);
  if (at < 0) return NULL;
  int64_t div = endpoint ? num - 1 : num;
  CxVal out;
  if (num > 1) {
    *step = cx_div(cx_sub(v[1], v[0]), cx_scalar(d, (double)div));
    out = line(v[0], v[1], div, div, at);
    if (endpoint) out = cx_concatenate(2, (CxVal[]){out, cx_expand_dims(v[1], cx_ints(at))}, at);
  } else {
    *step = num && !endpoint ? cx_sub(v[1], v[0]) : cx_scalar(d, NAN);
    out = cx_expand_dims(v[0], cx_ints(at));
    if (!num && out) {
      int64_t dims[CX_MAX_RANK];
      memcpy(dims, out->type->dims, (size_t)out->type->rank * sizeof *dims);
      dims[at] = 0;
      return constant((CxInts){dims, out->type->rank, false}, 0, result);
    }
  }
  if (strchr("iu", cx_dtype_kind(result))) out = cx_floor(out);
  return np_convert(out, result, false);
}

bool cx_np_linspace(CxVal start, CxVal stop, CxNpLinspace o, CxVals *out) {
  CxVal step = NULL;
  TRY(cx_vals_push(out, linspace(start, stop, o.num, o.endpoint, o.dtype, o.axis, &step)));
  return !o.retstep || cx_vals_push(out, step);
}

CxVal cx_np_logspace(CxVal start, CxVal stop, CxNpLogspace o) {
  CxDtype result, d;
  CxVal step;
  if (!start || !stop || !linspace_dtypes(start, stop, o.dtype, &result, &d)) return NULL;
  CxVal base = o.base ? o.base : cx_weak_scalar(np_canonical(CX_F64), 10);
  CxVal exponents = linspace(np_convert(start, d, false), np_convert(stop, d, false), o.num, o.endpoint, CX_NO_DTYPE, o.axis, &step);
  return np_convert(cx_np_power(base, exponents), result, false);
}

CxVal cx_np_geomspace(CxVal start, CxVal stop, CxNpGeomspace o) {
  CxDtype result, d;
  if (!start || !stop || !linspace_dtypes(start, stop, o.dtype, &result, &d)) return NULL;
  CxVal a = np_convert(start, d, false), b = np_convert(stop, d, false), sign = cx_sign(a);
  CxVal from = cx_np_log10(cx_np_true_divide(a, sign)), to = cx_np_log10(cx_np_true_divide(b, sign));
  CxVal r = cx_np_multiply(sign, np_logspace(from, to, .num = o.num, .endpoint = o.endpoint, .dtype = d));
  if (!r) return NULL;
  int at = np_axis(o.axis, r->type->rank);
  return at < 0 ? NULL : np_convert(cx_move_axis(r, 0, at), result, false);
}

/* ---- triangles and diagonals ---- */

static bool extent_ok(int64_t n) {
  return n >= 0 || cx_fail(CX_ERR_VALUE, "negative dimensions are not allowed: %lld", (long long)n);
}

static CxVal triangle(int64_t n, int64_t m, int64_t k, CxVal (*compare)(CxVal, CxVal)) { /* compare(i + k, j) */
  int64_t dims[2] = {n, m};
  if (!extent_ok(n) || !extent_ok(m)) return NULL;
  int64_t far = n + m + 1;
  k = k > far ? far : k < -far ? -far : k;
  CxDtype d = far > INT32_MAX / 4 ? CX_I64 : CX_I32;
  return compare(cx_add(cx_iota(d, 2, dims, 0), cx_scalar_i64(d, k)), cx_iota(d, 2, dims, 1));
}

static CxDtype or_float(CxDtype d) { return d ? d : np_canonical(CX_F64); }

static CxVal diagonal_mask(int64_t rows, int64_t columns, CxVal k, CxVal (*compare)(CxVal, CxVal)) {
  CxDtype d = k ? k->type->dtype : CX_I32;
  if (k && (k->type->rank || !strchr("iu", cx_dtype_kind(d)))) return cx_fail(CX_ERR_VALUE, "k must be a scalar integer"), NULL;
  int64_t dims[2] = {rows, columns};
  CxVal i = cx_iota(d, 2, dims, 0), j = cx_iota(d, 2, dims, 1);
  return compare(k ? cx_add(i, np_convert(k, d, false)) : i, j);
}

CxVal cx_np_eye(int64_t N, CxNpEye o) {
  int64_t m = o.M.given ? o.M.v : N;
  if (N < 0 || m < 0) return cx_fail(CX_ERR_VALUE, "negative dimensions are not allowed, got %lld and %lld", (long long)N, (long long)m), NULL;
  return np_convert(diagonal_mask(N, m, o.k, cx_eq), or_float(o.dtype), false);
}

CxVal cx_np_identity(int64_t n, CxNpIdentity o) { return np_eye(n, .dtype = o.dtype); }

CxVal cx_np_tri(int64_t N, CxNpTri o) {
  int64_t dims[2] = {N, o.M.given ? o.M.v : N};
  if (dims[0] < 0 || dims[1] < 0) return cx_fail(CX_ERR_TYPE, "iota shape must have every element be nonnegative, got (%lld, %lld)", (long long)dims[0], (long long)dims[1]), NULL;
  return np_convert(diagonal_mask(dims[0], dims[1], o.k, cx_ge), o.dtype ? o.dtype : CX_F32, false);
}

static CxVal triangle_of(const char *name, CxVal m, int64_t k, CxVal (*compare)(CxVal, CxVal)) {
  if (!m) return NULL;
  int rank = m->type->rank;
  if (rank < 2) return cx_fail(CX_ERR_VALUE, "Argument to jax.numpy.%s must be at least 2D", name), NULL;
  CxVal keep = triangle(m->type->dims[rank - 2], m->type->dims[rank - 1], k, compare);
  return cx_select(cx_broadcast_to(keep, rank, m->type->dims), m, cx_full(m->type, 0));
}
static CxVal keep_weak(CxVal r, CxVal like) { return r ? np_convert(r, r->type->dtype, like->type->weak) : NULL; }
CxVal cx_np_tril(CxVal m, CxNpTril o) { return keep_weak(triangle_of("tril", m, o.k, cx_ge), m); }
CxVal cx_np_triu(CxVal m, CxNpTriu o) { return keep_weak(triangle_of("triu", m, o.k, cx_le), m); }

/* The matrices in two axes, moved last; the part that starts at the offset diagonal. */
static CxVal matrices(CxVal a, int64_t axis1, int64_t axis2, int *rank) {
  int i = np_axis(axis1, a->type->rank), j = np_axis(axis2, a->type->rank), n = 0;
  int64_t permutation[CX_MAX_RANK];
  if (i < 0 || j < 0) return NULL;
  if (i == j) return cx_fail(CX_ERR_VALUE, "axis1 and axis2 can not be same. axis1=%lld and axis2=%lld", (long long)axis1, (long long)axis2), NULL;
  for (int k = 0; k < a->type->rank; k++)
    if (k != i && k != j) permutation[n++] = k;
  permutation[n] = i, permutation[n + 1] = j;
  *rank = n + 2;
  return cx_transpose(a, permutation);
}

/* Row i of the diagonal is element i (columns + 1) of the flattened matrix: a slice with that stride. */
static CxVal diagonal_of(CxVal m, int rank, int64_t offset) {
  int64_t rows = m->type->dims[rank - 2], columns = m->type->dims[rank - 1], dims[CX_MAX_RANK], start[CX_MAX_RANK], limit[CX_MAX_RANK], stride[CX_MAX_RANK];
  int64_t first_row = offset < 0 ? -offset : 0, first_column = offset > 0 ? offset : 0;
  int64_t n = rows - first_row < columns - first_column ? rows - first_row : columns - first_column;
  for (int i = 0; i < rank - 1; i++) dims[i] = limit[i] = i < rank - 2 ? m->type->dims[i] : rows * columns, start[i] = 0, stride[i] = 1;
  if (n <= 0) {
    dims[rank - 2] = 0;
    return cx_full(cx_type(m->type->dtype, rank - 1, dims, m->type->weak), 0);
  }
  start[rank - 2] = first_row * columns + first_column;
  limit[rank - 2] = start[rank - 2] + (n - 1) * (columns + 1) + 1;
  stride[rank - 2] = columns + 1;
  return cx_slice(cx_reshape(m, rank - 1, dims), start, limit, stride);
}

CxVal cx_np_diagonal(CxVal a, CxNpDiagonal o) {
  int rank;
  if (!a) return NULL;
  if (a->type->rank < 2) return cx_fail(CX_ERR_VALUE, "diagonal requires an array of at least two dimensions."), NULL;
  CxVal m = matrices(a, o.axis1, o.axis2, &rank);
  return m ? diagonal_of(m, rank, o.offset) : NULL;
}

CxVal cx_np_trace(CxVal a, CxNpTrace o) {
  int rank;
  if (!a) return NULL;
  if (a->type->rank < 2) return cx_fail(CX_ERR_VALUE, "trace requires an array of at least two dimensions."), NULL;
  CxVal m = matrices(a, o.axis1, o.axis2, &rank);
  return m ? np_sum(diagonal_of(m, rank, o.offset), .axis = cx_ints(-1), .dtype = o.dtype) : NULL;
}

static CxVal diagonal_matrix(CxVal v, int64_t k) { /* each element followed by a row and a column of zeros, cut into rows */
  int64_t n = v->type->size, side = n + (k < 0 ? -k : k), at = k < 0 ? -k * side : k;
  CxVal zero = np_const(v, 0), flat;
  if (n) {
    int64_t config[3] = {at, side * side - at - ((n - 1) * (side + 1) + 1), side};
    flat = cx_pad(v, zero, config);
  } else {
    int64_t total = side * side;
    flat = cx_broadcast_in_dim(zero, 1, &total, NULL);
  }
  return cx_reshape(flat, 2, (int64_t[]){side, side});
}

CxVal cx_np_diag(CxVal v, CxNpDiag o) {
  if (!v) return NULL;
  if (v->type->rank == 1) return diagonal_matrix(v, o.k);
  if (v->type->rank == 2) return diagonal_of(v, 2, o.k);
  return cx_fail(CX_ERR_VALUE, "diag input must be 1d or 2d"), NULL;
}

CxVal cx_np_diagflat(CxVal v, CxNpDiagflat o) {
  CxVal flat = np_flat(v);
  return flat ? diagonal_matrix(np_convert(flat, flat->type->dtype, false), o.k) : NULL;
}

CxVal cx_np_vander(CxVal x, CxNpVander o) {
  if (!x) return NULL;
  if (x->type->rank != 1) return cx_fail(CX_ERR_VALUE, "x must be a one-dimensional array"), NULL;
  int64_t n = o.N.given ? o.N.v : x->type->size;
  if (n < 0) return cx_fail(CX_ERR_VALUE, "N must be nonnegative"), NULL;
  CxVal i = iota(x->type->dtype, n);
  if (!o.increasing) i = cx_sub(cx_like(i, (double)(n - 1)), i);
  return cx_np_power(cx_expand_dims(x, cx_ints(1)), cx_expand_dims(i, cx_ints(0)));
}

/* ---- grids ---- */

bool cx_np_meshgrid(CxVals xi, CxNpMeshgrid o, CxVals *out) {
  bool xy = !strcmp(o.indexing, "xy");
  int n = (int)xi.n;
  FAIL_IF(!xy && strcmp(o.indexing, "ij"), CX_ERR_VALUE, "Valid values for indexing are 'xy' and 'ij', got %s", o.indexing);
  FAIL_IF(n > CX_MAX_RANK, CX_ERR_VALUE, "meshgrid takes at most %d arrays", CX_MAX_RANK);
  int64_t dims[CX_MAX_RANK], one[CX_MAX_RANK];
  for (int i = 0; i < n; i++) {
    FAIL_IF(xi.v[i]->type->rank > 1, CX_ERR_VALUE, "Arguments to jax.numpy.meshgrid must be 1D, got rank %d", xi.v[i]->type->rank);
    dims[xy && n > 1 && i < 2 ? 1 - i : i] = xi.v[i]->type->size;
  }
  for (int i = 0; i < n; i++) {
    int at = xy && n > 1 && i < 2 ? 1 - i : i;
    for (int k = 0; k < n; k++) one[k] = k == at ? dims[k] : 1;
    CxVal x = cx_reshape(xi.v[i], n, one);
    TRY(cx_vals_push(out, o.sparse ? x : cx_broadcast_to(x, n, dims)));
  }
  return true;
}

bool cx_np_indices(CxInts dimensions, CxNpIndices o, CxVals *out) {
  int n = dimensions.n;
  int64_t one[CX_MAX_RANK];
  CxDtype d = o.dtype ? o.dtype : np_canonical(CX_I64);
  CxVal rows[CX_MAX_RANK];
  FAIL_IF(n >= CX_MAX_RANK, CX_ERR_VALUE, "indices: too many dimensions");
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < n; k++) one[k] = !o.sparse || k == i ? dimensions.v[k] : 1;
    rows[i] = cx_iota(d, n, one, i);
    if (o.sparse) TRY(cx_vals_push(out, rows[i]));
    else if (!(rows[i] = cx_expand_dims(rows[i], cx_ints(0)))) return false;
  }
  if (o.sparse) return true;
  int64_t empty = 0;
  return cx_vals_push(out, n ? cx_concatenate((uint32_t)n, rows, 0) : constant((CxInts){&empty, 1, false}, 0, d));
}
