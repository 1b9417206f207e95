/* Loop counters and pointers. A memory operand is a node (a base pointer advanced by some of the loops around it) plus a
 * constant. Every node but the roots ptr[slot] has a home in the frame, which its loop's END advances; inside a leaf loop
 * counter and nodes are kept in registers as long as there are any, and a stride of 1, 2, 4 or 8 bytes in the leaf loop
 * itself needs no node: the counter is the index register. rax is scratch, rbx is ptr. */
#include "emit/gen.h"

static const uint8_t pool_of_registers[] = {RSI, RDI, R8, R9, R10, R11, RBP, R12, R13, R14, R15};
enum { POINTERS = sizeof pool_of_registers };

/* --- nodes, found again by parent, loop and stride */

static bool hash_grow(Gen *g) {
  uint32_t n = g->hash.cap ? g->hash.cap * 2 : 32;
  uint32_t *fresh = cx_calloc(n, sizeof *fresh);
  if (!fresh) return false;
  cx_free(g->hash.v);
  g->hash.v = fresh;
  g->hash.cap = n;
  for (uint32_t k = 1; k < g->node.n; k++) {
    const Node *d = &g->node.v[k];
    uint32_t h = (uint32_t)(((uint64_t)d->stride * 31 + d->loop * 7 + d->parent) * 0x9e3779b97f4a7c15u >> 40) & (n - 1);
    while (fresh[h]) h = (h + 1) & (n - 1);
    fresh[h] = k;
  }
  return true;
}
static uint32_t node_find(Gen *g, uint32_t parent, uint32_t loop, int64_t stride) {
  if (g->failed || (g->node.n * 2 >= g->hash.cap && !hash_grow(g))) return g->failed = true, 0;
  uint32_t mask = g->hash.cap - 1;
  uint32_t h = (uint32_t)(((uint64_t)stride * 31 + loop * 7 + parent) * 0x9e3779b97f4a7c15u >> 40) & mask;
  for (; g->hash.v[h]; h = (h + 1) & mask) {
    const Node *d = &g->node.v[g->hash.v[h]];
    if (d->parent == parent && d->loop == loop && d->stride == stride) return g->hash.v[h];
  }
  Node d = {.parent = parent, .loop = loop, .stride = stride, .home = (int32_t)(loop * 8), .reg = NO_REG};
  if (parent) {
    d.next = g->loop.v[loop].nodes;
    g->loop.v[loop].nodes = g->node.n;
  }
  g->hash.v[h] = g->node.n;
  if (!vec_push(&g->node, d)) return g->failed = true, 0;
  return g->node.n - 1;
}

static void want(Gen *g, uint32_t node, uint32_t leaf) {
  if (!leaf || g->node.v[node].stamp == leaf) return;
  g->node.v[node].stamp = leaf;
  if (!vec_push(&g->wanted, node)) g->failed = true;
}

bool address_place(Gen *g, uint32_t at, uint32_t mem, const uint32_t *loops, uint32_t depth, uint32_t inner) {
  const UopMem *m = &g->c->mem.v[mem];
  const int64_t *stride = g->c->stride.v + m->strides;
  while (inner && !g->loop.v[inner].leaf) inner = g->loop.v[inner].parent;
  Place p = {.node = node_find(g, 0, m->slot, 0)};
  for (uint32_t k = 0; k < depth && k < m->levels; k++) {
    int64_t s = stride[k];
    if (!s) continue;
    if (loops[k] == inner && (s == 1 || s == 2 || s == 4 || s == 8)) p.scale = (uint8_t)s;
    else p.node = node_find(g, p.node, loops[k], s);
  }
  if (g->failed) return false;
  want(g, p.node, inner);
  if (g->c->inst.v[at].op == UOP_CALL) return vec_push(&g->call_place, p);
  g->place[at] = p;
  return !g->failed;
}

/* Homes in the frame: loops that are never open together share theirs. */
int32_t address_homes(Gen *g, int32_t from) {
  int32_t most = from;
  for (uint32_t l = 1; l < g->loop.n; l++) {
    Loop *loop = &g->loop.v[l];
    int32_t at = loop->parent ? g->loop.v[loop->parent].homes_end : from;
    if (loop->counted) {
      loop->home = at, at += loop->leaf ? 0 : 8;
      loop->limit = at, loop->rest = at + 8, at += g->c->inst.v[loop->at].a ? 16 : 0;
    }
    for (uint32_t k = loop->nodes; k; k = g->node.v[k].next) g->node.v[k].home = at, at += 8;
    loop->homes_end = at;
    if (at > most) most = at;
    if (most > FRAME_MAX) return g->failed = true, from;
  }
  return most;
}

