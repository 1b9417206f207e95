/* Loads, stores, gathers and scatters: contiguous, one item for all lanes, or lane by lane; and the partial last turn of a
 * vector loop, where lanes past the count touch no memory (k1 on AVX-512; masked moves or single items on AVX2). */
#include "emit/gen.h"

static void op2(Gen *g, X86Form f, unsigned vl, unsigned dst, X86Rm src) { x86_vec(&g->x, f, vl, dst, 0, src, -1, 0); }
static void put(Gen *g, X86Form f, unsigned vl, unsigned src, X86Rm to, int imm) { x86_vec(&g->x, f, vl, src, src, to, imm, 0); }

static void extract_chunk(Gen *g, unsigned to, unsigned reg, unsigned which) {
  bool evex = (reg | to) & 16 || which > 1;
  x86_vec(&g->x, evex ? X86_EXTRACT32X4 : X86_EXTRACT128, which > 1 ? 2 : 1, 0, reg, rm_reg(to), (int)which, 0);
}

void lanes_get(Gen *g, unsigned gpr, unsigned reg, unsigned size, unsigned lane, unsigned *chunk) {
  unsigned per = 16 / size, which = lane / per, within = lane % per;
  if (which) {
    if (chunk[1] != which) extract_chunk(g, chunk[0], reg, which);
    chunk[1] = which;
    reg = chunk[0];
  }
  if (!within) put(g, size == 4 ? X86_MOVD_OUT : X86_MOVQ_OUT, 0, reg, rm_reg(gpr), -1);
  else put(g, size == 4 ? X86_PEXTRD : X86_PEXTRQ, 0, reg, rm_reg(gpr), (int)within);
}

void lanes_put(Gen *g, unsigned dst, unsigned temp, unsigned size, unsigned lanes, unsigned lane, X86Rm item) {
  unsigned per = 16 / size, which = lane / per, within = lane % per, to = which ? temp : dst;
  if (!within) op2(g, size == 4 ? X86_MOVD_IN : X86_MOVQ_IN, 0, to, item);
  else x86_vec(&g->x, size == 4 ? X86_PINSRD : X86_PINSRQ, 0, to, to, item, (int)within, 0);
  if (!which || (within != per - 1 && lane != lanes - 1)) return;
  bool big = size * lanes > 32;
  X86Form f = big || (dst | temp) & 16 ? X86_INSERT32X4 : X86_INSERT128;
  x86_vec(&g->x, f, big ? 2 : 1, dst, dst, rm_reg(temp), (int)which, 0);
}

/* an item in memory to a general register, as wide as the lane */
static void item_load(Gen *g, UopType t, unsigned size, unsigned gpr, X86Rm from) {
  static const uint8_t form[] = {
    [UOP_I8] = GPR_MOVSX8, [UOP_U8] = GPR_MOVZX8, [UOP_I16] = GPR_MOVSX16, [UOP_U16] = GPR_MOVZX16, [UOP_F16] = GPR_MOVZX16,
    [UOP_I32] = GPR_LOAD32, [UOP_U32] = GPR_LOAD32, [UOP_F32] = GPR_LOAD32, [UOP_I64] = GPR_LOAD64, [UOP_U64] = GPR_LOAD64,
    [UOP_F64] = GPR_LOAD64, [UOP_BOOL] = GPR_MOVZX8};
  x86_gpr(&g->x, t == UOP_I32 && size == 8 ? GPR_MOVSXD : form[t], gpr, from, 0);
}

static void scalar_load(Gen *g, UopType t, unsigned size, unsigned dst, X86Rm from) {
  if (uop_type_bytes(t) == size) {
    op2(g, size == 4 ? X86_MOVSS : X86_MOVSD, 0, dst, from);
    return;
  }
  item_load(g, t, size, RAX, from);
  op2(g, size == 4 ? X86_MOVD_IN : X86_MOVQ_IN, 0, dst, rm_reg(RAX));
  if (t == UOP_F16) op2(g, X86_CVTPH2PS, 0, dst, rm_reg(dst));
}

/* --- the last turn: lanes at and past `rest` are out */

static bool in_tail(const Gen *g, unsigned lanes) { return g->tail && lanes > 1 && lanes == g->c->inst.v[g->loop.v[g->tail].at].mem; }

