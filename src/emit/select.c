/* The instructions of each micro-op but for memory and control flow. */
#include "emit/gen.h"

typedef struct Pair { /* forms for 4- and 8-byte lanes */
  uint16_t four, eight;
} Pair;
#define PAIR(a, b) {X86_##a, X86_##b}

static const Pair binary[UOP_COUNT] = {
  [UOP_FADD] = PAIR(ADDPS, ADDPD),       [UOP_FSUB] = PAIR(SUBPS, SUBPD),     [UOP_FMUL] = PAIR(MULPS, MULPD),
  [UOP_FDIV] = PAIR(DIVPS, DIVPD),       [UOP_FMIN] = PAIR(MINPS, MINPD),     [UOP_FMAX] = PAIR(MAXPS, MAXPD),
  [UOP_IADD] = PAIR(PADDD, PADDQ),       [UOP_ISUB] = PAIR(PSUBD, PSUBQ),     [UOP_IMUL] = PAIR(PMULLD, PMULLQ),
  [UOP_MULU] = PAIR(PMULUDQ, PMULUDQ),   [UOP_MULS] = PAIR(PMULDQ, PMULDQ),   [UOP_SHLV] = PAIR(PSLLVD, PSLLVQ),
  [UOP_SHRV] = PAIR(PSRLVD, PSRLVQ),     [UOP_SARV] = PAIR(PSRAVD, PSRAVQ),   [UOP_IMIN] = PAIR(PMINSD, PMINSQ),
  [UOP_IMAX] = PAIR(PMAXSD, PMAXSQ),     [UOP_UMIN] = PAIR(PMINUD, PMINUQ),   [UOP_UMAX] = PAIR(PMAXUD, PMAXUQ),
  [UOP_AND] = PAIR(AND, ANDQ),           [UOP_OR] = PAIR(OR, ORQ),            [UOP_XOR] = PAIR(XOR, XORQ),
  [UOP_ANDN] = PAIR(ANDN, ANDNQ),
};
static const Pair unary[UOP_COUNT] = {
  [UOP_FSQRT] = PAIR(SQRTPS, SQRTPD), [UOP_FROUND] = PAIR(ROUNDPS, ROUNDPD),
  [UOP_IABS] = PAIR(PABSD, PABSQ),    [UOP_CLZ] = PAIR(PLZCNTD, PLZCNTQ),
};
static const Pair shift[UOP_COUNT] = {
  [UOP_SHL] = PAIR(PSLLD, PSLLQ), [UOP_SHR] = PAIR(PSRLD, PSRLQ), [UOP_SAR] = PAIR(PSRAD, PSRAQ), [UOP_ROTL] = PAIR(PROLD, PROLQ),
};
static X86Form form_of(const Pair *p, unsigned size) { return (X86Form)(size == 4 ? p->four : p->eight); }

static void op2(Gen *g, X86Form f, unsigned vl, unsigned dst, X86Rm src) { x86_vec(&g->x, f, vl, dst, dst, src, -1, 0); }
static void op3(Gen *g, X86Form f, unsigned vl, unsigned dst, unsigned a, X86Rm b) { x86_vec(&g->x, f, vl, dst, a, b, -1, 0); }

static bool commutes(unsigned op) {
  switch (op) {
    case UOP_FADD: case UOP_FMUL: case UOP_IADD: case UOP_IMUL: case UOP_MULU: case UOP_MULS: case UOP_AND: case UOP_OR:
    case UOP_XOR: case UOP_IMIN: case UOP_IMAX: case UOP_UMIN: case UOP_UMAX: return true;
    default: return false;
  }
}
static bool bitwise(unsigned op) { return op == UOP_AND || op == UOP_OR || op == UOP_XOR || op == UOP_ANDN; }

