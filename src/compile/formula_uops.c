/* See formula_uops.h. The words of kernels/formula.h as builders of micro-ops: each function of the template becomes a C
 * function that appends its operations to a program. One word, one micro-op: so the bits are those of the scalar expansion. */
#include "compile/formula_uops.h"
#include "kernels/formula_poly.h"
#include <math.h>

typedef struct Formula {
  UopCode *c;
  unsigned lanes;
} Formula;
typedef struct Pair {
  UopVal h, l;
} Pair;
typedef struct Angle {
  UopVal h, l, n;
} Angle;

#define V UopVal
#define W UopVal
#define M UopVal
#define ADD(a, b) uop_fadd(to->c, a, b)
#define SUB(a, b) uop_fsub(to->c, a, b)
#define MUL(a, b) uop_fmul(to->c, a, b)
#define DIV(a, b) uop_fdiv(to->c, a, b)
#define SQRT(a) uop_fsqrt(to->c, a)
#define FMA(a, b, d) uop_fma(to->c, a, b, d)
#define FNMA(a, b, d) uop_fnma(to->c, a, b, d)
#define MIN(a, b) uop_fmin(to->c, a, b)
#define MAX(a, b) uop_fmax(to->c, a, b)
#define RINT(a) uop_fround(to->c, UOP_NEAREST, a)
#define ABS(a) uop_fabs(to->c, a)
#define NEG(a) uop_fneg(to->c, a)
#define SIGNED(a, s) uop_xor(to->c, a, uop_and(to->c, s, WC(SIGN_BIT)))
#define LT(a, b) uop_fcmp(to->c, UOP_FLT, a, b)
#define LE(a, b) uop_fcmp(to->c, UOP_FLE, a, b)
#define EQ(a, b) uop_fcmp(to->c, UOP_FEQ, a, b)
#define UNORDERED(a) uop_fcmp(to->c, UOP_FUNORD, a, a)
#define BOTH(m, n) uop_and(to->c, m, n)
#define EITHER(m, n) uop_or(to->c, m, n)
#define NOT(m) uop_not(to->c, m)
#define PICK(m, a, b) uop_select(to->c, m, a, b)
#define WPICK(m, a, b) uop_select(to->c, m, a, b)
#define WNZ(a) uop_icmp(to->c, UOP_INE, a, WC(0))
#define WZERO(a) uop_icmp(to->c, UOP_IEQ, a, WC(0))
#define BITS(a) (a)
#define FLOAT(a) (a)
#define WADD(a, b) uop_iadd(to->c, a, b)
#define WSUB(a, b) uop_isub(to->c, a, b)
#define WAND(a, b) uop_and(to->c, a, b)
#define WOR(a, b) uop_or(to->c, a, b)
#define WXOR(a, b) uop_xor(to->c, a, b)
#define WSHL(a, n) uop_shl(to->c, a, n)
#define WSHR(a, n) uop_shr(to->c, a, n)
#define WSHLV(a, n) uop_shlv(to->c, a, n)
#define WSHRV(a, n) uop_shrv(to->c, a, n)
#define FN(name, ...) static __attribute__((unused)) UopVal DO_NAME(name)(const Formula *to, __VA_ARGS__)
#define FN_PAIR(name, ...) static Pair DO_NAME(name)(const Formula *to, __VA_ARGS__)
#define FN_ANGLE(name, ...) static Angle DO_NAME(name)(const Formula *to, __VA_ARGS__)
#define DO(name, ...) DO_NAME(name)(to, __VA_ARGS__)

#define WIDE 0
#define DO_NAME(name) name##_32
#define C(x) uop_f32(to->c, to->lanes, (float)(x))
#define WC(x) uop_const(to->c, 4, to->lanes, (uint32_t)(x))
#include "kernels/formula.h"
#undef WIDE
#undef DO_NAME
#undef C
#undef WC

#define WIDE 1
#define DO_NAME(name) name##_64
#define C(x) uop_f64(to->c, to->lanes, (double)(x))
#define WC(x) uop_const(to->c, 8, to->lanes, (uint64_t)(x))
#include "kernels/formula.h"

static UopVal limit_of(const Formula *to, bool wide) {
  return wide ? uop_f64(to->c, to->lanes, FORMULA_NEAR_F64) : uop_f32(to->c, to->lanes, FORMULA_NEAR_F32);
}

/* The near angle; where a lane lies beyond it, the far one. */
static Angle emit_angle(const Formula *to, UopVal x, bool wide) {
  Angle a = wide ? angle_near_64(to, x) : angle_near_32(to, x);
  UopVal h = uop_var(to->c, a.h), l = uop_var(to->c, a.l), n = uop_var(to->c, a.n);
  UopVal within = uop_fcmp(to->c, UOP_FLT, ABS(x), limit_of(to, wide));
  uop_if(to->c, NOT(within));
  a = wide ? angle_far_64(to, x) : angle_far_32(to, x);
  uop_set(to->c, h, PICK(within, h, a.h));
  uop_set(to->c, l, PICK(within, l, a.l));
  uop_set(to->c, n, PICK(within, n, a.n));
  uop_end(to->c);
  return (Angle){uop_get(to->c, h), uop_get(to->c, l), uop_get(to->c, n)};
}

