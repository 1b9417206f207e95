"""Random arrays behind random strides, results full of rubbish, and kernel calls in one line, for the structural tests."""
import ctypes

import numpy as np

from kernels import library as K

ALL = [d for d in K.DTYPE_ID if not d.startswith("key") and d not in ("float0", "token")]


def ints(values):
    values = [int(v) for v in values]
    return (ctypes.c_int64 * max(len(values), 1))(*values)


def call(name, *args, fallible=False):
    """Calls a kernel; structs go by reference."""
    f = getattr(K.LIB, name)
    f.restype = ctypes.c_bool if fallible else None
    done = f(*[ctypes.byref(a) if isinstance(a, ctypes.Structure) else a for a in args])
    K.check(done if fallible else True)


def pointer(a):
    return ctypes.c_void_p(a.ctypes.data)


def dtype(name):
    return np.dtype(K.NUMPY[name])


def out(shape, dt):
    """A result array full of rubbish, so that an element never written shows."""
    a = np.zeros(shape, dt)
    if dt not in [dtype(d) for d in ("bool", "int2", "int4", "uint2", "uint4", "float4_e2m1fn")]:
        np.frombuffer(a, np.uint8)[...] = 0xa5 if a.size else 0
    return a


def random_array(rng, shape, name, low=-20, high=20):
    """Small integers, quarters in float types."""
    dt = dtype(name)
    n = int(np.prod(shape, dtype=np.int64))
    if name == "bool":
        return rng.integers(0, 2, n).astype(bool).reshape(shape)
    if name.startswith("uint") or name == "float8_e8m0fnu":
        low = 1 if name == "float8_e8m0fnu" else 0
    values = rng.integers(low, high, n).astype(np.float64)
    if dt.kind == "c":
        values = values + 1j * rng.integers(low, high, n)
    if "int" not in name:
        return (values / 4).astype(dt).reshape(shape)
    bits = int(name.lstrip("uint"))
    if bits < 8:
        values = values.astype(np.int64) % (1 << bits)
        if name[0] == "i":
            values = values - (values >> (bits - 1) << bits)
        return values.astype(np.int8).view(dt).reshape(shape)
    return values.astype(dt).reshape(shape)


def strided(rng, a):
    """The same values behind other strides: permuted, reversed, with gaps."""
    if a.ndim == 0:
        return a
    perm = rng.permutation(a.ndim)
    steps = rng.integers(1, 3, a.ndim)
    big = np.zeros([a.shape[p] * s for p, s in zip(perm, steps)], a.dtype)
    v = big[tuple(slice(None, None, int(s)) for s in steps)]
    v = v[tuple(slice(None, None, int(s)) for s in rng.choice([-1, 1], a.ndim))]
    v = v.transpose(np.argsort(perm))
    v[...] = a
    return v


def close(got, want, rtol, atol=0.0):
    want = np.asarray(want)
    assert got.dtype == want.dtype and got.shape == want.shape, (got.dtype, want.dtype, got.shape, want.shape)
    wide = np.complex128 if got.dtype.kind == "c" else np.float64
    np.testing.assert_allclose(got.astype(wide), want.astype(wide), rtol=rtol, atol=atol)
