/* Orders of floats, and the bits they rest on. Inline and free of branches, so that loops over them vectorise. */
#ifndef KERNELS_FLOAT_ORDER_H
#define KERNELS_FLOAT_ORDER_H

#include <stdint.h>
#include <string.h>

static inline uint32_t bits_F32(float x) {
  uint32_t u;
  memcpy(&u, &x, sizeof u);
  return u;
}
static inline float from_bits_F32(uint32_t u) {
  float x;
  memcpy(&x, &u, sizeof x);
  return x;
}
static inline uint64_t bits_F64(double x) {
  uint64_t u;
  memcpy(&u, &x, sizeof u);
  return u;
}
static inline double from_bits_F64(uint64_t u) {
  double x;
  memcpy(&x, &u, sizeof x);
  return x;
}

/* The total order -NaN < -inf < ... < -0 < 0 < ... < inf < NaN as integers. */
static inline int32_t order_F32(float x) {
  int32_t i = (int32_t)bits_F32(x);
  return i ^ (int32_t)((uint32_t)(i >> 31) >> 1);
}
static inline int64_t order_F64(double x) {
  int64_t i = (int64_t)bits_F64(x);
  return i ^ (int64_t)((uint64_t)(i >> 63) >> 1);
}

/* IEEE 754-2019 maximum and minimum: NaN wins, -0 < 0. */
#define FLOAT_ORDER(ID, T)                                                                                  \
  static inline T maximum_##ID(T x, T y) {                                                                  \
    T both = from_bits_##ID(bits_##ID(x) & bits_##ID(y)), unordered = x + y;                                \
    T ordered = x > y ? x : x < y ? y : both;                                                               \
    return ((x == x) & (y == y)) ? ordered : unordered;                                                     \
  }                                                                                                         \
  static inline T minimum_##ID(T x, T y) {                                                                  \
    T both = from_bits_##ID(bits_##ID(x) | bits_##ID(y)), unordered = x + y;                                \
    T ordered = x < y ? x : x > y ? y : both;                                                               \
    return ((x == x) & (y == y)) ? ordered : unordered;                                                     \
  }
FLOAT_ORDER(F32, float)
FLOAT_ORDER(F64, double)

#endif
