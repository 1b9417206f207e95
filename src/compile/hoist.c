/* Loop-invariant motion: what a body computes from its constants alone is computed in front of the loop and becomes a constant of it.
 * Assumes regions are in their final form. Moves only equations that cannot fail, hang or have effects, since the loop may not run at
 * all. Views stay (they cost nothing where they are read); so does what would be much larger than what it is made from.
 * Linear in the body; a body shared by several loops stays shared. */
#include "compile/rewrite.h"

enum { HOIST_KIND = 0x686f6973, SMALL_BYTES = 4096 };

typedef struct Hoist {
  Rewrite *r;
  CxGraph *body;
  uint32_t first, n; /* the loop's constants among the body's operands */
  bool *invariant;   /* by variable of the body */
  bool *moves;       /* by equation: its results become constants */
  bool *wanted;      /* by variable: needed to compute what moves */
  CxVar *outer;      /* by variable: in front of the loop */
  uint32_t count;    /* results that move */
} Hoist;

static bool is_cheap(CxOpcode op) {
  switch (op) {
    case CX_OP_BROADCAST_IN_DIM:
    case CX_OP_RESHAPE:
    case CX_OP_TRANSPOSE:
    case CX_OP_SQUEEZE:
    case CX_OP_SLICE:
    case CX_OP_REV:
    case CX_OP_IOTA:
    case CX_OP_COPY:
    case CX_OP_TILE:
    case CX_OP_RNG_UNIFORM: /* not cheap: not the same twice */
    case CX_OP_OPTIMIZATION_BARRIER: return true;
    default: return false;
  }
}

static bool all_invariant(const Hoist *h, const CxEqn *e) {
  if (cx_ops[e->op]->flags & (CX_OP_REFS | CX_OP_EFFECT) || e->op == CX_OP_RNG_UNIFORM || e->op == CX_OP_OPTIMIZATION_BARRIER) return false;
  for (uint32_t i = 0; i < e->nin; i++)
    if (!h->invariant[e->in[i]]) return false;
  return true;
}

static bool worth_moving(const Hoist *h, const CxEqn *e) {
  size_t in = 0, out = 0;
  if (is_cheap(e->op)) return false;
  for (uint32_t i = 0; i < e->nin; i++) in += type_bytes(graph_type(h->body, e->in[i]));
  for (uint32_t i = 0; i < e->nout; i++)
    if (e->out[i]) out += type_bytes(graph_type(h->body, e->out[i]));
  return out <= SMALL_BYTES || out <= 2 * in;
}

/* Forwards what is invariant and moves; backwards what that needs. */
static void find(Hoist *h) {
  const CxGraph *g = h->body;
  for (uint32_t i = 0; i < g->consts.n; i++) h->invariant[g->consts.v[i].var] = true;
  for (uint32_t i = 0; i < h->n; i++) h->invariant[g->in.v[h->first + i]] = true;
  for (uint32_t i = 0; i < g->eqns.n; i++) {
    const CxEqn *e = &g->eqns.v[i];
    if (!all_invariant(h, e)) continue;
    h->moves[i] = worth_moving(h, e);
    for (uint32_t k = 0; k < e->nout; k++) {
      h->invariant[e->out[k]] = true;
      h->count += h->moves[i] && e->out[k];
    }
    h->invariant[0] = false;
  }
  for (uint32_t i = g->eqns.n; h->count && i-- > 0;) {
    const CxEqn *e = &g->eqns.v[i];
    bool needed = h->moves[i];
    for (uint32_t k = 0; k < e->nout; k++) needed |= e->out[k] && h->wanted[e->out[k]];
    for (uint32_t k = 0; needed && k < e->nin; k++) h->wanted[e->in[k]] = true;
  }
}

/* ---- in front of the loop ---- */

