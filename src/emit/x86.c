/* Encoding of x86-64 instructions: legacy with REX, VEX, EVEX. */
#include "emit/x86.h"

#include <string.h>

enum { RM, RVM, MR, MVR, NONE, GATHER, V0, V1, V2, V3, V4, V5, V6, V7 }; /* order */
enum { F, M, H, Q, O, S1, S2, S4, S8, T16, T32 };                /* tuple */
enum { V = 1, E = 2, B = 3 };                                    /* encodings */

typedef struct Form {
  uint8_t map, pp, opcode, wv, we, encodings, order, tuple, imm;
} Form;
static const Form forms[] = {
#define X(id, vex, evex, map, pp, op, wv, we, enc, order, tuple, operands) {map, pp, op, wv, we, enc, order, tuple, 0},
#include "emit/x86.def"
#undef X
};

enum { R = 8, NONE_ = 9 }; /* digit: the register is an operand; there is no modrm */
typedef struct GprForm {
  uint8_t map, opcode, digit, w;
  char operands[4];
} GprForm;
static const GprForm gpr_forms[] = {
#define G(id, name, map, op, digit, w, operands) {map, op, digit, w, operands},
#include "emit/x86_gpr.def"
#undef G
};

bool x86_form_is(X86Form form, char encoding) { return forms[form].encodings & (encoding == 'V' ? V : E); }

/* room for one instruction; after a failure everything lands in the first bytes */
static uint8_t *room(X86 *x) {
  if (x->code.n + 32 > x->code.cap && !vec_reserve(&x->code, x->code.n + 32)) x->failed = true;
  if (x->failed) x->code.n = 0;
  return x->code.cap >= 32 ? x->code.v + x->code.n : NULL;
}
static uint8_t *put32(uint8_t *p, uint32_t v) {
  memcpy(p, &v, 4);
  return p + 4;
}

static unsigned scale_bits(unsigned scale) { return scale == 8 ? 3 : scale == 4 ? 2 : scale == 2 ? 1 : 0; }

/* modrm, sib, displacement; `unit` is what a disp8 counts in; *pool_at is set to where a pool displacement lies */
static uint8_t *put_rm(uint8_t *p, unsigned reg, const X86Rm *rm, unsigned unit, uint8_t **pool_at) {
  unsigned r = (reg & 7) << 3;
  if (rm->kind == RM_REG) return *p++ = (uint8_t)(0xc0 | r | (rm->reg & 7)), p;
  if (rm->kind == RM_POOL) {
    *p++ = (uint8_t)(r | 5);
    *pool_at = p;
    return put32(p, 0);
  }
  int32_t short_disp = rm->disp / (int32_t)unit;
  bool fits = rm->disp % (int32_t)unit == 0 && short_disp >= -128 && short_disp <= 127;
  unsigned base = rm->base & 7, mod = !rm->disp && base != 5 ? 0 : fits ? 1 : 2;
  bool sib = rm->index != NO_REG || base == 4;
  *p++ = (uint8_t)(mod << 6 | r | (sib ? 4 : base));
  if (sib) *p++ = (uint8_t)(scale_bits(rm->scale) << 6 | (rm->index != NO_REG ? rm->index & 7 : 4) << 3 | base);
  if (mod == 1) *p++ = (uint8_t)short_disp;
  if (mod == 2) p = put32(p, (uint32_t)rm->disp);
  return p;
}

/* bits 3 of base (or register) and index; bit 4 of a register operand goes where the index's bit 3 does (EVEX) */
static unsigned ext_b(const X86Rm *rm) { return rm->kind == RM_REG ? rm->reg >> 3 & 1 : rm->kind == RM_MEM ? rm->base >> 3 & 1 : 0; }
static unsigned ext_x(const X86Rm *rm) {
  if (rm->kind == RM_REG) return rm->reg >> 4 & 1;
  return rm->kind == RM_MEM && rm->index != NO_REG ? rm->index >> 3 & 1 : 0;
}

