"""Indexing and .at[]: slices, integers, arrays, booleans, out-of-bounds modes."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.arange(24, dtype="f4").reshape(2, 3, 4)
V = np.arange(10, dtype="i4")
ALL = "eager jit vjp vmap"

case("integers", lambda jnp, x: [jnp.asarray(x)[0], jnp.asarray(x)[-1, 2], jnp.asarray(x)[1, 2, 3]], X, modes="eager jit vjp")
case("slices", lambda jnp, x: [jnp.asarray(x)[:, 1:], jnp.asarray(x)[..., ::2], jnp.asarray(x)[:, ::-1, 1:-1]], X, modes=ALL)
case("slice steps", lambda jnp: [(v := jnp.asarray(V))[::3], v[::-2], v[7:2:-1], v[20:], v[-3:], v[5:5]])
case("newaxis ellipsis", lambda jnp, x: [jnp.asarray(x)[None, ..., None, 0], jnp.asarray(x)[..., None], jnp.asarray(x)[()]], X)
case("index array", lambda jnp, x: [jnp.asarray(x)[:, jnp.array([0, 2, 2])], jnp.asarray(x)[jnp.array([1, 0])]], X, modes="eager jit vjp")
case("index list of ints", lambda jnp, x: jnp.asarray(x)[:, np.array([[0, 1], [2, 0]])], X)
case("two index arrays", lambda jnp, x: jnp.asarray(x)[jnp.array([0, 1]), jnp.array([2, 1])], X, modes="eager jit vjp")
case("index arrays apart", lambda jnp, x: [jnp.asarray(x)[jnp.array([0, 1]), :, jnp.array([2, 1])], jnp.asarray(x)[0, :, jnp.array([2, 1])]], X)
case("index arrays broadcast", lambda jnp, x: jnp.asarray(x)[jnp.array([[0], [1]]), jnp.array([2, 1, 0])], X)
case("index with slice", lambda jnp, x: jnp.asarray(x)[1:, jnp.array([0, 2]), ::2], X)
case("boolean mask", lambda jnp, x: [jnp.asarray(x)[x > 7], jnp.asarray(x)[np.array([True, False])], jnp.asarray(x)[:, np.array([True, False, True])]], X)
case("out of bounds reads", lambda jnp: [jnp.asarray(V)[jnp.array([3, 99, -99])], jnp.asarray(V)[jnp.int32(50)]])
case("traced index", lambda jax, jnp: jax.jit(lambda x, i: (x[i], x[:, i], x[-1, i]))(X, 1))
case("traced negative index", lambda jax, jnp: jax.jit(lambda x, i: x[i])(V, -2))
case("at set", lambda jnp, x: [jnp.asarray(x).at[0].set(7.0), jnp.asarray(x).at[:, 1].set(np.ones(4, "f4")), jnp.asarray(x).at[1, 2, 3].set(-1)], X, modes="eager jit vjp")
case("at add repeated", lambda jnp: jnp.zeros(4).at[jnp.array([1, 1, 3])].add(jnp.array([1.0, 2, 3])))
case("at ops", lambda jnp: [(v := jnp.asarray(V)).at[2].mul(5), v.at[2].min(-1), v.at[2].max(99), v.at[::2].add(1), v.at[1].subtract(3)])
case("at float ops", lambda jnp: [(v := jnp.arange(4.0)).at[2].divide(4), v.at[3].power(2), v.at[1].apply(jnp.exp), v.at[1:].multiply(2)])
case("at get modes", lambda jnp: [(v := jnp.asarray(V)).at[99].get(mode="fill", fill_value=-1), v.at[99].get(mode="clip"), v.at[jnp.array([1, 44])].get(mode="drop")])
case("at set out of bounds", lambda jnp: [jnp.asarray(V).at[99].set(1), jnp.asarray(V).at[99].set(1, mode="clip"), jnp.asarray(V).at[-1].set(100)])
case("at boolean", lambda jnp, x: [jnp.asarray(x).at[x > 7].set(0), jnp.asarray(x).at[x > 7].add(1)], X)
case("at dtype", lambda jnp: jnp.asarray(V).at[0].set(2.7))
case("at set gradient", lambda jax, jnp: jax.grad(lambda x, y: (x.at[1].set(y) ** 2).sum(), argnums=(0, 1))(jnp.arange(3.0), 5.0))
case("at add gradient", lambda jax, jnp: jax.grad(lambda x, y: (x.at[jnp.array([0, 0])].add(y) ** 2).sum(), argnums=(0, 1))(jnp.arange(3.0), jnp.ones(2)))
case("vmap of an index", lambda jax, jnp: jax.vmap(lambda x, i: x[i])(X, jnp.array([2, 0])))
case("vmap of at", lambda jax, jnp: jax.vmap(lambda x, i: x.at[i].set(0))(X, jnp.array([2, 0])))
case("slice of zero size", lambda jnp: [jnp.asarray(X)[:, 0:0], jnp.zeros((0, 3))[jnp.zeros(0, int)]])
case.error("too many indices", lambda jnp: jnp.asarray(V)[0, 0])
case.error("static index out of range type", lambda jnp: jnp.asarray(V)["a"])
case.error("float index", lambda jnp: jnp.asarray(V)[1.5])
case.error("item assignment", lambda jnp: jnp.asarray(V).__setitem__(0, 1))
case.error("list index", lambda jnp: jnp.asarray(V)[[0, 1]])
case.error("boolean mask shape", lambda jnp: jnp.asarray(V)[np.ones(3, bool)])
case.error("boolean mask under jit", lambda jax, jnp: jax.jit(lambda x: x[x > 3])(V))
case.error("two ellipses", lambda jnp: jnp.asarray(X)[..., 0, ...])
