/* Micro-ops as text, one a line:  %12 = fadd.4x8 %3, %11   (4-byte lanes, 8 of them) */
#include <inttypes.h>

#include "base/text.h"
#include "emit/build.h"

static const char *const type_text[] = {"i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f16", "bf16", "f32", "f64", "bool"};
static const char *const icmp_text[] = {"eq", "ne", "lt", "le", "gt", "ge", "ult", "ule", "ugt", "uge"};
static const char *const round_text[] = {"nearest", "floor", "ceil", "zero"};

static const char *fcmp_text(uint64_t p) {
  switch (p) {
    case UOP_FEQ: return "eq";
    case UOP_FLT: return "lt";
    case UOP_FLE: return "le";
    case UOP_FGE: return "ge";
    case UOP_FGT: return "gt";
    case UOP_FNE: return "ne";
    case UOP_FONE: return "one";
    case UOP_FUEQ: return "ueq";
    case UOP_FULT: return "ult";
    case UOP_FULE: return "ule";
    case UOP_FUGE: return "uge";
    case UOP_FUGT: return "ugt";
    case UOP_FORD: return "ord";
    default: return "unord";
  }
}

static void print_mem(const UopCode *c, UopPtr p, CxText *to) {
  const UopMem *m = &c->mem.v[p];
  text_addf(to, "[ptr%u", m->slot);
  for (uint32_t k = 0; k < m->levels; k++)
    if (c->stride.v[m->strides + k]) text_addf(to, " + i%u*%" PRId64, k, c->stride.v[m->strides + k]);
  if (m->offset) text_addf(to, " + %" PRId64, m->offset);
  text_addf(to, "; lane %" PRId64 "]", m->lane);
}

static void print_detail(const UopCode *c, const UopInst *in, CxText *to) {
  switch (in->op) {
    case UOP_CONST: case UOP_PERM: text_addf(to, " 0x%" PRIx64, in->imm); break;
    case UOP_INDEX: text_addf(to, " i%" PRIu64, in->imm); break;
    case UOP_LOAD: case UOP_STORE: case UOP_GATHER: case UOP_SCATTER:
      text_addf(to, " %s ", type_text[in->aux]);
      print_mem(c, in->mem, to);
      break;
    case UOP_SHL: case UOP_SHR: case UOP_SAR: case UOP_ROTL: case UOP_HALF: case UOP_RETURN_IF: case UOP_POLL:
      text_addf(to, " %" PRIu64, in->imm);
      break;
    case UOP_FROUND: text_addf(to, " %s", round_text[in->imm & 3]); break;
    case UOP_FCMP: text_addf(to, " %s", fcmp_text(in->imm)); break;
    case UOP_ICMP: text_addf(to, " %s", icmp_text[in->imm]); break;
    case UOP_LOOP:
      if (!in->a) text_addf(to, " %" PRIu64, in->imm);
      text_addf(to, " step %u%s", in->mem, in->aux & UOP_PADDED ? " padded" : "");
      break;
    case UOP_CALL:
      text_addf(to, " %s", c->callee.v[in->imm >> 32].name);
      for (uint32_t k = 0; k < (uint32_t)in->imm; k++) text_add(to, " "), print_mem(c, c->arg.v[in->mem + k], to);
      break;
    default: break;
  }
}

void uop_print(const UopCode *c, CxText *to) {
  unsigned depth = 0;
  for (uint32_t i = 1; i < c->inst.n; i++) {
    const UopInst *in = &c->inst.v[i];
    if ((in->op == UOP_END || in->op == UOP_ELSE || in->op == UOP_DO) && depth) depth--;
    for (unsigned k = 0; k < depth; k++) text_add(to, "  ");
    if (in->size && in->op != UOP_STORE && in->op != UOP_SCATTER) text_addf(to, "%%%u = ", i);
    text_add(to, uop_text(in->op));
    if (in->size) text_addf(to, ".%ux%u", in->size, in->lanes);
    if (in->a) text_addf(to, " %%%u", in->a);
    if (in->b) text_addf(to, ", %%%u", in->b);
    if (in->c) text_addf(to, ", %%%u", in->c);
    print_detail(c, in, to);
    text_add(to, "\n");
    if (in->op == UOP_LOOP || in->op == UOP_WHILE || in->op == UOP_IF || in->op == UOP_ELSE || in->op == UOP_DO) depth++;
  }
}
