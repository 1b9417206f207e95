/* See element.h. Each function states the operation that kernels/elementwise_loops.h and kernels/convert.c define. */
#include "compile/element.h"

#include "compile/formula_uops.h"
#include "op/attrs.h"

enum { NARROW = 4, WIDE = 8 };

bool element_dtype(CxDtype d) {
  switch ((int)d) {
    case CX_BOOL: case CX_I8: case CX_I16: case CX_I32: case CX_I64: case CX_U8: case CX_U16: case CX_U32: case CX_U64:
    case CX_F16: case CX_BF16: case CX_F32: case CX_F64: return true;
    default: return false;
  }
}

unsigned element_size(CxDtype d) { return cx_dtype_bytes(d) == 8 ? WIDE : NARROW; }

UopType element_memory(CxDtype d) {
  switch ((int)d) {
    case CX_BOOL: return UOP_BOOL;
    case CX_I8: return UOP_I8;
    case CX_I16: return UOP_I16;
    case CX_I32: return UOP_I32;
    case CX_I64: return UOP_I64;
    case CX_U8: return UOP_U8;
    case CX_U16: return UOP_U16;
    case CX_U32: return UOP_U32;
    case CX_U64: return UOP_U64;
    case CX_F16: return UOP_F16;
    case CX_BF16: return UOP_BF16;
    case CX_F64: return UOP_F64;
    default: return UOP_F32;
  }
}

static bool is_float(CxDtype d) { return cx_dtype_kind(d) == 'f'; }
static bool is_signed(CxDtype d) { return cx_dtype_kind(d) == 'i'; }
static bool is_int(CxDtype d) { return is_signed(d) || cx_dtype_kind(d) == 'u'; }
static int bits_of(CxDtype d) { return cx_dtype_bits(d); }

UopVal element_mask(UopCode *c, UopVal mask, unsigned size) {
  if (uop_size(c, mask) == size) return mask;
  return size == WIDE ? uop_exts(c, mask) : uop_trunc(c, mask);
}

/* ---- constants and shapes like another value ---- */

static UopVal like(UopCode *c, UopVal a, uint64_t bits) { return uop_const(c, uop_size(c, a), uop_lanes(c, a), bits); }
static UopVal like_f(UopCode *c, UopVal a, double x) {
  return uop_size(c, a) == WIDE ? uop_f64(c, uop_lanes(c, a), x) : uop_f32(c, uop_lanes(c, a), (float)x);
}

/* A small integer brought back to its width. */
static UopVal wrap(UopCode *c, CxDtype d, UopVal a) {
  int bits = bits_of(d);
  if (!is_int(d) || bits >= 32) return a;
  unsigned drop = (unsigned)(32 - bits);
  return is_signed(d) ? uop_sar(c, uop_shl(c, a, drop), drop) : uop_and(c, a, like(c, a, (UINT64_C(1) << bits) - 1));
}
static UopVal zero_extended(UopCode *c, CxDtype d, UopVal a) {
  return bits_of(d) >= 32 ? a : uop_and(c, a, like(c, a, (UINT64_C(1) << bits_of(d)) - 1));
}
static UopVal sign_extended(UopCode *c, CxDtype d, UopVal a) {
  unsigned drop = (unsigned)(32 - bits_of(d));
  return bits_of(d) >= 32 ? a : uop_sar(c, uop_shl(c, a, drop), drop);
}

/* The result of f32 arithmetic as the dtype has it. */
static UopVal rounded(UopCode *c, CxDtype d, UopVal a) {
  if (d == CX_F16) return uop_round_f16(c, a);
  if (d == CX_BF16) return uop_round_bf16(c, a);
  return a;
}

/* ---- order ---- */

static UopVal less(UopCode *c, CxDtype d, UopVal a, UopVal b) {
  if (is_float(d)) return uop_fcmp(c, UOP_FLT, a, b);
  return uop_icmp(c, is_signed(d) ? UOP_ILT : UOP_ULT, a, b);
}

