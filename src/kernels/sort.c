/* See sort.h. Every key becomes an unsigned integer with the same order, of 32 or 64 bits; complex keys become two. Keys are
 * sorted from the last to the first with the permutation carried along, then the operands are gathered. A lone operand whose
 * bits the key preserves is sorted without a permutation. */
#include "kernels/sort.h"
#include "base/alloc.h"
#include "base/large.h"
#include "kernels/convert.h"
#include "kernels/cursor.h"
#include "kernels/float_order.h"
#include "kernels/sort_quick.h"
#include "runtime/pool.h"
#include <cuirax/error.h>
#include <string.h>

enum { INSERTION_MOST = 40, WIDE_DIGITS_FROM = 3000, DIGIT_MOST = 11, PASSES_MOST = 8 };

typedef struct Pair32 { /* what is sorted when places matter */
  uint32_t key, place;
} Pair32;
typedef struct Pair64 {
  uint64_t key, place;
} Pair64;

/* ---- stable sorts of T by KEY(x), an unsigned integer of BITS bits; the result is in a or in b ---- */

#define KEY_SELF(x) (x)
#define KEY_FIELD(x) ((x).key)

#define RADIX_SORT(NAME, T, K, KEY, BITS)                                                           \
  static void insertion_##NAME(T *a, size_t n) {                                                    \
    for (size_t i = 1; i < n; i++) {                                                                \
      T x = a[i];                                                                                   \
      size_t j = i;                                                                                 \
      for (; j > 0 && KEY(a[j - 1]) > KEY(x); j--) a[j] = a[j - 1];                                 \
      a[j] = x;                                                                                     \
    }                                                                                               \
  }                                                                                                 \
  static bool ordered_##NAME(const T *a, size_t n) {                                                \
    for (size_t i = 1; i < n; i++)                                                                  \
      if (KEY(a[i - 1]) > KEY(a[i])) return false;                                                  \
    return true;                                                                                    \
  }                                                                                                 \
  static void scatter_##NAME(const T *a, T *b, size_t n, uint32_t *start, int shift, K mask) {      \
    for (size_t i = 0; i < n; i++) b[start[KEY(a[i]) >> shift & mask]++] = a[i];                    \
  }                                                                                                 \
  static T *sort_##NAME(T *a, T *b, size_t n) {                                                     \
    if (n <= INSERTION_MOST) {                                                                      \
      insertion_##NAME(a, n);                                                                       \
      return a;                                                                                     \
    }                                                                                               \
    if (ordered_##NAME(a, n)) return a;                                                             \
    int digit = n >= WIDE_DIGITS_FROM ? DIGIT_MOST : 8, passes = (BITS + digit - 1) / digit;        \
    K mask = (K)(((K)1 << digit) - 1);                                                              \
    uint32_t count[PASSES_MOST << 8 > 6 << DIGIT_MOST ? PASSES_MOST << 8 : 6 << DIGIT_MOST];        \
    memset(count, 0, ((size_t)passes << digit) * sizeof *count);                                    \
    for (size_t i = 0; i < n; i++) {                                                                \
      K key = KEY(a[i]);                                                                            \
      for (int p = 0; p < passes; p++) count[((size_t)p << digit) + (key >> (p * digit) & mask)]++; \
    }                                                                                               \
    for (int p = 0; p < passes; p++) {                                                              \
      uint32_t *c = count + ((size_t)p << digit), before = 0;                                       \
      if (c[KEY(a[0]) >> (p * digit) & mask] == n) continue;                                        \
      for (size_t i = 0; i <= mask; i++) {                                                          \
        uint32_t here = c[i];                                                                       \
        c[i] = before;                                                                              \
        before += here;                                                                             \
      }                                                                                             \
      scatter_##NAME(a, b, n, c, p * digit, mask);                                                  \
      T *t = a;                                                                                     \
      a = b;                                                                                        \
      b = t;                                                                                        \
    }                                                                                               \
    return a;                                                                                       \
  }
RADIX_SORT(plain32, uint32_t, uint32_t, KEY_SELF, 32)
RADIX_SORT(plain64, uint64_t, uint64_t, KEY_SELF, 64)
RADIX_SORT(pair32, Pair32, uint32_t, KEY_FIELD, 32)
RADIX_SORT(pair64, Pair64, uint64_t, KEY_FIELD, 64)

