/* See derive.h. Every derivation stages a fresh graph: its inputs are stage tracers, the source graph is applied to them under the
 * transformation's trace, and what comes out is the result. */
#include "op/derive.h"

#include "base/text.h"

enum { DERIVE_JVP = 1, DERIVE_TRANSPOSE, DERIVE_BATCH, DERIVE_PARTIAL, DERIVE_REWIRED };

/* ---- backward pass ---- */

static bool back_apply(const CxEqn *e, const CxGraph *g, const CxVal *env, const bool *linear, CxVal *cts) {
  uint32_t n = e->nin * 2 + e->nout;
  CxVal small[48], *in = small;
  const CxType *types_small[24], **types = types_small;
  if (n > 48 || e->nin > 24) {
    in = cx_malloc(n * sizeof *in);
    types = cx_malloc(e->nin * sizeof *types);
    if (!in || !types) return cx_free(in == small ? NULL : in), false;
  }
  CxVal *ct_in = in + e->nin, *ct = ct_in + e->nin;
  bool any = false;
  for (uint32_t i = 0; i < e->nin; i++) {
    in[i] = linear[e->in[i]] ? NULL : env[e->in[i]];
    ct_in[i] = NULL;
    types[i] = graph_type(g, e->in[i]);
  }
  for (uint32_t i = 0; i < e->nout; i++) any |= (ct[i] = cts[e->out[i]]) != NULL;
  if (any) {
    CxApp a = {.op = e->op, .def = cx_ops[e->op], .attrs = e->attrs, .nin = e->nin, .nout = e->nout, .in = in, .types = types};
    a.def->transpose(&a, ct, ct_in);
    for (uint32_t i = 0; i < e->nin && !cx_failed(); i++)
      if (linear[e->in[i]] && ct_in[i]) cts[e->in[i]] = cx_add_tangents(cts[e->in[i]], ct_in[i]);
  }
  if (in != small) cx_free(in);
  if (types != types_small) cx_free(types);
  return !cx_failed();
}

static bool eqn_linear(const CxEqn *e, const bool *linear) {
  for (uint32_t i = 0; i < e->nin; i++)
    if (linear[e->in[i]]) return true;
  return false;
}

bool graph_backward(const CxGraph *g, CxVal *env, bool *linear, CxVal *cts) {
  for (uint32_t i = 0; i < g->eqns.n; i++) {
    const CxEqn *e = &g->eqns.v[i];
    if (eqn_linear(e, linear)) {
      for (uint32_t k = 0; k < e->nout; k++) linear[e->out[k]] = true;
    } else {
      TRY(eqn_apply(e, env)); /* an equation of known values inside a linear graph */
    }
  }
  for (uint32_t i = g->eqns.n; i-- > 0;)
    if (eqn_linear(&g->eqns.v[i], linear)) TRY(back_apply(&g->eqns.v[i], g, env, linear, cts));
  return true;
}


/* ---- the staging frame ---- */

bool frame_open(CxFrame *f, const char *name) {
  cx_scope_open(&f->scope);
  f->was = cx_thread.trace;
  f->stage = trace_new(&trace_stage, f->was, name);
  cx_thread.trace = f->stage;
  return f->stage != NULL;
}

CxGraph *frame_close(CxFrame *f, bool ok, const CxVals *outs) {
  CxVals captured = {0};
  cx_thread.trace = f->was;
  CxGraph *g = ok && !cx_failed() ? stage_finish(f->stage, outs->v, outs->n, &captured) : NULL;
  if (g && captured.n) { /* cannot happen: sources are closed */
    cx_fail(CX_ERR_INTERNAL, "derived graph captured a traced value");
    ref_release(g);
    g = NULL;
  }
  cx_vals_free(&captured);
  if (f->stage) f->stage->alive = false;
  ref_release(f->stage);
  cx_scope_close(&f->scope);
  return g;
}

static void derived_drop(CxRef *ref) {
  CxDerivedGraph *d = (CxDerivedGraph *)ref;
  ref_release(d->graph);
  cx_free(d->mask);
  cx_free(d);
}

static CxDerivedGraph *derived_new(uint32_t n) {
  CxDerivedGraph *d = cx_calloc(1, sizeof *d);
  if (!d) return NULL;
  ref_init(&d->ref, derived_drop);
  d->n = n;
  d->mask = cx_calloc(n + 1, sizeof *d->mask);
  if (!d->mask) return ref_release(d), NULL;
  return d;
}

