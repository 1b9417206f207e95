/* Eigenvalues and singular values: eigh, eig, svd, schur, hessenberg, tridiagonal. Tangents are first-order perturbations and hold where the
 * values involved are distinct. */
#include "kernels/matrix.h"
#include "op/matrix.h"
#include <cuirax/linalg.h>

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static CxVal row_of(CxVal s) { return s ? cx_expand_dims(s, cx_ints(s->type->rank - 1)) : NULL; }  /* [..., 1, n] */
static CxVal column_of(CxVal s) { return s ? cx_expand_dims(s, cx_ints(s->type->rank)) : NULL; }   /* [..., n, 1] */

/* 1 / (w_j - w_i) off the diagonal, 0 on it */
static CxVal gaps(CxVal w) {
  if (!w) return NULL;
  int64_t n = mat_n(w->type);
  CxVal eye = mat_eye(w->type->dtype, w->type->rank + 1, n, n), one = cx_like(w, 1);
  CxVal d = cx_add(cx_sub(row_of(w), column_of(w)), eye);
  return cx_sub(cx_div(one, d), eye);
}

/* ---- eigh ---- */

typedef struct CxEighAttrs {
  const char *algorithm;
  bool lower, sort_eigenvalues;
  const char *subset_by_index;
} CxEighAttrs;

static bool eigh_type(const CxApp *a, const CxType **out) {
  TRY(mat_types(a, (int[]){2}));
  const CxType *t = a->types[0];
  int64_t n = mat_n(t);
  FAIL_IF(mat_m(t) != n, CX_ERR_VALUE, "Argument to symmetric eigendecomposition must have shape [..., n, n], got shape (%lld, %lld)", (long long)mat_m(t), (long long)n);
  return (out[0] = t) && (out[1] = mat_type(a, 2, mat_real(t->dtype), 1, &n));
}
static bool eigh_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxType *t = types[0];
  TRY((out[0] = mat_exec_copy(a, 0, t)) && (out[1] = node_array(types[1])));
  return matrix_eigh(t->dtype, mat_batch(t, 2), mat_n(t), ((const CxEighAttrs *)a->attrs)->lower, out[0]->array.data, out[1]->array.data);
}

/* V^H A' V: w' is its diagonal, V' = V (F * it) */
static void eigh_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  CxVal x = a->in[0];
  if (t[0]) x = cx_div(cx_add(x, mat_h(x)), cx_like(x, 2));
  if (!cx_bind(a->op, &x, 1, a->attrs, out, 2) || !t[0]) return;
  CxVal v = out[0], inner = mat_mul(mat_mul(mat_h(v), t[0]), v);
  if (!inner) return;
  tout[0] = mat_mul(v, cx_mul(gaps(mat_real_as(out[1], v->type->dtype)), inner));
  tout[1] = mat_diag(mat_is_complex(inner) ? cx_real(inner) : inner);
}
static const CxField eigh_fields[] = {CX_FIELD(CxEighAttrs, algorithm, STR, 0, NULL), CX_FIELD(CxEighAttrs, lower, BOOL, 0, NULL),
                                      CX_FIELD(CxEighAttrs, sort_eigenvalues, BOOL, 0, NULL), CX_FIELD(CxEighAttrs, subset_by_index, STR, 0, NULL), CX_FIELDS_END};
MATRIX_OP(EIGH, "eigh", "x V = V diag(w) for Hermitian x, of which one triangle is read; w ascends", 1, 2, eigh_fields, sizeof(CxEighAttrs), eigh_jvp, rule_nonlinear,
          mat_batch_rule, .type = eigh_type, .exec = eigh_exec);
bool cx_eigh(CxVal x, bool lower, CxVal *out) { return cx_bind(CX_OP_EIGH, &x, 1, &(CxEighAttrs){NULL, lower, true, NULL}, out, 2); }

/* ---- eig ---- */

