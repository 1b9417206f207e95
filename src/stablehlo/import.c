/* Importing a module tree: functions, blocks, regions, attributes. See import.h; the operations are in import_*.c. */
#include "stablehlo/import.h"

#include "base/error.h"
#include "op/call.h"
#include <cuirax/stablehlo.h>
#include <stdio.h>
#include <string.h>

/* ---- errors ---- */

bool hlo_unsupported(const HloOp *op, const char *what) {
  return cx_fail(CX_ERR_NOT_IMPLEMENTED, "stablehlo.%s: %s", op->name, what);
}

bool hlo_wrong(const HloOp *op, const char *what) { return cx_fail(CX_ERR_VERIFY, "stablehlo.%s: %s", op->name, what); }

/* ---- attributes ---- */

enum { INTS_MAX = 4096 }; /* entries of a list of axes, extents or device pairs */

static int64_t ints_count(const HloAttr *a) {
  if (a->kind == HLO_ARRAY) return a->n;
  if (a->kind != HLO_DENSE) return -1;
  char kind = cx_dtype_kind(a->type->dtype);
  return kind == 'i' || kind == 'u' || kind == 'b' ? a->type->tensor->size : -1;
}

static bool ints_fill(const HloAttr *a, int64_t n, int64_t *to) {
  for (int64_t i = 0; i < n; i++) {
    if (a->kind == HLO_DENSE) to[i] = hlo_dense_int(a, i);
    else if (a->items[i]->kind == HLO_INT || a->items[i]->kind == HLO_BOOL) to[i] = a->items[i]->i;
    else return false;
  }
  return true;
}

static bool ints_of(Import *im, const HloOp *op, const HloAttr *a, const char *name, CxInts *to) {
  int64_t n = ints_count(a);
  FAIL_IF(n < 0 || n > INTS_MAX, CX_ERR_VERIFY, "stablehlo.%s: %s is not a list of integers", op->name, name);
  int64_t *v = arena_alloc(&im->arena, ((size_t)n + 1) * sizeof *v);
  TRY(v);
  FAIL_IF(!ints_fill(a, n, v), CX_ERR_VERIFY, "stablehlo.%s: %s is not a list of integers", op->name, name);
  *to = (CxInts){.v = v, .n = (int32_t)n};
  return true;
}

bool attr_ints(Import *im, const HloOp *op, const char *name, CxInts *to) {
  const HloAttr *a = op_attr(op, name);
  FAIL_IF(!a, CX_ERR_VERIFY, "stablehlo.%s: the attribute %s is missing", op->name, name);
  return ints_of(im, op, a, name, to);
}

bool attr_ints_n(Import *im, const HloOp *op, const char *name, int n, CxInts *to) {
  TRY(attr_ints(im, op, name, to));
  FAIL_IF(to->n != n, CX_ERR_VERIFY, "stablehlo.%s: %s has %d entries; the operands need %d", op->name, name, to->n, n);
  return true;
}

bool attr_ints_or(Import *im, const HloOp *op, const char *name, int n, int64_t otherwise, CxInts *to) {
  const HloAttr *a = op_attr(op, name);
  if (a && !(a->kind == HLO_ARRAY && !a->n && n)) return attr_ints_n(im, op, name, n, to);
  int64_t *v = arena_alloc(&im->arena, ((size_t)n + 1) * sizeof *v);
  for (int i = 0; v && i < n; i++) v[i] = otherwise;
  *to = (CxInts){.v = v, .n = n};
  return v != NULL;
}

bool attr_ints_opt(Import *im, const HloOp *op, const char *name, CxInts *to) {
  return op_attr(op, name) ? attr_ints(im, op, name, to) : attr_ints_or(im, op, name, 0, 0, to);
}

bool attr_int(const HloOp *op, const char *name, int64_t *to) {
  const HloAttr *a = op_attr(op, name);
  FAIL_IF(!a || (a->kind != HLO_INT && a->kind != HLO_BOOL), CX_ERR_VERIFY, "stablehlo.%s: %s must be an integer", op->name, name);
  *to = a->i;
  return true;
}

bool attr_flag(const HloOp *op, const char *name) {
  const HloAttr *a = op_attr(op, name);
  return a && (a->kind == HLO_UNIT || ((a->kind == HLO_INT || a->kind == HLO_BOOL) && a->i));
}

const char *attr_text(const HloOp *op, const char *name) {
  const HloAttr *a = op_attr(op, name);
  return a && (a->kind == HLO_STRING || a->kind == HLO_SYMBOL || a->kind == HLO_ENUM) ? a->s : NULL;
}

