/* f16 and bf16 to f32 and back, to nearest even; a NaN stays one and becomes quiet. Branch-free, so that the loops vectorise. */
#ifndef KERNELS_HALF_H
#define KERNELS_HALF_H

#include "kernels/float_order.h"

static inline float half_widen(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000u) << 16, rest = (uint32_t)(h & 0x7fffu) << 13;
  uint32_t is_small = rest < 0x00800000u, is_special = rest >= 0x0f800000u;
  uint32_t normal = (rest + (is_special ? 0x70000000u : 0x38000000u)) | (rest > 0x0f800000u ? 0x00400000u : 0u);
  uint32_t small = bits_F32(from_bits_F32(rest + 0x38800000u) - 0x1p-14f);
  return from_bits_F32(sign | (is_small ? small : normal));
}

static inline uint16_t half_narrow(float f) {
  uint32_t u = bits_F32(f), sign = u >> 16 & 0x8000u, rest = u & 0x7fffffffu;
  uint32_t normal = (rest - 0x38000000u + 0x0fffu + (rest >> 13 & 1u)) >> 13;
  uint32_t small = bits_F32(from_bits_F32(rest) + 0.5f) - 0x3f000000u; /* the adder rounds at 2^-24 */
  uint32_t special = rest > 0x7f800000u ? 0x7e00u | (rest >> 13 & 0x3ffu) : 0x7c00u;
  uint32_t finite = rest < 0x38800000u ? small : normal;
  return (uint16_t)(sign | (rest >= 0x477ff000u ? special : finite));
}

static inline float bfloat_widen(uint16_t b) { return from_bits_F32((uint32_t)b << 16); }

static inline uint16_t bfloat_narrow(float f) {
  uint32_t u = bits_F32(f), rounded = (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
  uint32_t nan = (u >> 16 & 0x8000u) | 0x7fc0u;
  return (uint16_t)((u & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

#endif
