"""python -m cuirax runs programs as the interpreter does, with the name jax resolving to Cuirax."""
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENV = dict(os.environ, PYTHONPATH=str(ROOT / "python"), PYTHONDONTWRITEBYTECODE="1")
OURS = ["-m", "cuirax"]


def python(*arguments, cwd=None, stdin=""):
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=ENV, input=stdin, capture_output=True, text=True,
                          timeout=60)
    return done.returncode, done.stdout, done.stderr


def same(*arguments, **options):
    """The program's status, output and traceback are those of the bare interpreter."""
    bare, ours = python(*arguments, **options), python(*OURS, *arguments, **options)
    assert ours == bare
    return ours


PROGRAMS = {
    "globals": "print(sorted(globals()), __name__, __file__, __spec__, type(__loader__).__name__)",
    "argv_and_path": "import sys; print(sys.argv, sys.path[0])",
    "main_module": "import __main__; x = 5; print(__main__.x, __main__.__file__)",
    "pickle_main": "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)",
    "exit_number": "import sys; sys.exit(5)",
    "exit_text": "import sys; sys.exit('a message')",
    "exit_none": "raise SystemExit",
    "uncaught": "def f():\n    raise ValueError('boom')\nf()",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('x') from e",
    "interrupt": "raise KeyboardInterrupt",
    "syntax": "x = (",
    "excepthook": "import sys\nsys.excepthook = lambda t, v, tb: print('hook', t.__name__, tb.tb_lineno)\n1 / 0",
    "atexit": "import atexit; atexit.register(print, 'bye'); 1 / 0",
    "inspect": "import inspect\ndef f(): pass\nprint(inspect.getsource(f))",
    "future": "from __future__ import annotations\ndef f(x: nothing): pass\nprint(f.__annotations__)",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_script_runs_as_in_the_interpreter(name, tmp_path):
    text = PROGRAMS[name]
    (tmp_path / "program.py").write_text(text)
    same("program.py", "-x", "two words", cwd=tmp_path)
    same("./program.py", cwd=tmp_path)
    same(str(tmp_path / "program.py"))


@pytest.mark.parametrize("name", sorted(PROGRAMS.keys() - {"inspect", "globals", "main_module"}))
def test_code_option(name, tmp_path):
    same("-c", PROGRAMS[name], "a", "b", cwd=tmp_path)


@pytest.mark.parametrize("name", ["argv_and_path", "exit_number", "uncaught", "interrupt"])
def test_module_option(name, tmp_path):
    (tmp_path / "program.py").write_text(PROGRAMS[name])
    same("-m", "program", "a", cwd=tmp_path)


def test_missing_things(tmp_path):
    same("nothing_here.py", cwd=tmp_path)
    same("-m", "nothing_here", cwd=tmp_path)
    assert python(*OURS, "--unknown")[0] == 1
    assert python(*OURS, "-c")[0] == 1


def test_standard_input(tmp_path):
    same("-", stdin="import sys; print(sys.argv); 1 / 0", cwd=tmp_path)


def test_folder_with_main(tmp_path):
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "__main__.py").write_text("import sys, other; print(sys.argv, other.x, __name__); 1 / 0")
    (tmp_path / "program" / "other.py").write_text("x = 3")
    same("program", "a", cwd=tmp_path)


def test_script_imports_its_neighbour(tmp_path):
    (tmp_path / "program.py").write_text("import neighbour; print(neighbour.x)")
    (tmp_path / "neighbour.py").write_text("x = 3")
    same("program.py", cwd=tmp_path)


def test_jax_is_cuirax():
    code, out, err = python(*OURS, "-c", "import jax, jaxlib, cuirax, sys\n"
                            "print(jax is cuirax, jax.__version__, jaxlib.__version__, jax.__spec__.name)")
    assert (code, out) == (0, "True 0.10.2 0.10.2 cuirax\n"), err


def test_missing_module_names_cuirax():
    code, out, err = python(*OURS, "-c", "import jax.no_such_module")
    assert code == 1 and "No module named 'jax.no_such_module'" in err and "cuirax" in err
    code, out, err = python(*OURS, "-c", "try:\n    from jax._src import nothing\nexcept ImportError: print('caught')")
    assert out == "caught\n"


def test_install_and_uninstall():
    code, out, err = python("-c", "import cuirax, sys\n"
                            "cuirax.install(); cuirax.install()\nimport jax\nassert jax is cuirax\n"
                            "cuirax.uninstall()\nassert 'jax' not in sys.modules\n"
                            "import jax\nassert jax is not cuirax and 'site-packages' in jax.__file__")
    assert code == 0, err


def test_install_after_real_jax_is_refused():
    code, out, err = python("-c", "import jax, cuirax; cuirax.install()")
    assert code == 1 and "RuntimeError" in err and "call install() first" in err


def test_real_jax_and_cuirax_side_by_side():
    code, out, err = python("-c", "import cuirax, jax; assert jax is not cuirax")
    assert code == 0, err


def test_importing_cuirax_is_light():
    code, out, err = python("-c", "import cuirax, sys; print('numpy' in sys.modules, 'jax' in sys.modules)")
    assert (code, out) == (0, "False False\n"), err
