/* See scalar.h. Independent of the locale. */
#include "ir/scalar.h"

#include "base/alloc.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- floats narrower than 32 bits ---- */

typedef struct FloatFormat {
  CxDtype dtype;
  int exponent, mantissa, bias;
  char special; /* i: inf and NaN as IEEE; n: only all ones is NaN; z: only minus zero is NaN; f: none */
} FloatFormat;

static const FloatFormat float_formats[] = {
    {CX_F4E2M1FN, 2, 1, 1, 'f'},  {CX_F8E3M4, 3, 4, 3, 'i'},      {CX_F8E4M3, 4, 3, 7, 'i'},   {CX_F8E4M3B11FNUZ, 4, 3, 11, 'z'},
    {CX_F8E4M3FN, 4, 3, 7, 'n'},  {CX_F8E4M3FNUZ, 4, 3, 8, 'z'},  {CX_F8E5M2, 5, 2, 15, 'i'},  {CX_F8E5M2FNUZ, 5, 2, 16, 'z'},
    {CX_F16, 5, 10, 15, 'i'},     {CX_BF16, 8, 7, 127, 'i'},
};

static double narrow_to_double(const FloatFormat *f, unsigned bits) {
  unsigned ones = (1u << f->exponent) - 1, low = (1u << f->mantissa) - 1;
  unsigned e = bits >> f->mantissa & ones, m = bits & low;
  bool minus = bits >> (f->exponent + f->mantissa) & 1;
  double v = e ? ldexp(1 + ldexp(m, -f->mantissa), (int)e - f->bias) : ldexp(m, 1 - f->bias - f->mantissa);
  if (f->special == 'i' && e == ones) v = m ? NAN : INFINITY;
  if (f->special == 'n' && e == ones && m == low) v = NAN;
  if (f->special == 'z' && minus && !e && !m) return NAN;
  return minus ? -v : v;
}

double scalar_to_double(CxDtype dtype, const void *element) {
  if (dtype == CX_F64) return *(const double *)element;
  if (dtype == CX_F32) return *(const float *)element;
  uint16_t two = 0;
  memcpy(&two, element, (size_t)cx_dtype_bytes(dtype) <= 2 ? (size_t)cx_dtype_bytes(dtype) : 2);
  if (dtype == CX_F8E8M0FNU) return (two & 255) == 255 ? NAN : ldexp(1, (int)(two & 255) - 127);
  for (size_t i = 0; i < sizeof float_formats / sizeof *float_formats; i++)
    if (float_formats[i].dtype == dtype) return narrow_to_double(&float_formats[i], two);
  return NAN;
}

/* ---- decimals ---- */

/* The fewest significant digits that read back as d (> 0, finite), and the decimal exponent of the first. */
static int shortest_digits(double d, char *digits, int *exponent) {
  char text[40];
  for (int n = 1; n <= 17; n++) {
    snprintf(text, sizeof text, "%.*e", n - 1, d);
    if (n < 17 && strtod(text, NULL) != d) continue;
    char *e = strchr(text, 'e');
    int count = 0;
    for (const char *p = text; p < e; p++)
      if (*p >= '0' && *p <= '9') digits[count++] = *p;
    *exponent = atoi(e + 1);
    return count;
  }
  return 0;
}

static void add_finite(CxText *t, double d, bool point) {
  char digits[24];
  int e = 0, n = d == 0 ? (digits[0] = '0', 1) : shortest_digits(d, digits, &e);
  if (e < -4 || e >= 16) {
    text_add_n(t, digits, 1);
    if (n > 1) text_add(t, "."), text_add_n(t, digits + 1, (size_t)n - 1);
    text_addf(t, "e%c%02d", e < 0 ? '-' : '+', abs(e));
    return;
  }
  if (e < 0) {
    text_add(t, "0.");
    for (int i = -1; i > e; i--) text_add(t, "0");
    text_add_n(t, digits, (size_t)n);
    return;
  }
  for (int i = 0; i <= e; i++) text_add_n(t, i < n ? digits + i : "0", 1);
  if (n > e + 1) text_add(t, "."), text_add_n(t, digits + e + 1, (size_t)(n - e - 1));
  else if (point) text_add(t, ".0");
}

static void add_float(CxText *t, double d, bool point) {
  if (isnan(d)) {
    text_add(t, "nan");
    return;
  }
  if (signbit(d)) text_add(t, "-");
  if (isinf(d)) text_add(t, "inf");
  else add_finite(t, fabs(d), point);
}

void text_add_double(CxText *t, double d) { add_float(t, d, true); }

static void add_complex(CxText *t, double re, double im) {
  if (re == 0 && !signbit(re)) {
    add_float(t, im, false);
    text_add(t, "j");
    return;
  }
  text_add(t, "(");
  add_float(t, re, false);
  if (isnan(im) || !signbit(im)) text_add(t, "+");
  add_float(t, im, false);
  text_add(t, "j)");
}

static int64_t scalar_int(CxDtype dtype, const void *p) {
  switch (cx_dtype_bytes(dtype)) {
    case 1: return *(const int8_t *)p;
    case 2: return *(const int16_t *)p;
    case 4: return *(const int32_t *)p;
    default: return *(const int64_t *)p;
  }
}

static uint64_t scalar_uint(CxDtype dtype, const void *p) {
  uint64_t mask = cx_dtype_bytes(dtype) == 8 ? UINT64_MAX : ((uint64_t)1 << (8 * cx_dtype_bytes(dtype))) - 1;
  return (uint64_t)scalar_int(dtype, p) & mask;
}

static void add_words(CxText *t, const uint32_t *words, int n) { /* a random key */
  text_add(t, "[");
  for (int i = 0; i < n; i++) text_addf(t, "%s%" PRIu32, i ? " " : "", words[i]);
  text_add(t, "]");
}

void text_add_scalar(CxText *t, CxDtype dtype, const void *element) {
  switch (cx_dtype_kind(dtype)) {
    case 'b': text_add(t, *(const char *)element ? "True" : "False"); return;
    case 'i': text_addf(t, "%" PRId64, scalar_int(dtype, element)); return;
    case 'u': text_addf(t, "%" PRIu64, scalar_uint(dtype, element)); return;
    case 'f': add_float(t, scalar_to_double(dtype, element), true); return;
    case 'c': {
      const float *f = element;
      const double *d = element;
      if (dtype == CX_C64) add_complex(t, f[0], f[1]);
      else add_complex(t, d[0], d[1]);
      return;
    }
    case 'k': add_words(t, element, cx_dtype_bytes(dtype) / 4); return;
    default: text_add(t, "(b'',)");
  }
}
