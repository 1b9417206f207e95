/* Our own loops for one matrix, one table per element type (matrix_own.c). */
#ifndef KERNELS_MATRIX_OWN_H
#define KERNELS_MATRIX_OWN_H

#include "kernels/matrix.h"

typedef struct MatrixOwn {
  bool (*cholesky)(int64_t n, void *a);
  void (*lu)(int64_t m, int64_t n, void *a, int32_t *pivots);
  void (*triangular)(const void *a, int64_t m, int64_t n, void *b, const CxTriangular *how);
  void (*lu_solve)(int64_t n, int64_t k, const void *lu, const int32_t *perm, const void *b, void *to, void *scratch, int trans); /* scratch: n k */
  void (*qr)(int64_t m, int64_t n, void *a, void *taus);
  void (*make_q)(int64_t m, int64_t n, int64_t k, void *a, const void *taus);
  void (*multiply_q)(int64_t n, int64_t k, const void *a, const void *taus, int64_t rows, int64_t cols, void *c, bool left, bool transpose);
  void (*eigh)(int64_t n, bool lower, void *a, void *w, void *scratch); /* scratch: 2 n n */
  void (*svd)(int64_t m, int64_t n, const void *a, void *s, void *u, int64_t mu, void *vt, int64_t nv, void *scratch); /* scratch: (max + min)^2 + max */
  bool (*tridiagonal)(int64_t n, int64_t k, const void *dl, const void *d, const void *du, void *b, void *scratch);    /* scratch: 4 n */
} MatrixOwn;

extern const MatrixOwn matrix_own[4]; /* f32, f64, c64, c128 */

#endif
