/* See matrix.h. */
#include "op/matrix.h"

#include <stdio.h>

CxVal mat_t(CxVal x) {
  int64_t order[CX_MAX_RANK];
  if (!x) return NULL;
  int n = x->type->rank;
  for (int i = 0; i < n; i++) order[i] = i;
  order[n - 1] = n - 2, order[n - 2] = n - 1;
  return cx_transpose(x, order);
}
CxVal mat_h(CxVal x) { return x && mat_is_complex(x) ? cx_conj(mat_t(x)) : mat_t(x); }

CxVal mat_mul(CxVal x, CxVal y) {
  if (!x || !y) return NULL;
  int64_t batch[CX_MAX_RANK], last = x->type->rank - 1, first = y->type->rank - 2;
  for (int i = 0; i < first; i++) batch[i] = i;
  CxInts all = {.v = batch, .n = (int32_t)first};
  return cx_dot_general(x, y, (CxDotDims){{&last, 1, false}, {&first, 1, false}, all, all}, CX_NO_DTYPE);
}

/* where column - row <= k, of rank axes, as the last two axes */
static CxVal below(CxVal x, int64_t k) {
  const CxType *t = x->type;
  int64_t dims[] = {mat_m(t), mat_n(t)};
  CxVal row = cx_iota(CX_I32, 2, dims, 0), column = cx_iota(CX_I32, 2, dims, 1);
  return cx_broadcast_to(cx_ge(cx_add(row, cx_scalar_i64(CX_I32, k)), column), t->rank, t->dims);
}
CxVal mat_tril(CxVal x, int64_t k) { return x ? cx_select(below(x, k), x, cx_zeros(x->type)) : NULL; }
CxVal mat_triu(CxVal x, int64_t k) { return x ? cx_select(below(x, k - 1), cx_zeros(x->type), x) : NULL; }

CxVal mat_eye(CxDtype d, int rank, int64_t rows, int64_t cols) {
  int64_t dims[CX_MAX_RANK];
  for (int i = 0; i < rank; i++) dims[i] = i == rank - 2 ? rows : i == rank - 1 ? cols : 1;
  return cx_convert(cx_eq(cx_iota(CX_I32, rank, dims, rank - 2), cx_iota(CX_I32, rank, dims, rank - 1)), d);
}

static CxVal on_diagonal(const CxType *t) {
  int64_t dims[] = {mat_m(t), mat_n(t)};
  return cx_broadcast_to(cx_eq(cx_iota(CX_I32, 2, dims, 0), cx_iota(CX_I32, 2, dims, 1)), t->rank, t->dims);
}
CxVal mat_diag(CxVal x) { return x ? cx_reduce_sum(cx_select(on_diagonal(x->type), x, cx_zeros(x->type)), cx_ints(x->type->rank - 1)) : NULL; }

CxVal mat_from_diag(CxVal s) {
  int64_t dims[CX_MAX_RANK];
  if (!s) return NULL;
  int n = s->type->rank;
  memcpy(dims, s->type->dims, (size_t)n * sizeof *dims);
  dims[n] = dims[n - 1];
  CxVal x = cx_broadcast_to(cx_expand_dims(s, cx_ints(n - 1)), n + 1, dims);
  return x ? cx_select(on_diagonal(x->type), x, cx_zeros(x->type)) : NULL;
}

CxVal mat_rows(CxVal x, CxVal index) {
  int64_t batch[CX_MAX_RANK], sizes[CX_MAX_RANK];
  if (!x || !index) return NULL;
  int rank = x->type->rank;
  for (int i = 0; i < rank; i++) batch[i] = i, sizes[i] = i == rank - 1 ? x->type->dims[i] : 1;
  int64_t row = rank - 2, last = rank - 1;
  CxInts pairs = {.v = batch, .n = rank - 2};
  CxGatherDims dims = {.offset_dims = {&last, 1, false}, .collapsed_slice_dims = {&row, 1, false}, .start_index_map = {&row, 1, false},
                       .operand_batching_dims = pairs, .start_indices_batching_dims = pairs};
  return cx_gather(x, cx_expand_dims(index, cx_ints(index->type->rank)), dims, sizes, CX_INDEX_PROMISE, CX_NO_NUMBER);
}

CxVal mat_block(CxVal x, int64_t r0, int64_t r1, int64_t c0, int64_t c1) {
  if (!x) return NULL;
  int rank = x->type->rank;
  if (r0 || r1 != mat_m(x->type)) x = cx_slice_axis(x, rank - 2, r0, r1);
  if (x && (c0 || c1 != mat_n(x->type))) x = cx_slice_axis(x, rank - 1, c0, c1);
  return x;
}

