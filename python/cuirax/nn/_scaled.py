"""Products of block-scaled numbers in 8 and 4 bits: configurations, and what a CPU can do with them."""
import dataclasses

from .. import _core


@dataclasses.dataclass
class BlockScaleConfig:
    """How operands are cut into blocks with a scale each."""
    mode: str
    block_size: int
    data_type: object
    scale_type: object
    global_scale: object
    infer_only: bool


def get_scaled_dot_general_config(mode, global_scale=None):
    """The configuration of a mode: 'nvfp4' or 'mxfp8'."""
    from .. import numpy as jnp
    if mode == "nvfp4":
        return BlockScaleConfig(mode, 16, jnp.float4_e2m1fn, jnp.float8_e4m3fn, jnp.ones((1,), "float32") if global_scale is None else global_scale, False)
    if mode == "mxfp8":
        return BlockScaleConfig(mode, 32, jnp.float8_e4m3fn, jnp.float8_e8m0fnu, None, False)
    raise ValueError(f"Unsupported mode: {mode}")


def _scaled_shapes(a, b, a_scales, b_scales):
    if any(x.ndim != 3 for x in (a, b, a_scales, b_scales)):
        raise ValueError("scaled_matmul requires all inputs to be 3-dimensional arrays")
    if a.shape[::2] != b.shape[::2]:
        raise ValueError(f"scaled_matmul requires inputs a and b to have matching batch (B) and contract (K) dimensions, but got shapes {a.shape} and {b.shape}")
    if a_scales.shape[::2] != b_scales.shape[::2]:
        raise ValueError("scaled_matmul requires scales to have matching batch (B) and contract (K) dimensions, but got shapes "
                         f"{a_scales.shape} and {b_scales.shape}")
    if a_scales.shape[1] != a.shape[1] or b_scales.shape[1] != b.shape[1]:
        raise ValueError("scaled_matmul requires scales to match non-contract dimensions of inputs")


def scaled_matmul(lhs, rhs, lhs_scales, rhs_scales, preferred_element_type="float32"):
    """Products of block-scaled matrices: for GPUs only, as in JAX."""
    _scaled_shapes(*map(_core.asarray, (lhs, rhs, lhs_scales, rhs_scales)))
    raise NotImplementedError("scaled_matmul is not available on the CPU: multiply by the scales, then use jax.numpy.matmul")


def scaled_dot_general(lhs, rhs, dimension_numbers, preferred_element_type="float32", configs=None, implementation=None):
    """dot_general; with configurations of block scales for GPUs only, as in JAX."""
    if configs is not None:
        raise NotImplementedError("scaled_dot_general with configs is not available on the CPU: leave configs out for a full-precision product")
    from .. import lax
    return lax.dot_general(lhs, rhs, dimension_numbers, preferred_element_type=preferred_element_type)
