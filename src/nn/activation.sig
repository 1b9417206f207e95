# Elementwise functions of jax.nn.

nn.identity(x: val)
  x itself.

nn.relu(x: val)
  max(x, 0). The derivative at 0 is 0.

nn.relu6(x: val)
  x limited to 0…6. The derivative at both ends is 0.

nn.sigmoid(x: val)
  1 / (1 + e^-x).

nn.tanh(x: val, /)
  Hyperbolic tangent.

nn.squareplus(x: val, b: val = 4)
  (x + sqrt(x² + b)) / 2, a smooth relu.

nn.softplus(x: val)
  log(1 + e^x), a smooth relu.

nn.sparse_plus(x: val)
  0 up to -1, x from 1 on, and (x + 1)² / 4 between.

nn.soft_sign(x: val)
  x / (|x| + 1).

nn.sparse_sigmoid(x: val)
  0 up to -1, 1 from 1 on, and linear between.

nn.silu(x: val)
  x sigmoid(x).

alias nn.swish = nn.silu

nn.mish(x: val)
  x tanh(softplus(x)).

nn.log_sigmoid(x: val)
  log(sigmoid(x)).

nn.elu(x: val, alpha: val = 1.0)
  x where positive, elsewhere alpha (e^x - 1).

nn.celu(x: val, alpha: val = 1.0)
  max(x, 0) + alpha (e^(min(x, 0) / alpha) - 1), differentiable at 0 for every alpha.

nn.selu(x: val)
  elu with the scale and alpha that keep mean and variance of activations.

nn.leaky_relu(x: val, negative_slope: val = 0.01)
  x where it is not negative, elsewhere negative_slope x.

nn.hard_tanh(x: val)
  x limited to -1…1.

nn.hard_sigmoid(x: val)
  relu6(x + 3) / 6.

nn.hard_silu(x: val)
  x hard_sigmoid(x).

alias nn.hard_swish = nn.hard_silu

nn.gelu(x: val, approximate: bool = True)
  x times the normal distribution function at x, which is approximated with tanh unless approximate is False.

nn.glu(x: val, axis: int = -1)
  The first half of x along an axis times the sigmoid of the second half.

nn.log1mexp(x: val)
  log(1 - e^-x) for positive x.
