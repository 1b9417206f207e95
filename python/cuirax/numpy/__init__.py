"""jax.numpy: the library functions of the signature tables, and the dtypes."""
from .. import _core
from .._core import Array as ndarray

globals().update(_core.api("numpy"))
