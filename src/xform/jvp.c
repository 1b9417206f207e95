/* Forward mode, partial evaluation and reverse mode.
 * linearize = jvp over a linear trace: primal operations run (or stage) in the parent, tangent operations land in a linear graph.
 * vjp = linearize, then the linear graph backwards by the ops' transpose rules. */
#include "xform/linear.h"

#include "base/error.h"
#include "op/derive.h"
#include "op/rules.h"

static void trace_end(CxTrace *t) {
  if (!t) return;
  t->alive = false;
  ref_release(t);
}

bool cx_jvp(CxFn *f, const CxVal *in, const CxVal *tangents, uint32_t nin, CxVals *out, CxVals *tout) {
  TRY(fn_ready(f, in, nin));
  CxTrace *t = trace_new(&trace_jvp, cx_thread.trace, f->name);
  CxVal *args = cx_calloc(nin + 1, sizeof *args);
  CxVals results = {0};
  bool ok = t && args;
  if (ok) {
    for (uint32_t i = 0; i < nin; i++) args[i] = jvp_val(t, in[i], tangents[i]);
    CxTrace *was = trace_enter(t);
    ok = fn_call(f, args, nin, &results);
    trace_leave(was);
  }
  for (uint32_t i = 0; ok && i < results.n; i++) {
    CxVal v = results.v[i];
    bool own = v->trace == t;
    ok = trace_accepts(t, v) && cx_vals_push(out, own ? v->jvp.primal : v) && cx_vals_push(tout, own ? v->jvp.tangent : NULL);
  }
  cx_vals_free(&results);
  cx_free(args);
  trace_end(t);
  return ok;
}

/* ---- linearize ---- */

static void linear_drop(CxRef *ref) {
  CxLinear *l = (CxLinear *)ref;
  ref_release(l->trace);
  cx_free(l->out);
  cx_free(l->in);
  cx_free(l);
}

static CxLinear *linear_new(uint32_t nin, CxTrace *t) {
  CxLinear *l = cx_calloc(1, sizeof *l);
  if (!l) return NULL;
  ref_init(&l->ref, linear_drop);
  l->trace = ref_retain(t);
  l->nin = nin;
  l->in = cx_calloc(nin + 1, sizeof *l->in);
  if (!l->in) return ref_release(l), NULL;
  return l;
}

static bool linear_finish(CxLinear *l, CxTrace *jvp, CxTrace *lin, const CxVals *results, CxVals *out) {
  l->nout = results->n;
  l->out = cx_calloc(results->n + 1, sizeof *l->out);
  TRY(l->out);
  for (uint32_t i = 0; i < results->n; i++) {
    CxVal v = results->v[i], p = v, t = NULL;
    TRY(trace_accepts(jvp, v));
    if (v->trace == jvp) p = v->jvp.primal, t = v->jvp.tangent;
    if (p && p->trace == lin) return cx_fail(CX_ERR_INTERNAL, "linearize: a primal result depends on a tangent");
    l->out[i] = (CxLinearOut){p->type, t ? stage_var(lin, t) : 0};
    TRY(cx_vals_push(out, p));
  }
  return !cx_failed();
}

CxLinear *cx_linearize(CxFn *f, const CxVal *in, uint32_t nin, const bool *wrt, CxVals *out) {
  if (!fn_ready(f, in, nin)) return NULL;
  CxTrace *lin = trace_new(&trace_linear, cx_thread.trace, f->name), *jvp = lin ? trace_new(&trace_jvp, lin, f->name) : NULL;
  CxLinear *l = jvp ? linear_new(nin, lin) : NULL;
  CxVal *args = l ? cx_calloc(nin + 1, sizeof *args) : NULL;
  CxVals results = {0};
  bool ok = args != NULL;
  for (uint32_t i = 0; ok && i < nin; i++) {
    args[i] = in[i];
    ok = in[i] != NULL;
    if (!ok || (wrt ? !wrt[i] : !is_inexact(in[i]->type))) continue;
    CxVal t = stage_input(lin, cx_type_with_dtype(in[i]->type, in[i]->type->dtype, false));
    ok = t && (args[i] = jvp_val(jvp, in[i], t));
    if (ok) l->in[i] = t->stage.var;
  }
  if (ok) {
    CxTrace *was = trace_enter(jvp);
    ok = fn_call(f, args, nin, &results);
    trace_leave(was);
  }
  ok = ok && linear_finish(l, jvp, lin, &results, out);
  cx_vals_free(&results);
  cx_free(args);
  trace_end(jvp);
  trace_end(lin);
  if (!ok && l) ref_release(l), l = NULL;
  return l;
}

