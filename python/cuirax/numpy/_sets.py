"""The array API's records of what unique finds."""
from collections import namedtuple

from .. import _core

_unique = _core.api("numpy")["unique"]
_All = namedtuple("_UniqueAllResult", "values indices inverse_indices counts")
_Counts = namedtuple("_UniqueCountsResult", "values counts")
_Inverse = namedtuple("_UniqueInverseResult", "values inverse_indices")


def unique_all(x, /, *, size=None, fill_value=None):
    """The distinct elements, where each stands first, which of them each element is, and how often each occurs."""
    return _All(*_unique(x, True, True, True, equal_nan=False, size=size, fill_value=fill_value))


def unique_counts(x, /, *, size=None, fill_value=None):
    """The distinct elements, and how often each occurs."""
    return _Counts(*_unique(x, return_counts=True, equal_nan=False, size=size, fill_value=fill_value))


def unique_inverse(x, /, *, size=None, fill_value=None):
    """The distinct elements, and which of them each element is."""
    return _Inverse(*_unique(x, return_inverse=True, equal_nan=False, size=size, fill_value=fill_value))
