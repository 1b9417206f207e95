/* Reductions over axes. Rows for sum, prod, max, min, and, or, xor; argmax and argmin. Cumulative ops: cumulative.c. */
#include "op/attrs.h"
#include "kernels/reduce.h"
#include "kernels/split.h"
#include "op/region.h"

/* ---- shared ---- */

static bool reduce_axes_ok(const CxApp *a, const CxInts *axes, bool *drop) {
  const CxType *t = a->types[0];
  for (int i = 0; i < axes->n; i++) {
    if (axes->v[i] < 0 || axes->v[i] >= t->rank || drop[axes->v[i]])
      return cx_fail(CX_ERR_VALUE, "%s: axes must be distinct and within 0..%d, got %lld", a->def->name, t->rank - 1, (long long)axes->v[i]);
    drop[axes->v[i]] = true;
  }
  return true;
}

static const CxType *reduced(const CxType *t, const bool *drop, CxDtype dtype, bool weak) {
  int64_t dims[CX_MAX_RANK];
  int n = 0;
  for (int i = 0; i < t->rank; i++)
    if (!drop[i]) dims[n++] = t->dims[i];
  return cx_type(dtype, n, dims, weak);
}

static bool reduce_type(const CxApp *a, const CxType **out) {
  bool drop[CX_MAX_RANK] = {0};
  const CxType *t = a->types[0];
  if (!kind_in(t, a->def->row)) return cx_fail(CX_ERR_TYPE, "%s does not accept dtype %s.", a->def->name, cx_dtype_name(t->dtype));
  TRY(reduce_axes_ok(a, &((const CxReduceAttrs *)a->attrs)->axes, drop));
  return (out[0] = reduced(t, drop, t->dtype, t->weak)) != NULL;
}

typedef struct ReduceCall {
  CxOpcode op;
  const CxInts *axes;
} ReduceCall;

static bool reduce_piece(void *env, const CxView *in, int nin, const CxView *out) {
  const ReduceCall *c = env;
  (void)nin;
  return kernel_reduce(c->op, in, c->axes->v, c->axes->n, out);
}

static bool reduce_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxInts *axes = &((const CxReduceAttrs *)a->attrs)->axes;
  TRY(exec_alloc(a, types, out));
  CxView in = node_view(a->in[0]), to = node_view(out[0]);
  ReduceCall call = {a->op, axes};
  if (!to.rank || !types[0]->size) return kernel_reduce(a->op, &in, axes->v, axes->n, &to);
  int kept[CX_MAX_RANK], n = 0, first = 0; /* operand axes of the result's axes */
  for (int i = 0; i < in.rank; i++) {
    bool dropped = false;
    for (int k = 0; k < axes->n; k++) dropped |= axes->v[k] == i;
    if (!dropped) kept[n++] = i;
  }
  while (first < to.rank - 1 && to.dims[first] == 1) first++;
  return split_run(&in, 1, &kept[first], &to, a->types[0]->size / types[0]->size, reduce_piece, &call);
}

static void reduce_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  const CxInts *axes = &((const CxReduceAttrs *)a->attrs)->axes; /* CxArgAttrs begins alike */
  int64_t shifted[CX_MAX_RANK];
  int before = 0;
  for (int i = 0; i < axes->n; i++) {
    shifted[i] = axes->v[i] >= axis[0] ? axes->v[i] + 1 : axes->v[i];
    before += shifted[i] < axis[0];
  }
  CxArgAttrs attrs = {.axes = {.v = shifted, .n = axes->n}};
  if (a->op == CX_OP_ARGMAX || a->op == CX_OP_ARGMIN) attrs.index_dtype = ((const CxArgAttrs *)a->attrs)->index_dtype;
  *out = cx_bind1(a->op, a->in, 1, &attrs);
  *out_axis = axis[0] - before;
}

/* x's reduced result back over x's shape */
static CxVal spread(CxVal z, const CxInts *axes, const CxType *like) {
  bool drop[CX_MAX_RANK] = {0};
  int64_t where[CX_MAX_RANK];
  for (int i = 0; i < axes->n; i++) drop[axes->v[i]] = true;
  for (int i = 0, k = 0; i < like->rank; i++)
    if (!drop[i]) where[k++] = i;
  return cx_broadcast_in_dim(z, like->rank, like->dims, where);
}

/* ---- sum is linear ---- */

