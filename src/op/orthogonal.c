/* QR factorizations: geqrf and geqp3 (LAPACK's packed form), householder_product, ormqr, qr. */
#include "kernels/matrix.h"
#include "op/matrix.h"
#include <cuirax/linalg.h>

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- geqrf, geqp3 ---- */

static bool geqrf_type(const CxApp *a, const CxType **out) {
  TRY(mat_types(a, (int[]){2}));
  int64_t k = least(mat_m(a->types[0]), mat_n(a->types[0]));
  return (out[0] = a->types[0]) && (out[1] = mat_type(a, 2, a->types[0]->dtype, 1, &k));
}
static bool geqrf_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxType *t = types[0];
  TRY((out[0] = mat_exec_copy(a, 0, t)) && (out[1] = node_array(types[1])));
  return matrix_qr(t->dtype, mat_batch(t, 2), mat_m(t), mat_n(t), out[0]->array.data, out[1]->array.data);
}
MATRIX_OP(GEQRF, "geqrf", "R in the upper triangle over the reflectors of Q, and their factors", 1, 2, NULL, 0, rule_jvp_nojvp, rule_nonlinear, mat_batch_rule,
          .type = geqrf_type, .exec = geqrf_exec);
bool cx_geqrf(CxVal a, CxVal *out) { return cx_bind(CX_OP_GEQRF, &a, 1, NULL, out, 2); }

typedef struct CxMagmaAttrs { const char *use_magma; } CxMagmaAttrs;
static const CxField magma_fields[] = {CX_FIELD(CxMagmaAttrs, use_magma, STR, 0, NULL), CX_FIELDS_END};

static bool geqp3_type(const CxApp *a, const CxType **out) {
  TRY(mat_types(a, (int[]){2, -1}));
  int64_t k = least(mat_m(a->types[0]), mat_n(a->types[0]));
  FAIL_IF(mat_n(a->types[1]) != mat_n(a->types[0]), CX_ERR_TYPE, "geqp3 takes an int32 index for every column");
  return (out[0] = a->types[0]) && (out[1] = a->types[1]) && (out[2] = mat_type(a, 2, a->types[0]->dtype, 1, &k));
}
static bool geqp3_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxType *t = types[0];
  TRY((out[0] = mat_exec_copy(a, 0, t)) && (out[1] = mat_exec_copy(a, 1, types[1])) && (out[2] = node_array(types[2])));
  if (!t->size) return true;
  return matrix_qr_pivoted(t->dtype, mat_batch(t, 2), mat_m(t), mat_n(t), out[0]->array.data, (void *)out[1]->array.data, out[2]->array.data);
}
MATRIX_OP(GEQP3, "geqp3", "geqrf with columns exchanged; their order counts from 1", 2, 3, magma_fields, sizeof(CxMagmaAttrs), rule_jvp_nojvp, rule_nonlinear, mat_batch_rule,
          .type = geqp3_type, .exec = geqp3_exec);

/* ---- householder_product, ormqr ---- */

static bool product_type(const CxApp *a, const CxType **out) {
  char text[128];
  TRY(mat_types(a, (int[]){2, 1}));
  const CxType *t = a->types[0];
  FAIL_IF(mat_m(t) < mat_n(t), CX_ERR_VALUE, "The first argument to householder_product must have at least as many rows as columns, got shape %s",
          dims_text(t->dims + t->rank - 2, 2, text, sizeof text));
  FAIL_IF(mat_n(a->types[1]) > mat_n(t), CX_ERR_VALUE,
          "The second argument to householder_product must not have more rows than the minimum of the first argument's rows and columns.");
  return out[0] = t, true;
}
static bool product_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxType *t = types[0];
  TRY(out[0] = mat_exec_copy(a, 0, t));
  return matrix_make_q(t->dtype, mat_batch(t, 2), mat_m(t), mat_n(t), mat_n(a->types[1]), out[0]->array.data, a->in[1]->array.data);
}
MATRIX_OP(HOUSEHOLDER_PRODUCT, "householder_product", "the first columns of H_1 … H_k, H_i = 1 - tau_i v_i v_i^H", 2, 1, NULL, 0, rule_jvp_nojvp, rule_nonlinear, mat_batch_rule,
          .type = product_type, .exec = product_exec);
CxVal cx_householder_product(CxVal a, CxVal taus) { return cx_bind1(CX_OP_HOUSEHOLDER_PRODUCT, (CxVal[]){a, taus}, 2, NULL); }

