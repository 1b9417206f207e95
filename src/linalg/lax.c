/* jax.lax.linalg: the primitives with the few steps around them. */
#include "np/promote.h"
#include "op/matrix.h"
#include <cuirax/library.h>
#include <cuirax/linalg.h>

static CxVal symmetrized(CxVal x) { /* what is not a matrix is left to the primitive's checks */
  if (!x || x->type->rank < 2 || !is_inexact(x->type)) return x;
  return cx_div(cx_add(x, mat_h(x)), cx_like(x, 2));
}
static bool push_all(CxVals *out, const CxVal *v, int n) {
  for (int i = 0; i < n; i++) TRY(v[i] && cx_vals_push(out, v[i]));
  return true;
}

CxVal cx_laxlinalg_cholesky(CxVal x, CxLaxlinalgCholesky o) { return mat_tril(cx_cholesky(o.symmetrize_input ? symmetrized(x) : x), 0); }
CxVal cx_laxlinalg_cholesky_update(CxVal r, CxVal w) { return cx_cholesky_update(r, w); }

bool cx_laxlinalg_lu(CxVal x, CxVals *out) {
  CxVal v[3];
  return cx_lu(x, v) && push_all(out, v, 3);
}
CxVal cx_laxlinalg_lu_pivots_to_permutation(CxVal pivots, int64_t size) { return cx_lu_pivots_to_permutation(pivots, size); }

CxVal cx_laxlinalg_triangular_solve(CxVal a, CxVal b, CxLaxlinalgTriangularSolve o) {
  if (!a || !b) return NULL;
  int n = b->type->rank;
  bool vector = n == a->type->rank - 1;
  if (vector) b = cx_expand_dims(b, cx_ints(o.left_side ? n : n - 1));
  CxVal x = cx_triangular_solve(a, b, (CxTriangularSolve){o.left_side, o.lower, o.transpose_a, o.conjugate_a && mat_is_complex(a), o.unit_diagonal});
  return x && vector ? cx_squeeze(x, cx_ints(o.left_side ? n : n - 1)) : x;
}
CxVal cx_laxlinalg_tridiagonal_solve(CxVal dl, CxVal d, CxVal du, CxVal b, CxLaxlinalgTridiagonalSolve o) {
  if (o.perturb_singular) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "tridiagonal_solve: perturb_singular=True is not implemented; add a small number to the diagonal"), NULL;
  return cx_tridiagonal_solve(dl, d, du, b);
}
CxVal cx_laxlinalg_symmetric_product(CxVal a, CxVal c, CxLaxlinalgSymmetricProduct o) {
  CxVal z = cx_symmetric_product(a, c, o.alpha, o.beta);
  return o.symmetrize_output ? cx_add(mat_tril(z, 0), mat_t(mat_tril(z, -1))) : z;
}

bool cx_laxlinalg_geqrf(CxVal a, CxVals *out) {
  CxVal v[2];
  return cx_geqrf(a, v) && push_all(out, v, 2);
}
CxVal cx_laxlinalg_householder_product(CxVal a, CxVal taus) { return cx_householder_product(a, taus); }
CxVal cx_laxlinalg_ormqr(CxVal a, CxVal taus, CxVal c, CxLaxlinalgOrmqr o) { return cx_ormqr(a, taus, c, o.left, o.transpose); }
bool cx_laxlinalg_qr(CxVal x, CxLaxlinalgQr o, CxVals *out) {
  CxVal v[3];
  return cx_qr(x, o.pivoting, o.full_matrices, v) && push_all(out, v, o.pivoting ? 3 : 2);
}

bool cx_laxlinalg_eigh(CxVal x, CxLaxlinalgEigh o, CxVals *out) {
  CxVal v[2];
  return cx_eigh(o.symmetrize_input ? symmetrized(x) : x, o.lower, v) && push_all(out, v, 2);
}
bool cx_laxlinalg_eig(CxVal x, CxLaxlinalgEig o, CxVals *out) {
  CxVal v[3];
  CxEig how = {o.compute_left_eigenvectors, o.compute_right_eigenvectors, o.enable_eigvec_derivs, NULL};
  return cx_eig(x, how, v) && push_all(out, v, 1 + how.compute_left_eigenvectors + how.compute_right_eigenvectors);
}
bool cx_laxlinalg_svd(CxVal x, CxLaxlinalgSvd o, CxVals *out) {
  CxVal v[3];
  if (!cx_svd(x, o.full_matrices, o.compute_uv, false, v)) return false;
  return o.compute_uv ? push_all(out, (CxVal[]){v[1], v[0], v[2]}, 3) : push_all(out, v, 1);
}
bool cx_laxlinalg_schur(CxVal x, CxLaxlinalgSchur o, CxVals *out) {
  CxVal v[2];
  FAIL_IF(o.sort_eig_vals, CX_ERR_NOT_IMPLEMENTED, "schur: sorting eigenvalues is not implemented");
  return cx_schur(x, o.compute_schur_vectors, v) && push_all(out, v, o.compute_schur_vectors ? 2 : 1);
}
bool cx_laxlinalg_hessenberg(CxVal a, CxVals *out) {
  CxVal v[2];
  return cx_hessenberg(a, v) && push_all(out, v, 2);
}
bool cx_laxlinalg_tridiagonal(CxVal a, CxLaxlinalgTridiagonal o, CxVals *out) {
  CxVal v[4];
  return cx_tridiagonal(a, o.lower, v) && push_all(out, v, 4);
}
