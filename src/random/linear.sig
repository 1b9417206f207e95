# Random vectors and matrices that need factorizations.

rand.multivariate_normal(key: val, mean: val, cov: val, shape: shape = None, dtype: dtype = None, method: str = 'cholesky', *, out_sharding: obj = None)
  Normal vectors along a new last axis, of a mean and a covariance matrix. method: the factorization, cholesky, eigh or svd.

rand.orthogonal(key: val, n: int, shape: shape = (), dtype: dtype = None, m: optint = None, *, out_sharding: obj = None)
  Matrices with orthonormal rows or columns, n by m (n by n), uniform in the Haar measure; unitary if the dtype is complex.
