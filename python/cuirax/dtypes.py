"""jax.dtypes: dtypes, their promotion, and the abstract types above them."""
from ._core import TypePromotionError, canonicalize_dtype, issubdtype, promote_types, result_type
from . import _core

bfloat16 = _core.scalar_types()["bfloat16"]


class extended:
    """Above every dtype that is not a number: random keys."""


class prng_key(extended):
    """Above the dtypes of random keys."""


extended.__module__ = prng_key.__module__ = "jax.dtypes"


def finfo(dtype):
    """Limits of a floating-point dtype."""
    import ml_dtypes
    return ml_dtypes.finfo(_core.as_dtype(dtype))


def iinfo(dtype):
    """Limits of an integer dtype."""
    import ml_dtypes
    return ml_dtypes.iinfo(_core.as_dtype(dtype))


def __getattr__(name):
    if name == "float0":
        import numpy as np
        return np.dtype([("float0", np.void, 0)])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
