"""jax.numpy.pad."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

A = np.linspace(-2.0, 3.0, 12, dtype="f4").reshape(3, 4)
I = np.arange(5, dtype="i4")
WIDTHS = [1, (2, 1), ((1, 2), (0, 3)), ((5, 9),), (4,)]

for mode in "constant edge reflect symmetric wrap empty".split():
    case(f"{mode}", lambda jnp, x, mode=mode: [jnp.pad(x, w, mode=mode) for w in WIDTHS], A)
    case(f"{mode} derivative", lambda jnp, x, mode=mode: jnp.pad(x, ((1, 2), (7, 3)), mode), A, modes="vjp vmap")
    case(f"{mode} vector", lambda jnp, x, mode=mode: [jnp.pad(x, 0, mode), jnp.pad(x, (3, 0), mode), jnp.pad(x[:1], 2, mode), jnp.pad(2.5, 1, mode)], I)
case("constants", lambda jnp, x: [jnp.pad(x, 1, constant_values=7), jnp.pad(x, 2, constant_values=(1, 2)),
                                  jnp.pad(x, ((1, 2), (2, 0)), constant_values=((1, 2.5), (3, 4)))], A, modes="eager vjp vmap")
case("a traced constant", lambda jnp, x, c: jnp.pad(x, (1, 2), constant_values=c), A, np.float32(3), modes="jit vjp")
case("empty axes", lambda jnp: [jnp.pad(np.ones((0, 2), "f4"), 1), jnp.pad(np.ones((0, 2), "f4"), ((0, 0), (1, 1)), "edge")])
for i, f in enumerate([
        lambda jnp: jnp.pad(A, -1), lambda jnp: jnp.pad(A, 1.5), lambda jnp: jnp.pad(A, ((1, 2), (3, 4), (5, 6))), lambda jnp: jnp.pad(A, (1, 2, 3)), lambda jnp: jnp.pad(A, ((2,), (1,))),
        lambda jnp: jnp.pad(np.ones((0, 2)), 1, "edge"), lambda jnp: jnp.pad(A, 1, "no such mode"), lambda jnp: jnp.pad(A, 1, "edge", constant_values=1)]):
    case.error(f"error {i}", f)
