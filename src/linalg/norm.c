/* jax.numpy.linalg: norms, products and tensors seen as matrices. */
#include "linalg/shapes.h"
#include <math.h>

static CxVal magnitudes(CxVal x) { return cx_np_absolute(x); }
static CxVal squares_root(CxVal x, CxInts axis, bool keepdims) {
  CxVal z = x ? cx_mul(x, mat_is_complex(x) ? cx_conj(x) : x) : NULL;
  if (z && mat_is_complex(z)) z = cx_real(z);
  CxVal sum = np_sum(z, .axis = axis, .keepdims = keepdims);
  return sum ? cx_sqrt(sum) : NULL;
}

static CxVal greatest(CxVal x, CxInts axis, bool keepdims) { return x ? np_max(x, .axis = axis, .keepdims = keepdims, .initial = cx_like(x, 0)) : NULL; }
static CxVal smallest(CxVal x, CxInts axis, bool keepdims) { return np_min(x, .axis = axis, .keepdims = keepdims); }

static CxVal vector_norm(CxVal x, CxOrd ord, CxInts axis, bool keepdims) {
  if (!ord.given || (!ord.name && ord.v == 2)) return squares_root(x, axis, keepdims);
  FAIL_IF(ord.name, CX_ERR_VALUE, "Invalid order '%s' for vector norm.", ord.name);
  CxVal size = magnitudes(x);
  if (!size) return NULL;
  if (isinf(ord.v)) return ord.v > 0 ? greatest(size, axis, keepdims) : smallest(size, axis, keepdims);
  if (ord.v == 0) return np_sum(cx_convert(cx_ne(x, cx_like(x, 0)), size->type->dtype), .axis = axis, .keepdims = keepdims);
  if (ord.v == 1) return np_sum(size, .axis = axis, .keepdims = keepdims);
  CxVal sum = np_sum(cx_pow(size, cx_like(size, ord.v)), .axis = axis, .keepdims = keepdims);
  return sum ? cx_pow(sum, cx_like(sum, 1 / ord.v)) : NULL;
}

/* The greatest or least sum of magnitudes along `sum_axis`, over `other`. */
static CxVal norm_by_sums(CxVal x, int sum_axis, int other, bool least, bool keepdims) {
  CxVal sums = np_sum(magnitudes(x), .axis = cx_ints(sum_axis), .keepdims = keepdims);
  CxInts axis = cx_ints(!keepdims && other > sum_axis ? other - 1 : other);
  return least ? smallest(sums, axis, keepdims) : greatest(sums, axis, keepdims);
}

static CxVal norm_by_singular(CxVal x, CxOrd ord, int row, int col, bool keepdims) {
  int rank = x->type->rank;
  int64_t from[] = {row, col}, to[] = {rank - 2, rank - 1};
  CxVal s = cx_linalg_svdvals(cx_np_moveaxis(x, (CxInts){from, 2, false}, (CxInts){to, 2, false}));
  CxVal z = ord.name ? np_sum(s, .axis = cx_ints(-1)) : ord.v == 2 ? greatest(s, cx_ints(-1), false) : smallest(s, cx_ints(-1), false);
  if (!z || !keepdims) return z;
  return cx_expand_dims(z, row < col ? cx_ints(row, col) : cx_ints(col, row));
}

static CxVal matrix_norm(CxVal x, CxOrd ord, int row, int col, bool keepdims) {
  if (!ord.given || linalg_name_is(ord.name, "fro") || linalg_name_is(ord.name, "f")) return squares_root(x, cx_ints(row, col), keepdims);
  if (!ord.name && fabs(ord.v) == 1) return norm_by_sums(x, row, col, ord.v < 0, keepdims);
  if (!ord.name && isinf(ord.v)) return norm_by_sums(x, col, row, ord.v < 0, keepdims);
  if (linalg_name_is(ord.name, "nuc") || (!ord.name && fabs(ord.v) == 2)) return norm_by_singular(x, ord, row, col, keepdims);
  if (ord.name) return cx_fail(CX_ERR_VALUE, "Invalid order '%s' for matrix norm.", ord.name), NULL;
  return cx_fail(CX_ERR_VALUE, "Invalid order '%g' for matrix norm.", ord.v), NULL;
}

