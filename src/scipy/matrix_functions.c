/* jax.scipy.linalg: functions by way of the complex Schur form, T upper triangular: a column at a time, each by one triangular solve. */
#include "linalg/shapes.h"
#include <math.h>

static bool push2(CxVals *out, CxVal a, CxVal b) { return a && b && cx_vals_push(out, a) && cx_vals_push(out, b) && !cx_failed(); }

static bool complex_schur(CxVal x, CxVal *t, CxVal *z) {
  CxVal v[2];
  TRY(x && cx_schur(cx_convert(x, mat_complex(x->type->dtype)), true, v));
  return *t = v[0], *z = v[1], true;
}

static bool one_matrix(CxVal x, const char *name) {
  FAIL_IF(x && (x->type->rank != 2 || mat_m(x->type) != mat_n(x->type)), CX_ERR_VALUE, "%s must be a square matrix.", name);
  return x != NULL;
}

/* the leading k x k block of x plus its s, a scalar of shape (1, 1), on the diagonal */
static CxVal plus_diagonal(CxVal x, CxVal s) {
  int64_t k = mat_n(x->type);
  return cx_add(x, cx_mul(mat_eye(x->type->dtype, 2, k, k), cx_broadcast_to(s, 2, x->type->dims)));
}
static CxVal corner_at(CxVal x, int64_t i) { return mat_block(x, i, i + 1, i, i + 1); }

/* R R = T: column j of R above the diagonal solves (R + r_jj) c = t */
CxVal cx_slinalg_sqrtm(CxVal a, CxSlinalgSqrtm o) {
  CxVal t, z, r = NULL;
  FAIL_IF(o.blocksize > 1, CX_ERR_NOT_IMPLEMENTED, "Blocked version is not implemented yet.");
  if (!one_matrix(a = linalg_inexact(a), "A") || !complex_schur(a, &t, &z)) return NULL;
  int64_t n = mat_n(t->type);
  for (int64_t j = 0; j < n; j++) {
    CxVal d = cx_sqrt(corner_at(t, j));
    if (!d) return NULL;
    if (!j) {
      r = d;
      continue;
    }
    CxVal c = cx_triangular_solve(plus_diagonal(r, d), mat_block(t, 0, j, j, j + 1), (CxTriangularSolve){.left_side = true});
    CxVal parts[2] = {c, d}, wide[2] = {mat_pad(r, 0, 1, 0, 0), cx_concatenate(2, parts, 0)};
    r = cx_concatenate(2, wide, 1);
  }
  return n ? mat_mul(mat_mul(z, r), mat_h(z)) : cx_convert(a, mat_complex(a->type->dtype));
}

bool cx_slinalg_rsf2csf(CxVal t, CxVal z, CxVals *out) {
  CxVal v[2] = {t, z}, form, w;
  TRY(t && z && linalg_inexact_all(2, v));
  for (int i = 0; i < 2; i++)
    FAIL_IF(v[i]->type->rank < 2 || mat_m(v[i]->type) != mat_n(v[i]->type), CX_ERR_VALUE, "Input '%s' must be square.", i ? "Z" : "T");
  FAIL_IF(!cx_type_same_dims(v[0]->type, v[1]->type), CX_ERR_VALUE, "Input array shapes must match.");
  TRY(complex_schur(v[0], &form, &w));
  return push2(out, form, mat_mul(cx_convert(v[1], w->type->dtype), w));
}

/* A X + X B = C with A = U R U^H, B = V S V^H: column k of Y = U^H X V solves (R + s_kk) y = f_k - Y s_k */
CxVal cx_slinalg_solve_sylvester(CxVal a, CxVal b, CxVal c, CxSlinalgSolveSylvester o) {
  CxVal v[3] = {a, b, c}, r, u, s, w, y = NULL;
  if (!a || !b || !c || !linalg_inexact_all(3, v)) return NULL;
  FAIL_IF(!linalg_name_is(o.method, "schur") && !linalg_name_is(o.method, "eigen"), CX_ERR_VALUE, "Unrecognized method %s. The two valid methods are either \"schur\" or \"eigen\".", o.method);
  for (int i = 0; i < 3; i++) FAIL_IF(v[i]->type->rank != 2, CX_ERR_NOT_IMPLEMENTED, "solve_sylvester takes matrices; map it over stacks with jax.vmap");
  int64_t m = mat_m(v[2]->type), n = mat_n(v[2]->type);
  FAIL_IF(mat_m(v[0]->type) != m || mat_n(v[0]->type) != m || mat_m(v[1]->type) != n || mat_n(v[1]->type) != n, CX_ERR_VALUE, "Incompatible shapes for Sylvester equation");
  if (!complex_schur(v[0], &r, &u) || !complex_schur(v[1], &s, &w)) return NULL;
  CxVal f = mat_mul(mat_mul(mat_h(u), cx_convert(v[2], r->type->dtype)), w);
  for (int64_t k = 0; f && k < n; k++) {
    CxVal rhs = mat_block(f, 0, m, k, k + 1);
    if (k) rhs = cx_sub(rhs, mat_mul(y, mat_block(s, 0, k, k, k + 1)));
    CxVal x = cx_triangular_solve(plus_diagonal(r, corner_at(s, k)), rhs, (CxTriangularSolve){.left_side = true}), both[2] = {y, x};
    y = k ? cx_concatenate(2, both, 1) : x;
  }
  CxVal x = mat_mul(mat_mul(u, y), mat_h(w));
  if (!x) return NULL;
  if (!mat_is_complex(v[2])) x = cx_real(x);
  CxVal sums = cx_abs(cx_np_add(cx_expand_dims(mat_diag(r), cx_ints(1)), mat_diag(s)));
  CxVal singular = sums ? cx_reduce_or(cx_lt(sums, cx_like(sums, o.tol)), cx_ints(0, 1)) : NULL;
  return singular ? cx_select(cx_broadcast_to(singular, 2, x->type->dims), cx_full(x->type, NAN), x) : NULL;
}
