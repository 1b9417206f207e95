"""jax.extend.core.primitives: every operation, as <name>_p."""
from ..._core import primitive as _primitive

_OTHER = {"scatter_add": "scatter-add", "scatter_sub": "scatter-sub", "scatter_mul": "scatter-mul", "scatter_min": "scatter-min",
          "scatter_max": "scatter-max", "remat": "checkpoint"}


def __getattr__(name):
    if name.endswith("_p"):
        for known in (name[:-2], _OTHER.get(name[:-2])):
            try:
                return _primitive(known) if known else None
            except LookupError:
                pass
    raise AttributeError(f"module 'jax.extend.core.primitives' has no attribute {name!r}")
