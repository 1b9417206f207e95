# Products over groups of rows, and windows as patches, jax.lax.

lax.ragged_product(lhs: val, rhs: val, group_sizes: val, dimension_numbers: dotdims, ragged: int, groups: dims, precision: precision = None, preferred_element_type: dtype = None)
  dot_general in which axis `ragged` of lhs consists of groups, one after another, of these sizes. groups: the axis of rhs with an entry for each group, if lhs is not contracted there.
lax.conv_general_dilated_patches(lhs: val, filter_shape: dims, window_strides: ints, padding: pads, lhs_dilation: ints = None, rhs_dilation: ints = None,
    dimension_numbers: convdims = None, precision: precision = None, preferred_element_type: dtype = None)
  The windows that a convolution sees, laid out along the axis of features: for each channel the elements of the window.
lax.conv_general_dilated_local(lhs: val, rhs: val, window_strides: ints, padding: pads, filter_shape: dims, lhs_dilation: ints = None, rhs_dilation: ints = None,
    dimension_numbers: convdims = None, precision: precision = None)
  A convolution with a kernel of its own at each place.
