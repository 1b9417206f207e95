/* What the functions of jax.numpy.linalg and jax.scipy.linalg share. */
#ifndef LINALG_SHAPES_H
#define LINALG_SHAPES_H

#include "np/axes.h"
#include "np/broadcast.h"
#include "op/matrix.h"
#include <cuirax/library.h>
#include <cuirax/linalg.h>

CxVal linalg_inexact(CxVal x);                 /* integers become the default float */
bool linalg_inexact_all(uint32_t n, CxVal *v); /* one inexact dtype, shapes as they are */
bool linalg_square(CxVal x, const char *what); /* ValueError "what must have shape [..., n, n], got …" */
bool linalg_name_is(const char *s, const char *name);
/* x with its leading axes (all but the last `own`) broadcast to these extents. */
CxVal linalg_spread(CxVal x, int own, int batch, const int64_t *dims);
/* The common leading axes of x (all but the last x_own) and y. */
bool linalg_batch(CxVal x, int x_own, CxVal y, int y_own, int *rank, int64_t *dims);
CxVal linalg_last(CxVal x, int axis_from_end, int64_t i); /* the slice at i of an axis counted from the end (0: last), which goes */
CxVal linalg_first(CxVal x, int64_t i); /* x[i] */
/* a x = b; b has a's rank and batch axes broadcast. */
CxVal linalg_solve(CxVal a, CxVal b);

#endif
