/* Constants, movement, indexing and products. */
#include "stablehlo/import_rules.h"

#include "base/error.h"
#include <string.h>

enum { CONSTANT_INLINE = 256 }; /* elements of a splat that are written out */

/* ---- making ---- */

bool rule_constant(Import *im, const HloOp *op, CxVal *out) {
  const HloAttr *a = op_attr(op, "value");
  const CxType *t = result_type(im, op, 0);
  TRY(t);
  if (!a || a->kind != HLO_DENSE || a->type->tensor != t) return hlo_wrong(op, "value must be elements of the result's type");
  bool spread = a->splat && t->size > CONSTANT_INLINE;
  CxVal v = cx_array(t->dtype, spread ? 0 : t->rank, t->dims, NULL);
  TRY(v && hlo_dense_copy(a, 0, v->type->size, v->array.data));
  return (out[0] = spread ? cx_broadcast_in_dim(v, t->rank, t->dims, (int64_t[]){0}) : v) != NULL;
}

bool rule_iota(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 0);
  int64_t axis;
  TRY(t && attr_int(op, "iota_dimension", &axis));
  if (axis < 0 || axis >= t->rank) return hlo_wrong(op, "iota_dimension is not an axis of the result");
  return (out[0] = cx_iota(t->dtype, t->rank, t->dims, (int)axis)) != NULL;
}

/* ---- movement ---- */

bool rule_broadcast_in_dim(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 0);
  CxVal x = operand(im, op, 0);
  CxInts where;
  TRY(t && attr_ints_n(im, op, "broadcast_dimensions", x->type->rank, &where));
  for (int i = 0; i < where.n; i++)
    if (where.v[i] < 0 || where.v[i] >= t->rank || (x->type->dims[i] != 1 && x->type->dims[i] != t->dims[where.v[i]]))
      return hlo_wrong(op, "broadcast_dimensions do not take the operand's shape into the result's");
  int64_t sorted = 1;
  for (int i = 1; i < where.n; i++) sorted &= where.v[i] > where.v[i - 1];
  if (sorted) return (out[0] = cx_broadcast_in_dim(x, t->rank, t->dims, where.v)) != NULL;
  int64_t perm[CX_MAX_RANK], to[CX_MAX_RANK]; /* axes in the order of the result's */
  int n = 0;
  for (int k = 0; k < t->rank; k++)
    for (int i = 0; i < where.n; i++)
      if (where.v[i] == k && n < where.n) perm[n] = i, to[n++] = k;
  return (out[0] = cx_broadcast_in_dim(cx_transpose(x, perm), t->rank, t->dims, to)) != NULL;
}

bool rule_broadcast(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 0), *x = operand(im, op, 0)->type;
  int64_t where[CX_MAX_RANK];
  TRY(t);
  if (t->rank < x->rank) return hlo_wrong(op, "the result must have the operand's axes last");
  for (int i = 0; i < x->rank; i++) where[i] = t->rank - x->rank + i;
  return (out[0] = cx_broadcast_in_dim(operand(im, op, 0), t->rank, t->dims, where)) != NULL;
}

bool rule_reshape(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 0);
  TRY(t);
  if (t->size != operand(im, op, 0)->type->size) return hlo_wrong(op, "operand and result must have the same number of elements");
  return (out[0] = cx_reshape(operand(im, op, 0), t->rank, t->dims)) != NULL;
}

bool rule_transpose(Import *im, const HloOp *op, CxVal *out) {
  CxInts permutation;
  CxVal x = operand(im, op, 0);
  return attr_ints_n(im, op, "permutation", x->type->rank, &permutation) && (out[0] = cx_transpose(x, permutation.v));
}

bool rule_reverse(Import *im, const HloOp *op, CxVal *out) {
  CxInts axes;
  return attr_ints(im, op, "dimensions", &axes) && (out[0] = cx_rev(operand(im, op, 0), axes));
}

bool rule_concatenate(Import *im, const HloOp *op, CxVal *out) {
  int64_t axis;
  CxVal *in = operands(im, op);
  TRY(in && attr_int(op, "dimension", &axis));
  if (!op->nin || axis < 0 || axis >= in[0]->type->rank) return hlo_wrong(op, "dimension is not an axis of the operands");
  return (out[0] = cx_concatenate(op->nin, in, (int)axis)) != NULL;
}

