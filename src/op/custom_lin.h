/* custom_lin: the linear function that reverse mode makes of a custom_vjp call. Only its transpose can be run. */
#ifndef OP_CUSTOM_LIN_H
#define OP_CUSTOM_LIN_H

#include "ir/op.h"

/* Operands: num_res residuals, then the tangents of the inputs i with !in_zeros[i]. bwd takes the residuals and one cotangent per result
 * (zeros are made unless symbolic_zeros, which passes NULL) and gives one cotangent per input, zero ones (NULL is allowed) included. */
typedef struct CxCustomLinAttrs {
  CxFn *bwd;
  CxInts in_zeros; /* 0 or 1 per input */
  int64_t num_res;
  CxTypes out_avals;
  bool symbolic_zeros;
} CxCustomLinAttrs;

#endif
