"""kernel_reduce and kernel_cumulative against numpy, real JAX and the documented shape of float sums."""
import os
os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import ml_dtypes
import numpy as np
import pytest
from jax import lax
from kernels import library as K

jax.config.update("jax_enable_x64", True)
INTS = ["int2", "int4", "int8", "int16", "int32", "int64", "uint2", "uint4", "uint8", "uint16", "uint32", "uint64"]
WIDE_INTS = [d for d in INTS if d not in ("int2", "int4", "uint2", "uint4")]
FLOATS = ["float16", "bfloat16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
SHAPES = [((7, 300, 5), (1,)), ((7, 300, 5), (2,)), ((7, 300, 5), (0,)), ((7, 300, 5), (0, 2)), ((7, 300, 5), (0, 1, 2)),
          ((3, 4, 5, 6), (1, 3)), ((3, 4, 5, 6), (0, 2)), ((3, 4, 5, 6), ()), ((2000,), (0,)), ((5000, 3), (0,)), ((4, 700), (1,)),
          ((600, 200), (0,)), ((), ()), ((1, 1), (0,)), ((1025,), (0,))]


def sample(shape, dtype, seed=0, special=False):
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if dtype in INTS:
        info = ml_dtypes.iinfo(K.NUMPY[dtype])
        return np.asarray(rng.integers(int(info.min), int(info.max), shape, endpoint=True,
                                       dtype=np.uint64 if dtype == "uint64" else np.int64)).astype(K.NUMPY[dtype])
    x = rng.standard_normal(shape)
    if dtype in COMPLEX:
        x = x + 1j * rng.standard_normal(shape)
    x = np.asarray(x)
    if special and x.size > 3:
        flat = x.reshape(-1)
        flat[rng.integers(0, x.size, max(1, x.size // 50))] = np.nan
    return x.astype(K.NUMPY[dtype])


def documented_sum(x, zero, op):
    """reduce.h's order, spelled out."""
    def block(b):
        lane = [zero] * 8
        for i, v in enumerate(b):
            lane[i % 8] = op(lane[i % 8], v)
        return op(op(op(lane[0], lane[4]), op(lane[2], lane[6])), op(op(lane[1], lane[5]), op(lane[3], lane[7])))
    counter, slots = 0, {}
    for start in range(0, len(x), 256):
        result, level, n = block(x[start:start + 256]), 0, counter
        while n & 1:
            result, level, n = op(slots[level], result), level + 1, n >> 1
        slots[level] = result
        counter += 1
    whole = None
    for level in range(60):
        if counter >> level & 1:
            whole = slots[level] if whole is None else op(slots[level], whole)
    return zero if whole is None else whole


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 255, 256, 257, 512, 800, 1024, 3000])
def test_sum_has_the_documented_shape(length, dtype):
    x = sample((length,), dtype, length) * np.asarray(10.0, dtype) ** np.arange(length).astype(dtype).__mod__(7)
    want = documented_sum(list(x), x.dtype.type(0), lambda a, b: x.dtype.type(a + b))
    K.same(K.reduce("reduce_sum", x, (0,)), np.asarray(want, dtype))
    columns = np.stack([x, -x, x * 2], axis=1)
    K.same(K.reduce("reduce_sum", columns, (0,)), np.array([want, -want + 0, want * 2], dtype))


@pytest.mark.parametrize("dtype", [*WIDE_INTS, "int4", "uint2"])
@pytest.mark.parametrize("shape,axes", SHAPES)
def test_integers(shape, axes, dtype):
    x = sample(shape, dtype)
    wide = x.astype(object)
    for op, fn in (("sum", np.sum), ("prod", np.prod)):
        if dtype in WIDE_INTS:
            want = fn(x, axis=axes, dtype=dtype)
        else:
            want = lax_reduce(op, x, axes)
        K.same(K.reduce(f"reduce_{op}", x, axes), np.asarray(want))
    if dtype in WIDE_INTS:
        for op, fn in (("max", np.max), ("min", np.min), ("and", np.bitwise_and.reduce), ("or", np.bitwise_or.reduce),
                       ("xor", np.bitwise_xor.reduce)):
            K.same(K.reduce(f"reduce_{op}", x, axes), np.asarray(fn(x, axis=axes)))


def lax_reduce(op, x, axes):
    bits = ml_dtypes.iinfo(x.dtype).bits
    whole = (np.sum if op == "sum" else np.prod)(x.astype(np.int64), axis=axes, dtype=np.int64) & ((1 << bits) - 1)
    if ml_dtypes.iinfo(x.dtype).min < 0:
        whole = np.where(whole >= 1 << (bits - 1), whole - (1 << bits), whole)
    return np.asarray(whole).astype(x.dtype)


@pytest.mark.parametrize("shape,axes", SHAPES)
def test_bool(shape, axes):
    x = sample(shape, "bool")
    for op, fn in (("max", np.any), ("or", np.any), ("min", np.all), ("and", np.all), ("xor", np.logical_xor.reduce)):
        K.same(K.reduce(f"reduce_{op}", x, axes), np.asarray(fn(x, axis=axes)))


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX, "float8_e4m3fn"])
@pytest.mark.parametrize("shape,axes", SHAPES)
def test_inexact(shape, axes, dtype):
    x = sample(shape, dtype)
    wide = x.astype(np.complex128 if dtype in COMPLEX else np.float64)
    eps = float(ml_dtypes.finfo(K.NUMPY[dtype]).eps) if dtype not in COMPLEX else float(np.finfo(dtype).eps)
    got = K.reduce("reduce_sum", x, axes).astype(wide.dtype)
    scale = np.sum(np.abs(wide), axis=axes)
    float32_part = 1e-6 if eps > 1e-10 else 0
    want = np.sum(wide, axis=axes)
    if dtype != "float8_e4m3fn":
        assert np.all(np.abs(got - want) <= eps * np.abs(want) + scale * (8 * eps if eps < 1e-6 else float32_part))
    small = wide / np.maximum(np.abs(wide), 0.3)
    factors = small.astype(K.NUMPY[dtype])
    got = K.reduce("reduce_prod", factors, axes).astype(wide.dtype)
    want = np.prod(factors.astype(wide.dtype), axis=axes)
    assert np.allclose(got, want, rtol=max(1e-3 if eps < 1e-5 else 2 * eps, 1e-12), atol=1e-3 if dtype[:6] == "float8" else 1e-7)


