"""jax.scipy.fft: the library functions of the signature tables."""
from .. import _core

globals().update(_core.api("scipy.fft"))
