"""Enumerations and tuples that functions of jax.lax take as arguments."""
import enum
from typing import NamedTuple


class Precision(enum.Enum):
    """How precisely products are computed on accelerators; on the CPU they always have full precision."""
    DEFAULT = 0
    HIGH = 1
    HIGHEST = 2

    def __str__(self):
        return self.name

    def __repr__(self):
        return f"Precision.{self.name}"


DotAlgorithmPreset = enum.Enum("DotAlgorithmPreset", """DEFAULT ANY_F8_ANY_F8_F32 ANY_F8_ANY_F8_F32_FAST_ACCUM ANY_F8_ANY_F8_ANY
    ANY_F8_ANY_F8_ANY_FAST_ACCUM F16_F16_F16 F16_F16_F32 BF16_BF16_BF16 BF16_BF16_F32 BF16_BF16_F32_X3 BF16_BF16_F32_X6 BF16_BF16_F32_X9
    TF32_TF32_F32 TF32_TF32_F32_X3 F32_F32_F32 F64_F64_F64""", module=__name__)


class GatherScatterMode(enum.Enum):
    """What happens to windows that indices put outside of the array."""
    CLIP = 0
    FILL_OR_DROP = 1
    PROMISE_IN_BOUNDS = 2

    @staticmethod
    def from_any(s):
        if isinstance(s, GatherScatterMode):
            return s
        names = {None: "FILL_OR_DROP", "clip": "CLIP", "fill": "FILL_OR_DROP", "drop": "FILL_OR_DROP", "promise_in_bounds": "PROMISE_IN_BOUNDS"}
        if s not in names:
            raise ValueError(f'Unknown gather mode "{s}"')
        return GatherScatterMode[names[s]]


class RoundingMethod(enum.IntEnum):
    """Where lax.round takes halves."""
    AWAY_FROM_ZERO = 0
    TO_NEAREST_EVEN = 1


class RandomAlgorithm(enum.IntEnum):
    """The generator behind lax.rng_bit_generator."""
    RNG_DEFAULT = 0
    RNG_THREE_FRY = 1
    RNG_PHILOX = 2


class GatherDimensionNumbers(NamedTuple):
    """How axes of operand, indices and result of lax.gather correspond."""
    offset_dims: tuple
    collapsed_slice_dims: tuple
    start_index_map: tuple
    operand_batching_dims: tuple = ()
    start_indices_batching_dims: tuple = ()


class ScatterDimensionNumbers(NamedTuple):
    """How axes of operand, indices and updates of lax.scatter correspond."""
    update_window_dims: tuple
    inserted_window_dims: tuple
    scatter_dims_to_operand_dims: tuple
    operand_batching_dims: tuple = ()
    scatter_indices_batching_dims: tuple = ()


class ConvDimensionNumbers(NamedTuple):
    """The axes of operand, kernel and result of a convolution: batch or out, feature or in, then spatial."""
    lhs_spec: tuple
    rhs_spec: tuple
    out_spec: tuple


ConvGeneralDilatedDimensionNumbers = None | ConvDimensionNumbers | tuple
DotDimensionNumbers = tuple
PrecisionLike = None | str | Precision | tuple | DotAlgorithmPreset