/* IEEE maximum and minimum: NaN wins, -0 < 0. */
static UopVal extreme(UopCode *c, CxDtype d, bool most, UopVal a, UopVal b) {
  if (d == CX_BOOL) return most ? uop_or(c, a, b) : uop_and(c, a, b);
  if (is_int(d)) return uop_select(c, most ? less(c, d, b, a) : less(c, d, a, b), a, b);
  UopVal equal = most ? uop_and(c, a, b) : uop_or(c, a, b), first = uop_fcmp(c, most ? UOP_FGT : UOP_FLT, a, b);
  UopVal ordered = uop_select(c, first, a, uop_select(c, uop_fcmp(c, most ? UOP_FLT : UOP_FGT, a, b), b, equal));
  return uop_select(c, uop_fcmp(c, UOP_FORD, a, b), ordered, uop_fadd(c, a, b));
}

static UopVal compare_bool(UopCode *c, CxOpcode op, UopVal a, UopVal b) {
  switch ((int)op) {
    case CX_OP_EQ: return uop_not(c, uop_xor(c, a, b));
    case CX_OP_NE: return uop_xor(c, a, b);
    case CX_OP_LT: return uop_andn(c, a, b);
    case CX_OP_LE: return uop_or(c, uop_not(c, a), b);
    case CX_OP_GT: return uop_andn(c, b, a);
    default: return uop_or(c, a, uop_not(c, b));
  }
}

static UopVal compare(UopCode *c, CxOpcode op, CxDtype d, UopVal a, UopVal b) {
  static const UopFcmp floats[] = {UOP_FEQ, UOP_FNE, UOP_FLT, UOP_FLE, UOP_FGT, UOP_FGE};
  static const UopIcmp ints[] = {UOP_IEQ, UOP_INE, UOP_ILT, UOP_ILE, UOP_IGT, UOP_IGE};
  static const UopIcmp unsigneds[] = {UOP_IEQ, UOP_INE, UOP_ULT, UOP_ULE, UOP_UGT, UOP_UGE};
  int k = (int)op - (int)CX_OP_EQ;
  if (d == CX_BOOL) return compare_bool(c, op, a, element_mask(c, b, uop_size(c, a)));
  if (is_float(d)) return uop_fcmp(c, floats[k], a, b);
  return uop_icmp(c, is_signed(d) ? ints[k] : unsigneds[k], a, b);
}

/* ---- integers ---- */

static UopVal divide(UopCode *c, CxDtype d, UopVal a, UopVal b) {
  UopVal zero = like(c, a, 0), by_zero = uop_icmp(c, UOP_IEQ, b, zero), ones = like(c, a, ~UINT64_C(0));
  if (!is_signed(d)) return wrap(c, d, uop_select(c, by_zero, ones, uop_udiv(c, a, b)));
  UopVal negate = uop_icmp(c, UOP_IEQ, b, ones), q = uop_select(c, negate, uop_isub(c, zero, a), uop_idiv(c, a, b));
  return wrap(c, d, uop_select(c, by_zero, ones, q));
}
static UopVal remainder_of(UopCode *c, CxDtype d, UopVal a, UopVal b) {
  UopVal zero = like(c, a, 0), by_zero = uop_icmp(c, UOP_IEQ, b, zero), ones = like(c, a, ~UINT64_C(0));
  if (!is_signed(d)) return uop_select(c, by_zero, a, uop_urem(c, a, b));
  UopVal r = uop_select(c, uop_icmp(c, UOP_IEQ, b, ones), zero, uop_irem(c, a, b));
  return uop_select(c, by_zero, a, r);
}

static UopVal shift(UopCode *c, CxOpcode op, CxDtype d, UopVal a, UopVal b) {
  if (op == CX_OP_SHIFT_LEFT) return wrap(c, d, uop_shlv(c, a, b));
  if (op == CX_OP_SHIFT_RIGHT_LOGICAL) return wrap(c, d, uop_shrv(c, zero_extended(c, d, a), b));
  return wrap(c, d, uop_sarv(c, sign_extended(c, d, a), b));
}

static UopVal high_product(UopCode *c, CxDtype d, UopVal a, UopVal b) {
  if (bits_of(d) == 32) return is_signed(d) ? uop_imulhi(c, a, b) : uop_umulhi(c, a, b);
  UopVal p = uop_imul(c, a, b);
  return wrap(c, d, is_signed(d) ? uop_sar(c, p, (unsigned)bits_of(d)) : uop_shr(c, p, (unsigned)bits_of(d)));
}

