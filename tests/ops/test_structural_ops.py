"""dot_general, conv_general_dilated, cumulative, window and sorting ops against real JAX: values, dtypes and error classes."""
import ctypes
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from kernels.library import DTYPE_ID, NUMPY, name_of
from ops.builders import DotDims, Conv, OpError, VAL, Window, binary, call, ints, many, put, region, scope

NUMBERS = ["bool", "int8", "int32", "uint8", "uint32", "float8_e4m3fn", "float8_e5m2", "float16", "bfloat16", "float32", "float64", "complex64"]


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def data(rng, dtype, shape):
    if dtype == "bool":
        return rng.random(shape) < 0.5
    values = rng.integers(0 if dtype[0] == "u" else -4, 5, shape).astype(NUMPY[dtype])
    return values + (1j * rng.integers(-3, 4, shape)).astype(dtype) if dtype[0] == "c" else values


def level(dtype):
    return "?f c".index("f" if dtype[:2] in ("fl", "bf") else "c" if dtype[0] == "c" else "?")


def outcome(f):
    """The result, or the class of the error."""
    try:
        return np.asarray(f())
    except OpError as e:
        return e.name
    except Exception as e:
        return type(e).__name__


def agree(got, want, tolerance=0.0):
    if isinstance(want, str) or isinstance(got, str):
        assert isinstance(got, str) and got == want, f"got {got}, JAX gives {want}"
        return
    assert got.dtype == want.dtype and got.shape == want.shape, (got.dtype, got.shape, want.dtype, want.shape)
    kind = np.complex128 if got.dtype.kind == "c" else np.float64
    np.testing.assert_allclose(got.astype(kind), want.astype(kind), rtol=tolerance, atol=tolerance)


def dot(x, y, numbers, preferred=None):
    (lc, rc), (lb, rb) = numbers
    dims = DotDims(ints(lc), ints(rc), ints(lb), ints(rb))
    return call("cx_dot_general", [x, y], dims, DTYPE_ID[preferred] if preferred else 0)


@pytest.mark.parametrize("a,b", itertools.product(NUMBERS, ["int8", "bfloat16", "float32"]))
def test_dot_general_dtypes(rng, a, b):
    x, y, numbers = data(rng, a, (2, 5)), data(rng, b, (5, 3)), (((1,), (0,)), ((), ()))
    for preferred in [None, "float32"]:
        if preferred and max(map(level, (a, b))) > level(preferred):
            continue  # numbers into a lesser kind: not defined
        want = outcome(lambda: lax.dot_general(x, y, numbers, preferred_element_type=preferred))
        if isinstance(want, str) and want not in ("TypeError", "ValueError"):
            continue  # the other compiler's own limits
        agree(outcome(lambda: dot(x, y, numbers, preferred)), want, 0.05)


@pytest.mark.parametrize("xs,ys,numbers", [
    ((3,), (3,), (((0,), (0,)), ((), ()))),
    ((), (2, 3), (((), ()), ((), ()))),
    ((2, 3, 4, 5), (5, 2, 3, 4), (((3, 1), (0, 2)), ((2,), (3,)))),
    ((0, 3), (3, 2), (((1,), (0,)), ((), ()))),
    ((2, 0), (0, 2), (((1,), (0,)), ((), ()))),
    ((4, 2, 3), (4, 3, 2), (((2,), (1,)), ((0,), (0,)))),
    ((2, 3), (4, 2), (((1,), (0,)), ((), ()))),
    ((2, 3), (3, 2), (((1, 0), (0,)), ((), ()))),
    ((2, 3), (3, 2), (((2,), (0,)), ((), ()))),
    ((2, 3), (3, 2), (((1, 1), (0, 0)), ((), ()))),
    ((2, 3), (3, 2), (((1,), (0,)), ((1,), (0,)))),
    ((2, 3), (3, 2), (((), ()), ((0,), (0,)))),
])
def test_dot_general_shapes(rng, xs, ys, numbers):
    x, y = data(rng, "float32", xs), data(rng, "float32", ys)
    agree(outcome(lambda: dot(x, y, numbers)), outcome(lambda: lax.dot_general(x, y, numbers)), 1e-6)


def conv(x, w, strides, padding, lhs_dilation, rhs_dilation, numbers, fg=1, bg=1, preferred=None):
    c = Conv(ints(strides), ints(padding), ints(lhs_dilation), ints(rhs_dilation), *[ints(n) for n in numbers], fg, bg, 0,
             DTYPE_ID[preferred] if preferred else 0)
    return call("cx_conv_general_dilated", [x, w], ctypes.byref(c))


