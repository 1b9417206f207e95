/* Sorting along one axis: sort (operands go along with the keys) and top_k. Tangents move as their primals do: gathered by the indices. */
#include "op/attrs.h"
#include "kernels/sort.h"
#include "op/rules.h"

/* x's elements at `indices` (of the result's extents) along an axis. */
static CxVal take_along(CxVal x, CxVal indices, int axis) {
  if (!x || !indices) return NULL;
  int64_t others[CX_MAX_RANK], at[] = {axis}, ones[CX_MAX_RANK];
  int rank = x->type->rank, n = 0;
  for (int i = 0; i < rank; i++) {
    ones[i] = 1;
    if (i != axis) others[n++] = i;
  }
  CxInts one = {.v = at, .n = 1}, rest = {.v = others, .n = n};
  CxGatherDims dims = {.offset_dims = CX_NO_INTS, .collapsed_slice_dims = one, .start_index_map = one, .operand_batching_dims = rest,
                       .start_indices_batching_dims = rest};
  CxVal column = cx_expand_dims(indices, (CxInts){.v = (int64_t[]){rank}, .n = 1});
  return cx_gather(x, column, dims, ones, CX_INDEX_PROMISE, CX_NO_NUMBER);
}

/* ---- sort ---- */

static uint32_t sort_nout(uint32_t nin, const void *attrs) {
  (void)attrs;
  return nin;
}

static bool sort_type(const CxApp *a, const CxType **out) {
  const CxSortAttrs *s = a->attrs;
  if (!a->nin) return type_fail(a, "requires at least one operand");
  FAIL_IF(s->num_keys < 1 || s->num_keys > a->nin, CX_ERR_VALUE, "num_keys=%lld must be between 1 and len(operand)=%u", (long long)s->num_keys, a->nin);
  for (uint32_t i = 0; i < a->nin; i++) {
    if (!cx_type_same_dims(a->types[i], a->types[0])) return type_fail(a, "Arguments to sort must have equal shapes");
    if (i < (uint32_t)s->num_keys && !kind_in(a->types[i], "biufc"))
      return cx_fail(CX_ERR_TYPE, "sort does not accept keys of dtype %s.", cx_dtype_name(a->types[i]->dtype));
    out[i] = a->types[i];
  }
  FAIL_IF(s->dimension < 0 || s->dimension >= a->types[0]->rank, CX_ERR_VALUE, "dimension %lld is out of bounds for array of dimension %d",
          (long long)s->dimension, a->types[0]->rank);
  return true;
}

static bool sort_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxSortAttrs *s = a->attrs;
  CxView small[8], *in = small;
  TRY(exec_alloc(a, types, out));
  if (a->nin > 4 && !(in = cx_malloc(2 * a->nin * sizeof *in))) return false;
  for (uint32_t i = 0; i < a->nin; i++) in[i] = node_view(a->in[i]), in[a->nin + i] = node_view(out[i]);
  bool ok = kernel_sort(in, (int)a->nin, (int)s->dimension, (int)s->num_keys, in + a->nin);
  if (in != small) cx_free(in);
  return ok;
}

/* The permutation comes from sorting the indices along. */
static void sort_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxSortAttrs *s = a->attrs;
  const CxType *type = a->types[0];
  uint32_t n = a->nin;
  bool any = false;
  for (uint32_t i = 0; i < n; i++) any |= t[i] != NULL;
  CxVal *in = cx_calloc(2 * (n + 1), sizeof *in), *sorted = in + n + 1;
  if (in && !any) cx_bind(a->op, a->in, n, s, out, n);
  if (in && any) {
    CxDtype index = type->dims[s->dimension] > UINT32_MAX ? CX_U64 : CX_U32;
    memcpy(in, a->in, n * sizeof *in);
    in[n] = cx_iota(index, type->rank, type->dims, (int)s->dimension);
    cx_bind(a->op, in, n + 1, s, sorted, n + 1);
    memcpy(out, sorted, n * sizeof *out);
    for (uint32_t i = 0; i < n; i++)
      if (t[i]) tout[i] = take_along(t[i], sorted[n], (int)s->dimension);
  }
  cx_free(in);
}

static void sort_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  CxSortAttrs s = *(const CxSortAttrs *)a->attrs;
  int at = 0;
  for (uint32_t i = a->nin; i-- > 0;)
    if (axis[i] >= 0) at = axis[i];
  s.dimension += at <= s.dimension;
  CxVal *in = cx_calloc(a->nin, sizeof *in);
  for (uint32_t i = 0; in && i < a->nin; i++) in[i] = batch_move(a->in[i], axis[i], at, size), out_axis[i] = at;
  if (in) cx_bind(a->op, in, a->nin, &s, out, a->nout);
  cx_free(in);
}

