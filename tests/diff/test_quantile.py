"""quantile and percentile."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.array([[3, 1, 2, 7], [5, -1, 0.5, 4], [2, 2, 9, 8]], "f4")

for method in ("linear", "lower", "higher", "nearest", "midpoint"):
    case(f"quantile {method}", lambda jnp, x, method=method: jnp.quantile(x, np.float32(0.3), axis=1, method=method), X)
case("percentile", lambda jnp, x: jnp.percentile(x, 30), X)
case("percentile of integers", lambda jnp, x: jnp.percentile(x, 50, axis=0), X.astype("i4"))
case("quantile vector", lambda jnp, x: jnp.quantile(x, np.array([0, 0.25, 0.5, 1], "f4"), axis=0), X)
case("quantile axes keepdims", lambda jnp, x: jnp.quantile(x, np.float32(0.6), axis=(0, 1), keepdims=True), X)
case("quantile NaN", lambda jnp, x: jnp.quantile(x, np.float32(0.6), axis=1), np.where(X == 9, np.nan, X).astype("f4"))
case("quantile gradient", lambda jax, jnp, x: jax.grad(lambda x: jnp.quantile(x, np.float32(0.3)))(x), X)
case.error("quantile method", lambda jnp, x: jnp.quantile(x, 0.5, method="cubic"), X)
