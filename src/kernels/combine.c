/* See combine.h. One loop per operation and native type; the narrow types pass through f32 or bytes block by block. */
#include "kernels/combine.h"

#include "base/error.h"
#include "kernels/convert.h"
#include "kernels/loop.h"

#include <math.h>
#include <string.h>

/* a, b: one element each */
#define RUN_AS(name, T, result)                                             \
  static void name(int64_t n, void *acc, const void *x) {                   \
    T *p = acc;                                                             \
    const T *q = x;                                                         \
    VECTOR_LOOP                                                             \
    for (int64_t i = 0; i < n; i++) {                                       \
      T a = p[i], b = q[i];                                                 \
      p[i] = result;                                                        \
    }                                                                       \
  }
#define RUN(name, T, expression) RUN_AS(name, T, (T)(expression))

#define RUNS_INT(S, U, s, u)     \
  RUN(add_##u, U, a + b)         \
  RUN(sub_##u, U, a - b)         \
  RUN(min_##u, U, a < b ? a : b) \
  RUN(max_##u, U, a > b ? a : b) \
  RUN(min_##s, S, a < b ? a : b) \
  RUN(max_##s, S, a > b ? a : b)
RUNS_INT(int8_t, uint8_t, i8, u8)
RUNS_INT(int16_t, uint16_t, i16, u16)
RUNS_INT(int32_t, uint32_t, i32, u32)
RUNS_INT(int64_t, uint64_t, i64, u64)
RUN(mul_u8, uint8_t, (unsigned)a * b)
RUN(mul_u16, uint16_t, (unsigned)a * b)
RUN(mul_u32, uint32_t, a *b)
RUN(mul_u64, uint64_t, a *b)
RUN(or_bool, uint8_t, a | b)
RUN(and_bool, uint8_t, a &b)

#define RUNS_FLOAT(T, f)                                                                            \
  static inline T least_##f(T a, T b) { return a < b || a != a || (a == b && signbit(a)) ? a : b; } \
  static inline T most_##f(T a, T b) { return a > b || a != a || (a == b && !signbit(a)) ? a : b; } \
  RUN(add_##f, T, a + b)                                                                            \
  RUN(sub_##f, T, a - b)                                                                            \
  RUN(mul_##f, T, a *b)                                                                             \
  RUN(min_##f, T, least_##f(a, b))                                                                  \
  RUN(max_##f, T, most_##f(a, b))
RUNS_FLOAT(float, f32)
RUNS_FLOAT(double, f64)

#define RUNS_COMPLEX(T, c)                                                                      \
  RUN_AS(add_##c, T, ((T){a.re + b.re, a.im + b.im}))                                           \
  RUN_AS(sub_##c, T, ((T){a.re - b.re, a.im - b.im}))                                           \
  RUN_AS(mul_##c, T, ((T){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}))               \
  RUN_AS(min_##c, T, (a.re == b.re ? a.im < b.im : a.re < b.re) ? a : b)                        \
  RUN_AS(max_##c, T, (a.re == b.re ? a.im > b.im : a.re > b.re) ? a : b)
RUNS_COMPLEX(C64, c64)
RUNS_COMPLEX(C128, c128)

enum { ADD, SUB, MUL, MIN, MAX, OPS };

#define COMBINE_ROW(d, s, u) [CX_##d] = {add_##u, sub_##u, mul_##u, min_##s, max_##s}
static CombineFn *const combine_fns[CX_DTYPE_COUNT][OPS] = {
    [CX_BOOL] = {or_bool, NULL, and_bool, and_bool, or_bool},
    COMBINE_ROW(I8, i8, u8), COMBINE_ROW(I16, i16, u16), COMBINE_ROW(I32, i32, u32),
    COMBINE_ROW(I64, i64, u64), COMBINE_ROW(U8, u8, u8), COMBINE_ROW(U16, u16, u16),
    COMBINE_ROW(U32, u32, u32), COMBINE_ROW(U64, u64, u64), COMBINE_ROW(F32, f32, f32),
    COMBINE_ROW(F64, f64, f64), COMBINE_ROW(C64, c64, c64), COMBINE_ROW(C128, c128, c128),
};

static int combine_column(CxOpcode op) {
  switch (op) {
    case CX_OP_ADD: return ADD;
    case CX_OP_SUB: return SUB;
    case CX_OP_MUL: return MUL;
    case CX_OP_MIN: return MIN;
    case CX_OP_MAX: return MAX;
    default: return OPS;
  }
}

static CxDtype combine_dtype(CxDtype d) {
  if (dtype_narrow(d)) return CX_F32;
  if (dtype_nibble(d)) return cx_dtype_kind(d) == 'i' ? CX_I8 : CX_U8;
  return d;
}

bool combine_find(CxCombine *c, CxOpcode op, CxDtype dtype) {
  int column = combine_column(op);
  c->dtype = dtype;
  c->fn = column < OPS ? combine_fns[combine_dtype(dtype)][column] : NULL;
  FAIL_IF(!c->fn, CX_ERR_TYPE, "elements of dtype %s cannot be combined with this operation", cx_dtype_name(dtype));
  return true;
}

enum { BLOCK = 256 };

static void combine_narrow(const CxCombine *c, int64_t n, void *acc, const void *x) {
  float a[BLOCK], b[BLOCK];
  int item = cx_dtype_bytes(c->dtype);
  for (int64_t i = 0; i < n; i += BLOCK) {
    int64_t m = n - i < BLOCK ? n - i : BLOCK;
    narrow_to_float(c->dtype, m, (const char *)acc + i * item, a);
    narrow_to_float(c->dtype, m, (const char *)x + i * item, b);
    c->fn(m, a, b);
    float_to_narrow(c->dtype, m, a, (char *)acc + i * item);
  }
}

void combine_run(const CxCombine *c, int64_t n, void *acc, const void *x) {
  if (dtype_narrow(c->dtype)) {
    combine_narrow(c, n, acc, x);
  } else {
    c->fn(n, acc, x);
    if (dtype_nibble(c->dtype)) nibble_wrap(c->dtype, n, acc, acc);
  }
}

/* The least value of a dtype, -infinity where there is one; greatest: the other end. */
static void dtype_end(CxDtype d, bool greatest, void *value) {
  int bits = cx_dtype_bits(d), bytes = cx_dtype_bytes(d);
  char kind = cx_dtype_kind(d);
  memset(value, 0, (size_t)bytes);
  if (kind == 'f' || kind == 'c') {
    dtype_store(d, value, 0, greatest ? (double)INFINITY : -(double)INFINITY);
  } else if (kind == 'b') {
    *(uint8_t *)value = greatest;
  } else if (kind == 'u') {
    uint64_t all = greatest ? ~(uint64_t)0 >> (64 - bits) : 0;
    memcpy(value, &all, (size_t)bytes);
  } else {
    uint64_t sign = (uint64_t)1 << (bits - 1), end = greatest ? sign - 1 : 0 - sign;
    memcpy(value, &end, (size_t)bytes);
  }
}

void combine_identity(CxOpcode op, CxDtype dtype, void *value) {
  if (op == CX_OP_MAX || op == CX_OP_MIN)
    dtype_end(dtype, op == CX_OP_MIN, value);
  else
    dtype_store(dtype, value, 0, op == CX_OP_MUL ? 1 : 0);
}
