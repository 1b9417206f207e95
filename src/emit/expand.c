/* Builders of micro-ops that not every target has: expanded into those it has. With target EMIT_NONE they stay whole
 * (but for bool and bf16 in memory), so that the tests' interpreter states what they mean and checks the expansions. */
#include "emit/build.h"

static bool avx2(const UopCode *c) { return c->target == EMIT_AVX2; }
static bool whole(const UopCode *c) { return c->target == EMIT_NONE; }
static unsigned size_of(const UopCode *c, UopVal v) { return c->failed || !uop_is_value(c, v) ? 4 : uop_size(c, v); }
static unsigned lanes_of(const UopCode *c, UopVal v) { return c->failed || !uop_is_value(c, v) ? 1 : uop_lanes(c, v); }
/* a constant of v's shape */
static UopVal like(UopCode *c, UopVal v, uint64_t bits) { return uop_const(c, size_of(c, v), lanes_of(c, v), bits); }
static uint64_t top(UopCode *c, UopVal v) { return (uint64_t)1 << (size_of(c, v) * 8 - 1); }
static UopVal recast(UopCode *c, UopVal v, unsigned size, unsigned lanes) {
  return uop_other(c, UOP_CAST, v, size, lanes, 0);
}
static bool two(UopCode *c, unsigned op, UopVal a, UopVal b) {
  if (!c->failed && (!uop_is_value(c, a) || !uop_is_value(c, b))) uop_reject(c, op, "an operand is no value");
  return !c->failed;
}

/* --- bits */

UopVal uop_not(UopCode *c, UopVal a) { return uop_xor(c, a, like(c, a, ~(uint64_t)0)); }
UopVal uop_fneg(UopCode *c, UopVal a) { return uop_xor(c, a, like(c, a, top(c, a))); }
UopVal uop_fabs(UopCode *c, UopVal a) { return uop_and(c, a, like(c, a, top(c, a) - 1)); }

/* all bits where a < 0 */
static UopVal sign_mask(UopCode *c, UopVal a) { return uop_same(c, UOP_ICMP, like(c, a, 0), a, 0, UOP_IGT); }

UopVal uop_sar(UopCode *c, UopVal a, unsigned count) {
  unsigned width = size_of(c, a) * 8;
  if (!count) return a;
  if (count >= width) count = width - 1;
  if (!avx2(c) || width == 32) return uop_same(c, UOP_SAR, a, 0, 0, count);
  UopVal m = sign_mask(c, a);
  return count == 63 ? m : uop_xor(c, uop_shr(c, uop_xor(c, a, m), count), m);
}
UopVal uop_sarv(UopCode *c, UopVal a, UopVal b) {
  if (!two(c, UOP_SARV, a, b)) return 0;
  if (!avx2(c) || size_of(c, a) == 4) return uop_same(c, UOP_SARV, a, b, 0, 0);
  UopVal m = sign_mask(c, a);
  return uop_xor(c, uop_shrv(c, uop_xor(c, a, m), b), m);
}
UopVal uop_rotl(UopCode *c, UopVal a, unsigned count) {
  unsigned width = size_of(c, a) * 8;
  count %= width;
  if (!count) return a;
  if (!avx2(c)) return uop_same(c, UOP_ROTL, a, 0, 0, count);
  return uop_or(c, uop_shl(c, a, count), uop_shr(c, a, width - count));
}

/* --- comparisons: AVX2 has == and signed > */

