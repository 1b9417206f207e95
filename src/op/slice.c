/* Ops that cut and join: concatenate, split, pad, slice, dynamic_slice, dynamic_update_slice, rev, tile, bitcast_convert_type.
 * Elements are only moved, so every dtype is allowed, random keys too. */
#include "op/attrs.h"
#include "op/gather.h"

#include "kernels/move.h"

enum { TEXT = 1024 };

static const CxType *type_with_dim(const CxType *t, int axis, int64_t n, bool weak) {
  int64_t dims[CX_MAX_RANK];
  if (t->rank) memcpy(dims, t->dims, (size_t)t->rank * sizeof *dims);
  dims[axis] = n;
  return cx_type(t->dtype, t->rank, dims, weak);
}

static bool all_weak(const CxApp *a) {
  for (uint32_t i = 0; i < a->nin; i++)
    if (!a->types[i]->weak) return false;
  return a->nin > 0;
}

static bool same_dtypes(const CxApp *a, uint32_t n) {
  for (uint32_t i = 1; i < n; i++)
    if (a->types[i]->dtype != a->types[0]->dtype)
      return cx_fail(CX_ERR_TYPE,
                     "lax.%s requires arguments to have the same dtypes, got %s, %s. (Tip: jnp.%s is a similar function that does "
                     "automatic type promotion on inputs).",
                     a->def->name, cx_dtype_name(a->types[0]->dtype), cx_dtype_name(a->types[i]->dtype), a->def->name);
  return true;
}

/* list[0 … n) with `value` put at position `at` */
static CxInts ints_insert(const int64_t *list, int n, int at, int64_t value, int64_t *room) {
  for (int i = 0; i < at; i++) room[i] = list[i];
  room[at] = value;
  for (int i = at; i < n; i++) room[i + 1] = list[i];
  return (CxInts){.v = room, .n = n + 1};
}

static bool exec_view(const CxApp *a, const CxType *const *types, CxVal *out, const CxView *in) {
  TRY(exec_alloc(a, types, out));
  CxView to = node_view(out[0]);
  kernel_copy(in, &to);
  return true;
}

/* ---- concatenate: z = x_0, then x_1, … along `dimension` ---- */

static bool concatenate_type(const CxApp *a, const CxType **out) {
  int64_t axis = ((const CxConcatenateAttrs *)a->attrs)->dimension, total = 0;
  char text[TEXT];
  FAIL_IF(!a->nin, CX_ERR_TYPE, "concatenate expects at least one operand, got 0.");
  const CxType *first = a->types[0];
  for (uint32_t i = 0; i < a->nin; i++)
    FAIL_IF(a->types[i]->rank != first->rank, CX_ERR_TYPE, "Cannot concatenate arrays with different numbers of dimensions: got %s.",
            shapes_text(a, text, sizeof text));
  FAIL_IF(axis < 0 || axis >= first->rank, CX_ERR_TYPE, "concatenate dimension out of bounds: dimension %lld for shapes %s.",
          (long long)axis, shapes_text(a, text, sizeof text));
  for (uint32_t i = 0; i < a->nin; i++) {
    for (int k = 0; k < first->rank; k++)
      FAIL_IF(k != axis && a->types[i]->dims[k] != first->dims[k], CX_ERR_TYPE,
              "Cannot concatenate arrays with shapes that differ in dimensions other than the one being concatenated: concatenating along "
              "dimension %lld for shapes %s.",
              (long long)axis, shapes_text(a, text, sizeof text));
    FAIL_IF(__builtin_add_overflow(total, a->types[i]->dims[axis], &total), CX_ERR_VALUE, "concatenate: the result is too large");
  }
  TRY(same_dtypes(a, a->nin));
  return (out[0] = type_with_dim(first, (int)axis, total, all_weak(a))) != NULL;
}

static bool concatenate_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  CxView small[16], *in = small;
  TRY(exec_alloc(a, types, out));
  if (a->nin > 16) TRY(in = cx_malloc(a->nin * sizeof *in));
  for (uint32_t i = 0; i < a->nin; i++) in[i] = node_view(a->in[i]);
  CxView to = node_view(out[0]);
  kernel_concatenate(in, (int)a->nin, (int)((const CxConcatenateAttrs *)a->attrs)->dimension, &to);
  if (in != small) cx_free(in);
  return true;
}

static void concatenate_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  int axis = (int)((const CxConcatenateAttrs *)a->attrs)->dimension;
  if (!ct[0]) return;
  int64_t *sizes = cx_malloc(a->nin * sizeof *sizes);
  CxVal *parts = cx_calloc(a->nin, sizeof *parts);
  if (sizes && parts) {
    for (uint32_t i = 0; i < a->nin; i++) sizes[i] = a->types[i]->dims[axis];
    cx_split(ct[0], (CxInts){.v = sizes, .n = (int32_t)a->nin}, axis, parts);
    for (uint32_t i = 0; i < a->nin; i++)
      if (!a->in[i]) ct_in[i] = parts[i];
  }
  cx_free(sizes);
  cx_free(parts);
}

static void concatenate_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  int dimension = (int)((const CxConcatenateAttrs *)a->attrs)->dimension, to = -1;
  CxVal small[16], *in = small;
  if (a->nin > 16 && !(in = cx_malloc(a->nin * sizeof *in))) return;
  for (uint32_t i = 0; i < a->nin && to < 0; i++) to = axis[i];
  for (uint32_t i = 0; i < a->nin; i++) in[i] = batch_move(a->in[i], axis[i], to, size);
  *out = cx_concatenate(a->nin, in, dimension + (dimension >= to));
  *out_axis = to;
  if (in != small) cx_free(in);
}

static CxVal concatenate_fold(const CxApp *a) { return a->nin == 1 ? a->in[0] : NULL; }

