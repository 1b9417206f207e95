"""Universal functions: elementwise functions with reduce, accumulate, at, reduceat and outer. Those of the library (jnp.add, …) are functions of
the extension, which asks `attribute` for these; others are made by frompyfunc."""
import operator

from .. import _core

_api = _core.api("numpy")


def _lax():
    from .. import lax
    return lax


def _loop(bounds, body, start):
    return _lax().fori_loop(*bounds, body, start)


class _Of(type):
    def __instancecheck__(cls, x):
        return type.__instancecheck__(cls, x) or (type(x) is type(_api["add"]) and x.__module__ in ("jax.numpy", "cuirax.numpy") and x.__name__ in _TABLE)


class ufunc(metaclass=_Of):
    """An elementwise function of nin arguments with nout results."""

    def __init__(self, func, /, nin, nout, *, name=None, nargs=None, identity=None, call=None, reduce=None, accumulate=None, at=None, reduceat=None):
        self.__doc__, self.__name__ = func.__doc__, name or func.__name__
        self._func, self.nin, self.nout, self.identity = func, operator.index(nin), operator.index(nout), identity
        self.nargs = operator.index(nargs or nin)
        self._call, self._reduce, self._accumulate, self._at, self._reduceat = call, reduce, accumulate, at, reduceat

    def _key(self):
        return self._func, self.__name__, self.identity, self.nin, self.nout, self.nargs

    def __hash__(self):
        return hash(self._key())

    def __eq__(self, other):
        return type(other) is ufunc and self._key() == other._key()

    def __repr__(self):
        return f"<jnp.ufunc '{self.__name__}'>"

    def __call__(self, *args, out=None, where=None):
        if out is not None or where is not None:
            raise NotImplementedError(f"{'where' if out is None else 'out'} argument of {self}")
        for x in args:
            _api["ndim"](x)
        if self._call:
            return self._call(*args)
        from ._vectorize import vectorize
        return vectorize(self._func)(*args)

    def _binary(self, what, out=None):
        if self.nin != 2:
            raise ValueError(f"{what} only supported for binary ufuncs")
        if self.nout != 1:
            raise ValueError(f"{what} only supported for functions returning a single value")
        if out is not None:
            raise NotImplementedError(f"out argument of {self.__name__}.{what}()")

    def _result(self, *args):
        from .. import eval_shape, ShapeDtypeStruct
        return eval_shape(self._func, *(ShapeDtypeStruct((), _core.asarray(a).dtype, weak_type=_core.asarray(a).aval.weak_type) for a in args)).dtype

    def reduce(self, a, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=None):
        """The elements along an axis combined from first to last."""
        self._binary("reduce", out)
        a = _core.asarray(a)
        if where is not None:
            if self.identity is None and initial is None:
                raise ValueError(f"reduction operation {self.__name__!r} does not have an identity, so to use a where mask one has to specify 'initial'.")
            if _core.asarray(where).dtype != bool:
                raise ValueError(f"where argument must have dtype=bool; got dtype={_core.asarray(where).dtype}")
        how = {"axis": axis, "dtype": dtype, "keepdims": keepdims, "initial": initial, "where": where}
        return self._reduce(a, **how) if self._reduce else self._fold(a, **how)

    def _fold(self, a, axis, dtype, keepdims, initial, where):
        if isinstance(axis, tuple):
            raise NotImplementedError("tuple of axes")
        initial = self.identity if initial is None else initial
        dtype = self._result(a, a) if dtype is None else dtype
        where = None if where is None else _api["broadcast_to"](where, a.shape)
        shape, rank = a.shape, a.ndim
        if axis is None:
            a, where = a.ravel(), None if where is None else where.ravel()
            final = (1,) * rank if keepdims else ()
            axis = 0
        else:
            axis = _axis(axis, rank)
            final = shape[:axis] + (1,) * bool(keepdims) + shape[axis + 1:]
        a, where = (None if x is None else _api["moveaxis"](x, axis, 0) for x in (a, where))
        if a.shape[0] == 0:
            if initial is None:
                raise ValueError(f"zero-size array to reduction operation {self.__name__} which has no identity")
            return _api["full"](final, initial, dtype)

        def step(i, value):
            new = self(value, a[i].astype(dtype))
            return new if where is None else _api["where"](where[i], new, value)
        start = a[0] if initial is None else initial
        start = _api["broadcast_to"](_core.asarray(start).astype(dtype), a.shape[1:])
        return _loop((int(initial is None), a.shape[0]), step, start).reshape(final)

    def accumulate(self, a, axis=0, dtype=None, out=None):
        """What reduce gives for the first one, two, … elements along an axis."""
        self._binary("accumulate", out)
        if self._accumulate:
            return self._accumulate(a, axis=axis, dtype=dtype)
        a = _core.asarray(a)
        if axis is None or isinstance(axis, tuple):
            raise ValueError("accumulate does not allow multiple axes")
        axis, dtype = _axis(axis, a.ndim), self._result(a, a) if dtype is None else dtype
        if a.size == 0:
            return _api["zeros"](a.shape, dtype)
        a = _api["moveaxis"](a, axis, 0)

        def step(carry, _):
            i, x = carry
            y = _api["where"](i == 0, a[0].astype(dtype), self(x.astype(dtype), a[i].astype(dtype)))
            return (i + 1, y), y
        return _api["moveaxis"](_lax().scan(step, (0, a[0].astype(dtype)), None, length=a.shape[0])[1], 0, axis)

    def at(self, a, indices, b=None, /, *, inplace=True):
        """The array with the function applied at indices, one after another. Arrays do not change: inplace must be False."""
        if inplace:
            raise NotImplementedError("Because JAX arrays are immutable, jnp.ufunc.at() cannot operate inplace like np.ufunc.at(). Instead, pass inplace=False.")
        if self._at:
            return self._at(_core.asarray(a), indices, b)
        args = () if b is None else (_core.asarray(b),)
        dtype = self._result(a, *args)
        a, args = _core.asarray(a).astype(dtype), tuple(x.astype(dtype) for x in args)
        items = indices if isinstance(indices, tuple) else (indices,)
        if not items:
            return a
        from ._arguments import broadcast_shapes
        shapes = [_api["shape"](i) for i in items if not isinstance(i, slice)]
        shape = broadcast_shapes(*shapes) if shapes else ()
        if not shape:
            return a.at[items].set(self(a[items], *args))
        count = _api["size"](_api["zeros"](shape))
        args = tuple(_api["broadcast_to"](x, shape + x.shape[len(shape):]).reshape((count,) + x.shape[len(shape):]) for x in args)
        items = [i if isinstance(i, slice) else _api["broadcast_to"](i, shape).ravel() for i in items]

        def step(i, a):
            at = tuple(x if isinstance(x, slice) else x[i] for x in items)
            return a.at[at].set(self(a[at], *(x[i] for x in args)))
        return _loop((0, count), step, a)

    def reduceat(self, a, indices, axis=0, dtype=None, out=None):
        """reduce of the slices between successive indices."""
        self._binary("reduceat", out)
        a, indices = _core.asarray(a), _core.asarray(indices)
        if a.ndim == 0:
            raise ValueError(f"reduceat: a must have 1 or more dimension, got a.shape={a.shape}")
        if indices.ndim != 1:
            raise ValueError(f"reduceat: indices must be one-dimensional, got indices.shape={indices.shape}")
        if axis is None or isinstance(axis, (tuple, list)):
            raise ValueError("reduceat requires a single integer axis.")
        axis = _axis(axis, a.ndim)
        others = [k for k in range(a.ndim) if k != axis]
        start = _api["expand_dims"](indices, others)
        end = _api["expand_dims"](_api["append"](indices[1:], a.shape[axis]), others)

        def step(i, value):
            return _api["where"]((i > start) & (i < end), self(value, _api["take"](a, _core.asarray(i).reshape(1), axis=axis)), value)
        return _loop((0, a.shape[axis]), step, _api["take"](a, indices, axis=axis))

    def outer(self, A, B, /):
        """The function of every element of A with every element of B."""
        self._binary("outer")
        A, B = _core.asarray(A), _core.asarray(B)
        table = _core.vmap(_core.vmap(self, (None, 0)), (0, None))(A.ravel(), B.ravel())
        return table.reshape(A.shape + B.shape)


