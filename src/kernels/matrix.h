/* Factorizations of stacks of dense row-major matrices, f32, f64, c64, c128. Small matrices and small jobs run our own loops; the rest goes
 * to LAPACK where there is one, and to our loops where there is none; eig, schur, hessenberg, tridiagonal and pivoted qr need LAPACK. A matrix
 * whose factorization fails (not positive definite, no convergence) gives NaN. Callers have checked shapes. False with an error: no memory,
 * extents beyond LAPACK's 32-bit integers, no LAPACK. */
#ifndef KERNELS_MATRIX_H
#define KERNELS_MATRIX_H

#include <cuirax/dtype.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct CxTriangular { /* op(A) X = B on the left, X op(A) = B else */
  bool left, lower, transpose, conjugate, unit;
} CxTriangular;

/* a: [batch, n, n], in place; L in the lower triangle, the rest stays */
bool matrix_cholesky(CxDtype d, int64_t batch, int64_t n, void *a);
/* a: [batch, m, n], in place; pivots: [batch, min]; permutation: [batch, m] */
bool matrix_lu(CxDtype d, int64_t batch, int64_t m, int64_t n, void *a, int32_t *pivots, int32_t *permutation);
void matrix_permutation(int64_t batch, int64_t k, int64_t m, const int32_t *pivots, int32_t *permutation);
/* b: [batch, m, n], in place; a: [batch, m, m] on the left, [batch, n, n] on the right */
bool matrix_triangular_solve(CxDtype d, int64_t batch, int64_t m, int64_t n, const void *a, void *b, CxTriangular how);
/* to: A X = B (trans 0), A^T X = B (1), A^H X = B (2) with b, to: [batch, n, k] */
bool matrix_lu_solve(CxDtype d, int64_t batch, int64_t n, int64_t k, const void *lu, const int32_t *permutation, const void *b, void *to, int trans);
/* a: [batch, m, n], in place: R and the reflectors; taus: [batch, min] */
bool matrix_qr(CxDtype d, int64_t batch, int64_t m, int64_t n, void *a, void *taus);
bool matrix_qr_pivoted(CxDtype d, int64_t batch, int64_t m, int64_t n, void *a, int32_t *columns, void *taus); /* columns: from 1 */
/* a: [batch, m, n] with k reflectors, in place: the first n columns of their product */
bool matrix_make_q(CxDtype d, int64_t batch, int64_t m, int64_t n, int64_t k, void *a, const void *taus);
/* c: [batch, rows, cols], in place; a: [batch, m, n], taus: [batch, k] */
bool matrix_multiply_q(CxDtype d, int64_t batch, int64_t m, int64_t n, int64_t k, const void *a, const void *taus, int64_t rows, int64_t cols, void *c,
                       bool left, bool transpose);
/* a: [batch, n, n], in place: eigenvectors as columns; w: [batch, n] real, ascending */
bool matrix_eigh(CxDtype d, int64_t batch, int64_t n, bool lower, void *a, void *w);
/* w: [batch, n], left, right: [batch, n, n] or NULL; complex */
bool matrix_eig(CxDtype d, int64_t batch, int64_t n, const void *a, void *w, void *left, void *right);
/* s: [batch, min] real; u: [batch, m, m or min], vt: [batch, n or min, n], both or neither NULL */
bool matrix_svd(CxDtype d, int64_t batch, int64_t m, int64_t n, const void *a, void *s, void *u, void *vt, bool full, bool by_qr);
/* a: [batch, n, n], in place: the Schur form; vectors: [batch, n, n] or NULL */
bool matrix_schur(CxDtype d, int64_t batch, int64_t n, void *a, void *vectors);
bool matrix_hessenberg(CxDtype d, int64_t batch, int64_t n, void *a, void *taus);
bool matrix_tridiagonal(CxDtype d, int64_t batch, int64_t n, bool lower, void *a, void *diagonal, void *off, void *taus);
/* b: [batch, n, k], in place */
bool matrix_tridiagonal_solve(CxDtype d, int64_t batch, int64_t n, int64_t k, const void *dl, const void *diagonal, const void *du, void *b);
/* r: [n, n] upper, in place; w: [n], used up. f32, f64 */
void matrix_cholesky_update(CxDtype d, int64_t n, void *r, void *w);

#endif