static const CxField concatenate_fields[] = {CX_FIELD(CxConcatenateAttrs, dimension, INT, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_CONCATENATE = {
    .name = "concatenate", .doc = "the operands one after the other along an axis", .nin = -2, .nout = 1, .flags = CX_OP_LINEAR,
    .fields = concatenate_fields, .attrs_bytes = sizeof(CxConcatenateAttrs), .type = concatenate_type, .exec = concatenate_exec,
    .jvp = rule_jvp_linear_all, .transpose = concatenate_transpose, .batch = concatenate_batch, .partial = rule_partial_default, .fold = concatenate_fold};

CxVal cx_concatenate(uint32_t n, const CxVal *xs, int axis) {
  return cx_bind1(CX_OP_CONCATENATE, xs, n, &(CxConcatenateAttrs){axis});
}

/* ---- split: the inverse of concatenate ---- */

static uint32_t split_nout(uint32_t nin, const void *attrs) {
  (void)nin;
  return (uint32_t)((const CxSplitAttrs *)attrs)->sizes.n;
}

static bool split_type(const CxApp *a, const CxType **out) {
  const CxSplitAttrs *s = a->attrs;
  const CxType *t = a->types[0];
  char sizes[TEXT], shape[TEXT];
  int64_t total = 0;
  FAIL_IF(s->axis < 0 || s->axis >= t->rank, CX_ERR_VALUE, "split axis must be between 0 and %d, got %lld", t->rank - 1, (long long)s->axis);
  for (int i = 0; i < s->sizes.n; i++) {
    FAIL_IF(s->sizes.v[i] < 0, CX_ERR_VALUE, "Sizes passed to split must be nonnegative, got %s", dims_text(s->sizes.v, s->sizes.n, sizes, sizeof sizes));
    FAIL_IF(__builtin_add_overflow(total, s->sizes.v[i], &total), CX_ERR_VALUE, "split: the sizes are too large");
  }
  FAIL_IF(total != t->dims[s->axis], CX_ERR_VALUE, "Sum of sizes %lld must be equal to dimension %lld of the operand shape %s",
          (long long)total, (long long)s->axis, dims_text(t->dims, t->rank, shape, sizeof shape));
  for (int i = 0; i < s->sizes.n; i++) TRY(out[i] = type_with_dim(t, (int)s->axis, s->sizes.v[i], t->weak));
  return true;
}

static bool split_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxSplitAttrs *s = a->attrs;
  CxView in = node_view(a->in[0]);
  int64_t start[CX_MAX_RANK] = {0}, limit[CX_MAX_RANK], dims[CX_MAX_RANK], strides[CX_MAX_RANK];
  TRY(exec_alloc(a, types, out));
  memcpy(limit, in.dims, (size_t)in.rank * sizeof *limit);
  for (uint32_t i = 0; i < a->nout; i++) {
    limit[s->axis] = start[s->axis] + s->sizes.v[i];
    CxView part = view_slice(&in, start, limit, NULL, dims, strides), to = node_view(out[i]);
    kernel_copy(&part, &to);
    start[s->axis] = limit[s->axis];
  }
  return true;
}

static void split_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxSplitAttrs *s = a->attrs;
  bool any = false;
  for (uint32_t i = 0; i < a->nout; i++) any |= ct[i] != NULL;
  CxVal *parts = any ? cx_calloc(a->nout, sizeof *parts) : NULL;
  if (!parts) return;
  for (uint32_t i = 0; i < a->nout; i++)
    parts[i] = cx_instantiate(ct[i], type_with_dim(a->types[0], (int)s->axis, s->sizes.v[i], false));
  ct_in[0] = cx_concatenate(a->nout, parts, (int)s->axis);
  cx_free(parts);
}

static void split_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  const CxSplitAttrs *s = a->attrs;
  cx_split(a->in[0], s->sizes, (int)s->axis + (s->axis >= axis[0]), out);
  for (uint32_t i = 0; i < a->nout; i++) out_axis[i] = axis[0];
}

static CxVal split_fold(const CxApp *a) { return a->nout == 1 ? a->in[0] : NULL; }

