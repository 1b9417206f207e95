/* What must be known before code is written. One backward walk finds the next use of every operand and drops pure
 * instructions that nobody uses; one forward walk finds live ranges (a unit from outside a loop that is used in it lives
 * to the loop's end), register pressure, the constants and the memory operands of loops. */
#include "emit/gen.h"

static const char op_flags[] = {
#define UOP(id, text, operands, result, flags) #flags[0],
#include "emit/uops.def"
#undef UOP
};
bool uop_is_pure(unsigned op) { return op_flags[op] == 'P' || op == UOP_LOAD || op == UOP_GATHER || op == UOP_GET || op == UOP_VAR; }

static bool tables(Gen *g) {
  size_t n = g->n;
  g->unit = arena_alloc(&g->arena, n * sizeof *g->unit);
  g->next = arena_alloc(&g->arena, n * sizeof *g->next);
  g->expiring = arena_alloc(&g->arena, n * sizeof *g->expiring);
  g->match = arena_alloc(&g->arena, n * sizeof *g->match);
  g->block = arena_alloc(&g->arena, n * sizeof *g->block);
  g->place = arena_alloc(&g->arena, n * sizeof *g->place);
  g->loop_at = arena_alloc(&g->arena, n * sizeof *g->loop_at);
  g->if_end = arena_alloc(&g->arena, n * sizeof *g->if_end);
  return g->unit && g->next && g->expiring && g->match && g->block && g->place && g->loop_at && g->if_end;
}

static void walk_back(Gen *g) {
  for (uint32_t i = g->n - 1; i; i--) {
    const UopInst *in = &g->c->inst.v[i];
    Unit *u = &g->unit[i];
    u->reg = -1;
    u->slot = NO_SLOT;
    u->first = u->use; /* `use` has the last occurrence seen so far */
    if (!u->use && uop_is_pure(in->op)) continue;
    const uint32_t operand[3] = {in->a, in->b, in->c};
    for (int k = 2; k >= 0; k--) {
      if (!operand[k]) continue;
      Unit *o = &g->unit[operand[k]];
      g->next[i][k] = o->use;
      o->use = i;
    }
  }
}

typedef struct Walk {
  VEC(uint32_t) open;  /* open blocks: positions */
  VEC(uint32_t) loops; /* open loops, LOOP and WHILE: indices in Gen.loop */
  VEC(uint32_t) counted; /* the LOOPs among them */
  uint32_t *depth; /* by unit: number of loops around its definition */
  uint32_t *stamp; /* by constant: loop that lists it */
  uint8_t *index;  /* by constant: where in that list */
  uint32_t *ending; /* by position: units whose range ends there */
  uint32_t blocks;
} Walk;

static bool open_loop(Gen *g, Walk *w, uint32_t i, bool counted) {
  Loop l = {.at = i, .counted = counted, .leaf = true, .counter = NO_REG, .level = w->counted.n};
  l.parent = w->loops.n ? w->loops.v[w->loops.n - 1] : 0;
  uint32_t at = g->loop_at[i] = g->loop.n;
  if (counted)
    for (uint32_t up = l.parent; up && g->loop.v[up].leaf; up = g->loop.v[up].parent) g->loop.v[up].leaf = false;
  return vec_push(&g->loop, l) && vec_push(&w->loops, at) && (!counted || vec_push(&w->counted, at));
}

/* A constant in a register saves a load where it cannot be a memory operand (the last one) and a little where it can. */
static void use_constant(Gen *g, Walk *w, UopVal v, bool last) {
  if (!w->loops.n) return;
  uint32_t inner = w->loops.v[w->loops.n - 1], weight = last ? 1 : 3;
  if (w->stamp[v] == inner) {
    Loop *loop = &g->loop.v[inner];
    if (w->index[v] < LOOP_CONSTANTS) loop->weight[w->index[v]] += weight;
    return;
  }
  w->stamp[v] = inner;
  w->index[v] = LOOP_CONSTANTS;
  for (uint32_t l = inner; l; l = g->loop.v[l].parent) {
    Loop *loop = &g->loop.v[l];
    uint32_t k = 0;
    while (k < loop->constants && loop->constant[k] != v) k++;
    if (k < loop->constants) loop->weight[k] += weight;
    if (k < loop->constants || k == LOOP_CONSTANTS) break;
    loop->constant[loop->constants] = v;
    loop->weight[loop->constants++] = weight;
    if (l == inner) w->index[v] = (uint8_t)k;
  }
}