static uint32_t eig_nout(uint32_t nin, const void *attrs) {
  const CxEig *e = attrs;
  return (void)nin, 1u + e->compute_left_eigenvectors + e->compute_right_eigenvectors;
}
static bool eig_type(const CxApp *a, const CxType **out) {
  TRY(mat_types(a, (int[]){2}) && mat_square(a, "The input to eig"));
  const CxType *t = a->types[0];
  int64_t n = mat_n(t), dims[] = {n, n};
  TRY(out[0] = mat_type(a, 2, mat_complex(t->dtype), 1, &n));
  for (uint32_t i = 1; i < a->nout; i++) TRY(out[i] = mat_type(a, 2, mat_complex(t->dtype), 2, dims));
  return true;
}
static bool eig_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxEig *e = a->attrs;
  const CxType *t = a->types[0];
  TRY(exec_alloc(a, types, out));
  void *left = e->compute_left_eigenvectors ? out[1]->array.data : NULL, *right = e->compute_right_eigenvectors ? out[a->nout - 1]->array.data : NULL;
  return matrix_eig(t->dtype, mat_batch(t, 2), mat_n(t), a->in[0]->array.data, out[0]->array.data, left, right);
}

static CxVal solve_by_lu(CxVal a, CxVal b) {
  CxVal lu[3];
  return cx_lu(cx_stop_gradient(a), lu) ? cx_linear_solve(a, lu[0], lu[2], b, false) : NULL;
}
static CxVal sum_columns(CxVal x) { return cx_reduce_sum(x, cx_ints(x->type->rank - 2)); }

/* V^-1 A' V: w' its diagonal. V' = U + V c, U = V (F * it), c such that columns keep norm 1 and a real greatest element. */
static void eig_vectors(CxVal w, CxVal v, CxVal da, CxVal *dw, CxVal *dv) {
  CxVal p = mat_mul(solve_by_lu(v, da), v);
  *dw = mat_diag(p);
  CxVal u = mat_mul(v, cx_mul(gaps(w), p));
  if (!u) return;
  int rank = v->type->rank;
  CxVal k = cx_expand_dims(cx_argmax(cx_abs(v), rank - 2, CX_I32), cx_ints(rank - 2));
  CxVal mask = cx_convert(cx_eq(cx_iota(CX_I32, rank, v->type->dims, rank - 2), cx_broadcast_to(k, rank, v->type->dims)), v->type->dtype);
  CxVal along = cx_neg(cx_real(sum_columns(cx_mul(cx_conj(v), u))));
  CxVal turn = cx_neg(cx_div(cx_imag(sum_columns(cx_mul(mask, u))), cx_real(sum_columns(cx_mul(mask, v)))));
  *dv = cx_add(u, cx_mul(v, row_of(cx_complex(along, turn))));
}

static void eig_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxEig *e = a->attrs;
  if (!t[0]) {
    cx_bind(a->op, a->in, 1, e, out, a->nout);
    return;
  }
  bool vectors = e->compute_left_eigenvectors || e->compute_right_eigenvectors;
  if (vectors && !e->enable_eigvec_derivs) {
    cx_fail(CX_ERR_NOT_IMPLEMENTED, "Derivatives of non-symmetric eigenvectors hold only for distinct eigenvalues, which cannot be checked: pass enable_eigvec_derivs=True to jax.lax.linalg.eig");
    return;
  }
  CxEig all = *e;
  all.compute_right_eigenvectors = true;
  CxVal got[3];
  uint32_t n = eig_nout(1, &all);
  if (!cx_bind(a->op, a->in, 1, &all, got, n)) return;
  CxVal w = out[0] = got[0], vr = got[n - 1], da = cx_convert(t[0], w->type->dtype), unused;
  if (!vectors) {
    CxVal x = solve_by_lu(vr, da);
    tout[0] = x ? cx_reduce_sum(cx_mul(x, mat_t(vr)), cx_ints(x->type->rank - 1)) : NULL;
    return;
  }
  if (e->compute_left_eigenvectors) out[1] = got[1], eig_vectors(cx_conj(w), got[1], mat_h(da), &unused, &tout[1]);
  CxVal dv = NULL;
  eig_vectors(w, vr, da, &tout[0], &dv);
  if (e->compute_right_eigenvectors) out[a->nout - 1] = vr, tout[a->nout - 1] = dv;
}
static const CxField eig_fields[] = {CX_FIELD(CxEig, compute_left_eigenvectors, BOOL, 0, NULL), CX_FIELD(CxEig, compute_right_eigenvectors, BOOL, 0, NULL),
                                     CX_FIELD(CxEig, enable_eigvec_derivs, BOOL, 0, NULL), CX_FIELD(CxEig, implementation, STR, 0, NULL), CX_FIELDS_END};