CxVal mat_pad(CxVal x, int64_t above, int64_t under, int64_t left, int64_t right) {
  int64_t config[3 * CX_MAX_RANK] = {0};
  if (!x || !(above || under || left || right)) return x;
  int64_t *last = config + 3 * (x->type->rank - 2);
  last[0] = above, last[1] = under, last[3] = left, last[4] = right;
  return cx_pad(x, cx_like(x, 0), config);
}

CxVal mat_real_as(CxVal x, CxDtype d) { return cx_convert(x, d); }

/* ---- types ---- */

static bool mat_dtype(const CxApp *a, uint32_t i) {
  CxDtype d = a->types[i]->dtype;
  FAIL_IF(!is_inexact(a->types[i]), CX_ERR_TYPE, "%s does not accept dtype %s at position %u. Accepted dtypes at position %u are subtypes of floating, complexfloating.",
          a->def->name, cx_dtype_name(d), i, i);
  FAIL_IF(d != CX_F32 && d != CX_F64 && d != CX_C64 && d != CX_C128, CX_ERR_NOT_IMPLEMENTED, "%s: unsupported dtype %s; convert to float32 first", a->def->name, cx_dtype_name(d));
  return true;
}

bool mat_types(const CxApp *a, const int *ranks) {
  char text[256];
  const CxType *first = a->types[0];
  int lead = first->rank - (ranks[0] < 0 ? -ranks[0] : ranks[0]);
  for (uint32_t i = 0; i < a->nin; i++) {
    const CxType *t = a->types[i];
    bool index = ranks[i] < 0;
    int own = index ? -ranks[i] : ranks[i];
    FAIL_IF(index && t->dtype != CX_I32, CX_ERR_TYPE, "%s does not accept dtype %s at position %u. Accepted dtypes are subtypes of int32.", a->def->name, cx_dtype_name(t->dtype), i);
    TRY(index || mat_dtype(a, i));
    FAIL_IF(!index && ranks[0] > 0 && t->dtype != first->dtype, CX_ERR_TYPE, "%s requires arguments to have the same dtypes, got %s, %s.", a->def->name, cx_dtype_name(first->dtype),
            cx_dtype_name(t->dtype));
    FAIL_IF(t->rank < own, CX_ERR_TYPE, "Input %u to %s must have rank at least %d, but got shape=%s", i, a->def->name, own, dims_text(t->dims, t->rank, text, sizeof text));
    FAIL_IF(t->rank - own != lead, CX_ERR_TYPE, "All inputs to %s must have the same number of batch dimensions, but got %d and %d", a->def->name, lead, t->rank - own);
    for (int k = 0; k < lead; k++)
      FAIL_IF(t->dims[k] != first->dims[k], CX_ERR_TYPE, "All inputs to %s must have the same batch dimensions, but got %s", a->def->name, shapes_text(a, text, sizeof text));
  }
  return true;
}

bool mat_square(const CxApp *a, const char *what) {
  const CxType *t = a->types[0];
  FAIL_IF(mat_m(t) != mat_n(t), CX_ERR_VALUE, "%s must be a square matrix. Got shape (%lld, %lld).", what, (long long)mat_m(t), (long long)mat_n(t));
  return true;
}

const CxType *mat_type(const CxApp *a, int own, CxDtype d, int rank, const int64_t *dims) {
  int64_t all[CX_MAX_RANK + 4];
  bool weak = true;
  int batch = a->types[0]->rank - own;
  for (uint32_t i = 0; i < a->nin; i++) weak &= a->types[i]->weak;
  memcpy(all, a->types[0]->dims, (size_t)batch * sizeof *all);
  memcpy(all + batch, dims, (size_t)rank * sizeof *all);
  return cx_type(d, batch + rank, all, weak);
}

int64_t mat_batch(const CxType *t, int own) {
  int64_t n = 1;
  for (int i = 0; i < t->rank - own; i++) n *= t->dims[i];
  return n;
}

CxVal mat_exec_copy(const CxApp *a, uint32_t i, const CxType *type) {
  CxVal o = exec_take(a, i, type);
  if (o && o->array.data != a->in[i]->array.data) memcpy(o->array.data, a->in[i]->array.data, type_bytes(type));
  return o;
}

void mat_batch_rule(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  CxVal in[8];
  for (uint32_t i = 0; i < a->nin && i < 8; i++) in[i] = batch_to_front(a->in[i], axis[i], size);
  cx_bind(a->op, in, a->nin, a->attrs, out, a->nout);
  for (uint32_t i = 0; i < a->nout; i++) out_axis[i] = 0;
}
