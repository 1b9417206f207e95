/* The elementwise loops that call scalar functions. f32 special functions compute in f32 or f64, whichever is exact enough;
 * c64 computes in c128 and rounds once. */
#include "kernels/loop.h"
#include "kernels/math.h"
#include <complex.h>
#include <math.h>
#include <string.h>

#define OWN2(NAME)                                                       \
  BINARY(NAME##_F32, float, float, math_##NAME((double)x, (double)y))    \
  BINARY(NAME##_F64, double, double, math_##NAME(x, y))
OWN2(igamma) OWN2(igammac) OWN2(igamma_grad_a) OWN2(random_gamma_grad) OWN2(zeta) OWN2(polygamma)

TERNARY(betainc_F32, float, float, math_betainc((double)x, (double)y, (double)z))
TERNARY(betainc_F64, double, double, math_betainc(x, y, z))

/* ---- complex: loops over doubles; c64 passes through them ---- */

typedef double complex Z;

/* CMPLX, which not every compiler has */
static inline Z z_of(C128 c) {
  Z z;
  memcpy(&z, &c, sizeof z);
  return z;
}
static inline Z z_make(double re, double im) { return z_of((C128){re, im}); }
static inline C128 c_of(Z z) { return (C128){creal(z), cimag(z)}; }
static inline C128 wide(C64 c) { return (C128){c.re, c.im}; }
static inline C64 thin(C128 c) { return (C64){(float)c.re, (float)c.im}; }

#define COMPLEX_FN(NAME, EXPR)                                         \
  static C128 z_##NAME(C128 c) {                                       \
    Z z = z_of(c);                                                     \
    return c_of(EXPR);                                                 \
  }                                                                    \
  UNARY_AS(NAME##_C64, C64, C64, , thin(z_##NAME(wide(x))))            \
  UNARY_AS(NAME##_C128, C128, C128, , z_##NAME(x))

COMPLEX_FN(exp, cexp(z))
COMPLEX_FN(exp2, cexp(z_make(creal(z) * M_LN2, cimag(z) * M_LN2)))
COMPLEX_FN(log, clog(z))
COMPLEX_FN(tanh, ctanh(z))
COMPLEX_FN(sin, csin(z))
COMPLEX_FN(cos, ccos(z))
COMPLEX_FN(tan, ctan(z))
/* Branch cuts belong to the side that +0 is on, whatever the zero's sign, as in XLA. */
static inline Z on_real(Z z) { return cimag(z) == 0 ? z_make(creal(z), 0.0) : z; }
static inline Z on_imaginary(Z z) { return creal(z) == 0 ? z_make(0.0, cimag(z)) : z; }
COMPLEX_FN(asin, casin(on_real(z)))
COMPLEX_FN(acos, cacos(on_real(z)))
COMPLEX_FN(atan, catan(z))
COMPLEX_FN(sinh, csinh(z))
COMPLEX_FN(cosh, ccosh(z))
COMPLEX_FN(asinh, casinh(on_imaginary(z)))
COMPLEX_FN(acosh, cacosh(on_real(z)))
COMPLEX_FN(atanh, catanh(z))
COMPLEX_FN(sqrt, csqrt(on_real(z)))
COMPLEX_FN(rsqrt, 1 / csqrt(z))
COMPLEX_FN(square, z_make((creal(z) - cimag(z)) * (creal(z) + cimag(z)), 2 * creal(z) * cimag(z)))
COMPLEX_FN(logistic, 1 / (1 + cexp(-z)))

/* e^z - 1 = (expm1(a) cos b - 2 sin^2(b/2)) + i e^a sin b */
static Z z_expm1_of(Z z) {
  double a = creal(z), b = cimag(z), s = sin(b / 2), em1 = expm1(a);
  if (b == 0) return z_make(em1, b);
  if (isinf(a)) return cexp(z) - 1;
  return z_make(em1 * cos(b) - 2 * s * s, exp(a) * sin(b));
}
COMPLEX_FN(expm1, z_expm1_of(z))

/* log(1 + z): |1 + z|^2 - 1 = a (2 + a) + b^2 without cancellation where it is small */
static Z z_log1p_of(Z z) {
  double a = creal(z), b = cimag(z), excess = a * (2 + a) + b * b;
  double re = fabs(excess) < 0.5 ? 0.5 * log1p(excess) : log(hypot(1 + a, b));
  return z_make(re, atan2(b, 1 + a));
}
COMPLEX_FN(log1p, z_log1p_of(z))

static C128 z_sign(C128 c) {
  double r = hypot(c.re, c.im);
  return r == 0 ? c : (C128){c.re / r, c.im / r};
}
UNARY_AS(sign_C64, C64, C64, , thin(z_sign(wide(x))))
UNARY_AS(sign_C128, C128, C128, , z_sign(x))
UNARY(abs_C64, C64, float, hypotf(x.re, x.im))
UNARY(abs_C128, C128, double, hypot(x.re, x.im))

#define COMPLEX_FN2(NAME, EXPR)                                                       \
  static C128 z_##NAME(C128 c, C128 d) {                                              \
    Z z = z_of(c), w = z_of(d);                                                       \
    return c_of(EXPR);                                                                \
  }                                                                                   \
  BINARY_AS(NAME##_C64, C64, C64, , thin(z_##NAME(wide(x), wide(y))))                 \
  BINARY_AS(NAME##_C128, C128, C128, , z_##NAME(x, y))

COMPLEX_FN2(div, z / w)
COMPLEX_FN2(pow, w == 0 ? z_make(1, 0) : cpow(z, w))
COMPLEX_FN2(atan2, -I * clog((w + I * z) / csqrt(w * w + z * z)))

static C128 z_integer_pow(C128 c, int64_t p) {
  Z base = z_of(c), power = 1;
  uint64_t e = p < 0 ? 0 - (uint64_t)p : (uint64_t)p;
  for (bool first = true; e != 0; e >>= 1) {
    if (e & 1) power = first ? base : z_make(creal(power) * creal(base) - cimag(power) * cimag(base),
                                            creal(power) * cimag(base) + cimag(power) * creal(base));
    if (e & 1) first = false;
    base = z_make(creal(base) * creal(base) - cimag(base) * cimag(base), 2 * creal(base) * cimag(base));
  }
  return c_of(p < 0 ? 1 / power : power);
}
UNARY_AS(integer_pow_C64, C64, C64, , thin(z_integer_pow(wide(x), l->p0)))
UNARY_AS(integer_pow_C128, C128, C128, , z_integer_pow(x, l->p0))

/* nextafter on the bits of a 16-bit float. */
static uint16_t step16(uint16_t x, uint16_t y, uint16_t infinity) {
  uint16_t ax = x & 0x7fff, ay = y & 0x7fff;
  if (ax > infinity) return x;
  if (ay > infinity || x == y) return y;
  if (ax == 0) return ay == 0 ? y : (uint16_t)((y & 0x8000) | 1);
  bool away = (x & 0x8000) == (y & 0x8000) && ay > ax;
  return (uint16_t)(away ? x + 1 : x - 1);
}
BINARY(nextafter_F16, uint16_t, uint16_t, step16(x, y, 0x7c00))
BINARY(nextafter_BF16, uint16_t, uint16_t, step16(x, y, 0x7f80))

const LoopTable loops_math = {
    .fn = {
        ROW(EXP, COMPLEX_CELLS(exp)),     ROW(EXP2, COMPLEX_CELLS(exp2)),   ROW(LOG, COMPLEX_CELLS(log)),
        ROW(EXPM1, COMPLEX_CELLS(expm1)), ROW(LOG1P, COMPLEX_CELLS(log1p)), ROW(TANH, COMPLEX_CELLS(tanh)),
        ROW(LOGISTIC, COMPLEX_CELLS(logistic)),
        ROW(SIN, COMPLEX_CELLS(sin)),     ROW(COS, COMPLEX_CELLS(cos)),     ROW(TAN, COMPLEX_CELLS(tan)),
        ROW(ASIN, COMPLEX_CELLS(asin)),   ROW(ACOS, COMPLEX_CELLS(acos)),   ROW(ATAN, COMPLEX_CELLS(atan)),
        ROW(SINH, COMPLEX_CELLS(sinh)),   ROW(COSH, COMPLEX_CELLS(cosh)),   ROW(ASINH, COMPLEX_CELLS(asinh)),
        ROW(ACOSH, COMPLEX_CELLS(acosh)), ROW(ATANH, COMPLEX_CELLS(atanh)), ROW(SQRT, COMPLEX_CELLS(sqrt)),
        ROW(RSQRT, COMPLEX_CELLS(rsqrt)), ROW(SQUARE, COMPLEX_CELLS(square)), ROW(SIGN, COMPLEX_CELLS(sign)),
        ROW(ABS, COMPLEX_CELLS(abs)),     ROW(INTEGER_POW, COMPLEX_CELLS(integer_pow)),
        ROW(DIV, COMPLEX_CELLS(div)),     ROW(POW, COMPLEX_CELLS(pow)),
        ROW(ATAN2, COMPLEX_CELLS(atan2)),
        ROW(IGAMMA, FLOAT_CELLS(igamma)), ROW(IGAMMAC, FLOAT_CELLS(igammac)),
        ROW(IGAMMA_GRAD_A, FLOAT_CELLS(igamma_grad_a)), ROW(RANDOM_GAMMA_GRAD, FLOAT_CELLS(random_gamma_grad)),
        ROW(ZETA, FLOAT_CELLS(zeta)), ROW(POLYGAMMA, FLOAT_CELLS(polygamma)),
        ROW(REGULARIZED_INCOMPLETE_BETA, FLOAT_CELLS(betainc)),
        ROW(NEXTAFTER, [CX_F16] = nextafter_F16, [CX_BF16] = nextafter_BF16),
    },
};
