/* Factorizations by elimination and the solves that use them: cholesky, cholesky_update, lu, lu_pivots_to_permutation, triangular_solve,
 * linear_solve, tridiagonal_solve, symmetric_product. Solves are linear in their right-hand side; their tangents by the matrix come from
 * A x' = b' - A' x. */
#include "kernels/matrix.h"
#include "op/matrix.h"
#include <cuirax/linalg.h>

static CxVal minus(CxVal x) { return x ? cx_neg(x) : NULL; }

/* ---- cholesky ---- */

static bool cholesky_type(const CxApp *a, const CxType **out) {
  TRY(mat_types(a, (int[]){2}) && mat_square(a, "The input to cholesky"));
  return out[0] = a->types[0], true;
}

static bool cholesky_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  TRY(out[0] = mat_exec_copy(a, 0, types[0]));
  return matrix_cholesky(types[0]->dtype, mat_batch(types[0], 2), mat_n(types[0]), out[0]->array.data);
}

/* L' = L phi(L^-1 A' L^-H), phi the lower triangle with half of the diagonal */
static void cholesky_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  CxVal l = cx_bind1(CX_OP_CHOLESKY, a->in, 1, NULL);
  out[0] = l;
  if (!t[0] || !l) return;
  l = out[0] = mat_tril(l, 0);
  CxVal right = cx_triangular_solve(l, t[0], (CxTriangularSolve){.lower = true, .transpose_a = true, .conjugate_a = true});
  CxVal both = mat_tril(cx_triangular_solve(l, right, (CxTriangularSolve){.left_side = true, .lower = true}), 0);
  if (!both) return;
  int64_t n = mat_n(l->type);
  CxVal eye = mat_eye(l->type->dtype, l->type->rank, n, n);
  tout[0] = mat_mul(l, cx_div(both, cx_add(eye, cx_like(eye, 1))));
}

MATRIX_OP(CHOLESKY, "cholesky", "L with x = L L^H in the lower triangle; the upper triangle is x's", 1, 1, NULL, 0, cholesky_jvp, rule_nonlinear, mat_batch_rule,
          .type = cholesky_type, .exec = cholesky_exec);
CxVal cx_cholesky(CxVal x) { return cx_bind1(CX_OP_CHOLESKY, &x, 1, NULL); }

static bool cholesky_update_type(const CxApp *a, const CxType **out) {
  char text[256];
  const CxType *r = a->types[0], *w = a->types[1];
  for (uint32_t i = 0; i < 2; i++) FAIL_IF(a->types[i]->rank != (i ? 1 : 2), CX_ERR_TYPE, "Input %u to cholesky_update must have a rank of exactly %d", i, i ? 1 : 2);
  TRY(mat_types(a, (int[]){2, 1}));
  FAIL_IF(!kind_in(r, "f"), CX_ERR_TYPE, "cholesky_update does not accept dtype %s.", cx_dtype_name(r->dtype));
  FAIL_IF(mat_m(r) != mat_n(r) || w->dims[0] != mat_n(r), CX_ERR_VALUE,
          "Rank-1 update to Cholesky decomposition takes a square matrix and a vector of the same size as input. Got shapes %s instead", shapes_text(a, text, sizeof text));
  return out[0] = r, true;
}
static bool cholesky_update_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  size_t bytes = type_bytes(a->types[1]);
  void *w = cx_malloc(bytes + 1);
  out[0] = w ? mat_exec_copy(a, 0, types[0]) : NULL;
  if (out[0]) {
    memcpy(w, a->in[1]->array.data, bytes);
    matrix_cholesky_update(types[0]->dtype, mat_n(types[0]), out[0]->array.data, w);
  }
  cx_free(w);
  return out[0] != NULL;
}
MATRIX_OP(CHOLESKY_UPDATE, "cholesky_update", "R' with R'^T R' = R^T R + w w^T", 2, 1, NULL, 0, rule_jvp_nojvp, rule_nonlinear, rule_nobatch,
          .type = cholesky_update_type, .exec = cholesky_update_exec);
