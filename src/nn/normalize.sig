# Functions of jax.nn along axes.

nn.softmax(x: val, axis: axes = (-1,), where: val = None)
  e^x divided by its sum over the axes. `where` selects the elements that take part; the others are 0.

nn.log_softmax(x: val, axis: axes = (-1,), where: val = None)
  The logarithm of softmax; -inf for elements that `where` leaves out.

nn.logsumexp(a: val, axis: axes = None, b: val = None, keepdims: bool = False, return_sign: bool = False, where: val = None) -> some
  log of the sum of b e^a over the axes. With return_sign: the log of its absolute value, and its sign.

alias special.logsumexp = nn.logsumexp

nn.logmeanexp(x: val, axis: axes = None, where: val = None, keepdims: bool = False)
  log of the mean of e^x over the axes.

nn.standardize(x: val, axis: axes = (-1,), mean: val = None, variance: val = None, epsilon: val = 1e-05, where: val = None, *, algorithm: str = 'fast')
  (x - mean) / sqrt(variance + epsilon); mean and variance over the axes, unless given.

nn.one_hot(x: nested, num_classes: int, *, dtype: dtype = None, axis: int = -1)
  1 at the number that x holds, 0 elsewhere, along a new axis. Numbers outside of 0…num_classes-1 give zeros.
