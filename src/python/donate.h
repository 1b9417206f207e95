/* Donated arguments of jit: which of them an output can take the place of, and that they are gone afterwards. */
#ifndef PYTHON_DONATE_H
#define PYTHON_DONATE_H

#include "ir/graph.h"
#include "python/py.h"
#include "python/pytree.h"

/* Of the operands marked in `donated` only those stay marked whose memory an output can use: equally large, each output once. Warns of
 * the others that are used and as JAX does. False with an exception. */
bool donate_plan(const CxGraph *g, uint8_t *donated);
/* No donated value is passed twice. False with an exception. */
bool donate_check(const CxVal *vals, const uint8_t *donated, uint32_t n);
/* Deletes the arrays among the leaves that are donated; their values live on in the current scope. */
void donate_delete(const PyLeaves *leaves, const uint8_t *donated);

#endif
