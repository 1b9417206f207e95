"""jax.profiler: annotations are accepted and cost nothing; there is no profile to write."""
import contextlib as _contextlib


class TraceAnnotation(_contextlib.ContextDecorator):
    """Names a stretch of the program."""

    def __init__(self, name, **kwargs):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return None


class StepTraceAnnotation(TraceAnnotation):
    """Names a step of training."""


def annotate_function(func=None, name=None, **kwargs):
    """The function itself."""
    return func if func is not None else lambda f: f


def start_trace(log_dir, create_perfetto_link=False, create_perfetto_trace=False):
    raise NotImplementedError("jax.profiler.start_trace: profiles are not written")


def __getattr__(name):
    if name in ("stop_trace", "trace", "start_server", "stop_server", "device_memory_profile", "save_device_memory_profile"):
        return start_trace
    raise AttributeError(f"module 'jax.profiler' has no attribute {name!r}")
