/* jax.numpy.linalg: qr, eigenvalues, singular values and what is made of them. */
#include "linalg/shapes.h"
#include <cuirax/custom.h>
#include <float.h>
#include <math.h>

static bool push2(CxVals *out, CxVal a, CxVal b) { return a && b && cx_vals_push(out, a) && cx_vals_push(out, b) && !cx_failed(); }
static double epsilon(CxDtype d) { return mat_real(d) == CX_F32 ? (double)FLT_EPSILON : DBL_EPSILON; }

bool cx_linalg_qr(CxVal a, CxLinalgQr o, CxVals *out) {
  CxVal v[3];
  bool full = linalg_name_is(o.mode, "complete"), alone = linalg_name_is(o.mode, "r");
  TRY(a = linalg_inexact(a));
  if (linalg_name_is(o.mode, "raw")) return cx_geqrf(a, v) && push2(out, mat_t(v[0]), v[1]);
  FAIL_IF(!full && !alone && !linalg_name_is(o.mode, "reduced") && !linalg_name_is(o.mode, "full"), CX_ERR_VALUE, "Unsupported QR decomposition mode '%s'", o.mode);
  TRY(cx_qr(a, false, full, v));
  return alone ? cx_vals_push(out, v[1]) : push2(out, v[0], v[1]);
}

/* ---- eigenvalues ---- */

static bool eigh_of(CxVal a, const char *triangle, bool symmetrize, CxVals *vw) {
  bool upper = linalg_name_is(triangle, "U");
  FAIL_IF(triangle && !upper && strcmp(triangle, "L") != 0, CX_ERR_VALUE, "UPLO must be one of None, 'L', or 'U', got %s", triangle);
  return (a = linalg_inexact(a)) && cx_laxlinalg_eigh(a, (CxLaxlinalgEigh){.lower = !upper, .symmetrize_input = symmetrize, .sort_eigenvalues = true}, vw);
}
bool cx_linalg_eigh(CxVal a, CxLinalgEigh o, CxVals *out) {
  CxVals vw = {0};
  bool ok = eigh_of(a, o.UPLO, o.symmetrize_input, &vw) && push2(out, vw.v[1], vw.v[0]);
  cx_vals_free(&vw);
  return ok;
}
CxVal cx_linalg_eigvalsh(CxVal a, CxLinalgEigvalsh o) {
  CxVals vw = {0};
  CxVal w = eigh_of(a, o.UPLO, o.symmetrize_input, &vw) ? vw.v[1] : NULL;
  cx_vals_free(&vw);
  return w;
}
bool cx_linalg_eig(CxVal a, CxVals *out) {
  CxVal v[2];
  return (a = linalg_inexact(a)) && cx_eig(a, (CxEig){.compute_right_eigenvectors = true}, v) && push2(out, v[0], v[1]);
}
CxVal cx_linalg_eigvals(CxVal a) {
  CxVal w;
  return (a = linalg_inexact(a)) && cx_eig(a, (CxEig){0}, &w) ? w : NULL;
}

/* ---- singular values ---- */

static CxVal taken_last(CxVal x, CxVal order) { return mat_t(mat_rows(mat_t(x), order)); }

/* Of a Hermitian matrix: absolute eigenvalues descending, V, and V^H with the signs. out: u, s, vh, or s. */
static bool svd_hermitian(CxVal a, bool vectors, CxVal *out) {
  CxVals vw = {0};
  bool ok = eigh_of(a, "L", true, &vw);
  CxVal v = ok ? vw.v[0] : NULL, w = ok ? vw.v[1] : NULL, s = w ? cx_abs(w) : NULL, sorted[3];
  cx_vals_free(&vw);
  TRY(s);
  int last = s->type->rank - 1;
  CxVal keys[3] = {s, cx_sign(w), cx_iota(CX_I32, last + 1, s->type->dims, last)};
  TRY(cx_sort(vectors ? 3 : 1, keys, last, true, 1, sorted));
  for (int i = 0; i < (vectors ? 3 : 1); i++) sorted[i] = cx_rev(sorted[i], cx_ints(last));
  if (!vectors) return (out[0] = sorted[0]) != NULL;
  CxVal u = taken_last(v, sorted[2]);
  out[0] = u, out[1] = sorted[0];
  out[2] = u ? mat_h(cx_mul(u, cx_convert(cx_expand_dims(sorted[1], cx_ints(last)), u->type->dtype))) : NULL;
  return out[2] != NULL;
}

