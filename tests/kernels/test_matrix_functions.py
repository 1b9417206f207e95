"""Functions of matrices by their defining equations."""
import numpy as np

import cuirax as jax
import cuirax.scipy.linalg as sl

RNG = np.random.RandomState(2)


def test_sqrtm():
    with jax.enable_x64():
        for a in (RNG.uniform(-1, 1, (6, 6)), RNG.uniform(-1, 1, (3, 3)) + 1j * np.eye(3), np.diag([4.0, 9.0]), np.array([[2.0]])):
            r = np.asarray(sl.sqrtm(a))
            assert r.dtype == np.complex128 and np.allclose(r @ r, a, atol=1e-11)
            assert (np.linalg.eigvals(r).real > -1e-12).all()


def test_rsf2csf():
    with jax.enable_x64():
        a = RNG.uniform(-1, 1, (5, 5))
        t, z = (np.asarray(x) for x in sl.rsf2csf(*sl.schur(a)))
        assert np.allclose(z @ t @ z.conj().T, a) and np.allclose(t, np.triu(t)) and np.allclose(z @ z.conj().T, np.eye(5))


def test_solve_sylvester():
    with jax.enable_x64():
        a, b, c = RNG.uniform(-1, 1, (4, 4)), RNG.uniform(-1, 1, (3, 3)), RNG.uniform(-1, 1, (4, 3))
        x = np.asarray(sl.solve_sylvester(a, b, c))
        assert x.dtype == np.float64 and np.allclose(a @ x + x @ b, c)
        z = np.asarray(sl.solve_sylvester(a + 1j * a.T, b, c))
        assert np.allclose((a + 1j * a.T) @ z + z @ b, c)
        assert np.isnan(np.asarray(sl.solve_sylvester(np.eye(2), -np.eye(2), np.ones((2, 2))))).all()


def test_convolution_matrix():
    with jax.enable_x64():
        for m, n in ((3, 5), (5, 3), (4, 4), (1, 2), (6, 1)):
            a, v = RNG.uniform(-1, 1, m), RNG.uniform(-1, 1, n)
            for mode in ("full", "valid", "same")[:3 if m >= n else 2]:
                assert np.allclose(np.asarray(sl.convolution_matrix(a, n, mode=mode)) @ v, np.convolve(a, v, mode), atol=1e-14)


def test_invhilbert():
    with jax.enable_x64():
        for n in (1, 4, 7):
            assert np.allclose(np.asarray(sl.invhilbert(n)) @ np.asarray(sl.hilbert(n)), np.eye(n), atol=1e-6)
