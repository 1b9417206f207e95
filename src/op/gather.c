/* gather and the scatters: reading and changing windows of an array at places that are data. An index cannot reach outside of the
 * array: CLIP moves the window inside, FILL_OR_DROP reads a fill value or drops the update, and PROMISE_IN_BOUNDS is checked.
 * Windows are applied in the order of the index vectors, so that of equal indices the last one stays, and sums have one order. */
#include "op/gather.h"

#include "kernels/convert.h"
#include "kernels/gather.h"
#include <math.h>

enum { TEXT = 512 };

static const char *const mode_names[] = {"GatherScatterMode.CLIP", "GatherScatterMode.FILL_OR_DROP", "GatherScatterMode.PROMISE_IN_BOUNDS", NULL};
static const char *const gather_dims_names[] = {"GatherDimensionNumbers", "offset_dims", "collapsed_slice_dims", "start_index_map",
                                                "operand_batching_dims", "start_indices_batching_dims", NULL};
static const char *const scatter_dims_names[] = {"ScatterDimensionNumbers", "update_window_dims", "inserted_window_dims",
                                                 "scatter_dims_to_operand_dims", "operand_batching_dims", "scatter_indices_batching_dims", NULL};

static bool has(const CxInts *d, int64_t dim) {
  for (int i = 0; i < d->n; i++)
    if (d->v[i] == dim) return true;
  return false;
}

/* ---- what the type rules ask of dimension numbers ---- */

static bool dims_ok(const char *op, const char *name, const CxInts *d, int rank, bool sorted) {
  char text[TEXT];
  for (int i = 0; i < d->n; i++)
    FAIL_IF(d->v[i] < 0 || d->v[i] >= rank, CX_ERR_TYPE, "Invalid %s set in %s op; valid range is [0, %d); got: %lld.", name, op, rank,
            (long long)d->v[i]);
  for (int i = 1; i < d->n && sorted; i++)
    FAIL_IF(d->v[i] < d->v[i - 1], CX_ERR_TYPE, "%s in %s op must be sorted; got %s", name, op, dims_text(d->v, d->n, text, sizeof text));
  for (int i = 0; i < d->n; i++)
    for (int k = 0; k < i; k++)
      FAIL_IF(d->v[i] == d->v[k], CX_ERR_TYPE, "%s in %s op must not repeat; got: %s.", name, op, dims_text(d->v, d->n, text, sizeof text));
  return true;
}

static bool dims_disjoint(const char *op, const char *name_a, const CxInts *a, const char *name_b, const CxInts *b) {
  char text_a[TEXT], text_b[TEXT];
  for (int i = 0; i < a->n; i++)
    FAIL_IF(has(b, a->v[i]), CX_ERR_TYPE, "%s and %s in %s op must be disjoint; got: %s and %s.", name_a, name_b, op,
            dims_text(a->v, a->n, text_a, sizeof text_a), dims_text(b->v, b->n, text_b, sizeof text_b));
  return true;
}

static bool index_map_ok(const char *op, const char *name, const CxInts *map, int rank, const CxType *indices) {
  FAIL_IF(map->n != indices->dims[indices->rank - 1], CX_ERR_TYPE,
          "%s op has %d elements in %s and the bound of dimension index_vector_dim=%d of indices is %lld. These two numbers must be equal.", op,
          map->n, name, indices->rank - 1, (long long)indices->dims[indices->rank - 1]);
  return dims_ok(op, name, map, rank, false);
}