static void emit_binary(Gen *g, UopVal v, const UopInst *in) {
  UopVal a = in->a, b = in->b;
  unsigned vl = vl_of(g, v);
  if (commutes(in->op) && g->unit[a].reg < 0 && g->unit[b].reg >= 0) a = in->b, b = in->a;
  unsigned ra = reg_use(g, a);
  X86Rm rb = reg_rm(g, b, in->size == 8 || (in->op != UOP_MULU && in->op != UOP_MULS), true);
  X86Form f = form_of(&binary[in->op], in->size);
  /* without a broadcast operand the 8-byte forms of bit operations are the 4-byte ones */
  if (bitwise(in->op) && !rb.broadcast) f = (X86Form)binary[in->op].four;
  op3(g, f, vl, reg_result(g, v), ra, rb);
}

static void emit_unary(Gen *g, UopVal v, const UopInst *in) {
  X86Rm a = reg_rm(g, in->a, true, true);
  unsigned dst = reg_result(g, v);
  x86_vec(&g->x, form_of(&unary[in->op], in->size), vl_of(g, v), dst, 0, a, in->op == UOP_FROUND ? (int)(in->imm | 8) : -1, 0);
}
static void emit_shift(Gen *g, UopVal v, const UopInst *in) {
  unsigned a = reg_use(g, in->a), dst = reg_result(g, v);
  x86_vec(&g->x, form_of(&shift[in->op], in->size), vl_of(g, v), dst, 0, rm_reg(a), (int)in->imm, 0);
}

/* --- fused multiply-add: the result takes the register of an operand that dies here, if one does */

static void emit_fma(Gen *g, UopVal v, const UopInst *in) {
  static const Pair f213[] = {PAIR(FMADD213PS, FMADD213PD), PAIR(FMSUB213PS, FMSUB213PD), PAIR(FNMADD213PS, FNMADD213PD),
                              PAIR(FNMSUB213PS, FNMSUB213PD)};
  static const Pair f231[] = {PAIR(FMADD231PS, FMADD231PD), PAIR(FMSUB231PS, FMSUB231PD), PAIR(FNMADD231PS, FNMADD231PD),
                              PAIR(FNMSUB231PS, FNMSUB231PD)};
  static const Pair f132[] = {PAIR(FMADD132PS, FMADD132PD), PAIR(FMSUB132PS, FMSUB132PD), PAIR(FNMADD132PS, FNMADD132PD),
                              PAIR(FNMSUB132PS, FNMSUB132PD)};
  unsigned kind = in->op - UOP_FMA, vl = vl_of(g, v), size = in->size;
  UopVal a = in->a, b = in->b, c = in->c;
  bool in_a = g->unit[a].reg >= 0, in_b = g->unit[b].reg >= 0, in_c = g->unit[c].reg >= 0;
  if (!in_a && in_b) a = in->b, b = in->a, in_a = true, in_b = false; /* the product commutes */
  bool dies_a = reg_dies(g, a) && a != b && a != c, dies_b = reg_dies(g, b) && a != b && b != c, dies_c = reg_dies(g, c) && c != a && c != b;
  unsigned ra, rb, rc;
  if (in_c && dies_c) { /* c = a*b + c */
    ra = reg_use(g, a), rc = reg_use(g, c);
    X86Rm m = reg_rm(g, b, true, true);
    reg_release_dead(g);
    reg_adopt_born(g, v, rc);
    op3(g, form_of(&f231[kind], size), vl, rc, ra, m);
    return;
  }
  if (dies_b && !dies_a && in_b) {
    UopVal t = a;
    a = b, b = t, dies_a = true, in_b = in_a, in_a = true;
  }
  if (in_a && dies_a) { /* a = b*a + c, or a = a*b + c with b in memory */
    ra = reg_use(g, a);
    bool b_in_memory = g->unit[b].reg < 0 && in_c;
    if (b_in_memory) {
      rc = reg_use(g, c);
      X86Rm m = reg_rm(g, b, true, true);
      unsigned keep = ra;
      reg_release_dead(g);
      reg_adopt_born(g, v, keep);
      op3(g, form_of(&f132[kind], size), vl, keep, rc, m);
      return;
    }
    rb = reg_use(g, b);
    X86Rm m = reg_rm(g, c, true, true);
    reg_release_dead(g);
    reg_adopt_born(g, v, ra);
    op3(g, form_of(&f213[kind], size), vl, ra, rb, m);
    return;
  }
  /* nothing dies: a copy of c (or a fresh load of it) is the accumulator */
  ra = reg_use(g, a);
  X86Rm m = reg_rm(g, b, true, true);
  bool c_in_register = g->unit[c].reg >= 0;
  rc = c_in_register ? reg_use(g, c) : 0;
  unsigned dst = reg_result_early(g, v);
  if (c_in_register) reg_move(g, vl, dst, rc);
  else reg_load(g, dst, c);
  op3(g, form_of(&f231[kind], size), vl, dst, ra, m);
}

