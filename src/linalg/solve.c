/* jax.numpy.linalg: cholesky, solve, inv, det, slogdet. */
#include "linalg/shapes.h"
#include <cuirax/custom.h>
#include <math.h>

CxVal cx_linalg_cholesky(CxVal a, CxLinalgCholesky o) {
  CxVal l = cx_laxlinalg_cholesky(linalg_inexact(a), (CxLaxlinalgCholesky){o.symmetrize_input});
  return o.upper ? mat_h(l) : l;
}

CxVal cx_linalg_solve(CxVal a, CxVal b) {
  char text[2][256];
  CxVal v[2] = {a, b};
  if (!a || !b || !linalg_inexact_all(2, v)) return NULL;
  const CxType *s = v[0]->type, *t = v[1]->type;
  const char *sa = dims_text(s->dims, s->rank, text[0], sizeof text[0]), *sb = dims_text(t->dims, t->rank, text[1], sizeof text[1]);
  FAIL_IF(s->rank < 2, CX_ERR_VALUE, "left hand array must be at least two dimensional; got a.shape=%s", sa);
  FAIL_IF(t->rank < 1 || mat_m(s) != mat_n(s), CX_ERR_VALUE, "solve takes a square a and b of one or more axes; got shapes %s and %s", sa, sb);
  FAIL_IF(t->rank > 1 && s->rank == t->rank + 1 && mat_n(s) == mat_n(t) && mat_n(s) != mat_m(t), CX_ERR_VALUE,
          "Invalid shapes for solve: %s, %s. A stack of vectors b is solved by solve(a, b[..., None]).squeeze(-1).", sa, sb);
  FAIL_IF(t->dims[t->rank > 1 ? t->rank - 2 : 0] != mat_n(s), CX_ERR_VALUE, "solve: the rows of b must be as many as those of a; got shapes %s and %s", sa, sb);
  if (t->rank > 1) return linalg_solve(v[0], v[1]);
  CxVal x = linalg_solve(v[0], cx_expand_dims(v[1], cx_ints(1)));
  return x ? cx_squeeze(x, cx_ints(x->type->rank - 1)) : NULL;
}

CxVal cx_linalg_inv(CxVal a) {
  a = linalg_inexact(a);
  if (!linalg_square(a, "Argument to inv")) return NULL;
  CxVal eye = mat_eye(a->type->dtype, 2, mat_n(a->type), mat_n(a->type));
  return linalg_solve(a, cx_broadcast_to(eye, a->type->rank, a->type->dims));
}

/* ---- determinants ---- */

static CxVal last_sum(CxVal x) { return x ? cx_reduce_sum(x, cx_ints(x->type->rank - 1)) : NULL; }
static CxVal last_prod(CxVal x) { return x ? cx_reduce_prod(x, cx_ints(x->type->rank - 1)) : NULL; }
static CxVal count_last(CxVal is) { return last_sum(cx_convert(is, CX_I32)); }
static CxVal one_of(CxVal x) { return cx_convert(x, x->type->dtype); }

static CxVal exchanges(CxVal pivots) {
  return pivots ? count_last(cx_ne(pivots, cx_iota(CX_I32, pivots->type->rank, pivots->type->dims, pivots->type->rank - 1))) : NULL;
}
static CxVal sign_of_count(CxVal n, CxDtype d) { /* 1 if n is even, else -1 */
  CxVal odd = cx_convert(cx_rem(n, cx_like(n, 2)), d);
  return odd ? cx_sub(cx_like(odd, 1), cx_mul(cx_like(odd, 2), odd)) : NULL;
}

