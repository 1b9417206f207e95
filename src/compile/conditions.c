/* The conditions of rules, and the scalars that patterns name. */
#include "compile/simplify.h"

#include "kernels/convert.h"
#include <math.h>

/* ---- scalars of a dtype ---- */

static int64_t int_limit(CxDtype d, bool high) {
  int bits = cx_dtype_bits(d);
  if (cx_dtype_kind(d) == 'i') return high ? INT64_MAX >> (64 - bits) : INT64_MIN >> (64 - bits);
  return high ? (int64_t)(UINT64_MAX >> (64 - bits)) : 0;
}

static bool bits_from(const void *value, CxDtype from, CxDtype d, void *to) {
  CxView in = {(void *)(uintptr_t)value, from, 0, NULL, NULL}, out = {to, d, 0, NULL, NULL};
  return kernel_convert(&in, &out);
}

bool pattern_bits(char what, double number, CxDtype d, void *to) {
  char kind = cx_dtype_kind(d);
  if (what == 'n') return strchr("biufc", kind) && bits_from(&number, CX_F64, d, to);
  if (strchr("biu", kind)) {
    int64_t i = what == 'o' ? (kind == 'i' ? -1 : int_limit(d, true)) : int_limit(d, what == 'h');
    memcpy(to, &i, (size_t)cx_dtype_bytes(d)); /* little endian; narrow types keep their extension */
    return true;
  }
  double infinite = what == 'h' ? INFINITY : -INFINITY;
  return what != 'o' && (d == CX_F16 || d == CX_BF16 || d == CX_F32 || d == CX_F64) && bits_from(&infinite, CX_F64, d, to);
}

CxVal pattern_scalar(char what, double number, CxDtype d) {
  char bits[16];
  if (!pattern_bits(what, number, d, bits)) return NULL;
  CxVal v = node_array(cx_type_scalar(d, strchr("iufc", cx_dtype_kind(d)) != NULL));
  if (!v) return NULL;
  memcpy(v->array.data, bits, (size_t)cx_dtype_bytes(d));
  v->literal = true;
  return v;
}

static double const_double(const Match *m, int i) {
  CxVal s = m->r->vars[m->c[i]].splat;
  double d = 0;
  CxView in = node_view(s), out = {&d, CX_F64, 0, NULL, NULL};
  kernel_convert(&in, &out);
  return d;
}

static uint64_t const_bits(const Match *m, int i) {
  CxVal s = m->r->vars[m->c[i]].splat;
  uint64_t u = 0;
  memcpy(&u, s->array.data, (size_t)cx_dtype_bytes(s->type->dtype));
  int bits = cx_dtype_bits(s->type->dtype);
  return bits < 64 ? u & (((uint64_t)1 << bits) - 1) : u;
}

static CxDtype x_dtype(const Match *m) { return rewrite_type(m->r, m->x[0])->dtype; }

/* ---- conditions ---- */

bool condition_always(const Match *m) { return m != NULL; }

bool condition_power_of_two(const Match *m) {
  uint64_t c = const_bits(m, 0);
  return c && !(c & (c - 1));
}

/* c = ±2^k and 1/c is a number of the dtype: then x / c and x * (1/c) round the same real number */
bool condition_reciprocal_exact(const Match *m) {
  double c = const_double(m, 0), inverse = 1 / c, back = 0;
  int exponent;
  char bits[16];
  if (!isfinite(c) || c == 0 || !isfinite(inverse) || fabs(frexp(c, &exponent)) != 0.5) return false;
  CxDtype d = x_dtype(m);
  return bits_from(&inverse, CX_F64, d, bits) && bits_from(bits, d, CX_F64, &back) && back == inverse;
}

bool condition_shifts_in_width(const Match *m) {
  uint64_t width = (uint64_t)cx_dtype_bits(x_dtype(m)), c = const_bits(m, 0), d = const_bits(m, 1);
  return c < width && d < width && c + d < width && c + d <= (uint64_t)int_limit(x_dtype(m), true);
}

bool condition_which_bool(const Match *m) { return rewrite_type(m->r, m->x[3])->dtype == CX_BOOL; }

bool condition_same_type(const Match *m) { return rewrite_type(m->r, m->x[0]) == m->p->types[0]; }

static int mantissa(CxDtype d) { return d == CX_F16 ? 11 : d == CX_BF16 ? 8 : d == CX_F32 ? 24 : d == CX_F64 ? 53 : 0; }

/* Does every value of `from` exist in `to`? */
static bool lossless(CxDtype from, CxDtype to) {
  char f = cx_dtype_kind(from), t = cx_dtype_kind(to);
  int n = cx_dtype_bits(from), m = cx_dtype_bits(to);
  if (from == to || (from == CX_C64 && to == CX_C128)) return true;
  if (f == 'b') return strchr("iu", t) || mantissa(to);
  if (f == 'u') return (t == 'u' && n <= m) || (t == 'i' && n < m) || n <= mantissa(to);
  if (f == 'i') return (t == 'i' && n <= m) || n - 1 <= mantissa(to);
  return mantissa(from) && (to == CX_F64 || (to == CX_F32 && from != CX_F64));
}

static CxDtype converted(const Match *m, int i) { return ((const CxConvertAttrs *)m->op[i].attrs)->new_dtype; }

/* Numbers pass through unchanged. But an integer out of range wraps where a float out of range saturates. */
bool condition_through_wider(const Match *m) {
  CxDtype from = x_dtype(m), by = converted(m, 1), to = converted(m, 0);
  bool int_by_float = strchr("iu", cx_dtype_kind(from)) && !strchr("iu", cx_dtype_kind(by));
  return lossless(from, by) && !(int_by_float && strchr("iub", cx_dtype_kind(to)));
}

bool condition_through_wider_and_back(const Match *m) {
  CxDtype from = x_dtype(m), by = converted(m, 1);
  return converted(m, 0) == from && lossless(from, by);
}
