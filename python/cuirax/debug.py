"""jax.debug: printing and calling back from traced programs."""
import string

from . import _core


class _Formatter(string.Formatter):
    """str.format that refuses what would be lost: unused or missing arguments."""

    def check_unused_args(self, used_args, args, kwargs):
        unused = [str(k) for k in list(range(len(args))) + list(kwargs) if k not in used_args]
        if unused:
            raise ValueError(f"Unused arguments to `format`: {', '.join(unused)}")


def callback(fun, *args, ordered=False, partitioned=False, **kwargs):
    """Calls fun with the values that args and kwargs have when the program runs."""
    if not callable(fun):
        raise TypeError(f"first argument to jax.debug.callback must be callable, but got an object of type {type(fun)}")
    _core.debug_callback(fun, args, kwargs, ordered)


def print(fmt, *args, ordered=False, partitioned=False, skip_format_check=False, _use_logging=False, **kwargs):
    """Prints fmt.format(*args, **kwargs) with the values of the arguments when the program runs."""
    if not isinstance(fmt, str):
        raise TypeError(f"first argument to jax.debug.print must be a string, but got {type(fmt)}")
    if not skip_format_check:
        _Formatter().format(fmt, *[_Any()] * len(args), **{k: _Any() for k in kwargs})
    import builtins
    import numpy as np

    def show(*values, **named):
        def plain(x):
            return _core.tree_map(lambda leaf: np.asarray(leaf) if isinstance(leaf, _core.Array) else leaf, x)
        builtins.print(fmt.format(*[plain(v) for v in values], **{k: plain(v) for k, v in named.items()}), flush=True)
    _core.debug_callback(show, args, kwargs, ordered)


class _Any:
    """Stands for any value while a format string is checked."""

    def __format__(self, spec):
        return ""

    def __getitem__(self, i):
        return self

    def __getattr__(self, name):
        return self


def breakpoint(*args, **kwargs):
    raise NotImplementedError("jax.debug.breakpoint is not available; use jax.debug.print or jax.debug.callback")
