/* custom_jvp_call and custom_vjp_call. A call acts by the trace it meets: run now, its rule under differentiation, mapped rules under
 * batching, an equation with its graph while staging. The equations' own rules do the same when such a graph is transformed. */
#include "op/attrs.h"
#include "op/custom_lin.h"
#include "op/derive.h"
#include "runtime/execute.h"
#include <cuirax/custom.h>

typedef struct Custom {
  bool vjp, symbolic; /* symbolic: rules see zeros as NULL */
  CxFn *fun, *rule, *bwd;
} Custom;

void cx_fn_first(CxFn *f, uint32_t n) { f->n_first = n; }

/* ---- functions mapped over an axis ---- */

typedef struct Shared { /* what the mapped forward rule found out for the mapped backward rule */
  CxRef ref;
  uint32_t n_res;
  int *res_axis;
} Shared;

static void shared_drop(CxRef *ref) {
  cx_free(((Shared *)ref)->res_axis);
  cx_free(ref);
}

enum { MAP_PLAIN, MAP_FWD, MAP_BWD };

typedef struct Mapped {
  CxFn *inner;
  int64_t size;
  char *axis_name;
  uint32_t n; /* operands of the custom function */
  bool *batched;
  int mode;
  Shared *shared; /* FWD, BWD */
} Mapped;

static void mapped_drop(void *env) {
  Mapped *m = env;
  ref_release(m->inner);
  ref_release(m->shared);
  cx_free(m->axis_name);
  cx_free(m->batched);
  cx_free(m);
}

static int mapped_axis(const Mapped *m, uint32_t i) {
  if (m->mode == MAP_BWD) return i < m->shared->n_res ? m->shared->res_axis[i] : 0;
  return m->batched[i % m->n] ? 0 : -1; /* a jvp rule has the operands' tangents after the operands */
}

static bool mapped_results(CxFn *f, Mapped *m, CxTrace *t, const CxVals *r, CxVals *out) {
  if (m->mode == MAP_FWD) {
    f->n_first = m->inner->n_first;
    cx_free(m->shared->res_axis);
    m->shared->n_res = r->n - f->n_first;
    TRY(m->shared->res_axis = cx_calloc(m->shared->n_res + 1, sizeof *m->shared->res_axis));
  }
  for (uint32_t i = 0; i < r->n; i++) {
    CxVal v = r->v[i];
    bool own = v && v->trace == t;
    int axis = own ? v->batch.axis : -1;
    CxVal value = own ? v->batch.value : v;
    if (m->mode == MAP_FWD && i >= f->n_first) {
      m->shared->res_axis[i - f->n_first] = axis;
    } else if (!value) {
      /* a zero */
    } else if (m->mode == MAP_BWD) {
      if (!m->batched[i]) value = axis >= 0 ? cx_reduce_sum(value, (CxInts){.v = (int64_t[]){axis}, .n = 1}) : cx_mul(value, cx_like(value, (double)m->size));
      else value = batch_to_front(value, axis, m->size);
    } else {
      value = batch_to_front(value, axis, m->size);
    }
    TRY(cx_vals_push(out, value));
  }
  return !cx_failed();
}

static bool mapped_call(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) {
  Mapped *m = f->env;
  CxTrace *t = trace_new(&trace_batch, cx_thread.trace, f->name);
  CxVals args = {0}, r = {0};
  bool ok = t != NULL;
  if (ok) {
    t->size = m->size;
    t->axis_name = m->axis_name ? cx_strdup(m->axis_name) : NULL;
    for (uint32_t i = 0; ok && i < nin; i++) ok = cx_vals_push(&args, in[i] ? batch_val(t, in[i], mapped_axis(m, i)) : NULL);
    CxTrace *was = trace_enter(t);
    ok = ok && fn_call(m->inner, args.v, nin, &r);
    trace_leave(was);
  }
  ok = ok && mapped_results(f, m, t, &r, out);
  cx_vals_free(&args), cx_vals_free(&r);
  if (t) t->alive = false;
  ref_release(t);
  return ok;
}