/* an occurrence: the unit lives to here, or to the end of the outermost loop that its definition is not in */
static void use_unit(Gen *g, Walk *w, UopVal v, uint32_t i, bool last) {
  if (is_const(g, v)) {
    use_constant(g, w, v, last);
    return;
  }
  uint32_t end = i;
  if (w->loops.n > w->depth[v]) end = g->loop.v[w->loops.v[w->depth[v]]].end;
  if (end > g->unit[v].end) g->unit[v].end = end;
}

static void match_ends(Gen *g, Walk *w) {
  w->open.n = 0;
  for (uint32_t i = 1; i < g->n && !g->failed; i++) {
    switch (g->c->inst.v[i].op) {
      case UOP_LOOP: case UOP_WHILE: case UOP_IF:
        if (!vec_push(&w->open, i)) g->failed = true;
        break;
      case UOP_DO: case UOP_ELSE:
        g->match[w->open.v[w->open.n - 1]] = i;
        w->open.v[w->open.n - 1] = i;
        break;
      case UOP_END: {
        uint32_t from = w->open.v[--w->open.n];
        g->match[from] = i;
        g->if_end[i] = g->c->inst.v[from].op == UOP_IF || g->c->inst.v[from].op == UOP_ELSE;
        break;
      }
      default: break;
    }
  }
}

static bool walk_block(Gen *g, Walk *w, uint32_t i, const UopInst *in) {
  switch (in->op) {
    case UOP_LOOP: case UOP_WHILE: {
      if (!open_loop(g, w, i, in->op == UOP_LOOP)) return false;
      uint32_t end = g->match[i];
      g->loop.v[g->loop.n - 1].end = in->op == UOP_LOOP ? end : g->match[end];
      break;
    }
    case UOP_IF:
      break;
    case UOP_END: {
      uint32_t top = w->loops.n ? w->loops.v[w->loops.n - 1] : 0;
      if (top && g->loop.v[top].end == i) {
        w->loops.n--;
        if (g->loop.v[top].counted) w->counted.n--;
      }
      break;
    }
    default: break;
  }
  return true;
}

static bool walk_forward(Gen *g, Walk *w) {
  for (uint32_t i = 1; i < g->n; i++) {
    const UopInst *in = &g->c->inst.v[i];
    w->depth[i] = w->loops.n;
    if (!g->unit[i].first && uop_is_pure(in->op)) continue;
    if (in->a) use_unit(g, w, in->a, i, false);
    if (in->b) use_unit(g, w, in->b, i, !in->c);
    if (in->c) use_unit(g, w, in->c, i, in->op != UOP_SELECT);
    g->block[i] = w->blocks; /* a condition is read in the block around */
    if (op_flags[in->op] == 'C') {
      w->blocks++;
      if (!walk_block(g, w, i, in)) return false;
    }
    if (in->op == UOP_CALL)
      for (uint32_t l = w->loops.n ? w->loops.v[w->loops.n - 1] : 0; l; l = g->loop.v[l].parent) g->loop.v[l].leaf = false;
  }
  return true;
}

/* a leaf is a LOOP without LOOPs or calls inside, or a WHILE like that in no leaf; its addresses live in registers */
static void choose_leaves(Gen *g) {
  for (uint32_t l = 1; l < g->loop.n; l++) {
    Loop *loop = &g->loop.v[l];
    for (uint32_t up = loop->parent; up && loop->leaf; up = g->loop.v[up].parent)
      if (g->loop.v[up].leaf) loop->leaf = false;
  }
}

