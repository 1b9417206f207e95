# Random order and choice.

rand.permutation(key: val, x: val, axis: int = 0, independent: bool = False, *, out_sharding: obj = None)
  x in random order along an axis; the numbers below x if x is an integer. independent: every line along the axis has an order of its own.

rand.choice(key: val, a: val, shape: dims = (), replace: bool = True, p: val = None, axis: int = 0, mode: str = None)
  Elements of a along an axis, or numbers below the integer a: with or without replacement, with probabilities p (equal ones by default).
