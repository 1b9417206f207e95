/* How each primitive is written as StableHLO. */
#include "stablehlo/export.h"
#include "stablehlo/import.h"

#include "base/error.h"
#include "op/call.h"
#include "op/gather.h"
#include "op/region.h"
#include <cuirax/linalg.h>
#include <math.h>
#include <string.h>

/* Results that nobody uses have no variable: the op's own rule gives their types. */
static bool out_types(const CxGraph *g, const CxEqn *e, const CxType **types) {
  CxApp a = {.op = e->op, .def = cx_ops[e->op], .attrs = e->attrs, .nin = e->nin, .nout = e->nout};
  const CxType *small[32], **in = small;
  if (e->nin > 32) TRY(in = cx_malloc(e->nin * sizeof *in));
  for (uint32_t i = 0; i < e->nin; i++) in[i] = graph_type(g, e->in[i]);
  a.types = in;
  bool ok = a.def->type(&a, types);
  if (in != small) cx_free(in);
  return ok;
}

static const CxType *out_type(const CxGraph *g, const CxEqn *e, uint32_t i) { /* strong */
  const CxType *small[8] = {0}, *t = e->out[i] ? graph_type(g, e->out[i]) : NULL;
  if (!t && e->nout <= 8 && out_types(g, e, small)) t = small[i];
  if (!t && !cx_failed()) cx_fail(CX_ERR_NOT_IMPLEMENTED, "%s with unused results cannot be exported yet", cx_ops[e->op]->name);
  return t ? cx_type_with_dtype(t, t->dtype, false) : NULL;
}

/* ---- elementwise ---- */

static const char *const renamed[CX_OP_COUNT] = {[CX_OP_ADD] = "add", [CX_OP_ADD_ANY] = "add", [CX_OP_MUL] = "multiply", [CX_OP_MAX] = "maximum",
                                                 [CX_OP_MIN] = "minimum", [CX_OP_REAL] = "real", [CX_OP_IMAG] = "imag", [CX_OP_TAN] = "tan"};

static const char *plain_name_of(CxOpcode op) {
  if (renamed[op]) return renamed[op];
  for (const HloRuleRow *r = hlo_rules; r->name; r++)
    if (r->op == op && strncmp(r->name, "chlo.broadcast_", 15)) return r->name;
  return NULL;
}

static bool plain(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  HloId same[2];
  const CxType *t;
  TRY(out_types(g, e, &t));
  for (uint32_t i = 0; i < e->nin; i++) same[i] = emit_same_shape(ex, in[i], t);
  return (out[0] = emit(ex, plain_name_of(e->op), cx_type_with_dtype(t, t->dtype, false), e->nin, same, NULL)) != 0;
}

static bool identity(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  (void)ex, (void)g, (void)e;
  return (out[0] = in[0]) != 0;
}

static bool compare(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  static const char *const names[CX_OP_COUNT] = {[CX_OP_EQ] = "EQ", [CX_OP_NE] = "NE", [CX_OP_LT] = "LT", [CX_OP_LE] = "LE", [CX_OP_GT] = "GT",
                                                 [CX_OP_GE] = "GE", [CX_OP_EQ_TO] = "EQ", [CX_OP_LT_TO] = "LT", [CX_OP_LE_TO] = "LE"};
  bool total = e->op == CX_OP_EQ_TO || e->op == CX_OP_LT_TO || e->op == CX_OP_LE_TO;
  const CxType *t;
  TRY(out_types(g, e, &t));
  return (out[0] = emit_compare(ex, names[e->op], emit_same_shape(ex, in[0], t), emit_same_shape(ex, in[1], t), total)) != 0;
}

static HloId choose(Export *ex, HloId p, HloId yes, HloId no) { return yes ? EMIT(ex, "select", type_of_id(ex, yes), p, yes, no) : 0; }

/* of several cases: those below the last, by comparing the index with each */
static bool select_n(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxType *t;
  TRY(out_types(g, e, &t));
  HloId which = in[0], z = emit_same_shape(ex, in[e->nin - 1], t);
  if (type_of_id(ex, which)->rank) which = emit_same_shape(ex, which, t);
  bool is_bool = which && type_of_id(ex, which)->dtype == CX_BOOL;
  for (uint32_t k = e->nin - 2; k >= 1 && z; k--) {
    HloId x = emit_same_shape(ex, in[k], t);
    if (is_bool) z = choose(ex, which, z, x);
    else z = choose(ex, emit_compare(ex, "LT", which, emit_like(ex, which, k), false), x, z);
  }
  return (out[0] = z) != 0;
}

static bool clamp(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxType *t;
  TRY(out_types(g, e, &t));
  HloId bounds[2] = {in[0], in[2]};
  for (int i = 0; i < 2; i++)
    if (type_of_id(ex, bounds[i])->rank) bounds[i] = emit_same_shape(ex, bounds[i], t);
  HloId x = emit_same_shape(ex, in[1], t);
  return x && (out[0] = EMIT(ex, "clamp", type_of_id(ex, x), bounds[0], x, bounds[1]));
}

static bool convert(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxType *t = out_type(g, e, 0), *from = type_of_id(ex, in[0]);
  HloId x = in[0];
  if (!t) return (out[0] = x) != 0;
  if (t->dtype == CX_BOOL && from->dtype != CX_BOOL) return (out[0] = emit_compare(ex, "NE", x, emit_like(ex, x, 0), false)) != 0;
  if (cx_dtype_kind(from->dtype) == 'c' && cx_dtype_kind(t->dtype) != 'c')
    x = EMIT(ex, "real", cx_type_with_dtype(from, from->dtype == CX_C64 ? CX_F32 : CX_F64, false), x);
  return (out[0] = emit_convert(ex, x, t->dtype)) != 0;
}

static bool round_to(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  (void)g;
  bool even = ((const CxRoundAttrs *)e->attrs)->rounding_method;
  return (out[0] = EMIT(ex, even ? "round_nearest_even" : "round_nearest_afz", type_of_id(ex, in[0]), in[0])) != 0;
}

