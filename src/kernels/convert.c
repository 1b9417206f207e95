/* See convert.h. Eleven "wide" types (bool, 8- to 64-bit integers, f32, f64) convert directly, by a table of loops; every
 * other type passes through the wide one that holds all of its values. */
#include "kernels/convert.h"
#include "kernels/cursor.h"
#include "kernels/half.h"
#include "kernels/loop.h"
#include <cuirax/error.h>
#include <math.h>
#include <string.h>

float cx_half_to_float(uint16_t h) { return half_widen(h); }
uint16_t cx_float_to_half(float f) { return half_narrow(f); }
float cx_bfloat_to_float(uint16_t b) { return bfloat_widen(b); }
uint16_t cx_float_to_bfloat(float f) { return bfloat_narrow(f); }

/* ---- floats of 8 and 4 bits: one description a kind ---- */

typedef enum MiniStyle {
  MINI_IEEE,  /* infinities, NaNs above them */
  MINI_FN,    /* no infinity; the largest code is NaN */
  MINI_FNUZ,  /* no infinity, no -0: that code is NaN */
  MINI_NO_NAN /* neither; overflow saturates */
} MiniStyle;

typedef struct Mini {
  int exponent, mantissa, bias;
  MiniStyle style;
} Mini;

static const Mini minis[CX_DTYPE_COUNT] = {
    [CX_F4E2M1FN] = {2, 1, 1, MINI_NO_NAN},  [CX_F8E3M4] = {3, 4, 3, MINI_IEEE},
    [CX_F8E4M3] = {4, 3, 7, MINI_IEEE},      [CX_F8E4M3B11FNUZ] = {4, 3, 11, MINI_FNUZ},
    [CX_F8E4M3FN] = {4, 3, 7, MINI_FN},      [CX_F8E4M3FNUZ] = {4, 3, 8, MINI_FNUZ},
    [CX_F8E5M2] = {5, 2, 15, MINI_IEEE},     [CX_F8E5M2FNUZ] = {5, 2, 16, MINI_FNUZ},
};

static float mini_widen(const Mini *k, uint32_t code) {
  uint32_t all = (1u << (k->exponent + k->mantissa)) - 1, rest = code & all, sign = (code & (all + 1)) ? 0x80000000u : 0;
  uint32_t top = ((1u << k->exponent) - 1) << k->mantissa, quiet = 0x7fc00000u;
  if (k->style == MINI_FNUZ && code == all + 1) return from_bits_F32(sign | quiet);
  if (k->style == MINI_FN && rest == all) return from_bits_F32(sign | quiet);
  if (k->style == MINI_IEEE && rest >= top) return from_bits_F32(sign | (rest > top ? quiet : 0x7f800000u));
  int e = (int)(rest >> k->mantissa);
  uint32_t m = rest & ((1u << k->mantissa) - 1);
  float value = e == 0 ? ldexpf((float)m, 1 - k->bias - k->mantissa)
                       : ldexpf((float)(m | 1u << k->mantissa), e - k->bias - k->mantissa);
  return sign != 0 ? -value : value;
}

static uint32_t mini_nan(const Mini *k, uint32_t sign_bit) {
  uint32_t all = (1u << (k->exponent + k->mantissa)) - 1, top = ((1u << k->exponent) - 1) << k->mantissa;
  if (k->style == MINI_NO_NAN || k->style == MINI_FNUZ) return all + 1;
  if (k->style == MINI_FN) return sign_bit | all;
  return sign_bit | top | 1u << (k->mantissa - 1);
}

/* The code of |f| rounded to nearest even, as if exponents went on without end. */
static uint32_t mini_round(const Mini *k, uint32_t rest) {
  int drop = 23 - k->mantissa;
  int32_t exponent = (int32_t)(rest >> 23) - 127 + k->bias;
  uint32_t mantissa = rest & 0x7fffffu;
  if (exponent <= 0) { /* f32 denormals are below half of every kind's smallest number */
    drop += 1 - exponent;
    if (drop > 24) return 0;
    mantissa |= 0x800000u;
    exponent = 0;
  }
  uint32_t value = exponent > 0 ? (uint32_t)exponent << 23 | mantissa : mantissa;
  uint32_t odd = value >> drop & 1u;
  return (value + (1u << (drop - 1)) - 1 + odd) >> drop;
}

