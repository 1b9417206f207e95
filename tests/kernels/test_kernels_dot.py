"""dot_general against real JAX: any batch and contracted dims, every dtype, both the BLAS and our own loops."""
import ctypes
import os
import pathlib
import subprocess
import sys

import jax
import numpy as np
import pytest
from jax import lax

from kernels.arrays import call, close, dtype, ints, out, random_array, strided
from kernels.library import LIB, same, view

INT64_P = ctypes.POINTER(ctypes.c_int64)


class Ints(ctypes.Structure):
    _fields_ = [("v", INT64_P), ("n", ctypes.c_int32), ("none", ctypes.c_bool)]


class DotDims(ctypes.Structure):
    _fields_ = [(n, Ints) for n in ("lhs_contract", "rhs_contract", "lhs_batch", "rhs_batch")]


def cx_ints(values):
    return Ints(ints(values), len(values), False)


@pytest.fixture(autouse=True)
def wide():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def rng(request):
    return np.random.default_rng(list(request.node.name.encode()))


def dot(a, b, numbers, o):
    (lc, rc), (lb, rb) = numbers
    call("kernel_dot_general", view(a), view(b), DotDims(*map(cx_ints, (lc, rc, lb, rb))), view(o), fallible=True)
    return o


def random_config(rng, high=6):
    """Shapes of both operands and ((contract), (batch))."""
    extents = lambda n: [0 if rng.random() < 0.04 else int(d) for d in rng.integers(1, high, n)]
    nb, nc, nl, nr = (int(x) for x in rng.integers(0, 3, 4))
    batch, contract, left, right = extents(nb), extents(nc), extents(nl), extents(nr)
    sides = []
    for free in (left, right):
        order = rng.permutation(nb + nc + len(free))
        dims = np.array(batch + contract + free, int)[order]
        place = np.argsort(order)
        sides.append((tuple(map(int, dims)), tuple(map(int, place[nb:nb + nc])), tuple(map(int, place[:nb]))))
    (ls, lc, lb), (rs, rc, rb) = sides
    return ls, rs, ((lc, rc), (lb, rb))


TOLERANCE = {"float32": 1e-5, "float64": 1e-12, "complex64": 1e-5, "complex128": 1e-12}


@pytest.mark.parametrize("name", ["float32", "float64", "complex64", "int32", "uint8", "bfloat16"])
@pytest.mark.parametrize("strides", ["dense", "strided"])
def test_any_dims(rng, name, strides):
    for _ in range(25):
        ls, rs, numbers = random_config(rng)
        a, b = random_array(rng, ls, name), random_array(rng, rs, name)
        want = lax.dot_general(a, b, numbers)
        o = out(want.shape, a.dtype)
        if strides == "strided":
            a, b = strided(rng, a), strided(rng, b)
        dot(a, b, numbers, o)
        if name in ("int32", "uint8"):
            same(o, want)
        else:
            close(o, want, TOLERANCE.get(name, 1e-2), 1e-3)


PREFERRED = [(a, a, a) for a in ("bool", "int8", "int16", "int64", "uint16", "uint32", "uint64", "int4", "uint2", "float16",
                                  "float8_e4m3fn", "float8_e5m2", "float8_e4m3b11fnuz", "complex128")] + \
            [("int8", "int8", "int32"), ("uint8", "uint8", "uint64"), ("int4", "int4", "int16"), ("bfloat16", "bfloat16", "float32"),
             ("float8_e4m3fn", "float8_e5m2", "float32"), ("float32", "float32", "float64"), ("float16", "float16", "float64"),
             ("float8_e4m3fn", "float8_e4m3fn", "bfloat16"), ("int8", "int8", "int64"), ("complex64", "complex64", "complex128")]


