"""Functions on factorizations: roots and fits of jax.numpy, normal vectors and orthogonal matrices of jax.random, orthogonal initializers."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.linspace(-2, 2, 9).astype("f4")
Y = (X ** 3 - 2 * X + 0.3 * np.cos(7 * X)).astype("f4")
W = np.linspace(0.5, 1.5, 9).astype("f4")
C = np.array([[2, 0.5, 0], [0.5, 1, 0.2], [0, 0.2, 3]], "f4")
M = np.array([1, -1, 0.5], "f4")

case("roots", lambda jnp: [jnp.sort(jnp.roots(np.array(p, "f4"))) for p in ([1, -6, 11, -6], [0, 0, 1, 2], [1, 0, 1], [2], [0, 0], [3, 0, 0])], rtol=1e-4, atol=1e-5)
case("roots kept", lambda jnp, p: jnp.sort(jnp.roots(p, strip_zeros=False)), np.array([0, 1, -3, 2], "f4"), modes="jit", rtol=1e-4)
case.error("roots rank", lambda jnp: jnp.roots(C))
case.error("roots jit", lambda jnp, p: jnp.roots(p), M, modes="jit")
case("poly of a matrix", lambda jnp: abs(jnp.poly(C)), rtol=1e-4)
case("polyfit", lambda jnp: [jnp.polyfit(X, Y, 3), jnp.polyfit(X, np.stack([Y, -Y], 1), 2), jnp.polyfit(X, Y, 1, w=W), jnp.polyfit(X, Y, 2, rcond=1e-3)], rtol=1e-3, atol=1e-4)
case("polyfit more", lambda jnp: [jnp.polyfit(X, Y, 2, full=True), jnp.polyfit(X, Y, 2, cov=True), jnp.polyfit(X, Y, 2, cov="unscaled"), jnp.polyfit(X, np.stack([Y, -Y], 1), 1, cov=True)], rtol=1e-3, atol=1e-4)
case.error("polyfit degree", lambda jnp: jnp.polyfit(X, Y, -1))
case.error("polyfit lengths", lambda jnp: jnp.polyfit(X, Y[:3], 1))
case.error("polyfit rank", lambda jnp: jnp.polyfit(C, Y, 1))

case("multivariate_normal", lambda random: [random.multivariate_normal(random.key(1), M, C), random.multivariate_normal(random.key(2), M, C, (4, 2)), random.multivariate_normal(random.key(3), np.stack([M, -M]), C, dtype="float32")], rtol=1e-5)
case("multivariate_normal lengths", lambda random, jnp: [jnp.abs(random.multivariate_normal(random.key(1), M * 0, C * np.eye(3, dtype="f4"), method=m)) for m in ("eigh", "svd")], rtol=1e-4)
case.error("multivariate_normal method", lambda random: random.multivariate_normal(random.key(1), M, C, method="x"))
case.error("multivariate_normal mean", lambda random: random.multivariate_normal(random.key(1), 1.0, C))
case.error("multivariate_normal shapes", lambda random: random.multivariate_normal(random.key(1), M[:2], C))
case("orthogonal", lambda random: [random.orthogonal(random.key(1), 4), random.orthogonal(random.key(2), 3, (2,), m=5), random.orthogonal(random.key(3), 5, m=2), random.orthogonal(random.key(4), 3, dtype="complex64")], rtol=1e-4, atol=1e-5)
case.error("orthogonal dtype", lambda random: random.orthogonal(random.key(1), 4, dtype="int32"))
case("orthogonal initializers", lambda initializers, random: [initializers.orthogonal()(random.key(1), (4, 3)), initializers.orthogonal(2.0, column_axis=0)(random.key(2), (2, 3, 4)), initializers.delta_orthogonal()(random.key(3), (3, 3, 2, 4)),
                                                              initializers.orthogonal()(random.key(1), (0, 3))], rtol=1e-4, atol=1e-5)
case.error("orthogonal of a vector", lambda initializers, random: initializers.orthogonal()(random.key(1), (4,)))
case.error("delta orthogonal rank", lambda initializers, random: initializers.delta_orthogonal()(random.key(1), (4, 4)))