static const CxDerivedGraph *derived_keep(CxGraph *g, uint64_t kind, CxText *key, CxDerivedGraph *d, CxGraph *made) {
  d->graph = made;
  const CxDerivedGraph *kept = made ? graph_derived_keep(g, kind, key->s, key->n, d) : (ref_release(d), NULL);
  text_free(key);
  return kept;
}

static void key_mask(CxText *key, const bool *mask, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) text_add(key, mask && mask[i] ? "1" : "0");
  text_add(key, ";");
}

static CxVal input_of(CxTrace *t, const CxType *type) { return stage_input(t, type); }
CxVal frame_input(CxFrame *f, const CxType *type) { return stage_input(f->stage, type); }
static const CxType *tangent_type(const CxType *t) { return cx_type_with_dtype(t, t->dtype, false); }

/* ---- jvp ---- */

const CxDerivedGraph *derive_jvp(CxGraph *g, const bool *nonzero, const bool *instantiate) {
  CxText key = {0};
  key_mask(&key, nonzero, g->in.n);
  key_mask(&key, instantiate, g->out.n);
  const CxDerivedGraph *found = graph_derived_find(g, DERIVE_JVP, key.s, key.n);
  if (found) return text_free(&key), found;
  CxDerivedGraph *d = derived_new(g->out.n);
  CxFrame f;
  CxVals args = {0}, primals = {0}, results = {0}, touts = {0};
  if (!d) return text_free(&key), NULL;
  bool ok = frame_open(&f, g->name);
  CxTrace *jvp = ok ? trace_new(&trace_jvp, f.stage, g->name) : NULL;
  ok = jvp != NULL;
  for (uint32_t i = 0; ok && i < g->in.n; i++) ok = cx_vals_push(&primals, input_of(f.stage, graph_type(g, g->in.v[i])));
  for (uint32_t i = 0; ok && i < g->in.n; i++)
    ok = cx_vals_push(&args, nonzero[i] ? jvp_val(jvp, primals.v[i], input_of(f.stage, tangent_type(graph_type(g, g->in.v[i])))) : primals.v[i]);
  if (ok) {
    cx_thread.trace = jvp;
    ok = graph_apply(g, args.v, args.n, &results);
    cx_thread.trace = f.stage;
  }
  primals.n = 0;
  for (uint32_t i = 0; ok && i < results.n; i++) {
    CxVal v = results.v[i];
    bool own = v->trace == jvp;
    CxVal t = own ? v->jvp.tangent : instantiate && instantiate[i] ? cx_instantiate(NULL, v->type) : NULL;
    d->mask[i] = t != NULL;
    ok = cx_vals_push(&primals, own ? v->jvp.primal : v) && (!t || cx_vals_push(&touts, t));
  }
  for (uint32_t i = 0; ok && i < touts.n; i++) ok = cx_vals_push(&primals, touts.v[i]);
  CxGraph *made = frame_close(&f, ok, &primals);
  if (jvp) jvp->alive = false;
  ref_release(jvp);
  cx_vals_free(&args);
  cx_vals_free(&primals);
  cx_vals_free(&results);
  cx_vals_free(&touts);
  return derived_keep(g, DERIVE_JVP, &key, d, made);
}

/* ---- transpose ---- */

const CxDerivedGraph *derive_transpose(CxGraph *g, const bool *linear, const bool *has_ct, bool instantiate) {
  CxText key = {0};
  key_mask(&key, linear, g->in.n);
  key_mask(&key, has_ct, g->out.n);
  key_mask(&key, &instantiate, 1);
  const CxDerivedGraph *found = graph_derived_find(g, DERIVE_TRANSPOSE, key.s, key.n);
  if (found) return text_free(&key), found;
  CxDerivedGraph *d = derived_new(g->in.n);
  CxFrame f;
  CxVals outs = {0};
  CxVal *env = cx_calloc(g->types.n, sizeof *env), *cts = cx_calloc(g->types.n, sizeof *cts);
  bool *lin = cx_calloc(g->types.n, sizeof *lin);
  if (!d || !env || !cts || !lin) {
    cx_free(env);
    cx_free(cts);
    cx_free(lin);
    ref_release(d);
    text_free(&key);
    return NULL;
  }
  bool ok = frame_open(&f, g->name);
  for (uint32_t i = 0; ok && i < g->consts.n; i++) env[g->consts.v[i].var] = g->consts.v[i].value;
  for (uint32_t i = 0; ok && i < g->in.n; i++) {
    if (linear[i]) lin[g->in.v[i]] = true;
    else ok = (env[g->in.v[i]] = input_of(f.stage, graph_type(g, g->in.v[i]))) != NULL;
  }
  for (uint32_t i = 0; ok && i < g->out.n; i++) {
    CxVar v = g->out.v[i];
    if (!has_ct[i]) continue;
    CxVal ct = input_of(f.stage, tangent_type(graph_type(g, v)));
    cts[v] = cx_add_tangents(cts[v], ct);
    ok = cts[v] != NULL;
  }
  ok = ok && graph_backward(g, env, lin, cts);
  for (uint32_t i = 0; ok && i < g->in.n; i++) {
    if (!linear[i]) continue;
    CxVal ct = cts[g->in.v[i]];
    if (!ct && instantiate) ct = cx_instantiate(NULL, graph_type(g, g->in.v[i]));
    d->mask[i] = ct != NULL;
    if (ct) ok = cx_vals_push(&outs, ct);
  }
  CxGraph *made = frame_close(&f, ok, &outs);
  cx_vals_free(&outs);
  cx_free(env);
  cx_free(cts);
  cx_free(lin);
  return derived_keep(g, DERIVE_TRANSPOSE, &key, d, made);
}

