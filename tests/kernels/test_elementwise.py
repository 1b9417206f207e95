"""kernel_elementwise against real JAX: every op over every dtype it takes, on grids of special values."""
import os
os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from jax import lax
from kernels import library as K

jax.config.update("jax_enable_x64", True)
INTS = ["int2", "int4", "int8", "int16", "int32", "int64", "uint2", "uint4", "uint8", "uint16", "uint32", "uint64"]
SIGNED = [d for d in INTS if d[0] == "i"]
WIDE_INTS = [d for d in INTS if d not in ("int2", "int4", "uint2", "uint4")]
FLOATS = ["float16", "bfloat16", "float32", "float64"]
MINI = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3b11fnuz", "float4_e2m1fn", "float8_e3m4"]
COMPLEX = ["complex64", "complex128"]


def values(dtype):
    if dtype == "bool":
        return np.array([False, True])
    if dtype in INTS:
        info = ml_dtypes.iinfo(K.NUMPY[dtype])
        low, high = int(info.min), int(info.max)
        v = {low, low + 1, high, high - 1, 0, 1, 2, 3, 5, 7, 8, 13, 31, 32, 33, 63, 64, 100, -1, -2, -3, -7, -13, high // 3, low // 3}
        return np.array(sorted(x for x in v if low <= x <= high), np.int64 if low else np.uint64).astype(K.NUMPY[dtype])
    if dtype in MINI:
        return np.arange(256 if "8" in dtype else 16, dtype=np.uint8).view(K.NUMPY[dtype])[::3]
    base = [0.0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 1.5, 2.5, -2.5, 3, 0.1, -0.1, 0.3, 0.7, 7.25, -7.25, 20, -20, 100.5, -100.5, 1e-3, -1e-3,
            600, -600, 1e4, 0.9999, -0.9999, 1.0001, np.inf, -np.inf, np.nan]
    if dtype not in ("float16",):
        base += [1e10, -1e10, 1e30, -1e30, 1e-30, -1e-30]
    if dtype in COMPLEX:
        base = [0.0, -0.0, 1, -1, 0.5, -2.5, 0.1, 3.7, -20, 100, np.inf, -np.inf, np.nan]
        grid = np.empty((len(base), len(base)), dtype)
        grid.real, grid.imag = np.array(base)[:, None], np.array(base)[None, :]
        return grid.ravel()
    return np.array(base).astype(K.NUMPY[dtype])


def pairs(dtype):
    v = values(dtype)
    if dtype in COMPLEX:
        rng = np.random.default_rng(3)
        return v[rng.integers(0, len(v), 3000)], v[rng.integers(0, len(v), 3000)]
    a, b = np.meshgrid(np.arange(len(v)), np.arange(len(v)), indexing="ij")
    return v[a.ravel()], v[b.ravel()]


def test_population_count_sees_four_bits():  # XLA counts the eight bits of storage
    x = np.arange(-8, 8).astype(ml_dtypes.int4)
    K.same(K.elementwise("population_count", x), np.array([bin(v & 15).count("1") for v in range(-8, 8)]).astype(ml_dtypes.int4))


def run_jax(fn, *args):
    return np.asarray(jax.jit(fn)(*[jnp.asarray(a) for a in args]))


def close(got, want, ulps, dtype):
    """Equal up to `ulps` of the dtype; NaN where NaN; infinities and the sign of zero exact."""
    if got.dtype.kind == "c":
        close(got.real, want.real, ulps, dtype)
        close(got.imag, want.imag, ulps, dtype)
        return
    g, w = got.astype(np.float64), want.astype(np.float64)
    eps = float(ml_dtypes.finfo(K.NUMPY[dtype]).eps)
    tiny = float(ml_dtypes.finfo(K.NUMPY[dtype]).tiny)
    with np.errstate(all="ignore"):
        bad = ~((g == w) | (np.isnan(g) & np.isnan(w)) | (np.abs(g - w) <= ulps * eps * np.maximum(np.abs(w), tiny)))
        bad &= ~((w == 0) & (np.abs(g) < tiny))  # XLA flushes subnormals, which are kept here
        bad |= (w == 0) & (g == 0) & (np.signbit(g) != np.signbit(w))
    bad = np.flatnonzero(bad)
    assert bad.size == 0, f"{bad.size} differ, first at {bad[:6]}: got {g.ravel()[bad[:6]]}, want {w.ravel()[bad[:6]]}"


EXACT_UNARY = [
    ("neg", lax.neg, [*INTS, *FLOATS, *MINI, *COMPLEX]), ("sign", lax.sign, [*INTS, *FLOATS]), ("floor", lax.floor, FLOATS),
    ("ceil", lax.ceil, FLOATS), ("is_finite", lax.is_finite, [*FLOATS, *MINI]), ("not", lax.bitwise_not, ["bool", *INTS]),
    ("population_count", lax.population_count, [d for d in INTS if d != "int4"]), ("clz", lax.clz, INTS), ("abs", lax.abs, ["int8", "int16", "int32", "int64", *FLOATS]),
    ("square", lax.square, [*INTS, *FLOATS]), ("sqrt", lax.sqrt, FLOATS), ("real", lax.real, COMPLEX), ("imag", lax.imag, COMPLEX),
    ("conj", lax.conj, [*COMPLEX, "float32", "float64"]),
]


@pytest.mark.parametrize("name,fn,dtype", [(n, f, d) for n, f, ds in EXACT_UNARY for d in ds])
def test_unary_exact(name, fn, dtype):
    x = values(dtype)
    want = run_jax(fn, x)
    K.same(K.elementwise(name, x, out=want.dtype), want)


@pytest.mark.parametrize("dtype", [*FLOATS])
def test_round(dtype):
    x = np.concatenate([values(dtype), np.array([0.49999997, 4.5, 5.5, -0.3, 8388609.0, 1048577.5]).astype(K.NUMPY[dtype])])
    for method in (0, 1):
        K.same(K.elementwise("round", x, p0=method), run_jax(lambda v: lax.round(v, lax.RoundingMethod(method)), x))


CLOSE_UNARY = [
    ("exp", lax.exp), ("exp2", lax.exp2), ("log", lax.log), ("expm1", lax.expm1), ("log1p", lax.log1p), ("tanh", lax.tanh),
    ("logistic", lax.logistic), ("sin", lax.sin), ("cos", lax.cos), ("tan", lax.tan), ("asin", lax.asin), ("acos", lax.acos),
    ("atan", lax.atan), ("sinh", lax.sinh), ("cosh", lax.cosh), ("asinh", lax.asinh), ("acosh", lax.acosh), ("atanh", lax.atanh),
    ("rsqrt", lax.rsqrt),
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name,fn", [*CLOSE_UNARY, ("cbrt", lax.cbrt), ("erf", lax.erf), ("erfc", lax.erfc)])
def test_unary_close(name, fn, dtype):
    x = values(dtype)
    x = x[np.abs(x.astype(np.float64)) != 1e-30] if name in ("sin",) else x
    ulps = {"exp2": 600, "sinh": 500, "cosh": 500}.get(name, 6)  # XLA's own error in these
    close(K.elementwise(name, x), run_jax(fn, x), ulps, dtype)


BINARY = [
    ("add", lax.add, [*INTS, *FLOATS, *MINI, *COMPLEX]), ("sub", lax.sub, [*INTS, *FLOATS, *MINI, *COMPLEX]),
    ("mul", lax.mul, [*INTS, *FLOATS, *MINI]), ("div", lax.div, [*INTS, *FLOATS, *MINI]),
    ("rem", lax.rem, [*INTS, *FLOATS]), ("max", lax.max, ["bool", *INTS, *FLOATS, *MINI, *COMPLEX]),
    ("min", lax.min, ["bool", *INTS, *FLOATS, *MINI, *COMPLEX]), ("and", lax.bitwise_and, ["bool", *INTS]),
    ("or", lax.bitwise_or, ["bool", *INTS]), ("xor", lax.bitwise_xor, ["bool", *INTS]), ("shift_left", lax.shift_left, INTS),
    ("shift_right_arithmetic", lax.shift_right_arithmetic, INTS), ("shift_right_logical", lax.shift_right_logical, INTS),
    ("nextafter", lax.nextafter, FLOATS), ("complex", lax.complex, ["float32", "float64"]),
    ("eq", lax.eq, ["bool", *INTS, *FLOATS, *MINI, *COMPLEX]), ("ne", lax.ne, ["bool", *INTS, *FLOATS, *MINI, *COMPLEX]),
    ("lt", lax.lt, ["bool", *INTS, *FLOATS, *MINI]), ("le", lax.le, ["bool", *INTS, *FLOATS]),
    ("gt", lax.gt, ["bool", *INTS, *FLOATS]), ("ge", lax.ge, ["bool", *INTS, *FLOATS]),
    ("eq_to", jax._src.lax.lax.eq_to_p.bind, FLOATS), ("lt_to", jax._src.lax.lax.lt_to_p.bind, FLOATS),
    ("le_to", jax._src.lax.lax.le_to_p.bind, FLOATS), ("mulhi", jax._src.lax.lax.mulhi_p.bind, WIDE_INTS),
]


@pytest.mark.parametrize("name,fn,dtype", [(n, f, d) for n, f, ds in BINARY for d in ds])
def test_binary_exact(name, fn, dtype):
    a, b = pairs(dtype)
    want = run_jax(fn, a, b)
    got = K.elementwise(name, a, b, out=want.dtype)
    if name in ("mul", "div") and dtype in FLOATS:
        keep = ~((want == 0) & (np.abs(got.astype(np.float64)) < ml_dtypes.finfo(want.dtype).tiny))
        got, want = got[keep], want[keep]  # XLA flushes subnormals, which are kept here
    K.same(got, want)


@pytest.mark.parametrize("dtype", COMPLEX)
def test_complex_binary(dtype):
    a, b = pairs(dtype)
    keep = np.isfinite(a) & np.isfinite(b) & (a != 0) & (b != 0)
    a, b = a[keep], b[keep]
    real = "float32" if dtype == "complex64" else "float64"
    for name, fn in (("mul", lax.mul), ("div", lax.div), ("pow", lax.pow), ("atan2", lax.atan2)):
        want, got = run_jax(fn, a, b), K.elementwise(name, a, b)
        finite = np.isfinite(want) & (want != 0)
        assert np.all(np.isfinite(got[np.abs(want) < 1e30]))
        scale = np.maximum(np.abs(want[finite]), np.abs(a[finite]) * np.abs(b[finite]) if name == "mul" else 1e-30)
        error = got[finite].astype(complex) - want[finite]
        if name == "atan2":  # many-valued: the branch is rounding's choice near the cut
            error -= 2 * np.pi * np.round(error.real / (2 * np.pi))
        error = np.abs(error) / scale
        bad = error > {"pow": 3000, "atan2": 20000}.get(name, 20) * np.finfo(real).eps
        assert not bad.any(), (name, a[finite][bad][:5], b[finite][bad][:5], got[finite][bad][:5], want[finite][bad][:5])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name,fn", [("pow", lax.pow), ("atan2", lax.atan2)])
def test_binary_close(name, fn, dtype):
    a, b = pairs(dtype)
    close(K.elementwise(name, a, b), run_jax(fn, a, b), 60 if name == "pow" else 6, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_pow_integer_exponent(dtype):
    x, n = values(dtype), np.array([-7, -2, -1, 0, 1, 2, 3, 9], np.int32)
    a, b = np.repeat(x, len(n)), np.tile(n, len(x))
    close(K.elementwise("pow", a, b), run_jax(lax.pow, a, b), 60, dtype)


@pytest.mark.parametrize("dtype", [*WIDE_INTS, "float32", "float64", *COMPLEX])
@pytest.mark.parametrize("power", [-5, -2, -1, 0, 1, 2, 3, 7, 16])
def test_integer_pow(power, dtype):
    x = values(dtype)
    if dtype in WIDE_INTS and power < 0:
        pytest.skip("integers have no inverse")
    if dtype in COMPLEX:
        x = x[np.isfinite(x) & (x != 0)]
    got, want = K.elementwise("integer_pow", x, p0=power), run_jax(lambda v: lax.integer_pow(v, power), x)
    if dtype in WIDE_INTS:
        K.same(got, want)
    elif dtype in COMPLEX:
        finite = np.isfinite(want)
        assert np.allclose(got[finite], want[finite], rtol=1e-5 if dtype == "complex64" else 1e-12, atol=1e-30)
    else:
        close(got, want, 4, dtype)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("exponent,mantissa", [(5, 10), (8, 7), (4, 3), (5, 2), (8, 0), (2, 1), (11, 52), (1, 3)])
def test_reduce_precision(exponent, mantissa, dtype):
    x = np.concatenate([values(dtype), np.array([65504, 65519, 65520, 6e-8, 6e-5, 6.1e-5, 240, 247, 248, 250]).astype(K.NUMPY[dtype])])
    K.same(K.elementwise("reduce_precision", x, p0=exponent, p1=mantissa),
           run_jax(lambda v: lax.reduce_precision(v, exponent, mantissa), x))


@pytest.mark.parametrize("dtype", ["bool", *INTS, *FLOATS])
def test_clamp(dtype):
    v = values(dtype)
    rng = np.random.default_rng(5)
    low, x, high = (v[rng.integers(0, len(v), 2000)] for _ in range(3))
    K.same(K.elementwise("clamp", low, x, high), run_jax(lax.clamp, low, x, high))


@pytest.mark.parametrize("dtype", ["bool", "int4", *WIDE_INTS, *FLOATS, *MINI, *COMPLEX])
def test_select(dtype):
    v = values(dtype)
    rng = np.random.default_rng(6)
    n = 1337
    a, b, c = (v[rng.integers(0, len(v), n)] for _ in range(3))
    pred, which = rng.integers(0, 2, n).astype(bool), rng.integers(-2, 6, n).astype(np.int32)
    K.same(K.elementwise("select_n", pred, a, b, out=a.dtype), np.where(pred, b, a), exact_nan=True)
    K.same(K.elementwise("select_n", which, a, b, c, out=a.dtype), np.choose(np.clip(which, 0, 2), [a, b, c]), exact_nan=True)
    K.same(K.elementwise("select_n", np.array(True), a, b, out=a.dtype), b, exact_nan=True)


@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize("name,fn", [*CLOSE_UNARY, ("sqrt", lax.sqrt), ("square", lax.square), ("sign", lax.sign), ("abs", lax.abs)])
def test_complex_unary(name, fn, dtype):
    x = values(dtype)
    real = "float32" if dtype == "complex64" else "float64"
    want = run_jax(fn, x)
    got = K.elementwise(name, x, out=want.dtype)
    close_complex(got, want, x, real)


def close_complex(got, want, x, real):
    eps = float(np.finfo(real).eps)
    finite = np.isfinite(want) & np.isfinite(x)
    error = np.abs(got[finite].astype(np.complex128) - want[finite]) / np.maximum(np.abs(want[finite]), 1e-30)
    assert np.all(error < 400 * eps), (x[finite][error >= 400 * eps][:5], got[finite][error >= 400 * eps][:5], want[finite][error >= 400 * eps][:5])


LAYOUTS = ["dense", "transposed", "strided", "row", "column", "scalar"]


def layout(kind, rng, dtype):
    big = rng.integers(-50, 50, (74, 300)).astype(dtype)
    return {"dense": big[:37, :150].copy(), "transposed": rng.integers(-50, 50, (150, 37)).astype(dtype).T, "strided": big[::2, ::2],
            "row": big[:1, :150], "column": big[:37, :1], "scalar": big[0, 0].reshape(())}[kind]


@pytest.mark.parametrize("second", LAYOUTS)
@pytest.mark.parametrize("first", LAYOUTS)
def test_layouts(first, second):
    rng = np.random.default_rng(8)
    for dtype in (np.int32, np.float64, ml_dtypes.bfloat16, np.int8, np.complex128):
        a, b = layout(first, rng, dtype), layout(second, rng, dtype)
        want = np.asarray(a + b)
        K.same(K.elementwise("add", a, b), want)
        out = np.zeros(want.shape[::-1], dtype).T
        K.same(K.elementwise("add", a, b, out=out), want)
        K.same(K.elementwise("lt" if dtype != np.complex128 else "eq", a, b, out=np.bool_), np.less(a, b) if dtype != np.complex128 else a == b)


def test_short_rows_broadcast():
    x, y = np.arange(3000, dtype=np.float32).reshape(1000, 3), np.array([1, 2, 3], np.float32)
    K.same(K.elementwise("mul", x, y), x * y)


def test_in_place():
    x = np.arange(1001, dtype=np.float32)
    want = x * x
    K.elementwise("mul", x, x, out=x)
    K.same(x, want)


def test_empty_and_rank_zero():
    assert K.elementwise("add", np.zeros((0, 3), np.int32), np.zeros((0, 3), np.int32)).shape == (0, 3)
    K.same(K.elementwise("add", np.array(2, np.int8), np.array(127, np.int8)), np.array(-127, np.int8))


def test_no_such_loop_is_an_error():
    with pytest.raises(K.KernelError, match="and is not defined for operands of dtype float32"):
        K.elementwise("and", np.zeros(3, np.float32), np.zeros(3, np.float32))
