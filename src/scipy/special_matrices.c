/* jax.scipy.linalg: matrices made from vectors and formulas. Leading axes are batches. */
#include "linalg/shapes.h"
#include <math.h>

static CxVal at_least_vector(CxVal x) { return x && !x->type->rank ? cx_expand_dims(x, cx_ints(0)) : x; }
static CxVal row_numbers(int64_t m, int64_t n) { return cx_iota(CX_I32, 2, (int64_t[]){m, n}, 0); }
static CxVal column_numbers(int64_t m, int64_t n) { return cx_iota(CX_I32, 2, (int64_t[]){m, n}, 1); }
static CxVal whole(int64_t i) { return cx_scalar_i64(CX_I32, i); }

/* the matrix of v's elements at [m, n] indices, for every vector of v's last axis */
static CxVal spread_by(CxVal v, CxVal index) { return v && index ? np_take(v, index, .axis = {true, -1}, .mode = "clip") : NULL; }

/* c and r as vectors of one dtype with equal leading axes */
static bool pair_of(const char *name, CxVal *c, CxVal *r) {
  CxVal v[2] = {at_least_vector(*c), at_least_vector(*r)};
  int64_t dims[CX_MAX_RANK];
  int batch;
  (void)name;
  TRY(v[0] && v[1] && np_promote_dtypes(2, v) && linalg_batch(v[0], 1, v[1], 1, &batch, dims));
  *c = linalg_spread(v[0], 1, batch, dims), *r = linalg_spread(v[1], 1, batch, dims);
  return *c && *r;
}

CxVal cx_slinalg_toeplitz(CxVal c, CxSlinalgToeplitz o) {
  CxVal r = o.r ? o.r : cx_np_conjugate(c);
  if (!pair_of("toeplitz", &c, &r)) return NULL;
  int last = c->type->rank - 1;
  int64_t m = c->type->dims[last], n = r->type->dims[last], dims[CX_MAX_RANK];
  if (!m || !n) return memcpy(dims, c->type->dims, (size_t)last * sizeof *dims), dims[last] = m, dims[last + 1] = n, cx_zeros(cx_type(c->type->dtype, last + 2, dims, false));
  CxVal parts[2] = {cx_rev(c, cx_ints(last)), cx_slice_axis(r, last, 1, n)}; /* c reversed, then r without its first */
  return spread_by(cx_concatenate(2, parts, last), cx_add(cx_sub(column_numbers(m, n), row_numbers(m, n)), whole(m - 1)));
}

CxVal cx_slinalg_hankel(CxVal c, CxSlinalgHankel o) {
  FAIL_IF(c && !c->type->rank, CX_ERR_VALUE, "hankel: c must be at least 1-dimensional, got a scalar.");
  FAIL_IF(o.r && !o.r->type->rank, CX_ERR_VALUE, "hankel: r must be at least 1-dimensional, got a scalar.");
  CxVal r = o.r ? o.r : c ? cx_zeros(c->type) : NULL;
  if (!pair_of("hankel", &c, &r)) return NULL;
  int last = c->type->rank - 1;
  int64_t m = c->type->dims[last], n = r->type->dims[last], dims[CX_MAX_RANK];
  if (!m || !n) return memcpy(dims, c->type->dims, (size_t)last * sizeof *dims), dims[last] = m, dims[last + 1] = n, cx_zeros(cx_type(c->type->dtype, last + 2, dims, false));
  CxVal parts[2] = {c, cx_slice_axis(r, last, 1, n)};
  return spread_by(cx_concatenate(2, parts, last), cx_add(row_numbers(m, n), column_numbers(m, n)));
}

CxVal cx_slinalg_convolution_matrix(CxVal a, int64_t n, CxSlinalgConvolutionMatrix o) {
  bool same = linalg_name_is(o.mode, "same"), valid = linalg_name_is(o.mode, "valid");
  FAIL_IF(n <= 0, CX_ERR_VALUE, "n must be a positive integer; got %lld.", (long long)n);
  if (!a) return NULL;
  FAIL_IF(!a->type->rank, CX_ERR_VALUE, "convolution_matrix: a must be at least 1-dimensional, got a scalar.");
  int last = a->type->rank - 1;
  int64_t m = a->type->dims[last], least = m < n ? m : n, config[3 * CX_MAX_RANK] = {0};
  FAIL_IF(m < 1, CX_ERR_VALUE, "len(a) must be at least 1");
  FAIL_IF(!same && !valid && !linalg_name_is(o.mode, "full"), CX_ERR_VALUE, "mode must be one of 'full', 'valid', 'same'; got '%s'.", o.mode);
  int64_t top = valid ? least - 1 : same ? (least - 1) / 2 : 0, cut = valid ? 2 * (least - 1) : same ? least - 1 : 0, rows = m + n - 1 - cut;
  config[3 * last] = config[3 * last + 1] = n; /* zeros on both sides: element (i, j) is a[top + i - j] */
  CxVal padded = cx_pad(a, cx_like(a, 0), config);
  return spread_by(padded, cx_add(cx_sub(row_numbers(rows, n), column_numbers(rows, n)), whole(top + n)));
}

