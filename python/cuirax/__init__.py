"""Cuirax: a JAX-compatible array system whose core is a C library.

This package lays out the names; what they do is in C (cuirax._core). Submodules load on first use.
"""
import importlib as _importlib

from . import _core
from ._core import Array, clear_caches, custom_jvp, custom_vjp, grad, jit, jvp, linearize, value_and_grad, vjp, vmap
from ._api import (ShapeDtypeStruct, block_until_ready, default_backend, device_count, device_get, device_put, disable_jit,
                   eval_shape, local_device_count, local_devices, make_jaxpr, named_call, named_scope, process_count, process_index,
                   pure_callback)
from ._checkpoint import checkpoint, checkpoint_policies, remat
from ._config import config, debug_infs, debug_nans, enable_x64, numpy_dtype_promotion
from ._hook import install, uninstall

devices = _core.devices
__version__ = "0.10.2"
__version_info__ = (0, 10, 2)

_SUBMODULES = {"ad_checkpoint", "api_util", "core", "custom_derivatives", "debug", "dlpack", "dtypes", "errors", "experimental", "extend", "flatten_util",
               "interpreters", "lax", "nn", "numpy", "ops", "profiler", "random", "scipy", "sharding", "stages", "tree", "tree_util", "typing", "util"}


def __getattr__(name):
    if name in _SUBMODULES:
        return _importlib.import_module("." + name, __name__)
    for module in ("_transforms",):
        value = getattr(_importlib.import_module("." + module, __name__), name, None)
        if value is not None:
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | _SUBMODULES)
