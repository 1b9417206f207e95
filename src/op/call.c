/* The jit and closed_call ops: calls of a closed graph. Its rules transform the graph (op/derive.c) and call the result. */
#include "op/call.h"

#include "op/derive.h"
#include "runtime/execute.h"
#include <cuirax/transform.h>

uint32_t call_nout(uint32_t nin, const void *attrs) {
  (void)nin;
  return ((const CxJitAttrs *)attrs)->jaxpr->out.n;
}

bool call_type(const CxApp *a, const CxType **out) {
  const CxGraph *g = ((const CxJitAttrs *)a->attrs)->jaxpr;
  if (!g || a->nin != g->in.n) return type_fail(a, "takes %u operands, got %u", g ? g->in.n : 0, a->nin);
  for (uint32_t i = 0; i < a->nin; i++)
    if (a->types[i] != graph_type(g, g->in.v[i])) {
      char want[256];
      return type_fail(a, "operand %u should be %s", i, cx_type_text(graph_type(g, g->in.v[i]), want, sizeof want));
    }
  for (uint32_t i = 0; i < g->out.n; i++) out[i] = graph_type(g, g->out.v[i]);
  return true;
}

bool call_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  (void)types;
  return graph_run_borrowed(((const CxJitAttrs *)a->attrs)->jaxpr, a->in, a->nin, out);
}

bool call_same(const CxApp *a, CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out, uint32_t nout) {
  CxJitAttrs attrs = *(const CxJitAttrs *)a->attrs;
  attrs.jaxpr = g;
  return cx_bind(a->op, in, nin, &attrs, out, nout);
}

static bool *mask_new(uint32_t n) { return cx_calloc(n + 1, sizeof(bool)); }

void call_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  bool *nonzero = mask_new(a->nin);
  CxVals in = {0};
  for (uint32_t i = 0; nonzero && i < a->nin; i++) nonzero[i] = t[i] != NULL, cx_vals_push(&in, a->in[i]);
  for (uint32_t i = 0; nonzero && i < a->nin; i++)
    if (t[i]) cx_vals_push(&in, t[i]);
  const CxDerivedGraph *d = nonzero ? derive_jvp(((const CxJitAttrs *)a->attrs)->jaxpr, nonzero, NULL) : NULL;
  CxVal *both = d ? cx_calloc(d->graph->out.n + 1, sizeof *both) : NULL;
  if (both && call_same(a, d->graph, in.v, in.n, both, d->graph->out.n)) {
    memcpy(out, both, a->nout * sizeof *out);
    for (uint32_t i = 0, k = a->nout; i < a->nout; i++)
      if (d->mask[i]) tout[i] = both[k++];
  }
  cx_free(both);
  cx_free(nonzero);
  cx_vals_free(&in);
}

void call_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  bool *linear = mask_new(a->nin), *has_ct = mask_new(a->nout);
  CxVals in = {0};
  for (uint32_t i = 0; linear && i < a->nin; i++) {
    linear[i] = !a->in[i];
    if (a->in[i]) cx_vals_push(&in, a->in[i]);
  }
  for (uint32_t i = 0; has_ct && i < a->nout; i++)
    if ((has_ct[i] = ct[i] != NULL)) cx_vals_push(&in, ct[i]);
  const CxDerivedGraph *d = linear && has_ct ? derive_transpose(((const CxJitAttrs *)a->attrs)->jaxpr, linear, has_ct, false) : NULL;
  CxVal *back = d ? cx_calloc(d->graph->out.n + 1, sizeof *back) : NULL;
  if (back && call_same(a, d->graph, in.v, in.n, back, d->graph->out.n))
    for (uint32_t i = 0, k = 0; i < a->nin; i++)
      if (d->mask[i]) ct_in[i] = back[k++];
  cx_free(back);
  cx_free(linear);
  cx_free(has_ct);
  cx_vals_free(&in);
}

void call_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  bool *batched = mask_new(a->nin);
  CxVals in = {0};
  for (uint32_t i = 0; batched && i < a->nin; i++) {
    batched[i] = axis[i] >= 0;
    cx_vals_push(&in, batched[i] ? cx_move_axis(a->in[i], axis[i], 0) : a->in[i]);
  }
  const char *axis_name = cx_thread.batching ? cx_thread.batching->axis_name : NULL;
  const CxDerivedGraph *d = batched ? derive_batch(((const CxJitAttrs *)a->attrs)->jaxpr, batched, NULL, size, axis_name) : NULL;
  if (d && call_same(a, d->graph, in.v, in.n, out, a->nout))
    for (uint32_t i = 0; i < a->nout; i++) out_axis[i] = d->mask[i] ? 0 : -1;
  cx_free(batched);
  cx_vals_free(&in);
}

