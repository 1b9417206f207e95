"""jax.lax.linalg: the library functions of the signature tables."""
import enum

from .. import _core

globals().update(_core.api("lax.linalg"))


class SvdAlgorithm(enum.Enum):
    DEFAULT = "default"
    QR = "QR"
    JACOBI = "Jacobi"
    POLAR = "polar"
    DIVIDE_AND_CONQUER = "divide_and_conquer"


class EigImplementation(enum.Enum):
    LAPACK = "lapack"
    CUSOLVER = "cusolver"
    MAGMA = "magma"


class EighImplementation(enum.Enum):
    QR = "qr"
    JACOBI = "jacobi"
    QDWH = "qdwh"


def __getattr__(name):
    if name.endswith("_p"):
        from ..extend.core import primitives
        try:
            return getattr(primitives, name)
        except AttributeError:
            pass
    raise AttributeError(f"module 'jax.lax.linalg' has no attribute {name!r}")
