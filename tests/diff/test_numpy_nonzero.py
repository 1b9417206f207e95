"""jax.numpy: indices of nonzero elements, counts, indices that follow from shapes."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

F = np.array([[0.0, -1.5, np.nan, 0.0], [-0.0, 2.0, 0.0, 3.0], [0.0, 0.0, 1.0, 0.0]], "f4")
B = F[0] > -2
I = np.array([3, 0, 1, 1, 7, 0, -2], "i4")
ALL = [F, I, np.zeros((2, 0, 3), "i4"), F.astype("c8")]

for k, a in enumerate(ALL):
    case(f"nonzero {k}", lambda jnp, a=a: [jnp.nonzero(a), jnp.flatnonzero(a), jnp.argwhere(a), jnp.where(a), jnp.nonzero(jnp.asarray(a))])
    for size in (2, 30) if k < 2 else (0,) if k == 3 else ():
        case(f"nonzero {k} size {size}", lambda jnp, x, size=size: [jnp.nonzero(x, size=size), jnp.where(x, size=size, fill_value=-1), jnp.flatnonzero(x, size=size, fill_value=7),
                                                                    jnp.argwhere(x, size=size)], a, modes="eager jit")
case("nonzero fills", lambda jnp, x: [jnp.nonzero(x, size=9, fill_value=(5, 6)), jnp.nonzero(x, size=9, fill_value=np.float32(2.5))], F, modes="eager jit")
case("nonzero vmap", lambda jnp, x: jnp.nonzero(x, size=3), F, modes="vmap")
case("nonzero x64", lambda jnp: jnp.nonzero(F), x64=True)
case("argwhere of scalars", lambda jnp: [jnp.argwhere(1), jnp.argwhere(0.0)])
case.error("nonzero scalar", lambda jnp: jnp.nonzero(1))
case.error("nonzero jit", lambda jnp, x: jnp.nonzero(x), F, modes="jit")
case.error("where jit", lambda jnp, x: jnp.where(x), F, modes="jit")
case.error("where one choice", lambda jnp: jnp.where(F, F))
case.error("nonzero fill shape", lambda jnp: jnp.nonzero(F, size=9, fill_value=(1, 2, 3)))
case("nonzero in a gradient", lambda jnp, x: x[jnp.nonzero(x)], F[1], modes="jvp")
case("methods", lambda jnp: [jnp.asarray(F).nonzero(), jnp.asarray(F).compress(np.array([True, False, True]), axis=0)])

case("compress", lambda jnp, x: [jnp.compress(np.array([True, False, True]), x, axis=0), jnp.compress(np.array([1, 0, 1, 1]), x, axis=1), jnp.compress(np.array([False, True]), x),
                                 jnp.compress(np.array([True, False, True, False, False]), x, axis=0), jnp.compress(np.array([True] * 4), x, axis=-1)], F)
case("compress size", lambda jnp, c, x: [jnp.compress(c, x, axis=1, size=2), jnp.compress(c, x, axis=1, size=4, fill_value=9), jnp.extract(c, x[0], size=3, fill_value=-1)],
     np.array([True, False, True, True]), F, modes="eager jit")
case("extract", lambda jnp: [jnp.extract(F > 0, F), jnp.extract(np.array([1, 0, 1]), I)])
case.error("compress out of bounds", lambda jnp: jnp.compress(np.array([True] * 4), F, axis=0))
case.error("compress rank", lambda jnp: jnp.compress(F > 0, F))
case.error("compress size too large", lambda jnp: jnp.compress(B, F, axis=1, size=9))
case.error("compress jit", lambda jnp, c: jnp.compress(c, F, axis=1), B, modes="jit")

case("bincount", lambda jnp: [jnp.bincount(I), jnp.bincount(I, minlength=12), jnp.bincount(I, length=3), jnp.bincount(I.astype("u1")), jnp.bincount(F[0] > 0), jnp.bincount(I[:0]),
                              jnp.bincount(I[:0], minlength=2), jnp.bincount(-abs(I)), jnp.bincount(I, length=0)])
case("bincount weights", lambda jnp, x, w: [jnp.bincount(x, w, length=4), jnp.bincount(x, w.astype("f2"), length=9)], I, np.linspace(-1, 1, 7, dtype="f4"), modes="eager jit vjp")
case("bincount x64", lambda jnp: jnp.bincount(I), x64=True)
case.error("bincount floats", lambda jnp: jnp.bincount(F[0]))
case.error("bincount rank", lambda jnp: jnp.bincount(I.reshape(1, 7)))
case.error("bincount jit", lambda jnp, x: jnp.bincount(x), I, modes="jit")
case.error("bincount weights shape", lambda jnp: jnp.bincount(I, np.ones(3)))

SIDES = [(3, None, 0), (4, 2, 1), (2, 5, -1), (3, 3, 9), (3, 3, -9), (0, 0, 0), (0, 3, 1)]
case("triangle indices", lambda jnp: [[jnp.tril_indices(n, k, m), jnp.triu_indices(n, k=k, m=m)] for n, m, k in SIDES], modes="jit")
case("triangle indices from", lambda jnp: [jnp.tril_indices_from(F), jnp.triu_indices_from(F, k=1)])
case("diagonal indices", lambda jnp: [jnp.diag_indices(3), jnp.diag_indices(2, ndim=3), jnp.diag_indices(0), jnp.diag_indices(3, 0), jnp.diag_indices_from(np.ones((2, 2, 2)))])
case.error("diag_indices negative", lambda jnp: jnp.diag_indices(-1))
case.error("diag_indices_from shape", lambda jnp: jnp.diag_indices_from(F))
case.error("tril_indices_from rank", lambda jnp: jnp.tril_indices_from(F[0]))
case("fill_diagonal", lambda jnp, x: [jnp.fill_diagonal(x, 7, inplace=False), jnp.fill_diagonal(x, np.array([1, 2]), inplace=False), jnp.fill_diagonal(x.T, x[0], inplace=False),
                                      jnp.fill_diagonal(jnp.zeros((2, 2, 2)), x[1, 1], inplace=False)], F, modes="jit")
case.error("fill_diagonal in place", lambda jnp: jnp.fill_diagonal(F, 1))
case.error("fill_diagonal rank", lambda jnp: jnp.fill_diagonal(F[0], 1, inplace=False))
case.error("fill_diagonal cube", lambda jnp: jnp.fill_diagonal(np.zeros((2, 2, 3)), 1, inplace=False))

U = np.array([[0, 5, 23], [24, 99, -1]], "i4")
case("unravel_index", lambda jnp, i: [jnp.unravel_index(i, (2, 3, 4)), jnp.unravel_index(i, 24), jnp.unravel_index(abs(i).astype("u1"), (4, 6)), jnp.unravel_index(3, (2, 2)), jnp.unravel_index(-30, (2, 3))],
     U, modes="eager jit vmap")
case("ravel_multi_index", lambda jnp: [jnp.ravel_multi_index((np.array([0, 1]), np.array([2, 1])), (2, 3)), jnp.ravel_multi_index((1, 2), (2, 3), order="F"), jnp.ravel_multi_index((5, -7), (2, 3), mode="wrap"),
                                       jnp.ravel_multi_index((np.int8(1), np.int16(2)), (2, 3)), jnp.ravel_multi_index((1, 2), (2, 3), dtype="int16")])
case("ravel_multi_index modes", lambda jnp, i: [jnp.ravel_multi_index((i, i), (3, 5), mode=m) for m in ("wrap", "clip", "ignore")], I, modes="eager jit")
case.error("ravel_multi_index bounds", lambda jnp: jnp.ravel_multi_index((2, 0), (2, 3)))
case.error("ravel_multi_index jit", lambda jnp, i: jnp.ravel_multi_index((i, i), (9, 9)), I, modes="jit")
case.error("ravel_multi_index floats", lambda jnp: jnp.ravel_multi_index((1.0, 0), (2, 3)))
case.error("ravel_multi_index mode", lambda jnp: jnp.ravel_multi_index((1, 0), (2, 3), mode="x"))
case.error("ravel_multi_index dtype", lambda jnp: jnp.ravel_multi_index((1, 0), (200, 300), dtype="int8"))
case("ix_", lambda jnp: [jnp.ix_(I, I[:2], F[0]), jnp.ix_(I[:0], I[:1]), jnp.ix_()])
case.error("ix_ rank", lambda jnp: jnp.ix_(F))
case.error("ix_ bool", lambda jnp: jnp.ix_(B))
T = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [0, 2, 3, 0]], "i4")
case("trim_zeros", lambda jnp: [jnp.trim_zeros(T), jnp.trim_zeros(T, "f"), jnp.trim_zeros(T, "B", axis=1), jnp.trim_zeros(T[0]), jnp.trim_zeros(F[1]), jnp.trim_zeros(T, "x")])
case.error("trim_zeros jit", lambda jnp, x: jnp.trim_zeros(x), T, modes="jit")
