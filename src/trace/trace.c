/* bind, and the traces that need no rules of ops: stage and linear. See trace.h. */
#include "trace/trace.h"

#include "base/error.h"
#include "base/hash.h"
#include "runtime/check.h"
#include "runtime/execute.h"
#include "trace/fn.h"
#include <stdlib.h>

static bool check_eqn(const CxEqn *e, CxVal *out) {
  bool ok = true;
  for (uint32_t i = 0; ok && i < e->nout; i++) ok = check_result(cx_ops[e->op]->name, out[i], CX_SETTING(debug_nans), CX_SETTING(debug_infs));
  return ok;
}

void trace_debug_changed(void) { execute_check = check_eqn; }

CX_THREAD_LOCAL CxThread cx_thread = {.own = {-1, -1, -1, -1, -1, -1, -1, -1}};
CxConfig cx_config;

bool config_x64(void) { return CX_SETTING(x64); }

static void trace_drop(CxRef *ref) {
  CxTrace *t = (CxTrace *)ref;
  for (uint32_t i = 0; i < t->captured.n; i++) cx_release(t->captured.v[i].value);
  vec_free(&t->captured);
  cx_free(t->captured_at);
  ref_release(t->graph);
  ref_release(t->made);
  ref_release(t->parent);
  cx_free((char *)(uintptr_t)t->what);
  cx_free((char *)(uintptr_t)t->axis_name);
  cx_free(t);
}

static void drop_payload(CxVal v) { v->trace->kind->drop_payload(v); }

CxTrace *trace_new(const CxTraceKind *kind, CxTrace *parent, const char *what) {
  node_drop_payload = drop_payload;
  CxTrace *t = cx_calloc(1, sizeof *t);
  if (!t) return NULL;
  ref_init(&t->ref, trace_drop);
  t->kind = kind;
  t->parent = ref_retain(parent);
  t->alive = true;
  t->what = what ? cx_strdup(what) : NULL;
  if (kind == &trace_stage || kind == &trace_linear) {
    t->graph = graph_new(what);
    if (!t->graph) return ref_release(t), NULL;
  }
  return t;
}

bool (*trace_describe_place)(CxWhere w, char *to, size_t n);
void (*trace_collect_garbage)(void);
char *(*trace_describe_leaks)(const CxTrace *t);
void (*trace_warn)(const char *text);

static const char *trace_purpose(const CxTrace *t) {
  return t->kind == &trace_batch ? "vmap" : t->kind == &trace_stage ? "jit" : t->kind == &trace_linear ? "linearize" : "grad";
}

/* The place of the equation that made v, if its graph is still there. */
static bool made_at(CxVal v, char *to, size_t n) {
  const CxGraph *g = v->trace->made;
  if (!g || !trace_describe_place) return false;
  for (uint32_t i = 0; i < g->eqns.n; i++)
    for (uint32_t k = 0; k < g->eqns.v[i].nout; k++)
      if (g->eqns.v[i].out[k] == v->stage.var) return trace_describe_place(g->eqns.v[i].where, to, n);
  return false;
}

static bool trace_fail_leaked(CxVal v) {
  char type[256], place[600] = "";
  bool known = v->trace->kind == &trace_stage && made_at(v, place, sizeof place);
  return cx_fail(CX_ERR_UNEXPECTED_TRACER,
                 "Encountered an unexpected tracer. A function transformed by JAX had a side effect, allowing for a reference to an "
                 "intermediate value with type %s to escape the scope of the transformation.\nThe function being traced when the value leaked "
                 "was %s traced for %s.%s%s\nReturn the value from the function instead of storing it outside; jax.checking_leaks finds such values earlier.",
                 cx_type_text(v->type, type, sizeof type), v->trace->what ? v->trace->what : "<unnamed>", trace_purpose(v->trace),
                 known ? "\nThe leaked intermediate value was created on line " : "", place);
}

bool trace_accepts(const CxTrace *t, CxVal v) {
  (void)t;
  if (!v->trace || v->trace->alive) return true;
  return trace_fail_leaked(v);
}

bool trace_check_leaks(const CxTrace *t) {
  if (t->ref.count > 1 && trace_collect_garbage) trace_collect_garbage();
  if (t->ref.count <= 1) return true;
  char *who = trace_describe_leaks ? trace_describe_leaks(t) : NULL;
  cx_fail(CX_ERR_LEAK, "Leaked trace %s. Leaked tracer(s):\n%s\nThe error occurred while tracing the function %s for %s. Return values from the function instead of storing them outside.",
          t->kind == &trace_batch ? "BatchTrace" : "DynamicJaxprTrace", who ? who : "", t->what ? t->what : "<unnamed>", trace_purpose(t));
  cx_free(who);
  return false;
}

