"""jax.config: flags by name, from the environment (JAX_ENABLE_X64=1 …), and the context managers that override them in a thread."""
import contextlib
import functools
import os

from . import _core

_SWITCH = (False, True)
_CORE = {"jax_enable_x64": _SWITCH, "jax_disable_jit": _SWITCH, "jax_debug_nans": _SWITCH, "jax_debug_infs": _SWITCH,
         "jax_check_tracer_leaks": _SWITCH, "jax_log_compiles": _SWITCH, "jax_numpy_rank_promotion": ("allow", "warn", "raise"),
         "jax_numpy_dtype_promotion": ("standard", "strict")}  # the values of each, which the core knows by their places
_OTHER = {"jax_default_prng_impl": "threefry2x32",
          "jax_threefry_partitionable": True, "jax_default_matmul_precision": None, "jax_default_device": None, "jax_platforms": "cpu",
          "jax_platform_name": "cpu", "jax_enable_checks": False, "jax_traceback_filtering": "auto",
          "jax_explain_cache_misses": False, "jax_compilation_cache_dir": None, "jax_debug_key_reuse": False, "jax_softmax_custom_jvp": True,
          "jax_enable_custom_prng": False, "jax_dynamic_shapes": False, "jax_transfer_guard": "allow", "jax_array_garbage_collection_guard": "allow",
          "jax_remove_size_one_mesh_axis_from_type": False, "jax_raise_persistent_cache_errors": False, "jax_default_dtype_bits": "64",
          "jax_legacy_prng_key": "allow", "jax_include_full_tracebacks_in_locations": True, "jax_enable_compilation_cache": True,
          "jax_persistent_cache_min_compile_time_secs": 1.0, "jax_persistent_cache_min_entry_size_bytes": 0, "jax_use_shardy_partitioner": True,
          "jax_custom_vjp_disable_shape_check": False, "jax_error_checking_behavior_nan": "ignore", "jax_cpu_enable_async_dispatch": True,
          "jax_num_cpu_devices": 1, "jax_mutable_array_checks": False, "jax_refs_to_pins": False, "jax_no_tracing": False}


def _code(name, value):
    """The value as the core knows it."""
    values = _CORE[name]
    if values is _SWITCH:
        return int(bool(value))
    if value not in values:
        raise ValueError(f"new enum value must be in {list(values)}, got {value!r}")
    return values.index(value)


def _core_value(name):
    return _CORE[name][_core.config_get(name)]


def _parse(name, text, like):
    if isinstance(like, bool):
        low = text.strip().lower()
        if low in ("1", "t", "true", "y", "yes", "on"):
            return True
        if low in ("0", "f", "false", "n", "no", "off", ""):
            return False
        raise ValueError(f"invalid truth value {text!r} for environment {name.upper()!r}")
    return type(like)(text) if like is not None and not isinstance(like, str) else text


class Config:
    """The flags as attributes and items; update(name, value) changes one for the process."""

    def __init__(self):
        object.__setattr__(self, "_values", dict(_OTHER))
        for name in _CORE:
            text = os.environ.get(name.upper())
            if text is not None:
                self.update(name, _parse(name, text, _CORE[name][0]))
        for name, value in _OTHER.items():
            text = os.environ.get(name.upper())
            if text is not None:
                self.update(name, _parse(name, text, value))

    def update(self, name, value):
        if name in _CORE:
            _core.config_set(name, _code(name, value), False)
        elif name in self._values:
            if name in ("jax_default_prng_impl", "jax_threefry_partitionable"):
                values = {**self._values, name: value}
                _core.prng_config(values["jax_default_prng_impl"], values["jax_threefry_partitionable"])
            self._values[name] = value
        else:
            raise AttributeError(f"Unrecognized config option: {name}")

    def read(self, name):
        return _core_value(name) if name in _CORE else self._values[name]

    def __getattr__(self, name):
        full = name if name.startswith("jax_") else "jax_" + name
        if full in _CORE:
            return _core_value(full)
        if full in self._values:
            return self._values[full]
        raise AttributeError(f"Unrecognized config option: {name}")

    def __setattr__(self, name, value):
        self.update(name, value)

    @property
    def x64_enabled(self):
        return _core_value("jax_enable_x64")

    @property
    def values(self):
        return {**self._values, **{n: _core_value(n) for n in _CORE}}

    def parse_flags_with_absl(self):
        """Flags come from the environment and update() here; absl's are not read."""

    config_with_absl = parse_flags_with_absl


config = Config()


class _State(contextlib.ContextDecorator):
    """with enable_x64(True): … overrides a core flag in this thread; also usable as a decorator."""

    def __init__(self, name, value):
        self.name, self.value, self.was = name, value, []

    def __enter__(self):
        self.was.append(_core.config_set(self.name, _code(self.name, self.value), True))
        return self

    def __exit__(self, *exc):
        _core.config_set(self.name, self.was.pop(), True)


def enable_x64(new_val=True):
    return _State("jax_enable_x64", new_val)


def debug_nans(new_val=True):
    return _State("jax_debug_nans", new_val)


def debug_infs(new_val=True):
    return _State("jax_debug_infs", new_val)


def check_tracer_leaks(new_val=True):
    return _State("jax_check_tracer_leaks", new_val)


checking_leaks = functools.partial(check_tracer_leaks, True)


def _override(name, doc):
    """The context manager that overrides a flag: `with numpy_rank_promotion("raise"): …`."""
    @contextlib.contextmanager
    def override(new_val=True):
        was = config.read(name)
        config.update(name, new_val)
        try:
            yield
        finally:
            config.update(name, was)
    override.__name__ = override.__qualname__ = name.removeprefix("jax_")
    override.__doc__ = doc
    return override



def numpy_dtype_promotion(new_val="standard"):
    """'standard', or 'strict': different dtypes do not mix."""
    return _State("jax_numpy_dtype_promotion", new_val)


def numpy_rank_promotion(new_val="allow"):
    """'allow', 'warn' or 'raise' where operands of different ranks broadcast."""
    return _State("jax_numpy_rank_promotion", new_val)


def log_compiles(new_val=True):
    """Logs a warning for each function that is staged."""
    return _State("jax_log_compiles", new_val)


default_device = _override("jax_default_device", "Accepted: there is one device.")
default_matmul_precision = _override("jax_default_matmul_precision", "Accepted: products are always computed in full precision.")
transfer_guard = _override("jax_transfer_guard", "Accepted: there is one memory, so nothing is transferred.")
transfer_guard_host_to_device = transfer_guard_device_to_device = transfer_guard_device_to_host = transfer_guard
enable_checks = _override("jax_enable_checks", "Accepted: programs are always verified.")
debug_key_reuse = _override("jax_debug_key_reuse", "Accepted.")
default_prng_impl = _override("jax_default_prng_impl", "The algorithm of random keys made without one: 'threefry2x32', 'rbg' or 'unsafe_rbg'.")
threefry_partitionable = _override("jax_threefry_partitionable", "Which bits Threefry keys give: those of the current default, or those of old versions.")
softmax_custom_jvp = _override("jax_softmax_custom_jvp", "Accepted.")
explain_cache_misses = _override("jax_explain_cache_misses", "Accepted.")
