"""The differential harness: every case runs under real JAX and under Cuirax in one process, and the results must agree
in tree structure, type, dtype, weak type, shape and value, or in the class of the error.

    from differential import Cases
    case = Cases()
    test_same = case.test

    case("sum over an axis", lambda jnp: jnp.sum(jnp.arange(6.).reshape(2, 3), axis=1))
    case("sin", lambda jnp, x: jnp.sin(x), np.linspace(-3, 3, 7, dtype="f4"), modes="eager jit vjp jvp vmap jaxpr")
    case.error("bad axis", lambda jnp: jnp.sum(jnp.ones(3), axis=5))

The first parameters of the function are named after what they get (jax, jnp, lax, np, …, see MODULES), of real JAX in
one run and of Cuirax in the other; the others get the arguments. `modes` are ways to call the function with its
arguments; each is one test. Options: rtol (default by dtype), atol, exact=True (every bit, NaNs aside), x64=True,
weak=False (weak types are not compared).

CUIRAX_DIFFERENTIAL_SELF=1 puts real JAX in Cuirax's place, to check the cases themselves.
"""
import contextlib
import importlib
import inspect
import os
import warnings

import jax
import ml_dtypes
import numpy as np

MODULES = {
    "jax": "", "jnp": ".numpy", "lax": ".lax", "nn": ".nn", "random": ".random", "tree": ".tree",
    "tree_util": ".tree_util", "errors": ".errors", "dtypes": ".dtypes", "core": ".extend.core",
    "jsp": ".scipy", "jsp_special": ".scipy.special", "linalg": ".numpy.linalg", "initializers": ".nn.initializers",
    "ops": ".ops", "image": ".image",
    "custom_batching": ".custom_batching", "debug": ".debug", "ad_checkpoint": ".ad_checkpoint",
}
RTOL = {"float64": 1e-12, "complex128": 1e-12, "float32": 3e-6, "complex64": 3e-6, "float16": 2e-3, "bfloat16": 1.6e-2}
OURS = "jax" if os.environ.get("CUIRAX_DIFFERENTIAL_SELF") else "cuirax"


# --- the modes: ways to call a function f with its arguments under one side's module jax

def mode_eager(jax, f, args):
    return f(*args)


def mode_jit(jax, f, args):
    return jax.jit(f)(*args)


def mode_vjp(jax, f, args):
    """The value, and the cotangents of the floating arguments for a fixed noise."""
    f, floats = of_floats(f, args)
    rng = np.random.RandomState(0)
    out, pull = jax.vjp(f, *floats)
    shapes = jax.eval_shape(f, *floats)
    return out, pull(jax.tree_util.tree_map(lambda a: noise(rng, a.shape, a.dtype), shapes))


def mode_jvp(jax, f, args):
    f, floats = of_floats(f, args)
    rng = np.random.RandomState(1)
    return jax.jvp(f, tuple(floats), tuple(noise(rng, np.shape(a), np.asarray(a).dtype) for a in floats))


def mode_hessian(jax, f, args):
    f, floats = of_floats(f, args)

    def total(*xs):
        return sum((a.sum() for a in jax.tree_util.tree_leaves(f(*xs))), 0.0)
    return jax.hessian(total)(*floats)


def mode_vmap(jax, f, args):
    return jax.vmap(f)(*(np.stack([a, np.flip(a)]) for a in args))


def mode_vmap_last(jax, f, args):
    return jax.vmap(f, in_axes=-1, out_axes=-1)(*(np.stack([a, np.flip(a)], axis=-1) for a in args))


def mode_jaxpr(jax, f, args):
    return str(jax.make_jaxpr(f)(*args))


MODES = {name.removeprefix("mode_"): mode for name, mode in globals().items() if name.startswith("mode_")}


def of_floats(f, args):
    """f as a function of its inexact arguments only, and those arguments."""
    where = [i for i, a in enumerate(args) if is_inexact(np.asarray(a).dtype)]

    def g(*floats):
        full = list(args)
        for i, a in zip(where, floats):
            full[i] = a
        return f(*full)
    return g, [args[i] for i in where]


def is_inexact(dtype):
    return dtype != jax.dtypes.float0 and (np.dtype(dtype).kind in "fc" or is_ml_float(dtype))


def is_ml_float(dtype):
    try:
        ml_dtypes.finfo(dtype)
        return True
    except (TypeError, ValueError):
        return False


def noise(rng, shape, dtype):
    """A cotangent or tangent: of the dtype when it is inexact, else of float0."""
    if not is_inexact(dtype):
        return np.zeros(shape, jax.dtypes.float0)
    value = rng.uniform(-1, 1, shape)
    if np.dtype(dtype).kind == "c":
        value = value + 1j * rng.uniform(-1, 1, shape)
    return np.asarray(value).astype(dtype)


# --- running one side

class Side:
    """Real JAX or Cuirax."""

    def __init__(self, root):
        self.root = importlib.import_module(root)

    def module(self, name):
        return importlib.import_module(self.root.__name__ + MODULES[name]) if MODULES[name] else self.root

    def bind(self, function):
        """The function with its leading module parameters filled in."""
        names = [n for n in inspect.signature(function).parameters]
        given = [self.module(n) for n in names[:next((i for i, n in enumerate(names) if n not in MODULES), len(names))]]
        return lambda *args: function(*given, *args)

    @contextlib.contextmanager
    def configured(self, x64):
        before = self.root.config.jax_enable_x64
        if bool(before) == x64:
            yield
            return
        self.root.config.update("jax_enable_x64", x64)
        try:
            yield
        finally:
            self.root.config.update("jax_enable_x64", before)

    def run(self, case):
        with warnings.catch_warnings(), self.configured(case.x64):
            warnings.simplefilter("ignore")
            return MODES[case.mode](self.root, self.bind(case.function), case.args)


