/* Random programs of the ops that rewrite rules are about, dense in what the rules look for: repeated operands, constants that matter,
 * chains of views. */
#ifndef TESTS_RANDOM_SOUP_H
#define TESTS_RANDOM_SOUP_H

#include "random_graph.h"

CxGraph *random_soup(CxRandom *r, uint32_t eqns, CxDtype dtype); /* NULL only when memory is out */
CxVal soup_value(CxRandom *r, const CxType *t, bool uniform);    /* a new reference: special values and others; NaNs are the default one */

#endif
