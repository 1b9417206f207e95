/* Recognising what a region computes, so that an operation with that meaning takes its place. */
#ifndef STABLEHLO_MATCH_H
#define STABLEHLO_MATCH_H

#include "ir/graph.h"

/* One key of a sort: comparing part of operand `operand`; how says what the comparison does with floats. */
typedef enum CxKeyOrder {
  KEY_USUAL,    /* NaN last, -0 equals 0; or of integers */
  KEY_TOTAL,    /* the total order of floats: -NaN < -inf … -0 < 0 … inf < NaN */
} CxKeyOrder;
typedef enum CxKeyPart { KEY_WHOLE, KEY_REAL, KEY_IMAG } CxKeyPart;

typedef struct CxSortKey {
  uint32_t operand;
  CxKeyPart part;
  CxKeyOrder order;
  bool descending;
} CxSortKey;

enum { SORT_KEYS_MAX = 32 };

/* Is the graph (a_0, b_0, a_1, b_1, …) -> bool a lexicographic comparison? The number of keys, or 0. */
uint32_t match_comparator(const CxGraph *g, CxSortKey keys[SORT_KEYS_MAX]);

/* (best, its index, x, its index) -> (best, index): the greatest (CX_OP_ARGMAX) or least (CX_OP_ARGMIN), the first of equals, NaN first of all. */
CxOpcode match_argument(const CxGraph *g);

CxOpcode match_binary(const CxGraph *g);        /* the one operation op(a, b) of both operands in order, or CX_OP_NONE */
int match_operand(const CxGraph *g);            /* the operand that is given back as the only result, or -1 */

#endif