/* ---- bind ---- */

static bool operands_ok(CxOpcode op, const CxVal *in, uint32_t nin, const CxType **types) {
  for (uint32_t i = 0; i < nin; i++) {
    if (!in[i]) return cx_failed() ? false : cx_fail(CX_ERR_INTERNAL, "%s: operand %u is missing", cx_ops[op]->name, i);
    if (in[i]->trace) TRY(trace_accepts(cx_thread.trace, in[i]));
    types[i] = in[i]->type;
  }
  return !cx_failed();
}

bool cx_bind(CxOpcode op, const CxVal *in, uint32_t nin, const void *attrs, CxVal *out, uint32_t nout) {
  const CxType *small[16], **types = small;
  for (uint32_t i = 0; i < nout; i++) out[i] = NULL;
  if (nin > 16 && !(types = cx_malloc(nin * sizeof *types))) return false;
  bool ok = operands_ok(op, in, nin, types);
  if (ok) {
    CxApp a = {.op = op, .def = cx_ops[op], .attrs = attrs, .nin = nin, .nout = nout, .in = in, .types = types};
    CxTrace *t = cx_thread.trace;
    if (t) t->kind->process(t, &a, out);
    else eval_apply(&a, out);
    ok = !cx_failed();
  }
  if (types != small) cx_free(types);
  return ok;
}

CxVal cx_bind1(CxOpcode op, const CxVal *in, uint32_t nin, const void *attrs) {
  CxVal out;
  return cx_bind(op, in, nin, attrs, &out, 1) ? out : NULL;
}

bool eval_apply(const CxApp *a, CxVal *out) {
  const CxType *small[8], **types = small;
  for (uint32_t i = 0; i < a->nin; i++)
    if (a->in[i]->trace)
      return cx_fail(CX_ERR_UNEXPECTED_TRACER, "Encountered an unexpected tracer: %s got a traced value outside of its transformation",
                     a->def->name);
  if (a->nout > 8 && !(types = cx_malloc(a->nout * sizeof *types))) return false;
  bool ok = a->def->type(a, types) && a->def->exec(a, types, out);
  for (uint32_t i = 0; ok && (CX_SETTING(debug_nans) || CX_SETTING(debug_infs)) && i < a->nout; i++)
    ok = check_result(a->def->name, out[i], CX_SETTING(debug_nans), CX_SETTING(debug_infs));
  if (types != small) cx_free(types);
  for (uint32_t i = 0; i < a->nout; i++) out[i] = ok ? cx_keep(out[i]) : (cx_release(out[i]), NULL);
  return ok;
}

/* ---- staging ---- */

static uint32_t captured_slot(const CxTrace *t, CxVal v) {
  uint32_t at = (uint32_t)hash_mix((uintptr_t)v, 7) & (t->captured_cap - 1);
  while (t->captured_at[at] && t->captured.v[t->captured_at[at] - 1].value != v) at = (at + 1) & (t->captured_cap - 1);
  return at;
}

static bool captured_grow(CxTrace *t) {
  uint32_t cap = t->captured_cap ? t->captured_cap * 2 : 16;
  uint32_t *fresh = cx_calloc(cap, sizeof *fresh);
  if (!fresh) return false;
  cx_free(t->captured_at);
  t->captured_at = fresh;
  t->captured_cap = cap;
  for (uint32_t i = 0; i < t->captured.n; i++) fresh[captured_slot(t, t->captured.v[i].value)] = i + 1;
  return true;
}

static CxVar stage_capture(CxTrace *t, CxVal v) {
  if (t->captured.n * 2 >= t->captured_cap && !captured_grow(t)) return 0;
  uint32_t at = captured_slot(t, v);
  if (t->captured_at[at]) return t->captured.v[t->captured_at[at] - 1].var;
  CxVar var = graph_var(t->graph, v->type);
  if (!var || !vec_push(&t->captured, ((CxCaptured){v, var}))) return 0;
  cx_retain(v);
  t->captured_at[at] = t->captured.n;
  return var;
}

CxVar stage_var(CxTrace *t, CxVal v) {
  if (!v) return 0;
  if (v->trace == t) return v->stage.var;
  return trace_accepts(t, v) ? stage_capture(t, v) : 0;
}

