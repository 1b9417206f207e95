# Elementwise functions of jax.numpy. Unless said otherwise integers become the default float.

np.sin(x: val, /)
  Sine of x in radians.
np.cos(x: val, /)
  Cosine of x in radians.
np.tan(x: val, /)
  Tangent of x in radians.
np.arcsin(x: val, /)
  The angle in [-pi/2, pi/2] whose sine is x.
alias np.asin = np.arcsin
np.arccos(x: val, /)
  The angle in [0, pi] whose cosine is x.
alias np.acos = np.arccos
np.arctan(x: val, /)
  The angle in [-pi/2, pi/2] whose tangent is x.
alias np.atan = np.arctan
np.arctan2(x1: val, x2: val, /)
  The angle of the point (x2, x1) in (-pi, pi].
alias np.atan2 = np.arctan2
np.sinh(x: val, /)
  Hyperbolic sine.
np.cosh(x: val, /)
  Hyperbolic cosine.
np.tanh(x: val, /)
  Hyperbolic tangent.
np.arcsinh(x: val, /)
  Inverse hyperbolic sine.
alias np.asinh = np.arcsinh
np.arccosh(x: val, /)
  Inverse hyperbolic cosine.
alias np.acosh = np.arccosh
np.arctanh(x: val, /)
  Inverse hyperbolic tangent.
alias np.atanh = np.arctanh
np.exp(x: val, /)
  e to the power x.
np.exp2(x: val, /)
  2 to the power x.
np.expm1(x: val, /)
  exp(x) - 1, precise near 0.
np.log(x: val, /)
  Natural logarithm.
np.log2(x: val, /)
  Logarithm to the base 2.
np.log10(x: val, /)
  Logarithm to the base 10.
np.log1p(x: val, /)
  log(1 + x), precise near 0.
np.logaddexp(x1: val, x2: val, /)
  log(exp(x1) + exp(x2)) without overflow.
np.logaddexp2(x1: val, x2: val, /)
  log2(2**x1 + 2**x2) without overflow.
np.sqrt(x: val, /)
  Square root.
np.cbrt(x: val, /)
  Cube root.
np.square(x: val, /)
  x * x; integers stay integers.
np.reciprocal(x: val, /)
  1 / x.
np.sign(x: val, /)
  -1, 0 or 1 by the sign of x; x / |x| for complex x. Keeps the dtype.
np.fabs(x: val, /)
  The absolute value of real x, as a float.
np.float_power(x: val, y: val, /)
  x to the power y in floating point.
np.floor(x: val, /)
  The greatest integer not above x. Integers stay as they are.
np.ceil(x: val, /)
  The least integer not below x. Integers stay as they are.
np.trunc(x: val)
  x without its fraction. Integers stay as they are.
np.rint(x: val, /)
  The nearest integer, halves to even.
np.round(a: val, decimals: int = 0, out: none = None)
  To so many decimals, halves to even.
alias np.around = np.round
np.fmod(x1: val, x2: val, /)
  What division leaves over, with the sign of x1. Integers stay integers.
np.hypot(x1: val, x2: val, /)
  The length of (x1, x2), without overflow on the way.
np.sinc(x: val, /)
  sin(pi x) / (pi x), and 1 at 0.
np.deg2rad(x: val, /)
  Degrees as radians.
alias np.radians = np.deg2rad
np.rad2deg(x: val, /)
  Radians as degrees.
alias np.degrees = np.rad2deg
np.heaviside(x1: val, x2: val, /)
  0 for negative x1, 1 for positive x1, x2 at 0.
np.copysign(x1: val, x2: val, /)
  |x1| with the sign of x2.
np.nextafter(x: val, y: val, /)
  The float after x in the direction of y.
np.spacing(x: val, /)
  The distance from x to the next float away from zero.
np.signbit(x: val, /)
  Is the sign bit set? True for -0.0.
np.ldexp(x1: val, x2: val, /)
  x1 times 2 to the integer power x2.
np.frexp(x: val, /) -> vals
  Mantissas in [0.5, 1) by magnitude and integer exponents e with x = mantissa * 2**e.
np.modf(x: val, /, out: none = None) -> vals
  The fraction and the whole part, both with the sign of x.
np.fmin(x1: val, x2: val)
  The lesser of the two; the other one where one is NaN.
np.fmax(x1: val, x2: val)
  The greater of the two; the other one where one is NaN.
np.logical_and(x: val, y: val, /)
  Are both nonzero?
np.logical_or(x: val, y: val, /)
  Is either nonzero?
np.logical_xor(x: val, y: val, /)
  Is exactly one nonzero?
np.logical_not(x: val, /)
  Is x zero?
np.bitwise_count(x: val, /)
  The number of bits set in |x|.
np.isnan(x: val, /)
  Is it not a number?
np.isinf(x: val, /)
  Is it infinite?
np.isfinite(x: val, /)
  Is it neither infinite nor NaN?
np.isposinf(x: val, /, out: none = None)
  Is it positive infinity?
np.isneginf(x: val, /, out: none = None)
  Is it negative infinity?
np.isreal(x: val)
  Is the imaginary part zero?
np.iscomplex(x: val)
  Is the imaginary part nonzero?
np.angle(z: val, deg: bool = False)
  The angle of a complex number, in radians or degrees.
np.i0(x: val)
  The modified Bessel function of the first kind and order 0.
np.gcd(x1: val, x2: val)
  The greatest common divisor of integers.
np.lcm(x1: val, x2: val)
  The least common multiple of integers.
np.where(condition: val, x: val = None, y: val = None, /, *, size: optint = None, fill_value: nested = None) -> some
  x where the condition holds, y elsewhere; dtypes promote and shapes broadcast.
np.clip(arr: val, /, min: val = None, max: val = None)
  Values outside of [min, max] moved to its nearer end.
np.nan_to_num(x: val, copy: bool = True, nan: val = 0.0, posinf: val = None, neginf: val = None)
  NaN and infinities replaced: by 0 and the largest finite numbers unless given.
np.isclose(a: val, b: val, rtol: val = 1e-05, atol: val = 1e-08, equal_nan: bool = False)
  Is |a - b| <= atol + rtol |b|?
np.allclose(a: val, b: val, rtol: val = 1e-05, atol: val = 1e-08, equal_nan: bool = False)
  Does isclose hold everywhere?
np.array_equal(a1: nested, a2: nested, equal_nan: bool = False)
  The same shape and the same elements?
np.array_equiv(a1: nested, a2: nested)
  Equal elements after broadcasting?
np.select(condlist: vals, choicelist: vals, default: val = 0)
  Elementwise the choice of the first condition that holds, or the default.