/* --- comparisons and selection */

/* VEX compares write vectors; EVEX ones write k2, which is spread */
static bool vex_ok(unsigned vl, unsigned a, X86Rm b) { return vl < 2 && a < 16 && !b.broadcast && !(b.kind == RM_REG && b.reg >= 16); }

static void spread_mask(Gen *g, UopVal v, unsigned dst) {
  x86_vec(&g->x, uop_size(g->c, v) == 4 ? X86_PMOVM2D : X86_PMOVM2Q, vl_of(g, v), dst, 0, rm_reg(2), -1, 0);
}

/* AVX-512: the next instruction is a select by this mask, which nobody else wants */
static bool only_selects(Gen *g, UopVal v) {
  if (!g->wide) return false;
  uint32_t j = v + 1;
  while (j < g->n && (g->c->inst.v[j].op == UOP_CONST || (!g->unit[j].first && uop_is_pure(g->c->inst.v[j].op)))) j++;
  const UopInst *in = &g->c->inst.v[j];
  return j < g->n && in->op == UOP_SELECT && in->a == v && in->b != v && in->c != v && g->unit[v].end == j && g->unit[v].first == j;
}
static void compare_k(Gen *g, UopVal v, X86Form f, unsigned a, X86Rm b, int imm) {
  x86_vec(&g->x, f, vl_of(g, v), 2, a, b, imm, 0);
  if (only_selects(g, v)) g->in_k2 = v;
  else spread_mask(g, v, reg_result(g, v));
}
static void select_k(Gen *g, UopVal v, const UopInst *in) {
  unsigned c = reg_use(g, in->c);
  X86Rm b = reg_rm(g, in->b, true, true);
  g->in_k2 = 0;
  x86_vec(&g->x, in->size == 4 ? X86_BLENDMD : X86_BLENDMQ, vl_of(g, v), reg_result(g, v), c, b, -1, 2);
}

static void emit_fcmp(Gen *g, UopVal v, const UopInst *in) {
  unsigned vl = vl_of(g, v), a = reg_use(g, in->a);
  X86Rm b = reg_rm(g, in->b, vl == 2, !g->wide || vl == 2);
  X86Form to_k = in->size == 4 ? X86_CMPPS_K : X86_CMPPD_K;
  if (g->wide && (!vex_ok(vl, a, b) || only_selects(g, v))) {
    compare_k(g, v, to_k, a, b, (int)in->imm);
    return;
  }
  unsigned dst = reg_result(g, v);
  if (dst < 16) {
    x86_vec(&g->x, in->size == 4 ? X86_CMPPS : X86_CMPPD, vl, dst, a, b, (int)in->imm, 0);
    return;
  }
  x86_vec(&g->x, to_k, vl, 2, a, b, (int)in->imm, 0);
  spread_mask(g, v, dst);
}

