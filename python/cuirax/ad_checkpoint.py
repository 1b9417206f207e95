"""jax.ad_checkpoint."""
from ._checkpoint import checkpoint, checkpoint_name, checkpoint_policies, remat