@pytest.mark.parametrize("dtype", FLOATS + ["float8_e5m2"])
@pytest.mark.parametrize("shape,axes", SHAPES)
def test_extremes_propagate_nan(shape, axes, dtype):
    for special in (False, True):
        x = sample(shape, dtype, special=special)
        wide = x.astype(np.float64)
        K.same(K.reduce("reduce_max", x, axes), np.asarray(np.max(wide, axis=axes)).astype(K.NUMPY[dtype]))
        K.same(K.reduce("reduce_min", x, axes), np.asarray(np.min(wide, axis=axes)).astype(K.NUMPY[dtype]))


def test_signed_zeros_and_empty():
    x = np.array([-0.0, -0.0], np.float32)
    K.same(K.reduce("reduce_sum", x, (0,)), np.array(0.0, np.float32))
    K.same(K.reduce("reduce_max", np.array([-0.0, 0.0, -0.0], np.float32), (0,)), np.array(0.0, np.float32))
    K.same(K.reduce("reduce_min", np.array([0.0, -0.0, 0.0], np.float32), (0,)), np.array(-0.0, np.float32))
    e = np.zeros((3, 0), np.float32)
    for op, want in (("sum", 0), ("prod", 1), ("max", -np.inf), ("min", np.inf)):
        K.same(K.reduce(f"reduce_{op}", e, (1,)), np.full(3, want, np.float32))
    K.same(K.reduce("reduce_sum", np.zeros((2, 0), np.complex64), (1,)), np.zeros(2, np.complex64))
    K.same(K.reduce("reduce_and", np.zeros((2, 0), np.bool_), (1,)), np.ones(2, np.bool_))
    K.same(K.reduce("reduce_max", np.zeros((0,), np.int16), (0,)), np.array(-32768, np.int16))


@pytest.mark.parametrize("dtype", ["bool", "int4", *WIDE_INTS, *FLOATS])
@pytest.mark.parametrize("shape,axis", [((7, 300, 5), 1), ((7, 300, 5), 2), ((7, 300, 5), 0), ((2000,), 0), ((700, 3), 0), ((4, 700), 1)])
def test_argmax(shape, axis, dtype):
    for special in (False, True):
        x = sample(shape, dtype, seed=3, special=special)
        if dtype in FLOATS:
            x = np.round(x.astype(np.float32) * 2).astype(x.dtype) if not special else x  # many ties
        order = x.astype(np.float64) if dtype in FLOATS else x.astype(np.int8) if dtype in ("int4", "bool") else x
        for op, fn in (("argmax", np.argmax), ("argmin", np.argmin)):
            for index in (np.int32, np.uint8, np.int64):
                K.same(K.reduce(op, x, (axis,), out=index), fn(order, axis=axis).astype(index))