UopVal uop_icmp(UopCode *c, UopIcmp p, UopVal a, UopVal b) {
  if (!two(c, UOP_ICMP, a, b)) return 0;
  if (!avx2(c) || p == UOP_IEQ || p == UOP_IGT) return uop_same(c, UOP_ICMP, a, b, 0, p);
  if (p >= UOP_ULT) {
    UopVal t = like(c, a, top(c, a));
    return uop_icmp(c, (UopIcmp)(p - UOP_ULT + UOP_ILT), uop_xor(c, a, t), uop_xor(c, b, t));
  }
  switch (p) {
    case UOP_ILT: return uop_same(c, UOP_ICMP, b, a, 0, UOP_IGT);
    case UOP_ILE: return uop_not(c, uop_same(c, UOP_ICMP, a, b, 0, UOP_IGT));
    case UOP_IGE: return uop_not(c, uop_same(c, UOP_ICMP, b, a, 0, UOP_IGT));
    default: return uop_not(c, uop_same(c, UOP_ICMP, a, b, 0, UOP_IEQ));
  }
}

static UopVal pick(UopCode *c, unsigned op, UopIcmp p, UopVal a, UopVal b) {
  if (!two(c, op, a, b)) return 0;
  if (!avx2(c) || size_of(c, a) == 4) return uop_same(c, op, a, b, 0, 0);
  return uop_select(c, uop_icmp(c, p, a, b), a, b);
}
UopVal uop_imin(UopCode *c, UopVal a, UopVal b) { return pick(c, UOP_IMIN, UOP_ILT, a, b); }
UopVal uop_imax(UopCode *c, UopVal a, UopVal b) { return pick(c, UOP_IMAX, UOP_IGT, a, b); }
UopVal uop_umin(UopCode *c, UopVal a, UopVal b) { return pick(c, UOP_UMIN, UOP_ULT, a, b); }
UopVal uop_umax(UopCode *c, UopVal a, UopVal b) { return pick(c, UOP_UMAX, UOP_UGT, a, b); }
UopVal uop_iabs(UopCode *c, UopVal a) {
  if (!avx2(c) || size_of(c, a) == 4) return uop_same(c, UOP_IABS, a, 0, 0, 0);
  UopVal m = sign_mask(c, a);
  return uop_isub(c, uop_xor(c, a, m), m);
}

/* --- products */

UopVal uop_imul(UopCode *c, UopVal a, UopVal b) {
  if (!two(c, UOP_IMUL, a, b)) return 0;
  if (!avx2(c) || size_of(c, a) == 4) return uop_same(c, UOP_IMUL, a, b, 0, 0);
  UopVal cross = uop_iadd(c, uop_mulu(c, uop_shr(c, a, 32), b), uop_mulu(c, a, uop_shr(c, b, 32)));
  return uop_iadd(c, uop_mulu(c, a, b), uop_shl(c, cross, 32));
}

/* even and odd 32-bit lanes apart */
static UopVal mulhi32(UopCode *c, unsigned mul, UopVal a, UopVal b) {
  unsigned lanes = lanes_of(c, a), wide = lanes > 1 ? lanes / 2 : 1;
  UopVal x = recast(c, a, 8, wide), y = recast(c, b, 8, wide);
  UopVal even = uop_shr(c, uop_same(c, mul, x, y, 0, 0), 32);
  UopVal odd = uop_same(c, mul, uop_shr(c, x, 32), uop_shr(c, y, 32), 0, 0);
  UopVal high = like(c, odd, 0xffffffff00000000u);
  return recast(c, uop_or(c, even, uop_and(c, odd, high)), 4, lanes);
}
UopVal uop_umulhi(UopCode *c, UopVal a, UopVal b) {
  if (!two(c, UOP_UMULHI, a, b)) return 0;
  if (whole(c)) return uop_same(c, UOP_UMULHI, a, b, 0, 0);
  if (size_of(c, a) == 4) return mulhi32(c, UOP_MULU, a, b);
  UopVal ah = uop_shr(c, a, 32), bh = uop_shr(c, b, 32), low = like(c, a, 0xffffffffu);
  UopVal t = uop_iadd(c, uop_mulu(c, a, bh), uop_shr(c, uop_mulu(c, a, b), 32));
  UopVal u = uop_iadd(c, uop_mulu(c, ah, b), uop_and(c, t, low));
  return uop_iadd(c, uop_mulu(c, ah, bh), uop_iadd(c, uop_shr(c, t, 32), uop_shr(c, u, 32)));
}
UopVal uop_imulhi(UopCode *c, UopVal a, UopVal b) {
  if (!two(c, UOP_IMULHI, a, b)) return 0;
  if (whole(c)) return uop_same(c, UOP_IMULHI, a, b, 0, 0);
  if (size_of(c, a) == 4) return mulhi32(c, UOP_MULS, a, b);
  UopVal fix = uop_iadd(c, uop_and(c, uop_sar(c, a, 63), b), uop_and(c, uop_sar(c, b, 63), a));
  return uop_isub(c, uop_umulhi(c, a, b), fix);
}