static void sum_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  if (ct[0]) ct_in[0] = spread(ct[0], &((const CxReduceAttrs *)a->attrs)->axes, a->types[0]);
}

/* ---- max, min: the tangent shared equally among the places that attain the extreme ---- */

static void extreme_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxInts axes = ((const CxReduceAttrs *)a->attrs)->axes;
  cx_bind(a->op, a->in, 1, a->attrs, out, 1);
  if (!t[0] || !out[0] || !is_inexact(out[0]->type)) return;
  CxVal at = cx_convert(cx_eq(a->in[0], spread(out[0], &axes, a->types[0])), out[0]->type->dtype);
  CxVal count = cx_reduce_sum(at, axes);
  tout[0] = cx_div(cx_reduce_sum(cx_mul(t[0], at), axes), count);
}

/* ---- prod: exclusive products from both sides, so that zeros do no harm ---- */

static CxVal shifted_product(CxVal x, int axis, bool reverse) { /* product of the elements before (after) each one */
  int64_t n = x->type->dims[axis], config[3 * CX_MAX_RANK] = {0};
  config[3 * axis + (reverse ? 1 : 0)] = 1;
  CxVal inner = reverse ? cx_slice_axis(x, axis, 1, n) : cx_slice_axis(x, axis, 0, n - 1);
  return cx_cumprod(cx_pad(inner, cx_like(x, 1), config), axis, reverse);
}

static void prod_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxInts *axes = &((const CxReduceAttrs *)a->attrs)->axes;
  cx_bind(a->op, a->in, 1, a->attrs, out, 1);
  const CxType *type = a->types[0];
  if (!t[0] || !out[0] || !is_inexact(type) || type->size == 0) return;
  int64_t perm[CX_MAX_RANK], dims[CX_MAX_RANK];
  bool drop[CX_MAX_RANK] = {0};
  int n = 0;
  int64_t reduced_size = 1;
  for (int i = 0; i < axes->n; i++) drop[axes->v[i]] = true, reduced_size *= type->dims[axes->v[i]];
  for (int i = 0; i < type->rank; i++)
    if (!drop[i]) dims[n] = type->dims[i], perm[n++] = i;
  int kept = n;
  dims[kept] = reduced_size;
  for (int i = 0; i < type->rank; i++)
    if (drop[i]) perm[n++] = i;
  CxVal x = cx_reshape(cx_transpose(a->in[0], perm), kept + 1, dims), dx = cx_reshape(cx_transpose(t[0], perm), kept + 1, dims);
  if (!x || !dx) return;
  CxVal others = cx_mul(shifted_product(x, kept, false), shifted_product(x, kept, true));
  tout[0] = cx_reduce_sum(cx_mul(dx, others), (CxInts){.v = (int64_t[]){kept}, .n = 1});
}

static const CxField reduce_fields[] = {CX_FIELD(CxReduceAttrs, axes, INTS, 0, NULL), CX_FIELDS_END};

#define REDUCE(ID, id, doc_text, flag, kinds, jvp_, transpose_)                                                                             \
  const CxOp cx_op_##ID = {.name = #id, .doc = doc_text, .nin = 1, .nout = 1, .flags = flag, .fields = reduce_fields,                        \
      .attrs_bytes = sizeof(CxReduceAttrs), .type = reduce_type, .exec = reduce_exec, .jvp = jvp_, .transpose = transpose_,                    \
      .batch = reduce_batch, .partial = rule_partial_default, .fold = rule_nofold, .row = kinds};                                             \
  CxVal cx_##id(CxVal x, CxInts axes) { return cx_bind1(CX_OP_##ID, &x, 1, &(CxReduceAttrs){axes}); }

REDUCE(REDUCE_SUM, reduce_sum, "sum over axes; 0 of nothing", CX_OP_LINEAR, "iufc", rule_jvp_linear_first, sum_transpose)
REDUCE(REDUCE_PROD, reduce_prod, "product over axes; 1 of nothing", 0, "iufc", prod_jvp, rule_nonlinear)
REDUCE(REDUCE_MAX, reduce_max, "greatest over axes; NaN wins; the least value of nothing", 0, "biufc", extreme_jvp, rule_nonlinear)
REDUCE(REDUCE_MIN, reduce_min, "least over axes; NaN wins; the greatest value of nothing", 0, "biufc", extreme_jvp, rule_nonlinear)
REDUCE(REDUCE_AND, reduce_and, "bitwise and over axes", 0, "biu", rule_nondiff, rule_nonlinear)
REDUCE(REDUCE_OR, reduce_or, "bitwise or over axes", 0, "biu", rule_nondiff, rule_nonlinear)
REDUCE(REDUCE_XOR, reduce_xor, "bitwise exclusive or over axes", 0, "biu", rule_nondiff, rule_nonlinear)

