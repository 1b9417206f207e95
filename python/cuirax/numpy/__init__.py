"""jax.numpy: the library functions of the signature tables, and the dtypes."""
from .. import _core
from .._core import Array as ndarray, array, asarray, promote_types, result_type
from ..dtypes import finfo, iinfo, issubdtype

globals().update(_core.api("numpy"))
globals().update(_core.scalar_types())

newaxis = None
pi, e, euler_gamma, inf, nan = 3.141592653589793, 2.718281828459045, 0.5772156649015329, float("inf"), float("nan")

# Abstract types and the class of dtypes are NumPy's own; NumPy is imported when one is asked for.
_NUMPY = {"character", "complexfloating", "dtype", "flexible", "floating", "generic", "inexact", "integer", "number", "object_", "signedinteger",
          "unsignedinteger", "index_exp", "s_", "printoptions", "set_printoptions", "get_printoptions", "save", "savez",
          "array_repr", "array_str", "can_cast", "iterable"}


# Names that are Python by nature, each in a module that is imported when it is asked for.
_LAZY = {"_grids": "fromfunction iscomplexobj isrealobj isscalar mgrid ogrid", "_arguments": "apply_along_axis apply_over_axes block broadcast_shapes delete histogram2d histogramdd insert mask_indices piecewise",
         "_files": "c_ einsum_path from_dlpack frombuffer fromfile fromiter fromstring isdtype load r_", "_ufunc": "frompyfunc ufunc", "_vectorize": "vectorize",
         "_sets": "unique_all unique_counts unique_inverse"}
_HOME = {name: home for home, names in _LAZY.items() for name in names.split()}


def __getattr__(name):
    if name in ("linalg", "fft"):
        import importlib
        return importlib.import_module("." + name, __name__)
    if name in _HOME:
        import importlib
        return getattr(importlib.import_module("." + _HOME[name], __name__), name)
    if name == "ComplexWarning":
        import numpy
        return numpy.exceptions.ComplexWarning if hasattr(numpy, "exceptions") else numpy.ComplexWarning
    if name in _NUMPY:
        import numpy
        return getattr(numpy, name)
    raise AttributeError(f"module 'jax.numpy' has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | _NUMPY | set(_HOME) | {"ComplexWarning"})
