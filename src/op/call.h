/* Calling a closed graph as one operation. */
#ifndef OP_CALL_H
#define OP_CALL_H

#include "ir/graph.h"

/* The jit op: name is printed; the graph's operands and results are the op's. */
typedef struct CxJitAttrs {
  const char *name;
  CxGraph *jaxpr;
  bool inline_; /* printed only when true */
  /* checkpoint only */
  bool prevent_cse, differentiated;
  int32_t policy; /* CxRematPolicy */
  CxStrs names;   /* of the policies about names */
  CxFn *keep;     /* the policy CX_REMAT_BY_FUNCTION */
} CxJitAttrs;

/* The rules of calls, shared by jit, closed_call and checkpoint. */
uint32_t call_nout(uint32_t nin, const void *attrs);
CxTypeRule call_type;
CxExecRule call_exec;
CxJvpRule call_jvp;
CxTransposeRule call_transpose;
CxBatchRule call_batch;
CxPartialRule call_partial;
bool call_same(const CxApp *a, CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out, uint32_t nout); /* a's op on another graph */

#endif