static bool batching_ok(const char *op, const CxType *operand, const CxInts *operand_dims, const CxType *indices, const char *name,
                        const CxInts *indices_dims) {
  TRY(dims_ok(op, "operand_batching_dims", operand_dims, operand->rank, true) && dims_ok(op, name, indices_dims, indices->rank, false));
  FAIL_IF(has(indices_dims, indices->rank - 1), CX_ERR_TYPE, "%s op cannot have the index vector dimension as a batching dimension", op);
  FAIL_IF(operand_dims->n != indices_dims->n, CX_ERR_TYPE, "%s op requires equal numbers of operand_batching_dims and %s, got %d and %d.", op,
          name, operand_dims->n, indices_dims->n);
  for (int i = 0; i < operand_dims->n; i++)
    FAIL_IF(operand->dims[operand_dims->v[i]] != indices->dims[indices_dims->v[i]], CX_ERR_TYPE,
            "%s op requires operand batching dimensions and indices batching dimensions to have the same shape, got %lld and %lld.", op,
            (long long)operand->dims[operand_dims->v[i]], (long long)indices->dims[indices_dims->v[i]]);
  return true;
}

static bool indices_ok(const char *op, const CxType *indices) {
  FAIL_IF(!kind_in(indices, "iu"), CX_ERR_VALUE, "indices must have an integer type");
  FAIL_IF(!indices->rank, CX_ERR_TYPE, "%s indices must have an axis of index vectors: their rank is 0", op);
  return true;
}

/* ---- gather: z[batch, offset] = x[start(indices[batch]) + offset] ---- */

static bool slice_sizes_ok(const CxGatherAttrs *g, const CxType *t, const CxType *indices) {
  const CxInts *s = &g->slice_sizes;
  bool empty = false;
  FAIL_IF(s->n != t->rank, CX_ERR_TYPE, "Gather op must have one slice size for every input dimension; got: len(slice_sizes)=%d, input_shape.rank=%d",
          s->n, t->rank);
  FAIL_IF(s->n != g->dims.offset_dims.n + g->dims.collapsed_slice_dims.n + g->dims.operand_batching_dims.n, CX_ERR_TYPE,
          "All components of the offset index in a gather op must either be a offset dimension or explicitly collapsed/batching; got "
          "len(slice_sizes)=%d, %d offset_dims, %d collapsed_slice_dims, %d operand_batching_dims.",
          s->n, g->dims.offset_dims.n, g->dims.collapsed_slice_dims.n, g->dims.operand_batching_dims.n);
  for (int i = 0; i < indices->rank - 1; i++) empty |= indices->dims[i] == 0;
  for (int i = 0; i < s->n; i++) {
    FAIL_IF(s->v[i] < 0 || (!empty && s->v[i] > t->dims[i]), CX_ERR_TYPE,
            "Slice size at index %d in gather op is out of range, must be within [0, %lld + 1), got %lld.", i, (long long)t->dims[i], (long long)s->v[i]);
    FAIL_IF(has(&g->dims.collapsed_slice_dims, i) && s->v[i] != 1, CX_ERR_TYPE,
            "Gather op can only collapse slice dims with bound 1, but bound is %lld for index %d.", (long long)s->v[i], i);
    FAIL_IF(has(&g->dims.operand_batching_dims, i) && s->v[i] > 1, CX_ERR_TYPE,
            "Gather op can only have operand batching dims with bound 0/1, but bound is %lld for index %d.", (long long)s->v[i], i);
  }
  return true;
}

static bool gather_type(const CxApp *a, const CxType **out) {
  const CxGatherAttrs *g = a->attrs;
  const CxGatherDims *d = &g->dims;
  const CxType *t = a->types[0], *indices = a->types[1];
  int64_t dims[2 * CX_MAX_RANK];
  TRY(indices_ok("Gather", indices));
  int rank = d->offset_dims.n + indices->rank - 1;
  TRY(dims_ok("gather", "offset_dims", &d->offset_dims, rank, true) && index_map_ok("Gather", "start_index_map", &d->start_index_map, t->rank, indices));
  TRY(dims_ok("gather", "collapsed_slice_dims", &d->collapsed_slice_dims, t->rank, true));
  TRY(batching_ok("Gather", t, &d->operand_batching_dims, indices, "start_indices_batching_dims", &d->start_indices_batching_dims));
  TRY(dims_disjoint("gather", "collapsed_slice_dims", &d->collapsed_slice_dims, "operand_batching_dims", &d->operand_batching_dims));
  TRY(dims_disjoint("gather", "start_index_map", &d->start_index_map, "operand_batching_dims", &d->operand_batching_dims));
  TRY(slice_sizes_ok(g, t, indices));
  FAIL_IF(rank > CX_MAX_RANK, CX_ERR_VALUE, "gather: the rank of the result would exceed %d", CX_MAX_RANK);
  for (int i = 0, window = 0, batch = 0; i < rank; i++) {
    if (!has(&d->offset_dims, i)) {
      dims[i] = indices->dims[batch++];
      continue;
    }
    while (has(&d->collapsed_slice_dims, window) || has(&d->operand_batching_dims, window)) window++;
    dims[i] = g->slice_sizes.v[window++];
  }
  return (out[0] = cx_type(t->dtype, rank, dims, t->weak)) != NULL;
}

