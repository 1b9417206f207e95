/* while: a loop until a condition fails. Operands: consts of the condition, consts of the body, carry. */
#include "op/attrs.h"
#include "op/derive.h"
#include "runtime/execute.h"
#include <cuirax/control.h>

static const CxField while_fields[] = {CX_FIELD(CxWhileAttrs, body_jaxpr, GRAPH, 0, NULL), CX_FIELD(CxWhileAttrs, body_nconsts, INT, 0, NULL),
                                       CX_FIELD(CxWhileAttrs, cond_jaxpr, GRAPH, 0, NULL), CX_FIELD(CxWhileAttrs, cond_nconsts, INT, 0, NULL), CX_FIELDS_END};

static uint32_t while_nout(uint32_t nin, const void *attrs) {
  (void)nin;
  return ((const CxWhileAttrs *)attrs)->body_jaxpr->out.n;
}

static bool while_type(const CxApp *a, const CxType **out) {
  const CxWhileAttrs *w = a->attrs;
  const CxGraph *c = w->cond_jaxpr, *b = w->body_jaxpr;
  int64_t nc = w->cond_nconsts, nb = w->body_nconsts, nk = (int64_t)a->nin - nc - nb;
  if (!c || !b || nc < 0 || nb < 0 || nk < 0 || c->in.n != nc + nk || b->in.n != nb + nk || b->out.n != nk || c->out.n != 1)
    return type_fail(a, "the numbers of operands do not fit the condition and the body");
  const CxType *p = graph_type(c, c->out.v[0]);
  if (p->dtype != CX_BOOL || p->rank) return type_fail(a, "the condition must give a boolean scalar");
  for (int64_t i = 0; i < (int64_t)a->nin; i++) {
    if (i < nc && !type_fits(a->types[i], graph_type(c, c->in.v[i]))) return type_fail(a, "constant %lld does not have the condition's type", (long long)i);
    if (i >= nc && !type_fits(a->types[i], graph_type(b, b->in.v[i - nc]))) return type_fail(a, "operand %lld does not have the body's type", (long long)i);
    if (i >= nc + nb && !type_fits(a->types[i], graph_type(c, c->in.v[i - nb]))) return type_fail(a, "operand %lld does not have the condition's type", (long long)i);
  }
  for (int64_t i = 0; i < nk; i++)
    if (!type_fits(out[i] = graph_type(b, b->out.v[i]), a->types[nc + nb + i])) return type_fail(a, "carry %lld changes its type in the body", (long long)i);
  return true;
}

static bool cond_holds(const CxApp *a, const CxWhileAttrs *w, const CxVal *carry, uint32_t nk, CxVal *io, bool *go) {
  CxVal result;
  for (uint32_t i = 0; i < w->cond_nconsts; i++) io[i] = cx_retain(a->in[i]);
  for (uint32_t i = 0; i < nk; i++) io[w->cond_nconsts + i] = cx_retain(carry[i]);
  TRY(graph_run(w->cond_jaxpr, io, (uint32_t)w->cond_nconsts + nk, &result));
  *go = *result->array.data != 0;
  cx_release(result);
  return true;
}

static bool while_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxWhileAttrs *w = a->attrs;
  uint32_t nc = (uint32_t)w->cond_nconsts, nb = (uint32_t)w->body_nconsts, nk = a->nout;
  CxVal *io = cx_calloc(a->nin + a->nout + 1, sizeof *io);
  bool ok = io != NULL, go = true;
  for (uint32_t i = 0; i < nk; i++) out[i] = cx_retain(a->in[nc + nb + i]);
  for (int64_t step = 1; ok && (ok = cond_holds(a, w, out, nk, io, &go)) && go; step++) {
    for (uint32_t i = 0; i < nb; i++) io[i] = cx_retain(a->in[nc + i]);
    for (uint32_t i = 0; i < nk; i++) io[nb + i] = out[i], out[i] = NULL;
    ok = graph_run(w->body_jaxpr, io, nb + nk, out);
    for (uint32_t i = 0; ok && i < nk; i++) ok = (out[i] = node_as(out[i], a->types[nc + nb + i])) != NULL;
    if (ok && (step & 255) == 0) ok = execute_poll();
  }
  for (uint32_t i = 0; ok && i < nk; i++) ok = (out[i] = node_as(out[i], types[i])) != NULL;
  if (!ok)
    for (uint32_t i = 0; i < nk; i++) cx_release(out[i]), out[i] = NULL;
  cx_free(io);
  return ok;
}

#define NEW(arena, type, n) ((type *)arena_alloc(arena, ((size_t)(n) + 1) * sizeof(type)))

