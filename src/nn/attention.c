/* Dot-product attention, computed as two products with a softmax between them in float32. */
#include "nn/build.h"
#include "np/build.h"

#include <math.h>

typedef struct Attention {
  int64_t batch, rows, columns, heads, shared, features; /* heads of the query; of key and value */
} Attention;

static CxVal four(CxVal x) {
  int64_t axes[4] = {0, 1, 2, 3};
  return !x || x->type->rank >= 4 ? x : cx_expand_dims(x, (CxInts){axes, 4 - x->type->rank, false});
}

static bool fits(const char *name, CxVal x, CxDtype d, int rank, const int64_t *want) { /* -1: any extent */
  if (!x) return true;
  FAIL_IF(x->type->rank != rank, CX_ERR_VALUE, "%s ndim should be %d, but got %d", name, rank, x->type->rank);
  FAIL_IF(d && x->type->dtype != d, CX_ERR_VALUE, "%s dtype should be %s, but got %s", name, cx_dtype_name(d), cx_dtype_name(x->type->dtype));
  for (int i = 0; i < rank; i++)
    FAIL_IF(want[i] >= 0 && x->type->dims[i] != want[i], CX_ERR_VALUE, "%s: extent %d should be %lld, but got %lld", name, i, (long long)want[i], (long long)x->type->dims[i]);
  return true;
}

static CxDotDims per_head(const int64_t *contract_x, const int64_t *contract_y, const int64_t *batch_x, const int64_t *batch_y) {
  return (CxDotDims){.lhs_contract = {contract_x, 1, false}, .rhs_contract = {contract_y, 1, false}, .lhs_batch = {batch_x, 2, false}, .rhs_batch = {batch_y, 2, false}};
}

/* (batch, heads, rows, columns) */
static CxVal logits_of(CxVal q, CxVal k, const Attention *a, CxDtype d) {
  static const int64_t last[1] = {4}, fourth[1] = {3}, heads[2] = {0, 2}, order[5] = {0, 1, 3, 2, 4};
  int64_t groups = a->heads / a->shared;
  CxVal x = cx_reshape(q, 5, (int64_t[]){a->batch, a->rows, a->shared, groups, a->features});
  x = cx_transpose(cx_dot_general(x, k, per_head(last, fourth, heads, heads), d), order);
  return cx_reshape(x, 4, (int64_t[]){a->batch, a->heads, a->rows, a->columns});
}

static CxVal encoded(CxVal probs, CxVal v, const Attention *a) {
  static const int64_t last[1] = {4}, second[1] = {1}, heads_p[2] = {0, 1}, heads_v[2] = {0, 2}, order[5] = {0, 3, 1, 2, 4};
  int64_t groups = a->heads / a->shared;
  CxVal x = cx_reshape(probs, 5, (int64_t[]){a->batch, a->shared, groups, a->rows, a->columns});
  x = cx_transpose(cx_dot_general(x, v, per_head(last, second, heads_p, heads_v), v->type->dtype), order);
  return cx_reshape(x, 4, (int64_t[]){a->batch, a->rows, a->heads, a->features});
}

static CxVal both(CxVal a, CxVal b) { return !a ? b : !b ? a : vand(a, b); }

static CxVal along(CxVal x, int axis) { /* a vector along one of four axes */
  int64_t dims[4] = {1, 1, 1, 1};
  dims[axis] = x ? x->type->size : 1;
  return x ? cx_reshape(x, 4, dims) : NULL;
}

static CxVal seen(const Attention *a, CxNnDotProductAttention o) { /* which keys a query sees, as far as a rule says; NULL: all */
  CxVal row = along(varange(a->rows), 2), column = along(varange(a->columns), 3), r = o.mask ? four(o.mask) : NULL;
  if (o.is_causal) r = both(r, vge(row, column));
  if (!o.local_window_size.none) {
    CxInts w = o.local_window_size;
    r = both(r, both(vle(row, vadd(column, vint(w.v[0]))), vge(row, vsub(column, vint(w.v[w.n - 1])))));
  }
  if (o.query_seq_lengths) r = both(r, vlt(row, along(o.query_seq_lengths, 0)));
  if (o.key_value_seq_lengths) r = both(r, vlt(column, along(o.key_value_seq_lengths, 0)));
  return r;
}