/* The fill value as an element; false: it is the dtype's default. */
static bool fill_element(const CxNumber *n, CxDtype dtype, uint64_t value[2]) {
  double c[2] = {n->re, n->im};
  CxView to = {value, dtype, 0, NULL, NULL};
  if (!n->kind || cx_dtype_kind(dtype) == 'k') return false;
  if (n->kind == 'f' || n->kind == 'c') return kernel_convert(&(CxView){c, n->kind == 'f' ? CX_F64 : CX_C128, 0, NULL, NULL}, &to);
  int64_t i = n->i;
  return kernel_convert(&(CxView){&i, n->kind == 'u' ? CX_U64 : CX_I64, 0, NULL, NULL}, &to);
}

static bool gather_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxGatherAttrs *g = a->attrs;
  uint64_t fill[2];
  TRY(exec_alloc(a, types, out));
  CxView in = node_view(a->in[0]), indices = node_view(a->in[1]), to = node_view(out[0]);
  bool given = fill_element(&g->fill_value, types[0]->dtype, fill);
  kernel_gather(&in, &indices, &g->dims, g->slice_sizes.v, (CxIndexMode)g->mode, given ? fill : NULL, &to);
  return !cx_failed();
}

static CxNumber fill_zero(int32_t mode) { return mode == CX_INDEX_FILL_OR_DROP ? CX_INT(0) : CX_NO_NUMBER; }

static void gather_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxGatherAttrs *g = a->attrs;
  cx_bind(CX_OP_GATHER, a->in, 2, g, out, 1);
  if (t[0]) tout[0] = cx_gather(t[0], a->in[1], g->dims, g->slice_sizes.v, (CxIndexMode)g->mode, fill_zero(g->mode));
}

static void gather_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxGatherAttrs *g = a->attrs;
  const CxGatherDims *d = &g->dims;
  if (!ct[0]) return;
  CxScatterDims s = {d->offset_dims, d->collapsed_slice_dims, d->start_index_map, d->operand_batching_dims, d->start_indices_batching_dims,
                     d->indices_are_sorted, d->unique_indices};
  CxVal zeros = cx_zeros(cx_type_with_dtype(a->types[0], ct[0]->type->dtype, false));
  ct_in[0] = cx_scatter_add(zeros, a->in[1], ct[0], s, (CxIndexMode)g->mode);
}

/* list + 1, after a 0 if `first` */
static CxInts shifted(const CxInts *list, bool first, int64_t *room) {
  int n = 0;
  if (first) room[n++] = 0;
  for (int i = 0; i < list->n; i++) room[n++] = list->v[i] + 1;
  return (CxInts){.v = room, .n = n};
}

typedef int64_t Room[CX_MAX_RANK + 1];

