/* Builders of matrix factorizations. Matrices are the last two axes, the axes before them are batches and agree among operands.
 * f32, f64, c64, c128. A matrix whose factorization fails gives NaN. */
#ifndef CUIRAX_LINALG_H
#define CUIRAX_LINALG_H

#include <cuirax/ops.h>

CxVal cx_cholesky(CxVal x);                                           /* L of x = L L^H below the diagonal; above it x itself */
CxVal cx_cholesky_update(CxVal r, CxVal w);                           /* R' of R'^T R' = R^T R + w w^T */
bool cx_lu(CxVal x, CxVal *out);                                      /* out[3]: L and U in one, pivots, permutation (int32) */
CxVal cx_lu_pivots_to_permutation(CxVal pivots, int64_t size);

typedef struct CxTriangularSolve { /* op(a) x = b on the left, else x op(a) = b */
  bool left_side, lower, transpose_a, conjugate_a, unit_diagonal;
} CxTriangularSolve;
CxVal cx_triangular_solve(CxVal a, CxVal b, CxTriangularSolve how);
/* a x = b (or a^T x = b) by a's factorization, which derivatives use again; b: [..., n, k] */
CxVal cx_linear_solve(CxVal a, CxVal lu, CxVal permutation, CxVal b, bool transpose);
CxVal cx_tridiagonal_solve(CxVal dl, CxVal d, CxVal du, CxVal b);
CxVal cx_symmetric_product(CxVal a, CxVal c, double alpha, double beta); /* alpha a a^T + beta c */

bool cx_geqrf(CxVal a, CxVal *out);                                   /* out[2]: R over the reflectors, taus */
CxVal cx_householder_product(CxVal a, CxVal taus);
CxVal cx_ormqr(CxVal a, CxVal taus, CxVal c, bool left, bool transpose); /* Q c, Q^H c, c Q or c Q^H */
bool cx_qr(CxVal x, bool pivoting, bool full_matrices, CxVal *out);   /* out[2]: Q, R; with pivoting out[3]: and the column order */

bool cx_eigh(CxVal x, bool lower, CxVal *out);                        /* out[2]: vectors as columns, values ascending */
typedef struct CxEig {
  bool compute_left_eigenvectors, compute_right_eigenvectors, enable_eigvec_derivs;
  const char *implementation;
} CxEig;
bool cx_eig(CxVal x, CxEig how, CxVal *out);                          /* values, then the vectors asked for, left first */
bool cx_svd(CxVal x, bool full_matrices, bool compute_uv, bool by_qr, CxVal *out); /* s, or s, u, vt */
bool cx_schur(CxVal x, bool compute_schur_vectors, CxVal *out);       /* the form, then the vectors */
bool cx_hessenberg(CxVal x, CxVal *out);                              /* out[2]: the form over the reflectors, taus */
bool cx_tridiagonal(CxVal x, bool lower, CxVal *out);                 /* out[4]: reflectors, diagonal, off-diagonal, taus */

/* Fourier transforms over the last lengths.n axes: 0 FFT, 1 IFFT, 2 RFFT (real in), 3 IRFFT (real out); lengths are those of the real side. */
CxVal cx_fft(CxVal x, int type, CxInts lengths);

#endif
