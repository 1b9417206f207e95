/* See rewrite.h. */
#include "compile/rewrite.h"

#include "base/hash.h"

/* ---- graphs met ---- */

static Met *met_slot(Met *met, uint32_t cap, const CxGraph *g) {
  uint32_t at = (uint32_t)hash_mix((uintptr_t)g, 5) & (cap - 1);
  while (met[at].graph && met[at].graph != g) at = (at + 1) & (cap - 1);
  return &met[at];
}

static bool met_grow(PassRun *run) {
  uint32_t cap = run->cap_met ? run->cap_met * 2 : 16;
  Met *fresh = cx_calloc(cap, sizeof *fresh);
  if (!fresh) return false;
  for (uint32_t i = 0; i < run->cap_met; i++)
    if (run->met[i].graph) *met_slot(fresh, cap, run->met[i].graph) = run->met[i];
  cx_free(run->met);
  run->met = fresh;
  run->cap_met = cap;
  return true;
}

Met *run_met(PassRun *run, const CxGraph *g) {
  if (2 * run->n_met >= run->cap_met && !met_grow(run)) return NULL;
  Met *m = met_slot(run->met, run->cap_met, g);
  if (!m->graph) m->graph = g, run->n_met++;
  return m;
}

CxGraph *run_graph(PassRun *run, CxGraph *g) {
  Met *m = run_met(run, g);
  if (!m || m->result) return m ? m->result : NULL;
  FAIL_IF(run->depth > 256, CX_ERR_VERIFY, "regions nest deeper than 256");
  run->depth++;
  CxGraph *result = run->pass(run, g);
  run->depth--;
  m = result ? run_met(run, g) : NULL;
  if (m) m->result = result;
  else cx_graph_release(result);
  return m ? result : NULL;
}

bool run_tick(PassRun *run) {
  run->visited++;
  FAIL_IF(run->options->stop && !(run->visited & 63) && run->options->stop(run->options->stop_env), CX_ERR_RUNTIME,
          "compiling was stopped: its deadline has passed, or it was cancelled");
  return !cx_failed();
}

static bool region_swap(PassRun *run, CxGraph **at, bool *changed) {
  CxGraph *g = run_graph(run, *at);
  if (!g) return false;
  *changed |= g != *at;
  *at = g;
  return true;
}

const void *run_attrs(PassRun *run, CxArena *arena, const CxOp *def, const void *attrs) {
  if (!(def->flags & CX_OP_REFS)) return attrs;
  char *copy = arena_copy(arena, attrs, def->attrs_bytes);
  bool changed = false;
  for (const CxField *f = def->fields; copy && f->name; f++) {
    if (f->kind == CX_FIELD_GRAPH && *(CxGraph **)(void *)(copy + f->offset))
      TRY(region_swap(run, (CxGraph **)(void *)(copy + f->offset), &changed));
    if (f->kind != CX_FIELD_GRAPHS) continue;
    CxGraphs *list = (CxGraphs *)(void *)(copy + f->offset);
    CxGraph **v = arena_copy(arena, list->v, (size_t)list->n * sizeof *v);
    TRY(v);
    for (int i = 0; i < list->n; i++) TRY(region_swap(run, &v[i], &changed));
    list->v = v;
  }
  return changed || !copy ? copy : attrs;
}

/* ---- variables of the new graph ---- */

static bool vars_reserve(Rewrite *r, uint32_t n) {
  if (n <= r->cap_vars) return true;
  uint32_t cap = r->cap_vars ? r->cap_vars : 64;
  while (cap < n) cap *= 2;
  NewVar *v = cx_realloc(r->vars, cap * sizeof *v);
  if (!v) return false;
  memset(v + r->cap_vars, 0, (cap - r->cap_vars) * sizeof *v);
  r->vars = v;
  r->cap_vars = cap;
  return true;
}

void rewrite_hold(Rewrite *r, CxVal v) {
  if (v && !vec_push(&r->held, v)) cx_release(v);
}

/* ---- constants ---- */

enum { SPLAT_BYTES = 1 << 20, SHARED_BYTES = 4096 };

static bool all_equal(const char *p, size_t item, size_t bytes) { return bytes == item || !memcmp(p, p + item, bytes - item); }

