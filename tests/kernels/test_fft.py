"""Fourier transforms of lengths of every kind (powers, small primes, large primes), axes and batches, against NumPy."""
import numpy as np
import pytest

import cuirax as jax
import cuirax.numpy as jnp

LENGTHS = list(range(1, 36)) + [49, 61, 64, 97, 120, 121, 125, 169, 243, 256, 289, 509, 1000, 1009, 2310, 4099]


@pytest.mark.parametrize("n", LENGTHS)
def test_length(n):
    rng = np.random.RandomState(n)
    for shape, axis in (((n,), 0), ((3, n), 1), ((n, 3), 0), ((11, n), 1), ((n, 18), 0)):
        x = rng.uniform(-1, 1, shape) + 1j * rng.uniform(-1, 1, shape)
        half = np.fft.rfft(x.real, axis=axis)
        with jax.enable_x64():
            pairs = [(jnp.fft.fft(x, axis=axis), np.fft.fft(x, axis=axis)), (jnp.fft.ifft(x, axis=axis), np.fft.ifft(x, axis=axis)),
                     (jnp.fft.rfft(x.real, axis=axis), half), (jnp.fft.irfft(half, n=n, axis=axis), x.real)]
        for got, want in pairs:
            assert np.abs(np.asarray(got) - want).max() <= 2e-15 * np.sqrt(np.log2(n + 1)) * max(1, np.sqrt(n)) * 4


def test_single_precision():
    for n in (8, 30, 509, 1024):
        x = np.random.RandomState(n).uniform(-1, 1, (5, n)).astype("f4")
        want = np.fft.fft(x.astype("f8"))
        assert np.abs(np.asarray(jnp.fft.fft(x)) - want).max() < 4e-7 * np.abs(want).max()
        assert np.abs(np.asarray(jnp.fft.irfft(jnp.fft.rfft(x), n=n)) - x).max() < 2e-6


def test_axes():
    x = np.random.RandomState(0).uniform(-1, 1, (4, 6, 5, 7))
    with jax.enable_x64():
        for name in ("fftn", "ifftn", "rfftn", "irfftn"):
            y = x if name == "rfftn" else x + 1j * x[::-1]
            for axes in (None, (1, 2), (3, 0), (0, 2, 1)):
                want = getattr(np.fft, name)(y, axes=axes)
                assert np.allclose(np.asarray(getattr(jnp.fft, name)(y, axes=axes)), want, rtol=1e-12, atol=1e-12)
