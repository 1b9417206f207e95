/* Dead code: keeps the equations that a result or an effect needs, in regions too, and of calls, branches and loops only the results and
 * operands that are needed (prune.c). Backwards once to find what is live, forwards once to copy it. */
#include "compile/prune.h"

typedef struct Dce {
  PassRun *run; /* NULL: regions are final already */
  const CxGraph *from;
  CxGraph *to;
  bool *used, *live; /* by variable, by equation */
  Pruned *pruned;    /* by equation */
  CxVar *map;
  CxArena arena; /* attributes and masks of `pruned` */
  bool changed;
} Dce;

static bool is_live(const CxEqn *e, const bool *used) {
  if (eqn_has_effect(e)) return true;
  for (uint32_t i = 0; i < e->nout; i++)
    if (used[e->out[i]]) return true;
  return false;
}

static void mark_outputs(const CxGraph *g, const bool *keep_out, bool *used) {
  for (uint32_t i = 0; i < g->out.n; i++)
    if (!keep_out || keep_out[i]) used[g->out.v[i]] = true;
}

bool graph_live_inputs(const CxGraph *g, const bool *keep_out, bool *in) {
  bool *used = cx_calloc(g->types.n, sizeof *used);
  if (!used) return false;
  mark_outputs(g, keep_out, used);
  for (uint32_t i = g->eqns.n; i-- > 0;) {
    used[0] = false;
    if (is_live(&g->eqns.v[i], used))
      for (uint32_t k = 0; k < g->eqns.v[i].nin; k++) used[g->eqns.v[i].in[k]] = true;
  }
  for (uint32_t i = 0; i < g->in.n; i++) in[i] = used[g->in.v[i]];
  cx_free(used);
  return true;
}

/* ---- backwards: what is live ---- */

static bool mark_region(Dce *d, const CxEqn *e, Pruned *p) {
  p->attrs = d->run ? run_attrs(d->run, &d->arena, cx_ops[e->op], e->attrs) : e->attrs;
  bool *want = arena_alloc(&d->arena, (size_t)e->nout + 1);
  TRY(p->attrs && want);
  for (uint32_t i = 0; i < e->nout; i++) want[i] = d->used[e->out[i]];
  TRY(prune(&d->arena, e, want, p));
  d->changed |= p->attrs != e->attrs;
  return true;
}

static bool mark(Dce *d, const bool *keep_out) {
  const CxGraph *g = d->from;
  mark_outputs(g, keep_out, d->used);
  for (uint32_t i = g->eqns.n; i-- > 0;) {
    const CxEqn *e = &g->eqns.v[i];
    Pruned *p = &d->pruned[i];
    TRY(!d->run || run_tick(d->run));
    d->used[0] = false;
    if (!(d->live[i] = is_live(e, d->used))) {
      d->changed = true;
      if (d->run) d->run->rewritten++;
      continue;
    }
    *p = (Pruned){.attrs = e->attrs};
    if (cx_ops[e->op]->flags & CX_OP_REFS) TRY(mark_region(d, e, p));
    for (uint32_t k = 0; k < e->nin; k++)
      if (!p->in || p->in[k]) d->used[e->in[k]] = true;
  }
  d->used[0] = false;
  return true;
}

/* ---- forwards: the copy ---- */

static bool copy_eqn(Dce *d, const CxEqn *e, const Pruned *p, CxArena *arena) {
  CxVar *in = arena_alloc(arena, ((size_t)e->nin + e->nout + 1) * sizeof *in), *out = in ? in + e->nin : NULL;
  const CxType **types = arena_alloc(arena, ((size_t)e->nout + 1) * sizeof *types);
  uint32_t nin = 0, nout = 0;
  TRY(in && types);
  for (uint32_t i = 0; i < e->nin; i++)
    if (!p->in || p->in[i]) in[nin++] = d->map[e->in[i]];
  for (uint32_t i = 0; i < e->nout; i++) {
    if (p->out && !p->out[i]) continue;
    types[nout++] = d->used[e->out[i]] ? d->from->types.v[e->out[i]] : NULL;
    d->changed |= e->out[i] && !types[nout - 1];
  }
  TRY(graph_eqn(d->to, e->op, nin, in, p->attrs, nout, types, out, e->where));
  if (e->name_stack) d->to->eqns.v[d->to->eqns.n - 1].name_stack = arena_string(&d->to->arena, e->name_stack);
  for (uint32_t i = 0, k = 0; i < e->nout; i++)
    if (!p->out || p->out[i]) d->map[e->out[i]] = out[k++];
  d->map[0] = 0;
  return true;
}

static bool copy_live(Dce *d, const bool *keep_in, const bool *keep_out) {
  const CxGraph *g = d->from;
  CxArena arena = {0};
  bool ok = true;
  for (uint32_t i = 0; i < g->consts.n; i++) {
    d->changed |= !d->used[g->consts.v[i].var];
    if (d->used[g->consts.v[i].var]) d->map[g->consts.v[i].var] = graph_const(d->to, g->consts.v[i].value);
  }
  for (uint32_t i = 0; i < g->in.n; i++)
    if (!keep_in || keep_in[i]) d->map[g->in.v[i]] = graph_input(d->to, g->types.v[g->in.v[i]]);
  for (uint32_t i = 0; ok && i < g->eqns.n; i++) {
    if (!d->live[i]) continue;
    ok = copy_eqn(d, &g->eqns.v[i], &d->pruned[i], &arena);
    arena_free(&arena);
  }
  for (uint32_t i = 0; ok && i < g->out.n; i++)
    if (!keep_out || keep_out[i]) ok = graph_output(d->to, d->map[g->out.v[i]]);
  return ok && !cx_failed();
}

CxGraph *graph_live_part(PassRun *run, CxGraph *g, const bool *keep_in, const bool *keep_out) {
  size_t vars = g->types.n, eqns = (size_t)g->eqns.n + 1;
  Dce d = {.run = run, .from = g, .to = graph_new(g->name), .changed = keep_in || keep_out};
  d.used = cx_calloc(vars, sizeof *d.used), d.live = cx_calloc(eqns, sizeof *d.live);
  d.pruned = cx_calloc(eqns, sizeof *d.pruned), d.map = cx_calloc(vars, sizeof *d.map);
  bool ok = d.to && d.used && d.live && d.pruned && d.map && mark(&d, keep_out) && copy_live(&d, keep_in, keep_out);
  cx_free(d.used), cx_free(d.live), cx_free(d.pruned), cx_free(d.map);
  arena_free(&d.arena);
  if (ok && d.changed) return d.to;
  ref_release(d.to);
  return ok ? ref_retain(g) : NULL;
}

CxGraph *pass_dce(PassRun *run, CxGraph *g) { return graph_live_part(run, g, NULL, NULL); }
