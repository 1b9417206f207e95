/* Staging functions to graphs, functions as handles for C programs, vmap, and jit with its cache. */
#include "compile/executable.h"
#include "xform/linear.h"

#include "base/error.h"
#include "base/hash.h"
#include "op/call.h"
#include "op/rules.h"
#include <pthread.h>

/* ---- functions of C programs ---- */

typedef struct UserFn {
  bool (*call)(void *env, const CxVal *in, uint32_t nin, CxVals *out);
  void *env;
  void (*drop)(void *env);
} UserFn;

static bool user_call(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) {
  UserFn *u = f->env;
  return u->call(u->env, in, nin, out);
}
static void user_drop(void *env) {
  UserFn *u = env;
  if (u->drop) u->drop(u->env);
  cx_free(u);
}

CxFn *cx_fn(const char *name, bool (*call)(void *, const CxVal *, uint32_t, CxVals *), void *env, void (*drop)(void *)) {
  UserFn *u = cx_malloc(sizeof *u);
  if (!u) return NULL;
  *u = (UserFn){call, env, drop};
  CxFn *f = fn_new(name, user_call, u, user_drop);
  if (!f) cx_free(u);
  return f;
}
CxFn *cx_fn_retain(CxFn *f) { return ref_retain(f); }
void cx_fn_release(CxFn *f) { ref_release(f); }
bool cx_call(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) { return fn_ready(f, in, nin) && fn_call(f, in, nin, out); }

/* ---- staging ---- */

static CxGraph *stage_with(CxTrace *t, CxFn *f, const CxType *const *types, uint32_t n, CxVals *captured) {
  CxVals args = {0}, out = {0};
  CxGraph *g = NULL;
  bool ok = true;
  for (uint32_t i = 0; ok && i < n; i++) {
    CxVal v = stage_input(t, types[i]);
    ok = v && cx_vals_push(&args, v);
  }
  if (ok) {
    CxTrace *was = trace_enter(t);
    ok = fn_call(f, args.v, args.n, &out);
    trace_leave(was);
  }
  if (ok) g = stage_finish(t, out.v, out.n, captured);
  cx_vals_free(&args);
  cx_vals_free(&out);
  t->alive = false;
  return g;
}

/* Closes a scope; the values of `list` from `from` on go to the scope outside. */
static void scope_close_keeping(CxScope *s, const CxVals *list, uint32_t from) {
  for (uint32_t i = from; i < list->n; i++) cx_retain(list->v[i]);
  cx_scope_close(s);
  for (uint32_t i = from; i < list->n; i++) cx_keep(list->v[i]);
}

/* In a scope of its own, so that after it only leaked values hold the trace. */
static CxGraph *stage_checked(CxTrace *t, CxFn *f, const CxType *const *types, uint32_t n, CxVals *captured) {
  uint32_t before = captured->n;
  CxScope s;
  cx_scope_open(&s);
  CxGraph *g = stage_with(t, f, types, n, captured);
  scope_close_keeping(&s, captured, before);
  if (g && !trace_check_leaks(t)) ref_release(g), g = NULL;
  return g;
}

CxGraph *cx_stage(CxFn *f, const CxType *const *types, uint32_t n, CxVals *captured) {
  if (!fn_ready(f, NULL, 0)) return NULL;
  CxTrace *t = trace_new(&trace_stage, cx_thread.trace, f->name);
  CxGraph *g = !t ? NULL : CX_SETTING(checking_leaks) ? stage_checked(t, f, types, n, captured) : stage_with(t, f, types, n, captured);
  ref_release(t);
  return g;
}

/* ---- vmap ---- */

static int64_t vmap_size(const CxVal *in, const int *axes, uint32_t nin, int64_t size) {
  for (uint32_t i = 0; i < nin; i++) {
    if (axes[i] < 0) continue;
    if (axes[i] >= in[i]->type->rank)
      return cx_fail(CX_ERR_VALUE, "vmap was requested to map its argument along axis %d, which implies that its rank should be at least %d, but is only %d",
                     axes[i], axes[i] + 1, in[i]->type->rank), -1;
    int64_t n = in[i]->type->dims[axes[i]];
    if (size >= 0 && n != size)
      return cx_fail(CX_ERR_VALUE, "vmap got inconsistent sizes for array axes to be mapped: %lld and %lld", (long long)size, (long long)n), -1;
    size = n;
  }
  if (size < 0) cx_fail(CX_ERR_VALUE, "vmap must have at least one non-None value in in_axes");
  return size;
}