static CxVal stage_node(CxTrace *t, CxVar var) {
  CxVal v = var ? node_new(graph_type(t->graph, var), t) : NULL;
  if (v) v->stage.var = var;
  return cx_keep(v);
}

CxVal stage_input(CxTrace *t, const CxType *type) { return stage_node(t, graph_input(t->graph, type)); }

static bool stage_append_into(CxTrace *t, const CxApp *a, CxVal *out, const CxType **types, CxVar *vars) {
  TRY(a->def->type(a, types));
  for (uint32_t i = 0; i < a->nin; i++) TRY(vars[i] = stage_var(t, a->in[i]));
  CxWhere where = cx_thread.where ? cx_thread.where() : (CxWhere){0};
  TRY(graph_eqn(t->graph, a->op, a->nin, vars, a->attrs, a->nout, types, vars + a->nin, where));
  if (cx_thread.name_stack && t->graph->eqns.n)
    t->graph->eqns.v[t->graph->eqns.n - 1].name_stack = arena_string(&t->graph->arena, cx_thread.name_stack);
  for (uint32_t i = 0; i < a->nout; i++) TRY(out[i] = stage_node(t, vars[a->nin + i]));
  return true;
}

void stage_append(CxTrace *t, const CxApp *a, CxVal *out) {
  const CxType *types_small[16], **types = types_small;
  CxVar vars_small[32], *vars = vars_small;
  if (a->nout > 16) types = cx_malloc(a->nout * sizeof *types);
  if (a->nin + a->nout > 32) vars = cx_malloc((a->nin + a->nout) * sizeof *vars);
  if (types && vars && !stage_append_into(t, a, out, types, vars))
    for (uint32_t i = 0; i < a->nout; i++) out[i] = NULL;
  if (types != types_small) cx_free(types);
  if (vars != vars_small) cx_free(vars);
}

static bool stage_close_captured(CxTrace *t, CxVals *captured) {
  CxGraph *g = t->graph;
  uint32_t tracers = 0;
  for (uint32_t i = 0; i < t->captured.n; i++) tracers += t->captured.v[i].value->trace != NULL;
  TRY(vec_reserve(&g->in, g->in.n + tracers));
  if (tracers && g->in.n) memmove(g->in.v + tracers, g->in.v, g->in.n * sizeof *g->in.v);
  g->in.n += tracers;
  uint32_t at = 0;
  for (uint32_t i = 0; i < t->captured.n; i++) {
    CxCaptured c = t->captured.v[i];
    if (c.value->trace) {
      g->in.v[at++] = c.var;
      TRY(cx_vals_push(captured, cx_keep(cx_retain(c.value))));
    } else {
      TRY(vec_push(&g->consts, ((CxConst){c.var, c.value})));
      cx_retain(c.value);
    }
  }
  return true;
}

CxGraph *stage_finish(CxTrace *t, const CxVal *outs, uint32_t nout, CxVals *captured) {
  for (uint32_t i = 0; i < nout && !cx_failed(); i++) {
    CxVar v = stage_var(t, outs[i]);
    if (v) graph_output(t->graph, v);
  }
  bool ok = !cx_failed() && stage_close_captured(t, captured);
  t->alive = false;
  CxGraph *g = t->graph;
  t->graph = NULL;
  t->made = g;
  return ok ? ref_retain(g) : NULL;
}

static void payload_none(CxVal v) { (void)v; }

const CxTraceKind trace_stage = {"stage", stage_append, payload_none};

/* ---- partial evaluation ---- */

static bool app_has(const CxApp *a, const CxTrace *t) {
  for (uint32_t i = 0; i < a->nin; i++)
    if (a->in[i]->trace == t) return true;
  return false;
}

static void linear_process(CxTrace *t, const CxApp *a, CxVal *out) {
  if (!app_has(a, t)) {
    CxTrace *was = trace_enter(t->parent);
    cx_bind(a->op, a->in, a->nin, a->attrs, out, a->nout);
    trace_leave(was);
  } else if (a->def->partial) {
    a->def->partial(t, a, out);
  } else {
    stage_append(t, a, out);
  }
}

const CxTraceKind trace_linear = {"linear", linear_process, payload_none};

/* ---- jvp ---- */

CxVal jvp_val(CxTrace *t, CxVal primal, CxVal tangent) {
  if (!primal || !tangent) return primal;
  CxVal v = cx_keep(node_new(primal->type, t));
  if (!v) return NULL;
  v->jvp.primal = cx_retain(primal);
  v->jvp.tangent = cx_retain(tangent);
  return v;
}