static CxFn *mapped_fn(CxFn *inner, const bool *batched, uint32_t n, int64_t size, const char *axis_name, int mode, Shared *shared) {
  Mapped *m = cx_calloc(1, sizeof *m);
  if (!m) return NULL;
  *m = (Mapped){ref_retain(inner), size, axis_name ? cx_strdup(axis_name) : NULL, n, cx_calloc(n + 1, sizeof(bool)), mode, ref_retain(shared)};
  if (m->batched) memcpy(m->batched, batched, n);
  CxFn *f = m->batched ? fn_new(inner->name, mapped_call, m, mapped_drop) : NULL;
  if (!f) mapped_drop(m);
  return f;
}

static Shared *shared_new(void) {
  Shared *s = cx_calloc(1, sizeof *s);
  if (s) ref_init(&s->ref, shared_drop);
  return s;
}

/* ---- the derivative by rule: primals p[n], tangents t[n] (NULL zero) -> out, tout ---- */

static CxVal rule_tangent(const Custom *c, CxVal t, const CxType *primal) {
  if (c->symbolic) return t;
  return is_inexact(primal) ? cx_instantiate(t, primal) : cx_zeros(cx_type_with_dtype(primal, CX_FLOAT0, false));
}

static bool jvp_by_rule(const Custom *c, const CxVal *p, const CxVal *t, uint32_t n, CxVals *out, CxVals *tout) {
  CxFn *rule = c->rule;
  CxVals args = {0}, r = {0};
  bool ok = true;
  for (uint32_t i = 0; ok && i < n; i++) ok = cx_vals_push(&args, p[i]);
  for (uint32_t i = 0; ok && i < n; i++) ok = cx_vals_push(&args, rule_tangent(c, t[i], p[i]->type));
  ok = ok && fn_call(rule, args.v, args.n, &r);
  if (ok && r.n % 2) ok = cx_fail(CX_ERR_TYPE, "Custom JVP rule %s must produce as many tangents as primal results", fn_name(rule));
  for (uint32_t i = 0; ok && i < r.n / 2; i++) {
    CxVal x = r.v[i], d = r.v[r.n / 2 + i];
    if (!x) ok = cx_fail(CX_ERR_TYPE, "Custom JVP rule %s gave a symbolic zero as a primal result", fn_name(rule));
    if (!x) break;
    if (d && !is_inexact(x->type)) d = NULL;
    if (d && (!cx_type_same_dims(d->type, x->type) || d->type->dtype != x->type->dtype)) {
      char a[256], b[256];
      ok = cx_fail(CX_ERR_TYPE, "Custom JVP rule %s must produce primal and tangent outputs with corresponding shapes and dtypes, but got %s and %s", fn_name(rule),
                   cx_type_text(x->type, a, sizeof a), cx_type_text(d->type, b, sizeof b));
    }
    ok = ok && cx_vals_push(out, x) && cx_vals_push(tout, d ? cx_convert(d, d->type->dtype) : NULL);
  }
  cx_vals_free(&args), cx_vals_free(&r);
  return ok;
}

static bool vjp_by_rule(const Custom *c, const CxVal *p, const CxVal *t, uint32_t n, CxVals *out, CxVals *tout) {
  CxVals r = {0}, args = {0};
  bool ok = true;
  for (uint32_t i = 0; ok && i < n; i++) ok = cx_vals_push(&args, p[i]);
  for (uint32_t i = 0; ok && c->symbolic && i < n; i++) ok = cx_vals_push(&args, t[i] ? p[i] : NULL); /* is it perturbed? */
  ok = ok && fn_call(c->rule, args.v, args.n, &r);
  args.n = 0;
  uint32_t nout = c->rule->n_first;
  int64_t *zeros = cx_calloc(n + 1, sizeof *zeros);
  const CxType **types = cx_calloc(nout + 1, sizeof *types);
  CxVal *touts = cx_calloc(nout + 1, sizeof *touts);
  ok = ok && zeros && types && touts;
  for (uint32_t i = nout; ok && i < r.n; i++) ok = cx_vals_push(&args, r.v[i]);
  for (uint32_t i = 0; ok && i < n; i++) {
    zeros[i] = t[i] == NULL;
    if (t[i]) ok = cx_vals_push(&args, t[i]);
  }
  for (uint32_t i = 0; ok && i < nout; i++) ok = (types[i] = cx_type_with_dtype(r.v[i]->type, r.v[i]->type->dtype, false)) != NULL;
  if (ok) {
    CxCustomLinAttrs lin = {.bwd = c->bwd, .in_zeros = {.v = zeros, .n = (int32_t)n}, .num_res = r.n - nout, .out_avals = {types, (int32_t)nout}, .symbolic_zeros = c->symbolic};
    ok = cx_bind(CX_OP_CUSTOM_LIN, args.v, args.n, &lin, touts, nout);
  }
  for (uint32_t i = 0; ok && i < nout; i++) ok = cx_vals_push(out, r.v[i]) && cx_vals_push(tout, is_inexact(types[i]) ? touts[i] : NULL);
  cx_free(zeros), cx_free(types), cx_free(touts);
  cx_vals_free(&r), cx_vals_free(&args);
  return ok;
}