static uint8_t *put_vex(uint8_t *p, const Form *f, unsigned vl, unsigned reg, unsigned v, const X86Rm *rm) {
  unsigned r = reg >> 3 & 1, low = (~v & 15) << 3 | vl << 2 | f->pp;
  if (!ext_b(rm) && !ext_x(rm) && f->map == 1 && !f->wv) {
    *p++ = 0xc5;
    *p++ = (uint8_t)((r ^ 1) << 7 | low);
  } else {
    *p++ = 0xc4;
    *p++ = (uint8_t)((r ^ 1) << 7 | (ext_x(rm) ^ 1) << 6 | (ext_b(rm) ^ 1) << 5 | f->map);
    *p++ = (uint8_t)(f->wv << 7 | low);
  }
  return p;
}
static uint8_t *put_evex(uint8_t *p, const Form *f, unsigned vl, unsigned reg, unsigned v, const X86Rm *rm, unsigned k, bool zero) {
  *p++ = 0x62;
  *p++ = (uint8_t)((~reg >> 3 & 1) << 7 | (ext_x(rm) ^ 1) << 6 | (ext_b(rm) ^ 1) << 5 | (~reg >> 4 & 1) << 4 | f->map);
  *p++ = (uint8_t)(f->we << 7 | (~v & 15) << 3 | 4 | f->pp);
  *p++ = (uint8_t)((unsigned)zero << 7 | vl << 5 | (unsigned)rm->broadcast << 4 | (~v >> 4 & 1) << 3 | k);
  return p;
}

static unsigned disp_unit(const Form *f, unsigned vl, bool broadcast) {
  unsigned bytes = 16u << vl;
  switch (f->tuple) {
    case F: return broadcast ? (f->we ? 8 : 4) : bytes;
    case H: return bytes / 2;
    case Q: return bytes / 4;
    case O: return bytes / 8;
    case S1: return 1;
    case S2: return 2;
    case S4: return 4;
    case S8: return 8;
    case T16: return 16;
    case T32: return 32;
    default: return bytes;
  }
}

void x86_vec(X86 *x, X86Form form, unsigned vl, unsigned dst, unsigned a, X86Rm b, int imm, unsigned k) {
  const Form *f = &forms[form];
  unsigned reg = dst, v = a;
  X86Rm rm = b;
  switch (f->order) {
    case RM: v = 0; break;
    case MR: reg = a, v = 0; break;                     /* b is the destination */
    case MVR: reg = dst, v = a; break;                  /* b := dst where a */
    case NONE: reg = v = 0, rm = rm_reg(0); break;
    case RVM: break;
    default: reg = f->order - V0, v = dst;              /* a is ignored: the source is b */
  }
  bool wide = vl == 2 || k || rm.broadcast || ((reg | v) & 16) || (rm.kind == RM_REG && rm.reg & 16);
  bool evex = !(f->encodings & V) || ((wide || x->evex) && (f->encodings & E));
  uint8_t *start = room(x), *p = start, *pool_at = NULL;
  if (!p) return;
  bool zero = k && f->order == RM; /* loads; a store or a blend keeps what the mask leaves out */
  p = evex ? put_evex(p, f, vl, reg, v, &rm, k, zero) : put_vex(p, f, vl, reg, v, &rm);
  *p++ = f->opcode;
  if (f->order != NONE) p = put_rm(p, reg, &rm, evex ? disp_unit(f, vl, rm.broadcast) : 1, &pool_at);
  if (imm >= 0) *p++ = (uint8_t)imm;
  uint32_t at = x->code.n;
  x->code.n += (uint32_t)(p - start);
  if (pool_at && !x->failed && !vec_push(&x->fixup, ((X86Fixup){at + (uint32_t)(pool_at - start), x->code.n, rm.pool})))
    x->failed = true;
}

void x86_gather(X86 *x, X86Form form, bool evex, unsigned vl, unsigned dst, unsigned mask, X86Rm at) {
  const Form *f = &forms[form];
  uint8_t *start = room(x), *p = start, *pool_at = NULL;
  if (!p) return;
  /* the index's bits 3 and 4 are extension bits like a register's: 4 takes the place of vvvv's */
  p = evex ? put_evex(p, f, vl, dst, at.index & 16, &at, mask, false) : put_vex(p, f, vl, dst, mask, &at);
  *p++ = f->opcode;
  p = put_rm(p, dst, &at, evex ? disp_unit(f, vl, false) : 1, &pool_at);
  x->code.n += (uint32_t)(p - start);
}

