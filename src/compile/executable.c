/* See executable.h. An executable is the list of steps of lower.h with native code and, per step, the variables that it makes and those that it is the
 * last to use. Variables that native code writes get memory before the step: that of an operand that dies there, if that is safe, else new. */
#include "compile/executable.h"

#include "base/error.h"
#include "base/text.h"
#include "compile/passes.h"
#include "compile/select.h"
#include "emit/check_code.h"
#include "emit/emit.h"
#include "ir/node.h"
#include "runtime/execute.h"
#include "runtime/pool.h"
#include <cuirax/graph.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct Range {
  uint32_t from, to;
} Range;

typedef struct Step {
  StepKind kind;
  uint32_t eqn;
  CxVar var, of;      /* ALIAS */
  uint64_t dying;     /* CALL */
  Range makes, drops;    /* of Executable.vars */
  /* LOOPS */
  const LoopProgram *loops;
  Slots slots;
  EmitExec *exec;
  UopFn fn;
  _Atomic(EmitExec *) far; /* the form for huge arguments of sin, cos and tan: made when first needed */
  size_t code_bytes;
  bool stops; /* has loops that look at execute_stop */
} Step;

struct Executable {
  CxGraph *g;    /* what the passes made of the graph */
  bool borrowed; /* they changed nothing: g is the graph that owns the executable, and no reference is held */
  const CxType **out_types; /* of the graph that was given */
  PassReports passes;
  Lowered lowered;
  CxArena arena;
  Step *steps;
  uint32_t n, slots, max_io;
  VEC(CxVar) vars;
  Range ends;                /* of vars: what no step drops: results, and operands that nothing reads */
  int64_t scratch;
  int64_t peak;              /* bytes of intermediate arrays and scratch at most; results and operands not counted */
  double lowering, emitting; /* seconds */
};

/* ---- making ---- */

static void last_use(uint32_t *last, CxVar v, uint32_t step) {
  if (v != 0 && last[v] != UINT32_MAX) last[v] = step + 1;
}

static void uses_of(const Executable *x, uint32_t i, uint32_t *last) {
  const LoweredStep *s = &x->lowered.steps.v[i];
  if (s->kind == STEP_ALIAS) last_use(last, s->of, i), last_use(last, s->var, i);
  for (uint32_t k = 0; s->kind == STEP_LOOPS && k < s->loops->buffers.n; k++)
    if (s->loops->buffers.v[k].where == LOOP_VARIABLE) last_use(last, s->loops->buffers.v[k].var, i);
  if (s->kind != STEP_CALL) return;
  const CxEqn *e = &x->g->eqns.v[s->eqn];
  for (uint32_t k = 0; k < e->nin; k++) last_use(last, e->in[k], i);
  for (uint32_t k = 0; k < e->nout; k++) last_use(last, e->out[k], i);
}

static bool drop_once(Executable *x, uint32_t *last, CxVar v, uint32_t step) {
  if (v == 0 || last[v] != step + 1) return true;
  last[v] = 0;
  return vec_push(&x->vars, v);
}

static uint64_t dying_operands(const CxEqn *e, const uint32_t *last, uint32_t step) {
  uint64_t dying = 0;
  for (uint32_t k = 0; k < e->nin && k < 64; k++) {
    bool again = false;
    for (uint32_t m = 0; m < e->nin; m++) again |= m != k && e->in[m] == e->in[k];
    if (!again && last[e->in[k]] == step + 1) dying |= UINT64_C(1) << k;
  }
  return dying;
}

static bool step_drops(Executable *x, uint32_t i, uint32_t *last) {
  const LoweredStep *s = &x->lowered.steps.v[i];
  Step *to = &x->steps[i];
  bool ok = true;
  to->drops.from = x->vars.n;
  if (s->kind == STEP_ALIAS) ok = drop_once(x, last, s->of, i) && drop_once(x, last, s->var, i);
  for (uint32_t k = 0; ok && s->kind == STEP_LOOPS && k < s->loops->buffers.n; k++)
    if (s->loops->buffers.v[k].where == LOOP_VARIABLE) ok = drop_once(x, last, s->loops->buffers.v[k].var, i);
  if (s->kind == STEP_CALL) {
    const CxEqn *e = &x->g->eqns.v[s->eqn];
    to->dying = dying_operands(e, last, i);
    for (uint32_t k = 0; ok && k < e->nin; k++) ok = drop_once(x, last, e->in[k], i);
    for (uint32_t k = 0; ok && k < e->nout; k++) ok = drop_once(x, last, e->out[k], i);
    if (e->nin + e->nout > x->max_io) x->max_io = e->nin + e->nout;
  }
  to->drops.to = x->vars.n;
  return ok;
}