static UopVal sign_of(UopCode *c, CxDtype d, UopVal a) {
  UopVal zero = like(c, a, 0);
  if (is_float(d)) {
    UopVal negative = uop_select(c, uop_fcmp(c, UOP_FLT, a, zero), like_f(c, a, -1), a);
    return uop_select(c, uop_fcmp(c, UOP_FGT, a, zero), like_f(c, a, 1), negative);
  }
  UopVal one = like(c, a, 1);
  if (!is_signed(d)) return uop_andn(c, uop_icmp(c, UOP_IEQ, a, zero), one);
  return uop_select(c, uop_icmp(c, UOP_IGT, a, zero), one, uop_icmp(c, UOP_ILT, a, zero));
}

/* ---- arithmetic ---- */

static UopVal multiply(UopCode *c, CxDtype d, UopVal a, UopVal b) {
  return is_float(d) ? uop_fmul(c, a, b) : wrap(c, d, uop_imul(c, a, b));
}

/* In the order in which the kernel multiplies. */
static UopVal power(UopCode *c, CxDtype d, int64_t exponent, UopVal a) {
  uint64_t e = exponent < 0 ? 0 - (uint64_t)exponent : (uint64_t)exponent;
  UopVal p = 0, base = a;
  for (; e != 0; e >>= 1) {
    if (e & 1) p = p ? multiply(c, d, p, base) : base;
    if (e > 1) base = multiply(c, d, base, base);
  }
  if (!p) p = is_float(d) ? like_f(c, a, 1) : like(c, a, 1);
  return exponent < 0 && is_float(d) ? uop_fdiv(c, like_f(c, a, 1), p) : p;
}

static UopVal round_away(UopCode *c, UopVal a) {
  bool wide = uop_size(c, a) == WIDE;
  UopVal sign = uop_and(c, a, like(c, a, wide ? UINT64_C(1) << 63 : UINT64_C(1) << 31));
  UopVal half = like_f(c, a, wide ? 0x1.fffffffffffffp-2 : 0x1.fffffep-2);
  return uop_fround(c, UOP_TOWARD_ZERO, uop_fadd(c, a, uop_or(c, half, sign)));
}

static UopVal is_finite(UopCode *c, CxDtype d, UopVal a) {
  return uop_fcmp(c, UOP_FLE, uop_fabs(c, a), like_f(c, a, d == CX_F64 ? 0x1.fffffffffffffp1023 : 0x1.fffffep127));
}

/* ---- conversion ---- */

static UopVal wide_float(UopCode *c, UopVal a, unsigned size) { return uop_size(c, a) == size ? a : uop_f2f(c, size, a); }

static UopVal int_to_float(UopCode *c, CxDtype from, CxDtype to, UopVal a) {
  unsigned size = element_size(to);
  bool positive = (from == CX_U32 || from == CX_U64);
  return rounded(c, to, positive ? uop_u2f(c, size, a) : uop_i2f(c, size, a));
}

/* Saturates; NaN gives 0. */
static UopVal float_to_int(UopCode *c, CxDtype to, UopVal a) {
  int bits = bits_of(to);
  unsigned size = element_size(to);
  bool plus = !is_signed(to);
  double limit = plus ? 2.0 : 1.0;
  for (int k = 1; k < bits; k++) limit *= 2;
  uint64_t most = plus ? (bits == 64 ? ~UINT64_C(0) : (UINT64_C(1) << bits) - 1) : (UINT64_C(1) << (bits - 1)) - 1;
  uint64_t least = plus ? 0 : ~most;
  UopVal low = like_f(c, a, plus ? 0 : -limit), high = like_f(c, a, limit);
  UopVal inside = uop_and(c, uop_fcmp(c, UOP_FGT, a, low), uop_fcmp(c, UOP_FLT, a, high));
  UopVal in_range = uop_and(c, a, inside);
  UopVal r = plus && bits >= 32 ? uop_f2u(c, size, in_range) : uop_f2i(c, size, in_range);
  UopVal under = element_mask(c, uop_fcmp(c, UOP_FLE, a, low), size), over = element_mask(c, uop_fcmp(c, UOP_FGE, a, high), size);
  return uop_select(c, over, like(c, r, most), uop_select(c, under, like(c, r, least), r));
}