static bool reduce_precision(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxReducePrecisionAttrs *p = e->attrs;
  HloAttrs a = {0};
  (void)g;
  put(&a, "exponent_bits", of_int32(ex, p->exponent_bits)), put(&a, "mantissa_bits", of_int32(ex, p->mantissa_bits));
  return (out[0] = emit(ex, "reduce_precision", type_of_id(ex, in[0]), 1, in, &a)) != 0;
}

static HloId times(Export *ex, HloId x, HloId y) { return x ? EMIT(ex, "multiply", type_of_id(ex, x), x, y) : 0; }

static bool square(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  (void)g, (void)e;
  return (out[0] = times(ex, in[0], in[0])) != 0;
}

/* By squaring, as the primitive is defined. */
static bool integer_pow(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  (void)g;
  int64_t y = ((const CxIntegerPowAttrs *)e->attrs)->y;
  uint64_t n = y < 0 ? -(uint64_t)y : (uint64_t)y;
  HloId z = 0, power = in[0];
  for (; n; n >>= 1) {
    if (n & 1) z = z ? times(ex, z, power) : power;
    if (n > 1) power = times(ex, power, power);
  }
  if (!z) z = emit_like(ex, in[0], 1);
  return (out[0] = y < 0 ? EMIT(ex, "divide", type_of_id(ex, in[0]), emit_like(ex, in[0], 1), z) : z) != 0;
}

static bool exp2_of(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  (void)g, (void)e;
  HloId scaled = times(ex, in[0], emit_like(ex, in[0], 0.69314718055994530942));
  return scaled && (out[0] = EMIT(ex, "exponential", type_of_id(ex, in[0]), scaled));
}

/* ---- shape ---- */

static bool broadcast_in_dim(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxType *t = out_type(g, e, 0);
  return t && (out[0] = emit_broadcast(ex, in[0], t, ((const CxBroadcastAttrs *)e->attrs)->broadcast_dimensions.v));
}

static bool reshape(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxType *t = out_type(g, e, 0);
  return t && (out[0] = emit_reshape(ex, in[0], t->rank, t->dims));
}

static bool with_ints(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out, const char *name, const char *attr, const CxInts *v) {
  HloAttrs a = {0};
  const CxType *t = out_type(g, e, 0);
  put(&a, attr, of_ints(ex, v->n, v->v));
  return t && (out[0] = emit(ex, name, t, e->nin, in, &a));
}

static bool transpose(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  return with_ints(ex, g, e, in, out, "transpose", "permutation", &((const CxTransposeAttrs *)e->attrs)->permutation);
}

static bool rev(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  return with_ints(ex, g, e, in, out, "reverse", "dimensions", &((const CxRevAttrs *)e->attrs)->dimensions);
}

static bool concatenate(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  HloAttrs a = {0};
  const CxType *t = out_type(g, e, 0);
  put(&a, "dimension", of_int(ex, ((const CxConcatenateAttrs *)e->attrs)->dimension));
  return t && (out[0] = emit(ex, "concatenate", t, e->nin, in, &a));
}

static bool pad(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  static const char *const names[3] = {"edge_padding_low", "edge_padding_high", "interior_padding"};
  const CxInts *c = &((const CxPadAttrs *)e->attrs)->padding_config;
  HloAttrs a = {0};
  const CxType *t = out_type(g, e, 0);
  for (int k = 0; k < 3; k++) {
    int64_t v[CX_MAX_RANK];
    for (int i = 0; i < c->n / 3; i++) v[i] = c->v[3 * i + k];
    put(&a, names[k], of_ints(ex, c->n / 3, v));
  }
  return t && (out[0] = emit(ex, "pad", t, 2, in, &a));
}

static HloId slice_of(Export *ex, HloId x, const CxType *t, const int64_t *start, const int64_t *limit, const int64_t *strides) {
  int64_t ones[CX_MAX_RANK];
  HloAttrs a = {0};
  for (int i = 0; i < t->rank; i++) ones[i] = 1;
  put(&a, "start_indices", of_ints(ex, t->rank, start)), put(&a, "limit_indices", of_ints(ex, t->rank, limit));
  put(&a, "strides", of_ints(ex, t->rank, strides ? strides : ones));
  return emit(ex, "slice", t, 1, &x, &a);
}

static bool slice(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxSliceAttrs *s = e->attrs;
  const CxType *t = out_type(g, e, 0);
  return t && (out[0] = slice_of(ex, in[0], t, s->start_indices.v, s->limit_indices.v, s->strides.n ? s->strides.v : NULL));
}

static bool split(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxSplitAttrs *s = e->attrs;
  const CxType *x = type_of_id(ex, in[0]);
  int64_t start[CX_MAX_RANK] = {0}, limit[CX_MAX_RANK];
  (void)g;
  for (int i = 0; i < x->rank; i++) limit[i] = x->dims[i];
  for (uint32_t k = 0; k < e->nout; k++) {
    int64_t dims[CX_MAX_RANK];
    for (int i = 0; i < x->rank; i++) dims[i] = i == s->axis ? s->sizes.v[k] : x->dims[i];
    limit[s->axis] = start[s->axis] + s->sizes.v[k];
    TRY(out[k] = slice_of(ex, in[0], cx_type(x->dtype, x->rank, dims, false), start, limit, NULL));
    start[s->axis] = limit[s->axis];
  }
  return true;
}

static bool dynamic_slice(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  return with_ints(ex, g, e, in, out, "dynamic_slice", "slice_sizes", &((const CxDynamicSliceAttrs *)e->attrs)->slice_sizes);
}

static bool simple(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out, const char *name) {
  const CxType *t = out_type(g, e, 0);
  return t && (out[0] = emit(ex, name, t, e->nin, in, NULL));
}
static bool dynamic_update_slice(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  return simple(ex, g, e, in, out, "dynamic_update_slice");
}
static bool bitcast(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) { return simple(ex, g, e, in, out, "bitcast_convert"); }

static bool iota(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  HloAttrs a = {0};
  const CxType *t = out_type(g, e, 0);
  put(&a, "iota_dimension", of_int(ex, ((const CxIotaAttrs *)e->attrs)->dimension));
  return t && (out[0] = emit(ex, "iota", t, 0, in, &a));
}

