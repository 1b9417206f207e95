/* A program and the same program after passes give the same bits on the reference executor. */
#ifndef TESTS_PASS_CHECK_H
#define TESTS_PASS_CHECK_H

#include "compile/passes.h"
#include "random_graph.h"
#include <cuirax/graph.h>

typedef struct PassCheck {
  int compared, shrunk; /* counted */
  bool any_nan;         /* all NaNs are one value */
} PassCheck;

/* True unless the results differ (said on stderr). Programs that fail, or have more than 16 operands or results, are not compared. */
bool pass_check(CxRandom *r, CxGraph *g, const char *list, const PassOptions *o, PassCheck *count);

void pass_check_show(const char *what, const CxGraph *g);
void pass_check_error(const char *what); /* prints and forgets a pending error */

#endif