MATRIX_OP(EIG, "eig", "x V = V diag(w); left vectors: x^H U = U diag(conj w)", 1, -1, eig_fields, sizeof(CxEig), eig_jvp, rule_nonlinear, mat_batch_rule, .nout_rule = eig_nout,
          .type = eig_type, .exec = eig_exec);
bool cx_eig(CxVal x, CxEig how, CxVal *out) { return cx_bind(CX_OP_EIG, &x, 1, &how, out, eig_nout(1, &how)); }

/* ---- svd ---- */

typedef struct CxSvdAttrs {
  const char *algorithm; /* NULL, or "QR" */
  bool compute_uv, full_matrices;
  const char *subset_by_index;
} CxSvdAttrs;

static uint32_t svd_nout(uint32_t nin, const void *attrs) { return (void)nin, ((const CxSvdAttrs *)attrs)->compute_uv ? 3 : 1; }
static bool svd_type(const CxApp *a, const CxType **out) {
  const CxSvdAttrs *s = a->attrs;
  TRY(mat_types(a, (int[]){2}));
  const CxType *t = a->types[0];
  int64_t m = mat_m(t), n = mat_n(t), k = least(m, n), u[] = {m, s->full_matrices ? m : k}, vt[] = {s->full_matrices ? n : k, n};
  TRY(out[0] = mat_type(a, 2, mat_real(t->dtype), 1, &k));
  return !s->compute_uv || ((out[1] = mat_type(a, 2, t->dtype, 2, u)) && (out[2] = mat_type(a, 2, t->dtype, 2, vt)));
}

static void identities(CxVal v) { /* fills a stack with unit matrices */
  int64_t m = mat_m(v->type), n = mat_n(v->type), batch = mat_batch(v->type, 2);
  size_t item = (size_t)cx_dtype_bytes(v->type->dtype);
  memset(v->array.data, 0, type_bytes(v->type));
  bool single = mat_real(v->type->dtype) == CX_F32;
  for (int64_t b = 0; b < batch; b++)
    for (int64_t i = 0; i < m && i < n; i++) memcpy(v->array.data + (size_t)(b * m * n + i * n + i) * item, single ? (const void *)&(float){1} : &(double){1}, single ? 4 : 8);
}
static bool svd_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxSvdAttrs *s = a->attrs;
  const CxType *t = a->types[0];
  TRY(exec_alloc(a, types, out));
  if (s->compute_uv && !t->size) identities(out[1]), identities(out[2]);
  void *u = s->compute_uv ? out[1]->array.data : NULL, *vt = s->compute_uv ? out[2]->array.data : NULL;
  return matrix_svd(t->dtype, mat_batch(t, 2), mat_m(t), mat_n(t), a->in[0]->array.data, out[0]->array.data, u, vt, s->full_matrices, s->algorithm != NULL);
}

/* With D = U^H A' V and F_ij = 1 / (s_j^2 - s_i^2): s' = Re diag D, U' = U (F * (D S + S D^H) + antihermitian diagonal / s),
 * V' = V (F * (S D + D^H S)); rectangular ones get what lies outside of the other's range. */