static bool tile(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) { /* by way of [reps_0, n_0, reps_1, n_1, …] */
  const CxInts *reps = &((const CxTileAttrs *)e->attrs)->reps;
  const CxType *t = out_type(g, e, 0), *x = type_of_id(ex, in[0]);
  int64_t dims[CX_MAX_RANK], where[CX_MAX_RANK];
  FAIL_IF(2 * x->rank > CX_MAX_RANK, CX_ERR_NOT_IMPLEMENTED, "tile of rank %d has no form in StableHLO yet", x->rank);
  for (int i = 0; i < x->rank; i++) dims[2 * i] = reps->v[i], dims[2 * i + 1] = x->dims[i], where[i] = 2 * i + 1;
  return t && (out[0] = emit_reshape(ex, emit_broadcast(ex, in[0], cx_type(x->dtype, 2 * x->rank, dims, false), where), t->rank, t->dims));
}

/* ---- regions of one operation on scalars ---- */

static bool scalar_region(Export *ex, CxDtype d, const char *name, HloRegion *to) {
  const CxType *s = cx_type_scalar(d, false), *types[2] = {s, s};
  RegionDraft r;
  HloId z = 0;
  if (region_open(ex, &r, 2, types)) z = EMIT(ex, name, s, r.region.args, r.region.args + 1);
  bool ok = region_close(ex, &r, 1, &z);
  *to = r.region;
  return ok;
}

static bool graph_region(Export *ex, const CxGraph *g, HloRegion *to) {
  const CxType **types = arena_alloc(&ex->module->arena, ((size_t)g->in.n + 1) * sizeof *types);
  HloId *in = arena_alloc(&ex->module->arena, ((size_t)g->in.n + g->out.n + 1) * sizeof *in);
  RegionDraft r;
  if (!types || !in) return false;
  for (uint32_t i = 0; i < g->in.n; i++) types[i] = graph_type(g, g->in.v[i]);
  if (region_open(ex, &r, g->in.n, types)) {
    for (uint32_t i = 0; i < g->in.n; i++) in[i] = r.region.args + i;
    export_body(ex, g, in, in + g->in.n);
  }
  bool ok = region_close(ex, &r, g->out.n, in + g->in.n);
  *to = r.region;
  return ok;
}

static bool emit_with_region(Export *ex, const char *name, const CxType *t, uint32_t nin, const HloId *in, const HloAttrs *a, const HloRegion *r, HloId *out) {
  return add_regions(ex, emit_op(ex, name, 1, &t, nin, in, a, out), 1, r);
}

/* ---- reductions ---- */

typedef struct Monoid {
  const char *name;
  CxOpcode op;
} Monoid;
static const Monoid monoids[CX_OP_COUNT] = {
    [CX_OP_REDUCE_SUM] = {"add", CX_OP_ADD}, [CX_OP_REDUCE_PROD] = {"multiply", CX_OP_MUL}, [CX_OP_REDUCE_MAX] = {"maximum", CX_OP_MAX},
    [CX_OP_REDUCE_MIN] = {"minimum", CX_OP_MIN}, [CX_OP_REDUCE_AND] = {"and", CX_OP_AND}, [CX_OP_REDUCE_OR] = {"or", CX_OP_OR},
    [CX_OP_REDUCE_XOR] = {"xor", CX_OP_XOR}, [CX_OP_CUMSUM] = {"add", CX_OP_ADD}, [CX_OP_CUMPROD] = {"multiply", CX_OP_MUL},
    [CX_OP_CUMMAX] = {"maximum", CX_OP_MAX}, [CX_OP_CUMMIN] = {"minimum", CX_OP_MIN}, [CX_OP_REDUCE_WINDOW_SUM] = {"add", CX_OP_ADD},
    [CX_OP_REDUCE_WINDOW_MAX] = {"maximum", CX_OP_MAX}, [CX_OP_REDUCE_WINDOW_MIN] = {"minimum", CX_OP_MIN}, [CX_OP_SCATTER_ADD] = {"add", CX_OP_ADD},
    [CX_OP_SCATTER_SUB] = {"subtract", CX_OP_SUB}, [CX_OP_SCATTER_MUL] = {"multiply", CX_OP_MUL}, [CX_OP_SCATTER_MAX] = {"maximum", CX_OP_MAX},
    [CX_OP_SCATTER_MIN] = {"minimum", CX_OP_MIN}};

static HloId identity_of(Export *ex, CxOpcode monoid, CxDtype d) {
  CxVal v = monoid_identity_scalar(monoid, d);
  return v ? emit_constant(ex, v->type, v->array.data, false) : 0;
}

static bool reduce(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const Monoid *m = &monoids[e->op];
  const CxType *t = out_type(g, e, 0);
  const CxInts *axes = &((const CxReduceAttrs *)e->attrs)->axes;
  HloAttrs a = {0};
  HloRegion r;
  TRY(t && scalar_region(ex, t->dtype, m->name, &r));
  put(&a, "dimensions", of_ints(ex, axes->n, axes->v));
  HloId both[2] = {in[0], identity_of(ex, m->op, t->dtype)};
  return both[1] && emit_with_region(ex, "reduce", t, 2, both, &a, &r, out);
}

static bool reduce_any(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxRegionReduceAttrs *q = e->attrs;
  const CxType **types = arena_alloc(&ex->module->arena, (e->nout + 1) * sizeof *types);
  HloAttrs a = {0};
  HloRegion r;
  TRY(types && out_types(g, e, types) && graph_region(ex, q->jaxpr, &r));
  put(&a, "dimensions", of_ints(ex, q->dimensions.n, q->dimensions.v));
  return add_regions(ex, emit_op(ex, "reduce", e->nout, types, e->nin, in, &a, out), 1, &r);
}

