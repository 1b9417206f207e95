# Sorting and searching, jax.numpy.

np.sort(a: val, axis: optint = -1, *, kind: none = None, order: none = None, stable: bool = True, descending: bool = False)
  a sorted along an axis, or flattened first if it is None. NaNs come last.

np.argsort(a: val, axis: optint = -1, *, kind: none = None, order: none = None, stable: bool = True, descending: bool = False, dtype: dtype = None)
  The indices that sort a along an axis.

np.take_along_axis(arr: val, indices: val, axis: optint = -1, mode: str = None, fill_value: val = None, *, wrap_negative_indices: optint = None)
  For each place of indices the element of arr at that index along an axis; the other axes correspond. Outside of the array
  by mode: fill (fill_value or NaN), clip, promise_in_bounds, one_hot (0).

np.searchsorted(a: val, v: val, side: str = 'left', sorter: val = None, *, method: str = 'scan')
  Where each v would stand in the sorted vector a: before (left) or after (right) equal elements.
