/* Random well-typed graphs over the whole op table, for round-trip, pass and executor tests. The same seed gives the same graph. */
#ifndef TESTS_RANDOM_GRAPH_H
#define TESTS_RANDOM_GRAPH_H

#include "ir/graph.h"

typedef struct CxRandom {
  uint64_t state;
  bool quiet; /* NaNs in the constants of random graphs are the default one */
} CxRandom;

uint64_t random_next(CxRandom *r);
uint32_t random_below(CxRandom *r, uint32_t n); /* 0 … n - 1; n > 0 */

typedef struct RandomGraphOptions {
  uint32_t eqns;      /* equations to aim at, 0: 12 */
  int depth;          /* regions within regions, 0: none */
  CxOpcode only;      /* CX_OP_NONE: any */
  bool floats_only;   /* inputs are f32 of rank 0 to 3 */
} RandomGraphOptions;

/* NULL only when memory is out. Never leaves an error pending otherwise. */
CxGraph *random_graph(CxRandom *r, const RandomGraphOptions *options);

/* A graph of these operand types; with out_types, its results have these types. */
CxGraph *random_region(CxRandom *r, uint32_t nin, const CxType *const *in, uint32_t nout, const CxType *const *out_types, int depth);

#endif
