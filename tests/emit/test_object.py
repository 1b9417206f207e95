"""An object file of the emitter links into a position-independent program and a shared library, and runs."""
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DUMPER = ROOT / "build" / "tests" / "test_emit_object"
MAIN = r"""
#include <stdint.h>
#include <stdio.h>
int32_t axpy(void *const *), total(void *const *);
int32_t tally(void *const *p) { *(float *)p[1] += *(float *)p[0]; return 0; }
static float x[1001], y[1002], sum;
int main(void) {
  for (int i = 0; i < 1001; i++) x[i] = i, y[i] = 1;
  y[1001] = -5;
  void *both[] = {x, y}, *one[] = {x, &sum};
  if (axpy(both) || total(one)) return 1;
  for (int i = 0; i < 1001; i++) if (y[i] != 3 * x[i] + 1) return 2;
  return y[1001] == -5 && sum == 500500 ? 0 : 3;
}
"""


@pytest.mark.skipif(not (shutil.which("gcc") and shutil.which("readelf") and DUMPER.exists()), reason="needs gcc, binutils and make ctests")
def test_links_and_runs(tmp_path):
    obj, main = tmp_path / "made.o", tmp_path / "main.c"
    subprocess.run([DUMPER, "dump", obj], check=True, capture_output=True)
    if not obj.exists():
        pytest.skip("this machine has no AVX2")
    main.write_text(MAIN)
    strict = ["-Wl,--fatal-warnings", "-Wl,-z,text", "-Wl,-z,noexecstack"]
    subprocess.run(["gcc", "-fPIE", "-pie", *strict, "-o", tmp_path / "run", main, obj], check=True)
    subprocess.run([tmp_path / "run"], check=True)
    subprocess.run(["gcc", "-fPIC", "-shared", *strict, "-o", tmp_path / "lib.so", obj], check=True)
    headers = subprocess.run(["readelf", "-rSW", obj], check=True, capture_output=True, text=True)
    assert not headers.stderr
    relocations = [line.split() for line in headers.stdout.splitlines() if "R_X86_64" in line]
    assert [(r[2], r[4]) for r in relocations] == [("R_X86_64_GOTPCRELX", "tally")]
