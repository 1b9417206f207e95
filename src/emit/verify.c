/* Is a micro-op program whole and well formed? Shapes are checked by the builders; here: that every operand was defined
 * before, in a block that is still open, and that memory operands and counters name loops that are there. */
#include <cuirax/error.h>

#include "emit/build.h"

typedef struct Check {
  const UopCode *c;
  VEC(uint32_t) open;    /* open blocks: number */
  VEC(uint32_t) kind;    /* the instruction that opened each */
  VEC(uint32_t) scope;   /* by instruction: its block */
  VEC(uint8_t) closed;   /* by block */
  uint32_t loops, cuts;  /* open LOOPs, and those that may have a partial turn */
} Check;

static bool bad(uint32_t at, const UopCode *c, const char *why) {
  return cx_fail(CX_ERR_VERIFY, "micro-op %u (%s): %s", at, uop_text(c->inst.v[at].op), why);
}
static bool open_block(Check *k, uint32_t at) {
  uint32_t b = k->closed.n;
  return vec_push(&k->closed, 0) && vec_push(&k->open, b) && vec_push(&k->kind, at);
}
static void close_block(Check *k) { k->closed.v[k->open.v[--k->open.n]] = 1, k->kind.n--; }

static bool operand_ok(const Check *k, uint32_t at, UopVal v) {
  const UopCode *c = k->c;
  if (!v) return true;
  if (v >= c->inst.n || !uop_is_value(c, v)) return bad(at, c, "an operand is no value");
  if (c->inst.v[v].op == UOP_CONST) return true;
  if (v >= at || k->closed.v[k->scope.v[v]]) return bad(at, c, "an operand is used outside its block");
  return true;
}
static bool memory_ok(const Check *k, uint32_t at, UopPtr p) {
  if (!p || p >= k->c->mem.n) return bad(at, k->c, "no such memory operand");
  if (k->c->mem.v[p].levels > k->loops) return bad(at, k->c, "the memory operand has strides for loops that are not open");
  return true;
}
static bool cut(const UopInst *in) { return in->mem > 1 && !(in->aux & UOP_PADDED); }

static bool block_ok(Check *k, uint32_t at, const UopInst *in) {
  const UopCode *c = k->c;
  unsigned top = k->kind.n > 1 ? c->inst.v[k->kind.v[k->kind.n - 1]].op : UOP_COUNT;
  switch (in->op) {
    case UOP_LOOP:
      if (k->cuts) return bad(at, c, "a vector loop that is not padded may not contain loops");
      if (cut(in) && (in->mem > UOP_MAX_LANES || (in->mem & (in->mem - 1)))) return bad(at, c, "the step is no number of lanes");
      k->loops++;
      k->cuts += cut(in);
      return open_block(k, at);
    case UOP_WHILE: case UOP_IF: return open_block(k, at);
    case UOP_DO:
      if (top != UOP_WHILE) return bad(at, c, "no while is open");
      return open_block(k, at);
    case UOP_ELSE:
      if (top != UOP_IF) return bad(at, c, "no if is open");
      close_block(k);
      return open_block(k, at);
    case UOP_END:
      if (top == UOP_COUNT || top == UOP_WHILE) return bad(at, c, "no block is open");
      if (top == UOP_LOOP) k->loops--, k->cuts -= cut(&c->inst.v[k->kind.v[k->kind.n - 1]]);
      close_block(k);
      if (top == UOP_DO) close_block(k);
      return true;
    default: return true;
  }
}

static bool inst_ok(Check *k, uint32_t at) {
  const UopCode *c = k->c;
  const UopInst *in = &c->inst.v[at];
  if (!operand_ok(k, at, in->a) || !operand_ok(k, at, in->b) || !operand_ok(k, at, in->c)) return false;
  if (in->size * in->lanes > (int)uop_max_bytes(c->target)) return bad(at, c, "the value is wider than a register");
  switch (in->op) {
    case UOP_LOAD: case UOP_STORE: case UOP_GATHER: case UOP_SCATTER:
      if (!memory_ok(k, at, in->mem)) return false;
      break;
    case UOP_CALL:
      for (uint32_t n = 0; n < (uint32_t)in->imm; n++)
        if (!memory_ok(k, at, c->arg.v[in->mem + n])) return false;
      if (k->cuts) return bad(at, c, "a vector loop that is not padded may not contain calls");
      break;
    case UOP_HALF:
      if (uop_size(c, in->a) != in->size || uop_lanes(c, in->a) != in->lanes * 2u) return bad(at, c, "the operand has not twice the lanes");
      break;
    case UOP_PERM:
      for (unsigned l = 0; l < in->lanes; l++)
        if ((in->imm >> 4 * l & 15) >= in->lanes) return bad(at, c, "there is no such lane");
      break;
    case UOP_INDEX:
      if (in->imm >= k->loops) return bad(at, c, "there is no such loop level");
      break;
    case UOP_MULU: case UOP_MULS:
      if (in->size != 8) return bad(at, c, "needs 8-byte lanes");
      break;
    default: break;
  }
  return block_ok(k, at, in) && vec_push(&k->scope, k->open.v[k->open.n - 1]);
}

bool uop_verify(const UopCode *c) {
  if (c->failed) return cx_failed() ? false : cx_fail(CX_ERR_VERIFY, "the micro-op program was not built to the end");
  if (c->open.n) return cx_fail(CX_ERR_VERIFY, "%u blocks are not closed", c->open.n);
  Check k = {.c = c};
  bool ok = open_block(&k, 0) && vec_reserve(&k.scope, c->inst.n) && vec_push(&k.scope, 0);
  for (uint32_t at = 1; ok && at < c->inst.n; at++) ok = inst_ok(&k, at);
  vec_free(&k.open);
  vec_free(&k.kind);
  vec_free(&k.scope);
  vec_free(&k.closed);
  return ok;
}
