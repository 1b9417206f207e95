"""Names of the top-level API that are a few lines of glue over cuirax._core."""
import contextlib

from . import _core
from ._config import _State
from ._shapes import ShapeDtypeStruct


def make_jaxpr(fun, static_argnums=(), axis_env=None, return_shape=False, abstracted_axes=None):
    """A function that returns the ClosedJaxpr of fun at given example arguments."""
    staged = _core.jit(fun, static_argnums=static_argnums)

    def make_jaxpr_f(*args, **kwargs):
        jaxpr, out_tree = staged._stage(args, kwargs)
        if not return_shape:
            return jaxpr
        return jaxpr, out_tree.unflatten([ShapeDtypeStruct(a.shape, a.dtype, weak_type=a.weak_type) for a in jaxpr.out_avals])
    make_jaxpr_f.__name__ = f"make_jaxpr({getattr(fun, '__name__', fun)})"
    return make_jaxpr_f


def eval_shape(fun, *args, **kwargs):
    """Shapes and dtypes of fun's results, without computing them."""
    jitted = fun if hasattr(fun, "eval_shape") else _core.jit(fun)
    return jitted.eval_shape(*args, **kwargs)


def device_put(x, device=None, *, src=None, donate=False, may_alias=None):
    """x with every leaf an Array. There is one CPU device."""
    return _core.tree_map(_core.asarray, x)


def device_get(x):
    """x with every Array a NumPy array."""
    import numpy as np
    return _core.tree_map(lambda leaf: np.asarray(leaf) if isinstance(leaf, _core.Array) else leaf, x)


def block_until_ready(x):
    """x; computations are complete when they return."""
    for leaf in _core.tree_leaves(x):
        if hasattr(leaf, "block_until_ready"):
            leaf.block_until_ready()
    return x


def disable_jit(disable=True):
    """Within the context, jitted functions run operation by operation."""
    return _State("jax_disable_jit", disable)


@contextlib.contextmanager
def named_scope(name):
    """Names the operations staged within, in printed graphs and profiles."""
    was = _core.name_stack(name)
    try:
        yield
    finally:
        _core.name_stack_restore(was)


def named_call(fun, *, name=None):
    def wrapped(*args, **kwargs):
        with named_scope(name or getattr(fun, "__name__", "fn")):
            return fun(*args, **kwargs)
    return wrapped


def local_devices(process_index=None, backend=None, host_id=None):
    return _core.devices()


def device_count(backend=None):
    return len(_core.devices())


local_device_count = device_count


def default_backend():
    return "cpu"


def process_index(backend=None):
    return 0


def process_count(backend=None):
    return 1


@contextlib.contextmanager
def ensure_compile_time_eval():
    """Within the context, operations on arrays run at once, also while a function is traced."""
    was = _core.trace_suspend()
    try:
        yield
    finally:
        _core.trace_resume(was)


eval_context = ensure_compile_time_eval


def pmap(fun, axis_name=None, *, in_axes=0, out_axes=0, static_broadcasted_argnums=(), devices=None, backend=None, axis_size=None, donate_argnums=()):
    """fun mapped over devices: there is one, so the mapped axes have extent 1."""
    if static_broadcasted_argnums not in ((), None):
        raise NotImplementedError("pmap: static_broadcasted_argnums is not supported; close over the values with functools.partial")
    if axis_size not in (None, 1):
        raise ValueError(f"pmap over {axis_size} devices: there is one device")
    return _core.jit(_core.vmap(fun, in_axes=in_axes, out_axes=out_axes, axis_name=axis_name, axis_size=1), donate_argnums=donate_argnums)


def effects_barrier():
    """Waits for effects: they are complete when a call returns."""


def print_environment_info(return_string=False):
    import platform
    import sys
    import numpy as np
    from . import __version__
    text = (f"jax:    {__version__} (Cuirax)\nnumpy:  {np.__version__}\npython: {sys.version}\ndevice info: cpu-1, 1 local devices\n"
            f"process_count: 1\nplatform: {platform.uname()}")
    if return_string:
        return text
    print(text)


def _resolve_kwargs(fun, args, kwargs):
    """All arguments of a call, by position (defaults included where keywords need them)."""
    import inspect
    bound = inspect.signature(fun).bind(*args, **kwargs)
    bound.apply_defaults()
    if bound.kwargs:
        raise TypeError(f"keyword arguments could not be resolved to positions: {sorted(bound.kwargs)}")
    return tuple(bound.args)


def _argnums_of_names(fun, nums, names):
    import inspect
    params = list(inspect.signature(fun).parameters)
    names = (names,) if isinstance(names, str) else names
    return tuple((nums,) if isinstance(nums, int) else nums) + tuple(params.index(n) for n in names)


_VMAP_METHODS = {None: 0, "sequential": 1, "sequential_unrolled": 1, "expand_dims": 2, "broadcast_all": 3, "legacy_vectorized": 3}


def pure_callback(callback, result_shape_dtypes, *args, sharding=None, vmap_method=None, **kwargs):
    """The results of a Python function of its arguments alone, called when the program runs."""
    if vmap_method not in _VMAP_METHODS:
        raise ValueError(f"vmap_method must be on of the allowed methods {sorted(map(str, _VMAP_METHODS))}, but got: {vmap_method}")
    return _core.host_callback(callback, result_shape_dtypes, args, kwargs, _VMAP_METHODS[vmap_method], False, False)


def io_callback(callback, result_shape_dtypes, *args, sharding=None, ordered=False, **kwargs):
    """The results of a Python function with effects, called once each time the program runs."""
    return _core.host_callback(callback, result_shape_dtypes, args, kwargs, 1, ordered, True)
