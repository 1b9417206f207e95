/* Reads the exact text of a graph (print.c has the grammar). The text may come from anybody: errors carry line and column, memory is
 * bounded by a small multiple of the text's length, recursion by REGION_DEPTH_MAX, and what comes back has passed the verifier. */
#ifndef IR_PARSE_H
#define IR_PARSE_H

#include "ir/graph.h"
#include <cuirax/graph.h>

CxGraph *graph_parse(const char *text, size_t n);                                 /* NULL with CX_ERR_PARSE or CX_ERR_VERIFY */
CxGraph *graph_parse_within(const char *text, size_t n, const CxLimits *limits);

#endif
