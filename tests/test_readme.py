"""The tours of README.md run as printed."""
import math
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENV = dict(os.environ, PYTHONPATH=str(ROOT / "python"))


def block(language):
    return re.search(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.S).group(1)


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, env=ENV, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def test_python_tour(tmp_path):
    (tmp_path / "tour.py").write_text(block("python"))
    out = run(sys.executable, "-m", "cuirax", "tour.py", cwd=tmp_path)
    assert float(out.split()[0]) < 0.2 and "{ lambda ;" in out
    jaxpr = out[out.index("{ lambda"):]
    theirs = run(sys.executable, "tour.py", cwd=tmp_path)
    assert abs(float(out.split()[0]) - float(theirs.split()[0])) < 1e-5
    assert jaxpr.splitlines()[0] == theirs[theirs.index("{ lambda"):].splitlines()[0]


def test_c_tour(tmp_path):
    if not (ROOT / "build" / "libcuirax.a").is_file():
        pytest.fail("build/libcuirax.a is missing: run make first")
    (tmp_path / "tour.c").write_text(block("c"))
    command = re.search(r"^    cc (.*)$", (ROOT / "README.md").read_text(), re.M).group(1).split()
    paths = [a.replace("-I", f"-I{ROOT}/") if a.startswith("-I") else f"{ROOT}/{a}" if a.startswith("build/") else a for a in command]
    run(os.environ.get("CC", "cc"), *paths, "-o", "tour", cwd=tmp_path)
    out = run(str(tmp_path / "tour"), cwd=tmp_path)
    x = [0.1, 0.2, 0.3]
    value, slope = map(float, re.fullmatch(r"(\S+), first slope (\S+)\n", out).groups())
    assert value == pytest.approx(sum(math.sin(v) * v for v in x), rel=1e-5)
    assert slope == pytest.approx(math.cos(0.1) * 0.1 + math.sin(0.1), rel=1e-5)
