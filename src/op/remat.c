/* checkpoint: a call whose intermediate values are computed again in the backward pass, but for what the policy keeps. */
#include "base/text.h"
#include "op/call.h"
#include "op/derive.h"
#include "trace/fn.h"
#include <cuirax/custom.h>


static bool named(const CxStrs *names, const CxEqn *e) {
  const char *name = *(const char *const *)e->attrs;
  for (int i = 0; i < names->n; i++)
    if (!strcmp(names->v[i], name)) return true;
  return false;
}

static bool dot_has_batch(const CxEqn *e) {
  for (const CxField *f = cx_ops[e->op]->fields; f->name; f++)
    if (!strcmp(f->name, "lhs_batch") && ((const CxInts *)(const void *)((const char *)e->attrs + f->offset))->n) return true;
  return false;
}

static bool policy_keeps(const CxJitAttrs *r, const CxGraph *g, const CxEqn *e) {
  switch ((CxRematPolicy)r->policy) {
    case CX_REMAT_NOTHING:
    case CX_REMAT_NOTHING_SAVEABLE: return false;
    case CX_REMAT_BY_FUNCTION: return r->keep && r->keep->keeps && r->keep->keeps(r->keep, g, e);
    case CX_REMAT_EVERYTHING: return true;
    case CX_REMAT_DOTS: return e->op == CX_OP_DOT_GENERAL || e->op == CX_OP_CONV_GENERAL_DILATED;
    case CX_REMAT_DOTS_NO_BATCH: return e->op == CX_OP_DOT_GENERAL && !dot_has_batch(e);
    case CX_REMAT_ONLY_NAMES: return e->op == CX_OP_NAME && named(&r->names, e);
    case CX_REMAT_EXCEPT_NAMES: return !(e->op == CX_OP_NAME && named(&r->names, e));
    case CX_REMAT_NAMED_EXCEPT_NAMES: return e->op == CX_OP_NAME && !named(&r->names, e);
  }
  return false;
}

/* The split: known is (known inputs) -> known results, kept values; again is (known inputs, kept values, unknown inputs) -> unknown results. */
typedef struct Split {
  CxRef ref;
  CxGraph *known, *again;
  CxFn *keep; /* the policy that was asked: its address is part of the key */
  uint32_t n_kept;
} Split;

static void split_drop(CxRef *ref) {
  Split *s = (Split *)ref;
  ref_release(s->known), ref_release(s->again), ref_release(s->keep);
  cx_free(s);
}

static bool inputs_of(CxFrame *f, const CxGraph *g, uint32_t from, CxVals *to) {
  for (uint32_t i = from; i < g->in.n; i++) {
    CxVal v = frame_input(f, graph_type(g, g->in.v[i]));
    TRY(v && cx_vals_push(to, v));
  }
  return true;
}

/* applies p->known with the variables of kept equations taken from `kept`, or collects them there */
static bool known_apply(const bool *keeps, const CxGraph *g, const CxVals *in, CxVals *kept, bool collect, CxVals *out) {
  CxVal *env = cx_calloc(g->types.n, sizeof *env);
  uint32_t at = 0;
  bool ok = env != NULL;
  for (uint32_t i = 0; ok && i < g->consts.n; i++) env[g->consts.v[i].var] = g->consts.v[i].value;
  for (uint32_t i = 0; ok && i < g->in.n; i++) env[g->in.v[i]] = in->v[i];
  for (uint32_t i = 0; ok && i < g->eqns.n; i++) {
    const CxEqn *e = &g->eqns.v[i];
    bool keep = keeps[i];
    if (collect || !keep) ok = eqn_apply(e, env);
    for (uint32_t k = 0; ok && keep && k < e->nout; k++) {
      if (collect) ok = cx_vals_push(kept, env[e->out[k]]);
      else env[e->out[k]] = kept->v[at++];
    }
  }
  for (uint32_t i = 0; ok && i < g->out.n; i++) ok = cx_vals_push(out, env[g->out.v[i]]);
  cx_free(env);
  return ok;
}

