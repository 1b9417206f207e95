/* A BLAS found at run time: nothing links to one, and without one our own loops serve (gemm.h). Looked for once, at the
 * first large product: the path that was set, or the environment's CUIRAX_BLAS ("none" switches BLAS off), or else the
 * system's libopenblas.so.0 and libblas.so.3 (unless that is the slow reference BLAS). Symbols may be plain
 * (cblas_sgemm) or prefixed (scipy_cblas_sgemm). */
#ifndef KERNELS_BLAS_H
#define KERNELS_BLAS_H

#include <stdbool.h>

/* Before the first large product; later calls have no effect and return false. The path is copied. */
bool cx_blas_set_path(const char *path);
const char *cx_blas_path(void); /* of the library in use, or NULL; loads it if that has not happened yet */

enum { BLAS_ROW_MAJOR = 101, BLAS_PLAIN = 111, BLAS_TRANSPOSED = 112 };

typedef struct CxBlas {
  void (*sgemm)(int layout, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                float beta, float *c, int ldc);
  void (*dgemm)(int layout, int ta, int tb, int m, int n, int k, double alpha, const double *a, int lda, const double *b, int ldb,
                double beta, double *c, int ldc);
  void (*cgemm)(int layout, int ta, int tb, int m, int n, int k, const void *alpha, const void *a, int lda, const void *b, int ldb,
                const void *beta, void *c, int ldc);
  void (*zgemm)(int layout, int ta, int tb, int m, int n, int k, const void *alpha, const void *a, int lda, const void *b, int ldb,
                const void *beta, void *c, int ldc);
} CxBlas;

const CxBlas *blas_get(void); /* NULL if there is none; all four functions are there otherwise */

/* The LAPACK (or Fortran BLAS) routine of the same library, "dpotrf"; NULL if there is none. */
typedef void CxLapackFn(void);
CxLapackFn *blas_fortran(const char *name);

#endif
