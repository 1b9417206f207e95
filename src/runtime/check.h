/* Looking for NaN and infinities in results (jax_debug_nans, jax_debug_infs). */
#ifndef RUNTIME_CHECK_H
#define RUNTIME_CHECK_H

#include <cuirax/value.h>
#include <stdbool.h>

/* False with a FloatingPointError naming the operation. Half, single, double and complex results are looked at. */
bool check_result(const char *op, CxVal v, bool nans, bool infs);

#endif
