/* cond: one of several graphs by an index. Operand 0 is the int32 index (clamped), the rest are the branches' operands. */
#include "op/attrs.h"
#include "op/derive.h"
#include "runtime/execute.h"
#include <cuirax/control.h>

static const CxField cond_fields[] = {CX_FIELD(CxCondAttrs, branches, GRAPHS, 0, NULL), CX_FIELDS_END};

static const CxGraphs *branches_of(const CxApp *a) { return &((const CxCondAttrs *)a->attrs)->branches; }

static uint32_t cond_nout(uint32_t nin, const void *attrs) {
  (void)nin;
  const CxGraphs *b = &((const CxCondAttrs *)attrs)->branches;
  return b->n ? b->v[0]->out.n : 0;
}

static bool cond_type(const CxApp *a, const CxType **out) {
  const CxGraphs *b = branches_of(a);
  if (b->n < 1 || a->nin < 1) return type_fail(a, "needs an index and at least one branch");
  if (a->types[0]->dtype != CX_I32 || a->types[0]->rank) return type_fail(a, "the index must be an int32 scalar");
  for (int k = 0; k < b->n; k++) {
    const CxGraph *g = b->v[k];
    if (g->in.n + 1 != a->nin || g->out.n != b->v[0]->out.n) return type_fail(a, "branch %d has other numbers of operands or results", k);
    for (uint32_t i = 0; i < g->in.n; i++)
      if (!type_fits(graph_type(g, g->in.v[i]), a->types[i + 1])) return type_fail(a, "operand %u does not have the type that branch %d wants", i + 1, k);
    for (uint32_t i = 0; i < g->out.n; i++)
      if (!type_fits(graph_type(g, g->out.v[i]), graph_type(b->v[0], b->v[0]->out.v[i]))) return type_fail(a, "result %u of branch %d has another type than that of branch 0", i, k);
  }
  for (uint32_t i = 0; i < b->v[0]->out.n; i++) out[i] = graph_type(b->v[0], b->v[0]->out.v[i]);
  return true;
}

static bool cond_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxGraphs *b = branches_of(a);
  int32_t k = *(const int32_t *)(const void *)a->in[0]->array.data;
  bool ok = graph_run_borrowed(b->v[k < 0 ? 0 : k >= b->n ? b->n - 1 : k], a->in + 1, a->nin - 1, out);
  for (uint32_t i = 0; ok && i < a->nout; i++) ok = (out[i] = node_as(out[i], types[i])) != NULL;
  return ok;
}

#define NEW(arena, type, n) ((type *)arena_alloc(arena, ((size_t)(n) + 1) * sizeof(type)))

static bool cond_bind(CxGraph *const *graphs, int n, const CxVal *in, uint32_t nin, CxVal *out) {
  CxCondAttrs attrs = {{graphs, n}};
  return cx_bind(CX_OP_COND, in, nin, &attrs, out, graphs[0]->out.n);
}

/* ---- jvp: a result's tangent is nonzero if it is in any branch ---- */

static void cond_jvp_in(CxArena *m, const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxGraphs *b = branches_of(a);
  bool *nonzero = NEW(m, bool, a->nin), *any = NEW(m, bool, a->nout);
  CxGraph **graphs = NEW(m, CxGraph *, b->n);
  CxVal *in = NEW(m, CxVal, 2 * a->nin), *both = NEW(m, CxVal, 2 * a->nout);
  if (!nonzero || !any || !graphs || !in || !both) return;
  uint32_t at = 0;
  for (uint32_t i = 0; i < a->nin; i++) in[at++] = a->in[i];
  for (uint32_t i = 1; i < a->nin; i++)
    if ((nonzero[i - 1] = t[i] != NULL)) in[at++] = t[i];
  for (int pass = 0; pass < 2; pass++)
    for (int k = 0; k < b->n; k++) {
      const CxDerivedGraph *d = derive_jvp(b->v[k], nonzero, pass ? any : NULL);
      if (!d) return;
      for (uint32_t i = 0; i < a->nout; i++) any[i] |= d->mask[i];
      graphs[k] = d->graph;
    }
  if (!cond_bind(graphs, b->n, in, at, both)) return;
  memcpy(out, both, a->nout * sizeof *out);
  for (uint32_t i = 0, k = a->nout; i < a->nout; i++)
    if (any[i]) tout[i] = both[k++];
}