typedef struct CxOrmqrAttrs { bool left, transpose; } CxOrmqrAttrs;
static bool ormqr_type(const CxApp *a, const CxType **out) {
  const CxOrmqrAttrs *s = a->attrs;
  char text[256];
  TRY(mat_types(a, (int[]){2, 1, 2}));
  const CxType *t = a->types[0], *c = a->types[2];
  FAIL_IF((s->left ? mat_m(c) : mat_n(c)) != mat_m(t), CX_ERR_VALUE, "ormqr with left=%s expects c to have as many %s as the Householder matrix a has rows. Got shapes %s.",
          s->left ? "True" : "False", s->left ? "rows" : "columns", shapes_text(a, text, sizeof text));
  FAIL_IF(mat_n(a->types[1]) > least(mat_m(t), mat_n(t)), CX_ERR_VALUE, "ormqr: there are more taus than columns or rows of a. Got shapes %s.", shapes_text(a, text, sizeof text));
  return out[0] = c, true;
}
static bool ormqr_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxOrmqrAttrs *s = a->attrs;
  const CxType *t = a->types[0], *c = types[0];
  TRY(out[0] = mat_exec_copy(a, 2, c));
  return matrix_multiply_q(c->dtype, mat_batch(c, 2), mat_m(t), mat_n(t), mat_n(a->types[1]), a->in[0]->array.data, a->in[1]->array.data, mat_m(c), mat_n(c), out[0]->array.data,
                           s->left, s->transpose);
}
static const CxField ormqr_fields[] = {CX_FIELD(CxOrmqrAttrs, left, BOOL, 0, NULL), CX_FIELD(CxOrmqrAttrs, transpose, BOOL, 0, NULL), CX_FIELDS_END};
MATRIX_OP(ORMQR, "ormqr", "Q c, Q^H c, c Q or c Q^H with Q of geqrf's form", 3, 1, ormqr_fields, sizeof(CxOrmqrAttrs), rule_jvp_nojvp, rule_nonlinear, mat_batch_rule,
          .type = ormqr_type, .exec = ormqr_exec);
CxVal cx_ormqr(CxVal a, CxVal taus, CxVal c, bool left, bool transpose) { return cx_bind1(CX_OP_ORMQR, (CxVal[]){a, taus, c}, 3, &(CxOrmqrAttrs){left, transpose}); }

/* ---- qr ---- */

typedef struct CxQrAttrs {
  bool full_matrices, pivoting;
  const char *use_magma;
} CxQrAttrs;

static uint32_t qr_nout(uint32_t nin, const void *attrs) { return (void)nin, ((const CxQrAttrs *)attrs)->pivoting ? 3 : 2; }

static bool qr_type(const CxApp *a, const CxType **out) {
  const CxQrAttrs *s = a->attrs;
  TRY(mat_types(a, (int[]){2}));
  CxDtype d = a->types[0]->dtype;
  int64_t m = mat_m(a->types[0]), n = mat_n(a->types[0]), k = s->full_matrices ? m : least(m, n), q[] = {m, k}, r[] = {k, n};
  if (s->pivoting && !(out[2] = mat_type(a, 2, CX_I32, 1, &n))) return false;
  return (out[0] = mat_type(a, 2, d, 2, q)) && (out[1] = mat_type(a, 2, d, 2, r));
}

static bool qr_build(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxQrAttrs *s = a->attrs;
  const CxType *t = a->types[0];
  int64_t m = mat_m(t), n = mat_n(t), columns[CX_MAX_RANK];
  CxVal packed[3];
  if (!m || !n) {
    CxVal eye = mat_eye(t->dtype, t->rank, m, mat_n(types[0]));
    out[0] = cx_broadcast_to(eye, t->rank, types[0]->dims), out[1] = cx_zeros(types[1]);
    if (s->pivoting) out[2] = cx_zeros(types[2]);
    return true;
  }
  memcpy(columns, t->dims, (size_t)t->rank * sizeof *columns), columns[t->rank - 2] = n;
  if (s->pivoting) {
    TRY(cx_bind(CX_OP_GEQP3, (CxVal[]){a->in[0], cx_zeros(types[2])}, 2, &(CxMagmaAttrs){NULL}, packed, 3));
    out[2] = cx_sub(packed[1], cx_like(packed[1], 1));
    packed[1] = packed[2];
  } else TRY(cx_geqrf(a->in[0], packed));
  int64_t wide = mat_n(types[0]);
  CxVal q = wide <= n ? mat_block(packed[0], 0, m, 0, wide) : mat_pad(packed[0], 0, 0, 0, wide - n);
  out[0] = cx_householder_product(q, packed[1]);
  out[1] = mat_triu(mat_block(packed[0], 0, mat_m(types[1]), 0, n), 0);
  return true;
}
static bool qr_exec(const CxApp *a, const CxType *const *types, CxVal *out) { return exec_build(a, types, qr_build, out); }

static CxVal imaginary(CxVal x) { return cx_sub(x, mat_real_as(cx_real(x), x->type->dtype)); }

