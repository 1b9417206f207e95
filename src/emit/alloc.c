/* Registers and frame slots while code is written. See gen.h for the method. */
#include <string.h>

#include "emit/gen.h"

static void own(Gen *g, unsigned reg, UopVal v) {
  g->owner[reg] = v;
  g->free_regs &= ~(1u << reg);
  g->unit[v].reg = (int8_t)reg;
}
static void disown(Gen *g, unsigned reg) {
  if (g->owner[reg]) g->unit[g->owner[reg]].reg = -1;
  g->owner[reg] = 0;
  g->free_regs |= 1u << reg;
}

/* --- the pool of constants behind the code */

uint32_t pool_bytes(Gen *g, const void *data, uint32_t bytes, uint32_t align) {
  uint32_t at = (g->pool.n + align - 1) & ~(align - 1);
  if (!vec_reserve(&g->pool, at + bytes)) return g->failed = true, 0;
  memset(g->pool.v + g->pool.n, 0, at - g->pool.n);
  memcpy(g->pool.v + at, data, bytes);
  g->pool.n = at + bytes;
  return at;
}

/* AVX2 reads whole vectors from the pool, AVX-512 broadcasts one element */
static X86Rm pool_rm(Gen *g, UopVal v, bool *broadcast) {
  const UopInst *in = &g->c->inst.v[v];
  Unit *u = &g->unit[v];
  unsigned bytes = g->wide ? in->size : value_bytes(g, v) < 16 ? 16 : value_bytes(g, v);
  if (u->slot == NO_SLOT) {
    uint8_t data[64];
    for (unsigned k = 0; k < bytes; k += in->size) memcpy(data + k, &in->imm, in->size);
    u->slot = (int32_t)pool_bytes(g, data, bytes, bytes);
  }
  *broadcast = g->wide;
  return (X86Rm){.kind = RM_POOL, .pool = (uint32_t)u->slot};
}

static void load_constant(Gen *g, unsigned reg, UopVal v) {
  const UopInst *in = &g->c->inst.v[v];
  unsigned vl = vl_of(g, v);
  uint64_t ones = in->size == 4 ? 0xffffffffu : ~(uint64_t)0;
  if (!in->imm) {
    x86_vec(&g->x, X86_XOR, 0, reg, reg, rm_reg(reg), -1, 0);
  } else if (in->imm == ones && vl < 2 && reg < 16) {
    x86_vec(&g->x, X86_PCMPEQD, vl, reg, reg, rm_reg(reg), -1, 0);
  } else if (in->imm == ones) {
    x86_vec(&g->x, X86_TERNLOGD, vl, reg, reg, rm_reg(reg), 0xff, 0);
  } else {
    bool broadcast;
    X86Rm rm = pool_rm(g, v, &broadcast);
    X86Form f = !broadcast ? X86_MOVUPS : in->size == 4 ? X86_BROADCASTD : X86_BROADCASTQ;
    x86_vec(&g->x, f, vl, reg, 0, rm, -1, 0);
  }
}

/* --- the frame */

static X86Rm slot_rm(const Gen *g, int32_t slot) {
  return rm_at(RSP, ((g->fixed + 63) & ~63) + slot * (int32_t)g->slot_bytes);
}
static void store(Gen *g, UopVal v) {
  Unit *u = &g->unit[v];
  if (u->stored || is_const(g, v)) return;
  if (u->slot == NO_SLOT) {
    if (g->free_slot.n) u->slot = g->free_slot.v[--g->free_slot.n];
    else u->slot = (int32_t)g->slots++;
    if ((uint64_t)g->slots * g->slot_bytes > FRAME_MAX) g->failed = true;
  }
  x86_vec(&g->x, X86_MOVUPS_ST, vl_of(g, v), (unsigned)u->reg, (unsigned)u->reg, slot_rm(g, u->slot), -1, 0);
  u->stored = true;
  g->spills++;
}
static void free_slot(Gen *g, UopVal v) {
  Unit *u = &g->unit[v];
  if (u->slot == NO_SLOT || is_const(g, v)) return;
  if (!vec_push(&g->freed, u->slot)) g->failed = true;
  u->slot = NO_SLOT;
  u->stored = false;
}

