"""jax.lax: patches, ragged products, shapes of convolutions, rarer names; jax.numpy: quantiles without NaN."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

R = np.random.RandomState(0)
X = R.uniform(-1, 1, (2, 3, 6, 5)).astype("f4")
HW = ("NHWC", "HWIO", "NHWC")
case("patches", lambda lax, x: [lax.conv_general_dilated_patches(x, (2, 3), (1, 2), "VALID"), lax.conv_general_dilated_patches(x, (2, 2), (2, 1), [(1, 0), (0, 1)], rhs_dilation=(2, 1)),
                                lax.conv_general_dilated_patches(x, (3, 2), (1, 1), "SAME", dimension_numbers=HW)], X, modes="jit vjp")
K = R.uniform(-1, 1, (4, 18, 5, 2)).astype("f4")
case("local", lambda lax, x, k: lax.conv_general_dilated_local(x, k, (1, 2), "VALID", (2, 3)), X, K, modes="jit vjp")

L, G, S = R.uniform(-1, 1, (7, 4)).astype("f4"), R.uniform(-1, 1, (3, 4, 5)).astype("f4"), np.array([2, 0, 4], "i4")
case("ragged_dot", lambda lax, x, y, s: [lax.ragged_dot(x, y, s), lax.ragged_dot(x, y, s, preferred_element_type="float32")], L, G, S, modes="jit vjp")


def numbers(lax, contract, batch, ragged, groups):
    return lax.RaggedDotDimensionNumbers((contract, batch), (ragged,), groups)


case("ragged_dot_general contracted", lambda lax, x, y, s: lax.ragged_dot_general(x, y, s, numbers(lax, ((0,), (0,)), ((), ()), 0, ())), L, L[:, :3].copy(), S, modes="jit")
case("ragged_dot_general batch", lambda lax, x, y, s: lax.ragged_dot_general(x, y, s, numbers(lax, ((2,), (1,)), ((0,), (0,)), 1, (2,))), np.stack([L, -L]), np.stack([G.transpose(1, 0, 2)] * 2), np.stack([S, S[::-1]]), modes="jit")
case.error("ragged_dot groups", lambda lax: lax.ragged_dot(L, G[:2], S))

case("shapes", lambda lax: [list(map(int, lax.conv_shape_tuple((2, 3, 9, 8), (4, 3, 2, 3), (2, 1), [(1, 1), (0, 2)]))), list(map(int, lax.conv_shape_tuple((2, 3, 9, 8), (4, 3, 2, 3), (2, 1), "SAME"))), list(map(int, lax.conv_general_shape_tuple((2, 9, 8, 3), (2, 3, 3, 4), (1, 1), "VALID", HW))),
                            list(map(int, lax.conv_transpose_shape_tuple((2, 9, 8, 3), (2, 3, 4, 3), (2, 2), "SAME", HW))), list(map(int, lax.conv_transpose_shape_tuple((2, 9, 8, 3), (2, 3, 4, 3), (2, 2), "VALID", HW))),
                            list(map(int, lax.reduce_window_shape_tuple((9, 8), (2, 3), (2, 1), [(0, 1), (1, 1)]))), lax.FftType.IRFFT.value, lax.AccuracyMode.HIGHEST.value, tuple(lax.DotAlgorithm("f4", "f4", "f4"))[3:]])
case.error("tolerance", lambda lax: lax.Tolerance())
case("platforms", lambda lax: [lax.platform_dependent(X, cpu=lambda x: x + 1, default=lambda x: x), lax.platform_dependent(X, cuda=lambda x: x + 1, default=lambda x: x)])
case("composite", lambda lax: lax.composite(lambda x: x * 2, "two")(X))
case("primitives", lambda lax: [p.name for p in (lax.add_p, lax.scatter_add_p, lax.while_p, lax.dot_general_p, lax.reduce_sum_p)])

N = np.array([[3, np.nan, 1, 7, np.nan], [np.nan] * 5, [5, 4, 3, 2, 1]], "f4")
case("quantiles without NaN", lambda jnp, x: [jnp.nanquantile(x, 0.3), jnp.nanquantile(x, np.array([0.1, 0.5, 1.0]), axis=1), jnp.nanpercentile(x, 40, axis=0, keepdims=True), jnp.nanmedian(x), jnp.nanmedian(x, axis=1, keepdims=True)]
     + [jnp.nanquantile(x, 0.4, axis=1, method=m) for m in ("lower", "higher", "nearest", "midpoint")], N, modes="jit")