CxVal cx_cholesky_update(CxVal r, CxVal w) { return cx_bind1(CX_OP_CHOLESKY_UPDATE, (CxVal[]){r, w}, 2, NULL); }

/* ---- lu ---- */

static bool lu_type(const CxApp *a, const CxType **out) {
  TRY(mat_types(a, (int[]){2}));
  int64_t m = mat_m(a->types[0]), n = mat_n(a->types[0]), k = m < n ? m : n;
  FAIL_IF(m > INT32_MAX, CX_ERR_VALUE, "lu takes matrices of at most 2147483647 rows");
  return (out[0] = a->types[0]) && (out[1] = mat_type(a, 2, CX_I32, 1, &k)) && (out[2] = mat_type(a, 2, CX_I32, 1, &m));
}

static bool lu_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  for (int i = 0; i < 3; i++)
    if (!(out[i] = i ? node_array(types[i]) : mat_exec_copy(a, 0, types[0]))) return false;
  return matrix_lu(types[0]->dtype, mat_batch(types[0], 2), mat_m(types[0]), mat_n(types[0]), out[0]->array.data, (void *)out[1]->array.data, (void *)out[2]->array.data);
}

/* P A = L U: L' = L tril(L^-1 P A' U^-1, -1), U' = triu(L^-1 P A' U^-1) U, with L and U padded to squares by ones on the diagonal */
static CxVal lu_tangent(CxVal lu, CxVal perm, CxVal t) {
  int64_t m = mat_m(lu->type), n = mat_n(lu->type), k = m < n ? m : n;
  int rank = lu->type->rank;
  CxVal l = cx_add(mat_pad(mat_tril(mat_block(lu, 0, m, 0, k), -1), 0, 0, 0, m - k), mat_eye(lu->type->dtype, rank, m, m));
  CxVal u_eye = mat_pad(mat_eye(lu->type->dtype, rank, n - k, n - k), k, 0, k, 0);
  CxVal u = cx_add(mat_pad(mat_triu(mat_block(lu, 0, k, 0, n), 0), 0, n - k, 0, 0), u_eye);
  CxVal la = cx_triangular_solve(l, mat_rows(t, perm), (CxTriangularSolve){.left_side = true, .lower = true, .unit_diagonal = true});
  CxVal lau = cx_triangular_solve(u, la, (CxTriangularSolve){0});
  return cx_add(mat_mul(l, mat_tril(lau, -1)), mat_mul(mat_triu(lau, 0), u));
}

static void lu_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  if (cx_bind(CX_OP_LU, a->in, 1, NULL, out, 3) && t[0]) tout[0] = lu_tangent(out[0], out[2], t[0]);
}

MATRIX_OP(LU, "lu", "P x = L U: L (unit diagonal) and U in one, the row exchanges, the permutation P", 1, 3, NULL, 0, lu_jvp, rule_nonlinear, mat_batch_rule,
          .type = lu_type, .exec = lu_exec);
bool cx_lu(CxVal x, CxVal *out) { return cx_bind(CX_OP_LU, &x, 1, NULL, out, 3); }

typedef struct CxPermutationAttrs { int64_t permutation_size; } CxPermutationAttrs;
static bool pivots_type(const CxApp *a, const CxType **out) {
  int64_t size = ((const CxPermutationAttrs *)a->attrs)->permutation_size;
  const CxType *t = a->types[0];
  TRY(mat_types(a, (int[]){-1}));
  FAIL_IF(size < mat_n(t) || size > INT32_MAX, CX_ERR_VALUE, "Output permutation size %lld has to exceed the trailing dimension of the pivots. Got pivots size %lld", (long long)size,
          (long long)mat_n(t));
  return (out[0] = mat_type(a, 1, CX_I32, 1, &size)) != NULL;
}
static bool pivots_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  TRY(exec_alloc(a, types, out));
  matrix_permutation(mat_batch(types[0], 1), mat_n(a->types[0]), mat_n(types[0]), (const void *)a->in[0]->array.data, (void *)out[0]->array.data);
  return true;
}
static const CxField permutation_fields[] = {CX_FIELD(CxPermutationAttrs, permutation_size, INT, 0, NULL), CX_FIELDS_END};
MATRIX_OP(LU_PIVOTS_TO_PERMUTATION, "lu_pivots_to_permutation", "the permutation that a list of exchanges makes of 0 … size - 1", 1, 1, permutation_fields,
          sizeof(CxPermutationAttrs), rule_nondiff, rule_nonlinear, mat_batch_rule, .type = pivots_type, .exec = pivots_exec);
