"""jax.ops: reductions over segments; jax.image: resampling; jax.nn: attention and scaled products."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

R = np.random.RandomState(0)
D = R.uniform(-2, 2, (6, 2)).astype("f4")
S = np.array([0, 2, 2, 5, -1, 0], "i4")
NAMES = ("segment_sum", "segment_prod", "segment_max", "segment_min")

case("segments", lambda ops, d, s: [[getattr(ops, f)(d, s, 4), getattr(ops, f)(d.astype("i4"), s, num_segments=7), getattr(ops, f)(d[:, 0], s, 3, bucket_size=4), getattr(ops, f)(d[:0], s[:0], 2)] for f in NAMES], D, S, modes="jit")
case("segments by number", lambda ops: [[getattr(ops, f)(D, S), getattr(ops, f)(np.array([3, 1, 200], "u1"), np.array([0, 0, 1])), getattr(ops, f)(D[:3] > 0, np.array([1, 1, 3])) if f in NAMES[2:] else 0] for f in NAMES])
case("segments grad", lambda ops, d: [ops.segment_sum(d, S, 4), ops.segment_prod(d[:, 0], np.arange(6), 6, unique_indices=True)], D, modes="vjp")
case.error("segments jit", lambda ops, s: ops.segment_sum(D, s), S, modes="jit")
case.error("segments negative", lambda ops: ops.segment_sum(D, S, -1))

X = R.uniform(0, 1, (5, 7, 2)).astype("f4")
METHODS = ("nearest", "linear", "lanczos3", "lanczos5", "cubic", "bicubic-pytorch", "area")
case("resize", lambda image, x: [[image.resize(x, (3, 12, 2), m), image.resize(x, (9, 4, 2), method=m, antialias=False)] for m in METHODS], X, modes="jit", rtol=1e-4, atol=1e-5)
case("resize edges", lambda image: [image.resize(X, X.shape, image.ResizeMethod.CUBIC), image.resize(X[:1], (4, 7, 2), "cubic-pytorch", antialias=False), image.resize((X * 9).astype("i4"), (2, 7, 2), "linear"), image.resize((X * 9).astype("u1"), (2, 9, 2), "nearest"),
                                    image.resize(X.astype("f2"), (5, 9, 2), "bilinear")], rtol=1e-3, atol=1e-4)
case("resize grad", lambda image, x: image.resize(x, (3, 12, 2), "cubic"), X, modes="vjp", rtol=1e-4, atol=1e-5)
case("scale_and_translate", lambda image, x, s, t: [image.scale_and_translate(x, (8, 6, 2), (0, 1), s, t, m) for m in METHODS[1:]] + [image.scale_and_translate(x, (5, 9, 2), (1,), s[:1], t[:1], "linear", antialias=False)],
     X, np.array([1.5, 0.6], "f4"), np.array([0.4, 1.2], "f4"), modes="eager", rtol=1e-4, atol=1e-5)
case.error("resize method", lambda image: image.resize(X, X.shape, "x"))
case.error("resize rank", lambda image: image.resize(X, (2, 2), "linear"))
case.error("scale_and_translate nearest", lambda image: image.scale_and_translate(X, X.shape, (0,), np.ones(1), np.ones(1), "nearest"))

Q, K, V = (R.uniform(-1, 1, s).astype("f4") for s in ((2, 3, 4, 5), (2, 6, 2, 5), (2, 6, 2, 5)))
B, M = R.uniform(-1, 1, (1, 4, 3, 6)).astype("f4"), R.uniform(0, 1, (2, 1, 3, 6)) > 0.4
QL, KL = np.array([2, 3], "i4"), np.array([4, 6], "i4")
case("attention", lambda nn, q, k, v: [nn.dot_product_attention(q, k, v), nn.dot_product_attention(q, k, v, B, M, scale=0.3), nn.dot_product_attention(q, k, v, is_causal=True), nn.dot_product_attention(q, k, v, local_window_size=1),
                                       nn.dot_product_attention(q, k, v, local_window_size=(2, 0)), nn.dot_product_attention(q, k, v, query_seq_lengths=QL, key_value_seq_lengths=KL), nn.dot_product_attention(q, k, v, is_causal=True, return_residual=True),
                                       nn.dot_product_attention(q[0], k[0], v[0], implementation="xla")], Q, K, V, modes="jit", rtol=1e-5)
case("attention grad", lambda nn, q, k, v: nn.dot_product_attention(q, k, v, B, is_causal=True), Q, K, V, modes="vjp", rtol=1e-5, atol=1e-5)
case("attention halves", lambda nn: [nn.dot_product_attention(*(x.astype(t) for x in (Q, K, V)), mask=M) for t in ("f2", "bfloat16")], rtol=2e-2)
case.error("attention heads", lambda nn: nn.dot_product_attention(Q[:, :, :3], K, V))
case.error("attention dtypes", lambda nn: nn.dot_product_attention(Q, K.astype("f2"), V))
case.error("attention mask dtype", lambda nn: nn.dot_product_attention(Q, K, V, mask=B))
case.error("attention shapes", lambda nn: nn.dot_product_attention(Q, K, V[:, :2]))
case.error("attention implementation", lambda nn: nn.dot_product_attention(Q, K, V, implementation="x"))
case.error("scaled_matmul", lambda nn, jnp: nn.scaled_matmul(*(jnp.ones((1, 2, 32), jnp.float8_e4m3fn),) * 2, *(jnp.ones((1, 2, 1), jnp.float8_e8m0fnu),) * 2))
case.error("scaled_matmul shapes", lambda nn: nn.scaled_matmul(Q[0], K[0], V[0], V[0]))
case("scaled_dot_general", lambda nn: [nn.scaled_dot_general(D, D, (((1,), (1,)), ((), ()))), nn.get_scaled_dot_general_config("mxfp8").block_size])