/* (best, index, x, i): the better value, of equals the first; NaN is better than all */
static bool argument_region(Export *ex, CxDtype d, CxDtype index, bool greatest, HloRegion *to) {
  const CxType *s = cx_type_scalar(d, false), *k = cx_type_scalar(index, false), *types[4] = {s, k, s, k}, *b = cx_type_scalar(CX_BOOL, false);
  RegionDraft r;
  HloId z[2] = {0, 0};
  if (region_open(ex, &r, 4, types)) {
    HloId best = r.region.args, at = best + 1, x = best + 2, i = best + 3;
    HloId better = emit_compare(ex, greatest ? "GT" : "LT", best, x, false);
    if (cx_dtype_kind(d) == 'f') better = EMIT(ex, "or", b, better, emit_compare(ex, "NE", best, best, false));
    HloId first = EMIT(ex, "and", b, emit_compare(ex, "EQ", best, x, false), emit_compare(ex, "LT", at, i, false));
    HloId keep = EMIT(ex, "or", b, better, first);
    z[0] = EMIT(ex, "select", s, better, best, x), z[1] = EMIT(ex, "select", k, keep, at, i);
  }
  bool ok = region_close(ex, &r, 2, z);
  *to = r.region;
  return ok;
}

static bool argument(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxArgAttrs *q = e->attrs;
  const CxType *x = type_of_id(ex, in[0]), *t = out_type(g, e, 0);
  bool greatest = e->op == CX_OP_ARGMAX;
  HloAttrs a = {0}, along = {0};
  HloRegion r;
  TRY(t && argument_region(ex, x->dtype, q->index_dtype, greatest, &r));
  put(&a, "dimensions", of_ints(ex, 1, q->axes.v));
  put(&along, "iota_dimension", of_int(ex, q->axes.v[0]));
  HloId all[4] = {in[0], emit(ex, "iota", cx_type_with_dtype(x, q->index_dtype, false), 0, NULL, &along),
                  identity_of(ex, greatest ? CX_OP_MAX : CX_OP_MIN, x->dtype), emit_splat(ex, cx_type_scalar(q->index_dtype, false), 0)};
  const CxType *types[2] = {cx_type_with_dtype(t, x->dtype, false), t};
  HloId both[2];
  if (!add_regions(ex, emit_op(ex, "reduce", 2, types, 4, all, &a, both), 1, &r)) return false;
  return (out[0] = both[1]) != 0;
}

/* ---- windows ---- */

static void put_ints(Export *ex, HloAttrs *a, const char *name, const CxInts *v) {
  if (v->n) put(a, name, of_ints(ex, v->n, v->v));
}

static void put_window(Export *ex, HloAttrs *a, const CxWindowAttrs *w, int rank) {
  int64_t ones[CX_MAX_RANK];
  for (int i = 0; i < rank; i++) ones[i] = 1;
  CxInts one = {.v = ones, .n = rank};
  put_ints(ex, a, "base_dilations", w->base_dilation.n ? &w->base_dilation : &one);
  put_ints(ex, a, "window_dilations", w->window_dilation.n ? &w->window_dilation : &one);
  put_ints(ex, a, "window_dimensions", &w->window_dimensions);
  put_ints(ex, a, "window_strides", &w->window_strides);
  put(a, "padding", of_pairs(ex, w->padding.n / 2, w->padding.v));
}

static bool reduce_window(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const Monoid *m = &monoids[e->op];
  const CxType *t = out_type(g, e, 0);
  HloAttrs a = {0};
  HloRegion r;
  TRY(t && scalar_region(ex, t->dtype, m->name, &r));
  put_window(ex, &a, e->attrs, t->rank);
  HloId both[2] = {in[0], identity_of(ex, m->op, t->dtype)};
  return emit_with_region(ex, "reduce_window", t, 2, both, &a, &r, out);
}

static bool reduce_window_any(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxWindowAttrs *w = e->attrs;
  const CxType **types = arena_alloc(&ex->module->arena, (e->nout + 1) * sizeof *types);
  HloAttrs a = {0};
  HloRegion r;
  TRY(types && out_types(g, e, types) && graph_region(ex, w->jaxpr, &r));
  put_window(ex, &a, w, types[0]->rank);
  return add_regions(ex, emit_op(ex, "reduce_window", e->nout, types, e->nin, in, &a, out), 1, &r);
}

/* A window over all that stands before. */
static bool cumulative(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxCumulativeAttrs *c = e->attrs;
  const Monoid *m = &monoids[e->op];
  const CxType *t = out_type(g, e, 0);
  TRY(t);
  int64_t ones[CX_MAX_RANK], window[CX_MAX_RANK], padding[2 * CX_MAX_RANK] = {0}, n = t->dims[c->axis];
  if (!n) return (out[0] = in[0]) != 0;
  for (int i = 0; i < t->rank; i++) ones[i] = 1, window[i] = i == c->axis ? n : 1;
  padding[2 * c->axis + (c->reverse ? 1 : 0)] = n - 1;
  CxWindowAttrs w = {.window_dimensions = {.v = window, .n = t->rank}, .window_strides = {.v = ones, .n = t->rank}, .padding = {.v = padding, .n = 2 * t->rank}};
  HloAttrs a = {0};
  HloRegion r;
  TRY(scalar_region(ex, t->dtype, m->name, &r));
  put_window(ex, &a, &w, t->rank);
  HloId both[2] = {in[0], identity_of(ex, m->op, t->dtype)};
  return emit_with_region(ex, "reduce_window", t, 2, both, &a, &r, out);
}

static void put_scatter_window(Export *ex, HloAttrs *a, const CxWindowAttrs *w) {
  put_ints(ex, a, "window_dimensions", &w->window_dimensions);
  put_ints(ex, a, "window_strides", &w->window_strides);
  put(a, "padding", of_pairs(ex, w->padding.n / 2, w->padding.v));
}

static bool compare_region(Export *ex, CxDtype d, const char *direction, HloRegion *to) {
  const CxType *s = cx_type_scalar(d, false), *types[2] = {s, s};
  RegionDraft r;
  HloId z = 0;
  if (region_open(ex, &r, 2, types)) z = emit_compare(ex, direction, r.region.args, r.region.args + 1, false);
  bool ok = region_close(ex, &r, 1, &z);
  *to = r.region;
  return ok;
}

