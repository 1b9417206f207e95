# Random bits and collectives, jax.lax.

lax.rng_uniform(a: val, b: val, shape: shape)
  Uniform numbers in [a, b) from a generator with hidden state.

lax.rng_bits(key: val, shape: shape, dtype: dtype, algorithm: int) -> vals
  The next state of a bit generator, and random bits.

lax.psum_leaf(x: val, axes: names)
  The sum over named axes.

lax.pmax_leaf(x: val, axes: names)
  The maximum over named axes.

lax.pmin_leaf(x: val, axes: names)
  The minimum over named axes.

lax.named_size(axes: names) -> int
  The product of the sizes of named axes.

lax.axis_index(axis_name: names)
  The index along a named axis; of several, the index into all of them in row-major order.

lax.all_gather_leaf(x: val, axis_name: str, axis: int, tiled: bool)
  x of every member of a named axis, stacked or joined along an axis.

lax.ppermute_leaf(x: val, axis_name: str, perm: pads)
  x sent from member to member along a named axis; zeros where nothing arrives.

lax.pbroadcast_leaf(x: val, axis_name: str, source: int)
  x of one member of a named axis.

lax.all_to_all_leaf(x: val, axis_name: str, split_axis: int, concat_axis: int, tiled: bool)
  Member i gets the i-th piece of x of every member.