static bool vmap_with(CxTrace *t, CxFn *f, const CxVal *in, const int *in_axes, uint32_t nin, CxVals *out, int *found) {
  CxVals args = {0}, results = {0};
  bool ok = true;
  for (uint32_t i = 0; ok && i < nin; i++) {
    CxVal v = batch_val(t, in[i], in_axes[i]);
    ok = v && cx_vals_push(&args, v);
  }
  if (ok) {
    CxTrace *was = trace_enter(t);
    ok = fn_call(f, args.v, nin, &results);
    trace_leave(was);
  }
  for (uint32_t i = 0; ok && i < results.n; i++) {
    CxVal v = results.v[i];
    bool own = v->trace == t;
    ok = trace_accepts(t, v);
    int axis = own ? v->batch.axis : -1;
    CxVal value = own ? v->batch.value : v;
    if (found) found[i] = axis;
    else value = batch_to_front(value, axis, t->size);
    ok = ok && value && cx_vals_push(out, value);
  }
  cx_vals_free(&args);
  cx_vals_free(&results);
  t->alive = false;
  return ok;
}

static bool vmap_checked(CxTrace *t, CxFn *f, const CxVal *in, const int *in_axes, uint32_t nin, CxVals *out, int *found) {
  uint32_t before = out->n;
  CxScope s;
  cx_scope_open(&s);
  bool ok = vmap_with(t, f, in, in_axes, nin, out, found);
  scope_close_keeping(&s, out, before);
  return ok && trace_check_leaks(t);
}

bool cx_vmap(CxFn *f, const CxVal *in, const int *in_axes, uint32_t nin, int64_t size, const char *axis_name, CxVals *out, int *found) {
  TRY(fn_ready(f, in, nin));
  size = vmap_size(in, in_axes, nin, size);
  if (size < 0) return false;
  CxTrace *t = trace_new(&trace_batch, cx_thread.trace, f->name);
  bool ok = t != NULL;
  if (ok) {
    t->size = size;
    t->axis_name = axis_name ? cx_strdup(axis_name) : NULL;
    ok = !axis_name || t->axis_name;
  }
  ok = ok && (CX_SETTING(checking_leaks) ? vmap_checked : vmap_with)(t, f, in, in_axes, nin, out, found);
  ref_release(t);
  return ok;
}

/* ---- jit: a cache from operand types to graphs ---- */

typedef struct JitEntry {
  struct JitEntry *next;
  CxGraph *graph;
  uint32_t n;
  const CxType *types[];
} JitEntry;

typedef struct Jit {
  CxFn *f;
  pthread_mutex_t lock; /* guards entries; not held while f runs */
  JitEntry *entries;
} Jit;

static void jit_drop(void *env) {
  Jit *j = env;
  for (JitEntry *e = j->entries, *next; e; e = next) {
    next = e->next;
    ref_release(e->graph);
    cx_free(e);
  }
  ref_release(j->f);
  pthread_mutex_destroy(&j->lock);
  cx_free(j);
}

static CxGraph *jit_find(Jit *j, const CxType *const *types, uint32_t n) {
  pthread_mutex_lock(&j->lock);
  JitEntry *e = j->entries;
  while (e && (e->n != n || memcmp(e->types, types, n * sizeof *types))) e = e->next;
  CxGraph *g = e ? ref_retain(e->graph) : NULL;
  pthread_mutex_unlock(&j->lock);
  return g;
}

static void jit_keep(Jit *j, const CxType *const *types, uint32_t n, CxGraph *g) {
  JitEntry *e = cx_malloc(sizeof *e + n * sizeof *types);
  if (!e) return;
  memcpy(e->types, types, n * sizeof *types);
  e->n = n;
  e->graph = ref_retain(g);
  pthread_mutex_lock(&j->lock);
  e->next = j->entries;
  j->entries = e;
  pthread_mutex_unlock(&j->lock);
}

static bool jit_call(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) {
  Jit *j = f->env;
  const CxType *small[32], **types = small;
  if (nin > 32 && !(types = cx_malloc(nin * sizeof *types))) return false;
  bool ok = true;
  for (uint32_t i = 0; ok && i < nin; i++) ok = (types[i] = cx_type_of(in[i])) != NULL;
  CxVals args = {0};
  CxGraph *g = ok ? jit_find(j, types, nin) : NULL;
  if (ok && !g) {
    g = cx_stage(j->f, types, nin, &args);
    if (g && !args.n) jit_keep(j, types, nin, g);
  }
  for (uint32_t i = 0; g && i < nin; i++) ok = ok && cx_vals_push(&args, in[i]);
  ok = ok && g && cx_call_graph(g, f->name, args.v, args.n, out);
  ref_release(g);
  cx_vals_free(&args);
  if (types != small) cx_free(types);
  return ok;
}

CxFn *cx_jit(CxFn *f) {
  compile_install();
  if (!fn_ready(f, NULL, 0)) return NULL;
  Jit *j = cx_calloc(1, sizeof *j);
  if (!j) return NULL;
  j->f = ref_retain(f);
  pthread_mutex_init(&j->lock, NULL);
  CxFn *jitted = fn_new(f->name, jit_call, j, jit_drop);
  if (!jitted) jit_drop(j);
  return jitted;
}