/* ---- batch ---- */

static const CxType *batched_type(const CxType *t, int64_t size) {
  int64_t dims[CX_MAX_RANK + 1] = {size};
  if (t->rank) memcpy(dims + 1, t->dims, (size_t)t->rank * sizeof *dims);
  return cx_type(t->dtype, t->rank + 1, dims, t->weak);
}

const CxDerivedGraph *derive_batch(CxGraph *g, const bool *batched, const bool *force, int64_t size, const char *axis_name) {
  CxText key = {0};
  key_mask(&key, batched, g->in.n);
  key_mask(&key, force, g->out.n);
  text_addf(&key, "%lld %s", (long long)size, axis_name ? axis_name : "");
  const CxDerivedGraph *found = graph_derived_find(g, DERIVE_BATCH, key.s, key.n);
  if (found) return text_free(&key), found;
  CxDerivedGraph *d = derived_new(g->out.n);
  CxFrame f;
  CxVals args = {0}, results = {0}, outs = {0};
  if (!d) return text_free(&key), NULL;
  bool ok = frame_open(&f, g->name);
  CxTrace *t = ok ? trace_new(&trace_batch, f.stage, g->name) : NULL;
  ok = t != NULL;
  if (ok) {
    t->size = size;
    t->axis_name = axis_name ? cx_strdup(axis_name) : NULL;
  }
  for (uint32_t i = 0; ok && i < g->in.n; i++) {
    const CxType *type = graph_type(g, g->in.v[i]);
    CxVal v = batched[i] ? batch_val(t, input_of(f.stage, batched_type(type, size)), 0) : input_of(f.stage, type);
    ok = v && cx_vals_push(&args, v);
  }
  if (ok) {
    cx_thread.trace = t;
    ok = graph_apply(g, args.v, args.n, &results);
    cx_thread.trace = f.stage;
  }
  for (uint32_t i = 0; ok && i < results.n; i++) {
    CxVal v = results.v[i];
    bool own = v->trace == t;
    d->mask[i] = own || (force && force[i]);
    if (own) v = batch_to_front(v->batch.value, v->batch.axis, size);
    else if (d->mask[i]) v = batch_to_front(v, -1, size);
    ok = v && cx_vals_push(&outs, v);
  }
  CxGraph *made = frame_close(&f, ok, &outs);
  if (t) t->alive = false;
  ref_release(t);
  cx_vals_free(&args);
  cx_vals_free(&results);
  cx_vals_free(&outs);
  return derived_keep(g, DERIVE_BATCH, &key, d, made);
}

/* ---- known/unknown ---- */

static void partial_drop(CxRef *ref) {
  CxPartialGraph *p = (CxPartialGraph *)ref;
  ref_release(p->known);
  ref_release(p->unknown);
  cx_free(p->res_input);
  cx_free(p->known_out);
  cx_free(p);
}

/* the linear trace's graph as a closed graph: residuals lead, concrete residuals become constants */
static CxGraph *partial_unknown(CxTrace *lin, const CxVals *outs, CxVals *residuals) { return stage_finish(lin, outs->v, outs->n, residuals); }

