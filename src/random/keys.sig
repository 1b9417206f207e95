# Keys of jax.random. In C their names begin with rand_, as random_ is the primitives' prefix.

rand.key(seed: seed, *, impl: impl = None, dtype: impl = None)
  A random key made from an integer. impl names the algorithm: threefry2x32, rbg or unsafe_rbg; without it the default one is taken
  (jax_default_prng_impl). dtype names it by its key dtype instead.

rand.PRNGKey(seed: seed, *, impl: impl = None)
  A random key in the old form: its uint32 words, as an array.

rand.key_data(keys: val)
  The uint32 words of keys, in a new last axis.

rand.wrap_key_data(key_bits_array: val, *, impl: impl = None, dtype: impl = None)
  Keys made of their uint32 words, which the last axis holds.

rand.key_impl(keys: val) -> str
  The name of the keys' algorithm.

rand.key_dtype(impl_spec: impl = None) -> dtype
  The dtype of keys of an algorithm.

rand.clone(key: val)
  The same key, marked as one that may be used again.

rand.split(key: val, num: ints = (2,))
  New keys made from one: num of them, or an array of keys of that shape.

rand.fold_in(key: val, data: word)
  A new key made from a key and an integer.
