/* LAPACK routines by number and dtype, from the library that blas.h found. Fortran calling convention: every argument by address, 32-bit
 * integers, column-major matrices, the lengths of character arguments as size_t after the rest. */
#ifndef KERNELS_LAPACK_H
#define KERNELS_LAPACK_H

#include "kernels/blas.h"
#include <cuirax/dtype.h>
#include <stddef.h>

/* id, real name after s or d, complex name after c or z */
#define LAPACK_ROUTINES(X)                                                                                                                \
  X(POTRF, "potrf", "potrf") X(GETRF, "getrf", "getrf") X(TRSM, "trsm", "trsm") X(GEQRF, "geqrf", "geqrf") X(GEQP3, "geqp3", "geqp3")      \
  X(ORGQR, "orgqr", "ungqr") X(SYEVD, "syevd", "heevd") X(GEEV, "geev", "geev") X(GESDD, "gesdd", "gesdd") X(GESVD, "gesvd", "gesvd")        \
  X(GEES, "gees", "gees") X(GEHRD, "gehrd", "gehrd") X(SYTRD, "sytrd", "hetrd")

typedef enum CxLapackRoutine {
#define X(id, real, complex) LAPACK_##id,
  LAPACK_ROUTINES(X)
#undef X
  LAPACK_COUNT
} CxLapackRoutine;

int lapack_dtype(CxDtype d);                          /* 0 f32, 1 f64, 2 c64, 3 c128; -1 for others */
CxLapackFn *lapack_get(CxLapackRoutine r, CxDtype d); /* NULL if there is none */
CxLapackFn *lapack_need(CxLapackRoutine r, CxDtype d, const char *what); /* with an error that says what to install */

#endif
