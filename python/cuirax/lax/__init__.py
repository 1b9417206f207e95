"""jax.lax: the library functions of the signature tables."""
from .. import _core

globals().update({name: f for name, f in _core.api("lax").items() if not name.endswith(("_leaf", "_leaves", "_typed"))})
from .._core import associative_scan, cond, fori_loop, reduce, reduce_window, scan, switch, while_loop
from ._types import *
from ._types import ConvGeneralDilatedDimensionNumbers, DotDimensionNumbers, PrecisionLike
from ._glue import *
from ._fft import FftType, fft

_HIDDEN = {"ragged_product"}
for _name in _HIDDEN:
    globals().pop(_name, None)


def __getattr__(name):
    if name == "linalg":
        import importlib
        return importlib.import_module(".linalg", __name__)
    if name.endswith("_p"):
        from ..extend.core import primitives
        try:
            return getattr(primitives, name)
        except AttributeError:
            raise AttributeError(f"module 'jax.lax' has no attribute {name!r}") from None
    if not name.startswith("_"):
        from . import _more
        if name in vars(_more) and name not in ("dataclasses", "enum", "functools", "NamedTuple"):
            return getattr(_more, name)
    raise AttributeError(f"module 'jax.lax' has no attribute {name!r}")