/* ---- keys ---- */

static uint32_t float_key(float x) {
  uint32_t u = x == 0 ? 0 : x != x ? 0x7fc00000u : bits_F32(x);
  return u >> 31 ? ~u : u | 0x80000000u;
}

static uint64_t double_key(double x) {
  uint64_t u = x == 0 ? 0 : x != x ? UINT64_C(0x7ff8) << 48 : bits_F64(x);
  return u >> 63 ? ~u : u | UINT64_C(1) << 63;
}

static bool key_wide(CxDtype d) { return d == CX_I64 || d == CX_U64 || d == CX_F64 || d == CX_C128; }

typedef struct Line { /* elements `stride` apart */
  const char *at;
  ptrdiff_t stride;
} Line;

#define AT(T, i) (*(const T *)(const void *)(line.at + (i) * line.stride))

/* Key i of a dtype with 32-bit keys; part 1 is the imaginary one. */
static uint32_t key32(CxDtype d, Line line, ptrdiff_t i, int part) {
  switch (d) {
    case CX_I2: case CX_I4: case CX_I8: return (uint32_t)(AT(int8_t, i) + 128);
    case CX_I16: return (uint32_t)(AT(int16_t, i) + 32768);
    case CX_I32: return AT(uint32_t, i) ^ 0x80000000u;
    case CX_U16: return AT(uint16_t, i);
    case CX_U32: return AT(uint32_t, i);
    case CX_F32: return float_key(AT(float, i));
    case CX_C64: return float_key((&AT(float, i))[part]);
    case CX_F16: return float_key(cx_half_to_float(AT(uint16_t, i)));
    case CX_BF16: return float_key(cx_bfloat_to_float(AT(uint16_t, i)));
    default: break;
  }
  if (!dtype_narrow(d)) return AT(uint8_t, i);
  float f;
  narrow_to_float(d, 1, line.at + i * line.stride, &f);
  return float_key(f);
}

static uint64_t key64(CxDtype d, Line line, ptrdiff_t i, int part) {
  switch (d) {
    case CX_I64: return AT(uint64_t, i) ^ UINT64_C(1) << 63;
    case CX_U64: return AT(uint64_t, i);
    case CX_F64: return double_key(AT(double, i));
    default: return double_key((&AT(double, i))[part]);
  }
}

/* ---- one operand, no permutation ---- */

enum { QUICK_LEAST = 16 }; /* fewer are inserted one by one */
static uint32_t *sort_u32(uint32_t *a, uint32_t *b, size_t n) {
  return n >= QUICK_LEAST && !ordered_plain32(a, n) && quick_sort_u32(a, b, n) ? a : sort_plain32(a, b, n);
}
static uint64_t *sort_u64(uint64_t *a, uint64_t *b, size_t n) {
  return n >= QUICK_LEAST && !ordered_plain64(a, n) && quick_sort_u64(a, b, n) ? a : sort_plain64(a, b, n);
}

#define PLAIN_LINE(NAME, T, SORT, U, TO, FROM)                                        \
  static void NAME(char *data, ptrdiff_t stride, size_t n, void *scratch) {           \
    U *a = scratch, *b = a + n;                                                       \
    for (size_t i = 0; i < n && stride == sizeof(T); i++) a[i] = TO(((const T *)(const void *)data)[i]); \
    for (size_t i = 0; i < n && stride != sizeof(T); i++) {                           \
      T x;                                                                            \
      memcpy(&x, data + (ptrdiff_t)i * stride, sizeof x);                             \
      a[i] = TO(x);                                                                   \
    }                                                                                 \
    a = SORT(a, b, n);                                                                \
    for (size_t i = 0; i < n && stride == sizeof(T); i++) ((T *)(void *)data)[i] = FROM(a[i]); \
    for (size_t i = 0; i < n && stride != sizeof(T); i++) {                           \
      T x = FROM(a[i]);                                                               \
      memcpy(data + (ptrdiff_t)i * stride, &x, sizeof x);                             \
    }                                                                                 \
  }
