"""jax.flatten_util: a pytree of arrays as one vector."""
import functools

from . import _core


def _unravel(tree, types, vector):
    return tree.unflatten(_core.unravel(vector, types))


def ravel_pytree(pytree):
    """The leaves, ravelled and concatenated in their common dtype, and the function that undoes it."""
    leaves, tree = _core.tree_flatten(pytree)
    flat, types = _core.ravel(leaves)
    return flat, functools.partial(_unravel, tree, types)
