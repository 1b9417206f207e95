"""Real JAX, the oracle, and Cuirax live side by side in the test process; JAX computes on the CPU only."""
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_CHECKS", "0")