static bool while_bind(CxGraph *cond, uint32_t nc, CxGraph *body, uint32_t nb, const CxVal *in, CxVal *out) {
  CxWhileAttrs attrs = {body, nb, cond, nc};
  return cond && body && cx_bind(CX_OP_WHILE, in, nc + body->in.n, &attrs, out, body->out.n);
}

/* ---- jvp: body on (consts, their tangents, carry, its tangents); the condition ignores tangents ---- */

static void while_jvp_in(CxArena *m, const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxWhileAttrs *w = a->attrs;
  uint32_t nc = (uint32_t)w->cond_nconsts, nb = (uint32_t)w->body_nconsts, nk = a->nout, at = 0;
  bool *nonzero = NEW(m, bool, nb + nk), *inst = NEW(m, bool, nk);
  if (!nonzero || !inst) return;
  for (uint32_t i = 0; i < nb + nk; i++) nonzero[i] = t[nc + i] != NULL;
  const CxDerivedGraph *d = NULL;
  for (bool changed = true; changed;) {
    for (uint32_t i = 0; i < nk; i++) inst[i] = nonzero[nb + i];
    if (!(d = derive_jvp(w->body_jaxpr, nonzero, inst))) return;
    changed = false;
    for (uint32_t i = 0; i < nk; i++)
      if (d->mask[i] && !nonzero[nb + i]) nonzero[nb + i] = changed = true;
  }
  uint32_t total = d->graph->in.n, n_const_t = 0, n_carry_t = 0;
  for (uint32_t i = 0; i < nb; i++) n_const_t += nonzero[i];
  for (uint32_t i = 0; i < nk; i++) n_carry_t += nonzero[nb + i];
  const CxType **types = NEW(m, const CxType *, total + nc);
  int32_t *in_of = NEW(m, int32_t, total + nc), *from = NEW(m, int32_t, 2 * nk);
  CxVal *in = NEW(m, CxVal, nc + total), *both = NEW(m, CxVal, 2 * nk);
  if (!types || !in_of || !from || !in || !both) return;
  /* derived inputs: consts, carry, const tangents, carry tangents -> consts, const tangents, carry, carry tangents */
  for (uint32_t i = 0; i < total; i++) {
    bool carry = i >= nb && i < nb + nk, const_t = i >= nb + nk && i < nb + nk + n_const_t;
    uint32_t to = carry ? i + n_const_t : const_t ? i - nk : i;
    in_of[i] = (int32_t)to;
    types[to] = graph_type(d->graph, d->graph->in.v[i]);
  }
  for (uint32_t i = 0; i < nk + n_carry_t; i++) from[i] = (int32_t)i;
  CxGraph *body = derive_rewired(d->graph, total, types, in_of, nk + n_carry_t, from);
  if (!body) return;
  const CxType **cond_types = NEW(m, const CxType *, nc + nk + n_carry_t);
  int32_t *cond_of = NEW(m, int32_t, nc + nk);
  if (!cond_types || !cond_of) return;
  for (uint32_t i = 0; i < nc + nk; i++) cond_of[i] = (int32_t)i, cond_types[i] = graph_type(w->cond_jaxpr, w->cond_jaxpr->in.v[i]);
  for (uint32_t i = 0; i < n_carry_t; i++) cond_types[nc + nk + i] = types[nb + n_const_t + nk + i];
  CxGraph *cond = derive_rewired(w->cond_jaxpr, nc + nk + n_carry_t, cond_types, cond_of, 1, (int32_t[]){0});
  for (uint32_t i = 0; i < nc + nb; i++) in[at++] = a->in[i];
  for (uint32_t i = 0; i < nb; i++)
    if (nonzero[i]) in[at++] = t[nc + i];
  for (uint32_t i = 0; i < nk; i++) in[at++] = a->in[nc + nb + i];
  for (uint32_t i = 0; i < nk; i++)
    if (nonzero[nb + i]) in[at++] = cx_instantiate(t[nc + nb + i], a->types[nc + nb + i]);
  if (!while_bind(cond, nc, body, nb + n_const_t, in, both)) return;
  memcpy(out, both, nk * sizeof *out);
  for (uint32_t i = 0, k = nk; i < nk; i++)
    if (nonzero[nb + i]) tout[i] = both[k++];
}

static void while_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  CxArena m = {0};
  while_jvp_in(&m, a, t, out, tout);
  arena_free(&m);
}

/* ---- batch: a batched condition runs while any element goes on, and finished elements keep their values ---- */

static CxGraph *batched_cond(const CxGraph *c, uint32_t n) { /* (…) -> any(cond) */
  CxFrame f;
  CxVals in = {0}, r = {0}, outs = {0};
  bool ok = frame_open(&f, c->name);
  for (uint32_t i = 0; ok && i < n; i++) {
    CxVal v = frame_input(&f, graph_type(c, c->in.v[i]));
    ok = v && cx_vals_push(&in, v);
  }
  ok = ok && graph_apply(c, in.v, in.n, &r) && cx_vals_push(&outs, cx_reduce_or(r.v[0], cx_ints(0)));
  CxGraph *g = frame_close(&f, ok, &outs);
  cx_vals_free(&in), cx_vals_free(&r), cx_vals_free(&outs);
  return g;
}

