# Products and convolutions, jax.lax.

lax.dot_general(lhs: val, rhs: val, dimension_numbers: dotdims, precision: precision = None, preferred_element_type: dtype = None, *, out_sharding: obj = None)
  The sum of products over the contracted axes, for each element of the batch axes: ((lhs contracted, rhs contracted), (lhs batch, rhs batch)).
  The result has the batch axes, then the other axes of lhs, then those of rhs.

lax.dot(lhs: val, rhs: val, *, dimension_numbers: dotdims = None, precision: precision = None, preferred_element_type: dtype = None, out_sharding: obj = None)
  Vector and matrix products of operands of one or two axes, or dot_general if dimension_numbers are given.

lax.batch_matmul(lhs: val, rhs: val, precision: precision = None)
  Matrix products over equal leading axes.

lax.conv_general_dilated(lhs: val, rhs: val, window_strides: ints, padding: pads, lhs_dilation: ints = None, rhs_dilation: ints = None,
    dimension_numbers: convdims = None, feature_group_count: int = 1, batch_group_count: int = 1, precision: precision = None,
    preferred_element_type: dtype = None, out_sharding: obj = None)
  Convolution (without flipping the kernel rhs) over any number of spatial axes, strided, dilated, grouped.
  padding is 'SAME', 'SAME_LOWER', 'VALID' or a (low, high) pair per spatial axis.

lax.conv(lhs: val, rhs: val, window_strides: ints, padding: pads, precision: precision = None, preferred_element_type: dtype = None)
  Convolution of lhs (batch, feature, spatial…) with rhs (out, in, spatial…).

lax.conv_with_general_padding(lhs: val, rhs: val, window_strides: ints, padding: pads, lhs_dilation: ints, rhs_dilation: ints,
    precision: precision = None, preferred_element_type: dtype = None)
  Convolution of lhs (batch, feature, spatial…) with rhs (out, in, spatial…), with explicit padding and dilations.

lax.conv_transpose(lhs: val, rhs: val, strides: ints, padding: pads, rhs_dilation: ints = None, dimension_numbers: convdims = None,
    transpose_kernel: bool = False, precision: precision = None, preferred_element_type: dtype = None, use_consistent_padding: bool = False)
  The convolution whose strides stretch lhs: the shape rule of a strided convolution's gradient. Without dimension_numbers the
  layout is (batch, spatial…, feature) and the kernel (spatial…, in, out).

lax.conv_permutations(dimension_numbers: convdims, ndim: int, which: int) -> shape
  The axes of operand `which` of a convolution: batch (or out), feature (or in), then spatial.

lax.padding_pairs(in_shape: ints, window_shape: ints, window_strides: ints, padding: pads) -> shape
  Low and high padding per axis, in a row.