static void gather_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxGatherAttrs *g = a->attrs;
  const CxGatherDims *d = &g->dims;
  bool operand = axis[0] >= 0, indices = axis[1] >= 0;
  Room room[6];
  CxGatherDims b = *d;
  b.offset_dims = shifted(&d->offset_dims, !indices, room[0]);
  if (operand) {
    b.collapsed_slice_dims = shifted(&d->collapsed_slice_dims, false, room[1]);
    b.start_index_map = shifted(&d->start_index_map, false, room[2]);
    b.operand_batching_dims = shifted(&d->operand_batching_dims, indices, room[3]);
  }
  if (indices) b.start_indices_batching_dims = shifted(&d->start_indices_batching_dims, operand, room[4]);
  if (!operand) b.indices_are_sorted = b.unique_indices = false; /* elements of the batch may read the same places */
  memcpy(room[5] + operand, g->slice_sizes.v, (size_t)g->slice_sizes.n * sizeof(int64_t));
  if (operand) room[5][0] = !indices ? size : size ? 1 : 0;
  CxVal x = operand ? cx_move_axis(a->in[0], axis[0], 0) : a->in[0], i = indices ? cx_move_axis(a->in[1], axis[1], 0) : a->in[1];
  *out = cx_gather(x, i, b, room[5], (CxIndexMode)g->mode, g->fill_value);
  *out_axis = 0;
}

#define FLAG_FIELD(type, name) {#name, CX_FIELD_BOOL, (uint32_t)offsetof(type, dims.name), 0, NULL}
static const CxField gather_fields[] = {{"dimension_numbers", CX_FIELD_DIMS, (uint32_t)offsetof(CxGatherAttrs, dims), 5, gather_dims_names},
                                        CX_FIELD(CxGatherAttrs, fill_value, NUMBER, 0, NULL), FLAG_FIELD(CxGatherAttrs, indices_are_sorted),
                                        CX_FIELD(CxGatherAttrs, mode, ENUM, 0, mode_names), CX_FIELD(CxGatherAttrs, slice_sizes, INTS, 0, NULL),
                                        FLAG_FIELD(CxGatherAttrs, unique_indices), CX_FIELDS_END};
const CxOp cx_op_GATHER = {
    .name = "gather", .doc = "windows of the operand whose starts are the index vectors", .nin = 2, .nout = 1, .fields = gather_fields,
    .attrs_bytes = sizeof(CxGatherAttrs), .type = gather_type, .exec = gather_exec, .jvp = gather_jvp, .transpose = gather_transpose,
    .batch = gather_batch, .partial = rule_partial_default, .fold = rule_nofold};

static CxNumber fill_default(CxDtype dtype) {
  int bits = cx_dtype_bits(dtype);
  switch (cx_dtype_kind(dtype)) {
    case 'f':
    case 'c': return CX_FLOAT((double)NAN);
    case 'i': return CX_INT((int64_t)((uint64_t)-1 << (bits - 1)));
    case 'u': return (CxNumber){.kind = 'u', .i = (int64_t)((uint64_t)-1 >> (64 - bits))};
    case 'b': return (CxNumber){.kind = 'b', .i = 1};
    case 'k': return CX_INT(UINT32_MAX);
    default: return CX_NO_NUMBER;
  }
}

CxVal cx_gather(CxVal x, CxVal indices, CxGatherDims dims, const int64_t *slice_sizes, CxIndexMode mode, CxNumber fill) {
  if (!x) return NULL;
  if (mode != CX_INDEX_FILL_OR_DROP) fill = CX_NO_NUMBER;
  else if (!fill.kind) fill = fill_default(x->type->dtype);
  CxGatherAttrs attrs = {dims, fill, (int32_t)mode, {.v = slice_sizes, .n = x->type->rank}};
  return cx_bind1(CX_OP_GATHER, (CxVal[]){x, indices}, 2, &attrs);
}

/* ---- scatter: z = x; then z[start(indices[batch]) + window] = or += … updates[batch, window] ---- */

typedef struct ScatterRow {
  CxOpcode combine; /* of the kernel: CX_OP_NONE overwrites */
  const char *kinds;
} ScatterRow;

static CxVal scatter_as(CxOpcode op, CxVal x, CxVal indices, CxVal updates, const CxScatterAttrs *s) {
  return cx_bind1(op, (CxVal[]){x, indices, updates}, 3, s);
}

