/* See lapack.h. The table is filled once, at the first factorization that is large enough to ask for it. */
#include "kernels/lapack.h"

#include "base/error.h"

#include <pthread.h>
#include <stdio.h>

static pthread_once_t lapack_once = PTHREAD_ONCE_INIT;
static CxLapackFn *lapack_table[LAPACK_COUNT][4];

static void lapack_load(void) {
  static const char *const names[LAPACK_COUNT][2] = {
#define X(id, real, complex) {real, complex},
      LAPACK_ROUTINES(X)
#undef X
  };
  for (int r = 0; r < LAPACK_COUNT; r++)
    for (int d = 0; d < 4; d++) {
      char name[32];
      snprintf(name, sizeof name, "%c%s", "sdcz"[d], names[r][d / 2]);
      lapack_table[r][d] = blas_fortran(name);
    }
}

int lapack_dtype(CxDtype d) { return d == CX_F32 ? 0 : d == CX_F64 ? 1 : d == CX_C64 ? 2 : d == CX_C128 ? 3 : -1; }

CxLapackFn *lapack_get(CxLapackRoutine r, CxDtype d) {
  int i = lapack_dtype(d);
  if (i < 0) return NULL;
  pthread_once(&lapack_once, lapack_load);
  return lapack_table[r][i];
}

CxLapackFn *lapack_need(CxLapackRoutine r, CxDtype d, const char *what) {
  CxLapackFn *f = lapack_get(r, d);
  if (!f) cx_fail(CX_ERR_NOT_IMPLEMENTED, "%s needs LAPACK, and none was found: install the package scipy-openblas32, or name a library in CUIRAX_BLAS", what);
  return f;
}
