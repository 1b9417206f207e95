# Reductions over the elements of each segment, jax.ops.

ops.segment_sum(data: val, segment_ids: val, num_segments: optint = None, indices_are_sorted: bool = False, unique_indices: bool = False, bucket_size: optint = None, mode: indexmode = None, out_sharding: obj = None)
  For each number of a segment the sum of the slices of data with that number. num_segments must be given under jit.
ops.segment_prod(data: val, segment_ids: val, num_segments: optint = None, indices_are_sorted: bool = False, unique_indices: bool = False, bucket_size: optint = None, mode: indexmode = None, out_sharding: obj = None)
  For each number of a segment the product of the slices of data with that number, 1 where there is none.
ops.segment_max(data: val, segment_ids: val, num_segments: optint = None, indices_are_sorted: bool = False, unique_indices: bool = False, bucket_size: optint = None, mode: indexmode = None, out_sharding: obj = None)
  For each number of a segment the greatest elements of the slices of data with that number, the least number where there is none.
ops.segment_min(data: val, segment_ids: val, num_segments: optint = None, indices_are_sorted: bool = False, unique_indices: bool = False, bucket_size: optint = None, mode: indexmode = None, out_sharding: obj = None)
  For each number of a segment the least elements of the slices of data with that number, the greatest number where there is none.
