/* The arithmetic loops, compiled once per instruction set: the including file sets the target and names the table LOOPS.
 * No loop reassociates or contracts, so every instruction set gives the same bits. */
#include "kernels/float_order.h"
#include "kernels/half.h"
#include "kernels/loop.h"
#include <float.h>
#include <math.h>
#include <string.h>

/* x^p by squaring, in the order JAX multiplies: a strip of elements at a time. */
enum { POW_STRIP = 64 };
#define INTEGER_POW(NAME, T, ONE, MUL, INVERT)                                                         \
  static void NAME(const Loop *l) {                                                                    \
    const T *a = l->in[0];                                                                             \
    T *o = l->out;                                                                                     \
    for (int64_t start = 0; start < l->n; start += POW_STRIP) {                                        \
      int64_t n = l->n - start < POW_STRIP ? l->n - start : POW_STRIP;                                 \
      uint64_t e = l->p0 < 0 ? 0 - (uint64_t)l->p0 : (uint64_t)l->p0;                                  \
      T base[POW_STRIP], power[POW_STRIP];                                                             \
      for (int64_t i = 0; i < n; i++) base[i] = a[start + i], power[i] = ONE;                          \
      for (bool first = true; e != 0; e >>= 1) {                                                       \
        if (e & 1) {                                                                                   \
          for (int64_t i = 0; i < n; i++) power[i] = first ? base[i] : MUL(power[i], base[i]);         \
          first = false;                                                                               \
        }                                                                                              \
        if (e > 1)                                                                                     \
          for (int64_t i = 0; i < n; i++) base[i] = MUL(base[i], base[i]);                             \
      }                                                                                                \
      if (l->p0 < 0)                                                                                   \
        for (int64_t i = 0; i < n; i++) power[i] = INVERT(power[i]);                                   \
      for (int64_t i = 0; i < n; i++) o[start + i] = power[i];                                         \
    }                                                                                                  \
  }

/* ---- integers: what does not depend on the sign. M is wide enough not to be promoted to a signed int. ---- */

