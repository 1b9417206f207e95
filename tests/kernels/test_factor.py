"""Factorizations of small and larger stacks, every dtype, by LAPACK and by our own loops, against NumPy and by what they promise."""
import subprocess
import sys

import numpy as np
import pytest

import cuirax as jax
import cuirax.numpy as jnp

la, ll = jnp.linalg, jax.lax.linalg


def H(x):
    return np.swapaxes(np.asarray(x).conj(), -1, -2)


def check(lapack, n, dtype):
    rng = np.random.RandomState(n)
    a = rng.uniform(-1, 1, (2, n, n))
    a = (a + 1j * rng.uniform(-1, 1, a.shape) if dtype[0] == "c" else a).astype(dtype)
    h, b = a @ H(a) + np.eye(n).astype(dtype), rng.uniform(-1, 1, (2, n, 3)).astype(dtype)
    tol = 2e-3 if dtype in ("f4", "c8") else 1e-9

    def same(got, want):
        want = np.asarray(want)
        np.testing.assert_allclose(np.asarray(got), want, rtol=tol, atol=tol * max(1, np.abs(want).max()))

    def unitary(q):
        same(H(q) @ np.asarray(q), np.broadcast_to(np.eye(q.shape[-1]), q.shape[:-2] + (q.shape[-1],) * 2))

    same(la.cholesky(h), np.linalg.cholesky(h))
    same(la.solve(a, b), np.linalg.solve(a, b))
    same(la.solve(a[0], b), np.linalg.solve(a[:1], b))
    same(la.inv(a), np.linalg.inv(a))
    same(la.det(a), np.linalg.det(a))
    lu, _, p = (np.asarray(v) for v in ll.lu(a))
    same((np.tril(lu, -1) + np.eye(n)) @ np.triu(lu), np.take_along_axis(a, p[..., None], 1))
    w, v = (np.asarray(x) for x in la.eigh(h))
    same(w, np.linalg.eigvalsh(h)), same(h @ v, v * w[:, None]), unitary(v)
    for m in (a[:, :, :n - 1], a[:, :n - 1, :], a * (np.arange(n) < n - 2)):  # tall, wide, of low rank
        for full in (False, True):
            u, s, vh = (np.asarray(x) for x in la.svd(m, full_matrices=full))
            k = s.shape[-1]
            same(s, np.linalg.svd(m, compute_uv=False)), same(u[..., :k] * s[:, None] @ vh[:, :k], m), unitary(u), unitary(H(vh))
            q, r = (np.asarray(x) for x in la.qr(m, "complete" if full else "reduced"))
            same(q @ r, m), unitary(q), same(r, np.triu(r))
    for lower in (False, True):
        for conj in (False, True):
            t = np.tril(a) if lower else np.triu(a)
            t = t + 2 * n * np.eye(n).astype(dtype)
            op = t.conj() if conj else t
            same(op @ np.asarray(ll.triangular_solve(t, b, left_side=True, lower=lower, conjugate_a=conj)), b)
            same(np.asarray(ll.triangular_solve(t, H(b), lower=lower, conjugate_a=conj, transpose_a=True)) @ np.swapaxes(op, -1, -2), H(b))
    if lapack:
        w, v = (np.asarray(x) for x in la.eig(a))
        same(a @ v, v * w[:, None])
        t, z = (np.asarray(x) for x in ll.schur(a))
        same(z @ t @ H(z), a)
        q, r, p = (np.asarray(x) for x in ll.qr(a, pivoting=True))
        same(q @ r, np.take_along_axis(a, p[:, None], 2))


@pytest.mark.parametrize("n", [2, 3, 4, 5, 12])
@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
def test_factors(n, dtype):
    with jax.enable_x64():
        check(True, n, dtype)


def test_without_lapack():
    code = ("import cuirax as jax, test_factor\nwith jax.enable_x64():\n"
            "  for n in (3, 12):\n    for d in ('f4', 'c16'): test_factor.check(False, n, d)\n"
            "try: jax.numpy.linalg.eig(jax.numpy.eye(3))\nexcept NotImplementedError as e: assert 'scipy-openblas32' in str(e)\nelse: raise SystemExit('eig ran')")
    import os
    env = dict(os.environ, CUIRAX_BLAS="none", PYTHONPATH=os.pathsep.join([os.path.dirname(__file__), *sys.path]))
    subprocess.run([sys.executable, "-c", code], check=True, env=env, timeout=120)
