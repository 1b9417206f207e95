/* jax.scipy.linalg: factorizations, solves, the exponential. Matrices made from formulas are in special_matrices.c. */
#include "linalg/shapes.h"
#include <cuirax/transform.h>
#include <math.h>

static bool push(CxVals *out, const CxVal *v, int n) {
  for (int i = 0; i < n; i++) TRY(v[i] && cx_vals_push(out, v[i]));
  return !cx_failed();
}

CxVal cx_slinalg_cholesky(CxVal a, CxSlinalgCholesky o) {
  if (!(a = linalg_inexact(a))) return NULL;
  FAIL_IF(a->type->rank < 2, CX_ERR_VALUE, "cholesky takes an array of at least 2 axes, got %d", a->type->rank);
  CxVal l = mat_tril(cx_cholesky(o.lower ? a : mat_h(a)), 0);
  return o.lower ? l : mat_h(l);
}
CxVal cx_slinalg_det(CxVal a) { return cx_linalg_det(a); }
CxVal cx_slinalg_inv(CxVal a) { return cx_linalg_inv(a); }

bool cx_slinalg_svd(CxVal a, CxSlinalgSvd o, CxVals *out) {
  return cx_linalg_svd(a, (CxLinalgSvd){.full_matrices = o.full_matrices, .compute_uv = o.compute_uv}, out);
}

bool cx_slinalg_eigh(CxVal a, CxSlinalgEigh o, CxVals *out) {
  FAIL_IF(o.type != 1, CX_ERR_NOT_IMPLEMENTED, "Only the type=1 case of eigh is implemented.");
  CxVals vw = {0};
  bool ok = (a = linalg_inexact(a)) && cx_laxlinalg_eigh(a, (CxLaxlinalgEigh){.lower = o.lower, .symmetrize_input = true, .sort_eigenvalues = true}, &vw);
  ok = ok && (o.eigvals_only ? push(out, &vw.v[1], 1) : push(out, (CxVal[]){vw.v[1], vw.v[0]}, 2));
  cx_vals_free(&vw);
  return ok;
}

bool cx_slinalg_schur(CxVal a, CxSlinalgSchur o, CxVals *out) {
  bool complex = linalg_name_is(o.output, "complex");
  CxVal v[2];
  FAIL_IF(!complex && !linalg_name_is(o.output, "real"), CX_ERR_VALUE, "Expected 'output' to be either 'real' or 'complex', got output='%s'.", o.output);
  TRY(a);
  if (complex) TRY((a = linalg_inexact(a)) && (a = cx_convert(a, mat_complex(a->type->dtype))));
  return cx_schur(a, true, v) && push(out, v, 2);
}

/* ---- right-hand sides: a vector, a stack of vectors (one axis less than a), or matrices; batches broadcast ---- */

typedef struct Sides {
  CxVal a, b;
  bool vector;
} Sides;

static bool sides_of(CxVal a, CxVal b, Sides *s) {
  CxVal v[2] = {a, b};
  int64_t dims[CX_MAX_RANK];
  char text[2][256];
  int batch;
  TRY(a && b && linalg_inexact_all(2, v));
  a = v[0], b = v[1];
  const CxType *t = a->type, *u = b->type;
  s->vector = u->rank == 1 || (t->rank == u->rank + 1 && mat_n(t) == u->dims[u->rank - 1]);
  if (s->vector) b = cx_expand_dims(b, cx_ints(u->rank));
  FAIL_IF(t->rank < 2 || u->rank < 1 || mat_m(t) != mat_n(t) || mat_m(b->type) != mat_n(t), CX_ERR_VALUE, "a must be square and b have as many rows; got shapes %s and %s",
          dims_text(t->dims, t->rank, text[0], sizeof text[0]), dims_text(u->dims, u->rank, text[1], sizeof text[1]));
  TRY(linalg_batch(a, 2, b, 2, &batch, dims));
  s->a = linalg_spread(a, 2, batch, dims), s->b = linalg_spread(b, 2, batch, dims);
  return s->a && s->b;
}
static CxVal answer(const Sides *s, CxVal x) { return x && s->vector ? cx_squeeze(x, cx_ints(x->type->rank - 1)) : x; }

CxVal cx_slinalg_cho_solve_with(CxVal c, bool lower, CxVal b) {
  Sides s;
  if (!sides_of(c, b, &s)) return NULL;
  CxVal y = cx_triangular_solve(s.a, s.b, (CxTriangularSolve){true, lower, !lower, !lower && mat_is_complex(s.a), false});
  return answer(&s, cx_triangular_solve(s.a, y, (CxTriangularSolve){true, lower, lower, lower && mat_is_complex(s.a), false}));
}

