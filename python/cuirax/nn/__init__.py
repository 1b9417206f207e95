"""jax.nn: the library functions of the signature tables."""
from .. import _core

globals().update(_core.api("nn"))


def __getattr__(name):
    if name in ("get_scaled_dot_general_config", "scaled_dot_general", "scaled_matmul"):
        from . import _scaled
        return getattr(_scaled, name)
    if name == "initializers":
        import importlib
        return importlib.import_module(".initializers", __name__)
    raise AttributeError(f"module 'jax.nn' has no attribute {name!r}")
