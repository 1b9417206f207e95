"""jax.lax: the primitives by name, with their own strictness."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

A = np.linspace(-0.9, 0.8, 12, dtype="f4").reshape(3, 4)
B = np.cos(np.arange(12, dtype="f4")).reshape(3, 4)
P = np.abs(A) + 0.4
I = np.array([[3, -1, 4, 1], [-5, 9, 2, -6], [5, 3, -5, 8]], "i4")
J = np.array([[1, 2, 3, 4], [2, 7, 1, 3], [3, 8, 4, 5]], "i4")
E = np.zeros((0, 4), "f4")
C = (A + 1j * B).astype("c8")
ALL = "eager jit vjp jvp vmap"

# elementwise
SMOOTH = "neg sign floor ceil exp exp2 log1p expm1 tanh logistic sin cos tan asin acos atan sinh cosh asinh atanh erf erfc erf_inv abs square bessel_i0e bessel_i1e"
for name in SMOOTH.split():
    case(name, lambda lax, x, name=name: getattr(lax, name)(x), A, modes=ALL, rtol=2e-5)
    case(name + " empty and scalar", lambda lax, name=name: [getattr(lax, name)(E), getattr(lax, name)(0.25)], rtol=1e-5)
for name in "log sqrt rsqrt cbrt lgamma digamma reciprocal".split():
    case(name, lambda lax, x, name=name: getattr(lax, name)(x), P, modes=ALL, rtol=5e-5)
case("acosh", lambda lax, x: lax.acosh(x), P + 1, modes=ALL, rtol=2e-5)
case("is_finite", lambda lax: lax.is_finite(np.array([1, np.inf, np.nan], "f4")))
for name in "real imag conj abs neg exp".split():
    case(name + " complex", lambda lax, x, name=name: getattr(lax, name)(x), C, modes="eager jit vmap", rtol=1e-5)
case("conj real", lambda lax: lax.conj(A))
for name in "population_count clz bitwise_not neg sign abs".split():
    case(name + " int", lambda lax, x, name=name: getattr(lax, name)(x), I, modes="eager jit vmap")
for name in "add sub mul div rem max min atan2 pow".split():
    case(name, lambda lax, x, y, name=name: getattr(lax, name)(x, y), P, P[::-1] + 0.1, modes=ALL, rtol=1e-5)
case("pow by integers", lambda lax, x, y: lax.pow(x, y), P, I, modes="eager jit vmap", rtol=1e-5)
for name in "nextafter eq ne lt le gt ge".split():
    case(name, lambda lax, x, y, name=name: getattr(lax, name)(x, y), A, B, modes="eager jit vmap")
for name in "add sub mul div rem max min bitwise_and bitwise_or bitwise_xor shift_left shift_right_arithmetic shift_right_logical eq lt mulhi".split():
    case(name + " int", lambda lax, x, y, name=name: getattr(lax, name)(x, y), I, J, modes="eager jit vmap")
case("igamma family", lambda lax: [lax.igamma(P, P + 1), lax.igammac(P, P + 1), lax.zeta(P + 2, P), lax.polygamma(np.full_like(P, 2), P), lax.betainc(P, P, np.abs(A))], rtol=2e-4)
case("complex", lambda lax, x, y: lax.complex(x, y), A, B, modes="eager jit vmap")
case("scalars are weak", lambda lax: [lax.add(A, 1.0), lax.add(1, 2), lax.mul(2.0, 3.0), lax.add(A, np.ones((1, 4), "f4"))])
case("mul out_dtype", lambda lax: lax.mul(A, B, out_dtype="bfloat16"))
case("pow int", lambda lax, x: [lax.pow(x, 2), lax.pow(x, J), lax.integer_pow(x, 3), lax.integer_pow(x, 0), lax.integer_pow(x, -2)], P, modes=ALL, rtol=1e-5)
case("round", lambda lax: [lax.round(np.array([0.5, 1.5, -2.5], "f4")), lax.round(np.array([0.5, 1.5, -2.5], "f4"), lax.RoundingMethod.TO_NEAREST_EVEN)])
case("clamp", lambda lax, x: [lax.clamp(np.float32(-0.2), x, np.float32(0.3)), lax.clamp(-P, x, P)], A, modes=ALL)
case("reduce_precision", lambda lax, x: lax.reduce_precision(x, 5, 3), A, modes="eager jit vmap")
case("select", lambda lax, x, y: [lax.select(x > y, x, y), lax.select(True, x, y), lax.select_n(I % 3 % 2 == 0, x, y)], A, B, modes=ALL)
case("select_n int", lambda lax: lax.select_n(np.abs(I) % 3, I, J, I * J))
case("convert", lambda lax: [lax.convert_element_type(A, t) for t in ("int8", "float16", "complex64", bool, int, float)])
case("bitcast", lambda lax: [lax.bitcast_convert_type(A, "int32"), lax.bitcast_convert_type(A, "uint8"), lax.bitcast_convert_type(lax.bitcast_convert_type(A, "int16"), "float32")])
for name in "add max eq atan2 rem".split():
    case.error(name + " dtypes differ", lambda lax, name=name: getattr(lax, name)(A, I))
    case.error(name + " shapes differ", lambda lax, name=name: getattr(lax, name)(A, A[:2]))
    case.error(name + " ranks differ", lambda lax, name=name: getattr(lax, name)(A, A[0]))
    case.error(name + " not an array", lambda lax, name=name: getattr(lax, name)(A, None))
case.error("sin int", lambda lax: lax.sin(1))
case.error("neg bool", lambda lax: lax.neg(True))
case.error("integer_pow negative", lambda lax: lax.integer_pow(I, -1))
case.error("clamp dtypes", lambda lax: lax.clamp(0, A, 1))
case.error("select scalars", lambda lax: lax.select(I > 0, 1, 0))
case.error("select not bool", lambda lax: lax.select(A, A, A))

# shapes
case("broadcast", lambda lax, x: [lax.broadcast(x, (2, 1)), lax.broadcast(x, ()), lax.broadcast_in_dim(x, (3, 2, 4), (0, 2)), lax.broadcast_in_dim(x[:, :1], (2, 3, 5), (1, 2)),
                                  lax.broadcast_to_rank(x, 3), lax.expand_dims(x, (0, -1)), lax.collapse(x, 0), lax.broadcast(1.0, (2,))], A, modes=ALL)
case("broadcast_shapes", lambda lax: [lax.broadcast_shapes((2, 1), (3,)), lax.broadcast_shapes((0, 1), (1, 4))])
case("reshape", lambda lax, x: [lax.reshape(x, (4, 3)), lax.reshape(x, (12,), (1, 0)), lax.transpose(x, (1, 0)), lax.squeeze(x[None], (0,)), lax.rev(x, (0, 1)), lax.rev(x, ())], A, modes=ALL)
case("concatenate", lambda lax, x, y: [lax.concatenate([x, y], 0), lax.concatenate([x], 1), lax.concatenate([x, E], 0), lax.stack([x, y], 1), lax.unstack(x, 1), lax.split(x, (1, 0, 3), 1), lax.tile(x, (2, 3))], A, B, modes="eager jit vjp vmap")
case("pad", lambda lax, x: [lax.pad(x, np.float32(7), ((1, 0, 2), (0, -1, 0))), lax.pad(x, np.float32(0), ((0, 0, 0), (-1, 2, 1)))], A, modes=ALL)
case("slice", lambda lax, x: [lax.slice(x, (1, 0), (3, 4), (1, 2)), lax.slice_in_dim(x, None, -1, axis=1), lax.slice_in_dim(x, 1, 4, 2, 1), lax.index_in_dim(x, -1), lax.index_in_dim(x, 1, 1, False)], A, modes=ALL)
case("dynamic_slice", lambda lax, x, i: [lax.dynamic_slice(x, (i, 1), (2, 2)), lax.dynamic_slice(x, (5, -2), (2, 2)), lax.dynamic_slice_in_dim(x, i, 2, 1), lax.dynamic_index_in_dim(x, i, 1, False),
                                         lax.dynamic_update_slice(x, x[:2, :2], (i, i)), lax.dynamic_update_slice_in_dim(x, x[:, :1] * 2, -1, 1), lax.dynamic_update_index_in_dim(x, x[0] * 3, i, 0)], A, np.int32(-2), modes="eager jit vjp")
case("filled", lambda lax: [lax.full((2, 3), 1.5), lax.full((), 2), lax.full((2,), 1, "int8"), lax.full_like(I, 1.5), lax.full_like(A, 2, "int32", (2,)), lax.iota("int32", 3), lax.iota(float, 4),
                            lax.broadcasted_iota("uint8", (2, 3), 1), lax.full_like(1, 2)])
case("dtype", lambda lax: [lax.dtype(1), lax.dtype(A)])
case.error("concatenate dtypes", lambda lax: lax.concatenate([A, I], 0))
case.error("concatenate none", lambda lax: lax.concatenate([], 0))
case.error("concatenate shapes", lambda lax: lax.concatenate([A, A.T], 0))
case.error("pad dtype", lambda lax: lax.pad(A, 0, ((0, 0, 0), (0, 0, 0))))
case.error("squeeze", lambda lax: lax.squeeze(A, (0,)))
case.error("transpose", lambda lax: lax.transpose(A, (0,)))
case.error("rev", lambda lax: lax.rev(A, (-1,)))
case.error("reshape -1", lambda lax: lax.reshape(A, (3, -1)))
case.error("slice", lambda lax: lax.slice(A, (0, 0), (5, 5)))
case.error("index_in_dim", lambda lax: lax.index_in_dim(A, 5))
case.error("dynamic_slice float", lambda lax: lax.dynamic_slice(A, (1.0, 0.0), (1, 1)))
case.error("dynamic_slice length", lambda lax: lax.dynamic_slice(A, (1,), (1, 1)))
case.error("broadcast_shapes", lambda lax: lax.broadcast_shapes((2,), (3,)))
case.error("broadcast_in_dim", lambda lax: lax.broadcast_in_dim(A, (2, 4), (0, 1)))

# gather and scatter
IDX = np.array([[0, 1], [2, 3], [-1, 0], [5, 1]], "i4")
for mode in (None, "clip", "fill", "promise_in_bounds"):
    case(f"gather {mode}", lambda lax, x, mode=mode: lax.gather(x, IDX[:3 if mode != "promise_in_bounds" else 2], lax.GatherDimensionNumbers((1,), (0,), (0, 1)), (1, 1), mode=mode), A, modes=ALL)
case("gather fill", lambda lax: [lax.gather(A, IDX, lax.GatherDimensionNumbers((), (0, 1), (0, 1)), (1, 1), mode=lax.GatherScatterMode.FILL_OR_DROP, fill_value=-1.5),
                                 lax.gather(I, IDX, lax.GatherDimensionNumbers((), (0, 1), (0, 1)), (1, 1), mode="fill")])
for name in "scatter scatter_add scatter_sub scatter_mul scatter_min scatter_max".split():
    case(name, lambda lax, x, u, name=name: getattr(lax, name)(x, IDX[:2], u, lax.ScatterDimensionNumbers((), (0, 1), (0, 1)), unique_indices=True, mode="drop"), A, np.array([2.0, -0.1], "f4"), modes="eager jit vjp vmap")

# reductions
for name in "sum prod max min".split():
    case("reduce_" + name, lambda lax, x, name=name: [getattr(lax, "reduce_" + name)(x, axes) for axes in ((0,), (0, 1), ())], A, modes=ALL, rtol=1e-5)
for name in "and or xor".split():
    case("reduce_" + name, lambda lax, x, name=name: [getattr(lax, "reduce_" + name)(x, (0,)), getattr(lax, "reduce_" + name)(x > 0, (1,))] if name != "xor" else lax.reduce_xor(x, (0,)), I, modes="eager jit vmap")
case("argmax", lambda lax: [lax.argmax(A, 0, "int32"), lax.argmin(I, 1, np.int8)])
for name in "cumsum cumprod cummax cummin cumlogsumexp".split():
    case(name, lambda lax, x, name=name: [getattr(lax, name)(x), getattr(lax, name)(x, 1, True)], A, modes=ALL, rtol=2e-5)
case("reduce monoids", lambda lax, x: [lax.reduce(x, np.float32(0), lax.add, (0,)), lax.reduce(x, np.float32(-np.inf), lax.max, (0, 1)), lax.reduce(x, np.float32(1), lax.mul, (1,)), lax.reduce(x, np.float32(3), lax.add, (1,))], A, modes="eager jit vmap")
case("reduce generic", lambda lax, x: lax.reduce(x, np.float32(0), lambda a, b: a + b + a * b, (1,)), A)
case("reduce tuple", lambda lax: lax.reduce((A, I), (np.float32(0), np.int32(0)), lambda a, b: (a[0] + b[0], a[1] + b[1]), (0,)))
case("reduce_window", lambda lax, x: [lax.reduce_window(x, 0.0, lax.add, (2, 2), (1, 2), "SAME"), lax.reduce_window(x, -np.inf, lax.max, (2, 3)), lax.reduce_window(x, np.inf, lax.min, (2, 2), (1, 1), ((1, 0), (0, 1))),
                                      lax.reduce_window(x, 0.0, lax.add, (2, 2), padding="VALID", window_dilation=(1, 2))], A, modes=ALL)
case("reduce_window mul", lambda lax, x: lax.reduce_window(x, 1.0, lax.mul, (2, 2)), A, modes="eager jit vmap")
case.error("reduce axes", lambda lax: lax.reduce_sum(A, (0, 0)))
case.error("reduce axis range", lambda lax: lax.reduce_sum(A, (-1,)))
case.error("cumsum axis", lambda lax: lax.cumsum(A, axis=3))
case.error("argmax dtype", lambda lax: lax.argmax(A, 0, "float32"))
case.error("reduce init dtype", lambda lax: lax.reduce(A, 1, lax.add, (0,)))

# products
DN = (((1,), (0,)), ((), ()))
case("dot", lambda lax, x, y: [lax.dot(x, y), lax.dot(x[0], y), lax.dot(x[0], y[:, 0]), lax.dot(x, y[:, 0])], A, B.T.copy(), modes="eager jit vjp jvp vmap")
case("dot_general", lambda lax, x, y: [lax.dot_general(x, y, DN), lax.dot_general(x[None], y[None], (((2,), (1,)), ((0,), (0,)))), lax.dot_general(x, y, (((), ()), ((), ())))], A, B.T.copy(), modes="eager jit vjp vmap")
case("dot_general options", lambda lax: [lax.dot_general(A, B.T, DN, precision=p) for p in (None, "highest", lax.Precision.HIGH, ("default", "float32"))] + [lax.dot_general(I, J.T, DN, preferred_element_type="float32"), lax.dot(A, I.T)])
case("batch_matmul", lambda lax: lax.batch_matmul(np.stack([A, B]), np.stack([A.T, B.T])))
case("dot empty", lambda lax: lax.dot(E, np.ones((4, 2), "f4")))
X4, K4 = np.random.RandomState(0).randn(2, 3, 8, 7).astype("f4"), np.random.RandomState(1).randn(4, 3, 3, 2).astype("f4")
case("conv", lambda lax, x, k: lax.conv(x, k, (1, 2), "SAME"), X4, K4, modes="eager jit vjp", rtol=2e-5)
case("conv_general_dilated", lambda lax, x, k: lax.conv_general_dilated(x, k, (2, 1), ((1, 2), (0, 1)), (1, 2), (2, 1)), X4, K4, modes="eager jit vjp", rtol=2e-5)
case("conv names", lambda lax: [lax.conv_general_dilated(X4.transpose(0, 2, 3, 1), K4.transpose(2, 3, 1, 0), (1, 1), pad, dimension_numbers=("NHWC", "HWIO", "NHWC")) for pad in ("SAME", "VALID", "SAME_LOWER")], rtol=2e-5)
case("conv groups", lambda lax: lax.conv_general_dilated(X4, K4[:3, :1], (1, 1), "SAME", feature_group_count=3), rtol=2e-5)
case("conv_transpose", lambda lax: [lax.conv_transpose(X4.transpose(0, 2, 3, 1), K4.transpose(2, 3, 1, 0), (2, 1), pad, transpose_kernel=t) if not t else lax.conv_transpose(X4.transpose(0, 2, 3, 1), K4.transpose(2, 3, 0, 1), (2, 1), pad, transpose_kernel=t) for pad in ("SAME", "VALID", ((1, 1), (0, 1))) for t in (False, True)], rtol=2e-5)
case("conv_with_general_padding", lambda lax: lax.conv_with_general_padding(X4, K4, (1, 1), ((1, 1), (0, 0)), (1, 1), (1, 2)), rtol=2e-5)
case("conv_dimension_numbers", lambda lax: [tuple(map(tuple, lax.conv_dimension_numbers((1, 2, 3, 4), (1, 2, 3, 4), d))) for d in (None, ("NHWC", "HWIO", "NCHW"), ("NWHC", "HWIO", "NHWC"))])
case("padtype_to_pads", lambda lax: [[tuple(map(int, q)) for q in lax.padtype_to_pads(np.array((5, 6)), np.array((3, 2)), np.array((2, 1)), p)] for p in ("SAME", "VALID", "SAME_LOWER")])
case.error("dot shapes", lambda lax: lax.dot(A, A))
case.error("dot_general axes", lambda lax: lax.dot_general(A, A, DN))
case.error("precision", lambda lax: lax.dot(A, B.T, precision="foo"))
case.error("batch_matmul rank", lambda lax: lax.batch_matmul(A[0], A[0]))
case.error("conv padding", lambda lax: lax.conv(X4, K4, (1, 1), "BAD"))
case.error("conv names", lambda lax: lax.conv_general_dilated(X4, K4, (1, 1), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHX")))
case.error("conv rank", lambda lax: lax.conv_general_dilated(X4, K4[0], (1, 1), "SAME"))

# sorting
case("sort", lambda lax, x: [lax.sort(x), lax.sort(x, 0), lax.top_k(x, 2), lax.top_k(x, 0), lax.approx_max_k(x, 2), lax.approx_min_k(x, 1)], A * B, modes="eager jit vmap")
case("sort vjp", lambda lax, x: [lax.sort(x), lax.top_k(x, 2)[0]], A * B, modes="vjp jvp")
case("sort several", lambda lax: [lax.sort((I % 2, I, A), dimension=0, num_keys=2), lax.sort([A]), lax.sort_key_val(I, A), lax.top_k(A, 2, axis=0)])
case.error("top_k", lambda lax: lax.top_k(A, 9))
case.error("sort num_keys", lambda lax: lax.sort((A, A), num_keys=3))

# gradients stopped, barriers, loops
case("stop_gradient", lambda jax, lax: [jax.grad(lambda x: (lax.stop_gradient(x) * x).sum())(A), lax.stop_gradient({"a": A, "b": (I, None)}), jax.grad(jax.jit(lambda x: (x * lax.stop_gradient(x * x)).sum()))(A)])
case("optimization_barrier", lambda lax: lax.optimization_barrier((A, {"b": I})))
case("map", lambda lax: [lax.map(lambda x: x * 2, A), lax.map(lambda p: p[0] + p[1], (A, B), batch_size=2), lax.map(lambda x: {"s": x.sum()}, A, batch_size=3)])
for n in (0, 1, 2, 5, 8):
    case(f"associative_scan {n}", lambda lax, n=n: lax.associative_scan(lax.add, np.arange(n, dtype="f4") + 1) if n else lax.associative_scan(lax.add, np.ones(0, "f4")))
case("associative_scan", lambda lax, x: [lax.associative_scan(lax.mul, x, reverse=True, axis=1), lax.associative_scan(lambda a, b: (a[0] * b[0], a[1] * b[0] + b[1]), (x, x + 1), axis=-1)], P, modes="eager jit vjp vmap", rtol=2e-5)
case("associative_scan int", lambda lax: lax.associative_scan(lax.max, I, axis=0))
case("rng_bit_generator", lambda lax: lax.rng_bit_generator(np.array([1, 2, 3, 4], "u4"), (3,))[1].shape)
case.error("associative_scan lengths", lambda lax: lax.associative_scan(lambda a, b: a, (A, A[:2])))

# collectives under vmap
case("psum", lambda jax, lax: jax.vmap(lambda x: (lax.psum(x, "i"), lax.pmean(x, "i"), lax.pmax(x, "i"), lax.pmin(x, "i"), lax.psum(1, "i"), x / lax.axis_size("i"), lax.axis_index("i")), axis_name="i")(A))
case("psum tree", lambda jax, lax: jax.vmap(lambda x: lax.psum({"a": x, "b": x[0]}, "i"), axis_name="i")(A))
case("gathers", lambda jax, lax: jax.vmap(lambda x: (lax.all_gather(x, "i"), lax.all_gather(x, "i", axis=1), lax.all_gather(x, "i", tiled=True), lax.ppermute(x, "i", [(0, 1), (1, 2), (2, 0)])), axis_name="i")(A))
case("all_to_all", lambda jax, lax: jax.vmap(lambda x: (lax.all_to_all(x, "i", 0, 0), lax.pswapaxes(x, "i", 0)), axis_name="i")(A[:, :3]))
case.error("unbound axis", lambda lax: lax.psum(A, "nope"))


case("broadcast_shapes of all kinds", lambda lax: [lax.broadcast_shapes(()), lax.broadcast_shapes([2, 1], (1, 3), (4, 1, 1)), lax.broadcast_shapes((1,), (0,))])
case.error("broadcast_shapes of zero and two", lambda lax: lax.broadcast_shapes((0,), (2,)))
case.error("broadcast_shapes of floats", lambda lax: lax.broadcast_shapes((1.5,), (2,)))

# --- operands beyond floats, and those that are refused

BITS = np.array([True, False, True])
Z = np.array([1 + 2j, -1 + 0.5j, 3 - 1j], "c8")
for name, x in {"bool": BITS, "complex": Z}.items():
    case(f"clamp {name}", lambda lax, x: lax.clamp(x[1], x, x[2]), x, modes="eager jit vmap")
    case(f"clamp {name}, elementwise", lambda lax, x: lax.clamp(x, x[::-1], x), x)
case("atan2 complex", lambda lax, x, y: lax.atan2(x, y), Z, Z[::-1] + 1, modes="eager jit vmap", rtol=1e-5)
for name, f in {
    "clamp of two dtypes": lambda lax: lax.clamp(BITS[0], Z, Z), "reciprocal of integers": lambda lax: lax.reciprocal(I), "reciprocal of bools": lambda lax: lax.reciprocal(BITS),
    "approx_max_k of integers": lambda lax: lax.approx_max_k(I, 1), "approx_min_k of complex": lambda lax: lax.approx_min_k(Z, 1), "floor of complex": lambda lax: lax.floor(Z),
    "erf of integers": lambda lax: lax.erf(I), "population_count of floats": lambda lax: lax.population_count(A), "rem of complex": lambda lax: lax.rem(Z, Z), "lt of complex": lambda lax: lax.lt(Z, Z),
}.items():
    case.error(name, f)
