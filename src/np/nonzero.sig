# Where elements are nonzero. The number of results depends on values, so under jit it must be given as `size`.

np.nonzero(a: val, *, size: optint = None, fill_value: nested = None) -> vals
  The indices of nonzero elements, a vector per axis. With size: cut, or filled up with fill_value (0), to that length.
np.flatnonzero(a: val, *, size: optint = None, fill_value: nested = None)
  The indices of nonzero elements of the flattened array.
np.argwhere(a: val, *, size: optint = None, fill_value: nested = None)
  The indices of nonzero elements, a row for each.
np.compress(condition: val, a: val, axis: optint = None, *, size: optint = None, fill_value: val = 0, out: none = None)
  The slices along an axis (or elements of the flattened array) where a vector of booleans is true.
np.extract(condition: val, arr: val, *, size: optint = None, fill_value: val = 0)
  The elements of the flattened array where the flattened condition is true.
np.bincount(x: val, weights: val = None, minlength: int = 0, *, length: optint = None, out_sharding: obj = None)
  How often each integer from 0 occurs, or the sum of its weights. length must be given under jit.
np.tril_indices(n: int, k: int = 0, m: optint = None) -> vals
  Row and column indices on and below the k-th diagonal of n rows and m columns.
np.triu_indices(n: int, k: int = 0, m: optint = None) -> vals
  Row and column indices on and above the k-th diagonal of n rows and m columns.
np.tril_indices_from(arr: like, k: int = 0) -> vals
  tril_indices of a matrix's shape.
np.triu_indices_from(arr: like, k: int = 0) -> vals
  triu_indices of a matrix's shape.
np.diag_indices(n: int, ndim: int = 2) -> vals
  The indices of the diagonal of an array with ndim axes of extent n.
np.diag_indices_from(arr: val) -> vals
  The indices of the diagonal of an array with equal extents.
np.fill_diagonal(a: val, val: val, wrap: bool = False, *, inplace: bool = True)
  The array with another diagonal. Arrays do not change: inplace must be False.
np.unravel_index(indices: val, shape: shape) -> vals
  Flat indices as an index per axis of a shape.
np.ravel_multi_index(multi_index: vals, dims: dims, mode: str = 'raise', order: str = 'C', *, dtype: dtype = None)
  An index per axis as flat indices. mode: raise, wrap, clip or ignore what is out of bounds.
np.ix_(*args: vals) -> vals
  Vectors as indices of a grid, each along its own axis.
np.trim_zeros(filt: val, trim: str = 'fb', axis: axes = None)
  The array without zeros at the front ('f' in trim) and the back ('b').
