/* Calls back into the host program while a graph runs. The function gets concrete arrays. */
#ifndef CUIRAX_CALLBACK_H
#define CUIRAX_CALLBACK_H

#include <cuirax/transform.h>

/* For its effect only: no results, never removed; in order with other ordered effects of the same graph. Under vmap it is called for each element. */
bool cx_debug_callback(CxFn *f, bool ordered, const CxVal *in, uint32_t nin);

/* How a mapped pure callback is called: see jax.pure_callback. */
typedef enum CxCallbackMapping { CX_CALLBACK_NO_VMAP, CX_CALLBACK_SEQUENTIAL, CX_CALLBACK_EXPAND_DIMS, CX_CALLBACK_BROADCAST_ALL } CxCallbackMapping;

/* A function of its operands only, with results of these types; may be left out or repeated. */
bool cx_pure_callback(CxFn *f, const CxType *const *types, uint32_t n_types, CxCallbackMapping vmap_method, const CxVal *in, uint32_t nin, CxVals *out);
/* With effects: called exactly once each time the graph runs. */
bool cx_io_callback(CxFn *f, const CxType *const *types, uint32_t n_types, bool ordered, const CxVal *in, uint32_t nin, CxVals *out);

#endif