static void emit_icmp(Gen *g, UopVal v, const UopInst *in) {
  static const uint8_t code[] = {0, 4, 1, 2, 6, 5, 1, 2, 6, 5};
  unsigned vl = vl_of(g, v), size = in->size, p = (unsigned)in->imm, a = reg_use(g, in->a);
  X86Rm b = reg_rm(g, in->b, vl == 2, !g->wide || vl == 2);
  X86Form to_k = p >= UOP_ULT ? (size == 4 ? X86_PCMPUD_K : X86_PCMPUQ_K) : size == 4 ? X86_PCMPD_K : X86_PCMPQ_K;
  bool vex = vex_ok(vl, a, b) && (p == UOP_IEQ || p == UOP_IGT);
  if (g->wide && (!vex || only_selects(g, v))) {
    compare_k(g, v, to_k, a, b, code[p]);
    return;
  }
  unsigned dst = reg_result(g, v);
  if (dst < 16) {
    X86Form f = p == UOP_IEQ ? (size == 4 ? X86_PCMPEQD : X86_PCMPEQQ) : size == 4 ? X86_PCMPGTD : X86_PCMPGTQ;
    op3(g, f, vl, dst, a, b);
    return;
  }
  x86_vec(&g->x, to_k, vl, 2, a, b, code[p], 0);
  spread_mask(g, v, dst);
}

static void emit_select(Gen *g, UopVal v, const UopInst *in) {
  if (g->in_k2 && in->a == g->in_k2) {
    select_k(g, v, in);
    return;
  }
  unsigned vl = vl_of(g, v), m = reg_use(g, in->a), b, c;
  if (!g->wide) {
    c = reg_use(g, in->c);
    X86Rm rb = reg_rm(g, in->b, false, true);
    unsigned dst = reg_result(g, v);
    x86_vec(&g->x, in->size == 4 ? X86_BLENDVPS : X86_BLENDVPD, vl, dst, c, rb, (int)(m << 4), 0);
    return;
  }
  bool distinct = in->a != in->b && in->a != in->c && in->b != in->c;
  X86Form f = in->size == 4 ? X86_TERNLOGD : X86_TERNLOGQ;
  b = reg_use(g, in->b);
  if (distinct && reg_dies(g, in->c) && g->unit[in->c].reg >= 0 && !reg_dies(g, in->a)) {
    c = reg_use(g, in->c);
    reg_release_dead(g);
    reg_adopt_born(g, v, c);
    x86_vec(&g->x, f, vl, c, m, rm_reg(b), 0xb8, 0);
    return;
  }
  X86Rm rc = reg_rm(g, in->c, true, true);
  if (distinct && reg_dies(g, in->a)) {
    reg_release_dead(g);
    reg_adopt_born(g, v, m);
    x86_vec(&g->x, f, vl, m, b, rc, 0xca, 0);
  } else if (distinct && reg_dies(g, in->b)) {
    reg_release_dead(g);
    reg_adopt_born(g, v, b);
    x86_vec(&g->x, f, vl, b, m, rc, 0xe2, 0);
  } else {
    unsigned dst = reg_result_early(g, v);
    reg_move(g, vl, dst, m);
    x86_vec(&g->x, f, vl, dst, b, rc, 0xca, 0);
  }
}

void select_test_any(Gen *g, UopVal v) {
  unsigned size = uop_size(g->c, v), lanes = uop_lanes(g->c, v), vl = vl_of(g, v), a = reg_use(g, v);
  if (vl < 2 && a < 16) {
    x86_vec(&g->x, size == 4 ? X86_MOVMSKPS : X86_MOVMSKPD, vl, RAX, 0, rm_reg(a), -1, 0);
  } else {
    x86_vec(&g->x, size == 4 ? X86_PMOVD2M : X86_PMOVQ2M, vl, 2, 0, rm_reg(a), -1, 0);
    x86_vec(&g->x, X86_KMOVW_OUT, 0, RAX, 0, rm_reg(2), -1, 0);
  }
  x86_gpr(&g->x, GPR_TEST_I, 0, rm_reg(RAX), (int32_t)((1u << lanes) - 1));
}

/* --- conversions */

/* result and source vl; narrowing instructions take the source's */
static void convert(Gen *g, UopVal v, UopVal a, X86Form f) {
  unsigned from = vl_of(g, a), to = vl_of(g, v);
  X86Rm src = reg_rm(g, a, false, from >= to);
  op2(g, f, from > to ? from : to, reg_result(g, v), src);
}