static CxVal splat_of(Rewrite *r, CxVal v) {
  const CxType *t = v->type;
  size_t item = (size_t)cx_dtype_bytes(t->dtype), bytes = type_bytes(t);
  if (!t->rank) return v;
  if (!item || !t->size || bytes > SPLAT_BYTES || !all_equal(v->array.data, item, bytes)) return NULL;
  CxVal s = node_array(cx_type_scalar(t->dtype, t->weak));
  if (!s) return NULL;
  memcpy(s->array.data, v->array.data, item);
  s->literal = true;
  rewrite_hold(r, s);
  return s;
}

static CxVar const_add(Rewrite *r, CxVal v) {
  CxVar var = graph_const(r->to, v);
  if (!var || !vars_reserve(r, var + 1)) return 0;
  r->vars[var] = (NewVar){.value = v, .splat = splat_of(r, v)};
  return var;
}

static bool same_value(CxVal a, CxVal b) {
  return a == b || (a->type == b->type && !memcmp(a->array.data, b->array.data, type_bytes(a->type)));
}

static CxVar *const_slot(Rewrite *r, CxVar *table, uint32_t cap, CxVal v) {
  uint32_t at = (uint32_t)hash_bytes(v->type->hash, v->array.data, type_bytes(v->type)) & (cap - 1);
  while (table[at] && !same_value(r->vars[table[at]].value, v)) at = (at + 1) & (cap - 1);
  return &table[at];
}

static bool consts_grow(Rewrite *r) {
  uint32_t cap = r->cap_consts ? r->cap_consts * 2 : 32;
  CxVar *fresh = cx_calloc(cap, sizeof *fresh);
  if (!fresh) return false;
  for (uint32_t i = 0; i < r->cap_consts; i++)
    if (r->consts[i]) *const_slot(r, fresh, cap, r->vars[r->consts[i]].value) = r->consts[i];
  cx_free(r->consts);
  r->consts = fresh;
  r->cap_consts = cap;
  return true;
}

CxVar rewrite_const(Rewrite *r, CxVal v) {
  if (!v) return 0;
  if (type_bytes(v->type) > SHARED_BYTES) return const_add(r, v);
  if (2 * r->n_consts >= r->cap_consts && !consts_grow(r)) return 0;
  CxVar *slot = const_slot(r, r->consts, r->cap_consts, v);
  if (*slot) return *slot;
  CxVar var = const_add(r, v);
  if (var) *slot = var, r->n_consts++;
  return var;
}

CxVar rewrite_splat(Rewrite *r, CxVal scalar, const CxType *type) {
  CxVar v = rewrite_const(r, scalar);
  return v ? rewrite_adapt(r, v, type) : 0;
}

/* A uniform array is a scalar and a broadcast to the rules, to the memory and to the code that reads it. */
static CxVar const_copy(Rewrite *r, CxVal v) {
  CxVar var = r->run->flags & PASS_CSE ? rewrite_const(r, v) : const_add(r, v);
  if (!var || !(r->run->flags & PASS_SIMPLIFY) || v->type->size < 2 || !r->vars[var].splat) return var;
  r->changed = true;
  return rewrite_splat(r, r->vars[var].splat, v->type);
}

/* ---- equations ---- */

static bool append(Rewrite *r, const Pending *p, CxVar *out) {
  TRY(graph_eqn(r->to, p->op, p->nin, p->in, p->attrs, p->nout, p->types, out, r->where));
  TRY(vars_reserve(r, r->to->types.n));
  r->to->eqns.v[r->to->eqns.n - 1].name_stack = r->name_stack;
  r->run->appended++;
  FAIL_IF(r->run->appended > r->run->options->equations, CX_ERR_VALUE, "the optimised program exceeds its limit of %llu equations",
          (unsigned long long)r->run->options->equations);
  for (uint32_t i = 0; i < p->nout; i++)
    if (out[i]) r->vars[out[i]] = (NewVar){.eqn = r->to->eqns.n};
  if (p->op == CX_OP_BROADCAST_IN_DIM && out[0] && p->types[0]->size) r->vars[out[0]].splat = r->vars[p->in[0]].splat;
  return true;
}

