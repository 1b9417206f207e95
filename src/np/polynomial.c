/* Polynomials as vectors of coefficients, the highest power first. */
#include "np/build.h"

#include <float.h>
#include <math.h>

static bool is_vector(const char *name, CxVal p) { return p && (p->type->rank == 1 || cx_fail(CX_ERR_VALUE, "%s takes vectors of coefficients, got rank %d", name, p->type->rank)); }

/* Horner's rule; JAX's own scan gives the same sums in the same order. */
CxVal cx_np_polyval(CxVal p, CxVal x, CxNpPolyval o) {
  CxVal v[2] = {p, x};
  (void)o;
  if (!p || !x || !np_promote_dtypes(2, v)) return NULL;
  if (!p->type->rank) return cx_fail(CX_ERR_VALUE, "polyval: p must have at least one axis"), NULL;
  CxVal shapes[2] = {vpick(cx_full(cx_type(v[0]->type->dtype, v[0]->type->rank, v[0]->type->dims, false), 0), 0, 0), v[1]};
  int rank = p->type->rank - 1 > x->type->rank ? p->type->rank - 1 : x->type->rank;
  int64_t dims[CX_MAX_RANK], n = np_len(p);
  if (!n) shapes[0] = v[1];
  if (!np_broadcast_dims(2, shapes, &rank, dims)) return NULL;
  CxVal y = cx_full(cx_type(v[1]->type->dtype, rank, dims, v[1]->type->weak), 0), points = cx_broadcast_to(v[1], rank, dims);
  for (int64_t i = 0; i < n; i++) y = cx_add(cx_mul(y, points), cx_broadcast_to(vpick(v[0], 0, i), rank, dims));
  return y;
}

static CxVal add_end(CxVal longer, CxVal shorter) {
  int64_t n = np_len(longer), m = np_len(shorter);
  return vjoin(vcut(longer, 0, 0, n - m), vadd(vcut(longer, 0, n - m, n), shorter), 0);
}

CxVal cx_np_polyadd(CxVal a1, CxVal a2) {
  CxVal v[2] = {a1, a2};
  if (!is_vector("polyadd", a1) || !is_vector("polyadd", a2) || !np_promote_dtypes(2, v)) return NULL;
  return np_len(v[1]) <= np_len(v[0]) ? add_end(v[0], v[1]) : add_end(v[1], v[0]);
}

CxVal cx_np_polysub(CxVal a1, CxVal a2) {
  CxVal v[2] = {a1, a2};
  return a1 && a2 && np_promote_dtypes(2, v) ? cx_np_polyadd(v[0], vneg(v[1])) : NULL;
}

CxVal cx_np_polymul(CxVal a1, CxVal a2, CxNpPolymul o) {
  CxVal v[2] = {a1, a2};
  if (!is_vector("polymul", a1) || !is_vector("polymul", a2) || !np_promote_inexact(2, v)) return NULL;
  for (int i = 0; i < 2; i++) {
    if (o.trim_leading_zeros && (np_len(a1) > 1 || np_len(a2) > 1)) v[i] = np_trim_zeros(v[i], .trim = "f", .axis = {.none = true});
    if (!v[i]) return NULL;
    if (!np_len(v[i])) v[i] = np_vector(v[i]->type->dtype, 1, 0);
  }
  return np_convolve(v[0], v[1], .mode = "full");
}

static CxVal trim_small(CxVal x) { /* without the first coefficients, as far as they are rounding errors */
  CxVal known = np_concrete(x, "polydiv with trim_leading_zeros needs concrete coefficients");
  double tol = sqrt(x->type->dtype == CX_F64 || x->type->dtype == CX_C128 ? DBL_EPSILON : (double)FLT_EPSILON);
  CxVals at = {0};
  CxVal row = known && np_nonzero_rows(vge(vabs(known), vnum(tol)), (CxOptInt){0}, NULL, &at) ? at.v[0] : NULL;
  cx_vals_free(&at);
  if (!row) return NULL;
  int64_t n = np_len(x);
  return vcut(x, 0, np_len(row) ? cx_to_int(vpick(row, 0, 0)) : n, n);
}

