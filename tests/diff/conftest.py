"""Makes one test of every case of a file's table (differential.py). With CUIRAX_SHORT=1 (`make check`) a long table gives a
sixteenth of its cases, spread evenly; `make test` runs them all."""
import os

STRIDE = 16
SHORT_TABLE = 20


def pytest_generate_tests(metafunc):
    if "differential_case" in metafunc.fixturenames:
        cases = metafunc.module.case.all
        if os.environ.get("CUIRAX_SHORT") and len(cases) > SHORT_TABLE:
            cases = cases[::STRIDE]
        metafunc.parametrize("differential_case", cases, ids=[c.name for c in cases])
