# Contractions named by axes, and picking along an axis.

np.tensordot(a: val, b: val, axes: nested = None, *, precision: obj = None, preferred_element_type: dtype = None, out_sharding: obj = None)
  Sums of products over axes of a and b: the last and first so many (2 by default), or a pair of lists.
np.einsum(subscripts: str, /, *operands: vals, out: none = None, optimize: obj = None, precision: obj = None, preferred_element_type: dtype = None, out_sharding: obj = None)
  Sums of products over axes named by letters, as in 'ij,jk->ik'.
np.take(a: val, indices: val, axis: optint = None, out: none = None, mode: str = None, unique_indices: bool = False, indices_are_sorted: bool = False, fill_value: val = None)
  The elements at indices along an axis, or of the flattened array. Out of bounds by mode: fill, wrap or clip.
np.kron(a: val, b: val)
  Blocks: each element of a times the whole of b.
