"""Whole programs as a newcomer writes them: what they compute, how often they are traced, what they print."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.array([0.5, 1.5, -2.0, 3.0], "f4")

case("fori_loop keeps weak carries weak", lambda lax: lax.fori_loop(0, 10, lambda i, x: x + i, 0))
case("fori_loop counter from a strong bound", lambda lax, jnp: lax.fori_loop(jnp.array(1), 4, lambda i, x: x + i, 0))
case("fori_loop to a traced bound", lambda jax, lax: jax.jit(lambda n: lax.fori_loop(0, n, lambda i, x: x * 2 + i, 1))(5))


def traces(jax, use):
    """How often use's function of x is traced."""
    seen = []

    def f(x, power=2):
        seen.append(1)
        return x ** power
    return use(f), len(seen)


case("jit made anew of the same function", lambda jax: traces(jax, lambda f: [jax.jit(f)(x) for x in (1.0, 2.0, 3.0)]))
case("jit made anew with static arguments", lambda jax: traces(jax, lambda f: [jax.jit(f, static_argnums=1)(2.0, n) for n in (2, 3, 3, 2)]))
case("jit with and without static arguments", lambda jax: traces(jax, lambda f: [jax.jit(f)(2.0), jax.jit(f, static_argnames="power")(2.0, power=3), jax.jit(f)(3.0)]))
case("jit of equal functions", lambda jax: [traces(jax, lambda f: jax.jit(f)(2.0)) for _ in range(2)])


def cleared(jax):
    seen = []

    def f(x):
        seen.append(1)
        return x + 1
    g, h = jax.jit(f), jax.jit(f)
    g(1), h(1)
    g.clear_cache()
    return g(1), h(1), len(seen)


case("clear_cache of one of two", cleared)
case("clear_caches", lambda jax: traces(jax, lambda f: (jax.jit(f)(1.0), jax.clear_caches(), jax.jit(f)(2.0))))


def train(jax, jnp):
    """A fit of a line by gradient descent, with state in a dictionary and a step compiled in the loop's body."""
    def loss(p, x, y):
        return jnp.sum((p["w"] * x + p["b"] - y) ** 2) / x.size

    def step(p, x, y):
        return jax.tree_util.tree_map(lambda a, g: a - 0.05 * g, p, jax.grad(loss)(p, x, y))
    p = {"w": 0.0, "b": 0.0}
    for _ in range(20):
        p = jax.jit(step)(p, X, 3 * X - 1)
    return p, loss(p, X, 3 * X - 1)


case("descent", train)


def by_order(jax):
    """A function of an integer and a number with a tangent rule of its own: the integer's tangent is a float0."""
    @jax.custom_jvp
    def f(n, x):
        return n * x * x

    @f.defjvp
    def rule(primals, tangents):
        (n, x), (_, dx) = primals, tangents
        return f(n, x), 2 * n * x * dx
    return f


case("tangent rule with an integer operand", lambda jax: jax.grad(lambda x: by_order(jax)(3, x))(np.float32(2)))
case("second derivative with an integer operand", lambda jax: jax.grad(jax.grad(lambda x: by_order(jax)(3, x)))(np.float32(2)))
case("tangent rule with an array of integers", lambda jax, jnp: jax.grad(lambda x: jnp.sum(by_order(jax)(np.arange(4, dtype="i4"), x)))(X))
case("ShapeDtypeStruct.like", lambda jax, jnp: [str(jax.ShapeDtypeStruct.like(x)) for x in (jnp.array(X), jnp.array([1, 2]), 1.0, jax.ShapeDtypeStruct((2,), "i4"))])
