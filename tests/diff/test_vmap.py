"""vmap: axes, trees, nesting, collectives over the mapped axis."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.arange(12, dtype="f4").reshape(3, 4)
Y = np.cos(X)

case("vmap", lambda jax, jnp: jax.vmap(jnp.sin)(X))
case("vmap in_axes", lambda jax, jnp: jax.vmap(lambda x, y: x * y.sum(), in_axes=(0, None))(X, Y))
case("vmap in_axes 1", lambda jax, jnp: jax.vmap(lambda x: x.sum(), in_axes=1)(X))
case("vmap negative axes", lambda jax: jax.vmap(lambda x: x * 2, in_axes=-1, out_axes=-1)(X))
case("vmap out_axes", lambda jax: jax.vmap(lambda x: (x + 1, x[:2]), out_axes=(1, 0))(X))
case("vmap tree in_axes", lambda jax: jax.vmap(lambda p, x: p["w"] * x + p["b"], in_axes=({"w": 0, "b": None}, 1))({"w": X[:, 0], "b": 2.0}, Y.T))
case("vmap keyword argument", lambda jax: jax.vmap(lambda x, y=1.0: x * y)(X, y=Y))
case("vmap of vmap", lambda jax, jnp: jax.vmap(jax.vmap(lambda x, y: x * y + 1, in_axes=(0, None)), in_axes=(0, 0))(X, X[:, 0]))
case("vmap pairwise", lambda jax, jnp: jax.vmap(lambda a: jax.vmap(lambda b: jnp.sum((a - b) ** 2))(X))(Y))
case("vmap of grad", lambda jax, jnp: jax.vmap(jax.grad(lambda x: jnp.sin(x) * x))(X[0]))
case("grad of vmap", lambda jax, jnp: jax.grad(lambda w: jax.vmap(lambda x: jnp.tanh(x @ w))(X).sum())(Y[0]))
case("vmap of jit", lambda jax, jnp: jax.vmap(jax.jit(lambda x: jnp.cumsum(x)))(X))
case("vmap of where", lambda jax, jnp: jax.vmap(lambda x, c: jnp.where(c, x, -x))(X, np.array([True, False, True])))
case("vmap of broadcasting", lambda jax, jnp: jax.vmap(lambda a, b: a + b)(X, np.ones((3, 1), "f4")))
case("vmap of broadcasting ranks", lambda jax, jnp: jax.vmap(lambda a, b: a * b)(X[:, 0], np.ones((3, 2, 4), "f4")))
case("vmap of softmax", lambda jax, nn: jax.vmap(nn.softmax)(X))
case("vmap of scan", lambda jax, lax: jax.vmap(lambda x: lax.scan(lambda c, a: (c + a, c * a), 0.0, x))(X))
case("vmap of while", lambda jax, lax: jax.vmap(lambda x: lax.while_loop(lambda c: c < 50, lambda c: c * 2 + 1, x))(X[:, 1]))
case("vmap of cond", lambda jax, lax, jnp: jax.vmap(lambda x: lax.cond(x > 4, jnp.sin, jnp.cos, x))(X[:, 1]))
case("vmap of random", lambda jax, random: jax.vmap(lambda k: random.normal(k, (2,)))(random.split(random.key(0), 3)))
case("spmd_axis_name none", lambda jax: jax.vmap(lambda x: x + 1, axis_size=3)(X))
case("vmap of custom broadcast constant", lambda jax, jnp: jax.vmap(lambda x: jnp.zeros(2))(X))
case.error("sizes differ", lambda jax: jax.vmap(lambda x, y: x)(X, np.ones(5)))
case.error("rank too small", lambda jax: jax.vmap(lambda x: x)(1.0))
case.error("axis out of range", lambda jax: jax.vmap(lambda x: x, in_axes=2)(X))
case.error("nothing mapped", lambda jax: jax.vmap(lambda x: x, in_axes=None)(X))
case.error("in_axes tree mismatch", lambda jax: jax.vmap(lambda x: x, in_axes=(0, 0))(X))
case.error("in_axes type", lambda jax: jax.vmap(lambda x: x, in_axes="0")(X))
case.error("out_axes None but mapped", lambda jax: jax.vmap(lambda x: x, out_axes=None)(X))