@pytest.mark.parametrize("left,right,preferred", PREFERRED)
def test_dtypes(rng, left, right, preferred):
    for m, n, k in [(3, 4, 5), (1, 1, 70), (70, 67, 33)]:
        a, b = random_array(rng, (m, k), left), random_array(rng, (n, k), right)
        kind = dtype(preferred).kind
        if kind == "b":
            want = np.array([[(x & y).any() for y in b] for x in a])
        elif "int" in preferred:
            want = (a.astype(np.int64) @ b.astype(np.int64).T).astype(np.uint64)
            bits = int(preferred.lstrip("uint"))
            want = want & np.uint64(2**bits - 1)
            if preferred[0] == "i":
                want = want.astype(np.int64) - ((want.astype(np.int64) >> (bits - 1) & 1) << (bits - 1) << 1)
            want = want.astype(np.int8 if preferred == "int4" else dtype(preferred)).astype(dtype(preferred))
        else:
            want = (a.astype(np.complex128) @ b.astype(np.complex128).T)
            want = (want if kind == "c" else want.real).astype(dtype(preferred))
        o = dot(a, b, (((1,), (1,)), ((), ())), out((m, n), dtype(preferred)))
        if kind == "b" or "int" in preferred:
            same(o, want)
        else:
            finite = np.isfinite(want.astype(np.complex128))
            close(o[finite], want[finite], 2**-3 if "8_" in preferred else 2**-7 if dtype(preferred).itemsize == 2 else 1e-5, 1e-3)


def check_sizes():
    """Around every tile edge, all layouts; the tolerance is that of a sum of k rounded products."""
    rng = np.random.default_rng(7)
    sizes = [1, 2, 3, 5, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65, 130, 300]
    for name, eps in [("float32", 2e-6), ("float64", 4e-15), ("complex64", 4e-6), ("complex128", 8e-15)]:
        for _ in range(150):
            m, n, k = (int(x) for x in rng.choice(sizes, 3))
            a, b = random_normal(rng, (m, k), name), random_normal(rng, (k, n), name)
            if rng.random() < 0.5:
                a = np.asfortranarray(a)
            if rng.random() < 0.5:
                b = np.asfortranarray(b)
            o = dot(a, b, (((1,), (0,)), ((), ())), out((m, n), a.dtype))
            np.testing.assert_allclose(o, a.astype(np.complex128) @ b if name[0] == "c" else a.astype(np.float64) @ b,
                                       rtol=0, atol=eps * k * 4)
            again = dot(a, b, (((1,), (0,)), ((), ())), out((m, n), a.dtype))
            assert again.tobytes() == o.tobytes()


def random_normal(rng, shape, name):
    a = rng.standard_normal(shape)
    return (a + 1j * rng.standard_normal(shape) if name[0] == "c" else a).astype(name)


@pytest.mark.parametrize("blas", ["none", "", "openblas"])
def test_sizes_with_and_without_blas(blas):
    if blas == "openblas":
        scipy_openblas32 = pytest.importorskip("scipy_openblas32")
        blas = str(pathlib.Path(scipy_openblas32.get_lib_dir()) / "libscipy_openblas.so")
    code = f"""
import ctypes
import kernels.test_kernels_dot as t
t.check_sizes()
t.LIB.cx_blas_path.restype = ctypes.c_char_p
print(t.LIB.cx_blas_path())
"""
    env = dict(os.environ, PYTHONPATH=str(pathlib.Path(__file__).parents[1]))
    env.pop("CUIRAX_BLAS", None)
    if blas:
        env["CUIRAX_BLAS"] = blas
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    if blas == "none":
        assert done.stdout.strip() == "None"
    elif blas:
        assert blas in done.stdout


def test_nan_and_infinity_pass_through():
    a = np.array([[np.inf, 1], [0, np.nan]], np.float32)
    o = dot(a, np.eye(2, dtype=np.float32), (((1,), (0,)), ((), ())), out((2, 2), np.dtype(np.float32)))
    np.testing.assert_array_equal(o, [[np.inf, np.nan], [np.nan, np.nan]])


def test_blas_path_after_use_is_refused():
    LIB.cx_blas_path()
    LIB.cx_blas_set_path.restype = ctypes.c_bool
    assert not LIB.cx_blas_set_path(b"libnothing.so")