CONVS = [
    ((2, 3, 6, 5), (4, 3, 2, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1), 1, 1),
    ((2, 3, 6, 5), (4, 3, 2, 3), (2, 1), ((1, -1), (2, 0)), (1, 2), (2, 1), 1, 1),
    ((2, 4, 6, 5), (6, 2, 2, 3), (1, 2), ((1, 1), (0, 2)), (2, 1), (1, 1), 2, 1),
    ((4, 3, 6, 5), (6, 3, 2, 3), (1, 1), ((0, 1), (1, 0)), (1, 1), (1, 2), 1, 2),
    ((2, 3, 2, 2), (4, 3, 5, 5), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1), 1, 1),
    ((2, 3, 6, 5), (4, 2, 2, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1), 1, 1),
    ((2, 4, 6, 5), (5, 2, 2, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1), 2, 1),
    ((2, 4, 6, 5), (4, 2, 2, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1), 2, 2),
    ((2, 3, 6, 5), (4, 3, 2, 3), (1,), ((0, 0), (0, 0)), (1, 1), (1, 1), 1, 1),
    ((2, 3, 6, 5), (4, 3, 2, 3), (1, 1), ((0, -9), (0, 0)), (1, 1), (1, 1), 1, 1),
    ((2, 3, 6, 5), (4, 3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1), 1, 1),
    ((2, 3, 6, 5), (4, 3, 2, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1), 0, 1),
]


@pytest.mark.parametrize("xs,ws,strides,padding,ld,rd,fg,bg", CONVS)
@pytest.mark.parametrize("dtype", ["float32", "int32", "bfloat16", "complex64"])
def test_conv(rng, xs, ws, strides, padding, ld, rd, fg, bg, dtype):
    x, w = data(rng, dtype, xs), data(rng, dtype, ws)
    iota = tuple(range(len(xs)))
    numbers = (iota, tuple(range(len(ws))), iota)
    want = outcome(lambda: lax.conv_general_dilated_p.bind(
        x, w, window_strides=strides, padding=padding, lhs_dilation=ld, rhs_dilation=rd, dimension_numbers=lax.ConvDimensionNumbers(*numbers),
        feature_group_count=fg, batch_group_count=bg, precision=None, preferred_element_type=None, out_sharding=None))
    agree(outcome(lambda: conv(x, w, strides, padding, ld, rd, numbers, fg, bg)), want, 1e-5)


def test_conv_layouts_and_dtypes(rng):
    x, w = data(rng, "int8", (2, 6, 5, 3)), data(rng, "int8", (2, 3, 3, 4))
    numbers = ((0, 3, 1, 2), (3, 2, 0, 1), (1, 0, 3, 2))
    args = ((1, 2), ((1, 1), (0, 0)), (1, 1), (1, 1))
    for preferred in [None, "int32", "float32", "int16", "uint8", "complex64"]:
        want = outcome(lambda: lax.conv_general_dilated(x, w, *args, dimension_numbers=lax.ConvDimensionNumbers(*numbers), preferred_element_type=preferred))
        agree(outcome(lambda: conv(x, w, *args, numbers, preferred=preferred)), want)
    agree(outcome(lambda: conv(x, w.astype(np.int32), *args, numbers)), "TypeError")


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"])
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint32", "float16", "float32", "float64", "complex64"])
def test_cumulative(rng, name, dtype):
    x = data(rng, dtype, (3, 6)) if name != "cumprod" else data(rng, dtype, (3, 6)) * data(rng, "bool", (3, 6)).astype(NUMPY[dtype])
    for axis, reverse in [(0, False), (1, False), (1, True), (2, False), (-1, False)]:
        want = outcome(lambda: getattr(lax, name)(jnp.asarray(x), axis=axis, reverse=reverse))
        if name == "cumlogsumexp" and (dtype[0] in "iub" or dtype == "complex64") and not (isinstance(want, str) and want == "ValueError"):
            continue
        if dtype == "complex64" and name in ("cummax", "cummin"):
            continue  # the other compiler does not take it
        agree(outcome(lambda: call("cx_" + name, [x], axis, reverse)), want, {"float64": 1e-12, "float32": 1e-5}.get(dtype, 0.07))


WINDOWS = [
    ((2, 3), (1, 2), ((0, 1), (1, 0)), (1, 1), (1, 1)),
    ((2, 2), (2, 1), ((1, 1), (0, 2)), (1, 2), (2, 1)),
    ((1, 5), (1, 1), ((0, 0), (4, 0)), (1, 1), (1, 1)),
    ((3, 2), (1, 1), ((-1, 0), (0, -1)), (2, 1), (1, 1)),
    ((6, 6), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1)),
    ((0, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1)),
    ((2,), (1,), ((0, 0),), (1,), (1,)),
    ((2, 2), (0, 1), ((0, 0), (0, 0)), (1, 1), (1, 1)),
]


