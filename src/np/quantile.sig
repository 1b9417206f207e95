# Quantiles of jax.numpy.

np.quantile(a: val, q: val, axis: axes = None, out: none = None, overwrite_input: bool = False, method: str = 'linear', keepdims: bool = False, *, weights: val = None)
  The q-quantiles (0 <= q <= 1, a number or a vector) of the elements over axes; NaN where there is one. method: linear, lower, higher, nearest
  or midpoint, between the two neighbouring elements; inverted_cdf, which takes weights of elements.

np.percentile(a: val, q: val, axis: axes = None, out: none = None, overwrite_input: bool = False, method: str = 'linear', keepdims: bool = False, *, weights: val = None)
  The quantiles at q / 100.

np.nanquantile(a: val, q: val, axis: axes = None, out: none = None, overwrite_input: bool = False, method: str = 'linear', keepdims: bool = False, *, weights: val = None)
  quantile of what is not NaN; NaN where nothing is left.

np.nanpercentile(a: val, q: val, axis: axes = None, out: none = None, overwrite_input: bool = False, method: str = 'linear', keepdims: bool = False, *, weights: val = None)
  percentile of what is not NaN; NaN where nothing is left.

np.nanmedian(a: val, axis: axes = None, out: none = None, overwrite_input: bool = False, keepdims: bool = False)
  median of what is not NaN; NaN where nothing is left.