static X86Form convert_form(unsigned op, unsigned from, unsigned to) {
  bool a = from == 8, b = to == 8;
  switch (op) {
    case UOP_I2F: return a ? (b ? X86_CVTQQ2PD : X86_CVTQQ2PS) : b ? X86_CVTDQ2PD : X86_CVTDQ2PS;
    case UOP_U2F: return a ? (b ? X86_CVTUQQ2PD : X86_CVTUQQ2PS) : b ? X86_CVTUDQ2PD : X86_CVTUDQ2PS;
    case UOP_F2I: return a ? (b ? X86_CVTTPD2QQ : X86_CVTTPD2DQ) : b ? X86_CVTTPS2QQ : X86_CVTTPS2DQ;
    case UOP_F2U: return a ? (b ? X86_CVTTPD2UQQ : X86_CVTTPD2UDQ) : b ? X86_CVTTPS2UQQ : X86_CVTTPS2UDQ;
    case UOP_F2F: return a ? X86_CVTPD2PS : X86_CVTPS2PD;
    case UOP_EXTS: return X86_PMOVSXDQ;
    default: return X86_PMOVZXDQ;
  }
}

static void emit_trunc(Gen *g, UopVal v, const UopInst *in) {
  unsigned from = vl_of(g, in->a), a = reg_use(g, in->a);
  if (g->wide) {
    x86_vec(&g->x, X86_PMOVQD, from, 0, a, rm_reg(reg_result(g, v)), -1, 0);
  } else if (!from) {
    x86_vec(&g->x, X86_PSHUFD, 0, reg_result(g, v), 0, rm_reg(a), 0x08, 0);
  } else {
    unsigned high = reg_take(g, -1);
    x86_vec(&g->x, X86_EXTRACT128, 1, 0, a, rm_reg(high), 1, 0);
    unsigned dst = reg_result(g, v);
    x86_vec(&g->x, X86_SHUFPS, 0, dst, a, rm_reg(high), 0x88, 0);
  }
}

static void emit_round16(Gen *g, UopVal v, const UopInst *in) {
  unsigned vl = vl_of(g, v), a = reg_use(g, in->a), dst = reg_result(g, v);
  x86_vec(&g->x, X86_CVTPS2PH, vl, 0, a, rm_reg(dst), 0, 0);
  op2(g, X86_CVTPH2PS, vl, dst, rm_reg(dst));
}

/* --- lane by lane: what has no vector form */

static void f2i_lanes(Gen *g, UopVal v, const UopInst *in) {
  unsigned lanes = in->lanes, a = reg_use(g, in->a), dst = reg_result_early(g, v), chunk = reg_take(g, -1), odd = reg_take(g, -1);
  for (unsigned k = 0; k < lanes; k++) {
    unsigned src = a;
    if (k >= 2) x86_vec(&g->x, X86_EXTRACT128, 1, 0, a, rm_reg(src = odd), (int)(k / 2), 0);
    if (k & 1) x86_vec(&g->x, X86_PSHUFD, 0, odd, 0, rm_reg(src), 0xee, 0), src = odd;
    x86_vec(&g->x, X86_CVTTSD2SI, 0, RAX, 0, rm_reg(src), -1, 0);
    lanes_put(g, dst, chunk, 8, lanes, k, rm_reg(RAX));
  }
}