static bool by_rule(const Custom *c, const CxVal *p, const CxVal *t, uint32_t n, CxVals *out, CxVals *tout) {
  return c->vjp ? vjp_by_rule(c, p, t, n, out, tout) : jvp_by_rule(c, p, t, n, out, tout);
}

/* ---- the call, by the current trace ---- */

static bool custom_call(const Custom *c, const CxVal *in, uint32_t n, CxVals *out);

static bool call_in(CxTrace *t, const Custom *c, const CxVal *in, uint32_t n, CxVals *out) {
  CxTrace *was = trace_enter(t);
  bool ok = custom_call(c, in, n, out);
  trace_leave(was);
  return ok;
}

static bool call_jvp(CxTrace *t, const Custom *c, const CxVal *in, uint32_t n, CxVals *out) {
  CxVal *p = cx_calloc(2 * (size_t)n + 1, sizeof *p), *d = p + n;
  CxVals outs = {0}, touts = {0};
  bool ok = p != NULL;
  for (uint32_t i = 0; ok && i < n; i++) {
    bool own = in[i]->trace == t;
    p[i] = own ? in[i]->jvp.primal : in[i];
    d[i] = own ? in[i]->jvp.tangent : NULL;
  }
  CxTrace *was = trace_enter(t->parent);
  ok = ok && by_rule(c, p, d, n, &outs, &touts);
  trace_leave(was);
  for (uint32_t i = 0; ok && i < outs.n; i++) ok = cx_vals_push(out, jvp_val(t, outs.v[i], touts.v[i]));
  cx_vals_free(&outs), cx_vals_free(&touts);
  cx_free(p);
  return ok;
}

static bool custom_map(const Custom *c, const bool *batched, uint32_t n, int64_t size, const char *axis_name, Custom *to) {
  Shared *shared = c->vjp ? shared_new() : NULL;
  *to = (Custom){.vjp = c->vjp, .symbolic = c->symbolic};
  if (c->vjp && !shared) return false;
  to->fun = c->fun ? mapped_fn(c->fun, batched, n, size, axis_name, MAP_PLAIN, NULL) : NULL;
  to->rule = mapped_fn(c->rule, batched, n, size, axis_name, c->vjp ? MAP_FWD : MAP_PLAIN, shared);
  to->bwd = c->vjp ? mapped_fn(c->bwd, batched, n, size, axis_name, MAP_BWD, shared) : NULL;
  ref_release(shared);
  return to->rule && (!c->vjp || to->bwd) && (!c->fun || to->fun);
}
static void custom_free(Custom *c) { ref_release(c->fun), ref_release(c->rule), ref_release(c->bwd); }

static bool call_batch(CxTrace *t, const Custom *c, const CxVal *in, uint32_t n, CxVals *out) {
  bool *batched = cx_calloc(n + 1, sizeof *batched);
  CxVals args = {0}, r = {0};
  Custom m = {0};
  CxTrace *was = trace_enter(t->parent);
  bool ok = batched != NULL;
  for (uint32_t i = 0; ok && i < n; i++) {
    batched[i] = in[i]->trace == t;
    ok = cx_vals_push(&args, batched[i] ? batch_to_front(in[i]->batch.value, in[i]->batch.axis, t->size) : in[i]);
  }
  ok = ok && custom_map(c, batched, n, t->size, t->axis_name, &m) && custom_call(&m, args.v, n, &r);
  trace_leave(was);
  for (uint32_t i = 0; ok && i < r.n; i++) ok = cx_vals_push(out, batch_val(t, r.v[i], 0));
  custom_free(&m);
  cx_free(batched);
  cx_vals_free(&args), cx_vals_free(&r);
  return ok;
}

