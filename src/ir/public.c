/* The public view of graphs (cuirax/graph.h). */
#include "base/alloc.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"

CxGraph *cx_graph_retain(CxGraph *g) { return ref_retain(g); }
void cx_graph_release(CxGraph *g) { ref_release(g); }

const char *cx_graph_name(const CxGraph *g) { return g ? g->name : NULL; }
uint32_t cx_graph_inputs(const CxGraph *g) { return g ? g->in.n : 0; }
uint32_t cx_graph_outputs(const CxGraph *g) { return g ? g->out.n : 0; }
const CxType *cx_graph_input_type(const CxGraph *g, uint32_t i) { return g && i < g->in.n ? graph_type(g, g->in.v[i]) : NULL; }
const CxType *cx_graph_output_type(const CxGraph *g, uint32_t i) { return g && i < g->out.n ? graph_type(g, g->out.v[i]) : NULL; }

bool cx_graph_verify(const CxGraph *g, const CxLimits *limits) { return graph_verify(g, limits); }
uint64_t cx_graph_hash(const CxGraph *g) { return g ? graph_hash(g) : 0; }
bool cx_graph_equal(const CxGraph *a, const CxGraph *b) { return graph_equal(a, b); }

static char *text_or_null(bool ok, CxText *t) {
  if (!ok) text_free(t);
  return t->s;
}

char *cx_graph_text(const CxGraph *g) {
  CxText t = {0};
  return g ? text_or_null(graph_print(g, &t), &t) : NULL;
}

char *cx_graph_jaxpr(const CxGraph *g) {
  CxText t = {0};
  return g ? text_or_null(graph_print_jax(g, &t, NULL), &t) : NULL;
}

void cx_string_free(char *s) { cx_free(s); }
CxGraph *cx_graph_parse(const char *text, size_t n) { return graph_parse(text, n); }
