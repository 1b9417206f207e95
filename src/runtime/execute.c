/* See execute.h. The plan of a graph (which equations matter, which operands die where) is made once and kept with it. */
#include "runtime/execute.h"

#include "base/error.h"
#include "base/arena.h"


bool (*execute_check)(const CxEqn *e, CxVal *out);
void (*execute_failed)(const CxEqn *e);

typedef struct Step {
  uint32_t eqn;      /* index in the graph */
  uint64_t dying;    /* operands that are not used again */
  uint32_t drop_end; /* variables released after this step end here in Plan.drop */
} Step;

typedef struct Plan {
  CxArena arena;
  uint32_t n; /* live equations */
  Step *steps;
  uint32_t *drop;
  uint32_t max_io; /* most operands + results of one equation */
} Plan;

static void plan_free(void *p) {
  arena_free(&((Plan *)p)->arena);
  cx_free(p);
}

static bool region_has_effects(const CxEqn *e) {
  const CxField *f = cx_ops[e->op]->flags & CX_OP_REFS ? cx_ops[e->op]->fields : NULL;
  for (; f && f->name; f++) {
    const void *p = (const char *)e->attrs + f->offset;
    if (f->kind == CX_FIELD_GRAPH && *(CxGraph *const *)p && (*(CxGraph *const *)p)->has_effects) return true;
    if (f->kind == CX_FIELD_GRAPHS)
      for (int i = 0; i < ((const CxGraphs *)p)->n; i++)
        if (((const CxGraphs *)p)->v[i]->has_effects) return true;
  }
  return false;
}

static bool eqn_live(const CxEqn *e, const uint32_t *last) {
  if ((cx_ops[e->op]->flags & CX_OP_EFFECT) || region_has_effects(e)) return true;
  for (uint32_t i = 0; i < e->nout; i++)
    if (last[e->out[i]]) return true;
  return false;
}

/* last[v]: 1 + index of the last live equation that reads v; UINT32_MAX for outputs and constants; 0: never read */
static uint32_t plan_liveness(const CxGraph *g, uint32_t *last, bool *live) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < g->out.n; i++) last[g->out.v[i]] = UINT32_MAX;
  for (uint32_t i = 0; i < g->consts.n; i++) last[g->consts.v[i].var] = UINT32_MAX;
  for (uint32_t i = g->eqns.n; i-- > 0;) {
    const CxEqn *e = &g->eqns.v[i];
    if (!(live[i] = eqn_live(e, last))) continue;
    n++;
    for (uint32_t k = 0; k < e->nin; k++)
      if (!last[e->in[k]]) last[e->in[k]] = i + 1;
  }
  return n;
}

static bool reads_before(const CxEqn *e, uint32_t k) {
  for (uint32_t m = 0; m < k; m++)
    if (e->in[m] == e->in[k]) return true;
  return false;
}
static bool reads_again(const CxEqn *e, uint32_t k) {
  for (uint32_t m = k + 1; m < e->nin; m++)
    if (e->in[m] == e->in[k]) return true;
  return false;
}

static void plan_step(Plan *p, const CxEqn *e, uint32_t index, const uint32_t *last, uint32_t *drops) {
  Step *s = &p->steps[p->n++];
  s->eqn = index;
  for (uint32_t k = 0; k < e->nin; k++) {
    if (last[e->in[k]] != index + 1) continue;
    if (!reads_before(e, k)) p->drop[(*drops)++] = e->in[k];
    if (k < 64 && !reads_before(e, k) && !reads_again(e, k)) s->dying |= (uint64_t)1 << k;
  }
  for (uint32_t k = 0; k < e->nout; k++)
    if (!last[e->out[k]]) p->drop[(*drops)++] = e->out[k];
  s->drop_end = *drops;
  if (e->nin + e->nout > p->max_io) p->max_io = e->nin + e->nout;
}

static Plan *plan_new(const CxGraph *g) {
  uint32_t *last = cx_calloc(g->types.n, sizeof *last), drops = 0;
  bool *live = cx_calloc((size_t)g->eqns.n + 1, sizeof *live);
  Plan *p = cx_calloc(1, sizeof *p);
  if (last && live && p) {
    uint32_t n = plan_liveness(g, last, live);
    p->steps = arena_alloc(&p->arena, ((size_t)n + 1) * sizeof *p->steps);
    p->drop = arena_alloc(&p->arena, ((size_t)g->types.n + 1) * sizeof *p->drop);
    for (uint32_t i = 0; p->steps && p->drop && i < g->eqns.n; i++)
      if (live[i]) plan_step(p, &g->eqns.v[i], i, last, &drops);
  }
  cx_free(last);
  cx_free(live);
  if (p && (!p->steps || !p->drop)) return plan_free(p), NULL;
  return p;
}