bool attr_is(const HloOp *op, const char *name, const char *text) {
  const char *s = attr_text(op, name);
  return s && !strcmp(s, text);
}

/* ---- values ---- */

static const CxType *value_type(Import *im, HloId id) {
  const HloType *t = im->module->types.v[id];
  if (t && t->kind == HLO_TOKEN) return cx_type_scalar(CX_TOKEN, false);
  if (t && t->kind == HLO_TENSOR && t->tensor) return t->tensor;
  if (t && t->kind == HLO_TENSOR && t->dtype) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "dynamic or impossible shapes are not supported"), NULL;
  return cx_fail(CX_ERR_NOT_IMPLEMENTED, "values of %s are not supported", t && t->text ? t->text : "an unknown type"), NULL;
}

CxVal operand(Import *im, const HloOp *op, uint32_t i) { return im->env[op->in[i]]; }
const CxType *result_type(Import *im, const HloOp *op, uint32_t i) { return value_type(im, op->out + i); }

CxVal *operands(Import *im, const HloOp *op) {
  CxVal *v = arena_alloc(&im->arena, ((size_t)op->nin + 1) * sizeof *v);
  for (uint32_t i = 0; v && i < op->nin; i++) v[i] = operand(im, op, i);
  return v;
}

bool value_is_constant(CxVal v, CxVal expected) {
  return v && expected && node_is_array(v) && node_is_array(expected) && v->type == expected->type && v->type->size == 1 &&
         !memcmp(v->array.data, expected->array.data, type_bytes(v->type));
}

/* ---- operations and blocks ---- */

static bool signature_fits(const HloOp *op, const HloRuleRow *row) {
  FAIL_IF(row->nin >= 0 && op->nin != (uint32_t)row->nin, CX_ERR_VERIFY, "stablehlo.%s takes %d operands, got %u", op->name, row->nin, op->nin);
  FAIL_IF(row->nout >= 0 && op->nout != (uint32_t)row->nout, CX_ERR_VERIFY, "stablehlo.%s has %d results, got %u", op->name, row->nout, op->nout);
  FAIL_IF(row->nregions >= 0 && op->nregions != (uint32_t)row->nregions, CX_ERR_VERIFY, "stablehlo.%s has %d regions, got %u", op->name, row->nregions,
          op->nregions);
  return true;
}

static bool results_fit(Import *im, const HloOp *op, const CxVal *out) {
  for (uint32_t i = 0; i < op->nout; i++) {
    if (!out[i]) return cx_failed() ? false : hlo_unsupported(op, "has no meaning here");
    const CxType *said = result_type(im, op, i), *is = out[i]->type;
    char text[2][256];
    TRY(said);
    FAIL_IF(said != is, CX_ERR_VERIFY, "stablehlo.%s: result %u is said to be %s but is %s", op->name, i, cx_type_text(said, text[0], 256),
            cx_type_text(is, text[1], 256));
    im->env[op->out + i] = out[i];
    im->by[op->out + i] = op;
  }
  return true;
}

static bool build_op_in(Import *im, const HloOp *op) {
  const HloRuleRow *row = rule_find(op->name);
  CxVal small[16] = {0}, *out = small;
  if (!row) return hlo_unsupported(op, "is not supported");
  TRY(signature_fits(op, row));
  for (uint32_t i = 0; i < op->nin; i++) FAIL_IF(!operand(im, op, i), CX_ERR_VERIFY, "stablehlo.%s uses a value before it is defined", op->name);
  if (op->nout > 16) TRY(out = arena_alloc(&im->arena, op->nout * sizeof *out));
  return row->rule(im, op, out) && !cx_failed() && results_fit(im, op, out);
}

static bool build_op(Import *im, const HloOp *op) {
  char where[64];
  if (build_op_in(im, op)) return true;
  if (!cx_failed()) hlo_wrong(op, "its operands, results and attributes do not fit each other");
  if (im->told) return false;
  snprintf(where, sizeof where, im->module->is_text ? "in line %u" : "in operation %u of the file", op->place);
  error_append(where);
  im->told = true;
  return false;
}

static bool build_block(Import *im, const HloRegion *r, CxVals *out) {
  FAIL_IF(!r->has_block || !r->nops || strcmp(r->ops[r->nops - 1].name, "return"), CX_ERR_VERIFY, "a region or function does not end with a return");
  for (uint32_t i = 0; i + 1 < r->nops; i++) TRY(build_op(im, &r->ops[i]));
  const HloOp *last = &r->ops[r->nops - 1];
  for (uint32_t i = 0; i < last->nin; i++) {
    FAIL_IF(!operand(im, last, i), CX_ERR_VERIFY, "a return uses a value before it is defined");
    TRY(cx_vals_push(out, operand(im, last, i)));
  }
  return true;
}

