# Reductions of jax.numpy: over all axes by default. `where` says what counts, `initial` joins the result once.

np.sum(a: val, axis: axes = None, dtype: dtype = None, out: none = None, keepdims: bool = False, initial: val = None, where: val = None, promote_integers: bool = True)
  Sum of elements. Booleans and small integers add up as the default integer unless promote_integers is False.
np.prod(a: val, axis: axes = None, dtype: dtype = None, out: none = None, keepdims: bool = False, initial: val = None, where: val = None, promote_integers: bool = True)
  Product of elements. Booleans and small integers multiply as the default integer unless promote_integers is False.
np.max(a: val, axis: axes = None, out: none = None, keepdims: bool = False, initial: val = None, where: val = None)
  The greatest element; NaN if there is one.
alias np.amax = np.max
np.min(a: val, axis: axes = None, out: none = None, keepdims: bool = False, initial: val = None, where: val = None)
  The least element; NaN if there is one.
alias np.amin = np.min
np.all(a: val, axis: axes = None, out: none = None, keepdims: bool = False, *, where: val = None)
  Are all elements nonzero?
np.any(a: val, axis: axes = None, out: none = None, keepdims: bool = False, *, where: val = None)
  Is any element nonzero?
np.mean(a: val, axis: axes = None, dtype: dtype = None, out: none = None, keepdims: bool = False, *, where: val = None)
  The arithmetic mean; 16-bit floats are added up in 32 bits.
np.var(a: val, axis: axes = None, dtype: dtype = None, out: none = None, ddof: val = 0, keepdims: bool = False, *, where: val = None, mean: val = None, correction: val = None)
  The variance: squared distances from the mean, over the count less ddof (or correction).
np.std(a: val, axis: axes = None, dtype: dtype = None, out: none = None, ddof: val = 0, keepdims: bool = False, *, where: val = None, mean: val = None, correction: val = None)
  The standard deviation, the root of the variance.
np.ptp(a: val, axis: axes = None, out: none = None, keepdims: bool = False)
  The greatest less the least element.
np.count_nonzero(a: val, axis: axes = None, keepdims: bool = False)
  How many elements are not zero.
np.argmax(a: val, axis: optint = None, out: none = None, keepdims: bool = None)
  Where the greatest element is (the first NaN if there is one); without axis in the flattened array.
np.argmin(a: val, axis: optint = None, out: none = None, keepdims: bool = None)
  Where the least element is (the first NaN if there is one); without axis in the flattened array.
np.average(a: val, axis: axes = None, weights: val = None, returned: bool = False, keepdims: bool = False) -> some
  The weighted mean, and the sum of weights if returned is true.

np.nansum(a: val, axis: axes = None, dtype: dtype = None, out: none = None, keepdims: bool = False, initial: val = None, where: val = None)
  sum with NaN as 0.
np.nanprod(a: val, axis: axes = None, dtype: dtype = None, out: none = None, keepdims: bool = False, initial: val = None, where: val = None)
  prod with NaN as 1.
np.nanmax(a: val, axis: axes = None, out: none = None, keepdims: bool = False, initial: val = None, where: val = None)
  max of what is not NaN; NaN if nothing is left.
np.nanmin(a: val, axis: axes = None, out: none = None, keepdims: bool = False, initial: val = None, where: val = None)
  min of what is not NaN; NaN if nothing is left.
np.nanmean(a: val, axis: axes = None, dtype: dtype = None, out: none = None, keepdims: bool = False, where: val = None)
  mean of what is not NaN.
np.nanvar(a: val, axis: axes = None, dtype: dtype = None, out: none = None, ddof: val = 0, keepdims: bool = False, where: val = None, mean: val = None)
  var of what is not NaN.
np.nanstd(a: val, axis: axes = None, dtype: dtype = None, out: none = None, ddof: val = 0, keepdims: bool = False, where: val = None, mean: val = None)
  std of what is not NaN.
np.nanargmax(a: val, axis: optint = None, out: none = None, keepdims: bool = None)
  argmax of what is not NaN; -1 if nothing is left.
np.nanargmin(a: val, axis: optint = None, out: none = None, keepdims: bool = None)
  argmin of what is not NaN; -1 if nothing is left.

np.cumsum(a: val, axis: optint = None, dtype: dtype = None, out: none = None)
  Running sums along an axis; without axis of the flattened array.
np.cumprod(a: val, axis: optint = None, dtype: dtype = None, out: none = None)
  Running products along an axis; without axis of the flattened array.
np.nancumsum(a: val, axis: optint = None, dtype: dtype = None, out: none = None)
  cumsum with NaN as 0.
np.nancumprod(a: val, axis: optint = None, dtype: dtype = None, out: none = None)
  cumprod with NaN as 1.
np.cumulative_sum(x: val, /, *, axis: optint = None, dtype: dtype = None, include_initial: bool = False)
  Running sums, small integers in the default integer; a 0 in front if include_initial is true.
np.cumulative_prod(x: val, /, *, axis: optint = None, dtype: dtype = None, include_initial: bool = False)
  Running products, small integers in the default integer; a 1 in front if include_initial is true.
np.median(a: val, axis: axes = None, out: none = None, overwrite_input: bool = False, keepdims: bool = False)
  The middle of the sorted elements, or the mean of the two middle ones; NaN if there is one.
