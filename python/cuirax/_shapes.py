"""jax.ShapeDtypeStruct."""
from . import _core


def _same(x):
    return x


class ShapeDtypeStruct:
    """Shape and dtype of an array that need not exist."""
    __slots__ = ("shape", "dtype", "sharding", "weak_type", "vma", "is_ref")

    def __init__(self, shape, dtype=None, *, sharding=None, weak_type=False, vma=None, is_ref=False):
        if dtype is None:
            raise ValueError("ShapeDtypeStruct: dtype must be specified.")
        import numpy as np
        self.shape = tuple(int(d) for d in shape)
        self.dtype = dtype if str(dtype).startswith("key<") else np.dtype(dtype)
        self.sharding, self.weak_type, self.vma, self.is_ref = sharding, weak_type, vma, is_ref

    @classmethod
    def like(cls, x):
        """The shape and dtype of an array, a scalar or another struct."""
        s = _core.jit(_same).eval_shape(x)
        return cls(s.shape, s.dtype, weak_type=s.weak_type)

    size = property(lambda self: int(__import__("math").prod(self.shape)))
    ndim = property(lambda self: len(self.shape))

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def update(self, **kwargs):
        d = {"shape": self.shape, "dtype": self.dtype, "sharding": self.sharding, "weak_type": self.weak_type}
        return ShapeDtypeStruct(**{**d, **kwargs})

    def __repr__(self):
        weak = ", weak_type=True" if self.weak_type else ""
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={getattr(self.dtype, 'name', self.dtype)}{weak})"

    def __eq__(self, other):
        return isinstance(other, ShapeDtypeStruct) and (other.shape, other.dtype, other.weak_type) == (self.shape, self.dtype, self.weak_type)

    def __hash__(self):
        return hash((self.shape, self.dtype, self.weak_type))