/* X = Q R, m >= n, R square: with S = Q^H X' R^-1 and D = tril(S, -1) - tril(S, -1)^H (plus the imaginary diagonal of S),
 * Q' = Q (D - S) + X' R^-1 and R' = (S - D) R */
static void thin_tangent(CxVal q, CxVal r, CxVal dx, CxVal *dq, CxVal *dr) {
  CxVal x_rinv = cx_triangular_solve(r, dx, (CxTriangularSolve){0});
  CxVal s = mat_mul(mat_h(q), x_rinv), low = mat_tril(s, -1), d = cx_sub(low, mat_h(low));
  if (!d) return;
  if (mat_is_complex(d)) d = cx_add(d, cx_mul(mat_eye(d->type->dtype, d->type->rank, mat_n(r->type), mat_n(r->type)), imaginary(s)));
  *dq = cx_add(mat_mul(q, cx_sub(d, s)), x_rinv);
  *dr = mat_mul(cx_sub(s, d), r);
}

/* The tangent of the further columns Q2 of a full Q: with Z = Q21 (Q11 - 1)^-1 the one that keeps Q orthogonal
 * (Q11, Q21 the upper n and the lower rows of the first n columns). */
static CxVal further_tangent(CxVal q, CxVal dq1) {
  int64_t m = mat_m(q->type), n = mat_n(dq1->type);
  CxVal q1 = mat_block(q, 0, m, 0, n), q2 = mat_block(q, 0, m, n, m), q21 = mat_block(q1, n, m, 0, n), lu[3];
  CxVal a = cx_sub(mat_block(q1, 0, n, 0, n), mat_eye(q->type->dtype, q->type->rank, n, n));
  if (!cx_lu(a, lu)) return NULL;
  CxVal right = mat_t(q21), zt = cx_linear_solve(a, lu[0], lu[2], right, true); /* Z a = Q21 */
  CxVal z = mat_t(zt), zh = mat_h(z);
  CxVal rest = cx_sub(mat_block(dq1, n, m, 0, n), mat_mul(z, mat_block(dq1, 0, n, 0, n)));
  return cx_sub(mat_mul(dq1, zh), mat_mul(cx_add(q1, mat_mul(q2, z)), mat_h(rest)));
}

static CxVal columns_taken(CxVal x, CxVal order) { return mat_t(mat_rows(mat_t(x), order)); }

static void qr_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxQrAttrs *s = a->attrs;
  if (!cx_bind(CX_OP_QR, a->in, 1, s, out, a->nout) || !t[0]) return;
  CxVal q = out[0], r = out[1], x = a->in[0], dx = t[0];
  int64_t m = mat_m(x->type), n = mat_n(x->type);
  int last = x->type->rank - 1;
  if (s->pivoting) x = columns_taken(x, out[2]), dx = columns_taken(dx, out[2]);
  if (m < n) { /* X = (X1 X2), R = (R1 R2): R2 = Q^H X2 */
    CxVal dr[2] = {NULL, NULL};
    thin_tangent(q, mat_block(r, 0, m, 0, m), mat_block(dx, 0, m, 0, m), &tout[0], &dr[0]);
    dr[1] = cx_add(mat_mul(mat_h(tout[0]), mat_block(x, 0, m, m, n)), mat_mul(mat_h(q), mat_block(dx, 0, m, m, n)));
    tout[1] = cx_concatenate(2, dr, last);
    return;
  }
  CxVal dq[2] = {NULL, NULL}, dr = NULL;
  thin_tangent(mat_block(q, 0, m, 0, n), mat_block(r, 0, n, 0, n), dx, &dq[0], &dr);
  bool more = s->full_matrices && m > n;
  if (more && dq[0]) dq[1] = further_tangent(q, dq[0]);
  tout[0] = more ? cx_concatenate(2, dq, last) : dq[0];
  tout[1] = more ? mat_pad(dr, 0, m - n, 0, 0) : dr;
}

static const CxField qr_fields[] = {CX_FIELD(CxQrAttrs, full_matrices, BOOL, 0, NULL), CX_FIELD(CxQrAttrs, pivoting, BOOL, 0, NULL), CX_FIELD(CxQrAttrs, use_magma, STR, 0, NULL),
                                    CX_FIELDS_END};
MATRIX_OP(QR, "qr", "x = Q R (x[:, p] = Q R with pivoting), Q's columns orthonormal, R upper triangular", 1, -1, qr_fields, sizeof(CxQrAttrs), qr_jvp, rule_nonlinear,
          mat_batch_rule, .nout_rule = qr_nout, .type = qr_type, .exec = qr_exec);
bool cx_qr(CxVal x, bool pivoting, bool full_matrices, CxVal *out) {
  return cx_bind(CX_OP_QR, &x, 1, &(CxQrAttrs){full_matrices, pivoting, NULL}, out, pivoting ? 3 : 2);
}