void reg_move(Gen *g, unsigned vl, unsigned to, unsigned from) {
  if (to != from) x86_vec(&g->x, X86_MOVAPS, vl, to, 0, rm_reg(from), -1, 0);
}
void reg_load(Gen *g, unsigned reg, UopVal v) {
  if (is_const(g, v)) {
    load_constant(g, reg, v);
    return;
  }
  if (g->unit[v].slot == NO_SLOT) return; /* a variable whose old value nobody reads */
  g->reloads++;
  x86_vec(&g->x, X86_MOVUPS, vl_of(g, v), reg, 0, slot_rm(g, g->unit[v].slot), -1, 0);
}

/* --- choosing registers */

static void evict(Gen *g, unsigned reg) {
  store(g, g->owner[reg]);
  disown(g, reg);
}
/* farthest next use first; what needs no store counts as a little farther */
static unsigned victim(const Gen *g) {
  uint64_t best = 0;
  unsigned reg = 0;
  for (unsigned r = 0; r < g->regs; r++) {
    UopVal v = g->owner[r];
    if (!v || g->pinned >> r & 1) continue;
    const Unit *u = &g->unit[v];
    uint64_t far = u->use > g->pos ? u->use - g->pos : 1u << 30;
    far = far * 2 + (is_const(g, v) || u->stored ? 16 : 0) + 1;
    if (far > best) best = far, reg = r;
  }
  if (!best) return MAX_REGS;
  return reg;
}

unsigned reg_take(Gen *g, int hint) {
  uint32_t free = g->free_regs & ~g->pinned;
  unsigned reg;
  if (hint >= 0 && free >> hint & 1) reg = (unsigned)hint;
  else if (free) reg = (unsigned)__builtin_ctz(free);
  else {
    reg = victim(g);
    if (reg == MAX_REGS) return g->failed = true, 0;
    evict(g, reg);
  }
  g->pinned |= 1u << reg;
  return reg;
}
void reg_free_temp(Gen *g, unsigned reg) { g->pinned &= ~(1u << reg); }

unsigned reg_use(Gen *g, UopVal v) {
  Unit *u = &g->unit[v];
  if (u->reg < 0) {
    unsigned reg = reg_take(g, -1);
    reg_load(g, reg, v);
    own(g, reg, v);
  }
  g->pinned |= 1u << u->reg;
  return (unsigned)u->reg;
}

X86Rm reg_rm(Gen *g, UopVal v, bool broadcast_ok, bool memory_ok) {
  const Unit *u = &g->unit[v];
  bool constant = is_const(g, v);
  if (u->reg < 0 && memory_ok && (constant ? (!g->wide || broadcast_ok) && g->c->inst.v[v].imm : u->stored)) {
    uint32_t free = g->free_regs & ~g->pinned;
    bool again = u->use > g->pos && u->use - g->pos < 24;
    if (!(again && free & (free - 1))) {
      bool broadcast = false;
      X86Rm rm = constant ? pool_rm(g, v, &broadcast) : slot_rm(g, u->slot);
      rm.broadcast = broadcast;
      if (!constant) g->reloads++;
      return rm;
    }
  }
  return rm_reg(reg_use(g, v));
}

/* --- births and deaths */

void reg_begin(Gen *g) {
  g->pinned = 0;
  for (; g->freed.n; g->freed.n--)
    if (!vec_push(&g->free_slot, g->freed.v[g->freed.n - 1])) g->failed = true;
}

void reg_adopt(Gen *g, UopVal v, unsigned reg) {
  Unit *u = &g->unit[v];
  if (u->reg >= 0 && u->reg != (int)reg) disown(g, (unsigned)u->reg);
  own(g, reg, v);
  u->stored = false;
}
void reg_release(Gen *g, UopVal v) {
  Unit *u = &g->unit[v];
  if (u->reg >= 0) {
    g->pinned &= ~(1u << u->reg);
    disown(g, (unsigned)u->reg);
  }
  free_slot(g, v);
}

