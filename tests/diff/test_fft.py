"""jax.numpy.fft and jax.lax.fft. Lengths of every kind are compared with NumPy in tests/kernels/test_fft.py."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test
RNG = np.random.RandomState(3)
X = RNG.uniform(-1, 1, (3, 4, 6)).astype("f4")
Z = (X + 1j * X[::-1]).astype("c8")
TOL = dict(rtol=2e-5, atol=2e-5)

for name in "fft ifft rfft irfft hfft ihfft".split():
    x = X if name in ("rfft", "ihfft") else Z
    case(name, lambda jnp, x, f=name: [getattr(jnp.fft, f)(x), getattr(jnp.fft, f)(x, axis=1, norm="ortho"), getattr(jnp.fft, f)(x, n=5), getattr(jnp.fft, f)(x, n=8, norm="forward")], x, **TOL)
for name in "fft rfft irfft".split():
    case(name + " derivatives", lambda jnp, x, f=name: getattr(jnp.fft, f)(x, n=7), X if name == "rfft" else Z, modes="vjp jvp vmap", **TOL)
for name in "fftn ifftn rfftn irfftn".split():
    x = X if name == "rfftn" else Z
    case(name, lambda jnp, x, f=name: [getattr(jnp.fft, f)(x), getattr(jnp.fft, f)(x, axes=(2, 0)), getattr(jnp.fft, f)(x, s=(3, 5))], x, **TOL)
    case(name + " derivative", lambda jnp, x, f=name: getattr(jnp.fft, f)(x), x, modes="vjp", **TOL)
    case(name[:-1] + "2", lambda jnp, x, f=name[:-1] + "2": getattr(jnp.fft, f)(x), x, **TOL)
case("kinds", lambda jnp: [jnp.fft.fft(np.arange(4)), jnp.fft.rfft(np.arange(5)), jnp.fft.fft(np.ones((0, 3), "f4")), jnp.fft.fftn(np.ones((2, 2, 2, 2, 2), "c8"))], **TOL)
case("frequencies", lambda jnp: [jnp.fft.fftfreq(5), jnp.fft.fftfreq(6, 0.5), jnp.fft.rfftfreq(5), jnp.fft.rfftfreq(6, d=2), jnp.fft.fftshift(X), jnp.fft.ifftshift(X, axes=1), jnp.fft.fftshift(X, axes=(0, 2))])
case("lax", lambda lax: [lax.fft(Z, "fft", (6,)), lax.fft(Z, lax.FftType.IFFT, (4, 6)), lax.fft(X, "RFFT", (6,)), lax.fft(Z, "irfft", (4, 10)), lax.fft(Z, "fft", ())], **TOL)

case.error("axes repeated", lambda jnp: jnp.fft.fftn(X, axes=(1, 1)))
case.error("lengths and axes", lambda jnp: jnp.fft.fftn(X, s=(3,), axes=(0, 1)))
case.error("length zero", lambda jnp: jnp.fft.fft(X, n=0))
case.error("norm", lambda jnp: jnp.fft.fft(X, norm="foo"))
case.error("complex rfft", lambda jnp: jnp.fft.rfft(Z))
case.error("one axis for two", lambda jnp: jnp.fft.fft2(X, axes=(0,)))
case.error("axis out of bounds", lambda jnp: jnp.fft.fft(X, axis=4))
case.error("lax type", lambda lax: lax.fft(Z, "foo", (6,)))
case.error("lax lengths", lambda lax: lax.fft(Z, "fft", (5,)))
