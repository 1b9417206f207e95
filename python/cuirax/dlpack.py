"""jax.dlpack: arrays from anything that exports its memory by DLPack."""
from . import _core


def from_dlpack(external_array, device=None, copy=None):
    """An array with the elements of one that has __dlpack__, on the CPU."""
    if not hasattr(external_array, "__dlpack__"):
        raise TypeError("The array passed to from_dlpack must have __dlpack__ and __dlpack_device__ methods.")
    import numpy
    return _core.array(numpy.from_dlpack(external_array))


def is_supported_dtype(dtype):
    """Can arrays of this dtype be exchanged by DLPack?"""
    import numpy
    d = numpy.dtype(dtype)
    return d.kind in "biufc" and d.itemsize <= 16 or d.name == "bfloat16"
