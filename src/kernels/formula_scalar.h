/* formula.h in C on scalars: formula_<name>_f32 and formula_<name>_f64, inline, so that loops over them vectorise. Compile with
 * -ffp-contract=off: only the products written as FMA are fused. Without the fma instructions libm's fma computes the same. */
#ifndef KERNELS_FORMULA_SCALAR_H
#define KERNELS_FORMULA_SCALAR_H

#include "kernels/float_order.h"
#include "kernels/formula_poly.h"
#include <math.h>
#include <stdbool.h>

#define FORMULA_INLINE static inline __attribute__((always_inline, unused))

typedef struct Pair_F32 { float h, l; } Pair_F32;
typedef struct Pair_F64 { double h, l; } Pair_F64;
typedef struct Angle_F32 { float h, l; uint32_t n; } Angle_F32;
typedef struct Angle_F64 { double h, l; uint64_t n; } Angle_F64;

#define FORMULA_BITS(ID, T, U, WIDTH)                                                                            \
  FORMULA_INLINE T formula_signed_##ID(T a, T s) {                                                               \
    return from_bits_##ID(bits_##ID(a) ^ (bits_##ID(s) & ((U)1 << (WIDTH - 1))));                                 \
  }                                                                                                              \
  FORMULA_INLINE U formula_shlv_##ID(U a, U n) { return n < WIDTH ? a << (n & (WIDTH - 1)) : 0; }                \
  FORMULA_INLINE U formula_shrv_##ID(U a, U n) { return n < WIDTH ? a >> (n & (WIDTH - 1)) : 0; }
FORMULA_INLINE float formula_least_F32(float a, float b) { return a < b ? a : b; }
FORMULA_INLINE float formula_most_F32(float a, float b) { return a > b ? a : b; }
FORMULA_INLINE double formula_least_F64(double a, double b) { return a < b ? a : b; }
FORMULA_INLINE double formula_most_F64(double a, double b) { return a > b ? a : b; }
FORMULA_BITS(F32, float, uint32_t, 32)
FORMULA_BITS(F64, double, uint64_t, 64)

#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define NEG(a) (-(a))
#define FNMA(a, b, c) FMA(-(a), b, c)
#define LT(a, b) ((a) < (b))
#define LE(a, b) ((a) <= (b))
#define EQ(a, b) ((a) == (b))
#define UNORDERED(a) ((a) != (a))
#define BOTH(m, n) ((bool)((m) & (n)))
#define EITHER(m, n) ((bool)((m) | (n)))
#define NOT(m) (!(m))
#define PICK(m, a, b) ((m) ? (a) : (b))
#define WPICK(m, a, b) ((m) ? (a) : (b))
#define WNZ(a) ((a) != 0)
#define WZERO(a) ((a) == 0)
#define WADD(a, b) ((a) + (b))
#define WSUB(a, b) ((a) - (b))
#define WAND(a, b) ((a) & (b))
#define WOR(a, b) ((a) | (b))
#define WXOR(a, b) ((a) ^ (b))
#define WSHL(a, n) ((a) << (n))
#define WSHR(a, n) ((a) >> (n))
#define C(x) ((V)(x))
#define WC(x) ((W)(x))
#define M bool
#define FN(name, ...) FORMULA_INLINE V DO_NAME(name)(__VA_ARGS__)
#define FN_PAIR(name, ...) FORMULA_INLINE Pair DO_NAME(name)(__VA_ARGS__)
#define FN_ANGLE(name, ...) FORMULA_INLINE Angle DO_NAME(name)(__VA_ARGS__)
#define DO(name, ...) DO_NAME(name)(__VA_ARGS__)

#define WIDE 0
#define V float
#define W uint32_t
#define Pair Pair_F32
#define Angle Angle_F32
#define DO_NAME(name) formula_##name##_f32
#define FMA(a, b, c) __builtin_fmaf(a, b, c)
#define SQRT(a) __builtin_sqrtf(a)
#define RINT(a) __builtin_rintf(a)
#define ABS(a) __builtin_fabsf(a)
#define MIN(a, b) formula_least_F32(a, b)
#define MAX(a, b) formula_most_F32(a, b)
#define BITS(a) bits_F32(a)
#define FLOAT(a) from_bits_F32(a)
#define SIGNED(a, s) formula_signed_F32(a, s)
#define WSHLV(a, n) formula_shlv_F32(a, n)
#define WSHRV(a, n) formula_shrv_F32(a, n)
#include "kernels/formula.h"
#undef WIDE
#undef V
#undef W
#undef Pair
#undef Angle
#undef DO_NAME
#undef FMA
#undef SQRT
#undef RINT
#undef ABS
#undef MIN
#undef MAX
#undef BITS
#undef FLOAT
#undef SIGNED
#undef WSHLV
#undef WSHRV

#define WIDE 1
#define V double
#define W uint64_t
#define Pair Pair_F64
#define Angle Angle_F64
#define DO_NAME(name) formula_##name##_f64
#define FMA(a, b, c) __builtin_fma(a, b, c)
#define SQRT(a) __builtin_sqrt(a)
#define RINT(a) __builtin_rint(a)
#define ABS(a) __builtin_fabs(a)
#define MIN(a, b) formula_least_F64(a, b)
#define MAX(a, b) formula_most_F64(a, b)
#define BITS(a) bits_F64(a)
#define FLOAT(a) from_bits_F64(a)
#define SIGNED(a, s) formula_signed_F64(a, s)
#define WSHLV(a, n) formula_shlv_F64(a, n)
#define WSHRV(a, n) formula_shrv_F64(a, n)
#include "kernels/formula.h"
#undef WIDE
#undef V
#undef W
#undef Pair
#undef Angle
#undef DO_NAME
#undef FMA
#undef SQRT
#undef RINT
#undef ABS
#undef MIN
#undef MAX
#undef BITS
#undef FLOAT
#undef SIGNED
#undef WSHLV
#undef WSHRV

#undef ADD
#undef SUB
#undef MUL
#undef DIV
#undef NEG
#undef FNMA
#undef LT
#undef LE
#undef EQ
#undef UNORDERED
#undef BOTH
#undef EITHER
#undef NOT
#undef PICK
#undef WPICK
#undef WNZ
#undef WZERO
#undef WADD
#undef WSUB
#undef WAND
#undef WOR
#undef WXOR
#undef WSHL
#undef WSHR
#undef C
#undef WC
#undef M
#undef DO

#endif
