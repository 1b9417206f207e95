"""examples/digits.c prints the losses of examples/digits.py under real JAX, step by step."""
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENV = dict(os.environ, JAX_PLATFORMS="cpu")
BUILDS = ["build", "build-san"]


def run(*command):
    done = subprocess.run([str(c) for c in command], env=ENV, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("digits") / "digits.bin"
    run(sys.executable, ROOT / "scripts" / "make_digits_data.py", path)
    return path


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theirs")
    run(sys.executable, ROOT / "examples" / "digits.py", folder / "digits.png", "--losses", folder / "losses.txt")
    return np.loadtxt(folder / "losses.txt")


@pytest.mark.parametrize("build", BUILDS)
def test_losses(data, theirs, tmp_path, build):
    program = ROOT / build / "examples" / "digits"
    if not program.is_file():
        pytest.skip(f"{build}/examples/digits is not built")
    last = run(program, data, tmp_path / "losses.txt").strip().splitlines()[-1]
    np.testing.assert_allclose(np.loadtxt(tmp_path / "losses.txt"), theirs, rtol=1e-4)
    assert last.startswith("epoch 20/20") and float(last.split()[-2]) >= 97.0


def test_bad_files(data, tmp_path):
    program = ROOT / "build" / "examples" / "digits"
    cut = tmp_path / "cut.bin"
    cut.write_bytes(data.read_bytes()[:5000])
    for path in (tmp_path / "missing", cut):
        done = subprocess.run([program, path], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and "cannot read" in done.stderr
