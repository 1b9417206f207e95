/* Loops over loops: scan, while and cond whose graphs are loops alone become part of the program around them. A carried element is a variable (a register);
 * a carried array is a buffer, which a turn overwrites at its end. Slices of scanned arrays are places that move with the turn. */
#include "compile/lower_emit.h"

#include "base/error.h"
#include "op/attrs.h"
#include <string.h>

typedef struct Carry {
  CxVar out;           /* of the equation, or 0 */
  const CxType *type;
  LoopValue variable;  /* one element */
  Place place;         /* an array */
} Carry;

static bool one_element(const CxType *t) { return t->size == 1; }

static LoopAccess access_of(const Place *p) {
  LoopAccess a = {.buffer = p->buffer, .offset = p->offset};
  memcpy(a.stride, p->stride, sizeof a.stride);
  return a;
}

/* The one element of a variable of e's graph. */
LoopValue emit_element(Emit *e, CxVar v) {
  const Var *d = &e->l->var[v];
  CxDtype dtype = graph_type(e->l->g, v)->dtype;
  if (d->kind == VAR_VIEW && d->map.root != v) {
    LoopAccess at = access_of(emit_place(e, d->map.root));
    if (e->l->var[d->map.root].literal || e->global[d->map.root] == e->program) return emit_element(e, d->map.root);
    at.offset += d->map.offset;
    return loop_load(e->p, dtype, &at);
  }
  if (d->literal) return loop_const(e->p, dtype, d->literal);
  if (e->global[v] == e->program) return e->value[v];
  LoopAccess at = access_of(d->kind == VAR_IOTA ? &(Place){.offset = d->map.offset} : emit_place(e, v));
  return d->kind == VAR_IOTA ? loop_index(e->p, dtype, &at) : loop_load(e->p, dtype, &at);
}

static void define_element(Emit *e, CxVar v, LoopValue x) {
  e->value[v] = x;
  e->global[v] = e->program;
}

static void define_place(Emit *e, CxVar v, Place p) {
  e->place[v] = p;
  e->place_stamp[v] = e->program;
}

/* Dense elements from one place to another. */
static void copy_dense(Emit *e, const Place *from, const Place *to, const CxType *t) {
  LoopAccess x = access_of(from), y = access_of(to);
  x.stride[e->base] = y.stride[e->base] = 1;
  loop_for(e->p, t->size);
  loop_store(e->p, t->dtype, &y, loop_load(e->p, t->dtype, &x));
  loop_end(e->p);
}

/* An array of e's graph, in whatever form it is there, into memory. */
static bool copy_array(Emit *e, CxVar v, const Place *to) {
  const CxType *t = graph_type(e->l->g, v);
  const Var *d = &e->l->var[v];
  if (d->kind != VAR_VIEW && d->kind != VAR_IOTA) return copy_dense(e, emit_place(e, v), to, t), true;
  LoopAccess x = {0}, y = access_of(to);
  const Var *root = &e->l->var[d->map.root];
  bool literal = root->literal != NULL, global = e->global[d->map.root] == e->program;
  if (d->kind == VAR_VIEW && !literal && !global) x = access_of(emit_place(e, d->map.root));
  x.offset += d->map.offset;
  if (e->base + t->rank > LOOP_DEPTH) return false;
  int64_t dense = 1;
  for (int i = t->rank - 1; i >= 0; i--) {
    x.stride[e->base + i] = d->map.stride[i];
    y.stride[e->base + i] = dense;
    dense *= t->dims[i];
  }
  LoopValue one = literal || global ? emit_element(e, d->map.root) : 0;
  for (int i = 0; i < t->rank; i++) loop_for(e->p, t->dims[i]);
  LoopValue value = one ? one : d->kind == VAR_IOTA ? loop_index(e->p, t->dtype, &x) : loop_load(e->p, t->dtype, &x);
  loop_store(e->p, t->dtype, &y, value);
  for (int i = 0; i < t->rank; i++) loop_end(e->p);
  return true;
}

/* ---- a body ---- */

