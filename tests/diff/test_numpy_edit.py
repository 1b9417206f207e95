"""jax.numpy: putting, deleting, inserting, choosing; partial sorts; bits; polynomials."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

A = np.arange(12, dtype="f4").reshape(3, 4)
I = np.array([1, 5, -1, 40], "i4")
case("put", lambda jnp, a, i: [jnp.put(a, i, 7, inplace=False), jnp.put(a, i, np.array([1, 2, 3]), inplace=False), jnp.put(a, i, 7.5, mode="clip", inplace=False), jnp.put(a, i, -1, mode="wrap", inplace=False),
                               jnp.put(a, i[:0], 1, inplace=False)], A, I, modes="jit")
case.error("put in place", lambda jnp: jnp.put(A, I, 1))
case.error("put raise", lambda jnp: jnp.put(A, I, 1, mode="raise", inplace=False))
case("place", lambda jnp, a, m: [jnp.place(a, m, np.array([-1, -2]), inplace=False), jnp.place(a, m.ravel(), np.arange(20), inplace=False)], A, A % 3 == 0, modes="jit")
case.error("place in place", lambda jnp: jnp.place(A, A > 1, 1))
case.error("place size", lambda jnp: jnp.place(A, A[0] > 1, 1, inplace=False))
J = np.array([[0, 3, 1, 0], [2, 1, 0, 9], [0, -1, 2, 2]], "i4")
case("put_along_axis", lambda jnp, a, j: [jnp.put_along_axis(a, j[:, :1], 99, 1, inplace=False), jnp.put_along_axis(a, j, -a, axis=1, inplace=False, mode="drop"), jnp.put_along_axis(a, j[:1], 7, 0, inplace=False),
                                          jnp.put_along_axis(a, j[0], 5, axis=None, inplace=False)], A, J, modes="jit")
case.error("put_along_axis in place", lambda jnp: jnp.put_along_axis(A, J, 1, 1))
case.error("put_along_axis rank", lambda jnp: jnp.put_along_axis(A, J[0], 1, 1, inplace=False))

case("delete", lambda jnp: [jnp.delete(A, 1), jnp.delete(A, -1, axis=1), jnp.delete(A, np.array([0, 2]), axis=0), jnp.delete(A, slice(None, None, 2), axis=1), jnp.delete(A, A[0] > 1, axis=1), jnp.delete(A, np.array([1, 1, -1]), axis=1),
                            jnp.delete(A, np.array([], "i4"))])
case("delete unique", lambda jnp, a, i: [jnp.delete(a, i, axis=1, assume_unique_indices=True), jnp.delete(a, slice(1, 3), axis=1)], A, np.array([3, 0], "i4"), modes="jit")
case.error("delete bounds", lambda jnp: jnp.delete(A, 9, axis=0))
case.error("delete bounds in a vector", lambda jnp: jnp.delete(A, np.array([0, 9]), axis=0))
case.error("delete a list", lambda jnp: jnp.delete(A, [0, 9], axis=0))
case.error("delete jit", lambda jnp, i: jnp.delete(A, i), I, modes="jit")
case.error("delete floats", lambda jnp: jnp.delete(A, np.array([0.5])))
case("insert", lambda jnp, a: [jnp.insert(a, 1, 9), jnp.insert(a, 1, 9, axis=1), jnp.insert(a, np.array([0, 3]), 7, axis=1), jnp.insert(a, 2, np.array([1, 2, 3]), axis=1), jnp.insert(a, slice(0, 3, 2), np.array([[5], [6]]), axis=0),
                               jnp.insert(a, np.array([1]), np.array([[1], [2], [3]]), axis=1), jnp.insert(a, -1, -5), jnp.insert(a, np.array([1, 1]), np.array([5, 6]))], A, modes="jit")
case.error("insert floats", lambda jnp: jnp.insert(A, 0.5, 1))
case.error("insert rank", lambda jnp: jnp.insert(A, J, 1))
case("choose", lambda jnp: [jnp.choose(np.array([0, 1, 1]), [np.array([1, 2, 3]), np.array([10., 20, 30])]), jnp.choose(J % 3, [1, 2, 3]), jnp.choose(J, A, mode="clip")])
case("choose modes", lambda jnp, j, a: [jnp.choose(j, [a, -a], mode="wrap"), jnp.choose(j, [a, 1], mode="clip")], J, A, modes="jit")
case.error("choose bounds", lambda jnp: jnp.choose(J, [A, A]))
case.error("choose floats", lambda jnp: jnp.choose(A, [A, A]))
case.error("choose jit", lambda jnp, j: jnp.choose(j, [A, A]), J, modes="jit")

X = np.array([[5, 2, 9, 2, -1, 0], [0, 1, 2, 3, 4, 5]], "f4")
case("partition", lambda jnp, x: [jnp.partition(x, 2), jnp.partition(x, -1, axis=1), jnp.partition(x, 0, axis=0), jnp.argpartition(x, 2), jnp.argpartition(x, 1, axis=0), jnp.partition((x + 2).astype("u1"), 3)], X, modes="jit")
case.error("partition kth", lambda jnp: jnp.partition(X, 6))
case.error("partition complex", lambda jnp: jnp.partition(X + 1j, 1))
case("sort_complex", lambda jnp: [jnp.sort_complex(X), jnp.sort_complex(np.array([1 + 2j, 1 - 1j, -3])), jnp.sort_complex(np.arange(3)[::-1])])
case("lexsort", lambda jnp: [jnp.lexsort((np.array([1, 1, 0, 1]), np.array([3, 2, 3, 2]))), jnp.lexsort(X), jnp.lexsort((X, X[::-1]), axis=0), jnp.lexsort((1, 2)), jnp.lexsort([X[0], (X[1] > 2)])])
case.error("lexsort nothing", lambda jnp: jnp.lexsort(()))
case.error("lexsort shapes", lambda jnp: jnp.lexsort((X, X[0])))

BITS = np.array([[1, 0, 2, 0, 1], [0, 0, 1, 1, 1]], "i4")
U8 = np.array([[2, 255], [7, 128]], "u1")
case("bits", lambda jnp, b, u: [jnp.packbits(b), jnp.packbits(b, axis=1), jnp.packbits(b > 0, 0, "little"), jnp.unpackbits(u), jnp.unpackbits(u, axis=0), jnp.unpackbits(u, 1, count=11, bitorder="little"), jnp.unpackbits(u, axis=1, count=20),
                                jnp.unpackbits(u, count=-3)], BITS, U8, modes="jit")
case.error("packbits floats", lambda jnp: jnp.packbits(A))
case.error("unpackbits ints", lambda jnp: jnp.unpackbits(BITS))
case.error("packbits order", lambda jnp: jnp.packbits(BITS, bitorder="x"))
C, D = np.arange(6, dtype="f4").reshape(2, 3) ** 2, np.cos(np.arange(6, dtype="f4")).reshape(2, 3)
case("cross", lambda jnp, c, d: [jnp.cross(c, d), jnp.cross(c[:, :2], d), jnp.cross(c, d[:, :2]), jnp.cross(c[:, :2], d[:, :2]), jnp.cross(c.T, d.T, axis=0), jnp.cross(c, d.T, axisb=0, axisc=0), jnp.cross(c[0], d)], C, D, modes="jit vjp")
case.error("cross dimension", lambda jnp: jnp.cross(A, A))

P, Q = np.array([2, -3, 0, 1.5], "f4"), np.array([1, 4], "f4")
case("polynomials", lambda jnp, p, q: [jnp.polyadd(p, q), jnp.polyadd(q, p), jnp.polysub(q, p), jnp.polymul(p, q), jnp.polydiv(p, q), jnp.polydiv(q, p), jnp.polyval(p, q), jnp.polyval(p, q[:, None] * p), jnp.polyint(p), jnp.polyint(p, 2, k=np.array([3., 4])),
                                       jnp.polyint(p, m=3, k=1), jnp.polyder(p), jnp.polyder(p, 3), jnp.poly(q)], P, Q, modes="jit")
case("polynomial dtypes", lambda jnp: [jnp.polyval(np.arange(3), 2), jnp.polyadd(np.arange(3), Q), jnp.polymul(np.arange(3), np.arange(2)), jnp.polyint(np.arange(3)), jnp.polyder(np.arange(3)), jnp.poly(np.arange(3)), jnp.polyval(P, 1j), jnp.polyint(P, 0)])
case("polynomial trims", lambda jnp: [jnp.polymul(np.array([0, 0, 1.0]), Q, trim_leading_zeros=True), jnp.polydiv(np.array([1.0, 5, 4]), np.array([1.0, 1]), trim_leading_zeros=True)])
case("polyval grad", lambda jnp, p, q: jnp.polyval(p, q), P, Q, modes="vjp")
case.error("polyder order", lambda jnp: jnp.polyder(P, -1))
case.error("polyint constants", lambda jnp: jnp.polyint(P, 2, k=np.ones(3)))