static bool scatter_window_ok(const CxScatterDims *d, const CxType *t, const CxType *indices, const CxType *updates) {
  FAIL_IF(t->rank != d->update_window_dims.n + d->inserted_window_dims.n + d->operand_batching_dims.n, CX_ERR_TYPE,
          "Scatter op has window of size %d; doesn't match operand of rank %d.",
          d->update_window_dims.n + d->inserted_window_dims.n + d->operand_batching_dims.n, t->rank);
  for (int i = 0, k = 0; i < t->rank; i++) {
    if (has(&d->inserted_window_dims, i) || has(&d->operand_batching_dims, i)) continue;
    int64_t u = d->update_window_dims.v[k++];
    FAIL_IF(updates->dims[u] > t->dims[i], CX_ERR_TYPE,
            "Bounds of the window dimensions of updates must not exceed the bounds of the corresponding dimensions of operand. For dimension "
            "%lld, updates bound is %lld, operand bound is %lld.",
            (long long)u, (long long)updates->dims[u], (long long)t->dims[i]);
  }
  for (int i = 0, k = 0; i < updates->rank; i++) {
    if (has(&d->update_window_dims, i)) continue;
    FAIL_IF(updates->dims[i] != indices->dims[k], CX_ERR_TYPE,
            "Bounds of the scatter dimensions of updates must be the same as the bounds of the corresponding dimensions of scatter indices. For "
            "scatter dimension %d, updates bound is %lld, indices bound is %lld.",
            i, (long long)updates->dims[i], (long long)indices->dims[k]);
    k++;
  }
  return true;
}

static bool scatter_type(const CxApp *a, const CxType **out) {
  const CxScatterDims *d = &((const CxScatterAttrs *)a->attrs)->dims;
  const CxType *t = a->types[0], *indices = a->types[1], *updates = a->types[2];
  TRY(indices_ok("Scatter", indices));
  int rank = indices->rank - 1 + d->update_window_dims.n;
  FAIL_IF(updates->rank != rank, CX_ERR_TYPE, "Updates tensor must be of rank %d; got %d.", rank, updates->rank);
  TRY(dims_ok("scatter", "update_window_dims", &d->update_window_dims, updates->rank, true));
  TRY(dims_ok("scatter", "inserted_window_dims", &d->inserted_window_dims, t->rank, true));
  TRY(batching_ok("Scatter", t, &d->operand_batching_dims, indices, "scatter_indices_batching_dims", &d->scatter_indices_batching_dims));
  TRY(dims_disjoint("scatter", "inserted_window_dims", &d->inserted_window_dims, "operand_batching_dims", &d->operand_batching_dims));
  TRY(dims_disjoint("scatter", "scatter_dims_to_operand_dims", &d->scatter_dims_to_operand_dims, "operand_batching_dims", &d->operand_batching_dims));
  TRY(index_map_ok("Scatter", "scatter_dims_to_operand_dims", &d->scatter_dims_to_operand_dims, t->rank, indices));
  TRY(scatter_window_ok(d, t, indices, updates));
  FAIL_IF(t->dtype != updates->dtype, CX_ERR_TYPE,
          "lax.scatter requires arguments to have the same dtypes, got %s, %s. (Tip: jnp.scatter is a similar function that does automatic type "
          "promotion on inputs).",
          cx_dtype_name(t->dtype), cx_dtype_name(updates->dtype));
  FAIL_IF(!kind_in(t, ((const ScatterRow *)a->def->row)->kinds), CX_ERR_TYPE, "%s does not accept dtype %s.", a->def->name, cx_dtype_name(t->dtype));
  return out[0] = t, true;
}