#define FLIP32(x) ((x) ^ 0x80000000u)
#define FLIP64(x) ((x) ^ UINT64_C(1) << 63)
#define SAME(x) (x)
#define FLOAT_TO_KEY(u) ((u) >> 31 ? ~(u) : (u) | 0x80000000u)
#define KEY_TO_FLOAT(u) ((u) >> 31 ? (u) & 0x7fffffffu : ~(u))
#define DOUBLE_TO_KEY(u) ((u) >> 63 ? ~(u) : (u) | UINT64_C(1) << 63)
#define KEY_TO_DOUBLE(u) ((u) >> 63 ? (u) & (UINT64_MAX >> 1) : ~(u))
PLAIN_LINE(line_i32, uint32_t, sort_u32, uint32_t, FLIP32, FLIP32)
PLAIN_LINE(line_u32, uint32_t, sort_u32, uint32_t, SAME, SAME)
PLAIN_LINE(line_f32, uint32_t, sort_u32, uint32_t, FLOAT_TO_KEY, KEY_TO_FLOAT)
PLAIN_LINE(line_i64, uint64_t, sort_u64, uint64_t, FLIP64, FLIP64)
PLAIN_LINE(line_u64, uint64_t, sort_u64, uint64_t, SAME, SAME)
PLAIN_LINE(line_f64, uint64_t, sort_u64, uint64_t, DOUBLE_TO_KEY, KEY_TO_DOUBLE)

/* Would sorting by all bits differ from sorting by key? It would for -0 and for NaNs of more than one kind. */
#define PLAIN_FLOATS(NAME, U, ZERO, INF, NAN_BITS)                          \
  static bool NAME(const char *data, ptrdiff_t stride, size_t n) {          \
    U odd = 0;                                                              \
    for (size_t i = 0; i < n; i++) {                                        \
      U u;                                                                  \
      memcpy(&u, data + (ptrdiff_t)i * stride, sizeof u);                   \
      odd |= (U)((u == ZERO) | (((u & (U) ~ZERO) > INF) & (u != NAN_BITS))); \
    }                                                                       \
    return odd == 0;                                                        \
  }
PLAIN_FLOATS(plain_floats, uint32_t, 0x80000000u, 0x7f800000u, 0x7fc00000u)
PLAIN_FLOATS(plain_doubles, uint64_t, (UINT64_C(1) << 63), (UINT64_C(0x7ff) << 52), (UINT64_C(0x7ff8) << 48))

/* Bytes: counted. */
static void line_bytes(char *data, ptrdiff_t stride, size_t n, int flip) {
  size_t count[256] = {0}, at = 0;
  for (size_t i = 0; i < n; i++) count[(uint8_t)(data[(ptrdiff_t)i * stride] ^ flip)]++;
  for (int v = 0; v < 256; v++)
    for (size_t c = count[v]; c > 0; c--) data[(ptrdiff_t)at++ * stride] = (char)(v ^ flip);
}

/* True when the line was sorted. */
static bool sort_plain_line(CxDtype d, char *data, ptrdiff_t stride, size_t n, void *scratch) {
  switch (d) {
    case CX_I32: line_i32(data, stride, n, scratch); return true;
    case CX_U32: line_u32(data, stride, n, scratch); return true;
    case CX_I64: line_i64(data, stride, n, scratch); return true;
    case CX_U64: line_u64(data, stride, n, scratch); return true;
    case CX_BOOL: case CX_U8: case CX_U2: case CX_U4: line_bytes(data, stride, n, 0); return true;
    case CX_I8: case CX_I2: case CX_I4: line_bytes(data, stride, n, 0x80); return true;
    case CX_F32:
      if (!plain_floats(data, stride, n)) return false;
      line_f32(data, stride, n, scratch);
      return true;
    case CX_F64:
      if (!plain_doubles(data, stride, n)) return false;
      line_f64(data, stride, n, scratch);
      return true;
    default: return false;
  }
}

/* ---- with a permutation ---- */

/* A key above its place is a number no other is equal to: such numbers need no stable sort. False: not done. */
static bool quick_places(CxDtype d, Line line, int part, size_t n, uint32_t *places, uint64_t *scratch) {
  uint64_t *a = scratch, *b = a + n;
  if (n < QUICK_LEAST) return false;
  if (d == CX_F32 && line.stride == sizeof(float))
    for (size_t i = 0; i < n; i++) a[i] = (uint64_t)float_key(((const float *)(const void *)line.at)[i]) << 32 | i;
  else
    for (size_t i = 0; i < n; i++) a[i] = (uint64_t)key32(d, line, (ptrdiff_t)i, part) << 32 | i;
  if (!ordered_plain64(a, n) && !quick_sort_u64(a, b, n)) return false;
  for (size_t i = 0; i < n; i++) places[i] = (uint32_t)a[i];
  return true;
}

