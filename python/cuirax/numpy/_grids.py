"""Names of jax.numpy that are Python by nature: grids written as slices, functions of indices, questions about objects."""
import operator

import numpy

from .. import _core

_api = _core.api("numpy")
arange, linspace, meshgrid, stack = _api["arange"], _api["linspace"], _api["meshgrid"], _api["stack"]


def isscalar(element):
    """Is it a number, or an array without axes?"""
    if numpy.isscalar(element):
        return True
    if isinstance(element, (numpy.ndarray, _core.Array)):
        return element.ndim == 0
    return hasattr(element, "__jax_array__") and _core.asarray(element).ndim == 0


def iscomplexobj(x):
    """Is its dtype complex?"""
    return numpy.dtype(getattr(x, "dtype", None) or _core.result_type(x)).kind == "c"


def isrealobj(x):
    """Is its dtype not complex?"""
    return not iscomplexobj(x)


def fromfunction(function, shape, *, dtype=float, **kwargs):
    """The array of function(i, j, …) over the indices of a shape."""
    shape = tuple(operator.index(n) for n in shape)
    for i in range(len(shape)):
        function = _core.vmap(function, in_axes=tuple(0 if len(shape) - 1 - j == i else None for j in range(len(shape))))
    return function(*(arange(n, dtype=dtype) for n in shape), **kwargs)


def _points(s):
    """The points of a slice start:stop:step; an imaginary step counts them."""
    start, step = 0 if s.start is None else s.start, 1 if s.step is None else s.step
    return linspace(start, s.stop, int(abs(step))) if isinstance(step, complex) else arange(start, s.stop, step)


class _Mgrid:
    """mgrid[0:3, 0:1:5j]: the coordinates of a grid, stacked."""

    def __getitem__(self, key):
        if isinstance(key, slice):
            return _points(key)
        return stack(meshgrid(*map(_points, key), indexing="ij"))


class _Ogrid:
    """ogrid[0:3, 0:1:5j]: the coordinates of a grid, each along its own axis."""

    def __getitem__(self, key):
        if isinstance(key, slice):
            return _points(key)
        axes = [_points(s) for s in key]
        dtype = _core.result_type(*axes)
        return meshgrid(*(x.astype(dtype) for x in axes), indexing="ij", sparse=True)


mgrid, ogrid = _Mgrid(), _Ogrid()