static bool scatter_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxScatterAttrs *s = a->attrs;
  if (!types[0]->size || !a->types[2]->size) return (out[0] = node_array_sharing(types[0], a->in[0], 0)) != NULL;
  TRY(out[0] = exec_take(a, 0, types[0]));
  CxView in = node_view(a->in[0]), indices = node_view(a->in[1]), updates = node_view(a->in[2]), to = node_view(out[0]);
  return kernel_scatter(&in, &indices, &updates, &s->dims, (CxIndexMode)s->mode, ((const ScatterRow *)a->def->row)->combine, &to);
}

/* The windows that the updates go to, read from x. */
static CxVal gather_windows(CxVal x, CxVal indices, const CxType *updates, const CxScatterAttrs *s, CxIndexMode mode) {
  const CxScatterDims *d = &s->dims;
  int64_t sizes[CX_MAX_RANK];
  if (!x) return NULL;
  for (int i = 0, k = 0; i < x->type->rank; i++) {
    bool one = has(&d->inserted_window_dims, i) || has(&d->operand_batching_dims, i);
    sizes[i] = one ? 1 : updates->dims[d->update_window_dims.v[k++]];
  }
  CxGatherDims g = {d->update_window_dims, d->inserted_window_dims, d->scatter_dims_to_operand_dims, d->operand_batching_dims,
                    d->scatter_indices_batching_dims, d->indices_are_sorted, d->unique_indices};
  return cx_gather(x, indices, g, sizes, mode, fill_zero((int32_t)mode));
}

static const CxType *strong(const CxType *t) { return cx_type_with_dtype(t, t->dtype, false); }

static void scatter_add_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  cx_bind(a->op, a->in, 3, a->attrs, out, 1);
  if (t[0] || t[2])
    tout[0] = scatter_as(a->op, cx_instantiate(t[0], a->types[0]), a->in[1], cx_instantiate(t[2], a->types[2]), a->attrs);
}

static void scatter_add_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxScatterAttrs *s = a->attrs;
  if (!ct[0]) return;
  if (!a->in[0]) ct_in[0] = ct[0];
  if (a->in[2]) return;
  CxVal windows = gather_windows(ct[0], a->in[1], a->types[2], s, (CxIndexMode)s->mode);
  ct_in[2] = a->op == CX_OP_SCATTER_SUB ? cx_neg(windows) : windows;
}

static bool scatter_mul_unique(const CxScatterAttrs *s) {
  FAIL_IF(!s->dims.unique_indices, CX_ERR_NOT_IMPLEMENTED, "scatter_mul gradients are only implemented if `unique_indices=True`");
  return true;
}

static void scatter_mul_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxScatterAttrs *s = a->attrs;
  cx_bind(a->op, a->in, 3, s, out, 1);
  if (t[0]) tout[0] = scatter_as(a->op, t[0], a->in[1], a->in[2], s);
  if (!t[2] || !scatter_mul_unique(s)) return;
  CxVal d = scatter_as(CX_OP_SCATTER_ADD, cx_zeros(strong(a->types[0])), a->in[1], t[2], s);
  tout[0] = cx_add_tangents(tout[0], cx_mul(a->in[0], d));
}

static void scatter_mul_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxScatterAttrs *s = a->attrs;
  if (!ct[0]) return;
  if (!a->in[0]) ct_in[0] = scatter_as(a->op, ct[0], a->in[1], a->in[2], s);
  if (!a->in[2] && scatter_mul_unique(s)) ct_in[2] = gather_windows(cx_mul(ct[0], a->in[0]), a->in[1], a->types[2], s, (CxIndexMode)s->mode);
}

/* Which updates stayed, when indices may repeat: every update vector writes its number, and who reads its own number back has stayed. */
typedef struct Stayed {
  CxVal untouched; /* over the operand: no update came here */
  CxVal stayed;    /* over the updates */
} Stayed;