static const CxField split_fields[] = {CX_FIELD(CxSplitAttrs, axis, INT, 0, NULL), CX_FIELD(CxSplitAttrs, sizes, INTS, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_SPLIT = {
    .name = "split", .doc = "consecutive parts of the operand along an axis", .nin = 1, .nout = -1, .flags = CX_OP_LINEAR, .fields = split_fields,
    .attrs_bytes = sizeof(CxSplitAttrs), .nout_rule = split_nout, .type = split_type, .exec = split_exec, .jvp = rule_jvp_linear_first,
    .transpose = split_transpose, .batch = split_batch, .partial = rule_partial_default, .fold = split_fold};

bool cx_split(CxVal x, CxInts sizes, int axis, CxVal *out) {
  return cx_bind(CX_OP_SPLIT, &x, 1, &(CxSplitAttrs){axis, sizes}, out, (uint32_t)sizes.n);
}

/* ---- pad: per axis, `low` values before, `high` after, `interior` between elements; negative low and high remove ---- */

static bool pad_dim(int64_t n, const int64_t *c, int64_t *to) {
  int64_t gaps = 0;
  return !(n && __builtin_mul_overflow(n - 1, c[2], &gaps)) && !__builtin_add_overflow(n, gaps, &n) &&
         !__builtin_add_overflow(n, c[0], &n) && !__builtin_add_overflow(n, c[1], to);
}

static bool pad_type(const CxApp *a, const CxType **out) {
  const CxInts *c = &((const CxPadAttrs *)a->attrs)->padding_config;
  const CxType *t = a->types[0];
  char config[TEXT], shape[TEXT], result[TEXT];
  int64_t dims[CX_MAX_RANK];
  bool negative = false;
  FAIL_IF(t->dtype != a->types[1]->dtype, CX_ERR_TYPE, "pad operand and padding_value must be same dtype: got %s and %s.",
          cx_dtype_name(t->dtype), cx_dtype_name(a->types[1]->dtype));
  FAIL_IF(a->types[1]->rank, CX_ERR_VALUE, "padding_value must be a scalar; got np.shape(padding_value)=%s",
          dims_text(a->types[1]->dims, a->types[1]->rank, shape, sizeof shape));
  FAIL_IF(c->n != 3 * t->rank, CX_ERR_VALUE, "length of padding_config must equal the number of axes of operand, got %d for operand shape %s",
          c->n / 3, dims_text(t->dims, t->rank, shape, sizeof shape));
  for (int i = 0; i < t->rank; i++) {
    FAIL_IF(c->v[3 * i + 2] < 0, CX_ERR_VALUE, "interior padding in padding_config must be nonnegative, got padding_config %s",
            dims_text(c->v, c->n, config, sizeof config));
    FAIL_IF(!pad_dim(t->dims[i], c->v + 3 * i, &dims[i]), CX_ERR_VALUE, "pad: the result is too large");
    negative |= dims[i] < 0;
  }
  FAIL_IF(negative, CX_ERR_VALUE,
          "Dimension size after padding is not at least 0, got result shape %s, for padding_config %s and operand shape %s",
          dims_text(dims, t->rank, result, sizeof result), dims_text(c->v, c->n, config, sizeof config),
          dims_text(t->dims, t->rank, shape, sizeof shape));
  return (out[0] = cx_type(t->dtype, t->rank, dims, all_weak(a))) != NULL;
}

static bool pad_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const int64_t *c = ((const CxPadAttrs *)a->attrs)->padding_config.v;
  int64_t low[CX_MAX_RANK], high[CX_MAX_RANK], interior[CX_MAX_RANK];
  TRY(exec_alloc(a, types, out));
  for (int i = 0; i < types[0]->rank; i++) low[i] = c[3 * i], high[i] = c[3 * i + 1], interior[i] = c[3 * i + 2];
  CxView in = node_view(a->in[0]), to = node_view(out[0]);
  kernel_pad(&in, a->in[1]->array.data, low, high, interior, &to);
  return true;
}

/* The elements of ct that came from the operand. */
static CxVal pad_cut(const CxApp *a, CxVal ct) {
  const CxInts *c = &((const CxPadAttrs *)a->attrs)->padding_config;
  int64_t config[3 * CX_MAX_RANK] = {0}, start[CX_MAX_RANK] = {0}, strides[CX_MAX_RANK];
  bool cut = false, strided = false;
  for (int i = 0; i < c->n / 3; i++) {
    config[3 * i] = -c->v[3 * i], config[3 * i + 1] = -c->v[3 * i + 1];
    cut |= config[3 * i] || config[3 * i + 1];
    strides[i] = c->v[3 * i + 2] + 1;
    strided |= strides[i] != 1;
  }
  if (cut) ct = cx_pad(ct, cx_like(ct, 0), config);
  return strided && ct ? cx_slice(ct, start, ct->type->dims, strides) : ct;
}

static CxVal sum_all(CxVal x) {
  int64_t axes[CX_MAX_RANK];
  if (!x) return NULL;
  for (int i = 0; i < x->type->rank; i++) axes[i] = i;
  return cx_reduce_sum(x, (CxInts){.v = axes, .n = x->type->rank});
}

static void pad_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  if (!ct[0]) return;
  CxVal operand = pad_cut(a, ct[0]);
  if (!a->in[0]) ct_in[0] = operand;
  if (!a->in[1]) ct_in[1] = cx_sub(sum_all(ct[0]), sum_all(operand));
}

static void pad_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxInts *c = &((const CxPadAttrs *)a->attrs)->padding_config;
  int64_t config[3 * CX_MAX_RANK] = {0};
  int at = axis[0] < 0 ? 0 : axis[0];
  CxVal x = batch_move(a->in[0], axis[0], at, size), value = a->in[1];
  for (int i = 0; i < c->n; i++) config[i + (i >= 3 * at ? 3 : 0)] = c->v[i];
  *out_axis = at;
  if (axis[1] < 0 || !x) {
    *out = cx_pad(x, value, config);
    return;
  }
  CxVal padded = cx_pad(x, cx_like(x, 0), config), yes = cx_full(cx_type_with_dtype(x->type, CX_BOOL, false), 1);
  if (!padded) return;
  CxVal values = cx_broadcast_in_dim(value, padded->type->rank, padded->type->dims, (int64_t[]){at});
  *out = cx_select(cx_pad(yes, cx_scalar(CX_BOOL, 0), config), padded, values);
}

static CxVal pad_fold(const CxApp *a) {
  const CxInts *c = &((const CxPadAttrs *)a->attrs)->padding_config;
  for (int i = 0; i < c->n; i++)
    if (c->v[i] && !(i % 3 == 2 && a->types[0]->dims[i / 3] <= 1)) return NULL;
  return a->types[0]->weak == all_weak(a) ? a->in[0] : NULL;
}

static const CxField pad_fields[] = {CX_FIELD(CxPadAttrs, padding_config, INTS, 3, NULL), CX_FIELDS_END};
const CxOp cx_op_PAD = {
    .name = "pad", .doc = "the operand with y before, after and between its elements; negative counts remove elements", .nin = 2, .nout = 1,
    .flags = CX_OP_LINEAR, .fields = pad_fields, .attrs_bytes = sizeof(CxPadAttrs), .type = pad_type, .exec = pad_exec, .jvp = rule_jvp_linear_all,
    .transpose = pad_transpose, .batch = pad_batch, .partial = rule_partial_default, .fold = pad_fold};

CxVal cx_pad(CxVal x, CxVal value, const int64_t *config) {
  if (!x) return NULL;
  return cx_bind1(CX_OP_PAD, (CxVal[]){x, value}, 2, &(CxPadAttrs){{.v = config, .n = 3 * x->type->rank}});
}

/* ---- slice: z[i_0 …] = x[start_0 + stride_0 i_0, …] ---- */

