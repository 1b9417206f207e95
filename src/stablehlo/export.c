/* Exporting: functions, blocks and regions, and the operations that many rules make. See export.h. */
#include "stablehlo/export.h"

#include "base/error.h"
#include "ir/node.h"
#include "kernels/convert.h"
#include <stdio.h>
#include <string.h>

#define NEW(ex, type, n) ((type *)arena_alloc(&(ex)->module->arena, ((size_t)(n) + 1) * sizeof(type)))

const CxType *type_of_id(const Export *ex, HloId id) { return ex->module->types.v[id]->tensor; }

/* ---- attributes ---- */

void put(HloAttrs *a, const char *name, const HloAttr *value) {
  uint32_t at = a->n;
  while (at && strcmp(a->v[at - 1].name, name) > 0) a->v[at] = a->v[at - 1], at--; /* sorted, as the bytecode wants them */
  a->v[at] = (HloNamed){name, value};
  a->n++;
}

static HloAttr *attr_new(Export *ex, HloAttrKind kind) {
  HloAttr *a = NEW(ex, HloAttr, 1);
  if (a) a->kind = kind;
  return a;
}

static const HloType *scalar_type(Export *ex, CxDtype d) { return hlo_type(ex->module, HLO_SCALAR, d, cx_dtype_short(d)); }

static const HloType *tensor_type(Export *ex, const CxType *t) {
  if (t->dtype == CX_TOKEN) {
    HloType *token = NEW(ex, HloType, 1);
    if (token) *token = (HloType){.kind = HLO_TOKEN, .dtype = CX_TOKEN, .tensor = t, .text = "a token"};
    return token;
  }
  const HloType *element = scalar_type(ex, t->dtype);
  return element ? hlo_tensor(ex->module, element, t->rank, t->dims) : NULL;
}

const HloAttr *of_int(Export *ex, int64_t i) {
  HloAttr *a = attr_new(ex, HLO_INT);
  if (a) a->i = i, a->type = scalar_type(ex, CX_I64);
  return a;
}

const HloAttr *of_int32(Export *ex, int64_t i) {
  HloAttr *a = attr_new(ex, HLO_INT);
  if (a) a->i = i, a->type = scalar_type(ex, CX_I32);
  return a;
}

const HloAttr *of_bool(Export *ex, bool v) {
  HloAttr *a = attr_new(ex, HLO_BOOL);
  if (a) a->i = v;
  return a;
}

static const HloAttr *dense_of(Export *ex, const CxType *type, const void *elements, size_t bytes) {
  HloAttr *a = attr_new(ex, HLO_DENSE);
  if (!a || !(a->type = tensor_type(ex, type))) return NULL;
  a->s = arena_copy(&ex->module->arena, bytes ? elements : "", bytes);
  a->n = (uint32_t)bytes;
  return a;
}

const HloAttr *of_ints(Export *ex, int64_t n, const int64_t *v) {
  const CxType *t = cx_type(CX_I64, 1, &n, false);
  return t ? dense_of(ex, t, v, (size_t)n * sizeof *v) : NULL;
}

const HloAttr *of_pairs(Export *ex, int64_t n, const int64_t *v) {
  const CxType *t = cx_type(CX_I64, 2, (int64_t[]){n, 2}, false);
  return t ? dense_of(ex, t, v, 2 * (size_t)n * sizeof *v) : NULL;
}

const HloAttr *of_flags(Export *ex, int64_t n, const bool *v) {
  const CxType *t = cx_type(CX_BOOL, 1, &n, false);
  return t ? dense_of(ex, t, v, (size_t)n) : NULL;
}

const HloAttr *of_text(Export *ex, HloAttrKind kind, const char *s) {
  HloAttr *a = attr_new(ex, kind);
  if (a && (a->s = arena_string(&ex->module->arena, s))) a->n = (uint32_t)strlen(s);
  return a;
}

const HloAttr *of_list(Export *ex, uint32_t n, const HloAttr *const *items) {
  HloAttr *a = attr_new(ex, HLO_ARRAY);
  if (a) a->n = n, a->items = n ? arena_copy(&ex->module->arena, items, n * sizeof *items) : NULL;
  return a;
}

/* ---- operations ---- */

static bool operands_ok(uint32_t nin, const HloId *in, const HloAttrs *attrs) {
  for (uint32_t i = 0; i < nin; i++)
    if (!in[i]) return false;
  for (uint32_t i = 0; attrs && i < attrs->n; i++)
    if (!attrs->v[i].value) return false;
  return !cx_failed();
}

