/* Graphs: typed programs in SSA form, closed by constants, with regions inside attributes. Immutable and counted.
 * The text form holds everything but host objects, reads back exactly, and may come from anybody: it is always verified. */
#ifndef CUIRAX_GRAPH_H
#define CUIRAX_GRAPH_H

#include <cuirax/value.h>

typedef struct CxGraph CxGraph;

/* What a graph may hold, regions included; 0 means the default in brackets. */
typedef struct CxLimits {
  uint64_t operations;     /* equations [2^32] */
  uint64_t constant_bytes; /* [2^36] */
  uint64_t elements;       /* of all values together [2^62] */
  uint32_t region_depth;   /* regions within regions [128] */
} CxLimits;

CxGraph *cx_graph_retain(CxGraph *g); /* NULL is allowed */
void cx_graph_release(CxGraph *g);    /* NULL is allowed */

const char *cx_graph_name(const CxGraph *g); /* NULL if it has none */
uint32_t cx_graph_inputs(const CxGraph *g);
uint32_t cx_graph_outputs(const CxGraph *g);
const CxType *cx_graph_input_type(const CxGraph *g, uint32_t i);  /* NULL when i is out of range */
const CxType *cx_graph_output_type(const CxGraph *g, uint32_t i); /* NULL when i is out of range */

/* Single assignment, arities, attributes, types, effects, regions, limits. False with CX_ERR_VERIFY that names the equation. */
bool cx_graph_verify(const CxGraph *g, const CxLimits *limits_or_null);
uint64_t cx_graph_hash(const CxGraph *g);                    /* of the content: not of names, addresses or places in source */
bool cx_graph_equal(const CxGraph *a, const CxGraph *b);     /* the same content */

/* Both texts end in a newline-free character and are freed with cx_string_free. NULL with an error. */
char *cx_graph_text(const CxGraph *g);  /* exact: cx_graph_parse gives an equal graph */
char *cx_graph_jaxpr(const CxGraph *g); /* as JAX prints a jaxpr */
void cx_string_free(char *s);

/* The verified graph of a text, or NULL with CX_ERR_PARSE or CX_ERR_VERIFY and a position (CxError.line, .column). */
CxGraph *cx_graph_parse(const char *text, size_t n);

/* The same program after a list of passes: inline, simplify, fold, cse, hoist, dce. "a,b" runs one after the other, "a+b" both in one sweep;
 * NULL is the compiler's own list. The results keep every bit. A new reference, perhaps to g itself; NULL with an error. */
CxGraph *cx_graph_optimize(CxGraph *g, const char *passes);

/* Compiled code. Graphs are compiled by themselves when they run for the second time; these compile at once.
 * what: "report" (time and size of each stage), "graph" (after the passes), "loops", "uops". Free with cx_string_free; NULL with an error. */
char *cx_graph_compiled_text(CxGraph *g, const char *what);

typedef struct CxMemory { /* bytes */
  int64_t operands, results;
  int64_t temporary; /* intermediate arrays and scratch, at most, of what loops compute; kernels' own work space is not counted */
  int64_t code;
} CxMemory;
bool cx_graph_memory(CxGraph *g, CxMemory *out); /* before running */

#endif
