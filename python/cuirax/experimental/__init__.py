"""jax.experimental: what of it there is."""
from .._api import io_callback
from .._config import enable_x64
