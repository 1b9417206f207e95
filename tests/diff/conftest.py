"""Makes one test of every case of a file's table (differential.py)."""


def pytest_generate_tests(metafunc):
    if "differential_case" in metafunc.fixturenames:
        cases = metafunc.module.case.all
        metafunc.parametrize("differential_case", cases, ids=[c.name for c in cases])
