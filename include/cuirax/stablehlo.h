/* StableHLO, the exchange format of JAX, TensorFlow and PyTorch: read from portable bytecode or text, written as either.
 * What is read may come from anybody: the result is a verified graph or an error (CX_ERR_PARSE: damaged; CX_ERR_VERIFY: not a valid
 * program; CX_ERR_NOT_IMPLEMENTED: valid, but it uses what Cuirax lacks). */
#ifndef CUIRAX_STABLEHLO_H
#define CUIRAX_STABLEHLO_H

#include <cuirax/graph.h>

/* The graph of a module's function @main. Bytecode is told from text by its first bytes. NULL with an error. */
CxGraph *cx_stablehlo_parse(const void *bytes, size_t n);
bool cx_stablehlo_is_bytecode(const void *bytes, size_t n);

/* A module whose function @main is the graph; to be freed with cx_string_free. name: of the module, an identifier, or NULL. generic: every
 * operation as "stablehlo.add"(…), else in the form that JAX prints. NULL with CX_ERR_NOT_IMPLEMENTED for ops without a StableHLO form. */
char *cx_stablehlo_text(const CxGraph *g, const char *name, bool generic);

/* The same as portable bytecode (*n bytes, to be freed with cx_string_free), for readers of StableHLO 1.13 or newer. Functions of CHLO (erf,
 * lgamma, top_k, …) have no portable form yet. */
void *cx_stablehlo_bytecode(const CxGraph *g, size_t *n);

#endif