/* --- counting */

UopVal uop_popcnt(UopCode *c, UopVal a) {
  if (whole(c)) return uop_same(c, UOP_POPCNT, a, 0, 0, 0);
  UopVal m1 = like(c, a, 0x5555555555555555u), m2 = like(c, a, 0x3333333333333333u), m4 = like(c, a, 0x0f0f0f0f0f0f0f0fu);
  UopVal x = uop_isub(c, a, uop_and(c, uop_shr(c, a, 1), m1));
  x = uop_iadd(c, uop_and(c, x, m2), uop_and(c, uop_shr(c, x, 2), m2));
  x = uop_and(c, uop_iadd(c, x, uop_shr(c, x, 4)), m4);
  x = uop_iadd(c, x, uop_shr(c, x, 8));
  x = uop_iadd(c, x, uop_shr(c, x, 16));
  if (size_of(c, a) == 8) x = uop_iadd(c, x, uop_shr(c, x, 32));
  return uop_and(c, x, like(c, a, 0x7f));
}
UopVal uop_clz(UopCode *c, UopVal a) {
  if (!avx2(c)) return uop_same(c, UOP_CLZ, a, 0, 0, 0);
  UopVal x = a;
  for (unsigned k = 1; k < size_of(c, a) * 8; k *= 2) x = uop_or(c, x, uop_shr(c, x, k));
  return uop_popcnt(c, uop_not(c, x));
}

/* --- conversions */

UopVal uop_i2f(UopCode *c, unsigned size, UopVal a) {
  unsigned lanes = lanes_of(c, a);
  if (!avx2(c) || size_of(c, a) == 4) return uop_other(c, UOP_I2F, a, size, lanes, 0);
  if (size == 8) { /* (2^84 + high*2^32 - 2^84 - 2^63 - 2^52) + (2^52 + low), the first sum exact */
    UopVal u = uop_xor(c, a, like(c, a, (uint64_t)1 << 63));
    UopVal high = uop_or(c, uop_shr(c, u, 32), like(c, a, 0x4530000000000000u));
    UopVal low = uop_or(c, uop_and(c, u, like(c, a, 0xffffffffu)), like(c, a, 0x4330000000000000u));
    return uop_fadd(c, uop_fsub(c, high, uop_f64(c, lanes, 0x1p84 + 0x1p63 + 0x1p52)), low);
  }
  /* from 2^53 on, bit 11 stands for all below it: f64 is exact, and the one rounding is to f32 */
  UopVal rest = uop_and(c, a, like(c, a, 0x7ff));
  UopVal jam = uop_andn(c, uop_icmp(c, UOP_IEQ, rest, like(c, a, 0)), like(c, a, 0x800));
  UopVal big = uop_icmp(c, UOP_UGT, uop_iadd(c, a, like(c, a, (uint64_t)1 << 53)), like(c, a, (uint64_t)1 << 54));
  UopVal jammed = uop_or(c, uop_andn(c, like(c, a, 0x7ff), a), jam);
  return uop_f2f(c, 4, uop_i2f(c, 8, uop_select(c, big, jammed, a)));
}

