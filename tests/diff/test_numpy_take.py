"""jax.numpy: what take and take_along_axis read outside of arrays; weighted quantiles."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

A = np.arange(12, dtype="f4").reshape(3, 4)
I = np.array([5, -1, 0, -9, 3], "i4")
J = np.array([[0, 9], [-1, -9], [3, 1]], "i4")
N = np.array([[3, np.nan, 1, 7], [5, 4, 3, 2]], "f4")
W = np.array([[1, 2, 0, 1], [3, 0.5, 1, 1]], "f4")

case("take fills", lambda jnp, a, i: [jnp.take(a, i, axis=1, fill_value=-5), jnp.take(a, i, mode="fill", fill_value=2.5), jnp.take(a.astype("i4"), i + 9, fill_value=7), jnp.take(a, i, axis=1, mode="fill")], A, I, modes="eager jit")
case("take_along_axis modes", lambda jnp, a, j: [jnp.take_along_axis(a, j, 1, fill_value=-5), jnp.take_along_axis(a, j, 1, mode="one_hot"), jnp.take_along_axis(a, j, 1, wrap_negative_indices=False), jnp.take_along_axis(a, j, 1, mode="clip"),
                                                 jnp.take_along_axis(a, j[0], None), jnp.take_along_axis(a[:, :0], j, 1), jnp.take_along_axis((a > 2), j, 1, mode="one_hot")], A, J, modes="eager jit")
case.error("take_along_axis rank", lambda jnp: jnp.take_along_axis(A, J, None))
case("weighted quantiles", lambda jnp, a, w: [jnp.quantile(a, 0.4, axis=1, method="inverted_cdf"), jnp.quantile(a, np.array([0.1, 0.9]), axis=1, method="inverted_cdf", weights=w), jnp.nanquantile(a, 0.5, axis=1, weights=w, method="inverted_cdf"),
                                              jnp.nanpercentile(a, 30, weights=w, method="inverted_cdf", keepdims=True), jnp.percentile(a[1:], 60, axis=1, weights=w[0], method="inverted_cdf")], N, W, modes="jit")
case.error("weights of another method", lambda jnp: jnp.quantile(N, 0.5, weights=W))
case.error("weights of another shape", lambda jnp: jnp.quantile(N, 0.5, weights=W[0], method="inverted_cdf"))
case.error("quantile method", lambda jnp: jnp.quantile(N, 0.5, method="x"))
