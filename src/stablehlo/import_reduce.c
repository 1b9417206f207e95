/* Operations whose meaning is a region: reductions, windows, scatters, sorts. Regions that match.c knows become primitives of that meaning. */
#include "stablehlo/import_rules.h"
#include "stablehlo/match.h"

#include "base/error.h"
#include "op/attrs.h"
#include "op/region.h"
#include <string.h>

/* ---- reduce ---- */

static CxOpcode reduction_of(CxOpcode monoid, CxDtype d) {
  bool number = d != CX_BOOL;
  switch (monoid) {
  case CX_OP_ADD: return number ? CX_OP_REDUCE_SUM : CX_OP_NONE;
  case CX_OP_MUL: return number ? CX_OP_REDUCE_PROD : CX_OP_NONE;
  case CX_OP_MAX: return CX_OP_REDUCE_MAX;
  case CX_OP_MIN: return CX_OP_REDUCE_MIN;
  case CX_OP_AND: return CX_OP_REDUCE_AND;
  case CX_OP_OR: return CX_OP_REDUCE_OR;
  case CX_OP_XOR: return CX_OP_REDUCE_XOR;
  default: return CX_OP_NONE;
  }
}

static bool is_identity(CxVal init, CxOpcode monoid) {
  if (!node_is_array(init)) return false;
  if (monoid == CX_OP_ADD && init->type->size == 1 && cx_dtype_kind(init->type->dtype) == 'f' && cx_to_double(init) == 0) return true;
  return value_is_constant(init, monoid_identity_scalar(monoid, init->type->dtype));
}

static CxVal reduce_one(CxVal x, CxVal init, CxOpcode monoid, CxInts axes) {
  CxVal z = cx_bind1(reduction_of(monoid, x->type->dtype), &x, 1, &(CxReduceAttrs){axes});
  if (!z || is_identity(init, monoid)) return z;
  return cx_bind1(monoid, (CxVal[]){cx_broadcast_like(init, z->type), z}, 2, NULL);
}

/* Was v made by iota along this axis, perhaps of a smaller shape? */
static bool is_iota(Import *im, HloId id, int64_t axis) {
  const HloOp *op = im->by[id];
  int64_t along;
  if (op && !strcmp(op->name, "broadcast_in_dim") && op->nattrs) {
    CxInts where;
    if (!im->by[op->in[0]] || strcmp(im->by[op->in[0]]->name, "iota") || !attr_ints(im, op, "broadcast_dimensions", &where)) return false;
    const HloOp *iota = im->by[op->in[0]];
    const CxType *t = im->env[iota->out] ? im->env[iota->out]->type : NULL;
    return attr_int(iota, "iota_dimension", &along) && along >= 0 && along < where.n && where.v[along] == axis && t &&
           t->dims[along] == im->env[id]->type->dims[axis];
  }
  return op && !strcmp(op->name, "iota") && attr_int(op, "iota_dimension", &along) && along == axis;
}

static bool reduce_argument(Import *im, const HloOp *op, const CxVal *in, const CxGraph *g, CxInts axes, CxVal *out) {
  CxOpcode code = op->nin == 4 && axes.n == 1 ? match_argument(g) : CX_OP_NONE;
  if (!code || axes.v[0] < 0 || axes.v[0] >= in[0]->type->rank || !in[0]->type->dims[axes.v[0]] || !is_iota(im, op->in[1], axes.v[0])) return false;
  CxOpcode extreme = code == CX_OP_ARGMAX ? CX_OP_MAX : CX_OP_MIN;
  if (!is_identity(in[2], extreme) || !is_identity(in[3], CX_OP_ADD)) {
    bool zero = node_is_array(in[3]) && value_is_constant(in[3], cx_scalar_i64(in[3]->type->dtype, 0));
    if (!zero || !is_identity(in[2], extreme)) return false;
  }
  out[0] = reduce_one(in[0], in[2], extreme, axes);
  out[1] = cx_bind1(code, in, 1, &(CxArgAttrs){axes, in[1]->type->dtype});
  return true;
}

static bool reducible(const HloOp *op, const CxVal *in) {
  uint32_t n = op->nin / 2;
  if (!n || op->nin % 2 || op->nout != n) return hlo_wrong(op, "takes as many initial values as operands and gives as many results");
  for (uint32_t i = 0; i < n; i++) {
    if (in[n + i]->type->rank || in[n + i]->type->dtype != in[i]->type->dtype) return hlo_wrong(op, "initial values must be scalars of the operands' types");
    if (!cx_type_same_dims(in[i]->type, in[0]->type)) return hlo_wrong(op, "operands must have the same shape");
  }
  return true;
}