UopVal uop_u2f(UopCode *c, unsigned size, UopVal a) {
  unsigned lanes = lanes_of(c, a);
  if (!avx2(c)) return uop_other(c, UOP_U2F, a, size, lanes, 0);
  if (size_of(c, a) == 4 && size == 4) {
    UopVal high = uop_i2f(c, 4, uop_shr(c, a, 16)), low = uop_i2f(c, 4, uop_and(c, a, like(c, a, 0xffff)));
    return uop_fma(c, high, uop_f32(c, lanes, 65536.0f), low);
  }
  if (size_of(c, a) == 4) {
    UopVal x = uop_or(c, uop_extu(c, a), uop_const(c, 8, lanes, 0x4330000000000000u));
    return uop_fsub(c, x, uop_f64(c, lanes, 0x1p52));
  }
  if (size == 8) {
    UopVal high = uop_or(c, uop_shr(c, a, 32), like(c, a, 0x4530000000000000u));
    UopVal low = uop_or(c, uop_and(c, a, like(c, a, 0xffffffffu)), like(c, a, 0x4330000000000000u));
    return uop_fadd(c, uop_fsub(c, high, uop_f64(c, lanes, 0x1p84 + 0x1p52)), low);
  }
  UopVal rest = uop_and(c, a, like(c, a, 0x7ff));
  UopVal jam = uop_andn(c, uop_icmp(c, UOP_IEQ, rest, like(c, a, 0)), like(c, a, 0x800));
  UopVal big = uop_icmp(c, UOP_UGE, a, like(c, a, (uint64_t)1 << 53));
  UopVal jammed = uop_or(c, uop_andn(c, like(c, a, 0x7ff), a), jam);
  return uop_f2f(c, 4, uop_u2f(c, 8, uop_select(c, big, jammed, a)));
}

UopVal uop_f2i(UopCode *c, unsigned size, UopVal a) {
  if (avx2(c) && size == 8 && size_of(c, a) == 4) a = uop_f2f(c, 8, a);
  return uop_other(c, UOP_F2I, a, size, lanes_of(c, a), 0);
}

UopVal uop_f2u(UopCode *c, unsigned size, UopVal a) {
  unsigned lanes = lanes_of(c, a);
  if (!avx2(c)) return uop_other(c, UOP_F2U, a, size, lanes, 0);
  if (size == 4 && size_of(c, a) == 8) /* the low half of 2^52 + x */
    return uop_trunc(c, uop_fadd(c, uop_fround(c, UOP_TOWARD_ZERO, a), uop_f64(c, lanes, 0x1p52)));
  if (size == 8 && size_of(c, a) == 4) a = uop_f2f(c, 8, a);
  UopVal half = size == 4 ? uop_f32(c, lanes, 0x1p31f) : uop_f64(c, lanes, 0x1p63);
  UopVal m = uop_fcmp(c, UOP_FGE, a, half);
  UopVal low = uop_f2i(c, size, uop_fsub(c, a, uop_and(c, m, half)));
  return uop_xor(c, low, uop_and(c, m, like(c, low, top(c, low))));
}

UopVal uop_f2f(UopCode *c, unsigned size, UopVal a) {
  return size == size_of(c, a) ? a : uop_other(c, UOP_F2F, a, size, lanes_of(c, a), 0);
}
UopVal uop_exts(UopCode *c, UopVal a) {
  if (!c->failed && size_of(c, a) != 4) return uop_reject(c, UOP_EXTS, "the operand's lanes are not of 4 bytes");
  return uop_other(c, UOP_EXTS, a, 8, lanes_of(c, a), 0);
}
UopVal uop_extu(UopCode *c, UopVal a) {
  if (!c->failed && size_of(c, a) != 4) return uop_reject(c, UOP_EXTU, "the operand's lanes are not of 4 bytes");
  return uop_other(c, UOP_EXTU, a, 8, lanes_of(c, a), 0);
}
UopVal uop_trunc(UopCode *c, UopVal a) {
  if (!c->failed && uop_is_value(c, a) && size_of(c, a) != 8)
    return uop_reject(c, UOP_TRUNC, "the operand's lanes are not of 8 bytes");
  return uop_other(c, UOP_TRUNC, a, 4, lanes_of(c, a), 0);
}