static bool partial_build(CxPartialGraph *p, CxGraph *g, const bool *unknown, const bool *force, CxFrame *f, CxTrace *lin, CxVals *known_outs) {
  CxVals args = {0}, results = {0}, unknown_outs = {0}, residuals = {0}, knowns = {0};
  bool ok = true;
  for (uint32_t i = 0; ok && i < g->in.n; i++) {
    CxVal v = input_of(unknown[i] ? lin : f->stage, graph_type(g, g->in.v[i]));
    ok = v && cx_vals_push(&args, v) && (unknown[i] || cx_vals_push(&knowns, v));
  }
  if (ok) {
    cx_thread.trace = lin;
    ok = graph_apply(g, args.v, args.n, &results);
    cx_thread.trace = f->stage;
  }
  for (uint32_t i = 0; ok && i < results.n; i++) {
    p->known_out[i] = results.v[i]->trace != lin && !(force && force[i]);
    ok = cx_vals_push(p->known_out[i] ? known_outs : &unknown_outs, results.v[i]);
  }
  if (ok) ok = (p->unknown = partial_unknown(lin, &unknown_outs, &residuals)) != NULL;
  p->n_res = residuals.n;
  p->res_input = ok ? cx_calloc(residuals.n + 1, sizeof *p->res_input) : NULL;
  ok = ok && p->res_input;
  for (uint32_t i = 0; ok && i < residuals.n; i++) {
    p->res_input[i] = -1;
    for (uint32_t k = 0; k < knowns.n; k++)
      if (knowns.v[k] == residuals.v[i]) p->res_input[i] = (int32_t)k;
    if (p->res_input[i] < 0) ok = cx_vals_push(known_outs, residuals.v[i]);
  }
  cx_vals_free(&args);
  cx_vals_free(&results);
  cx_vals_free(&unknown_outs);
  cx_vals_free(&residuals);
  cx_vals_free(&knowns);
  return ok;
}

const CxPartialGraph *derive_partial(CxGraph *g, const bool *unknown, const bool *force_unknown) {
  CxText key = {0};
  key_mask(&key, unknown, g->in.n);
  key_mask(&key, force_unknown, g->out.n);
  const CxPartialGraph *found = graph_derived_find(g, DERIVE_PARTIAL, key.s, key.n);
  if (found) return text_free(&key), found;
  CxPartialGraph *p = cx_calloc(1, sizeof *p);
  if (!p) return text_free(&key), NULL;
  ref_init(&p->ref, partial_drop);
  p->n_out = g->out.n;
  p->known_out = cx_calloc(g->out.n + 1, sizeof *p->known_out);
  CxFrame f;
  CxVals known_outs = {0};
  bool ok = frame_open(&f, g->name) && p->known_out;
  CxTrace *lin = ok ? trace_new(&trace_linear, f.stage, g->name) : NULL;
  ok = lin && partial_build(p, g, unknown, force_unknown, &f, lin, &known_outs);
  p->known = frame_close(&f, ok, &known_outs);
  if (lin) lin->alive = false;
  ref_release(lin);
  cx_vals_free(&known_outs);
  const CxPartialGraph *kept = p->known ? graph_derived_keep(g, DERIVE_PARTIAL, key.s, key.n, p) : (ref_release(p), NULL);
  text_free(&key);
  return kept;
}

/* ---- rewiring ---- */

CxGraph *derive_rewired(CxGraph *g, uint32_t n_in, const CxType *const *types, const int32_t *in_of, uint32_t n_out, const int32_t *out_from) {
  CxText key = {0};
  text_add_n(&key, (const char *)types, n_in * sizeof *types);
  text_add_n(&key, (const char *)in_of, g->in.n * sizeof *in_of);
  text_add_n(&key, (const char *)out_from, n_out * sizeof *out_from);
  CxGraph *found = key.s ? graph_derived_find(g, DERIVE_REWIRED, key.s, key.n) : NULL;
  if (found || (!key.s && cx_failed())) return text_free(&key), found;
  CxFrame f;
  CxVals inputs = {0}, args = {0}, results = {0}, outs = {0};
  bool ok = frame_open(&f, g->name);
  for (uint32_t i = 0; ok && i < n_in; i++) {
    CxVal v = frame_input(&f, types[i]);
    ok = v && cx_vals_push(&inputs, v);
  }
  for (uint32_t i = 0; ok && i < g->in.n; i++) ok = cx_vals_push(&args, inputs.v[in_of[i]]);
  ok = ok && graph_apply(g, args.v, args.n, &results);
  for (uint32_t i = 0; ok && i < n_out; i++) ok = cx_vals_push(&outs, out_from[i] >= 0 ? results.v[out_from[i]] : inputs.v[-1 - out_from[i]]);
  CxGraph *made = frame_close(&f, ok, &outs);
  cx_vals_free(&inputs), cx_vals_free(&args), cx_vals_free(&results), cx_vals_free(&outs);
  if (made) made = graph_derived_keep(g, DERIVE_REWIRED, key.s ? key.s : "", key.n, made);
  text_free(&key);
  return made;
}