CxVal cx_lu_pivots_to_permutation(CxVal pivots, int64_t size) { return cx_bind1(CX_OP_LU_PIVOTS_TO_PERMUTATION, &pivots, 1, &(CxPermutationAttrs){size}); }

/* ---- triangular_solve ---- */

static bool triangular_type(const CxApp *a, const CxType **out) {
  const CxTriangularSolve *s = a->attrs;
  const CxType *x = a->types[0], *b = a->types[1];
  char text[256];
  TRY(mat_types(a, (int[]){2, 2}));
  FAIL_IF(mat_m(x) != mat_n(x), CX_ERR_VALUE, "The first input to triangular_solve must be a square matrix. Got shape %s.", dims_text(x->dims + x->rank - 2, 2, text, sizeof text));
  FAIL_IF(mat_n(x) != (s->left_side ? mat_m(b) : mat_n(b)), CX_ERR_VALUE, "Incompatible shapes for arguments to triangular_solve: %s.", shapes_text(a, text, sizeof text));
  int64_t dims[] = {mat_m(b), mat_n(b)};
  return (out[0] = mat_type(a, 2, b->dtype, 2, dims)) != NULL;
}

static bool triangular_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxTriangularSolve *s = a->attrs;
  TRY(out[0] = mat_exec_copy(a, 1, types[0]));
  CxTriangular how = {s->left_side, s->lower, s->transpose_a, s->conjugate_a, s->unit_diagonal};
  return matrix_triangular_solve(types[0]->dtype, mat_batch(types[0], 2), mat_m(types[0]), mat_n(types[0]), a->in[0]->array.data, out[0]->array.data, how);
}

/* op(A') as far as it takes part */
static CxVal triangular_tangent(CxVal t, const CxTriangularSolve *s) {
  t = s->lower ? mat_tril(t, s->unit_diagonal ? -1 : 0) : mat_triu(t, s->unit_diagonal ? 1 : 0);
  if (s->transpose_a) t = mat_t(t);
  return t && s->conjugate_a && mat_is_complex(t) ? cx_conj(t) : t;
}

static void triangular_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxTriangularSolve *s = a->attrs;
  CxVal x = out[0] = cx_bind1(a->op, a->in, 2, s), by_a = NULL;
  if (!x) return;
  if (t[0]) {
    CxVal d = minus(triangular_tangent(t[0], s));
    bool few = s->left_side ? mat_m(x->type) > mat_n(x->type) : mat_m(x->type) < mat_n(x->type);
    CxVal whole = few ? (s->left_side ? mat_mul(d, x) : mat_mul(x, d)) : d;
    CxVal solved = cx_triangular_solve(a->in[0], whole, *s);
    by_a = few ? solved : s->left_side ? mat_mul(solved, x) : mat_mul(x, solved);
  }
  tout[0] = cx_add_tangents(by_a, t[1] ? cx_triangular_solve(a->in[0], t[1], *s) : NULL);
}

static void triangular_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  CxTriangularSolve s = *(const CxTriangularSolve *)a->attrs;
  if (!a->in[0]) {
    rule_nonlinear(a, ct, ct_in);
    return;
  }
  s.transpose_a = !s.transpose_a;
  if (ct[0]) ct_in[1] = cx_triangular_solve(a->in[0], ct[0], s);
}

