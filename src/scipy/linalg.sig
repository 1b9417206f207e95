# jax.scipy.linalg. The overwrite_ and check_finite arguments have no effect. Tuples of arguments (cho_solve, lu_solve) are taken apart in Python.

slinalg.cholesky(a: val, lower: bool = False, overwrite_a: obj = False, check_finite: obj = True)
  The upper factor U of a = U^H U, or the lower factor L of a = L L^H.
slinalg.cho_solve_with(c: val, lower: bool, b: val)
  x with a x = b from a's Cholesky factor.
slinalg.svd(a: val, full_matrices: bool = True, compute_uv: bool = True, overwrite_a: obj = False, check_finite: obj = True, lapack_driver: obj = 'gesdd') -> some
  U, s and V^H of a = U diag(s) V^H, or s alone.
slinalg.det(a: val, overwrite_a: obj = False, check_finite: obj = True)
  The determinant.
slinalg.inv(a: val, overwrite_a: obj = False, check_finite: obj = True)
  The inverse of a square matrix.
slinalg.eigh(a: val, b: none = None, lower: bool = True, eigvals_only: bool = False, overwrite_a: obj = False, overwrite_b: obj = False, turbo: obj = True, eigvals: none = None, type: int = 1, check_finite: obj = True) -> some
  Ascending eigenvalues and eigenvectors (columns) of a Hermitian matrix, or the values alone.
slinalg.schur(a: val, output: str = 'real') -> list
  T and Z of a = Z T Z^H; output 'complex' makes T triangular.
slinalg.lu_factor(a: val, overwrite_a: obj = False, check_finite: obj = True) -> vals
  L and U in one matrix, and the row exchanges.
slinalg.lu_solve_with(lu: val, pivots: val, b: val, trans: int = 0)
  x with op(a) x = b from a's factorization; trans 0 none, 1 transposed, 2 conjugate transposed.
slinalg.lu(a: val, permute_l: bool = False, overwrite_a: obj = False, check_finite: obj = True) -> vals
  P, L and U of a = P L U, or P L and U.
slinalg.qr(a: val, overwrite_a: obj = False, lwork: obj = None, mode: str = 'full', pivoting: bool = False, check_finite: obj = True) -> vals
  Q and R of a = Q R (mode full or economic) or R alone (r); with pivoting the column order is added.
slinalg.solve(a: val, b: val, lower: bool = False, overwrite_a: obj = False, overwrite_b: obj = False, debug: obj = False, check_finite: obj = True, assume_a: str = 'gen')
  x with a x = b; assume_a 'pos' uses the Cholesky factorization.
slinalg.solve_triangular_with(a: val, b: val, trans: int, lower: bool, unit_diagonal: bool)
  x with op(a) x = b for triangular a.
slinalg.expm(A: val, *, upper_triangular: bool = False, max_squarings: int = 16)
  The matrix exponential, by a Padé approximation of the scaled matrix and squarings; NaN if that takes more than max_squarings.
slinalg.expm_frechet_pair(A: val, E: val) -> vals
  expm(A) and its derivative in the direction E.
slinalg.block_diag(*arrs: vals)
  The matrices along the diagonal, zeros elsewhere.
slinalg.toeplitz(c: val, r: val = None)
  The matrix of constant diagonals with first column c and first row r (conj(c) by default).
slinalg.hankel(c: val, r: val = None)
  The matrix of constant antidiagonals with first column c and last row r (zeros by default).
slinalg.circulant(c: val)
  The matrix whose columns are c, turned down by one more each.
slinalg.leslie(f: val, s: val)
  The matrix with first row f and s below the diagonal.
slinalg.companion(a: val)
  The companion matrix of the polynomial with coefficients a, highest first.
slinalg.fiedler(a: val)
  |a_i - a_j|.
slinalg.hilbert(n: int)
  1 / (i + j + 1).
slinalg.hadamard(n: int, dtype: dtype = int)
  The Hadamard matrix of n (a power of 2) rows: signs by the parity of i & j.
slinalg.helmert(n: int, full: bool = False)
  The Helmert matrix: orthonormal contrasts of each element with those before it; full adds the constant row.
slinalg.pascal(n: int, kind: str = None)
  Pascal's triangle as a symmetric, lower or upper matrix.
slinalg.invpascal(n: int, kind: str = None)
  The inverse of pascal.
slinalg.dft(n: int, scale: str = None, *, dtype: dtype = None)
  The matrix of the discrete Fourier transform; scale: None, 'sqrtn', 'n'.
slinalg.polar(a: val, side: str = 'right', *, method: str = 'qdwh', eps: obj = None, max_iterations: obj = None) -> vals
  The unitary u and the positive p of a = u p (right) or p u (left).
slinalg.hessenberg(a: val, *, calc_q: bool = False, overwrite_a: obj = False, check_finite: obj = True) -> some
  The Hessenberg form H of a = Q H Q^H, and Q.
slinalg.eigh_tridiagonal(d: val, e: val, *, eigvals_only: bool = False, select: str = 'a', select_range: none = None, tol: obj = None, key: obj = None) -> some
  Ascending eigenvalues, and eigenvectors, of the Hermitian matrix with diagonal d and off-diagonal e.
slinalg.sqrtm(A: val, blocksize: int = 1)
  The principal square root, complex.
slinalg.rsf2csf(T: val, Z: val, check_finite: obj = True) -> vals
  A triangular T and Z from a real Schur form.
slinalg.solve_sylvester(A: val, B: val, C: val, *, method: str = 'schur', tol: float = 1e-08)
  X with A X + X B = C; NaN where eigenvalues of A and -B are closer than tol.
slinalg.convolution_matrix(a: val, n: int, mode: str = 'full')
  The matrix whose product with a vector of n elements is its convolution with a.
slinalg.invhilbert(n: int)
  The inverse of hilbert.
