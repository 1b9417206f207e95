# Reductions of jax.numpy.

np.sum(a: val, axis: axes = None, dtype: dtype = None, out: none = None, keepdims: bool = False, initial: val = None, where: val = None, promote_integers: bool = True)
  Sum of elements over the given axes (all by default). Booleans and small integers add up as the default integer unless
  promote_integers is False. `where` selects what is added, `initial` is added once.
