"""jax.numpy: sets of elements, and searching sorted vectors."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

I = np.array([[3, 1, 3], [0, 1, -2]], "i4")
J = np.array([1, 5, 3, 3, 9], "i4")
F = np.array([1.5, np.nan, -0.0, 0.0, np.nan, np.inf, 1.5], "f4")
C = np.array([1 + 1j, 1 - 1j, complex("nan"), 1 + 1j, complex("nan")], "c8")
M = np.array([[1, 2], [0, 3], [1, 2], [0, 3], [1, 0]], "f4")

for k, a in enumerate([I, F, C, np.zeros((0,), "f4"), np.array([True, False, True])]):
    case(f"unique {k}", lambda jnp, a=a: [jnp.unique(a), jnp.unique(a, True, True, True), jnp.unique(a, return_counts=True, equal_nan=False), jnp.unique_values(a)])
    if a.size:
        case(f"unique {k} sized", lambda jnp, x: [jnp.unique(x, size=3), jnp.unique(x, True, True, True, size=9), jnp.unique(x, True, True, True, size=9, fill_value=7)], a, modes="jit")
case("unique array API", lambda jnp: [tuple(jnp.unique_all(I)), jnp.unique_counts(F)._asdict(), tuple(jnp.unique_inverse(I, size=7, fill_value=0))])
case("unique axis", lambda jnp: [jnp.unique(M, axis=0), jnp.unique(M, True, True, True, axis=0), jnp.unique(M.T, axis=-1, return_inverse=True), jnp.unique(M, axis=0, size=4, fill_value=-1)])
case("unique empty slices", lambda jnp: [jnp.unique(np.zeros((3, 0), "f4"), axis=0, return_counts=True), jnp.unique(np.zeros((0,), "i4"), size=2, fill_value=5)])
case.error("unique jit", lambda jnp, x: jnp.unique(x), I, modes="jit")
case.error("unique of nothing sized", lambda jnp: jnp.unique(np.zeros(0), size=2))
case.error("unique axis range", lambda jnp: jnp.unique(I, axis=2))

for name in ("union1d", "intersect1d", "setdiff1d", "setxor1d"):
    case(name, lambda jnp, name=name: [getattr(jnp, name)(I, J), getattr(jnp, name)(I.astype("f4"), J), getattr(jnp, name)(J, J[:0]), getattr(jnp, name)(J[:0], J[:0])])
    case(name + " sized", lambda jnp, x, y, name=name: [getattr(jnp, name)(x, y, size=2), getattr(jnp, name)(x, y, size=12), getattr(jnp, name)(x, y, size=12, fill_value=99)], I, J, modes="jit")
    case.error(name + " jit", lambda jnp, x, name=name: getattr(jnp, name)(x, J), I, modes="jit")
U, V = np.array([4, 2, 7], "i4"), np.array([7, 5, 4, 1], "i4")
case("assume_unique", lambda jnp: [jnp.intersect1d(U, V, assume_unique=True, return_indices=True), jnp.setdiff1d(U, V, assume_unique=True), jnp.setxor1d(U, V, True),
                                   jnp.setxor1d(U, V, True, size=4), jnp.setdiff1d(U, V, True, size=2, fill_value=-1), jnp.intersect1d(U, V, True, True, size=3)])
case("intersect1d indices", lambda jnp: [jnp.intersect1d(I, J, return_indices=True), jnp.intersect1d(I, J, return_indices=True, size=4)])
case("isin", lambda jnp, x, y: [jnp.isin(x, y), jnp.isin(x, y, invert=True), jnp.isin(x, y, method="sort"), jnp.isin(x, y.astype("f4")), jnp.isin(x, y[:0])], I, J, modes="jit")
LONG = np.arange(0, 80, 3, dtype="i4")[::-1].copy()
case("isin many", lambda jnp, x: [jnp.isin(x, LONG), jnp.isin(x + 0.5, LONG), jnp.isin(x, LONG, invert=True)], np.arange(20, dtype="i4"), modes="vmap")
case.error("isin method", lambda jnp: jnp.isin(I, J, method="x"))

for n in (0, 9, 33):
    S = np.sort(np.round(np.random.RandomState(n).uniform(0, 9, n)).astype("f4"))
    Q = np.array([-1, 0, 0.5, 3, 4, 9, 10, np.nan, np.inf], "f4")
    case(f"searchsorted {n}", lambda jnp, a, v: [jnp.searchsorted(a, v), jnp.searchsorted(a, v, side="right"), jnp.searchsorted(a.astype("i4"), v.reshape(3, 3)), jnp.searchsorted(a, 3)], S, Q, modes="jit")
    if n > 7:
        T = np.append(S, [np.nan, np.nan]).astype("f4")
        case(f"searchsorted nan {n}", lambda jnp, a, v: [jnp.searchsorted(a, v), jnp.searchsorted(a, v, side="right", method="sort"), jnp.asarray(a).searchsorted(v)], T, Q, modes="jit")
case("searchsorted x64", lambda jnp: jnp.searchsorted(np.arange(20.0), np.array([3.5])), x64=True)
case("searchsorted vmap", lambda jnp, v: jnp.searchsorted(np.arange(20, dtype="f4"), v), np.array([3, 7], "f4"), modes="vmap")
case.error("searchsorted method", lambda jnp: jnp.searchsorted(J, 1, method="x"))
case.error("searchsorted rank", lambda jnp: jnp.searchsorted(I, 1))
