# Floats of other distributions.

rand.gumbel(key: val, shape: shape = (), dtype: dtype = None, mode: str = None, *, out_sharding: obj = None)
  Gumbel floats. mode 'high' draws twice as many bits.

rand.categorical(key: val, logits: val, axis: int = -1, shape: shape = None, replace: bool = True, mode: str = None, *, out_sharding: obj = None)
  Numbers of categories with probabilities softmax(logits). Without replacement the leading axes of shape hold distinct ones.

rand.exponential(key: val, shape: shape = (), dtype: dtype = None, *, out_sharding: obj = None)
  Exponential floats of mean 1.

rand.laplace(key: val, shape: shape = (), dtype: dtype = None, *, out_sharding: obj = None)
  Laplace floats.

rand.logistic(key: val, shape: shape = (), dtype: dtype = None, *, out_sharding: obj = None)
  Logistic floats.

rand.cauchy(key: val, shape: shape = (), dtype: dtype = None, *, out_sharding: obj = None)
  Cauchy floats.

rand.maxwell(key: val, shape: shape = (), dtype: dtype = None, *, out_sharding: obj = None)
  Lengths of standard normal vectors in three dimensions.

rand.double_sided_maxwell(key: val, loc: val, scale: val, shape: shape = (), dtype: dtype = None)
  Maxwell floats with random signs, scaled and moved.

rand.rademacher(key: val, shape: shape = (), dtype: dtype = None, *, out_sharding: obj = None)
  -1 or 1 with equal probability.

rand.pareto(key: val, b: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  Pareto floats with exponent b.

rand.rayleigh(key: val, scale: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  Rayleigh floats.

rand.wald(key: val, mean: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  Wald (inverse normal) floats of scale 1.

rand.triangular(key: val, left: val, mode: val, right: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  Floats between left and right whose density rises to mode and falls from there.

rand.lognormal(key: val, sigma: val = 1.0, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  e to the power of normal floats of deviation sigma.

rand.weibull_min(key: val, scale: val, concentration: val, shape: shape = (), dtype: dtype = None)
  Weibull floats.

rand.gamma(key: val, a: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  Gamma floats of shape parameter a and scale 1. Differentiable in a.

rand.loggamma(key: val, a: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  Logarithms of gamma floats, accurate for small a.

rand.beta(key: val, a: val, b: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  Beta floats.

rand.dirichlet(key: val, alpha: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  Dirichlet vectors along a new last axis.

rand.chisquare(key: val, df: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  Chi-square floats with df degrees of freedom.

rand.f(key: val, dfnum: val, dfden: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  F floats with dfnum and dfden degrees of freedom.

rand.t(key: val, df: val, shape: shape = None, dtype: dtype = None, *, out_sharding: obj = None)
  Student's t floats with df degrees of freedom.

rand.generalized_normal(key: val, p: val, shape: shape = (), dtype: dtype = None, *, out_sharding: obj = None)
  Floats with density proportional to exp(-|x|^p).

rand.ball(key: val, d: int, p: val = 2, shape: shape = (), dtype: dtype = None, *, out_sharding: obj = None)
  Points uniform in the unit ball of d dimensions in the p-norm.
