/* Functions on flat values, and applying a graph under the current trace. See fn.h. */
#include "trace/fn.h"

#include "base/error.h"

static void fn_drop(CxRef *ref) {
  CxFn *f = (CxFn *)ref;
  if (f->drop) f->drop(f->env);
  ref_release(f->graph);
  cx_free((char *)(uintptr_t)f->name);
  cx_free(f);
}

CxFn *fn_new(const char *name, bool (*call)(CxFn *, const CxVal *, uint32_t, CxVals *), void *env, void (*drop)(void *)) {
  CxFn *f = cx_calloc(1, sizeof *f);
  if (!f) return NULL;
  ref_init(&f->ref, fn_drop);
  f->name = name ? cx_strdup(name) : NULL;
  f->call = call;
  f->env = env;
  f->drop = drop;
  return f;
}

const char *fn_name(const CxFn *f) { return f->name ? f->name : ""; }

static bool fn_call_graph(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) { return graph_apply(f->graph, in, nin, out); }

CxFn *fn_of_graph(CxGraph *g) {
  CxFn *f = fn_new(g->name, fn_call_graph, NULL, NULL);
  if (f) f->graph = ref_retain(g);
  return f;
}

bool fn_ready(const CxFn *f, const CxVal *in, uint32_t nin) {
  bool ok = f != NULL;
  for (uint32_t i = 0; i < nin; i++) ok = ok && in[i];
  if (ok && !cx_failed()) return true;
  return cx_failed() ? false : cx_fail(CX_ERR_VALUE, "a function or one of its operands is NULL");
}

bool fn_call(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) { return f->call(f, in, nin, out) && !cx_failed(); }

bool eqn_apply(const CxEqn *e, CxVal *env) {
  CxVal small[32], *in = small;
  if (e->nin + e->nout > 32 && !(in = cx_malloc((e->nin + e->nout) * sizeof *in))) return false;
  for (uint32_t i = 0; i < e->nin; i++) in[i] = env[e->in[i]];
  bool ok = cx_bind(e->op, in, e->nin, e->attrs, in + e->nin, e->nout);
  for (uint32_t i = 0; i < e->nout; i++) env[e->out[i]] = in[e->nin + i];
  if (in != small) cx_free(in);
  return ok;
}

bool graph_apply(const CxGraph *g, const CxVal *in, uint32_t nin, CxVals *out) {
  FAIL_IF(nin != g->in.n, CX_ERR_TYPE, "%s takes %u values, got %u", g->name ? g->name : "graph", g->in.n, nin);
  CxVal *env = cx_calloc(g->types.n, sizeof *env);
  if (!env) return false;
  for (uint32_t i = 0; i < g->consts.n; i++) env[g->consts.v[i].var] = g->consts.v[i].value;
  for (uint32_t i = 0; i < nin; i++) env[g->in.v[i]] = in[i];
  bool ok = true;
  for (uint32_t i = 0; i < g->eqns.n && ok; i++) ok = eqn_apply(&g->eqns.v[i], env);
  for (uint32_t i = 0; i < g->out.n && ok; i++) {
    CxVal v = env[g->out.v[i]];
    ok = cx_vals_push(out, node_is_array(v) ? cx_keep(cx_retain(v)) : v);
  }
  cx_free(env);
  return ok;
}
