"""Ops large enough to be shared among threads (src/kernels/split.c): the same values as NumPy, the same bits as on one thread."""
import os
import subprocess
import sys

import cuirax
import cuirax.numpy as jnp
import numpy as np
import pytest

WIDE = np.random.RandomState(0).rand(3, 1, 70000).astype("f4")
SQUARE = np.random.RandomState(1).rand(500, 700).astype("f4")


def same(got, want):
    np.testing.assert_allclose(np.asarray(got), want, rtol=1e-5)


def test_elementwise():
    same(jnp.add(SQUARE, SQUARE[0]), SQUARE + SQUARE[0])
    same(jnp.multiply(WIDE, WIDE[:, :, ::-1].copy()), WIDE * WIDE[:, :, ::-1])
    same(jnp.add(WIDE, SQUARE[:5, :1]), WIDE + SQUARE[:5, :1])
    assert (np.asarray(cuirax.jit(lambda x: x.astype("int32"))(SQUARE * 100)) == (SQUARE * 100).astype("i4")).all()


@pytest.mark.parametrize("axis", [0, 1, 2, (0, 2), (1, 2), (0, 1), None])
def test_sums(axis):
    same(jnp.sum(WIDE, axis=axis), WIDE.sum(axis, dtype="f8"))


BITS = """
import cuirax.numpy as jnp, numpy as np, hashlib
x = np.random.RandomState(2).rand(300, 1000).astype("f4")
print(hashlib.sha256(b"".join(np.asarray(v).tobytes() for v in (jnp.sin(x), x.sum() + jnp.sum(x, axis=1), jnp.sum(x, axis=0)))).hexdigest())
"""


def test_same_bits_for_any_number_of_threads():
    def run(threads):
        env = dict(os.environ, CUIRAX_NUM_THREADS=threads, PYTHONPATH=os.path.dirname(os.path.dirname(cuirax.__file__)))
        return subprocess.run([sys.executable, "-c", BITS], env=env, capture_output=True, text=True, check=True).stdout
    assert run("1") == run("2") == run("7")