CxVal cx_slinalg_solve_triangular_with(CxVal a, CxVal b, int64_t trans, bool lower, bool unit) {
  Sides s;
  FAIL_IF(trans < 0 || trans > 2, CX_ERR_VALUE, "Invalid 'trans' value %lld", (long long)trans);
  if (!sides_of(a, b, &s)) return NULL;
  return answer(&s, cx_triangular_solve(s.a, s.b, (CxTriangularSolve){true, lower, trans != 0, trans == 2 && mat_is_complex(s.a), unit}));
}

bool cx_slinalg_lu_factor(CxVal a, CxVals *out) {
  CxVal v[3];
  return (a = linalg_inexact(a)) && cx_lu(a, v) && push(out, v, 2);
}

/* x back to the order of rows before the exchanges: x[perm[i]] = y[i] */
static CxVal rows_back(CxVal y, CxVal perm) {
  CxVal keys[2] = {perm, cx_iota(CX_I32, perm->type->rank, perm->type->dims, perm->type->rank - 1)}, sorted[2];
  return cx_sort(2, keys, perm->type->rank - 1, true, 1, sorted) ? mat_rows(y, sorted[1]) : NULL;
}

CxVal cx_slinalg_lu_solve_with(CxVal lu, CxVal pivots, CxVal b, CxSlinalgLuSolveWith o) {
  Sides s;
  int64_t dims[CX_MAX_RANK];
  int batch;
  FAIL_IF(o.trans < 0 || o.trans > 2, CX_ERR_VALUE, "'trans' value must be 0, 1, or 2, got %lld", (long long)o.trans);
  if (!sides_of(lu, b, &s)) return NULL;
  CxVal perm = cx_lu_pivots_to_permutation(pivots, mat_n(s.a->type));
  if (!perm || !linalg_batch(s.a, 2, perm, 1, &batch, dims)) return NULL;
  perm = linalg_spread(perm, 1, batch, dims);
  bool turned = o.trans != 0, conj = o.trans == 2 && mat_is_complex(s.a);
  CxTriangularSolve l = {true, true, turned, conj, true}, u = {true, false, turned, conj, false};
  CxVal x = turned ? cx_triangular_solve(s.a, s.b, u) : mat_rows(s.b, perm);
  x = cx_triangular_solve(s.a, x, l);
  return answer(&s, turned ? rows_back(x, perm) : cx_triangular_solve(s.a, x, u));
}

bool cx_slinalg_lu(CxVal a, CxSlinalgLu o, CxVals *out) {
  CxVal v[3];
  TRY((a = linalg_inexact(a)) && cx_lu(a, v));
  FAIL_IF(a->type->rank != 2, CX_ERR_VALUE, "lu takes a matrix, got %d axes", a->type->rank);
  int64_t m = mat_m(a->type), n = mat_n(a->type), k = m < n ? m : n;
  CxVal rows = cx_iota(CX_I32, 2, (int64_t[]){m, m}, 0), p = cx_convert(cx_eq(rows, cx_broadcast_to(v[2], 2, (int64_t[]){m, m})), mat_real(a->type->dtype));
  CxVal l = cx_add(mat_tril(mat_block(v[0], 0, m, 0, k), -1), mat_eye(a->type->dtype, 2, m, k)), u = mat_triu(mat_block(v[0], 0, k, 0, n), 0);
  if (o.permute_l) return push(out, (CxVal[]){mat_mul(cx_convert(p, a->type->dtype), l), u}, 2);
  return push(out, (CxVal[]){p, l, u}, 3);
}

bool cx_slinalg_qr(CxVal a, CxSlinalgQr o, CxVals *out) {
  CxVal v[3];
  bool alone = linalg_name_is(o.mode, "r"), full = alone || linalg_name_is(o.mode, "full");
  FAIL_IF(!full && !linalg_name_is(o.mode, "economic"), CX_ERR_VALUE, "Unsupported QR decomposition mode '%s'", o.mode);
  TRY((a = linalg_inexact(a)) && cx_qr(a, o.pivoting, full, v));
  return push(out, alone ? v + 1 : v, (alone ? 1 : 2) + o.pivoting);
}

/* By a's Cholesky factor, with derivatives by the equation itself: a x' = b' - a' x. */
static CxVal solve_positive(CxVal a, CxVal b, bool lower) {
  Sides s;
  if (!sides_of(a, b, &s)) return NULL;
  CxVal c = cx_slinalg_cholesky(s.a, (CxSlinalgCholesky){.lower = lower});
  return answer(&s, cx_slinalg_cho_solve_with(c, lower, s.b));
}