CxVal cx_linalg_norm(CxVal x, CxLinalgNorm o) {
  if (!(x = linalg_inexact(x))) return NULL;
  if (o.axis.none && !o.ord.given) return squares_root(x, o.axis, o.keepdims);
  int64_t store[CX_MAX_RANK];
  CxInts axes = np_axes(o.axis, x->type->rank, store);
  if (axes.n < 0) return NULL;
  if (axes.n == 1) return vector_norm(x, o.ord, axes, o.keepdims);
  if (axes.n == 2) return matrix_norm(x, o.ord, (int)axes.v[0], (int)axes.v[1], o.keepdims);
  return cx_fail(CX_ERR_VALUE, "Improper number of axes for norm: %d. Pass one axis to compute a vector-norm, or two axes to compute a matrix-norm.", axes.n), NULL;
}
CxVal cx_linalg_vector_norm(CxVal x, CxLinalgVectorNorm o) { return (x = linalg_inexact(x)) ? vector_norm(x, o.ord, o.axis, o.keepdims) : NULL; }
CxVal cx_linalg_matrix_norm(CxVal x, CxLinalgMatrixNorm o) { return cx_linalg_norm(x, (CxLinalgNorm){.ord = o.ord, .axis = cx_ints(-2, -1), .keepdims = o.keepdims}); }

CxVal cx_linalg_cond(CxVal x, CxLinalgCond o) {
  char text[256];
  if (!(x = linalg_inexact(x))) return NULL;
  const CxType *t = x->type;
  dims_text(t->dims, t->rank, text, sizeof text);
  FAIL_IF(t->rank < 2, CX_ERR_VALUE, "jnp.linalg.cond: input array must be at least 2D; got arr.shape=%s", text);
  FAIL_IF(!mat_m(t) || !mat_n(t), CX_ERR_VALUE, "jnp.linalg.cond: input array must not be empty; got arr.shape=%s", text);
  bool by_values = !o.p.given || (!o.p.name && fabs(o.p.v) == 2);
  FAIL_IF(!by_values && mat_m(t) != mat_n(t), CX_ERR_VALUE, "jnp.linalg.cond: for this p, array must be square; got arr.shape=%s", text);
  CxVal r;
  if (by_values) {
    CxVal s = cx_linalg_svdvals(x);
    if (!s) return NULL;
    CxVal first = linalg_last(s, 0, 0), last = linalg_last(s, 0, mat_n(s->type) - 1);
    if (!o.p.given || o.p.v == 2) return cx_div(first, last);
    r = cx_div(last, first);
  } else {
    CxLinalgNorm how = {.ord = o.p, .axis = cx_ints(-2, -1)};
    r = cx_mul(cx_linalg_norm(x, how), cx_linalg_norm(cx_linalg_inv(x), how));
  }
  CxVal given = np_any(cx_np_isnan(x), .axis = cx_ints(-2, -1));
  return r ? cx_select(cx_and(cx_np_isnan(r), cx_not(given)), cx_full(r->type, INFINITY), r) : NULL;
}

/* ---- products ---- */

CxVal cx_linalg_cross(CxVal x1, CxVal x2, CxLinalgCross o) {
  CxVal v[2] = {x1, x2}, p[2][3], out[3];
  if (!x1 || !x2) return NULL;
  int axis[2], rank;
  for (int i = 0; i < 2; i++) {
    if ((axis[i] = np_axis(o.axis, v[i]->type->rank)) < 0) return NULL;
    FAIL_IF(v[i]->type->dims[axis[i]] != 3, CX_ERR_VALUE, "Both input arrays must be (arrays of) 3-dimensional vectors, but the axis has extent %lld",
            (long long)v[i]->type->dims[axis[i]]);
  }
  rank = v[0]->type->rank > v[1]->type->rank ? v[0]->type->rank : v[1]->type->rank;
  for (int i = 0; i < 2; i++) {
    v[i] = cx_move_axis(v[i], axis[i], v[i]->type->rank - 1);
    for (int k = 0; k < 3; k++) p[i][k] = linalg_last(v[i], 0, k);
  }
  for (int k = 0; k < 3; k++) {
    int a = (k + 1) % 3, b = (k + 2) % 3;
    CxVal c = cx_np_subtract(cx_np_multiply(p[0][a], p[1][b]), cx_np_multiply(p[0][b], p[1][a]));
    out[k] = c ? cx_expand_dims(c, cx_ints(rank - 1)) : NULL;
  }
  CxVal z = cx_concatenate(3, out, rank - 1);
  return z ? cx_move_axis(z, rank - 1, np_axis(o.axis, rank)) : NULL;
}