static void svd_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxSvdAttrs *at = a->attrs;
  const CxType *type = a->types[0];
  int64_t m = mat_m(type), n = mat_n(type), k = least(m, n);
  if (!t[0]) {
    cx_bind(a->op, a->in, 1, at, out, a->nout);
    return;
  }
  CxSvdAttrs thin = *at;
  CxVal got[3];
  if (at->compute_uv && at->full_matrices && m != n) {
    cx_fail(CX_ERR_NOT_IMPLEMENTED, "Singular value decomposition JVP not implemented for full matrices: pass full_matrices=False");
    return;
  }
  thin.full_matrices = false, thin.compute_uv = true;
  if (!cx_bind(a->op, a->in, 1, &thin, got, 3)) return;
  CxVal s = out[0] = got[0], u = got[1], vt = got[2], v = mat_h(vt), d = mat_mul(mat_mul(mat_h(u), t[0]), v);
  if (!d) return;
  CxDtype dtype = type->dtype;
  tout[0] = mat_diag(mat_is_complex(d) ? cx_real(d) : d);
  if (!at->compute_uv) return;
  out[1] = u, out[2] = vt;
  CxVal row = row_of(s), col = column_of(s), eye = mat_eye(s->type->dtype, type->rank, k, k), one = cx_like(s, 1), zero = cx_like(s, 0);
  CxVal diff = cx_mul(cx_add(row, col), cx_sub(row, col)), f = mat_real_as(cx_sub(cx_div(one, cx_add(diff, eye)), eye), dtype);
  CxVal row_d = mat_real_as(row, dtype), ds = cx_mul(row_d, d), sd = cx_mul(mat_real_as(col, dtype), d);
  CxVal is_zero = cx_convert(cx_eq(s, zero), s->type->dtype), inverse = cx_sub(cx_div(one, cx_add(s, is_zero)), is_zero);
  CxVal diag = cx_mul(cx_mul(cx_sub(d, mat_h(d)), cx_like(d, 0.5)), mat_real_as(mat_from_diag(inverse), dtype));
  CxVal du = mat_mul(u, cx_add(cx_mul(f, cx_add(ds, mat_h(ds))), diag)), dv = mat_mul(v, cx_mul(f, cx_add(sd, mat_h(sd))));
  if (m > n) {
    CxVal av = mat_mul(t[0], v);
    du = cx_add(du, cx_div(cx_sub(av, mat_mul(u, mat_mul(mat_h(u), av))), row_d));
  }
  if (n > m) {
    CxVal ahu = mat_mul(mat_h(t[0]), u);
    dv = cx_add(dv, cx_div(cx_sub(ahu, mat_mul(v, mat_mul(vt, ahu))), row_d));
  }
  tout[1] = du, tout[2] = mat_h(dv);
}
static const CxField svd_fields[] = {CX_FIELD(CxSvdAttrs, algorithm, STR, 0, NULL), CX_FIELD(CxSvdAttrs, compute_uv, BOOL, 0, NULL), CX_FIELD(CxSvdAttrs, full_matrices, BOOL, 0, NULL),
                                     CX_FIELD(CxSvdAttrs, subset_by_index, STR, 0, NULL), CX_FIELDS_END};
MATRIX_OP(SVD, "svd", "x = U diag(s) V^H, s >= 0 descending; results s, U, V^H, or s alone", 1, -1, svd_fields, sizeof(CxSvdAttrs), svd_jvp, rule_nonlinear, mat_batch_rule,
          .nout_rule = svd_nout, .type = svd_type, .exec = svd_exec);
bool cx_svd(CxVal x, bool full_matrices, bool compute_uv, bool by_qr, CxVal *out) {
  return cx_bind(CX_OP_SVD, &x, 1, &(CxSvdAttrs){by_qr ? "QR" : NULL, compute_uv, full_matrices, NULL}, out, compute_uv ? 3 : 1);
}

/* ---- schur, hessenberg, tridiagonal ---- */

typedef struct CxSchurAttrs {
  bool compute_schur_vectors;
  const char *select_callable;
  bool sort_eig_vals;
} CxSchurAttrs;
static uint32_t schur_nout(uint32_t nin, const void *attrs) { return (void)nin, ((const CxSchurAttrs *)attrs)->compute_schur_vectors ? 2 : 1; }
static bool schur_type(const CxApp *a, const CxType **out) {
  TRY(mat_types(a, (int[]){2}) && mat_square(a, "The input to schur"));
  FAIL_IF(((const CxSchurAttrs *)a->attrs)->sort_eig_vals, CX_ERR_NOT_IMPLEMENTED, "schur: sorting eigenvalues is not implemented");
  for (uint32_t i = 0; i < a->nout; i++) out[i] = a->types[0];
  return true;
}
static bool schur_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxType *t = types[0];
  TRY((out[0] = mat_exec_copy(a, 0, t)) && (a->nout == 1 || (out[1] = node_array(t))));
  return matrix_schur(t->dtype, mat_batch(t, 2), mat_n(t), out[0]->array.data, a->nout > 1 ? out[1]->array.data : NULL);
}
static const CxField schur_fields[] = {CX_FIELD(CxSchurAttrs, compute_schur_vectors, BOOL, 0, NULL), CX_FIELD(CxSchurAttrs, select_callable, STR, 0, NULL),
                                       CX_FIELD(CxSchurAttrs, sort_eig_vals, BOOL, 0, NULL), CX_FIELDS_END};
