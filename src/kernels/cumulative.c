/* Cumulative ops (see reduce.h): one pass along the axis, a tile of neighbouring lines at once. */
#include "base/alloc.h"
#include "kernels/convert.h"
#include "kernels/cursor.h"
#include "kernels/float_order.h"
#include "kernels/loop.h"
#include "kernels/reduce.h"
#include <cuirax/error.h>
#include <math.h>

enum { SCAN_TILE = 64 };

/* `lines` neighbouring lines of n elements, `step` elements from one to the next along a line (negative backwards). */
typedef void (*ScanFn)(const void *in, void *out, int64_t n, int64_t step, int64_t lines);

/* STATE is what is carried along a line: s; x is the next element; UPDATE changes s; RESULT is stored. */
#define SCAN(NAME, T, STATE, START, UPDATE, RESULT)                                              \
  static void NAME(const void *in, void *out, int64_t n, int64_t step, int64_t lines) {          \
    const T *from = in;                                                                          \
    T *to = out;                                                                                 \
    if (lines == 1) {                                                                            \
      STATE s = START;                                                                           \
      for (int64_t i = 0; i < n; i++) {                                                          \
        T x = from[i * step];                                                                    \
        UPDATE;                                                                                  \
        to[i * step] = RESULT;                                                                   \
      }                                                                                          \
      return;                                                                                    \
    }                                                                                            \
    STATE carried[SCAN_TILE];                                                                    \
    for (int64_t c = 0; c < lines; c++) carried[c] = START;                                      \
    for (int64_t i = 0; i < n; i++) {                                                            \
      VECTOR_LOOP                                                                                \
      for (int64_t c = 0; c < lines; c++) {                                                      \
        STATE s = carried[c];                                                                    \
        T x = from[i * step + c];                                                                \
        UPDATE;                                                                                  \
        carried[c] = s;                                                                          \
        to[i * step + c] = RESULT;                                                               \
      }                                                                                          \
    }                                                                                            \
  }