static bool select_and_scatter_add(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxWindowAttrs *w = e->attrs;
  const CxType *t = out_type(g, e, 0);
  HloAttrs a = {0};
  HloRegion r[2];
  TRY(t && compare_region(ex, t->dtype, w->select_prim ? "LE" : "GE", &r[0]) && scalar_region(ex, t->dtype, "add", &r[1]));
  put_scatter_window(ex, &a, w);
  HloId all[3] = {in[1], in[0], emit_splat(ex, cx_type_scalar(t->dtype, false), 0)};
  return add_regions(ex, emit_op(ex, "select_and_scatter", 1, &t, 3, all, &a, out), 2, r);
}

static bool select_and_scatter(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxWindowAttrs *w = e->attrs;
  const CxType *t = out_type(g, e, 0);
  HloAttrs a = {0};
  HloRegion r[2];
  TRY(t && graph_region(ex, w->select_jaxpr, &r[0]) && graph_region(ex, w->scatter_jaxpr, &r[1]));
  put_scatter_window(ex, &a, w);
  return add_regions(ex, emit_op(ex, "select_and_scatter", 1, &t, 3, in, &a, out), 2, r);
}

/* ---- gather and scatter ---- */

/* The greatest start of a window along each indexed axis, as a constant over the last axis of the indices. */
static HloId index_limits(Export *ex, HloId indices, const CxInts *map, const CxType *x, const int64_t *sizes) {
  const CxType *t = type_of_id(ex, indices);
  int64_t limits[CX_MAX_RANK], last = t->rank - 1;
  char bytes[CX_MAX_RANK * 8];
  size_t one = (size_t)cx_dtype_bytes(t->dtype);
  for (int i = 0; i < map->n; i++) limits[i] = x->dims[map->v[i]] - sizes[map->v[i]];
  for (int i = 0; i < map->n; i++) memcpy(bytes + (size_t)i * one, &limits[i], one);
  HloId c = emit_constant(ex, cx_type(t->dtype, 1, (int64_t[]){map->n}, false), bytes, false);
  return emit_broadcast(ex, c, t, &last);
}

/* Over the result: are all coordinates of its window's start in range? */
static HloId gather_mask(Export *ex, HloId indices, HloId limits, const CxGatherDims *d, const CxType *out) {
  const CxType *t = type_of_id(ex, indices), *b = cx_type_with_dtype(t, CX_BOOL, false);
  HloId ok = EMIT(ex, "and", b, emit_compare(ex, "GE", indices, emit_like(ex, indices, 0), false), emit_compare(ex, "LE", indices, limits, false));
  int64_t last = t->rank - 1, where[CX_MAX_RANK];
  HloAttrs a = {0};
  HloRegion r;
  if (!scalar_region(ex, CX_BOOL, "and", &r)) return 0;
  put(&a, "dimensions", of_ints(ex, 1, &last));
  HloId both[2] = {ok, emit_splat(ex, cx_type_scalar(CX_BOOL, false), 1)}, all = 0;
  if (!emit_with_region(ex, "reduce", cx_type(CX_BOOL, t->rank - 1, t->dims, false), 2, both, &a, &r, &all)) return 0;
  int n = 0;
  for (int i = 0; i < out->rank; i++) {
    bool offset = false;
    for (int k = 0; k < d->offset_dims.n; k++) offset |= d->offset_dims.v[k] == i;
    if (!offset) where[n++] = i;
  }
  return emit_broadcast(ex, all, cx_type_with_dtype(out, CX_BOOL, false), where);
}

static HloId fill_of(Export *ex, const CxNumber *n, const CxType *t) {
  CxDtype d = t->dtype;
  HloId s;
  if (n->kind == 'i' || n->kind == 'u' || n->kind == 'b') {
    char kind = cx_dtype_kind(d);
    s = strchr("iub", kind) ? emit_constant(ex, cx_type_scalar(d, false), &n->i, false) : emit_splat(ex, cx_type_scalar(d, false), (double)n->i);
  } else s = emit_splat(ex, cx_type_scalar(d, false), n->re);
  return emit_broadcast(ex, s, t, (int64_t[]){0});
}

static bool gather(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxGatherAttrs *q = e->attrs;
  const CxGatherDims *d = &q->dims;
  const CxType *t = out_type(g, e, 0), *x = type_of_id(ex, in[0]);
  HloAttrs a = {0};
  TRY(t);
  put(&a, "collapsed_slice_dims", of_ints(ex, d->collapsed_slice_dims.n, d->collapsed_slice_dims.v));
  put(&a, "index_vector_dim", of_int(ex, type_of_id(ex, in[1])->rank - 1));
  put(&a, "indices_are_sorted", of_bool(ex, d->indices_are_sorted));
  put(&a, "offset_dims", of_ints(ex, d->offset_dims.n, d->offset_dims.v));
  put(&a, "operand_batching_dims", of_ints(ex, d->operand_batching_dims.n, d->operand_batching_dims.v));
  put(&a, "slice_sizes", of_ints(ex, q->slice_sizes.n, q->slice_sizes.v));
  put(&a, "start_index_map", of_ints(ex, d->start_index_map.n, d->start_index_map.v));
  put(&a, "start_indices_batching_dims", of_ints(ex, d->start_indices_batching_dims.n, d->start_indices_batching_dims.v));
  TRY(out[0] = emit(ex, "gather", t, 2, in, &a));
  if (q->mode != CX_INDEX_FILL_OR_DROP || !d->start_index_map.n) return true;
  HloId limits = index_limits(ex, in[1], &d->start_index_map, x, q->slice_sizes.v);
  HloId mask = limits ? gather_mask(ex, in[1], limits, d, t) : 0;
  return mask && (out[0] = choose(ex, mask, out[0], fill_of(ex, &q->fill_value, t)));
}

