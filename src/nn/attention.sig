# Attention.

nn.dot_product_attention(query: val, key: val, value: val, bias: val = None, mask: val = None, *, scale: val = None, is_causal: bool = False, query_seq_lengths: val = None, key_value_seq_lengths: val = None, local_window_size: axes = None, implementation: str = None, return_residual: bool = False) -> some
  softmax(query key^T scale + bias) value over (batch, length, heads, features); heads of the query may share those of key and value. mask, is_causal, the
  lengths of sequences and a local window say which keys a query sees. return_residual: also the logarithm of the sum of exponentials.