static bool slogdet_lu(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  (void)env, (void)nin;
  CxVal x = one_of(in[0]), lu[3];
  TRY(cx_lu(x, lu));
  CxVal diag = mat_diag(lu[0]), size = cx_abs(diag), n = exchanges(lu[1]);
  TRY(diag && size && n);
  CxVal zero = cx_like(diag, 0), any_zero = cx_reduce_or(cx_eq(diag, zero), cx_ints(diag->type->rank - 1)), sign;
  if (mat_is_complex(x)) sign = cx_mul(last_prod(cx_div(diag, cx_convert(size, diag->type->dtype))), sign_of_count(n, x->type->dtype));
  else sign = sign_of_count(cx_add(n, count_last(cx_lt(diag, zero))), x->type->dtype);
  CxVal log = last_sum(cx_log(size));
  TRY(sign && log && any_zero);
  return cx_vals_push(out, cx_select(any_zero, cx_zeros(sign->type), sign)) && cx_vals_push(out, cx_select(any_zero, cx_full(log->type, -INFINITY), log)) && !cx_failed();
}

/* log|det| grows by tr(x^-1 x'); its imaginary part turns the phase */
static bool slogdet_rule(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  (void)nin;
  CxVals v = {0};
  bool ok = slogdet_lu(env, in, 1, &v);
  CxVal t = ok ? last_sum(mat_diag(linalg_solve(in[0], in[1]))) : NULL, sign_dot = NULL;
  if (t && mat_is_complex(t)) {
    CxVal re = cx_real(t);
    sign_dot = cx_mul(cx_sub(t, cx_convert(re, t->type->dtype)), v.v[0]);
    t = re;
  } else if (t) sign_dot = cx_zeros(v.v[0]->type);
  ok = ok && t && sign_dot && cx_vals_push(out, v.v[0]) && cx_vals_push(out, v.v[1]) && cx_vals_push(out, sign_dot) && cx_vals_push(out, t);
  cx_vals_free(&v);
  return ok;
}

typedef bool Call(void *env, const CxVal *in, uint32_t nin, CxVals *out);
static bool with_rule(const char *name, Call *call, Call *rule, CxVal x, CxVals *out) {
  CxFn *f = cx_fn(name, call, NULL, NULL), *r = cx_fn(name, rule, NULL, NULL);
  bool ok = f && r && cx_custom_jvp(f, r, false, &x, 1, out);
  cx_fn_release(f), cx_fn_release(r);
  return ok;
}

/* det = (product of R's diagonal) (-1)^(number of reflections) */
static bool slogdet_qr(CxVal x, CxVals *out) {
  CxVal v[2];
  FAIL_IF(mat_is_complex(x), CX_ERR_NOT_IMPLEMENTED, "slogdet method='qr' not implemented for complex inputs");
  TRY(cx_geqrf(x, v));
  CxVal diag = mat_diag(v[0]), taus = v[1];
  int64_t n = mat_n(x->type);
  TRY(diag);
  CxVal turned = cx_ne(cx_slice_axis(taus, taus->type->rank - 1, 0, n > 0 ? n - 1 : 0), cx_like(taus, 0));
  return cx_vals_push(out, cx_mul(last_prod(cx_sign(diag)), sign_of_count(count_last(turned), diag->type->dtype))) && cx_vals_push(out, last_sum(cx_log(cx_abs(diag)))) &&
         !cx_failed();
}

bool cx_linalg_slogdet(CxVal a, CxLinalgSlogdet o, CxVals *out) {
  a = linalg_inexact(a);
  TRY(linalg_square(a, "Argument to slogdet()"));
  if (linalg_name_is(o.method, "qr")) return slogdet_qr(a, out);
  FAIL_IF(o.method && !linalg_name_is(o.method, "lu"), CX_ERR_VALUE, "Unknown slogdet method '%s'. Supported methods are 'lu' (`None`), and 'qr'.", o.method);
  return with_rule("slogdet", slogdet_lu, slogdet_rule, a, out);
}

static bool det_lu(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  CxVals v = {0};
  bool ok = slogdet_lu(env, in, nin, &v);
  CxVal size = ok ? cx_exp(v.v[1]) : NULL;
  ok = size && cx_vals_push(out, cx_mul(v.v[0], cx_convert(size, v.v[0]->type->dtype)));
  cx_vals_free(&v);
  return ok;
}

/* adjugate(a) b by a = P L U, well defined for singular a: with the last pivot replaced by 1 / (the product of the others), U^-1 scaled by the
 * determinant but for the last row. Ranks below n - 1 give zeros. */