static bool operands_ok(CxVal *q, CxVal *k, CxVal *v, Attention *a, CxNnDotProductAttention o) {
  if (!(*q = four(*q)) || !(*k = four(*k)) || !(*v = four(*v))) return false;
  FAIL_IF((*k)->type->rank != 4, CX_ERR_VALUE, "key ndim should be 4, but got %d", (*k)->type->rank);
  const int64_t *d = (*k)->type->dims, any[4] = {-1, -1, -1, -1}, query[4] = {d[0], -1, -1, d[3]};
  CxDtype key = (*k)->type->dtype;
  TRY(fits("value", *v, key, 4, d) && fits("query", *q, key, 4, query) && fits("mask", four(o.mask), CX_BOOL, 4, any) && fits("bias", four(o.bias), CX_NO_DTYPE, 4, any));
  TRY(fits("query_seq_lengths", o.query_seq_lengths, CX_I32, 1, d) && fits("key_value_seq_lengths", o.key_value_seq_lengths, CX_I32, 1, d));
  *a = (Attention){.batch = d[0], .columns = d[1], .shared = d[2], .features = d[3], .rows = (*q)->type->dims[1], .heads = (*q)->type->dims[2]};
  FAIL_IF(!a->shared || a->heads % a->shared, CX_ERR_VALUE, "The number of query heads must be a multiple of key/value heads, but got %lld vs %lld", (long long)a->heads, (long long)a->shared);
  FAIL_IF(!o.local_window_size.none && (o.local_window_size.n < 1 || o.local_window_size.n > 2), CX_ERR_VALUE, "local_window_size must be a number or two");
  if (!o.implementation || !strcmp(o.implementation, "xla")) return true;
  if (!strcmp(o.implementation, "cudnn")) return cx_fail(CX_ERR_RUNTIME, "cuDNN is not available: use implementation='xla'");
  return cx_fail(CX_ERR_VALUE, "Unsupported implementation option: %s", o.implementation);
}

bool cx_nn_dot_product_attention(CxVal query, CxVal key, CxVal value, CxNnDotProductAttention o, CxVals *out) {
  if (!query || !key || !value) return false;
  const CxType *shape = query->type;
  CxVal q = query, k = key, v = value;
  Attention a;
  TRY(operands_ok(&q, &k, &v, &a, o));
  CxDtype d = q->type->dtype == CX_F64 ? CX_F64 : CX_F32, of = k->type->dtype;
  CxVal x = logits_of(q, k, &a, d);
  x = vmul(x, vcast(o.scale ? o.scale : vnum(1 / sqrt((double)a.features)), d));
  if (o.bias) x = vcast(vadd(x, four(o.bias)), d);
  CxVal see = seen(&a, o);
  if (see && x) {
    int64_t dims[4] = {a.batch, a.heads, a.rows, a.columns};
    x = cx_select(cx_broadcast_to(see, 4, dims), x, cx_full(x->type, (double)(float)(-0.7 * 3.4028234663852886e38)));
  }
  x = vcast(x, CX_F32);
  CxVal r = x ? encoded(vcast(cx_nn_softmax(x, (CxNnSoftmax){.axis = cx_ints(-1)}), of), v, &a) : NULL;
  if (r && o.query_seq_lengths) r = vmul(r, vcast(vlt(along(varange(a.rows), 1), along(o.query_seq_lengths, 0)), of));
  TRY(r && cx_vals_push(out, cx_reshape(r, shape->rank, shape->dims)));
  if (!o.return_residual) return true;
  CxVals sums = {0};
  CxVal lse = cx_nn_logsumexp(x, (CxNnLogsumexp){.axis = cx_ints(-1)}, &sums) ? sums.v[0] : NULL;
  cx_vals_free(&sums);
  lse = lse ? cx_transpose(vcast(lse, of), (int64_t[]){0, 2, 1}) : NULL;
  return lse && cx_vals_push(out, cx_stop_gradient(cx_reshape(lse, shape->rank - 1, shape->dims)));
}
