/* Hostile graph texts: one text against the parser, printer and verifier, and a mutator that knows the tokens of the text. */
#ifndef TESTS_GRAPH_FUZZ_H
#define TESTS_GRAPH_FUZZ_H

#include "random_graph.h"

typedef enum FuzzResult {
  FUZZ_BROKEN = 0, /* an invariant does not hold: the text, or its error, is in stderr */
  FUZZ_REFUSED,    /* an error, as it should be: with a class, a text and a place */
  FUZZ_ACCEPTED    /* parsed; the text round-trips */
} FuzzResult;
FuzzResult graph_fuzz(const char *text, size_t n);
bool graph_is_small(const CxGraph *g, int depth); /* runs at once: few elements, no loops, no effects; depth 0 */

/* A text against the passes: what is accepted and small gives the same results after them, NaNs being one value. */
FuzzResult pass_fuzz(const char *text, size_t n);

/* Changes a text of n bytes in a buffer of max bytes; other is a second text to take pieces from. Returns the new length. */
size_t graph_mutate(CxRandom *r, char *text, size_t n, size_t max, const char *other, size_t other_n);

#endif