static bool slice_fits(const CxSliceAttrs *s, const CxType *t) {
  const CxInts *start = &s->start_indices, *limit = &s->limit_indices;
  if (start->n != t->rank || limit->n != t->rank || (!s->strides.none && s->strides.n != t->rank)) return false;
  for (int i = 0; i < t->rank; i++)
    if (start->v[i] < 0 || limit->v[i] < start->v[i] || limit->v[i] > t->dims[i] || (!s->strides.none && s->strides.v[i] <= 0)) return false;
  return true;
}

static bool slice_fail(const CxSliceAttrs *s, const CxType *t) {
  const CxInts *start = &s->start_indices, *limit = &s->limit_indices;
  char starts[TEXT], limits[TEXT], shape[TEXT];
  dims_text(start->v, start->n, starts, sizeof starts);
  dims_text(limit->v, limit->n, limits, sizeof limits);
  dims_text(t->dims, t->rank, shape, sizeof shape);
  FAIL_IF(start->n != t->rank, CX_ERR_TYPE,
          "slice start_indices must have length equal to the number of dimensions of the operand, got indices %s for operand shape %s.", starts, shape);
  FAIL_IF(limit->n != start->n, CX_ERR_TYPE,
          "slice limit_indices must have the same length as start_indices, got start_indices %s and limit_indices %s.", starts, limits);
  for (int i = 0; i < t->rank; i++)
    FAIL_IF(limit->v[i] > t->dims[i], CX_ERR_TYPE,
            "slice limit_indices must be less than or equal to operand shape, got limit_indices %s for operand shape %s.", limits, shape);
  for (int i = 0; i < t->rank; i++)
    FAIL_IF(start->v[i] < 0, CX_ERR_TYPE, "slice start_indices must be greater than or equal to zero, got start_indices of %s.", starts);
  for (int i = 0; i < t->rank; i++)
    FAIL_IF(limit->v[i] < start->v[i], CX_ERR_TYPE,
            "slice limit_indices must be greater than or equal to start_indices, got start_indices %s and limit_indices %s.", starts, limits);
  FAIL_IF(!s->strides.none && s->strides.n != t->rank, CX_ERR_TYPE,
          "slice strides must have length equal to the number of dimensions of the operand, got strides %s for operand shape %s.",
          dims_text(s->strides.v, s->strides.n, starts, sizeof starts), shape);
  return cx_fail(CX_ERR_TYPE, "slice strides must be positive, got %s", dims_text(s->strides.v, s->strides.n, starts, sizeof starts));
}

static bool slice_type(const CxApp *a, const CxType **out) {
  const CxSliceAttrs *s = a->attrs;
  const CxInts *start = &s->start_indices, *limit = &s->limit_indices;
  const CxType *t = a->types[0];
  int64_t dims[CX_MAX_RANK];
  if (!slice_fits(s, t)) return slice_fail(s, t);
  for (int i = 0; i < t->rank; i++) {
    int64_t step = s->strides.none ? 1 : s->strides.v[i];
    dims[i] = limit->v[i] == start->v[i] ? 0 : (limit->v[i] - start->v[i] - 1) / step + 1;
  }
  return (out[0] = cx_type(t->dtype, t->rank, dims, t->weak)) != NULL;
}

static bool slice_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxSliceAttrs *s = a->attrs;
  if (types[0]->size == a->types[0]->size) return (out[0] = node_array_sharing(types[0], a->in[0], 0)) != NULL;
  int64_t dims[CX_MAX_RANK], strides[CX_MAX_RANK];
  CxView in = node_view(a->in[0]);
  CxView part = view_slice(&in, s->start_indices.v, s->limit_indices.v, s->strides.none ? NULL : s->strides.v, dims, strides);
  return exec_view(a, types, out, &part);
}

static void slice_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxSliceAttrs *s = a->attrs;
  int64_t config[3 * CX_MAX_RANK];
  if (!ct[0]) return;
  for (int i = 0; i < a->types[0]->rank; i++) {
    int64_t step = s->strides.none ? 1 : s->strides.v[i], n = ct[0]->type->dims[i];
    config[3 * i] = s->start_indices.v[i];
    config[3 * i + 1] = a->types[0]->dims[i] - s->start_indices.v[i] - (n ? (n - 1) * step + 1 : 0);
    config[3 * i + 2] = step - 1;
  }
  ct_in[0] = cx_pad(ct[0], cx_like(ct[0], 0), config);
}

static void slice_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxSliceAttrs *s = a->attrs;
  int64_t start[CX_MAX_RANK + 1], limit[CX_MAX_RANK + 1], step[CX_MAX_RANK + 1];
  int n = s->start_indices.n;
  CxSliceAttrs b = {ints_insert(s->limit_indices.v, n, axis[0], size, limit), ints_insert(s->start_indices.v, n, axis[0], 0, start), {.none = true}};
  if (!s->strides.none) b.strides = ints_insert(s->strides.v, n, axis[0], 1, step);
  *out = cx_bind1(CX_OP_SLICE, a->in, 1, &b);
  *out_axis = axis[0];
}

static CxVal slice_fold(const CxApp *a) {
  const CxSliceAttrs *s = a->attrs;
  const CxType *t = a->types[0];
  for (int i = 0; i < t->rank; i++)
    if (s->start_indices.v[i] || s->limit_indices.v[i] != t->dims[i] || (!s->strides.none && s->strides.v[i] != 1 && t->dims[i] > 1)) return NULL;
  return a->in[0];
}