static bool emit_one(Hoist *h, const CxEqn *e) {
  Rewrite *r = h->r;
  CxVar *in = arena_alloc(r->arena, ((size_t)e->nin + e->nout + 1) * sizeof *in), *out = in ? in + e->nin : NULL;
  const CxType **types = arena_alloc(r->arena, ((size_t)e->nout + 1) * sizeof *types);
  TRY(in && types);
  for (uint32_t i = 0; i < e->nin; i++) in[i] = h->outer[e->in[i]];
  for (uint32_t i = 0; i < e->nout; i++) types[i] = h->body->types.v[e->out[i]], out[i] = 0;
  CxWhere where = r->where;
  const char *stack = r->name_stack;
  if (e->where.host) r->where = e->where;
  r->name_stack = rewrite_stack(r, stack, e->name_stack);
  bool ok = rewrite_apply(r, &(Pending){e->op, cx_ops[e->op], in, e->nin, e->nout, e->attrs, types}, out);
  r->where = where;
  r->name_stack = stack;
  for (uint32_t i = 0; i < e->nout; i++) h->outer[e->out[i]] = out[i];
  return ok;
}

static bool emit_all(Hoist *h, const CxVar *constants) {
  const CxGraph *g = h->body;
  for (uint32_t i = 0; i < h->n; i++) { /* a loop's operands may differ from the body's in weakness */
    CxVar v = g->in.v[h->first + i];
    if (h->wanted[v]) TRY(h->outer[v] = rewrite_adapt(h->r, constants[i], graph_type(g, v)));
  }
  for (uint32_t i = 0; i < g->consts.n; i++)
    if (h->wanted[g->consts.v[i].var]) TRY(h->outer[g->consts.v[i].var] = rewrite_const(h->r, g->consts.v[i].value));
  for (uint32_t i = 0; i < g->eqns.n; i++) {
    const CxEqn *e = &g->eqns.v[i];
    bool needed = h->moves[i];
    for (uint32_t k = 0; k < e->nout; k++) needed |= e->out[k] && h->wanted[e->out[k]];
    if (needed && all_invariant(h, e)) TRY(emit_one(h, e));
  }
  return true;
}

/* ---- the body that is left: the results that moved are operands after the constants ---- */

static bool copy_eqn(CxGraph *to, const CxGraph *g, const CxEqn *e, CxVar *map) {
  CxArena arena = {0};
  CxVar *in = arena_alloc(&arena, ((size_t)e->nin + e->nout + 1) * sizeof *in), *out = in ? in + e->nin : NULL;
  const CxType **types = arena_alloc(&arena, ((size_t)e->nout + 1) * sizeof *types);
  bool ok = in && types;
  for (uint32_t i = 0; ok && i < e->nin; i++) in[i] = map[e->in[i]];
  for (uint32_t i = 0; ok && i < e->nout; i++) types[i] = g->types.v[e->out[i]];
  ok = ok && graph_eqn(to, e->op, e->nin, in, e->attrs, e->nout, types, out, e->where);
  if (ok && e->name_stack) to->eqns.v[to->eqns.n - 1].name_stack = arena_string(&to->arena, e->name_stack);
  for (uint32_t i = 0; ok && i < e->nout; i++) map[e->out[i]] = out[i];
  map[0] = 0;
  arena_free(&arena);
  return ok;
}

static bool add_inputs(const Hoist *h, CxGraph *to, CxVar *map) {
  const CxGraph *g = h->body;
  for (uint32_t i = 0; i <= g->in.n; i++) {
    if (i == h->first + h->n)
      for (uint32_t k = 0; k < g->eqns.n; k++)
        for (uint32_t j = 0; h->moves[k] && j < g->eqns.v[k].nout; j++) {
          CxVar v = g->eqns.v[k].out[j];
          if (v) TRY(map[v] = graph_input(to, graph_type(g, v)));
        }
    if (i < g->in.n) TRY(map[g->in.v[i]] = graph_input(to, graph_type(g, g->in.v[i])));
  }
  return true;
}