static UopVal number(const Formula *to, bool wide, double x) {
  return wide ? uop_f64(to->c, to->lanes, x) : uop_f32(to->c, to->lanes, (float)x);
}

/* One step suffices below FORMULA_QUOTIENT; beyond it, steps by y 2^k for k going down, whose quotients are as small. */
static UopVal quotient_limit(const Formula *to, bool wide, UopVal y) {
  return MUL(ABS(y), number(to, wide, wide ? FORMULA_QUOTIENT_F64 : (double)FORMULA_QUOTIENT_F32));
}
static UopVal emit_remainder(const Formula *to, UopVal x, UopVal y, bool wide) {
  enum { MOST = 42 };
  int last = wide ? 42 : 13;
  UopVal step[MOST + 1] = {ABS(y)}, a = ABS(x), r = uop_var(to->c, a), down = number(to, wide, wide ? 0x1p49 : 0x1p20);
  uop_if(to->c, NOT(LT(a, quotient_limit(to, wide, y))));
  for (int k = 1; k <= last; k++) step[k] = MUL(step[k - 1], down);
  for (int k = last; k > 0; k--) a = PICK(LE(step[k], a), wide ? rem_part_64(to, a, step[k]) : rem_part_32(to, a, step[k]), a);
  uop_set(to->c, r, a);
  uop_end(to->c);
  a = uop_get(to->c, r);
  return wide ? rem_of_64(to, x, a, y) : rem_of_32(to, x, a, y);
}

bool formula_known(CxOpcode op, CxDtype dtype) {
  if (dtype != CX_F32 && dtype != CX_F64) return false;
  switch (op) {
#define FORMULA_1(OP, name) case CX_OP_##OP: return true;
#define FORMULA_2(OP, name) case CX_OP_##OP: return true;
#define CIRCULAR(OP, name) case CX_OP_##OP: return true;
#define REMAINDER(OP, name) case CX_OP_##OP: return true;
#include "kernels/formula.def"
#undef FORMULA_1
#undef FORMULA_2
#undef CIRCULAR
#undef REMAINDER
    default: return false;
  }
}

UopVal formula_emit_near(UopCode *c, CxOpcode op, CxDtype dtype, const UopVal *v, UopVal *beyond) {
  *beyond = 0;
  if (c->failed || v[0] == 0 || !formula_known(op, dtype)) return 0;
  const Formula to[] = {{c, uop_lanes(c, v[0])}};
  bool wide = dtype == CX_F64;
  switch (op) {
#define FORMULA_1(OP, name) case CX_OP_##OP: return wide ? name##_64(to, v[0]) : name##_32(to, v[0]);
#define FORMULA_2(OP, name) case CX_OP_##OP: return wide ? name##_64(to, v[0], v[1]) : name##_32(to, v[0], v[1]);
#define CIRCULAR(OP, name)                                                     \
  case CX_OP_##OP:                                                             \
    *beyond = uop_fcmp(c, UOP_FUGE, uop_fabs(c, v[0]), limit_of(to, wide));    \
    return wide ? name##_64(to, v[0]) : name##_32(to, v[0]);
#define REMAINDER(OP, name)                                                              \
  case CX_OP_##OP:                                                                       \
    *beyond = uop_not(c, uop_fcmp(c, UOP_FLT, uop_fabs(c, v[0]), quotient_limit(to, wide, v[1]))); \
    return wide ? name##_64(to, v[0], v[1]) : name##_32(to, v[0], v[1]);
#include "kernels/formula.def"
#undef FORMULA_1
#undef FORMULA_2
#undef CIRCULAR
#undef REMAINDER
    default: return 0;
  }
}

UopVal formula_emit(UopCode *c, CxOpcode op, CxDtype dtype, const UopVal *v) {
  UopVal beyond;
  if (c->failed || v[0] == 0 || !formula_known(op, dtype)) return 0;
  const Formula to[] = {{c, uop_lanes(c, v[0])}};
  Angle a;
  switch (op) {
#define FORMULA_1(OP, name)
#define FORMULA_2(OP, name)
#define CIRCULAR(OP, name)                                                                                            \
  case CX_OP_##OP:                                                                                                    \
    a = emit_angle(to, v[0], dtype == CX_F64);                                                                        \
    return dtype == CX_F64 ? name##_at_64(to, v[0], a.h, a.l, a.n) : name##_at_32(to, v[0], a.h, a.l, a.n);
#define REMAINDER(OP, name) \
  case CX_OP_##OP: return emit_remainder(to, v[0], v[1], dtype == CX_F64);
#include "kernels/formula.def"
    default: return formula_emit_near(c, op, dtype, v, &beyond);
  }
}