bool rule_slice(Import *im, const HloOp *op, CxVal *out) {
  CxVal x = operand(im, op, 0);
  CxInts start, limit, strides;
  int rank = x->type->rank;
  TRY(attr_ints_n(im, op, "start_indices", rank, &start) && attr_ints_n(im, op, "limit_indices", rank, &limit));
  TRY(attr_ints_or(im, op, "strides", rank, 1, &strides));
  return (out[0] = cx_slice(x, start.v, limit.v, strides.v)) != NULL;
}

static bool pad_with(CxVal x, CxVal value, const int64_t *low, const int64_t *high, const int64_t *interior, CxVal *out) {
  int64_t config[3 * CX_MAX_RANK];
  for (int i = 0; i < x->type->rank; i++) config[3 * i] = low[i], config[3 * i + 1] = high[i], config[3 * i + 2] = interior[i];
  return (out[0] = cx_pad(x, value, config)) != NULL;
}

bool rule_pad(Import *im, const HloOp *op, CxVal *out) {
  CxVal x = operand(im, op, 0);
  CxInts low, high, interior;
  int rank = x->type->rank;
  TRY(attr_ints_n(im, op, "edge_padding_low", rank, &low) && attr_ints_n(im, op, "edge_padding_high", rank, &high));
  TRY(attr_ints_n(im, op, "interior_padding", rank, &interior));
  return pad_with(x, operand(im, op, 1), low.v, high.v, interior.v, out);
}

/* The elements of a constant operand: n integers. */
static bool constant_ints(const HloOp *op, CxVal v, int n, int64_t *to) {
  if (!node_is_array(v)) return hlo_unsupported(op, "operands that decide shapes must be constants");
  if (v->type->size != n || !strchr("iu", cx_dtype_kind(v->type->dtype))) return hlo_wrong(op, "an operand has the wrong number of integers");
  int bytes = cx_dtype_bytes(v->type->dtype);
  for (int i = 0; i < n; i++) {
    to[i] = 0;
    memcpy(&to[i], v->array.data + i * bytes, (size_t)bytes);
    if (cx_dtype_kind(v->type->dtype) == 'i') to[i] = (int64_t)((uint64_t)to[i] << (64 - 8 * bytes)) >> (64 - 8 * bytes);
  }
  return true;
}

bool rule_dynamic_pad(Import *im, const HloOp *op, CxVal *out) {
  CxVal x = operand(im, op, 0);
  int64_t lists[3][CX_MAX_RANK];
  for (uint32_t i = 0; i < 3; i++) TRY(constant_ints(op, operand(im, op, 2 + i), x->type->rank, lists[i]));
  return pad_with(x, operand(im, op, 1), lists[0], lists[1], lists[2], out);
}

static bool starts_fit(Import *im, const HloOp *op, uint32_t first, int rank) {
  if (op->nin != first + (uint32_t)rank) return hlo_wrong(op, "there must be one start index per axis");
  for (uint32_t i = first; i < op->nin; i++) {
    const CxType *t = operand(im, op, i)->type;
    if (t->rank || !strchr("iu", cx_dtype_kind(t->dtype))) return hlo_wrong(op, "start indices must be integer scalars");
  }
  return true;
}

bool rule_dynamic_slice(Import *im, const HloOp *op, CxVal *out) {
  CxInts sizes;
  CxVal *in = operands(im, op);
  TRY(in);
  if (!op->nin) return hlo_wrong(op, "needs an operand");
  int rank = in[0]->type->rank;
  TRY(starts_fit(im, op, 1, rank) && attr_ints_n(im, op, "slice_sizes", rank, &sizes));
  return (out[0] = cx_dynamic_slice(in[0], in + 1, sizes.v)) != NULL;
}

bool rule_dynamic_update_slice(Import *im, const HloOp *op, CxVal *out) {
  CxVal *in = operands(im, op);
  TRY(in);
  if (op->nin < 2) return hlo_wrong(op, "needs an operand and an update");
  TRY(starts_fit(im, op, 2, in[0]->type->rank));
  if (in[1]->type->rank != in[0]->type->rank) return hlo_wrong(op, "operand and update must have the same rank");
  return (out[0] = cx_dynamic_update_slice(in[0], in[1], in + 2)) != NULL;
}

bool rule_bitcast(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 0);
  return t && (out[0] = cx_bitcast(operand(im, op, 0), t->dtype));
}

bool rule_dimension_size(Import *im, const HloOp *op, CxVal *out) {
  int64_t axis;
  const CxType *t = operand(im, op, 0)->type;
  TRY(attr_int(op, "dimension", &axis));
  if (axis < 0 || axis >= t->rank) return hlo_wrong(op, "dimension is not an axis of the operand");
  return (out[0] = cx_scalar_i64(CX_I32, t->dims[axis])) != NULL;
}

