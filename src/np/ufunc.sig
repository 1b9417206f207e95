# Elementwise functions of jax.numpy.

np.sin(x: val, /)
  Sine of x in radians, elementwise. Integers become the default float.

np.cos(x: val, /)
  Cosine of x in radians, elementwise. Integers become the default float.

np.exp(x: val, /)
  e to the power x, elementwise.