static bool new_id(Export *ex, const CxType *type, HloId *id) {
  const HloType *t = type ? tensor_type(ex, type) : NULL;
  FAIL_IF(type && (cx_dtype_kind(type->dtype) == 'k' || cx_dtype_kind(type->dtype) == 'v'), CX_ERR_NOT_IMPLEMENTED,
          "StableHLO has no arrays of %s: they cannot be exported", cx_dtype_name(type->dtype));
  *id = ex->module->types.n;
  return t && vec_push(&ex->module->types, t);
}

HloOp *emit_op(Export *ex, const char *name, uint32_t nout, const CxType *const *types, uint32_t nin, const HloId *in, const HloAttrs *attrs, HloId *out) {
  HloOp op = {.name = name, .nin = nin, .nout = nout, .nattrs = attrs ? attrs->n : 0, .out = ex->module->types.n};
  if (!operands_ok(nin, in, attrs)) return NULL;
  for (uint32_t i = 0; i < nout; i++) TRY(new_id(ex, types[i], &out[i]));
  if (nin) TRY(op.in = arena_copy(&ex->module->arena, in, nin * sizeof *in));
  if (op.nattrs) TRY(op.attrs = arena_copy(&ex->module->arena, attrs->v, attrs->n * sizeof *attrs->v));
  return vec_push(ex->ops, op) ? &ex->ops->v[ex->ops->n - 1] : NULL;
}

HloId emit(Export *ex, const char *name, const CxType *type, uint32_t nin, const HloId *in, const HloAttrs *attrs) {
  HloId out;
  return emit_op(ex, name, 1, &type, nin, in, attrs, &out) ? out : 0;
}

bool add_regions(Export *ex, HloOp *op, uint32_t n, const HloRegion *regions) {
  if (!op) return false;
  op->nregions = n;
  return (op->regions = arena_copy(&ex->module->arena, regions, n * sizeof *regions)) != NULL;
}

HloId emit_constant(Export *ex, const CxType *type, const void *elements, bool splat) {
  HloAttrs a = {0};
  size_t one = (size_t)cx_dtype_bytes(type->dtype);
  HloAttr *value = (HloAttr *)(uintptr_t)dense_of(ex, type, elements, splat ? one : one * (size_t)type->size);
  if (!value) return 0;
  value->splat = splat;
  put(&a, "value", value);
  return emit(ex, "constant", type, 0, NULL, &a);
}

HloId emit_splat(Export *ex, const CxType *type, double value) {
  char bytes[16] = {0};
  int64_t one = 1;
  CxView from = {.data = &value, .dtype = CX_F64, .rank = 1, .dims = &one}, to = {.data = bytes, .dtype = type->dtype, .rank = 1, .dims = &one};
  return kernel_convert(&from, &to) ? emit_constant(ex, type, bytes, true) : 0;
}

HloId emit_like(Export *ex, HloId x, double value) { return x ? emit_splat(ex, type_of_id(ex, x), value) : 0; }

HloId emit_broadcast(Export *ex, HloId x, const CxType *type, const int64_t *where) {
  HloAttrs a = {0};
  if (!x) return 0;
  put(&a, "broadcast_dimensions", of_ints(ex, type_of_id(ex, x)->rank, where));
  return emit(ex, "broadcast_in_dim", type, 1, &x, &a);
}

HloId emit_same_shape(Export *ex, HloId x, const CxType *like) {
  int64_t where[CX_MAX_RANK];
  if (!x || cx_type_same_dims(type_of_id(ex, x), like)) return x;
  for (int i = 0; i < like->rank; i++) where[i] = i;
  return emit_broadcast(ex, x, cx_type_with_dtype(like, type_of_id(ex, x)->dtype, false), where);
}

HloId emit_reshape(Export *ex, HloId x, int rank, const int64_t *dims) {
  return x ? EMIT(ex, "reshape", cx_type(type_of_id(ex, x)->dtype, rank, dims, false), x) : 0;
}

HloId emit_compare(Export *ex, const char *direction, HloId x, HloId y, bool total) {
  HloAttrs a = {0};
  if (!x || !y) return 0;
  char kind = cx_dtype_kind(type_of_id(ex, x)->dtype);
  const char *how = total && kind == 'f' ? "TOTALORDER" : kind == 'f' || kind == 'c' ? "FLOAT" : kind == 'i' ? "SIGNED" : "UNSIGNED";
  put(&a, "comparison_direction", of_text(ex, HLO_ENUM, direction));
  put(&a, "compare_type", of_text(ex, HLO_ENUM, how));
  return emit(ex, "compare", cx_type_with_dtype(type_of_id(ex, x), CX_BOOL, false), 2, (HloId[]){x, y}, &a);
}

