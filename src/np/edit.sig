# Arrays with elements put, deleted, inserted, chosen; partial sorts; bits.

np.put(a: val, ind: val, v: val, mode: str = None, *, inplace: bool = True)
  The array with values at indices of the flattened array. Arrays do not change: inplace must be False. mode: None drops, clip, wrap.
np.place(arr: val, mask: val, vals: val, *, inplace: bool = True)
  The array with values, in order and repeated as needed, where a mask holds. Arrays do not change: inplace must be False.
np.put_along_axis(arr: val, indices: val, values: val, axis: optint, inplace: bool = True, *, mode: str = None)
  The array with values at indices along an axis; the other axes correspond. Arrays do not change: inplace must be False.
np.delete_at(arr: val, obj: val, axis: optint = None, *, assume_unique_indices: bool = False)
  The array without slices along an axis (or elements of the flattened array): those at indices, or where a mask holds.
np.insert_at(arr: val, obj: val, values: val, axis: optint = None)
  The array with values in front of indices along an axis, or of the flattened array.
np.choose(a: val, choices: vals, out: none = None, mode: str = 'raise')
  For each place the element of the choice that a names there. mode: raise, wrap or clip what is out of bounds.
np.partition(a: val, kth: int, axis: int = -1)
  An order in which element kth stands where sorting would put it, smaller ones before and greater ones after.
np.argpartition(a: val, kth: int, axis: int = -1)
  The indices of such an order.
np.sort_complex(a: val)
  The sorted elements as complex numbers.
np.lexsort(keys: vals, axis: int = -1)
  The indices that sort by the last key, then by the one before, and so on.
np.packbits(a: val, axis: optint = None, bitorder: str = 'big')
  Bits packed into bytes along an axis, filled up with zeros.
np.unpackbits(a: val, axis: optint = None, count: optint = None, bitorder: str = 'big')
  The bits of bytes along an axis, cut or filled up to a count.
np.cross(a: val, b: val, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: optint = None)
  The vector product of vectors of 2 or 3 elements along an axis.