CxVal cx_slinalg_circulant(CxVal c) {
  if (!(c = at_least_vector(c))) return NULL;
  int64_t n = c->type->dims[c->type->rank - 1];
  CxVal d = cx_sub(row_numbers(n, n), column_numbers(n, n));
  return spread_by(c, cx_select(cx_lt(d, whole(0)), cx_add(d, whole(n)), d));
}

/* first as the row on top of a matrix with `below` on the first subdiagonal */
static CxVal topped(CxVal first, CxVal below) {
  int64_t n = first->type->dims[first->type->rank - 1];
  CxVal parts[2] = {cx_expand_dims(first, cx_ints(first->type->rank - 1)), mat_pad(mat_from_diag(below), 0, 0, 0, n - below->type->dims[below->type->rank - 1])};
  return parts[1] ? cx_concatenate(2, parts, first->type->rank - 1) : NULL;
}

CxVal cx_slinalg_leslie(CxVal f, CxVal s) {
  f = at_least_vector(f), s = at_least_vector(s);
  if (!f || !s) return NULL;
  int64_t n = f->type->dims[f->type->rank - 1];
  FAIL_IF(n < 2, CX_ERR_VALUE, "The length of f along the last axis must be at least 2; got %lld.", (long long)n);
  FAIL_IF(s->type->dims[s->type->rank - 1] != n - 1, CX_ERR_VALUE, "Incorrect lengths for f and s. The length of s along the last axis must be one less than the length of f.");
  return pair_of("leslie", &f, &s) ? topped(f, s) : NULL;
}

CxVal cx_slinalg_companion(CxVal a) {
  if (!(a = at_least_vector(linalg_inexact(a)))) return NULL;
  int last = a->type->rank - 1;
  int64_t n = a->type->dims[last];
  FAIL_IF(n < 2, CX_ERR_VALUE, "The length of `a` along the last axis must be at least 2; got %lld.", (long long)n);
  CxVal rest = cx_slice_axis(a, last, 1, n), first = cx_neg(cx_div(rest, cx_broadcast_to(cx_slice_axis(a, last, 0, 1), last + 1, rest->type->dims)));
  return first ? topped(first, cx_full(cx_slice_axis(first, last, 1, n - 1)->type, 1)) : NULL;
}

CxVal cx_slinalg_fiedler(CxVal a) {
  if (!(a = at_least_vector(a))) return NULL;
  int n = a->type->rank;
  return cx_np_absolute(cx_np_subtract(cx_expand_dims(a, cx_ints(n)), cx_expand_dims(a, cx_ints(n - 1))));
}

CxVal cx_slinalg_block_diag(CxVals arrs) {
  CxVal z = NULL;
  if (!arrs.n) return cx_zeros(cx_type(np_canonical(CX_F64), 2, (int64_t[]){1, 0}, false));
  CxVal *v = cx_calloc(arrs.n, sizeof *v);
  if (!v) return NULL;
  memcpy(v, arrs.v, arrs.n * sizeof *v);
  bool ok = np_promote_dtypes(arrs.n, v);
  for (uint32_t i = 0; ok && i < arrs.n; i++) {
    if (v[i]->type->rank > 2) ok = cx_fail(CX_ERR_VALUE, "Arguments to jax.scipy.linalg.block_diag must have at most 2 dimensions, got %d at argument %u.", v[i]->type->rank, i);
    while (ok && v[i] && v[i]->type->rank < 2) v[i] = cx_expand_dims(v[i], cx_ints(0));
    ok = ok && v[i];
  }
  for (uint32_t i = 0; ok && i < arrs.n; i++) {
    if (!z) {
      z = v[i];
      continue;
    }
    int64_t m = mat_m(z->type), n = mat_n(z->type), p = mat_m(v[i]->type), q = mat_n(v[i]->type);
    CxVal parts[2] = {mat_pad(z, 0, 0, 0, q), mat_pad(v[i], 0, 0, n, 0)};
    z = cx_concatenate(2, parts, 0);
    ok = z && mat_m(z->type) == m + p;
  }
  cx_free(v);
  return ok ? z : NULL;
}

/* ---- by formula ---- */

typedef double Formula(int64_t i, int64_t j, int64_t n);
static CxVal by_formula(int64_t m, int64_t n, CxDtype d, Formula *f) {
  FAIL_IF(m < 0 || n < 0, CX_ERR_VALUE, "n must not be negative");
  CxVal x = cx_array(CX_F64, 2, (int64_t[]){m, n}, NULL);
  if (!x) return NULL;
  double *to = (double *)(void *)x->array.data;
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) to[i * n + j] = f(i, j, n);
  return cx_convert(x, d);
}

