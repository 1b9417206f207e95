"""Runs the C test programs and pytest, shows progress, and ends with one line: N passed, N failed.

A C test program prints `N passed, N failed` as its last line; one that dies or prints nothing counts as one failure.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parent.parent
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
C_TIMEOUT = 600


def run_c_test(program):
    """(passed, failed) of one program; its output is shown only when something failed."""
    start = time.monotonic()
    try:
        done = subprocess.run([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=C_TIMEOUT, cwd=ROOT)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as e:
        output, code = (e.stdout or b"").decode(errors="replace") + f"\nno end after {C_TIMEOUT} s\n", -1
    counts = COUNTS.findall(output)
    passed, failed = map(int, counts[-1]) if counts else (0, 0)
    if not counts or (code != 0 and failed == 0):
        failed += 1
    print(f"{program.parent.parent.name}/{program.name}: {passed} passed, {failed} failed "
          f"({time.monotonic() - start:.1f} s)" + (f", exit status {code}" if code else ""), flush=True)
    if failed:
        print(output[-8000:], flush=True)
    return passed, failed


def has_module(name):
    import importlib.util
    return importlib.util.find_spec(name) is not None


def run_pytest(paths):
    report = ROOT / "build" / "pytest.xml"
    report.parent.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *paths]
    if has_module("xdist"):
        command += ["-n", os.environ.get("CUIRAX_TEST_JOBS", "2")]
    if has_module("pytest_timeout"):
        command += ["--timeout=300"]
    env = dict(os.environ, PYTHONPATH=str(ROOT / "python"))
    code = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL).returncode
    if code == 5:
        return 0, 0, 0
    if not report.is_file():
        return 0, 1, 0
    tests = failed = skipped = 0
    for suite in ET.parse(report).getroot().iter("testsuite"):
        tests += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    passed = max(tests - failed - skipped, 0)
    if code != 0 and failed == 0:
        failed = 1
    return passed, failed, skipped


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--c", action="append", default=[], help="a folder of C test programs")
    parser.add_argument("--pytest", action="append", default=[], help="a path for pytest")
    args = parser.parse_args()
    passed = failed = skipped = 0
    for folder in args.c:
        for program in sorted(p for p in (ROOT / folder).glob("*") if (ROOT / "tests" / "c" / f"{p.name}.c").is_file()):
            p, f = run_c_test(program)
            passed, failed = passed + p, failed + f
    paths = [p for p in args.pytest if (ROOT / p).exists()]
    if paths:
        p, f, s = run_pytest(paths)
        passed, failed, skipped = passed + p, failed + f, skipped + s
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 1 if failed or not passed else 0


sys.exit(main())