typedef struct Work { /* per-operand and per-result scratch of jvp and batch processing */
  CxVal *in, *tin, *out, *tout;
  const CxType **types;
  int *ax, *out_ax;
  void *heap;
  _Alignas(16) char small[1024];
} Work;

static bool work_open(Work *w, const CxApp *a) {
  size_t n = (size_t)a->nin * (2 * sizeof(CxVal) + sizeof(CxType *) + sizeof(int)) + (size_t)a->nout * (2 * sizeof(CxVal) + sizeof(int));
  char *p = w->small;
  w->heap = NULL;
  if (n > sizeof w->small && !(p = w->heap = cx_malloc(n))) return false;
  memset(p, 0, n);
  w->in = (CxVal *)(void *)p;
  w->tin = w->in + a->nin;
  w->out = w->tin + a->nin;
  w->tout = w->out + a->nout;
  w->types = (const CxType **)(void *)(w->tout + a->nout);
  w->ax = (int *)(void *)(w->types + a->nin);
  w->out_ax = w->ax + a->nin;
  return true;
}

static void jvp_process(CxTrace *t, const CxApp *a, CxVal *out) {
  Work w;
  if (!work_open(&w, a)) return;
  bool any = false;
  for (uint32_t i = 0; i < a->nin; i++) {
    bool own = a->in[i]->trace == t;
    w.in[i] = own ? a->in[i]->jvp.primal : a->in[i];
    w.tin[i] = own ? a->in[i]->jvp.tangent : NULL;
    w.types[i] = a->types[i];
    any |= own;
  }
  CxTrace *was = trace_enter(t->parent);
  if (!any) {
    cx_bind(a->op, a->in, a->nin, a->attrs, out, a->nout);
  } else {
    CxApp b = *a;
    b.in = w.in;
    a->def->jvp(&b, w.tin, w.out, w.tout);
    for (uint32_t i = 0; i < a->nout; i++) out[i] = cx_failed() ? NULL : jvp_val(t, w.out[i], w.tout[i]);
  }
  trace_leave(was);
  cx_free(w.heap);
}

static void jvp_drop(CxVal v) {
  cx_release(v->jvp.primal);
  cx_release(v->jvp.tangent);
}

const CxTraceKind trace_jvp = {"jvp", jvp_process, jvp_drop};

/* ---- batch ---- */

CxVal batch_val(CxTrace *t, CxVal value, int axis) {
  if (!value || axis < 0) return value;
  const CxType *bt = value->type;
  int64_t dims[CX_MAX_RANK];
  for (int i = 0, k = 0; i < bt->rank; i++)
    if (i != axis) dims[k++] = bt->dims[i];
  CxVal v = cx_keep(node_new(cx_type(bt->dtype, bt->rank - 1, dims, bt->weak), t));
  if (!v) return NULL;
  v->batch.value = cx_retain(value);
  v->batch.axis = axis;
  return v;
}

static void batch_process(CxTrace *t, const CxApp *a, CxVal *out) {
  Work w;
  if (!work_open(&w, a)) return;
  bool any = false;
  for (uint32_t i = 0; i < a->nin; i++) {
    bool own = a->in[i]->trace == t;
    w.in[i] = own ? a->in[i]->batch.value : a->in[i];
    w.types[i] = w.in[i]->type;
    w.ax[i] = own ? a->in[i]->batch.axis : -1;
    any |= own;
  }
  any = any || (t->axis_name && op_uses_axis(a, t->axis_name));
  CxTrace *was = trace_enter(t->parent);
  if (!any) {
    cx_bind(a->op, a->in, a->nin, a->attrs, out, a->nout);
  } else {
    CxApp b = *a;
    b.in = w.in;
    b.types = w.types;
    CxTrace *outer = cx_thread.batching;
    cx_thread.batching = t;
    a->def->batch(&b, w.ax, t->size, w.out, w.out_ax);
    cx_thread.batching = outer;
    for (uint32_t i = 0; i < a->nout; i++) out[i] = cx_failed() ? NULL : batch_val(t, w.out[i], w.out_ax[i]);
  }
  trace_leave(was);
  cx_free(w.heap);
}

static void batch_drop(CxVal v) { cx_release(v->batch.value); }

const CxTraceKind trace_batch = {"batch", batch_process, batch_drop};

CxTrace *trace_axis(const char *name) {
  for (CxTrace *t = cx_thread.trace; t; t = t->parent)
    if (t->kind == &trace_batch && t->axis_name && !strcmp(t->axis_name, name)) return t;
  return NULL;
}
