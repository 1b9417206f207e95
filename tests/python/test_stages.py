"""jit(f).trace/lower/compile, views of programs, and errors that name the user's line."""
import concurrent.futures
import contextlib

import numpy as np
import pytest

import cuirax as jax
import cuirax.lax as lax
import cuirax.numpy as jnp
from cuirax import _core

X = np.arange(4, dtype="f4")


def evaluate(closed, *args):
    """A custom interpreter, as JAX's documentation writes one."""
    env = dict(zip(closed.jaxpr.invars, args)) | dict(zip(closed.jaxpr.constvars, closed.consts))

    def read(v):
        return v.val if type(v) is _core.Literal else env[v]
    for eqn in closed.jaxpr.eqns:
        out = eqn.primitive.bind(*[read(v) for v in eqn.invars], **eqn.params)
        env.update(zip(eqn.outvars, out if eqn.primitive.multiple_results else [out]))
    return [read(v) for v in closed.jaxpr.outvars]


def program(x):
    return (lax.scan(lambda c, y: (c + y * 2.0, (c, y)), 0.0, x), lax.cond(x.sum() > 0, lambda: x, lambda: x * 2), x[::2], x.at[1].add(2.0),
            lax.while_loop(lambda c: c < 3.0, lambda c: c + 1, x[0]), jax.jit(lambda y: y @ X)(x), jnp.sin(x) * X)


def test_interpreter_gives_the_same():
    closed = jax.make_jaxpr(program)(X)
    for got, want in zip(evaluate(closed, jnp.asarray(X)), closed(X), strict=True):
        np.testing.assert_array_equal(got, want)


def test_views():
    closed = jax.make_jaxpr(lambda x: (jnp.sin(x) * 2.0, jnp.cos(x))[0] + X)(X)
    sin, mul, cos, add = closed.eqns
    assert [e.primitive.name for e in closed.jaxpr.eqns] == ["sin", "mul", "cos", "add"]
    assert type(cos.outvars[0]) is _core.DropVar and isinstance(cos.outvars[0], _core.Var)
    assert type(mul.invars[1]) is _core.Literal and mul.invars[1].val == 2.0 and str(mul.invars[1].aval) == "float32[]"
    assert mul.invars[0] == sin.outvars[0] and hash(mul.invars[0]) == hash(sin.outvars[0]) and mul.invars[0] != closed.jaxpr.invars[0]
    assert closed.jaxpr.constvars == [add.invars[1]] and np.array_equal(closed.consts[0], X)
    assert sin.primitive is _core.primitive("sin") and repr(sin.primitive) == "sin"
    assert f"{__file__}:" in sin.source_info and sin.effects == frozenset()


def test_parameters_are_checked():
    dot = _core.primitive("dot_general")
    with pytest.raises(TypeError, match="dimension_numbers"):
        dot.bind(X, X)
    with pytest.raises(TypeError, match="no parameter 'colour'"):
        _core.primitive("sin").bind(X, colour=1)
    with pytest.raises(TypeError, match="2 operands"):
        _core.primitive("add").bind(X)
    with pytest.raises(LookupError):
        _core.primitive("no such operation")


def test_stages():
    traced = jax.jit(lambda n, x, *, k: {"a": x["q"] * n + k}, static_argnums=0).trace(3, {"q": X}, k=2.0)
    assert str(traced.out_info) == "{'a': ShapeDtypeStruct(shape=(4,), dtype=float32)}"
    lowered = traced.lower()
    assert lowered.in_tree == jax.tree.structure((({"q": 0},), {"k": 0})) and lowered.as_text("cuirax").startswith("cuirax-graph")
    assert "stablehlo." in lowered.as_text() and str(lowered.compiler_ir()) == lowered.as_text("stablehlo")
    assert "lambda" in lowered.as_text("jaxpr")
    compiled = lowered.compile()
    np.testing.assert_array_equal(compiled({"q": X}, k=1.0)["a"], X * 3 + 1)
    with pytest.raises(TypeError, match=r"\['q'\] compiled with float32\[4\] and called with float32\[2\]"):
        compiled({"q": X[:2]}, k=1.0)
    with pytest.raises(TypeError, match="input pytree"):
        compiled(X)
    with pytest.raises(NotImplementedError, match="cost"):
        compiled.cost_analysis()


def test_lowered_knows_donation():
    lowered = jax.jit(lambda x, y: x + y["a"], donate_argnums=1).lower(X, {"a": X})
    assert [a.donated for a in jax.tree.leaves(lowered.args_info)] == [False, True]


