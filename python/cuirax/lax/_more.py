"""Rarer names of jax.lax: enumerations, shapes of convolutions, ragged products, tokens, choices by platform."""
import dataclasses
import enum
import functools
from typing import NamedTuple

from .. import _core

_c = _core.api("lax")


class FftType(enum.IntEnum):
    """The direction and kind of a Fourier transform."""
    FFT, IFFT, RFFT, IRFFT = range(4)


class AccuracyMode(enum.Enum):
    """How accurate an elementwise function is to be; here always as accurate as it gets."""
    HIGHEST, DEFAULT = 1, 2


class Tolerance:
    """An error that an elementwise function may have."""

    def __init__(self, atol=0.0, rtol=0.0, ulps=0):
        if atol < 0.0 or rtol < 0.0 or ulps < 0.0:
            raise ValueError("Tolerances must be non-negative.")
        if not (atol or rtol or ulps):
            raise ValueError("At least one of atol, rtol, or ulps must be set.")
        self.atol, self.rtol, self.ulps = atol, rtol, ulps


class DotAlgorithm(NamedTuple):
    """How a product is computed on accelerators."""
    lhs_precision_type: object
    rhs_precision_type: object
    accumulation_type: object
    lhs_component_count: int = 1
    rhs_component_count: int = 1
    num_primitive_operations: int = 1
    allow_imprecise_accumulation: bool = False


@dataclasses.dataclass(frozen=True)
class RaggedDotDimensionNumbers:
    """dot_general's dimension numbers, the ragged axis of lhs, and the axis of groups of rhs."""
    dot_dimension_numbers: tuple
    lhs_ragged_dimensions: tuple
    rhs_group_dimensions: tuple

    def __init__(self, dot_dimension_numbers, lhs_ragged_dimensions, rhs_group_dimensions):
        set_ = super().__setattr__
        set_("dot_dimension_numbers", tuple(tuple(map(tuple, pair)) for pair in dot_dimension_numbers))
        set_("lhs_ragged_dimensions", tuple(lhs_ragged_dimensions))
        set_("rhs_group_dimensions", tuple(rhs_group_dimensions))


def ragged_dot_general(lhs, rhs, group_sizes, ragged_dot_dimension_numbers, precision=None, preferred_element_type=None, group_offset=None, out_sharding=None):
    """dot_general in which an axis of lhs consists of groups of these sizes."""
    if group_offset is not None:
        raise NotImplementedError("Unimplemented group_offset support.")
    numbers = ragged_dot_dimension_numbers
    if len(numbers.lhs_ragged_dimensions) != 1:
        raise TypeError("ragged_dot_general expects exactly one lhs ragged dimension.")
    return _c["ragged_product"](lhs, rhs, group_sizes, numbers.dot_dimension_numbers, numbers.lhs_ragged_dimensions[0], numbers.rhs_group_dimensions,
                                precision, preferred_element_type)


def ragged_dot(lhs, rhs, group_sizes, precision=None, preferred_element_type=None, group_offset=None, out_sharding=None):
    """Groups of rows of lhs (m, k), of these sizes, each times its own matrix of rhs (g, k, n)."""
    numbers = RaggedDotDimensionNumbers((((1,), (1,)), ((), ())), (0,), (0,))
    return ragged_dot_general(lhs, rhs, group_sizes, numbers, precision, preferred_element_type, group_offset)


def scaled_dot(*args, **kwargs):
    """Products of block-scaled numbers: for GPUs only."""
    raise NotImplementedError("lax.scaled_dot is not available on the CPU: multiply by the scales, then use lax.dot_general")


def conv_shape_tuple(lhs_shape, rhs_shape, strides, pads, batch_group_count=1):
    """The shape of a convolution of (batch, channels, …) with (features, channels, …)."""
    from .. import eval_shape, ShapeDtypeStruct
    if not isinstance(pads, str) and len(pads) != len(lhs_shape) - 2:
        raise TypeError(f"Wrong number of explicit pads for convolution: expected {len(lhs_shape) - 2}, got {len(pads)}.")
    if not isinstance(pads, str) and any(n + sum(p) < 0 for n, p in zip(lhs_shape[2:], pads)):
        raise ValueError(f"Negative padding is larger than the size of the corresponding dimension: got padding={pads} for lhs_shape[2:]={lhs_shape[2:]}")
    x, k = (ShapeDtypeStruct(tuple(s), "float32") for s in (lhs_shape, rhs_shape))
    return eval_shape(lambda x, k: _c["conv_general_dilated"](x, k, strides, pads, batch_group_count=batch_group_count), x, k).shape


def conv_general_shape_tuple(lhs_shape, rhs_shape, window_strides, padding, dimension_numbers):
    """The shape of a convolution with these dimension numbers."""
    from .. import eval_shape, ShapeDtypeStruct
    x, k = (ShapeDtypeStruct(tuple(s), "float32") for s in (lhs_shape, rhs_shape))
    return eval_shape(lambda x, k: _c["conv_general_dilated"](x, k, window_strides, padding, dimension_numbers=dimension_numbers), x, k).shape


