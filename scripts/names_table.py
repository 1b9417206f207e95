#!/usr/bin/env python3
"""Compare the public names of real JAX with ours, module by module, and write docs/names.md.

    PYTHONPATH=python python scripts/names_table.py [--absent MODULE] [--check]

A name counts when it does not begin with an underscore and is not a module. It is here when the module of the same name in
`cuirax` answers it; what answers with an attribute `__absent__` (a text that says why) counts as absent. `--absent jax.numpy` prints the
absent names of one module, a line each; `--check` writes nothing and fails if docs/names.md is not up to date.
"""
import argparse
import ast
import importlib
import inspect
import pathlib
import sys
import types
import warnings

MODULES = """
jax jax.numpy jax.numpy.linalg jax.numpy.fft jax.lax jax.lax.linalg jax.nn jax.nn.initializers jax.random
jax.scipy jax.scipy.special jax.scipy.linalg jax.scipy.signal jax.scipy.fft jax.scipy.ndimage jax.scipy.optimize jax.scipy.interpolate jax.scipy.integrate
jax.scipy.cluster jax.scipy.cluster.vq jax.scipy.sparse jax.scipy.sparse.linalg jax.scipy.spatial jax.scipy.spatial.transform jax.scipy.stats
jax.scipy.stats.bernoulli jax.scipy.stats.beta jax.scipy.stats.betabinom jax.scipy.stats.binom jax.scipy.stats.cauchy jax.scipy.stats.chi2
jax.scipy.stats.dirichlet jax.scipy.stats.expon jax.scipy.stats.gamma jax.scipy.stats.gennorm jax.scipy.stats.geom jax.scipy.stats.gumbel_l
jax.scipy.stats.gumbel_r jax.scipy.stats.laplace jax.scipy.stats.logistic jax.scipy.stats.multinomial jax.scipy.stats.multivariate_normal
jax.scipy.stats.nbinom jax.scipy.stats.norm jax.scipy.stats.pareto jax.scipy.stats.poisson jax.scipy.stats.t jax.scipy.stats.truncnorm
jax.scipy.stats.uniform jax.scipy.stats.vonmises jax.scipy.stats.wrapcauchy
jax.tree jax.tree_util jax.dtypes jax.debug jax.stages jax.ops jax.image jax.flatten_util jax.ad_checkpoint jax.custom_batching
jax.custom_derivatives jax.errors jax.dlpack jax.typing jax.ref jax.core jax.sharding jax.profiler jax.monitoring jax.export jax.ffi jax.scipy.stats.mvn
jax.extend.core jax.extend.core.primitives jax.extend.linear_util jax.interpreters.ad jax.interpreters.batching jax.interpreters.mlir
jax.interpreters.partial_eval jax.interpreters.pxla jax.interpreters.xla
jax.experimental jax.experimental.checkify jax.experimental.pjit jax.experimental.shard_map jax.experimental.ode jax.experimental.jet
jax.experimental.sparse jax.experimental.multihost_utils jax.experimental.mesh_utils jax.experimental.custom_partitioning
jax.example_libraries.optimizers jax.example_libraries.stax
""".split()

# Names that JAX's modules show but that belong to other libraries, or are leftovers of how they are written.
FOREIGN = {"annotations", "TYPE_CHECKING", "Any", "Callable", "Sequence", "Iterable", "Optional", "Union", "NamedTuple", "TypeVar", "Protocol",
           "partial", "reduce", "wraps", "overload", "cast", "dataclass", "defaultdict", "cache", "Array", "ArrayLike", "DType"}
OWN = {"jax": FOREIGN - {"Array"}, "jax.typing": FOREIGN - {"ArrayLike"}}


def load(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def answer(module, name):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(module, name)
    except Exception:  # a deprecated or removed name
        return None


def public(module):
    """Its own names: exported by hand where there is a list, else all that are no modules and no leftovers of imports."""
    ours = OWN.get(module.__name__, FOREIGN)
    listed = set(getattr(module, "__all__", ()) or dir(module))
    return sorted(n for n in listed if not n.startswith("_") and n not in ours and present(module, n) and not leftover(module, n))


def leftover(module, name):
    """In a module that is written in place: imported for its own use (`import x as x` is how JAX exports a name)."""
    if not module.__name__.startswith(("jax.experimental.", "jax.example_libraries.")):
        return False
    own = set(getattr(module, "__all__", ()))
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            own.add(node.name)
        elif isinstance(node, ast.Assign):
            own |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            own |= {a.name for a in node.names if a.asname == a.name}
    return name not in own


def present(module, name):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = getattr(module, name)
    except Exception:
        return False
    return not isinstance(value, types.ModuleType) and type(value).__name__ != "_Feature"


def compare(name):
    """(names that are here, names that are absent with the reason), or None where JAX has no such module."""
    theirs = load(name)
    if theirs is None:
        return None
    ours, have, absent = load("cuirax" + name[3:]), [], {}
    for n in public(theirs):
        if ours is None or not present(ours, n):
            absent[n] = ""
        elif getattr(answer(ours, n), "__absent__", ""):
            absent[n] = answer(ours, n).__absent__
        else:
            have.append(n)
    return have, absent


def page(table):
    total, here = sum(len(h) + len(a) for h, a in table.values()), sum(len(h) for h, a in table.values())
    out = ["# Names", "", "<!-- made by scripts/names_table.py -->", "",
           "The public names of JAX 0.10.2, module by module, and which of them Cuirax has. A name that is absent raises AttributeError, or",
           "NotImplementedError with the alternative where one exists.", "", f"{here} of {total} names ({100 * here / total:.1f} %).", "",
           "| module | have | of | absent |", "|---|---|---|---|"]
    for m, (have, absent) in table.items():
        names = ", ".join(f"`{n}`" + (f" ({why})" if why else "") for n, why in absent.items())
        out.append(f"| {m} | {len(have)} | {len(have) + len(absent)} | {names} |")
    return "\n".join(out) + "\n"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--absent", metavar="MODULE")
    p.add_argument("--check", action="store_true")
    args = p.parse_args()
    if args.absent:
        print("\n".join(compare(args.absent)[1]))
        return
    table = {m: row for m in MODULES if (row := compare(m))}
    for m, (have, absent) in table.items():
        print(f"{m:40} have {len(have):4} absent {len(absent):4}")
    text, path = page(table), pathlib.Path(__file__).parent.parent / "docs" / "names.md"
    if args.check:
        sys.exit(path.read_text() != text and "docs/names.md is out of date: run scripts/names_table.py")
    path.write_text(text)
    print(text.split("\n")[7])


if __name__ == "__main__":
    main()