static bool reduce_with(Import *im, const HloOp *op, CxVal *in, CxGraph *g, CxInts axes, CxVal *out) {
  uint32_t n = op->nin / 2;
  CxOpcode monoid = n == 1 ? region_monoid(g) : CX_OP_NONE;
  if (monoid && reduction_of(monoid, in[0]->type->dtype)) return (out[0] = reduce_one(in[0], in[1], monoid, axes)) != NULL;
  if (reduce_argument(im, op, in, g, axes, out)) return !cx_failed();
  return !cx_failed() && cx_reduce(n, in, in + n, g, axes, out);
}

bool rule_reduce(Import *im, const HloOp *op, CxVal *out) {
  CxVal *in = operands(im, op);
  CxInts axes;
  TRY(in && reducible(op, in) && attr_ints(im, op, "dimensions", &axes));
  CxGraph *g = region_closed(im, op, 0);
  bool ok = g && reduce_with(im, op, in, g, axes, out);
  ref_release(g);
  return ok;
}

/* ---- windows ---- */

static bool window_of(Import *im, const HloOp *op, int rank, CxWindow *w) {
  return attr_ints_n(im, op, "window_dimensions", rank, &w->dimensions) && attr_ints_or(im, op, "window_strides", rank, 1, &w->strides) &&
         attr_ints_or(im, op, "padding", 2 * rank, 0, &w->padding) && attr_ints_or(im, op, "base_dilations", rank, 1, &w->base_dilation) &&
         attr_ints_or(im, op, "window_dilations", rank, 1, &w->window_dilation);
}

/* A window over all that stands before (or after, with *reverse) along one axis: the axis, or -1. */
static int cumulative_axis(const CxType *t, const CxWindow *w, bool *reverse) {
  int axis = -1;
  for (int i = 0; i < t->rank; i++) {
    int64_t n = w->dimensions.v[i], low = w->padding.v[2 * i], high = w->padding.v[2 * i + 1];
    if (w->strides.v[i] != 1 || w->base_dilation.v[i] != 1 || w->window_dilation.v[i] != 1) return -1;
    if (n == 1 && !low && !high) continue;
    bool before = low == n - 1 && !high, after = high == n - 1 && !low;
    if (axis >= 0 || n != t->dims[i] || (!before && !after)) return -1;
    axis = i, *reverse = after;
  }
  return axis;
}

static CxOpcode cumulative_of(CxOpcode monoid) {
  return monoid == CX_OP_ADD ? CX_OP_CUMSUM : monoid == CX_OP_MUL ? CX_OP_CUMPROD : monoid == CX_OP_MAX ? CX_OP_CUMMAX
         : monoid == CX_OP_MIN ? CX_OP_CUMMIN : CX_OP_NONE;
}

static CxVal window_known(CxVal x, CxOpcode monoid, const CxWindow *w) {
  bool reverse = false;
  int axis = cumulative_axis(x->type, w, &reverse);
  CxOpcode code = axis >= 0 ? cumulative_of(monoid) : CX_OP_NONE;
  if (code) return cx_bind1(code, &x, 1, &(CxCumulativeAttrs){axis, reverse});
  return monoid == CX_OP_ADD ? cx_reduce_window_sum(x, w) : monoid == CX_OP_MAX ? cx_reduce_window_max(x, w)
         : monoid == CX_OP_MIN ? cx_reduce_window_min(x, w) : NULL;
}

bool rule_reduce_window(Import *im, const HloOp *op, CxVal *out) {
  CxVal *in = operands(im, op);
  CxWindow w;
  TRY(in && reducible(op, in) && window_of(im, op, in[0]->type->rank, &w));
  CxGraph *g = region_closed(im, op, 0);
  CxOpcode monoid = g && op->nin == 2 ? region_monoid(g) : CX_OP_NONE;
  bool number = in[0]->type->dtype != CX_BOOL && cx_dtype_kind(in[0]->type->dtype) != 'c';
  if (monoid && number && is_identity(in[1], monoid)) out[0] = window_known(in[0], monoid, &w);
  bool ok = g && !cx_failed() && (out[0] || cx_reduce_window(op->nin / 2, in, in + op->nin / 2, g, &w, out));
  ref_release(g);
  return ok;
}

