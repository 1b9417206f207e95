"""The kernels as ctypes functions over numpy arrays: links the built archive into one shared object for the tests."""
import ctypes
import os
import pathlib
import re
import subprocess

import ml_dtypes
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CUIRAX_BUILD", ROOT / "build"))


def _dtype_rows():
    text = (ROOT / "include/cuirax/dtype.h").read_text()
    return re.findall(r'X\((\w+), "([^"]+)", "[^"]+", (\d+), (\d+), \'(\w)\'\)', text)


def _op_names():
    text = (ROOT / "src/ir/ops.def").read_text()
    return re.findall(r'^OP\((\w+), "([^"]+)"\)', text, re.M)


DTYPE_ID = {name: i + 1 for i, (_, name, _, _, _) in enumerate(_dtype_rows())}
OP_ID = {name: i + 1 for i, (_, name) in enumerate(_op_names())}
NUMPY = {}
for _name in DTYPE_ID:
    NUMPY[_name] = getattr(ml_dtypes, _name, None) or getattr(np, _name, None)
NUMPY["bool"] = np.bool_


class View(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int), ("rank", ctypes.c_int),
                ("dims", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64))]


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("line", ctypes.c_uint32), ("column", ctypes.c_uint32),
                ("text", ctypes.c_char * 2048)]


def _load():
    archive = BUILD / "libcuirax.a"
    subprocess.run(["make", "-s", "-C", str(ROOT), f"{BUILD.name}/libcuirax.a"], check=True, stdin=subprocess.DEVNULL)
    shared = BUILD / "kernels_test.so"
    if not shared.exists() or shared.stat().st_mtime < archive.stat().st_mtime:
        part = shared.with_suffix(f".{os.getpid()}.so")
        objects = BUILD / "obj/src"
        subprocess.run(["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-I", ROOT / "include", "-I", ROOT / "src", "-o", part,
                        *(objects / "kernels").glob("*.o"), *(objects / "base").glob("*.o"), objects / "runtime/pool.o",
                        objects / "ir/type.o", "-lm", "-lpthread"], check=True)
        part.replace(shared)
    library = ctypes.CDLL(str(shared))
    library.cx_error.restype = ctypes.POINTER(Error)
    for name in ("kernel_elementwise", "kernel_convert", "kernel_reduce", "kernel_cumulative", "kernel_sort",
                 "kernel_top_k", "convert_run"):
        if hasattr(library, name):
            getattr(library, name).restype = ctypes.c_bool
    return library


LIB = _load()


def name_of(dtype):
    dtype = np.dtype(dtype)
    return "bool" if dtype == np.bool_ else dtype.name


def stored(array):
    """The array as the core stores it: sub-byte integers sign-extended, which ml_dtypes leaves open."""
    array = np.asarray(array)
    if name_of(array.dtype) in ("int2", "int4"):
        return array.astype(np.int8).view(array.dtype)
    return array


def view(array):
    """A view of a numpy array; keep the array alive while it is used."""
    rank, size = array.ndim, max(array.itemsize, 1)
    dims = (ctypes.c_int64 * max(rank, 1))(*array.shape)
    strides = (ctypes.c_int64 * max(rank, 1))(*[s // size for s in array.strides])
    v = View(array.ctypes.data, DTYPE_ID[name_of(array.dtype)], rank, dims, strides)
    v.keep = (array, dims, strides)
    return v


def views(arrays):
    made = [view(a) for a in arrays]
    packed = (View * len(made))(*made)
    packed.keep = made
    return packed


class KernelError(Exception):
    pass


def check(ok):
    error = LIB.cx_error()
    if ok and not error:
        return
    text = error.contents.text.decode() if error else "failed without an error"
    LIB.cx_error_clear()
    assert not ok, f"error pending after success: {text}"
    raise KernelError(text)


def elementwise(op, *arrays, out=None, p0=0, p1=0):
    arrays = np.broadcast_arrays(*arrays)
    target = np.empty(arrays[0].shape, out or arrays[0].dtype) if not isinstance(out, np.ndarray) else out
    ins, o = views([stored(a) for a in arrays]), view(target)
    check(LIB.kernel_elementwise(OP_ID[op], ins, len(arrays), ctypes.byref(o), ctypes.c_int64(p0), ctypes.c_int64(p1)))
    return target


def convert(array, dtype, out=None):
    target = np.empty(array.shape, NUMPY[dtype]) if out is None else out
    i, o = view(stored(array)), view(target)
    check(LIB.kernel_convert(ctypes.byref(i), ctypes.byref(o)))
    return target


def reduce(op, array, axes, out=None):
    shape = [n for i, n in enumerate(array.shape) if i not in axes]
    target = np.empty(shape, out or array.dtype)
    i, o = view(stored(array)), view(target)
    check(LIB.kernel_reduce(OP_ID[op], ctypes.byref(i), (ctypes.c_int64 * max(len(axes), 1))(*axes), len(axes), ctypes.byref(o)))
    return target


def cumulative(op, array, axis, reverse=False):
    target = np.empty(array.shape, array.dtype)
    i, o = view(stored(array)), view(target)
    check(LIB.kernel_cumulative(OP_ID[op], ctypes.byref(i), axis, ctypes.c_bool(reverse), ctypes.byref(o)))
    return target


def sort(arrays, axis, num_keys=1):
    targets = [np.empty(a.shape, a.dtype) for a in arrays]
    check(LIB.kernel_sort(views([stored(a) for a in arrays]), len(arrays), axis, num_keys, views(targets)))
    return targets


def top_k(array, k, axis, index=np.int32):
    shape = tuple(k if i == axis else n for i, n in enumerate(array.shape))
    v, i = np.empty(shape, array.dtype), np.empty(shape, index)
    a, b, c = view(stored(array)), view(v), view(i)
    check(LIB.kernel_top_k(ctypes.byref(a), axis, ctypes.byref(b), ctypes.byref(c)))
    return v, i


def bits(array):
    array = np.ascontiguousarray(array)
    return array.view({1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64, 16: np.complex128}[array.itemsize])


def same(got, want, exact_nan=False):
    """Bits equal, or both NaN."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape and got.dtype == want.dtype, (got.dtype, want.dtype, got.shape, want.shape)
    if got.dtype.kind == "c":
        same(got.real, want.real, exact_nan)
        same(got.imag, want.imag, exact_nan)
        return
    if name_of(got.dtype) in ("int2", "int4"):
        want = stored(want)
    equal = bits(got) == bits(want)
    if not exact_nan and got.dtype.kind not in "biu" and name_of(got.dtype)[:3] not in ("int", "uin"):
        with np.errstate(all="ignore"):
            equal |= np.isnan(got.astype(np.float64)) & np.isnan(want.astype(np.float64))
    bad = np.flatnonzero(~equal.ravel())
    assert bad.size == 0, f"{bad.size} differ, first at {bad[:8]}: got {got.ravel()[bad[:8]]}, want {want.ravel()[bad[:8]]}"
