"""The C builders as functions over numpy arrays, by ctypes, for comparing ops with real JAX one by one."""
import contextlib
import ctypes
import subprocess

import numpy as np
from kernels.library import BUILD, DTYPE_ID, Error, NUMPY, ROOT, name_of

subprocess.run(["make", "-s", "-C", str(ROOT), f"{BUILD.name}/libcuirax.so"], check=True, stdin=subprocess.DEVNULL)
LIB = ctypes.CDLL(str(BUILD / "libcuirax.so"))
NAME_OF_ID = {i: name for name, i in DTYPE_ID.items()}
VAL = ctypes.c_void_p


class Ints(ctypes.Structure):
    _fields_ = [("v", ctypes.POINTER(ctypes.c_int64)), ("n", ctypes.c_int32), ("none", ctypes.c_bool)]


class Type(ctypes.Structure):
    _fields_ = [("dtype", ctypes.c_int), ("weak", ctypes.c_bool), ("rank", ctypes.c_int32), ("size", ctypes.c_int64),
                ("hash", ctypes.c_uint64), ("dims", ctypes.c_int64 * 64)]


class DotDims(ctypes.Structure):
    _fields_ = [(name, Ints) for name in ("lhs_contract", "rhs_contract", "lhs_batch", "rhs_batch")]


class Conv(ctypes.Structure):
    _fields_ = [(name, Ints) for name in ("strides", "padding", "lhs_dilation", "rhs_dilation", "lhs_spec", "rhs_spec", "out_spec")] + [
        ("feature_groups", ctypes.c_int64), ("batch_groups", ctypes.c_int64), ("precision", ctypes.c_int), ("preferred", ctypes.c_int)]


class Window(ctypes.Structure):
    _fields_ = [(name, Ints) for name in ("dimensions", "strides", "padding", "base_dilation", "window_dilation")]


class Vals(ctypes.Structure):
    _fields_ = [("v", ctypes.POINTER(VAL)), ("n", ctypes.c_uint32), ("cap", ctypes.c_uint32)]


CALL = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.POINTER(VAL), ctypes.c_uint32, ctypes.POINTER(Vals))
LIB.cx_error.restype = ctypes.POINTER(Error)
LIB.cx_error_name.restype = ctypes.c_char_p
LIB.cx_type_of.restype = ctypes.POINTER(Type)
LIB.cx_type_scalar.restype = ctypes.POINTER(Type)
LIB.cx_data.restype = ctypes.c_void_p
for _name in ("cx_sort", "cx_top_k", "cx_reduce", "cx_reduce_window"):
    getattr(LIB, _name).restype = ctypes.c_bool


class OpError(Exception):
    """name: the error's class at the Python border."""

    def __init__(self, name, text):
        super().__init__(f"{name}: {text}")
        self.name = name


def ints(values):
    values = [int(v) for v in np.ravel(values)]
    return Ints((ctypes.c_int64 * max(len(values), 1))(*values), len(values), False)


def builder(name):
    f = getattr(LIB, name)
    f.restype = VAL
    return f


@contextlib.contextmanager
def scope():
    memory = ctypes.create_string_buffer(1024)
    LIB.cx_scope_open(memory)
    try:
        yield
    finally:
        LIB.cx_scope_close(memory)


def check():
    error = LIB.cx_error()
    if error:
        name, text = LIB.cx_error_name(error.contents.code).decode(), error.contents.text.decode()
        LIB.cx_error_clear()
        raise OpError(name, text)


def put(array):
    array = np.asarray(array)
    array = array if array.flags.c_contiguous else array.copy()
    make = builder("cx_array")
    v = make(DTYPE_ID[name_of(array.dtype)], array.ndim, (ctypes.c_int64 * max(array.ndim, 1))(*array.shape), ctypes.c_void_p(array.ctypes.data))
    check()
    return VAL(v)


def get(value):
    check()
    t = LIB.cx_type_of(VAL(value) if isinstance(value, int) else value).contents
    out = np.empty(tuple(t.dims[: t.rank]), NUMPY[NAME_OF_ID[t.dtype]])
    data = LIB.cx_data(VAL(value) if isinstance(value, int) else value)
    ctypes.memmove(out.ctypes.data, data, out.nbytes)
    return out


def call(name, arrays, *options):
    """A builder of arrays and options with one result."""
    with scope():
        return get(builder(name)(*[put(a) for a in arrays], *options))


def region(n, body):
    """A graph of n f32 scalars: body maps a list of handles to a list of handles."""
    def run(_, given, count, outs):
        for v in body([given[i] for i in range(count)]):
            LIB.cx_vals_push(outs, VAL(v))
        return True

    callback, types = CALL(run), (ctypes.POINTER(Type) * n)(*[LIB.cx_type_scalar(DTYPE_ID["float32"], False)] * n)
    with scope():
        f, captured = builder("cx_fn")(b"region", callback, None, None), Vals()
        g = builder("cx_stage")(VAL(f), types, n, ctypes.byref(captured))
        check()
        return VAL(g)


def binary(name, x, y):
    return builder("cx_" + name)(VAL(x), VAL(y))


def many(name, nout, *args):
    """A builder that fills out[nout], its last argument; called inside of a scope."""
    outs = (VAL * nout)()
    getattr(LIB, name)(*args, outs)
    return [get(outs[i]) for i in range(nout)]