static void cond_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  CxArena m = {0};
  cond_jvp_in(&m, a, t, out, tout);
  arena_free(&m);
}

/* ---- batch: a batched index runs every branch and selects ---- */

static void cond_select(const CxApp *a, CxArena *m, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  const CxGraphs *b = branches_of(a);
  bool *batched = NEW(m, bool, a->nin), *force = NEW(m, bool, a->nout);
  CxVal *in = NEW(m, CxVal, a->nin), *cases = NEW(m, CxVal, b->n);
  CxVals *results = NEW(m, CxVals, b->n);
  if (!batched || !force || !in || !cases || !results) return;
  for (uint32_t i = 0; i < a->nout; i++) force[i] = true;
  for (uint32_t i = 1; i < a->nin; i++) {
    batched[i - 1] = axis[i] >= 0;
    in[i - 1] = batched[i - 1] ? cx_move_axis(a->in[i], axis[i], 0) : a->in[i];
  }
  const char *axis_name = cx_thread.batching ? cx_thread.batching->axis_name : NULL;
  bool ok = true;
  for (int k = 0; ok && k < b->n; k++) {
    const CxDerivedGraph *d = derive_batch(b->v[k], batched, force, size, axis_name);
    ok = d && graph_apply(d->graph, in, a->nin - 1, &results[k]);
  }
  CxVal index = ok ? cx_clamp(cx_like(a->in[0], 0), a->in[0], cx_like(a->in[0], b->n - 1)) : NULL;
  for (uint32_t i = 0; index && i < a->nout; i++) {
    for (int k = 0; k < b->n; k++) cases[k] = results[k].v[i];
    const CxType *type = cx_type_of(cases[0]);
    if (!type) break;
    CxVal which = cx_broadcast_in_dim(index, type->rank, type->dims, (int64_t[]){0});
    out[i] = b->n == 1 ? cases[0] : cx_select_n(b->n == 2 ? cx_ne(which, cx_like(which, 0)) : which, (uint32_t)b->n, cases);
    out_axis[i] = 0;
  }
  for (int k = 0; k < b->n; k++) cx_vals_free(&results[k]);
}

static void cond_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  CxArena m = {0};
  const CxGraphs *b = branches_of(a);
  bool *batched = NEW(&m, bool, a->nin), *any = NEW(&m, bool, a->nout);
  CxGraph **graphs = NEW(&m, CxGraph *, b->n);
  CxVal *in = NEW(&m, CxVal, a->nin);
  const char *axis_name = cx_thread.batching ? cx_thread.batching->axis_name : NULL;
  bool ok = batched && any && graphs && in;
  if (ok && axis[0] >= 0) {
    cond_select(a, &m, axis, size, out, out_axis);
    ok = false;
  }
  for (uint32_t i = 0; ok && i < a->nin; i++) {
    in[i] = axis[i] >= 0 ? cx_move_axis(a->in[i], axis[i], 0) : a->in[i];
    if (i) batched[i - 1] = axis[i] >= 0;
  }
  for (int pass = 0; ok && pass < 2; pass++)
    for (int k = 0; ok && k < b->n; k++) {
      const CxDerivedGraph *d = derive_batch(b->v[k], batched, pass ? any : NULL, size, axis_name);
      if (!(ok = d != NULL)) break;
      for (uint32_t i = 0; i < a->nout; i++) any[i] |= d->mask[i];
      graphs[k] = d->graph;
    }
  if (ok && cond_bind(graphs, b->n, in, a->nin, out))
    for (uint32_t i = 0; i < a->nout; i++) out_axis[i] = any[i] ? 0 : -1;
  arena_free(&m);
}

/* ---- partial evaluation: each branch is split; the known cond returns the residuals of all branches, zeros for those not taken ---- */