/* --- f16 and bf16 */

UopVal uop_round_f16(UopCode *c, UopVal a) {
  if (!c->failed && size_of(c, a) != 4) return uop_reject(c, UOP_ROUND16, "the operand is not f32");
  return uop_same(c, UOP_ROUND16, a, 0, 0, 0);
}
/* the bf16 bits above 16 others that do not matter */
static UopVal bf16_high(UopCode *c, UopVal a) {
  UopVal odd = uop_and(c, uop_shr(c, a, 16), like(c, a, 1));
  UopVal rounded = uop_iadd(c, a, uop_iadd(c, odd, like(c, a, 0x7fff)));
  UopVal nan = uop_or(c, uop_and(c, a, like(c, a, 0x80000000u)), like(c, a, 0x7fc00000u));
  return uop_select(c, uop_fcmp(c, UOP_FUNORD, a, a), nan, rounded);
}
UopVal uop_round_bf16(UopCode *c, UopVal a) { return uop_and(c, bf16_high(c, a), like(c, a, 0xffff0000u)); }

UopVal uop_after_load(UopCode *c, UopType t, UopVal v) {
  if (!v) return 0;
  if (t == UOP_BF16) return uop_shl(c, v, 16);
  if (t == UOP_BOOL) return uop_icmp(c, UOP_IGT, v, like(c, v, 0));
  return v;
}
UopVal uop_before_store(UopCode *c, UopType *t, UopVal v) {
  if (*t == UOP_BF16) return *t = UOP_U16, uop_shr(c, bf16_high(c, v), 16);
  if (*t == UOP_BOOL) return *t = UOP_U8, uop_shr(c, v, size_of(c, v) * 8 - 1);
  return v;
}

/* --- division: 32 bits through f64, whose quotient of two 32-bit integers truncates exactly */

static UopVal quotient32(UopCode *c, UopVal a, UopVal b, bool is_signed) {
  unsigned lanes = lanes_of(c, a);
  if (lanes * 8 > uop_max_bytes(c->target)) {
    UopVal low = quotient32(c, uop_half(c, a, 0), uop_half(c, b, 0), is_signed);
    return uop_join(c, low, quotient32(c, uop_half(c, a, 1), uop_half(c, b, 1), is_signed));
  }
  if (is_signed) return uop_f2i(c, 4, uop_fdiv(c, uop_i2f(c, 8, a), uop_i2f(c, 8, b)));
  return uop_f2u(c, 4, uop_fdiv(c, uop_u2f(c, 8, a), uop_u2f(c, 8, b)));
}
static UopVal divide(UopCode *c, unsigned op, UopVal a, UopVal b, bool is_signed, bool remainder) {
  if (!two(c, op, a, b)) return 0;
  if (whole(c) || size_of(c, a) == 8) return uop_same(c, op, a, b, 0, 0);
  UopVal q = quotient32(c, a, b, is_signed);
  return remainder ? uop_isub(c, a, uop_imul(c, q, b)) : q;
}
UopVal uop_idiv(UopCode *c, UopVal a, UopVal b) { return divide(c, UOP_IDIV, a, b, true, false); }
UopVal uop_irem(UopCode *c, UopVal a, UopVal b) { return divide(c, UOP_IREM, a, b, true, true); }
UopVal uop_udiv(UopCode *c, UopVal a, UopVal b) { return divide(c, UOP_UDIV, a, b, false, false); }
UopVal uop_urem(UopCode *c, UopVal a, UopVal b) { return divide(c, UOP_UREM, a, b, false, true); }
