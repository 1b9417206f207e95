# jax.numpy.fft and jax.lax.fft. norm: 'backward' (inverses are scaled by 1 / n), 'forward' (the others are), 'ortho' (both by its root).

lax.fft_typed(x: val, fft_type: int, fft_lengths: dims)
  The transform of type 0 FFT, 1 IFFT, 2 RFFT, 3 IRFFT over the last axes, of which the lengths are given.
fft.fft(a: val, n: optint = None, axis: optint = -1, norm: str = None)
  The discrete Fourier transform along an axis, cut or padded with zeros to n.
fft.ifft(a: val, n: optint = None, axis: optint = -1, norm: str = None)
  The inverse of fft.
fft.rfft(a: val, n: optint = None, axis: optint = -1, norm: str = None)
  The transform of real numbers: the first n // 2 + 1 elements, of which the others are the conjugates.
fft.irfft(a: val, n: optint = None, axis: optint = -1, norm: str = None)
  The inverse of rfft: n real numbers, 2 (m - 1) by default.
fft.hfft(a: val, n: optint = None, axis: optint = -1, norm: str = None)
  The transform of a signal whose second half is the conjugate of the first: n real numbers.
fft.ihfft(a: val, n: optint = None, axis: optint = -1, norm: str = None)
  The inverse of hfft.
fft.fft2(a: val, s: ints = None, axes: axes = (-2, -1), norm: str = None)
  The transform over two axes.
fft.ifft2(a: val, s: ints = None, axes: axes = (-2, -1), norm: str = None)
  The inverse of fft2.
fft.rfft2(a: val, s: ints = None, axes: axes = (-2, -1), norm: str = None)
  The transform of real numbers over two axes; the last one is halved.
fft.irfft2(a: val, s: ints = None, axes: axes = (-2, -1), norm: str = None)
  The inverse of rfft2.
fft.fftn(a: val, s: ints = None, axes: axes = None, norm: str = None)
  The transform over several axes, all by default.
fft.ifftn(a: val, s: ints = None, axes: axes = None, norm: str = None)
  The inverse of fftn.
fft.rfftn(a: val, s: ints = None, axes: axes = None, norm: str = None)
  The transform of real numbers over several axes; the last one is halved.
fft.irfftn(a: val, s: ints = None, axes: axes = None, norm: str = None)
  The inverse of rfftn.
fft.fftfreq(n: int, d: val = 1.0, *, dtype: dtype = None, device: obj = None)
  The frequencies of fft's elements for samples d apart: 0, 1, …, -2, -1 over n d.
fft.rfftfreq(n: int, d: val = 1.0, *, dtype: dtype = None, device: obj = None)
  The frequencies of rfft's elements.
fft.fftshift(x: val, axes: axes = None)
  Frequency zero moved to the middle of the axes, all by default.
fft.ifftshift(x: val, axes: axes = None)
  Undoes fftshift.
