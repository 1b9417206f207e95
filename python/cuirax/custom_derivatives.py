"""jax.custom_derivatives."""
from ._core import custom_jvp, custom_vjp
from ._transforms import closure_convert