/* ---- gather ---- */

static CxVal index_vectors_last(CxVal indices, int64_t axis, CxInts *batch) {
  int rank = indices->type->rank;
  if (axis == rank) return cx_expand_dims(indices, cx_ints(rank));
  if (axis == rank - 1) return indices;
  int64_t *moved = (int64_t *)(uintptr_t)batch->v; /* the import's own list */
  for (int i = 0; i < batch->n; i++) moved[i] -= moved[i] > axis;
  return cx_move_axis(indices, (int)axis, rank - 1);
}

bool rule_gather(Import *im, const HloOp *op, CxVal *out) {
  CxVal x = operand(im, op, 0), indices = operand(im, op, 1);
  CxGatherDims d = {.indices_are_sorted = attr_flag(op, "indices_are_sorted")};
  int64_t axis, dynamic[CX_MAX_RANK];
  CxInts sizes = {.v = dynamic};
  TRY(attr_ints_opt(im, op, "offset_dims", &d.offset_dims) && attr_ints_opt(im, op, "collapsed_slice_dims", &d.collapsed_slice_dims));
  TRY(attr_ints_opt(im, op, "start_index_map", &d.start_index_map) && attr_ints_opt(im, op, "operand_batching_dims", &d.operand_batching_dims));
  TRY(attr_ints_opt(im, op, "start_indices_batching_dims", &d.start_indices_batching_dims));
  if (op->nin == 2) TRY(attr_ints_n(im, op, "slice_sizes", x->type->rank, &sizes));
  else TRY(constant_ints(op, operand(im, op, 2), x->type->rank, dynamic));
  if (!op_attr(op, "index_vector_dim")) axis = 0;
  else TRY(attr_int(op, "index_vector_dim", &axis));
  if (axis < 0 || axis > indices->type->rank) return hlo_wrong(op, "index_vector_dim is not an axis of the indices or the one after");
  indices = index_vectors_last(indices, axis, &d.start_indices_batching_dims);
  return indices && (out[0] = cx_gather(x, indices, d, sizes.v, CX_INDEX_CLIP, CX_NO_NUMBER));
}

/* x with axis `dim` indexed by index: axes before, axes of the index, axes after */
bool rule_torch_index_select(Import *im, const HloOp *op, CxVal *out) {
  CxVal x = operand(im, op, 0), index = operand(im, op, 1);
  int64_t dim, batch, offset[CX_MAX_RANK], sizes[CX_MAX_RANK];
  TRY(attr_int(op, "dim", &dim) && attr_int(op, "batch_dims", &batch));
  int rank = x->type->rank, n = 0;
  if (dim < 0 || dim >= rank || batch < 0 || batch > dim) return hlo_wrong(op, "dim is not an axis of the operand");
  if (batch) return hlo_unsupported(op, "batch_dims are not supported");
  for (int i = 0; i < rank; i++) {
    sizes[i] = i == dim ? 1 : x->type->dims[i];
    if (i != dim) offset[n++] = i < dim ? i : i - 1 + index->type->rank;
  }
  CxGatherDims d = {.offset_dims = {.v = offset, .n = n}, .collapsed_slice_dims = {.v = &dim, .n = 1}, .start_index_map = {.v = &dim, .n = 1},
                    .operand_batching_dims = CX_NO_INTS, .start_indices_batching_dims = CX_NO_INTS};
  return (out[0] = cx_gather(x, cx_expand_dims(index, cx_ints(index->type->rank)), d, sizes, CX_INDEX_CLIP, CX_NO_NUMBER)) != NULL;
}

/* ---- products ---- */

static int precision_of(const HloAttr *a) {
  if (a->kind != HLO_ENUM) return 0;
  return !strcmp(a->s, "HIGHEST") ? 2 : !strcmp(a->s, "HIGH") ? 1 : 0;
}

static CxPrecision precision(const HloOp *op) {
  static const CxPrecision of[3][3] = {{CX_PRECISION_NONE, CX_PRECISION_DEFAULT_HIGH, CX_PRECISION_DEFAULT_HIGHEST},
                                       {CX_PRECISION_HIGH_DEFAULT, CX_PRECISION_HIGH, CX_PRECISION_HIGH_HIGHEST},
                                       {CX_PRECISION_HIGHEST_DEFAULT, CX_PRECISION_HIGHEST_HIGH, CX_PRECISION_HIGHEST}};
  const HloAttr *a = op_attr(op, "precision_config");
  if (!a) a = op_attr(op, "precision"); /* as text spells it */
  return a && a->kind == HLO_ARRAY && a->n == 2 ? of[precision_of(a->items[0])][precision_of(a->items[1])] : CX_PRECISION_NONE;
}

