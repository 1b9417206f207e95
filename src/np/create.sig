# Making arrays.

np.zeros(shape: shape, dtype: dtype = None, *, device: obj = None, out_sharding: obj = None)
  An array of zeros, by default float32 (float64 with x64).
np.ones(shape: shape, dtype: dtype = None, *, device: obj = None, out_sharding: obj = None)
  An array of ones.
np.empty(shape: shape, dtype: dtype = None, *, device: obj = None, out_sharding: obj = None)
  An array of zeros: there is no uninitialised memory here.
np.full(shape: shape, fill_value: val, dtype: dtype = None, *, device: obj = None, out_sharding: obj = None)
  An array filled with a value, of its dtype unless given.
np.zeros_like(a: like, dtype: dtype = None, shape: shape = None, *, device: obj = None, out_sharding: obj = None)
  Zeros with a's shape and dtype unless given.
np.ones_like(a: like, dtype: dtype = None, shape: shape = None, *, device: obj = None, out_sharding: obj = None)
  Ones with a's shape and dtype unless given.
np.empty_like(prototype: like, dtype: dtype = None, shape: shape = None, *, device: obj = None, out_sharding: obj = None)
  Zeros with the prototype's shape and dtype unless given.
np.full_like(a: like, fill_value: val, dtype: dtype = None, shape: shape = None, *, device: obj = None, out_sharding: obj = None)
  A filled array with a's shape and dtype unless given.
np.arange(start: num, stop: num = None, step: num = None, dtype: dtype = None, *, device: obj = None, out_sharding: obj = None)
  start, start + step, … below stop; arange(stop) counts from 0. The limits must be concrete numbers.
np.linspace(start: val, stop: val, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: dtype = None, axis: int = 0, *, device: obj = None) -> some
  num values at equal distances from start to stop, along a new axis; with retstep also their distance.
np.logspace(start: val, stop: val, num: int = 50, endpoint: bool = True, base: val = 10.0, dtype: dtype = None, axis: int = 0)
  Powers of the base, with exponents as linspace gives them.
np.geomspace(start: val, stop: val, num: int = 50, endpoint: bool = True, dtype: dtype = None, axis: int = 0)
  num values in constant ratio from start to stop.
np.eye(N: int, M: optint = None, k: val = 0, dtype: dtype = None, *, device: obj = None)
  Ones on the k-th diagonal of N rows and M columns, zeros elsewhere.
np.identity(n: int, dtype: dtype = None)
  The square matrix with ones on the diagonal.
np.tri(N: int, M: optint = None, k: val = 0, dtype: dtype = None)
  Ones on and below the k-th diagonal.
np.tril(m: val, k: int = 0)
  The matrix with zeros above the k-th diagonal.
np.triu(m: val, k: int = 0)
  The matrix with zeros below the k-th diagonal.
np.diag(v: val, k: int = 0)
  The matrix with v on its k-th diagonal, or the k-th diagonal of a matrix.
np.diagflat(v: val, k: int = 0)
  The matrix with the elements of v on its k-th diagonal.
np.diagonal(a: val, offset: int = 0, axis1: int = 0, axis2: int = 1)
  Diagonals of the matrices in two axes, along a new last axis.
np.trace(a: val, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: dtype = None, out: none = None)
  Sums along diagonals.
np.vander(x: val, N: optint = None, increasing: bool = False)
  The powers of x side by side, the highest first unless increasing.
np.meshgrid(*xi: vals, copy: bool = True, sparse: bool = False, indexing: str = 'xy') -> list
  Coordinate arrays of the grid over vectors; indexing 'xy' swaps the first two axes against 'ij'.
np.indices(dimensions: shape, dtype: dtype = None, sparse: bool = False) -> some
  For each axis of a grid the index along it, stacked; with sparse a tuple of broadcastable ones.
np.copy(a: nested, order: str = None)
  A new array with the same elements.
np.astype(x: val, dtype: dtype, /, *, copy: bool = False, device: obj = None)
  The elements as another dtype; complex to real keeps the real part.