bool cx_np_polydiv(CxVal u, CxVal v, CxNpPolydiv o, CxVals *out) {
  CxVal p[2] = {u, v};
  TRY(is_vector("polydiv", u) && is_vector("polydiv", v) && np_promote_inexact(2, p));
  int64_t m = np_len(u) - 1, n = np_len(v) - 1, steps = m - n + 1;
  FAIL_IF(n < 0, CX_ERR_INDEX, "polydiv: the divisor has no coefficients");
  CxVal scale = vdiv(vnum(1), vpick(p[1], 0, 0)), rest = p[0], q = NULL;
  for (int64_t k = 0; k < steps; k++) {
    CxVal d = vmul(scale, vpick(rest, 0, k)), part = vsub(vcut(rest, 0, k, k + n + 1), vmul(d, p[1]));
    part = part && rest ? vcast(part, rest->type->dtype) : NULL;
    rest = vjoin(vjoin(vcut(rest, 0, 0, k), part, 0), vcut(rest, 0, k + n + 1, m + 1), 0);
    q = q ? vjoin(q, vnewaxis(d, 0), 0) : vnewaxis(d, 0);
    if (!rest || !q) return false;
  }
  if (!q) q = np_vector(p[0]->type->dtype, 1, 0);
  TRY(cx_vals_push(out, np_convert(q, p[0]->type->dtype, false)));
  return cx_vals_push(out, o.trim_leading_zeros ? trim_small(rest) : rest);
}

static CxVal falling(CxDtype d, int64_t from, int64_t n, int64_t m) { /* i (i - 1) … over m factors, those below 1 left out, for i = from, … */
  CxVal r = cx_array(d == CX_F64 || d == CX_C128 ? CX_F64 : CX_F32, 1, &n, NULL);
  for (int64_t i = 0; r && i < n; i++) {
    double product = 1;
    for (int64_t k = 0; k < m; k++) product *= from + i - k > 1 ? (double)(from + i - k) : 1;
    if (r->type->dtype == CX_F64) ((double *)(void *)r->array.data)[i] = product;
    else ((float *)(void *)r->array.data)[i] = (float)product;
  }
  return r ? vcast(r, d) : NULL;
}

CxVal cx_np_polyint(CxVal p, CxNpPolyint o) {
  CxVal v[2] = {p, o.k ? o.k : vint(0)};
  if (!is_vector("polyint", p) || !np_promote_dtypes(2, v) ) return NULL;
  if (o.m < 0) return cx_fail(CX_ERR_VALUE, "Order of integral must be positive (see polyder)"), NULL;
  if (!(v[0] = np_inexact(v[0])) || !(v[1] = np_inexact(v[1]))) return NULL;
  if (v[1]->type->size == 1) v[1] = cx_broadcast_to(cx_reshape(v[1], 0, NULL), 1, &o.m);
  if (!v[1] || v[1]->type->rank != 1 || np_len(v[1]) != o.m) return cx_fail(CX_ERR_VALUE, "k must be a scalar or a rank-1 array of length 1 or m."), NULL;
  if (!o.m) return v[0];
  return vdiv(vjoin(v[0], v[1], 0), vflip(falling(v[0]->type->dtype, 0, np_len(p) + o.m, o.m), 0));
}

CxVal cx_np_polyder(CxVal p, CxNpPolyder o) {
  if (!is_vector("polyder", p)) return NULL;
  if (o.m < 0) return cx_fail(CX_ERR_VALUE, "Order of derivative must be positive"), NULL;
  CxVal x = np_inexact(p);
  int64_t n = np_len(p) > o.m ? np_len(p) - o.m : 0;
  return !o.m || !x ? x : vmul(vcut(x, 0, 0, n), vflip(falling(x->type->dtype, o.m, n, o.m), 0));
}

