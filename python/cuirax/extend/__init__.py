"""jax.extend."""
from . import core
