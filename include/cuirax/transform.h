/* Transformations of functions on flat lists of values: jvp, linearize, vjp, vmap, staging to graphs, jit. They nest to any depth.
 * A CxFn is counted: whoever creates one releases it with cx_fn_release. */
#ifndef CUIRAX_TRANSFORM_H
#define CUIRAX_TRANSFORM_H

#include <cuirax/graph.h>

typedef struct CxFn CxFn;
typedef struct CxLinear CxLinear;

/* A function of yours: call(env, in, nin, out) pushes its results with cx_vals_push and returns false on error. */
CxFn *cx_fn(const char *name, bool (*call)(void *env, const CxVal *in, uint32_t nin, CxVals *out), void *env, void (*drop)(void *env));
CxFn *cx_fn_retain(CxFn *f);
void cx_fn_release(CxFn *f);
bool cx_call(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out);

/* Forward mode: out = f(in), tout = the derivative of f at in applied to tangents (NULL = zero, in and out). */
bool cx_jvp(CxFn *f, const CxVal *in, const CxVal *tangents, uint32_t nin, CxVals *out, CxVals *tout);

/* out = f(in), and the derivative as a linear function of the operands with wrt[i] (NULL: all inexact ones). */
CxLinear *cx_linearize(CxFn *f, const CxVal *in, uint32_t nin, const bool *wrt, CxVals *out);
void cx_linear_release(CxLinear *l);
bool cx_linear_apply(CxLinear *l, const CxVal *tangents, CxVals *out);       /* one tangent per operand (NULL zero), one result per output */
bool cx_linear_transpose(CxLinear *l, const CxVal *cotangents, CxVals *out); /* one cotangent per output (NULL zero); NULL results are zero */

/* Value and gradient of a function whose first result is a real scalar. grads: one per operand with wrt[i], in order. */
bool cx_value_and_grad(CxFn *f, const CxVal *in, uint32_t nin, const bool *wrt, CxVals *out, CxVals *grads);

/* Maps f over axis in_axes[i] of each operand (-1: not mapped) and stacks results along out_axis (NULL: all 0). size -1: taken from the operands.
 * axis_name: for collectives, or NULL. */
bool cx_vmap(CxFn *f, const CxVal *in, const int *in_axes, uint32_t nin, int64_t size, const char *axis_name, CxVals *out, int *out_axes_found);

/* The graph of f at operands of these types. Outer traced values that f closes over become leading inputs, listed in captured. */
CxGraph *cx_stage(CxFn *f, const CxType *const *types, uint32_t n, CxVals *captured);
/* Calls a closed graph as one operation (jit): compiled or run at once on arrays, one equation while tracing. */
bool cx_call_graph(CxGraph *g, const char *name, const CxVal *in, uint32_t nin, CxVals *out);

/* f, staged once for every distinct list of operand types and run as a graph. */
CxFn *cx_jit(CxFn *f);

/* Jacobians: for each result and each operand with wrt[i], the derivative with axes of the result, then of the operand. jac gets
 * n_results * n_wrt values, operands varying fastest. Reverse mode takes one pass per element of the results, forward per element of the operands. */
bool cx_jacrev(CxFn *f, const CxVal *in, uint32_t nin, const bool *wrt, CxVals *out, CxVals *jac);
bool cx_jacfwd(CxFn *f, const CxVal *in, uint32_t nin, const bool *wrt, CxVals *out, CxVals *jac);

/* The transpose of a linear function: cotangents of its results to cotangents of its operands (NULL: zero). */
bool cx_linear_transpose_fn(CxFn *f, const CxType *const *types, uint32_t n, const CxVal *cotangents, uint32_t n_cts, CxVals *out);

#endif