static CxVal select_batched(CxVal pred, CxVal on_true, CxVal on_false) { /* pred has the batch axis only */
  if (!on_true) return NULL;
  return cx_select(cx_broadcast_in_dim(pred, on_true->type->rank, on_true->type->dims, (int64_t[]){0}), on_true, on_false);
}

/* (cond consts, body consts, carry) -> carry, each element selected by its own condition */
static CxGraph *batched_body(const CxGraph *c, uint32_t nc, const CxGraph *b, uint32_t nb) {
  CxFrame f;
  CxVals cond_in = {0}, body_in = {0}, p = {0}, r = {0}, outs = {0};
  bool ok = frame_open(&f, b->name);
  for (uint32_t i = 0; ok && i < nc + b->in.n; i++) {
    CxVal v = frame_input(&f, i < nc ? graph_type(c, c->in.v[i]) : graph_type(b, b->in.v[i - nc]));
    ok = v && (i >= nc && i < nc + nb ? true : cx_vals_push(&cond_in, v)) && (i < nc || cx_vals_push(&body_in, v));
  }
  ok = ok && graph_apply(c, cond_in.v, cond_in.n, &p) && graph_apply(b, body_in.v, body_in.n, &r);
  for (uint32_t i = 0; ok && i < r.n; i++) ok = cx_vals_push(&outs, select_batched(p.v[0], r.v[i], body_in.v[nb + i]));
  CxGraph *g = frame_close(&f, ok, &outs);
  cx_vals_free(&cond_in), cx_vals_free(&body_in), cx_vals_free(&p), cx_vals_free(&r), cx_vals_free(&outs);
  return g;
}

static void while_batch_in(CxArena *m, const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxWhileAttrs *w = a->attrs;
  uint32_t nc = (uint32_t)w->cond_nconsts, nb = (uint32_t)w->body_nconsts, nk = a->nout;
  bool *batched = NEW(m, bool, nb + nk), *force = NEW(m, bool, nk), *cond_batched = NEW(m, bool, nc + nk);
  CxVal *in = NEW(m, CxVal, a->nin + nc);
  if (!batched || !force || !cond_batched || !in) return;
  const char *axis_name = cx_thread.batching ? cx_thread.batching->axis_name : NULL;
  for (uint32_t i = 0; i < nb + nk; i++) batched[i] = axis[nc + i] >= 0;
  const CxDerivedGraph *d = NULL, *c = NULL;
  bool pred_batched = false;
  for (bool changed = true; changed;) {
    for (uint32_t i = 0; i < nc; i++) cond_batched[i] = axis[i] >= 0;
    for (uint32_t i = 0; i < nk; i++) force[i] = cond_batched[nc + i] = batched[nb + i];
    d = derive_batch(w->body_jaxpr, batched, force, size, axis_name);
    c = d ? derive_batch(w->cond_jaxpr, cond_batched, NULL, size, axis_name) : NULL;
    if (!c) return;
    pred_batched = c->mask[0];
    changed = false;
    for (uint32_t i = 0; i < nk; i++)
      if ((d->mask[i] || pred_batched) && !batched[nb + i]) batched[nb + i] = changed = true;
  }
  uint32_t at = 0;
#define OPERAND(i, on) in[at++] = (on) ? batch_to_front(a->in[i], axis[i], size) : a->in[i]
  for (uint32_t i = 0; i < nc; i++) OPERAND(i, axis[i] >= 0);
  if (!pred_batched) {
    for (uint32_t i = nc; i < a->nin; i++) OPERAND(i, batched[i - nc]);
    if (!while_bind(c->graph, nc, d->graph, nb, in, out)) return;
  } else {
    for (uint32_t i = 0; i < nc; i++) OPERAND(i, axis[i] >= 0); /* the body needs the condition's consts too */
    for (uint32_t i = nc; i < a->nin; i++) OPERAND(i, batched[i - nc]);
    CxGraph *cond = batched_cond(c->graph, nc + nk), *body = cond ? batched_body(c->graph, nc, d->graph, nb) : NULL;
    while_bind(cond, nc, body, nc + nb, in, out);
    ref_release(cond);
    ref_release(body);
  }
#undef OPERAND
  for (uint32_t i = 0; i < nk; i++) out_axis[i] = batched[nb + i] ? 0 : -1;
}

static void while_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  CxArena m = {0};
  while_batch_in(&m, a, axis, size, out, out_axis);
  arena_free(&m);
}