def test_argmax_infinities():
    x = np.array([[-np.inf, -np.inf], [np.inf, np.inf], [np.nan, 1], [1, np.nan], [-0.0, 0.0]], np.float32)
    K.same(K.reduce("argmax", x, (1,), out=np.int32), np.array([0, 0, 0, 1, 0], np.int32))
    K.same(K.reduce("argmin", x, (1,), out=np.int32), np.array([0, 0, 0, 1, 0], np.int32))


def test_strided_operands():
    x = sample((40, 30, 20), "float32")
    for v in (x.transpose(2, 0, 1), x[::2, :, ::3], np.broadcast_to(x[:, :1], (40, 9, 20)), x[:, 3]):
        for axes in ((0,), (1,), (0, 1)):
            dense = np.ascontiguousarray(v)
            K.same(K.reduce("reduce_sum", v, axes), K.reduce("reduce_sum", dense, axes))
            K.same(K.reduce("reduce_max", v, axes), np.max(v, axis=axes))


CUMULATIVE = {"cumsum": lax.cumsum, "cumprod": lax.cumprod, "cummax": lax.cummax, "cummin": lax.cummin, "cumlogsumexp": lax.cumlogsumexp}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("dtype", [*WIDE_INTS, *FLOATS, *COMPLEX])
@pytest.mark.parametrize("op", CUMULATIVE)
def test_cumulative(op, dtype, reverse):
    if op == "cumlogsumexp" and dtype not in FLOATS or op in ("cummax", "cummin") and dtype in COMPLEX:
        pytest.skip("not defined")
    for shape, axis in (((200,), 0), ((5, 70, 3), 1), ((100, 80), 0), ((3, 0), 1)):
        x = sample(shape, dtype)
        if op == "cumprod" and dtype not in WIDE_INTS:
            x = (x / np.maximum(np.abs(x), 0.5)).astype(x.dtype)
        got = K.cumulative(op, x, axis, reverse)
        if dtype in WIDE_INTS or op in ("cummax", "cummin"):
            K.same(got, np.asarray(jax.jit(lambda v: CUMULATIVE[op](v, axis, reverse))(x)))
            continue
        wide = x.astype(np.complex128 if dtype in COMPLEX else np.float64)
        turned = np.flip(wide, axis) if reverse else wide
        want = {"cumsum": np.cumsum, "cumprod": np.cumprod, "cumlogsumexp": np.logaddexp.accumulate}[op](turned, axis=axis)
        want = np.flip(want, axis) if reverse else want
        eps = float(ml_dtypes.finfo(K.NUMPY[dtype]).eps) if dtype not in COMPLEX else float(np.finfo(dtype).eps)
        assert np.allclose(got.astype(wide.dtype), want, rtol=4 * max(eps, 1e-15), atol=1e-13 if eps < 1e-10 else 1e-7)


def test_cumulative_specials():
    x = np.array([1, np.nan, 3, np.inf], np.float32)
    K.same(K.cumulative("cummax", x, 0), np.array([1, np.nan, np.nan, np.nan], np.float32))
    K.same(K.cumulative("cummin", x, 0, True), np.array([np.nan, np.nan, 3, np.inf], np.float32))
    low = np.array([-np.inf, -np.inf, 0, np.inf, 1, np.inf], np.float64)
    K.same(K.cumulative("cumlogsumexp", low, 0), np.array([-np.inf, -np.inf, 0, np.inf, np.inf, np.inf]))
    assert np.isnan(K.cumulative("cumlogsumexp", np.array([0, np.nan, 1.0]), 0)[1:]).all()
    y = sample((30, 20), "float32").T
    K.same(K.cumulative("cumsum", y, 0), K.cumulative("cumsum", np.ascontiguousarray(y), 0))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_one_long_row_is_one_tree(dtype):
    """Rows that are shared among threads: sums as the tree of blocks of 256 gives them, the first of equal extremes."""
    chunk = 131_072
    for n in (2 * chunk, 2 * chunk + 1, 3 * chunk + 700):
        x = sample((n,), dtype)
        both = np.stack([x[: n // 2 * 2], x[: n // 2 * 2]])
        K.same(K.reduce("reduce_sum", x[: n // 2 * 2], [0]), K.reduce("reduce_sum", np.ascontiguousarray(both.T), [0])[0])  # by columns: not shared
        assert K.reduce("argmax", x, [0], np.int32) == np.argmax(x)
        x[n - 2:] = x.max()
        x[n // 3] = x.max()
        assert K.reduce("argmax", x, [0], np.int32) == np.argmax(x)