static Split *split_build(const CxJitAttrs *r, const CxPartialGraph *p) {
  Split *s = cx_calloc(1, sizeof *s);
  if (!s) return NULL;
  ref_init(&s->ref, split_drop);
  uint32_t n_known = 0;
  for (uint32_t i = 0; i < p->n_out; i++) n_known += p->known_out[i];
  CxFrame f;
  CxVals in = {0}, kept = {0}, out = {0};
  s->keep = ref_retain(r->keep);
  bool *keeps = cx_calloc(p->known->eqns.n + 1, sizeof *keeps);
  for (uint32_t i = 0; keeps && !cx_failed() && i < p->known->eqns.n; i++) keeps[i] = policy_keeps(r, p->known, &p->known->eqns.v[i]);
  if (!keeps || cx_failed()) return cx_free(keeps), ref_release(s), NULL;
  bool ok = frame_open(&f, p->known->name) && inputs_of(&f, p->known, 0, &in) && known_apply(keeps, p->known, &in, &kept, true, &out);
  out.n = ok ? n_known : 0;
  for (uint32_t i = 0; ok && i < kept.n; i++) ok = cx_vals_push(&out, kept.v[i]);
  s->known = frame_close(&f, ok, &out);
  s->n_kept = kept.n;
  in.n = out.n = kept.n = 0;
  CxVals unknown = {0}, args = {0}, results = {0};
  ok = frame_open(&f, p->known->name) && s->known && inputs_of(&f, p->known, 0, &in);
  for (uint32_t i = 0; ok && i < s->n_kept; i++) {
    CxVal v = frame_input(&f, graph_type(s->known, s->known->out.v[n_known + i]));
    ok = v && cx_vals_push(&kept, v);
  }
  ok = ok && inputs_of(&f, p->unknown, p->n_res, &unknown) && known_apply(keeps, p->known, &in, &kept, false, &out);
  for (uint32_t i = 0, extra = n_known; ok && i < p->n_res; i++) ok = cx_vals_push(&args, p->res_input[i] >= 0 ? in.v[p->res_input[i]] : out.v[extra++]);
  for (uint32_t i = 0; ok && i < unknown.n; i++) ok = cx_vals_push(&args, unknown.v[i]);
  ok = ok && graph_apply(p->unknown, args.v, args.n, &results);
  s->again = frame_close(&f, ok, &results);
  if (s->again) graph_dce(s->known), graph_dce(s->again);
  cx_free(keeps);
  cx_vals_free(&in), cx_vals_free(&kept), cx_vals_free(&out), cx_vals_free(&unknown), cx_vals_free(&args), cx_vals_free(&results);
  if (!s->again) return ref_release(s), NULL;
  return s;
}

static const Split *remat_split(const CxJitAttrs *r, const CxPartialGraph *p) {
  CxText key = {0};
  text_addf(&key, "%d %p", (int)r->policy, (void *)r->keep);
  for (int i = 0; i < r->names.n; i++) text_addf(&key, " %s", r->names.v[i]);
  if (!key.s) return NULL;
  enum { DERIVE_REMAT = 100 };
  const Split *s = graph_derived_find(p->unknown, DERIVE_REMAT, key.s, key.n);
  if (!s) s = graph_derived_keep(p->unknown, DERIVE_REMAT, key.s, key.n, split_build(r, p));
  text_free(&key);
  return s;
}

/* what is known now, as equations of the program being staged */
static bool known_inline(const CxGraph *g, const CxVals *in, CxVal *out) {
  CxVals r = {0};
  bool ok = graph_apply(g, in->v, in->n, &r);
  for (uint32_t i = 0; ok && i < r.n; i++) out[i] = r.v[i];
  cx_vals_free(&r);
  return ok;
}

