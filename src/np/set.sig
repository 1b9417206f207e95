# Sets of elements: sorted vectors without repetition. Under jit the length of a result must be given as `size`.

np.unique(ar: val, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False, axis: optint = None, *, equal_nan: bool = True, size: optint = None, fill_value: val = None, sorted: bool = True) -> some
  The distinct elements (or slices along an axis) in order; also where each stands first, which of them each element is, and how often each occurs.
np.unique_values(x: val, /, *, size: optint = None, fill_value: val = None)
  The distinct elements in order; NaNs are distinct.
np.union1d(ar1: val, ar2: val, *, size: optint = None, fill_value: val = None)
  The elements of either array.
np.intersect1d(ar1: val, ar2: val, assume_unique: bool = False, return_indices: bool = False, *, size: optint = None, fill_value: val = None) -> some
  The elements of both arrays; with return_indices also where they stand in each.
np.setdiff1d(ar1: val, ar2: val, assume_unique: bool = False, *, size: optint = None, fill_value: val = None)
  The elements of the first array that are not in the second.
np.setxor1d(ar1: val, ar2: val, assume_unique: bool = False, *, size: optint = None, fill_value: val = None)
  The elements of exactly one of the arrays.
np.isin(element: val, test_elements: val, assume_unique: bool = False, invert: bool = False, *, method: str = 'auto')
  For each element: is it among the test elements?
