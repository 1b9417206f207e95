"""jax.lax: the library functions of the signature tables."""
from .. import _core

globals().update({name: f for name, f in _core.api("lax").items() if not name.endswith(("_leaf", "_leaves"))})
from .._core import associative_scan, cond, fori_loop, reduce, reduce_window, scan, switch, while_loop
from ._types import *
from ._types import ConvGeneralDilatedDimensionNumbers, DotDimensionNumbers, PrecisionLike
from ._glue import *