static UopVal int_to_int(UopCode *c, CxDtype from, CxDtype to, UopVal a) {
  if (element_size(from) == element_size(to)) return wrap(c, to, a);
  if (element_size(to) == WIDE) return is_signed(from) ? uop_exts(c, a) : uop_extu(c, a);
  return wrap(c, to, uop_trunc(c, a));
}

static UopVal one_of(UopCode *c, CxDtype d, unsigned lanes) {
  if (!is_float(d)) return uop_const(c, element_size(d), lanes, 1);
  return d == CX_F64 ? uop_f64(c, lanes, 1) : uop_f32(c, lanes, 1);
}

static UopVal convert(UopCode *c, CxDtype from, CxDtype to, UopVal a) {
  if (from == to) return a;
  if (from == CX_BOOL) return uop_and(c, element_mask(c, a, element_size(to)), one_of(c, to, uop_lanes(c, a)));
  if (to == CX_BOOL) return is_float(from) ? uop_fcmp(c, UOP_FNE, a, like(c, a, 0)) : uop_icmp(c, UOP_INE, a, like(c, a, 0));
  if (is_float(from) && is_float(to)) return rounded(c, to, wide_float(c, a, element_size(to)));
  if (is_float(from)) return float_to_int(c, to, a);
  return is_float(to) ? int_to_float(c, from, to, a) : int_to_int(c, from, to, a);
}

/* ---- the ops ---- */

static UopVal unary(UopCode *c, CxOpcode op, const void *attrs, CxDtype d, UopVal a) {
  switch ((int)op) {
    case CX_OP_NEG: return is_float(d) ? uop_fneg(c, a) : wrap(c, d, uop_isub(c, like(c, a, 0), a));
    case CX_OP_ABS: return is_float(d) ? uop_fabs(c, a) : is_signed(d) ? wrap(c, d, uop_iabs(c, a)) : a;
    case CX_OP_SIGN: return sign_of(c, d, a);
    case CX_OP_NOT: return d == CX_BOOL ? uop_not(c, a) : wrap(c, d, uop_not(c, a));
    case CX_OP_FLOOR: return uop_fround(c, UOP_FLOOR, a);
    case CX_OP_CEIL: return uop_fround(c, UOP_CEIL, a);
    case CX_OP_ROUND: return ((const CxRoundAttrs *)attrs)->rounding_method == 0 ? rounded(c, d, round_away(c, a)) : uop_fround(c, UOP_NEAREST, a);
    case CX_OP_SQRT: return rounded(c, d, uop_fsqrt(c, a));
    case CX_OP_RSQRT: return rounded(c, d, uop_fdiv(c, like_f(c, a, 1), uop_fsqrt(c, a)));
    case CX_OP_SQUARE: return rounded(c, d, multiply(c, d, a, a));
    case CX_OP_INTEGER_POW: return rounded(c, d, power(c, d, ((const CxIntegerPowAttrs *)attrs)->y, a));
    case CX_OP_IS_FINITE: return is_finite(c, d, a);
    case CX_OP_POPULATION_COUNT: return uop_popcnt(c, zero_extended(c, d, a));
    case CX_OP_CLZ: {
      UopVal n = uop_clz(c, zero_extended(c, d, a));
      return bits_of(d) >= 32 ? n : uop_isub(c, n, like(c, n, (uint64_t)(32 - bits_of(d))));
    }
    default: return a; /* COPY, STOP_GRADIENT, NAME, BITCAST of equal widths */
  }
}

static UopVal binary(UopCode *c, CxOpcode op, CxDtype d, UopVal a, UopVal b) {
  switch ((int)op) {
    case CX_OP_ADD:
    case CX_OP_ADD_ANY: return is_float(d) ? rounded(c, d, uop_fadd(c, a, b)) : wrap(c, d, uop_iadd(c, a, b));
    case CX_OP_SUB: return is_float(d) ? rounded(c, d, uop_fsub(c, a, b)) : wrap(c, d, uop_isub(c, a, b));
    case CX_OP_MUL: return rounded(c, d, multiply(c, d, a, b));
    case CX_OP_DIV: return is_float(d) ? rounded(c, d, uop_fdiv(c, a, b)) : divide(c, d, a, b);
    case CX_OP_REM: return remainder_of(c, d, a, b);
    case CX_OP_MAX: return extreme(c, d, true, a, b);
    case CX_OP_MIN: return extreme(c, d, false, a, b);
    case CX_OP_AND: return uop_and(c, a, b);
    case CX_OP_OR: return uop_or(c, a, b);
    case CX_OP_XOR: return uop_xor(c, a, b);
    case CX_OP_SHIFT_LEFT:
    case CX_OP_SHIFT_RIGHT_LOGICAL:
    case CX_OP_SHIFT_RIGHT_ARITHMETIC: return shift(c, op, d, a, b);
    case CX_OP_MULHI: return high_product(c, d, a, b);
    default: return compare(c, op, d, a, b);
  }
}

