/* Results and operands that calls, branches and loops can do without. */
#ifndef COMPILE_PRUNE_H
#define COMPILE_PRUNE_H

#include "compile/rewrite.h"

/* An equation without some of its operands and results. in, out NULL: all are kept. */
typedef struct Pruned {
  const void *attrs;
  bool *in, *out;
} Pruned;

/* out->attrs holds attributes whose regions are final. want[i]: result i is used. */
bool prune(CxArena *arena, const CxEqn *e, const bool *want, Pruned *p);

/* The live part of g with these results and operands (NULL: all; a dropped operand must not be used). A new reference. */
CxGraph *graph_live_part(PassRun *run, CxGraph *g, const bool *keep_in, const bool *keep_out);
/* Which operands the live part uses. False with an error. */
bool graph_live_inputs(const CxGraph *g, const bool *keep_out, bool *in);

#endif
