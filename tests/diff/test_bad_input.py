"""Python objects in odd places: JAX's class of error, never a crash."""
import functools

import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.arange(6, dtype="f4").reshape(2, 3)


def cyclic_list():
    a = [1.0]
    a.append(a)
    return a


class Opaque:
    """An object that is no array."""


class Unhashable:
    """Equal to others, hence without a hash."""

    def __eq__(self, other):
        return True


ODD = {"None": lambda: None, "string": lambda: "text", "bytes": lambda: b"text", "object": Opaque, "class": lambda: Opaque, "set": lambda: {1, 2},
       "function": lambda: len, "object array": lambda: np.array([None, 1], dtype=object), "string array": lambda: np.array(["a", "b"]),
       "datetime array": lambda: np.array(["2020-01-01"], dtype="M8[D]"), "structured array": lambda: np.zeros(2, [("a", "f4")]),
       "generator": lambda: (i for i in range(3)), "module": lambda: np, "ellipsis": lambda: ...}

# what each odd object does as an operand of each operation
for kind, make in ODD.items():
    case.error(f"add {kind}", lambda jnp, make=make: jnp.asarray(X) + make())
    if kind != "bytes":
        case.error(f"add to {kind}", lambda jnp, make=make: make() + jnp.asarray(X) if not isinstance(make(), np.ndarray) else jnp.sin(make()))
    case.error(f"sin of {kind}", lambda jnp, make=make: jnp.sin(make()))
    case.error(f"sum of {kind}", lambda jnp, make=make: jnp.sum(make()))
    if kind != "None":
        case.error(f"jit of {kind}", lambda jax, make=make: jax.jit(lambda x: x)(make()))
        case.error(f"jit returning {kind}", lambda jax, make=make: jax.jit(lambda x: make())(1.0))
        case.error(f"grad at {kind}", lambda jax, make=make: jax.grad(lambda x: 1.0)(make()))
        case.error(f"vmap over {kind}", lambda jax, make=make: jax.vmap(lambda x: x)(make()))
    if kind not in ("None", "ellipsis", "bytes"):
        case.error(f"index by {kind}", lambda jnp, make=make: jnp.asarray(X)[make()])
    if kind not in ("generator", "set", "string", "string array"):
        case.error(f"axis {kind}", lambda jnp, make=make: jnp.sum(X, axis=make()) if make() is not None else jnp.sum(None))
    if kind != "None":
        case.error(f"dtype {kind}", lambda jnp, make=make: jnp.asarray(X, dtype=make()))

