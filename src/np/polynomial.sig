# Polynomials as vectors of coefficients, the highest power first.

np.poly(seq_of_zeros: val)
  The polynomial with these roots, or the characteristic polynomial of a square matrix.
np.polyval(p: val, x: val, *, unroll: int = 16)
  The value of the polynomial at x.
np.polyadd(a1: val, a2: val)
  The sum of two polynomials.
np.polysub(a1: val, a2: val)
  The difference of two polynomials.
np.polymul(a1: val, a2: val, *, trim_leading_zeros: bool = False)
  The product of two polynomials.
np.polydiv(u: val, v: val, *, trim_leading_zeros: bool = False) -> vals
  Quotient and remainder of two polynomials.
np.polyint(p: val, m: int = 1, k: val = None)
  The polynomial integrated m times, with the constants k.
np.polyder(p: val, m: int = 1)
  The polynomial differentiated m times.
np.roots(p: val, *, strip_zeros: bool = True)
  The roots of the polynomial. strip_zeros False: leading zeros give roots that are NaN, as jit needs it.
np.polyfit(x: val, y: val, deg: int, rcond: val = None, full: bool = False, w: val = None, cov: choice = None) -> some
  The polynomial of degree deg that fits points best in the sense of least squares, weighted by w. full: also residuals, rank, singular values and
  rcond. cov: also the covariance of the coefficients, 'unscaled' without the residuals' scale.
