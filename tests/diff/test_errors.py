"""Mistakes: each raises JAX's class of error."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.arange(6, dtype="f4").reshape(2, 3)

case.error("bool of a tracer", lambda jax: jax.jit(lambda x: 1 if x > 0 else 2)(1.0))
case.error("while on a tracer", lambda jax: jax.jit(lambda x: [x for _ in iter(lambda: bool(x), True)])(1.0))
case.error("int of a tracer", lambda jax: jax.jit(lambda x: int(x))(1))
case.error("float of a tracer", lambda jax: jax.jit(lambda x: float(x))(1.0))
case.error("range of a tracer", lambda jax: jax.jit(lambda n: [i for i in range(n)])(3))
case.error("numpy of a tracer", lambda jax: jax.jit(lambda x: np.sin(x))(1.0))
case.error("numpy asarray of a tracer", lambda jax: jax.jit(lambda x: np.asarray(x))(X))
case.error("item of a tracer", lambda jax: jax.jit(lambda x: x.item())(1.0))
case.error("tolist of a tracer", lambda jax: jax.jit(lambda x: x.tolist())(X))
case.error("iterate a scalar", lambda jnp: list(jnp.float32(1)))
case.error("len of a scalar", lambda jnp: len(jnp.float32(1)))
case.error("int index of a float", lambda jnp: range(3)[jnp.float32(1)])
case.error("hash of a tracer", lambda jax: jax.jit(lambda x: hash(x))(1.0))
case.error("sum axis", lambda jnp: jnp.sum(X, axis=2))
case.error("sum repeated axis", lambda jnp: jnp.sum(X, axis=(0, 0)))
case.error("array of strings", lambda jnp: jnp.array(["a", "b"]))
case.error("array of objects", lambda jnp: jnp.array([object()]))
case.error("array of None", lambda jnp: jnp.array(None))
case.error("array ragged", lambda jnp: jnp.array([[1, 2], [3]]))
case.error("sum of a list", lambda jnp: jnp.sum([1, 2, 3]))
case.error("sin of a list", lambda jnp: jnp.sin([1.0]))
case.error("sin of a string", lambda jnp: jnp.sin("x"))
case.error("jit of a non-function", lambda jax: jax.jit(3))
case.error("jit of strings", lambda jax: jax.jit(lambda x: x)("text"))
case.error("jit of objects", lambda jax: jax.jit(lambda x: 1)(object()))
case.error("jit returns an object", lambda jax: jax.jit(lambda x: "text")(1.0))
case.error("jit missing argument", lambda jax: jax.jit(lambda x, y: x)(1.0))
case.error("jit too many arguments", lambda jax: jax.jit(lambda x: x)(1.0, 2.0))
case.error("jit unknown keyword", lambda jax: jax.jit(lambda x: x)(1.0, z=2))
case.error("unhashable static", lambda jax: jax.jit(lambda x, s: x, static_argnums=1)(1.0, [1]))
case.error("vmap of a non-function", lambda jax: jax.vmap(3))
case.error("grad of a non-function", lambda jax: jax.grad(3))
case.error("tree map mismatch", lambda jax: jax.tree.map(lambda a, b: a, {"a": 1}, {"b": 1}))
case.error("tree map arity", lambda jax: jax.tree.map(lambda a, b: a, (1, 2), (1, 2, 3)))


def leaked(jax):
    kept = []
    jax.jit(lambda x: kept.append(x) or x)(1.0)
    return kept[0] + 1


case.error("leaked tracer", leaked)
case.error("unknown attribute", lambda jnp: jnp.ones(2).no_such_attribute)
case.error("unknown function", lambda jnp: jnp.no_such_function)
case.error("user exception", lambda jax: jax.jit(lambda x: {}["missing"])(1.0))
case.error("zero division in python", lambda jax: jax.jit(lambda x: 1 // 0)(1.0))
case.error("overflowing literal", lambda jnp: jnp.int8(300))
case.error("debug_nans off no error but jit shape error", lambda jax, jnp: jax.jit(lambda x: x @ x)(X))
case("classes", lambda errors: [(c.__name__, c.__mro__[1].__name__) for c in (
    errors.ConcretizationTypeError, errors.TracerBoolConversionError, errors.TracerArrayConversionError,
    errors.TracerIntegerConversionError, errors.UnexpectedTracerError, errors.NonConcreteBooleanIndexError)])