/* Sorts the places of a line by one key more; `places` holds the order so far, or is NULL for the natural one. */
static void places_by_key(CxDtype d, Line line, int part, size_t n, bool first, uint32_t *places, void *scratch) {
  if (key_wide(d)) {
    Pair64 *a = scratch, *b = a + n;
    for (size_t i = 0; i < n; i++) {
      uint32_t place = first ? (uint32_t)i : places[i];
      a[i] = (Pair64){key64(d, line, place, part), place};
    }
    a = sort_pair64(a, b, n);
    for (size_t i = 0; i < n; i++) places[i] = (uint32_t)a[i].place;
  } else if (first && quick_places(d, line, part, n, places, scratch)) {
    return;
  } else {
    Pair32 *a = scratch, *b = a + n;
    for (size_t i = 0; i < n; i++) {
      uint32_t place = first ? (uint32_t)i : places[i];
      a[i] = (Pair32){key32(d, line, place, part), place};
    }
    a = sort_pair32(a, b, n);
    for (size_t i = 0; i < n; i++) places[i] = a[i].place;
  }
}

/* Does the line count 0, 1, 2, …? Then the places are what it becomes. */
static bool line_counts(const char *data, ptrdiff_t stride, CxDtype d, size_t n) {
  uint32_t odd = 0;
  if ((d != CX_I32 && d != CX_U32) || stride != sizeof(uint32_t)) return false;
  for (size_t i = 0; i < n; i++) odd |= ((const uint32_t *)(const void *)data)[i] ^ (uint32_t)i;
  return odd == 0;
}

/* data[i] = data[places[i]] */
static void line_permute(char *data, ptrdiff_t stride, CxDtype d, size_t n, const uint32_t *places, char *scratch) {
  int size = cx_dtype_bytes(d);
  if (line_counts(data, stride, d, n)) {
    memcpy(data, places, n * sizeof *places);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    const char *from = data + (ptrdiff_t)places[i] * stride;
    switch (size) {
      case 1: scratch[i] = *from; break;
      case 2: memcpy(scratch + 2 * i, from, 2); break;
      case 4: memcpy(scratch + 4 * i, from, 4); break;
      case 8: memcpy(scratch + 8 * i, from, 8); break;
      default: memcpy(scratch + (size_t)size * i, from, (size_t)size); break;
    }
  }
  if (stride == size) {
    memcpy(data, scratch, n * (size_t)size);
    return;
  }
  for (size_t i = 0; i < n; i++) memcpy(data + (ptrdiff_t)i * stride, scratch + i * (size_t)size, (size_t)size);
}

typedef struct Lines { /* [outer, n, inner] */
  int64_t outer, n, inner;
} Lines;

static Lines view_lines(const CxView *v, int axis) {
  Lines l = {1, v->dims[axis], 1};
  for (int i = 0; i < axis; i++) l.outer *= v->dims[i];
  for (int i = axis + 1; i < v->rank; i++) l.inner *= v->dims[i];
  return l;
}

static void sort_line(const CxView *out, int operands, int num_keys, int64_t offset, Lines l, uint32_t *places, void *scratch) {
  size_t n = (size_t)l.n;
  int size = cx_dtype_bytes(out[0].dtype);
  char *data = (char *)out[0].data + offset * size;
  if (operands == 1 && sort_plain_line(out[0].dtype, data, l.inner * size, n, scratch)) return;
  bool first = true;
  for (int k = num_keys - 1; k >= 0; k--) {
    CxDtype d = out[k].dtype;
    Line line = {(const char *)out[k].data + offset * cx_dtype_bytes(d), l.inner * cx_dtype_bytes(d)};
    for (int part = d == CX_C64 || d == CX_C128 ? 1 : 0; part >= 0; part--, first = false)
      places_by_key(d, line, part, n, first, places, scratch);
  }
  for (int k = 0; k < operands; k++) {
    size = cx_dtype_bytes(out[k].dtype);
    line_permute((char *)out[k].data + offset * size, l.inner * size, out[k].dtype, n, places, scratch);
  }
}

enum { LINES_GRAIN = 1 << 13 }; /* elements worth a thread */
typedef struct LinesCall {
  const CxView *out;
  int operands, num_keys;
  Lines lines;
} LinesCall;