/* number of lanes to visit, and whether each is asked at run time */
static unsigned tail_lanes(const Gen *g, unsigned lanes, bool *ask) {
  *ask = false;
  if (!in_tail(g, lanes)) return lanes;
  const UopInst *loop = &g->c->inst.v[g->loop.v[g->tail].at];
  if (loop->a) return *ask = true, lanes;
  return (unsigned)(loop->imm % loop->mem);
}
static uint32_t skip_lane(Gen *g, bool ask, unsigned lane) {
  if (!ask) return 0;
  x86_gpr(&g->x, GPR_CMP_I, 0, rm_at(RSP, g->loop.v[g->tail].rest), (int32_t)lane);
  return x86_jump(&g->x, CC_LE);
}

static unsigned tail_mask(Gen *g, unsigned size, unsigned vl) {
  unsigned m = reg_take(g, -1);
  op2(g, X86_MOVUPS, vl, m, rm_at(RSP, g->masks + (size == 8 ? 64 : 0)));
  return m;
}

/* lane 0 of an index to rax */
static void op_out(Gen *g, unsigned size, unsigned reg) {
  put(g, size == 4 ? X86_MOVD_OUT : X86_MOVQ_OUT, 0, reg, rm_reg(RAX), -1);
  if (size == 4) x86_gpr(&g->x, GPR_MOVSXD, RAX, rm_reg(RAX), 0);
}

/* --- loads */


/* A load or store at an index has its address in rdx, ready before anything else is done. */
static UopVal index_of(const UopInst *in) { return in->op == UOP_LOAD ? in->a : in->b; }
static void point(Gen *g, uint32_t at, const UopInst *in) {
  UopVal index = index_of(in);
  if (!index) return;
  unsigned reg = reg_use(g, index);
  address_to(g, g->place[at], in->mem, RDX);
  op_out(g, uop_size(g->c, index), reg);
  x86_gpr(&g->x, GPR_LEA, RDX, rm_index(RDX, RAX, uop_type_bytes((UopType)in->aux), 0), 0);
}
static X86Rm where(Gen *g, uint32_t at, const UopInst *in, int64_t extra, unsigned scratch) {
  if (!index_of(in)) return address_of(g, g->place[at], in->mem, extra, scratch);
  if (extra == (int32_t)extra) return rm_at(RDX, (int32_t)extra);
  x86_mov_imm(&g->x, RAX, (uint64_t)extra);
  return rm_index(RDX, RAX, 1, 0);
}

static X86Form widening(UopType t, unsigned size) {
  bool wide = size == 8;
  switch (t) {
    case UOP_I8: return wide ? X86_PMOVSXBQ : X86_PMOVSXBD;
    case UOP_U8: return wide ? X86_PMOVZXBQ : X86_PMOVZXBD;
    case UOP_I16: return wide ? X86_PMOVSXWQ : X86_PMOVSXWD;
    case UOP_U16: return wide ? X86_PMOVZXWQ : X86_PMOVZXWD;
    case UOP_I32: return X86_PMOVSXDQ;
    case UOP_F16: return X86_CVTPH2PS;
    default: return X86_PMOVZXDQ;
  }
}

static void load_lanes(Gen *g, UopVal v, const UopInst *in, int64_t stride) {
  UopType t = (UopType)in->aux;
  bool ask, half = t == UOP_F16;
  unsigned visit = tail_lanes(g, in->lanes, &ask), dst = reg_result(g, v), temp = reg_take(g, -1), h = half ? reg_take(g, -1) : 0;
  for (unsigned k = 0; k < in->lanes; k++) {
    if (k < visit) {
      uint32_t skip = 0;
      if (ask) x86_mov_imm(&g->x, RAX, 0), skip = skip_lane(g, ask, k);
      item_load(g, t, in->size, RAX, where(g, v, in, (int64_t)((uint64_t)stride * k), RDX));
      if (ask) x86_land(&g->x, skip);
      if (half) {
        op2(g, X86_MOVD_IN, 0, h, rm_reg(RAX));
        op2(g, X86_CVTPH2PS, 0, h, rm_reg(h));
        put(g, X86_MOVD_OUT, 0, h, rm_reg(RAX), -1);
      }
    } else if (k == visit) {
      x86_mov_imm(&g->x, RAX, 0);
    }
    lanes_put(g, dst, temp, in->size, in->lanes, k, rm_reg(RAX));
  }
}