static const CxField slice_fields[] = {CX_FIELD(CxSliceAttrs, limit_indices, INTS, 0, NULL), CX_FIELD(CxSliceAttrs, start_indices, INTS, 0, NULL),
                                       CX_FIELD(CxSliceAttrs, strides, INTS, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_SLICE = {
    .name = "slice", .doc = "elements start, start + stride, … below limit of every axis", .nin = 1, .nout = 1, .flags = CX_OP_LINEAR,
    .fields = slice_fields, .attrs_bytes = sizeof(CxSliceAttrs), .type = slice_type, .exec = slice_exec, .jvp = rule_jvp_linear_first,
    .transpose = slice_transpose, .batch = slice_batch, .partial = rule_partial_default, .fold = slice_fold};

CxVal cx_slice(CxVal x, const int64_t *start, const int64_t *limit, const int64_t *strides) {
  if (!x) return NULL;
  int n = x->type->rank;
  CxInts none = {.v = start, .none = true};
  return cx_bind1(CX_OP_SLICE, &x, 1, &(CxSliceAttrs){{.v = limit, .n = n}, {.v = start, .n = n}, strides ? (CxInts){.v = strides, .n = n} : none});
}

CxVal cx_slice_axis(CxVal x, int axis, int64_t start, int64_t limit) {
  int64_t starts[CX_MAX_RANK] = {0}, limits[CX_MAX_RANK];
  if (!x) return NULL;
  if (axis < 0 || axis >= x->type->rank) return cx_fail(CX_ERR_VALUE, "slice: there is no axis %d in rank %d", axis, x->type->rank), NULL;
  memcpy(limits, x->type->dims, (size_t)x->type->rank * sizeof *limits);
  starts[axis] = start;
  limits[axis] = limit;
  return cx_slice(x, starts, limits, NULL);
}

/* ---- dynamic_slice, dynamic_update_slice: the start is data, clamped so that the window lies inside ---- */

static bool starts_type(const CxApp *a, uint32_t first) {
  char text[TEXT];
  FAIL_IF(a->nin - first != (uint32_t)a->types[0]->rank, CX_ERR_TYPE,
          "%s start_indices must have length equal to the rank of operand, got %u indices for operand shape %s.", a->def->name, a->nin - first,
          dims_text(a->types[0]->dims, a->types[0]->rank, text, sizeof text));
  for (uint32_t i = first; i < a->nin; i++)
    FAIL_IF(a->types[i]->rank, CX_ERR_TYPE, "start_indices arguments to %s must be scalars, got indices %s", a->def->name,
            app_types_text(a, text, sizeof text));
  for (uint32_t i = first; i < a->nin; i++)
    FAIL_IF(a->types[i]->dtype != a->types[first]->dtype || !kind_in(a->types[i], "iu"), CX_ERR_TYPE,
            "index arguments to %s must be integers of the same type, got: %s", a->def->name, app_types_text(a, text, sizeof text));
  return true;
}

static void starts_views(const CxApp *a, uint32_t first, CxView *views) {
  for (uint32_t i = first; i < a->nin; i++) views[i - first] = node_view(a->in[i]);
}

static bool dynamic_slice_type(const CxApp *a, const CxType **out) {
  const CxInts *sizes = &((const CxDynamicSliceAttrs *)a->attrs)->slice_sizes;
  const CxType *t = a->types[0];
  char text[TEXT], shape[TEXT];
  FAIL_IF(sizes->n != t->rank, CX_ERR_TYPE, "dynamic_slice slice_sizes must have one entry per axis, got %s for operand shape %s.",
          dims_text(sizes->v, sizes->n, text, sizeof text),
          dims_text(t->dims, t->rank, shape, sizeof shape));
  for (int i = 0; i < t->rank; i++)
    FAIL_IF(sizes->v[i] > t->dims[i], CX_ERR_TYPE,
            "slice slice_sizes must be less than or equal to operand shape, got slice_sizes %s for operand shape %s.",
            dims_text(sizes->v, sizes->n, text, sizeof text),
            dims_text(t->dims, t->rank, shape, sizeof shape));
  for (int i = 0; i < t->rank; i++)
    FAIL_IF(sizes->v[i] < 0, CX_ERR_TYPE, "slice slice_sizes must be greater than or equal to zero, got slice_sizes of %s.",
            dims_text(sizes->v, sizes->n, text, sizeof text));
  TRY(starts_type(a, 1));
  return (out[0] = cx_type(t->dtype, t->rank, sizes->v, t->weak)) != NULL;
}

static bool dynamic_slice_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  CxView starts[CX_MAX_RANK];
  if (types[0]->size == a->types[0]->size) return (out[0] = node_array_sharing(types[0], a->in[0], 0)) != NULL;
  TRY(exec_alloc(a, types, out));
  starts_views(a, 1, starts);
  CxView in = node_view(a->in[0]), to = node_view(out[0]);
  kernel_dynamic_slice(&in, starts, &to);
  return true;
}

static void dynamic_slice_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  if (!ct[0]) return;
  ct_in[0] = cx_dynamic_update_slice(cx_zeros(cx_type_with_dtype(a->types[0], a->types[0]->dtype, false)), ct[0], a->in + 1);
}

/* Index vectors [size, n] from start scalars, of which some have a batch axis. */
static CxVal starts_join(const CxVal *starts, const int *axis, uint32_t n, int64_t size) {
  CxVal parts[CX_MAX_RANK];
  for (uint32_t i = 0; i < n; i++) {
    CxInts from = axis[i] < 0 ? CX_NO_INTS : cx_ints(0);
    parts[i] = cx_broadcast_in_dim(starts[i], 2, (int64_t[]){size, 1}, from.v);
  }
  return cx_concatenate(n, parts, 1);
}

static bool any_batched(const int *axis, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (axis[i] >= 0) return true;
  return false;
}

/* starts with a zero of their dtype put at position `at` */
static void starts_insert(const CxVal *starts, uint32_t n, int at, CxVal *room) {
  for (int i = 0; i < at; i++) room[i] = starts[i];
  room[at] = n ? cx_like(starts[0], 0) : cx_scalar_i64(CX_I32, 0);
  for (uint32_t i = (uint32_t)at; i < n; i++) room[i + 1] = starts[i];
}

