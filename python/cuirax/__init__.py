"""Cuirax: a JAX-compatible array system whose core is a C library.

This package lays out the names; what they do is in C (cuirax._core). Submodules load on first use.
"""
import importlib as _importlib

from . import _core
from ._core import Array, clear_caches, custom_jvp, custom_vjp, grad, jit, jvp, linearize, value_and_grad, vjp, vmap
from ._api import (ShapeDtypeStruct, block_until_ready, default_backend, device_count, device_get, device_put, disable_jit, effects_barrier,
                   ensure_compile_time_eval, eval_shape, local_device_count, local_devices, make_jaxpr, named_call, named_scope, pmap,
                   print_environment_info, process_count, process_index,
                   pure_callback)
from ._checkpoint import checkpoint, checkpoint_policies, remat
from ._config import (check_tracer_leaks, checking_leaks, config, debug_infs, debug_key_reuse, debug_nans, default_device, default_matmul_precision,
                      default_prng_impl, enable_checks, enable_x64, explain_cache_misses, log_compiles, numpy_dtype_promotion, numpy_rank_promotion,
                      softmax_custom_jvp, threefry_partitionable, transfer_guard, transfer_guard_device_to_device, transfer_guard_device_to_host,
                      transfer_guard_host_to_device)
from ._hook import install, uninstall

Device, devices, typeof = _core.Device, _core.devices, _core.typeof
__version__ = "0.10.2"
__version_info__ = (0, 10, 2)

_SUBMODULES = {"ad_checkpoint", "api_util", "core", "custom_derivatives", "debug", "dlpack", "dtypes", "errors", "experimental", "extend", "flatten_util", "image",
               "interpreters", "lax", "nn", "numpy", "ops", "profiler", "random", "scipy", "sharding", "stages", "tree", "tree_util", "typing", "util"}


_ELSEWHERE = {"jacrev", "jacfwd", "jacobian", "hessian", "linear_transpose", "closure_convert", "P", "NamedSharding", "make_mesh"}


def __getattr__(name):
    if name in _SUBMODULES:
        try:
            return _importlib.import_module("." + name, __name__)
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
            raise AttributeError(f"jax.{name} is not available") from None
    for module in ("_transforms", "sharding") if name in _ELSEWHERE else ():
        value = getattr(_importlib.import_module("." + module, __name__), name, None)
        if value is not None:
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | _SUBMODULES)