static uint8_t mini_narrow(const Mini *k, float f) {
  uint32_t u = bits_F32(f), rest = u & 0x7fffffffu;
  uint32_t all = (1u << (k->exponent + k->mantissa)) - 1, sign_bit = u >> 31 ? all + 1 : 0;
  uint32_t top = ((1u << k->exponent) - 1) << k->mantissa;
  if (rest > 0x7f800000u) return (uint8_t)mini_nan(k, sign_bit);
  uint32_t code = rest == 0x7f800000u ? 0x7fffffffu : mini_round(k, rest);
  switch (k->style) {
    case MINI_IEEE: return (uint8_t)(sign_bit | (code > top ? top : code));
    case MINI_FN: return (uint8_t)(sign_bit | (code > all ? all : code));
    case MINI_FNUZ: return (uint8_t)(code > all ? all + 1 : code == 0 ? 0 : (sign_bit | code));
    default: return (uint8_t)(sign_bit | (code > all ? all : code));
  }
}

/* float8_e8m0fnu: 2^(code - 127), no sign, no zero; 255 is NaN. Ties go up,
 * and below 2^-126 so does everything above 2^-127, as in XLA. */
static float scale_widen(uint8_t code) {
  if (code == 255) return from_bits_F32(0x7fc00000u);
  return code == 0 ? 0x1p-127f : from_bits_F32((uint32_t)code << 23);
}

static uint8_t scale_narrow(float f) {
  uint32_t u = bits_F32(f);
  if (u == 0 || u >= 0x7f800000u) return 255; /* zero, negative, infinite, NaN */
  uint32_t half_up = u < 0x00800000u ? u > 0x00400000u : u >> 22 & 1u;
  uint32_t code = (u >> 23) + half_up;
  return (uint8_t)(code > 254 ? 255 : code);
}

bool dtype_narrow(CxDtype d) { return d >= CX_F4E2M1FN && d <= CX_BF16; }
bool dtype_nibble(CxDtype d) { return d == CX_I2 || d == CX_I4 || d == CX_U2 || d == CX_U4; }

void narrow_to_float(CxDtype d, int64_t n, const void *in, float *out) {
  const uint8_t *bytes = in;
  if (d == CX_F16 || d == CX_BF16) {
    loops_best()->widen[d == CX_BF16](n, in, out);
  } else if (d == CX_F8E8M0FNU) {
    for (int64_t i = 0; i < n; i++) out[i] = scale_widen(bytes[i]);
  } else {
    for (int64_t i = 0; i < n; i++) out[i] = mini_widen(&minis[d], bytes[i]);
  }
}

void float_to_narrow(CxDtype d, int64_t n, const float *in, void *out) {
  uint8_t *bytes = out;
  if (d == CX_F16 || d == CX_BF16) {
    loops_best()->narrow[d == CX_BF16](n, in, out);
  } else if (d == CX_F8E8M0FNU) {
    for (int64_t i = 0; i < n; i++) bytes[i] = scale_narrow(in[i]);
  } else {
    for (int64_t i = 0; i < n; i++) bytes[i] = mini_narrow(&minis[d], in[i]);
  }
}

void nibble_wrap(CxDtype d, int64_t n, const void *in, void *out) {
  const uint8_t *from = in;
  uint8_t *to = out;
  int shift = d == CX_I2 || d == CX_U2 ? 6 : 4;
  if (d == CX_U2 || d == CX_U4) {
    for (int64_t i = 0; i < n; i++) to[i] = (uint8_t)(from[i] & 0xffu >> shift);
  } else {
    for (int64_t i = 0; i < n; i++) to[i] = (uint8_t)((int8_t)(uint8_t)(from[i] << shift) >> shift);
  }
}

/* ---- the wide types ---- */