static double hilbert_at(int64_t i, int64_t j, int64_t n) { return (void)n, 1 / (double)(i + j + 1); }
static double hadamard_at(int64_t i, int64_t j, int64_t n) { return (void)n, __builtin_parityll((unsigned long long)(i & j)) ? -1 : 1; }
static double helmert_at(int64_t i, int64_t j, int64_t n) {
  if (!i) return 1 / sqrt((double)n);
  double k = (double)i;
  return j < i ? 1 / sqrt(k * (k + 1)) : j == i ? -k / sqrt(k * (k + 1)) : 0;
}
static double choose(int64_t n, int64_t k) {
  double z = 1;
  if (k > n) return 0;
  for (int64_t i = 1; i <= k; i++) z = nearbyint(z * (double)(n - k + i) / (double)i);
  return z;
}
static double pascal_lower(int64_t i, int64_t j, int64_t n) { return (void)n, choose(i, j); }
static double pascal_upper(int64_t i, int64_t j, int64_t n) { return (void)n, choose(j, i); }
static double pascal_symmetric(int64_t i, int64_t j, int64_t n) { return (void)n, choose(i + j, i); }
static double sign_of(int64_t k) { return k % 2 ? -1 : 1; }
static double inverse_lower(int64_t i, int64_t j, int64_t n) { return (void)n, sign_of(i - j) * choose(i, j); }
static double inverse_upper(int64_t i, int64_t j, int64_t n) { return inverse_lower(j, i, n); }
static double inverse_symmetric(int64_t i, int64_t j, int64_t n) {
  double z = 0;
  for (int64_t k = 0; k < n; k++) z += choose(k, i) * choose(k, j);
  return sign_of(i - j) * z;
}

static double inverse_hilbert(int64_t i, int64_t j, int64_t n) {
  double k = choose(i + j, i);
  return sign_of(i + j) * (double)(i + j + 1) * choose(n + i, n - j - 1) * choose(n + j, n - i - 1) * k * k;
}
CxVal cx_slinalg_invhilbert(int64_t n) { return by_formula(n, n, np_canonical(CX_F64), inverse_hilbert); }

CxVal cx_slinalg_hilbert(int64_t n) { return by_formula(n, n, np_canonical(CX_F64), hilbert_at); }
CxVal cx_slinalg_hadamard(int64_t n, CxSlinalgHadamard o) {
  FAIL_IF(n < 1 || (n & (n - 1)), CX_ERR_VALUE, "n must be a positive power of 2; got %lld.", (long long)n);
  return by_formula(n, n, np_canonical(o.dtype), hadamard_at);
}
CxVal cx_slinalg_helmert(int64_t n, CxSlinalgHelmert o) {
  FAIL_IF(n < 1, CX_ERR_VALUE, "n must be a positive integer; got %lld.", (long long)n);
  CxVal all = by_formula(n, n, np_canonical(CX_F64), helmert_at);
  return o.full || !all ? all : cx_slice_axis(all, 0, 1, n);
}
static CxVal pascal_of(int64_t n, const char *kind, CxDtype d, Formula *symmetric, Formula *lower, Formula *upper) {
  Formula *f = !kind || !strcmp(kind, "symmetric") ? symmetric : !strcmp(kind, "lower") ? lower : !strcmp(kind, "upper") ? upper : NULL;
  FAIL_IF(!f, CX_ERR_VALUE, "Expected kind to be one of: ['symmetric', 'lower', 'upper']; got %s", kind);
  return by_formula(n, n, d, f);
}
CxVal cx_slinalg_pascal(int64_t n, CxSlinalgPascal o) { return pascal_of(n, o.kind, CX_F32, pascal_symmetric, pascal_lower, pascal_upper); }
CxVal cx_slinalg_invpascal(int64_t n, CxSlinalgInvpascal o) { return pascal_of(n, o.kind, np_canonical(CX_F64), inverse_symmetric, inverse_lower, inverse_upper); }

CxVal cx_slinalg_dft(int64_t n, CxSlinalgDft o) {
  CxDtype d = o.dtype ? np_canonical(o.dtype) : np_canonical(CX_C128);
  FAIL_IF(n < 0, CX_ERR_VALUE, "n must not be negative");
  FAIL_IF(o.scale && strcmp(o.scale, "n") != 0 && strcmp(o.scale, "sqrtn") != 0, CX_ERR_VALUE, "scale must be None, 'sqrtn', or 'n'; got '%s'.", o.scale);
  FAIL_IF(cx_dtype_kind(d) != 'c', CX_ERR_VALUE, "dtype must be a complex floating-point type; got %s.", cx_dtype_name(d));
  double by = !o.scale ? 1 : o.scale[0] == 'n' ? (double)n : sqrt((double)n);
  CxVal x = cx_array(CX_C128, 2, (int64_t[]){n, n}, NULL);
  if (!x) return NULL;
  double *to = (double *)(void *)x->array.data;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) {
      double angle = -6.28318530717958647692 * (double)(i * j % n) / (double)n;
      *to++ = cos(angle) / by, *to++ = sin(angle) / by;
    }
  return cx_convert(x, d);
}
