"""jax.scipy.linalg and jax.scipy.fft."""
import numpy as np

from differential import MODULES, Cases

MODULES.update(sl=".scipy.linalg", sf=".scipy.fft")
case = Cases()
test_same = case.test
RNG = np.random.RandomState(11)
A = RNG.uniform(-1, 1, (4, 4))
Z = A + 1j * RNG.uniform(-1, 1, (4, 4))
P = A @ A.T + np.eye(4)
B = RNG.uniform(-1, 1, (4, 2))
O = dict(x64=True, weak=False, rtol=1e-9, atol=1e-9)

case("cholesky", lambda sl, p: [sl.cholesky(p), sl.cholesky(p, lower=True), sl.cho_factor(p, lower=True)[0]], P, modes="eager vjp", **O)
for lower in (False, True):
    case(f"cho_solve {lower}", lambda sl, b, k=lower: [sl.cho_solve(sl.cho_factor(Z @ Z.conj().T + np.eye(4), lower=k), b), sl.cho_solve(sl.cho_factor(P, lower=k), b[:, 0])], B, **O)
for trans in (0, 1, 2):
    case(f"lu_solve {trans}", lambda sl, b, t=trans: [sl.lu_solve(sl.lu_factor(Z), b, trans=t), sl.lu_solve(sl.lu_factor(A), b[:, 0], trans=t)], B, **O)
    case(f"solve_triangular {trans}", lambda sl, a, b, t=trans: [sl.solve_triangular(a, b, trans=t), sl.solve_triangular(a, b[:, 0], trans="NTC"[t], lower=True), sl.solve_triangular(a, b, unit_diagonal=True)],
         Z + 3 * np.eye(4), B, modes="eager vjp" if trans == 2 else "eager", **O)
case("lu", lambda sl: [sl.lu(A), sl.lu(Z[:3]), sl.lu(A[:, :2]), sl.lu(A, permute_l=True)], **O)
case("solve", lambda sl, a, b: [sl.solve(a, b), sl.solve(a @ a.T, b, assume_a="pos"), sl.solve(a @ a.T, b[:, 0], assume_a="pos", lower=True)], A, B, modes="eager vjp", **O)
case("qr", lambda sl: [abs(sl.qr(A[:, :3])[1]), abs(sl.qr(A[:, :3], mode="economic")[0]), [abs(x) for x in sl.qr(A, mode="r")], sl.qr(A, pivoting=True)[2]], **O)
case("eigh svd schur", lambda sl: [sl.eigh(P, eigvals_only=True), sl.eigh(P)[0], sl.svd(A)[1], sl.svd(A, compute_uv=False), abs(sl.schur(A, output="complex")[1]), sl.det(A), sl.inv(A)], **O)
case("expm", lambda sl, a: [sl.expm(a), sl.expm(12 * a), sl.expm(0 * a)], A, modes="eager jit vjp jvp", x64=True, weak=False, rtol=1e-8, atol=1e-8)
case("expm batch", lambda sl: sl.expm(np.stack([A, 9 * A])), x64=True, weak=False, rtol=1e-8)
case("expm upper", lambda sl: [sl.expm(np.triu(Z), upper_triangular=True), sl.expm(A.astype("f4") * 3), sl.expm(1e4 * A, max_squarings=3)], x64=True, weak=False, rtol=2e-4)
case("expm_frechet", lambda sl: [sl.expm_frechet(A, P), sl.expm_frechet(A, P, compute_expm=False)], x64=True, weak=False, rtol=1e-8)
case("polar", lambda sl: [sl.polar(A), sl.polar(A[:, :3]), sl.polar(A, side="left", method="svd")], x64=True, weak=False, rtol=1e-7, atol=1e-8)
case("hessenberg", lambda sl: [sl.hessenberg(A), sl.hessenberg(Z, calc_q=True)], **O)
case("eigh_tridiagonal", lambda sl: sl.eigh_tridiagonal(A[0], A[1, :3], eigvals_only=True), x64=True, weak=False, rtol=1e-6, atol=1e-6)
case("patterns", lambda sl: [sl.toeplitz(B[:, 0]), sl.toeplitz(np.arange(3), np.arange(2)), sl.toeplitz(Z[0]), sl.toeplitz(B), sl.hankel(B[:, 0]), sl.hankel(np.arange(3), np.arange(4)), sl.circulant(B[:, 1]), sl.circulant(B),
                             sl.leslie(A[0], A[1, :3]), sl.companion(A[0]), sl.fiedler(A[0]), sl.fiedler(np.arange(3))], x64=True, weak=False, rtol=1e-12)
case("block_diag", lambda sl: [sl.block_diag(A, B, np.arange(3)), sl.block_diag(), sl.block_diag(2)], weak=False)
case("formulas", lambda sl: [sl.hilbert(4), sl.hadamard(8), sl.helmert(4), sl.helmert(3, full=True), sl.dft(5), sl.dft(4, scale="n"), sl.dft(3, scale="sqrtn")], weak=False, rtol=1e-5, atol=1e-6)
case("pascal", lambda sl: [f(5, kind=k) for f in (sl.pascal, sl.invpascal) for k in (None, "lower", "upper")], weak=False, rtol=1e-3, atol=1e-3)

X = RNG.uniform(-1, 1, (3, 5)).astype("f4")
T = dict(rtol=2e-5, atol=2e-5, weak=False)
case("dct", lambda sf, x: [sf.dct(x), sf.dct(x, axis=0, norm="ortho"), sf.dct(x, n=8), sf.idct(x), sf.idct(x, axis=0, norm="ortho"), sf.idct(x, n=4)], X, modes="eager vjp", **T)
case("dctn", lambda sf: [sf.dctn(X), sf.dctn(X, norm="ortho"), sf.dctn(X, axes=(1,)), sf.dctn(X, s=(4, 6)), sf.idctn(X), sf.idctn(X, s=(2,), norm="ortho"), sf.dct(X + 1j * X)], **T)

case.error("dct type", lambda sf: sf.dct(X, type=3))
case.error("dct norm", lambda sf: sf.dct(X, norm="forward"))
case.error("expm shape", lambda sl: sl.expm(B))
case.error("solve_triangular trans", lambda sl: sl.solve_triangular(A, B, trans=5))
case.error("assume_a", lambda sl: sl.solve(A, B, assume_a="foo"))
case.error("schur output", lambda sl: sl.schur(A, output="foo"))
case.error("qr mode", lambda sl: sl.qr(A, mode="foo"))
case.error("eigh b", lambda sl: sl.eigh(A, A))
case.error("hadamard", lambda sl: sl.hadamard(3))
case.error("pascal kind", lambda sl: sl.pascal(3, kind="foo"))
case.error("block_diag rank", lambda sl: sl.block_diag(np.ones((1, 1, 1))))
case.error("companion", lambda sl: sl.companion(np.ones(1)))