/* b's batch joins its columns (its rows, on the right) if a is not batched: one solve */
static void triangular_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxTriangularSolve *s = a->attrs;
  if (axis[0] >= 0 || a->types[1]->rank != 3) {
    mat_batch_rule(a, axis, size, out, out_axis);
    return;
  }
  CxVal b = cx_move_axis(a->in[1], axis[1], s->left_side ? 2 : 0);
  if (!b) return;
  const int64_t *d = b->type->dims;
  CxVal flat = s->left_side ? cx_reshape(b, 2, (int64_t[]){d[0], d[1] * d[2]}) : cx_reshape(b, 2, (int64_t[]){d[0] * d[1], d[2]});
  CxVal x = cx_triangular_solve(a->in[0], flat, *s);
  out[0] = x ? cx_reshape(x, 3, d) : NULL;
  out_axis[0] = s->left_side ? 2 : 0;
}

static const CxField triangular_fields[] = {CX_FIELD(CxTriangularSolve, conjugate_a, BOOL, 0, NULL), CX_FIELD(CxTriangularSolve, left_side, BOOL, 0, NULL),
                                            CX_FIELD(CxTriangularSolve, lower, BOOL, 0, NULL), CX_FIELD(CxTriangularSolve, transpose_a, BOOL, 0, NULL),
                                            CX_FIELD(CxTriangularSolve, unit_diagonal, BOOL, 0, NULL), CX_FIELDS_END};
MATRIX_OP(TRIANGULAR_SOLVE, "triangular_solve", "x with op(a) x = b, or x op(a) = b; op(a) is one triangle of a, transposed, conjugated", 2, 1, triangular_fields,
          sizeof(CxTriangularSolve), triangular_jvp, triangular_transpose, triangular_batch, .type = triangular_type, .exec = triangular_exec);
CxVal cx_triangular_solve(CxVal a, CxVal b, CxTriangularSolve how) { return cx_bind1(CX_OP_TRIANGULAR_SOLVE, (CxVal[]){a, b}, 2, &how); }

/* ---- linear_solve: a, its lu, its permutation, b ---- */

typedef struct CxLinearSolveAttrs { bool transpose; } CxLinearSolveAttrs;

static bool linear_type(const CxApp *a, const CxType **out) {
  char text[256];
  TRY(mat_types(a, (int[]){2, 2, -1, 2}));
  const CxType *x = a->types[0], *b = a->types[3];
  FAIL_IF(mat_m(x) != mat_n(x) || !cx_type_same_dims(x, a->types[1]) || mat_n(a->types[2]) != mat_n(x) || mat_m(b) != mat_n(x), CX_ERR_VALUE,
          "linear_solve takes square matrices and b with as many rows; got shapes %s.", shapes_text(a, text, sizeof text));
  return (out[0] = b->weak ? cx_type_with_dtype(b, b->dtype, false) : b) != NULL;
}

static bool linear_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  TRY(exec_alloc(a, types, out));
  const CxType *t = types[0];
  return matrix_lu_solve(t->dtype, mat_batch(t, 2), mat_m(t), mat_n(t), a->in[1]->array.data, (const void *)a->in[2]->array.data, a->in[3]->array.data, out[0]->array.data,
                         ((const CxLinearSolveAttrs *)a->attrs)->transpose);
}

static CxVal linear_again(const CxApp *a, CxVal b, bool flip) {
  bool transpose = ((const CxLinearSolveAttrs *)a->attrs)->transpose != flip;
  return cx_linear_solve(a->in[0], a->in[1], a->in[2], b, transpose);
}

static void linear_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  CxVal x = out[0] = linear_again(a, a->in[3], false), by_a = NULL;
  if (t[0] && x) by_a = minus(mat_mul(((const CxLinearSolveAttrs *)a->attrs)->transpose ? mat_t(t[0]) : t[0], x));
  CxVal rhs = cx_add_tangents(t[3], by_a);
  if (rhs) tout[0] = linear_again(a, rhs, false);
}

