"""Reductions over windows and their selections against real JAX."""
import ctypes

import jax
import numpy as np
import pytest
from jax import lax

from kernels.arrays import call, close, dtype, ints, out, random_array, strided
from kernels.library import OP_ID, same, view
from kernels.test_kernels_dot import INT64_P


class WindowShape(ctypes.Structure):
    _fields_ = [(n, INT64_P) for n in ("dims", "strides", "padding", "base_dilation", "window_dilation")]


@pytest.fixture(autouse=True)
def wide():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def rng(request):
    return np.random.default_rng(list(request.node.name.encode()))


def window_shape(dims, strides, padding, base=None, window=None):
    return WindowShape(ints(dims), ints(strides), ints(np.ravel(padding)), ints(base or [1] * len(dims)), ints(window or [1] * len(dims)))


def extent(n, w, s, p, b, d):
    n = 0 if n == 0 else (n - 1) * b + 1
    n, w = n + p[0] + p[1], (w - 1) * d + 1
    return (n - w) // s + 1 if n >= w else 0


REDUCERS = {"add": lax.add, "max": lax.max, "min": lax.min}


def reduce_window(a, op, dims, strides, padding, base, window):
    shape = tuple(extent(*x) for x in zip(a.shape, dims, strides, padding, base, window))
    o = out(shape, a.dtype)
    call("kernel_reduce_window", OP_ID[op], view(a), window_shape(dims, strides, padding, base, window), view(o), fallible=True)
    return o


def identity(op, name):
    if op == "add":
        return np.zeros((), dtype(name))[()]
    if name == "bool":
        return np.bool_(op == "min")
    sign = 1 if op == "min" else -1
    if "int" in name:
        bits, signed = int(name.lstrip("uint")), name[0] == "i"
        ends = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        return np.array(ends[sign > 0]).astype(dtype(name))[()]
    return dtype(name).type(sign * np.inf)


def reduce_want(a, op, dims, strides, padding, base, window):
    name = a.dtype.name
    return np.asarray(lax.reduce_window(a, identity(op, name), REDUCERS[op], dims, strides, padding, base, window))


def random_window(rng, rank, high=12):
    return (tuple(map(int, rng.integers(0 if rng.random() < 0.1 else 1, high, rank))), tuple(map(int, rng.integers(1, 6, rank))),
            tuple(map(int, rng.integers(1, 4, rank))), tuple((int(a), int(b)) for a, b in rng.integers(0, 4, (rank, 2))),
            tuple(map(int, rng.integers(1, 4, rank))), tuple(map(int, rng.integers(1, 4, rank))))


@pytest.mark.parametrize("op", REDUCERS)
@pytest.mark.parametrize("name", ["float32", "int8", "uint32", "int64", "bfloat16"])
def test_reduce_window(rng, op, name):
    for i in range(14):
        shape, *config = random_window(rng, int(rng.integers(0, 4)), 8)
        if rng.random() < 0.5:
            config[3], config[4] = (tuple(1 for _ in shape),) * 2
        a = random_array(rng, shape, name)
        if name == "float32" and a.size > 2 and op != "add" and i % 3 == 0:
            a.flat[0], a.flat[-1] = np.nan, -0.0
        got = reduce_window(strided(rng, a), op, *config)
        if op == "add" and name == "bfloat16":
            close(got, reduce_want(a, op, *config), 2**-5, 0.5)
        else:
            same(got, reduce_want(a, op, *config))


@pytest.mark.parametrize("name", ["bool", "int4", "uint2", "uint16", "float16", "float8_e4m3fn", "float8_e5m2", "float64"])
def test_reduce_window_dtypes(rng, name):
    for op in ["max", "min"] + (["add"] if name not in ("bool", "int4", "uint2", "float8_e4m3fn", "float8_e5m2") else []):
        for _ in range(3):
            shape, *config = random_window(rng, 2, 8)
            a = random_array(rng, shape, name)
            wide = a.astype(np.float32) if "8_" in name else a.astype(np.int32) if name in ("int4", "uint2", "bool") else a
            want = reduce_want(wide, op, *config) if wide is not a else reduce_want(a, op, *config)
            if wide is not a:
                end = identity(op, name)
                want = np.where(want == identity(op, wide.dtype.name), wide.dtype.type(end), want).astype(a.dtype)
            same(reduce_window(strided(rng, a), op, *config), want)


def test_sums_of_nibbles_wrap():
    a = np.array([7, 3, -8, 5], np.int8).view(dtype("int4"))
    got = reduce_window(a, "add", (2,), (1,), ((0, 0),), (1,), (1,))
    same(got, np.array([-6, -5, -3], np.int8).view(dtype("int4")))


@pytest.mark.parametrize("op", REDUCERS)
@pytest.mark.parametrize("shape,axis", [((40,), 0), ((3, 40), 1), ((40, 5), 0), ((2, 40, 3), 1)])
def test_long_windows(rng, op, shape, axis):
    a = random_array(rng, shape, "float64")
    n = shape[axis]
    for size, stride, pad, base, window in [(n, 1, (n - 1, 0), 1, 1), (n, 1, (0, n - 1), 1, 1), (n, 3, (n - 1, 4), 1, 1),
                                            (n, 2, (3, n + 7), 1, 1), (2 * n, 1, (n, n), 1, 1), (23, 1, (0, 0), 1, 1),
                                            (23, 1, (5, 2), 2, 1), (13, 2, (4, 4), 1, 3), (13, 1, (40, 40), 3, 2), (31, 1, (60, 60), 1, 1)]:
        ones, none = [1] * len(shape), [(0, 0)] * len(shape)
        put = lambda values, x: tuple(x if i == axis else v for i, v in enumerate(values))
        config = put(ones, size), put(ones, stride), put(none, pad), put(ones, base), put(ones, window)
        same(reduce_window(a, op, *config), reduce_want(a, op, *config))


