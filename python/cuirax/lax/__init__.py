"""jax.lax: the library functions of the signature tables."""
from .. import _core

globals().update(_core.api("lax"))
from .._core import cond, fori_loop, scan, switch, while_loop