void cx_linear_release(CxLinear *l) { ref_release(l); }

static CxVal *linear_env(const CxLinear *l) { /* by variable: the captured (known) values */
  CxTrace *t = l->trace;
  CxVal *env = cx_calloc(t->graph->types.n, sizeof *env);
  for (uint32_t i = 0; env && i < t->captured.n; i++) env[t->captured.v[i].var] = t->captured.v[i].value;
  return env;
}

static CxVal scoped(CxVal v) { return cx_keep(cx_retain(v)); }

bool cx_linear_apply(CxLinear *l, const CxVal *tangents, CxVals *out) {
  CxGraph *g = l->trace->graph;
  CxVal *env = linear_env(l);
  if (!env) return false;
  bool ok = true;
  for (uint32_t i = 0; i < l->nin; i++)
    if (l->in[i]) env[l->in[i]] = cx_instantiate(tangents[i], graph_type(g, l->in[i]));
  for (uint32_t i = 0; ok && i < g->eqns.n; i++) ok = eqn_apply(&g->eqns.v[i], env);
  for (uint32_t i = 0; ok && i < l->nout; i++) ok = cx_vals_push(out, l->out[i].var ? scoped(env[l->out[i].var]) : NULL);
  cx_free(env);
  return ok;
}

/* ---- reverse mode ---- */

bool cx_linear_transpose(CxLinear *l, const CxVal *cotangents, CxVals *out) {
  CxGraph *g = l->trace->graph;
  CxVal *env = linear_env(l), *cts = cx_calloc(g->types.n, sizeof *cts);
  bool *linear = cx_calloc(g->types.n, sizeof *linear), ok = env && cts && linear;
  if (ok) {
    for (uint32_t i = 0; i < l->nin; i++)
      if (l->in[i]) linear[l->in[i]] = true;
    for (uint32_t i = 0; i < l->nout; i++)
      if (l->out[i].var && cotangents[i]) cts[l->out[i].var] = cx_add_tangents(cts[l->out[i].var], cotangents[i]);
    ok = !cx_failed() && graph_backward(g, env, linear, cts);
    for (uint32_t i = 0; ok && i < l->nin; i++) ok = cx_vals_push(out, l->in[i] ? cts[l->in[i]] : NULL);
  }
  cx_free(env);
  cx_free(cts);
  cx_free(linear);
  return ok;
}

bool cx_value_and_grad(CxFn *f, const CxVal *in, uint32_t nin, const bool *wrt, CxVals *out, CxVals *grads) {
  uint32_t first = out->n;
  CxLinear *l = cx_linearize(f, in, nin, wrt, out);
  if (!l) return false;
  CxVals cts = {0}, back = {0};
  const CxType *t = l->nout ? l->out[0].type : NULL;
  bool ok = true;
  char text[256];
  if (!t || t->rank || cx_dtype_kind(t->dtype) != 'f')
    ok = cx_fail(CX_ERR_TYPE, "Gradient only defined for scalar-output functions. Output was %s.", t ? cx_type_text(t, text, sizeof text) : "nothing");
  ok = ok && cx_vals_push(&cts, cx_scalar(t->dtype, 1));
  for (uint32_t i = 1; ok && i < l->nout; i++) ok = cx_vals_push(&cts, NULL);
  ok = ok && cx_linear_transpose(l, cts.v, &back);
  for (uint32_t i = 0; ok && i < nin; i++)
    if (wrt ? wrt[i] : is_inexact(in[i]->type)) ok = cx_vals_push(grads, cx_instantiate(back.v[i], in[i]->type));
  cx_vals_free(&cts);
  cx_vals_free(&back);
  cx_linear_release(l);
  (void)first;
  return ok && !cx_failed();
}