/* ---- regions ---- */

static bool within(const HloRegion *r, HloId id) { return id >= r->first && id < r->end; }

static bool captures_into(Import *im, const HloRegion *whole, const HloRegion *r, HloIds *to) {
  for (uint32_t k = 0; k < r->nops; k++) {
    const HloOp *op = &r->ops[k];
    for (uint32_t i = 0; i < op->nin; i++) {
      HloId id = op->in[i];
      if (within(whole, id)) continue;
      FAIL_IF(!im->env[id], CX_ERR_VERIFY, "stablehlo.%s uses a value before it is defined", op->name);
      if (node_is_array(im->env[id])) continue; /* a constant in the region too */
      bool known = false;
      for (uint32_t j = 0; j < to->n; j++) known |= to->v[j] == id;
      if (!known) TRY(vec_push(to, id));
    }
    for (uint32_t i = 0; i < op->nregions; i++) TRY(captures_into(im, whole, &op->regions[i], to));
  }
  return true;
}

bool region_captures(Import *im, const HloRegion *r, HloIds *to) { return captures_into(im, r, r, to); }

static bool define_input(Import *im, CxTrace *t, HloId id) {
  const CxType *type = value_type(im, id);
  return type && (im->env[id] = stage_input(t, type));
}

static CxGraph *stage_body(Import *im, CxTrace *t, const HloRegion *r, const HloIds *captured) {
  CxVals out = {0}, outer = {0};
  CxTrace *was = trace_enter(t);
  bool ok = true;
  for (uint32_t i = 0; ok && captured && i < captured->n; i++) ok = define_input(im, t, captured->v[i]);
  for (uint32_t i = 0; ok && i < r->nargs; i++) ok = define_input(im, t, r->args + i);
  ok = ok && build_block(im, r, &out);
  trace_leave(was);
  CxGraph *g = ok ? stage_finish(t, out.v, out.n, &outer) : NULL;
  if (g && outer.n) ref_release(g), g = NULL, cx_fail(CX_ERR_VERIFY, "a function or region uses values of another one");
  cx_vals_free(&out);
  cx_vals_free(&outer);
  if (g) graph_dce(g);
  return g;
}

CxGraph *region_graph(Import *im, const HloRegion *r, const HloIds *captured, const char *name) {
  uint32_t n = captured ? captured->n : 0;
  CxVal *saved = cx_calloc((size_t)n + 1, sizeof *saved);
  CxTrace *t = saved ? trace_new(&trace_stage, NULL, name) : NULL;
  CxGraph *g = NULL;
  CxScope scope;
  cx_scope_open(&scope);
  for (uint32_t i = 0; t && i < n; i++) saved[i] = im->env[captured->v[i]];
  if (t && im->depth < HLO_DEPTH_MAX) {
    im->depth++;
    g = stage_body(im, t, r, captured);
    im->depth--;
    t->alive = false;
  } else if (t) {
    cx_fail(CX_ERR_VERIFY, "regions and calls are nested more than %d deep", HLO_DEPTH_MAX);
  }
  for (uint32_t i = 0; t && i < n; i++) im->env[captured->v[i]] = saved[i];
  for (HloId id = r->first; id < r->end; id++) im->env[id] = NULL;
  cx_scope_close(&scope);
  ref_release(t);
  cx_free(saved);
  return g;
}

CxGraph *region_closed(Import *im, const HloOp *op, uint32_t i) {
  HloIds outer = {0};
  bool ok = region_captures(im, &op->regions[i], &outer);
  if (ok && outer.n) ok = hlo_unsupported(op, "its computation uses values from outside");
  vec_free(&outer);
  return ok ? region_graph(im, &op->regions[i], NULL, "region") : NULL;
}

/* ---- functions ---- */

static bool function_types_fit(Import *im, const HloOp *op, const CxGraph *g) {
  const HloAttr *a = op_attr(op, "function_type");
  const HloType *t = a && a->kind == HLO_TYPE ? a->type : NULL;
  FAIL_IF(!t || t->kind != HLO_FUNCTION || t->n != op->regions[0].nargs || t->m != g->out.n, CX_ERR_VERIFY, "a function's type does not fit its body");
  (void)im;
  for (uint32_t i = 0; i < t->m; i++)
    FAIL_IF(t->of[t->n + i]->kind == HLO_TENSOR && t->of[t->n + i]->tensor != graph_type(g, g->out.v[i]), CX_ERR_VERIFY,
            "result %u of a function does not have the type that the function says", i);
  return true;
}