/* The slots are the same for both forms. */
static EmitExec *native(const LoopProgram *p, EmitTarget target, bool near, Slots *slots, size_t *bytes) {
  UopCode code = {0};
  EmitCode *made = select_program(p, target, near, &code, slots) ? emit_compile(&code) : NULL;
  EmitExec *exec = made && emit_check(made) ? emit_load(made) : NULL; /* nothing is loaded that the validator has not read */
  if (exec) *bytes = made->size;
  emit_code_free(made);
  uop_free(&code);
  return exec;
}

static bool step_native(Executable *x, Step *s, EmitTarget target, bool *there) {
  const LoopProgram *p = s->loops;
  s->exec = loop_check(p) ? native(p, target, true, &s->slots, &s->code_bytes) : NULL;
  if (s->exec) s->fn = emit_fn(s->exec);
  if (s->slots.n > x->slots) x->slots = s->slots.n;
  for (uint32_t k = 1; k < s->slots.n; k++) s->stops |= s->slots.v[k].buffer == SLOT_STOP;
  if (p->scratch > x->scratch) x->scratch = p->scratch;
  s->makes.from = x->vars.n;
  for (uint32_t k = 0; k < p->buffers.n; k++) {
    const LoopBuffer *b = &p->buffers.v[k];
    if (b->where != LOOP_VARIABLE || !b->written || there[b->var]) continue;
    there[b->var] = true; /* another program may write the rest of it */
    if (!vec_push(&x->vars, b->var)) return false;
  }
  s->makes.to = x->vars.n;
  return s->exec != NULL;
}

/* Constants are the graph's own and never released by a run. */
static bool ends_make(Executable *x, const uint32_t *last, const bool *unread) {
  const CxGraph *g = x->g;
  bool *done = cx_calloc(g->types.n, 1), ok = done != NULL;
  x->ends.from = x->vars.n;
  for (uint32_t i = 0; ok && i < g->consts.n; i++) done[g->consts.v[i].var] = true;
  for (uint32_t i = 0; ok && i < g->in.n; i++)
    if (unread[i] && !done[g->in.v[i]]) done[g->in.v[i]] = true, ok = vec_push(&x->vars, g->in.v[i]);
  for (uint32_t i = 0; ok && i < g->out.n; i++)
    if (last[g->out.v[i]] == UINT32_MAX && !done[g->out.v[i]]) done[g->out.v[i]] = true, ok = vec_push(&x->vars, g->out.v[i]);
  x->ends.to = x->vars.n;
  cx_free(done);
  return ok;
}

