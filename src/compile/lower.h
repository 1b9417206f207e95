/* From a graph to steps: clusters of fused equations as loop programs, and equations that run by their own kernels. */
#ifndef COMPILE_LOWER_H
#define COMPILE_LOWER_H

#include "compile/loop.h"
#include "ir/graph.h"

typedef enum StepKind {
  STEP_LOOPS, /* a native function */
  STEP_CALL,  /* the equation's reference execution */
  STEP_ALIAS  /* a variable that is another one's memory under another type */
} StepKind;

typedef struct LoweredStep {
  StepKind kind;
  uint32_t eqn;        /* CALL */
  CxVar var, of;       /* ALIAS */
  LoopProgram *loops;  /* LOOPS */
} LoweredStep;

typedef struct Lowered {
  VEC(LoweredStep) steps;
  uint32_t fused, called; /* equations */
} Lowered;

/* Can an equation's elements be computed in a loop? (compile/select.c knows the ops and dtypes) */
bool lower_can_fuse(const CxGraph *g, const CxEqn *e);
bool lower_dtype(CxDtype d); /* may its elements be loaded and stored? */

bool lower_graph(const CxGraph *g, Lowered *out); /* false with an error; free in any case */
void lowered_free(Lowered *l);

#endif
