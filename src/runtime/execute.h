/* The reference executor: runs a verified graph on concrete arrays, equation by equation, freeing each value after its last use and
 * letting ops write over operands that die (CxApp.dying). It defines what programs mean; the compiler must agree with it. */
#ifndef RUNTIME_EXECUTE_H
#define RUNTIME_EXECUTE_H

#include "ir/graph.h"
#include "ir/node.h"

/* in[nin] are references given up by the caller (a sole reference lets the executor reuse its memory); out[nout] are owned references.
 * false with an error, nothing leaked, out untouched. */
bool graph_run(CxGraph *g, CxVal *in, uint32_t nin, CxVal *out);

/* As graph_run with borrowed operands. */
bool graph_run_borrowed(CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out);


/* Called after every equation when set (jax_debug_nans): false with an error stops the run. */
extern bool (*execute_check)(const CxEqn *e, CxVal *out);

/* Told of each equation that fails while an error is pending, innermost first: the host adds the user's place. */
extern void (*execute_failed)(const CxEqn *e);

/* Long loops call this now and then: false with an error when the host wants to stop (Ctrl-C, a deadline). */
bool execute_poll(void);
extern bool (*execute_interrupted)(void); /* set by the host: true with an error pending stops the run */

#endif