static bool call_stage(const Custom *c, const CxVal *in, uint32_t n, CxVals *out) {
  const CxType **types = cx_calloc(n + 1, sizeof *types);
  CxVals args = {0};
  for (uint32_t i = 0; types && i < n; i++) types[i] = in[i]->type;
  CxGraph *g = types ? cx_stage(c->fun, types, n, &args) : NULL;
  CxVal *r = g ? cx_calloc(g->out.n + 1, sizeof *r) : NULL;
  CxCustomAttrs attrs = {g, c->rule, c->bwd, args.n, c->symbolic};
  bool ok = r != NULL;
  for (uint32_t i = 0; ok && i < n; i++) ok = cx_vals_push(&args, in[i]);
  ok = ok && cx_bind(c->vjp ? CX_OP_CUSTOM_VJP_CALL : CX_OP_CUSTOM_JVP_CALL, args.v, args.n, &attrs, r, g->out.n);
  for (uint32_t i = 0; ok && i < g->out.n; i++) ok = cx_vals_push(out, r[i]);
  cx_free(r), cx_free(types);
  ref_release(g);
  cx_vals_free(&args);
  return ok;
}

static bool custom_call(const Custom *c, const CxVal *in, uint32_t n, CxVals *out) {
  CxTrace *t = cx_thread.trace;
  bool own = false;
  for (uint32_t i = 0; i < n; i++) {
    TRY(in[i] && trace_accepts(t, in[i]));
    own |= t && in[i]->trace == t;
  }
  if (!t) return fn_call(c->fun, in, n, out);
  if (t->kind == &trace_stage) return call_stage(c, in, n, out);
  if (!own) return call_in(t->parent, c, in, n, out);
  if (t->kind == &trace_jvp) return call_jvp(t, c, in, n, out);
  if (t->kind == &trace_batch) return call_batch(t, c, in, n, out);
  return fn_call(c->fun, in, n, out); /* unknown values of a linear trace: by the function's own operations */
}

bool cx_custom_jvp(CxFn *fun, CxFn *jvp, bool symbolic_zeros, const CxVal *in, uint32_t nin, CxVals *out) {
  return custom_call(&(Custom){.symbolic = symbolic_zeros, .fun = fun, .rule = jvp}, in, nin, out);
}
bool cx_custom_vjp(CxFn *fun, CxFn *fwd, CxFn *bwd, bool symbolic_zeros, const CxVal *in, uint32_t nin, CxVals *out) {
  return custom_call(&(Custom){.vjp = true, .symbolic = symbolic_zeros, .fun = fun, .rule = fwd, .bwd = bwd}, in, nin, out);
}

/* ---- the equations ---- */

static uint32_t custom_nout(uint32_t nin, const void *attrs) {
  (void)nin;
  return ((const CxCustomAttrs *)attrs)->call_jaxpr->out.n;
}

static bool custom_type(const CxApp *a, const CxType **out) {
  const CxCustomAttrs *c = a->attrs;
  const CxGraph *g = c->call_jaxpr;
  if (!g || g->in.n != a->nin || c->num_consts < 0 || c->num_consts > a->nin) return type_fail(a, "takes %u operands, got %u", g ? g->in.n : 0, a->nin);
  for (uint32_t i = 0; i < a->nin; i++)
    if (a->types[i] != graph_type(g, g->in.v[i])) return type_fail(a, "operand %u does not have the function's type", i);
  for (uint32_t i = 0; i < g->out.n; i++) out[i] = graph_type(g, g->out.v[i]);
  return true;
}

static bool custom_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  (void)types;
  return graph_run_borrowed(((const CxCustomAttrs *)a->attrs)->call_jaxpr, a->in, a->nin, out);
}

static Custom custom_of(const CxApp *a) {
  const CxCustomAttrs *c = a->attrs;
  return (Custom){.vjp = a->op == CX_OP_CUSTOM_VJP_CALL, .symbolic = c->symbolic_zeros, .rule = c->rule, .bwd = c->bwd};
}

static void custom_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxCustomAttrs *c = a->attrs;
  uint32_t nc = (uint32_t)c->num_consts;
  CxVals outs = {0}, touts = {0};
  Custom custom = custom_of(a);
  bool ok = c->rule || cx_fail(CX_ERR_VERIFY, "%s has no rule: it was read from text", a->def->name);
  for (uint32_t i = 0; ok && i < nc; i++)
    if (t[i]) ok = cx_fail(CX_ERR_UNEXPECTED_TRACER, "a function with a custom derivative rule closes over a value that is differentiated: pass it as an argument instead");
  if (ok && by_rule(&custom, a->in + nc, t + nc, a->nin - nc, &outs, &touts))
    for (uint32_t i = 0; i < a->nout; i++) out[i] = outs.v[i], tout[i] = touts.v[i];
  cx_vals_free(&outs), cx_vals_free(&touts);
}

