# jax.scipy.fft: discrete cosine transforms of type 2.

sfft.dct(x: val, type: int = 2, n: optint = None, axis: int = -1, norm: str = None)
  2 sum over j of x_j cos(pi k (2 j + 1) / 2n) along an axis; norm 'ortho' makes the matrix orthogonal.
sfft.idct(x: val, type: int = 2, n: optint = None, axis: int = -1, norm: str = None)
  The inverse of dct.
sfft.dctn(x: val, type: int = 2, s: ints = None, axes: axes = None, norm: str = None)
  dct along several axes, all by default.
sfft.idctn(x: val, type: int = 2, s: ints = None, axes: axes = None, norm: str = None)
  The inverse of dctn.
