/* f32 functions without branches, calls or contraction, so that loops over them vectorise and give the same bits on every
 * instruction set. Within 2 ulp over the whole range; subnormals, infinities and NaN as IEEE wants them. */
#ifndef KERNELS_FLOAT_MATH_H
#define KERNELS_FLOAT_MATH_H

#include "kernels/float_order.h"

#define MATH_NAN from_bits_F32(0x7fc00000u)
#define MATH_INF from_bits_F32(0x7f800000u)

/* To the nearest integer, |x| < 2^22: the adder rounds. */
static inline float math_rint(float x) { return (x + 0x1.8p23f) - 0x1.8p23f; }

/* 2^n for -254 <= n <= 254 as a product, so that results may be subnormal. */
static inline float math_scale(float x, int32_t n) {
  int32_t half = n >> 1;
  float a = from_bits_F32((uint32_t)(half + 127) << 23), b = from_bits_F32((uint32_t)(n - half + 127) << 23);
  return x * a * b;
}

/* e^x = 2^n e^r, |r| <= ln 2 / 2 */
static inline float math_exp(float x) {
  float bounded = x > 89.0f ? 89.0f : x >= -104.0f ? x : -104.0f; /* NaN too */
  float n = math_rint(bounded * 0x1.715476p0f), r = bounded - n * 0x1.62e4p-1f + n * -0x1.7f7d1cp-20f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  float y = math_scale(p * (r * r) + r + 1, (int32_t)n);
  return x != x ? x : y;
}

/* log x = e ln 2 + log m, sqrt(1/2) <= m < sqrt 2 */
static inline float math_log(float x) {
  float tiny = x < 0x1p-126f ? x * 0x1p23f : x;
  uint32_t u = bits_F32(tiny), shifted = u - 0x3f3504f3u;
  int32_t exponent = (int32_t)shifted >> 23;
  float m = from_bits_F32((shifted & 0x007fffffu) + 0x3f3504f3u) - 1, e = (float)(exponent - (x < 0x1p-126f ? 23 : 0));
  float z = m * m, p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = p * m * z + e * -2.12194440e-4f - 0.5f * z;
  float finite = m + y + e * 0.693359375f;
  float special = x == 0 ? -MATH_INF : x > 0 ? x : MATH_NAN;
  float known = x != x ? x : special;
  return ((x > 0) & (x < MATH_INF)) ? finite : known;
}

/* The polynomials of sin and cos on |r| <= pi / 4, chosen by quadrant. */
static inline float math_quadrant(float r, int32_t quadrant) {
  float z = r * r, s = -1.9515295891e-4f, c = 2.443315711809948e-5f;
  s = s * z + 8.3321608736e-3f;
  s = s * z - 1.6666654611e-1f;
  s = s * z * r + r;
  c = c * z - 1.388731625493765e-3f;
  c = c * z + 4.166664568298827e-2f;
  c = c * z * z - 0.5f * z + 1;
  float y = quadrant & 1 ? c : s;
  return quadrant & 2 ? -y : y;
}

/* Beyond this the reduction in f64 would lose bits: loops leave those elements to libm. */
#define MATH_TRIG_LIMIT 0x1p20f

static inline float math_sin_cos(float x, int32_t shift) {
  float inside = ((x < MATH_TRIG_LIMIT) & (x > -MATH_TRIG_LIMIT)) ? x : 0;
  double wide = (double)inside, n = (wide * 0x1.45f306dc9c883p-1 + 0x1.8p52) - 0x1.8p52;
  double r = (wide - n * 0x1.921fb544p0) - n * 0x1.0b4611a626331p-34;
  float y = math_quadrant((float)r, (int32_t)n + shift);
  return ((inside == 0) & (shift == 0)) ? x : y;
}
static inline float math_sin(float x) { return math_sin_cos(x, 0); }
static inline float math_cos(float x) { return math_sin_cos(x, 1); }

static inline float math_tanh(float x) {
  float a = __builtin_fabsf(x), z = a * a, p = -5.70498872745e-3f, e = math_exp(2 * a);
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  float small = p * z * a + a, large = 1 - 2 / (e + 1);
  return __builtin_copysignf(z < 0.390625f ? small : large, x);
}

static inline float math_logistic(float x) { return 1 / (1 + math_exp(-x)); }

/* The inverse of erf: a polynomial in w = -log(1 - x^2), or in sqrt(w) where it is large (Giles 2010). x^2 is rounded as in JAX, so that random
 * normals agree to the last bits; log(1 + y) = log(u) y / (u - 1) for u = 1 + y rounded. */
static inline float math_erf_inv(float x) {
  float y0 = -(x * x), u = 1 + y0, w = -(u == 1 ? y0 : math_log(u) * (y0 / (u - 1))), near = w - 2.5f;
  float p = 2.81022636e-8f;
  p = p * near + 3.43273939e-7f;
  p = p * near - 3.5233877e-6f;
  p = p * near - 4.39150654e-6f;
  p = p * near + 0.00021858087f;
  p = p * near - 0.00125372503f;
  p = p * near - 0.00417768164f;
  p = p * near + 0.246640727f;
  p = p * near + 1.50140941f;
  float far = __builtin_sqrtf(w) - 3, q = -0.000200214257f;
  q = q * far + 0.000100950558f;
  q = q * far + 0.00134934322f;
  q = q * far - 0.00367342844f;
  q = q * far + 0.00573950773f;
  q = q * far - 0.0076224613f;
  q = q * far + 0.00943887047f;
  q = q * far + 1.00167406f;
  q = q * far + 2.83297682f;
  float y = (w < 5 ? p : q) * x;
  return ((x == 1) | (x == -1)) ? x * MATH_INF : y;
}

#endif