static bool answered(Rewrite *r, const Pending *p, CxVar *out) {
  uint32_t flags = r->run->flags;
  if (flags & PASS_FOLD && fold_apply(r, p, out)) return true;
  return flags & PASS_SIMPLIFY && r->depth < 16 && simplify_apply(r, p, out);
}

bool rewrite_apply(Rewrite *r, const Pending *given, CxVar *out) {
  Pending p = *given;
  uint64_t hash = 0;
  uint32_t flags = r->run->flags;
  if (flags & PASS_INLINE && p.def->flags & CX_OP_REFS && inline_apply(r, &p, out)) return r->changed = true, !cx_failed();
  p.attrs = run_attrs(r->run, r->arena, p.def, p.attrs);
  if (p.attrs != given->attrs) r->changed = true;
  if (cx_failed() || (flags & PASS_HOIST && !hoist_loop(r, &p))) return false;
  if (answered(r, &p, out) || (flags & PASS_CSE && cse_find(r, &p, &hash, out))) {
    r->changed = true;
    r->run->rewritten++;
    return !cx_failed();
  }
  TRY(!cx_failed() && append(r, &p, out));
  return !(flags & PASS_CSE) || cse_add(r, hash, r->to->eqns.n);
}

static bool emit_types(const CxApp *a, const CxType **type) { /* a rule that does not fit is no rule; only memory is an error */
  if (a->def->type(a, type)) return true;
  if (cx_failed() && cx_error()->code != CX_ERR_MEMORY) cx_error_clear();
  return false;
}

CxVar rewrite_emit(Rewrite *r, CxOpcode op, const CxVar *in, uint32_t nin, const void *attrs) {
  const CxType *small[8], *type, **types = nin <= 8 ? small : arena_alloc(r->arena, nin * sizeof *types);
  CxVar out = 0;
  if (!types || cx_failed()) return 0;
  for (uint32_t i = 0; i < nin; i++) {
    if (!in[i]) return 0;
    types[i] = rewrite_type(r, in[i]);
  }
  CxApp a = {.op = op, .def = cx_ops[op], .attrs = attrs, .nin = nin, .nout = 1, .types = types};
  if (!emit_types(&a, &type)) return 0;
  r->depth++;
  bool ok = rewrite_apply(r, &(Pending){op, a.def, in, nin, 1, attrs, &type}, &out);
  r->depth--;
  return ok ? out : 0;
}

static bool can_broadcast(const CxType *from, const CxType *to) {
  if (!from->rank) return true;
  if (from->rank != to->rank) return false;
  for (int i = 0; i < to->rank; i++)
    if (from->dims[i] != to->dims[i] && from->dims[i] != 1) return false;
  return true;
}

CxVar rewrite_adapt(Rewrite *r, CxVar v, const CxType *type) {
  int64_t axes[CX_MAX_RANK];
  const CxType *has = v ? rewrite_type(r, v) : NULL;
  if (!has || has == type) return v;
  if (has->dtype != type->dtype || !can_broadcast(has, type)) return 0;
  if (!cx_type_same_dims(has, type)) {
    for (int i = 0; i < has->rank; i++) axes[i] = i;
    CxBroadcastAttrs b = {{.v = type->dims, .n = type->rank}, {.v = axes, .n = has->rank}};
    v = rewrite_emit(r, CX_OP_BROADCAST_IN_DIM, &v, 1, &b);
  }
  if (!v || rewrite_type(r, v) == type) return v;
  CxConvertAttrs c = {type->dtype, type->weak};
  v = rewrite_emit(r, CX_OP_CONVERT_ELEMENT_TYPE, &v, 1, &c);
  return v && rewrite_type(r, v) == type ? v : 0;
}

/* ---- walking a graph ---- */

const char *rewrite_stack(Rewrite *r, const char *outer, const char *inner) {
  if (!inner) return outer;
  if (r->stack_to && r->stack_outer == outer && !strcmp(r->stack_from, inner)) return r->stack_to;
  size_t n = outer ? strlen(outer) + 1 : 0, m = strlen(inner);
  char *s = arena_alloc(&r->to->arena, n + m + 1);
  if (!s) return NULL;
  if (n) memcpy(s, outer, n - 1), s[n - 1] = '/';
  memcpy(s + n, inner, m);
  r->stack_outer = outer;
  r->stack_from = s + n;
  return r->stack_to = s;
}