/* END marks are collected, and the pressure counted, over the finished ranges */
static bool ranges(Gen *g, Walk *w) {
  for (uint32_t i = 1; i < g->n; i++) {
    Unit *u = &g->unit[i];
    if (!u->end) continue;
    w->ending[u->end]++;
    if (g->c->inst.v[u->end].op == UOP_END) u->expire = g->expiring[u->end], g->expiring[u->end] = i;
  }
  uint32_t live = 0, l = 0, opened = 1, branches = 0;
  for (uint32_t i = 1; i < g->n; i++) {
    unsigned op = g->c->inst.v[i].op;
    if (g->unit[i].end) live++;
    if (op == UOP_IF) branches++;
    if (opened < g->loop.n && g->loop.v[opened].at == i) {
      l = opened++;
      g->loop.v[l].pressure = live;
    }
    /* what only a branch needs is the branch's affair: it is often the rare case, and evicting constants costs little */
    if (l && !branches && live > g->loop.v[l].pressure) g->loop.v[l].pressure = live;
    if (op == UOP_END && g->if_end[i]) branches--;
    if (l && g->loop.v[l].end == i) {
      uint32_t up = g->loop.v[l].parent;
      if (up && g->loop.v[up].pressure < g->loop.v[l].pressure) g->loop.v[up].pressure = g->loop.v[l].pressure;
      l = up;
    }
    live -= w->ending[i];
  }
  return true;
}

/* addresses are placed after the leaves are known: a second short walk */
static bool place_all(Gen *g, Walk *w) {
  w->counted.n = 0;
  uint32_t opened = 1;
  uint32_t current = 0;
  bool ok = true;
  for (uint32_t i = 1; i < g->n && ok; i++) {
    const UopInst *in = &g->c->inst.v[i];
    if (in->op == UOP_LOOP || in->op == UOP_WHILE) {
      Loop *loop = &g->loop.v[opened];
      current = opened++;
      if (loop->counted) ok = vec_push(&w->counted, current);
      loop->first_used = g->wanted.n;
    } else if (in->op == UOP_END && current && g->loop.v[current].end == i) {
      Loop *loop = &g->loop.v[current];
      if (loop->leaf) loop->used = g->wanted.n - loop->first_used;
      if (loop->counted) w->counted.n--;
      current = loop->parent;
    } else if (op_flags[in->op] == 'M' && (g->unit[i].first || !uop_is_pure(in->op))) {
      ok = address_place(g, i, in->mem, w->counted.v, w->counted.n, current);
    } else if (in->op == UOP_CALL) {
      g->place[i].node = g->call_place.n;
      for (uint32_t k = 0; k < (uint32_t)in->imm && ok; k++)
        ok = address_place(g, i, g->c->arg.v[in->mem + k], w->counted.v, w->counted.n, current);
    }
  }
  return ok;
}

bool live_build(Gen *g) {
  Walk w = {0};
  size_t n = g->n;
  bool ok = tables(g);
  if (ok) {
    w.depth = arena_alloc(&g->arena, n * sizeof *w.depth);
    w.stamp = arena_alloc(&g->arena, n * sizeof *w.stamp);
    w.ending = arena_alloc(&g->arena, n * sizeof *w.ending);
    w.index = arena_alloc(&g->arena, n * sizeof *w.index);
    ok = w.depth && w.stamp && w.ending && w.index && vec_push(&g->loop, (Loop){0}) && vec_push(&g->node, (Node){0});
  }
  if (ok) {
    match_ends(g, &w);
    walk_back(g);
    ok = !g->failed && walk_forward(g, &w) && ranges(g, &w);
    if (ok) choose_leaves(g), ok = place_all(g, &w);
  }
  vec_free(&w.open);
  vec_free(&w.loops);
  vec_free(&w.counted);
  return ok;
}