/* a variable is also free between its last read and the set that replaces it, within one block */
static bool replaced_next(const Gen *g, UopVal v) {
  uint32_t j = g->unit[v].use;
  if (!is_var(g, v) || j <= g->pos || g->c->inst.v[j].op != UOP_SET || g->c->inst.v[j].a != v || g->c->inst.v[j].b == v) return false;
  if (g->block[j] != g->block[g->pos]) return false;
  return !g->tail || uop_lanes(g->c, v) != g->c->inst.v[g->loop.v[g->tail].at].mem;
}
bool reg_dies(const Gen *g, UopVal v) { return !is_const(g, v) && (g->unit[v].end == g->pos || replaced_next(g, v)); }

static void release_one(Gen *g, UopVal v) {
  if (!v || is_const(g, v)) return;
  if (g->unit[v].end == g->pos) reg_release(g, v);
  else if (g->unit[v].reg >= 0 && replaced_next(g, v)) {
    g->pinned &= ~(1u << g->unit[v].reg);
    disown(g, (unsigned)g->unit[v].reg);
    g->unit[v].stored = true;
  }
}
void reg_release_dead(Gen *g) {
  const UopInst *in = &g->c->inst.v[g->pos];
  if (in->op == UOP_SET) {
    release_one(g, in->b);
    if (g->unit[in->a].end == g->pos) reg_release(g, in->a);
    return;
  }
  release_one(g, in->a);
  release_one(g, in->b);
  release_one(g, in->c);
}

/* a result that is put into a variable goes where the variable is */
static int hint_of(Gen *g, UopVal v) {
  uint32_t j = g->unit[v].first;
  const UopInst *in = &g->c->inst.v[j];
  if (!j || in->op != UOP_SET || in->b != v || g->unit[in->a].reg < 0) return -1;
  UopVal var = in->a;
  if (g->unit[var].use == j && replaced_next(g, var)) {
    int reg = g->unit[var].reg;
    release_one(g, var);
    return reg;
  }
  return -1;
}
static int hint_before(Gen *g, UopVal v) { /* the variable may be an operand that dies here */
  uint32_t j = g->unit[v].first;
  const UopInst *in = &g->c->inst.v[j];
  return j && in->op == UOP_SET && in->b == v ? g->unit[in->a].reg : -1;
}
static unsigned born(Gen *g, UopVal v, int hint) {
  int other = hint_of(g, v);
  unsigned reg = reg_take(g, other >= 0 ? other : hint);
  own(g, reg, v);
  g->unit[v].stored = false;
  g->unit[v].slot = NO_SLOT;
  return reg;
}
unsigned reg_result(Gen *g, UopVal v) {
  int hint = hint_before(g, v);
  reg_release_dead(g);
  return born(g, v, hint);
}
unsigned reg_result_early(Gen *g, UopVal v) {
  unsigned reg = reg_take(g, -1);
  own(g, reg, v);
  g->unit[v].stored = false;
  g->unit[v].slot = NO_SLOT;
  return reg;
}

void reg_adopt_born(Gen *g, UopVal v, unsigned reg) {
  g->pinned |= 1u << reg;
  own(g, reg, v);
  g->unit[v].stored = false;
  g->unit[v].slot = NO_SLOT;
}

void unit_expire(Gen *g, uint32_t end) {
  for (UopVal v = g->expiring[end]; v; v = g->unit[v].expire) reg_release(g, v);
}

/* --- snapshots */

void state_save(Gen *g, Snapshot *s) {
  s->stored = 0;
  for (unsigned r = 0; r < g->regs; r++) {
    UopVal v = s->owner[r] = g->owner[r];
    if (v && is_var(g, v)) g->unit[v].stored = false; /* a path from here may change it */
    if (v && g->unit[v].stored) s->stored |= 1u << r;
  }
}

static bool alive(const Gen *g, UopVal v) { return is_const(g, v) || g->unit[v].end >= g->pos; }

void state_set(Gen *g, const Snapshot *s) {
  for (unsigned r = 0; r < g->regs; r++)
    if (g->owner[r]) {
      g->unit[g->owner[r]].stored = !is_const(g, g->owner[r]);
      disown(g, r);
    }
  for (unsigned r = 0; r < g->regs; r++) {
    UopVal v = s->owner[r];
    if (!v || !alive(g, v)) continue;
    own(g, r, v);
    g->unit[v].stored = s->stored >> r & 1;
  }
}

