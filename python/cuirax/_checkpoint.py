"""jax.checkpoint and its policies."""
import functools

from . import _core


class _Policy:
    """What may be kept for the backward pass; the core knows the kinds by number (include/cuirax/custom.h)."""

    def __init__(self, kind, keeps, names=()):
        self.kind, self.keeps, self.names = kind, keeps, tuple(names)

    def __call__(self, prim, *avals, **params):
        """Whether the results of such an operation are kept: for policies that ask others."""
        return self.keeps(str(prim), params)


def _is_dot(prim, params):
    return prim == "dot_general" and not params["dimension_numbers"][1][0]


class checkpoint_policies:
    """The policies of jax.checkpoint; besides them, any function of an operation, the types of its operands and its parameters."""
    everything_saveable = _Policy(1, lambda prim, params: True)
    nothing_saveable = _Policy(7, lambda prim, params: False)
    dots_saveable = checkpoint_dots = _Policy(2, lambda prim, params: prim in ("dot_general", "conv_general_dilated"))
    dots_with_no_batch_dims_saveable = checkpoint_dots_with_no_batch_dims = _Policy(3, _is_dot)

    @staticmethod
    def save_only_these_names(*names):
        return _Policy(4, lambda prim, params: prim == "name" and params["name"] in names, names)

    @staticmethod
    def save_anything_except_these_names(*names):
        return _Policy(5, lambda prim, params: not (prim == "name" and params["name"] in names), names)

    @staticmethod
    def save_any_names_but_these(*names):
        return _Policy(6, lambda prim, params: prim == "name" and params["name"] not in names, names)

    @staticmethod
    def save_from_both_policies(policy_1, policy_2):
        def policy(prim, *avals, **params):
            return policy_1(prim, *avals, **params) or policy_2(prim, *avals, **params)
        policy.__qualname__ = "save_from_both_policies.<locals>.policy"
        return policy

    @staticmethod
    def save_and_offload_only_these_names(*, names_which_can_be_saved, names_which_can_be_offloaded, offload_src, offload_dst):
        """There is one memory: values to be offloaded are kept in it."""
        both = set(names_which_can_be_saved) & set(names_which_can_be_offloaded)
        if both:
            raise ValueError(f"The names should be exclusive and should not intersect in `names_which_can_be_saved` and `names_which_can_be_offloaded`: {both}")

        def policy(prim, *avals, **params):
            return str(prim) == "name" and params["name"] in (*names_which_can_be_saved, *names_which_can_be_offloaded)
        policy.__qualname__ = "save_and_offload_only_these_names.<locals>.policy"
        return policy

    @staticmethod
    def offload_dot_with_no_batch_dims(offload_src, offload_dst):
        """There is one memory: the products are kept in it."""
        def policy(prim, *avals, **params):
            return _is_dot(str(prim), params)
        policy.__qualname__ = "offload_dot_with_no_batch_dims.<locals>.policy"
        return policy


def checkpoint(fun=None, *, prevent_cse=True, policy=None, static_argnums=(), concrete=False):
    """fun, with its intermediate values computed again in the backward pass, but for what `policy` keeps."""
    if fun is None:
        return lambda f: checkpoint(f, prevent_cse=prevent_cse, policy=policy, static_argnums=static_argnums)
    kind, names = (policy.kind, policy.names) if isinstance(policy, _Policy) else (policy or 0, ())
    static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)

    @functools.wraps(fun, updated=())
    def remat_f(*args, **kwargs):
        return _core.checkpoint_call(fun, args, kwargs, static, kind, names, prevent_cse)
    return remat_f


remat = checkpoint


def checkpoint_name(x, name):
    """x, named for the policies."""
    return _core.tree_map(lambda leaf: _core.checkpoint_name_leaf(leaf, name), x)