static void window_sizes(const CxType *x, const CxType *updates, const CxScatterDims *d, int64_t *sizes) {
  for (int i = 0, k = 0; i < x->rank; i++) {
    bool one = false;
    for (int j = 0; j < d->inserted_window_dims.n; j++) one |= d->inserted_window_dims.v[j] == i;
    for (int j = 0; j < d->operand_batching_dims.n; j++) one |= d->operand_batching_dims.v[j] == i;
    sizes[i] = one ? 1 : updates->dims[d->update_window_dims.v[k++]];
  }
}

static bool replace_region(Export *ex, CxDtype d, HloRegion *to) {
  const CxType *s = cx_type_scalar(d, false), *types[2] = {s, s};
  RegionDraft r;
  bool ok = region_open(ex, &r, 2, types);
  HloId z = ok ? r.region.args + 1 : 0;
  ok = region_close(ex, &r, 1, &z);
  *to = r.region;
  return ok;
}

static bool scatter(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxScatterAttrs *q = e->attrs;
  const CxScatterDims *d = &q->dims;
  const CxType *t = out_type(g, e, 0), *x = type_of_id(ex, in[0]), *k = type_of_id(ex, in[1]);
  HloAttrs a = {0};
  HloRegion r;
  HloId all[3] = {in[0], in[1], in[2]};
  TRY(t && (e->op == CX_OP_SCATTER ? replace_region(ex, t->dtype, &r) : scalar_region(ex, t->dtype, monoids[e->op].name, &r)));
  put(&a, "index_vector_dim", of_int(ex, k->rank - 1));
  put(&a, "indices_are_sorted", of_bool(ex, d->indices_are_sorted)), put(&a, "unique_indices", of_bool(ex, d->unique_indices));
  put(&a, "input_batching_dims", of_ints(ex, d->operand_batching_dims.n, d->operand_batching_dims.v));
  put(&a, "inserted_window_dims", of_ints(ex, d->inserted_window_dims.n, d->inserted_window_dims.v));
  put(&a, "scatter_dims_to_operand_dims", of_ints(ex, d->scatter_dims_to_operand_dims.n, d->scatter_dims_to_operand_dims.v));
  put(&a, "scatter_indices_batching_dims", of_ints(ex, d->scatter_indices_batching_dims.n, d->scatter_indices_batching_dims.v));
  put(&a, "update_window_dims", of_ints(ex, d->update_window_dims.n, d->update_window_dims.v));
  if (q->mode == CX_INDEX_CLIP && d->scatter_dims_to_operand_dims.n) {
    int64_t sizes[CX_MAX_RANK];
    window_sizes(x, type_of_id(ex, in[2]), d, sizes);
    HloId limits = index_limits(ex, in[1], &d->scatter_dims_to_operand_dims, x, sizes);
    all[1] = limits ? EMIT(ex, "clamp", k, emit_like(ex, in[1], 0), in[1], limits) : 0;
  }
  return emit_with_region(ex, "scatter", t, 3, all, &a, &r, out);
}

/* ---- products ---- */

static const HloAttr *precision_list(Export *ex, int32_t precision) {
  static const char *const names[3] = {"DEFAULT", "HIGH", "HIGHEST"};
  int p = precision >= CX_PRECISION_DEFAULT && precision <= CX_PRECISION_HIGHEST ? precision - CX_PRECISION_DEFAULT : 0;
  const HloAttr *items[2] = {of_text(ex, HLO_ENUM, names[p / 3]), of_text(ex, HLO_ENUM, names[p % 3])};
  return items[0] && items[1] ? of_list(ex, 2, items) : NULL;
}

static bool dot(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxDotAttrs *q = e->attrs;
  const CxDotDims *d = &q->dimension_numbers;
  const CxType *t = out_type(g, e, 0);
  HloAttrs a = {0};
  put(&a, "lhs_batching_dimensions", of_ints(ex, d->lhs_batch.n, d->lhs_batch.v));
  put(&a, "lhs_contracting_dimensions", of_ints(ex, d->lhs_contract.n, d->lhs_contract.v));
  put(&a, "precision_config", precision_list(ex, q->precision));
  put(&a, "rhs_batching_dimensions", of_ints(ex, d->rhs_batch.n, d->rhs_batch.v));
  put(&a, "rhs_contracting_dimensions", of_ints(ex, d->rhs_contract.n, d->rhs_contract.v));
  return t && (out[0] = emit(ex, "dot_general", t, 2, in, &a));
}

static void put_spec(Export *ex, HloAttrs *a, const CxInts *s, const char *batch, const char *feature, const char *spatial) {
  put(a, batch, of_int(ex, s->v[0])), put(a, feature, of_int(ex, s->v[1])), put(a, spatial, of_ints(ex, s->n - 2, s->v + 2));
}

static bool conv(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxConvAttrs *c = e->attrs;
  const CxType *t = out_type(g, e, 0);
  HloAttrs a = {0};
  TRY(t);
  int n = t->rank - 2;
  int64_t ones[CX_MAX_RANK];
  bool never[CX_MAX_RANK] = {0};
  for (int i = 0; i < t->rank; i++) ones[i] = 1;
  put(&a, "batch_group_count", of_int(ex, c->batch_group_count)), put(&a, "feature_group_count", of_int(ex, c->feature_group_count));
  put_spec(ex, &a, &c->dimension_numbers.lhs_spec, "input_batch_dimension", "input_feature_dimension", "input_spatial_dimensions");
  put_spec(ex, &a, &c->dimension_numbers.rhs_spec, "kernel_output_feature_dimension", "kernel_input_feature_dimension", "kernel_spatial_dimensions");
  put_spec(ex, &a, &c->dimension_numbers.out_spec, "output_batch_dimension", "output_feature_dimension", "output_spatial_dimensions");
  put(&a, "lhs_dilation", of_ints(ex, n, c->lhs_dilation.n ? c->lhs_dilation.v : ones));
  put(&a, "rhs_dilation", of_ints(ex, n, c->rhs_dilation.n ? c->rhs_dilation.v : ones));
  put(&a, "window_strides", of_ints(ex, n, c->window_strides.n ? c->window_strides.v : ones));
  put(&a, "padding", of_pairs(ex, n, c->padding.v));
  put(&a, "precision_config", precision_list(ex, c->precision));
  put(&a, "window_reversal", of_flags(ex, n, never));
  return (out[0] = emit(ex, "convolution", t, 2, in, &a)) != 0;
}

