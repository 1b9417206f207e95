/* Calling a closed graph as one operation. */
#ifndef OP_CALL_H
#define OP_CALL_H

#include "ir/graph.h"

/* The jit op: name is printed; the graph's operands and results are the op's. */
typedef struct CxJitAttrs {
  const char *name;
  CxGraph *jaxpr;
  bool inline_; /* printed only when true */
} CxJitAttrs;

#endif