static bool sort_lines(void *env, int64_t begin, int64_t end) {
  const LinesCall *c = env;
  Lines l = c->lines;
  size_t n = (size_t)l.n, item = c->operands == 1 && !key_wide(c->out[0].dtype) ? sizeof(Pair32) : sizeof(Pair64);
  size_t pairs = (2 * n + QUICK_PAD) * item, widest = 16 * n; /* a permuted line of the widest elements needs as much */
  if (pairs < widest) pairs = widest;
  char *scratch = large_new(pairs + n * sizeof(uint32_t));
  if (!scratch) return false;
  uint32_t *places = (uint32_t *)(void *)(scratch + pairs);
  for (int64_t i = begin; i < end; i++)
    sort_line(c->out, c->operands, c->num_keys, i / l.inner * l.n * l.inner + i % l.inner, l, places, scratch);
  large_free(scratch);
  return true;
}

static bool sortable(CxDtype d) { return d >= CX_BOOL && d <= CX_C128; }

bool kernel_sort(const CxView *in, int n, int axis, int num_keys, const CxView *out) {
  for (int k = 0; k < n; k++) {
    if (k < num_keys && !sortable(in[k].dtype))
      return cx_fail(CX_ERR_TYPE, "cannot sort by elements of dtype %s", cx_dtype_name(in[k].dtype));
    if (in[k].data != out[k].data && !kernel_convert(&in[k], &out[k])) return false;
  }
  Lines l = view_lines(&in[0], axis);
  if (l.n < 2 || l.outer * l.inner == 0) return true;
  if (l.n > UINT32_MAX) return cx_fail(CX_ERR_VALUE, "cannot sort more than %u elements along an axis", UINT32_MAX);
  LinesCall call = {out, n, num_keys, l};
  return pool_for(l.outer * l.inner, LINES_GRAIN / l.n + 1, sort_lines, &call);
}

/* ---- top_k ---- */

enum { TOP_BY_INSERTION = 64 };

/* Larger for larger elements in IEEE total order with every NaN on top: by which XLA ranks. */
static uint64_t rank_of(CxDtype d, Line line, ptrdiff_t i) {
  if (d == CX_F32 || d == CX_F16 || d == CX_BF16 || dtype_narrow(d)) {
    float f;
    if (d == CX_F32) f = AT(float, i);
    else narrow_to_float(d, 1, line.at + i * line.stride, &f);
    uint32_t u = f != f ? 0x7fc00000u : bits_F32(f);
    return u >> 31 ? (uint32_t)~u : u | 0x80000000u;
  }
  if (d == CX_F64) {
    double f = AT(double, i);
    uint64_t u = f != f ? UINT64_C(0x7ff8) << 48 : bits_F64(f);
    return u >> 63 ? ~u : u | UINT64_C(1) << 63;
  }
  return key_wide(d) ? key64(d, line, i, 0) : key32(d, line, i, 0);
}

/* Elements of a dense line from i on that are surely no better than `least`: whole strips, tested side by side. */
enum { TOP_STRIP = 64 };
#define TOP_SKIP(NAME, T, KEY)                                            \
  static size_t NAME(const char *data, size_t i, size_t n, uint64_t least) { \
    const T *x = (const T *)(const void *)data;                           \
    for (; i + TOP_STRIP <= n; i += TOP_STRIP) {                          \
      uint32_t better = 0, bound = (uint32_t)least;                       \
      for (int j = 0; j < TOP_STRIP; j++) {                               \
        uint32_t u = (uint32_t)x[i + (size_t)j];                          \
        better |= (KEY) > bound ? 1u : 0u;                                \
      }                                                                   \
      if (better) break;                                                  \
    }                                                                     \
    return i;                                                             \
  }
#define RANK_OF_FLOAT ((u & 0x7fffffffu) > 0x7f800000u ? 0xffc00000u : u >> 31 ? ~u : u | 0x80000000u)
TOP_SKIP(top_skip_f32, uint32_t, RANK_OF_FLOAT)
TOP_SKIP(top_skip_i32, uint32_t, u ^ 0x80000000u)
TOP_SKIP(top_skip_u32, uint32_t, u)