def window(w):
    """As a builder takes it: lists left out are ones."""
    return Window(*[ints(part) for part in w])


@pytest.mark.parametrize("w", WINDOWS)
@pytest.mark.parametrize("op", ["sum", "max", "min"])
def test_reduce_window_monoids(rng, w, op):
    for dtype in ["float32", "int32", "uint8", "bfloat16"]:
        x = data(rng, dtype, (4, 5))
        prim = getattr(jax._src.lax.windowed_reductions, f"reduce_window_{op}_p")
        want = outcome(lambda: prim.bind(jnp.asarray(x), window_dimensions=w[0], window_strides=w[1], padding=w[2], base_dilation=w[3], window_dilation=w[4]))
        agree(outcome(lambda: call(f"cx_reduce_window_{op}", [x], ctypes.byref(window(w)))), want, 1e-6)


def circle(v):
    return [binary("add", binary("add", v[0], v[1]), binary("mul", v[0], v[0]))]


def test_reduce_and_reduce_window_with_a_region(rng):
    """Not associative: the order of the elements shows."""
    g, fn = region(2, circle), lambda a, b: a + b + a * a
    x, init = (data(rng, "float32", (3, 4, 2)) / 8).astype(np.float32), np.float32(0.25)
    for axes in [(1,), (0, 2), (0, 1, 2), ()]:
        with scope():
            got, = many("cx_reduce", 1, 1, (VAL * 1)(put(x)), (VAL * 1)(put(init)), g, ints(axes))
        acc = np.full(np.delete(x.shape, axes), init)
        moved = np.moveaxis(x, axes, range(len(axes))).reshape((-1, *acc.shape))
        for part in moved:
            acc = fn(acc, part)
        agree(got, acc, 1e-5)
    y = x[:, :, 0]
    for w in WINDOWS[:3]:
        with scope():
            got, = many("cx_reduce_window", 1, 1, (VAL * 1)(put(y)), (VAL * 1)(put(init)), g, ctypes.byref(window(w)))
        agree(got, np.asarray(lax.reduce_window(y, init, fn, *w)), 1e-5)


def test_maxpool_gradient(rng):
    x = rng.permutation(20).reshape(4, 5).astype(np.float32)
    w = WINDOWS[0]
    f = lambda x: lax.reduce_window(x, -np.inf, lax.max, *w)
    out, back = jax.vjp(f, x)
    source = data(rng, "float32", out.shape)
    both = [x, source]
    got = call("cx_select_and_scatter_add", [source, x], False, ctypes.byref(window(w)))
    agree(got, np.asarray(back(source)[0]), 1e-6)
    t = data(rng, "float32", (4, 5))
    agree(call("cx_select_and_gather_add", [t, x], False, ctypes.byref(window(w))), np.asarray(jax.jvp(f, (x,), (t,))[1]), 1e-6)
    ge, add = region(2, lambda v: [binary("ge", *v)]), region(2, lambda v: [binary("add", *v)])
    agree(call("cx_select_and_scatter", [*both, np.float32(0)], ge, add, ctypes.byref(window(w))), got, 1e-6)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint32", "bfloat16", "float32", "complex64"])
def test_sort(rng, dtype):
    x, y = data(rng, dtype, (4, 9)), data(rng, "float32", (4, 9))
    if dtype in ("float32", "bfloat16"):
        x[0, :4] = np.nan, -0.0, 0.0, -np.inf
    for axis, keys in [(0, 1), (1, 2), (1, 1), (2, 1), (0, 3)]:
        want = [outcome(lambda: lax.sort([x, y], dimension=axis, num_keys=keys)[i]) for i in range(2)]
        with scope():
            try:
                got = many("cx_sort", 2, 2, (VAL * 2)(put(x), put(y)), axis, True, keys)
            except OpError as e:
                assert {e.name} == {str(w) for w in want}
                continue
        for g, w in zip(got, want):
            agree(g, w)


def test_top_k(rng):
    x = data(rng, "float32", (3, 7))
    x[1, 2:5] = np.nan, np.inf, -0.0
    for k, axis in [(3, 1), (2, 0), (0, 1), (8, 1), (-1, 1), (1, 2)]:
        want = [outcome(lambda: lax.top_k(x, k, axis=axis)[i]) for i in range(2)]
        with scope():
            v, i = VAL(), VAL()
            from ops.builders import LIB, get
            LIB.cx_top_k(put(x), ctypes.c_int64(k), axis, ctypes.byref(v), ctypes.byref(i))
            got = [outcome(lambda: get(v)), outcome(lambda: get(i))] if v else [outcome(lambda: get(v))] * 2
        for g, w in zip(got, want):
            agree(g, w)
