"""jax.checkpoint and its policies."""
from . import _core


class _Policy:
    """What may be kept for the backward pass; the core knows the kinds by number (include/cuirax/custom.h)."""

    def __init__(self, kind, names=()):
        self.kind, self.names = kind, tuple(names)


class checkpoint_policies:
    """The policies of jax.checkpoint."""
    nothing_saveable = _Policy(0)
    everything_saveable = _Policy(1)
    dots_saveable = checkpoint_dots = _Policy(2)
    dots_with_no_batch_dims_saveable = checkpoint_dots_with_no_batch_dims = _Policy(3)

    @staticmethod
    def save_only_these_names(*names):
        return _Policy(4, names)

    @staticmethod
    def save_anything_except_these_names(*names):
        return _Policy(5, names)

    @staticmethod
    def save_any_names_but_these(*names):
        return _Policy(6, names)


def checkpoint(fun=None, *, prevent_cse=True, policy=None, static_argnums=(), concrete=False):
    """fun, with its intermediate values computed again in the backward pass, but for what `policy` keeps."""
    if fun is None:
        return lambda f: checkpoint(f, prevent_cse=prevent_cse, policy=policy, static_argnums=static_argnums)
    policy = policy or checkpoint_policies.nothing_saveable
    if not isinstance(policy, _Policy):
        raise NotImplementedError("jax.checkpoint: a policy must be one of jax.checkpoint_policies; functions as policies are not available")
    static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)

    def remat_f(*args, **kwargs):
        fixed = tuple(n % len(args) if args else n for n in static)
        return _core.checkpoint_call(fun, args, kwargs, fixed, policy.kind, policy.names, prevent_cse)
    for name in ("__name__", "__qualname__", "__doc__", "__module__"):
        if hasattr(fun, name):
            setattr(remat_f, name, getattr(fun, name))
    remat_f.__wrapped__ = fun
    return remat_f


remat = checkpoint


def checkpoint_name(x, name):
    """x, named for the policies."""
    return _core.tree_map(lambda leaf: _core.checkpoint_name_leaf(leaf, name), x)