static void load_tail(Gen *g, UopVal v, const UopInst *in) {
  UopType t = (UopType)in->aux;
  unsigned bytes = uop_type_bytes(t), vl = vl_of(g, v), dst = reg_result(g, v);
  X86Rm from = where(g, v, in, 0, RAX);
  if (g->wide) {
    X86Form f = bytes < in->size ? widening(t, in->size) : in->size == 4 ? X86_MOVUPS : X86_MOVUPD;
    x86_vec(&g->x, f, vl, dst, 0, from, -1, 1);
    return;
  }
  unsigned m = tail_mask(g, in->size, vl);
  x86_vec(&g->x, in->size == 4 ? X86_MASKMOVPS : X86_MASKMOVPD, vl, dst, m, from, -1, 0);
}

/* lanes one behind the other, downwards: a plain load and a reversal */
static bool backwards(const Gen *g, const UopInst *in, unsigned bytes) {
  return g->c->mem.v[in->mem].lane == -(int64_t)bytes && bytes == in->size && in->size * in->lanes >= 16 && !in_tail(g, in->lanes);
}
/* a reversed within 16 bytes, then the 16-byte parts are exchanged */
static void reverse(Gen *g, unsigned dst, unsigned a, unsigned size, unsigned vl) {
  x86_vec(&g->x, X86_PSHUFD, vl, dst, 0, rm_reg(a), size == 4 ? 0x1b : 0x4e, 0);
  if (vl == 1) x86_vec(&g->x, X86_PERMQ, 1, dst, 0, rm_reg(dst), 0x4e, 0);
  if (vl == 2) x86_vec(&g->x, X86_SHUF64X2, 2, dst, dst, rm_reg(dst), 0x1b, 0);
}

static void load_one(Gen *g, UopVal v, const UopInst *in) {
  UopType t = (UopType)in->aux;
  unsigned bytes = uop_type_bytes(t), size = in->size, lanes = in->lanes, vl = vl_of(g, v);
  int64_t stride = g->c->mem.v[in->mem].lane;
  point(g, v, in);
  if (lanes > 1 && stride && in_tail(g, lanes) && stride == (int64_t)bytes && (g->wide || bytes == size)) {
    load_tail(g, v, in);
    return;
  }
  if (lanes > 1 && backwards(g, in, bytes)) {
    unsigned dst = reg_result(g, v);
    op2(g, X86_MOVUPS, vl, dst, where(g, v, in, -(int64_t)(bytes * (lanes - 1)), RAX));
    reverse(g, dst, dst, size, vl);
    return;
  }
  bool lane_by_lane = lanes > 1 && stride && (stride != (int64_t)bytes || in_tail(g, lanes));
  if (lane_by_lane) {
    load_lanes(g, v, in, stride);
    return;
  }
  unsigned dst = reg_result(g, v);
  X86Rm from = where(g, v, in, 0, RAX);
  if (lanes == 1 || !stride) {
    X86Form spread = size == 4 ? X86_BROADCASTD : X86_BROADCASTQ;
    if (lanes > 1 && bytes == size) {
      op2(g, spread, vl, dst, from);
      return;
    }
    scalar_load(g, t, size, dst, from);
    if (lanes > 1) op2(g, spread, vl, dst, rm_reg(dst));
  } else if (bytes == size) {
    unsigned all = size * lanes;
    op2(g, all >= 16 ? X86_MOVUPS : X86_MOVSD, vl, dst, from);
  } else if (lanes == 2 && size == 4) { /* the widening forms read four items */
    if (bytes == 2) op2(g, X86_MOVSS, 0, dst, from);
    else item_load(g, UOP_U16, 4, RAX, from), op2(g, X86_MOVD_IN, 0, dst, rm_reg(RAX));
    op2(g, widening(t, size), 0, dst, rm_reg(dst));
  } else {
    op2(g, widening(t, size), vl, dst, from);
  }
}

/* --- stores */

