"""Programs of real JAX, as StableHLO: each is a function and its arguments; lowered for the CPU."""
import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax._src.interpreters import mlir
from jaxlib import _jax
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

RNG = np.random.default_rng(7)
X = RNG.standard_normal((3, 4)).astype("f4")
Y = RNG.standard_normal((4, 5)).astype("f4")
V = RNG.standard_normal(9).astype("f4")
I = np.array([3, -1, 2, 2, 0, 7], "i4")
B = np.array([True, False, True, True])
SPD = (lambda m: m @ m.T + 2 * np.eye(4, dtype="f4"))(RNG.standard_normal((4, 4)).astype("f4"))
IMAGE = RNG.standard_normal((2, 8, 8, 3)).astype("f4")
KERNEL = RNG.standard_normal((3, 3, 3, 4)).astype("f4")


def mlp(w1, w2, x):
    return jnp.sum(jnp.tanh(x @ w1) @ w2)


def scan(x):
    return lax.scan(lambda c, v: (c * 0.5 + v, jnp.sin(c)), x[0], x)


def while_loop(n, x):
    return lax.while_loop(lambda s: s[0] < n, lambda s: (s[0] + 1, s[1] * 1.5), (0, x))


def pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


PROGRAMS = {
    "add": (lambda x: x + 1, X),
    "several results": (lambda x: (x * 2, [x.sum(), x.T]), X),
    "unary": (lambda x: [f(x) for f in (jnp.exp, jnp.log1p, jnp.sin, jnp.tan, jnp.tanh, jnp.sqrt, jnp.cbrt, lax.rsqrt, jnp.ceil, jnp.sign,
                                        jnp.round, lax.logistic, jnp.isfinite, jnp.abs, jnp.expm1, lax.erf, lax.erf_inv, lax.lgamma)], X),
    "integers": (lambda i: [i // 2, i % 3, i << 2, i >> 1, ~i, i & 3, i | 4, i ^ 5, lax.population_count(i), lax.clz(i), i ** 2, -i], I),
    "compare": (lambda i: [i < 2, i <= 2, i == 2, i != 2, i > 2, jnp.where(i > 1, i, -i), jnp.clip(i, 0, 2)], I),
    "booleans": (lambda b: [b & ~b, b | b, b ^ b, b.any(), b.all(), b.sum(), b + b, b * b, jnp.max(b)], B),
    "complex": (lambda x: [(x + 1j * x) * 2, jnp.abs(x * 1j), jnp.real(x + 1j), jnp.conj(x * 1j), jnp.sum(x * 1j)], X),
    "convert": (lambda x: [x.astype(t) for t in ("i4", "u1", "f2", "bfloat16", "bool", "c8", "i8")], X),
    "bitcast": (lambda x: [lax.bitcast_convert_type(x, "i4"), lax.bitcast_convert_type(x, "u1")], X),
    "reductions": (lambda x: [x.sum(0), x.max(1), x.min(), x.prod(), x.mean(1), jnp.argmax(x, 1), jnp.argmin(x), x.std()], X),
    "general reduce": (lambda x: lax.reduce(x, np.float32(1), lambda a, b: a * 0.5 + b, (1,)), X),
    "cumulative": (lambda x: [jnp.cumsum(x, 1), jnp.cumprod(x), lax.cummax(x, 0), lax.cumsum(x, 1, reverse=True), lax.cumlogsumexp(x, 0)], X),
    "shape": (lambda x: [x.reshape(2, 6), x.T, x[::-1], x[1:, ::2], jnp.pad(x, 1), jnp.concatenate([x, x]), jnp.broadcast_to(x, (2, 3, 4)),
                         jnp.arange(5), jnp.full((30, 20), 2.5), jnp.roll(x, 1, 1)], X),
    "indexing": (lambda x, i: [x[i % 3], x.at[i % 3].set(0.), x.at[:, 1].add(2.), x[i % 3, i % 4], lax.dynamic_slice(x, (i[0], i[1]), (1, 2)),
                               lax.dynamic_update_slice(x, x[:1, :1], (i[0], i[1])), x.at[i % 3].max(1.), x.at[i % 3].multiply(2.)], X, I),
    "dot": (lambda x, y: [x @ y, jnp.einsum("ij,kj->ik", x, x), jnp.vdot(x, x), jnp.einsum("bi,bj->bij", x, x)], X, Y),
    "convolution": (lambda x, k: lax.conv_general_dilated(x, k, (2, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")), IMAGE, KERNEL),
    "convolution gradient": (jax.grad(lambda x, k: lax.conv_general_dilated(x, k, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")).sum(),
                                      (0, 1)), IMAGE, KERNEL),
    "pooling": (lambda x: [pool(x), jax.grad(lambda v: pool(v).sum())(x)], IMAGE),
    "sort": (lambda x: [jnp.sort(x), jnp.argsort(x), -jnp.sort(-x), lax.sort((x, x + 1), num_keys=2), jnp.sort(x.astype("i4")), lax.top_k(x, 3)], V),
    "sort special": (lambda x: [jnp.sort(x), jnp.argsort(x, descending=True), jnp.sort(x * 1j)],
                     np.array([1, np.nan, -np.inf, -0., 0., 3, np.inf, -np.nan, 0., -0.], "f4")),
    "random": (lambda s: [jax.random.normal(jax.random.key(s), (5,)), jax.random.uniform(jax.random.PRNGKey(s), (3, 2)),
                          jax.random.permutation(jax.random.key(s), 6)], np.int32(3)),
    "mlp": (jax.value_and_grad(mlp, (0, 1)), X.T.copy(), X, Y.T.copy()),
    "scan": (scan, V),
    "scan gradient": (jax.grad(lambda x: scan(x)[0]), V),
    "while": (while_loop, np.int32(5), X),
    "fori and cond": (lambda n, x: lax.fori_loop(0, n, lambda i, v: lax.cond(v.sum() > i, lambda u: u * x, lambda u: u + i, v), x), np.int32(4), X),
    "switch": (lambda i, x: [lax.switch(k, [lambda v: v, lambda v: v * x, lambda v: v - 1], x) for k in (i - 9, i, i + 9)], np.int32(1), X),
    "calls": (lambda x: [jax.jit(lambda v: v * 2)(x), jnp.clip(x, 0, 1), jnp.var(x)], X),
    "empty": (lambda x: [x[:0], jnp.sum(x[:0]), jnp.concatenate([x[:0], x])], X),
    "constants": (lambda x: x + np.arange(12, dtype="f4").reshape(3, 4) + np.array(B).sum(), X),
    "small types": (lambda x: [x.astype("int4") + 1, x.astype("float8_e5m2").astype("f4")], X),
    "custom derivative": (jax.grad(lambda x: jax.nn.relu(x).sum() + jax.nn.softmax(x).max()), X),
    "barrier": (lambda x: lax.optimization_barrier((x, x + 1)), X),
    "linalg": (lambda a: [jnp.linalg.cholesky(a), jnp.linalg.inv(a), jnp.linalg.det(a), jnp.linalg.solve(a, a[0]), jnp.abs(jnp.linalg.qr(a)[1]),
                         jnp.linalg.svd(a, compute_uv=False), jnp.linalg.eigh(a)[0]], SPD),
    "solve": (lambda a: [lax.linalg.triangular_solve(a, a, left_side=l, lower=w, transpose_a=t) for l in (True, False) for w in (True, False) for t in (True, False)], SPD),
    "fft": (lambda x: [jnp.fft.fft(x), jnp.fft.rfft2(x), jnp.fft.irfft(x * 1j + x, n=6), jnp.fft.ifft(x)], X),
    "vmap": (jax.vmap(lambda x, i: x[i], (0, None)), X, np.int32(2)),
}


@functools.cache
def lowered(name):
    f, *args = PROGRAMS[name]
    return jax.jit(f, keep_unused=True).lower(*args)


def artifact(name, version=None):
    """Portable bytecode of a program, for a version of StableHLO (None: the newest), as jax.export makes it."""
    with mlir.make_ir_context():
        module = ir.Module.parse(lowered(name).as_text())
        return _jax.mlir.serialize_portable_artifact(module, version or stablehlo.get_current_version(), False)


@functools.cache
def results(name):
    f, *args = PROGRAMS[name]
    return [np.asarray(r) for r in jax.tree_util.tree_leaves(lowered(name).compile()(*args))]
