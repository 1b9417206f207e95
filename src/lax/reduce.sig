# Reductions, cumulative reductions, sorting, jax.lax.

lax.reduce_sum(operand: val, axes: ints, *, out_sharding: obj = None)
  The sum over the given axes.

lax.reduce_prod(operand: val, axes: ints)
  The product over the given axes.

lax.reduce_max(operand: val, axes: ints)
  The greatest element over the given axes.

lax.reduce_min(operand: val, axes: ints)
  The least element over the given axes.

lax.reduce_and(operand: val, axes: ints)
  The bits that all elements share over the given axes.

lax.reduce_or(operand: val, axes: ints)
  The bits that any element has over the given axes.

lax.reduce_xor(operand: val, axes: ints)
  The bits that an odd number of elements has over the given axes.

lax.argmax(operand: val, axis: int, index_dtype: dtype)
  The index of the first maximum along an axis.

lax.argmin(operand: val, axis: int, index_dtype: dtype)
  The index of the first minimum along an axis.

lax.cumsum(operand: val, axis: int = 0, reverse: bool = False)
  The running sum along an axis, from its end if reverse.

lax.cumprod(operand: val, axis: int = 0, reverse: bool = False)
  The running prod along an axis, from its end if reverse.

lax.cummax(operand: val, axis: int = 0, reverse: bool = False)
  The running max along an axis, from its end if reverse.

lax.cummin(operand: val, axis: int = 0, reverse: bool = False)
  The running min along an axis, from its end if reverse.

lax.cumlogsumexp(operand: val, axis: int = 0, reverse: bool = False)
  The running logsumexp along an axis, from its end if reverse.

lax.sort_operands(operands: vals, dimension: int = -1, is_stable: bool = True, num_keys: int = 1) -> vals
  The operands sorted together by the first num_keys of them.

lax.sort_key_val(keys: val, values: val, dimension: int = -1, is_stable: bool = True) -> vals
  keys sorted along an axis, and values in the same order.

lax.top_k(operand: val, k: int, *, axis: int = -1) -> list
  The k greatest elements along an axis in descending order, and their indices.

lax.approx_max_k(operand: val, k: int, reduction_dimension: int = -1, recall_target: float = 0.95, reduction_input_size_override: int = -1,
                 aggregate_to_topk: bool = True) -> list
  The k greatest elements along an axis and their indices. Always exact here.

lax.approx_min_k(operand: val, k: int, reduction_dimension: int = -1, recall_target: float = 0.95, reduction_input_size_override: int = -1,
                 aggregate_to_topk: bool = True) -> list
  The k least elements along an axis and their indices. Always exact here.

lax.optimization_barrier_leaves(operands: vals) -> vals
  The operands, which no optimisation moves across this point.