/* item `lane` of a register to memory; halves are f16 already packed two bytes apart */
static void item_store(Gen *g, UopType t, unsigned size, unsigned reg, unsigned lane, unsigned *chunk, X86Rm to) {
  unsigned bytes = uop_type_bytes(t), unit = t == UOP_F16 ? 2 : size, per = 16 / unit, which = lane / per, within = lane % per;
  if (which) {
    if (chunk[1] != which) extract_chunk(g, chunk[0], reg, which);
    chunk[1] = which;
    reg = chunk[0];
  }
  static const X86Form form[] = {[1] = X86_PEXTRB, [2] = X86_PEXTRW, [4] = X86_PEXTRD, [8] = X86_PEXTRQ};
  if (!within && bytes >= 4) put(g, bytes == 4 ? X86_MOVSS_ST : X86_MOVSD_ST, 0, reg, to, -1);
  else put(g, form[bytes], 0, reg, to, (int)(within * unit / bytes));
}

static unsigned to_halves(Gen *g, unsigned reg, unsigned vl) {
  unsigned h = reg_take(g, -1);
  put(g, X86_CVTPS2PH, vl, reg, rm_reg(h), 0);
  return h;
}

static void store_lanes(Gen *g, uint32_t at, const UopInst *in, int64_t stride) {
  UopType t = (UopType)in->aux;
  bool ask;
  unsigned visit = tail_lanes(g, in->lanes, &ask), a = reg_use(g, in->a), chunk[2] = {reg_take(g, -1), 0};
  if (!stride && in->lanes > 1) visit = 1; /* which lane wins is not specified: the first */
  if (t == UOP_F16) a = to_halves(g, a, vl_of(g, in->a));
  VEC(uint32_t) leave = {0};
  for (unsigned k = 0; k < visit; k++) {
    if (ask && !vec_push(&leave, skip_lane(g, ask, k))) g->failed = true;
    item_store(g, t, in->size, a, k, chunk, where(g, at, in, (int64_t)((uint64_t)stride * k), RAX));
  }
  for (uint32_t k = 0; k < leave.n; k++) x86_land(&g->x, leave.v[k]);
  vec_free(&leave);
}

static X86Form narrowing(unsigned bytes, unsigned size) {
  if (size == 4) return bytes == 1 ? X86_PMOVDB : X86_PMOVDW;
  return bytes == 1 ? X86_PMOVQB : bytes == 2 ? X86_PMOVQW : X86_PMOVQD;
}

/* AVX2: the low bytes of each lane to the bottom of each half, then the halves together */
static uint32_t narrow_pattern(Gen *g, unsigned bytes, unsigned size) {
  int32_t *at = &g->narrow[size == 8][bytes == 2];
  if (*at < 0) {
    uint8_t p[32];
    for (unsigned k = 0; k < 16; k++) p[k] = p[k + 16] = k < bytes * (16 / size) ? (uint8_t)(k / bytes * size + k % bytes) : 0x80;
    *at = (int32_t)pool_bytes(g, p, 32, 32);
  }
  return (uint32_t)*at;
}
static void store_narrow(Gen *g, unsigned bytes, unsigned size, unsigned vl, unsigned a, X86Rm to) {
  unsigned low = reg_take(g, -1), high = reg_take(g, -1), part = 16 / size * bytes; /* bytes from each half */
  if (bytes == 4) {
    if (!vl) x86_vec(&g->x, X86_PSHUFD, 0, low, 0, rm_reg(a), 0x08, 0);
    else extract_chunk(g, high, a, 1), x86_vec(&g->x, X86_SHUFPS, 0, low, a, rm_reg(high), 0x88, 0);
  } else {
    x86_vec(&g->x, X86_PSHUFB, vl, low, a, (X86Rm){.kind = RM_POOL, .pool = narrow_pattern(g, bytes, size)}, -1, 0);
    if (vl) {
      extract_chunk(g, high, low, 1);
      x86_vec(&g->x, part == 2 ? X86_PUNPCKLWD : part == 4 ? X86_PUNPCKLDQ : X86_PUNPCKLQDQ, 0, low, low, rm_reg(high), -1, 0);
    }
  }
  unsigned all = part << vl;
  put(g, all == 16 ? X86_MOVUPS_ST : all == 8 ? X86_MOVSD_ST : X86_MOVSS_ST, 0, low, to, -1);
}

