# Shapes and parts of arrays, jax.lax.

lax.broadcast(operand: val, sizes: shape, *, out_sharding: obj = None)
  operand repeated along new leading axes of these sizes.

lax.broadcast_in_dim(operand: val, shape: shape, broadcast_dimensions: ints, *, out_sharding: obj = None)
  operand as an array of this shape: its axis i becomes axis broadcast_dimensions[i], stretched where its extent is 1.

lax.broadcast_to_rank(x: val, rank: int)
  x with leading axes of extent 1, up to this rank.

lax.broadcast_like(arr: val, like_arr: val)
  arr broadcast to the shape of like_arr.

lax.reshape(operand: val, new_sizes: shape, dimensions: ints = None, *, out_sharding: obj = None)
  The elements of operand in row-major order, or in the order of its axes `dimensions`, with other extents.

lax.collapse(operand: val, start_dimension: int, stop_dimension: optint = None)
  The axes from start_dimension up to stop_dimension as one axis.

lax.transpose(operand: val, permutation: ints)
  Axis i of the result is axis permutation[i] of operand.

lax.squeeze(array: val, dimensions: ints)
  array without these axes, whose extents are 1.

lax.expand_dims(array: val, dimensions: ints)
  array with axes of extent 1 at these places of the result.

lax.concatenate(operands: vals, dimension: int)
  The operands joined along an axis. They have one dtype.

lax.stack(operands: vals, axis: int = 0)
  Operands of one shape joined along a new axis.

lax.unstack(x: val, axis: int = 0) -> vals
  The slices of x along an axis, which goes away.

lax.split(operand: val, sizes: ints, axis: int = 0) -> list
  operand cut into pieces of these sizes along an axis.

lax.tile(operand: val, reps: ints)
  operand repeated reps[i] times along each axis i.

lax.pad(operand: val, padding_value: val, padding_config: pads)
  operand with padding (low, high, interior) for each axis; negative amounts cut off.

lax.slice(operand: val, start_indices: ints, limit_indices: ints, strides: ints = None)
  operand[start:limit:stride] for each axis, with constant bounds.

lax.slice_in_dim(operand: val, start_index: optint, limit_index: optint, stride: int = 1, axis: int = 0)
  operand[start_index:limit_index:stride] along one axis. Negative bounds count from the end.

lax.index_in_dim(operand: val, index: int, axis: int = 0, keepdims: bool = True)
  The element at a constant index along one axis.

lax.dynamic_slice(operand: val, start_indices: vals, slice_sizes: shape, *, allow_negative_indices: bool = True)
  A window of constant size from a start that may be computed. The start moves so that the window fits.

lax.dynamic_slice_in_dim(operand: val, start_index: val, slice_size: int, axis: int = 0, *, allow_negative_indices: bool = True)
  dynamic_slice along one axis.

lax.dynamic_index_in_dim(operand: val, index: val, axis: int = 0, keepdims: bool = True, *, allow_negative_indices: bool = True)
  The element at a computed index along one axis.

lax.dynamic_update_slice(operand: val, update: val, start_indices: vals, *, allow_negative_indices: bool = True)
  operand with update written over a window. The start moves so that the window fits.

lax.dynamic_update_slice_in_dim(operand: val, update: val, start_index: val, axis: int, *, allow_negative_indices: bool = True)
  dynamic_update_slice along one axis.

lax.dynamic_update_index_in_dim(operand: val, update: val, index: val, axis: int, *, allow_negative_indices: bool = True)
  operand with one element along an axis replaced.

lax.rev(operand: val, dimensions: ints)
  operand with the order along these axes reversed.

lax.iota(dtype: dtype, size: int)
  0, 1, 2, … size - 1.

lax.broadcasted_iota(dtype: dtype, shape: shape, dimension: int, *, out_sharding: obj = None)
  An array whose elements are their index along one axis.

lax.full(shape: shape, fill_value: val, dtype: dtype = None, *, sharding: obj = None)
  An array filled with one value.

lax.full_like(x: val, fill_value: val, dtype: dtype = None, shape: shape = None, sharding: obj = None)
  An array like x, filled with one value.

lax.zeros_like_array(x: val)
  Zeros like x.

lax.empty(shape: shape, dtype: dtype, *, out_sharding: obj = None)
  An array of this shape; its elements are zeros.

lax.stop_gradient_leaf(x: val)
  x, as a constant for differentiation.

lax.gather(operand: val, start_indices: val, dimension_numbers: gatherdims, slice_sizes: shape, *, unique_indices: bool = False,
           indices_are_sorted: bool = False, mode: gathermode = None, fill_value: val = None)
  Windows of operand at the places that the vectors in the last axis of start_indices say.

lax.scatter(operand: val, scatter_indices: val, updates: val, dimension_numbers: scatterdims, *, indices_are_sorted: bool = False,
    unique_indices: bool = False, mode: indexmode = None)
  operand with windows replaced by those of updates, at the places that scatter_indices says.

lax.scatter_add(operand: val, scatter_indices: val, updates: val, dimension_numbers: scatterdims, *, indices_are_sorted: bool = False,
    unique_indices: bool = False, mode: indexmode = None)
  operand with windows added to those of updates, at the places that scatter_indices says.

lax.scatter_sub(operand: val, scatter_indices: val, updates: val, dimension_numbers: scatterdims, *, indices_are_sorted: bool = False,
    unique_indices: bool = False, mode: indexmode = None)
  operand with windows subtracted from those of updates, at the places that scatter_indices says.

lax.scatter_mul(operand: val, scatter_indices: val, updates: val, dimension_numbers: scatterdims, *, indices_are_sorted: bool = False,
    unique_indices: bool = False, mode: indexmode = None)
  operand with windows multiplied with those of updates, at the places that scatter_indices says.

lax.scatter_min(operand: val, scatter_indices: val, updates: val, dimension_numbers: scatterdims, *, indices_are_sorted: bool = False,
    unique_indices: bool = False, mode: indexmode = None)
  operand with windows lowered to, at most, those of updates, at the places that scatter_indices says.

lax.scatter_max(operand: val, scatter_indices: val, updates: val, dimension_numbers: scatterdims, *, indices_are_sorted: bool = False,
    unique_indices: bool = False, mode: indexmode = None)
  operand with windows raised to, at least, those of updates, at the places that scatter_indices says.