MATRIX_OP(SCHUR, "schur", "x = Z T Z^H, Z unitary, T upper triangular (real: with 2 x 2 blocks)", 1, -1, schur_fields, sizeof(CxSchurAttrs), rule_jvp_nojvp, rule_nonlinear,
          mat_batch_rule, .nout_rule = schur_nout, .type = schur_type, .exec = schur_exec);
bool cx_schur(CxVal x, bool vectors, CxVal *out) { return cx_bind(CX_OP_SCHUR, &x, 1, &(CxSchurAttrs){vectors, NULL, false}, out, vectors ? 2 : 1); }

static bool hessenberg_type(const CxApp *a, const CxType **out) {
  TRY(mat_types(a, (int[]){2}) && mat_square(a, "Argument to Hessenberg reduction"));
  int64_t k = mat_n(a->types[0]) - 1;
  FAIL_IF(k < 0, CX_ERR_VALUE, "hessenberg takes matrices of at least one row");
  return (out[0] = a->types[0]) && (out[1] = mat_type(a, 2, a->types[0]->dtype, 1, &k));
}
static bool hessenberg_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxType *t = types[0];
  TRY((out[0] = mat_exec_copy(a, 0, t)) && (out[1] = node_array(types[1])));
  return matrix_hessenberg(t->dtype, mat_batch(t, 2), mat_n(t), out[0]->array.data, out[1]->array.data);
}
MATRIX_OP(HESSENBERG, "hessenberg", "x = Q H Q^H: H on and above the first subdiagonal, below it the reflectors of Q; their factors", 1, 2, NULL, 0, rule_jvp_nojvp, rule_nonlinear,
          mat_batch_rule, .type = hessenberg_type, .exec = hessenberg_exec);
bool cx_hessenberg(CxVal x, CxVal *out) { return cx_bind(CX_OP_HESSENBERG, &x, 1, NULL, out, 2); }

typedef struct CxTridiagonalAttrs { bool lower; } CxTridiagonalAttrs;
static bool tridiagonal_type(const CxApp *a, const CxType **out) {
  TRY(mat_types(a, (int[]){2}) && mat_square(a, "The input to tridiagonal"));
  CxDtype d = a->types[0]->dtype;
  int64_t n = mat_n(a->types[0]), k = n - 1;
  FAIL_IF(!n, CX_ERR_VALUE, "The input to tridiagonal must be a square matrix. Got shape (0, 0).");
  return (out[0] = a->types[0]) && (out[1] = mat_type(a, 2, mat_real(d), 1, &n)) && (out[2] = mat_type(a, 2, mat_real(d), 1, &k)) && (out[3] = mat_type(a, 2, d, 1, &k));
}
static bool tridiagonal_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxType *t = types[0];
  TRY(out[0] = mat_exec_copy(a, 0, t));
  for (int i = 1; i < 4; i++) TRY(out[i] = node_array(types[i]));
  return matrix_tridiagonal(t->dtype, mat_batch(t, 2), mat_n(t), ((const CxTridiagonalAttrs *)a->attrs)->lower, out[0]->array.data, out[1]->array.data, out[2]->array.data,
                            out[3]->array.data);
}
static const CxField tridiagonal_fields[] = {CX_FIELD(CxTridiagonalAttrs, lower, BOOL, 0, NULL), CX_FIELDS_END};
MATRIX_OP(TRIDIAGONAL, "tridiagonal", "x = Q T Q^H for Hermitian x: the reflectors of Q, T's diagonal and off-diagonal, the factors", 1, 4, tridiagonal_fields,
          sizeof(CxTridiagonalAttrs), rule_jvp_nojvp, rule_nonlinear, mat_batch_rule, .type = tridiagonal_type, .exec = tridiagonal_exec);
bool cx_tridiagonal(CxVal x, bool lower, CxVal *out) { return cx_bind(CX_OP_TRIDIAGONAL, &x, 1, &(CxTridiagonalAttrs){lower}, out, 4); }