enum { SMALL = 16 };

static bool splice_eqn(Rewrite *r, const CxGraph *g, const CxEqn *e, CxVar *map) {
  CxVar small[2 * SMALL], *in = small, *out = small + SMALL;
  const CxType *types_small[SMALL], **types = types_small;
  if (e->nin > SMALL || e->nout > SMALL) {
    in = arena_alloc(r->arena, ((size_t)e->nin + e->nout) * sizeof *in);
    types = arena_alloc(r->arena, (e->nout + (size_t)1) * sizeof *types);
    TRY(in && types);
    out = in + e->nin;
  }
  for (uint32_t i = 0; i < e->nin; i++) in[i] = map[e->in[i]];
  for (uint32_t i = 0; i < e->nout; i++) types[i] = g->types.v[e->out[i]], out[i] = 0;
  TRY(run_tick(r->run) && rewrite_apply(r, &(Pending){e->op, cx_ops[e->op], in, e->nin, e->nout, e->attrs, types}, out));
  for (uint32_t i = 0; i < e->nout; i++) map[e->out[i]] = out[i];
  return true;
}

static bool splice_eqns(Rewrite *r, const CxGraph *g, CxVar *map) {
  CxWhere where = r->where;
  const char *stack = r->name_stack;
  CxArena arena = {0}, *was = r->arena;
  bool ok = true;
  r->arena = &arena;
  for (uint32_t i = 0; ok && i < g->eqns.n; i++) {
    const CxEqn *e = &g->eqns.v[i];
    r->where = e->where.host ? e->where : where;
    r->name_stack = rewrite_stack(r, stack, e->name_stack);
    ok = splice_eqn(r, g, e, map);
    map[0] = 0;
    if (arena.block) arena_free(&arena);
  }
  r->where = where;
  r->name_stack = stack;
  r->arena = was;
  return ok;
}

bool rewrite_splice(Rewrite *r, const CxGraph *g, const CxVar *in, CxVar *out) {
  CxVar *map = cx_calloc(g->types.n, sizeof *map);
  bool ok = map != NULL;
  for (uint32_t i = 0; ok && i < g->consts.n; i++) ok = (map[g->consts.v[i].var] = const_copy(r, g->consts.v[i].value)) != 0;
  for (uint32_t i = 0; ok && i < g->in.n; i++) map[g->in.v[i]] = in[i];
  ok = ok && splice_eqns(r, g, map);
  for (uint32_t i = 0; ok && i < g->out.n; i++) ok = (out[i] = map[g->out.v[i]]) != 0;
  cx_free(map);
  return ok;
}

static bool rewrite_inputs(Rewrite *r, const CxGraph *g, CxVar *in) {
  for (uint32_t i = 0; i < g->in.n; i++) {
    TRY(in[i] = graph_input(r->to, graph_type(g, g->in.v[i])));
    TRY(vars_reserve(r, in[i] + 1));
    r->vars[in[i]] = (NewVar){0};
  }
  return true;
}

CxGraph *pass_rewrite(PassRun *run, CxGraph *g) {
  CxArena arena = {0};
  Rewrite r = {.run = run, .to = graph_new(g->name), .arena = &arena};
  CxVar *vars = cx_calloc((size_t)g->in.n + g->out.n + 1, sizeof *vars), *out = vars ? vars + g->in.n : NULL;
  bool ok = r.to && vars && rewrite_inputs(&r, g, vars) && rewrite_splice(&r, g, vars, out);
  for (uint32_t i = 0; ok && i < g->out.n; i++) ok = graph_output(r.to, out[i]);
  ok = ok && !cx_failed();
  for (uint32_t i = 0; i < r.held.n; i++) cx_release(r.held.v[i]);
  vec_free(&r.held);
  cx_free(r.vars), cx_free(r.cse), cx_free(r.consts), cx_free(vars);
  arena_free(&arena);
  if (ok && r.changed) return r.to;
  ref_release(r.to);
  return ok ? ref_retain(g) : NULL;
}