static bool svd_of(CxVal a, bool full, bool vectors, bool hermitian, CxVal *out) { /* u, s, vh, or s */
  CxVal v[3];
  TRY(a);
  if (hermitian) return svd_hermitian(a, vectors, out);
  TRY(cx_svd(a, full, vectors, false, v));
  if (vectors) out[0] = v[1], out[1] = v[0], out[2] = v[2];
  else out[0] = v[0];
  return true;
}
bool cx_linalg_svd(CxVal a, CxLinalgSvd o, CxVals *out) {
  CxVal v[3];
  TRY(svd_of(linalg_inexact(a), o.full_matrices, o.compute_uv, o.hermitian, v));
  for (int i = 0; i < (o.compute_uv ? 3 : 1); i++) TRY(cx_vals_push(out, v[i]));
  return true;
}
CxVal cx_linalg_svdvals(CxVal x) {
  CxVal s;
  return svd_of(linalg_inexact(x), false, false, false, &s) ? s : NULL;
}

static CxVal column(CxVal x) { return x ? cx_expand_dims(x, cx_ints(x->type->rank)) : NULL; }

CxVal cx_linalg_matrix_rank(CxVal m, CxLinalgMatrixRank o) {
  FAIL_IF(o.tol && o.rtol, CX_ERR_VALUE, "matrix_rank: only one of tol or rtol may be specified.");
  CxVal s, limit = o.tol ? o.tol : o.rtol;
  if (!(m = linalg_inexact(m))) return NULL;
  if (m->type->rank < 2) return cx_convert(np_any(cx_ne(m, cx_like(m, 0)), .keepdims = false), CX_I32);
  if (!svd_of(m, false, false, o.hermitian, &s)) return NULL;
  int64_t rows = mat_m(m->type), cols = mat_n(m->type);
  if (!limit) limit = cx_mul(cx_reduce_max(s, cx_ints(s->type->rank - 1)), cx_like(s, (double)(rows > cols ? rows : cols) * epsilon(s->type->dtype)));
  return np_sum(cx_np_greater(s, column(limit)), .axis = cx_ints(-1));
}

/* ---- pinv: V diag(1 / s) U^H over the singular values above a limit ---- */

typedef struct Pinv {
  CxVal rtol; /* retained, or NULL */
  bool hermitian;
} Pinv;

static bool pinv_call(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  (void)nin;
  const Pinv *p = env;
  CxVal x = mat_is_complex(in[0]) ? cx_conj(in[0]) : in[0], v[3];
  int64_t m = mat_m(x->type), n = mat_n(x->type);
  TRY(svd_of(x, false, true, p->hermitian, v));
  CxVal s = v[1], top = cx_slice_axis(s, s->type->rank - 1, 0, 1);
  CxVal rtol = p->rtol ? column(p->rtol) : cx_scalar(CX_F64, 10.0 * (double)(m > n ? m : n) * epsilon(s->type->dtype));
  CxVal cutoff = rtol && top ? cx_np_multiply(cx_convert(rtol, s->type->dtype), top) : NULL;
  TRY(cutoff);
  CxVal keep = cx_gt(s, linalg_spread(cutoff, 0, s->type->rank, s->type->dims)), inverse = cx_select(keep, s, cx_full(s->type, INFINITY));
  CxVal z = mat_mul(mat_t(v[2]), cx_div(mat_t(v[0]), cx_convert(column(inverse), x->type->dtype)));
  return z && cx_vals_push(out, z);
}

/* P' = -P A' P + (P P^H A'^H (1 - A P)) + ((1 - P A) A'^H P^H P) */
static bool pinv_rule(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  CxVals v = {0};
  bool ok = pinv_call(env, in, nin, &v);
  CxVal p = ok ? v.v[0] : NULL, a = in[0], da = in[1];
  cx_vals_free(&v);
  TRY(p);
  if (((const Pinv *)env)->hermitian) {
    CxVal half = cx_like(a, 0.5);
    a = cx_mul(half, cx_add(a, mat_h(a))), da = cx_mul(half, cx_add(da, mat_h(da)));
  }
  CxVal s = mat_mul(mat_mul(p, mat_h(p)), mat_h(da)), t = mat_mul(mat_h(da), mat_mul(mat_h(p), p));
  CxVal sum = cx_sub(cx_add(cx_sub(s, mat_mul(mat_mul(p, da), p)), t), cx_add(mat_mul(s, mat_mul(a, p)), mat_mul(p, mat_mul(a, t))));
  return push2(out, p, sum);
}

