"""Real JAX, the oracle, and Cuirax live side by side in the test process; JAX computes on the CPU only.

CUIRAX_SHORT=1 is the short form of the tests, for `make check`: it leaves out what is marked `thorough` and thins long tables."""
import os
import pathlib

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import pytest  # noqa: E402

KERNELS = pathlib.Path(__file__).parent / "kernels"


def pytest_configure(config):
    config.addinivalue_line("markers", "thorough: takes long and repeats what shorter tests cover; left out of the short form")


def pytest_collection_modifyitems(config, items):
    if os.environ.get("CUIRAX_SHORT"):
        thorough = [i for i in items if i.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=thorough)
        items[:] = [i for i in items if not i.get_closest_marker("thorough")]


CLEAR_AFTER = 250  # tests; every case compiles anew, and JAX keeps what it compiled
_done = 0


def pytest_runtest_teardown(item):
    global _done
    _done += 1
    if _done % CLEAR_AFTER == 0:
        jax.clear_caches()


@pytest.fixture(autouse=True)
def x64_of_the_folder(request):
    """The kernels are compared in 64 bits, all else starts from JAX's default."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", KERNELS in request.path.parents)
    yield
    jax.config.update("jax_enable_x64", before)
