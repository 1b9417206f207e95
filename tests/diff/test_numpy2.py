"""jax.numpy: products, sorting and searching."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

A = np.linspace(-2.0, 3.0, 12, dtype="f4").reshape(3, 4)
B = np.cos(np.arange(12, dtype="f4")).reshape(4, 3)
I = np.array([[3, -1, 4, 1], [-5, 9, 2, -6], [5, 3, -5, 8]], "i4")
C = (A + 1j * B.T).astype("c8")
N = np.array([3.0, np.nan, -1.0, 2.0, -0.0, 0.0, np.inf], "f4")

for name in "matmul dot".split():
    case(name, lambda jnp, x, y, name=name: [getattr(jnp, name)(*p) for p in ((x, y), (x[0], y), (x, y[:, 0]), (x[0], y[:, 0]))], A, B, modes="eager jit vjp jvp vmap")
    case(name + " dtypes", lambda jnp, name=name: [getattr(jnp, name)(I, B), getattr(jnp, name)(C, B), getattr(jnp, name)(I, I.T), getattr(jnp, name)(A, B, precision="highest"),
                                                   getattr(jnp, name)(I, I.T, preferred_element_type="float32"), getattr(jnp, name)(np.zeros((0, 4), "f4"), B)])
case("matmul batches", lambda jnp: [jnp.matmul(np.ones((2, 1, 3, 4), "f4"), np.ones((5, 4, 2), "f4")), jnp.matmul(A[None], B)])
case("dot more axes", lambda jnp: [jnp.dot(2.0, A), jnp.dot(A, np.ones((2, 4, 3), "f4")), jnp.dot(2, 3)])
case("vdot", lambda jnp: [jnp.vdot(C, C), jnp.vdot(A, B), jnp.vdot(I, I)])
case("inner outer", lambda jnp, x: [jnp.inner(x, x), jnp.inner(x[0], x), jnp.inner(2.0, x), jnp.outer(x, x[0]), jnp.outer(2, x[0])], A, modes="eager jit vjp vmap")
case("vecdot", lambda jnp: [jnp.vecdot(C, C), jnp.vecdot(A, A[0]), jnp.vecdot(A, A, axis=0)])
case("matvec vecmat", lambda jnp: [jnp.matvec(A, B[:, 0]), jnp.matvec(np.ones((2, 3, 4), "f4"), A[:1] * np.ones((2, 1), "f4")), jnp.vecmat(C[:, 0], A), jnp.vecmat(A[0], B)])
case.error("matmul scalar", lambda jnp: jnp.matmul(2.0, A))
case.error("matmul shapes", lambda jnp: jnp.matmul(A, A))
case.error("dot shapes", lambda jnp: jnp.dot(A, A))
case.error("vecdot shapes", lambda jnp: jnp.vecdot(A, A[:, :2]))

case("sort", lambda jnp, x: [jnp.sort(x), jnp.sort(x, axis=0), jnp.sort(x, axis=None), jnp.sort(x, descending=True)], A[:, ::-1].copy(), modes="eager jit vjp vmap")
case("argsort", lambda jnp, x: [jnp.argsort(x), jnp.argsort(x, axis=0), jnp.argsort(x, axis=None), jnp.argsort(x, descending=True)], I % 3, modes="eager jit vmap")
case("sort NaN", lambda jnp: [jnp.sort(N), jnp.argsort(N), jnp.sort(N, descending=True), jnp.argsort(N, descending=True)])
case("sort empty", lambda jnp: [jnp.sort(np.zeros((0, 3), "f4"), axis=0), jnp.argsort(np.zeros((2, 0), "i4"))])
case("take_along_axis", lambda jnp, x: [jnp.take_along_axis(x, np.array([[0, -1, 3], [1, 1, 2], [3, 0, 0]]), 1), jnp.take_along_axis(x, np.array([[2, 1, 0, 0]]), 0), jnp.take_along_axis(x, np.array([3, 11]), None)], A, modes="eager jit vjp vmap")
case("take_along_axis out of bounds", lambda jnp: [jnp.take_along_axis(A, np.array([[4], [5], [-9]]), 1), jnp.take_along_axis(A, np.array([[4], [5], [-9]]), 1, mode="clip")])
case("searchsorted", lambda jnp: [jnp.searchsorted(np.sort(N), v, side=s) for s in ("left", "right") for v in (N, A, np.float32(2))])
case("searchsorted int", lambda jnp: [jnp.searchsorted(np.arange(5) * 2, I), jnp.searchsorted(np.arange(5), 2.5), jnp.searchsorted(np.zeros(0, "f4"), A), jnp.searchsorted(I[0], 3, sorter=np.argsort(I[0]))])
case.error("sort axis", lambda jnp: jnp.sort(A, axis=2))
case.error("searchsorted side", lambda jnp: jnp.searchsorted(A[0], 1.0, side="middle"))
case.error("take_along_axis float", lambda jnp: jnp.take_along_axis(A, A, 1))
case.error("take_along_axis rank", lambda jnp: jnp.take_along_axis(A, np.array([1]), 1))