static CxGraph *function_make(Import *im, HloFunction *f) {
  FAIL_IF(f->busy, CX_ERR_VERIFY, "the function @%.100s calls itself", f->name);
  FAIL_IF(f->op->nregions != 1 || !f->op->regions[0].has_block, CX_ERR_VERIFY, "the function @%.100s has no body", f->name);
  f->busy = true;
  CxGraph *g = region_graph(im, &f->op->regions[0], NULL, f->name);
  f->busy = false;
  if (g && !function_types_fit(im, f->op, g)) ref_release(g), g = NULL;
  return f->graph = g;
}

static HloFunction *function_find(Import *im, const char *name) {
  for (uint32_t i = 0; i < im->nfunctions; i++)
    if (!strcmp(im->functions[i].name, name)) return &im->functions[i];
  return NULL;
}

CxGraph *function_graph(Import *im, const char *name) {
  HloFunction *f = function_find(im, name);
  FAIL_IF(!f, CX_ERR_VERIFY, "the module has no function @%.100s", name);
  return f->graph ? f->graph : function_make(im, f);
}

bool call_graph(Import *im, CxGraph *g, const HloOp *op, const char *name, CxVal *out) {
  CxJitAttrs attrs = {.name = name, .jaxpr = g};
  CxVal *in = operands(im, op);
  TRY(in);
  FAIL_IF(g->in.n != op->nin || g->out.n != op->nout, CX_ERR_VERIFY, "a call of @%.100s has other numbers of operands or results than the function", name);
  return cx_bind(CX_OP_JIT, in, op->nin, &attrs, out, op->nout);
}

/* ---- the module ---- */

static bool find_functions(Import *im) {
  const HloRegion *body = &im->module->body;
  im->functions = arena_alloc(&im->arena, ((size_t)body->nops + 1) * sizeof *im->functions);
  TRY(im->functions);
  for (uint32_t i = 0; i < body->nops; i++) {
    const HloOp *op = &body->ops[i];
    if (!strcmp(op->name, "sdy.mesh")) continue; /* one device: no meaning */
    FAIL_IF(strcmp(op->name, "func"), CX_ERR_NOT_IMPLEMENTED, "the module holds %.100s, which is not a function", op->name);
    const char *name = attr_text(op, "sym_name");
    FAIL_IF(!name, CX_ERR_VERIFY, "a function of the module has no name");
    FAIL_IF(function_find(im, name), CX_ERR_VERIFY, "the module has two functions @%.100s", name);
    im->functions[im->nfunctions++] = (HloFunction){.name = name, .op = op};
  }
  return true;
}

static CxGraph *import_main(Import *im) {
  TRY(find_functions(im));
  HloFunction *f = function_find(im, "main");
  if (!f && im->nfunctions == 1) f = &im->functions[0];
  FAIL_IF(!f, CX_ERR_VERIFY, "the module has no function @main");
  return ref_retain(f->graph ? f->graph : function_make(im, f));
}

static CxGraph *import_module(const HloModule *m) {
  Import im = {.module = m};
  size_t n = (size_t)m->types.n + 1;
  CxTrace *was = trace_enter(NULL);
  im.env = cx_calloc(n, sizeof *im.env);
  im.by = cx_calloc(n, sizeof *im.by);
  CxGraph *g = im.env && im.by ? import_main(&im) : NULL;
  for (uint32_t i = 0; i < im.nfunctions; i++) ref_release(im.functions[i].graph);
  trace_leave(was);
  cx_free(im.env);
  cx_free(im.by);
  arena_free(&im.arena);
  return g;
}

/* A mistake that a builder found in the program is an error of the program, not of the caller's. */
static void error_as_verify(void) {
  CxError e;
  cx_error_take(&e);
  bool keep = e.code == CX_ERR_PARSE || e.code == CX_ERR_VERIFY || e.code == CX_ERR_NOT_IMPLEMENTED || e.code == CX_ERR_MEMORY;
  cx_fail(keep ? e.code : CX_ERR_VERIFY, "%s", e.text);
  if (e.line) error_position(e.line, e.column);
}

bool cx_stablehlo_is_bytecode(const void *bytes, size_t n) { return n >= 4 && !memcmp(bytes, "ML\xefR", 4); }

CxGraph *cx_stablehlo_parse(const void *bytes, size_t n) {
  if (cx_failed()) return NULL;
  HloModule *m = cx_stablehlo_is_bytecode(bytes, n) ? bytecode_read(bytes, n) : module_text_read(bytes, n);
  CxGraph *g = m ? import_module(m) : NULL;
  module_free(m);
  if (g && !cx_graph_verify(g, NULL)) ref_release(g), g = NULL;
  if (!g) error_as_verify();
  return g;
}