static void custom_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxCustomAttrs *c = a->attrs;
  bool *batched = cx_calloc((size_t)a->nin + a->nout + 1, sizeof *batched), *force = batched + a->nin;
  CxVals in = {0};
  Custom custom = custom_of(a), m = {0};
  bool ok = batched && (c->rule || cx_fail(CX_ERR_VERIFY, "%s has no rule: it was read from text", a->def->name));
  for (uint32_t i = 0; ok && i < a->nin; i++) {
    batched[i] = axis[i] >= 0;
    ok = cx_vals_push(&in, batched[i] ? cx_move_axis(a->in[i], axis[i], 0) : a->in[i]);
  }
  for (uint32_t i = 0; ok && i < a->nout; i++) force[i] = true;
  const char *axis_name = cx_thread.batching ? cx_thread.batching->axis_name : NULL;
  const CxDerivedGraph *d = ok ? derive_batch(c->call_jaxpr, batched, force, size, axis_name) : NULL;
  if (d && custom_map(&custom, batched + c->num_consts, a->nin - (uint32_t)c->num_consts, size, axis_name, &m)) {
    CxCustomAttrs attrs = {d->graph, m.rule, m.bwd, c->num_consts, c->symbolic_zeros};
    cx_bind(a->op, in.v, in.n, &attrs, out, a->nout);
    for (uint32_t i = 0; i < a->nout; i++) out_axis[i] = 0;
  }
  custom_free(&m);
  cx_free(batched);
  cx_vals_free(&in);
}

/* unknown operands are not tangents here: the function's own operations decide what is known */
static void custom_partial(CxTrace *t, const CxApp *a, CxVal *out) {
  (void)t;
  CxVals r = {0};
  if (graph_apply(((const CxCustomAttrs *)a->attrs)->call_jaxpr, a->in, a->nin, &r))
    for (uint32_t i = 0; i < a->nout; i++) out[i] = r.v[i];
  cx_vals_free(&r);
}

static const CxField custom_jvp_fields[] = {CX_FIELD(CxCustomAttrs, call_jaxpr, GRAPH, 0, NULL), {"jvp_jaxpr_fun", CX_FIELD_FN, offsetof(CxCustomAttrs, rule), 0, NULL},
                                            CX_FIELD(CxCustomAttrs, num_consts, INT, 0, NULL), CX_FIELD(CxCustomAttrs, symbolic_zeros, BOOL, 0, NULL), CX_FIELDS_END};
static const CxField custom_vjp_fields[] = {{"bwd", CX_FIELD_FN, offsetof(CxCustomAttrs, bwd), 0, NULL}, CX_FIELD(CxCustomAttrs, call_jaxpr, GRAPH, 0, NULL),
                                            {"fwd_jaxpr_thunk", CX_FIELD_FN, offsetof(CxCustomAttrs, rule), 0, NULL}, CX_FIELD(CxCustomAttrs, num_consts, INT, 0, NULL),
                                            CX_FIELD(CxCustomAttrs, symbolic_zeros, BOOL, 0, NULL), CX_FIELDS_END};

#define CUSTOM(ID, text, doc_text, fields_)                                                                                               \
  const CxOp cx_op_##ID = {.name = text, .doc = doc_text, .nin = -1, .nout = -1, .flags = CX_OP_REFS, .fields = fields_,                     \
      .attrs_bytes = sizeof(CxCustomAttrs), .nout_rule = custom_nout, .type = custom_type, .exec = custom_exec, .jvp = custom_jvp,            \
      .transpose = rule_nonlinear, .batch = custom_batch, .partial = custom_partial, .fold = rule_nofold};
CUSTOM(CUSTOM_JVP_CALL, "custom_jvp_call", "a call with a tangent rule of its own", custom_jvp_fields)
CUSTOM(CUSTOM_VJP_CALL, "custom_vjp_call", "a call with forward and backward rules of its own", custom_vjp_fields)