/* ---- partial evaluation: the known carries run now if the condition is known too; the whole loop is staged for the unknown ones ---- */

static void while_partial_in(CxArena *m, CxTrace *t, const CxApp *a, CxVal *out) {
  const CxWhileAttrs *w = a->attrs;
  uint32_t nc = (uint32_t)w->cond_nconsts, nb = (uint32_t)w->body_nconsts, nk = a->nout;
  bool *unknown = NEW(m, bool, nb + nk), *cond_unknown = NEW(m, bool, nc + nk), *force = NEW(m, bool, nk);
  CxVal *in = NEW(m, CxVal, a->nin), *known = NEW(m, CxVal, nk);
  int32_t *from = NEW(m, int32_t, nk);
  if (!unknown || !cond_unknown || !force || !in || !known || !from) return;
  for (uint32_t i = 0; i < nb + nk; i++) unknown[i] = a->in[nc + i]->trace == t;
  const CxPartialGraph *p = NULL;
  for (bool changed = true; changed;) {
    for (uint32_t i = 0; i < nk; i++) force[i] = unknown[nb + i];
    if (!(p = derive_partial(w->body_jaxpr, unknown, force))) return;
    changed = false;
    for (uint32_t i = 0; i < nk; i++)
      if (!p->known_out[i] && !unknown[nb + i]) unknown[nb + i] = changed = true;
  }
  for (uint32_t i = 0; i < nc; i++) cond_unknown[i] = a->in[i]->trace == t;
  uint32_t n_known = 0, at = 0, known_consts = 0;
  for (uint32_t i = 0; i < nk; i++) n_known += p->known_out[i], cond_unknown[nc + i] = unknown[nb + i];
  const CxPartialGraph *pc = n_known ? derive_partial(w->cond_jaxpr, cond_unknown, NULL) : NULL;
  stage_append(t, a, out);
  if (!pc || !pc->known_out[0]) return;
  uint32_t known_cond_consts = 0;
  for (uint32_t i = 0; i < nc; i++)
    if (!cond_unknown[i]) in[at++] = a->in[i], known_cond_consts++;
  for (uint32_t i = 0; i < nb; i++)
    if (!unknown[i]) in[at++] = a->in[nc + i], known_consts++;
  for (uint32_t i = 0; i < nk; i++)
    if (!unknown[nb + i]) in[at++] = a->in[nc + nb + i];
  for (uint32_t i = 0; i < n_known; i++) from[i] = (int32_t)i; /* drop the residuals */
  uint32_t total = p->known->in.n;
  const CxType **types = NEW(m, const CxType *, total);
  int32_t *in_of = NEW(m, int32_t, total);
  if (!types || !in_of) return;
  for (uint32_t i = 0; i < total; i++) in_of[i] = (int32_t)i, types[i] = graph_type(p->known, p->known->in.v[i]);
  CxGraph *body = derive_rewired(p->known, total, types, in_of, n_known, from);
  CxTrace *was = trace_enter(t->parent);
  bool ok = while_bind(pc->known, known_cond_consts, body, known_consts, in, known);
  trace_leave(was);
  for (uint32_t i = 0, k = 0; ok && i < nk; i++)
    if (p->known_out[i]) out[i] = known[k++];
}

static void while_partial(CxTrace *t, const CxApp *a, CxVal *out) {
  CxArena m = {0};
  while_partial_in(&m, t, a, out);
  arena_free(&m);
}

static void while_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  (void)a, (void)ct, (void)ct_in;
  cx_fail(CX_ERR_VALUE, "Reverse-mode differentiation does not work for lax.while_loop or lax.fori_loop with dynamic start/stop values. "
                        "Try using lax.scan, or using fori_loop with static start/stop.");
}

const CxOp cx_op_WHILE = {.name = "while", .doc = "while cond(consts, carry): carry = body(consts, carry)", .nin = -1, .nout = -1, .flags = CX_OP_REFS,
                          .fields = while_fields, .attrs_bytes = sizeof(CxWhileAttrs), .nout_rule = while_nout, .type = while_type, .exec = while_exec,
                          .jvp = while_jvp, .transpose = while_transpose, .batch = while_batch, .partial = while_partial, .fold = rule_nofold};

bool cx_while(CxGraph *cond, uint32_t nc, CxGraph *body, uint32_t nb, const CxVal *args, uint32_t n_args, CxVals *out) {
  CxVal *results = cx_calloc(body->out.n + 1, sizeof *results);
  CxWhileAttrs attrs = {body, nb, cond, nc};
  bool ok = results && cx_bind(CX_OP_WHILE, args, n_args, &attrs, results, body->out.n);
  for (uint32_t i = 0; ok && i < body->out.n; i++) ok = cx_vals_push(out, results[i]);
  cx_free(results);
  return ok;
}