bool rule_select_and_scatter(Import *im, const HloOp *op, CxVal *out) {
  CxVal x = operand(im, op, 0), source = operand(im, op, 1), init = operand(im, op, 2);
  CxWindow w = {0};
  int rank = x->type->rank;
  TRY(attr_ints_or(im, op, "window_dimensions", rank, 1, &w.dimensions) && attr_ints_or(im, op, "window_strides", rank, 1, &w.strides));
  TRY(attr_ints_or(im, op, "padding", 2 * rank, 0, &w.padding));
  CxGraph *select = region_closed(im, op, 0), *scatter = select ? region_closed(im, op, 1) : NULL;
  CxOpcode choice = select ? match_binary(select) : CX_OP_NONE;
  if (scatter && (choice == CX_OP_GE || choice == CX_OP_LE) && region_monoid(scatter) == CX_OP_ADD && is_identity(init, CX_OP_ADD))
    out[0] = cx_select_and_scatter_add(source, x, choice == CX_OP_LE, &w);
  else if (scatter) out[0] = cx_select_and_scatter(x, source, init, select, scatter, &w);
  ref_release(select), ref_release(scatter);
  return out[0] != NULL;
}

/* ---- scatter ---- */

static CxOpcode scatter_of(const CxGraph *g) {
  CxOpcode monoid = region_monoid(g);
  if (match_operand(g) == 1) return CX_OP_SCATTER;
  if (match_binary(g) == CX_OP_SUB) return CX_OP_SCATTER_SUB;
  return monoid == CX_OP_ADD ? CX_OP_SCATTER_ADD : monoid == CX_OP_MUL ? CX_OP_SCATTER_MUL : monoid == CX_OP_MIN ? CX_OP_SCATTER_MIN
         : monoid == CX_OP_MAX ? CX_OP_SCATTER_MAX : CX_OP_NONE;
}

static bool scatter_dims(Import *im, const HloOp *op, CxVal *indices, CxScatterDims *d) {
  int64_t axis = 0;
  int rank = (*indices)->type->rank;
  TRY(attr_ints_opt(im, op, "update_window_dims", &d->update_window_dims) && attr_ints_opt(im, op, "inserted_window_dims", &d->inserted_window_dims));
  TRY(attr_ints_opt(im, op, "scatter_dims_to_operand_dims", &d->scatter_dims_to_operand_dims));
  TRY(attr_ints_opt(im, op, "input_batching_dims", &d->operand_batching_dims));
  TRY(attr_ints_opt(im, op, "scatter_indices_batching_dims", &d->scatter_indices_batching_dims));
  if (op_attr(op, "index_vector_dim")) TRY(attr_int(op, "index_vector_dim", &axis));
  if (axis < 0 || axis > rank) return hlo_wrong(op, "index_vector_dim is not an axis of the indices or the one after");
  d->indices_are_sorted = attr_flag(op, "indices_are_sorted"), d->unique_indices = attr_flag(op, "unique_indices");
  if (axis < rank - 1 && d->scatter_indices_batching_dims.n) return hlo_unsupported(op, "batched indices whose vectors are not last are not supported");
  *indices = axis == rank ? cx_expand_dims(*indices, cx_ints(rank)) : axis == rank - 1 ? *indices : cx_move_axis(*indices, (int)axis, rank - 1);
  return *indices != NULL;
}

bool rule_scatter(Import *im, const HloOp *op, CxVal *out) {
  if (op->nin != 3 || op->nout != 1) return hlo_unsupported(op, "of several operands together is not supported");
  CxVal x = operand(im, op, 0), indices = operand(im, op, 1), updates = operand(im, op, 2);
  CxScatterDims d = {0};
  TRY(scatter_dims(im, op, &indices, &d));
  CxGraph *g = region_closed(im, op, 0);
  TRY(g);
  CxOpcode code = scatter_of(g);
  ref_release(g);
  switch (code) {
  case CX_OP_SCATTER: out[0] = cx_scatter(x, indices, updates, d, CX_INDEX_FILL_OR_DROP); break;
  case CX_OP_SCATTER_ADD: out[0] = cx_scatter_add(x, indices, updates, d, CX_INDEX_FILL_OR_DROP); break;
  case CX_OP_SCATTER_SUB: out[0] = cx_scatter_sub(x, indices, updates, d, CX_INDEX_FILL_OR_DROP); break;
  case CX_OP_SCATTER_MUL: out[0] = cx_scatter_mul(x, indices, updates, d, CX_INDEX_FILL_OR_DROP); break;
  case CX_OP_SCATTER_MIN: out[0] = cx_scatter_min(x, indices, updates, d, CX_INDEX_FILL_OR_DROP); break;
  case CX_OP_SCATTER_MAX: out[0] = cx_scatter_max(x, indices, updates, d, CX_INDEX_FILL_OR_DROP); break;
  default: return hlo_unsupported(op, "with this computation is not supported; replacing, adding, subtracting, multiplying, least and greatest are");
  }
  return out[0] != NULL;
}