bool rule_dot_general(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 0);
  CxDotDims d;
  TRY(t && attr_ints_opt(im, op, "lhs_batching_dimensions", &d.lhs_batch) && attr_ints_opt(im, op, "rhs_batching_dimensions", &d.rhs_batch));
  TRY(attr_ints_opt(im, op, "lhs_contracting_dimensions", &d.lhs_contract) && attr_ints_opt(im, op, "rhs_contracting_dimensions", &d.rhs_contract));
  return (out[0] = cx_dot_general_with(operand(im, op, 0), operand(im, op, 1), d, precision(op), t->dtype)) != NULL;
}

bool rule_dot(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 0);
  CxVal x = operand(im, op, 0), y = operand(im, op, 1);
  int rank = x->type->rank;
  if (rank < 1 || rank > 2 || y->type->rank < 1 || y->type->rank > 2) return hlo_wrong(op, "operands must be vectors or matrices");
  CxDotDims d = {.lhs_contract = cx_ints(rank - 1), .rhs_contract = cx_ints(0), .lhs_batch = CX_NO_INTS, .rhs_batch = CX_NO_INTS};
  return t && (out[0] = cx_dot_general_with(x, y, d, precision(op), t->dtype));
}

static bool conv_spec(Import *im, const HloOp *op, const char *const names[3], int rank, CxInts *to) {
  int64_t *v = arena_alloc(&im->arena, (size_t)rank * sizeof *v);
  CxInts spatial;
  TRY(v && attr_int(op, names[0], &v[0]) && attr_int(op, names[1], &v[1]) && attr_ints_n(im, op, names[2], rank - 2, &spatial));
  for (int i = 2; i < rank; i++) v[i] = spatial.v[i - 2];
  *to = (CxInts){.v = v, .n = rank};
  return true;
}

static bool conv_dims(Import *im, const HloOp *op, int rank, CxConvDims *d) {
  static const char *const names[3][3] = {{"input_batch_dimension", "input_feature_dimension", "input_spatial_dimensions"},
                                          {"kernel_output_feature_dimension", "kernel_input_feature_dimension", "kernel_spatial_dimensions"},
                                          {"output_batch_dimension", "output_feature_dimension", "output_spatial_dimensions"}};
  return conv_spec(im, op, names[0], rank, &d->lhs_spec) && conv_spec(im, op, names[1], rank, &d->rhs_spec) &&
         conv_spec(im, op, names[2], rank, &d->out_spec);
}

/* The kernel turned around along the spatial axes whose window is reversed. */
static CxVal conv_kernel(CxVal kernel, const CxInts *reversal, const CxConvDims *d) {
  int64_t axes[CX_MAX_RANK];
  int n = 0;
  for (int i = 0; i < reversal->n; i++)
    if (reversal->v[i]) axes[n++] = d->rhs_spec.v[i + 2];
  return n ? cx_rev(kernel, (CxInts){.v = axes, .n = n}) : kernel;
}

bool rule_convolution(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 0);
  CxVal x = operand(im, op, 0), kernel = operand(im, op, 1);
  CxInts reversal;
  int rank = x->type->rank, n = rank - 2;
  TRY(t);
  if (n < 0 || kernel->type->rank != rank || t->rank != rank) return hlo_wrong(op, "operands and result must have the same rank, of at least 2");
  CxConv c = {.precision = precision(op), .preferred = t->dtype};
  TRY(conv_dims(im, op, rank, &c.dims) && attr_ints_or(im, op, "window_strides", n, 1, &c.window_strides));
  TRY(attr_ints_or(im, op, "padding", 2 * n, 0, &c.padding) && attr_ints_or(im, op, "lhs_dilation", n, 1, &c.lhs_dilation));
  TRY(attr_ints_or(im, op, "rhs_dilation", n, 1, &c.rhs_dilation) && attr_ints_or(im, op, "window_reversal", n, 0, &reversal));
  TRY(attr_int(op, "feature_group_count", &c.feature_group_count) && attr_int(op, "batch_group_count", &c.batch_group_count));
  for (int i = 2; i < rank; i++)
    if (c.dims.rhs_spec.v[i] < 0 || c.dims.rhs_spec.v[i] >= rank) return hlo_wrong(op, "a spatial dimension of the kernel is not one of its axes");
  kernel = conv_kernel(kernel, &reversal, &c.dims);
  return kernel && (out[0] = cx_conv_general_dilated(x, kernel, &c));
}
