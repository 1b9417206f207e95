/* Functions with derivative rules of their own, and rematerialisation. */
#ifndef CUIRAX_CUSTOM_H
#define CUIRAX_CUSTOM_H

#include <cuirax/transform.h>

/* fun(in…); jvp takes the operands, then one tangent per operand (zeros are made, or with symbolic_zeros passed as NULL), and gives the
 * results, then their tangents (NULL: zero). */
bool cx_custom_jvp(CxFn *fun, CxFn *jvp, bool symbolic_zeros, const CxVal *in, uint32_t nin, CxVals *out);

/* fwd(in…) gives the results (it sets how many with cx_fn_first), then residuals; bwd takes the residuals and one cotangent per result and gives
 * one cotangent per operand (NULL: zero). With symbolic_zeros fwd takes the operands again after them, NULL for those that are not differentiated,
 * and bwd sees zero cotangents as NULL. */
bool cx_custom_vjp(CxFn *fun, CxFn *fwd, CxFn *bwd, bool symbolic_zeros, const CxVal *in, uint32_t nin, CxVals *out);
void cx_fn_first(CxFn *f, uint32_t n);

/* What the backward pass may keep of a checkpointed function instead of computing it again. */
typedef enum CxRematPolicy {
  CX_REMAT_NOTHING,             /* recompute everything */
  CX_REMAT_EVERYTHING,          /* keep everything */
  CX_REMAT_DOTS,                /* keep results of dot_general and convolutions */
  CX_REMAT_DOTS_NO_BATCH,       /* keep results of dot_general without batch dimensions */
  CX_REMAT_ONLY_NAMES,          /* keep values named by checkpoint_name */
  CX_REMAT_EXCEPT_NAMES,        /* keep everything but them */
  CX_REMAT_NAMED_EXCEPT_NAMES,  /* keep other named values */
  CX_REMAT_NOTHING_SAVEABLE,    /* as CX_REMAT_NOTHING, but printed as the policy of this name */
  CX_REMAT_BY_FUNCTION,         /* what a function of the host says of each equation */
} CxRematPolicy;
/* keep: the function of CX_REMAT_BY_FUNCTION, else NULL. */
bool cx_checkpoint(CxGraph *g, CxRematPolicy policy, const char *const *names, int n_names, CxFn *keep, bool prevent_cse, const CxVal *in, uint32_t nin, CxVals *out);

#endif
