"""jax.stages: what jit(f).trace, .lower and .compile give. Programs are run by the core; nothing is compiled ahead of the first call."""
from . import _core
from ._shapes import ShapeDtypeStruct


class ArgInfo:
    """The type of an argument, and whether it is donated."""
    __slots__ = ("_aval", "donated")

    def __init__(self, aval, donated):
        self._aval, self.donated = aval, donated

    shape = property(lambda self: self._aval.shape)
    dtype = property(lambda self: self._aval.dtype)

    def __repr__(self):
        return f"ArgInfo(_aval={self._aval!r}, donated={self.donated})"

    def __eq__(self, other):
        return isinstance(other, ArgInfo) and (self._aval, self.donated) == (other._aval, other.donated)

    __hash__ = None


class Stage:
    """What the stages share: the types and trees of arguments and results."""

    def __init__(self, jaxpr, fun_name, in_tree, out_tree, donated):
        self._jaxpr, self.fun_name, self.in_tree, self.out_tree, self._donated = jaxpr, fun_name, in_tree, out_tree, donated

    in_avals = property(lambda self: self.in_tree.unflatten(self._jaxpr.in_avals))
    out_avals = property(lambda self: self._jaxpr.out_avals)
    args_info = property(lambda self: self.in_tree.unflatten([ArgInfo(a, d) for a, d in zip(self._jaxpr.in_avals, self._donated)]))
    donate_argnums = property(lambda self: tuple(i for i, d in enumerate(self._donated) if d))

    @property
    def out_info(self):
        return self.out_tree.unflatten([ShapeDtypeStruct(a.shape, a.dtype, weak_type=a.weak_type) for a in self._jaxpr.out_avals])

    def _next(self, cls):
        return cls(self._jaxpr, self.fun_name, self.in_tree, self.out_tree, self._donated)


class Traced(Stage):
    """A function traced for certain types of arguments."""
    jaxpr = property(lambda self: self._jaxpr)

    def lower(self, *, lowering_platforms=None, _private_parameters=None):
        return self._next(Lowered)


class Module:
    """A program as a StableHLO module: str() gives its text."""

    def __init__(self, text):
        self._text = text

    def __str__(self):
        return self._text


class Lowered(Stage):
    """A traced function, ready to be compiled."""

    def as_text(self, dialect=None, *, debug_info=False):
        """The program as StableHLO (None or "stablehlo"), as Cuirax's own text ("cuirax") or as JAX prints a jaxpr ("jaxpr")."""
        if dialect == "jaxpr":
            return str(self._jaxpr)
        if dialect == "cuirax":
            return self._jaxpr.graph_text()
        if dialect not in (None, "stablehlo"):
            raise NotImplementedError(f"dialect {dialect!r}: 'stablehlo' (the default), 'cuirax' and 'jaxpr' are available")
        return _core.stablehlo_text(self._jaxpr, "jit_" + "".join(c if c.isalnum() else "_" for c in self.fun_name).strip("_"))

    def compiler_ir(self, dialect=None):
        return self._jaxpr if dialect in ("cuirax", "jaxpr") else Module(self.as_text(dialect))

    def cost_analysis(self):
        raise NotImplementedError("cost_analysis: costs are not estimated")

    def compile(self, compiler_options=None, *, device_assignment=None):
        return self._next(Compiled)


class CompiledMemoryStats:
    """Bytes that a compiled program takes, known before it runs."""

    def __init__(self, operands, results, temporary, code):
        self.argument_size_in_bytes, self.output_size_in_bytes, self.temp_size_in_bytes, self.generated_code_size_in_bytes = operands, results, temporary, code
        self.alias_size_in_bytes = 0


class Compiled(Stage):
    """A function of arguments of exactly these types."""

    def as_text(self, what="graph"):
        """The optimised program ("graph"), its loops over memory ("loops") or the micro-ops that native code is made of ("uops")."""
        return self._jaxpr.compiled_text(what)

    def report(self):
        """Time and size of every stage of compiling, as text."""
        return self._jaxpr.compiled_text("report")

    def cost_analysis(self):
        raise NotImplementedError("cost_analysis: costs are not estimated")

    def memory_analysis(self):
        return CompiledMemoryStats(*self._jaxpr.memory())

    def runtime_executable(self):
        return self._jaxpr

    def __call__(self, *args, **kwargs):
        leaves, tree = _core.tree_flatten((args, kwargs))
        if tree != self.in_tree:
            raise TypeError(f"Function compiled with input pytree does not match the input pytree it was called with: compiled for {self.in_tree}, called with {tree}")
        wrong = [f"Argument {_path(self.in_tree, i)} compiled with {w.str_short()} and called with {g.str_short()}"
                 for i, (g, w) in enumerate(zip(map(_core.typeof, leaves), self._jaxpr.in_avals)) if (g.shape, g.dtype) != (w.shape, w.dtype)]
        if wrong:
            raise TypeError("Argument types differ from the types for which this computation was compiled. The mismatches are:\n" + "\n".join(wrong))
        return self.out_tree.unflatten(self._jaxpr._run(self.fun_name, tuple(leaves)))


def _path(tree, i):
    paths = _core.tree_flatten_with_path(tree.unflatten(range(tree.num_leaves)))[0]
    return "args" + _core.keystr(paths[i][0])


class Wrapped:
    """Functions that can be lowered: anything with lower and trace, as jit gives."""


def _trace(jitted, args, kwargs):
    jaxpr, out_tree = jitted._stage(args, kwargs)
    args, kwargs, donated = jitted._dynamic(args, kwargs)
    leaves_of = [_core.tree_structure(a).num_leaves for a in args]
    flags = [d for d, n in zip(donated, leaves_of) for _ in range(n)]
    flags += [False] * (len(jaxpr.in_avals) - len(flags))
    return Traced(jaxpr, getattr(jitted, "__name__", "<unnamed function>"), _core.tree_structure((args, kwargs)), out_tree, flags)


def _lower(jitted, args, kwargs):
    return _trace(jitted, args, kwargs).lower()


for _cls in (ArgInfo, Stage, Traced, Lowered, Compiled, Wrapped):
    _cls.__module__ = "jax.stages"
