"""Functions of jax.numpy whose arguments have several shapes in Python: they are put in order here, and computed by the library."""
import operator

from .. import _core

_api = _core.api("numpy")
_range = range


def _slice_indices(arr, obj, axis):
    """The indices that a slice means along an axis, or in the flattened array."""
    shape = _api["shape"](arr)
    size = _api["size"](arr) if axis is None else shape[axis]
    return range(*obj.indices(size))


def delete(arr, obj, axis=None, *, assume_unique_indices=False):
    """The array without slices along an axis, or without elements of the flattened array."""
    if isinstance(obj, slice):
        at = _slice_indices(arr, obj, axis)
        return _api["delete_at"](arr, _core.array(list(at), dtype="int32"), axis, assume_unique_indices=True)
    return _api["delete_at"](arr, obj, axis, assume_unique_indices=assume_unique_indices)


def insert(arr, obj, values, axis=None):
    """The array with values in front of indices along an axis, or of the flattened array."""
    if isinstance(obj, slice):
        obj = _core.array(list(_slice_indices(arr, obj, axis)), dtype="int32")
    return _api["insert_at"](arr, obj, values, axis)


def _blocks(xs):
    if isinstance(xs, tuple):
        raise ValueError(f"jax.numpy.block does not allow tuples, got {xs}")
    if not isinstance(xs, list):
        return _core.asarray(xs), 1
    if not xs:
        raise ValueError("jax.numpy.block does not allow empty list arguments")
    parts, depths = zip(*map(_blocks, xs))
    if len(set(depths)) > 1:
        raise ValueError("Mismatched list depths in jax.numpy.block")
    rank = max(depths[0], *(x.ndim for x in parts), 0)
    parts = [x.reshape((1,) * (rank - x.ndim) + x.shape) for x in parts]
    return _api["concatenate"](parts, axis=-depths[0]), depths[0] + 1


def block(arrays):
    """Nested lists of arrays joined: the innermost along the last axis."""
    return _blocks(arrays)[0]


def histogramdd(sample, bins=10, range=None, weights=None, density=None):
    """The histogram of points, a row each: the weight in each box, and the edges of boxes along each axis."""
    sample = _core.asarray(sample)
    n, d = sample.shape
    if range is not None and (len(range) != d or any(r is not None and len(r) != 2 for r in range)):
        raise ValueError(f"For sample.shape={(n, d)}, range must be a sequence of {d} pairs or Nones; got range={range!r}")
    try:
        bins = list(bins)
    except TypeError:
        bins = [bins] * d
    if len(bins) != d:
        raise ValueError("should be a bin for each dimension.")
    edges = [_api["histogram_bin_edges"](sample[:, i], bins[i], None if range is None else range[i]) for i in _range(d)]
    return _api["histogramdd_of"](sample, edges, weights, bool(density)), edges


def histogram2d(x, y, bins=10, range=None, weights=None, density=None):
    """The histogram of points (x, y), and the edges of boxes along each axis."""
    count = len(bins) if hasattr(bins, "__len__") and getattr(bins, "ndim", 1) else 1
    if count not in (1, 2):
        bins = [_core.asarray(bins)] * 2
    counts, edges = histogramdd(_api["stack"]([x, y], axis=1), bins, range, weights, density)
    return counts, edges[0], edges[1]


def mask_indices(n, mask_func, k=0, *, size=None):
    """The indices where mask_func(ones, k) is nonzero in n rows and columns."""
    return _api["nonzero"](mask_func(_api["ones"]((n, n)), k), size=size)


def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    """func1d of every vector along an axis."""
    arr = _core.asarray(arr)
    if not -arr.ndim <= axis < arr.ndim:
        raise ValueError(f"axis {axis} is out of bounds for array of dimension {arr.ndim}")
    axis %= arr.ndim

    def func(x):
        return func1d(x, *args, **kwargs)
    for i in range(1, arr.ndim - axis):
        func = _core.vmap(func, in_axes=i, out_axes=-1)
    for _ in range(axis):
        func = _core.vmap(func, in_axes=0, out_axes=0)
    return func(arr)


def apply_over_axes(func, a, axes):
    """func(a, axis) for one axis after another; axes that it removes are kept as extents of 1."""
    a = _core.asarray(a)
    for axis in axes:
        b = func(a, axis)
        if b.ndim == a.ndim - 1:
            b = _api["expand_dims"](b, axis)
        elif b.ndim != a.ndim:
            raise ValueError("function is not returning an array of the correct shape")
        a = b
    return a


def piecewise(x, condlist, funclist, *args, **kw):
    """For each element the function (or constant) of the last condition that holds; the default, or 0, where none does."""
    x = _core.asarray(x)
    funclist = list(funclist)
    nc, nf = len(condlist), len(funclist)
    if nf == nc:
        funclist.insert(0, 0)
    elif nf == nc + 1:
        funclist.insert(0, funclist.pop())
    else:
        raise ValueError(f"with {nc} condition(s), either {nc} or {nc + 1} functions are expected; got {nf}")
    conditions = _core.asarray(condlist).astype(bool)
    from .. import lax
    counts = _api["cumsum"](_api["concatenate"]([_api["zeros"]((1, *conditions.shape[1:]), dtype=bool), conditions], axis=0), axis=0)
    which = _api["argmax"](counts, axis=0)

    def branch(f):
        return (lambda v: _core.asarray(f(v, *args, **kw)).astype(x.dtype)) if callable(f) else (lambda v: _core.array(f, dtype=x.dtype))
    branches = [branch(f) for f in funclist]

    def choose(i, v):
        return lax.switch(i, branches, v)
    for _ in range(x.ndim):
        choose = _core.vmap(choose)
    return choose(*_api["broadcast_arrays"](which, x))


def broadcast_shapes(*shapes):
    """The shape that all shapes broadcast to."""
    from .. import lax
    return lax.broadcast_shapes(*((operator.index(s),) if not isinstance(s, (tuple, list)) else s for s in shapes)) if shapes else ()