HloId emit_convert(Export *ex, HloId x, CxDtype d) {
  if (!x || type_of_id(ex, x)->dtype == d) return x;
  return EMIT(ex, "convert", cx_type_with_dtype(type_of_id(ex, x), d, false), x);
}

/* ---- blocks and regions ---- */

bool region_open(Export *ex, RegionDraft *d, uint32_t nargs, const CxType *const *types) {
  *d = (RegionDraft){.outer = ex->ops, .region = {.has_block = true, .nargs = nargs, .first = ex->module->types.n, .args = ex->module->types.n}};
  ex->ops = &d->ops;
  for (uint32_t i = 0; i < nargs; i++) {
    HloId id;
    TRY(new_id(ex, types[i], &id));
  }
  return true;
}

/* Also after an error: the outer block is open again. */
bool region_close(Export *ex, RegionDraft *d, uint32_t n, const HloId *out) {
  bool ok = !cx_failed() && emit_op(ex, "return", 0, NULL, n, out, NULL, NULL);
  ex->ops = d->outer;
  d->region.end = ex->module->types.n;
  d->region.nops = d->ops.n;
  d->region.ops = ok ? arena_copy(&ex->module->arena, d->ops.v, d->ops.n * sizeof *d->ops.v) : NULL;
  vec_free(&d->ops);
  return d->region.ops != NULL;
}

static bool export_eqn(Export *ex, const CxGraph *g, const CxEqn *e, HloId *of) {
  ExportRule *rule = export_rule(e->op);
  HloId small[32] = {0}, *in = small;
  FAIL_IF(!rule, CX_ERR_NOT_IMPLEMENTED, "%s has no form in StableHLO yet", cx_ops[e->op]->name);
  if (e->nin + e->nout > 32) TRY(in = NEW(ex, HloId, e->nin + e->nout));
  for (uint32_t i = 0; i < e->nin; i++) in[i] = of[e->in[i]];
  TRY(rule(ex, g, e, in, in + e->nin) && !cx_failed());
  for (uint32_t i = 0; i < e->nout; i++) {
    HloId id = in[e->nin + i];
    if (!id) return cx_failed() ? false : cx_fail(CX_ERR_INTERNAL, "%s was exported without result", cx_ops[e->op]->name);
    if (e->out[i]) of[e->out[i]] = id;
  }
  return true;
}

bool export_body(Export *ex, const CxGraph *g, const HloId *in, HloId *out) {
  HloId *of = cx_calloc((size_t)g->types.n + 1, sizeof *of);
  bool ok = of != NULL;
  if (ok && ++ex->depth > HLO_DEPTH_MAX) ok = cx_fail(CX_ERR_VERIFY, "regions are nested more than %d deep", HLO_DEPTH_MAX);
  for (uint32_t i = 0; ok && i < g->in.n; i++) of[g->in.v[i]] = in[i];
  for (uint32_t i = 0; ok && i < g->consts.n; i++) {
    const CxConst *c = &g->consts.v[i];
    bool token = c->value->type->dtype == CX_TOKEN;
    if (token) ok = (of[c->var] = emit(ex, "create_token", c->value->type, 0, NULL, NULL)) != 0;
    else ok = (of[c->var] = emit_constant(ex, cx_type_with_dtype(c->value->type, c->value->type->dtype, false), c->value->array.data, false)) != 0;
  }
  for (uint32_t i = 0; ok && i < g->eqns.n; i++) ok = export_eqn(ex, g, &g->eqns.v[i], of);
  for (uint32_t i = 0; ok && i < g->out.n; i++) out[i] = of[g->out.v[i]];
  ex->depth--;
  cx_free(of);
  return ok;
}

/* ---- functions ---- */

static bool function_op(Export *ex, const char *name, bool is_public, const CxGraph *g, const HloRegion *body) {
  HloType *t = NEW(ex, HloType, 1);
  const HloType **of = NEW(ex, const HloType *, g->in.n + g->out.n);
  HloAttr *type = attr_new(ex, HLO_TYPE);
  HloAttrs a = {0};
  if (!t || !of || !type) return false;
  for (uint32_t i = 0; i < g->in.n; i++) of[i] = ex->module->types.v[body->args + i];
  const HloOp *last = &body->ops[body->nops - 1];
  for (uint32_t i = 0; i < g->out.n; i++) of[g->in.n + i] = ex->module->types.v[last->in[i]];
  *t = (HloType){.kind = HLO_FUNCTION, .n = g->in.n, .m = g->out.n, .of = of, .text = "a function"};
  type->type = t;
  put(&a, "arg_attrs", of_list(ex, 0, NULL)), put(&a, "res_attrs", of_list(ex, 0, NULL));
  put(&a, "function_type", type), put(&a, "sym_name", of_text(ex, HLO_STRING, name));
  put(&a, "sym_visibility", of_text(ex, HLO_STRING, is_public ? "public" : "private"));
  HloOps *was = ex->ops;
  ex->ops = &ex->functions;
  HloOp *op = emit_op(ex, "func", 0, NULL, 0, NULL, &a, NULL);
  ex->ops = was;
  return add_regions(ex, op, 1, body);
}

