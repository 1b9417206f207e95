"""The main job: examples/digits.py gives the same losses under Cuirax as under real JAX, at every step."""
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENV = dict(os.environ, PYTHONPATH=str(ROOT / "python"), JAX_PLATFORMS="cpu")


def train(folder, *interpreter):
    """(losses, what the program printed)"""
    losses, picture = folder / "losses.txt", folder / "digits.png"
    done = subprocess.run([sys.executable, *interpreter, str(ROOT / "examples" / "digits.py"), str(picture),
                           "--losses", str(losses)], env=ENV, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-4000:]
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 10_000
    return np.loadtxt(losses), done.stdout


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return train(tmp_path_factory.mktemp("ours"), "-m", "cuirax")


def test_losses_equal_real_jax_at_every_step(ours, tmp_path):
    theirs, _ = train(tmp_path)
    assert len(theirs) == 20 * 22
    np.testing.assert_allclose(ours[0], theirs, rtol=1e-4)


def test_accuracy_is_at_least_97_percent(ours):
    last = ours[1].strip().splitlines()[-1]
    assert last.startswith("test accuracy ") and float(last.split()[2]) >= 97.0
    assert sum(line.startswith("epoch ") for line in ours[1].splitlines()) == 20
