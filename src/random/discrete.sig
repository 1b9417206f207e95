# Integers of other distributions.

rand.poisson(key: val, lam: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  Poisson integers of mean lam. For threefry2x32 keys.

rand.geometric(key: val, p: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  The number of trials up to the first success of probability p.

rand.binomial(key: val, n: val, p: val, shape: shape = None, dtype: dtype = None)
  The number of successes of probability p in n trials, as floats.

rand.multinomial(key: val, n: val, p: val, *, shape: shape = None, dtype: dtype = None, unroll: obj = None)
  How often each of the categories along the last axis of p occurs in n trials, as floats.