static bool body_open(Emit *b, const Emit *e, Lowering *l, int base) {
  *b = (Emit){.p = e->p, .base = base, .program = 1};
  return emit_open(b, l);
}

/* What a region takes from around it without change. */
static void pass_in(Emit *b, CxVar in, Emit *e, CxVar v) {
  if (one_element(graph_type(e->l->g, v)) && (e->l->var[v].literal || e->global[v] == e->program)) define_element(b, in, emit_element(e, v));
  else define_place(b, in, *emit_place(e, v));
}

/* A body may overwrite its carry; a condition may not. */
static void carry_in(Emit *b, CxVar in, const Carry *c, bool own) {
  if (one_element(c->type)) define_element(b, in, loop_get(b->p, c->variable));
  else define_place(b, in, c->place), b->owned[in] = own;
}

/* A carry before the first turn: a variable, or memory (that of the result, if there is one). */
static bool carry_start(Emit *e, CxVar init, Carry *c) {
  if (one_element(c->type)) return c->variable = loop_var(e->p, emit_element(e, init)), !e->p->failed;
  if (c->out) c->place = *emit_place(e, c->out);
  else c->place = (Place){.buffer = emit_scratch(e, c->type->dtype, c->type->size)};
  return copy_array(e, init, &c->place);
}

/* New values of arrays that the body does not compute itself (a carry handed on, a view) wait in scratch until all are known. */
static bool carries_turn(Emit *b, const Carry *c, const CxVar *out, uint32_t n) {
  Place *next = arena_alloc(&b->l->arena, (n + 1) * sizeof *next);
  LoopValue *x = arena_alloc(&b->l->arena, (n + 1) * sizeof *x);
  if (!next || !x) return false;
  for (uint32_t k = 0; k < n; k++) {
    if (one_element(c[k].type)) {
      x[k] = emit_element(b, out[k]);
      continue;
    }
    bool own = b->l->var[out[k]].kind == VAR_MEMBER;
    if (own && b->owned[out[k]]) own = emit_place(b, out[k])->buffer == c[k].place.buffer; /* another carry's memory is about to change */
    next[k] = own ? *emit_place(b, out[k]) : (Place){.buffer = emit_scratch(b, c[k].type->dtype, c[k].type->size)};
    if (!own && !copy_array(b, out[k], &next[k])) return false;
  }
  for (uint32_t k = 0; k < n; k++) {
    if (one_element(c[k].type)) loop_set(b->p, c[k].variable, x[k]);
    else if (next[k].buffer != c[k].place.buffer) copy_dense(b, &next[k], &c[k].place, c[k].type); /* else it was made in place */
  }
  return !b->p->failed;
}

/* After the last turn: elements leave their variables. */
static void carries_end(Emit *e, const Carry *c, uint32_t n) {
  for (uint32_t k = 0; k < n; k++) {
    if (!c[k].out || !one_element(c[k].type)) continue;
    LoopValue x = loop_get(e->p, c[k].variable);
    if (!emit_in_scratch(e, c[k].out)) {
      LoopAccess at = access_of(emit_place(e, c[k].out));
      loop_store(e->p, c[k].type->dtype, &at, x);
    }
    define_element(e, c[k].out, x);
  }
}

static Carry *carries_of(Emit *e, const CxEqn *q, uint32_t first, uint32_t n) {
  Carry *c = arena_alloc(&e->l->arena, (n + 1) * sizeof *c);
  for (uint32_t k = 0; c && k < n; k++) {
    c[k] = (Carry){.out = q->out[k], .type = graph_type(e->l->g, q->in[first + k])};
    if (!carry_start(e, q->in[first + k], &c[k])) return NULL;
  }
  return c;
}

/* ---- scan ---- */

static Place slice_of(const Place *whole, int64_t size, int base, const CxScanAttrs *a) {
  Place p = *whole;
  if (a->reverse) p.offset += (a->length - 1) * size;
  p.stride[base] = a->reverse ? -size : size;
  return p;
}