static void dynamic_slice_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxInts *sizes = &((const CxDynamicSliceAttrs *)a->attrs)->slice_sizes;
  uint32_t n = a->nin - 1;
  if (!any_batched(axis + 1, n)) {
    int64_t room[CX_MAX_RANK + 1];
    CxVal starts[CX_MAX_RANK + 1];
    starts_insert(a->in + 1, n, axis[0], starts);
    *out = cx_dynamic_slice(a->in[0], starts, ints_insert(sizes->v, sizes->n, axis[0], size, room).v);
    *out_axis = axis[0];
    return;
  }
  int64_t all[CX_MAX_RANK];
  for (uint32_t i = 0; i < n; i++) all[i] = i;
  CxInts dims = {.v = all, .n = (int32_t)n};
  CxGatherAttrs attrs = {.dims = {.offset_dims = dims, .start_index_map = dims, .indices_are_sorted = true, .unique_indices = true},
                         .mode = CX_INDEX_CLIP, .slice_sizes = *sizes};
  CxVal in[2] = {a->in[0], starts_join(a->in + 1, axis + 1, n, size)};
  batch_as(CX_OP_GATHER, in, 2, &attrs, (int[]){axis[0], 0}, size, out, out_axis);
}

static CxVal dynamic_slice_fold(const CxApp *a) {
  const CxInts *sizes = &((const CxDynamicSliceAttrs *)a->attrs)->slice_sizes;
  const CxType *t = a->types[0];
  for (int i = 0; i < t->rank; i++)
    if (sizes->v[i] != t->dims[i]) return NULL;
  return a->in[0];
}

static const CxField dynamic_slice_fields[] = {CX_FIELD(CxDynamicSliceAttrs, slice_sizes, INTS, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_DYNAMIC_SLICE = {
    .name = "dynamic_slice", .doc = "a window of the operand whose start is given by scalars, clamped to lie inside", .nin = -2, .nout = 1,
    .fields = dynamic_slice_fields, .attrs_bytes = sizeof(CxDynamicSliceAttrs), .type = dynamic_slice_type, .exec = dynamic_slice_exec,
    .jvp = rule_jvp_linear_first, .transpose = dynamic_slice_transpose, .batch = dynamic_slice_batch, .partial = rule_partial_default,
    .fold = dynamic_slice_fold};

CxVal cx_dynamic_slice(CxVal x, const CxVal *start, const int64_t *sizes) {
  CxVal in[CX_MAX_RANK + 1] = {x};
  if (!x) return NULL;
  int n = x->type->rank;
  for (int i = 0; i < n; i++) in[i + 1] = start[i];
  return cx_bind1(CX_OP_DYNAMIC_SLICE, in, (uint32_t)n + 1, &(CxDynamicSliceAttrs){{.v = sizes, .n = n}});
}

static bool dynamic_update_slice_type(const CxApp *a, const CxType **out) {
  const CxType *t = a->types[0], *u = a->types[1];
  char update[TEXT], shape[TEXT];
  dims_text(u->dims, u->rank, update, sizeof update);
  dims_text(t->dims, t->rank, shape, sizeof shape);
  FAIL_IF(t->rank != u->rank, CX_ERR_TYPE,
          "dynamic_update_slice update must have the same rank as operand, got update shape %s for operand shape %s.", update, shape);
  for (int i = 0; i < t->rank; i++)
    FAIL_IF(u->dims[i] > t->dims[i], CX_ERR_TYPE,
            "dynamic_update_slice update shape must be smaller than operand shape, got update shape %s for operand shape %s.", update, shape);
  TRY(same_dtypes(a, 2) && starts_type(a, 2));
  return (out[0] = cx_type_with_dtype(t, t->dtype, all_weak(a))) != NULL;
}

static bool dynamic_update_slice_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  CxView starts[CX_MAX_RANK];
  if (a->types[1]->size == types[0]->size) return (out[0] = node_array_sharing(types[0], a->in[1], 0)) != NULL;
  TRY(out[0] = exec_take(a, 0, types[0]));
  starts_views(a, 2, starts);
  CxView in = node_view(a->in[0]), update = node_view(a->in[1]), to = node_view(out[0]);
  kernel_dynamic_update_slice(&in, &update, starts, &to);
  return true;
}

static void dynamic_update_slice_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  out[0] = cx_dynamic_update_slice(a->in[0], a->in[1], a->in + 2);
  if (t[0] || t[1])
    tout[0] = cx_dynamic_update_slice(cx_instantiate(t[0], a->types[0]), cx_instantiate(t[1], a->types[1]), a->in + 2);
}

static void dynamic_update_slice_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxType *u = a->types[1];
  if (!ct[0]) return;
  if (!a->in[0]) ct_in[0] = cx_dynamic_update_slice(ct[0], cx_zeros(cx_type_with_dtype(u, u->dtype, false)), a->in + 2);
  if (!a->in[1]) ct_in[1] = cx_dynamic_slice(ct[0], a->in + 2, u->dims);
}

static void dynamic_update_slice_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  uint32_t n = a->nin - 2;
  if (!any_batched(axis + 2, n)) {
    CxVal starts[CX_MAX_RANK + 1];
    int at = axis[0] >= 0 ? axis[0] : axis[1];
    starts_insert(a->in + 2, n, at, starts);
    *out = cx_dynamic_update_slice(batch_move(a->in[0], axis[0], at, size), batch_move(a->in[1], axis[1], at, size), starts);
    *out_axis = at;
    return;
  }
  int64_t all[CX_MAX_RANK];
  for (uint32_t i = 0; i < n; i++) all[i] = i;
  CxInts dims = {.v = all, .n = (int32_t)n};
  CxScatterAttrs attrs = {.dims = {.update_window_dims = dims, .scatter_dims_to_operand_dims = dims, .indices_are_sorted = true,
                                   .unique_indices = true}, .mode = CX_INDEX_CLIP};
  CxVal in[3] = {a->in[0], starts_join(a->in + 2, axis + 2, n, size), a->in[1]};
  batch_as(CX_OP_SCATTER, in, 3, &attrs, (int[]){axis[0], 0, axis[1]}, size, out, out_axis);
}

static CxVal dynamic_update_slice_fold(const CxApp *a) {
  const CxType *t = a->types[0], *u = a->types[1];
  return cx_type_same_dims(t, u) && u->weak == all_weak(a) ? a->in[1] : NULL;
}

