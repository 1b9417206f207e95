"""grad, value_and_grad, vjp, jvp, linearize, jacobians, hessians, custom rules, checkpoint."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.array([0.3, -1.2, 2.0], "f4")

case("grad", lambda jax, jnp: jax.grad(lambda x: jnp.sum(jnp.sin(x) * x))(X))
case("grad scalar", lambda jax, jnp: [jax.grad(jnp.tanh)(0.5), jax.grad(lambda x: x ** 3)(2.0), jax.grad(lambda x: 7.0)(1.0)])
case("grad argnums", lambda jax: jax.grad(lambda x, y, z: (x * y + z).sum(), argnums=(0, 2))(X, X + 1, X))
case("grad negative argnum", lambda jax: jax.grad(lambda x, y: (x * y).sum(), argnums=-1)(X, X + 1))
case("grad of a tree", lambda jax, jnp: jax.grad(lambda p: (p["w"] * p["b"][0]).sum() + p["b"][1])({"w": X, "b": (X * 2, 1.0)}))
case("value_and_grad", lambda jax: jax.value_and_grad(lambda x: (x ** 2).sum())(X))
case("value_and_grad aux", lambda jax: jax.value_and_grad(lambda x: ((x ** 2).sum(), {"aux": x + 1}), has_aux=True)(X))
case("grad keyword", lambda jax: jax.grad(lambda x, scale=1.0: (x * scale).sum())(X, scale=3.0))
case("grad of grad", lambda jax, jnp: jax.grad(jax.grad(jnp.sin))(0.7))
case("third derivative", lambda jax, jnp: jax.grad(jax.grad(jax.grad(lambda x: jnp.exp(2 * x) * x)))(0.5))
case("grad python branch", lambda jax, jnp: [jax.grad(lambda x: x * x if x > 0 else -x)(v) for v in (3.0, -3.0)])
case("grad python loop", lambda jax: jax.grad(lambda x: sum(x ** i for i in range(1, 6)))(1.1))
case("grad of jit", lambda jax, jnp: jax.grad(jax.jit(lambda x: jnp.sum(jnp.cos(x) ** 2)))(X))
case("jit of grad", lambda jax, jnp: jax.jit(jax.grad(lambda x: jnp.sum(jnp.cos(x) ** 2)))(X))
case("grad holomorphic", lambda jax: jax.grad(lambda z: z ** 3, holomorphic=True)(1 + 2j))
case("grad allow_int", lambda jax: jax.grad(lambda n, x: (x * n).sum(), argnums=(0, 1), allow_int=True)(np.int32(3), X))
case("vjp", lambda jax, jnp: (lambda r: (r[0], r[1](jnp.ones(3))))(jax.vjp(jnp.sin, X)))
case("vjp of trees", lambda jax: (lambda r: (r[0], r[1]({"a": X, "b": 1.0})))(jax.vjp(lambda x, y: {"a": x * y, "b": x.sum()}, X, 2.0)))
case("vjp aux", lambda jax, jnp: (lambda r: (r[0], r[2], r[1](jnp.ones(3))))(jax.vjp(lambda x: (x * x, x.sum()), X, has_aux=True)))
case("grad of a real function of complex numbers", lambda jax, jnp: jax.grad(lambda z: (z * z.conj()).real.sum())(np.array([1 + 2j, 3 - 1j], "c8")))
case("jvp", lambda jax, jnp: jax.jvp(lambda x, y: x * jnp.sin(y), (X, X + 1), (X * 0 + 1, X)))
case("jvp aux", lambda jax, jnp: jax.jvp(lambda x: (x * x, {"s": x.sum()}), (X,), (X,), has_aux=True))
case("jvp of jvp", lambda jax, jnp: jax.jvp(lambda x: jax.jvp(jnp.sin, (x,), (x,))[1], (X,), (X + 1,)))
case("linearize", lambda jax, jnp: (lambda r: (r[0], r[1](X), r[1](2 * X)))(jax.linearize(lambda x: jnp.sin(x) * x, X)))
case("linear_transpose", lambda jax: jax.linear_transpose(lambda x: 2 * x[1:] - x[:-1], X)(X[:2]))
case("jacrev", lambda jax, jnp: jax.jacrev(lambda x: jnp.stack([x.sum(), (x ** 2).sum()]))(X))
case("jacobian of trees", lambda jax: jax.jacrev(lambda p: {"o": p["a"] * p["b"]})({"a": X, "b": X + 1}))
case("hessian", lambda jax, jnp: jax.hessian(lambda x: jnp.sum(x ** 3) + x[0] * x[1])(X))
case("hvp", lambda jax, jnp: jax.jvp(jax.grad(lambda x: jnp.sum(jnp.tanh(x) ** 2)), (X,), (X,))[1])
case("grad of max ties", lambda jax, jnp: [jax.grad(lambda x: jnp.max(x))(jnp.array([1.0, 3, 3])), jax.grad(lambda x: jnp.maximum(x, 0.0))(0.0)])
case("grad at kinks", lambda jax, jnp: [jax.grad(jnp.abs)(0.0), jax.grad(jnp.sqrt)(0.0), jax.grad(lambda x: jnp.where(x > 0, x, 0))(0.0)])
case("grad of indexing", lambda jax, jnp: jax.grad(lambda x: (x[jnp.array([0, 0, 2])] ** 2).sum())(X))
case("grad of matmul", lambda jax, jnp: jax.grad(lambda w: jnp.sum(jnp.tanh(w @ X) @ w))(np.outer(X, X)))
case("grad of cumsum", lambda jax, jnp: jax.grad(lambda x: (jnp.cumsum(x) ** 2).sum())(X))
case("grad of logsumexp", lambda jax, nn: jax.grad(lambda x: nn.logsumexp(x) + nn.softmax(x)[0])(X))
case("grad float16", lambda jax, jnp: jax.grad(lambda x: (x * x).sum())(jnp.asarray(X, "float16")))
case("grad x64", lambda jax, jnp: jax.grad(lambda x: jnp.sum(jnp.sin(x)))(np.array([0.1, 0.2])), x64=True)
case("grad weak type", lambda jax: [jax.grad(lambda x: x * 2)(1.0), jax.value_and_grad(lambda x: x * 2)(np.float32(1))])
case("integer loss parts", lambda jax, jnp: jax.grad(lambda x: (x * jnp.round(x) + jnp.floor(x)).sum())(X))


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


case("custom_jvp batched", lambda jax, jnp: jax.vmap(jax.grad(with_custom_jvp(jax, jnp)))(X))
case("custom_vjp batched", lambda jax, jnp: jax.vmap(jax.grad(with_custom_vjp(jax, jnp), (0, 1)))(X, X + 1))
case("custom_vjp in a loop", lambda jax, jnp, lax: jax.grad(lambda x: lax.fori_loop(0, 3, lambda i, c: with_custom_vjp(jax, jnp)(c, 0.5), x))(2.0))


def clipped(jax, jnp):
    from functools import partial

    @partial(jax.custom_vjp, nondiff_argnums=(1,))
    def f(x, limit):
        return x
    f.defvjp(lambda x, limit: (x, None), lambda limit, res, g: (jnp.clip(g, -limit, limit),))
    return jax.grad(lambda x: f(x, 0.5) * 3.0)(1.0)


case("custom_vjp nondiff_argnums", clipped)
case("checkpoint", lambda jax, jnp: jax.grad(jax.checkpoint(lambda x: jnp.sum(jnp.sin(jnp.sin(x)))))(X))
case("checkpoint policy", lambda jax, jnp: jax.grad(jax.checkpoint(lambda x: jnp.sum(jnp.sin(x @ x)), policy=jax.checkpoint_policies.dots_saveable))(np.outer(X, X)))
case("jit inside remat inside vmap", lambda jax, jnp: jax.vmap(jax.grad(jax.checkpoint(jax.jit(lambda x: jnp.sin(x) ** 2))))(X))
case("closure_convert", lambda jax, jnp: jax.grad(lambda y: (lambda r: r[0](X, *r[1]).sum())(jax.closure_convert(lambda x: x * y, X)))(2.0))
case.error("grad of an integer", lambda jax: jax.grad(lambda x: x * 2)(3))
case.error("grad of a vector", lambda jax: jax.grad(lambda x: x * 2)(X))
case.error("grad of an integer output", lambda jax, jnp: jax.grad(lambda x: jnp.sum(x).astype(int))(X))
case.error("grad complex not holomorphic", lambda jax: jax.grad(lambda z: z ** 2)(1j))
case.error("grad argnums out of range", lambda jax: jax.grad(lambda x: x, argnums=2)(1.0))
case.error("jvp wrong tangent type", lambda jax, jnp: jax.jvp(jnp.sin, (X,), (np.arange(3),)))
case.error("jvp wrong tangent shape", lambda jax, jnp: jax.jvp(jnp.sin, (X,), (X[:2],)))
case.error("grad of a non-array", lambda jax: jax.grad(lambda x: x)("text"))