/* A result of every turn goes to its slice: computed there if it can be. */
static bool scanned_out(Emit *b, Emit *e, const CxScanAttrs *a, CxVar inner, CxVar outer, bool *direct) {
  if (!outer) return true;
  Place slice = slice_of(emit_place(e, outer), graph_type(b->l->g, inner)->size, e->base, a);
  bool own = b->l->var[inner].kind == VAR_MEMBER && b->place_stamp[inner] != b->program && !b->l->clusters.v[b->l->var[inner].cluster].region;
  if (*direct && own && !one_element(graph_type(b->l->g, inner))) return define_place(b, inner, slice), true;
  if (*direct) return true;
  if (b->place_stamp[inner] == b->program && b->place[inner].buffer == slice.buffer) return true;
  if (one_element(graph_type(b->l->g, inner))) {
    LoopAccess at = access_of(&slice);
    loop_store(b->p, graph_type(b->l->g, inner)->dtype, &at, emit_element(b, inner));
    return true;
  }
  return copy_array(b, inner, &slice);
}

static bool scanned_all(Emit *b, Emit *e, const CxEqn *q, bool direct) {
  const CxScanAttrs *a = q->attrs;
  for (uint32_t k = (uint32_t)a->num_carry; k < q->nout; k++)
    if (!scanned_out(b, e, a, a->jaxpr->out.v[k], q->out[k], &direct)) return false;
  return true;
}

static bool emit_scan(Emit *e, const Cluster *cluster, const CxEqn *q) {
  const CxScanAttrs *a = q->attrs;
  const CxGraph *g = a->jaxpr;
  uint32_t nc = (uint32_t)a->num_consts, nk = (uint32_t)a->num_carry;
  Carry *c = carries_of(e, q, nc, nk);
  Emit b;
  if (!c || e->base + 1 >= LOOP_DEPTH || !body_open(&b, e, cluster->body, e->base + 1)) return false;
  for (uint32_t i = 0; i < nc; i++) pass_in(&b, g->in.v[i], e, q->in[i]);
  for (uint32_t i = nc + nk; i < q->nin; i++)
    define_place(&b, g->in.v[i], slice_of(emit_place(e, q->in[i]), graph_type(g, g->in.v[i])->size, e->base, a));
  loop_for_serial(e->p, a->length);
  for (uint32_t i = 0; i < nk; i++) carry_in(&b, g->in.v[nc + i], &c[i], true);
  bool ok = scanned_all(&b, e, q, true) && emit_clusters(&b) && scanned_all(&b, e, q, false) && carries_turn(&b, c, g->out.v, nk);
  loop_end(e->p);
  carries_end(e, c, nk);
  return ok;
}

/* ---- while ---- */

static bool emit_while(Emit *e, const Cluster *cluster, const CxEqn *q) {
  const CxWhileAttrs *a = q->attrs;
  uint32_t nc = (uint32_t)a->cond_nconsts, nb = (uint32_t)a->body_nconsts, nk = q->nout;
  const CxGraph *gc = a->cond_jaxpr, *gb = a->body_jaxpr;
  Carry *c = carries_of(e, q, nc + nb, nk);
  Emit b, d;
  if (!c || !body_open(&d, e, cluster->condition, e->base) || !body_open(&b, e, cluster->body, e->base)) return false;
  for (uint32_t i = 0; i < nc; i++) pass_in(&d, gc->in.v[i], e, q->in[i]);
  for (uint32_t i = 0; i < nb; i++) pass_in(&b, gb->in.v[i], e, q->in[nc + i]);
  loop_while(e->p);
  for (uint32_t i = 0; i < nk; i++) carry_in(&d, gc->in.v[nc + i], &c[i], false);
  bool ok = emit_clusters(&d);
  loop_do(e->p, emit_element(&d, gc->out.v[0]));
  for (uint32_t i = 0; i < nk; i++) carry_in(&b, gb->in.v[nb + i], &c[i], true);
  ok = ok && emit_clusters(&b) && carries_turn(&b, c, gb->out.v, nk);
  loop_block_end(e->p);
  carries_end(e, c, nk);
  return ok;
}