void x86_gpr(X86 *x, X86Gpr form, unsigned reg, X86Rm rm, int32_t imm) {
  const GprForm *f = &gpr_forms[form];
  if (f->digit != R) reg = f->digit & 7;
  if (f->digit == NONE_) reg = 0;
  uint8_t *start = room(x), *p = start, *pool_at = NULL;
  if (!p) return;
  unsigned rex = (unsigned)f->w << 3 | (reg >> 3 & 1) << 2 | ext_x(&rm) << 1 | ext_b(&rm);
  if (rex) *p++ = (uint8_t)(0x40 | rex);
  if (f->map == 1) *p++ = 0x0f;
  bool short_imm = f->opcode == 0x81 && imm >= -128 && imm <= 127;
  *p++ = short_imm ? 0x83 : f->opcode;
  if (f->digit != NONE_) p = put_rm(p, reg, &rm, 1, &pool_at);
  size_t operands = strnlen(f->operands, 4);
  char last = operands ? f->operands[operands - 1] : 0;
  if (last == 't' || (last == 'i' && short_imm)) *p++ = (uint8_t)imm;
  else if (last == 'i' || last == 'I') p = put32(p, (uint32_t)imm);
  uint32_t at = x->code.n;
  x->code.n += (uint32_t)(p - start);
  if (pool_at && !x->failed && !vec_push(&x->fixup, ((X86Fixup){at + (uint32_t)(pool_at - start), x->code.n, rm.pool})))
    x->failed = true;
}

void x86_mov_imm(X86 *x, unsigned reg, uint64_t imm) {
  if (!imm || ((uint64_t)(int64_t)(int32_t)imm == imm && imm > UINT32_MAX)) {
    x86_gpr(x, imm ? GPR_STORE_IMM : GPR_XOR, reg, rm_reg(reg), (int32_t)imm);
    return;
  }
  uint8_t *start = room(x), *p = start;
  if (!p) return;
  bool wide = imm > UINT32_MAX;
  unsigned rex = (unsigned)wide << 3 | (reg >> 3 & 1);
  if (rex) *p++ = (uint8_t)(0x40 | rex);
  *p++ = (uint8_t)(0xb8 | (reg & 7));
  p = put32(p, (uint32_t)imm);
  if (wide) p = put32(p, (uint32_t)(imm >> 32));
  x->code.n += (uint32_t)(p - start);
}

uint32_t x86_jump(X86 *x, int cc) {
  uint8_t *start = room(x), *p = start;
  if (!p) return 0;
  if (cc < 0) *p++ = 0xe9;
  else *p++ = 0x0f, *p++ = (uint8_t)(0x80 | cc);
  p = put32(p, 0);
  x->code.n += (uint32_t)(p - start);
  return x->code.n;
}
void x86_land(X86 *x, uint32_t jump) {
  if (!x->failed) put32(x->code.v + jump - 4, x->code.n - jump);
}
void x86_jump_back(X86 *x, int cc, uint32_t to) {
  uint8_t *start = room(x), *p = start;
  if (!p) return;
  uint32_t at = x->code.n;
  if (at - to + 2 <= 128) {
    *p++ = cc < 0 ? 0xeb : (uint8_t)(0x70 | cc);
    *p = (uint8_t)(to - (at + 2)), p++;
  } else {
    if (cc < 0) *p++ = 0xe9;
    else *p++ = 0x0f, *p++ = (uint8_t)(0x80 | cc);
    p = put32(p, to - (at + (uint32_t)(p - start) + 4));
  }
  x->code.n += (uint32_t)(p - start);
}

void x86_align(X86 *x, uint32_t to) {
  static const uint8_t nops[9][9] = {{0x90}, {0x66, 0x90}, {0x0f, 0x1f, 0}, {0x0f, 0x1f, 0x40, 0}, {0x0f, 0x1f, 0x44, 0, 0},
    {0x66, 0x0f, 0x1f, 0x44, 0, 0}, {0x0f, 0x1f, 0x80, 0, 0, 0, 0}, {0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0},
    {0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}};
  while (x->code.n % to) {
    uint32_t n = to - x->code.n % to;
    if (n > 9) n = 9;
    uint8_t *p = room(x);
    if (!p || x->failed) return;
    memcpy(p, nops[n - 1], n);
    x->code.n += n;
  }
}