CxVal cx_np_poly(CxVal zeros) {
  CxVal z = zeros ? np_inexact(zeros) : NULL;
  if (!z) return NULL;
  int64_t n = z->type->size;
  CxDtype d = z->type->dtype;
  if (z->type->rank == 2 && n && z->type->dims[0] == z->type->dims[1])
    z = cx_linalg_eigvals(z);
  if (!z) return NULL;
  n = z->type->size, d = z->type->dtype;
  if (z->type->rank > 1) return cx_fail(CX_ERR_VALUE, "input must be 1d or non-empty square 2d array."), NULL;
  z = np_flat(z);
  if (!n) return cx_scalar(d, 1);
  CxVal a = np_vector(d, 1, 1);
  for (int64_t k = 0; a && k < n; k++) a = np_convolve(a, vjoin(np_vector(d, 1, 1), vcast(vneg(vcut(z, 0, k, k + 1)), d), 0), .mode = "full");
  return a;
}

/* ---- roots ---- */

static CxVal no_roots(CxDtype d) { return np_vector(d == CX_F64 || d == CX_C128 ? CX_C128 : CX_C64, 0, 0); }

static CxVal companion_roots(CxVal p) { /* eigenvalues of the companion matrix; p[0] is not zero */
  int64_t n = np_len(p) - 1;
  if (n < 1) return no_roots(p->type->dtype);
  CxVal first = vdiv(vneg(vcut(p, 0, 1, n + 1)), vpick(p, 0, 0)), rest = cx_np_eye(n - 1, (CxNpEye){.M = {true, n}, .dtype = p->type->dtype});
  CxVal matrix = first && rest ? vjoin(vnewaxis(vcast(first, p->type->dtype), 0), rest, 0) : NULL;
  return matrix ? cx_linalg_eigvals(matrix) : NULL;
}

static CxVal all_roots(CxVal p, CxVal zeros) { /* with NaN for each leading zero */
  int64_t n = np_len(p);
  p = vwhere(veq(zeros, vint(n)), vnum(1), p);
  CxVal r = p ? companion_roots(cx_np_roll(p, vneg(zeros), (CxNpRoll){.axis = {.none = true}})) : NULL, sorted[2];
  if (!r || !cx_sort(2, (CxVal[]){cx_eq(r, cx_like(r, 0)), r}, 0, true, 1, sorted)) return NULL;
  CxVal nan = cx_complex(cx_full(cx_type_with_dtype(r->type, r->type->dtype == CX_C128 ? CX_F64 : CX_F32, false), NAN), cx_full(cx_type_with_dtype(r->type, r->type->dtype == CX_C128 ? CX_F64 : CX_F32, false), NAN));
  return vwhere(vlt(varange(n - 1), vsub(vint(n - 1), zeros)), sorted[1], nan);
}

CxVal cx_np_roots(CxVal p, CxNpRoots o) {
  CxVal x = p ? np_inexact(p) : NULL;
  if (!x) return NULL;
  if (x->type->rank > 1) return cx_fail(CX_ERR_VALUE, "Input must be a rank-1 array."), NULL;
  x = np_flat(x);
  int64_t n = np_len(x);
  if (n < 2) return no_roots(x->type->dtype);
  CxVal zero = veq(x, vint(0)), zeros = vwhere(np_all(zero, .axis = {.none = true}), vint(n), np_argmin(zero, .axis = {true, 0}));
  if (!o.strip_zeros) return all_roots(x, zeros);
  zeros = np_concrete(zeros, "The error occurred in the jnp.roots() function. To use this within a JIT-compiled context, pass strip_zeros=False, but be aware that "
                             "leading zeros will result in some returned roots being set to NaN.");
  return zeros ? companion_roots(vcut(x, 0, cx_to_int(zeros), n)) : NULL;
}

/* ---- fitting ---- */

