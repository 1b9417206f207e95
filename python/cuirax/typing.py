"""jax.typing: annotations of arguments that become arrays or dtypes."""
from typing import Any as DTypeLike
from typing import Union as _Union

from ._core import Array as _Array

ArrayLike = _Union[_Array, "numpy.ndarray", "numpy.bool_", "numpy.number", bool, int, float, complex]