static CxGraph *rest_of(const Hoist *h) {
  const CxGraph *g = h->body;
  CxGraph *to = graph_new(g->name);
  CxVar *map = cx_calloc(g->types.n, sizeof *map);
  bool ok = to && map;
  for (uint32_t i = 0; ok && i < g->consts.n; i++) ok = (map[g->consts.v[i].var] = graph_const(to, g->consts.v[i].value)) != 0;
  ok = ok && add_inputs(h, to, map);
  for (uint32_t i = 0; ok && i < g->eqns.n; i++)
    if (!h->moves[i]) ok = copy_eqn(to, g, &g->eqns.v[i], map);
  for (uint32_t i = 0; ok && i < g->out.n; i++) ok = graph_output(to, map[g->out.v[i]]);
  cx_free(map);
  if (ok && !cx_failed()) return to;
  ref_release(to);
  return NULL;
}

static CxGraph *body_left(const Hoist *h) {
  uint32_t key[2] = {h->first, h->n};
  CxGraph *found = graph_derived_find(h->body, HOIST_KIND, key, sizeof key);
  return found ? found : graph_derived_keep(h->body, HOIST_KIND, key, sizeof key, rest_of(h));
}

/* ---- loops ---- */

/* The loop's operands with what moved behind the constants at `at`. */
static bool add_operands(Hoist *h, Pending *p, uint32_t at) {
  CxVar *in = arena_alloc(h->r->arena, ((size_t)p->nin + h->count + 1) * sizeof *in);
  uint32_t n = at;
  TRY(in);
  if (at) memcpy(in, p->in, at * sizeof *in);
  for (uint32_t i = 0; i < h->body->eqns.n; i++)
    for (uint32_t k = 0; h->moves[i] && k < h->body->eqns.v[i].nout; k++)
      if (h->body->eqns.v[i].out[k]) in[n++] = h->outer[h->body->eqns.v[i].out[k]];
  memcpy(in + n, p->in + at, (p->nin - at) * sizeof *in);
  p->in = in;
  p->nin += h->count;
  return true;
}

/* Moves out of *body, whose constants are its first n operands and stand at p->in[at]. *moved: how many became constants. */
static bool hoist_from(Rewrite *r, Pending *p, CxGraph **body, uint32_t n, uint32_t at, uint32_t *moved) {
  CxGraph *g = *body;
  CxArena *arena = r->arena;
  Hoist h = {.r = r, .body = g, .n = n};
  h.invariant = arena_alloc(arena, g->types.n), h.wanted = arena_alloc(arena, g->types.n), h.moves = arena_alloc(arena, (size_t)g->eqns.n + 1);
  h.outer = arena_alloc(arena, g->types.n * sizeof *h.outer);
  *moved = 0;
  TRY(h.invariant && h.wanted && h.moves && h.outer);
  find(&h);
  if (!h.count) return true;
  CxGraph *left = emit_all(&h, p->in + at) ? body_left(&h) : NULL;
  TRY(left && add_operands(&h, p, at + n));
  r->run->rewritten += h.count;
  r->changed = true;
  *body = left;
  *moved = h.count;
  return true;
}

static bool hoist_scan(Rewrite *r, Pending *p) {
  CxScanAttrs *s = arena_copy(r->arena, p->attrs, sizeof *s);
  uint32_t moved;
  TRY(s);
  if (!s->length) return true;
  TRY(hoist_from(r, p, &s->jaxpr, (uint32_t)s->num_consts, 0, &moved));
  s->num_consts += moved;
  if (moved) s->linear = CX_NO_INTS, p->attrs = s;
  return true;
}

static bool hoist_while(Rewrite *r, Pending *p) {
  CxWhileAttrs *w = arena_copy(r->arena, p->attrs, sizeof *w);
  uint32_t by_test, by_body;
  TRY(w && hoist_from(r, p, &w->cond_jaxpr, (uint32_t)w->cond_nconsts, 0, &by_test));
  w->cond_nconsts += by_test;
  TRY(hoist_from(r, p, &w->body_jaxpr, (uint32_t)w->body_nconsts, (uint32_t)w->cond_nconsts, &by_body));
  w->body_nconsts += by_body;
  if (by_test || by_body) p->attrs = w;
  return true;
}

bool hoist_loop(Rewrite *r, Pending *p) {
  if (p->op == CX_OP_SCAN) return hoist_scan(r, p);
  return p->op != CX_OP_WHILE || hoist_while(r, p);
}