/* ---- argmax, argmin ---- */

static bool arg_type(const CxApp *a, const CxType **out) {
  const CxArgAttrs *r = a->attrs;
  bool drop[CX_MAX_RANK] = {0};
  TRY(reduce_axes_ok(a, &r->axes, drop));
  if (r->axes.n != 1) return cx_fail(CX_ERR_VALUE, "%s reduces one axis, got %d", a->def->name, r->axes.n);
  if (!kind_in(a->types[0], "biuf")) return cx_fail(CX_ERR_TYPE, "%s does not accept dtype %s.", a->def->name, cx_dtype_name(a->types[0]->dtype));
  if (!strchr("iu", cx_dtype_kind(r->index_dtype)))
    return cx_fail(CX_ERR_TYPE, "index_dtype must be an integer type, but got %s.", cx_dtype_name(r->index_dtype));
  if (a->types[0]->dims[r->axes.v[0]] < 1) return cx_fail(CX_ERR_VALUE, "attempt to get %s of an empty sequence", a->def->name);
  return (out[0] = reduced(a->types[0], drop, r->index_dtype, false)) != NULL;
}

static const CxField arg_fields[] = {CX_FIELD(CxArgAttrs, axes, INTS, 0, NULL), CX_FIELD(CxArgAttrs, index_dtype, DTYPE, 0, NULL), CX_FIELDS_END};

#define ARG(ID, id, doc_text)                                                                                                              \
  const CxOp cx_op_##ID = {.name = #id, .doc = doc_text, .nin = 1, .nout = 1, .fields = arg_fields, .attrs_bytes = sizeof(CxArgAttrs),       \
      .type = arg_type, .exec = reduce_exec, .jvp = rule_nondiff, .transpose = rule_nonlinear, .batch = reduce_batch,                        \
      .partial = rule_partial_default, .fold = rule_nofold};                                                                                \
  CxVal cx_##id(CxVal x, int axis, CxDtype index_dtype) {                                                                                   \
    return cx_bind1(CX_OP_##ID, &x, 1, &(CxArgAttrs){{.v = (int64_t[]){axis}, .n = 1}, index_dtype});                                        \
  }

ARG(ARGMAX, argmax, "index of the greatest along an axis; the first of equals; NaN wins")
ARG(ARGMIN, argmin, "index of the least along an axis; the first of equals; NaN wins")

/* ---- reduce: any region over any number of operands. z = region(... region(region(init, x_0), x_1) ..., x_n) ---- */

static uint32_t half_nout(uint32_t nin, const void *attrs) {
  (void)attrs;
  return nin / 2;
}

static bool region_reduce_type(const CxApp *a, const CxType **out) {
  const CxRegionReduceAttrs *r = a->attrs;
  uint32_t n = a->nin / 2;
  bool drop[CX_MAX_RANK] = {0};
  if (!n || a->nin % 2) return type_fail(a, "takes as many initial values as operands, got %u values", a->nin);
  TRY(region_check(a, r->jaxpr, n, a->types) && reduce_axes_ok(a, &r->dimensions, drop));
  for (uint32_t i = 0; i < n; i++) {
    const CxType *x = a->types[i], *init = a->types[n + i];
    if (init->rank) return cx_fail(CX_ERR_VALUE, "reduce found non-scalar initial value: %u of rank %d", i, init->rank);
    if (x->dtype != init->dtype)
      return cx_fail(CX_ERR_TYPE, "reduce operand dtypes should match corresponding initial value dtypes, got operand %s and initial value %s",
                     cx_dtype_name(x->dtype), cx_dtype_name(init->dtype));
    if (!cx_type_same_dims(x, a->types[0])) return type_fail(a, "operands must have equal shapes");
    TRY(out[i] = reduced(x, drop, x->dtype, x->weak && init->weak));
  }
  return true;
}

