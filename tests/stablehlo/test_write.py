"""StableHLO that Cuirax writes, read and run by real JAX's compiler: the results must be those of the program."""
import jax
import numpy as np
import pytest
from cuirax import _core
from jax._src import xla_bridge
from jax._src.interpreters import mlir
from jaxlib import _jax
from jaxlib.mlir import ir

import programs
from test_read import agree


def run_there(program, args):
    """By jaxlib, which parses and verifies text or portable bytecode."""
    with mlir.make_ir_context():
        module = ir.Module.parse(program) if isinstance(program, str) else _jax.mlir.deserialize_portable_artifact(program)
        module.operation.verify()
        code = mlir.module_to_bytecode(module)
    client = xla_bridge.get_backend("cpu")
    program = client.compile_and_load(code, _jax.DeviceList(tuple(client.local_devices()[:1])), _jax.CompileOptions())
    out = program.execute_sharded([jax.device_put(a) for a in args]).disassemble_into_single_device_arrays()
    return [np.asarray(r[0]) for r in out]


@pytest.mark.parametrize("name", [n for n in programs.PROGRAMS if n != "linalg"])
def test_text(name):
    """A program of JAX, read, written in both forms, and read there and here."""
    args = jax.tree_util.tree_leaves(programs.PROGRAMS[name][1:])
    program = _core.stablehlo_parse(programs.lowered(name).as_text())
    text, generic = (_core.stablehlo_text(program, "program", g) for g in (False, True))
    again = _core.stablehlo_parse(text)
    assert _core.stablehlo_parse(generic).graph_text() == again.graph_text()
    theirs = programs.results(name)
    agree(again._run("main", tuple(args)), theirs)
    agree(run_there(text, args), theirs)


@pytest.mark.parametrize("name", ["add", "several results", "reductions", "indexing", "convolution gradient", "pooling", "mlp", "scan", "switch", "constants",
                                  "small types", "booleans"])
def test_bytecode(name):
    """The same as portable bytecode, which gives the same graph as the text and is smaller than JAX's own."""
    args = jax.tree_util.tree_leaves(programs.PROGRAMS[name][1:])
    artifact = programs.artifact(name)
    program = _core.stablehlo_parse(artifact)
    code = _core.stablehlo_bytecode(program)
    assert len(code) < len(artifact)
    assert _core.stablehlo_parse(code).graph_text() == _core.stablehlo_parse(_core.stablehlo_text(program, "program")).graph_text()
    agree(run_there(code, args), programs.results(name))


def test_without_a_form():
    """What has no StableHLO form is refused by name."""
    import cuirax
    import cuirax.numpy
    with pytest.raises(NotImplementedError, match="chlo.lgamma"):
        _core.stablehlo_bytecode(cuirax.make_jaxpr(cuirax.lax.lgamma)(programs.X))
    with pytest.raises(NotImplementedError, match="key"):
        cuirax.jit(lambda k: k).lower(cuirax.random.key(0)).as_text()


def layers(jnp, lax, w, x):
    return lax.fori_loop(0, 3, lambda i, v: jnp.tanh(v @ w) + i, x)


def steps(jnp, lax, x):
    return lax.scan(lambda c, v: (c * 0.5 + v.sum(), (jnp.sin(c), v[::-1])), x[0, 0], x, reverse=True)


OWN = {
    "arithmetic": (lambda jnp, lax, x: [x ** 3, x ** -2, x / 2 + 1, jnp.exp2(x), jnp.round(x), x % 2, jnp.where(x > 0, x, 0), jnp.clip(x, -1, 1)], programs.X),
    "types": (lambda jnp, lax, x: [x.astype(bool), (x * 1j).imag, x.astype("int8"), lax.bitcast_convert_type(x, "int32")], programs.X),
    "reductions": (lambda jnp, lax, x: [x.sum(), x.max(0), jnp.argmax(x, 1), jnp.argmin(x), (x > 0).any(1), jnp.cumsum(x, 0), lax.cummax(x, 1, reverse=True)], programs.X),
    "shapes": (lambda jnp, lax, x: [x.T.reshape(2, 6), jnp.pad(x, 2), jnp.split(x, 2, 1), jnp.tile(x, (2, 3)), x[:, ::-2], jnp.concatenate([x, x], 1)], programs.X),
    "indexing": (lambda jnp, lax, x, i: [x[i], x.at[i].get(mode="fill", fill_value=7.), x.at[i].set(1., mode="clip"), x.at[i].add(2.), x.at[i, 1].max(0.),
                                         lax.dynamic_slice(x, (i[0], 0), (2, 2))], programs.X, programs.I),
    "products": (lambda jnp, lax, x, y: [x @ y, jnp.einsum("ij,ij->i", x, x)], programs.X, programs.Y),
    "convolution": (lambda jnp, lax, x, k: lax.conv_general_dilated(x, k, (2, 1), "SAME", rhs_dilation=(1, 2), dimension_numbers=("NHWC", "HWIO", "NHWC")),
                    programs.IMAGE, programs.KERNEL),
    "sort": (lambda jnp, lax, x: [jnp.sort(x), jnp.argsort(x), lax.sort((x, x), num_keys=2), lax.top_k(x, 2)], programs.V),
    "loop": (layers, programs.RNG.standard_normal((4, 4)).astype("f4"), programs.X),
    "scan": (steps, programs.X),
    "branches": (lambda jnp, lax, i, x: [lax.switch(i + k, [lambda v: v, lambda v: v * 2, lambda v: v.sum() + v], x) for k in (-5, 0, 5)], np.int32(1), programs.X),
    "while": (lambda jnp, lax, n, x: lax.while_loop(lambda s: s[0] < n, lambda s: (s[0] + 1, s[1] * x), (0, x)), np.int32(3), programs.X),
}


@pytest.mark.parametrize("name", OWN)
def test_lowered(name):
    """jit(f).lower(…).as_text() of Cuirax, run by jaxlib, gives what JAX computes."""
    import cuirax
    import cuirax.numpy
    f, *args = OWN[name]
    text = cuirax.jit(lambda *a: f(cuirax.numpy, cuirax.lax, *a)).lower(*args).as_text()
    theirs = jax.tree_util.tree_leaves(jax.jit(lambda *a: f(jax.numpy, jax.lax, *a))(*args))
    assert text.startswith("module @jit_")
    agree(run_there(text, args), theirs)