def test_run_time_errors_name_the_line():
    def log_of(x):
        return _core.primitive("log").bind(x) + 1  # the line

    with jax.debug_nans(True), pytest.raises(FloatingPointError, match=r"in log\nAt: .*test_stages.py:\d+ in .*log_of, where log was traced: return .*# the line"):
        jax.jit(log_of)(-1.0)


def test_callback_errors_name_the_line():
    def fail(x):
        raise ValueError("not today")
    with pytest.raises(ValueError, match="not today") as caught:
        jax.jit(lambda x: jax.pure_callback(fail, jax.ShapeDtypeStruct((), "float32"), x))(1.0)
    assert "test_stages.py" in caught.value.__notes__[0]


def leak_into(kept):
    def leaky(x):
        kept.append(x * 2)
        return x
    return leaky


def test_leaked_values_name_function_and_line():
    kept = []
    jax.jit(leak_into(kept))(1.0)
    with pytest.raises(jax.errors.UnexpectedTracerError, match=r"leaky traced for jit[^$]*test_stages.py:\d+:\d+ \(leak_into.<locals>.leaky\)"):
        kept[0] + 1


def test_leaks_are_found_early():
    kept = []
    with jax.checking_leaks():
        with pytest.raises(Exception, match=r"Leaked trace DynamicJaxprTrace. Leaked tracer\(s\):\n\nJitTracer\(~float32\[\]\)\n.* is referred to by <list "):
            jax.jit(leak_into(kept))(1.0)
        assert jax.jit(lambda x: jax.grad(lambda y: jnp.sin(y) * x)(x))(0.0) == 0.0


@pytest.mark.parametrize("leaks", ["jit", "vmap", "scan", "while", "cond", "checkpoint", "vmap of grad", "grad of jit", "eval_shape"])
def test_leaks_are_found_in(leaks):
    kept = []
    leaky = leak_into(kept)
    calls = {
        "jit": lambda: jax.jit(leaky)(1.0), "vmap": lambda: jax.vmap(leaky)(X), "scan": lambda: lax.scan(lambda c, x: (leaky(c), x), 1.0, X),
        "while": lambda: lax.while_loop(lambda c: c < 3, lambda c: leaky(c) + 1, 1.0), "cond": lambda: lax.cond(X[0] > 1, leaky, leaky, 1.0),
        "checkpoint": lambda: jax.checkpoint(leaky)(1.0), "vmap of grad": lambda: jax.vmap(jax.grad(leaky))(X),
        "grad of jit": lambda: jax.grad(jax.jit(leaky))(1.0), "eval_shape": lambda: jax.eval_shape(leaky, 1.0),
    }
    calls[leaks]()
    kept.clear()
    with jax.checking_leaks(), pytest.raises(Exception, match="Leaked trace .*Trace. Leaked tracer"):
        calls[leaks]()


def test_no_leaks_without_leaks():
    def f(x):
        return jnp.sin(x) * 2
    with jax.checking_leaks():
        for _ in range(2):
            jax.jit(f)(1.0), jax.vmap(jax.grad(f))(X), jax.hessian(f)(1.0), jax.jit(jax.grad(jax.jit(f)))(1.0)
            lax.scan(lambda c, x: (f(c), x), 1.0, X), jax.vmap(lambda x: lax.cond(x > 1, f, lambda y: y, x))(X)


def test_settings_of_the_process_reach_other_threads():
    def other_thread(f):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(f).result()

    def settings():
        c = jax.config
        return c.jax_debug_nans, c.jax_disable_jit, c.jax_enable_x64, c.jax_check_tracer_leaks, c.jax_numpy_rank_promotion, c.jax_log_compiles
    start = settings()
    with jax.debug_nans(True), jax.disable_jit(), jax.enable_x64(True), jax.checking_leaks(), jax.numpy_rank_promotion("raise"), jax.log_compiles(True):
        assert settings() == (True, True, True, True, "raise", True)
        assert other_thread(settings) == start
    assert settings() == start
    for name, value in [("jax_debug_nans", True), ("jax_disable_jit", True), ("jax_numpy_rank_promotion", "raise"), ("jax_enable_x64", True)]:
        was = getattr(jax.config, name)
        other_thread(lambda: jax.config.update(name, value))
        try:
            assert getattr(jax.config, name) == value == other_thread(lambda: getattr(jax.config, name))
            with pytest.raises(FloatingPointError) if name == "jax_debug_nans" else contextlib.nullcontext():
                other_thread(lambda: jnp.log(jnp.float32(-1)))
        finally:
            jax.config.update(name, was)
    assert settings() == start
