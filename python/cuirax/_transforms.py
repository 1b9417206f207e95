"""Transformations that are a few lines of glue over the core's."""
import functools

from . import _core


def _jacobian(fun, argnums, has_aux, holomorphic, allow_int, reverse):
    @functools.wraps(fun, updated=())
    def jac(*args, **kwargs):
        return _core.jacobian(fun, argnums, has_aux, holomorphic, allow_int, reverse, args, kwargs)
    return jac


def jacrev(fun, argnums=0, has_aux=False, holomorphic=False, allow_int=False):
    """The Jacobian of fun by reverse mode: one pass per element of the result."""
    return _jacobian(fun, argnums, has_aux, holomorphic, allow_int, True)


def jacfwd(fun, argnums=0, has_aux=False, holomorphic=False):
    """The Jacobian of fun by forward mode: one pass per element of the argument."""
    return _jacobian(fun, argnums, has_aux, holomorphic, False, False)


jacobian = jacrev


def hessian(fun, argnums=0, has_aux=False, holomorphic=False):
    """The Hessian of a scalar-valued function: jacfwd of jacrev."""
    return jacfwd(jacrev(fun, argnums, has_aux=has_aux, holomorphic=holomorphic), argnums, has_aux=has_aux, holomorphic=holomorphic)


def linear_transpose(fun, *primals, reduce_axes=()):
    """The transpose of a linear function, given example operands: from cotangents of its result to those of its operands."""
    return lambda cotangent: _core.transpose_linear(fun, primals, cotangent)


def closure_convert(fun, *example_args):
    """fun with the traced values that it closes over as extra arguments, and the list of them."""
    jaxpr, out_tree, consts = _core.close_over(fun, example_args)

    def converted(*args):
        args, hoisted = args[:len(args) - len(consts)], args[len(args) - len(consts):]
        return out_tree.unflatten(jaxpr(*hoisted, *_core.tree_leaves(args)))
    return converted, consts
