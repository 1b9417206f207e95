"""Real JAX, the oracle, and Cuirax live side by side in the test process; JAX computes on the CPU only."""
import os
import pathlib

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import pytest  # noqa: E402

KERNELS = pathlib.Path(__file__).parent / "kernels"


@pytest.fixture(autouse=True)
def x64_of_the_folder(request):
    """The kernels are compared in 64 bits, all else starts from JAX's default."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", KERNELS in request.path.parents)
    yield
    jax.config.update("jax_enable_x64", before)
