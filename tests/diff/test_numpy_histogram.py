"""jax.numpy: histograms, interpolation, convolution of vectors, differences, covariance, windows."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

R = np.random.RandomState(0)
X = R.uniform(-3, 3, 30).astype("f4")
W = R.uniform(0, 1, 30).astype("f4")
E = np.array([-3, -1, 0, 0.5, 2], "f4")
S = R.uniform(-1, 1, (20, 2)).astype("f4")
A = R.uniform(-1, 1, (3, 5)).astype("f4")
XP, FP = np.array([0, 1, 2.5, 4], "f4"), np.array([1, -1, 3, 0.5], "f4")

case("digitize", lambda jnp, x: [jnp.digitize(x, E), jnp.digitize(x, E, right=True), jnp.digitize(x, E[::-1].copy()), jnp.digitize(x, E[:0]), jnp.digitize(E, E), jnp.digitize(E, E[::-1].copy(), True)], X, modes="jit")
case.error("digitize rank", lambda jnp: jnp.digitize(X, A))
case("bin edges", lambda jnp, x: [jnp.histogram_bin_edges(x), jnp.histogram_bin_edges(x, 4, (-1, 2)), jnp.histogram_bin_edges(x, E), jnp.histogram_bin_edges(np.arange(5), 3), jnp.histogram_bin_edges(np.ones(4, "i4"), 2)], X, modes="jit")
case("histogram", lambda jnp, x, w: [jnp.histogram(x), jnp.histogram(x, 5, range=(-1, 1), weights=w), jnp.histogram(x, E, density=True), jnp.histogram(np.arange(7), bins=3)], X, W, modes="jit")
case.error("histogram weights", lambda jnp: jnp.histogram(X, weights=W[:3]))
case.error("histogram bins text", lambda jnp: jnp.histogram(X, "auto"))
case("histogram2d", lambda jnp, x, w: [jnp.histogram2d(x, w, 4), jnp.histogram2d(x, w, [3, E], range=[(-1, 1), None], weights=w), jnp.histogram2d(x, w, E, density=True)], X, W, modes="jit")
case("histogramdd", lambda jnp, s, w: [jnp.histogramdd(s, 3), jnp.histogramdd(s, [2, E], density=True, weights=w), jnp.histogramdd(s, bins=(2, 3), range=((-1, 0.5), None))], S, W[:20], modes="jit")
case.error("histogramdd bins", lambda jnp: jnp.histogramdd(S, [1, 2, 3]))
case.error("histogramdd range", lambda jnp: jnp.histogramdd(S, 3, range=[(0, 1)]))

Q = np.array([-1, 0, 0.3, 1, 2.4, 4, 5.5, np.nan], "f4")
case("interp", lambda jnp, x, xp, fp: [jnp.interp(x, xp, fp), jnp.interp(x, xp, fp, left=-9, right=9.5), jnp.interp(x, xp, fp, "extrapolate", "extrapolate"), jnp.interp(x, xp, fp, period=3.0), jnp.interp(1.5, xp, fp)],
     Q, XP, FP, modes="jit")
case("interp grad", lambda jnp, x, xp, fp: jnp.interp(x, xp, fp, left="extrapolate"), Q[:-1], XP, FP, modes="vjp")
case("interp dtypes", lambda jnp: [jnp.interp(np.arange(3), np.arange(4), np.arange(4)), jnp.interp(Q.astype("f2"), XP.astype("f2"), FP), jnp.interp(2, XP, FP.astype("c8"))])
case.error("interp shapes", lambda jnp: jnp.interp(Q, XP, FP[:2]))
case.error("interp complex", lambda jnp: jnp.interp(1j, XP, FP))
case.error("interp left", lambda jnp: jnp.interp(Q, XP, FP, left="x"))

U, V = np.array([1, 2, 3, -1, 0.5], "f4"), np.array([0.5, 1, -2], "f4")
for mode in ("full", "same", "valid"):
    case(f"convolve {mode}", lambda jnp, u, v, mode=mode: [jnp.convolve(u, v, mode), jnp.convolve(v, u, mode=mode), jnp.correlate(u, v, mode), jnp.correlate(v, u, mode), jnp.convolve(u[:4], v[:2], mode)], U, V, modes="jit vjp")
case("convolve dtypes", lambda jnp: [jnp.convolve(np.arange(4), np.arange(2)), jnp.correlate(U + 1j * U, V.astype("c8") * 1j), jnp.convolve(np.arange(4), np.arange(2), preferred_element_type="int32")])
case.error("convolve mode", lambda jnp: jnp.convolve(U, V, "x"))
case.error("convolve rank", lambda jnp: jnp.convolve(A, V))
case.error("convolve empty", lambda jnp: jnp.convolve(U, V[:0]))

case("gradient", lambda jnp, a, x: [jnp.gradient(a), jnp.gradient(a, 2.0), jnp.gradient(a, axis=1), jnp.gradient(a, x, axis=-1), jnp.gradient(a, 0.5, x), jnp.gradient(a, axis=(1, 0)), jnp.gradient(x)], A, U, modes="jit")
case("gradient grad", lambda jnp, a, x: jnp.gradient(a, x, axis=1), A, np.arange(5, dtype="f4") ** 2, modes="vjp")
case("gradient ints", lambda jnp: [jnp.gradient(np.arange(5) ** 2), jnp.gradient(A, axis=())])
case.error("gradient short", lambda jnp: jnp.gradient(A[:1]))
case.error("gradient spacings", lambda jnp: jnp.gradient(A, 1.0, 2.0, 3.0))
case.error("gradient spacing length", lambda jnp: jnp.gradient(A, U[:3], axis=1))
case.error("gradient edge_order", lambda jnp: jnp.gradient(A, edge_order=2))
P = np.array([0, 1, 3, 6.5, -5, 3.2, 9.9], "f4")
case("unwrap", lambda jnp, p: [jnp.unwrap(p), jnp.unwrap(p, period=4), jnp.unwrap(p, discont=5.0), jnp.unwrap((p * 2).astype("i4"), period=4), jnp.unwrap(jnp.stack([p, -p]), axis=0), jnp.unwrap(p[:0])], P, modes="jit")
case.error("unwrap complex", lambda jnp: jnp.unwrap(1j * P))

B = R.uniform(-1, 1, (3, 5)).astype("f4")
case("cov", lambda jnp, a, b: [jnp.cov(a), jnp.cov(a, b), jnp.cov(a, rowvar=False), jnp.cov(a[0]), jnp.cov(a, bias=True), jnp.cov(a, ddof=2), jnp.cov(a[0], b[0]), jnp.cov(a, fweights=np.arange(1, 6)),
                               jnp.cov(a, aweights=b[0]), jnp.cov(a, fweights=np.arange(1, 6), aweights=b[1]), jnp.corrcoef(a), jnp.corrcoef(a, b, rowvar=False), jnp.corrcoef(a[0]), jnp.cov(a.astype("i4"))], A, B, modes="jit", rtol=1e-5)
case("cov complex", lambda jnp: [jnp.cov(A + 1j * B), jnp.corrcoef(A + 1j * B), jnp.cov(A, dtype="complex64"), jnp.cov(A[:, :0]), jnp.cov(A[:0])], rtol=1e-5)
case("cov grad", lambda jnp, a: jnp.cov(a), A, modes="vjp", rtol=1e-5)
case.error("cov rank", lambda jnp: jnp.cov(A[None]))
case.error("cov weights", lambda jnp: jnp.cov(A, fweights=np.ones(5)))
case.error("cov weights length", lambda jnp: jnp.cov(A, aweights=np.ones(4)))
case("windows", lambda jnp: [[f(n) for f in (jnp.bartlett, jnp.blackman, jnp.hamming, jnp.hanning)] + [jnp.kaiser(n, 5.5)] for n in (0, 1, 2, 7)], modes="jit", atol=1e-6)