static void store_tail(Gen *g, uint32_t at, const UopInst *in) {
  UopType t = (UopType)in->aux;
  unsigned bytes = uop_type_bytes(t), size = in->size, vl = vl_of(g, in->a), a = reg_use(g, in->a);
  X86Rm to = where(g, at, in, 0, RAX);
  if (g->wide) {
    X86Form f = t == UOP_F16 ? X86_CVTPS2PH : bytes < size ? narrowing(bytes, size) : size == 4 ? X86_MOVUPS_ST : X86_MOVUPD_ST;
    x86_vec(&g->x, f, vl, a, a, to, t == UOP_F16 ? 0 : -1, 1);
    return;
  }
  unsigned m = tail_mask(g, size, vl);
  x86_vec(&g->x, size == 4 ? X86_MASKMOVPS_ST : X86_MASKMOVPD_ST, vl, a, m, to, -1, 0);
}

static void store_one(Gen *g, uint32_t at, const UopInst *in) {
  UopType t = (UopType)in->aux;
  unsigned bytes = uop_type_bytes(t), size = in->size, lanes = in->lanes, vl = vl_of(g, in->a);
  int64_t stride = g->c->mem.v[in->mem].lane;
  bool contiguous = lanes > 1 && stride == (int64_t)bytes, tail = in_tail(g, lanes);
  point(g, at, in);
  if (contiguous && tail && (g->wide || bytes == size)) {
    store_tail(g, at, in);
    return;
  }
  if (lanes > 1 && backwards(g, in, bytes)) {
    unsigned a = reg_use(g, in->a), turned = reg_take(g, -1);
    reverse(g, turned, a, size, vl);
    put(g, X86_MOVUPS_ST, vl, turned, where(g, at, in, -(int64_t)(bytes * (lanes - 1)), RAX), -1);
    return;
  }
  bool few = bytes != size && lanes * size < 16; /* the narrowing forms write whole registers */
  if (bytes != size && t != UOP_F16 && !g->wide && lanes == 2 && bytes < 4) few = true;
  if (!contiguous || tail || few) {
    store_lanes(g, at, in, stride);
    return;
  }
  unsigned a = reg_use(g, in->a);
  X86Rm to = where(g, at, in, 0, RAX);
  if (bytes == size) put(g, size * lanes >= 16 ? X86_MOVUPS_ST : X86_MOVSD_ST, vl, a, to, -1);
  else if (t == UOP_F16) put(g, X86_CVTPS2PH, vl, a, to, 0);
  else if (g->wide) put(g, narrowing(bytes, size), vl, a, to, -1);
  else store_narrow(g, bytes, size, vl, a, to);
}

/* --- gather and scatter */

/* rax: index; the operand's address without it is in a register of its own or in rdx */
static X86Rm indexed(const UopInst *in, X86Rm base) {
  base.index = RAX;
  base.scale = (uint8_t)uop_type_bytes((UopType)in->aux);
  return base;
}
static X86Rm gather_base(Gen *g, uint32_t at, const UopInst *in) {
  X86Rm base = address_of(g, g->place[at], in->mem, 0, RDX);
  if (base.index == NO_REG && base.base != RAX) return base;
  x86_gpr(&g->x, GPR_LEA, RDX, base, 0);
  return rm_at(RDX, 0);
}
static void index_get(Gen *g, unsigned reg, unsigned size, unsigned lane, unsigned *chunk) {
  lanes_get(g, RAX, reg, size, lane, chunk);
  if (size == 4) x86_gpr(&g->x, GPR_MOVSXD, RAX, rm_reg(RAX), 0);
}

/* one lane, straight from memory */
static void gather_scalar(Gen *g, UopVal v, const UopInst *in) {
  unsigned index = reg_use(g, in->a);
  X86Rm base = gather_base(g, v, in);
  op_out(g, uop_size(g->c, in->a), index);
  scalar_load(g, (UopType)in->aux, in->size, reg_result(g, v), indexed(in, base));
}

/* the machine's gather: items as wide as lanes. Its mask is spent, so it is made anew. */
static void gather_vector(Gen *g, UopVal v, const UopInst *in) {
  static const X86Form form[2][2] = {{X86_GATHERDD, X86_GATHERDQ}, {X86_GATHERQD, X86_GATHERQQ}};
  unsigned isize = uop_size(g->c, in->a), index = reg_use(g, in->a), dst = reg_result_early(g, v);
  unsigned vl = vl_of(g, v) > vl_of(g, in->a) ? vl_of(g, v) : vl_of(g, in->a);
  X86Rm base = gather_base(g, v, in);
  base.index = (uint8_t)index;
  base.scale = (uint8_t)in->size;
  bool tail = in_tail(g, in->lanes), evex = g->wide;
  unsigned mask = 2;
  if (evex && tail) {
    op2(g, X86_KMOVW, 0, mask, rm_reg(1));
  } else if (evex) {
    x86_mov_imm(&g->x, RAX, (1u << in->lanes) - 1);
    op2(g, X86_KMOVW_IN, 0, mask, rm_reg(RAX));
  } else if (tail) {
    mask = tail_mask(g, in->size, vl_of(g, v));
  } else {
    mask = reg_take(g, -1);
    x86_vec(&g->x, X86_PCMPEQD, vl_of(g, v), mask, mask, rm_reg(mask), -1, 0);
  }
  x86_vec(&g->x, X86_XOR, 0, dst, dst, rm_reg(dst), -1, 0);
  x86_gather(&g->x, form[isize == 8][in->size == 8], evex, vl, dst, mask, base);
}

