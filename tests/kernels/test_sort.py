"""kernel_sort and kernel_top_k against real JAX and numpy."""
import os
os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import ml_dtypes
import numpy as np
import pytest
from jax import lax
from kernels import library as K
from kernels.test_reduce import COMPLEX, FLOATS, INTS, WIDE_INTS, sample

jax.config.update("jax_enable_x64", True)
DTYPES = ["bool", "int4", "uint2", *WIDE_INTS, *FLOATS, "float8_e4m3fn", "float8_e5m2", *COMPLEX]


def with_specials(x, seed=0):
    """Ties, both zeros, infinities, NaNs of both signs."""
    rng = np.random.default_rng(seed)
    flat = x.reshape(-1)
    if x.dtype.kind in "biu" or x.dtype.name in INTS or flat.size < 10:
        return x
    for v in (0.0, -0.0, np.nan, -np.nan, np.inf, -np.inf, 1.0):
        at = rng.integers(0, flat.size, max(1, flat.size // 12))
        if x.dtype.kind == "c":
            flat.real[at] = v
        else:
            flat[at] = np.array(v, np.float32).astype(x.dtype)
    return x


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape,axis", [((37,), 0), ((5000,), 0), ((3, 130, 4), 1), ((6, 41), 1), ((41, 6), 0), ((2, 0), 1), ((3, 1), 1)])
def test_sort_one_operand(shape, axis, dtype):
    x = with_specials(sample(shape, dtype))
    wide = {"int4": np.int8, "uint2": np.uint8}.get(dtype, x.dtype)  # sub-byte operands compare in eight bits
    want = np.asarray(lax.sort(x.astype(wide), dimension=axis)).astype(x.dtype)
    K.same(K.sort([x], axis)[0], want)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sort_carries_operands_stably(dtype):
    for n in (30, 200, 4000):
        x = with_specials(sample((n,), dtype, n))
        place = np.arange(n, dtype=np.int32)
        other = sample((n,), "complex128")
        wide = {"int4": np.int8, "uint2": np.uint8}.get(dtype)
        want = lax.sort((x.astype(wide) if wide else x, place), num_keys=1, is_stable=True)
        got = K.sort([x, place, other], 0)
        K.same(got[1], np.asarray(want[1]))
        K.same(got[0], x[got[1]], exact_nan=True)
        K.same(got[2], other[got[1]])


@pytest.mark.parametrize("keys", [1, 2, 3])
def test_several_keys(keys):
    rng = np.random.default_rng(keys)
    a = rng.integers(0, 4, (50, 60)).astype(np.int8)
    b = rng.choice(np.array([0.0, -0.0, 1.0, np.nan, -2.0]), (50, 60))
    c = rng.integers(0, 3, (50, 60)).astype(np.uint64) << np.uint64(60)
    d = np.arange(3000, dtype=np.int32).reshape(50, 60)
    for axis in (0, 1):
        want = lax.sort((a, b, c, d), dimension=axis, num_keys=keys, is_stable=True)
        for g, w in zip(K.sort([a, b, c, d], axis, keys), want):
            K.same(g, np.asarray(w))


def test_sorted_reversed_and_equal():
    for x in (np.arange(3000), np.arange(3000)[::-1], np.zeros(3000), np.array([2.0, 1.0])):
        for dtype in ("int32", "float32", "float64", "uint64", "uint8"):
            K.same(K.sort([x.astype(dtype)], 0)[0], np.sort(x.astype(dtype)))


def test_strided_operand():
    x = sample((40, 30), "float32").T
    K.same(K.sort([x], 0)[0], np.sort(x, axis=0))


@pytest.mark.parametrize("dtype", ["int4", *WIDE_INTS, *FLOATS, "float8_e5m2"])
@pytest.mark.parametrize("k", [1, 3, 64, 65, 130])
def test_top_k(k, dtype):
    x = sample((3, 130, 4), dtype)
    if dtype in FLOATS:
        x = np.round(x.astype(np.float32)).astype(x.dtype)  # many ties
        x[1, ::9] = np.array(np.nan).astype(x.dtype)
    wide = {"int4": np.int8}.get(dtype, x.dtype)
    for axis in (1,):
        v, i = K.top_k(x, k, axis)
        moved = np.moveaxis(x.astype(wide), axis, -1)
        wv, wi = lax.top_k(moved, k)
        K.same(np.moveaxis(i, axis, -1), np.asarray(wi))
        K.same(np.moveaxis(v, axis, -1).astype(wide), np.asarray(wv))


def test_top_k_edges():
    v, i = K.top_k(np.array([-0.0, 0.0, np.nan, np.inf, 0.0], np.float32), 5, 0, np.int64)
    K.same(i, np.array([2, 3, 1, 4, 0]))
    assert K.top_k(np.zeros((2, 5)), 0, 1)[0].shape == (2, 0)
    with pytest.raises(K.KernelError, match="complex64"):
        K.top_k(np.zeros(3, np.complex64), 1, 0)


def pattern(kind, n, dtype):
    """Values that are hard on a quicksort."""
    rng = np.random.default_rng(n)
    values = {"random": rng.standard_normal(n) * 1000, "few": rng.integers(0, 3, n), "equal": np.full(n, 3), "falling": -np.arange(n),
              "organ pipe": np.minimum(np.arange(n), n - np.arange(n)), "half equal": np.where(rng.random(n) < 0.5, 7, rng.standard_normal(n) * 1000)}[kind]
    return (np.abs(values) if np.dtype(dtype).kind == "u" else values).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint32", "int64", "uint64", "int16"])
@pytest.mark.parametrize("kind", ["random", "few", "equal", "falling", "organ pipe", "half equal"])
def test_sort_lengths_and_patterns(kind, dtype):
    for n in (2, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 1000, 70_001):
        x = pattern(kind, n, dtype)
        K.same(K.sort([x], 0)[0], np.sort(x))
        K.same(K.sort([x, np.arange(n, dtype=np.int32)], 0)[1], np.argsort(x, kind="stable").astype(np.int32))


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint32"])
def test_top_k_of_few_large_ones(dtype):
    for n in (64, 65, 127, 1000):
        x = with_specials(pattern("half equal", n, dtype))
        x[x != x] = np.nan if dtype == "float32" else 0  # of one sign
        for k in (1, 5, 33):
            want = lax.top_k(x, k)
            got = K.top_k(x, k, 0)
            K.same(got[0], np.asarray(want[0]))
            K.same(got[1], np.asarray(want[1]))
