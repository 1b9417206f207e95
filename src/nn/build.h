/* Parts of the functions of jax.nn: numbers that give way in promotion, choice, reductions that leave out unselected elements. */
#ifndef NN_BUILD_H
#define NN_BUILD_H

#include "np/arith.h"
#include "np/axes.h"
#include "np/promote.h"
#include <cuirax/library.h>

static inline CxVal nn_num(double v) { return cx_weak_scalar(np_canonical(CX_F64), v); }   /* as a Python float */
static inline CxVal nn_int(int64_t v) { return cx_weak_scalar(np_canonical(CX_I64), (double)v); }

CxVal nn_inexact(CxVal x);                                   /* integers become the default float */
CxVal nn_where(CxVal which, CxVal on_true, CxVal on_false);  /* promoted, broadcast */
CxVal nn_constant(CxVal x);                                  /* a constant to differentiation */
CxVal nn_max(CxVal x, CxInts axes, CxVal where, bool keepdims);  /* axes as np_axes gives them; -inf (least) where nothing is selected */
CxVal nn_sum(CxVal x, CxInts axes, CxVal where, bool keepdims);
CxVal nn_mean(CxVal x, CxInts axes, CxVal where, bool keepdims);
CxVal nn_count(CxVal x, CxInts axes, CxVal where, bool keepdims, CxDtype d);

#endif