#define NO_INVERSE(x) (x)
#define UNSIGNED_LOOPS(ID, U, M, BITS)                                                    \
  BINARY(add_##ID, U, U, (M)x + (M)y)                                                     \
  BINARY(sub_##ID, U, U, (M)x - (M)y)                                                     \
  BINARY(mul_##ID, U, U, (M)x *(M)y)                                                      \
  BINARY(and_##ID, U, U, x &y)                                                            \
  BINARY(or_##ID, U, U, x | y)                                                            \
  BINARY(xor_##ID, U, U, x ^ y)                                                           \
  BINARY(eq_##ID, U, uint8_t, x == y)                                                     \
  BINARY(ne_##ID, U, uint8_t, x != y)                                                     \
  BINARY(shift_left_##ID, U, U, y < BITS ? (M)x << (y & (BITS - 1)) : 0)                  \
  BINARY(shift_right_logical_##ID, U, U, y < BITS ? (M)x >> (y & (BITS - 1)) : 0)         \
  UNARY(neg_##ID, U, U, 0 - (M)x)                                                         \
  UNARY(not_##ID, U, U, ~(M)x)                                                            \
  UNARY(square_##ID, U, U, (M)x *(M)x)                                                    \
  UNARY(clz_##ID, U, U, x == 0 ? BITS : __builtin_clzll(x) - (64 - BITS))                 \
  UNARY(population_count_##ID, U, U, __builtin_popcountll(x))                             \
  static inline U times_##ID(U x, U y) { return (U)((M)x * (M)y); }                       \
  INTEGER_POW(integer_pow_##ID, U, 1, times_##ID, NO_INVERSE)

UNSIGNED_LOOPS(U8, uint8_t, uint32_t, 8)
UNSIGNED_LOOPS(U16, uint16_t, uint32_t, 16)
UNSIGNED_LOOPS(U32, uint32_t, uint32_t, 32)
UNSIGNED_LOOPS(U64, uint64_t, uint64_t, 64)

__extension__ typedef __int128 Wide64;
__extension__ typedef unsigned __int128 UWide64;

#define ORDERED_LOOPS(ID, T)                     \
  BINARY(max_##ID, T, T, x > y ? x : y)          \
  BINARY(min_##ID, T, T, x < y ? x : y)          \
  BINARY(lt_##ID, T, uint8_t, x < y)             \
  BINARY(le_##ID, T, uint8_t, x <= y)            \
  BINARY(gt_##ID, T, uint8_t, x > y)             \
  BINARY(ge_##ID, T, uint8_t, x >= y)            \
  TERNARY(clamp_##ID, T, T, y < x ? (x < z ? x : z) : y < z ? y : z)

#define SIGNED_LOOPS(ID, T, U, M, BITS, WIDE)                                             \
  ORDERED_LOOPS(ID, T)                                                                    \
  BINARY(div_##ID, T, T, y == 0 ? (T)-1 : y == -1 ? (T)(0 - (M)x) : (T)(x / y))           \
  BINARY(rem_##ID, T, T, y == 0 ? x : y == -1 ? (T)0 : (T)(x % y))                        \
  BINARY(mulhi_##ID, T, T, (WIDE)x *(WIDE)y >> BITS)                                      \
  BINARY(shift_right_arithmetic_##ID, T, T, x >> ((U)y < BITS ? (U)y : BITS - 1))         \
  UNARY(sign_##ID, T, T, (x > 0) - (x < 0))                                               \
  UNARY(abs_##ID, T, T, x < 0 ? (T)(0 - (M)x) : x)

#define POSITIVE_LOOPS(ID, T, BITS, WIDE)                                                 \
  ORDERED_LOOPS(ID, T)                                                                    \
  BINARY(div_##ID, T, T, y == 0 ? (T)-1 : (T)(x / y))                                     \
  BINARY(rem_##ID, T, T, y == 0 ? x : (T)(x % y))                                         \
  BINARY(mulhi_##ID, T, T, (WIDE)x *(WIDE)y >> BITS)                                      \
  UNARY(sign_##ID, T, T, x != 0)

SIGNED_LOOPS(I8, int8_t, uint8_t, uint32_t, 8, int32_t)
SIGNED_LOOPS(I16, int16_t, uint16_t, uint32_t, 16, int32_t)
SIGNED_LOOPS(I32, int32_t, uint32_t, uint32_t, 32, int64_t)
SIGNED_LOOPS(I64, int64_t, uint64_t, uint64_t, 64, Wide64)
POSITIVE_LOOPS(U8, uint8_t, 8, uint32_t)
POSITIVE_LOOPS(U16, uint16_t, 16, uint32_t)
POSITIVE_LOOPS(U32, uint32_t, 32, uint64_t)
POSITIVE_LOOPS(U64, uint64_t, 64, UWide64)

/* An unsigned type shifts its sign bit in too, as XLA does. */
#define SHIFT_SIGN(ID, T, U, BITS) \
  BINARY(shift_right_arithmetic_##ID, U, U, (U)((T)x >> (y < BITS ? y : BITS - 1)))
SHIFT_SIGN(U8, int8_t, uint8_t, 8)
SHIFT_SIGN(U16, int16_t, uint16_t, 16)
SHIFT_SIGN(U32, int32_t, uint32_t, 32)
SHIFT_SIGN(U64, int64_t, uint64_t, 64)

typedef struct Key128 { uint64_t a, b; } Key128;
BINARY(eq_Key128, Key128, uint8_t, x.a == y.a && x.b == y.b)
BINARY(ne_Key128, Key128, uint8_t, x.a != y.a || x.b != y.b)

UNARY(not_BOOL, uint8_t, uint8_t, x == 0)

/* ---- floats ---- */

#define FLOAT_MULTIPLY(ID, T)                                 \
  static inline T times_##ID(T x, T y) { return x * y; }      \
  static inline T inverse_##ID(T x) { return 1 / x; }
FLOAT_MULTIPLY(F32, float)
FLOAT_MULTIPLY(F64, double)

#define FLOAT_LOOPS(ID, T, F, LARGEST, BELOW_HALF)                                        \
  BINARY(add_##ID, T, T, x + y)                                                           \
  BINARY(sub_##ID, T, T, x - y)                                                           \
  BINARY(mul_##ID, T, T, x *y)                                                            \
  BINARY(div_##ID, T, T, x / y)                                                           \
  BINARY(max_##ID, T, T, maximum_##ID(x, y))                                              \
  BINARY(min_##ID, T, T, minimum_##ID(x, y))                                              \
  BINARY(eq_##ID, T, uint8_t, x == y)                                                     \
  BINARY(ne_##ID, T, uint8_t, x != y)                                                     \
  BINARY(lt_##ID, T, uint8_t, x < y)                                                      \
  BINARY(le_##ID, T, uint8_t, x <= y)                                                     \
  BINARY(gt_##ID, T, uint8_t, x > y)                                                      \
  BINARY(ge_##ID, T, uint8_t, x >= y)                                                     \
  BINARY(eq_to_##ID, T, uint8_t, bits_##ID(x) == bits_##ID(y))                            \
  BINARY(lt_to_##ID, T, uint8_t, order_##ID(x) < order_##ID(y))                           \
  BINARY(le_to_##ID, T, uint8_t, order_##ID(x) <= order_##ID(y))                          \
  TERNARY(clamp_##ID, T, T, minimum_##ID(maximum_##ID(y, x), z))                          \
  UNARY(neg_##ID, T, T, -x)                                                               \
  UNARY(abs_##ID, T, T, __builtin_fabs##F(x))                                             \
  UNARY(sign_##ID, T, T, x > 0 ? 1 : x < 0 ? -1 : x)                                      \
  UNARY(floor_##ID, T, T, __builtin_floor##F(x))                                          \
  UNARY(ceil_##ID, T, T, __builtin_ceil##F(x))                                            \
  UNARY(round_even_##ID, T, T, __builtin_rint##F(x))                                      \
  UNARY(round_away_##ID, T, T, __builtin_trunc##F(x + __builtin_copysign##F(BELOW_HALF, x))) \
  UNARY(is_finite_##ID, T, uint8_t, __builtin_fabs##F(x) <= LARGEST)                      \
  UNARY(sqrt_##ID, T, T, __builtin_sqrt##F(x))                                            \
  UNARY(rsqrt_##ID, T, T, 1 / __builtin_sqrt##F(x))                                       \
  UNARY(square_##ID, T, T, x *x)                                                          \
  INTEGER_POW(integer_pow_##ID, T, 1, times_##ID, inverse_##ID)                           \
  static void round_##ID(const Loop *l) {                                                 \
    if (l->p0 == 0) round_away_##ID(l);                                                   \
    else round_even_##ID(l);                                                              \
  }
FLOAT_LOOPS(F32, float, f, FLT_MAX, 0x1.fffffep-2f)
FLOAT_LOOPS(F64, double, , DBL_MAX, 0x1.fffffffffffffp-2)

/* Rounding to p0 exponent and p1 mantissa bits, on bits: too large gives infinity, too small gives zero, NaN stays. */
#define REDUCE_PRECISION(ID, U, EXPONENT, MANTISSA)                                                              \
  static inline U reduced_##ID(U x, int exponent, int drop) {                                                    \
    const U sign = (U)((U)1 << (EXPONENT + MANTISSA)), all = (U)(sign - 1), top = (U)(all >> MANTISSA << MANTISSA); \
    U rest = x & all, half = drop > 0 ? (U)((U)1 << (drop - 1)) : 0, r = rest;                                   \
    if (drop > 0) r = (U)((U)(r + (U)(half - 1) + (U)(r >> drop & 1)) >> drop << drop);                          \
    if (exponent < EXPONENT) {                                                                                   \
      int bias = (1 << (EXPONENT - 1)) - 1, reach = (1 << (exponent - 1)) - 1;                                   \
      int e = (int)(r >> MANTISSA);                                                                              \
      r = e > bias + reach ? top : e <= bias - reach ? 0 : r;                                                    \
    }                                                                                                            \
    return rest > top ? x : (U)((x & sign) | r);                                                                 \
  }                                                                                                              \
  static void reduce_precision_##ID(const Loop *l) {                                                             \
    const U *a = l->in[0];                                                                                       \
    U *o = l->out;                                                                                               \
    int64_t n = l->n;                                                                                            \
    int exponent = l->p0 < EXPONENT ? (int)l->p0 : EXPONENT, drop = l->p1 < MANTISSA ? MANTISSA - (int)l->p1 : 0; \
    VECTOR_LOOP                                                                                                  \
    for (int64_t i = 0; i < n; i++) o[i] = reduced_##ID(a[i], exponent, drop);                                   \
  }
REDUCE_PRECISION(F16, uint16_t, 5, 10)
REDUCE_PRECISION(BF16, uint16_t, 8, 7)
REDUCE_PRECISION(F32, uint32_t, 8, 23)
REDUCE_PRECISION(F64, uint64_t, 11, 52)

/* The sign bit is the whole story for 16-bit floats. */
UNARY(neg_F16, uint16_t, uint16_t, x ^ 0x8000u)
UNARY(abs_F16, uint16_t, uint16_t, x & 0x7fffu)

#define HALF_RUN(NAME, A, R, FN)                                  \
  static void NAME(int64_t n, const A *in, R *out) {              \
    for (int64_t i = 0; i < n; i++) out[i] = FN(in[i]);           \
  }
HALF_RUN(run_widen_half, uint16_t, float, half_widen)
HALF_RUN(run_widen_bfloat, uint16_t, float, bfloat_widen)
HALF_RUN(run_narrow_half, float, uint16_t, half_narrow)
HALF_RUN(run_narrow_bfloat, float, uint16_t, bfloat_narrow)

/* ---- complex numbers ---- */

#define COMPLEX_LOOPS(ID, C, T, R)                                                                                   \
  static inline C times_##ID(C x, C y) { return (C){x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re}; }         \
  static inline bool more_##ID(C x, C y) { return x.re == y.re ? x.im > y.im : x.re > y.re; }                        \
  static inline bool less_##ID(C x, C y) { return x.re == y.re ? x.im < y.im : x.re < y.re; }                        \
  BINARY_AS(add_##ID, C, C, , ((C){x.re + y.re, x.im + y.im}))                                                       \
  BINARY_AS(sub_##ID, C, C, , ((C){x.re - y.re, x.im - y.im}))                                                       \
  BINARY_AS(mul_##ID, C, C, , times_##ID(x, y))                                                                      \
  BINARY(eq_##ID, C, uint8_t, (x.re == y.re) & (x.im == y.im))                                                       \
  BINARY(ne_##ID, C, uint8_t, (x.re != y.re) | (x.im != y.im))                                                       \
  BINARY_AS(max_##ID, C, C, , more_##ID(x, y) ? x : y)                                                               \
  BINARY_AS(min_##ID, C, C, , less_##ID(x, y) ? x : y)                                                               \
  UNARY_AS(neg_##ID, C, C, , ((C){-x.re, -x.im}))                                                                    \
  UNARY_AS(conj_##ID, C, C, , ((C){x.re, -x.im}))                                                                    \
  UNARY_AS(conj_##R, T, C, , ((C){x, 0}))                                                                            \
  UNARY(real_##ID, C, T, x.re)                                                                                       \
  UNARY(imag_##ID, C, T, x.im)                                                                                       \
  BINARY_AS(complex_##R, T, C, , ((C){x, y}))
COMPLEX_LOOPS(C64, C64, float, F32)
COMPLEX_LOOPS(C128, C128, double, F64)

/* ---- choice, by the size of what is chosen; the predicate is a byte ---- */

#define SELECT(BYTES, T)                             \
  static void select_##BYTES(const Loop *l) {        \
    const uint8_t *p = l->in[0];                     \
    const T *a = l->in[1], *b = l->in[2];            \
    T *o = l->out;                                   \
    int64_t n = l->n;                                \
    VECTOR_LOOP                                      \
    for (int64_t i = 0; i < n; i++) {                \
      T x = a[i], y = b[i];                          \
      o[i] = p[i] ? y : x;                           \
    }                                                \
  }
SELECT(1, uint8_t)
SELECT(2, uint16_t)
SELECT(4, uint32_t)
SELECT(8, uint64_t)
SELECT(16, C128)

/* ---- the table ---- */

#define BITS_CELLS(f) \
  [CX_I8] = f##_U8, [CX_I16] = f##_U16, [CX_I32] = f##_U32, [CX_I64] = f##_U64, POSITIVE_CELLS(f)
#define SIGNED_CELLS(f) [CX_I8] = f##_I8, [CX_I16] = f##_I16, [CX_I32] = f##_I32, [CX_I64] = f##_I64
#define POSITIVE_CELLS(f) [CX_U8] = f##_U8, [CX_U16] = f##_U16, [CX_U32] = f##_U32, [CX_U64] = f##_U64
#define INT_CELLS(f) SIGNED_CELLS(f), POSITIVE_CELLS(f)
#define BOOL_CELL(f) [CX_BOOL] = f##_U8
#define HALF_CELLS(f) [CX_F16] = f##_F16, [CX_BF16] = f##_F16


const LoopTable LOOPS = {
    .fn = {
        ROW(NEG, BITS_CELLS(neg), FLOAT_CELLS(neg), COMPLEX_CELLS(neg), HALF_CELLS(neg)),
        ROW(SIGN, INT_CELLS(sign), FLOAT_CELLS(sign)),
        ROW(FLOOR, FLOAT_CELLS(floor)),
        ROW(CEIL, FLOAT_CELLS(ceil)),
        ROW(ROUND, FLOAT_CELLS(round)),
        ROW(IS_FINITE, FLOAT_CELLS(is_finite)),
        ROW(REAL, COMPLEX_CELLS(real)),
        ROW(IMAG, COMPLEX_CELLS(imag)),
        ROW(CONJ, COMPLEX_CELLS(conj), FLOAT_CELLS(conj)),
        ROW(ABS, SIGNED_CELLS(abs), FLOAT_CELLS(abs), HALF_CELLS(abs)),
        ROW(SQRT, FLOAT_CELLS(sqrt)),
        ROW(RSQRT, FLOAT_CELLS(rsqrt)),
        ROW(NOT, BITS_CELLS(not), [CX_BOOL] = not_BOOL),
        ROW(POPULATION_COUNT, BITS_CELLS(population_count)),
        ROW(CLZ, BITS_CELLS(clz)),
        ROW(INTEGER_POW, BITS_CELLS(integer_pow), FLOAT_CELLS(integer_pow)),
        ROW(SQUARE, BITS_CELLS(square), FLOAT_CELLS(square)),
        ROW(REDUCE_PRECISION, FLOAT_CELLS(reduce_precision), [CX_F16] = reduce_precision_F16,
            [CX_BF16] = reduce_precision_BF16),
        ROW(ADD, BITS_CELLS(add), FLOAT_CELLS(add), COMPLEX_CELLS(add)),
        ROW(ADD_ANY, BITS_CELLS(add), FLOAT_CELLS(add), COMPLEX_CELLS(add)),
        ROW(SUB, BITS_CELLS(sub), FLOAT_CELLS(sub), COMPLEX_CELLS(sub)),
        ROW(MUL, BITS_CELLS(mul), FLOAT_CELLS(mul), COMPLEX_CELLS(mul)),
        ROW(DIV, INT_CELLS(div), FLOAT_CELLS(div)),
        ROW(REM, INT_CELLS(rem)),
        ROW(MAX, INT_CELLS(max), FLOAT_CELLS(max), COMPLEX_CELLS(max), BOOL_CELL(max)),
        ROW(MIN, INT_CELLS(min), FLOAT_CELLS(min), COMPLEX_CELLS(min), BOOL_CELL(min)),
        ROW(AND, BITS_CELLS(and), BOOL_CELL(and)),
        ROW(OR, BITS_CELLS(or), BOOL_CELL(or)),
        ROW(XOR, BITS_CELLS(xor), BOOL_CELL(xor)),
        ROW(SHIFT_LEFT, BITS_CELLS(shift_left)),
        ROW(SHIFT_RIGHT_ARITHMETIC, INT_CELLS(shift_right_arithmetic)),
        ROW(SHIFT_RIGHT_LOGICAL, BITS_CELLS(shift_right_logical)),
        ROW(MULHI, INT_CELLS(mulhi)),
        ROW(COMPLEX, FLOAT_CELLS(complex)),
        ROW(EQ, BITS_CELLS(eq), FLOAT_CELLS(eq), COMPLEX_CELLS(eq), BOOL_CELL(eq), [CX_KEY_FRY] = eq_U64, [CX_KEY_RBG] = eq_Key128,
            [CX_KEY_URBG] = eq_Key128),
        ROW(NE, BITS_CELLS(ne), FLOAT_CELLS(ne), COMPLEX_CELLS(ne), BOOL_CELL(ne), [CX_KEY_FRY] = ne_U64, [CX_KEY_RBG] = ne_Key128,
            [CX_KEY_URBG] = ne_Key128),
        ROW(LT, INT_CELLS(lt), FLOAT_CELLS(lt), BOOL_CELL(lt)),
        ROW(LE, INT_CELLS(le), FLOAT_CELLS(le), BOOL_CELL(le)),
        ROW(GT, INT_CELLS(gt), FLOAT_CELLS(gt), BOOL_CELL(gt)),
        ROW(GE, INT_CELLS(ge), FLOAT_CELLS(ge), BOOL_CELL(ge)),
        ROW(EQ_TO, BITS_CELLS(eq), FLOAT_CELLS(eq_to), COMPLEX_CELLS(eq), BOOL_CELL(eq)),
        ROW(LT_TO, INT_CELLS(lt), FLOAT_CELLS(lt_to), BOOL_CELL(lt)),
        ROW(LE_TO, INT_CELLS(le), FLOAT_CELLS(le_to), BOOL_CELL(le)),
        ROW(CLAMP, INT_CELLS(clamp), FLOAT_CELLS(clamp), BOOL_CELL(clamp)),
    },
    .select = {[1] = select_1, [2] = select_2, [4] = select_4, [8] = select_8, [16] = select_16},
    .widen = {run_widen_half, run_widen_bfloat},
    .narrow = {run_narrow_half, run_narrow_bfloat},
};