/* (operands) -> known results, then every branch's residuals in turn */
static CxGraph *known_branch(const CxPartialGraph *const *p, int n, int self, uint32_t n_known) {
  const CxGraph *g = p[self]->known;
  CxFrame f;
  CxVals in = {0}, r = {0}, outs = {0};
  bool ok = frame_open(&f, g->name);
  for (uint32_t i = 0; ok && i < g->in.n; i++) {
    CxVal v = frame_input(&f, graph_type(g, g->in.v[i]));
    ok = v && cx_vals_push(&in, v);
  }
  ok = ok && graph_apply(g, in.v, in.n, &r);
  for (uint32_t i = 0; ok && i < n_known; i++) ok = cx_vals_push(&outs, r.v[i]);
  for (int k = 0; k < n; k++)
    for (uint32_t i = n_known; ok && i < p[k]->known->out.n; i++)
      ok = cx_vals_push(&outs, k == self ? r.v[i] : cx_convert_weak(cx_zeros(graph_type(p[k]->known, p[k]->known->out.v[i])), graph_type(p[k]->known, p[k]->known->out.v[i])->dtype,
                                                                     graph_type(p[k]->known, p[k]->known->out.v[i])->weak));
  CxGraph *made = frame_close(&f, ok, &outs);
  cx_vals_free(&in), cx_vals_free(&r), cx_vals_free(&outs);
  return made;
}

static void cond_partial_in(CxArena *m, CxTrace *t, const CxApp *a, CxVal *out) {
  const CxGraphs *b = branches_of(a);
  if (a->in[0]->trace == t) { /* the index itself is unknown */
    stage_append(t, a, out);
    return;
  }
  bool *unknown = NEW(m, bool, a->nin), *force = NEW(m, bool, a->nout);
  const CxPartialGraph **p = NEW(m, const CxPartialGraph *, b->n);
  CxGraph **graphs = NEW(m, CxGraph *, b->n);
  if (!unknown || !force || !p || !graphs) return;
  for (uint32_t i = 1; i < a->nin; i++) unknown[i - 1] = a->in[i]->trace == t;
  for (int pass = 0; pass < 2; pass++)
    for (int k = 0; k < b->n; k++) {
      if (!(p[k] = derive_partial(b->v[k], unknown, pass ? force : NULL))) return;
      for (uint32_t i = 0; i < a->nout; i++) force[i] |= !p[k]->known_out[i];
    }
  uint32_t n_known = 0, n_in = 1, total = 0, at = 0;
  for (uint32_t i = 0; i < a->nout; i++) n_known += !force[i];
  for (int k = 0; k < b->n; k++) total += p[k]->n_res;
  CxVal *in = NEW(m, CxVal, a->nin + total), *knowns = NEW(m, CxVal, a->nin), *results = NEW(m, CxVal, n_known + total), *rest = NEW(m, CxVal, a->nout);
  if (!in || !knowns || !results || !rest) return;
  in[0] = a->in[0];
  for (uint32_t i = 1; i < a->nin; i++)
    if (!unknown[i - 1]) knowns[n_in - 1] = in[n_in] = a->in[i], n_in++;
  bool ok = true;
  for (int k = 0; ok && k < b->n; k++) ok = (graphs[k] = known_branch(p, b->n, k, n_known)) != NULL;
  if (ok) {
    CxTrace *was = trace_enter(t->parent);
    ok = cond_bind(graphs, b->n, in, n_in, results);
    trace_leave(was);
  }
  for (int k = 0; k < b->n; k++) ref_release(graphs[k]), graphs[k] = NULL;
  if (!ok) return;
  for (uint32_t i = 0, k = 0; i < a->nout; i++)
    if (!force[i]) out[i] = results[k++];
  if (n_known == a->nout) return;
  /* the unknown cond: index, all residuals, unknown operands; each branch picks its own residuals */
  uint32_t n = 1, extra = n_known;
  in[0] = a->in[0];
  for (int k = 0; k < b->n; k++)
    for (uint32_t r = 0; r < p[k]->n_res; r++) in[n++] = p[k]->res_input[r] >= 0 ? knowns[p[k]->res_input[r]] : results[extra++];
  for (uint32_t i = 1; i < a->nin; i++)
    if (unknown[i - 1]) in[n++] = a->in[i];
  const CxType **types = NEW(m, const CxType *, n);
  int32_t *in_of = NEW(m, int32_t, n), *from = NEW(m, int32_t, a->nout);
  if (!types || !in_of || !from) return;
  for (uint32_t i = 0; i < n; i++)
    if (!(types[i] = cx_type_of(in[i]))) return;
  for (uint32_t i = 0; i < a->nout; i++) from[i] = (int32_t)i;
  for (int k = 0; k < b->n; k++) {
    uint32_t n_unknown = p[k]->unknown->in.n - p[k]->n_res;
    for (uint32_t r = 0; r < p[k]->n_res; r++) in_of[r] = (int32_t)(at + r);
    for (uint32_t i = 0; i < n_unknown; i++) in_of[p[k]->n_res + i] = (int32_t)(total + i);
    at += p[k]->n_res;
    if (!(graphs[k] = derive_rewired(p[k]->unknown, n - 1, types + 1, in_of, p[k]->unknown->out.n, from))) return;
  }
  CxCondAttrs attrs = {{graphs, b->n}};
  CxApp c = {.op = CX_OP_COND, .def = a->def, .attrs = &attrs, .nin = n, .nout = graphs[0]->out.n, .in = in, .types = types};
  stage_append(t, &c, rest);
  for (uint32_t i = 0, k = 0; i < a->nout; i++)
    if (force[i]) out[i] = rest[k++];
}