# --- comparing

def is_array(leaf):
    return hasattr(leaf, "dtype") and hasattr(leaf, "shape") and not isinstance(leaf, type)


def weak_type(leaf):
    return bool(getattr(getattr(leaf, "aval", leaf), "weak_type", False))


def values(leaf, module):
    """The numbers of an array; those of a key are its words."""
    if str(leaf.dtype).startswith("key<"):
        return np.asarray(module.random.key_data(leaf))
    if leaf.dtype == jax.dtypes.float0:
        return np.zeros(leaf.shape, bool)
    return np.asarray(leaf)


def widen(a):
    """float64 or complex128 for comparing inexact values; others as they are."""
    if a.dtype.kind == "c":
        return a.astype(np.complex128)
    return a.astype(np.float64) if a.dtype.kind == "f" or is_ml_float(a.dtype) else a


def compare_values(got, want, case, where):
    if not is_inexact(want.dtype):
        np.testing.assert_array_equal(got, want, err_msg=where)
        return
    g, w = widen(got), widen(want)
    if case.exact:
        np.testing.assert_array_equal(g, w, err_msg=where)
        real = w.dtype.kind != "c"
        if real:
            np.testing.assert_array_equal(np.signbit(g) & ~np.isnan(w), np.signbit(w) & ~np.isnan(w),
                                          err_msg=where + " (signs of zeros)")
        return
    rtol = case.rtol if case.rtol is not None else RTOL.get(str(want.dtype), 0.13)
    finite = np.abs(w[np.isfinite(w)])
    atol = case.atol if case.atol is not None else 0.3 * rtol * (finite.max() if finite.size else 0)
    np.testing.assert_allclose(g, w, rtol=rtol, atol=atol, err_msg=where, equal_nan=True)


def compare_leaf(got, want, sides, case, where):
    if not is_array(want):
        assert type(got).__name__ == type(want).__name__, f"{where}: type {type(got)}, JAX gives {type(want)}"
        if isinstance(want, type):
            assert got.__name__ == want.__name__, where
        else:
            assert got == want or (got != got and want != want), f"{where}:\n{got}\nJAX gives\n{want}"
        return
    assert is_array(got), f"{where}: {type(got)} instead of an array"
    if want.dtype == jax.dtypes.float0 or not isinstance(want, np.ndarray):  # JAX may hand back a cotangent as it was given
        assert isinstance(got, np.ndarray) == isinstance(want, np.ndarray), f"{where}: {type(got)}, JAX gives {type(want)}"
    assert str(got.dtype) == str(want.dtype), f"{where}: dtype {got.dtype}, JAX gives {want.dtype}"
    assert tuple(got.shape) == tuple(want.shape), f"{where}: shape {got.shape}, JAX gives {want.shape}"
    if case.weak:
        assert weak_type(got) == weak_type(want), f"{where}: weak type {weak_type(got)}, JAX gives {weak_type(want)}"
    if not hasattr(want, "addressable_data") and not isinstance(want, np.ndarray) and not hasattr(want, "__array__"):
        return  # a ShapeDtypeStruct
    compare_values(values(got, sides[0]), values(want, sides[1]), case, where)


def compare(got, want, sides, case):
    got_leaves, got_tree = jax.tree_util.tree_flatten(got)
    want_leaves, want_tree = jax.tree_util.tree_flatten(want)
    assert got_tree == want_tree, f"structure {got_tree}, JAX gives {want_tree}"
    for i, (g, w) in enumerate(zip(got_leaves, want_leaves)):
        compare_leaf(g, w, sides, case, f"leaf {i}" if len(want_leaves) > 1 else "result")


# --- the table

class Case:
    def __init__(self, name, function, args, mode, raises, *, rtol=None, atol=None, exact=False, x64=False, weak=True,
                 match=None):
        self.name, self.function, self.args, self.mode, self.raises = name, function, args, mode, raises
        self.rtol, self.atol, self.exact, self.x64, self.weak, self.match = rtol, atol, exact, x64, weak, match

    def check(self):
        theirs, ours = Side("jax"), Side(OURS)
        try:
            want = theirs.run(self)
        except Exception as error:
            assert self.raises, f"the case is wrong: real JAX raises {error!r}"
            return self.check_error(ours, error)
        assert not self.raises, f"the case is wrong: real JAX raises nothing and gives {want!r}"
        compare(ours.run(self), want, (ours.root, theirs.root), self)

    def check_error(self, ours, want):
        try:
            got = ours.run(self)
        except Exception as error:
            assert type(error).__name__ == type(want).__name__, (
                f"{type(error).__name__}: {error}\nJAX gives {type(want).__name__}: {want}")
            if self.match:
                import re
                assert re.search(self.match, str(want)), f"the case is wrong: {want}"
                assert re.search(self.match, str(error)), f"{error}\nJAX gives\n{want}"
            return
        raise AssertionError(f"no error but {got!r}; JAX gives {type(want).__name__}: {want}")


class Cases:
    """The cases of one file. pytest makes one test of each (tests/diff/conftest.py)."""

    def __init__(self):
        self.all = []

    def __call__(self, name, function, *args, modes="eager", **options):
        for mode in modes.split():
            self.all.append(Case(name if mode == "eager" else f"{name}-{mode}", function, args, mode, False, **options))

    def error(self, name, function, *args, modes="eager", **options):
        for mode in modes.split():
            self.all.append(Case(name if mode == "eager" else f"{name}-{mode}", function, args, mode, True, **options))

    @staticmethod
    def test(differential_case):
        differential_case.check()