#define WIDE_TYPES(X, ...)                                                                                        \
  X(BOOL, uint8_t, __VA_ARGS__)                                                                                   \
  X(I8, int8_t, __VA_ARGS__) X(I16, int16_t, __VA_ARGS__) X(I32, int32_t, __VA_ARGS__) X(I64, int64_t, __VA_ARGS__) \
  X(U8, uint8_t, __VA_ARGS__) X(U16, uint16_t, __VA_ARGS__) X(U32, uint32_t, __VA_ARGS__)                         \
  X(U64, uint64_t, __VA_ARGS__)                                                                                   \
  X(F32, float, __VA_ARGS__) X(F64, double, __VA_ARGS__)

/* What a value becomes. Floats saturate into integers; every other pair is a cast. */
#define FLOAT_TO_INT(NAME, F, T, LOW, LIMIT, MIN, MAX)                                  \
  static inline T NAME(F x) {                                                           \
    F inside = x > (F)(LOW) && x < (F)(LIMIT) ? x : (F)0;                               \
    return x >= (F)(LIMIT) ? (T)(MAX) : x <= (F)(LOW) ? (T)(MIN) : (T)inside;           \
  }
#define FLOAT_TO_INTS(F, PREFIX)                                                        \
  FLOAT_TO_INT(PREFIX##_I8, F, int8_t, -0x1p7, 0x1p7, INT8_MIN, INT8_MAX)               \
  FLOAT_TO_INT(PREFIX##_I16, F, int16_t, -0x1p15, 0x1p15, INT16_MIN, INT16_MAX)         \
  FLOAT_TO_INT(PREFIX##_I32, F, int32_t, -0x1p31, 0x1p31, INT32_MIN, INT32_MAX)         \
  FLOAT_TO_INT(PREFIX##_I64, F, int64_t, -0x1p63, 0x1p63, INT64_MIN, INT64_MAX)         \
  FLOAT_TO_INT(PREFIX##_U8, F, uint8_t, 0, 0x1p8, 0, UINT8_MAX)                         \
  FLOAT_TO_INT(PREFIX##_U16, F, uint16_t, 0, 0x1p16, 0, UINT16_MAX)                     \
  FLOAT_TO_INT(PREFIX##_U32, F, uint32_t, 0, 0x1p32, 0, UINT32_MAX)                     \
  FLOAT_TO_INT(PREFIX##_U64, F, uint64_t, 0, 0x1p64, 0, UINT64_MAX)                     \
  static inline uint8_t PREFIX##_BOOL(F x) { return x != 0; }                           \
  static inline float PREFIX##_F32(F x) { return (float)x; }                            \
  static inline double PREFIX##_F64(F x) { return (double)x; }

FLOAT_TO_INTS(float, from_F32)
FLOAT_TO_INTS(double, from_F64)

#define INT_TO_ONE(ID, T, F, PREFIX) \
  static inline T PREFIX##_##ID(F x) { return (T)x; }
#define INT_TO_ALL(F, PREFIX)                                                                             \
  INT_TO_ONE(I8, int8_t, F, PREFIX) INT_TO_ONE(I16, int16_t, F, PREFIX) INT_TO_ONE(I32, int32_t, F, PREFIX)     \
  INT_TO_ONE(I64, int64_t, F, PREFIX) INT_TO_ONE(U8, uint8_t, F, PREFIX) INT_TO_ONE(U16, uint16_t, F, PREFIX)   \
  INT_TO_ONE(U32, uint32_t, F, PREFIX) INT_TO_ONE(U64, uint64_t, F, PREFIX) INT_TO_ONE(F32, float, F, PREFIX)   \
  INT_TO_ONE(F64, double, F, PREFIX)                                                                      \
  static inline uint8_t PREFIX##_BOOL(F x) { return x != 0; }
INT_TO_ALL(uint8_t, from_BOOL)
INT_TO_ALL(int8_t, from_I8)
INT_TO_ALL(int16_t, from_I16)
INT_TO_ALL(int32_t, from_I32)
INT_TO_ALL(int64_t, from_I64)
INT_TO_ALL(uint8_t, from_U8)
INT_TO_ALL(uint16_t, from_U16)
INT_TO_ALL(uint32_t, from_U32)
INT_TO_ALL(uint64_t, from_U64)

#define CONVERT_LOOP(TO, T, FROM, F)                                              \
  static void run_##FROM##_##TO(int64_t n, const void *in, void *out) {           \
    const F *from = in;                                                           \
    T *to = out;                                                                  \
    VECTOR_LOOP                                                                   \
    for (int64_t i = 0; i < n; i++) to[i] = from_##FROM##_##TO(from[i]);          \
  }
WIDE_TYPES(CONVERT_LOOP, BOOL, uint8_t)
WIDE_TYPES(CONVERT_LOOP, I8, int8_t)
WIDE_TYPES(CONVERT_LOOP, I16, int16_t)
WIDE_TYPES(CONVERT_LOOP, I32, int32_t)
WIDE_TYPES(CONVERT_LOOP, I64, int64_t)
WIDE_TYPES(CONVERT_LOOP, U8, uint8_t)
WIDE_TYPES(CONVERT_LOOP, U16, uint16_t)
WIDE_TYPES(CONVERT_LOOP, U32, uint32_t)
WIDE_TYPES(CONVERT_LOOP, U64, uint64_t)
WIDE_TYPES(CONVERT_LOOP, F32, float)
WIDE_TYPES(CONVERT_LOOP, F64, double)

typedef void (*RunFn)(int64_t n, const void *in, void *out);

#define CELL(TO, T, FROM) [CX_##TO] = run_##FROM##_##TO,
#define CONVERT_ROW(FROM) [CX_##FROM] = {WIDE_TYPES(CELL, FROM)}
static const RunFn runs[CX_DTYPE_COUNT][CX_DTYPE_COUNT] = {
    CONVERT_ROW(BOOL), CONVERT_ROW(I8),  CONVERT_ROW(I16), CONVERT_ROW(I32), CONVERT_ROW(I64), CONVERT_ROW(U8),
    CONVERT_ROW(U16),  CONVERT_ROW(U32), CONVERT_ROW(U64), CONVERT_ROW(F32), CONVERT_ROW(F64)};

/* ---- composition ---- */

/* f64 to f32 rounded to odd, after which any rounding to fewer than 22 bits is as if done once. */
static float double_to_odd(double x) {
  float f = (float)x;
  if ((double)f == x || x != x || isinf(x)) return f;
  uint32_t u = bits_F32(f);
  if (isinf(f) || fabs((double)f) > fabs(x)) u--; /* towards zero */
  return from_bits_F32(u | 1u);
}

/* The wide type that holds every value of d; d itself if wide. */
static CxDtype dtype_wide(CxDtype d) {
  switch (d) {
    case CX_I2: case CX_I4: return CX_I8;
    case CX_U2: case CX_U4: return CX_U8;
    case CX_C64: return CX_F32;
    case CX_C128: return CX_F64;
    default: return dtype_narrow(d) ? CX_F32 : d;
  }
}

static bool is_complex(CxDtype d) { return d == CX_C64 || d == CX_C128; }

static const void *widen(CxDtype d, int64_t n, const void *in, void *buffer) {
  if (dtype_narrow(d)) {
    narrow_to_float(d, n, in, buffer);
    return buffer;
  }
  if (d == CX_C64) {
    for (int64_t i = 0; i < n; i++) ((float *)buffer)[i] = ((const float *)in)[2 * i];
    return buffer;
  }
  if (d == CX_C128) {
    for (int64_t i = 0; i < n; i++) ((double *)buffer)[i] = ((const double *)in)[2 * i];
    return buffer;
  }
  return in;
}

static void clamp_bytes(CxDtype d, int64_t n, int8_t *bytes) {
  int high = d == CX_I2 ? 1 : 7, low = -high - 1;
  for (int64_t i = 0; i < n; i++) bytes[i] = (int8_t)(bytes[i] > high ? high : bytes[i] < low ? low : bytes[i]);
}

static void clamp_unsigned(CxDtype d, int64_t n, uint8_t *bytes) {
  uint8_t high = d == CX_U2 ? 3 : 15;
  for (int64_t i = 0; i < n; i++) bytes[i] = bytes[i] > high ? high : bytes[i];
}

/* From a wide run to d. `buffer` holds n elements of 8 bytes. */
static void unwiden(CxDtype wide, CxDtype d, int64_t n, const void *in, void *buffer, void *out) {
  bool from_float = wide == CX_F32 || wide == CX_F64;
  if (dtype_narrow(d)) {
    const float *f = in;
    if (wide != CX_F32) f = buffer;
    if (wide == CX_F64 && d != CX_F16 && d != CX_BF16) {
      for (int64_t i = 0; i < n; i++) ((float *)buffer)[i] = double_to_odd(((const double *)in)[i]);
    } else if (wide != CX_F32) {
      runs[wide][CX_F32](n, in, buffer);
    }
    float_to_narrow(d, n, f, out);
  } else if (dtype_nibble(d)) {
    runs[wide][dtype_wide(d)](n, in, out);
    if (!from_float) nibble_wrap(d, n, out, out);
    else if (d == CX_I2 || d == CX_I4) clamp_bytes(d, n, out);
    else clamp_unsigned(d, n, out);
  } else if (d == CX_C64) {
    runs[wide][CX_F32](n, in, buffer);
    for (int64_t i = 0; i < n; i++) ((float *)out)[2 * i] = ((float *)buffer)[i], ((float *)out)[2 * i + 1] = 0;
  } else if (d == CX_C128) {
    runs[wide][CX_F64](n, in, buffer);
    for (int64_t i = 0; i < n; i++) ((double *)out)[2 * i] = ((double *)buffer)[i], ((double *)out)[2 * i + 1] = 0;
  } else {
    runs[wide][d](n, in, out);
  }
}

static void convert_block(CxDtype from, CxDtype to, int64_t n, const void *in, void *out) {
  double first[CURSOR_BLOCK], second[CURSOR_BLOCK];
  const void *wide = widen(from, n, in, first);
  unwiden(dtype_wide(from), to, n, wide, second, out);
}

bool convert_run(CxDtype from, CxDtype to, int64_t n, const void *in, void *out) {
  int from_size = cx_dtype_bytes(from), to_size = cx_dtype_bytes(to);
  if (from == to) {
    memmove(out, in, (size_t)(n * from_size));
    return true;
  }
  if (from <= CX_NO_DTYPE || to <= CX_NO_DTYPE || from > CX_C128 || to > CX_C128) return false;
  if (runs[from][to]) {
    runs[from][to](n, in, out);
    return true;
  }
  if (to == CX_F32 && dtype_narrow(from)) {
    narrow_to_float(from, n, in, out);
    return true;
  }
  if (from == CX_F32 && dtype_narrow(to)) {
    float_to_narrow(to, n, in, out);
    return true;
  }
  if (is_complex(from) && is_complex(to)) {
    runs[dtype_wide(from)][dtype_wide(to)](2 * n, in, out);
    return true;
  }
  for (int64_t done = 0; done < n; done += CURSOR_BLOCK) {
    int64_t part = n - done < CURSOR_BLOCK ? n - done : CURSOR_BLOCK;
    convert_block(from, to, part, (const char *)in + done * from_size, (char *)out + done * to_size);
  }
  return true;
}

bool kernel_convert(const CxView *in, const CxView *out) {
  Cursor from, to;
  if (!cursor_init(&from, in) || !cursor_init(&to, out)) return false;
  int64_t left = view_count(out), limit = from.dense && to.dense ? left : CURSOR_BLOCK;
  char packed_in[CURSOR_BLOCK * 16], packed_out[CURSOR_BLOCK * 16];
  while (left > 0) {
    int64_t n = left < limit ? left : limit;
    const void *source = cursor_read(&from, n, packed_in);
    void *target = cursor_target(&to, n, packed_out);
    if (!convert_run(in->dtype, out->dtype, n, source, target))
      return cx_fail(CX_ERR_TYPE, "cannot convert elements of dtype %s to %s", cx_dtype_name(in->dtype),
                     cx_dtype_name(out->dtype));
    cursor_flush(&to, n, target);
    left -= n;
  }
  return true;
}

double dtype_load(CxDtype d, const void *data, int64_t i) {
  double value = 0;
  convert_run(d, CX_F64, 1, (const char *)data + i * cx_dtype_bytes(d), &value);
  return value;
}

void dtype_store(CxDtype d, void *data, int64_t i, double value) {
  convert_run(CX_F64, d, 1, &value, (char *)data + i * cx_dtype_bytes(d));
}