static size_t top_skip(CxDtype d, Line line, size_t i, size_t n, uint64_t least) {
  if (line.stride != 4) return i;
  if (d == CX_F32) return top_skip_f32(line.at, i, n, least);
  if (d == CX_I32) return top_skip_i32(line.at, i, n, least);
  return d == CX_U32 ? top_skip_u32(line.at, i, n, least) : i;
}

/* best[0..k): the k best in order, kept sorted while the line goes by. */
static void top_insert(CxDtype d, Line line, size_t n, size_t k, Pair64 *best) {
  size_t held = 0;
  for (size_t i = 0; i < n; i++) {
    if (held == k && i % TOP_STRIP == 0 && (i = top_skip(d, line, i, n, best[k - 1].key)) == n) break;
    uint64_t key = rank_of(d, line, (ptrdiff_t)i);
    if (held == k && key <= best[k - 1].key) continue;
    size_t j = held < k ? held++ : k - 1;
    for (; j > 0 && best[j - 1].key < key; j--) best[j] = best[j - 1];
    best[j] = (Pair64){key, i};
  }
}

static Pair64 *top_sort(CxDtype d, Line line, size_t n, Pair64 *a) {
  for (size_t i = 0; i < n; i++) a[i] = (Pair64){~rank_of(d, line, (ptrdiff_t)i), i};
  return sort_pair64(a, a + n, n);
}

typedef struct Top { /* where the results of a line go */
  char *values, *indices;
  ptrdiff_t value_stride, index_stride;
} Top;

static void top_line(const CxView *in, Line line, size_t n, size_t k, Pair64 *scratch, Top to, CxDtype index) {
  Pair64 *best = scratch;
  size_t size = (size_t)cx_dtype_bytes(in->dtype);
  if (k <= TOP_BY_INSERTION && k < n) top_insert(in->dtype, line, n, k, best);
  else best = top_sort(in->dtype, line, n, scratch);
  for (size_t i = 0; i < k; i++) {
    int64_t place = (int64_t)best[i].place;
    memcpy(to.values + (ptrdiff_t)i * to.value_stride, line.at + place * line.stride, size);
    convert_run(CX_I64, index, 1, &place, to.indices + (ptrdiff_t)i * to.index_stride);
  }
}

/* The operand is dense. */
static bool top_dense(const CxView *in, int64_t k, int axis, const CxView *values, const CxView *indices) {
  Lines l = view_lines(in, axis);
  if (l.n > UINT32_MAX) return cx_fail(CX_ERR_VALUE, "top_k takes at most %u elements along an axis", UINT32_MAX);
  ptrdiff_t size = cx_dtype_bytes(in->dtype), index_size = cx_dtype_bytes(indices->dtype);
  bool few = k <= TOP_BY_INSERTION && k < l.n;
  Pair64 *scratch = cx_malloc((few ? (size_t)k : 2 * (size_t)l.n) * sizeof *scratch);
  if (!scratch) return false;
  for (int64_t o = 0; o < l.outer; o++)
    for (int64_t i = 0; i < l.inner; i++) {
      Line line = {(const char *)in->data + (o * l.n * l.inner + i) * size, l.inner * size};
      int64_t at = o * k * l.inner + i;
      Top to = {(char *)values->data + at * size, (char *)indices->data + at * index_size, l.inner * size, l.inner * index_size};
      top_line(in, line, (size_t)l.n, (size_t)k, scratch, to, indices->dtype);
    }
  cx_free(scratch);
  return true;
}

bool kernel_top_k(const CxView *in, int axis, const CxView *values, const CxView *indices) {
  int64_t k = values->dims[axis];
  if (!sortable(in->dtype) || in->dtype == CX_C64 || in->dtype == CX_C128)
    return cx_fail(CX_ERR_TYPE, "top_k is not defined for elements of dtype %s", cx_dtype_name(in->dtype));
  if (view_count(values) == 0) return true;
  if (view_dense(in)) return top_dense(in, k, axis, values, indices);
  CxView dense = *in;
  size_t bytes;
  dense.strides = NULL;
  if (!size_mul((size_t)view_count(in), (size_t)cx_dtype_bytes(in->dtype), &bytes))
    return cx_fail(CX_ERR_MEMORY, "the operand of top_k is too large");
  dense.data = cx_malloc(bytes);
  bool ok = dense.data && kernel_convert(in, &dense) && top_dense(&dense, k, axis, values, indices);
  cx_free(dense.data);
  return ok;
}