static void cond_partial(CxTrace *t, const CxApp *a, CxVal *out) {
  CxArena m = {0};
  cond_partial_in(&m, t, a, out);
  arena_free(&m);
}

/* ---- transpose: branch by branch ---- */

static void cond_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  CxArena m = {0};
  const CxGraphs *b = branches_of(a);
  bool *linear = NEW(&m, bool, a->nin), *has_ct = NEW(&m, bool, a->nout);
  CxGraph **graphs = NEW(&m, CxGraph *, b->n);
  CxVal *in = NEW(&m, CxVal, a->nin + a->nout), *out = NEW(&m, CxVal, a->nin);
  bool ok = linear && has_ct && graphs && in && out;
  uint32_t n = 1;
  if (ok) in[0] = a->in[0];
  for (uint32_t i = 1; ok && i < a->nin; i++) {
    linear[i - 1] = !a->in[i];
    if (a->in[i]) in[n++] = a->in[i];
  }
  for (uint32_t i = 0; ok && i < a->nout; i++)
    if ((has_ct[i] = ct[i] != NULL)) in[n++] = ct[i];
  for (int k = 0; ok && k < b->n; k++) {
    const CxDerivedGraph *d = derive_transpose(b->v[k], linear, has_ct, true);
    ok = d != NULL;
    graphs[k] = d ? d->graph : NULL;
  }
  if (ok && cond_bind(graphs, b->n, in, n, out))
    for (uint32_t i = 1, k = 0; i < a->nin; i++)
      if (linear[i - 1]) ct_in[i] = out[k++];
  arena_free(&m);
}

const CxOp cx_op_COND = {.name = "cond", .doc = "branches[clamp(index)] on the operands", .nin = -1, .nout = -1, .flags = CX_OP_REFS, .fields = cond_fields,
                         .attrs_bytes = sizeof(CxCondAttrs), .nout_rule = cond_nout, .type = cond_type, .exec = cond_exec, .jvp = cond_jvp,
                         .transpose = cond_transpose, .batch = cond_batch, .partial = cond_partial, .fold = rule_nofold};

bool cx_cond(CxVal index, CxGraph *const *branches, uint32_t n, const CxVal *args, uint32_t n_args, CxVals *out) {
  CxVal *in = cx_calloc((size_t)n_args + 1 + branches[0]->out.n, sizeof *in);
  bool ok = in != NULL;
  if (ok) {
    in[0] = index;
    memcpy(in + 1, args, n_args * sizeof *in);
    ok = cond_bind(branches, (int)n, in, n_args + 1, in + n_args + 1);
  }
  for (uint32_t i = 0; ok && i < branches[0]->out.n; i++) ok = cx_vals_push(out, in[n_args + 1 + i]);
  cx_free(in);
  return ok;
}