static bool fit_ok(CxVal x, CxVal y, int64_t deg, CxVal w) {
  if (!x || !y) return false;
  FAIL_IF(deg < 0, CX_ERR_VALUE, "expected deg >= 0");
  FAIL_IF(x->type->rank != 1, CX_ERR_TYPE, "expected 1D vector for x");
  FAIL_IF(!x->type->size, CX_ERR_TYPE, "expected non-empty vector for x");
  FAIL_IF(y->type->rank < 1 || y->type->rank > 2, CX_ERR_TYPE, "expected 1D or 2D array for y");
  FAIL_IF(np_len(x) != np_len(y), CX_ERR_TYPE, "expected x and y to have same length");
  FAIL_IF(w && w->type->rank != 1, CX_ERR_TYPE, "expected a 1-d array for weights");
  FAIL_IF(w && np_len(w) != np_len(y), CX_ERR_TYPE, "expected w and y to have the same length");
  return true;
}

static CxVal fit_rcond(CxVal x) {
  CxDtype d = x->type->dtype;
  if (!is_inexact(x->type)) return cx_fail(CX_ERR_VALUE, "polyfit: rcond must be given for points of dtype %s", cx_dtype_name(d)), NULL;
  double eps = d == CX_F64 || d == CX_C128 ? DBL_EPSILON : d == CX_F16 ? 0x1p-10 : d == CX_BF16 ? 0x1p-7 : (double)FLT_EPSILON;
  return vnum((double)np_len(x) * eps);
}

static CxVal columns(CxVal x, int rank) { return rank == 2 ? vnewaxis(x, 1) : x; }

static CxVal fit_covariance(CxVal lhs, CxVal scale, CxVal resids, CxVal y, int64_t order, const char *how) {
  CxVal base = cx_linalg_inv(np_dot(cx_np_matrix_transpose(lhs), lhs, .preferred_element_type = CX_NO_DTYPE)), factor = vnum(1);
  base = vdiv(base, cx_np_outer(scale, scale));
  bool scaled = !how || strcmp(how, "unscaled");
  if (scaled && np_len(y) <= order) return cx_fail(CX_ERR_VALUE, "the number of data points must exceed order to scale the covariance matrix"), NULL;
  if (scaled) factor = vdiv(resids, vint(np_len(y) - order));
  factor = np_flat(factor);
  return y->type->rank == 1 ? vmul(base, vnewaxis(factor, 0)) : vmul(vnewaxis(base, 2), vnewaxis(vnewaxis(factor, 0), 0));
}

bool cx_np_polyfit(CxVal x, CxVal y, int64_t deg, CxNpPolyfit o, CxVals *out) {
  TRY(fit_ok(x, y, deg, o.w));
  int rank = y->type->rank;
  CxVal rcond = o.rcond ? o.rcond : fit_rcond(x), lhs = np_vander(x, .N = {true, deg + 1}, .increasing = false), rhs = y, w = o.w ? np_inexact(o.w) : NULL;
  if (!rcond || !lhs) return false;
  if (w) lhs = vmul(lhs, vnewaxis(w, 1)), rhs = vmul(rhs, columns(w, rank));
  CxVal scale = cx_np_sqrt(np_sum(vmul(lhs, lhs), .axis = cx_ints(0)));
  lhs = vdiv(lhs, vnewaxis(scale, 0));
  CxVals fit = {0};
  bool ok = lhs && rhs && cx_linalg_lstsq(lhs, rhs, (CxLinalgLstsq){.rcond = rcond}, &fit);
  CxVal v[4] = {NULL};
  for (uint32_t i = 0; ok && i < 4; i++) v[i] = fit.v[i];
  cx_vals_free(&fit);
  TRY(ok && cx_vals_push(out, vdiv(v[0], columns(scale, rank))));
  if (o.full) return cx_vals_push(out, v[1]) && cx_vals_push(out, v[2]) && cx_vals_push(out, v[3]) && cx_vals_push(out, rcond);
  bool wanted = o.cov.name || (o.cov.val && cx_to_int(o.cov.val));
  return !wanted || cx_vals_push(out, fit_covariance(lhs, scale, v[1], y, deg + 1, o.cov.name));
}
