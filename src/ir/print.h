/* Graphs as text: the exact form that parse.h reads, and the form in which JAX prints a jaxpr. */
#ifndef IR_PRINT_H
#define IR_PRINT_H

#include "base/text.h"
#include "ir/graph.h"

/* Exact and deterministic: graph_parse gives an equal graph, and that prints as the same bytes. Host functions print as <fn name>,
 * which does not read back; places in the user's source are left out. */
bool graph_print(const CxGraph *g, CxText *to);

typedef struct CxJaxprStyle {
  int width;       /* of a line; 0: 80, as JAX */
  bool no_types;   /* JAX's print_shapes=False */
} CxJaxprStyle;
bool graph_print_jax(const CxGraph *g, CxText *to, const CxJaxprStyle *style); /* style may be NULL */

void text_add_quoted(CxText *t, const char *s); /* "…" with \" \\ \n \t and \xHH for the rest outside of ASCII */

#endif