static UopVal choose(UopCode *c, const Element *in) {
  UopVal no = in[1].v, yes = in[2].v;
  if (in[1].dtype == CX_BOOL) yes = element_mask(c, yes, uop_size(c, no));
  return uop_select(c, element_mask(c, in[0].v, uop_size(c, no)), yes, no);
}

/* What is one micro-op, or few, without a formula. */
static bool basic(CxOpcode op) { return op == CX_OP_SQRT || op == CX_OP_RSQRT; }

/* f16 and bf16 compute in f32 and round once. */
static CxDtype formula_dtype(CxDtype d) { return d == CX_F16 || d == CX_BF16 ? CX_F32 : d; }

static bool formula_can(CxOpcode op, CxDtype out, uint32_t n, const CxDtype *in) {
  for (uint32_t k = 0; k < n; k++)
    if (in[k] != out) return false;
  if (op == CX_OP_NEXTAFTER && out != formula_dtype(out)) return false; /* a neighbour in f32 rounds back */
  return is_float(out) && formula_known(op, formula_dtype(out));
}

static UopVal formula(UopCode *c, CxOpcode op, CxDtype d, uint32_t n, const Element *in, UopVal *beyond) {
  UopVal x[3] = {0}, far = 0;
  for (uint32_t k = 0; k < n && k < 3; k++) x[k] = in[k].v;
  if (!beyond) return rounded(c, d, formula_emit(c, op, formula_dtype(d), x));
  UopVal y = formula_emit_near(c, op, formula_dtype(d), x, &far);
  if (far) *beyond = *beyond ? uop_or(c, *beyond, element_mask(c, far, uop_size(c, *beyond))) : far;
  return rounded(c, d, y);
}

UopVal element_apply(UopCode *c, CxOpcode op, const void *attrs, CxDtype out, uint32_t n, const Element *in, UopVal *beyond) {
  CxDtype d = in[0].dtype;
  if (is_float(d) && d == out && formula_known(op, formula_dtype(d)) && !basic(op)) return formula(c, op, d, n, in, beyond);
  if (op == CX_OP_CONVERT_ELEMENT_TYPE) return convert(c, d, out, in[0].v);
  if (op == CX_OP_SELECT_N) return choose(c, in);
  if (op == CX_OP_CLAMP) return extreme(c, d, false, extreme(c, d, true, in[1].v, in[0].v), in[2].v);
  if (n == 1) return unary(c, op, attrs, d, in[0].v);
  UopVal b = d == CX_BOOL ? element_mask(c, in[1].v, uop_size(c, in[0].v)) : in[1].v;
  return binary(c, op, d, in[0].v, b);
}

static bool bitcast_can(CxDtype from, CxDtype to) {
  return cx_dtype_bytes(from) == cx_dtype_bytes(to) && cx_dtype_bytes(from) >= 4;
}

