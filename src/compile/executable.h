/* Compiled graphs: made once per graph, kept with it, run instead of the reference executor with the same results.
 * CUIRAX_COMPILE=0 turns them off, =1 compiles at the first run; otherwise a graph is compiled when it runs for the second time. */
#ifndef COMPILE_EXECUTABLE_H
#define COMPILE_EXECUTABLE_H

#include "compile/lower.h"

typedef struct Executable Executable;

Executable *executable_new(CxGraph *g); /* NULL with an error */
void executable_free(Executable *x);
/* As graph_run or graph_run_borrowed. */
bool executable_run(Executable *x, const CxVal *in, bool borrows_in, CxVal *out);

struct CxText;
void executable_print(const Executable *x, bool uops, struct CxText *to); /* figures, steps, and the loops or micro-ops of each */

void compile_install(void); /* graph_run uses compiled graphs from now on */

#endif
