/* A linear function as partial evaluation left it: a graph over tangent variables whose captured values are the residuals. */
#ifndef XFORM_LINEAR_H
#define XFORM_LINEAR_H

#include "trace/fn.h"
#include <cuirax/transform.h>

typedef struct CxLinearOut {
  const CxType *type; /* of the primal result */
  CxVar var;          /* 0: the derivative is zero */
} CxLinearOut;

struct CxLinear {
  CxRef ref;
  CxTrace *trace; /* the dead linear trace: graph and captured values */
  uint32_t nin, nout;
  CxVar *in; /* per operand: its tangent's variable, or 0 */
  CxLinearOut *out;
};

#endif
