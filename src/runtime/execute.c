/* See execute.h. The plan of a graph (which equations matter, which operands die where) is made once and kept with it. */
#include "runtime/execute.h"

#include "base/error.h"
#include "base/arena.h"
#include <sys/syscall.h>
#include <unistd.h>
#include <string.h>


bool (*execute_check)(const CxEqn *e, CxVal *out);
bool (*execute_compiled)(CxGraph *g, const CxVal *in, bool borrows_in, CxVal *out, bool *ok);
void (*execute_failed)(const CxEqn *e);

typedef struct Step {
  const CxEqn *eqn;
  const void *prepared;       /* for CxOp.run; NULL: exec */
  uint64_t dying, dying_in;   /* operands that are not used again: results of equations; inputs of the graph */
  uint32_t drop, drop_in;     /* variables released after this step end here in Plan.drop, Plan.drop_in */
} Step;

typedef struct Plan {
  CxArena arena;
  uint32_t n; /* live equations */
  Step *steps;
  uint32_t *drop, *drop_in;
  uint32_t max_io; /* most operands + results of one equation */
  char *kind;      /* VAR_… by variable */
  bool *moves;     /* by output: its variable is the result of an equation and no later output */
} Plan;
enum { VAR_RESULT, VAR_INPUT, VAR_CONST };

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

/* The step's quick form, where its op has one for these types. */
static const void *step_prepare(Plan *p, const CxGraph *g, const CxEqn *e) {
  const CxOp *def = cx_ops[e->op];
  if (!def->prepare || e->nin > 8 || e->nout != 1) return NULL;
  CxVal in[8];
  const CxType *types[9];
  for (uint32_t k = 0; k < e->nin; k++) {
    in[k] = p->kind[e->in[k]] == VAR_CONST ? graph_const_value(g, e->in[k]) : NULL;
    types[k] = graph_type(g, e->in[k]);
  }
  types[e->nin] = graph_type(g, e->out[0]);
  CxApp a = {.op = e->op, .def = def, .attrs = e->attrs, .nin = e->nin, .nout = 1, .in = in, .types = types};
  return def->prepare(&p->arena, &a, types + e->nin);
}

static void plan_step(Plan *p, const CxGraph *g, uint32_t index, const uint32_t *last, uint32_t *drops, uint32_t *drops_in) {
  const CxEqn *e = &g->eqns.v[index];
  Step *s = &p->steps[p->n++];
  s->eqn = e;
  s->prepared = step_prepare(p, g, e);
  for (uint32_t k = 0; k < e->nin; k++) {
    CxVar v = e->in[k];
    if (last[v] != index + 1) continue;
    bool input = p->kind[v] == VAR_INPUT;
    if (!reads_before(e, k)) *(input ? &p->drop_in[(*drops_in)++] : &p->drop[(*drops)++]) = v;
    if (k < 64 && !reads_before(e, k) && !reads_again(e, k)) *(input ? &s->dying_in : &s->dying) |= (uint64_t)1 << k;
  }
  for (uint32_t k = 0; k < e->nout; k++)
    if (!last[e->out[k]]) p->drop[(*drops)++] = e->out[k];
  s->drop = *drops;
  s->drop_in = *drops_in;
  if (e->nin + e->nout > p->max_io) p->max_io = e->nin + e->nout;
}

static void plan_outputs(Plan *p, const CxGraph *g, uint32_t *seen) {
  for (uint32_t i = g->out.n; i-- > 0;) {
    CxVar v = g->out.v[i];
    p->moves[i] = p->kind[v] == VAR_RESULT && seen[v];
    seen[v] = 0;
  }
}

static bool plan_fill(Plan *p, const CxGraph *g, uint32_t *last, bool *live) {
  uint32_t n = plan_liveness(g, last, live), drops = 0, drops_in = 0;
  size_t vars = (size_t)g->types.n + 1;
  TRY(p->steps = arena_alloc(&p->arena, ((size_t)n + 1) * sizeof *p->steps));
  TRY(p->drop = arena_alloc(&p->arena, vars * sizeof *p->drop));
  TRY(p->drop_in = arena_alloc(&p->arena, vars * sizeof *p->drop_in));
  TRY(p->kind = arena_alloc(&p->arena, vars));
  TRY(p->moves = arena_alloc(&p->arena, (size_t)g->out.n + 1));
  for (uint32_t i = 0; i < g->in.n; i++) p->kind[g->in.v[i]] = VAR_INPUT;
  for (uint32_t i = 0; i < g->consts.n; i++) p->kind[g->consts.v[i].var] = VAR_CONST;
  for (uint32_t i = 0; i < g->eqns.n; i++)
    if (live[i]) plan_step(p, g, i, last, &drops, &drops_in);
  plan_outputs(p, g, last);
  return !cx_failed();
}

