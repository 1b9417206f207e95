"""Donated and static arguments of jit: what is deleted, what is warned of, what is refused."""
import warnings

import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.arange(4, dtype="f4")


def donated(jax, jnp, f, args, kwargs={}, **options):
    """Which arrays are gone after a call, and the warnings of two calls."""
    jitted, seen = jax.jit(f, **options), []
    for _ in range(2):
        given, named = jax.tree.map(jnp.array, (args, kwargs))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            jitted(*given, **named)
        seen.append([str(w.message) for w in caught])
    return jax.tree.map(lambda a: a.is_deleted(), (given, named)), seen


for name, f in {
    "same type": lambda x: x + 1, "a scalar": lambda x: x.sum(), "itself": lambda x: x, "another shape": lambda x: x.reshape(2, 2),
    "another dtype": lambda x: x.astype("int32"), "a smaller dtype": lambda x: x.astype("float16"), "a larger dtype": lambda x: x * 1j,
    "as many bytes": lambda x: x.astype("bfloat16").repeat(2), "two halves": lambda x: (x[:2], x[2:]), "two that fit": lambda x: (x.astype("int32"), x),
    "nothing": lambda x: (), "a constant": lambda x: 1., "twice as much": lambda x: x.repeat(2), "a comparison": lambda x: x > 1,
}.items():
    case(f"donated to {name}", lambda jax, jnp, f=f: donated(jax, jnp, f, (X,), donate_argnums=0))

case("two for one", lambda jax, jnp: donated(jax, jnp, lambda x, y: x + y, (X, X), donate_argnums=(0, 1)))
case("two for two", lambda jax, jnp: donated(jax, jnp, lambda x, y: (x + y, x * y), (X, X), donate_argnums=(0, 1)))
case("one of two", lambda jax, jnp: donated(jax, jnp, lambda x, y: (x + y, x * y), (X, X), donate_argnums=-1))
case("an unused one", lambda jax, jnp: donated(jax, jnp, lambda x, y: x.astype("int32"), (X, X), donate_argnums=(0, 1)))
case("two warnings in one", lambda jax, jnp: donated(jax, jnp, lambda x, y: (x.sum(), y["a"].sum()), (X, {"a": np.ones((2, 2), "i4")}), donate_argnums=(0, 1)))
case("a tree", lambda jax, jnp: donated(jax, jnp, lambda d, y: {"a": d["b"] * y, "c": d["k"]}, ({"b": X, "k": X[:3]}, X), donate_argnums=0))
case("by name, given by place", lambda jax, jnp: donated(jax, jnp, lambda x: x + 1, (X,), donate_argnames="x"))
case("by name, given by name", lambda jax, jnp: donated(jax, jnp, lambda x: x + 1, (), {"x": X}, donate_argnames="x"))
case("by place, given by name", lambda jax, jnp: donated(jax, jnp, lambda x: x + 1, (), {"x": X}, donate_argnums=0))
case("some names", lambda jax, jnp: donated(jax, jnp, lambda a, b, c: (a + c["r"], b * 2, c["q"]), (X,), {"c": {"q": X, "r": X}, "b": X}, donate_argnames=("c", "a")))
case.error("donated twice", lambda jax, jnp: (lambda x: jax.jit(lambda a, b: (a + b, b), donate_argnums=(0, 1))(x, x))(jnp.array(X)))
case.error("donated and used", lambda jax, jnp: (lambda x: jax.jit(lambda a, b: a + b, donate_argnums=0)(x, x))(jnp.array(X)))
case.error("used afterwards", lambda jax, jnp: (lambda x: (jax.jit(lambda a: a + 1, donate_argnums=0)(x), x + 1))(jnp.array(X)))
case("in an outer jit", lambda jax, jnp: donated(jax, jnp, jax.jit(lambda x: x + 1, donate_argnums=0), (X,)))
case("a NumPy array stays", lambda jax: (lambda x: (jax.jit(lambda a: a + 1, donate_argnums=0)(x), x))(X.copy())[1])

for name, options in {
    "place out of range": dict(static_argnums=(5,)), "a text as place": dict(static_argnums="a"), "a float as place": dict(static_argnums=1.5),
    "a number as name": dict(static_argnames=3), "unknown name": dict(static_argnames="q"), "static and donated": dict(static_argnums=0, donate_argnames="x"),
    "named twice": dict(static_argnames="n", donate_argnames="n"), "donated float": dict(donate_argnums=1.), "donated out of range": dict(donate_argnums=3),
    "unknown donated name": dict(donate_argnames=("x", "q")),
}.items():
    case.error(f"jit with {name}", lambda jax, options=options: jax.jit(lambda x, n: x * n, **options)(1., 2))
case.error("static name of a parameter without one", lambda jax: jax.jit(lambda x, /, n: x * n, static_argnames="x")(1., 2))
case.error("static argument missing", lambda jax: jax.jit(lambda x, n: x * n, static_argnums=1)(1.))
case.error("static array", lambda jax, jnp: jax.jit(lambda x, n: x * n, static_argnums=1)(1., jnp.ones(2)))
case.error("static list", lambda jax: jax.jit(lambda x, n: x * n, static_argnums=1)(1., [2]))
case("static twice", lambda jax: jax.jit(lambda x, n: x * n, static_argnums=(0, -2))(1., 2))
case("static beyond the arguments given", lambda jax: jax.jit(lambda *a: a[0], static_argnums=(1,))(1.))
case("static default", lambda jax: jax.jit(lambda x, n=2: x * n, static_argnums=1)(1.))
case("static by name", lambda jax: jax.jit(lambda x, n: x * n, static_argnums=1)(1., n=2))
