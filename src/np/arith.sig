# Operators of arrays as functions of jax.numpy (their C is arith.c).

np.add(x: val, y: val, /)
  x + y, elementwise; for booleans, logical or.
np.subtract(x: val, y: val, /)
  x - y, elementwise.
np.multiply(x: val, y: val, /)
  x * y, elementwise; for booleans, logical and.
np.true_divide(x1: val, x2: val, /)
  x1 / x2, elementwise, in floating point.
alias np.divide = np.true_divide
np.floor_divide(x1: val, x2: val, /)
  The greatest integer not above x1 / x2, elementwise.
np.remainder(x1: val, x2: val, /)
  What floor division leaves over, with the sign of x2.
alias np.mod = np.remainder
np.divmod(x1: val, x2: val, /) -> vals
  floor_divide and remainder together.
np.power(x1: val, x2: val, /)
  x1 to the power x2, elementwise. A concrete integer exponent multiplies repeatedly.
alias np.pow = np.power
np.minimum(x: val, y: val, /)
  The lesser of x and y, elementwise; NaN if either is.
np.maximum(x: val, y: val, /)
  The greater of x and y, elementwise; NaN if either is.
np.negative(x: val, /)
  -x, elementwise.
np.positive(x: val, /)
  x itself.
np.absolute(x: val, /)
  The distance from zero, elementwise.
alias np.abs = np.absolute
np.invert(x: val, /)
  All bits flipped; for booleans, logical not.
alias np.bitwise_not = np.invert
alias np.bitwise_invert = np.invert
np.real(val: val, /)
  The real part.
np.imag(val: val, /)
  The imaginary part: zeros for real x.
np.conjugate(x: val, /)
  The complex conjugate; real x as it is.
alias np.conj = np.conjugate
np.equal(x: val, y: val, /)
  x == y, elementwise.
np.not_equal(x: val, y: val, /)
  x != y, elementwise.
np.less(x: val, y: val, /)
  x < y, elementwise; complex numbers by real, then imaginary part.
np.less_equal(x: val, y: val, /)
  x <= y, elementwise.
np.greater(x: val, y: val, /)
  x > y, elementwise.
np.greater_equal(x: val, y: val, /)
  x >= y, elementwise.
np.bitwise_and(x: val, y: val, /)
  Bits set in both.
np.bitwise_or(x: val, y: val, /)
  Bits set in either.
np.bitwise_xor(x: val, y: val, /)
  Bits set in exactly one.
np.left_shift(x: val, y: val, /)
  The bits of x moved up by y.
alias np.bitwise_left_shift = np.left_shift
np.right_shift(x1: val, x2: val, /)
  The bits of x1 moved down by x2; the sign stays.
alias np.bitwise_right_shift = np.right_shift
