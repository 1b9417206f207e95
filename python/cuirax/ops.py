"""jax.ops: reductions over segments."""
from . import _core

globals().update(_core.api("ops"))