const CxOp cx_op_DYNAMIC_UPDATE_SLICE = {
    .name = "dynamic_update_slice", .doc = "the operand with a window replaced; the window's start is clamped to lie inside", .nin = -3, .nout = 1,
    .type = dynamic_update_slice_type, .exec = dynamic_update_slice_exec, .jvp = dynamic_update_slice_jvp,
    .transpose = dynamic_update_slice_transpose, .batch = dynamic_update_slice_batch, .partial = rule_partial_default,
    .fold = dynamic_update_slice_fold};

CxVal cx_dynamic_update_slice(CxVal x, CxVal update, const CxVal *start) {
  CxVal in[CX_MAX_RANK + 2] = {x, update};
  if (!x) return NULL;
  int n = x->type->rank;
  for (int i = 0; i < n; i++) in[i + 2] = start[i];
  return cx_bind1(CX_OP_DYNAMIC_UPDATE_SLICE, in, (uint32_t)n + 2, NULL);
}

/* ---- rev: z[…, i, …] = x[…, n - 1 - i, …] ---- */

static bool rev_type(const CxApp *a, const CxType **out) {
  const CxInts *d = &((const CxRevAttrs *)a->attrs)->dimensions;
  bool seen[CX_MAX_RANK] = {0};
  char text[TEXT];
  dims_text(d->v, d->n, text, sizeof text);
  for (int i = 0; i < d->n; i++) {
    FAIL_IF(d->v[i] < 0 || d->v[i] >= a->types[0]->rank, CX_ERR_TYPE,
            "rev dimensions must all be less than operand ndim, got dimensions %s for operand ndim %d.", text, a->types[0]->rank);
    FAIL_IF(seen[d->v[i]], CX_ERR_TYPE, "rev dimensions must be unique, got %s.", text);
    seen[d->v[i]] = true;
  }
  return out[0] = a->types[0], true;
}

static bool rev_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxInts *d = &((const CxRevAttrs *)a->attrs)->dimensions;
  int64_t dims[CX_MAX_RANK], strides[CX_MAX_RANK];
  CxView in = node_view(a->in[0]), v = view_rev(&in, d->v, d->n, dims, strides);
  return exec_view(a, types, out, &v);
}

static void rev_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  if (ct[0]) ct_in[0] = cx_rev(ct[0], ((const CxRevAttrs *)a->attrs)->dimensions);
}

static void rev_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  const CxInts *d = &((const CxRevAttrs *)a->attrs)->dimensions;
  int64_t dims[CX_MAX_RANK];
  for (int i = 0; i < d->n; i++) dims[i] = d->v[i] + (d->v[i] >= axis[0]);
  *out = cx_rev(a->in[0], (CxInts){.v = dims, .n = d->n});
  *out_axis = axis[0];
}

static CxVal rev_fold(const CxApp *a) {
  const CxInts *d = &((const CxRevAttrs *)a->attrs)->dimensions;
  for (int i = 0; i < d->n; i++)
    if (a->types[0]->dims[d->v[i]] > 1) return NULL;
  return a->in[0];
}

static const CxField rev_fields[] = {CX_FIELD(CxRevAttrs, dimensions, INTS, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_REV = {.name = "rev", .doc = "the order of elements along axes reversed", .nin = 1, .nout = 1, .flags = CX_OP_LINEAR,
                        .fields = rev_fields, .attrs_bytes = sizeof(CxRevAttrs), .type = rev_type, .exec = rev_exec,
                        .jvp = rule_jvp_linear_first, .transpose = rev_transpose, .batch = rev_batch, .partial = rule_partial_default, .fold = rev_fold};

CxVal cx_rev(CxVal x, CxInts axes) { return cx_bind1(CX_OP_REV, &x, 1, &(CxRevAttrs){axes}); }

/* ---- tile: the operand repeated reps[i] times along axis i ---- */

static bool tile_type(const CxApp *a, const CxType **out) {
  const CxInts *r = &((const CxTileAttrs *)a->attrs)->reps;
  const CxType *t = a->types[0];
  int64_t dims[CX_MAX_RANK];
  FAIL_IF(r->n != t->rank, CX_ERR_TYPE, "reps length must be equal to the ndim of x, got len(reps)=%d and x.ndim=%d.", r->n, t->rank);
  for (int i = 0; i < t->rank; i++) {
    FAIL_IF(r->v[i] < 0, CX_ERR_VALUE, "tile reps must be nonnegative, got %lld", (long long)r->v[i]);
    FAIL_IF(__builtin_mul_overflow(t->dims[i], r->v[i], &dims[i]), CX_ERR_VALUE, "tile: the result is too large");
  }
  return (out[0] = cx_type(t->dtype, t->rank, dims, t->weak)) != NULL;
}

static bool tile_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxInts *r = &((const CxTileAttrs *)a->attrs)->reps;
  const CxType *t = a->types[0];
  int64_t dims[2 * CX_MAX_RANK], strides[2 * CX_MAX_RANK], step = 1;
  int n = 0;
  TRY(exec_alloc(a, types, out));
  for (int i = t->rank - 1; i >= 0; i--) { /* innermost first; turned round below */
    if (t->dims[i] != 1) dims[n] = t->dims[i], strides[n++] = step;
    if (r->v[i] != 1) dims[n] = r->v[i], strides[n++] = 0;
    step *= t->dims[i];
  }
  for (int i = 0; i < n / 2; i++) {
    int64_t d = dims[i], s = strides[i];
    dims[i] = dims[n - 1 - i], strides[i] = strides[n - 1 - i];
    dims[n - 1 - i] = d, strides[n - 1 - i] = s;
  }
  FAIL_IF(n > VIEW_MAX_RANK, CX_ERR_NOT_IMPLEMENTED, "tile of rank %d along more than %d axes", t->rank, VIEW_MAX_RANK / 2);
  CxView from = {a->in[0]->array.data, t->dtype, n, dims, strides}, to = {out[0]->array.data, t->dtype, n, dims, NULL};
  kernel_copy(&from, &to);
  return true;
}

static void tile_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxInts *r = &((const CxTileAttrs *)a->attrs)->reps;
  const CxType *t = a->types[0];
  int64_t dims[2 * CX_MAX_RANK], axes[CX_MAX_RANK];
  int n = 0, summed = 0;
  if (!ct[0]) return;
  for (int i = 0; i < t->rank; i++) {
    if (r->v[i] != 1) axes[summed++] = n, dims[n++] = r->v[i];
    dims[n++] = t->dims[i];
  }
  ct_in[0] = cx_reduce_sum(cx_reshape(ct[0], n, dims), (CxInts){.v = axes, .n = summed});
}

