/* Graphs made from graphs: jvp, known/unknown split, transpose, batching. Ops with regions build their rules on these.
 * Each result is kept with its source graph (graph_derived_*), so it is made once; results are borrowed from that cache. */
#ifndef OP_DERIVE_H
#define OP_DERIVE_H

#include "op/rules.h"
#include "trace/fn.h"

/* A graph and a mask over the source graph's results (or operands, for the transpose) that says which of them it returns. */
typedef struct CxDerivedGraph {
  CxRef ref;
  CxGraph *graph;
  uint32_t n; /* entries of the mask */
  bool *mask;
} CxDerivedGraph;

/* Inputs: primals, then the tangents of inputs with nonzero[i]. Results: primals, then the tangents of results with mask[i].
 * instantiate[i] (NULL: none) forces the tangent of result i even if zero. */
const CxDerivedGraph *derive_jvp(CxGraph *g, const bool *nonzero, const bool *instantiate);

/* Inputs: the values of inputs without linear[i], in order, then the cotangents of results with has_ct[i]. Results: the cotangents of the
 * linear inputs with mask[i] (mask is over inputs). instantiate: zeros are made for every linear input. */
const CxDerivedGraph *derive_transpose(CxGraph *g, const bool *linear, const bool *has_ct, bool instantiate);

/* Inputs batched along axis 0 where batched[i]. Results batched along axis 0 where mask[i]; force[i] (NULL: none) broadcasts. */
const CxDerivedGraph *derive_batch(CxGraph *g, const bool *batched, const bool *force, int64_t size, const char *axis_name);

/* The split by what is known. Known graph: known inputs -> known results (known_out[i]), then residuals. Unknown graph: residuals, then
 * unknown inputs -> unknown results. A residual that is a known input itself is passed around the known graph: residual r is known
 * input res_input[r] if >= 0, else the next extra result of the known graph. force_unknown[i] (NULL: none) makes result i unknown. */
typedef struct CxPartialGraph {
  CxRef ref;
  CxGraph *known, *unknown;
  uint32_t n_res, n_out;
  int32_t *res_input;
  bool *known_out;
} CxPartialGraph;
const CxPartialGraph *derive_partial(CxGraph *g, const bool *unknown, const bool *force_unknown);

/* The same graph with its operands and results rearranged: operand i of g is new input in_of[i]; new result k is g's result out_from[k],
 * or, if negative, new input -1 - out_from[k]. New inputs have the given types; unused ones are allowed. Kept with g; borrowed. */
CxGraph *derive_rewired(CxGraph *g, uint32_t n_in, const CxType *const *types, const int32_t *in_of, uint32_t n_out, const int32_t *out_from);

/* A staging frame: between open and close, operations on its inputs are appended to a fresh graph. */
typedef struct CxFrame {
  CxTrace *stage, *was;
  CxScope scope;
} CxFrame;
bool frame_open(CxFrame *f, const char *name);
CxVal frame_input(CxFrame *f, const CxType *type);
CxGraph *frame_close(CxFrame *f, bool ok, const CxVals *outs); /* a new reference, or NULL with an error */

/* Backward pass over g: env has the known values by variable, linear marks the linear inputs, cts the cotangents of outputs; on return
 * cts[v] of the linear inputs are theirs (NULL zero). Builds under the current trace. */
bool graph_backward(const CxGraph *g, CxVal *env, bool *linear, CxVal *cts);

#endif