/* known part now (in the parent), unknown part as one equation of the linear graph */
void call_partial(CxTrace *t, const CxApp *a, CxVal *out) {
  bool *unknown = mask_new(a->nin);
  CxVals knowns = {0}, args = {0};
  for (uint32_t i = 0; unknown && i < a->nin; i++)
    if (!(unknown[i] = a->in[i]->trace == t)) cx_vals_push(&knowns, a->in[i]);
  const CxPartialGraph *p = unknown ? derive_partial(((const CxJitAttrs *)a->attrs)->jaxpr, unknown, NULL) : NULL;
  CxVal *known = p ? cx_calloc(p->known->out.n + p->unknown->out.n + 1, sizeof *known) : NULL;
  if (known) {
    CxTrace *was = trace_enter(t->parent);
    bool ok = call_same(a, p->known, knowns.v, knowns.n, known, p->known->out.n);
    trace_leave(was);
    uint32_t at = 0, un = 0;
    for (uint32_t i = 0; i < a->nout; i++)
      if (p->known_out[i]) out[i] = known[at++];
    for (uint32_t i = 0; ok && i < p->n_res; i++) cx_vals_push(&args, p->res_input[i] >= 0 ? knowns.v[p->res_input[i]] : known[at++]);
    for (uint32_t i = 0; ok && i < a->nin; i++)
      if (unknown[i]) cx_vals_push(&args, a->in[i]);
    CxVal *rest = known + p->known->out.n;
    if (ok && p->unknown->out.n) {
      CxJitAttrs attrs = *(const CxJitAttrs *)a->attrs;
      attrs.jaxpr = p->unknown;
      const CxType **types = cx_malloc((args.n + 1) * sizeof *types);
      for (uint32_t i = 0; types && i < args.n; i++) types[i] = cx_type_of(args.v[i]);
      CxApp b = {.op = a->op, .def = a->def, .attrs = &attrs, .nin = args.n, .nout = p->unknown->out.n, .in = args.v, .types = types};
      if (types) stage_append(t, &b, rest);
      cx_free(types);
    }
    for (uint32_t i = 0; ok && i < a->nout; i++)
      if (!p->known_out[i]) out[i] = rest[un++];
  }
  cx_free(known);
  cx_free(unknown);
  cx_vals_free(&knowns);
  cx_vals_free(&args);
}

static const CxField jit_fields[] = {CX_FIELD(CxJitAttrs, name, STR, 0, NULL), CX_FIELD(CxJitAttrs, jaxpr, GRAPH, 0, NULL),
                                     {"inline", CX_FIELD_BOOL, offsetof(CxJitAttrs, inline_), 0, NULL}, CX_FIELDS_END};
const CxOp cx_op_JIT = {.name = "jit", .doc = "the results of a closed graph on the operands", .nin = -1, .nout = -1, .flags = CX_OP_REFS,
                        .fields = jit_fields, .attrs_bytes = sizeof(CxJitAttrs), .nout_rule = call_nout, .type = call_type, .exec = call_exec,
                        .jvp = call_jvp, .transpose = call_transpose, .batch = call_batch, .partial = call_partial, .fold = rule_nofold};

static const CxField closed_call_fields[] = {{"call_jaxpr", CX_FIELD_GRAPH, offsetof(CxJitAttrs, jaxpr), 0, NULL}, CX_FIELDS_END};
const CxOp cx_op_CLOSED_CALL = {.name = "closed_call", .doc = "the results of a closed graph on the operands; never compiled on its own", .nin = -1,
                                .nout = -1, .flags = CX_OP_REFS, .fields = closed_call_fields, .attrs_bytes = sizeof(CxJitAttrs), .nout_rule = call_nout,
                                .type = call_type, .exec = call_exec, .jvp = call_jvp, .transpose = call_transpose, .batch = call_batch,
                                .partial = call_partial, .fold = rule_nofold};

bool cx_closed_call(CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out) {
  return cx_bind(CX_OP_CLOSED_CALL, in, nin, &(CxJitAttrs){.jaxpr = g}, out, g->out.n);
}

bool cx_call_graph(CxGraph *g, const char *name, const CxVal *in, uint32_t nin, CxVals *out) {
  CxJitAttrs attrs = {.name = name ? name : g->name ? g->name : "fn", .jaxpr = g};
  CxVal small[32], *results = small;
  if (g->out.n > 32 && !(results = cx_malloc(g->out.n * sizeof *results))) return false;
  bool ok = cx_bind(CX_OP_JIT, in, nin, &attrs, results, g->out.n);
  for (uint32_t i = 0; ok && i < g->out.n; i++) ok = cx_vals_push(out, results[i]);
  if (results != small) cx_free(results);
  return ok;
}
