"""jax.numpy.vectorize: a function of scalars or small arrays, mapped over the broadcast leading axes of its arguments."""
import functools
import re

from .. import _core

_NAME = r"\w+"
_DIMS = rf"\((?:{_NAME}(?:,{_NAME})*)?\)"
_LIST = rf"{_DIMS}(?:,{_DIMS})*"


def _core_dims(signature):
    """'(n,m),(m)->(n)' as names per argument and per result."""
    if not re.match(rf"^{_LIST}->{_LIST}$", signature):
        raise ValueError(f"not a valid gufunc signature: {signature}")
    return [[tuple(re.findall(_NAME, dims)) for dims in re.findall(_DIMS, side)] for side in signature.split("->")]


def _note_sizes(sizes, shape, dims, context, is_input):
    if is_input and len(shape) < len(dims):
        raise ValueError(f"input with shape {shape} does not have enough dimensions for all core dimensions {dims} {context}")
    if not is_input and len(shape) != len(dims):
        raise ValueError(f"output shape {shape} does not match core dimensions {dims} {context}")
    for dim, size in zip(dims, shape[len(shape) - len(dims):]):
        if sizes.setdefault(dim, size) != size:
            raise ValueError(f"inconsistent size for core dimension {dim!r}: {size} vs {sizes[dim]} {context}")


def _checked(func, sizes, expected, context):
    def wrapped(*args):
        out = func(*args)
        if len(expected) > 1 and not isinstance(out, tuple):
            raise TypeError(f"output must be a tuple when multiple outputs are expected, got: {out!r}\n{context}")
        results = out if isinstance(out, tuple) else (out,)
        if len(results) != len(expected):
            raise TypeError(f"wrong number of output arguments: expected {len(expected)}, got {len(results)} {context}")
        known = dict(sizes)
        for x, dims in zip(results, expected):
            _note_sizes(known, _core.asarray(x).shape, dims, context, False)
        return out
    return wrapped


def _without(func, excluded, args, kwargs):
    """The function of the arguments that are not excluded, and these."""
    fixed = {i: args[i] for i in excluded if isinstance(i, int) and i < len(args)}
    fixed_kw = {k: v for k, v in kwargs.items() if k in excluded}

    def rest(*free, **kw):
        free = iter(free)
        return func(*(fixed[i] if i in fixed else next(free) for i in range(len(args))), **kw, **fixed_kw)
    return rest, [a for i, a in enumerate(args) if i not in fixed], {k: v for k, v in kwargs.items() if k not in excluded}


def _mapped(func, args, dims, shape):
    """func vmapped over the axes of shape; axes along which every argument has extent 1 are put back in the result."""
    leads = [x.shape[:x.ndim - len(d)] for x, d in zip(args, dims)]
    args = [x.reshape(tuple(n for n in lead if n != 1) + x.shape[len(lead):]) for x, lead in zip(args, leads)]
    padded = [(1,) * (len(shape) - len(lead)) + lead for lead in leads]
    expand = []
    for axis in range(len(shape) - 1, -1, -1):
        in_axes = tuple(None if lead[axis] == 1 else 0 for lead in padded)
        if all(a is None for a in in_axes):
            expand.append(axis)
        else:
            func = _core.vmap(func, in_axes)
    out = func(*args)
    if not expand:
        return out
    expand_dims = _core.api("numpy")["expand_dims"]
    return tuple(expand_dims(x, expand) for x in out) if isinstance(out, tuple) else expand_dims(out, expand)


def vectorize(pyfunc, *, excluded=frozenset(), signature=None):
    """pyfunc mapped over the leading axes of its arguments, which broadcast; a signature such as '(n),(n)->()' names the axes it takes itself."""
    if any(not isinstance(e, (str, int)) for e in excluded):
        raise TypeError(f"jax.numpy.vectorize can only exclude integer or string arguments, but excluded={excluded!r}")
    if any(isinstance(e, int) and e < 0 for e in excluded):
        raise ValueError(f"excluded={excluded!r} contains negative numbers")

    @functools.wraps(pyfunc)
    def wrapped(*args, **kwargs):
        context = f"on vectorized function with excluded={excluded!r} and signature={signature!r}"
        func, args, kwargs = _without(pyfunc, excluded, args, kwargs)
        dims, results = _core_dims(signature) if signature is not None else ([()] * len(args), None)
        nones = {i for i, a in enumerate(args) if a is None}
        if any(dims[i] != () for i in nones):
            raise ValueError(f"Cannot pass None at locations {nones} with signature={signature!r}")
        func, args, _ = _without(functools.partial(func, **kwargs) if kwargs else func, nones, args, {})
        dims = [d for i, d in enumerate(dims) if i not in nones]
        args = [_core.asarray(a) for a in args]
        if len(args) != len(dims):
            raise TypeError(f"wrong number of positional arguments: expected {len(dims)}, got {len(args)} {context}")
        sizes = {}
        for x, d in zip(args, dims):
            _note_sizes(sizes, x.shape, d, context, True)
        from ._arguments import broadcast_shapes
        shape = broadcast_shapes(*(x.shape[:x.ndim - len(d)] for x, d in zip(args, dims)))
        return _mapped(func if results is None else _checked(func, sizes, results, context), args, dims, shape)
    return wrapped
