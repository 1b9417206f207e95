# Histograms, interpolation, and what convolutions and differences make of sampled functions.

np.digitize(x: val, bins: val, right: bool = False, *, method: str = 'scan')
  For each x the number of the bin it falls into; bins are the ascending or descending edges. right: the upper edge belongs to a bin.
np.histogram_bin_edges(a: val, bins: choice = 10, range: nested = None, weights: val = None)
  The edges of equal bins between the least and the greatest element, or over a range.
np.histogram(a: val, bins: choice = 10, range: nested = None, weights: val = None, density: bool = None) -> vals
  How many elements (or what weight of them) each bin holds, and the edges of bins. density: divided by the total and the widths.
np.histogramdd_of(sample: val, edges: vals, weights: val = None, density: bool = False)
  The histogram of the rows of a matrix for given edges of bins along each axis.
np.interp(x: val, xp: val, fp: val, left: choice = None, right: choice = None, period: val = None)
  Linear interpolation between points (xp, fp). Outside of them the first or last value, another one, or 'extrapolate'; with a period xp wraps around.
np.convolve(a: val, v: val, mode: str = 'full', *, precision: precision = None, preferred_element_type: dtype = None)
  The discrete convolution of two vectors. mode: full, same or valid.
np.correlate(a: val, v: val, mode: str = 'valid', *, precision: precision = None, preferred_element_type: dtype = None)
  The cross-correlation of two vectors. mode: full, same or valid.
np.gradient(f: val, *varargs: vals, axis: axes = None, edge_order: none = None) -> somelist
  Differences in the middle, one-sided at the ends, along each axis. varargs: distances, or the places of points, for all axes or each.
np.unwrap(p: val, discont: val = None, axis: int = -1, period: val = 6.283185307179586)
  Angles made continuous: jumps of more than half a period become their complement.
np.cov(m: val, y: val = None, rowvar: bool = True, bias: bool = False, ddof: optint = None, fweights: val = None, aweights: val = None, dtype: dtype = None)
  The covariance matrix of variables in rows (or columns), weighted by counts and importances.
np.corrcoef(x: val, y: val = None, rowvar: bool = True, dtype: dtype = None)
  Pearson's correlation coefficients of variables in rows (or columns).
np.bartlett(M: int)
  The triangular window of M points.
np.blackman(M: int)
  Blackman's window of M points.
np.hamming(M: int)
  Hamming's window of M points.
np.hanning(M: int)
  Von Hann's window of M points.
np.kaiser(M: int, beta: val)
  Kaiser's window of M points.
