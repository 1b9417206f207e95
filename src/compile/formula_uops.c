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

/* The near form; where a lane lies beyond it, the far form too. */
typedef UopVal Unary(const Formula *to, UopVal x);
static UopVal emit_circular(const Formula *to, UopVal x, UopVal limit, Unary *near, Unary *far) {
  UopVal y = uop_var(to->c, near(to, x)), beyond = uop_fcmp(to->c, UOP_FUGE, ABS(x), limit);
  uop_if(to->c, beyond);
  uop_set(to->c, y, PICK(beyond, far(to, x), y));
  uop_end(to->c);
  return uop_get(to->c, y);
}

bool formula_known(CxOpcode op, CxDtype dtype) {
  if (dtype != CX_F32 && dtype != CX_F64) return false;
  switch (op) {
#define FORMULA_1(OP, name) case CX_OP_##OP: return true;
#define FORMULA_2(OP, name) case CX_OP_##OP: return true;
#define CIRCULAR(OP, name) case CX_OP_##OP: return true;
#include "kernels/formula.def"
#undef FORMULA_1
#undef FORMULA_2
#undef CIRCULAR
    default: return false;
  }
}

UopVal formula_emit(UopCode *c, CxOpcode op, CxDtype dtype, const UopVal *v) {
  if (c->failed || v[0] == 0 || !formula_known(op, dtype)) return 0;
  const Formula to[] = {{c, uop_lanes(c, v[0])}};
  bool wide = dtype == CX_F64;
  switch (op) {
#define FORMULA_1(OP, name) case CX_OP_##OP: return wide ? name##_64(to, v[0]) : name##_32(to, v[0]);
#define FORMULA_2(OP, name) case CX_OP_##OP: return wide ? name##_64(to, v[0], v[1]) : name##_32(to, v[0], v[1]);
#define CIRCULAR(OP, name)                                                                                                \
  case CX_OP_##OP:                                                                                                        \
    return wide ? emit_circular(to, v[0], uop_f64(c, to->lanes, FORMULA_NEAR_F64), name##_64, name##_far_64)               \
                : emit_circular(to, v[0], uop_f32(c, to->lanes, FORMULA_NEAR_F32), name##_32, name##_far_32);
#include "kernels/formula.def"
    default: return 0;
  }
}
