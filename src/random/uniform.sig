# Samplers of jax.random: bits, uniform and normal floats, integers.

rand.bits(key: val, shape: shape = (), dtype: dtype = None, *, out_sharding: obj = None)
  Random unsigned integers, all bits independent.

rand.uniform(key: val, shape: shape = (), dtype: dtype = None, minval: val = 0.0, maxval: val = 1.0, *, out_sharding: obj = None)
  Floats uniform in [minval, maxval).

rand.normal(key: val, shape: shape = (), dtype: dtype = None, *, out_sharding: obj = None)
  Standard normal floats. Complex ones have independent parts of variance 1/2.

rand.truncated_normal(key: val, lower: val, upper: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  Standard normal floats given that they lie between lower and upper.

rand.bernoulli(key: val, p: val = 0.5, shape: shape = None, mode: str = 'low', *, out_sharding: obj = None)
  Booleans that are true with probability p. mode 'high' draws twice as many bits, for small p.

rand.randint(key: val, shape: shape, minval: val, maxval: val, dtype: dtype = None, *, out_sharding: obj = None)
  Integers uniform in [minval, maxval); minval where that is empty.