#define SCAN_WRAPPING(ID, U, M)                                     \
  SCAN(sum_##ID, U, U, 0, s = (U)((M)s + (M)x), s)                  \
  SCAN(prod_##ID, U, U, 1, s = (U)((M)s * (M)x), s)
SCAN_WRAPPING(U8, uint8_t, uint32_t)
SCAN_WRAPPING(U16, uint16_t, uint32_t)
SCAN_WRAPPING(U32, uint32_t, uint32_t)
SCAN_WRAPPING(U64, uint64_t, uint64_t)

#define SCAN_EXTREMES(ID, T, LOW, HIGH)                             \
  SCAN(max_##ID, T, T, LOW, s = x > s ? x : s, s)                   \
  SCAN(min_##ID, T, T, HIGH, s = x < s ? x : s, s)
SCAN_EXTREMES(I8, int8_t, INT8_MIN, INT8_MAX)
SCAN_EXTREMES(I16, int16_t, INT16_MIN, INT16_MAX)
SCAN_EXTREMES(I32, int32_t, INT32_MIN, INT32_MAX)
SCAN_EXTREMES(I64, int64_t, INT64_MIN, INT64_MAX)
SCAN_EXTREMES(U8, uint8_t, 0, UINT8_MAX)
SCAN_EXTREMES(U16, uint16_t, 0, UINT16_MAX)
SCAN_EXTREMES(U32, uint32_t, 0, UINT32_MAX)
SCAN_EXTREMES(U64, uint64_t, 0, UINT64_MAX)

SCAN(sum_F32, float, double, 0, s += (double)x, (float)s)
SCAN(sum_F64, double, double, 0, s += x, s)
SCAN(prod_F32, float, double, 1, s *= (double)x, (float)s)
SCAN(prod_F64, double, double, 1, s *= x, s)
SCAN(max_F32, float, float, -INFINITY, s = maximum_F32(s, x), s)
SCAN(max_F64, double, double, -INFINITY, s = maximum_F64(s, x), s)
SCAN(min_F32, float, float, INFINITY, s = minimum_F32(s, x), s)
SCAN(min_F64, double, double, INFINITY, s = minimum_F64(s, x), s)

static inline C128 z_plus(C128 a, double re, double im) { return (C128){a.re + re, a.im + im}; }
static inline C128 z_times(C128 a, double re, double im) {
  return (C128){a.re * re - a.im * im, a.re * im + a.im * re};
}
static inline bool z_less(double ar, double ai, double br, double bi) { return ar == br ? ai < bi : ar < br; }
#define Z_ZERO ((C128){0, 0})
#define Z_ONE ((C128){1, 0})
#define Z_LOW ((C128){-INFINITY, -INFINITY})
#define Z_HIGH ((C128){INFINITY, INFINITY})
#define X_RE ((double)x.re)
#define X_IM ((double)x.im)
SCAN(sum_C64, C64, C128, Z_ZERO, s = z_plus(s, X_RE, X_IM), ((C64){(float)s.re, (float)s.im}))
SCAN(sum_C128, C128, C128, Z_ZERO, s = z_plus(s, x.re, x.im), s)
SCAN(prod_C64, C64, C128, Z_ONE, s = z_times(s, X_RE, X_IM), ((C64){(float)s.re, (float)s.im}))
SCAN(prod_C128, C128, C128, Z_ONE, s = z_times(s, x.re, x.im), s)
#define Z_TAKE ((C128){X_RE, X_IM})
SCAN(max_C64, C64, C128, Z_LOW, s = z_less(X_RE, X_IM, s.re, s.im) ? s : Z_TAKE, ((C64){(float)s.re, (float)s.im}))
SCAN(max_C128, C128, C128, Z_LOW, s = z_less(x.re, x.im, s.re, s.im) ? s : x, s)
SCAN(min_C64, C64, C128, Z_HIGH, s = z_less(s.re, s.im, X_RE, X_IM) ? s : Z_TAKE, ((C64){(float)s.re, (float)s.im}))
SCAN(min_C128, C128, C128, Z_HIGH, s = z_less(s.re, s.im, x.re, x.im) ? s : x, s)

/* log(sum of exp): `most` so far and the sum of exp(x - most). */
typedef struct LogSum {
  double most, sum;
} LogSum;

static inline LogSum log_sum_add(LogSum s, double x) {
  if (x == s.most) return (LogSum){x, s.sum + (isinf(x) ? 0 : 1)};
  if (x < s.most) return (LogSum){s.most, s.sum + exp(x - s.most)};
  if (x > s.most) return (LogSum){x, s.most == -INFINITY ? 1 : s.sum * exp(s.most - x) + 1};
  return (LogSum){x + s.most, 1};
}
static inline double log_sum(LogSum s) { return isinf(s.most) || s.most != s.most ? s.most : s.most + log(s.sum); }
#define LOG_START ((LogSum){-INFINITY, 0})
SCAN(logsumexp_F32, float, LogSum, LOG_START, s = log_sum_add(s, (double)x), (float)log_sum(s))
SCAN(logsumexp_F64, double, LogSum, LOG_START, s = log_sum_add(s, x), log_sum(s))

#define WRAP_ROW(f)                                                                                    \
  [CX_I8] = f##_U8, [CX_I16] = f##_U16, [CX_I32] = f##_U32, [CX_I64] = f##_U64, [CX_U8] = f##_U8,      \
  [CX_U16] = f##_U16, [CX_U32] = f##_U32, [CX_U64] = f##_U64, FLOAT_CELLS(f), COMPLEX_CELLS(f)
#define SIGN_ROW(f)                                                                                    \
  [CX_I8] = f##_I8, [CX_I16] = f##_I16, [CX_I32] = f##_I32, [CX_I64] = f##_I64, [CX_U8] = f##_U8,      \
  [CX_U16] = f##_U16, [CX_U32] = f##_U32, [CX_U64] = f##_U64, [CX_BOOL] = f##_U8, FLOAT_CELLS(f), COMPLEX_CELLS(f)
static const ScanFn scans[][CX_DTYPE_COUNT] = {
    [CX_OP_CUMSUM - CX_OP_CUMSUM] = {WRAP_ROW(sum)},
    [CX_OP_CUMPROD - CX_OP_CUMSUM] = {WRAP_ROW(prod)},
    [CX_OP_CUMMAX - CX_OP_CUMSUM] = {SIGN_ROW(max)},
    [CX_OP_CUMMIN - CX_OP_CUMSUM] = {SIGN_ROW(min)},
    [CX_OP_CUMLOGSUMEXP - CX_OP_CUMSUM] = {FLOAT_CELLS(logsumexp)},
};

static ScanFn scan_find(CxOpcode op, CxDtype d) {
  if (op < CX_OP_CUMSUM || op > CX_OP_CUMLOGSUMEXP) return NULL;
  return scans[op - CX_OP_CUMSUM][d];
}

/* Dense lines: [outer, n, inner]. */
static void scan_all(ScanFn fn, const char *in, char *out, int64_t outer, int64_t n, int64_t inner, bool reverse, int size) {
  int64_t start = reverse ? (n - 1) * inner : 0, step = reverse ? -inner : inner;
  for (int64_t o = 0; o < outer; o++) {
    for (int64_t c = 0; c < inner; c += SCAN_TILE) {
      int64_t at = (o * n * inner + start + c) * size, lines = inner - c < SCAN_TILE ? inner - c : SCAN_TILE;
      fn(in + at, out + at, n, step, lines);
    }
  }
}

/* Through a dense copy in the dtype `compute`, for narrow dtypes and strided operands. */
static bool scan_copied(CxOpcode op, const CxView *in, int axis, bool reverse, const CxView *out, CxDtype compute) {
  CxView copy = *in;
  size_t bytes;
  copy.dtype = compute;
  copy.strides = NULL;
  if (!size_mul((size_t)view_count(in), (size_t)cx_dtype_bytes(compute), &bytes))
    return cx_fail(CX_ERR_MEMORY, "the operand of a cumulative op is too large");
  copy.data = cx_malloc(bytes);
  bool ok = copy.data && kernel_convert(in, &copy) && kernel_cumulative(op, &copy, axis, reverse, &copy) &&
            kernel_convert(&copy, out);
  cx_free(copy.data);
  return ok;
}

bool kernel_cumulative(CxOpcode op, const CxView *in, int axis, bool reverse, const CxView *out) {
  CxDtype d = in->dtype;
  int64_t outer = 1, inner = 1, n = in->dims[axis];
  for (int i = 0; i < axis; i++) outer *= in->dims[i];
  for (int i = axis + 1; i < in->rank; i++) inner *= in->dims[i];
  if (outer * inner * n == 0) return true;
  ScanFn fn = scan_find(op, d);
  CxDtype compute = fn ? d : dtype_narrow(d) ? CX_F32 : d == CX_I2 || d == CX_I4 ? CX_I8 : CX_U8;
  if (!fn && !dtype_narrow(d) && !dtype_nibble(d))
    return cx_fail(CX_ERR_NOT_IMPLEMENTED, "this cumulative op is not defined for elements of dtype %s; convert them first",
                   cx_dtype_name(d));
  if (!fn || !view_dense(in)) return scan_copied(op, in, axis, reverse, out, compute);
  scan_all(fn, in->data, out->data, outer, n, inner, reverse, cx_dtype_bytes(d));
  return true;
}