def conv_transpose_shape_tuple(lhs_shape, rhs_shape, window_strides, padding, dimension_numbers):
    """The shape of a transposed convolution with these dimension numbers."""
    lhs, rhs, out = dimension_numbers
    spatial = [c for c in rhs if c not in "OI"]
    extents = []
    for i, c in enumerate(spatial):
        n, k, s = lhs_shape[lhs.index(c)], rhs_shape[rhs.index(c)], window_strides[i]
        if isinstance(padding, str):
            if padding not in ("SAME", "VALID"):
                raise ValueError("Padding mode must be `SAME` or `VALID`.")
            added = k + s - 2 + (max(k - s, 0) if padding == "VALID" else 0)
        else:
            added = sum(padding[i])
        extents.append((n - 1) * s - k + 2 + added)
    known = {"N": lhs_shape[lhs.index("N")], "C": rhs_shape[rhs.index("O")], **dict(zip(spatial, extents))}
    return tuple(known[c] for c in out)


def reduce_window_shape_tuple(operand_shape, window_dimensions, window_strides, padding, base_dilation=None, window_dilation=None):
    """The shape of a reduction over windows."""
    def spread(sizes, by):
        return [(n - 1) * d + 1 if n else 0 for n, d in zip(sizes, by or [1] * len(sizes))]
    sizes, windows = spread(operand_shape, base_dilation), spread(window_dimensions, window_dilation)
    sizes = [n + sum(p) for n, p in zip(sizes, padding)]
    return tuple(max(0, (n - w) // s + 1) for n, w, s in zip(sizes, windows, window_strides))


def shape_as_value(shape):
    """The extents as an array."""
    import numpy
    return _core.api("numpy")["zeros"]((0,), "int32") if not len(shape) else numpy.asarray(shape, "int32")


def index_take(src, idxs, axes):
    """src at a list of indices along some axes, modulo their extents."""
    from .. import numpy as jnp
    at = [_core.asarray(i) % src.shape[a] for i, a in zip(idxs, axes)]
    lead = jnp.moveaxis(src, tuple(axes), tuple(range(len(axes))))
    return lead[tuple(at)]


def scatter_apply(operand, scatter_indices, func, dimension_numbers, *, update_shape=(), indices_are_sorted=False, unique_indices=False, mode=None):
    """func applied to the elements that indices name; indices must not repeat."""
    _, where = _core.vjp(lambda x: _c["gather"](x, scatter_indices, _as_gather(dimension_numbers), _window(operand, dimension_numbers, update_shape), mode=mode or "fill",
                                                fill_value=0), _core.asarray(operand).astype("float32"))
    from .. import numpy as jnp
    hit = where(jnp.ones(update_shape, "float32"))[0] > 0
    return jnp.where(hit, func(operand), operand)


def _as_gather(d):
    from . import GatherDimensionNumbers
    return GatherDimensionNumbers(offset_dims=d.update_window_dims, collapsed_slice_dims=d.inserted_window_dims, start_index_map=d.scatter_dims_to_operand_dims,
                                  operand_batching_dims=d.operand_batching_dims, start_indices_batching_dims=d.scatter_indices_batching_dims)


def _window(operand, d, update_shape):
    inserted, sizes = set(d.inserted_window_dims) | set(d.operand_batching_dims), iter([update_shape[i] for i in d.update_window_dims])
    return tuple(1 if i in inserted else next(sizes) for i in range(operand.ndim))


def platform_dependent(*args, default=None, **per_platform):
    """The function for the platform that runs the program, of the arguments: here 'cpu', or the default."""
    for name, branch in per_platform.items():
        if not callable(branch):
            raise TypeError(f"lax.platform_dependent: the '{name}' branch must be a callable.")
        if name == "gpu":
            raise ValueError("Use 'cuda' or 'rocm' for lax.platform_dependent.")
    if default is not None and not callable(default):
        raise TypeError("lax.platform_dependent: the 'default' branch must be a callable.")
    branch = per_platform.get("cpu", default)
    if branch is None:
        raise NotImplementedError("lax.platform_dependent: there is neither a 'cpu' branch nor a default")
    return branch(*args)


def composite(decomposition, name, version=0):
    """The decomposition, as a function: its name is not kept."""
    @functools.wraps(decomposition)
    def call(*args, **kwargs):
        return decomposition(*_core.tree_map(_core.asarray, args), **kwargs)
    return call


def dce_sink(val, *, prevent_mlir_dce=False):
    """Nothing: a place that uses the value."""


def stage(x, /):
    """x itself."""
    return _core.asarray(x)


def pcast(x, axis_name=None, *, to):
    """x itself: outside of shard_map no value varies over devices."""
    if to not in ("varying", "reduced", "unreduced"):
        raise ValueError(f"pcast: `to` must be 'varying', 'reduced' or 'unreduced', got {to!r}")
    return x


def with_sharding_constraint(x, shardings):
    """x itself: there is one device."""
    return x


def _one_process(name):
    def absent(*args, **kwargs):
        raise NotImplementedError(f"lax.{name} is not implemented: " + absent.__absent__)
    absent.__name__ = absent.__qualname__ = name
    absent.__absent__ = {"psend": "use ppermute", "precv": "use ppermute", "ragged_all_to_all": "use all_to_all"}.get(name, "operations are ordered by their values")
    return absent


psend, precv, ragged_all_to_all, create_token, after_all = map(_one_process, ("psend", "precv", "ragged_all_to_all", "create_token", "after_all"))
