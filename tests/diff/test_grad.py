"""grad, value_and_grad, vjp, jvp, linearize, jacobians, hessians, custom rules, checkpoint."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.array([0.3, -1.2, 2.0], "f4")

case("grad", lambda jax, jnp: jax.grad(lambda x: jnp.sum(jnp.sin(x) * x))(X))
case("grad of grad", lambda jax, jnp: jax.grad(jax.grad(jnp.sin))(0.7))
case("third derivative", lambda jax, jnp: jax.grad(jax.grad(jax.grad(lambda x: jnp.exp(2 * x) * x)))(0.5))
case("grad python branch", lambda jax, jnp: [jax.grad(lambda x: x * x if x > 0 else -x)(v) for v in (3.0, -3.0)])
case("grad python loop", lambda jax: jax.grad(lambda x: sum(x ** i for i in range(1, 6)))(1.1))
case("grad of jit", lambda jax, jnp: jax.grad(jax.jit(lambda x: jnp.sum(jnp.cos(x) ** 2)))(X))
case("jit of grad", lambda jax, jnp: jax.jit(jax.grad(lambda x: jnp.sum(jnp.cos(x) ** 2)))(X))
case("grad holomorphic", lambda jax: jax.grad(lambda z: z ** 3, holomorphic=True)(1 + 2j))
case("jvp", lambda jax, jnp: jax.jvp(lambda x, y: x * jnp.sin(y), (X, X + 1), (X * 0 + 1, X)))
case("jvp of jvp", lambda jax, jnp: jax.jvp(lambda x: jax.jvp(jnp.sin, (x,), (x,))[1], (X,), (X + 1,)))
case("linearize", lambda jax, jnp: (lambda r: (r[0], r[1](X), r[1](2 * X)))(jax.linearize(lambda x: jnp.sin(x) * x, X)))
case("grad x64", lambda jax, jnp: jax.grad(lambda x: jnp.sum(jnp.sin(x)))(np.array([0.1, 0.2])), x64=True)
case("grad weak type", lambda jax: [jax.grad(lambda x: x * 2)(1.0), jax.value_and_grad(lambda x: x * 2)(np.float32(1))])


def with_custom_jvp(jax, jnp):
    @jax.custom_jvp
    def f(x):
        return jnp.exp(x)

    @f.defjvp
    def f_jvp(primals, tangents):
        (x,), (t,) = primals, tangents
        return f(x), 10.0 * t
    return f


def with_custom_vjp(jax, jnp):
    @jax.custom_vjp
    def f(x, y):
        return x * y
    f.defvjp(lambda x, y: (x * y, (x, y)), lambda res, g: (100.0 * g * res[1], g * res[0]))
    return f


def clipped(jax, jnp):
    from functools import partial

    @partial(jax.custom_vjp, nondiff_argnums=(1,))
    def f(x, limit):
        return x
    f.defvjp(lambda x, limit: (x, None), lambda limit, res, g: (jnp.clip(g, -limit, limit),))
    return jax.grad(lambda x: f(x, 0.5) * 3.0)(1.0)


case.error("grad of an integer", lambda jax: jax.grad(lambda x: x * 2)(3))
case.error("grad of a vector", lambda jax: jax.grad(lambda x: x * 2)(X))
case.error("grad of an integer output", lambda jax, jnp: jax.grad(lambda x: jnp.sum(x).astype(int))(X))
case.error("grad complex not holomorphic", lambda jax: jax.grad(lambda z: z ** 2)(1j))
case.error("grad argnums out of range", lambda jax: jax.grad(lambda x: x, argnums=2)(1.0))
case.error("jvp wrong tangent type", lambda jax, jnp: jax.jvp(jnp.sin, (X,), (np.arange(3),)))
case.error("jvp wrong tangent shape", lambda jax, jnp: jax.jvp(jnp.sin, (X,), (X[:2],)))
case.error("grad of a non-array", lambda jax: jax.grad(lambda x: x)("text"))
