/* The verifier: decides whether a graph is well-formed and well-typed. Total: any graph whose memory is sound may be given to it. */
#ifndef IR_VERIFY_H
#define IR_VERIFY_H

#include "ir/graph.h"
#include <cuirax/graph.h>

enum { REGION_DEPTH_MAX = 128 }; /* the default limit; printer and parser recurse no deeper */

bool graph_verify(const CxGraph *g, const CxLimits *limits); /* limits may be NULL */

/* Verifies several graphs that share regions, each region once, with one budget. */
typedef struct CxVerified {
  const CxGraph *graph;
  uint32_t height; /* 1 + the greatest height of its regions */
} CxVerified;

typedef struct CxVerifier {
  CxLimits left;
  CxVerified *seen; /* hash table */
  uint32_t n, cap;
  int64_t bad_eqn;  /* the equation of the outermost graph that failed; -1: none */
} CxVerifier;

void verifier_open(CxVerifier *v, const CxLimits *limits);
bool verifier_check(CxVerifier *v, const CxGraph *g);
void verifier_close(CxVerifier *v);

#endif