static void remat_partial(CxTrace *t, const CxApp *a, CxVal *out) {
  const CxJitAttrs *r = a->attrs;
  bool *unknown = cx_calloc(a->nin + 1, sizeof *unknown);
  CxVals in = {0}, args = {0};
  for (uint32_t i = 0; unknown && i < a->nin; i++)
    if (!(unknown[i] = a->in[i]->trace == t)) cx_vals_push(&in, a->in[i]);
  const CxPartialGraph *p = unknown ? derive_partial(r->jaxpr, unknown, NULL) : NULL;
  const Split *s = p ? remat_split(r, p) : NULL;
  CxVal *results = s ? cx_calloc((size_t)s->known->out.n + s->again->out.n + 1, sizeof *results) : NULL;
  if (results) {
    CxTrace *was = trace_enter(t->parent);
    bool ok = t->parent && t->parent->kind == &trace_stage ? known_inline(s->known, &in, results) : call_same(a, s->known, in.v, in.n, results, s->known->out.n);
    trace_leave(was);
    uint32_t n_known = s->known->out.n - s->n_kept;
    for (uint32_t i = 0, k = 0; i < a->nout; i++)
      if (p->known_out[i]) out[i] = results[k++];
    for (uint32_t i = 0; ok && i < in.n; i++) ok = cx_vals_push(&args, in.v[i]);
    for (uint32_t i = 0; ok && i < s->n_kept; i++) ok = cx_vals_push(&args, results[n_known + i]);
    for (uint32_t i = 0; ok && i < a->nin; i++)
      if (unknown[i]) ok = cx_vals_push(&args, a->in[i]);
    const CxType **types = cx_calloc(args.n + 1, sizeof *types);
    ok = ok && types;
    for (uint32_t i = 0; ok && i < args.n; i++) ok = (types[i] = cx_type_of(args.v[i])) != NULL;
    CxJitAttrs attrs = *r;
    attrs.jaxpr = s->again;
    attrs.differentiated = true;
    CxVal *rest = results + s->known->out.n;
    CxApp b = {.op = a->op, .def = a->def, .attrs = &attrs, .nin = args.n, .nout = s->again->out.n, .in = args.v, .types = types};
    if (ok && s->again->out.n) stage_append(t, &b, rest);
    for (uint32_t i = 0, k = 0; ok && i < a->nout; i++)
      if (!p->known_out[i]) out[i] = rest[k++];
    cx_free(types);
  }
  cx_free(results), cx_free(unknown);
  cx_vals_free(&in), cx_vals_free(&args);
}

static const char *const policy_names[] = {"none",       "everything_saveable",     "dots_saveable", "dots_with_no_batch_dims_saveable",
                                           "save_only_these_names", "save_anything_except_these_names", "save_any_names_but_these",
                                           "nothing_saveable", "function", NULL};
static const CxField remat_fields[] = {CX_FIELD(CxJitAttrs, differentiated, BOOL, 0, NULL), CX_FIELD(CxJitAttrs, jaxpr, GRAPH, 0, NULL),
                                       CX_FIELD(CxJitAttrs, keep, FN, 0, NULL), CX_FIELD(CxJitAttrs, names, STRS, 0, NULL), CX_FIELD(CxJitAttrs, policy, ENUM, 0, policy_names),
                                       CX_FIELD(CxJitAttrs, prevent_cse, BOOL, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_REMAT = {.name = "remat2", .doc = "the results of a closed graph; its intermediate values are computed again when differentiated", .nin = -1,
                          .nout = -1, .flags = CX_OP_REFS, .fields = remat_fields, .attrs_bytes = sizeof(CxJitAttrs), .nout_rule = call_nout, .type = call_type,
                          .exec = call_exec, .jvp = call_jvp, .transpose = call_transpose, .batch = call_batch, .partial = remat_partial, .fold = rule_nofold};

bool cx_checkpoint(CxGraph *g, CxRematPolicy policy, const char *const *names, int n_names, CxFn *keep, bool prevent_cse, const CxVal *in, uint32_t nin, CxVals *out) {
  CxJitAttrs attrs = {.jaxpr = g, .prevent_cse = prevent_cse, .policy = (int32_t)policy, .names = {names, n_names}, .keep = keep};
  CxVal *r = cx_calloc(g->out.n + 1, sizeof *r);
  bool ok = r && cx_bind(CX_OP_REMAT, in, nin, &attrs, r, g->out.n);
  for (uint32_t i = 0; ok && i < g->out.n; i++) ok = cx_vals_push(out, r[i]);
  cx_free(r);
  return ok;
}
