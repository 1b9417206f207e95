# Shapes: the same elements in other arrangements.

np.reshape(a: val, shape: shape, order: str = 'C', *, copy: bool = None, out_sharding: obj = None)
  The elements in another shape; one extent may be -1 and is computed.
np.ravel(a: val, order: str = 'C', *, out_sharding: obj = None)
  All elements along one axis.
np.transpose(a: val, axes: axes = None)
  The axes in another order, by default reversed.
np.permute_dims(a: val, /, axes: ints)
  The axes in another order.
np.matrix_transpose(x: val, /)
  The last two axes swapped.
np.swapaxes(a: val, axis1: int, axis2: int)
  Two axes swapped.
np.moveaxis(a: val, source: ints, destination: ints)
  Axes moved to other places; the others keep their order.
np.rollaxis(a: val, axis: int, start: int = 0)
  An axis moved in front of axis `start`.
np.expand_dims(a: val, axis: ints)
  New axes of extent 1, at these places of the result.
np.squeeze(a: val, axis: axes = None)
  Without axes of extent 1: all of them or those given.
np.broadcast_to(array: val, shape: shape, *, out_sharding: obj = None)
  The array repeated to a shape that it broadcasts to.
np.broadcast_arrays(*args: vals) -> list
  All arrays broadcast to their common shape.
np.concatenate(arrays: vals, axis: optint = 0, dtype: dtype = None)
  Arrays one after another along an axis; axis None joins them flattened.
alias np.concat = np.concatenate
np.stack(arrays: vals, axis: int = 0, out: none = None, dtype: dtype = None)
  Arrays of one shape along a new axis.
np.vstack(tup: vals, dtype: dtype = None)
  Arrays on top of each other; vectors are rows.
np.hstack(tup: vals, dtype: dtype = None)
  Arrays side by side: along axis 1, vectors along axis 0.
np.dstack(tup: vals, dtype: dtype = None)
  Arrays along axis 2.
np.column_stack(tup: vals)
  Vectors as columns, matrices side by side.
np.append(arr: val, values: val, axis: optint = None)
  Two arrays one after another; without axis flattened.
np.split(ary: val, indices_or_sections: sections, axis: int = 0) -> list
  Equal parts (a number), or parts that end at indices (a sequence).
np.array_split(ary: val, indices_or_sections: sections, axis: int = 0) -> list
  As split; a number of parts need not divide evenly.
np.hsplit(ary: val, indices_or_sections: sections) -> list
  split along axis 1, vectors along axis 0.
np.vsplit(ary: val, indices_or_sections: sections) -> list
  split along axis 0.
np.dsplit(ary: val, indices_or_sections: sections) -> list
  split along axis 2.
np.unstack(x: val, /, *, axis: int = 0) -> vals
  The slices along an axis.
np.tile(A: val, reps: ints)
  The array repeated in each direction.
np.repeat(a: val, repeats: val, axis: optint = None, *, total_repeat_length: optint = None, out_sharding: obj = None)
  Each element repeated, by one count or by a count for each.
np.flip(m: val, axis: axes = None)
  The order along axes reversed.
np.fliplr(m: val)
  The order along axis 1 reversed.
np.flipud(m: val)
  The order along axis 0 reversed.
np.roll(a: val, shift: nested, axis: axes = None)
  Elements moved along axes; those that leave come in at the other end.
np.rot90(m: val, k: int = 1, axes: ints = (0, 1))
  Turned k times by 90 degrees from the first towards the second axis.
np.resize(a: val, new_shape: shape)
  Another shape; the elements are repeated or cut to fill it.
np.atleast_1d(*arys: vals) -> somelist
  Arrays with at least one axis.
np.atleast_2d(*arys: vals) -> somelist
  Arrays with at least two axes.
np.atleast_3d(*arys: vals) -> somelist
  Arrays with at least three axes.
np.ndim(a: nested) -> int
  The number of axes.
np.shape(a: nested) -> shape
  The extents.
np.size(a: nested, axis: axes = None) -> int
  The number of elements, or of those along axes.
np.diff(a: val, n: int = 1, axis: int = -1, prepend: val = None, append: val = None)
  Differences of neighbours along an axis, n times.
np.ediff1d(ary: val, to_end: val = None, to_begin: val = None)
  Differences of neighbours in the flattened array, with something before and after.
np.trapezoid(y: val, x: val = None, dx: val = 1.0, axis: int = -1)
  The integral by the trapezoidal rule, at points x or at distance dx.