/* ---- sort ---- */

/* Signed integers in the total order of the floats that they are made from: negative ones have their other bits turned around. */
static CxVal total_order_key(CxVal x) {
  int bits = cx_dtype_bits(x->type->dtype);
  CxDtype d = bits == 64 ? CX_I64 : bits == 32 ? CX_I32 : bits == 16 ? CX_I16 : CX_I8;
  CxVal i = cx_bitcast(x, d), turned = cx_shift_right_logical(cx_shift_right_arithmetic(i, cx_scalar_i64(d, bits - 1)), cx_scalar_i64(d, 1));
  return cx_xor(i, turned);
}

static CxVal canonical(CxVal x) { /* one zero, one NaN */
  x = cx_select(cx_eq(x, cx_like(x, 0)), cx_zeros(x->type), x);
  return cx_select(cx_ne(x, x), cx_full(x->type, __builtin_nan("")), x);
}

static CxVal sort_key(CxVal x, const CxSortKey *k) {
  if (k->part == KEY_REAL) x = cx_real(x);
  if (k->part == KEY_IMAG) x = cx_imag(x);
  if (!x) return NULL;
  bool is_float = cx_dtype_kind(x->type->dtype) == 'f';
  if (is_float && k->order == KEY_USUAL && k->descending) x = canonical(x);
  if (is_float && (k->order == KEY_TOTAL || k->descending)) x = total_order_key(x);
  return k->descending ? cx_not(x) : x;
}

static bool leads(const CxSortKey *keys, uint32_t n) { /* the first n operands as they are */
  for (uint32_t i = 0; i < n; i++)
    if (keys[i].operand != i || keys[i].part != KEY_WHOLE || keys[i].descending || keys[i].order == KEY_TOTAL) return false;
  return true;
}

static bool sort_by(Import *im, const HloOp *op, const CxVal *in, int64_t axis, const CxSortKey *keys, uint32_t n, CxVal *out) {
  if (leads(keys, n)) return cx_sort(op->nin, in, (int)axis, true, n, out);
  CxVal *all = arena_alloc(&im->arena, 2 * ((size_t)op->nin + n) * sizeof *all), *sorted = all + op->nin + n;
  TRY(all);
  for (uint32_t i = 0; i < n; i++) TRY(all[i] = sort_key(in[keys[i].operand], &keys[i]));
  memcpy(all + n, in, op->nin * sizeof *all);
  TRY(cx_sort(op->nin + n, all, (int)axis, true, n, sorted));
  memcpy(out, sorted + n, op->nin * sizeof *out);
  return true;
}

bool rule_sort(Import *im, const HloOp *op, CxVal *out) {
  CxVal *in = operands(im, op);
  CxSortKey keys[SORT_KEYS_MAX];
  int64_t axis;
  TRY(in && attr_int(op, "dimension", &axis));
  if (!op->nin || op->nout != op->nin) return hlo_wrong(op, "gives as many results as it takes operands, at least one");
  axis += axis < 0 ? in[0]->type->rank : 0;
  if (axis < 0 || axis >= in[0]->type->rank) return hlo_wrong(op, "dimension is not an axis of the operands");
  CxGraph *g = region_closed(im, op, 0);
  TRY(g);
  bool fits = g->in.n == 2 * op->nin;
  for (uint32_t i = 0; fits && i < g->in.n; i++) fits = graph_type(g, g->in.v[i]) == cx_type_scalar(in[i / 2]->type->dtype, false);
  uint32_t n = fits ? match_comparator(g, keys) : 0;
  ref_release(g);
  if (!fits) return hlo_wrong(op, "the comparator must take two scalars of each operand");
  if (!n) return hlo_unsupported(op, "with this comparator is not supported; lexicographic orders of the operands are");
  return sort_by(im, op, in, axis, keys, n, out);
}

bool rule_top_k(Import *im, const HloOp *op, CxVal *out) {
  int64_t k;
  CxVal x = operand(im, op, 0);
  return attr_int(op, "k", &k) && cx_top_k(x, k, x->type->rank - 1, &out[0], &out[1]);
}
