# jax.lax.linalg: factorizations of stacks of matrices.

laxlinalg.cholesky(x: val, *, symmetrize_input: bool = True)
  L, lower triangular, of x = L L^H. NaN where x is not positive definite.
laxlinalg.cholesky_update(r_matrix: val, w_vector: val)
  The upper triangular R' of R'^T R' = R^T R + w w^T.
laxlinalg.lu(x: val) -> list
  L and U in one matrix, the row exchanges, and the permutation p of x[p] = L U.
laxlinalg.lu_pivots_to_permutation(pivots: val, permutation_size: int)
  The permutation that a list of row exchanges makes.
laxlinalg.triangular_solve(a: val, b: val, *, left_side: bool = False, lower: bool = False, transpose_a: bool = False, conjugate_a: bool = False, unit_diagonal: bool = False)
  x with op(a) x = b (left_side) or x op(a) = b, where op takes one triangle of a, transposes it and conjugates it.
laxlinalg.tridiagonal_solve(dl: val, d: val, du: val, b: val, *, perturb_singular: bool = False)
  x with A x = b for the tridiagonal A of A[i, i-1] = dl[i], A[i, i] = d[i], A[i, i+1] = du[i].
laxlinalg.symmetric_product(a_matrix: val, c_matrix: val, *, alpha: float = 1.0, beta: float = 0.0, symmetrize_output: bool = False)
  alpha a a^T + beta c.
laxlinalg.geqrf(a: val) -> vals
  The packed QR factorization: R over the reflectors of Q, and their factors.
laxlinalg.householder_product(a: val, taus: val)
  The matrix Q that geqrf packed.
laxlinalg.ormqr(a: val, taus: val, c: val, *, left: bool = True, transpose: bool = False)
  Q c, Q^H c, c Q or c Q^H with the Q that geqrf packed.
laxlinalg.qr(x: val, *, pivoting: bool = False, full_matrices: bool = True, use_magma: obj = None) -> vals
  Q and R of x = Q R; with pivoting also p of x[:, p] = Q R.
laxlinalg.eigh(x: val, *, lower: bool = True, symmetrize_input: bool = True, sort_eigenvalues: bool = True, subset_by_index: none = None, implementation: obj = None) -> vals
  Eigenvectors (columns) and ascending eigenvalues of a Hermitian matrix.
laxlinalg.eig(x: val, *, compute_left_eigenvectors: bool = True, compute_right_eigenvectors: bool = True, enable_eigvec_derivs: bool = False, implementation: obj = None, use_magma: obj = None) -> list
  Eigenvalues of a matrix, then its left and its right eigenvectors as columns.
laxlinalg.svd(x: val, *, full_matrices: bool = True, compute_uv: bool = True, subset_by_index: none = None, algorithm: obj = None) -> some
  U, s and V^H of x = U diag(s) V^H, or s alone.
laxlinalg.schur(x: val, *, compute_schur_vectors: bool = True, sort_eig_vals: bool = False, select_callable: obj = None) -> list
  T and Z of x = Z T Z^H.
laxlinalg.hessenberg(a: val) -> list
  The Hessenberg form over the reflectors of Q in a = Q H Q^H, and their factors.
laxlinalg.tridiagonal(a: val, *, lower: bool = True) -> list
  The packed reduction of a Hermitian matrix to a tridiagonal one: reflectors, diagonal, off-diagonal, factors.
