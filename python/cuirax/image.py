"""jax.image: resampling of images."""
import enum

from . import _core

_api = _core.api("image")


class ResizeMethod(enum.Enum):
    """The ways of resampling."""
    NEAREST = 0
    LINEAR = 1
    LANCZOS3 = 2
    LANCZOS5 = 3
    CUBIC = 4
    CUBIC_PYTORCH = 5
    AREA = 6

    @staticmethod
    def from_string(s):
        """The method with one of its names."""
        for method, names in _NAMES.items():
            if s in names.split():
                return method
        raise ValueError(f'Unknown resize method "{s}"')


_NAMES = {ResizeMethod.NEAREST: "nearest", ResizeMethod.LINEAR: "linear bilinear trilinear triangle", ResizeMethod.LANCZOS3: "lanczos3",
          ResizeMethod.LANCZOS5: "lanczos5", ResizeMethod.CUBIC: "cubic bicubic tricubic", ResizeMethod.CUBIC_PYTORCH: "cubic-pytorch bicubic-pytorch",
          ResizeMethod.AREA: "area"}


def _name(method):
    return (ResizeMethod.from_string(method) if isinstance(method, str) else method).name.lower()


def resize(image, shape, method, antialias=True, precision=None):
    """The image in another shape. antialias: kernels widen when the image shrinks."""
    return _api["resample"](image, shape, _name(method), antialias)


def scale_and_translate(image, shape, spatial_dims, scale, translation, method, antialias=True, precision=None):
    """The image scaled, then moved, along some axes, in another shape; zero outside of it."""
    return _api["resample_affine"](image, shape, spatial_dims, scale, translation, _name(method), antialias)