/* registers to registers first, each move when its target is free; a cycle is opened through the frame; then loads */
void state_restore(Gen *g, const Snapshot *s) {
  int8_t target[MAX_REGS];
  memset(target, -1, sizeof target);
  uint32_t load = 0;
  for (unsigned r = 0; r < g->regs; r++) {
    UopVal v = s->owner[r];
    if (!v || !alive(g, v)) continue;
    if (g->unit[v].reg >= 0) target[g->unit[v].reg] = (int8_t)r;
    else load |= 1u << r;
  }
  for (unsigned r = 0; r < g->regs; r++) { /* what the snapshot has in the frame only */
    UopVal v = g->owner[r];
    if (!v || target[r] >= 0) continue;
    if (alive(g, v) && is_var(g, v)) store(g, v);
    disown(g, r);
    if (!is_const(g, v)) g->unit[v].stored = true;
  }
  for (bool moved = true; moved;) {
    moved = false;
    uint32_t waiting = 0;
    for (unsigned r = 0; r < g->regs; r++) {
      if (target[r] < 0 || target[r] == (int)r) continue;
      unsigned to = (unsigned)target[r];
      UopVal v = g->owner[r];
      if (g->owner[to]) {
        waiting |= 1u << r;
        continue;
      }
      bool stored = g->unit[v].stored;
      reg_move(g, vl_of(g, v), to, r);
      disown(g, r);
      own(g, to, v);
      g->unit[v].stored = stored;
      target[r] = -1;
      target[to] = (int8_t)to;
      moved = true;
    }
    if (!moved && waiting) { /* only cycles are left */
      unsigned r = (unsigned)__builtin_ctz(waiting);
      UopVal v = g->owner[r];
      load |= 1u << target[r];
      target[r] = -1;
      store(g, v);
      disown(g, r);
      moved = true;
    }
  }
  for (; load; load &= load - 1) {
    unsigned r = (unsigned)__builtin_ctz(load);
    reg_load(g, r, s->owner[r]);
    own(g, r, s->owner[r]);
  }
  for (unsigned r = 0; r < g->regs; r++)
    if (g->owner[r]) g->unit[g->owner[r]].stored = s->stored >> r & 1;
}

/* Before a loop: what it does not use makes room if it needs the room, what it may have to evict is stored once here,
 * and its constants are loaded as far as registers reach. */
void state_enter_loop(Gen *g, Loop *loop) {
  unsigned room = g->regs - 2;
  if (loop->pressure > room) {
    for (unsigned r = 0; r < g->regs; r++) {
      UopVal v = g->owner[r];
      if (!v || is_const(g, v)) continue;
      bool used = g->unit[v].use > g->pos && g->unit[v].use <= loop->end;
      if (!used) evict(g, r);
      else if (!is_var(g, v)) store(g, v);
    }
  }
  uint32_t left = loop->constants;
  for (uint32_t k = 0; left && loop->pressure + k < room; k++) {
    uint32_t best = 0; /* the one that is worth most, and out of the list with it */
    for (uint32_t j = 1; j < left; j++)
      if (loop->weight[j] > loop->weight[best]) best = j;
    UopVal v = loop->constant[best];
    left--;
    loop->constant[best] = loop->constant[left], loop->weight[best] = loop->weight[left];
    if (g->unit[v].reg >= 0) continue;
    for (unsigned r = 0; r < g->regs && !(g->free_regs & (g->free_regs - 1)); r++) /* constants of other loops go */
      if (g->owner[r] && is_const(g, g->owner[r]) && (g->unit[g->owner[r]].use <= g->pos || g->unit[g->owner[r]].use > loop->end)) disown(g, r);
    if (!(g->free_regs & (g->free_regs - 1))) break;
    unsigned reg = (unsigned)__builtin_ctz(g->free_regs);
    load_constant(g, reg, v);
    own(g, reg, v);
  }
}

void state_flush(Gen *g) {
  for (unsigned r = 0; r < g->regs; r++) {
    UopVal v = g->owner[r];
    if (!v) continue;
    if (!is_const(g, v)) store(g, v);
    disown(g, r);
  }
}