static void gather_one(Gen *g, UopVal v, const UopInst *in) {
  UopType t = (UopType)in->aux;
  unsigned item = uop_type_bytes(t);
  if (in->lanes == 1) {
    gather_scalar(g, v, in);
    return;
  }
  if (item == in->size && item * in->lanes >= 16) {
    gather_vector(g, v, in);
    return;
  }
  bool ask, half = t == UOP_F16;
  unsigned visit = tail_lanes(g, in->lanes, &ask), isize = uop_size(g->c, in->a), index = reg_use(g, in->a);
  unsigned dst = reg_result_early(g, v), temp = reg_take(g, -1), chunk[2] = {reg_take(g, -1), 0}, h = half ? reg_take(g, -1) : 0;
  X86Rm base = gather_base(g, v, in);
  for (unsigned k = 0; k < in->lanes; k++) {
    if (k < visit) {
      index_get(g, index, isize, k, chunk);
      if (ask) x86_mov_imm(&g->x, RCX, 0);
      uint32_t skip = skip_lane(g, ask, k);
      item_load(g, t, in->size, RCX, indexed(in, base));
      if (ask) x86_land(&g->x, skip);
      if (half) {
        op2(g, X86_MOVD_IN, 0, h, rm_reg(RCX));
        op2(g, X86_CVTPH2PS, 0, h, rm_reg(h));
        put(g, X86_MOVD_OUT, 0, h, rm_reg(RCX), -1);
      }
    } else if (k == visit) {
      x86_mov_imm(&g->x, RCX, 0);
    }
    lanes_put(g, dst, temp, in->size, in->lanes, k, rm_reg(RCX));
  }
}

static void scatter_one(Gen *g, uint32_t at, const UopInst *in) {
  UopType t = (UopType)in->aux;
  bool ask;
  unsigned visit = tail_lanes(g, in->lanes, &ask), isize = uop_size(g->c, in->a), index = reg_use(g, in->a), b = reg_use(g, in->b);
  unsigned m = in->c ? reg_use(g, in->c) : 0, msize = in->c ? uop_size(g->c, in->c) : 0;
  unsigned ic[2] = {reg_take(g, -1), 0}, bc[2] = {reg_take(g, -1), 0}, mc[2] = {in->c ? reg_take(g, -1) : 0, 0};
  if (t == UOP_F16) b = to_halves(g, b, vl_of(g, in->b));
  X86Rm base = gather_base(g, at, in);
  for (unsigned k = 0; k < visit; k++) {
    uint32_t masked = 0, past = skip_lane(g, ask, k);
    if (in->c) {
      lanes_get(g, RAX, m, msize, k, mc);
      x86_gpr(&g->x, GPR_TEST_RR, RAX, rm_reg(RAX), 0);
      masked = x86_jump(&g->x, CC_E);
    }
    index_get(g, index, isize, k, ic);
    item_store(g, t, in->size, b, k, bc, indexed(in, base));
    if (in->c) x86_land(&g->x, masked);
    if (ask) x86_land(&g->x, past);
    /* what was cut out on this lane's path may be missing on the next one's */
    if (in->c || ask) ic[1] = bc[1] = mc[1] = 0;
  }
}

void memory_emit(Gen *g, uint32_t at) {
  const UopInst *in = &g->c->inst.v[at];
  switch (in->op) {
    case UOP_LOAD: load_one(g, at, in); break;
    case UOP_STORE: store_one(g, at, in); break;
    case UOP_GATHER: gather_one(g, at, in); break;
    default: scatter_one(g, at, in);
  }
}