/* ---- cond ---- */

/* Where the results of whichever branch runs go: a variable per element, memory per array. */
static Carry *results_of(Emit *e, const CxEqn *q) {
  Carry *c = arena_alloc(&e->l->arena, (q->nout + 1) * sizeof *c);
  for (uint32_t k = 0; c && k < q->nout; k++) {
    if (!q->out[k]) continue;
    c[k] = (Carry){.out = q->out[k], .type = graph_type(e->l->g, q->out[k])};
    if (one_element(c[k].type)) c[k].variable = loop_var(e->p, loop_const(e->p, c[k].type->dtype, (const uint64_t[2]){0, 0}));
    else c[k].place = *emit_place(e, q->out[k]);
  }
  return c;
}

static bool emit_branch(Emit *e, Lowering *l, const CxEqn *q, const Carry *c) {
  Emit b;
  if (!body_open(&b, e, l, e->base)) return false;
  for (uint32_t i = 1; i < q->nin; i++) pass_in(&b, l->g->in.v[i - 1], e, q->in[i]);
  if (!emit_clusters(&b)) return false;
  for (uint32_t k = 0; k < q->nout; k++) {
    if (!c[k].out) continue;
    if (one_element(c[k].type)) loop_set(e->p, c[k].variable, emit_element(&b, l->g->out.v[k]));
    else if (!copy_array(&b, l->g->out.v[k], &c[k].place)) return false;
  }
  return !e->p->failed;
}

/* Is `which` the k-th branch? The first takes what is below, the last what is above. */
static LoopValue branch_taken(Emit *e, CxVar which, LoopValue index, int64_t k) {
  CxDtype d = graph_type(e->l->g, which)->dtype;
  if (d == CX_BOOL) return loop_apply(e->p, CX_OP_NOT, NULL, CX_BOOL, 1, &index);
  LoopValue both[2] = {index, loop_const(e->p, d, (const int64_t[2]){k, 0})};
  return loop_apply(e->p, k == 0 ? CX_OP_LE : CX_OP_EQ, NULL, CX_BOOL, 2, both);
}

static bool emit_cond(Emit *e, const Cluster *cluster, const CxEqn *q) {
  Carry *c = results_of(e, q);
  LoopValue index = emit_element(e, q->in[0]);
  uint32_t n = cluster->n_branches;
  bool ok = c != NULL;
  for (uint32_t k = 0; ok && k + 1 < n; k++) {
    loop_if(e->p, branch_taken(e, q->in[0], index, k));
    ok = emit_branch(e, cluster->branches[k], q, c);
    loop_else(e->p);
  }
  ok = ok && emit_branch(e, cluster->branches[n - 1], q, c);
  for (uint32_t k = 0; k + 1 < n; k++) loop_block_end(e->p);
  if (!ok) return false;
  for (uint32_t k = 0; k < q->nout; k++)
    if (c[k].out) carries_end(e, &c[k], 1);
  return true;
}

/* ---- updates ---- */

static CxVar root_of(const Emit *e, CxVar v) { return e->l->var[v].kind == VAR_VIEW ? e->l->var[v].map.root : v; }

/* May the old array be overwritten? It must be the region's own (a carry, or computed in it), whole, and read by nobody later. */
static bool update_in_place(const Emit *e, const Update *u, uint32_t at) {
  const Var *x = &e->l->var[u->x];
  bool own = x->kind == VAR_MEMBER || (x->kind == VAR_MEMORY && !x->literal && e->owned[u->x]);
  return own && x->last <= at && !x->wanted_last && root_of(e, u->update) != u->x;
}

static LoopValue start_element(Emit *e, CxVar v, int64_t element) {
  const CxType *t = graph_type(e->l->g, v);
  if (one_element(t)) return emit_element(e, v);
  LoopAccess at = access_of(emit_place(e, v));
  at.offset += element;
  return loop_load(e->p, t->dtype, &at);
}

static LoopValue both_true(Emit *e, LoopValue a, LoopValue b) {
  return a ? loop_apply(e->p, CX_OP_AND, NULL, CX_BOOL, 2, (LoopValue[2]){a, b}) : b;
}

