"""jax.extend.core: the parts of programs."""
from ..._core import ClosedJaxpr, DropVar, InconclusiveDimensionOperation, Jaxpr, JaxprEqn, JaxprTypeError, Literal, Primitive, Var
from . import primitives


def jaxpr_as_fun(closed_jaxpr):
    """A program as a function of its operands, giving the list of its results."""
    return closed_jaxpr


def subjaxprs(jaxpr):
    """The programs inside of the parameters of a program's equations."""
    for eqn in jaxpr.eqns:
        yield from (j.jaxpr for j in jaxprs_in_params(eqn.params))


def jaxprs_in_params(params):
    for value in params.values():
        yield from (j for j in (value if isinstance(value, tuple) else (value,)) if isinstance(j, ClosedJaxpr))