static const Plan *graph_plan(CxGraph *g) {
  void *p = g->plan;
  if (p) return p;
  graph_plan_free = plan_free;
  Plan *mine = plan_new(g);
  if (!mine) return NULL;
  if (atomic_compare_exchange_strong(&g->plan, &p, mine)) return mine;
  plan_free(mine); /* another thread was first */
  return p;
}

static bool step_run(CxGraph *g, const Plan *p, const Step *s, CxVal *env, CxVal *io, const CxType **types) {
  const CxEqn *e = &g->eqns.v[s->eqn];
  CxVal *in = io, *out = io + e->nin;
  for (uint32_t i = 0; i < e->nin; i++) in[i] = env[e->in[i]], types[i] = in[i]->type;
  for (uint32_t i = 0; i < e->nout; i++) out[i] = NULL, types[e->nin + i] = graph_type(g, e->out[i]);
  CxApp a = {.op = e->op, .def = cx_ops[e->op], .attrs = e->attrs, .nin = e->nin, .nout = e->nout, .in = in, .types = types, .dying = s->dying};
  bool ok = a.def->exec(&a, types + e->nin, out) && (!execute_check || execute_check(e, out));
  if (!ok) {
    if (execute_failed) execute_failed(e);
    for (uint32_t i = 0; i < e->nout; i++) cx_release(out[i]);
    return false;
  }
  for (uint32_t i = 0; i < e->nout; i++) env[e->out[i]] = out[i];
  uint32_t from = s == p->steps ? 0 : s[-1].drop_end;
  for (uint32_t i = from; i < s->drop_end; i++) cx_release(env[p->drop[i]]), env[p->drop[i]] = NULL;
  return true;
}

static bool graph_run_planned(CxGraph *g, const Plan *p, CxVal *env, CxVal *out) {
  CxVal io_small[32], *io = io_small;
  const CxType *types_small[32], **types = types_small;
  if (p->max_io > 32) {
    io = cx_malloc(p->max_io * sizeof *io);
    types = cx_malloc(p->max_io * sizeof *types);
  }
  bool ok = io && types;
  for (uint32_t i = 0; ok && i < p->n; i++) ok = step_run(g, p, &p->steps[i], env, io, types);
  for (uint32_t i = 0; ok && i < g->out.n; i++) out[i] = cx_retain(env[g->out.v[i]]);
  if (io != io_small) cx_free(io);
  if (types != types_small) cx_free(types);
  return ok;
}

bool graph_run(CxGraph *g, CxVal *in, uint32_t nin, CxVal *out) {
  const Plan *p = graph_plan(g);
  CxVal small[64] = {0}, *env = small;
  if (g->types.n > 64) env = cx_calloc(g->types.n, sizeof *env);
  bool ok = p && env && (nin == g->in.n || cx_fail(CX_ERR_TYPE, "graph takes %u values, got %u", g->in.n, nin));
  if (ok) {
    for (uint32_t i = 0; i < g->consts.n; i++) env[g->consts.v[i].var] = cx_retain(g->consts.v[i].value);
    for (uint32_t i = 0; i < nin; i++) env[g->in.v[i]] = in[i];
    ok = graph_run_planned(g, p, env, out);
    for (uint32_t i = 0; i < g->types.n; i++) cx_release(env[i]);
  } else {
    for (uint32_t i = 0; i < nin; i++) cx_release(in[i]);
  }
  if (env != small) cx_free(env);
  return ok;
}

bool graph_run_borrowed(CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out) {
  CxVal small[32], *own = small;
  if (nin > 32 && !(own = cx_malloc(nin * sizeof *own))) return false;
  for (uint32_t i = 0; i < nin; i++) own[i] = cx_retain(in[i]);
  bool ok = graph_run(g, own, nin, out);
  if (own != small) cx_free(own);
  return ok;
}

bool (*execute_interrupted)(void);
bool execute_poll(void) { return !execute_interrupted || !execute_interrupted(); }