static void linear_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  if (!a->in[0] || !a->in[1]) rule_nonlinear(a, ct, ct_in);
  else if (ct[0]) ct_in[3] = linear_again(a, ct[0], true);
}

static void linear_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  if (axis[0] >= 0 || axis[1] >= 0 || axis[2] >= 0 || a->types[3]->rank != 3) {
    mat_batch_rule(a, axis, size, out, out_axis);
    return;
  }
  CxVal b = cx_move_axis(a->in[3], axis[3], 2);
  if (!b) return;
  const int64_t *d = b->type->dims;
  CxVal x = linear_again(a, cx_reshape(b, 2, (int64_t[]){d[0], d[1] * d[2]}), false);
  out[0] = x ? cx_reshape(x, 3, d) : NULL;
  out_axis[0] = 2;
}

static const CxField linear_fields[] = {CX_FIELD(CxLinearSolveAttrs, transpose, BOOL, 0, NULL), CX_FIELDS_END};
MATRIX_OP(LINEAR_SOLVE, "linear_solve", "x with a x = b, or a^T x = b, from a's lu and permutation, which count as constants", 4, 1, linear_fields,
          sizeof(CxLinearSolveAttrs), linear_jvp, linear_transpose, linear_batch, .type = linear_type, .exec = linear_exec);
CxVal cx_linear_solve(CxVal a, CxVal lu, CxVal permutation, CxVal b, bool transpose) {
  return cx_bind1(CX_OP_LINEAR_SOLVE, (CxVal[]){a, lu, permutation, b}, 4, &(CxLinearSolveAttrs){transpose});
}

/* ---- tridiagonal_solve ---- */

typedef struct CxPerturbAttrs { bool perturb_singular; } CxPerturbAttrs;

static bool tridiagonal_type(const CxApp *a, const CxType **out) {
  TRY(mat_types(a, (int[]){1, 1, 1, 2}));
  FAIL_IF(!cx_type_same_dims(a->types[0], a->types[1]) || !cx_type_same_dims(a->types[0], a->types[2]), CX_ERR_TYPE,
          "tridiagonal_solve requires that all diagonal arguments have the same shape.");
  FAIL_IF(mat_m(a->types[3]) != mat_n(a->types[0]), CX_ERR_TYPE, "tridiagonal_solve requires that the leading ndim-1 dimensions of b equal the dimensions of the diagonal arguments.");
  FAIL_IF(((const CxPerturbAttrs *)a->attrs)->perturb_singular, CX_ERR_NOT_IMPLEMENTED, "tridiagonal_solve: perturb_singular=True is not implemented; add a small number to the diagonal");
  return out[0] = a->types[3], true;
}
static bool tridiagonal_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxType *t = types[0];
  TRY(out[0] = mat_exec_copy(a, 3, t));
  return matrix_tridiagonal_solve(t->dtype, mat_batch(t, 2), mat_m(t), mat_n(t), a->in[0]->array.data, a->in[1]->array.data, a->in[2]->array.data, out[0]->array.data);
}

/* the rows of x shifted down (by 1) or up (by -1), zeros moving in */
static CxVal shifted(CxVal x, int axis, int by) {
  int64_t config[3 * CX_MAX_RANK] = {0};
  config[3 * axis] = by, config[3 * axis + 1] = -by;
  return x ? cx_pad(x, cx_like(x, 0), config) : NULL;
}
static CxVal column(CxVal v) { return v ? cx_expand_dims(v, cx_ints(v->type->rank)) : NULL; }

static CxVal tridiagonal_product(CxVal dl, CxVal d, CxVal du, CxVal x) {
  int row = x->type->rank - 2;
  CxVal sum = d ? cx_mul(column(d), x) : NULL;
  if (dl) sum = cx_add_tangents(sum, cx_mul(column(dl), shifted(x, row, 1)));
  return du ? cx_add_tangents(sum, cx_mul(column(du), shifted(x, row, -1))) : sum;
}

