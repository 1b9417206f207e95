# jax.numpy.linalg. Matrices are the last two axes; leading axes are batches.

linalg.cholesky(a: val, *, upper: bool = False, symmetrize_input: bool = True)
  L of a = L L^H, or its conjugate transpose (upper). NaN where a is not positive definite.
linalg.solve(a: val, b: val)
  x with a x = b: b is a vector if it has one axis, else a stack of matrices.
linalg.inv(a: val)
  The inverse of a square matrix.
linalg.det(a: val)
  The determinant.
linalg.slogdet(a: val, *, method: str = None) -> vals
  The sign (or phase) and the logarithm of the absolute value of the determinant.
linalg.qr(a: val, mode: str = 'reduced') -> some
  Q and R of a = Q R. mode: reduced, complete, r (R alone), raw (reflectors and factors).
linalg.eigh(a: val, UPLO: str = None, symmetrize_input: bool = True) -> vals
  Ascending eigenvalues and the eigenvectors (columns) of a Hermitian matrix.
linalg.eigvalsh(a: val, UPLO: str = 'L', *, symmetrize_input: bool = True)
  Ascending eigenvalues of a Hermitian matrix.
linalg.eig(a: val) -> vals
  Eigenvalues and right eigenvectors (columns) of a matrix.
linalg.eigvals(a: val)
  Eigenvalues of a matrix.
linalg.svd(a: val, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False, subset_by_index: none = None) -> some
  U, s and V^H of a = U diag(s) V^H, or s alone.
linalg.svdvals(x: val, /)
  The singular values, descending.
linalg.pinv(a: val, rtol: val = None, hermitian: bool = False, *, rcond: val = None)
  The pseudo-inverse: singular values up to rtol times the greatest count as zero.
linalg.lstsq(a: val, b: val, rcond: val = None, *, numpy_resid: bool = False) -> vals
  The least-squares solution of a x = b: x, sums of squared residuals, rank, singular values.
linalg.matrix_rank(M: val, rtol: val = None, *, hermitian: bool = False, tol: val = None)
  The number of singular values above rtol.
linalg.matrix_power(a: val, n: int)
  The product of n copies of a square matrix; of its inverse if n is negative.
linalg.multi_dot(arrays: vals, *, precision: obj = None)
  The product of matrices (and vectors at the ends) in the order that takes the fewest operations.
linalg.cond(x: val, p: ord = None)
  The condition number: the product of the norms of x and of its inverse; by singular values for p None, 2 and -2.
linalg.norm(x: val, ord: ord = None, axis: axes = None, keepdims: bool = False)
  The norm of a vector (one axis) or matrix (two axes), or of all elements. ord: None, a number, inf, -inf, 'fro', 'nuc'.
linalg.matrix_norm(x: val, /, *, keepdims: bool = False, ord: ord = 'fro')
  The norm of matrices over the last two axes.
linalg.vector_norm(x: val, /, *, axis: axes = None, keepdims: bool = False, ord: ord = 2)
  The norm of vectors over the given axes, or of all elements.
linalg.cross(x1: val, x2: val, /, *, axis: int = -1)
  The cross product of vectors of three elements.
linalg.outer(x1: val, x2: val, /)
  The outer product of two vectors.
linalg.matmul(x1: val, x2: val, /, *, precision: obj = None, preferred_element_type: dtype = None)
  The matrix product.
linalg.matrix_transpose(x: val, /)
  The last two axes exchanged.
linalg.vecdot(x1: val, x2: val, /, *, axis: int = -1, precision: obj = None, preferred_element_type: dtype = None)
  The sum of products along an axis, elements of x1 conjugated.
linalg.diagonal(x: val, /, *, offset: int = 0)
  The diagonals of matrices.
linalg.trace(x: val, /, *, offset: int = 0, dtype: dtype = None)
  The sums of the diagonals of matrices.
linalg.tensorinv(a: val, ind: int = 2)
  The inverse of a as a linear map from its last axes to its first ind axes.
linalg.tensorsolve(a: val, b: val, axes: axes = None)
  x with the sum of a times x over x's axes (the last ones of a) equal to b.