/* x with the reduced axes first, as one: [n, kept...] */
static CxVal reduced_first(CxVal x, const CxInts *axes, int64_t *n) {
  if (!x) return NULL;
  const CxType *t = x->type;
  int64_t perm[CX_MAX_RANK], dims[CX_MAX_RANK] = {1};
  bool drop[CX_MAX_RANK] = {0};
  int at = 0, rank = 1;
  for (int i = 0; i < axes->n; i++) drop[axes->v[i]] = true;
  for (int i = 0; i < t->rank; i++)
    if (drop[i]) perm[at++] = i, dims[0] *= t->dims[i];
  for (int i = 0; i < t->rank; i++)
    if (!drop[i]) perm[at++] = i, dims[rank++] = t->dims[i];
  *n = dims[0];
  return cx_reshape(cx_transpose(x, perm), rank, dims);
}

static CxVal slice_drop(CxVal x, int64_t i) { /* x[i] */
  if (!x) return NULL;
  CxVal s = cx_slice_axis(x, 0, i, i + 1);
  return s ? cx_reshape(s, s->type->rank - 1, s->type->dims + 1) : NULL;
}

static CxOpcode monoid_reduction(const CxApp *a) { /* the reduce_* op that computes the same, up to the initial value */
  const CxRegionReduceAttrs *r = a->attrs;
  CxOpcode op = a->nin == 2 ? region_monoid(r->jaxpr) : CX_OP_NONE;
  switch (op) {
    case CX_OP_ADD: return kind_in(a->types[0], "iufc") ? CX_OP_REDUCE_SUM : CX_OP_NONE;
    case CX_OP_MUL: return kind_in(a->types[0], "iufc") ? CX_OP_REDUCE_PROD : CX_OP_NONE;
    case CX_OP_MAX: return CX_OP_REDUCE_MAX;
    case CX_OP_MIN: return CX_OP_REDUCE_MIN;
    case CX_OP_AND: return CX_OP_REDUCE_AND;
    case CX_OP_OR: return CX_OP_REDUCE_OR;
    case CX_OP_XOR: return CX_OP_REDUCE_XOR;
    default: return CX_OP_NONE;
  }
}

static bool region_reduce_fold(const CxApp *a, CxVal *acc) {
  const CxRegionReduceAttrs *r = a->attrs;
  uint32_t n = a->nin / 2;
  int64_t count = 0;
  CxVal *x = cx_calloc(4 * n, sizeof *x), *pair = x + n;
  bool ok = x != NULL;
  for (uint32_t i = 0; ok && i < n; i++) ok = (x[i] = reduced_first(a->in[i], &r->dimensions, &count)) != NULL;
  for (int64_t k = 0; ok && k < count; k++) {
    CxScope scope; /* one step's values do not outlive it */
    cx_scope_open(&scope);
    for (uint32_t i = 0; i < n; i++) pair[i] = acc[i], pair[n + i] = slice_drop(x[i], k);
    ok = region_map(r->jaxpr, pair, 2 * n, pair + 2 * n);
    for (uint32_t i = 0; ok && i < n; i++) cx_retain(pair[2 * n + i]);
    cx_scope_close(&scope);
    for (uint32_t i = 0; ok && i < n; i++) acc[i] = cx_keep(pair[2 * n + i]);
  }
  cx_free(x);
  return ok;
}

static bool region_reduce_build(const CxApp *a, const CxType *const *types, CxVal *acc) {
  uint32_t n = a->nin / 2;
  for (uint32_t i = 0; i < n; i++) TRY(acc[i] = cx_broadcast_like(a->in[n + i], types[i]));
  CxOpcode op = monoid_reduction(a);
  if (!op) return region_reduce_fold(a, acc);
  const CxRegionReduceAttrs *r = a->attrs;
  CxVal z = cx_bind1(op, a->in, 1, &(CxReduceAttrs){r->dimensions});
  return (acc[0] = cx_bind1(region_monoid(r->jaxpr), (CxVal[]){acc[0], z}, 2, NULL)) != NULL;
}

static bool region_reduce_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  return exec_build(a, types, region_reduce_build, out);
}

static void region_reduce_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  CxRegionReduceAttrs r = *(const CxRegionReduceAttrs *)a->attrs;
  uint32_t n = a->nin / 2;
  int64_t shifted[CX_MAX_RANK];
  CxVal *in = cx_calloc(a->nin, sizeof *in);
  for (uint32_t i = n; i < a->nin; i++)
    if (axis[i] >= 0) cx_fail(CX_ERR_NOT_IMPLEMENTED, "Batching rule for 'reduce' with batched initial values not implemented");
  for (uint32_t i = 0; in && i < a->nin; i++) in[i] = i < n ? batch_to_front(a->in[i], axis[i], size) : a->in[i];
  for (int i = 0; i < r.dimensions.n; i++) shifted[i] = r.dimensions.v[i] + 1;
  r.dimensions.v = shifted;
  if (in) cx_bind(a->op, in, a->nin, &r, out, a->nout);
  for (uint32_t i = 0; i < n; i++) out_axis[i] = 0;
  cx_free(in);
}

