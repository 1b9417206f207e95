"""Lets the name `jax` mean Cuirax: after install(), `import jax.numpy` gives the module object `cuirax.numpy`.

Only `python -m cuirax` and an explicit install() switch this on; importing cuirax leaves a real JAX alone.
"""
import sys

_NAMES = {"jax": "cuirax", "jaxlib": "cuirax._jaxlib"}


def _ours(name):
    """The Cuirax module that a jax or jaxlib name stands for, or None."""
    root, dot, rest = name.partition(".")
    return _NAMES[root] + dot + rest if root in _NAMES else None


class _Loader:
    """Hands out the module of Cuirax, unchanged: its __spec__ stays its own."""

    def create_module(self, spec):
        import importlib
        module = importlib.import_module(_ours(spec.name))
        self.spec = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = self.spec


class _Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        ours = _ours(name)
        if ours is None:
            return None
        from importlib import machinery, util
        if ours not in sys.modules and util.find_spec(ours) is None:
            raise ModuleNotFoundError(f"No module named {name!r} (here jax is Cuirax, which has no {ours})", name=name)
        return machinery.ModuleSpec(name, _Loader())


def install():
    """Make `import jax` give Cuirax in this process. To be called before jax is first imported."""
    if _Finder in sys.meta_path:
        return
    import cuirax
    for name in _NAMES:
        if sys.modules.get(name, cuirax) is not cuirax:
            raise RuntimeError(f"cuirax.install(): {name} is already imported from "
                               f"{getattr(sys.modules[name], '__file__', '?')}; call install() first")
    sys.meta_path.insert(0, _Finder)


def uninstall():
    """Undo install(): later imports of jax look for the real one. Modules already imported stay valid."""
    if _Finder not in sys.meta_path:
        return
    sys.meta_path.remove(_Finder)
    for name in list(sys.modules):
        if _ours(name) is not None and sys.modules[name] is sys.modules.get(_ours(name)):
            del sys.modules[name]
