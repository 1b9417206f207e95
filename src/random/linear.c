/* Random vectors and matrices that need factorizations. */
#include "random/sample.h"

#include "base/error.h"
#include "np/build.h"

static bool with_axes(CxInts shape, int more, const int64_t *extents, int64_t *store, CxInts *out) {
  FAIL_IF(shape.n + more > CX_MAX_RANK, CX_ERR_VALUE, "the shape has too many axes");
  for (int i = 0; i < shape.n + more; i++) store[i] = i < shape.n ? shape.v[i] : extents[i - shape.n];
  *out = (CxInts){store, shape.n + more, false};
  return true;
}

/* ---- normal vectors ---- */

static CxVal scaled_columns(CxVal vectors, CxVal squares) { return vectors && squares ? vmul(vectors, cx_np_sqrt(vnewaxis(squares, squares->type->rank - 1))) : NULL; }

static CxVal factor(CxVal cov, const char *method) { /* F with F F^T = cov */
  CxVals out = {0};
  CxVal r = NULL;
  if (!strcmp(method, "cholesky")) return cx_linalg_cholesky(cov, (CxLinalgCholesky){.symmetrize_input = true});
  if (!strcmp(method, "svd")) {
    if (cx_linalg_svd(cov, (CxLinalgSvd){.full_matrices = true, .compute_uv = true}, &out)) r = scaled_columns(out.v[0], out.v[1]);
  } else if (!strcmp(method, "eigh")) {
    if (cx_linalg_eigh(cov, (CxLinalgEigh){.symmetrize_input = true}, &out)) r = scaled_columns(out.v[1], out.v[0]);
  } else {
    cx_fail(CX_ERR_VALUE, "method must be one of {'svd', 'eigh', 'cholesky'}");
  }
  cx_vals_free(&out);
  return r;
}

CxVal cx_rand_multivariate_normal(CxVal key, CxVal mean, CxVal cov, CxRandMultivariateNormal o) {
  CxVal k = random_key("multivariate_normal", key), v[2] = {mean, cov};
  if (!k || !mean || !cov || !np_promote_dtypes(2, v)) return NULL;
  for (int i = 0; i < 2; i++)
    if (!(v[i] = np_inexact(v[i]))) return NULL;
  CxDtype d = o.dtype ? o.dtype : v[0]->type->dtype;
  if (cx_dtype_kind(d) != 'f') return cx_fail(CX_ERR_VALUE, "dtype argument to `multivariate_normal` must be a float dtype, got %s", cx_dtype_name(d)), NULL;
  const CxType *m = mean->type, *c = cov->type;
  if (m->rank < 1) return cx_fail(CX_ERR_VALUE, "multivariate_normal requires mean.ndim >= 1, got mean.ndim == %d", m->rank), NULL;
  if (c->rank < 2) return cx_fail(CX_ERR_VALUE, "multivariate_normal requires cov.ndim >= 2, got cov.ndim == %d", c->rank), NULL;
  int64_t n = m->dims[m->rank - 1], store[CX_MAX_RANK], all[CX_MAX_RANK];
  if (c->dims[c->rank - 1] != n || c->dims[c->rank - 2] != n) return cx_fail(CX_ERR_VALUE, "multivariate_normal requires cov.shape == (..., n, n) for n=%lld", (long long)n), NULL;
  CxVal leads[2] = {cx_full(cx_type(CX_BOOL, m->rank - 1, m->dims, false), 0), cx_full(cx_type(CX_BOOL, c->rank - 2, c->dims, false), 0)};
  CxInts shape, full;
  if (!random_shape("multivariate_normal", o.shape, 2, leads, store, &shape) || !with_axes(shape, 1, &n, all, &full)) return NULL;
  CxVal f = factor(v[1], o.method), z = random_normals(k, full, d);
  return f && z ? vadd(v[0], cx_np_matvec(f, z)) : NULL;
}

/* ---- orthogonal matrices ---- */

CxVal cx_rand_orthogonal(CxVal key, int64_t n, CxRandOrthogonal o) {
  CxVal k = random_key("orthogonal", key);
  int64_t m = o.m.given ? o.m.v : n, store[CX_MAX_RANK], extents[2] = {n > m ? n : m, n > m ? m : n};
  CxDtype d = o.dtype ? o.dtype : np_canonical(CX_F64);
  CxInts full;
  if (!k || !with_axes(o.shape, 2, extents, store, &full)) return NULL;
  if (n < 0 || m < 0) return cx_fail(CX_ERR_VALUE, "orthogonal: extents must not be negative, got %lld and %lld", (long long)n, (long long)m), NULL;
  if (!strchr("fc", cx_dtype_kind(d))) return cx_fail(CX_ERR_VALUE, "dtype argument to `normal` must be a float or complex dtype, got %s", cx_dtype_name(d)), NULL;
  CxVals qr = {0};
  CxVal z = random_normals(k, full, d), x = NULL;
  if (z && cx_linalg_qr(z, (CxLinalgQr){.mode = "reduced"}, &qr)) {
    CxVal signs = cx_np_sign(np_diagonal(qr.v[1], .axis1 = -2, .axis2 = -1));
    x = signs ? vmul(qr.v[0], vnewaxis(signs, signs->type->rank - 1)) : NULL;
  }
  cx_vals_free(&qr);
  return x && n < m ? cx_np_matrix_transpose(x) : x;
}