static Stayed scatter_stayed(const CxApp *a) {
  const CxScatterAttrs *s = a->attrs;
  const CxType *u = a->types[2];
  int64_t dims[CX_MAX_RANK], count = 1;
  for (int i = 0; i < u->rank; i++) count *= dims[i] = has(&s->dims.update_window_dims, i) ? 1 : u->dims[i];
  CxDtype d = count < UINT32_MAX ? CX_U32 : CX_U64;
  CxVal ids = cx_add(cx_reshape(cx_iota(d, 1, &count, 0), u->rank, dims), cx_scalar(d, 1));
  ids = cx_broadcast_like(ids, u);
  CxVal at = scatter_as(CX_OP_SCATTER, cx_zeros(cx_type_with_dtype(a->types[0], d, false)), a->in[1], ids, s);
  return (Stayed){cx_eq(at, cx_scalar(d, 0)), cx_eq(ids, gather_windows(at, a->in[1], u, s, CX_INDEX_PROMISE))};
}

static CxVal masked(CxVal mask, CxVal x) { return cx_select(mask, x, cx_like(x, 0)); }

static void scatter_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxScatterAttrs *s = a->attrs;
  cx_bind(CX_OP_SCATTER, a->in, 3, s, out, 1);
  if (!t[0] && !t[2]) return;
  CxVal dx = cx_instantiate(t[0], a->types[0]), du = cx_instantiate(t[2], a->types[2]);
  if (s->dims.unique_indices) {
    tout[0] = scatter_as(CX_OP_SCATTER, dx, a->in[1], du, s);
    return;
  }
  Stayed w = scatter_stayed(a);
  tout[0] = scatter_as(CX_OP_SCATTER_ADD, t[0] ? masked(w.untouched, dx) : dx, a->in[1], t[2] ? masked(w.stayed, du) : du, s);
}

static void scatter_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxScatterAttrs *s = a->attrs;
  if (!s->dims.unique_indices) {
    cx_fail(CX_ERR_NOT_IMPLEMENTED, "scatter transpose is only implemented where unique_indices=True");
    return;
  }
  if (!ct[0]) return;
  if (!a->in[0]) ct_in[0] = scatter_as(CX_OP_SCATTER, ct[0], a->in[1], cx_zeros(cx_type_with_dtype(a->types[2], ct[0]->type->dtype, false)), s);
  if (!a->in[2]) ct_in[2] = gather_windows(ct[0], a->in[1], a->types[2], s, (CxIndexMode)s->mode);
}

/* min, max: the tangent at a place is the average of those whose values attain the extreme there, the operand's among them. */
static void scatter_extreme_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxScatterAttrs *s = a->attrs;
  const CxType *x = a->types[0], *u = a->types[2];
  CxVal indices = a->in[1], zeros = cx_zeros(strong(x)), ones = cx_full(strong(u), 1);
  cx_bind(a->op, a->in, 3, s, out, 1);
  if ((!t[0] && !t[2]) || !out[0] || !zeros) return;
  CxVal dx = cx_instantiate(t[0], x), du = cx_instantiate(t[2], u);
  CxIndexMode mode = s->mode == CX_INDEX_CLIP ? CX_INDEX_CLIP : CX_INDEX_PROMISE; /* where windows are dropped, no matter what is read */
#define WINDOWS(v) gather_windows(v, indices, u, s, mode)
  CxVal target = WINDOWS(out[0]), one = cx_scalar(x->dtype, 1), none = cx_scalar(x->dtype, 0);
  CxVal won = cx_eq(a->in[2], target), kept = cx_eq(WINDOWS(a->in[0]), target);
  CxVal winners = WINDOWS(scatter_as(CX_OP_SCATTER_ADD, zeros, indices, cx_select(won, ones, cx_like(ones, 0)), s));
  CxVal refs = WINDOWS(scatter_as(CX_OP_SCATTER_ADD, zeros, indices, ones, s));
  CxVal share = cx_div(one, cx_add(winners, one));
  CxVal of_update = cx_select(won, cx_select(kept, share, cx_div(one, winners)), none);
  CxVal of_operand = cx_div(cx_sub(cx_select(kept, share, none), one), refs);
  CxVal change = cx_add(cx_mul(WINDOWS(dx), of_operand), cx_mul(du, of_update));
