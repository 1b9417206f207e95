"""jax.core: programs and their values, to look at."""
from ._core import Array as Value
from ._core import ShapedArray, typeof as get_aval
from ._api import ensure_compile_time_eval
from ._core import Tracer

AbstractValue = ShapedArray


def eval_jaxpr(jaxpr, consts, *args, propagate_source_info=True):
    """The results of a program's equations, under the transformations in force. The constants are those it was made with."""
    closed = jaxpr._closed
    if len(consts) != len(closed.consts) or any(a is not b and a.shape != b.shape for a, b in zip(consts, closed.consts)):
        raise NotImplementedError("eval_jaxpr: other constants than those of the program are not supported")
    return closed(*args)