CxVal cx_slinalg_solve(CxVal a, CxVal b, CxSlinalgSolve o) {
  bool pos = linalg_name_is(o.assume_a, "pos");
  FAIL_IF(!pos && !linalg_name_is(o.assume_a, "gen") && !linalg_name_is(o.assume_a, "sym") && !linalg_name_is(o.assume_a, "her"), CX_ERR_VALUE,
          "Expected assume_a to be one of ['gen', 'sym', 'her', 'pos']; got '%s'", o.assume_a);
  return pos ? solve_positive(a, b, o.lower) : cx_linalg_solve(a, b);
}

/* ---- the exponential ---- */

static CxVal times(CxVal x, double by) { return x ? cx_mul(x, cx_like(x, by)) : NULL; }

/* U and V of the Padé approximation (V - U)^-1 (V + U) of exp: order 7 for f32, 13 for f64 */
static void pade(CxVal a, CxVal *u, CxVal *v) {
  int64_t n = mat_n(a->type);
  CxVal eye = mat_eye(a->type->dtype, a->type->rank, n, n), a2 = mat_mul(a, a), a4 = mat_mul(a2, a2), a6 = mat_mul(a4, a2);
  if (mat_real(a->type->dtype) == CX_F32) {
    CxVal odd = cx_add(cx_add(a6, times(a4, 1512)), cx_add(times(a2, 277200), times(eye, 8648640)));
    *u = mat_mul(a, odd);
    *v = cx_add(cx_add(times(a6, 56), times(a4, 25200)), cx_add(times(a2, 1995840), times(eye, 17297280)));
    return;
  }
  CxVal high_u = mat_mul(a6, cx_add(cx_add(a6, times(a4, 16380)), times(a2, 40840800)));
  CxVal low_u = cx_add(cx_add(times(a6, 33522128640), times(a4, 10559470521600)), cx_add(times(a2, 1187353796428800), times(eye, 32382376266240000)));
  CxVal high_v = mat_mul(a6, cx_add(cx_add(times(a6, 182), times(a4, 960960)), times(a2, 1323241920)));
  CxVal low_v = cx_add(cx_add(times(a6, 670442572800), times(a4, 129060195264000)), cx_add(times(a2, 7771770303897600), times(eye, 64764752532480000)));
  *u = mat_mul(a, cx_add(high_u, low_u)), *v = cx_add(high_v, low_v);
}

/* r squared where count > i: the unit matrix takes part elsewhere, so that nothing overflows there */
static CxVal squared_while(CxVal r, CxVal count, int64_t i, CxVal eye) {
  CxVal on = cx_broadcast_to(cx_gt(count, cx_like(count, (double)i)), r->type->rank, r->type->dims);
  CxVal x = cx_select(on, r, eye);
  return cx_select(on, mat_mul(x, x), r);
}

CxVal cx_slinalg_expm(CxVal a, CxSlinalgExpm o) {
  char text[256];
  if (!(a = linalg_inexact(a))) return NULL;
  const CxType *t = a->type;
  FAIL_IF(t->rank < 2 || mat_m(t) != mat_n(t), CX_ERR_VALUE, "Expected A to be a (batched) square matrix, got A.shape=%s.", dims_text(t->dims, t->rank, text, sizeof text));
  if (!t->size) return a;
  int last = t->rank - 1;
  bool single = mat_real(t->dtype) == CX_F32;
  CxVal sums = cx_reduce_sum(cx_abs(cx_stop_gradient(a)), cx_ints(last - 1)), norm = sums ? cx_reduce_max(sums, cx_ints(last - 1)) : NULL;
  if (!norm) return NULL;
  CxVal level = cx_div(cx_log(cx_mul(norm, cx_like(norm, 1 / (single ? 3.92572478313866 : 5.371920351148152)))), cx_like(norm, 0.69314718055994530942));
  CxVal count = cx_expand_dims(cx_max(cx_ceil(level), cx_like(norm, 0)), cx_ints(last - 1, last)); /* of squarings: [..., 1, 1] */
  CxVal scale = count ? cx_convert(cx_exp2(cx_neg(count)), t->dtype) : NULL, u = NULL, v = NULL;
  if (!scale) return NULL;
  pade(cx_mul(a, cx_broadcast_to(scale, t->rank, t->dims)), &u, &v);
  CxVal p = cx_add(u, v), q = cx_sub(v, u);
  CxVal r = o.upper_triangular ? cx_triangular_solve(q, p, (CxTriangularSolve){.left_side = true}) : linalg_solve(q, p);
  if (!r) return NULL;
  CxVal eye = cx_broadcast_to(mat_eye(t->dtype, t->rank, mat_n(t), mat_n(t)), t->rank, t->dims);
  double most = (double)o.max_squarings;
  if (t->rank == 2 && cx_is_array(count) && cx_to_double(count) < most) most = cx_to_double(count);
  for (int64_t i = 0; r && (double)i < most; i++) r = squared_while(r, count, i, eye);
  CxVal over = cx_broadcast_to(cx_gt(count, cx_like(count, (double)o.max_squarings)), t->rank, t->dims);
  return r ? cx_select(over, cx_full(cx_type_with_dtype(t, t->dtype, false), NAN), r) : NULL;
}