case.error("grad of None result", lambda jax: jax.grad(lambda x: None)(1.0))
case.error("grad of a vector", lambda jax: jax.grad(lambda x: x)(X))
case.error("grad of a tuple", lambda jax: jax.grad(lambda x: (x, x))(1.0))
case.error("grad of an integer", lambda jax: jax.grad(lambda x: x * 1.0)(3))
case.error("grad argnums", lambda jax: jax.grad(lambda x: x, argnums=3)(1.0))
case.error("grad argnums negative", lambda jax: jax.grad(lambda x: x, argnums=-3)(1.0))
case.error("grad argnums string", lambda jax: jax.grad(lambda x: x, argnums="0")(1.0))
case.error("grad has_aux", lambda jax: jax.grad(lambda x: x, has_aux=True)(1.0))
case.error("grad of a complex result", lambda jax: jax.grad(lambda x: x * 1j)(1.0))
case.error("value_and_grad no arguments", lambda jax: jax.value_and_grad(lambda: 1.0)())
case.error("vmap sizes", lambda jax: jax.vmap(lambda x, y: x)(X, X.T))
case.error("vmap scalar", lambda jax: jax.vmap(lambda x: x)(1.0))
case.error("vmap axis out of range", lambda jax: jax.vmap(lambda x: x, in_axes=5)(X))
case.error("vmap in_axes tree", lambda jax: jax.vmap(lambda x: x, in_axes=({"a": 0},))(X))
case.error("vmap in_axes length", lambda jax: jax.vmap(lambda x: x, in_axes=(0, 0))(X))
case.error("vmap in_axes string", lambda jax: jax.vmap(lambda x: x, in_axes="0")(X))
case.error("vmap in_axes float", lambda jax: jax.vmap(lambda x: x, in_axes=0.5)(X))
case.error("vmap all None", lambda jax: jax.vmap(lambda x: x, in_axes=None)(X))
case.error("vmap out_axes None of a mapped value", lambda jax: jax.vmap(lambda x: x, out_axes=None)(X))
case.error("vmap out_axes tree", lambda jax: jax.vmap(lambda x: x, out_axes=(0, 0))(X))
case.error("vmap no arguments", lambda jax: jax.vmap(lambda: 1.0)())
case.error("jit static unhashable", lambda jax: jax.jit(lambda x: 1.0, static_argnums=0)(Unhashable()))
case.error("jit static name unhashable", lambda jax: jax.jit(lambda x: 1.0, static_argnames="x")(x=[1]))
case.error("jit static out of range", lambda jax: jax.jit(lambda x: x, static_argnums=5)(1))
case.error("jit static float", lambda jax: jax.jit(lambda x: x, static_argnums=0.5)(1))
case.error("jit static unknown name", lambda jax: jax.jit(lambda x: x, static_argnames="q")(1))
case.error("jit static and donated", lambda jax: jax.jit(lambda x: x, static_argnums=0, donate_argnums=0)(1))
case.error("jit huge integer", lambda jax: jax.jit(lambda x: x)(10**30))
case.error("huge integer operand", lambda jnp: jnp.asarray(X) + 10**400)
case.error("huge integer array", lambda jnp: jnp.asarray([10**30]))
case.error("ragged list", lambda jnp: jnp.asarray([[1, 2], [3]]))
case.error("ragged mixture", lambda jnp: jnp.asarray([1, [2]]))
case.error("list of strings", lambda jnp: jnp.asarray(["a"]))
case.error("array of None", lambda jnp: jnp.asarray(None))
case.error("list of objects", lambda jnp: jnp.asarray([Opaque()]))
case.error("jvp tangent shape", lambda jax: jax.jvp(lambda x: x, (X,), (X[0],)))
case.error("jvp tangent dtype", lambda jax: jax.jvp(lambda x: x, (X,), (X.astype("i4"),)))
case.error("jvp tree", lambda jax: jax.jvp(lambda x: x, ((X,),), ([X],)))
case.error("jvp not tuples", lambda jax: jax.jvp(lambda x: x, X, X))
case.error("jvp lengths", lambda jax: jax.jvp(lambda x: x, (X,), ()))
case.error("vjp cotangent shape", lambda jax: jax.vjp(lambda x: x, X)[1](X[0]))
case.error("vjp cotangent tree", lambda jax: jax.vjp(lambda x: x, X)[1]((X,)))
case.error("linearize tangent", lambda jax: jax.linearize(lambda x: x, X)[1](X[0]))
case.error("scan lengths", lambda lax: lax.scan(lambda c, x: (c, x), 0.0, (X, X.T)))
case.error("scan nothing", lambda lax: lax.scan(lambda c, x: (c, x), 0.0, None))
case.error("scan carry type", lambda lax: lax.scan(lambda c, x: (c + 1.5, x), np.int32(0), X))
case.error("scan carry tree", lambda lax: lax.scan(lambda c, x: ((c, c), x), 0.0, X))
case.error("scan result", lambda lax: lax.scan(lambda c, x: c, 0.0, X))
case.error("scan of a non-function", lambda lax: lax.scan(3, 0.0, X))
case.error("cond branches", lambda lax: lax.cond(True, lambda: 1.0, lambda: X))
case.error("cond branch trees", lambda lax: lax.cond(True, lambda: 1.0, lambda: (1.0,)))
case.error("cond predicate shape", lambda lax: lax.cond(X > 1, lambda: 1.0, lambda: 2.0))
case.error("cond predicate string", lambda lax: lax.cond("yes", lambda: 1.0, lambda: 2.0))
case.error("while body type", lambda lax: lax.while_loop(lambda c: c < 3, lambda c: c + 1.5, np.int32(0)))
case.error("while condition", lambda lax: lax.while_loop(lambda c: c, lambda c: c, 0.5))
case.error("while condition shape", lambda lax: lax.while_loop(lambda c: c < 3, lambda c: c, X))
case.error("fori bounds", lambda lax: lax.fori_loop(0.5, 3, lambda i, c: c, 0.0))
case.error("switch index", lambda lax: lax.switch(0.5, [lambda: 1.0, lambda: 2.0]))
case.error("switch without branches", lambda lax: lax.switch(0, []))
case.error("index too many", lambda jnp: jnp.asarray(X)[0, 0, 0])
case.error("index float", lambda jnp: jnp.asarray(X)[0.5])
case.error("index two ellipses", lambda jnp: jnp.asarray(X)[..., ...])
case.error("index slice step zero", lambda jnp: jnp.asarray(X)[::0])
case.error("index mask shape", lambda jnp: jnp.asarray(X)[np.array([True, False, True])])
case.error("assignment", lambda jnp: jnp.asarray(X).__setitem__(0, 1.0))
case.error("matmul shapes", lambda jnp: jnp.asarray(X) @ X)
case.error("matmul scalars", lambda jnp: jnp.asarray(X) @ 2.0)
case.error("broadcast", lambda jnp: jnp.asarray(X) + X.T)
case.error("float shift", lambda jnp: jnp.asarray(X) << 1)
case.error("invert floats", lambda jnp: ~jnp.asarray(X))
case.error("truth of a vector", lambda jnp: bool(jnp.asarray(X)))
case.error("int of a vector", lambda jnp: int(jnp.asarray(X)))
case.error("float of a complex", lambda jnp: float(jnp.asarray(1j)))
case.error("index of a float", lambda jnp: [1, 2, 3][jnp.asarray(1.0)])
case.error("iterating a scalar", lambda jnp: list(jnp.asarray(1.0)))
case.error("len of a scalar", lambda jnp: len(jnp.asarray(1.0)))
case.error("hash of an array", lambda jnp: hash(jnp.asarray(X)))
case.error("tree map None", lambda jax: jax.tree.map(lambda a, b: a, None, 1))
case.error("unflatten too few", lambda jax: jax.tree.structure((1, 2)).unflatten([1]))
case.error("unflatten too many", lambda jax: jax.tree.structure((1, 2)).unflatten([1, 2, 3]))
case.error("dict with mixed keys", lambda jax: jax.tree.leaves({1: 2, "a": 3}))
case.error("make_jaxpr of a string", lambda jax: jax.make_jaxpr(lambda x: x)("text"))
case.error("make_jaxpr of a non-function", lambda jax: jax.make_jaxpr(3)(1.0))
case.error("eval_shape of an object", lambda jax: jax.eval_shape(lambda x: x, Opaque()))
case.error("ShapeDtypeStruct without dtype", lambda jax: jax.ShapeDtypeStruct((2,), None))
case.error("custom_jvp without a rule", lambda jax: jax.grad(jax.custom_jvp(lambda x: x))(1.0))
case.error("custom_vjp without a rule", lambda jax: jax.grad(jax.custom_vjp(lambda x: x))(1.0))
case.error("partial with an unknown name", lambda jax: jax.jit(functools.partial(lambda x: x, y=1))(1.0))
case.error("unknown flag", lambda jax: jax.config.update("jax_no_such_flag", 1))
case.error("rank promotion choice", lambda jax: jax.config.update("jax_numpy_rank_promotion", "perhaps"))
case.error("unknown backend", lambda jax: jax.devices("no such backend"))
case.error("compiled types", lambda jax: jax.jit(lambda x: x).lower(1.0).compile()(1))
case.error("compiled tree", lambda jax: jax.jit(lambda x: x).lower(1.0).compile()([1.0]))
