/* The elementwise functions, written once in a vocabulary of straight-line operations: no branches, no calls, no tables.
 * No include guard: this file is a template, expanded for f32 and for f64 by whoever says what the words mean:
 *   formula_scalar.h        C on scalars, so that the kernels' loops vectorise
 *   compile/formula_uops.c  micro-ops, for compiled code
 * Both give the same bits on every machine, since each word is one correctly rounded operation.
 *
 * The includer defines WIDE (0: f32, 1: f64), V (a float), W (an unsigned word as wide), M (a mask), and
 *   ADD SUB MUL DIV SQRT    FMA(a, b, c) = ab + c, FNMA = c - ab, rounded once
 *   MIN MAX                 a < b ? a : b, a > b ? a : b: b where they are unordered
 *   RINT                    to the nearest integer, ties to even
 *   ABS NEG SIGNED(a, s)    on the sign bit; SIGNED: a with its sign flipped by that of s
 *   LT LE EQ UNORDERED      masks; BOTH EITHER NOT on them; PICK(m, a, b) = m ? a : b
 *   BITS FLOAT              the same bits as the other type
 *   WADD WSUB WAND WOR WSHL WSHR (by constants) WSHLV WSHRV (by words; 0 from the width on) WZERO WNZ (masks) WPICK
 *   C(x) K(x32, x64) WC(x)  constants
 *   FN(name, parameters)    a function that gives a V; FN_PAIR a Pair {V h, l;}; FN_ANGLE an Angle {V h, l; W n;}; DO(name, arguments) calls
 *   POLY(x, a0, a1, ...)    a0 + x (a1 + x ...) by FMA
 *
 * Pair: the unevaluated sum h + l. Errors are those of docs/accuracy.md, in which every function here is measured.
 * The coefficients are minimax polynomials with machine numbers as coefficients (scripts/fit_formula.py). */

#if WIDE
#define K(narrow, wide) C(wide)
#define MANTISSA 52
#define ONE_BITS UINT64_C(0x3ff0000000000000)
#define SIGN_BIT UINT64_C(0x8000000000000000)
#define BIAS 1023
#define TINIEST 0x1p-1022
#define MAGIC 0x1.8p52 /* x + MAGIC rounds x to an integer, |x| < 2^51, and holds it in its low bits */
#else
#define K(narrow, wide) C(narrow)
#define MANTISSA 23
#define ONE_BITS UINT32_C(0x3f800000)
#define SIGN_BIT UINT32_C(0x80000000)
#define BIAS 127
#define TINIEST 0x1p-126
#define MAGIC 0x1.8p23
#endif

/* ---- sums and products whose error is kept ---- */

/* |a| >= |b| or a = 0 */
FN_PAIR(sum_ordered, V a, V b) {
  V h = ADD(a, b);
  return (Pair){h, SUB(b, SUB(h, a))};
}
FN_PAIR(sum, V a, V b) {
  V h = ADD(a, b), t = SUB(h, a);
  return (Pair){h, ADD(SUB(a, SUB(h, t)), SUB(b, t))};
}
FN_PAIR(product, V a, V b) {
  V h = MUL(a, b);
  return (Pair){h, NEG(FNMA(a, b, h))};
}
/* n / d */
FN_PAIR(quotient, Pair n, Pair d) {
  V r = DIV(C(1), d.h), q = MUL(n.h, r);
  V rest = ADD(FNMA(q, d.h, n.h), FNMA(q, d.l, n.l));
  return (Pair){q, MUL(rest, r)};
}

/* ---- powers of two ---- */

/* 2^n, n an integer in t = n + MAGIC or alone in a word, -BIAS < n <= BIAS */
FN(power_of_two, W n) { return FLOAT(WADD(WSHL(n, MANTISSA), WC(ONE_BITS))); }

/* 2^n as two factors, so that results may be subnormal; t = n + MAGIC */
FN_PAIR(scale_of, V t, V n) {
  W first = BITS(FMA(n, C(0.5), C(MAGIC)));
  return (Pair){DO(power_of_two, first), DO(power_of_two, WSUB(BITS(t), first))};
}
#define SCALED(x, s) MUL(MUL(x, s.h), s.l)

/* ---- exponentials ---- */

#if WIDE
#define EXP_LOW -746.0
#define EXP_HIGH 710.5
#define POLY_EXP(r)                                                                                                     \
  POLY(r, 0x1.000000000000cp-1, 0x1.5555555555561p-3, 0x1.555555554fd7ep-5, 0x1.111111110d624p-7, 0x1.6c16c18635d61p-10, \
       0x1.a01a01baf0c2fp-13, 0x1.a019951c8625dp-16, 0x1.71dddf9f2258ap-19, 0x1.28b19e9b5aa98p-22, 0x1.af85de56ae51fp-26)
#define POLY_EXP2(r)                                                                                                     \
  POLY(r, 0x1.ebfbdff82c5a5p-3, 0x1.c6b08d704a0cfp-5, 0x1.3b2ab6fb9feeap-7, 0x1.5d87fe78a1c1dp-10, 0x1.4309130f52286p-13, \
       0x1.ffcbfc796fbdep-17, 0x1.62bfc65d4ce1p-20, 0x1.b524d245c9abep-24, 0x1.e61d8a512e83ap-28, 0x1.ea133093f50c8p-32)
#else
#define EXP_LOW -104.0
#define EXP_HIGH 89.5
#define POLY_EXP(r) POLY(r, 0x1.fffff4p-2, 0x1.55548cp-3, 0x1.555dd2p-5, 0x1.123d6p-7, 0x1.6721e8p-10)
#define POLY_EXP2(r) POLY(r, 0x1.ebfbeap-3, 0x1.c6af84p-5, 0x1.3b230ap-7, 0x1.5f06cp-10, 0x1.490212p-13)
#endif
#define LOG2_E K(0x1.715476p0, 0x1.71547652b82fep0)
#define LN2 K(0x1.62e43p-1, 0x1.62e42fefa39efp-1)
#define LN2_LOW K(-0x1.05c61p-29, 0x1.abc9e3b39803fp-56)

/* e^x = 2^n e^r, |r| <= ln 2 / 2 */
FN(exp, V x) {
  V b = MAX(C(EXP_LOW), MIN(C(EXP_HIGH), x)), t = FMA(b, LOG2_E, C(MAGIC)), n = SUB(t, C(MAGIC));
  V r = FNMA(n, LN2_LOW, FNMA(n, LN2, b)), p = FMA(MUL(r, r), POLY_EXP(r), r);
  Pair s = DO(scale_of, t, n);
  V y = ADD(p, C(1));
  return SCALED(y, s);
}
FN(exp2, V x) {
  V b = MAX(K(-151, -1076), MIN(K(129, 1025), x)), t = ADD(b, C(MAGIC)), n = SUB(t, C(MAGIC)), r = SUB(b, n);
  V p = FMA(MUL(r, r), POLY_EXP2(r), MUL(r, LN2_LOW)), y = ADD(FMA(r, LN2, p), C(1));
  Pair s = DO(scale_of, t, n);
  return SCALED(y, s);
}