/* ---- sorting ---- */

static HloId canonical(Export *ex, HloId x) { /* one zero, one NaN */
  const CxType *t = type_of_id(ex, x);
  if (cx_dtype_kind(t->dtype) != 'f') return x;
  x = choose(ex, emit_compare(ex, "EQ", x, emit_like(ex, x, 0), false), emit_like(ex, x, 0), x);
  return x ? choose(ex, emit_compare(ex, "NE", x, x, false), emit_like(ex, x, NAN), x) : 0;
}

static uint32_t key_parts(Export *ex, HloId x, HloId parts[2]) {
  const CxType *t = type_of_id(ex, x);
  if (cx_dtype_kind(t->dtype) != 'c') return parts[0] = canonical(ex, x), 1;
  const CxType *part = cx_type_with_dtype(t, t->dtype == CX_C64 ? CX_F32 : CX_F64, false);
  HloId real = EMIT(ex, "real", part, x), imag = EMIT(ex, "imag", part, x);
  parts[0] = real ? canonical(ex, real) : 0, parts[1] = imag ? canonical(ex, imag) : 0;
  return 2;
}

/* less(a, b) or (equal(a, b) and the order of the next keys), from the last key to the first */
static HloId lexicographic(Export *ex, HloId args, uint32_t nkeys) {
  const CxType *b = cx_type_scalar(CX_BOOL, false);
  HloId z = 0;
  for (uint32_t k = nkeys; k-- > 0;) {
    HloId x[2], y[2];
    for (uint32_t n = key_parts(ex, args + 2 * k, x), i = (key_parts(ex, args + 2 * k + 1, y), n); i-- > 0;) {
      HloId less = emit_compare(ex, "LT", x[i], y[i], true);
      z = z ? EMIT(ex, "or", b, less, EMIT(ex, "and", b, emit_compare(ex, "EQ", x[i], y[i], true), z)) : less;
      if (!z) return 0;
    }
  }
  return z;
}

static bool sort(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxSortAttrs *s = e->attrs;
  const CxType **types = arena_alloc(&ex->module->arena, 3 * ((size_t)e->nin + 1) * sizeof *types), **scalars = types + e->nin;
  HloAttrs a = {0};
  RegionDraft r;
  HloId z = 0;
  (void)g;
  TRY(types);
  for (uint32_t i = 0; i < e->nin; i++) {
    types[i] = type_of_id(ex, in[i]);
    scalars[2 * i] = scalars[2 * i + 1] = cx_type_scalar(types[i]->dtype, false);
  }
  if (region_open(ex, &r, 2 * e->nin, scalars)) z = lexicographic(ex, r.region.args, (uint32_t)s->num_keys);
  TRY(region_close(ex, &r, 1, &z));
  put(&a, "dimension", of_int(ex, s->dimension)), put(&a, "is_stable", of_bool(ex, s->is_stable));
  return add_regions(ex, emit_op(ex, "sort", e->nin, types, e->nin, in, &a, out), 1, &r.region);
}

static bool top_k(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxTopKAttrs *k = e->attrs;
  const CxType *types[2];
  HloAttrs a = {0};
  TRY(out_types(g, e, types));
  FAIL_IF(k->axis != types[0]->rank - 1, CX_ERR_NOT_IMPLEMENTED, "top_k along another axis than the last has no form in StableHLO yet");
  put(&a, "k", of_int(ex, k->k));
  return emit_op(ex, "chlo.top_k", 2, types, 1, in, &a, out) != NULL;
}

/* ---- calls ---- */

static bool call(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxJitAttrs *j = e->attrs;
  (void)g;
  return emit_call(ex, j->jaxpr, j->name ? j->name : j->jaxpr->name, e->nin, in, out);
}

static bool custom_call(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxCustomAttrs *c = e->attrs;
  (void)g;
  return emit_call(ex, c->call_jaxpr, c->call_jaxpr->name, e->nin, in, out);
}

static bool barrier(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxType **types = arena_alloc(&ex->module->arena, ((size_t)e->nin + 1) * sizeof *types);
  (void)g;
  for (uint32_t i = 0; types && i < e->nin; i++) types[i] = type_of_id(ex, in[i]);
  return types && emit_op(ex, "optimization_barrier", e->nin, types, e->nin, in, NULL, out);
}

/* The state is two words of 64 bits; a key of four of 32 is the same bits. */
static bool bit_generator(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  static const char *const algorithms[3] = {"DEFAULT", "THREE_FRY", "PHILOX"};
  const CxGeneratorAttrs *q = e->attrs;
  const CxType *wide = cx_type(CX_U64, 1, (int64_t[]){2}, false), *types[2] = {wide, cx_type(q->dtype, q->shape.n, q->shape.v, false)};
  HloAttrs a = {0};
  HloId state = in[0], z[2];
  (void)g;
  bool narrow = type_of_id(ex, state)->dtype == CX_U32;
  if (narrow) state = EMIT(ex, "bitcast_convert", wide, emit_reshape(ex, state, 2, (int64_t[]){2, 2}));
  put(&a, "rng_algorithm", of_text(ex, HLO_ENUM, algorithms[q->algorithm % 3]));
  TRY(types[1] && emit_op(ex, "rng_bit_generator", 2, types, 1, &state, &a, z));
  out[0] = z[0], out[1] = z[1];
  if (!narrow) return true;
  HloId words = EMIT(ex, "bitcast_convert", cx_type(CX_U32, 2, (int64_t[]){2, 2}, false), z[0]);
  return (out[0] = emit_reshape(ex, words, 1, (int64_t[]){4})) != 0;
}

/* ---- factorizations and transforms ---- */

static bool cholesky(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  HloAttrs a = {0};
  (void)g, (void)e;
  put(&a, "lower", of_bool(ex, true));
  return (out[0] = emit(ex, "cholesky", type_of_id(ex, in[0]), 1, in, &a)) != 0;
}