static void tile_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  const CxInts *r = &((const CxTileAttrs *)a->attrs)->reps;
  int64_t room[CX_MAX_RANK + 1];
  *out = cx_tile(a->in[0], ints_insert(r->v, r->n, axis[0], 1, room).v);
  *out_axis = axis[0];
}

static CxVal tile_fold(const CxApp *a) {
  const CxInts *r = &((const CxTileAttrs *)a->attrs)->reps;
  for (int i = 0; i < r->n; i++)
    if (r->v[i] != 1) return NULL;
  return a->in[0];
}

static const CxField tile_fields[] = {CX_FIELD(CxTileAttrs, reps, INTS, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_TILE = {.name = "tile", .doc = "the operand repeated along its axes", .nin = 1, .nout = 1, .flags = CX_OP_LINEAR,
                         .fields = tile_fields, .attrs_bytes = sizeof(CxTileAttrs), .type = tile_type, .exec = tile_exec, .jvp = rule_jvp_linear_first,
                         .transpose = tile_transpose, .batch = tile_batch, .partial = rule_partial_default, .fold = tile_fold};

CxVal cx_tile(CxVal x, const int64_t *reps) {
  if (!x) return NULL;
  return cx_bind1(CX_OP_TILE, &x, 1, &(CxTileAttrs){{.v = reps, .n = x->type->rank}});
}

/* ---- bitcast_convert_type: the same bits under another dtype ---- */

static bool bitcast_type(const CxApp *a, const CxType **out) {
  CxDtype to = ((const CxBitcastAttrs *)a->attrs)->new_dtype;
  const CxType *t = a->types[0];
  int from_bits = cx_dtype_bits(t->dtype), to_bits = cx_dtype_bits(to);
  int64_t dims[CX_MAX_RANK + 1];
  char shape[TEXT];
  FAIL_IF(to != t->dtype && (!kind_in(t, "iuf") || !strchr("iuf", cx_dtype_kind(to))), CX_ERR_TYPE,
          "lax.bitcast_convert_type does not support bool or complex values unless the operand and destination types match. Got operand "
          "dtype=%s, new_dtype=%s. Consider using the arr.view() method instead.",
          cx_dtype_name(t->dtype), cx_dtype_name(to));
  if (t->rank) memcpy(dims, t->dims, (size_t)t->rank * sizeof *dims);
  int rank = t->rank;
  if (from_bits > to_bits) {
    dims[rank++] = from_bits / to_bits;
  } else if (from_bits < to_bits) {
    int64_t n = rank ? dims[rank - 1] : 1;
    FAIL_IF(n != to_bits / from_bits, CX_ERR_VALUE,
            "Attempting to convert array of shape %s from %s of size %d bits to %s of size %d, bits but %lld * %d != %d",
            dims_text(t->dims, t->rank, shape, sizeof shape), cx_dtype_name(t->dtype), from_bits, cx_dtype_name(to), to_bits, (long long)n,
            from_bits, to_bits);
    rank--;
  }
  return (out[0] = cx_type(to, rank, dims, false)) != NULL;
}

static bool bitcast_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  if (cx_dtype_bits(types[0]->dtype) >= 8 && cx_dtype_bits(a->types[0]->dtype) >= 8)
    return (out[0] = node_array_sharing(types[0], a->in[0], 0)) != NULL;
  TRY(exec_alloc(a, types, out));
  CxView in = node_view(a->in[0]), to = node_view(out[0]);
  return kernel_bitcast(&in, &to);
}

static void bitcast_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  CxDtype to = ((const CxBitcastAttrs *)a->attrs)->new_dtype;
  if (a->types[0]->rank == 1 && cx_dtype_bits(to) > cx_dtype_bits(a->types[0]->dtype)) {
    cx_fail(CX_ERR_VALUE, "Attempting to convert a scalar from %s to the wider %s", cx_dtype_name(a->types[0]->dtype), cx_dtype_name(to));
    return;
  }
  *out = cx_bitcast(cx_move_axis(a->in[0], axis[0], 0), to);
  *out_axis = 0;
}

static CxVal bitcast_fold(const CxApp *a) {
  CxDtype to = ((const CxBitcastAttrs *)a->attrs)->new_dtype;
  return to == a->types[0]->dtype && !a->types[0]->weak ? a->in[0] : NULL;
}

static const CxField bitcast_fields[] = {CX_FIELD(CxBitcastAttrs, new_dtype, DTYPE, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_BITCAST_CONVERT_TYPE = {
    .name = "bitcast_convert_type", .doc = "the operand's bits as another dtype, lowest bits first along a trailing axis", .nin = 1, .nout = 1,
    .fields = bitcast_fields, .attrs_bytes = sizeof(CxBitcastAttrs), .type = bitcast_type, .exec = bitcast_exec, .jvp = rule_nondiff,
    .transpose = rule_nonlinear, .batch = bitcast_batch, .partial = rule_partial_default, .fold = bitcast_fold};

CxVal cx_bitcast(CxVal x, CxDtype dtype) { return cx_bind1(CX_OP_BITCAST_CONVERT_TYPE, &x, 1, &(CxBitcastAttrs){dtype}); }