static void pinv_drop(void *env) {
  if (env) cx_release(((Pinv *)env)->rtol);
  cx_free(env);
}
static CxFn *pinv_fn(bool (*call)(void *, const CxVal *, uint32_t, CxVals *), CxVal rtol, bool hermitian) {
  Pinv *p = cx_calloc(1, sizeof *p);
  if (!p) return NULL;
  *p = (Pinv){cx_retain(rtol), hermitian};
  CxFn *f = cx_fn("pinv", call, p, pinv_drop);
  if (!f) pinv_drop(p);
  return f;
}

CxVal cx_linalg_pinv(CxVal a, CxLinalgPinv o) {
  FAIL_IF(o.rtol && o.rcond, CX_ERR_VALUE, "pinv: only one of rtol and rcond may be specified.");
  CxVal rtol = o.rcond ? o.rcond : o.rtol;
  if (!(a = linalg_inexact(a))) return NULL;
  FAIL_IF(a->type->rank < 2, CX_ERR_VALUE, "pinv takes an array of at least 2 axes, got %d", a->type->rank);
  if (!mat_m(a->type) || !mat_n(a->type)) return mat_t(a);
  CxFn *f = pinv_fn(pinv_call, rtol, o.hermitian), *r = pinv_fn(pinv_rule, rtol, o.hermitian);
  CxVals v = {0};
  CxVal z = f && r && cx_custom_jvp(f, r, false, &a, 1, &v) ? v.v[0] : NULL;
  cx_vals_free(&v), cx_fn_release(f), cx_fn_release(r);
  return z;
}

/* ---- least squares ---- */

static CxVal lstsq_residuals(CxVal a, CxVal x, CxVal b) {
  CxVal d = cx_sub(b, mat_mul(a, x)), square = d ? cx_mul(d, mat_is_complex(d) ? cx_conj(d) : d) : NULL;
  return square ? cx_reduce_sum(mat_is_complex(square) ? cx_real(square) : square, cx_ints(0)) : NULL;
}

bool cx_linalg_lstsq(CxVal a, CxVal b, CxLinalgLstsq o, CxVals *out) {
  CxVal v[2] = {a, b}, usv[3];
  TRY(a && b && linalg_inexact_all(2, v));
  a = v[0], b = v[1];
  FAIL_IF(!a->type->rank || !b->type->rank || a->type->dims[0] != b->type->dims[0], CX_ERR_VALUE, "Leading dimensions of input arrays must match");
  bool vector = b->type->rank == 1;
  if (vector) b = cx_expand_dims(b, cx_ints(1));
  FAIL_IF(a->type->rank != 2, CX_ERR_TYPE, "%d-dimensional array given. Array must be two-dimensional", a->type->rank);
  FAIL_IF(b->type->rank != 2, CX_ERR_TYPE, "%d-dimensional array given. Array must be one or two-dimensional", b->type->rank);
  int64_t m = mat_m(a->type), n = mat_n(a->type), dims[] = {n, mat_n(b->type)};
  CxVal x, rank, s;
  if (!a->type->size) {
    x = cx_zeros(cx_type(a->type->dtype, 2, dims, false)), rank = cx_scalar_i64(np_canonical(CX_I64), 0);
    s = cx_zeros(cx_type(a->type->dtype, 1, (int64_t[]){0}, false));
  } else {
    TRY(svd_of(a, false, true, false, usv));
    s = usv[1];
    CxVal limit = cx_scalar(s->type->dtype, epsilon(s->type->dtype) * (double)(m > n ? m : n));
    if (o.rcond) limit = cx_convert(np_pick(cx_np_less(o.rcond, cx_scalar(CX_F32, 0)), cx_scalar(s->type->dtype, epsilon(s->type->dtype)), o.rcond), s->type->dtype);
    CxVal mask = cx_and(cx_gt(s, cx_like(s, 0)), cx_ge(s, cx_mul(limit, cx_slice_axis(s, 0, 0, 1))));
    CxVal safe = cx_select(mask, s, cx_full(s->type, 1)), inverse = cx_select(mask, cx_div(cx_like(s, 1), safe), cx_zeros(s->type));
    rank = np_sum(mask, .keepdims = false);
    x = mat_mul(mat_h(usv[2]), cx_mul(cx_convert(column(inverse), a->type->dtype), mat_mul(mat_h(usv[0]), b)));
  }
  bool none = o.numpy_resid && (m <= n || (cx_is_array(rank) && cx_to_int(rank) < n));
  CxVal rest = none ? cx_zeros(cx_type(mat_real(a->type->dtype), 1, (int64_t[]){0}, false)) : lstsq_residuals(a, x, b);
  if (vector && x) x = cx_reshape(x, 1, &n);
  return push2(out, x, rest) && push2(out, rank, s);
}