static void tridiagonal_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  CxVal x = out[0] = cx_bind1(a->op, a->in, 4, a->attrs);
  if (!x) return;
  CxVal rhs = cx_add_tangents(t[3], minus(tridiagonal_product(t[0], t[1], t[2], x)));
  if (rhs) tout[0] = cx_tridiagonal_solve(a->in[0], a->in[1], a->in[2], rhs);
}

static void tridiagonal_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  if (!a->in[0] || !a->in[1] || !a->in[2]) {
    rule_nonlinear(a, ct, ct_in);
    return;
  }
  int last = a->types[0]->rank - 1;
  if (ct[0]) ct_in[3] = cx_tridiagonal_solve(shifted(a->in[2], last, 1), a->in[1], shifted(a->in[0], last, -1), ct[0]);
}

static const CxField perturb_fields[] = {CX_FIELD(CxPerturbAttrs, perturb_singular, BOOL, 0, NULL), CX_FIELDS_END};
MATRIX_OP(TRIDIAGONAL_SOLVE, "tridiagonal_solve", "x with A x = b; dl[i] = A[i, i - 1], d[i] = A[i, i], du[i] = A[i, i + 1]", 4, 1, perturb_fields, sizeof(CxPerturbAttrs),
          tridiagonal_jvp, tridiagonal_transpose, mat_batch_rule, .type = tridiagonal_type, .exec = tridiagonal_exec);
CxVal cx_tridiagonal_solve(CxVal dl, CxVal d, CxVal du, CxVal b) { return cx_bind1(CX_OP_TRIDIAGONAL_SOLVE, (CxVal[]){dl, d, du, b}, 4, &(CxPerturbAttrs){false}); }

/* ---- symmetric_product ---- */

typedef struct CxSymmetricAttrs { double alpha, beta; } CxSymmetricAttrs;

static bool symmetric_type(const CxApp *a, const CxType **out) {
  const CxType *x = a->types[0], *c = a->types[1];
  char text[256];
  TRY(mat_types(a, (int[]){2, 2}));
  FAIL_IF(!kind_in(x, "f"), CX_ERR_TYPE, "symmetric_product does not accept dtype %s.", cx_dtype_name(x->dtype));
  FAIL_IF(mat_m(x) != mat_n(c) || mat_m(c) != mat_n(c), CX_ERR_VALUE, "symmetric_update expects a rectangular matrix of shape (m, n) and a square matrix of shape (n, n). Got shapes %s.",
          shapes_text(a, text, sizeof text));
  return out[0] = c, true;
}
static bool symmetric_build(const CxApp *a, const CxType *const *types, CxVal *out) {
  (void)types;
  const CxSymmetricAttrs *s = a->attrs;
  CxVal x = a->in[0], c = a->in[1];
  out[0] = cx_add(cx_mul(mat_mul(x, mat_t(x)), cx_like(c, s->alpha)), cx_mul(c, cx_like(c, s->beta)));
  return true;
}
static bool symmetric_exec(const CxApp *a, const CxType *const *types, CxVal *out) { return exec_build(a, types, symmetric_build, out); }
static const CxField symmetric_fields[] = {CX_FIELD(CxSymmetricAttrs, alpha, FLOAT, 0, NULL), CX_FIELD(CxSymmetricAttrs, beta, FLOAT, 0, NULL), CX_FIELDS_END};
MATRIX_OP(SYMMETRIC_PRODUCT, "symmetric_product", "alpha a a^T + beta c", 2, 1, symmetric_fields, sizeof(CxSymmetricAttrs), rule_jvp_nojvp, rule_nonlinear, mat_batch_rule,
          .type = symmetric_type, .exec = symmetric_exec);
CxVal cx_symmetric_product(CxVal a, CxVal c, double alpha, double beta) { return cx_bind1(CX_OP_SYMMETRIC_PRODUCT, (CxVal[]){a, c}, 2, &(CxSymmetricAttrs){alpha, beta}); }