/* One halving of the pairs (x, t) along axis 0: the second half, filled up with the initial values, is combined into the first. */
static bool halve(CxGraph *region, CxVal *x, CxVal *t, const CxVal *init, uint32_t n, CxVal *work) {
  CxVal *in = work, *tin = work + 2 * n;
  memset(tin, 0, 2 * n * sizeof *tin);
  int64_t count = x[0]->type->dims[0], first = (count + 1) / 2, config[3 * CX_MAX_RANK] = {0, 2 * first - count};
  for (uint32_t i = 0; i < n; i++) {
    in[i] = cx_slice_axis(x[i], 0, 0, first), in[n + i] = cx_slice_axis(x[i], 0, first, count);
    if (config[1]) in[n + i] = cx_pad(in[n + i], init[i], config);
    if (!t[i]) continue;
    tin[i] = cx_slice_axis(t[i], 0, 0, first), tin[n + i] = cx_slice_axis(t[i], 0, first, count);
    if (config[1]) tin[n + i] = cx_pad(tin[n + i], cx_like(t[i], 0), config);
  }
  return !cx_failed() && region_map_jvp(region, in, tin, 2 * n, x, t);
}

/* The tangents by a tree of combinations, which is linear in them equation by equation (so it transposes). */
static void region_reduce_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxRegionReduceAttrs *r = a->attrs;
  uint32_t n = a->nin / 2;
  cx_bind(a->op, a->in, a->nin, r, out, n);
  for (uint32_t i = n; i < a->nin; i++)
    if (t[i])
      cx_fail(CX_ERR_NOT_IMPLEMENTED, "Gradient of general lax.reduce with non-zero tangents for initial values to reduction not implemented");
  CxVal *x = cx_calloc(6 * n, sizeof *x), *tx = x + n;
  int64_t count = 0;
  bool ok = x && !cx_failed();
  for (uint32_t i = 0; ok && i < n; i++) {
    x[i] = reduced_first(a->in[i], &r->dimensions, &count);
    if (is_inexact(a->types[i])) tx[i] = reduced_first(cx_instantiate(t[i], a->types[i]), &r->dimensions, &count);
    ok = !cx_failed();
  }
  for (; ok && count > 1; count = (count + 1) / 2) ok = halve(r->jaxpr, x, tx, a->in + n, n, x + 2 * n);
  for (uint32_t i = 0; ok && count && i < n; i++)
    if (tx[i]) tout[i] = slice_drop(tx[i], 0);
  cx_free(x);
}

static const CxField region_reduce_fields[] = {CX_FIELD(CxRegionReduceAttrs, computation, STR, 0, NULL),
                                               CX_FIELD(CxRegionReduceAttrs, dimensions, INTS, 0, NULL),
                                               CX_FIELD(CxRegionReduceAttrs, jaxpr, GRAPH, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_REDUCE = {
    .name = "reduce", .doc = "z = region(... region(region(init, x_0), x_1) ..., x_n) over the elements of some axes in row-major order",
    .nin = -3, .nout = -1, .flags = CX_OP_REFS, .fields = region_reduce_fields, .attrs_bytes = sizeof(CxRegionReduceAttrs), .nout_rule = half_nout,
    .type = region_reduce_type, .exec = region_reduce_exec, .jvp = region_reduce_jvp, .transpose = rule_nonlinear,
    .batch = region_reduce_batch, .partial = rule_partial_default, .fold = rule_nofold};

bool cx_reduce(uint32_t n, const CxVal *xs, const CxVal *inits, CxGraph *region, CxInts axes, CxVal *out) {
  CxVal *in = cx_calloc(2 * n, sizeof *in);
  if (!in) return false;
  memcpy(in, xs, n * sizeof *in);
  memcpy(in + n, inits, n * sizeof *in);
  bool ok = cx_bind(CX_OP_REDUCE, in, 2 * n, &(CxRegionReduceAttrs){region->name, axes, region}, out, n);
  cx_free(in);
  return ok;
}