static CxVal adjugate_times(CxVal a, CxVal b, CxVal *det) {
  CxVal lu[3];
  if (!cx_lu(a, lu)) return NULL;
  int64_t n = mat_n(a->type);
  int rank = a->type->rank, last = rank - 1;
  CxVal diag = mat_diag(lu[0]), sign = sign_of_count(exchanges(lu[1]), a->type->dtype);
  if (!diag || !sign) return NULL;
  CxVal partial = cx_mul(cx_cumprod(diag, last - 1, false), cx_expand_dims(sign, cx_ints(last - 1)));
  *det = linalg_last(partial, 0, n - 1);
  CxVal before = linalg_last(partial, 0, n - 2), pivot = cx_div(cx_like(before, 1), before);
  CxVal corner = cx_convert(mat_pad(mat_eye(a->type->dtype, rank, 1, 1), n - 1, 0, n - 1, 0), CX_BOOL);
  CxVal changed = cx_select(cx_broadcast_to(corner, rank, a->type->dims), cx_broadcast_to(cx_expand_dims(pivot, cx_ints(last - 1, last)), rank, a->type->dims), lu[0]);
  CxVal ones = changed ? cx_full(mat_block(changed, 0, n, 0, 1)->type, 1) : NULL;
  CxTriangularSolve upper = {.left_side = true}, lower = {.left_side = true, .lower = true, .unit_diagonal = true};
  CxVal probe = cx_triangular_solve(changed, ones, upper);
  CxVal bad = probe ? cx_reduce_or(cx_not(cx_is_finite(mat_is_complex(probe) ? cx_add(cx_real(probe), cx_imag(probe)) : probe)), cx_ints(last - 1)) : NULL;
  if (!bad) return NULL;
  CxVal drop = cx_broadcast_to(cx_expand_dims(bad, cx_ints(last)), rank, a->type->dims), zeros = cx_zeros(cx_type_with_dtype(b->type, b->type->dtype, false));
  CxVal x = cx_triangular_solve(changed, mat_rows(cx_select(drop, zeros, b), lu[2]), lower);
  CxVal parts[2] = {cx_mul(mat_block(x, 0, n - 1, 0, n), cx_expand_dims(*det, cx_ints(last - 1, last))), mat_block(x, n - 1, n, 0, n)};
  x = cx_triangular_solve(changed, cx_concatenate(2, parts, last - 1), upper);
  return x ? cx_select(drop, zeros, x) : NULL;
}

static bool det_rule(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  (void)env, (void)nin;
  CxVal det = NULL, x = adjugate_times(in[0], in[1], &det);
  return x && det && cx_vals_push(out, det) && cx_vals_push(out, last_sum(mat_diag(x))) && !cx_failed();
}

/* Of a stack with its matrix axes first, where slices are contiguous. */
static CxVal at(CxVal a, int64_t i, int64_t j) { return linalg_first(linalg_first(a, i), j); }
static CxVal minor_2(CxVal a, int64_t j, int64_t k) { return cx_sub(cx_mul(at(a, 1, j), at(a, 2, k)), cx_mul(at(a, 1, k), at(a, 2, j))); }

CxVal cx_linalg_det(CxVal a) {
  a = linalg_inexact(a);
  if (!linalg_square(a, "Argument to _det()")) return NULL;
  int64_t n = mat_n(a->type);
  if (n && n <= 3) a = cx_move_axis(cx_move_axis(a, a->type->rank - 2, 0), a->type->rank - 1, 1);
  if (n == 1) return at(a, 0, 0);
  if (n == 2) return cx_sub(cx_mul(at(a, 0, 0), at(a, 1, 1)), cx_mul(at(a, 0, 1), at(a, 1, 0)));
  if (n == 3)
    return cx_add(cx_sub(cx_mul(at(a, 0, 0), minor_2(a, 1, 2)), cx_mul(at(a, 0, 1), minor_2(a, 0, 2))), cx_mul(at(a, 0, 2), minor_2(a, 0, 1)));
  CxVals v = {0};
  CxVal det = with_rule("det", det_lu, det_rule, a, &v) ? v.v[0] : NULL;
  cx_vals_free(&v);
  return det;
}