def test_window_as_long_as_a_long_axis_is_quick():
    n = 200_000
    a = np.ones(n, np.int64)
    same(reduce_window(a, "add", (n,), (1,), ((n - 1, 0),), (1,), (1,)), np.arange(1, n + 1))
    same(reduce_window(a, "add", (n,), (1,), ((n // 2, n - 1 - n // 2),), (1,), (1,))[[0, n // 2, n - 1]],
         np.array([n - n // 2, n, n // 2 + 1]))


SELECTS = {"ge": lax.ge_p, "le": lax.le_p}


@pytest.mark.parametrize("op", SELECTS)
@pytest.mark.parametrize("name", ["float32", "float64", "int32", "uint8", "bfloat16"])
def test_select_and_scatter_add(rng, op, name):
    for i in range(5):
        rank = int(rng.integers(1, 4))
        shape, dims, strides, padding, _, _ = random_window(rng, rank, 8)
        places = tuple(extent(*x, 1, 1) for x in zip(shape, dims, strides, padding))
        if 0 in places:
            continue  # XLA aborts the process
        a, source = random_array(rng, shape, name, -3, 3), random_array(rng, places, name, -3, 3)
        if name == "float32" and a.size > 2 and i % 3 == 0:
            a.flat[1], a.flat[-1] = np.nan, -0.0
        want = lax.select_and_scatter_add_p.bind(source, a, select_prim=SELECTS[op], window_dimensions=dims,
                                                 window_strides=strides, padding=padding)
        o = out(shape, a.dtype)
        call("kernel_select_and_scatter_add", OP_ID[op], view(strided(rng, source)), view(strided(rng, a)),
             window_shape(dims, strides, padding), view(o), fallible=True)
        same(o + np.zeros_like(o), np.asarray(want) + np.zeros_like(o))  # either zero where nothing or -0 was added


@pytest.mark.parametrize("op", SELECTS)
def test_select_and_gather_add(rng, op):
    for i in range(20):
        shape, *config = random_window(rng, int(rng.integers(0, 4)), 8)
        a = (rng.permutation(int(np.prod(shape))) - 5).astype(np.float32).reshape(shape)  # which of equals XLA takes varies
        tangents = random_array(rng, shape, "float32")
        if a.size > 2 and i % 3 == 0:
            a.flat[1] = -np.inf if op == "ge" else np.inf
        want = lax.select_and_gather_add_p.bind(tangents, a, select_prim=SELECTS[op], window_dimensions=config[0],
                                                window_strides=config[1], padding=config[2], base_dilation=config[3],
                                                window_dilation=config[4])
        o = out(want.shape, a.dtype)
        call("kernel_select_and_gather_add", OP_ID[op], view(strided(rng, tangents)), view(strided(rng, a)), window_shape(*config),
             view(o), fallible=True)
        same(o, want)


def test_first_of_equals_is_selected():
    a, t = np.array([[1, 2, 2], [0, 2, 2]], np.float32), np.arange(6, dtype=np.float32).reshape(2, 3)
    o = out((1, 2), a.dtype)
    call("kernel_select_and_gather_add", OP_ID["ge"], view(t), view(a), window_shape((2, 2), (1, 1), [0, 0, 0, 0]), view(o), fallible=True)
    same(o, np.array([[1, 1]], np.float32))


def test_select_of_complex_is_refused():
    from kernels.library import KernelError
    a = np.zeros(4, np.complex64)
    with pytest.raises(KernelError, match="no order"):
        call("kernel_select_and_scatter_add", OP_ID["ge"], view(a), view(a), window_shape([1], [1], [0, 0]), view(a.copy()), fallible=True)


def test_memory_that_runs_out_is_an_error():
    from kernels.library import LIB, KernelError
    from kernels.test_kernels_conv import NHWC, conv
    from kernels.test_kernels_dot import dot
    a, b = np.ones((40, 9, 40), np.float16), np.ones((9, 40, 70), np.float16)
    image, kernel = np.ones((2, 9, 9, 3), np.int8), np.ones((3, 3, 3, 4), np.int8)
    none = ((0, 0), (0, 0))
    cases = [lambda: dot(a, b, (((0,), (1,)), ((1,), (0,))), out((9, 40, 70), a.dtype)),
             lambda: conv(image, kernel, out((2, 7, 7, 4), image.dtype), NHWC, (1, 1), none, (1, 1), (1, 1)),
             lambda: reduce_window(a[0], "add", (9, 30), (1, 1), none, (1, 1), (1, 1)),
             lambda: reduce_window(a[0], "max", (2, 30), (2, 1), none, (1, 1), (1, 1)),
             lambda: call("kernel_select_and_scatter_add", OP_ID["ge"], view(np.ones((4, 1), np.float16)), view(np.ones((8, 8), np.float16)),
                          window_shape((2, 8), (2, 8), none), view(out((8, 8), a.dtype)), fallible=True)]
    LIB.cx_alloc_fail_after.argtypes = [ctypes.c_long, ctypes.c_bool]
    for case in cases:
        want, failures = case(), 0
        for k in range(1, 30):
            LIB.cx_alloc_fail_after(k, False)
            try:
                got = case()
                break
            except KernelError as e:
                assert "memory" in str(e)
                failures += 1
        LIB.cx_alloc_fail_after(0, False)
        assert failures > 0
        assert want is None or (got == want).all()