static Plan *plan_new(const CxGraph *g) {
  uint32_t *last = cx_calloc(g->types.n, sizeof *last);
  bool *live = cx_calloc((size_t)g->eqns.n + 1, sizeof *live);
  Plan *p = cx_calloc(1, sizeof *p);
  bool ok = last && live && p && plan_fill(p, g, last, live);
  cx_free(last);
  cx_free(live);
  if (p && !ok) return plan_free(p), NULL;
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

/* One run of a graph. Constants are borrowed from the graph; inputs are the run's own or borrowed from the caller. */
typedef struct Run {
  CxGraph *graph;
  const Plan *plan;
  CxVal *env;           /* by variable */
  bool borrows_in;
  CxVal *io;            /* [max_io]: operands and results of a step */
  const CxType **types; /* [max_io] */
} Run;

static bool drops_result(const CxEqn *e) { /* its type stands nowhere */
  for (uint32_t i = 0; i < e->nout; i++)
    if (!e->out[i]) return true;
  return false;
}

bool execute_eqn(const CxGraph *g, const CxEqn *e, CxVal *io, const CxType **types, uint64_t dying) {
  CxVal *in = io, *out = io + e->nin;
  for (uint32_t i = 0; i < e->nin; i++) types[i] = in[i]->type;
  for (uint32_t i = 0; i < e->nout; i++) out[i] = NULL, types[e->nin + i] = graph_type(g, e->out[i]);
  CxApp a = {.op = e->op, .def = cx_ops[e->op], .attrs = e->attrs, .nin = e->nin, .nout = e->nout, .in = in, .types = types, .dying = dying};
  if ((!drops_result(e) || a.def->type(&a, types + e->nin)) && a.def->exec(&a, types + e->nin, out) &&
      (!execute_check || execute_check(e, out)))
    return true;
  for (uint32_t i = 0; i < e->nout; i++) cx_release(out[i]);
  return false;
}

static bool step_quick(const Run *r, const Step *s, uint64_t dying) {
  const CxEqn *e = s->eqn;
  CxVal *out = r->io + e->nin;
  *out = NULL;
  if (cx_ops[e->op]->run(s->prepared, r->io, dying, out) && (!execute_check || execute_check(e, out))) return true;
  cx_release(*out);
  return false;
}

static bool step_run(const Run *r, const Step *s) {
  const CxEqn *e = s->eqn;
  const Plan *p = r->plan;
  CxVal *env = r->env;
  for (uint32_t i = 0; i < e->nin; i++) r->io[i] = env[e->in[i]];
  uint64_t dying = r->borrows_in ? s->dying : s->dying | s->dying_in;
  if (!(s->prepared ? step_quick(r, s, dying) : execute_eqn(r->graph, e, r->io, r->types, dying))) {
    if (execute_failed) execute_failed(e);
    return false;
  }
  for (uint32_t i = 0; i < e->nout; i++) {
    if (e->out[i]) env[e->out[i]] = r->io[e->nin + i];
    else cx_release(r->io[e->nin + i]);
  }
  bool first = s == p->steps;
  for (uint32_t i = first ? 0 : s[-1].drop; i < s->drop; i++) cx_release(env[p->drop[i]]), env[p->drop[i]] = NULL;
  for (uint32_t i = first ? 0 : s[-1].drop_in; !r->borrows_in && i < s->drop_in; i++)
    cx_release(env[p->drop_in[i]]), env[p->drop_in[i]] = NULL;
  return true;
}

static void run_outputs(const Run *r, CxVal *out) {
  const CxGraph *g = r->graph;
  for (uint32_t i = 0; i < g->out.n; i++) {
    CxVal *v = &r->env[g->out.v[i]];
    out[i] = *v;
    if (r->plan->moves[i]) *v = NULL;
    else cx_retain(*v);
  }
}

/* What a run that failed leaves behind, and inputs of its own that no equation reads. */
static void run_end(const Run *r, bool ok) {
  const CxGraph *g = r->graph;
  for (uint32_t i = 0; !r->borrows_in && i < g->in.n; i++) cx_release(r->env[g->in.v[i]]);
  for (uint32_t v = 0; !ok && v < g->types.n; v++)
    if (r->plan->kind[v] == VAR_RESULT) cx_release(r->env[v]);
}

static bool run_planned(Run *r, CxVal *out) {
  CxVal io_small[32];
  const CxType *types_small[32];
  const Plan *p = r->plan;
  bool small = p->max_io <= 32;
  r->io = small ? io_small : cx_malloc(p->max_io * sizeof *r->io);
  r->types = small ? types_small : cx_malloc(p->max_io * sizeof *r->types);
  bool ok = r->io && r->types;
  for (uint32_t i = 0; ok && i < p->n; i++) ok = step_run(r, &p->steps[i]);
  if (ok) run_outputs(r, out);
  if (!small) cx_free(r->io), cx_free(r->types);
  return ok;
}

/* False with an error when nothing was done. */
static bool run_start(Run *r, const CxVal *in, uint32_t nin) {
  const CxGraph *g = r->graph;
  TRY(r->plan && r->env);
  if (nin != g->in.n) return cx_fail(CX_ERR_TYPE, "graph takes %u values, got %u", g->in.n, nin);
  for (uint32_t i = 0; i < g->consts.n; i++) r->env[g->consts.v[i].var] = g->consts.v[i].value;
  for (uint32_t i = 0; i < nin; i++) r->env[g->in.v[i]] = in[i];
  return true;
}

enum { ENV_SMALL = 256 };
static bool graph_run_as(CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out, bool borrows_in) {
  bool compiled_ok;
  if (execute_compiled && !execute_check && nin == g->in.n && execute_compiled(g, in, borrows_in, out, &compiled_ok)) return compiled_ok;
  CxVal small[ENV_SMALL];
  uint32_t n = g->types.n;
  Run r = {.graph = g, .plan = graph_plan(g), .env = small, .borrows_in = borrows_in};
  if (n > ENV_SMALL) r.env = cx_calloc(n, sizeof *r.env);
  else memset(small, 0, n * sizeof *small);
  bool ok = run_start(&r, in, nin);
  if (ok) {
    ok = run_planned(&r, out);
    run_end(&r, ok);
  } else {
    for (uint32_t i = 0; !borrows_in && i < nin; i++) cx_release(in[i]);
  }
  if (r.env != small) cx_free(r.env);
  return ok;
}

bool graph_run(CxGraph *g, CxVal *in, uint32_t nin, CxVal *out) { return graph_run_as(g, in, nin, out, false); }
bool graph_run_borrowed(CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out) { return graph_run_as(g, in, nin, out, true); }

bool (*execute_interrupted)(void);
bool execute_poll(void) { return !execute_interrupted || !execute_interrupted(); }

/* ---- stopping compiled loops ---- */

_Atomic(int32_t) execute_stop;
static struct sigaction stop_before; /* main thread only */

static void stop_on_signal(int number) {
  atomic_store_explicit(&execute_stop, 1, memory_order_relaxed);
  if (stop_before.sa_handler != SIG_DFL && stop_before.sa_handler != SIG_IGN) stop_before.sa_handler(number);
}

void stop_watch_start(StopWatch *w) {
  w->installed = false;
  if (!execute_interrupted || syscall(SYS_gettid) != getpid() || sigaction(SIGINT, NULL, &w->before)) return;
  bool plain = !(w->before.sa_flags & SA_SIGINFO) && w->before.sa_handler != SIG_DFL && w->before.sa_handler != SIG_IGN;
  if (!plain || w->before.sa_handler == stop_on_signal) return;
  stop_before = w->before;
  struct sigaction ours = w->before;
  ours.sa_handler = stop_on_signal;
  w->installed = sigaction(SIGINT, &ours, NULL) == 0;
}

void stop_watch_end(StopWatch *w) {
  if (w->installed) sigaction(SIGINT, &w->before, NULL);
}
