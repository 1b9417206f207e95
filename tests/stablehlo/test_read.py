"""StableHLO that real JAX writes, read and run here: the results must be JAX's."""
import jax
import numpy as np
import pytest
from cuirax import _core

import programs


def agree(ours, theirs):
    assert len(ours) == len(theirs)
    for a, b in zip(map(np.asarray, ours), theirs):
        assert a.dtype == b.dtype and a.shape == b.shape
        exact = b.dtype.kind in "biu" or "int" in str(b.dtype)
        if exact:
            np.testing.assert_array_equal(a, b)
        elif b.dtype.kind == "c":
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)
        else:
            wide = 2e-5 if b.dtype == np.float32 else 2e-2
            np.testing.assert_allclose(a.astype("f8"), b.astype("f8"), rtol=wide, atol=wide)


def run(code, name):
    return _core.stablehlo_parse(code)._run("main", tuple(jax.tree_util.tree_leaves(programs.PROGRAMS[name][1:])))


@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_bytecode(name):
    agree(run(programs.artifact(name), name), programs.results(name))


@pytest.mark.parametrize("version", ["0.20.0", "1.0.0", "1.6.0", "1.13.7"])
@pytest.mark.parametrize("name", ["mlp", "scan", "indexing", "sort", "convolution"])
def test_versions(name, version):
    agree(run(programs.artifact(name, version), name), programs.results(name))


@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_text(name):
    """The pretty form that JAX prints (with functions of CHLO), with places in source, and the generic form."""
    low = programs.lowered(name)
    graph = _core.stablehlo_parse(low.as_text()).graph_text()
    assert _core.stablehlo_parse(low.as_text(debug_info=True)).graph_text() == graph
    generic = low.compiler_ir("stablehlo").operation.get_asm(print_generic_op_form=True)
    assert _core.stablehlo_parse(generic).graph_text() == graph
    agree(run(low.as_text(), name), programs.results(name))
