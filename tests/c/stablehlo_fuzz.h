/* Hostile StableHLO: one file against the readers, the importer and the verifier, and a mutator for bytecode and text. */
#ifndef TESTS_STABLEHLO_FUZZ_H
#define TESTS_STABLEHLO_FUZZ_H

#include "graph_fuzz.h"

/* FUZZ_ACCEPTED: a graph that verifies; FUZZ_REFUSED: an error of the class that bad or unsupported files have, with a text. */
FuzzResult stablehlo_fuzz(const void *bytes, size_t n);

/* Changes a file of n bytes in a buffer of max bytes; other is a second file to take pieces from. Returns the new length. */
size_t stablehlo_mutate(CxRandom *r, unsigned char *file, size_t n, size_t max, const unsigned char *other, size_t other_n);

#endif