/* rax op rcx; -1 is done by negation, which 0 shares: neither may reach the divider */
static void divide64(Gen *g, unsigned op) {
  bool is_signed = op == UOP_IDIV || op == UOP_IREM, remainder = op == UOP_IREM || op == UOP_UREM;
  if (is_signed) x86_gpr(&g->x, GPR_LEA, RDX, rm_at(RCX, 1), 0), x86_gpr(&g->x, GPR_CMP_I, 0, rm_reg(RDX), 1);
  else x86_gpr(&g->x, GPR_TEST64, RCX, rm_reg(RCX), 0);
  uint32_t plain = x86_jump(&g->x, is_signed ? CC_A : CC_NE);
  if (remainder || !is_signed) x86_mov_imm(&g->x, RAX, 0);
  else x86_gpr(&g->x, GPR_NEG, 0, rm_reg(RAX), 0);
  uint32_t done = x86_jump(&g->x, -1);
  x86_land(&g->x, plain);
  if (is_signed) {
    x86_gpr(&g->x, GPR_LOAD64, RDX, rm_reg(RAX), 0);
    x86_gpr(&g->x, GPR_SAR_I, 0, rm_reg(RDX), 63);
    x86_gpr(&g->x, GPR_IDIV, 0, rm_reg(RCX), 0);
  } else {
    x86_mov_imm(&g->x, RDX, 0);
    x86_gpr(&g->x, GPR_DIV, 0, rm_reg(RCX), 0);
  }
  if (remainder) x86_gpr(&g->x, GPR_LOAD64, RAX, rm_reg(RDX), 0);
  x86_land(&g->x, done);
}
static void divide_lanes(Gen *g, UopVal v, const UopInst *in) {
  unsigned a = reg_use(g, in->a), b = reg_use(g, in->b), dst = reg_result_early(g, v);
  unsigned chunk = reg_take(g, -1), x[2] = {reg_take(g, -1), 0}, y[2] = {reg_take(g, -1), 0};
  for (unsigned k = 0; k < in->lanes; k++) {
    lanes_get(g, RAX, a, 8, k, x);
    lanes_get(g, RCX, b, 8, k, y);
    divide64(g, in->op);
    lanes_put(g, dst, chunk, 8, in->lanes, k, rm_reg(RAX));
  }
}

/* --- lanes */

static void emit_copy(Gen *g, UopVal v, UopVal a) {
  if (g->unit[a].reg < 0) { /* from the frame or the pool straight into the result */
    unsigned dst = reg_result_early(g, v);
    reg_load(g, dst, a);
    return;
  }
  unsigned vl = vl_of(g, v), src = reg_use(g, a);
  if (!is_var(g, a) && reg_dies(g, a)) {
    reg_release_dead(g);
    reg_adopt_born(g, v, src);
    return;
  }
  unsigned dst = reg_result(g, v);
  reg_move(g, vl, dst, src);
}

static void emit_half(Gen *g, UopVal v, const UopInst *in) {
  if (!in->imm) {
    emit_copy(g, v, in->a);
    return;
  }
  unsigned bytes = value_bytes(g, in->a), a = reg_use(g, in->a), dst = reg_result(g, v);
  if (bytes == 64) x86_vec(&g->x, X86_EXTRACT64X4, 2, 0, a, rm_reg(dst), 1, 0);
  else if (bytes == 32) x86_vec(&g->x, (a | dst) & 16 ? X86_EXTRACT32X4 : X86_EXTRACT128, 1, 0, a, rm_reg(dst), 1, 0);
  else x86_vec(&g->x, X86_PSHUFD, 0, dst, 0, rm_reg(a), bytes == 16 ? 0xee : 0x55, 0);
}
static void emit_join(Gen *g, UopVal v, const UopInst *in) {
  unsigned bytes = value_bytes(g, in->a), a = reg_use(g, in->a), b = reg_use(g, in->b), dst = reg_result(g, v);
  if (bytes == 32) x86_vec(&g->x, X86_INSERT64X4, 2, dst, a, rm_reg(b), 1, 0);
  else if (bytes == 16) x86_vec(&g->x, (a | b | dst) & 16 ? X86_INSERT32X4 : X86_INSERT128, 1, dst, a, rm_reg(b), 1, 0);
  else op3(g, bytes == 8 ? X86_PUNPCKLQDQ : X86_PUNPCKLDQ, 0, dst, a, rm_reg(b));
}
static void emit_splat(Gen *g, UopVal v, const UopInst *in) {
  if (in->lanes == 1) {
    emit_copy(g, v, in->a);
    return;
  }
  X86Rm a = reg_rm(g, in->a, false, !is_const(g, in->a));
  op2(g, in->size == 4 ? X86_BROADCASTD : X86_BROADCASTQ, vl_of(g, v), reg_result(g, v), a);
}