/* 0 <= start <= most */
static LoopValue start_inside(Emit *e, LoopValue start, CxDtype d, int64_t most, LoopValue so_far) {
  LoopValue top = loop_const(e->p, d, (const int64_t[2]){most, 0}), zero = loop_const(e->p, d, (const int64_t[2]){0, 0});
  so_far = both_true(e, so_far, loop_apply(e->p, CX_OP_LE, NULL, CX_BOOL, 2, (LoopValue[2]){start, top}));
  return both_true(e, so_far, loop_apply(e->p, CX_OP_GE, NULL, CX_BOOL, 2, (LoopValue[2]){start, zero}));
}

static bool update_store(Emit *e, const Update *u, const Place *to, LoopValue offset) {
  const CxType *t = graph_type(e->l->g, u->update);
  CxVar root = root_of(e, u->update);
  IndexMap m = {root, 0, NULL};
  if (e->l->var[u->update].kind == VAR_VIEW || e->l->var[u->update].kind == VAR_IOTA) m = e->l->var[u->update].map;
  else if (!map_identity(&e->l->arena, u->update, t, &m)) return false;
  bool single = one_element(graph_type(e->l->g, root)) || e->l->var[root].literal;
  if (e->base + u->window_rank > LOOP_DEPTH) return false;
  LoopValue one = single ? emit_element(e, root) : 0;
  LoopAccess x = single || e->l->var[u->update].kind == VAR_IOTA ? (LoopAccess){0} : access_of(emit_place(e, root)), y = access_of(to);
  x.offset += m.offset;
  y.dynamic = offset;
  int loops = 0;
  for (int i = 0; i < u->window_rank; i++) {
    if (u->dims[i] == 1) continue;
    x.stride[e->base + loops] = m.stride[i];
    y.stride[e->base + loops++] = u->x_step[i];
    loop_for(e->p, u->dims[i]);
  }
  LoopValue v = one ? one : e->l->var[u->update].kind == VAR_IOTA ? loop_index(e->p, t->dtype, &x) : loop_load(e->p, t->dtype, &x);
  if (u->adds) v = loop_merge(e->p, CX_OP_REDUCE_SUM, loop_load(e->p, t->dtype, &y), v);
  loop_store(e->p, t->dtype, &y, v);
  while (loops-- > 0) loop_end(e->p);
  return !e->p->failed;
}

static bool emit_update(Emit *e, uint32_t at, const CxEqn *q) {
  const Update *u = e->l->clusters.v[at].update;
  if (update_in_place(e, u, at)) define_place(e, q->out[0], *emit_place(e, u->x)), e->owned[q->out[0]] = true;
  else if (!copy_array(e, u->x, emit_place(e, q->out[0]))) return false;
  Place to = *emit_place(e, q->out[0]);
  LoopValue offset = 0, inside = 0;
  for (uint32_t k = 0; k < u->starts; k++) {
    CxDtype d = graph_type(e->l->g, u->start[k])->dtype;
    LoopValue start = start_element(e, u->start[k], u->element[k]);
    if (u->drops) inside = start_inside(e, start, d, u->most[k], inside);
    if (u->most[k] > 0) offset = loop_offset(e->p, offset, start, u->most[k], u->scale[k]);
  }
  if (inside) loop_if(e->p, inside);
  bool ok = update_store(e, u, &to, offset);
  if (inside) loop_block_end(e->p);
  return ok;
}

bool emit_region(Emit *e, uint32_t at) {
  const Cluster *c = &e->l->clusters.v[at];
  const CxEqn *q = &e->l->g->eqns.v[c->eqn];
  bool ok = c->update ? emit_update(e, at, q) : q->op == CX_OP_SCAN ? emit_scan(e, c, q) : q->op == CX_OP_WHILE ? emit_while(e, c, q) : emit_cond(e, c, q);
  return ok || e->p->failed || cx_failed() || cx_fail(CX_ERR_INTERNAL, "a region does not fit the loops around it");
}