static bool triangular_solve(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxTriangularSolve *s = e->attrs;
  HloAttrs a = {0};
  HloId x = in[0];
  (void)g;
  bool conjugate = s->conjugate_a && cx_dtype_kind(type_of_id(ex, x)->dtype) == 'c';
  FAIL_IF(conjugate && !s->transpose_a, CX_ERR_NOT_IMPLEMENTED, "triangular_solve with a conjugated matrix has no form in StableHLO yet");
  put(&a, "left_side", of_bool(ex, s->left_side)), put(&a, "lower", of_bool(ex, s->lower)), put(&a, "unit_diagonal", of_bool(ex, s->unit_diagonal));
  put(&a, "transpose_a", of_text(ex, HLO_ENUM, conjugate ? "ADJOINT" : s->transpose_a ? "TRANSPOSE" : "NO_TRANSPOSE"));
  return (out[0] = emit(ex, "triangular_solve", type_of_id(ex, in[1]), 2, in, &a)) != 0;
}

static bool fft(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  static const char *const types[4] = {"FFT", "IFFT", "RFFT", "IRFFT"};
  const CxFftAttrs *q = e->attrs;
  const CxType *t = out_type(g, e, 0);
  HloAttrs a = {0};
  put(&a, "fft_type", of_text(ex, HLO_ENUM, types[q->fft_type & 3])), put(&a, "fft_length", of_ints(ex, q->fft_lengths.n, q->fft_lengths.v));
  return t && (out[0] = emit(ex, "fft", t, 1, in, &a));
}

/* ---- the table ---- */

static ExportRule *const rules[CX_OP_COUNT] = {
    [CX_OP_EQ] = compare, [CX_OP_NE] = compare, [CX_OP_LT] = compare, [CX_OP_LE] = compare, [CX_OP_GT] = compare, [CX_OP_GE] = compare,
    [CX_OP_EQ_TO] = compare, [CX_OP_LT_TO] = compare, [CX_OP_LE_TO] = compare, [CX_OP_SELECT_N] = select_n, [CX_OP_CLAMP] = clamp,
    [CX_OP_CONVERT_ELEMENT_TYPE] = convert, [CX_OP_ROUND] = round_to, [CX_OP_REDUCE_PRECISION] = reduce_precision, [CX_OP_SQUARE] = square,
    [CX_OP_INTEGER_POW] = integer_pow, [CX_OP_EXP2] = exp2_of, [CX_OP_COPY] = identity, [CX_OP_STOP_GRADIENT] = identity, [CX_OP_NAME] = identity,
    [CX_OP_REAL] = plain, [CX_OP_IMAG] = plain, [CX_OP_ADD_ANY] = plain, [CX_OP_BROADCAST_IN_DIM] = broadcast_in_dim, [CX_OP_RESHAPE] = reshape,
    [CX_OP_SQUEEZE] = reshape, [CX_OP_TRANSPOSE] = transpose, [CX_OP_REV] = rev, [CX_OP_CONCATENATE] = concatenate, [CX_OP_PAD] = pad,
    [CX_OP_SLICE] = slice, [CX_OP_SPLIT] = split, [CX_OP_TILE] = tile, [CX_OP_DYNAMIC_SLICE] = dynamic_slice,
    [CX_OP_DYNAMIC_UPDATE_SLICE] = dynamic_update_slice, [CX_OP_BITCAST_CONVERT_TYPE] = bitcast, [CX_OP_IOTA] = iota, [CX_OP_REDUCE_SUM] = reduce,
    [CX_OP_REDUCE_PROD] = reduce, [CX_OP_REDUCE_MAX] = reduce, [CX_OP_REDUCE_MIN] = reduce, [CX_OP_REDUCE_AND] = reduce, [CX_OP_REDUCE_OR] = reduce,
    [CX_OP_REDUCE_XOR] = reduce, [CX_OP_REDUCE] = reduce_any, [CX_OP_ARGMAX] = argument, [CX_OP_ARGMIN] = argument, [CX_OP_CUMSUM] = cumulative,
    [CX_OP_CUMPROD] = cumulative, [CX_OP_CUMMAX] = cumulative, [CX_OP_CUMMIN] = cumulative, [CX_OP_REDUCE_WINDOW_SUM] = reduce_window,
    [CX_OP_REDUCE_WINDOW_MAX] = reduce_window, [CX_OP_REDUCE_WINDOW_MIN] = reduce_window, [CX_OP_REDUCE_WINDOW] = reduce_window_any,
    [CX_OP_SELECT_AND_SCATTER_ADD] = select_and_scatter_add, [CX_OP_SELECT_AND_SCATTER] = select_and_scatter, [CX_OP_GATHER] = gather,
    [CX_OP_SCATTER] = scatter, [CX_OP_SCATTER_ADD] = scatter, [CX_OP_SCATTER_SUB] = scatter, [CX_OP_SCATTER_MUL] = scatter, [CX_OP_SCATTER_MIN] = scatter,
    [CX_OP_SCATTER_MAX] = scatter, [CX_OP_DOT_GENERAL] = dot, [CX_OP_CONV_GENERAL_DILATED] = conv, [CX_OP_SORT] = sort, [CX_OP_TOP_K] = top_k,
    [CX_OP_JIT] = call, [CX_OP_CLOSED_CALL] = call, [CX_OP_REMAT] = call, [CX_OP_CUSTOM_JVP_CALL] = custom_call, [CX_OP_CUSTOM_VJP_CALL] = custom_call,
    [CX_OP_WHILE] = export_while, [CX_OP_COND] = export_cond, [CX_OP_SCAN] = export_scan, [CX_OP_OPTIMIZATION_BARRIER] = barrier,
    [CX_OP_RNG_BIT_GENERATOR] = bit_generator, [CX_OP_CHOLESKY] = cholesky,
    [CX_OP_TRIANGULAR_SOLVE] = triangular_solve, [CX_OP_FFT] = fft};

ExportRule *export_rule(CxOpcode op) {
  if (rules[op]) return rules[op];
  return (cx_ops[op]->flags & CX_OP_EFFECT) == 0 && plain_name_of(op) ? plain : NULL;
}