def _axis(axis, rank):
    axis = operator.index(axis)
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} is out of bounds for array of dimension {rank}")
    return axis % rank


def frompyfunc(func, /, nin, nout, *, identity=None):
    """A universal function from a function of scalars."""
    return ufunc(func, nin, nout, identity=identity)


def _plain(name):
    """A reduction of the library as the reduce of a universal function."""
    def reduce(a, axis, dtype, keepdims, initial, where):
        how = {"axis": axis, "keepdims": keepdims, "initial": initial, "where": where}
        if name in ("sum", "prod"):
            how["dtype"] = dtype
        return _api[name](a, **how)
    return reduce


def _truth(name):
    def reduce(a, axis, dtype, keepdims, initial, where):
        if initial is not None:
            raise ValueError(f"{name}.reduce: initial is not supported")
        return _api[name](a, axis=axis, keepdims=keepdims, where=where)
    return reduce


def _updated(method):
    def at(a, indices, b):
        if a.dtype == bool:
            return getattr(a.astype("int32").at[indices], method)(_core.asarray(b).astype(bool).astype("int32")).astype(bool)
        return getattr(a.at[indices], method)(b)
    return at


_inf = float("inf")
_TABLE = {  # name: number of arguments, identity, what the library has of its own
    "add": (2, 0, {"reduce": _plain("sum"), "accumulate": _api["cumsum"], "at": _updated("add")}),
    "multiply": (2, 1, {"reduce": _plain("prod"), "accumulate": _api["cumprod"], "at": _updated("multiply")}),
    "subtract": (2, None, {"at": _updated("subtract")}),
    "minimum": (2, None, {"reduce": _plain("min")}), "maximum": (2, None, {"reduce": _plain("max")}),
    "bitwise_and": (2, -1, {}), "bitwise_or": (2, 0, {}), "bitwise_xor": (2, 0, {}),
    "logical_and": (2, True, {"reduce": _truth("all")}), "logical_or": (2, False, {"reduce": _truth("any")}), "logical_xor": (2, False, {}),
    "logaddexp": (2, -_inf, {}), "logaddexp2": (2, -_inf, {}), "negative": (1, None, {}),
}
_made = {}


def attribute(function, name):
    """An attribute of a universal function of the library."""
    if function.__name__ not in _TABLE:
        raise AttributeError(f"{function.__name__!r} is no universal function and has no attribute {name!r}")
    if function.__name__ not in _made:
        nin, identity, own = _TABLE[function.__name__]
        _made[function.__name__] = ufunc(function, nin, 1, identity=identity, call=function, **own)
    return getattr(_made[function.__name__], name)
