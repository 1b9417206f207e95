"""jax.random: the library functions of the signature tables."""
from . import _core

globals().update(_core.api("random"))


def __getattr__(name):
    if name == "random_gamma_p":
        return _core.primitive("random_gamma")
    raise AttributeError(f"module 'jax.random' has no attribute {name!r}")
