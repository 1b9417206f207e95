/* The reference executor: runs a verified graph on concrete arrays, equation by equation, freeing each value after its last use and
 * letting ops write over operands that die (CxApp.dying). It defines what programs mean; the compiler must agree with it. */
#ifndef RUNTIME_EXECUTE_H
#define RUNTIME_EXECUTE_H

#include "ir/graph.h"
#include "ir/node.h"
#include <signal.h>

/* in[nin] are references given up by the caller (a sole reference lets the executor reuse its memory); out[nout] are owned references.
 * false with an error, nothing leaked, out untouched. */
bool graph_run(CxGraph *g, CxVal *in, uint32_t nin, CxVal *out);

/* As graph_run with borrowed operands. */
bool graph_run_borrowed(CxGraph *g, const CxVal *in, uint32_t nin, CxVal *out);


/* One equation: operands io[0 … nin - 1] (borrowed), owned results after them; types[nin + nout] is scratch. dying: see CxApp. False with an error. */
bool execute_eqn(const CxGraph *g, const CxEqn *e, CxVal *io, const CxType **types, uint64_t dying);

/* Runs the compiled form of a graph when there is one (compile/executable.h): true, with *ok and what graph_run
 * (borrows_in: graph_run_borrowed) promises. False: nothing happened. */
extern bool (*execute_compiled)(CxGraph *g, const CxVal *in, bool borrows_in, CxVal *out, bool *ok);

/* Called after every equation when set (jax_debug_nans): false with an error stops the run. */
extern bool (*execute_check)(const CxEqn *e, CxVal *out);

/* Told of each equation that fails while an error is pending, innermost first: the host adds the user's place. */
extern void (*execute_failed)(const CxEqn *e);

/* Compiled loops look at this word and leave when it is not 0. While one runs on the main thread, SIGINT sets it and then does what it did before. */
extern _Atomic(int32_t) execute_stop;
typedef struct StopWatch {
  bool installed;
  struct sigaction before;
} StopWatch;
void stop_watch_start(StopWatch *w);
void stop_watch_end(StopWatch *w);

/* Long loops call this now and then: false with an error when the host wants to stop (Ctrl-C, a deadline). */
bool execute_poll(void);
extern bool (*execute_interrupted)(void); /* set by the host: true with an error pending stops the run */

#endif
