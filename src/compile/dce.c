/* Dead code: keeps the equations that a result or an effect needs, in regions too. */
#include "compile/rewrite.h"

static bool is_live(const CxEqn *e, const bool *used) {
  if (eqn_has_effect(e)) return true;
  for (uint32_t i = 0; i < e->nout; i++)
    if (used[e->out[i]]) return true;
  return false;
}

/* Marks what is used, from the end; returns the number of equations to keep. */
static uint32_t mark(PassRun *run, const CxGraph *g, bool *used, bool *live) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < g->out.n; i++) used[g->out.v[i]] = true;
  for (uint32_t i = g->eqns.n; i-- > 0 && run_tick(run);) {
    const CxEqn *e = &g->eqns.v[i];
    used[0] = false;
    if (!(live[i] = is_live(e, used))) continue;
    n++;
    for (uint32_t k = 0; k < e->nin; k++) used[e->in[k]] = true;
  }
  used[0] = false;
  return n;
}

typedef struct Copy {
  PassRun *run;
  const CxGraph *from;
  CxGraph *to;
  CxVar *map;
  const bool *used;
  bool changed;
} Copy;

static bool copy_eqn(Copy *c, const CxEqn *e, CxArena *arena) {
  CxVar *in = arena_alloc(arena, ((size_t)e->nin + e->nout + 1) * sizeof *in), *out = in ? in + e->nin : NULL;
  const CxType **types = arena_alloc(arena, ((size_t)e->nout + 1) * sizeof *types);
  TRY(in && types);
  for (uint32_t i = 0; i < e->nin; i++) in[i] = c->map[e->in[i]];
  for (uint32_t i = 0; i < e->nout; i++) {
    types[i] = c->used[e->out[i]] ? c->from->types.v[e->out[i]] : NULL;
    c->changed |= e->out[i] && !types[i];
  }
  const void *attrs = run_attrs(c->run, arena, cx_ops[e->op], e->attrs);
  c->changed |= attrs != e->attrs;
  TRY((attrs || !e->attrs) && graph_eqn(c->to, e->op, e->nin, in, attrs, e->nout, types, out, e->where));
  if (e->name_stack) c->to->eqns.v[c->to->eqns.n - 1].name_stack = arena_string(&c->to->arena, e->name_stack);
  for (uint32_t i = 0; i < e->nout; i++) c->map[e->out[i]] = out[i];
  c->map[0] = 0;
  return true;
}

static bool copy_live(Copy *c, const bool *live) {
  const CxGraph *g = c->from;
  CxArena arena = {0};
  bool ok = true;
  for (uint32_t i = 0; i < g->consts.n; i++) {
    c->changed |= !c->used[g->consts.v[i].var];
    if (c->used[g->consts.v[i].var]) c->map[g->consts.v[i].var] = graph_const(c->to, g->consts.v[i].value);
  }
  for (uint32_t i = 0; i < g->in.n; i++) c->map[g->in.v[i]] = graph_input(c->to, g->types.v[g->in.v[i]]);
  for (uint32_t i = 0; ok && i < g->eqns.n; i++) {
    if (!live[i]) continue;
    ok = copy_eqn(c, &g->eqns.v[i], &arena);
    arena_free(&arena);
  }
  for (uint32_t i = 0; ok && i < g->out.n; i++) ok = graph_output(c->to, c->map[g->out.v[i]]);
  return ok && !cx_failed();
}

CxGraph *pass_dce(PassRun *run, CxGraph *g) {
  bool *used = cx_calloc(g->types.n, sizeof *used), *live = cx_calloc((size_t)g->eqns.n + 1, sizeof *live), ok = used && live;
  Copy c = {run, g, graph_new(g->name), cx_calloc(g->types.n, sizeof *c.map), used, false};
  if (ok && c.to && c.map) {
    uint32_t n = mark(run, g, used, live);
    run->rewritten += g->eqns.n - n;
    c.changed = n < g->eqns.n;
    ok = copy_live(&c, live);
  }
  ok = ok && c.to && c.map;
  cx_free(used), cx_free(live), cx_free(c.map);
  if (ok && c.changed) return c.to;
  ref_release(c.to);
  return ok ? ref_retain(g) : NULL;
}