CxVal cx_linalg_outer(CxVal x1, CxVal x2) {
  if (!x1 || !x2) return NULL;
  FAIL_IF(x1->type->rank != 1 || x2->type->rank != 1, CX_ERR_VALUE, "Input arrays must be one-dimensional, but they are x1.ndim=%d x2.ndim=%d", x1->type->rank, x2->type->rank);
  return cx_np_outer(x1, x2);
}
CxVal cx_linalg_matmul(CxVal a, CxVal b, CxLinalgMatmul o) { return cx_np_matmul(a, b, (CxNpMatmul){.preferred_element_type = o.preferred_element_type}); }
CxVal cx_linalg_vecdot(CxVal a, CxVal b, CxLinalgVecdot o) { return cx_np_vecdot(a, b, (CxNpVecdot){.axis = o.axis, .preferred_element_type = o.preferred_element_type}); }
CxVal cx_linalg_matrix_transpose(CxVal x) {
  FAIL_IF(x && x->type->rank < 2, CX_ERR_VALUE, "matrix_transpose requires at least 2 dimensions; got ndim=%d", x->type->rank);
  return mat_t(x);
}
CxVal cx_linalg_diagonal(CxVal x, CxLinalgDiagonal o) { return np_diagonal(x, .offset = o.offset, .axis1 = -2, .axis2 = -1); }
CxVal cx_linalg_trace(CxVal x, CxLinalgTrace o) { return np_trace(x, .offset = o.offset, .axis1 = -2, .axis2 = -1, .dtype = o.dtype); }

CxVal cx_linalg_matrix_power(CxVal a, int64_t n) {
  if (!a) return NULL;
  const CxType *t = a->type;
  FAIL_IF(t->rank < 2, CX_ERR_TYPE, "%d-dimensional array given. Array must be at least two-dimensional", t->rank);
  FAIL_IF(mat_m(t) != mat_n(t), CX_ERR_TYPE, "Last 2 dimensions of the array must be square");
  if (!n) return cx_broadcast_to(mat_eye(t->dtype, t->rank, mat_n(t), mat_n(t)), t->rank, t->dims);
  if (n < 0) a = cx_linalg_inv(a);
  CxVal power = a, z = NULL;
  for (uint64_t left = n < 0 ? (uint64_t)0 - (uint64_t)n : (uint64_t)n; left && power;) {
    if (left & 1) z = z ? cx_np_matmul(z, power, (CxNpMatmul){0}) : power;
    if (left >>= 1) power = cx_np_matmul(power, power, (CxNpMatmul){0});
  }
  return z;
}

/* ---- chains: the cheapest order by dynamic programming over matrices i … j ---- */

enum { MULTI_DOT_MAX = 64 };
typedef struct Chain {
  CxVal v[MULTI_DOT_MAX];
  int split[MULTI_DOT_MAX][MULTI_DOT_MAX];
} Chain;

static CxVal chain_product(const Chain *c, int i, int j) {
  if (i == j) return c->v[i];
  int k = c->split[i][j];
  CxVal l = chain_product(c, i, k), r = chain_product(c, k + 1, j);
  return l && r ? cx_np_matmul(l, r, (CxNpMatmul){0}) : NULL;
}

static void chain_plan(Chain *c, int n) {
  double cost[MULTI_DOT_MAX][MULTI_DOT_MAX] = {{0}};
  for (int length = 1; length < n; length++)
    for (int i = 0; i + length < n; i++) {
      int j = i + length;
      cost[i][j] = INFINITY;
      for (int k = i; k < j; k++) {
        double rows = (double)mat_m(c->v[i]->type), inner = (double)mat_n(c->v[k]->type), cols = (double)mat_n(c->v[j]->type);
        double all = cost[i][k] + cost[k + 1][j] + rows * inner * cols;
        if (all < cost[i][j]) cost[i][j] = all, c->split[i][j] = k;
      }
    }
}