static bool expm_call(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  (void)env, (void)nin;
  CxVal z = cx_slinalg_expm(in[0], (CxSlinalgExpm){.max_squarings = 16});
  return z && cx_vals_push(out, z);
}

bool cx_slinalg_expm_frechet_pair(CxVal a, CxVal e, CxVals *out) {
  CxVal v[2] = {a, e};
  TRY(a && e && linalg_inexact_all(2, v));
  for (int i = 0; i < 2; i++) FAIL_IF(v[i]->type->rank < 2 || mat_m(v[i]->type) != mat_n(v[i]->type), CX_ERR_VALUE, "expected %s to be a square matrix", i ? "E" : "A");
  FAIL_IF(!cx_type_same_dims(v[0]->type, v[1]->type), CX_ERR_VALUE, "expected A and E to be the same shape");
  CxFn *f = cx_fn("expm", expm_call, NULL, NULL);
  CxVals x = {0}, t = {0};
  bool ok = f && cx_jvp(f, &v[0], &v[1], 1, &x, &t) && push(out, (CxVal[]){x.v[0], cx_instantiate(t.v[0], x.v[0]->type)}, 2);
  cx_vals_free(&x), cx_vals_free(&t), cx_fn_release(f);
  return ok;
}

/* ---- polar, hessenberg, tridiagonal eigenvalues ---- */

bool cx_slinalg_polar(CxVal a, CxSlinalgPolar o, CxVals *out) {
  CxVal v[3];
  bool left = linalg_name_is(o.side, "left");
  FAIL_IF(!left && !linalg_name_is(o.side, "right"), CX_ERR_VALUE, "The argument `side` must be either 'right' or 'left'.");
  FAIL_IF(!linalg_name_is(o.method, "qdwh") && !linalg_name_is(o.method, "svd"), CX_ERR_VALUE, "Unknown polar decomposition method %s.", o.method);
  TRY((a = linalg_inexact(a)) && cx_svd(a, false, true, false, v));
  CxVal s = cx_convert(cx_expand_dims(v[0], cx_ints(v[0]->type->rank - 1)), a->type->dtype), u = v[1], vh = v[2];
  CxVal p = left ? mat_mul(cx_mul(u, s), mat_h(u)) : mat_mul(cx_mul(mat_h(vh), s), vh);
  return push(out, (CxVal[]){mat_mul(u, vh), p}, 2);
}

bool cx_slinalg_hessenberg(CxVal a, CxSlinalgHessenberg o, CxVals *out) {
  CxVal v[2];
  TRY(a);
  int64_t n = a->type->rank ? a->type->dims[a->type->rank - 1] : 0;
  if (!n) return push(out, (CxVal[]){a, a}, o.calc_q ? 2 : 1);
  TRY(cx_hessenberg(a, v));
  CxVal h = mat_triu(v[0], -1);
  if (!o.calc_q) return push(out, &h, 1);
  CxVal q = cx_householder_product(mat_block(v[0], 1, n, 0, n - 1), v[1]), corner = mat_pad(mat_eye(a->type->dtype, a->type->rank, 1, 1), 0, n - 1, 0, n - 1);
  return push(out, (CxVal[]){h, cx_add(mat_pad(q, 1, 0, 1, 0), corner)}, 2);
}

bool cx_slinalg_eigh_tridiagonal(CxVal d, CxVal e, CxSlinalgEighTridiagonal o, CxVals *out) {
  CxVal v[2] = {d, e}, vw[2];
  FAIL_IF(!linalg_name_is(o.select, "a"), CX_ERR_NOT_IMPLEMENTED, "eigh_tridiagonal: only select='a' is implemented; take a slice of the result");
  TRY(d && e && linalg_inexact_all(2, v));
  FAIL_IF(v[0]->type->rank != 1 || v[1]->type->rank != 1 || v[1]->type->size + 1 != v[0]->type->size, CX_ERR_TYPE, "expected d of n and e of n - 1 elements");
  int64_t n = v[0]->type->size;
  CxVal off = mat_pad(mat_from_diag(v[1]), 1, 0, 0, 1), diag = mat_from_diag(mat_is_complex(v[0]) ? cx_convert(cx_real(v[0]), v[0]->type->dtype) : v[0]);
  CxVal x = n > 1 ? cx_add(cx_add(diag, off), mat_h(off)) : diag;
  TRY(x && cx_eigh(x, true, vw));
  return o.eigvals_only ? push(out, &vw[1], 1) : push(out, (CxVal[]){vw[1], vw[0]}, 2);
}
