"""Modules and context managers that ordinary programs import and use."""
import importlib
import threading

import numpy as np
import pytest

import cuirax as jax
import cuirax.numpy as jnp

A, B, I = np.ones((2, 3), "f4"), jnp.asarray(np.ones(3, "f4")), jnp.asarray([1, 2, 3])


@pytest.mark.parametrize("name", ["core", "extend.core", "extend.core.primitives", "typing", "sharding", "profiler", "custom_derivatives", "flatten_util",
                                  "stages", "dtypes", "tree", "tree_util", "errors", "experimental", "debug", "ad_checkpoint"])
def test_imports(name):
    assert importlib.import_module("cuirax." + name).__name__ == "cuirax." + name


@pytest.mark.parametrize("name", ["shard_map", "scipy.nothing", "no_such_name"])
def test_absent_names(name):
    with pytest.raises(AttributeError):
        value = jax
        for part in name.split("."):
            value = getattr(value, part)


def test_ravel_pytree():
    flat, unravel = jax.flatten_util.ravel_pytree({"a": np.ones(2, "f4"), "b": (3, [jnp.asarray([[1.5]])])})
    np.testing.assert_array_equal(flat, [1, 1, 3, 1.5])
    back = unravel(flat * 2)
    assert back["b"][0].dtype == "int32" and back["b"][1][0].shape == (1, 1) and back["b"][0] == 6
    with pytest.raises(ValueError):
        unravel(flat[:2])


def test_rank_promotion():
    with jax.numpy_rank_promotion("raise"):
        with pytest.raises(ValueError, match="rank_promotion"):
            A + B
        jnp.asarray(A) + 1
    with jax.numpy_rank_promotion("warn"), pytest.warns(UserWarning, match="rank promotion"):
        A + B
    assert (A + B).shape == (2, 3)


def test_strict_dtypes():
    with jax.numpy_dtype_promotion("strict"):
        assert (B + 1).dtype == "float32" and (I + 1).dtype == "int32"
        for other in (B, 1.5):
            with pytest.raises(jax.dtypes.TypePromotionError):
                I + other
    assert (I + B).dtype == "float32"


def test_log_compiles(caplog):
    with jax.log_compiles():
        jax.jit(lambda x: x)(1)
    assert "Compiling <lambda>" in caplog.text


def test_compile_time_eval():
    def f(x):
        with jax.ensure_compile_time_eval():
            n = int(jnp.asarray(3) * 2)
        return x + n
    assert jax.jit(f)(1) == 7 and jax.make_jaxpr(f)(1).n_eqns == 1


def test_pmap_on_one_device():
    assert jax.pmap(lambda x: x + 1)(np.zeros((1, 3), "f4")).shape == (1, 3)
    with pytest.raises(ValueError):
        jax.pmap(lambda x: x + 1)(np.zeros((2, 3), "f4"))


def test_threads():
    """jit calls, staging and eager operations from several threads at once."""
    f, wrong = jax.jit(lambda x, n: x * 2 + n, static_argnums=1), []

    def work(k):
        for n in range(60):
            x = jnp.asarray(np.full(5 + n % 3, k, "f4"))
            if float(f(x, n % 7)[0]) != 2 * k + n % 7 or float((x + 1)[0]) != k + 1 or float(jax.grad(lambda y: y * y)(float(k))) != 2 * k:
                wrong.append((k, n))
    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not wrong


def test_memory_stays_flat():
    def resident():
        with open("/proc/self/statm") as f:
            return int(f.read().split()[1]) * 4096
    step, grad, mapped, x = jax.jit(lambda v: v * 2), jax.grad(lambda v: jnp.sin(v).sum()), jax.vmap(lambda v: v + 1), jnp.asarray(A)

    def rounds(n):
        for _ in range(n):
            x + 1, step(x), grad(x), mapped(x), f"{jax.make_jaxpr}"
    rounds(2000)
    before = resident()
    rounds(8000)
    assert resident() - before < 2 << 20


def test_after_fork():
    import os
    assert float(jax.jit(lambda v: v + 1)(1.0)) == 2.0
    pid = os.fork()
    if pid == 0:
        os._exit(0 if float(jax.jit(lambda v: (v @ v) + 1)(B)) == 4.0 else 1)
    assert os.waitpid(pid, 0)[1] == 0
