# Elementwise functions of jax.lax: operands of one dtype, of the same rank; extents of 1 and scalars stretch.

lax.neg(x: val)
  -x, elementwise. Unsigned integers wrap.

lax.sign(x: val)
  -1, 0 or 1 by the sign of x; x / |x| for complex x, NaN for NaN.

lax.floor(x: val)
  The greatest integer not above x, as a float.

lax.ceil(x: val)
  The least integer not below x, as a float.

lax.is_finite(x: val)
  True where x is neither infinite nor NaN.

lax.exp(x: val, *, accuracy: obj = None)
  e to the power x.

lax.exp2(x: val, *, accuracy: obj = None)
  2 to the power x.

lax.log(x: val, *, accuracy: obj = None)
  The natural logarithm.

lax.log1p(x: val, *, accuracy: obj = None)
  log(1 + x), accurate near 0.

lax.expm1(x: val, *, accuracy: obj = None)
  exp(x) - 1, accurate near 0.

lax.tanh(x: val, *, accuracy: obj = None)
  The hyperbolic tangent.

lax.logistic(x: val, *, accuracy: obj = None)
  1 / (1 + exp(-x)).

lax.sin(x: val, *, accuracy: obj = None)
  The sine of x in radians.

lax.cos(x: val, *, accuracy: obj = None)
  The cosine of x in radians.

lax.tan(x: val, *, accuracy: obj = None)
  The tangent of x in radians.

lax.asin(x: val)
  The arc sine.

lax.acos(x: val)
  The arc cosine.

lax.atan(x: val)
  The arc tangent.

lax.sinh(x: val)
  The hyperbolic sine.

lax.cosh(x: val)
  The hyperbolic cosine.

lax.asinh(x: val)
  The inverse hyperbolic sine.

lax.acosh(x: val)
  The inverse hyperbolic cosine.

lax.atanh(x: val)
  The inverse hyperbolic tangent.

lax.lgamma(x: val)
  The logarithm of |gamma(x)|.

lax.digamma(x: val)
  The derivative of lgamma.

lax.bessel_i0e(x: val)
  The modified Bessel function of order 0, scaled by exp(-|x|).

lax.bessel_i1e(x: val)
  The modified Bessel function of order 1, scaled by exp(-|x|).

lax.erf(x: val)
  The error function.

lax.erfc(x: val)
  1 - erf(x), accurate for large x.

lax.erf_inv(x: val)
  The inverse of erf on (-1, 1).

lax.real(x: val)
  The real part of a complex array.

lax.imag(x: val)
  The imaginary part of a complex array.

lax.abs(x: val)
  The absolute value; of a complex array its real modulus.

lax.sqrt(x: val, *, accuracy: obj = None)
  The square root.

lax.rsqrt(x: val, *, accuracy: obj = None)
  1 / sqrt(x).

lax.cbrt(x: val, *, accuracy: obj = None)
  The cube root.

lax.population_count(x: val)
  The number of one bits of each integer.

lax.clz(x: val)
  The number of leading zero bits of each integer.

lax.square(x: val)
  x * x.

lax.reciprocal(x: val)
  1 / x.

lax.bitwise_not(x: val)
  Inverts every bit, or a boolean.

lax.conj(x: val)
  The complex conjugate; a real array becomes complex.

lax.add(x: val, y: val)
  x + y. Both have the same dtype.

lax.sub(x: val, y: val)
  x - y. Both have the same dtype.

lax.div(x: val, y: val)
  x / y; integers are divided towards zero. Both have the same dtype.

lax.rem(x: val, y: val)
  The remainder of x / y, with the sign of x. Both have the same dtype.

lax.pow(x: val, y: val)
  x to the power y; y may be an integer array.

lax.max(x: val, y: val)
  The greater of x and y; NaN wins. Both have the same dtype.

lax.min(x: val, y: val)
  The lesser of x and y; NaN wins. Both have the same dtype.

lax.bitwise_and(x: val, y: val)
  The bits that x and y share. Both have the same dtype.

lax.bitwise_or(x: val, y: val)
  The bits that x or y have. Both have the same dtype.

lax.bitwise_xor(x: val, y: val)
  The bits in which x and y differ. Both have the same dtype.

lax.shift_left(x: val, y: val)
  The bits of x moved y places up; 0 if y is not less than the width. Both have the same dtype.

lax.shift_right_arithmetic(x: val, y: val)
  The bits of x moved y places down, filled with its sign. Both have the same dtype.

lax.shift_right_logical(x: val, y: val)
  The bits of x moved y places down, filled with zeros. Both have the same dtype.

lax.atan2(x: val, y: val)
  The angle of the point (y, x). Both have the same dtype.

lax.nextafter(x1: val, x2: val)
  The float after x1 in the direction of x2. Both have the same dtype.

lax.complex(x: val, y: val)
  x + iy of two real arrays. Both have the same dtype.

lax.eq(x: val, y: val)
  x == y. Both have the same dtype.

lax.ne(x: val, y: val)
  x != y. Both have the same dtype.

lax.lt(x: val, y: val)
  x < y. Both have the same dtype.

lax.le(x: val, y: val)
  x <= y. Both have the same dtype.

lax.gt(x: val, y: val)
  x > y. Both have the same dtype.

lax.ge(x: val, y: val)
  x >= y. Both have the same dtype.

lax.igamma(a: val, x: val)
  The regularised lower incomplete gamma function. Both have the same dtype.

lax.igammac(a: val, x: val)
  The regularised upper incomplete gamma function. Both have the same dtype.

lax.igamma_grad_a(a: val, x: val)
  The derivative of igamma by a. Both have the same dtype.

lax.random_gamma_grad(a: val, x: val)
  The derivative of a gamma sample x by its shape a. Both have the same dtype.

lax.zeta(x: val, q: val)
  The Hurwitz zeta function. Both have the same dtype.

lax.polygamma(m: val, x: val)
  The m-th derivative of digamma at x. Both have the same dtype.

lax.mulhi(x: val, y: val, /)
  The upper half of the product of two integers. Both have the same dtype.

lax.mul(x: val, y: val, *, out_dtype: dtype = None)
  x * y. Both have the same dtype; out_dtype converts them first.

lax.integer_pow(x: val, y: int)
  x to a power that is a Python integer, by repeated multiplication.

lax.round(x: val, rounding_method: rounding = None)
  The nearest integer, as a float; halves go away from zero or, with RoundingMethod.TO_NEAREST_EVEN, to the even neighbour.

lax.betainc(a: val, b: val, x: val)
  The regularised incomplete beta function.

lax.clamp(min: val, x: val, max: val)
  x limited to [min, max]. The limits are scalars or have x's shape.

lax.reduce_precision(operand: val, exponent_bits: int, mantissa_bits: int)
  operand rounded to a float format with so many bits, kept in its own dtype.

lax.select(pred: val, on_true: val, on_false: val)
  on_true where pred, on_false elsewhere. pred is boolean, a scalar or of the cases' shape.

lax.select_n(which: val, *cases: vals)
  cases[which], elementwise: which is boolean for up to two cases, or int32.

lax.convert_element_type(operand: val, new_dtype: dtype)
  operand with its elements converted, as C++ static_cast does.

lax.bitcast_convert_type(operand: val, new_dtype: dtype)
  The same bits as elements of another dtype. A narrower dtype adds a last axis, a wider one takes it away.
