"""Functions of jax.lax over trees, and those whose arguments come in several forms; what they compute is in C."""
from .. import _core
from ._types import ConvDimensionNumbers, RandomAlgorithm

_c = _core.api("lax")
_map = _core.tree_map


def _no_groups(groups):
    if groups is not None:
        raise NotImplementedError("axis_index_groups are not supported")


def stop_gradient(x):
    """x, as a constant for differentiation."""
    return _map(lambda leaf: _c["stop_gradient_leaf"](leaf) if _inexact(leaf) else leaf, x)


def _inexact(leaf):
    return isinstance(leaf, (float, complex)) or str(getattr(leaf, "dtype", "")).startswith(("float", "bfloat", "complex"))


def optimization_barrier(operand, /):
    """operand, whose leaves no optimisation moves across this point."""
    leaves, tree = _core.tree_flatten(operand)
    return tree.unflatten(_c["optimization_barrier_leaves"](leaves))


def sort(operand, dimension=-1, is_stable=True, num_keys=1):
    """operand sorted along an axis; several operands together, by the first num_keys of them."""
    several = isinstance(operand, (tuple, list))
    out = _c["sort_operands"](operand if several else (operand,), dimension, is_stable, num_keys)
    return out if several else out[0]


broadcast_shapes = _core.broadcast_shapes


def dtype(x):
    """The dtype of an array or scalar."""
    return _core.result_type(x)


def rng_bit_generator(key, shape, dtype="uint32", algorithm=RandomAlgorithm.RNG_DEFAULT, *, out_sharding=None):
    """The next state of a bit generator, and random bits."""
    return _c["rng_bits"](key, shape, dtype, int(algorithm))


def map(f, xs, *, batch_size=None):
    """f applied to each slice of xs along its leading axis, one after another, or batch_size at once."""
    if batch_size is None:
        return _core.scan(lambda _, x: ((), f(x)), (), xs)[1]
    n = _core.tree_leaves(xs)[0].shape[0]
    batches, rest = divmod(n, batch_size)
    whole = _map(lambda x: _c["reshape"](x[:n - rest], (batches, batch_size) + x.shape[1:]), xs)
    out = _core.scan(lambda _, x: ((), _core.vmap(f)(x)), (), whole)[1]
    out = _map(lambda y: _c["reshape"](y, (batches * batch_size,) + y.shape[2:]), out)
    if not rest:
        return out
    tail = _core.vmap(f)(_map(lambda x: x[n - rest:], xs))
    return _map(lambda a, b: _c["concatenate"]((a, b), 0), out, tail)


# convolutions

def conv_dimension_numbers(lhs_shape, rhs_shape, dimension_numbers):
    """dimension_numbers in their canonical form."""
    if isinstance(dimension_numbers, ConvDimensionNumbers):
        return dimension_numbers
    if len(lhs_shape) != len(rhs_shape):
        raise TypeError(f"convolution requires lhs and rhs ndim to be equal, got {len(lhs_shape)} and {len(rhs_shape)}.")
    return ConvDimensionNumbers(*(_c["conv_permutations"](dimension_numbers, len(lhs_shape), i) for i in range(3)))


def conv_general_permutations(dimension_numbers):
    """The axes that three strings such as ('NCHW', 'OIHW', 'NCHW') describe."""
    return tuple(_c["conv_permutations"](dimension_numbers, len(dimension_numbers[0]), i) for i in range(3))


def padtype_to_pads(in_shape, window_shape, window_strides, padding):
    """Low and high padding per axis for 'SAME', 'SAME_LOWER' or 'VALID'."""
    flat = _c["padding_pairs"](in_shape, window_shape, window_strides, padding)
    return list(zip(flat[::2], flat[1::2]))


# collectives

def psum(x, axis_name, *, axis_index_groups=None):
    """The sum of x over named axes."""
    _no_groups(axis_index_groups)
    return _map(lambda leaf: leaf * _c["named_size"](axis_name) if isinstance(leaf, (int, float)) else _c["psum_leaf"](leaf, axis_name), x)


def pmean(x, axis_name, *, axis_index_groups=None):
    """The mean of x over named axes."""
    n = psum(1, axis_name, axis_index_groups=axis_index_groups)
    return _map(lambda leaf: leaf / n, psum(x, axis_name))


def pmax(x, axis_name, *, axis_index_groups=None):
    """The maximum of x over named axes."""
    _no_groups(axis_index_groups)
    return _map(lambda leaf: _c["pmax_leaf"](leaf, axis_name), x)


def pmin(x, axis_name, *, axis_index_groups=None):
    """The minimum of x over named axes."""
    _no_groups(axis_index_groups)
    return _map(lambda leaf: _c["pmin_leaf"](leaf, axis_name), x)


def axis_size(axis_name):
    """The size of named axes."""
    return _c["named_size"](axis_name)


def all_gather(x, axis_name, *, axis_index_groups=None, axis=0, tiled=False, to="varying"):
    """x of every member of a named axis, stacked (or, tiled, joined) along an axis."""
    _no_groups(axis_index_groups)
    return _map(lambda leaf: _c["all_gather_leaf"](leaf, axis_name, axis, tiled), x)


def ppermute(x, axis_name, perm):
    """x sent from member to member: perm lists (source, destination). Zeros where nothing arrives."""
    return _map(lambda leaf: _c["ppermute_leaf"](leaf, axis_name, tuple(perm)), x)


def pshuffle(x, axis_name, perm):
    """x taken from member perm[i] by member i."""
    if sorted(perm) != list(range(axis_size(axis_name))):
        raise ValueError(f"`perm` does not represent a permutation: {perm}")
    return ppermute(x, axis_name, list(zip(perm, range(len(perm)))))


def pbroadcast(x, axis_name, source):
    """x of one member of a named axis, for all."""
    return _map(lambda leaf: _c["pbroadcast_leaf"](leaf, axis_name, source), x)


def all_to_all(x, axis_name, split_axis, concat_axis, *, axis_index_groups=None, tiled=False):
    """Member i gets the i-th piece of x of every member."""
    _no_groups(axis_index_groups)
    return _map(lambda leaf: _c["all_to_all_leaf"](leaf, axis_name, split_axis, concat_axis, tiled), x)


def pswapaxes(x, axis_name, axis, *, axis_index_groups=None):
    """A named axis exchanged with an axis of x."""
    return all_to_all(x, axis_name, axis, axis, axis_index_groups=axis_index_groups)


def _absent(name):
    def missing(*args, **kwargs):
        raise NotImplementedError(f"jax.lax.{name} is not implemented")
    missing.__name__ = name
    return missing


custom_root = _absent("custom_root")
custom_linear_solve = _absent("custom_linear_solve")
psum_scatter = _absent("psum_scatter")
