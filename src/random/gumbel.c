/* Gumbel floats, and what is drawn with their help. */
#include "random/sample.h"

#include "base/error.h"

CxVal random_gumbels(CxVal key, CxInts shape, CxDtype d, const char *mode) {
  CxVal lowest = cx_scalar(d, random_float_info(d).tiny);
  if (mode && strcmp(mode, "low")) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "gumbel: only mode='low' is there, got '%s'", mode), NULL;
  return cx_neg(cx_log(cx_neg(cx_log(random_between(key, shape, d, lowest, cx_scalar(d, 1))))));
}
