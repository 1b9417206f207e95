"""jax.numpy.linalg and jax.lax.linalg. Where signs and phases are free, what is compared does not depend on them."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test
RNG = np.random.RandomState(7)


def real(*shape, dtype="f8"):
    return RNG.uniform(-1, 1, shape).astype(dtype)


def cplx(*shape, dtype="c16"):
    return (RNG.uniform(-1, 1, shape) + 1j * RNG.uniform(-1, 1, shape)).astype(dtype)


def positive(a):
    return a @ np.swapaxes(a.conj(), -1, -2) + np.eye(a.shape[-1]).astype(a.dtype)


# more shapes and dtypes against NumPy, without a compilation each: tests/kernels/test_factor.py
SQUARE = {"3": real(3, 3), "complex": cplx(2, 4, 4), "empty": np.zeros((0, 3, 3))}
TALL = {"4x3": real(4, 3), "wide complex": cplx(2, 2, 3)}
ALL = {"4x3": real(4, 3), "3x4": real(3, 4), "12x10": real(12, 10), "batch": real(2, 4, 3), "complex": cplx(4, 3), "wide complex": cplx(2, 2, 3), "f4": real(4, 3, dtype="f4")}
ALL = "eager jit vjp jvp vmap"
TOL = dict(rtol=2e-9, atol=1e-9)


def tolerance(a):
    return dict(x64=True, weak=False, **(TOL if a.dtype.itemsize >= 8 and a.dtype != np.complex64 or a.dtype.kind == "i" else dict(rtol=2e-3, atol=2e-4)))


def modes(name):
    """Real JAX compiles every case, so only a few shapes go through all transformations."""
    return {"3": "vjp vmap", "complex": "vjp", "4x3": "vjp", "wide complex": "jvp"}.get(name, "eager")


def unsigned(x):
    return x.conj() * x


def H(x):
    return x.conj().swapaxes(-1, -2)


for name, a in SQUARE.items():
    p = positive(a) if a.dtype.kind != "i" else a
    b = real(a.shape[-1], 2) if a.dtype.kind != "c" else cplx(a.shape[-1], 2).astype(a.dtype)
    v = b[:, 0].astype(a.dtype if a.dtype.kind != "i" else "f4")
    o = dict(tolerance(a), modes=modes(name))
    case("cholesky " + name, lambda linalg, x: [linalg.cholesky(x), linalg.cholesky(x, upper=True), linalg.cholesky(x, symmetrize_input=False)], p, **o)
    case("solve " + name, lambda linalg, x, y: linalg.solve(x, y), a, np.broadcast_to(b, a.shape[:-1] + (2,)), **o)
    case("solve vector " + name, lambda linalg, x, y: linalg.solve(x, y), a, v, **dict(o, modes="eager"))
    case("inv " + name, lambda linalg, x: linalg.inv(x), a, **o)
    case("det " + name, lambda linalg, x: linalg.det(x), a, **o)
    case("slogdet " + name, lambda linalg, x: tuple(linalg.slogdet(x)), a, **o)
    case("eigh " + name, lambda jnp, linalg, x: (lambda w, v: (w, unsigned(v), (v * jnp.cos(w)[..., None, :]) @ H(v)))(*linalg.eigh(x)), p, **o)
    case("eigvalsh " + name, lambda linalg, x: [linalg.eigvalsh(x), linalg.eigvalsh(x, UPLO="U", symmetrize_input=False)], p, **dict(o, modes="eager"))
    case("eigvals " + name, lambda jnp, linalg, x: jnp.sort(linalg.eigvals(x)), a + 2 * np.diag(np.arange(a.shape[-1])).astype(a.dtype), **dict(o, modes="eager"))
    case("lu " + name, lambda jax, x: jax.lax.linalg.lu(x), a if a.dtype.kind != "i" else a.astype("f4"), **o)
    case("matrix_power " + name, lambda linalg, x: [linalg.matrix_power(x, n) for n in (0, 1, 3, 5)], a, **dict(o, modes="eager"))
case("matrix_power inverse", lambda linalg, x: linalg.matrix_power(x, -2), SQUARE["3"], x64=True, **TOL)

for name, a in TALL.items():
    m, n = a.shape[-2:]
    o = dict(tolerance(a), modes=modes(name))
    case("qr " + name, lambda linalg, x: (lambda q, r: (unsigned(q), unsigned(r), q @ r))(*linalg.qr(x)), a, **o)
    case("qr r " + name, lambda linalg, x: unsigned(linalg.qr(x, mode="r")), a, **o)
    case("qr complete " + name, lambda linalg, x: (lambda q, r: (unsigned(q) if m > n else q, q @ r))(*linalg.qr(x, mode="complete")), a, **dict(o, modes="eager jvp" if name in ("4x3", "complex") else "eager"))
    case("qr raw " + name, lambda linalg, x: tuple(linalg.qr(x, mode="raw")), a, **dict(o, modes="eager"))
    case("svd " + name, lambda jnp, linalg, x: (lambda u, s, v: (unsigned(u), s, unsigned(v), (u * jnp.sin(s)[..., None, :]) @ v))(*linalg.svd(x, full_matrices=False)), a, **o)
    case("svd full " + name, lambda linalg, x: (lambda u, s, v: (u @ H(u), s, v @ H(v)))(*linalg.svd(x)), a, **dict(o, modes="eager"))
    case("svdvals " + name, lambda linalg, x: linalg.svdvals(x), a, **o)
    case("pinv " + name, lambda linalg, x: [linalg.pinv(x), linalg.pinv(x, rtol=0.3)], a, **o)
    case("matrix_rank " + name, lambda linalg, x: [linalg.matrix_rank(x), linalg.matrix_rank(x, rtol=0.7)], a, **dict(o, modes="eager"))
    if a.ndim == 2:
        for rhs in (real(m).astype(a.dtype), real(m, 2).astype(a.dtype)):
            case(f"lstsq {name} {rhs.ndim}", lambda linalg, x, y: linalg.lstsq(x, y), a, rhs, **dict(o, modes="eager vjp" if name == "4x3" else "eager"))
            case(f"lstsq numpy {name} {rhs.ndim}", lambda linalg, x, y: linalg.lstsq(x, y, rcond=0.2, numpy_resid=True), a, rhs, **dict(o, modes="eager"))

S = real(4, 4)
case("svd hermitian", lambda linalg: (lambda u, s, v: ((u * s[..., None, :]) @ v, s))(*linalg.svd(S + S.T, hermitian=True)), x64=True, **TOL)
case("svd hermitian values", lambda linalg: linalg.svd(S + S.T, hermitian=True, compute_uv=False), x64=True, **TOL)
case("pinv hermitian", lambda linalg, x: linalg.pinv(x, hermitian=True), S + S.T, modes="eager vjp jvp", x64=True, **TOL)
case("eig", lambda jnp, linalg: (lambda w, v: (jnp.sort(w), (v * w[None, :]) @ linalg.inv(v)))(*linalg.eig(S)), x64=True, **TOL)
case("eig derivative", lambda jax, x: (lambda w, v: (abs(w).sum(), abs(v).sum()))(*jax.lax.linalg.eig(x, compute_left_eigenvectors=False, enable_eigvec_derivs=True)), S + np.diag(np.arange(4.0)),
     modes="jvp vjp", x64=True, weak=False, rtol=1e-7, atol=1e-8)
case.error("eig derivative refused", lambda jax: jax.jvp(lambda x: jax.numpy.linalg.eig(x)[1], (S,), (S,)), x64=True)
case("singular", lambda jax, linalg: [jax.jacobian(linalg.det)(x) for x in (np.ones((4, 4)), np.diag([1.0, 2, 3, 0]), np.zeros((4, 4)))] + [linalg.det(np.ones((4, 4))), linalg.slogdet(np.ones((3, 3)))[1]],
     x64=True, weak=False, **TOL)
case("not positive", lambda linalg: linalg.cholesky(np.array([[1.0, 2], [2, 1]])), x64=True)
case("slogdet qr", lambda linalg: tuple(linalg.slogdet(S, method="qr")), x64=True, weak=False, **TOL)

N = np.full((3, 3), np.nan)
case("nan", lambda linalg: [linalg.cholesky(N), linalg.inv(N), linalg.det(N), linalg.svdvals(N), linalg.eigvalsh(N), linalg.eigh(N)[1], linalg.pinv(N)], x64=True)

V = real(5)
M = real(2, 3, 4)
case("norm", lambda jnp, linalg, v, m: [linalg.norm(v, o) for o in (None, 2, 1, 0, 3, 0.5, jnp.inf, -jnp.inf)] + [linalg.norm(m), linalg.norm(m, axis=1), linalg.norm(m, 1, axis=2, keepdims=True)],
     V, M, modes="eager jit vjp jvp", x64=True, **TOL)
case("matrix norm", lambda jnp, linalg, m: [linalg.norm(m, o, axis=a, keepdims=k) for o in (None, "fro", "nuc", 1, -1, 2, -2, jnp.inf, -jnp.inf) for a in ((1, 2), (2, 0)) for k in (False, True)]
     + [linalg.matrix_norm(m), linalg.vector_norm(m, axis=(0, 1))], M, modes="eager vjp", x64=True, **TOL)
case("norm kinds", lambda linalg: [linalg.norm(np.arange(4)), linalg.norm(cplx(2, 2)).shape, linalg.norm(np.zeros((0,))), linalg.norm(np.zeros((0, 2)), "fro"), linalg.norm(np.float32(-2))])
case("cond", lambda jnp, linalg: [linalg.cond(S, p) for p in (None, 2, -2, 1, -1, jnp.inf, "fro")] + [linalg.cond(np.ones((2, 2)), 1)], x64=True, rtol=1e-8)
case("products", lambda linalg: [linalg.cross(real(4, 3), real(3)).shape, linalg.outer(V, V), linalg.matmul(S, S), linalg.vecdot(S, S), linalg.matrix_transpose(M), linalg.diagonal(M, offset=1),
                                 linalg.trace(M), linalg.tensordot(M, M.T, axes=1).shape], x64=True, **TOL)
case("cross", lambda linalg, x, y: [linalg.cross(x, y), linalg.cross(x.T, y.T, axis=0)], real(4, 3), real(4, 3), modes="eager vjp", x64=True, **TOL)
case("multi_dot", lambda linalg, a, b, c: [linalg.multi_dot([a, b, c]), linalg.multi_dot([a[0], b, c[:, 0]]), linalg.multi_dot([a, b])], real(3, 5), real(5, 2), real(2, 4), modes="eager vjp", x64=True, **TOL)
case("tensors", lambda linalg: [linalg.tensorinv(np.linspace(0, 1, 36).reshape(2, 3, 6) ** 2 + np.eye(6).reshape(2, 3, 6)), linalg.tensorsolve(S.reshape(2, 2, 4), real(2, 2) * 0 + 1),
                                linalg.tensorsolve(S.reshape(2, 4, 2), np.ones((2, 2)), axes=(1,))], x64=True, **TOL)

# jax.lax.linalg
for i in range(16):
    flags = dict(left_side=i & 1 > 0, lower=i & 2 > 0, transpose_a=i & 4 > 0, conjugate_a=i & 8 > 0)
    name = " ".join(k for k, on in flags.items() if on)
    if i % 3 == 0:
        case(f"triangular_solve {name}", lambda jax, a, b, f=flags: jax.lax.linalg.triangular_solve(a, b, **f), cplx(2, 3, 3) + 2 * np.eye(3), cplx(2, 3, 3), modes="eager" if i % 5 else "vjp jvp vmap", x64=True, **TOL)
case("triangular_solve unit", lambda jax, a, b: jax.lax.linalg.triangular_solve(a, b, left_side=True, lower=True, unit_diagonal=True), real(4, 4), real(4), modes=ALL.replace("vmap", ""), x64=True, **TOL)
case("triangular_solve one matrix", lambda jax, b: jax.vmap(lambda y: jax.lax.linalg.triangular_solve(S, y))(b), real(3, 2, 4), x64=True, rtol=1e-7, atol=1e-7)
case("pivots", lambda jax: [jax.lax.linalg.lu_pivots_to_permutation(np.array([[2, 1, 3], [1, 1, 2]], "i4"), 4), jax.vmap(lambda p: jax.lax.linalg.lu_pivots_to_permutation(p, 3))(np.array([[2, 1], [1, 1]], "i4"))])
D = [real(5) for _ in range(3)]
case("tridiagonal_solve", lambda jax, dl, d, du, b: jax.lax.linalg.tridiagonal_solve(dl, d + 3, du, b), *D, real(5, 2), modes=ALL, x64=True, **TOL)
case("tridiagonal_solve exchanges", lambda jax, dl, d, du, b: jax.lax.linalg.tridiagonal_solve(dl, 0.1 * d, du, b), *D, real(5, 2), modes=ALL, x64=True, rtol=1e-7, atol=1e-8)
case("symmetric_product", lambda jax: jax.lax.linalg.symmetric_product(S[:, :2], S, alpha=2.0, beta=0.5, symmetrize_output=True), x64=True, **TOL)
case("cholesky_update", lambda jax: jax.lax.linalg.cholesky_update(np.triu(positive(S)), S[0]), x64=True, **TOL)


def packed(jax, x):
    a, taus = jax.numpy.linalg.qr(x, mode="raw")
    return a.swapaxes(-1, -2), taus


case("householder_product", lambda jax, x: jax.lax.linalg.householder_product(*packed(jax, x)), TALL["4x3"], x64=True, **TOL)
for left in (True, False):
    for transpose in (True, False):
        case(f"ormqr {left} {transpose}", lambda jax, x, c, l=left, t=transpose: jax.lax.linalg.ormqr(*packed(jax, x), c, left=l, transpose=t), cplx(4, 3), cplx(4, 4), x64=True, **TOL)
case("qr pivoting", lambda jax, x: jax.lax.linalg.qr(x, pivoting=True, full_matrices=False)[1:], TALL["4x3"], modes="eager jit jvp vmap", x64=True, **TOL)
case("schur", lambda jax: (lambda t, z: z @ t @ z.T)(*jax.lax.linalg.schur(S)), x64=True, **TOL)
case("hessenberg", lambda jax: jax.lax.linalg.hessenberg(S), x64=True, **TOL)
case("tridiagonal", lambda jax: jax.lax.linalg.tridiagonal(S + S.T), x64=True, **TOL)
case("jaxpr", lambda lax, jax, x: [jax.lax.linalg.triangular_solve(x, x), jax.lax.linalg.lu(x)[0], jax.lax.linalg.qr(x)[0]], real(3, 3, dtype="f4"), modes="jaxpr")

# mistakes
for name in "cholesky inv det slogdet eigh eigvals eig eigvalsh".split():
    case.error(name + " not square", lambda linalg, f=name: getattr(linalg, f)(np.ones((2, 3))))
    case.error(name + " vector", lambda linalg, f=name: getattr(linalg, f)(np.ones(3)))
for name in "qr svd svdvals".split():
    case.error(name + " vector", lambda linalg, f=name: getattr(linalg, f)(np.ones(3)))
case.error("half precision", lambda linalg: linalg.cholesky(np.eye(2, dtype="f2")))
case.error("solve shapes", lambda linalg: linalg.solve(np.eye(3), np.ones(4)))
case.error("solve stack of vectors", lambda linalg: linalg.solve(np.ones((2, 3, 3)), np.ones((2, 3))))
case.error("solve vector", lambda linalg: linalg.solve(np.ones(3), np.ones(3)))
case.error("norm axes", lambda linalg: linalg.norm(M, axis=(0, 1, 2)))
case.error("norm order", lambda linalg: linalg.norm(M, "foo", axis=(0, 1)))
case.error("norm matrix order", lambda linalg: linalg.norm(S, 3))
case.error("vector norm order", lambda linalg: linalg.norm(V, "inf"))
case.error("matrix_power", lambda linalg: linalg.matrix_power(np.ones((2, 3)), 2))
case.error("multi_dot one", lambda linalg: linalg.multi_dot([S]))
case.error("multi_dot shapes", lambda linalg: linalg.multi_dot([S, S[:2]]))
case.error("cond empty", lambda linalg: linalg.cond(np.ones((0, 2))))
case.error("tensorinv", lambda linalg: linalg.tensorinv(np.ones((2, 3))))
case.error("outer", lambda linalg: linalg.outer(S, V))
case.error("cross", lambda linalg: linalg.cross(V, V))
case.error("qr mode", lambda linalg: linalg.qr(S, mode="foo"))
case.error("triangular shapes", lambda jax: jax.lax.linalg.triangular_solve(np.eye(3, dtype="f4"), np.ones((2, 4), "f4")))
case.error("triangular int", lambda jax: jax.lax.linalg.triangular_solve(np.eye(3, dtype="i4"), np.ones((3, 3), "i4")))