/* --- loops */

static X86Rm home_of(const Gen *g, uint32_t node) {
  const Node *d = &g->node.v[node];
  return rm_at(d->parent ? RSP : RBX, d->home);
}
static unsigned take_gpr(Gen *g, unsigned *next) {
  if (*next == POINTERS) return NO_REG;
  unsigned r = pool_of_registers[(*next)++];
  g->used_gpr |= 1u << r;
  return r;
}
/* counter 0, and the loop's nodes at their parents */
void address_enter(Gen *g, Loop *loop) {
  unsigned next = 0;
  if (loop->leaf) {
    if (loop->counted) {
      loop->counter = (uint8_t)take_gpr(g, &next);
      x86_mov_imm(&g->x, loop->counter, 0);
    }
    for (uint32_t k = 0; k < loop->used; k++) {
      Node *d = &g->node.v[g->wanted.v[loop->first_used + k]];
      unsigned r = take_gpr(g, &next);
      if (r == NO_REG) break;
      bool own = d->parent && &g->loop.v[d->loop] == loop;
      x86_gpr(&g->x, GPR_LOAD64, r, own ? home_of(g, d->parent) : home_of(g, g->wanted.v[loop->first_used + k]), 0);
      d->reg = (uint8_t)r;
    }
  } else if (loop->counted) {
    x86_gpr(&g->x, GPR_STORE_IMM, 0, rm_at(RSP, loop->home), 0);
  }
  for (uint32_t k = loop->nodes; k; k = g->node.v[k].next) {
    if (g->node.v[k].reg != NO_REG) continue;
    x86_gpr(&g->x, GPR_LOAD64, RAX, home_of(g, g->node.v[k].parent), 0);
    x86_gpr(&g->x, GPR_STORE64, RAX, home_of(g, k), 0);
  }
}

void address_leave_leaf(Gen *g, Loop *loop) {
  for (uint32_t k = 0; k < loop->used; k++) g->node.v[g->wanted.v[loop->first_used + k]].reg = NO_REG;
  loop->counter = NO_REG;
}

static void add_to(Gen *g, X86Rm to, int64_t amount) {
  if (!amount) return;
  if (amount == (int32_t)amount) {
    x86_gpr(&g->x, GPR_ADD_I, 0, to, (int32_t)amount);
    return;
  }
  x86_mov_imm(&g->x, RAX, (uint64_t)amount);
  x86_gpr(&g->x, GPR_ADD_MR, RAX, to, 0);
}

void address_advance(Gen *g, Loop *loop) {
  int64_t step = g->c->inst.v[loop->at].mem;
  for (uint32_t k = loop->nodes; k; k = g->node.v[k].next) {
    const Node *d = &g->node.v[k];
    add_to(g, d->reg != NO_REG ? rm_reg(d->reg) : home_of(g, k), (int64_t)((uint64_t)d->stride * (uint64_t)step));
  }
  add_to(g, loop->counter != NO_REG ? rm_reg(loop->counter) : rm_at(RSP, loop->home), step);
}

/* --- operands */

unsigned address_leaf_counter(const Gen *g) {
  for (uint32_t k = g->frame.n; k--;) {
    const Loop *l = &g->loop.v[g->frame.v[k].loop];
    if (g->frame.v[k].loop && l->counted) return l->counter;
  }
  return NO_REG;
}

X86Rm address_of(Gen *g, Place where, UopPtr mem, int64_t extra, unsigned scratch) {
  int64_t disp = (int64_t)((uint64_t)g->c->mem.v[mem].offset + (uint64_t)extra);
  unsigned base = g->node.v[where.node].reg;
  if (base == NO_REG) {
    x86_gpr(&g->x, GPR_LOAD64, scratch, home_of(g, where.node), 0);
    base = scratch;
  }
  if (disp > INT32_MAX / 2 || disp < INT32_MIN / 2) {
    unsigned other = base == scratch ? (scratch == RAX ? RCX : RAX) : scratch;
    x86_mov_imm(&g->x, other, (uint64_t)disp);
    x86_gpr(&g->x, GPR_ADD_RM, other, rm_reg(base), 0);
    base = other;
    disp = 0;
  }
  if (where.scale) return rm_index(base, address_leaf_counter(g), where.scale, (int32_t)disp);
  return rm_at(base, (int32_t)disp);
}

void address_to(Gen *g, Place where, UopPtr mem, unsigned reg) {
  x86_gpr(&g->x, GPR_LEA, reg, address_of(g, where, mem, 0, reg), 0);
}