static bool steps_make(Executable *x, uint32_t *last) {
  const CxGraph *g = x->g;
  EmitTarget target = emit_target_detect();
  bool *there = arena_alloc(&x->arena, g->types.n);
  if (!there) return false;
  for (uint32_t i = 0; i < g->out.n; i++) last[g->out.v[i]] = UINT32_MAX;
  for (uint32_t i = 0; i < g->consts.n; i++) last[g->consts.v[i].var] = UINT32_MAX;
  for (uint32_t i = 0; i < x->n; i++) uses_of(x, i, last);
  bool *unread = arena_alloc(&x->arena, (size_t)g->in.n + 1);
  if (!unread) return false;
  for (uint32_t i = 0; i < g->in.n; i++) unread[i] = last[g->in.v[i]] == 0;
  for (uint32_t i = 0; i < x->n; i++) {
    const LoweredStep *s = &x->lowered.steps.v[i];
    x->steps[i] = (Step){.kind = s->kind, .eqn = s->eqn, .var = s->var, .of = s->of, .loops = s->loops};
    if (s->kind == STEP_LOOPS && !step_native(x, &x->steps[i], target, there)) return false;
    if (!step_drops(x, i, last)) return false;
  }
  return ends_make(x, last, unread);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What a run holds beside its operands and results, step by step. */
static void measure_memory(Executable *x) {
  int64_t held = 0, most = 0;
  bool *mine = cx_calloc(x->g->types.n, 1);
  for (uint32_t i = 0; mine && i < x->n; i++) {
    const Step *s = &x->steps[i];
    const CxEqn *e = s->kind == STEP_CALL ? &x->g->eqns.v[s->eqn] : NULL;
    for (uint32_t k = s->makes.from; k < s->makes.to; k++) mine[x->vars.v[k]] = true, held += (int64_t)type_bytes(graph_type(x->g, x->vars.v[k]));
    for (uint32_t k = 0; e && k < e->nout; k++)
      if (e->out[k]) mine[e->out[k]] = true, held += (int64_t)type_bytes(graph_type(x->g, e->out[k]));
    if (held > most) most = held;
    for (uint32_t k = s->drops.from; k < s->drops.to; k++)
      if (mine[x->vars.v[k]]) held -= (int64_t)type_bytes(graph_type(x->g, x->vars.v[k]));
  }
  for (uint32_t i = 0; mine && i < x->g->out.n; i++)
    if (mine[x->g->out.v[i]]) most -= (int64_t)type_bytes(graph_type(x->g, x->g->out.v[i])), mine[x->g->out.v[i]] = false;
  x->peak = (most > 0 ? most : 0) + x->scratch;
  cx_free(mine);
}

Executable *executable_new(CxGraph *g) {
  Executable *x = cx_calloc(1, sizeof *x);
  if (!x) return NULL;
  double start = now();
  bool ok = passes_run(g, passes_default, &(PassOptions){0}, &x->passes, &x->g) && lower_graph(x->g, &x->lowered);
  if (x->g == g) x->borrowed = true, cx_graph_release(g);
  double lowered = now();
  x->lowering = lowered - start;
  x->n = x->lowered.steps.n;
  x->steps = ok ? arena_alloc(&x->arena, ((size_t)x->n + 1) * sizeof *x->steps) : NULL;
  x->out_types = arena_alloc(&x->arena, (g->out.n + 1) * sizeof *x->out_types);
  ok = ok && x->out_types;
  for (uint32_t i = 0; ok && i < g->out.n; i++) x->out_types[i] = graph_type(g, g->out.v[i]);
  uint32_t *last = ok ? cx_calloc(x->g->types.n, sizeof *last) : NULL;
  ok = ok && x->steps && last && steps_make(x, last);
  cx_free(last);
  if (ok) measure_memory(x);
  else executable_free(x);
  if (!ok) return NULL;
  x->emitting = now() - lowered;
  return x;
}

void executable_free(Executable *x) {
  if (!x) return;
  for (uint32_t i = 0; x->steps && i < x->n; i++) {
    emit_unload(x->steps[i].exec);
    emit_unload(x->steps[i].far);
    vec_free(&x->steps[i].slots);
  }
  lowered_free(&x->lowered);
  if (!x->borrowed) cx_graph_release(x->g);
  vec_free(&x->vars);
  arena_free(&x->arena);
  cx_free(x);
}

/* ---- running ---- */

typedef struct Run {
  const Executable *x;
  CxVal *env;
  char *scratch;
  void **slots;
} Run;

static UopFn fn_far(Step *s) {
  EmitExec *far = s->far;
  if (far) return emit_fn(far);
  Slots slots = {0};
  size_t bytes;
  EmitExec *mine = native(s->loops, emit_target_detect(), false, &slots, &bytes);
  vec_free(&slots);
  if (mine && !atomic_compare_exchange_strong(&s->far, &far, mine)) emit_unload(mine);
  else far = mine;
  return far ? emit_fn(far) : NULL;
}

/* A loop that was asked to stop starts again, unless the host wants an end: until it has finished, it has changed nothing that anybody sees. */
static bool fn_run(Step *s, void **slots) {
  UopFn fn = s->fn;
  for (;;) {
    int32_t status = fn(slots);
    if (status == 0) return true;
    if (status == STATUS_FAR && fn == s->fn) {
      if (!(fn = fn_far(s))) return false;
      continue;
    }
    if (status != STATUS_STOPPED) return cx_fail(CX_ERR_INTERNAL, "compiled code ended with status %d", (int)status);
    atomic_store(&execute_stop, 0);
    if (!execute_poll()) return false;
  }
}

/* A share of the turns, or all of them. */
static bool run_share(const Run *r, Step *s, char *scratch, void **slots, int64_t first, int64_t count) {
  const LoopProgram *p = s->loops;
  int64_t share[2] = {first, count};
  slots[0] = share;
  for (uint32_t k = 1; k < s->slots.n; k++) {
    if (s->slots.v[k].buffer == SLOT_STOP) {
      slots[k] = &execute_stop;
      continue;
    }
    const LoopBuffer *b = &p->buffers.v[s->slots.v[k].buffer];
    char *base = b->where == LOOP_SCRATCH ? scratch + b->offset : r->env[b->var]->array.data;
    slots[k] = base + (b->where == LOOP_SCRATCH ? 0 : first * s->slots.v[k].step);
  }
  return fn_run(s, slots);
}

typedef struct Shared {
  const Run *r;
  Step *s;
} Shared;

/* Every thread has slots and scratch of its own. */
static bool run_part(void *env, int64_t begin, int64_t end) {
  Shared *j = env;
  uint32_t n = j->s->slots.n;
  CxBuffer *own = buffer_new((size_t)j->s->loops->scratch + 64 + n * sizeof(void *));
  if (!own) return false;
  bool ok = run_share(j->r, j->s, own->data, (void **)(void *)((char *)own->data + j->s->loops->scratch), begin, end - begin);
  buffer_release(own);
  return ok;
}

static bool run_shared(Run *r, Step *s) {
  enum { SHARE_WORK = 1 << 15, SHARE_ALIGN = 64 };
  int64_t turns = s->loops->code.v[0].extent, most = 1;
  for (uint32_t k = 0; k < s->loops->buffers.n; k++)
    if (s->loops->buffers.v[k].count > most) most = s->loops->buffers.v[k].count;
  int64_t work = most / turns, grain = SHARE_WORK / (work > 0 ? work : 1);
  Shared j = {r, s};
  return pool_for(turns, (grain + SHARE_ALIGN) / SHARE_ALIGN * SHARE_ALIGN, run_part, &j);
}

static bool run_loops(Run *r, Step *s) {
  for (uint32_t i = s->makes.from; i < s->makes.to; i++) {
    CxVar v = r->x->vars.v[i];
    if (!(r->env[v] = node_array(graph_type(r->x->g, v)))) return false;
  }
  if (s->loops->shared) return run_shared(r, s);
  StopWatch watch = {0};
  if (s->stops) stop_watch_start(&watch);
  bool ok = run_share(r, s, r->scratch, r->slots, 0, 0);
  if (s->stops) stop_watch_end(&watch);
  return ok;
}

static bool run_call(Run *r, const Step *s, CxVal *io, const CxType **types) {
  const CxEqn *e = &r->x->g->eqns.v[s->eqn];
  for (uint32_t i = 0; i < e->nin; i++) io[i] = r->env[e->in[i]];
  if (!execute_eqn(r->x->g, e, io, types, s->dying)) {
    if (execute_failed) execute_failed(e);
    return false;
  }
  for (uint32_t i = 0; i < e->nout; i++) {
    if (e->out[i]) r->env[e->out[i]] = io[e->nin + i];
    else cx_release(io[e->nin + i]); /* nobody asked for it */
  }
  return true;
}

static bool run_alias(Run *r, const Step *s) {
  return (r->env[s->var] = node_array_sharing(graph_type(r->x->g, s->var), r->env[s->of], 0)) != NULL;
}

static bool run_steps(Run *r) {
  const Executable *x = r->x;
  CxVal io_small[32], *io = io_small;
  const CxType *types_small[32], **types = types_small;
  if (x->max_io > 32) {
    io = cx_malloc(x->max_io * sizeof *io);
    types = cx_malloc(x->max_io * sizeof *types);
  }
  bool ok = io && types;
  for (uint32_t i = 0; ok && i < x->n; i++) {
    Step *s = &x->steps[i];
    ok = s->kind == STEP_LOOPS ? run_loops(r, s) : s->kind == STEP_CALL ? run_call(r, s, io, types) : run_alias(r, s);
    for (uint32_t k = s->drops.from; k < s->drops.to; k++) cx_release(r->env[x->vars.v[k]]), r->env[x->vars.v[k]] = NULL;
  }
  if (io != io_small) cx_free(io);
  if (types != types_small) cx_free(types);
  return ok;
}

/* Native code may read up to 64 bytes past the end, which only our own memory allows. */
static CxVal own_memory(CxVal v) {
  if (!v->array.buffer || !v->array.buffer->release) return v;
  CxVal copy = node_array(v->type);
  if (copy) memcpy(copy->array.data, v->array.data, type_bytes(v->type));
  cx_release(v);
  return copy;
}

/* After a failure: whatever is there. */
static void run_undo(Run *r) {
  const CxGraph *g = r->x->g;
  for (uint32_t i = 0; i < g->consts.n; i++) r->env[g->consts.v[i].var] = NULL;
  for (uint32_t i = 0; i < g->types.n; i++) cx_release(r->env[i]);
}

static bool run_with(Run *r, const CxVal *in, bool borrows_in, CxVal *out) {
  const Executable *x = r->x;
  const CxGraph *g = x->g;
  bool ok = true;
  for (uint32_t i = 0; i < g->consts.n; i++) r->env[g->consts.v[i].var] = g->consts.v[i].value;
  for (uint32_t i = 0; i < g->in.n; i++) ok = (r->env[g->in.v[i]] = own_memory(borrows_in ? cx_retain(in[i]) : in[i])) != NULL && ok;
  if (!ok || !run_steps(r)) return run_undo(r), false;
  for (uint32_t i = 0; i < g->out.n; i++) ok = (out[i] = node_as(cx_retain(r->env[g->out.v[i]]), x->out_types[i])) != NULL && ok; /* passes may change weakness */
  for (uint32_t i = x->ends.from; i < x->ends.to; i++) cx_release(r->env[x->vars.v[i]]);
  for (uint32_t i = 0; !ok && i < g->out.n; i++) cx_release(out[i]);
  return ok;
}

enum { SMALL = 64, SMALL_SCRATCH = 4096 };

bool executable_run(Executable *x, const CxVal *in, bool borrows_in, CxVal *out) {
  CxVal env_small[SMALL] = {0};
  void *slots_small[SMALL];
  _Alignas(64) char scratch_small[SMALL_SCRATCH];
  Run r = {.x = x, .env = env_small, .slots = slots_small, .scratch = scratch_small};
  CxBuffer *scratch = x->scratch > SMALL_SCRATCH ? buffer_new((size_t)x->scratch) : NULL;
  if (scratch) r.scratch = scratch->data;
  if (x->g->types.n > SMALL) r.env = cx_calloc(x->g->types.n, sizeof *r.env);
  if (x->slots > SMALL) r.slots = cx_malloc(x->slots * sizeof *r.slots);
  bool ok = r.env && r.slots && (scratch || x->scratch <= SMALL_SCRATCH);
  if (ok) ok = run_with(&r, in, borrows_in, out);
  else
    for (uint32_t i = 0; !borrows_in && i < x->g->in.n; i++) cx_release(in[i]);
  if (r.env != env_small) cx_free(r.env);
  if (r.slots != slots_small) cx_free(r.slots);
  buffer_release(scratch);
  return ok;
}

/* ---- in place of the reference executor ---- */

static int compile_at = 2; /* the run of a graph that compiles it; 0: never */
static bool compile_log;

static void *compiled_of(CxGraph *g) {
  void *x = atomic_load_explicit(&g->executable, memory_order_acquire);
  if (x) return x;
  if (compile_at == 0 || atomic_fetch_add_explicit(&g->runs, 1, memory_order_relaxed) + 1 != (uint32_t)compile_at) return NULL;
  Executable *mine = executable_new(g);
  if (!mine) {
    if (compile_log) fprintf(stderr, "cuirax: %s is not compiled: %s\n", g->name ? g->name : "a graph", cx_failed() ? cx_error()->text : "");
    cx_error_clear();
    return NULL; /* and not again: later runs are past the number */
  }
  if (atomic_compare_exchange_strong(&g->executable, &x, mine)) return mine;
  executable_free(mine); /* another thread was first */
  return x;
}

static bool run_compiled(CxGraph *g, const CxVal *in, bool borrows_in, CxVal *out, bool *ok) {
  Executable *x = compiled_of(g);
  if (!x) return false;
  *ok = executable_run(x, in, borrows_in, out);
  return true;
}

static void free_compiled(void *x) { executable_free(x); }

static void install(void) {
  const char *setting = getenv("CUIRAX_COMPILE");
  if (setting && setting[0] >= '0' && setting[0] <= '9') compile_at = atoi(setting);
  compile_log = getenv("CUIRAX_REPORT") != NULL;
  if (emit_target_detect() == EMIT_NONE) compile_at = 0;
  graph_executable_free = free_compiled;
  execute_compiled = compile_at ? run_compiled : NULL;
}

void compile_install(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
}

/* ---- report ---- */

static size_t code_size(const Executable *x) {
  size_t code = 0;
  for (uint32_t i = 0; i < x->n; i++) code += x->steps[i].code_bytes;
  return code;
}

static void print_summary(const Executable *x, CxText *to) {
  for (uint32_t i = 0; i < x->passes.n; i++)
    text_addf(to, "%-36s %9.1f us, %llu to %llu equations\n", x->passes.v[i].name, x->passes.v[i].seconds * 1e6, (unsigned long long)x->passes.v[i].before,
              (unsigned long long)x->passes.v[i].after);
  text_addf(to, "%-36s %9.1f us\n%-36s %9.1f us\n", "passes and lowering", x->lowering * 1e6, "checking, selecting and emitting", x->emitting * 1e6);
  text_addf(to, "%u equations in loops, %u by kernels, %u steps, %zu bytes of code for %s, %lld bytes of temporary memory\n", x->lowered.fused,
            x->lowered.called, x->n, code_size(x), emit_target_name(emit_target_detect()), (long long)x->peak);
}

static void print_uops(const LoopProgram *p, CxText *to) {
  UopCode code = {0};
  Slots slots = {0};
  if (select_program(p, emit_target_detect(), true, &code, &slots)) uop_print(&code, to);
  uop_free(&code);
  vec_free(&slots);
}

void executable_print(const Executable *x, bool uops, CxText *to) {
  print_summary(x, to);
  for (uint32_t i = 0; i < x->n; i++) {
    const Step *s = &x->steps[i];
    if (s->kind == STEP_CALL) text_addf(to, "call %s\n", cx_ops[x->g->eqns.v[s->eqn].op]->name);
    else if (s->kind == STEP_ALIAS) text_addf(to, "v%u = v%u\n", s->var, s->of);
    else if (uops) text_addf(to, "native%s\n", s->loops->shared ? ", shared among threads" : ""), print_uops(s->loops, to);
    else text_addf(to, "native%s\n", s->loops->shared ? ", shared among threads" : ""), loop_print(s->loops, to);
  }
}

static Executable *executable_of(CxGraph *g) {
  compile_install();
  if (emit_target_detect() == EMIT_NONE) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "this machine has no AVX2: programs run by the reference executor"), NULL;
  void *x = atomic_load_explicit(&g->executable, memory_order_acquire);
  Executable *mine = x ? NULL : executable_new(g);
  if (mine && !atomic_compare_exchange_strong(&g->executable, &x, mine)) executable_free(mine);
  else if (mine) x = mine;
  return x;
}

char *cx_graph_compiled_text(CxGraph *g, const char *what) {
  Executable *x = executable_of(g);
  CxText t = {0};
  if (!x) return NULL;
  if (strcmp(what, "report") == 0) print_summary(x, &t);
  else if (strcmp(what, "loops") == 0 || strcmp(what, "uops") == 0) executable_print(x, *what == 'u', &t);
  else if (strcmp(what, "graph") == 0) return cx_graph_text(x->g);
  else cx_fail(CX_ERR_VALUE, "a compiled program prints as 'report', 'graph', 'loops' or 'uops', not '%s'", what);
  if (!cx_failed()) return t.s;
  text_free(&t);
  return NULL;
}

bool cx_graph_memory(CxGraph *g, CxMemory *out) {
  Executable *x = executable_of(g);
  if (!x) return false;
  *out = (CxMemory){.temporary = x->peak, .code = (int64_t)code_size(x)};
  for (uint32_t i = 0; i < g->in.n; i++) out->operands += (int64_t)type_bytes(graph_type(g, g->in.v[i]));
  for (uint32_t i = 0; i < g->out.n; i++) out->results += (int64_t)type_bytes(graph_type(g, g->out.v[i]));
  return true;
}
