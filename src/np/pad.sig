# Padding.

np.pad(array: val, pad_width: nested, mode: str = 'constant', *, constant_values: nested = None, reflect_type: str = None, stat_length: none = None, end_values: none = None)
  The array with elements added before and after along every axis. pad_width is a number, a pair (before, after), or a pair for
  every axis. Modes: constant (constant_values, 0 by default), empty (zeros), edge, reflect, symmetric, wrap.