/* The reduced argument: x = n ln 2 + h + l and t = n + MAGIC. */
#define REDUCE_EXP(b, t, r)                                            \
  V t = FMA(b, LOG2_E, C(MAGIC)), n_##t = SUB(t, C(MAGIC)), rough_##t = FNMA(n_##t, LN2, b), h_##t = FNMA(n_##t, LN2_LOW, rough_##t); \
  Pair r = {h_##t, FNMA(n_##t, LN2_LOW, SUB(rough_##t, h_##t))}

/* e^r to a bit more than twice the precision's half: 1 + r + r^2 p(r) */
FN_PAIR(exp_reduced, V h, V l) {
  V p = FMA(MUL(h, h), POLY_EXP(h), FMA(h, l, l));
  Pair s = DO(sum_ordered, C(1), h);
  return DO(sum_ordered, s.h, ADD(s.l, p));
}

/* e^r - 1 = (2^n - 1) + 2^n (e^r - 1), over 2^n; t is n + MAGIC */
FN_PAIR(expm1_reduced, V t, V h, V l) {
  V p = FMA(MUL(h, h), POLY_EXP(h), l);
  V one = DO(power_of_two, WSUB(WC(0), BITS(MIN(C(MAGIC + 2 * MANTISSA), t))));
  Pair s = DO(sum_ordered, SUB(C(1), one), h);
  return (Pair){s.h, ADD(s.l, p)};
}
FN(expm1, V x) {
  V b = MAX(K(-18, -38), MIN(C(EXP_HIGH), x));
  REDUCE_EXP(b, t, r);
  Pair e = DO(expm1_reduced, t, r.h, r.l);
  Pair s = DO(scale_of, t, n_t);
  V y = ADD(e.h, e.l);
  return PICK(EQ(x, C(0)), x, SCALED(y, s));
}

/* (e^a -+ e^-a) / 2 by one quotient; the difference by its series where it would cancel */
FN_PAIR(cosh_sinh, V a) {
  V b = MIN(C(EXP_HIGH + 1), a);
  REDUCE_EXP(b, t, r);
  Pair e = DO(exp_reduced, r.h, r.l);
  V back = MIN(C(MAGIC + MANTISSA), t), square = DO(power_of_two, WSUB(WC(0), WSHL(BITS(back), 1)));
  V q = DIV(C(1), e.h), rest = MUL(FNMA(e.h, q, FNMA(e.l, q, C(1))), q), d = MUL(q, square);
  Pair plus = DO(sum_ordered, e.h, d), minus = DO(sum_ordered, e.h, NEG(d));
  V low = MUL(rest, square);
  Pair f = DO(scale_of, SUB(t, C(1)), SUB(n_t, C(1)));
  V c = ADD(plus.h, ADD(plus.l, ADD(e.l, low))), s = ADD(minus.h, ADD(minus.l, SUB(e.l, low)));
  return (Pair){SCALED(c, f), SCALED(s, f)};
}
FN(cosh, V x) { return DO(cosh_sinh, ABS(x)).h; }

#if WIDE
#define POLY_SINH(z)                                                                                                  \
  POLY(z, 0x1.5555555555555p-3, 0x1.11111111111d8p-7, 0x1.a01a019ff873p-13, 0x1.71de3a7d5d7eap-19, 0x1.ae6425aea7e8cp-26, \
       0x1.614455d1a5a8dp-33, 0x1.992f1051fce7ap-41, 0x1.d1a838540344p-47)
#else
#define POLY_SINH(z) POLY(z, 0x1.555556p-3, 0x1.1110c6p-7, 0x1.a03554p-13, 0x1.725244p-19)
#endif
FN(sinh, V x) {
  V a = ABS(x), z = MUL(x, x), series = FMA(MUL(x, z), POLY_SINH(z), x);
  return PICK(LE(a, C(1)), series, SIGNED(DO(cosh_sinh, a).l, x));
}

/* the series near 0, else 1 - 2 / (e^2a + 1) */
#if WIDE
#define POLY_TANH(z)                                                                                                     \
  POLY(z, -0x1.5555555555555p-2, 0x1.111111111104dp-3, -0x1.ba1ba1ba0ae77p-5, 0x1.664f487d72121p-6, -0x1.226e346c753fcp-7, \
       0x1.d6d39b89a0d7ep-9, -0x1.7d9f8b811ec83p-10, 0x1.35284ca8844d9p-11, -0x1.f253d13f58363p-13, 0x1.846c44eb10f6cp-14, \
       -0x1.05a62d45e5a89p-15, 0x1.b05e16d81ddf6p-18)
#else
#define POLY_TANH(z) POLY(z, -0x1.555554p-2, 0x1.110fb8p-3, -0x1.b9947ep-5, 0x1.5ca392p-6, -0x1.adc4fcp-8)
#endif
FN(tanh, V x) {
  V a = ABS(x), z = MUL(a, a), series = FMA(MUL(a, z), POLY_TANH(z), a);
  V large = SUB(C(1), DIV(C(2), ADD(DO(exp, ADD(a, a)), C(1))));
  return SIGNED(PICK(LT(a, C(0.5546875)), series, large), x);
}

/* z / (1 + z) or 1 / (1 + z), z = e^-|x| */
FN(logistic, V x) {
  V b = MAX(C(EXP_LOW), NEG(ABS(x)));
  REDUCE_EXP(b, t, r);
  Pair e = DO(exp_reduced, r.h, r.l), f = DO(scale_of, t, n_t), z = {SCALED(e.h, f), SCALED(e.l, f)}, d = DO(sum_ordered, C(1), z.h);
  M below = LT(x, C(0));
  Pair n = {PICK(below, z.h, C(1)), PICK(below, z.l, C(0))}, q = DO(quotient, n, ((Pair){d.h, ADD(d.l, z.l)}));
  return ADD(q.h, q.l);
}

/* ---- logarithms ---- */

#if WIDE
#define POLY_LOG(z)                                                                                                  \
  POLY(z, 0x1.5555555555558p-1, 0x1.9999999995137p-2, 0x1.2492492e2e9c6p-2, 0x1.c71c6290f394cp-3, 0x1.7462cd84700d5p-3, \
       0x1.39fb1a4edf885p-3, 0x1.2b810433b0c5ep-3)
#define SQRT_HALF_BITS UINT64_C(0x3fe6a09e667f3bcd)
#define EXPONENT_MASK UINT64_C(0xfff0000000000000)
#else
#define POLY_LOG(z) POLY(z, 0x1.55555cp-1, 0x1.997b5ap-2, 0x1.2f03e6p-2)
#define SQRT_HALF_BITS UINT32_C(0x3f3504f3)
#define EXPONENT_MASK UINT32_C(0xff800000)
#endif
#define MANTISSA_MASK (ONE_BITS / BIAS - 1)
#define LN2_SHORT K(0x1.62e8p-1, 0x1.62e42fefa4p-1) /* times an exponent it is exact */
#define LN2_REST K(-0x1.e8082ep-16, -0x1.8432a1b0e2634p-43)

/* u = 2^e m, sqrt(1/2) <= m < sqrt 2, u normal: the word has e + BIAS above its mantissa */
#define SPLIT(u) WADD(BITS(u), WC(ONE_BITS - SQRT_HALF_BITS))
FN(split_mantissa, W k) { return FLOAT(WADD(WAND(k, WC(MANTISSA_MASK)), WC(SQRT_HALF_BITS))); }
FN(split_exponent, W k) {
  V raised = FLOAT(WOR(WSHR(k, MANTISSA), BITS(C(MAGIC / 1.5))));
  return SUB(raised, C(MAGIC / 1.5 + BIAS));
}

/* e ln 2 + log(1 + f) + low by s = f / (2 + f): log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)) */
FN(log_sum, V e, V f, V s, V low) {
  V z = MUL(s, s), half = MUL(MUL(C(0.5), f), f), rest = MUL(z, POLY_LOG(z));
  Pair h = DO(sum_ordered, MUL(e, LN2_SHORT), f);
  return ADD(h.h, SUB(h.l, SUB(half, FMA(s, ADD(half, rest), low))));
}
FN(log, V x) {
  M tiny = LT(x, C(TINIEST));
  W k = SPLIT(PICK(tiny, MUL(x, K(0x1p24, 0x1p54)), x));
  V e = SUB(DO(split_exponent, k), PICK(tiny, K(24, 54), C(0))), f = SUB(DO(split_mantissa, k), C(1));
  V y = DO(log_sum, e, f, DIV(f, ADD(C(2), f)), MUL(e, LN2_REST));
  V special = PICK(EQ(x, C(0)), C(-INFINITY), PICK(LT(x, C(0)), C(NAN), x));
  return PICK(BOTH(LT(C(0), x), LT(x, C(INFINITY))), y, special);
}

/* log of 2^extra (u + c), u normal and below 2^(BIAS - 1), |c| at most about an ulp of u;
 * log(1 + f + l) = log(1 + f) + l / (1 + f), 1 / (1 + f) = (1 - s) / (1 + s) = 1 - 2s + 2s^2 - ... */
FN(log_pair, V u, V c, V extra) {
  W k = SPLIT(u);
  V back = FLOAT(WSUB(WC(2 * ONE_BITS), WAND(k, WC(EXPONENT_MASK)))), e = ADD(DO(split_exponent, k), extra);
  Pair f = DO(sum, SUB(DO(split_mantissa, k), C(1)), MUL(c, back));
  V s = DIV(f.h, ADD(C(2), f.h)), inverse = FMA(ADD(s, s), SUB(s, C(1)), C(1));
  return DO(log_sum, e, f.h, s, FMA(e, LN2_REST, MUL(f.l, inverse)));
}
#define HUGE_ARGUMENT K(0x1p30, 0x1p60)
FN(log1p, V x) {
  M huge = LT(HUGE_ARGUMENT, x);
  Pair u = DO(sum, C(1), x);
  V y = DO(log_pair, PICK(huge, MUL(x, C(0.25)), u.h), PICK(huge, C(0), u.l), PICK(huge, C(2), C(0)));
  V special = PICK(EQ(x, C(-1)), C(-INFINITY), PICK(LT(x, C(-1)), C(NAN), x));
  return PICK(BOTH(BOTH(LT(C(-1), x), LT(x, C(INFINITY))), NOT(EQ(x, C(0)))), y, special);
}

/* sqrt(h + l) */
FN_PAIR(root, V h, V l) {
  V s = SQRT(h), under = MAX(C(TINIEST), s);
  return (Pair){s, MUL(ADD(FNMA(s, s, h), l), DIV(C(0.5), under))};
}
/* log(a + sqrt(a^2 + one)), one = 1 or -1; log 2a where that is the same */
FN(log_hyperbolic, V a, V one) {
  M huge = LT(HUGE_ARGUMENT, a);
  Pair p = DO(product, a, a), q = DO(sum, p.h, one), n = DO(sum_ordered, q.h, ADD(q.l, p.l)), r = DO(root, n.h, n.l);
  Pair u = DO(sum, a, r.h);
  return DO(log_pair, PICK(huge, MUL(a, C(0.25)), u.h), PICK(huge, C(0), ADD(u.l, r.l)), PICK(huge, C(3), C(0)));
}
FN(asinh, V x) {
  V a = ABS(x), y = DO(log_hyperbolic, a, C(1));
  return PICK(BOTH(LT(a, C(INFINITY)), NOT(EQ(x, C(0)))), SIGNED(y, x), x);
}
FN(acosh, V x) {
  V y = DO(log_hyperbolic, x, C(-1));
  return PICK(BOTH(LE(C(1), x), LT(x, C(INFINITY))), y, PICK(LT(x, C(1)), C(NAN), x));
}
/* half of log((1 + a) / (1 - a)) */
FN(atanh, V x) {
  V a = ABS(x);
  Pair q = DO(quotient, DO(sum_ordered, C(1), a), DO(sum_ordered, C(1), NEG(a)));
  Pair u = DO(sum_ordered, q.h, q.l);
  V y = MUL(C(0.5), DO(log_pair, u.h, u.l, C(0))), special = PICK(EQ(a, C(1)), C(INFINITY), ADD(C(NAN), x));
  return PICK(EQ(x, C(0)), x, PICK(LT(a, C(1)), SIGNED(y, x), SIGNED(special, x)));
}

/* ---- neighbours ---- */

/* the next float after x towards y */
FN(nextafter, V x, V y) {
  M rise = LT(x, y), positive = LT(C(0), x), up = EITHER(BOTH(rise, positive), BOTH(NOT(rise), NOT(positive)));
  V step = FLOAT(WPICK(up, WADD(BITS(x), WC(1)), WSUB(BITS(x), WC(1)))), least = SIGNED(FLOAT(WC(1)), y);
  V z = PICK(EQ(x, C(0)), least, step);
  return PICK(EITHER(UNORDERED(x), UNORDERED(y)), ADD(x, y), PICK(EQ(x, y), y, z));
}

/* ---- remainders ---- */

/* a mod b for 0 <= a < 2^(MANTISSA - 2) b: the product is near a, so that the difference is exact, and so is the correction */
FN(rem_part, V a, V b) {
  V r = FNMA(RINT(DIV(a, b)), b, a);
  return PICK(LT(r, C(0)), ADD(r, b), r);
}
/* x rem y, a being |x| or what is left of it */
FN(rem_of, V x, V a, V y) {
  V b = ABS(y);
  return SIGNED(PICK(BOTH(EQ(b, C(INFINITY)), LT(a, b)), a, DO(rem_part, a, b)), x);
}
FN(rem, V x, V y) { return DO(rem_of, x, ABS(x), y); }

/* ---- powers ---- */

#if WIDE
#define POLY_LOG_TAIL(z)                                                                                             \
  POLY(z, 0x1.999999999999ap-2, 0x1.2492492492304p-2, 0x1.c71c71c74a4a5p-3, 0x1.745d173ef738dp-3, 0x1.3b13a8e5817eep-3, \
       0x1.11158319b60b1p-3, 0x1.e00ed45a467p-4, 0x1.db156a34cdec6p-4)
#else
#define POLY_LOG_TAIL(z) POLY(z, 0x1.99999ap-2, 0x1.249212p-2, 0x1.c7021cp-3, 0x1.82b46ap-3)
#endif
#define TWO_THIRDS K(0x1.555556p-1, 0x1.5555555555555p-1)
#define TWO_THIRDS_LOW K(-0x1.555556p-26, 0x1.5555555555555p-55)

/* log x to about a mantissa and a quarter: 2s + s^3 (2/3 + s^2 (2/5 + ...)), all but the last sum as pairs; x > 0 */
FN_PAIR(log_precise, V x) {
  M tiny = LT(x, C(TINIEST));
  W k = SPLIT(PICK(tiny, MUL(x, K(0x1p24, 0x1p54)), x));
  V e = SUB(DO(split_exponent, k), PICK(tiny, K(24, 54), C(0))), f = SUB(DO(split_mantissa, k), C(1));
  Pair q = DO(quotient, ((Pair){f, C(0)}), DO(sum_ordered, C(2), f)), s = DO(sum_ordered, q.h, q.l);
  Pair z = DO(product, s.h, s.h);
  z.l = FMA(ADD(s.h, s.h), s.l, z.l);
  Pair w = DO(sum_ordered, TWO_THIRDS, MUL(z.h, POLY_LOG_TAIL(z.h))), cube = DO(product, s.h, z.h), g;
  w.l = ADD(w.l, TWO_THIRDS_LOW);
  cube.l = FMA(s.h, z.l, FMA(s.l, z.h, cube.l));
  g = DO(product, cube.h, w.h);
  g.l = FMA(cube.h, w.l, FMA(cube.l, w.h, g.l));
  Pair a = DO(sum_ordered, MUL(e, LN2_SHORT), ADD(s.h, s.h)), b = DO(sum, a.h, g.h);
  V low = ADD(ADD(a.l, b.l), ADD(FMA(C(2), s.l, g.l), MUL(e, LN2_REST)));
  return DO(sum_ordered, b.h, low);
}

/* e^(y log |x|), then signs and limits as C wants them */
FN(pow, V x, V y) {
  V a = ABS(x);
  Pair l = DO(log_precise, a);
  V limit = PICK(EQ(a, C(0)), C(-INFINITY), C(INFINITY));
  M ordinary = BOTH(LT(C(0), a), LT(a, C(INFINITY)));
  V high = PICK(ordinary, l.h, limit);
  Pair p = DO(product, y, high);
  V b = MAX(C(EXP_LOW), MIN(C(EXP_HIGH), p.h)), rest = PICK(EQ(b, p.h), FMA(y, l.l, p.l), C(0));
  REDUCE_EXP(b, t, r);
  Pair u = DO(sum_ordered, r.h, ADD(r.l, rest)), e = DO(exp_reduced, u.h, u.l);
  Pair f = DO(scale_of, t, n_t);
  V power = ADD(e.h, e.l), size = SCALED(power, f), half = MUL(y, C(0.5));
  M whole = EQ(RINT(y), y), odd = BOTH(whole, NOT(EQ(RINT(half), half))), negative = WNZ(WAND(BITS(x), WC(SIGN_BIT)));
  V z = PICK(BOTH(negative, odd), NEG(size), size);
  M undefined = BOTH(BOTH(LT(x, C(0)), LT(a, C(INFINITY))), NOT(whole));
  z = PICK(EITHER(undefined, EITHER(UNORDERED(x), UNORDERED(y))), C(NAN), z);
  M one = EITHER(EITHER(EQ(y, C(0)), EQ(x, C(1))), BOTH(EQ(x, C(-1)), EQ(ABS(y), C(INFINITY))));
  return PICK(one, C(1), z);
}

/* a = 2^3n M, 1/2 <= M < 4: M^-1/3 by a polynomial and a step of third order, then M times its square, corrected once */
#if WIDE
#define POLY_CBRT(m)                                                                                                 \
  POLY(m, 0x1.c875e840523dcp0, -0x1.92b4e0065f0a3p0, 0x1.40ebed073f386p0, -0x1.358f342549672p-1, 0x1.444c99c167694p-3, \
       -0x1.1bd141665b2c5p-6)
#else
#define POLY_CBRT(m) POLY(m, 0x1.ac185ap0, -0x1.2de13ap0, 0x1.6775ecp-1, -0x1.cb3544p-3, 0x1.dc96cap-6)
#endif
#define THIRD K(0x1.555556p-2, 0x1.5555555555555p-2)
FN(cbrt, V x) {
  V a = ABS(x);
  M tiny = LT(a, C(TINIEST));
  W k = BITS(PICK(tiny, MUL(a, K(0x1p24, 0x1p54)), a));
  V m = FLOAT(WOR(WAND(k, WC(MANTISSA_MASK)), WC(ONE_BITS))), e = DO(split_exponent, k);
  V t = FMA(e, THIRD, C(MAGIC)), left = FNMA(C(3), SUB(t, C(MAGIC)), e);
  M less = LT(left, C(0)), more = LT(C(0), left);
  V y = MUL(POLY_CBRT(m), PICK(less, K(0x1.428a3p0, 0x1.428a2f98d728bp0), PICK(more, K(0x1.965feap-1, 0x1.965fea53d6e3dp-1), C(1))));
  m = MUL(m, PICK(less, C(0.5), PICK(more, C(2), C(1))));
  V d = FNMA(MUL(MUL(y, y), y), m, C(1));
  y = FMA(MUL(y, d), FMA(d, K(0x1.c71c72p-3, 0x1.c71c71c71c71cp-3), THIRD), y);
  V square = MUL(y, y), c = MUL(m, square);
  Pair cc = DO(product, c, c);
  c = FMA(MUL(FNMA(cc.l, c, FNMA(cc.h, c, m)), square), THIRD, c);
  c = MUL(c, DO(power_of_two, WSUB(BITS(t), BITS(PICK(tiny, C(MAGIC + 8 + 10 * WIDE), C(MAGIC))))));
  return PICK(BOTH(LT(C(0), a), LT(a, C(INFINITY))), SIGNED(c, x), x);
}

/* ---- circular functions ---- */

/* x = n pi/2 + h + l, n in the low bits of a word */
#define PI_2 K(0x1.921fb6p0, 0x1.921fb54442d18p0)
#define PI_2_LOW K(-0x1.777a5cp-25, 0x1.1a62633145c07p-54)
#define PI_2_LEAST K(-0x1.ee59dap-50, -0x1.f1976b7ed8fbcp-110)
#define TWO_OVER_PI K(0x1.45f306p-1, 0x1.45f306dc9c883p-1)

/* |x| below FORMULA_NEAR: the first difference is exact, the second keeps its error, so that nothing is lost near multiples of pi/2 */
FN_ANGLE(angle_near, V x) {
  V t = FMA(x, TWO_OVER_PI, C(MAGIC)), n = SUB(t, C(MAGIC));
  Pair p = DO(product, n, PI_2_LOW), h = DO(sum_ordered, FNMA(n, PI_2, x), NEG(p.h));
  return (Angle){h.h, FNMA(n, PI_2_LEAST, SUB(h.l, p.l)), BITS(t)};
}

/* Any finite x at least 1: m 2^e, 1 <= m < 2, times those bits of 2/pi that matter after the division by 4 (Payne and
 * Hanek): a window of three words that begins at the weight 2^(MANTISSA + 1), in four floats whose products with m are kept exactly. */
#if WIDE
#define WINDOW(s)                                                                                                      \
  W t0 = WC(0), t1 = WC(0xa2f9836e4e441529), t2 = WC(0xfc2757d1f534ddc0), t3 = WC(0xdb6295993c439041), t4 = WC(0xfe5163abdebbc561), \
    t5 = WC(0xb7246e3a424dd2e0), t6 = WC(0x06492eea09d1921c), t7 = WC(0xfe1deb1cb129a73e), t8 = WC(0xe88235f52ebb4484),           \
    t9 = WC(0xe99c7026b45f7e41), t10 = WC(0x3991d639835339f4), t11 = WC(0x9c845f8bbdf9283b), t12 = WC(0x1ff897ffde05980f),        \
    t13 = WC(0xef2f118b5a0a6d1f), t14 = WC(0x6d367ecf27cb09b7), t15 = WC(0x4f463f669e5fea2d), t16 = WC(0x7527bac7ebe5f17b),       \
    t17 = WC(0x3d0739f78a5292ea), t18 = WC(0x6bfb5fb11f8d5d08), t19 = WC(0x56033046fc7b6bab);                          \
  M m4 = WZERO(WAND(s, WC(1024))), m3 = WZERO(WAND(s, WC(512))), m2 = WZERO(WAND(s, WC(256))), m1 = WZERO(WAND(s, WC(128))), m0 = WZERO(WAND(s, WC(64))); \
  t0 = WPICK(m4, t0, t16), t1 = WPICK(m4, t1, t17), t2 = WPICK(m4, t2, t18), t3 = WPICK(m4, t3, t19);                  \
  t0 = WPICK(m3, t0, t8), t1 = WPICK(m3, t1, t9), t2 = WPICK(m3, t2, t10), t3 = WPICK(m3, t3, t11), t4 = WPICK(m3, t4, t12); \
  t5 = WPICK(m3, t5, t13), t6 = WPICK(m3, t6, t14), t7 = WPICK(m3, t7, t15), t8 = WPICK(m3, t8, t16), t9 = WPICK(m3, t9, t17); \
  t10 = WPICK(m3, t10, t18);                                                                                           \
  t0 = WPICK(m2, t0, t4), t1 = WPICK(m2, t1, t5), t2 = WPICK(m2, t2, t6), t3 = WPICK(m2, t3, t7), t4 = WPICK(m2, t4, t8); \
  t5 = WPICK(m2, t5, t9), t6 = WPICK(m2, t6, t10)
#define WORD_BITS 64
#define CHUNK_0 WSHR(w0, 16)
#define CHUNK_1 WOR(WSHL(WAND(w0, WC(0xffff)), 32), WSHR(w1, 32))
#define CHUNK_2 WOR(WSHL(WAND(w1, WC(0xffffffff)), 16), WSHR(w2, 48))
#define CHUNK_3 WAND(w2, WC(0xffffffffffff))
#else
#define WINDOW(s)                                                                                                    \
  W t0 = WC(0), t1 = WC(0xa2f9836e), t2 = WC(0x4e441529), t3 = WC(0xfc2757d1), t4 = WC(0xf534ddc0), t5 = WC(0xdb629599), \
    t6 = WC(0x3c439041), t7 = WC(0xfe5163ab);                                                                        \
  M m2 = WZERO(WAND(s, WC(128))), m1 = WZERO(WAND(s, WC(64))), m0 = WZERO(WAND(s, WC(32)));                                 \
  t0 = WPICK(m2, t0, t4), t1 = WPICK(m2, t1, t5), t2 = WPICK(m2, t2, t6), t3 = WPICK(m2, t3, t7)
#define WORD_BITS 32
#define CHUNK_0 WSHR(w0, 9)
#define CHUNK_1 WOR(WSHL(WAND(w0, WC(0x1ff)), 14), WSHR(w1, 18))
#define CHUNK_2 WOR(WSHL(WAND(w1, WC(0x3ffff)), 5), WSHR(w2, 27))
#define CHUNK_3 WSHR(WAND(w2, WC(0x7ffffff)), 4)
#endif
#define CHUNK_FLOAT(c, unit) MUL(SUB(FLOAT(WOR(c, BITS(C(MAGIC / 1.5)))), C(MAGIC / 1.5)), C(unit))

FN_ANGLE(angle_far, V x) {
  W bits = BITS(ABS(x)), s = WADD(WSHR(bits, MANTISSA), WC(WORD_BITS - 1 - MANTISSA - 1 - BIAS));
  WINDOW(s);
  W u0 = WPICK(m1, t0, t2), u1 = WPICK(m1, t1, t3), u2 = WPICK(m1, t2, t4), u3 = WPICK(m1, t3, t5), u4 = WPICK(m1, t4, t6);
  W v0 = WPICK(m0, u0, u1), v1 = WPICK(m0, u1, u2), v2 = WPICK(m0, u2, u3), v3 = WPICK(m0, u3, u4);
  W left = WAND(s, WC(WORD_BITS - 1)), right = WSUB(WC(WORD_BITS), left);
  W w0 = WOR(WSHLV(v0, left), WSHRV(v1, right)), w1 = WOR(WSHLV(v1, left), WSHRV(v2, right)),
    w2 = WOR(WSHLV(v2, left), WSHRV(v3, right));
  V m = FLOAT(WOR(WAND(bits, WC(MANTISSA_MASK)), WC(ONE_BITS)));
  Pair p0 = DO(product, m, CHUNK_FLOAT(CHUNK_0, (WIDE ? 0x1p6 : 0x1p2))), p1 = DO(product, m, CHUNK_FLOAT(CHUNK_1, (WIDE ? 0x1p-42 : 0x1p-21)));
  Pair p2 = DO(product, m, CHUNK_FLOAT(CHUNK_2, (WIDE ? 0x1p-90 : 0x1p-44)));
  V p3 = MUL(m, CHUNK_FLOAT(CHUNK_3, (WIDE ? 0x1p-138 : 0x1p-67)));
  Pair a = DO(sum, ADD(FNMA(RINT(MUL(p0.h, C(0.25))), C(4), p0.h), p0.l), p1.h);
  V n = RINT(a.h);
  Pair b = DO(sum, SUB(a.h, n), ADD(a.l, p1.l)), c = DO(sum, b.h, p2.h);
  Pair r = DO(sum_ordered, c.h, ADD(ADD(b.l, c.l), ADD(p2.l, p3))), h = DO(product, r.h, PI_2);
  V low = ADD(h.l, FMA(r.h, PI_2_LOW, MUL(r.l, PI_2)));
  V high = PICK(LT(ABS(x), C(INFINITY)), SIGNED(h.h, x), SUB(x, x));
  return (Angle){high, SIGNED(low, x), BITS(ADD(SIGNED(n, x), C(MAGIC)))};
}

#if WIDE
#define POLY_SIN(z)                                                                                                     \
  POLY(z, -0x1.5555555555554p-3, 0x1.11111111109cep-7, -0x1.a01a019e271b1p-13, 0x1.71de372b7f648p-19, -0x1.ae5fa3a00d241p-26, \
       0x1.5de7e99234681p-33)
#define POLY_COS(z)                                                                                                   \
  POLY(z, 0x1.5555555555555p-5, -0x1.6c16c16c16875p-10, 0x1.a01a019f20727p-16, -0x1.27e4f9e25c448p-22, 0x1.1eeb353bef36ap-29, \
       -0x1.905a740826f0ap-37)
#else
#define POLY_SIN(z) POLY(z, -0x1.555552p-3, 0x1.110ba8p-7, -0x1.9a8caep-13)
#define POLY_COS(z) POLY(z, 0x1.555554p-5, -0x1.6c126cp-10, 0x1.9ba7bap-16)
#endif
FN_PAIR(sin_angle, V h, V l) {
  V z = MUL(h, h);
  return (Pair){h, FMA(MUL(z, h), POLY_SIN(z), l)};
}
FN_PAIR(cos_angle, V h, V l) {
  V z = MUL(h, h), half = MUL(z, C(0.5)), w = SUB(C(1), half);
  return (Pair){w, ADD(SUB(SUB(C(1), w), half), FNMA(h, l, MUL(MUL(z, z), POLY_COS(z))))};
}

/* the sine of h + l + quadrant pi/2 */
FN(sin_quadrant, V h, V l, W quadrant) {
  Pair s = DO(sin_angle, h, l), c = DO(cos_angle, h, l);
  V y = PICK(WZERO(WAND(quadrant, WC(1))), ADD(s.h, s.l), ADD(c.h, c.l));
  return FLOAT(WXOR(BITS(y), WSHL(WAND(quadrant, WC(2)), WORD_BITS - 2)));
}
FN(tan_quadrant, V h, V l, W quadrant) {
  Pair s = DO(sin_angle, h, l), c = DO(cos_angle, h, l);
  M even = WZERO(WAND(quadrant, WC(1)));
  Pair n = {PICK(even, s.h, c.h), PICK(even, s.l, c.l)}, d = {PICK(even, c.h, s.h), PICK(even, c.l, s.l)};
  Pair n1 = DO(sum_ordered, n.h, n.l), d1 = DO(sum_ordered, d.h, d.l), q = DO(quotient, n1, d1);
  return FLOAT(WXOR(BITS(ADD(q.h, q.l)), WSHL(WAND(quadrant, WC(1)), WORD_BITS - 1)));
}

/* name_at: of x, whose angle is known. The angle is the far one beyond FORMULA_NEAR, for infinities and NaN. */
#define CIRCULAR(name, quadrant, shift, zero)                                                                        \
  FN(name##_at, V x, V h, V l, W n) { return PICK(EQ(x, C(0)), zero, DO(quadrant, h, l, WADD(n, WC(shift)))); }      \
  FN(name, V x) {                                                                                                    \
    Angle a = DO(angle_near, x);                                                                                     \
    return DO(name##_at, x, a.h, a.l, a.n);                                                                          \
  }                                                                                                                  \
  FN(name##_far, V x) {                                                                                              \
    Angle a = DO(angle_far, x);                                                                                      \
    return DO(name##_at, x, a.h, a.l, a.n);                                                                          \
  }
CIRCULAR(sin, sin_quadrant, 0, x)
CIRCULAR(cos, sin_quadrant, 1, C(1))
CIRCULAR(tan, tan_quadrant, 0, x)

#if WIDE
#define POLY_ATAN(z)                                                                                                   \
  POLY(z, -0x1.5555555555555p-2, 0x1.9999999999815p-3, -0x1.2492492481cap-3, 0x1.c71c71bca6837p-4, -0x1.745d15676dacfp-4, \
       0x1.3b137c0fd3614p-4, -0x1.110d2d873dc1fp-4, 0x1.e17f15de3532ap-5, -0x1.abcb0e7702bf6p-5, 0x1.7210f77a9e5eep-5,  \
       -0x1.14ae6f2583eebp-5, 0x1.fb3d1e7817aa9p-7)
#else
#define POLY_ATAN(z) POLY(z, -0x1.555554p-2, 0x1.99971p-3, -0x1.241dfep-3, 0x1.b7f1c2p-4, -0x1.07fb5ap-4)
#endif
/* tan of the angle of (b, a), a >= 0, b >= 0 not both 0, less pi/4 times turns = 0, 1 or 2, so that it is below tan(pi/8) */
FN(atan_turns, V a, V b) {
  M low = LE(a, MUL(b, C(0.4140625))), high = LT(MUL(b, C(2.4140625)), a);
  return PICK(low, C(0), PICK(high, C(2), C(1)));
}
FN_PAIR(atan_quotient, V a, V b, V turns) {
  M low = EQ(turns, C(0)), high = EQ(turns, C(2)), some = EQ(turns, C(1));
  Pair minus = DO(sum, a, NEG(b)), plus = DO(sum, a, b);
  Pair n = {PICK(low, a, PICK(high, NEG(b), minus.h)), PICK(some, minus.l, C(0))};
  Pair d = {PICK(low, b, PICK(high, a, plus.h)), PICK(some, plus.l, C(0))}, q = DO(quotient, n, d);
  V z = MUL(q.h, q.h);
  return (Pair){q.h, FMA(MUL(q.h, z), POLY_ATAN(z), q.l)};
}
/* turns pi/4 + h + l */
FN(atan_sum, V turns, V h, V l) {
  Pair p = DO(product, turns, MUL(C(0.5), PI_2)), s = DO(sum_ordered, p.h, h);
  return ADD(s.h, ADD(ADD(s.l, p.l), FMA(turns, MUL(C(0.5), PI_2_LOW), l)));
}
FN(atan, V x) {
  V a = MIN(K(0x1p40, 0x1p80), ABS(x)), turns = DO(atan_turns, a, C(1));
  Pair q = DO(atan_quotient, a, C(1), turns);
  return SIGNED(DO(atan_sum, turns, q.h, q.l), x);
}
FN(atan2, V y, V x) {
  V a = ABS(y), b = ABS(x), most = MAX(a, b);
  M infinite = EQ(most, C(INFINITY)), none = EQ(most, C(0));
  V scale = PICK(LT(K(0x1p100, 0x1p1000), most), K(0x1p-30, 0x1p-60), PICK(LT(most, K(0x1p-60, 0x1p-800)), K(0x1p60, 0x1p200), C(1)));
  V a1 = PICK(infinite, PICK(EQ(a, most), C(1), C(0)), MUL(a, scale)), b1 = PICK(infinite, PICK(EQ(b, most), C(1), C(0)), MUL(b, scale));
  M back = WNZ(WAND(BITS(x), WC(SIGN_BIT)));
  b1 = PICK(none, C(1), b1);
  V turns = DO(atan_turns, a1, b1);
  Pair q = DO(atan_quotient, a1, b1, turns);
  V r = DO(atan_sum, PICK(back, SUB(C(4), turns), turns), PICK(back, NEG(q.h), q.h), PICK(back, NEG(q.l), q.l));
  return PICK(EITHER(UNORDERED(x), UNORDERED(y)), ADD(x, y), SIGNED(r, y));
}

#if WIDE
#define POLY_ASIN(z)                                                                                                  \
  POLY(z, 0x1.5555555555556p-3, 0x1.3333333332d9ep-4, 0x1.6db6db6e48dffp-5, 0x1.f1c71c1187eddp-6, 0x1.6e8bb383c0ebbp-6, \
       0x1.1c4d0fc1b6fbbp-6, 0x1.c9d336dfa2933p-7, 0x1.77ff42ac1dfb4p-7, 0x1.53365248bd332p-7, 0x1.5dc12cf8ad297p-8,   \
       0x1.224dcb11ab156p-6, -0x1.f6744b4ca8339p-7, 0x1.dc690516bc887p-6)
#else
#define POLY_ASIN(z) POLY(z, 0x1.555554p-3, 0x1.3334cep-4, 0x1.6d3e6ap-5, 0x1.ffbf34p-6, 0x1.0fe1b2p-6, 0x1.1acb92p-5)
#endif
/* asin s for s = |x| <= 1/2, else for s = sqrt((1 - |x|) / 2), where asin |x| = pi/2 - 2 asin s */
FN_PAIR(asin_half, V a, M big) {
  V z = PICK(big, FNMA(C(0.5), a, C(0.5)), MUL(a, a));
  Pair r = DO(root, z, C(0));
  V s = PICK(big, r.h, a), low = PICK(big, r.l, C(0));
  return (Pair){s, FMA(MUL(s, z), POLY_ASIN(z), low)};
}
FN(asin, V x) {
  V a = ABS(x);
  M big = LT(C(0.5), a);
  Pair s = DO(asin_half, a, big), h = DO(sum_ordered, PI_2, MUL(C(-2), s.h));
  V high = ADD(h.h, ADD(h.l, FMA(C(-2), s.l, PI_2_LOW)));
  return PICK(EQ(x, C(0)), x, SIGNED(PICK(big, high, ADD(s.h, s.l)), x));
}
FN(acos, V x) {
  V a = ABS(x);
  M big = LT(C(0.5), a), below = LT(x, C(0));
  Pair s = DO(asin_half, a, big);
  V turns = PICK(big, PICK(below, C(2), C(0)), C(1)), factor = PICK(big, C(2), C(1));
  V signed_factor = PICK(EITHER(BOTH(big, below), BOTH(NOT(big), NOT(below))), NEG(factor), factor);
  Pair h = DO(sum_ordered, MUL(turns, PI_2), MUL(signed_factor, s.h));
  return ADD(h.h, ADD(h.l, FMA(signed_factor, s.l, MUL(turns, PI_2_LOW))));
}

/* ---- special functions ---- */

/* erf x = x + x q(x^2) for |x| <= 1; erfc a = e^(-a^2) r((a - 3) / (a + 3)) / (1 + 2a) for a >= 1/2 */
#if WIDE
#define POLY_ERF(z)                                                                                                     \
  POLY(z, 0x1.06eba8214db69p-3, -0x1.812746b037a02p-2, 0x1.ce2f21a043b39p-4, -0x1.b82ce312c904p-6, 0x1.565bcd17e7885p-8, \
       -0x1.c02db5bf42659p-11, 0x1.f9a35d60e0678p-14, -0x1.f4d6e38c7275fp-17, 0x1.ba29cef956b99p-20, -0x1.62244ff49bfdp-23, \
       0x1.1127d109a1876p-26, -0x1.fba1b686c4851p-30, 0x1.46c53ca8523e4p-32, -0x1.37038fe0c3b09p-35)
#define POLY_ERFC(t)                                                                                                    \
  POLY(t, 0x1.40c522d7e4987p0, -0x1.15c084bb9e8f6p-3, -0x1.85a15c58aa1fbp-5, 0x1.098366a5b4874p-3, -0x1.e88b803a4e987p-4, \
       0x1.17ca2877e8602p-4, -0x1.8574c40a0b54ap-6, 0x1.4b884e584b916p-9, 0x1.ef1bdbfdf0746p-10, -0x1.98db544a2f4a3p-11, \
       -0x1.b911dfa7a71afp-14, 0x1.065a85927c762p-13, 0x1.4bf90f049f74p-18, -0x1.51449d616fcc1p-16, -0x1.840ca31a46bc2p-21, \
       0x1.d2b81602b9e0fp-19, 0x1.6b1eca1548dbcp-22, -0x1.4e85094fbb00ep-21, -0x1.f1d24ba41b19bp-24, 0x1.c6587c76f1fe3p-24, \
       0x1.64cc3a0006836p-26, -0x1.c3eeac6c230fap-27)
#else
#define POLY_ERF(z) \
  POLY(z, 0x1.06eba8p-3, -0x1.81274p-2, 0x1.ce2d52p-4, -0x1.b7fec4p-6, 0x1.542fecp-8, -0x1.a5197ap-11, 0x1.4c5cb2p-14)
#define POLY_ERFC(t)                                                                                                     \
  POLY(t, 0x1.40c522p0, -0x1.15c08p-3, -0x1.859d08p-5, 0x1.0982cep-3, -0x1.e8a406p-4, 0x1.17d504p-4, -0x1.83becep-6, \
       0x1.46077ap-9, 0x1.bdaa0ap-10, -0x1.654774p-11, -0x1.637042p-19)
#endif
FN(erf_near, V x) {
  V z = MUL(x, x);
  return FMA(x, POLY_ERF(z), x);
}
FN(erfc_tail, V a) {
  V b = MIN(K(10.5, 27.5), a), t = DIV(SUB(b, C(3)), ADD(b, C(3))), r0 = POLY_ERFC(t);
  Pair z = DO(product, b, b);
  V down = NEG(z.h);
  REDUCE_EXP(down, n, r);
  Pair u = DO(sum_ordered, r.h, SUB(r.l, z.l)), e = DO(exp_reduced, u.h, u.l);
  Pair p = DO(product, e.h, r0), q = DO(quotient, ((Pair){p.h, FMA(e.l, r0, p.l)}), DO(sum_ordered, ADD(b, b), C(1)));
  Pair f = DO(scale_of, n, n_n);
  V y = ADD(q.h, q.l);
  return SCALED(y, f);
}
FN(erf, V x) {
  V a = ABS(x), y = PICK(LE(a, C(1)), DO(erf_near, a), SUB(C(1), DO(erfc_tail, a)));
  return SIGNED(y, x);
}
FN(erfc, V x) {
  V a = ABS(x), tail = DO(erfc_tail, a);
  return PICK(LE(a, C(0.5)), SUB(C(1), DO(erf_near, x)), PICK(LT(x, C(0)), SUB(C(2), tail), tail));
}

#if !WIDE
/* The inverse of erf: a polynomial in w = -log(1 - x^2), or in sqrt(w) where it is large (Giles 2010). x^2 and the polynomials are rounded as
 * in JAX, so that random normals agree to the last bits; log(1 + y) = log(u) y / (u - 1) for u = 1 + y rounded. */
#define STEP(p, x, a) p = ADD(MUL(p, x), C(a))
FN(erf_inv, V x) {
  V y0 = NEG(MUL(x, x)), u = ADD(C(1), y0);
  V w = NEG(PICK(EQ(u, C(1)), y0, MUL(DO(log, u), DIV(y0, SUB(u, C(1)))))), near = SUB(w, C(2.5)), p = C(2.81022636e-8f);
  STEP(p, near, 3.43273939e-7f);
  STEP(p, near, -3.5233877e-6f);
  STEP(p, near, -4.39150654e-6f);
  STEP(p, near, 0.00021858087f);
  STEP(p, near, -0.00125372503f);
  STEP(p, near, -0.00417768164f);
  STEP(p, near, 0.246640727f);
  STEP(p, near, 1.50140941f);
  V far = SUB(SQRT(w), C(3)), q = C(-0.000200214257f);
  STEP(q, far, 0.000100950558f);
  STEP(q, far, 0.00134934322f);
  STEP(q, far, -0.00367342844f);
  STEP(q, far, 0.00573950773f);
  STEP(q, far, -0.0076224613f);
  STEP(q, far, 0.00943887047f);
  STEP(q, far, 1.00167406f);
  STEP(q, far, 2.83297682f);
  return PICK(EQ(ABS(x), C(1)), MUL(x, C(INFINITY)), MUL(PICK(LT(w, C(5)), p, q), x));
}
#endif

#if WIDE
#define POLY_I0_SMALL(x) \
  POLY(x, 0x1p0, 0x1.0000000000004p0, 0x1.fffffffffff45p-3, 0x1.c71c71c71d358p-6, 0x1.c71c71c70ef94p-10, \
       0x1.2345678a3b363p-14, 0x1.02e85c00c634fp-19, 0x1.522a448d1c138p-25, 0x1.522a3bdea4416p-31, \
       0x1.0b318351a4203p-37, 0x1.55fceae2f697ap-44, 0x1.69fbf8016c6a9p-51, 0x1.401b06c070f1fp-58, \
       0x1.f72e4735e2d2fp-66, 0x1.05433b1b32441p-73, 0x1.294193ed7827p-80)
#define POLY_I0_LARGE(x) \
  POLY(x, 0x1.9bd428ad249a5p-2, 0x1.b87969bb93bcbp-5, 0x1.1daa72b5ccfadp-5, 0x1.75e5ee702e57ap-5, \
       0x1.8e513c6a21829p-4, 0x1.3f49ac32e14bfp-2, 0x1.7d0cd4fd1f2b8p0, 0x1.51ccdc47b6c77p3, 0x1.7288379f891f7p6, \
       0x1.03bcdeab408e2p9, -0x1.d72c8d3f0b6bcp12, -0x1.cd5da3da6b614p17, -0x1.58ce729fc478ap20, 0x1.05248ba2f26ap25, \
       0x1.c034e59a2db9bp28, -0x1.ece52144ada18p31, -0x1.3756a636aa04fp36, 0x1.ba2352eb42f2p38, 0x1.295fc465ff477p43, \
       -0x1.5be16a36a0dap45, -0x1.650b3e7f898bp49, 0x1.852f5d42d1ca3p51, 0x1.90df137cc1a36p54, -0x1.ada2c97f3fdddp56)
#define POLY_I1_SMALL(x) \
  POLY(x, 0x1p0, 0x1.0000000000001p-1, 0x1.555555555554p-4, 0x1.c71c71c71c9ecp-8, 0x1.6c16c16c13a93p-12, \
       0x1.845c8a0d26f8p-17, 0x1.27e4fb73f1ad7p-22, 0x1.522a443ba2a26p-28, 0x1.2c97552280795p-34, \
       0x1.ab8234c2c46fbp-41, 0x1.f17258b099a34p-48, 0x1.e290ec0d14f98p-55, 0x1.8a6faa072cdf9p-62, \
       0x1.1dc3a22d140b2p-69, 0x1.1ec8e2d9b0ddbp-77, 0x1.20de50ee937a2p-84)
#define POLY_I1_LARGE(x) \
  POLY(x, 0x1.8ebe783a8403p-2, -0x1.3f796198ee5e3p-3, -0x1.cbc54df1e8a3p-5, -0x1.f89c230c1c6c7p-5, \
       -0x1.ec8e10cda9622p-4, -0x1.76136c8d9dbb3p-2, -0x1.ad8c9576be72ap0, -0x1.7280f7124367dp3, \
       -0x1.91b62a0449ae7p6, -0x1.20dfa102cdc55p9, 0x1.d2f43270388f8p12, 0x1.df68969b0012bp17, 0x1.89426861550d7p20, \
       -0x1.fec28b5e30e16p24, -0x1.f053fd33757dcp28, 0x1.a62d3a5241febp31, 0x1.5e0ee1eae723fp36, \
       -0x1.1ff732137576bp38, -0x1.5873a50ddf275p43, 0x1.1be99bbf474cep44, 0x1.ac4bf6a87bc29p49, \
       -0x1.1f6f8a3689d3bp49, -0x1.f23ff1f27dca9p54)
#define POLY_LGAMMA(x) \
  POLY(x, 0x1.d32d347459c7ap-2, -0x1.fc3c6c02cf76p-4, 0x1.853f969bf51c6p-5, -0x1.56c2619571a9ep-6, \
       0x1.44f0b89aab848p-7, -0x1.421507ca33511p-8, 0x1.48bc5e14971fbp-9, -0x1.5677dcebbad6p-10, \
       0x1.6a2d494a06118p-11, -0x1.8370bc5e8ebd5p-12, 0x1.a23cfcf111362p-13, -0x1.c6ce409377c8bp-14, \
       0x1.f17e3c386f1abp-15, -0x1.118be40e1046fp-15, 0x1.2f12dcce6e06fp-16, -0x1.5016f4792dac3p-17, \
       0x1.69376ef82c23ep-18, -0x1.92b5d80ff6e0dp-19, 0x1.210f91de08808p-19, -0x1.45b9f0cb9a082p-20, \
       -0x1.9dca509fb176bp-23, 0x1.f50a924c34cap-24, 0x1.2b4fa2ba4ee3p-20, -0x1.56db71e3c7d5dp-21, \
       -0x1.a9d5420237466p-21, 0x1.e95ff62dbe0f9p-22, 0x1.202f608df29dcp-21, -0x1.4abeca990455p-22, \
       -0x1.99a96e12a6f38p-23, 0x1.d657b47b4c899p-24, 0x1.4aa7539f25f3cp-25, -0x1.7b4f9747599a9p-26)
#define POLY_DIGAMMA(x) \
  POLY(x, 0x1.e6f0cbb873617p-1, -0x1.b1cb63005ee97p-2, 0x1.eca189b8e6d9fp-3, -0x1.2feeeb98a7cd7p-3, \
       0x1.8512e5905d3b5p-4, -0x1.fb442029cdee6p-5, 0x1.4de9aa05c3e27p-5, -0x1.b9f8b13664db2p-6, \
       0x1.256475e90bf45p-6, -0x1.86355f73e79fcp-7, 0x1.03c0079587b7bp-7, -0x1.5a071be4216e7p-8, \
       0x1.cd3e533f87b6fp-9, -0x1.33662a8492f74p-9, 0x1.980f04f62b205p-10, -0x1.100227be5663bp-10, \
       0x1.7b40cd48dabf8p-11, -0x1.f9a6b7661df2fp-12, 0x1.dc5ebcd96ddf1p-13, -0x1.3d92ee1819c79p-13, \
       0x1.105f393b06465p-12, -0x1.6b294fb301142p-13)
#define POLY_STIRLING(x) \
  POLY(x, 0x1.5555555555549p-4, -0x1.6c16c16abc18ap-9, 0x1.a019f574447eap-11, -0x1.38096f779005dp-11, \
       0x1.b58252ffd23f3p-11, -0x1.9f1d1793b1149p-10)
#define POLY_PSI(x) \
  POLY(x, 0x1.5555555555534p-4, -0x1.1111110fe066cp-7, 0x1.04103a08e71d8p-8, -0x1.1109888ea7104p-8, \
       0x1.ecc55e0368dd7p-8, -0x1.222dfd7ee058ap-6)
#define POLY_ERF_INV_NEAR(x) \
  POLY(x, 0x1.a755e7c99ae86p0, 0x1.ebd80d9b13df9p-3, -0x1.8b6c33114eeaep-8, -0x1.84576948353e1p-11, \
       0x1.879c2a20da432p-13, -0x1.d1d1f7ca4030fp-17, -0x1.6e8a53f106129p-20, 0x1.c6b4f890935ddp-22, \
       -0x1.f36ce4ae847fdp-26, -0x1.1a9eb1bc8f0fp-28, 0x1.20f4e6bf074cfp-30, -0x1.dc3ee8b6c53ccp-35, \
       -0x1.c89564c5d1004p-37, 0x1.723527b7cff86p-39, -0x1.6d9ec5e3ec6afp-44, -0x1.686642b67610ap-45, \
       0x1.db523eb040288p-48, -0x1.73898c37dc54ap-55, -0x1.2c266176e7096p-53, 0x1.1f4ba5de5dc3fp-56, \
       0x1.536d397f9b9b1p-60, -0x1.9d290dd3bcb7p-62, -0x1.5087a244b0f6cp-70, 0x1.e9b8ae7230c25p-69)
#define POLY_ERF_INV_FAR(x) \
  POLY(x, 0x1.0639b9edc8a8fp2, 0x1.028e6687183b3p0, 0x1.70ec172d506bfp-11, -0x1.3c7ec07e1711fp-11, \
       0x1.b99b4797c1457p-13, -0x1.0b73db459ebc3p-14, 0x1.6ad84bce2b2f1p-16, -0x1.4e7a8a64d3e1bp-17, \
       0x1.7c2231be6759bp-18, -0x1.a515bd0f4b5fbp-19, 0x1.887395c0ecc4ep-20, -0x1.119889aaf3645p-21, \
       0x1.977f3169230c3p-24, 0x1.94513ea0d6c8ep-26, -0x1.f47a43bce6949p-26, 0x1.c557dea94a435p-27, \
       -0x1.a8e892af4ed49p-29, -0x1.4acaee2e6fdd7p-33, 0x1.efbde62e58e71p-32, -0x1.9168d5e1a614p-33, \
       0x1.1739037f4205p-35, 0x1.dd22108df3902p-40, -0x1.c679ea418bebep-39, 0x1.e2e4765d7f4a2p-40, \
       -0x1.ed7ad23b28c31p-42, -0x1.c10f5f90fedb3p-45, 0x1.9d817366f23b3p-45, -0x1.3e5ee3b13205cp-48, \
       -0x1.3b3abcd21021fp-51)
#else
#define POLY_I0_SMALL(x) \
  POLY(x, 0x1p0, 0x1.fffffcp-1, 0x1.000018p-2, 0x1.c71af6p-6, 0x1.c7283ap-10, 0x1.230eeep-14, 0x1.042128p-19, \
       0x1.4935bap-25, 0x1.7be056p-31, 0x1.2a36b2p-38, 0x1.5dd954p-43)
#define POLY_I0_LARGE(x) \
  POLY(x, 0x1.9bd428p-2, 0x1.b8798ap-5, 0x1.1daadcp-5, 0x1.74d746p-5, 0x1.8c6c62p-4, 0x1.85f3b2p-2, 0x1.d123fep0)
#define POLY_I1_SMALL(x) \
  POLY(x, 0x1p0, 0x1p-1, 0x1.55555ep-4, 0x1.c71bf8p-8, 0x1.6c1a82p-12, 0x1.8439c8p-17, 0x1.28acc2p-22, \
       0x1.4c7024p-28, 0x1.475236p-34, 0x1.13a0ecp-41, 0x1.e0771p-47)
#define POLY_I1_LARGE(x) \
  POLY(x, 0x1.8ebe78p-2, -0x1.3f7964p-3, -0x1.cba112p-5, -0x1.f7d43cp-5, -0x1.0dba9cp-3, -0x1.ba7adp-2)
#define POLY_LGAMMA(x) \
  POLY(x, 0x1.d32d34p-2, -0x1.fc3c76p-4, 0x1.853fa2p-5, -0x1.56bcfp-6, 0x1.44ea9ep-7, -0x1.42fb6p-8, 0x1.49be8ep-9, \
       -0x1.45f4cep-10, 0x1.57ac06p-11, -0x1.0d92f8p-11, 0x1.261a96p-12, 0x1.016062p-14, -0x1.2bf3b4p-15, \
       -0x1.0173b4p-13, 0x1.1f0b6p-14)
#define POLY_DIGAMMA(x) \
  POLY(x, 0x1.e6f0ccp-1, -0x1.b1cb64p-2, 0x1.ec9f6cp-3, -0x1.2fed82p-3, 0x1.8598c4p-4, -0x1.fbf67cp-5, 0x1.428104p-5, \
       -0x1.aac56ap-6, 0x1.87c60ap-6, -0x1.04a402p-6)
#define POLY_STIRLING(x) \
  POLY(x, 0x1.555556p-4, -0x1.6c16b4p-9, 0x1.9fe3b6p-11, -0x1.272158p-11)
#define POLY_PSI(x) \
  POLY(x, 0x1.555556p-4, -0x1.111102p-7, 0x1.03ec48p-8, -0x1.026adcp-8)
#endif

/* ---- Bessel functions, times e^-|x|: the power series below 8, else a polynomial in 1/|x| over sqrt|x| ---- */

FN(bessel_i0e, V x) {
  V a = ABS(x), z = MUL(MUL(a, a), C(0.25)), r = DIV(C(1), a), t = SUB(r, C(0.0625));
  return PICK(LT(a, C(8)), MUL(DO(exp, NEG(a)), POLY_I0_SMALL(z)), MUL(POLY_I0_LARGE(t), SQRT(r)));
}
FN(bessel_i1e, V x) {
  V a = ABS(x), z = MUL(MUL(a, a), C(0.25)), r = DIV(C(1), a), t = SUB(r, C(0.0625));
  V small = MUL(MUL(DO(exp, NEG(a)), POLY_I1_SMALL(z)), MUL(a, C(0.5)));
  return SIGNED(PICK(LT(a, C(8)), small, MUL(POLY_I1_LARGE(t), SQRT(r))), x);
}

/* ---- log of |Gamma| and its derivative ---- */

/* sin and cos of pi f, 0 <= f <= 1/2, by whichever of f and 1/2 - f is smaller */
FN_PAIR(sin_cos_pi, V f) {
  M low = LE(f, C(0.25));
  Pair t = DO(product, PICK(low, f, SUB(C(0.5), f)), MUL(C(2), PI_2));
  V l = FMA(PICK(low, f, SUB(C(0.5), f)), MUL(C(2), PI_2_LOW), t.l);
  Pair s = DO(sin_angle, t.h, l), c = DO(cos_angle, t.h, l);
  V sine = ADD(s.h, s.l), cosine = ADD(c.h, c.l);
  return (Pair){PICK(low, sine, cosine), PICK(low, cosine, sine)};
}

/* x - 1, and the product of factors passed, until x is below 2.7 */
#define LOWER(y, p)                                              \
  do {                                                           \
    M above = LT(C(2.7), y);                                     \
    V less = SUB(y, C(1));                                       \
    p = PICK(above, MUL(p, less), p), y = PICK(above, less, y);  \
  } while (0)

/* u (u - 1) P(u) for u = x - 1 in [-0.3, 1.7]; below by Gamma(x + 1) = x Gamma(x), above by the same downwards, from 8 on
 * by Stirling's series; below zero by Gamma(x) Gamma(1 - x) = pi / sin(pi x) */
FN(lgamma, V x) {
  V a = ABS(x), y = a, p = C(1);
  M small = LT(a, C(0.7)), large = LE(C(8), a), negative = LT(x, C(0));
  LOWER(y, p);
  LOWER(y, p);
  LOWER(y, p);
  LOWER(y, p);
  LOWER(y, p);
  LOWER(y, p);
  V u = PICK(small, a, SUB(y, C(1))), t = SUB(u, K(0x1.666666p-1, 0x1.6666666666666p-1)), middle = MUL(MUL(u, SUB(u, C(1))), POLY_LGAMMA(t));
  V l = DO(log, PICK(EITHER(small, large), a, p)), s = DIV(C(1), a), z = MUL(s, s);
  V far = FMA(SUB(a, C(0.5)), SUB(l, C(1)), FMA(s, POLY_STIRLING(z), K(0x1.acfe3ap-2, 0x1.acfe390c97d69p-2)));
  V positive = PICK(large, far, PICK(small, SUB(middle, l), ADD(middle, l)));
  V sine = DO(sin_cos_pi, ABS(SUB(a, RINT(a)))).h;
  V m = DO(log, MUL(PICK(small, sine, MUL(a, sine)), K(0x1.45f306p-2, 0x1.45f306dc9c883p-2)));
  V reflected = SUB(NEG(m), PICK(small, middle, positive));
  return PICK(EQ(a, C(INFINITY)), a, PICK(negative, reflected, positive));
}

/* (x - root) P(x) in [1, 2]; elsewhere by psi(x + 1) = psi(x) + 1/x, as one quotient; from 8 on by its series; below zero by
 * psi(1 - x) = psi(x) + pi cot(pi x) */
#define LOWER_SUM(y, n, d)                                       \
  do {                                                           \
    M above = LT(C(2), y);                                       \
    V less = SUB(y, C(1));                                       \
    n = PICK(above, FMA(n, less, d), n), d = PICK(above, MUL(d, less), d), y = PICK(above, less, y); \
  } while (0)
FN(digamma, V x) {
  V f = SUB(x, RINT(x));
  M negative = LT(x, C(0));
  V a = PICK(negative, SUB(C(1), x), x), y = a, n = C(0), d = C(1);
  M small = LT(a, C(1)), large = LE(C(8), a);
  LOWER_SUM(y, n, d);
  LOWER_SUM(y, n, d);
  LOWER_SUM(y, n, d);
  LOWER_SUM(y, n, d);
  LOWER_SUM(y, n, d);
  LOWER_SUM(y, n, d);
  V q = DIV(PICK(small, C(-1), PICK(large, C(1), n)), PICK(EITHER(small, large), a, d)), z = MUL(q, q);
  y = PICK(small, ADD(a, C(1)), y);
  V t = SUB(y, C(1.5)), from = SUB(SUB(y, K(0x1.762d86p0, 0x1.762d86356be3fp0)), K(0x1.ab5f2p-27, 0x1.b86a722197829p-54));
  V middle = FMA(from, POLY_DIGAMMA(t), q), far = SUB(FNMA(C(0.5), q, DO(log, a)), MUL(z, POLY_PSI(z)));
  V positive = PICK(large, far, middle);
  Pair circle = DO(sin_cos_pi, ABS(f));
  V cotangent = SIGNED(DIV(MUL(C(2), MUL(PI_2, circle.l)), circle.h), f);
  V r = PICK(negative, SUB(positive, cotangent), positive);
  M pole = BOTH(LE(x, C(0)), EQ(RINT(x), x));
  return PICK(pole, C(NAN), PICK(EQ(x, C(INFINITY)), x, r));
}

#if WIDE
/* The inverse of erf over its argument: a polynomial in w = -log(1 - x^2), or in sqrt(w) where it is large */
FN(erf_inv, V x) {
  V a = ABS(x);
  Pair square = DO(product, a, a), u = DO(sum_ordered, C(1), NEG(square.h));
  V w = NEG(DO(log_pair, u.h, SUB(u.l, square.l), C(0))), near = SUB(w, C(0x1.9p1)), far = SUB(SQRT(w), C(0x1.1051eb851eb85p2));
  V y = MUL(PICK(LT(w, C(6.25)), POLY_ERF_INV_NEAR(near), POLY_ERF_INV_FAR(far)), x);
  return PICK(LT(a, C(1)), y, PICK(EQ(a, C(1)), MUL(x, C(INFINITY)), C(NAN)));
}
#endif

#undef K
#undef MANTISSA
#undef ONE_BITS
#undef SIGN_BIT
#undef BIAS
#undef TINIEST
#undef MAGIC
#undef EXP_LOW
#undef EXP_HIGH
#undef POLY_EXP
#undef POLY_EXP2
#undef LOG2_E
#undef LN2
#undef LN2_LOW
#undef REDUCE_EXP
#undef SCALED
#undef POLY_SINH
#undef POLY_LOG
#undef SQRT_HALF_BITS
#undef EXPONENT_MASK
#undef MANTISSA_MASK
#undef LN2_SHORT
#undef LN2_REST
#undef SPLIT
#undef HUGE_ARGUMENT
#undef POLY_LOG_TAIL
#undef TWO_THIRDS
#undef TWO_THIRDS_LOW
#undef POLY_CBRT
#undef THIRD
#undef PI_2
#undef PI_2_LOW
#undef PI_2_LEAST
#undef TWO_OVER_PI
#undef WINDOW
#undef WORD_BITS
#undef CHUNK_0
#undef CHUNK_1
#undef CHUNK_2
#undef CHUNK_3
#undef CHUNK_FLOAT
#undef POLY_SIN
#undef POLY_COS
#undef CIRCULAR
#undef POLY_ATAN
#undef POLY_ASIN
#undef POLY_TANH
#undef STEP
#undef POLY_ERF
#undef POLY_ERFC
#undef POLY_I0_SMALL
#undef POLY_I0_LARGE
#undef POLY_I1_SMALL
#undef POLY_I1_LARGE
#undef POLY_LGAMMA
#undef POLY_DIGAMMA
#undef POLY_STIRLING
#undef POLY_PSI
#undef POLY_ERF_INV_NEAR
#undef POLY_ERF_INV_FAR
#undef LOWER
#undef LOWER_SUM
