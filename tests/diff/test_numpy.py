"""jax.numpy: creation, elementwise functions, reductions, shapes, linear algebra, promotion."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

A = np.linspace(-2.0, 3.0, 12, dtype="f4").reshape(3, 4)
B = np.cos(np.arange(12, dtype="f4")).reshape(3, 4)
I = np.array([[3, -1, 4, 1], [-5, 9, 2, -6], [5, 3, -5, 8]], "i4")
J = np.array([[1, 2, 3, -4], [2, 7, -1, 8], [3, -8, 4, 5]], "i4")
C = (A + 1j * B).astype("c8")
SPECIAL = np.array([0.0, -0.0, 1.5, -1.5, np.inf, -np.inf, np.nan, 2.5, 1e-40, 3e38], "f4")
ALL = "eager jit vjp jvp vmap"

# creation

# elementwise
for name in "exp sin cos".split():
    case(f"{name}", lambda jnp, x, name=name: getattr(jnp, name)(x), np.abs(A) + 0.3, modes=ALL)
    case(f"{name} special", lambda jnp, x, name=name: getattr(jnp, name)(x), SPECIAL, atol=1e-30)

# operators and weak types

# reductions
for name in "sum".split():
    case(f"{name}", lambda jnp, x, name=name: [getattr(jnp, name)(x), getattr(jnp, name)(x, axis=0),
                                               getattr(jnp, name)(x, axis=(0, -1), keepdims=True)], A)
    case(f"{name} int", lambda jnp, x, name=name: [getattr(jnp, name)(x), getattr(jnp, name)(x, axis=1)], I)
for name in "sum".split():
    case(f"{name} axis", lambda jnp, x, name=name: getattr(jnp, name)(x, axis=-1), A, modes="jit vjp jvp vmap")

# shapes

# linear algebra

# dtypes and array attributes