static bool export_function(Export *ex, const CxGraph *g, const char *name, bool is_public) {
  RegionDraft d;
  const CxType **types = NEW(ex, const CxType *, g->in.n);
  HloId *in = NEW(ex, HloId, g->in.n), *out = NEW(ex, HloId, g->out.n);
  if (!types || !in || !out) return false;
  for (uint32_t i = 0; i < g->in.n; i++) types[i] = graph_type(g, g->in.v[i]);
  bool ok = region_open(ex, &d, g->in.n, types);
  for (uint32_t i = 0; i < g->in.n; i++) in[i] = d.region.args + i;
  ok = ok && export_body(ex, g, in, out);
  ok = region_close(ex, &d, g->out.n, out) && ok;
  return ok && function_op(ex, name, is_public, g, &d.region);
}

static bool name_is_taken(const Export *ex, const char *name) {
  for (uint32_t i = 0; i < ex->known.n; i++)
    if (!strcmp(ex->known.v[i].name, name)) return true;
  return !strcmp(name, "main");
}

static const char *function_name(Export *ex, const char *wanted) {
  char text[100], plain[80];
  size_t n = 0;
  for (const char *p = wanted && *wanted ? wanted : "fn"; *p && n + 1 < sizeof plain; p++) {
    bool fits = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_' || *p == '.';
    plain[n++] = fits ? *p : '_';
  }
  plain[n] = 0;
  if (plain[0] >= '0' && plain[0] <= '9') plain[0] = '_';
  snprintf(text, sizeof text, "%s", plain);
  for (uint32_t k = 0; name_is_taken(ex, text); k++) snprintf(text, sizeof text, "%s_%u", plain, k);
  return arena_string(&ex->module->arena, text);
}

static const char *known_function(Export *ex, const CxGraph *g, const char *wanted) {
  for (uint32_t i = 0; i < ex->known.n; i++)
    if (ex->known.v[i].graph == g) return ex->known.v[i].name;
  const char *name = function_name(ex, wanted);
  TRY(name && vec_push(&ex->known, ((ExportFunction){g, name})) && export_function(ex, g, name, false));
  return name;
}

bool emit_call(Export *ex, const CxGraph *g, const char *wanted, uint32_t nin, const HloId *in, HloId *out) {
  HloAttrs a = {0};
  const char *name = known_function(ex, g, wanted);
  const CxType **types = NEW(ex, const CxType *, g->out.n);
  if (!name || !types) return false;
  for (uint32_t i = 0; i < g->out.n; i++) types[i] = graph_type(g, g->out.v[i]);
  put(&a, "callee", of_text(ex, HLO_SYMBOL, name));
  return emit_op(ex, "call", g->out.n, types, nin, in, &a, out) != NULL;
}

static bool export_all(Export *ex, const CxGraph *g) {
  TRY(vec_push(&ex->module->types, NULL)); /* id 0 is poison */
  TRY(export_function(ex, g, "main", true));
  HloOps *f = &ex->functions;
  HloOp main = f->v[f->n - 1]; /* it was finished last, and comes first */
  memmove(f->v + 1, f->v, (f->n - 1) * sizeof *f->v);
  f->v[0] = main;
  ex->module->body = (HloRegion){.has_block = true, .nops = f->n, .ops = arena_copy(&ex->module->arena, f->v, f->n * sizeof *f->v)};
  return ex->module->body.ops != NULL;
}

HloModule *export_module(const CxGraph *g) {
  Export ex = {.module = module_new(false)};
  HloOps none = {0};
  ex.ops = &none;
  CxScope scope; /* of the constants that rules make */
  cx_scope_open(&scope);
  bool ok = ex.module && export_all(&ex, g);
  cx_scope_close(&scope);
  vec_free(&ex.functions), vec_free(&ex.known), vec_free(&none);
  if (!ok) module_free(ex.module);
  return ok ? ex.module : NULL;
}