static uint32_t iota(Gen *g, unsigned size, unsigned lanes) {
  int32_t *at = &g->iota[size == 8][__builtin_ctz(lanes)];
  if (*at < 0) {
    uint64_t data[UOP_MAX_LANES] = {0};
    for (unsigned k = 0; k < lanes; k++) {
      if (size == 8) data[k] = k;
      else data[k / 2] |= (uint64_t)k << (k & 1) * 32;
    }
    uint32_t bytes = size * lanes < 16 ? 16 : size * lanes;
    *at = (int32_t)pool_bytes(g, data, bytes, bytes);
  }
  return (uint32_t)*at;
}

static void emit_lane(Gen *g, UopVal v, const UopInst *in) {
  unsigned dst = reg_result(g, v);
  x86_vec(&g->x, X86_MOVUPS, vl_of(g, v), dst, 0, (X86Rm){.kind = RM_POOL, .pool = iota(g, in->size, in->lanes)}, -1, 0);
}

/* within 16 bytes, and 8-byte lanes within 32, by an immediate; else by a vector of lane numbers from the pool */
static void emit_perm(Gen *g, UopVal v, const UopInst *in) {
  unsigned vl = vl_of(g, v), a = reg_use(g, in->a), imm = 0;
  if (vl && !(vl == 1 && in->size == 8)) {
    uint32_t number[UOP_MAX_LANES] = {0}, scale = in->size / 4;
    for (unsigned k = 0; k < in->lanes; k++) number[k * scale] = (uint32_t)(in->imm >> 4 * k & 15);
    uint32_t bytes = value_bytes(g, v), pool = pool_bytes(g, number, bytes, bytes);
    unsigned index = reg_take(g, -1);
    x86_vec(&g->x, X86_MOVUPS, vl, index, 0, (X86Rm){.kind = RM_POOL, .pool = pool}, -1, 0);
    x86_vec(&g->x, in->size == 4 ? X86_PERMD : X86_PERMQ_V, vl, reg_result(g, v), index, rm_reg(a), -1, 0);
    return;
  }
  for (unsigned k = 0; k < 4; k++) {
    unsigned from = (unsigned)(in->imm >> 4 * (k < in->lanes ? k : 0) & 15);
    if (in->size == 4 || vl) imm |= from << 2 * k;
    else if (k < 2) imm |= (from * 2 | (from * 2 + 1) << 2) << 4 * k;
  }
  x86_vec(&g->x, vl ? X86_PERMQ : X86_PSHUFD, vl, reg_result(g, v), 0, rm_reg(a), (int)imm, 0);
}

static void emit_index(Gen *g, UopVal v, const UopInst *in) {
  const Loop *loop = NULL;
  for (uint32_t k = g->frame.n; k--;) {
    const Loop *l = &g->loop.v[g->frame.v[k].loop];
    if (g->frame.v[k].loop && l->counted && l->level == in->imm) loop = l;
  }
  if (!loop) {
    g->failed = true;
    return;
  }
  unsigned vl = vl_of(g, v), dst = reg_result(g, v), reg = loop->counter;
  X86Rm from = reg != NO_REG ? rm_reg(reg) : rm_at(RSP, loop->home);
  if (in->lanes == 1 || (reg != NO_REG && !g->wide)) op2(g, in->size == 4 ? X86_MOVD_IN : X86_MOVQ_IN, 0, dst, from);
  if (in->lanes == 1) return;
  X86Form f = in->size == 4 ? X86_BROADCASTD : X86_BROADCASTQ;
  if (reg != NO_REG && g->wide) op2(g, in->size == 4 ? X86_BROADCASTD_R : X86_BROADCASTQ_R, vl, dst, from);
  else op2(g, f, vl, dst, reg != NO_REG ? rm_reg(dst) : from);
  if (g->c->inst.v[loop->at].mem > 1)
    op3(g, in->size == 4 ? X86_PADDD : X86_PADDQ, vl, dst, dst, (X86Rm){.kind = RM_POOL, .pool = iota(g, in->size, in->lanes)});
}

/* --- variables */

