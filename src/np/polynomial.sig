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
