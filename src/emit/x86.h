/* The x86-64 encoder: one call, one instruction. Vector forms stand in x86.def, general-purpose ones in x86_gpr.def.
 * Registers are numbers: vectors 0-31 (16 and up need EVEX), masks 0-7, general ones as in the manual (0 rax, 4 rsp, 5 rbp). */
#ifndef EMIT_X86_H
#define EMIT_X86_H

#include "base/vec.h"

typedef enum X86Form {
#define X(id, vex, evex, map, pp, op, wv, we, enc, order, tuple, operands) X86_##id,
#include "emit/x86.def"
#undef X
  X86_FORMS
} X86Form;

typedef enum X86Gpr {
#define G(id, name, map, op, digit, w, operands) GPR_##id,
#include "emit/x86_gpr.def"
#undef G
  GPR_FORMS
} X86Gpr;

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, NO_REG = 0xff };
enum { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G };

/* the operand of modrm: a register, memory, or an entry of the constant pool behind the code */
typedef struct X86Rm {
  enum { RM_REG, RM_MEM, RM_POOL } kind;
  uint8_t reg;                /* RM_REG */
  uint8_t base, index, scale; /* RM_MEM; index NO_REG: none; scale is 1, 2, 4, 8 */
  bool broadcast;             /* EVEX: one element for all lanes */
  int32_t disp;
  uint32_t pool; /* RM_POOL: offset in the pool */
} X86Rm;

static inline X86Rm rm_reg(unsigned r) { return (X86Rm){.kind = RM_REG, .reg = (uint8_t)r}; }
static inline X86Rm rm_at(unsigned base, int32_t disp) {
  return (X86Rm){.kind = RM_MEM, .base = (uint8_t)base, .index = NO_REG, .scale = 1, .disp = disp};
}
static inline X86Rm rm_index(unsigned base, unsigned index, unsigned scale, int32_t disp) {
  return (X86Rm){.kind = RM_MEM, .base = (uint8_t)base, .index = (uint8_t)index, .scale = (uint8_t)scale, .disp = disp};
}

typedef struct X86Fixup {
  uint32_t at;   /* of a disp32 */
  uint32_t next; /* end of its instruction */
  uint32_t pool;
} X86Fixup;

typedef struct X86 {
  VEC(uint8_t) code;
  VEC(X86Fixup) fixup;
  bool failed;
  bool evex; /* prefer nothing: EVEX is taken when it is needed; true forces it (tests) */
} X86;

/* vl: 0 xmm, 1 ymm, 2 zmm. imm < 0: none. k: mask register 1-7 (loads zero the rest), 0 none. */
void x86_vec(X86 *x, X86Form form, unsigned vl, unsigned dst, unsigned a, X86Rm b, int imm, unsigned k);
/* dst := items at base + index[lane] * scale, index a vector register. VEX: mask is a vector, EVEX: k (1-7); both end up zero. */
void x86_gather(X86 *x, X86Form form, bool evex, unsigned vl, unsigned dst, unsigned mask, X86Rm at);
void x86_gpr(X86 *x, X86Gpr form, unsigned reg, X86Rm rm, int32_t imm);
void x86_mov_imm(X86 *x, unsigned reg, uint64_t imm);
uint32_t x86_jump(X86 *x, int cc); /* forward, cc < 0 always; returns what x86_land wants */
void x86_land(X86 *x, uint32_t jump);
void x86_jump_back(X86 *x, int cc, uint32_t to);
void x86_align(X86 *x, uint32_t to);
bool x86_form_is(X86Form form, char encoding); /* 'V' has a VEX form, 'E' an EVEX form */

#endif