static void emit_set(Gen *g, const UopInst *in) {
  UopVal x = in->a, b = in->b;
  unsigned vl = vl_of(g, x);
  if (g->tail && uop_lanes(g->c, x) == g->c->inst.v[g->loop.v[g->tail].at].mem) { /* lanes past the end keep theirs */
    unsigned size = uop_size(g->c, x), m = reg_take(g, -1), rb = reg_use(g, b), rx = reg_use(g, x);
    x86_vec(&g->x, X86_MOVUPS, vl, m, 0, rm_at(RSP, g->masks + (size == 8 ? 64 : 0)), -1, 0);
    if (g->wide) x86_vec(&g->x, X86_TERNLOGD, vl, rx, m, rm_reg(rb), 0xb8, 0);
    else x86_vec(&g->x, X86_BLENDVPS, vl, rx, rx, rm_reg(rb), (int)(m << 4), 0);
    g->unit[x].stored = false;
    reg_release_dead(g);
    return;
  }
  if (!is_const(g, b) && !is_var(g, b) && g->unit[b].end == g->pos) {
    unsigned rb = reg_use(g, b);
    reg_release(g, b);
    reg_adopt(g, x, rb);
  } else if (g->unit[x].reg >= 0 && g->unit[b].reg < 0) {
    unsigned rx = (unsigned)g->unit[x].reg;
    if (x != b) reg_load(g, rx, b);
    g->unit[x].stored = false;
  } else {
    unsigned rb = reg_use(g, b), rx = g->unit[x].reg >= 0 ? (unsigned)g->unit[x].reg : reg_take(g, -1);
    reg_move(g, vl, rx, rb);
    reg_adopt(g, x, rx);
  }
  reg_release_dead(g);
}

/* --- dispatch */

void select_emit(Gen *g, uint32_t at) {
  const UopInst *in = &g->c->inst.v[at];
  reg_begin(g);
  if (in->a) g->unit[in->a].use = g->next[at][0];
  if (in->b) g->unit[in->b].use = g->next[at][1];
  if (in->c) g->unit[in->c].use = g->next[at][2];
  g->unit[at].use = g->unit[at].first;
  if (binary[in->op].four) {
    emit_binary(g, at, in);
  } else if (unary[in->op].four) {
    emit_unary(g, at, in);
  } else if (shift[in->op].four) {
    emit_shift(g, at, in);
  } else {
    switch (in->op) {
      case UOP_LOAD: case UOP_STORE: case UOP_GATHER: case UOP_SCATTER: memory_emit(g, at); break;
      case UOP_INDEX: emit_index(g, at, in); break;
      case UOP_VAR: case UOP_GET: case UOP_CAST: emit_copy(g, at, in->a); break;
      case UOP_SET: emit_set(g, in); return;
      case UOP_FMA: case UOP_FMS: case UOP_FNMA: case UOP_FNMS: emit_fma(g, at, in); break;
      case UOP_FCMP: emit_fcmp(g, at, in); break;
      case UOP_ICMP: emit_icmp(g, at, in); break;
      case UOP_SELECT: emit_select(g, at, in); break;
      case UOP_I2F: case UOP_U2F: case UOP_F2U: case UOP_F2F: case UOP_EXTS: case UOP_EXTU:
        convert(g, at, in->a, convert_form(in->op, uop_size(g->c, in->a), in->size));
        break;
      case UOP_F2I:
        if (!g->wide && in->size == 8) f2i_lanes(g, at, in);
        else convert(g, at, in->a, convert_form(in->op, uop_size(g->c, in->a), in->size));
        break;
      case UOP_TRUNC: emit_trunc(g, at, in); break;
      case UOP_ROUND16: emit_round16(g, at, in); break;
      case UOP_IDIV: case UOP_IREM: case UOP_UDIV: case UOP_UREM: divide_lanes(g, at, in); break;
      case UOP_HALF: emit_half(g, at, in); break;
      case UOP_JOIN: emit_join(g, at, in); break;
      case UOP_SPLAT: emit_splat(g, at, in); break;
      case UOP_LANE: emit_lane(g, at, in); break;
      case UOP_PERM: emit_perm(g, at, in); break;
      default: g->failed = true;
    }
  }
  reg_release_dead(g);
}
