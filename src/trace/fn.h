/* Functions on flat lists of values: what transformations act on. Counted; a host closure or a graph behind one call. */
#ifndef TRACE_FN_H
#define TRACE_FN_H

#include "trace/trace.h"

struct CxFn {
  CxRef ref;
  const char *name; /* owned; may be NULL */
  bool (*call)(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out); /* pushes results; false with an error */
  void *env;
  void (*drop)(void *env);
  CxGraph *graph;   /* when the function is a closed graph */
  bool (*keeps)(CxFn *f, const CxGraph *g, const CxEqn *e); /* a policy of checkpoint instead: does it keep the results of e? */
  uint32_t n_first; /* set by calls that return two groups: size of the first (a forward rule: results, then residuals) */
};

CxFn *fn_new(const char *name, bool (*call)(CxFn *, const CxVal *, uint32_t, CxVals *), void *env, void (*drop)(void *));
CxFn *fn_of_graph(CxGraph *g); /* retains g */
/* False with an error if f or an operand is NULL, or an error is pending. */
bool fn_ready(const CxFn *f, const CxVal *in, uint32_t nin);
bool fn_call(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out);

bool eqn_apply(const CxEqn *e, CxVal *env); /* env by variable */
/* Applies every equation of a graph with bind, under the current trace. */
bool graph_apply(const CxGraph *g, const CxVal *in, uint32_t nin, CxVals *out);

#endif