bool element_can(CxOpcode op, const void *attrs, CxDtype out, uint32_t n, const CxDtype *in) {
  if (!element_dtype(out)) return false;
  for (uint32_t k = 0; k < n; k++)
    if (!element_dtype(in[k])) return false;
  CxDtype d = n > 0 ? in[0] : CX_NO_DTYPE;
  switch ((int)op) {
    case CX_OP_COPY: case CX_OP_STOP_GRADIENT: case CX_OP_NAME: case CX_OP_CONVERT_ELEMENT_TYPE: return true;
    case CX_OP_BITCAST_CONVERT_TYPE: return bitcast_can(d, out);
    case CX_OP_SELECT_N: return n == 3 && d == CX_BOOL;
    case CX_OP_CLAMP: return d != CX_BOOL && in[1] == d && in[2] == d;
    case CX_OP_NEG: case CX_OP_ABS: case CX_OP_SIGN: case CX_OP_SQUARE: return d != CX_BOOL;
    case CX_OP_INTEGER_POW: return d != CX_BOOL && (is_float(d) || ((const CxIntegerPowAttrs *)attrs)->y >= 0);
    case CX_OP_FLOOR: case CX_OP_CEIL: case CX_OP_ROUND: case CX_OP_SQRT: case CX_OP_RSQRT: return is_float(d);
    case CX_OP_IS_FINITE: return d == CX_F32 || d == CX_F64;
    case CX_OP_POPULATION_COUNT: case CX_OP_CLZ: return is_int(d);
    case CX_OP_NOT: case CX_OP_AND: case CX_OP_OR: case CX_OP_XOR: return !is_float(d);
    case CX_OP_ADD: case CX_OP_ADD_ANY: case CX_OP_SUB: case CX_OP_MUL: case CX_OP_DIV: return d != CX_BOOL;
    case CX_OP_REM: return is_int(d) || formula_can(op, out, n, in);
    case CX_OP_SHIFT_LEFT: case CX_OP_SHIFT_RIGHT_LOGICAL: case CX_OP_SHIFT_RIGHT_ARITHMETIC: return is_int(d);
    case CX_OP_MULHI: return is_int(d) && bits_of(d) <= 32;
    case CX_OP_MAX: case CX_OP_MIN: case CX_OP_EQ: case CX_OP_NE: case CX_OP_LT: case CX_OP_LE: case CX_OP_GT: case CX_OP_GE: return true;
    default: return formula_can(op, out, n, in);
  }
}

/* ---- folds ---- */

bool element_can_fold(CxOpcode op, CxDtype d) {
  if (!element_dtype(d)) return false;
  switch ((int)op) {
    case CX_OP_REDUCE_SUM:
    case CX_OP_REDUCE_PROD: return d != CX_BOOL;
    case CX_OP_REDUCE_MAX:
    case CX_OP_REDUCE_MIN: return true;
    case CX_OP_REDUCE_AND:
    case CX_OP_REDUCE_OR:
    case CX_OP_REDUCE_XOR: return !is_float(d);
    default: return false;
  }
}

static uint64_t extreme_bits(CxDtype d, bool greatest) {
  int bits = bits_of(d);
  if (d == CX_BOOL) return greatest ? ~UINT64_C(0) : 0;
  if (d == CX_F64) return greatest ? UINT64_C(0x7ff0000000000000) : UINT64_C(0xfff0000000000000);
  if (is_float(d)) return greatest ? 0x7f800000u : 0xff800000u;
  if (!is_signed(d)) return greatest ? (bits == 64 ? ~UINT64_C(0) : (UINT64_C(1) << bits) - 1) : 0;
  uint64_t most = (UINT64_C(1) << (bits - 1)) - 1;
  return greatest ? most : ~most;
}

UopVal element_identity(UopCode *c, CxOpcode op, CxDtype d, unsigned lanes) {
  unsigned size = element_size(d);
  switch ((int)op) {
    case CX_OP_REDUCE_PROD: return one_of(c, d, lanes);
    case CX_OP_REDUCE_MAX: return uop_const(c, size, lanes, extreme_bits(d, false));
    case CX_OP_REDUCE_MIN: return uop_const(c, size, lanes, extreme_bits(d, true));
    case CX_OP_REDUCE_AND: return wrap(c, d, uop_const(c, size, lanes, ~UINT64_C(0)));
    default: return uop_const(c, size, lanes, 0);
  }
}

UopVal element_combine(UopCode *c, CxOpcode op, CxDtype d, UopVal a, UopVal b) {
  if (d == CX_BOOL) b = element_mask(c, b, uop_size(c, a));
  switch ((int)op) {
    case CX_OP_REDUCE_SUM: return binary(c, CX_OP_ADD, d, a, b);
    case CX_OP_REDUCE_PROD: return binary(c, CX_OP_MUL, d, a, b);
    case CX_OP_REDUCE_MAX: return extreme(c, d, true, a, b);
    case CX_OP_REDUCE_MIN: return extreme(c, d, false, a, b);
    case CX_OP_REDUCE_AND: return uop_and(c, a, b);
    case CX_OP_REDUCE_OR: return uop_or(c, a, b);
    default: return uop_xor(c, a, b);
  }
}
