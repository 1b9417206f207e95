"""Names of jax.numpy at the border of NumPy: files and buffers, text, questions about dtypes."""
import numpy

from .. import _core
from .._core import asarray


def load(file, *args, **kwargs):
    """An array from a file that NumPy wrote."""
    out = numpy.load(file, *args, **kwargs)
    if not isinstance(out, numpy.ndarray):
        return out
    if out.dtype == "V2":
        import ml_dtypes
        out = out.view(ml_dtypes.bfloat16)
    try:
        return asarray(out)
    except (TypeError, AssertionError):
        return out


def frombuffer(buffer, dtype=float, count=-1, offset=0):
    """A vector of the elements in a buffer."""
    return asarray(numpy.frombuffer(memoryview(buffer), dtype=dtype, count=count, offset=offset))


def fromstring(string, dtype=float, count=-1, *, sep):
    """A vector of the numbers in a text."""
    return asarray(numpy.fromstring(string, dtype=dtype, count=count, sep=sep))


def fromfile(*args, **kwargs):
    """Not implemented, as in JAX: use jnp.asarray(np.fromfile(…))."""
    raise NotImplementedError("jnp.fromfile() is not implemented because it may be non-pure: use jnp.asarray(np.fromfile(...)) instead.")


def fromiter(*args, **kwargs):
    """Not implemented, as in JAX: use jnp.asarray(np.fromiter(…))."""
    raise NotImplementedError("jnp.fromiter() is not implemented because it may be non-pure: use jnp.asarray(np.fromiter(...)) instead.")


def from_dlpack(x, /, *, device=None, copy=None):
    """An array from anything that exports its memory by DLPack."""
    from .. import dlpack
    return dlpack.from_dlpack(x, device=device, copy=copy)


_KINDS = {"bool": "bool", "signed integer": "int2 int4 int8 int16 int32 int64", "unsigned integer": "uint2 uint4 uint8 uint16 uint32 uint64",
          "real floating": "float4_e2m1fn float8_e3m4 float8_e4m3 float8_e4m3b11fnuz float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz "
                           "float8_e8m0fnu bfloat16 float16 float32 float64", "complex floating": "complex64 complex128"}
_KINDS["integral"] = _KINDS["signed integer"] + " " + _KINDS["unsigned integer"]
_KINDS["numeric"] = " ".join((_KINDS["integral"], _KINDS["real floating"], _KINDS["complex floating"]))


def isdtype(dtype, kind):
    """Is the dtype one of a kind ('integral', 'real floating', …), equal to a dtype, or any of several?"""
    name, names = numpy.dtype(dtype).name, set()
    for k in kind if isinstance(kind, tuple) else (kind,):
        if isinstance(k, str) and k in _KINDS:
            names.update(_KINDS[k].split())
            continue
        try:
            names.add(numpy.dtype(k).name)
        except TypeError:
            if isinstance(k, str):
                raise ValueError(f"Unrecognized kind={k!r} expected one of {list(_KINDS)}, or a compatible input for jnp.dtype()") from None
            raise TypeError(f"Expected kind to be a dtype, string, or tuple; got kind={k!r}") from None
    return name in names


def einsum_path(subscripts, *operands, optimize="greedy"):
    """The order of contractions that einsum would take, and its text."""
    return numpy.einsum_path(subscripts, *(numpy.empty(numpy.shape(x)) for x in operands), optimize=optimize)


class _Joined:
    """r_[1:4, 0, x] and c_[x, y]: pieces joined along an axis, with slices as points; a leading text 'axis,ndim,where' says how."""

    def __init__(self, axis, ndmin, trans1d):
        self.how = axis, ndmin, trans1d

    def _piece(self, item, ndmin, trans1d):
        from . import _grids
        if isinstance(item, str):
            raise ValueError("string directive must be placed at the beginning")
        if isinstance(item, slice):
            x, rank = _grids._points(item), 0
        else:
            x = _core.array(item)
            rank = x.ndim
        if x.ndim < ndmin:
            x = x.reshape((1,) * (ndmin - x.ndim) + x.shape)
        if trans1d != -1 and ndmin - rank > 0:
            order = tuple(range(ndmin))
            turn = ndmin - abs(ndmin + trans1d + 1) % ndmin
            x = x.transpose(order[turn:] + order[:turn])
        return x

    def __getitem__(self, key):
        items = key if isinstance(key, tuple) else (key,)
        axis, ndmin, trans1d = self.how
        matrix = -1
        if isinstance(items[0], str):
            text, items = items[0], items[1:]
            if text in ("r", "c"):
                matrix = "rc".index(text)
            else:
                parts = text.split(",")
                try:
                    axis, ndmin, trans1d = map(int, (parts + [axis, ndmin, trans1d][len(parts):])[:3])
                except ValueError:
                    raise ValueError(f"could not understand directive {text!r}") from None
        out = _core.api("numpy")["concatenate"]([self._piece(i, ndmin, trans1d) for i in items], axis=axis)
        return _core.api("numpy")["expand_dims"](out, matrix) if matrix != -1 and out.ndim == 1 else out

    def __len__(self):
        return 0


r_, c_ = _Joined(0, 1, -1), _Joined(-1, 2, 0)