#undef WINDOWS
  tout[0] = scatter_as(CX_OP_SCATTER_ADD, dx, indices, change, s);
}

static void scatter_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxScatterAttrs *s = a->attrs;
  const CxScatterDims *d = &s->dims;
  bool indices = axis[1] >= 0;
  Room room[5];
  CxScatterAttrs b = *s;
  b.dims.update_window_dims = shifted(&d->update_window_dims, !indices, room[0]);
  b.dims.inserted_window_dims = shifted(&d->inserted_window_dims, false, room[1]);
  b.dims.scatter_dims_to_operand_dims = shifted(&d->scatter_dims_to_operand_dims, false, room[2]);
  b.dims.operand_batching_dims = shifted(&d->operand_batching_dims, indices, room[3]);
  if (indices) b.dims.scatter_indices_batching_dims = shifted(&d->scatter_indices_batching_dims, true, room[4]);
  CxVal x = batch_to_front(a->in[0], axis[0], size), u = batch_to_front(a->in[2], axis[2], size);
  *out = scatter_as(a->op, x, indices ? cx_move_axis(a->in[1], axis[1], 0) : a->in[1], u, &b);
  *out_axis = 0;
}

static CxVal scatter_fold(const CxApp *a) { return a->types[2]->size ? NULL : a->in[0]; }

static const CxField scatter_fields[] = {{"dimension_numbers", CX_FIELD_DIMS, (uint32_t)offsetof(CxScatterAttrs, dims), 5, scatter_dims_names},
                                         FLAG_FIELD(CxScatterAttrs, indices_are_sorted), CX_FIELD(CxScatterAttrs, mode, ENUM, 0, mode_names),
                                         FLAG_FIELD(CxScatterAttrs, unique_indices), CX_FIELDS_END};

#define SCATTER(ID, id, text, doc_text, kinds, combine, jvp_, transpose_)                                                                  \
  static const ScatterRow row_##id = {combine, kinds};                                                                                      \
  const CxOp cx_op_##ID = {.name = text, .doc = doc_text, .nin = 3, .nout = 1, .fields = scatter_fields, .attrs_bytes = sizeof(CxScatterAttrs), \
      .type = scatter_type, .exec = scatter_exec, .jvp = jvp_, .transpose = transpose_, .batch = scatter_batch,                              \
      .partial = rule_partial_default, .fold = scatter_fold, .row = &row_##id};                                                             \
  CxVal cx_##id(CxVal x, CxVal indices, CxVal updates, CxScatterDims dims, CxIndexMode mode) {                                             \
    return scatter_as(CX_OP_##ID, x, indices, updates, &(CxScatterAttrs){dims, (int32_t)mode});                                              \
  }

SCATTER(SCATTER, scatter, "scatter", "x with windows replaced; of equal indices the last stays", "biufck", CX_OP_NONE, scatter_jvp, scatter_transpose)
SCATTER(SCATTER_ADD, scatter_add, "scatter-add", "x with updates added to windows", "biufc", CX_OP_ADD, scatter_add_jvp, scatter_add_transpose)
SCATTER(SCATTER_SUB, scatter_sub, "scatter-sub", "x with updates subtracted from windows", "iufc", CX_OP_SUB, scatter_add_jvp, scatter_add_transpose)
SCATTER(SCATTER_MUL, scatter_mul, "scatter-mul", "x with windows multiplied by updates", "biufc", CX_OP_MUL, scatter_mul_jvp, scatter_mul_transpose)
SCATTER(SCATTER_MIN, scatter_min, "scatter-min", "x with windows lowered to updates; NaN wins", "biufc", CX_OP_MIN, scatter_extreme_jvp, rule_nonlinear)
SCATTER(SCATTER_MAX, scatter_max, "scatter-max", "x with windows raised to updates; NaN wins", "biufc", CX_OP_MAX, scatter_extreme_jvp, rule_nonlinear)
