"""jax.numpy.linalg: the library functions of the signature tables; those with several results give named tuples."""
import functools
from typing import Any, NamedTuple

from .. import _core
from . import tensordot

globals().update(_core.api("numpy.linalg"))


class EigResult(NamedTuple):
    eigenvalues: Any
    eigenvectors: Any


class EighResult(NamedTuple):
    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    Q: Any
    R: Any


class SlogdetResult(NamedTuple):
    sign: Any
    logabsdet: Any


class SVDResult(NamedTuple):
    U: Any
    S: Any
    Vh: Any


def _named(function, result):
    @functools.wraps(function)
    def call(*args, **kwargs):
        out = function(*args, **kwargs)
        return result(*out) if type(out) is tuple else out
    return call


eig, eigh, qr = _named(eig, EigResult), _named(eigh, EighResult), _named(qr, QRResult)
slogdet, svd = _named(slogdet, SlogdetResult), _named(svd, SVDResult)
