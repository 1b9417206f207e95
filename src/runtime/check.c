/* jax_debug_nans, jax_debug_infs: every result of every operation is looked at. */
#include "runtime/check.h"

#include "base/error.h"
#include "ir/node.h"
#include "runtime/execute.h"
#include <math.h>

static bool scan_values(const CxVal v, bool *nan, bool *inf) {
  *nan = *inf = false;
  CxDtype d = v->type->dtype;
  int64_t n = v->type->size;
  if (d == CX_F32 || d == CX_C64) {
    const float *p = (const float *)(const void *)v->array.data;
    for (int64_t i = 0; i < n * (d == CX_C64 ? 2 : 1); i++) *nan |= isnan(p[i]), *inf |= isinf(p[i]);
  } else if (d == CX_F64 || d == CX_C128) {
    const double *p = (const double *)(const void *)v->array.data;
    for (int64_t i = 0; i < n * (d == CX_C128 ? 2 : 1); i++) *nan |= isnan(p[i]), *inf |= isinf(p[i]);
  } else if (d == CX_F16 || d == CX_BF16) {
    const uint16_t *p = (const uint16_t *)(const void *)v->array.data;
    uint16_t exponent = d == CX_F16 ? 0x7c00 : 0x7f80;
    for (int64_t i = 0; i < n; i++) {
      uint16_t bits = p[i] & 0x7fff;
      *nan |= bits > exponent;
      *inf |= bits == exponent;
    }
  }
  return *nan || *inf;
}

bool check_result(const char *op, CxVal v, bool nans, bool infs) {
  bool nan, inf;
  if (!v || v->trace || !scan_values(v, &nan, &inf)) return true;
  if (nan && nans) return cx_fail(CX_ERR_FLOATING_POINT, "invalid value (nan) encountered in %s", op);
  if (inf && infs) return cx_fail(CX_ERR_FLOATING_POINT, "invalid value (inf) encountered in %s", op);
  return true;
}