CxVal cx_linalg_multi_dot(CxVals arrays) {
  int n = (int)arrays.n;
  FAIL_IF(n < 2, CX_ERR_VALUE, "multi_dot requires at least two arrays; got len(arrays)=%d", n);
  FAIL_IF(n > MULTI_DOT_MAX, CX_ERR_NOT_IMPLEMENTED, "multi_dot takes at most %d arrays", MULTI_DOT_MAX);
  Chain c = {.v = {NULL}};
  bool row = false, col = false;
  for (int i = 0; i < n; i++) {
    CxVal x = arrays.v[i];
    if (!x) return NULL;
    bool end = i == 0 || i == n - 1;
    FAIL_IF(x->type->rank != 2 && !(end && x->type->rank == 1), CX_ERR_VALUE,
            "multi_dot: input arrays must all be two-dimensional, except for the first and last array which may be 1 or 2 dimensional.");
    FAIL_IF(i && arrays.v[i - 1]->type->dims[arrays.v[i - 1]->type->rank - 1] != x->type->dims[0], CX_ERR_VALUE,
            "multi_dot: last dimension of each array must match first dimension of following array.");
    bool vector = x->type->rank == 1;
    row |= vector && i == 0, col |= vector && i == n - 1;
    c.v[i] = vector ? cx_expand_dims(x, cx_ints(i == 0 ? 0 : 1)) : x;
    if (!c.v[i]) return NULL;
  }
  chain_plan(&c, n);
  CxVal z = chain_product(&c, 0, n - 1);
  if (z && col) z = cx_squeeze(z, cx_ints(1));
  return z && row ? cx_squeeze(z, cx_ints(0)) : z;
}

/* ---- tensors ---- */

static int64_t product(const int64_t *v, int n) {
  int64_t p = 1;
  for (int i = 0; i < n; i++) p *= v[i];
  return p;
}

CxVal cx_linalg_tensorinv(CxVal a, CxLinalgTensorinv o) {
  if (!a) return NULL;
  const CxType *t = a->type;
  FAIL_IF(o.ind <= 0, CX_ERR_VALUE, "ind must be a positive integer; got ind=%lld", (long long)o.ind);
  int k = o.ind < t->rank ? (int)o.ind : t->rank;
  int64_t rows = product(t->dims, k), cols = product(t->dims + k, t->rank - k), dims[CX_MAX_RANK];
  FAIL_IF(rows != cols, CX_ERR_VALUE, "tensorinv is only possible when the product of the first `ind` dimensions equals that of the remaining dimensions; got %lld and %lld",
          (long long)rows, (long long)cols);
  for (int i = 0; i < t->rank; i++) dims[i] = t->dims[(i + k) % t->rank];
  return cx_reshape(cx_linalg_inv(cx_reshape(a, 2, (int64_t[]){rows, cols})), t->rank, dims);
}

CxVal cx_linalg_tensorsolve(CxVal a, CxVal b, CxLinalgTensorsolve o) {
  int64_t store[CX_MAX_RANK];
  if (!a || !b) return NULL;
  if (!o.axes.none) { /* each in turn to the end */
    CxInts axes = np_axes(o.axes, a->type->rank, store);
    if (axes.n < 0) return NULL;
    int64_t order[CX_MAX_RANK];
    int n = 0, rank = a->type->rank;
    for (int i = 0; i < rank; i++) {
      bool moves = false;
      for (int k = 0; k < axes.n; k++) moves |= axes.v[k] == i;
      if (!moves) order[n++] = i;
    }
    for (int k = 0; k < axes.n; k++) order[n++] = axes.v[k];
    a = cx_transpose(a, order);
    if (!a) return NULL;
  }
  int nb = b->type->rank, rest = a->type->rank - nb;
  bool fits = rest >= 0;
  for (int i = 0; fits && i < nb; i++) fits = a->type->dims[i] == b->type->dims[i];
  FAIL_IF(!fits, CX_ERR_VALUE, "After moving axes to end, leading shape of a must match shape of b.");
  int64_t cols = product(a->type->dims + nb, rest);
  FAIL_IF(b->type->size != cols, CX_ERR_VALUE, "Input arrays must have prod(a.shape[:b.ndim]) == prod(a.shape[b.ndim:]); got %lld and %lld", (long long)b->type->size, (long long)cols);
  CxVal x = cx_linalg_solve(cx_reshape(a, 2, (int64_t[]){cols, cols}), np_flat(b));
  return x ? cx_reshape(x, rest, a->type->dims + nb) : NULL;
}
