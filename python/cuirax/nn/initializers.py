"""jax.nn.initializers: functions of (key, shape, dtype) that make the first weights of a layer; what they draw is in jax.random."""
import math
import typing

from .. import random
from .._core import api as _api
from .._core import asarray as _asarray

_np = _api("numpy")


def zeros(key, shape, dtype=None, out_sharding=None):
    """Zeros."""
    return _np["zeros"](shape, dtype)


def ones(key, shape, dtype=None, out_sharding=None):
    """Ones."""
    return _np["ones"](shape, dtype)


def _made(draw, dtype):
    def init(key, shape, dtype=dtype, out_sharding=None):
        return draw(key, tuple(shape), dtype or float)
    return init


def constant(value, dtype=None):
    """An initializer that fills with one value."""
    return _made(lambda key, shape, d: _np["full"](shape, value, dtype=d), dtype)


def uniform(scale=1e-2, dtype=None):
    """An initializer of uniform numbers in [0, scale)."""
    return _made(lambda key, shape, d: random.uniform(key, shape, d) * _asarray(scale, d), dtype)


def normal(stddev=1e-2, dtype=None):
    """An initializer of normal numbers of deviation stddev."""
    return _made(lambda key, shape, d: random.normal(key, shape, d) * _asarray(stddev, d), dtype)


def truncated_normal(stddev=1e-2, dtype=None, lower=-2.0, upper=2.0):
    """An initializer of normal numbers cut at lower and upper before scaling by stddev."""
    return _made(lambda key, shape, d: random.truncated_normal(key, lower, upper, shape, d) * _asarray(stddev, d), dtype)


def _product(shape, axes):
    return shape[axes] if isinstance(axes, int) else math.prod(shape[i] for i in axes)


def _fans(shape, in_axis, out_axis, batch_axis):
    """Inputs and outputs of a weight tensor, receptive field included."""
    if in_axis == -2 and len(shape) <= 1:
        raise ValueError(f"Can't compute input and output sizes of a {len(shape)}-dimensional weights tensor with default in_axis. "
                         "Must be at least 2D or specify in_axis explicitly.")
    n_in, n_out = _product(shape, in_axis), _product(shape, out_axis)
    field = math.prod(shape) / n_in / n_out / _product(shape, batch_axis)
    return n_in * field, n_out * field


_MODES = {"fan_in": lambda i, o: i, "fan_out": lambda i, o: o, "fan_avg": lambda i, o: (i + o) / 2, "fan_geo_avg": lambda i, o: (i * o) ** 0.5}


def _draw(distribution, key, shape, dtype, variance):
    root = _np["sqrt"]
    if distribution == "normal":
        return random.normal(key, shape, dtype) * root(variance)
    if "complex" in str(variance.dtype):
        raise NotImplementedError(f"variance_scaling: complex weights of distribution {distribution!r} are not implemented")
    if distribution == "truncated_normal":
        return random.truncated_normal(key, -2, 2, shape, dtype) * (root(variance) / _asarray(.87962566103423978, dtype))
    if distribution == "uniform":
        return random.uniform(key, shape, dtype, -1) * root(3 * variance)
    raise ValueError(f"invalid distribution for variance scaling initializer: {distribution}")


def variance_scaling(scale, mode, distribution, in_axis=-2, out_axis=-1, batch_axis=(), dtype=None):
    """An initializer whose variance is scale over the number of inputs, outputs, or their mean."""
    def draw(key, shape, d):
        fans = _fans(shape, in_axis, out_axis, batch_axis)
        if mode not in _MODES:
            raise ValueError(f"invalid mode for variance scaling initializer: {mode}")
        return _draw(distribution, key, shape, d, _asarray(scale / _MODES[mode](*fans), d))
    return _made(draw, dtype)


def _scaled(name, scale, mode, distribution):
    def make(in_axis=-2, out_axis=-1, batch_axis=(), dtype=None):
        return variance_scaling(scale, mode, distribution, in_axis, out_axis, batch_axis, dtype)
    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"variance_scaling({scale}, {mode!r}, {distribution!r})."
    return make


glorot_uniform = xavier_uniform = _scaled("glorot_uniform", 1.0, "fan_avg", "uniform")
glorot_normal = xavier_normal = _scaled("glorot_normal", 1.0, "fan_avg", "truncated_normal")
lecun_uniform = _scaled("lecun_uniform", 1.0, "fan_in", "uniform")
lecun_normal = _scaled("lecun_normal", 1.0, "fan_in", "truncated_normal")
he_uniform = kaiming_uniform = _scaled("he_uniform", 2.0, "fan_in", "uniform")
he_normal = kaiming_normal = _scaled("he_normal", 2.0, "fan_in", "truncated_normal")


def orthogonal(scale=1.0, column_axis=-1, dtype=None):
    """An initializer of matrices with orthonormal columns (rows, if there are more columns); column_axis is the axis of columns."""
    def draw(key, shape, d):
        if len(shape) < 2:
            raise ValueError("orthogonal initializer requires at least a 2D shape")
        if 0 in shape:
            return _np["zeros"](shape, d)
        columns, rest = shape[column_axis], list(shape)
        del rest[column_axis]
        q = random.orthogonal(key, math.prod(rest), (), d, columns).reshape(*rest, columns)
        return _asarray(scale, d) * _np["moveaxis"](q, -1, column_axis)
    return _made(draw, dtype)


def delta_orthogonal(scale=1.0, column_axis=-1, dtype=None):
    """An initializer of convolution kernels that are orthogonal in the middle and zero elsewhere."""
    def draw(key, shape, d):
        if len(shape) not in (3, 4, 5):
            raise ValueError("Delta orthogonal initializer requires a 3D, 4D or 5D shape.")
        if shape[-1] < shape[-2]:
            raise ValueError("`fan_in` must be less or equal than `fan_out`. ")
        middle = tuple((n - 1) // 2 for n in shape[:-2])
        return _np["zeros"](shape, d).at[middle].set(orthogonal(scale, column_axis, d)(key, shape[-2:]))
    return _made(draw, dtype)


@typing.runtime_checkable
class Initializer(typing.Protocol):
    """What an initializer is: a function of a key, a shape and a dtype."""

    def __call__(self, key, shape, dtype=None, out_sharding=None):
        raise NotImplementedError