static const CxField sort_fields[] = {CX_FIELD(CxSortAttrs, dimension, INT, 0, NULL), CX_FIELD(CxSortAttrs, is_stable, BOOL, 0, NULL),
                                      CX_FIELD(CxSortAttrs, num_keys, INT, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_SORT = {
    .name = "sort", .doc = "the operands in ascending order of the first num_keys of them along one axis; NaN last, -0 equals 0", .nin = -2, .nout = -1,
    .fields = sort_fields, .attrs_bytes = sizeof(CxSortAttrs), .nout_rule = sort_nout, .type = sort_type, .exec = sort_exec, .jvp = sort_jvp,
    .transpose = rule_nonlinear, .batch = sort_batch, .partial = rule_partial_default, .fold = rule_nofold};

bool cx_sort(uint32_t n, const CxVal *xs, int dimension, bool is_stable, uint32_t num_keys, CxVal *out) {
  return cx_bind(CX_OP_SORT, xs, n, &(CxSortAttrs){dimension, is_stable, num_keys}, out, n);
}

/* ---- top_k ---- */

static bool top_k_type(const CxApp *a, const CxType **out) {
  const CxTopKAttrs *k = a->attrs;
  const CxType *t = a->types[0];
  int64_t dims[CX_MAX_RANK];
  FAIL_IF(kind_in(t, "c"), CX_ERR_VALUE, "top_k is not compatible with complex inputs.");
  FAIL_IF(!kind_in(t, "biuf"), CX_ERR_TYPE, "top_k does not accept dtype %s.", cx_dtype_name(t->dtype));
  FAIL_IF(k->k < 0, CX_ERR_VALUE, "k argument to top_k must be nonnegative, got %lld", (long long)k->k);
  FAIL_IF(!t->rank, CX_ERR_TYPE, "top_k operand must have >= 1 dimension, got ()");
  FAIL_IF(k->axis < 0 || k->axis >= t->rank, CX_ERR_VALUE, "axis argument out of range: axis=%lld for rank %d", (long long)k->axis, t->rank);
  memcpy(dims, t->dims, (size_t)t->rank * sizeof *dims);
  FAIL_IF(dims[k->axis] < k->k, CX_ERR_VALUE, "k argument to top_k must be no larger than size along axis; got k=%lld with extent %lld and axis=%lld",
          (long long)k->k, (long long)dims[k->axis], (long long)k->axis);
  FAIL_IF(dims[k->axis] > (int64_t)INT32_MAX + 1, CX_ERR_VALUE,
          "top_k returns int32 indices, which will overflow for array dimensions larger than the maximum int32 (%d). Got extent %lld", INT32_MAX,
          (long long)dims[k->axis]);
  dims[k->axis] = k->k;
  return (out[0] = cx_type(t->dtype, t->rank, dims, t->weak)) && (out[1] = cx_type(CX_I32, t->rank, dims, t->weak));
}

static bool top_k_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  TRY(exec_alloc(a, types, out));
  CxView in = node_view(a->in[0]), values = node_view(out[0]), indices = node_view(out[1]);
  return kernel_top_k(&in, (int)((const CxTopKAttrs *)a->attrs)->axis, &values, &indices);
}

static void top_k_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  cx_bind(a->op, a->in, 1, a->attrs, out, 2);
  if (t[0]) tout[0] = take_along(t[0], out[1], (int)((const CxTopKAttrs *)a->attrs)->axis);
}

static void top_k_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  CxTopKAttrs k = *(const CxTopKAttrs *)a->attrs;
  k.axis += axis[0] <= k.axis;
  cx_bind(a->op, a->in, 1, &k, out, 2);
  out_axis[0] = out_axis[1] = axis[0];
}

static const CxField top_k_fields[] = {CX_FIELD(CxTopKAttrs, axis, INT, 0, NULL), CX_FIELD(CxTopKAttrs, k, INT, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_TOP_K = {
    .name = "top_k", .doc = "the k greatest along an axis, descending (NaN first; of equals the lower index first), and their indices", .nin = 1, .nout = 2,
    .fields = top_k_fields, .attrs_bytes = sizeof(CxTopKAttrs), .type = top_k_type, .exec = top_k_exec, .jvp = top_k_jvp,
    .transpose = rule_nonlinear, .batch = top_k_batch, .partial = rule_partial_default, .fold = rule_nofold};

bool cx_top_k(CxVal x, int64_t k, int axis, CxVal *values, CxVal *indices) {
  CxVal out[2] = {NULL, NULL};
  bool ok = cx_bind(CX_OP_TOP_K, &x, 1, &(CxTopKAttrs){axis, k}, out, 2);
  *values = out[0], *indices = out[1];
  return ok;
}
