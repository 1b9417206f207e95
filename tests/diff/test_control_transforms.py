"""scan, while_loop, fori_loop, cond, switch: values, every transformation and their nestings."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.arange(5, dtype="f4") / 5 + np.float32(0.1)
W = np.float32(0.7)


def scanned(jnp, lax, reverse=False):
    """(w, xs) -> scalar through a scan with a closed-over weight, a carry and stacked results."""
    def f(w, xs):
        def body(c, x):
            return jnp.sin(c * w) + x, c * x * w
        c, ys = lax.scan(body, jnp.float32(0.5), xs, reverse=reverse)
        return c * c + ys.sum()
    return f


case("scan", lambda jnp, lax: lax.scan(lambda c, x: (c * W + x, c * x), 1.0, X))
case("scan reverse", lambda jnp, lax: lax.scan(lambda c, x: (c * W + x, c * x), jnp.float32(1), X, reverse=True))
case("scan no xs", lambda jnp, lax: lax.scan(lambda c, _: (c * 2, c), jnp.float32(1), None, length=4))
case("scan no ys", lambda jnp, lax: lax.scan(lambda c, x: (c + x, None), jnp.float32(1), X))
case("scan empty", lambda jnp, lax: lax.scan(lambda c, x: (c + x, c), jnp.float32(1), X[:0]))
case("scan trees", lambda jnp, lax: lax.scan(lambda c, x: ({"a": c["a"] + x[0], "b": c["b"]}, (c, x[1])), {"a": jnp.float32(1), "b": jnp.int32(2)}, (X, X * 2)))
case("scan weak carry becomes strong", lambda lax: lax.scan(lambda c, x: (c + x, c), 0, np.arange(4, dtype="i4")), weak=False)
for rev in (False, True):
    r = "reverse " if rev else ""
    case(f"grad of {r}scan", lambda jax, jnp, lax, rev=rev: jax.grad(scanned(jnp, lax, rev), (0, 1))(W, X))
    case(f"second grad of {r}scan", lambda jax, jnp, lax, rev=rev: jax.grad(jax.grad(scanned(jnp, lax, rev)))(W, X))
    case(f"jit grad jit grad of {r}scan", lambda jax, jnp, lax, rev=rev: jax.jit(jax.grad(jax.jit(jax.grad(scanned(jnp, lax, rev)))))(W, X))
    case(f"vmap grad of {r}scan", lambda jax, jnp, lax, rev=rev: jax.vmap(jax.grad(scanned(jnp, lax, rev)), in_axes=(0, None))(X, X))
    case(f"vmap over xs of {r}scan", lambda jax, jnp, lax, rev=rev: jax.vmap(jax.grad(scanned(jnp, lax, rev), 1), in_axes=(None, 1))(W, np.outer(X, X).astype("f4")))
    case(f"jvp of grad of {r}scan", lambda jax, jnp, lax, rev=rev: jax.jvp(jax.grad(scanned(jnp, lax, rev)), (W, X), (W, X)))
    case(f"linearize {r}scan", lambda jax, jnp, lax, rev=rev: jax.linearize(scanned(jnp, lax, rev), W, X)[1](W, X))
case("scan in scan", lambda jax, jnp, lax: jax.grad(lambda w: lax.scan(lambda c, x: (lax.scan(lambda d, y: (jnp.sin(d * w + y), d), c, X)[0] * x, c), jnp.float32(1), X)[0])(W))
case("vmap of scan, batched carry", lambda jax, jnp, lax: jax.vmap(lambda w: lax.scan(lambda c, x: (jnp.sin(c * w) + x, c), w, X))(X))
case("grad through a counter", lambda jax, jnp, lax: jax.grad(lambda w: lax.scan(lambda c, x: ((c[0] + 1, c[1] * w + c[0]), c[1]), (0, jnp.float32(1)), None, length=4)[0][1])(W))

case("while", lambda jnp, lax: lax.while_loop(lambda c: c[0] < 10, lambda c: (c[0] * c[1], c[1]), (jnp.float32(1), jnp.float32(1.5))))
case("while never", lambda lax, jnp: lax.while_loop(lambda c: c < 0, lambda c: c + 1, jnp.int32(3)))


def growing(jnp, lax):
    return lambda s: lax.while_loop(lambda c: c[0] < 10.0, lambda c: (c[0] * c[1], c[1]), (s, jnp.float32(1.5)))[0]


case("vmap of while: each its own number of steps", lambda jax, jnp, lax: jax.vmap(growing(jnp, lax))(X + 1))
case("jvp of while", lambda jax, jnp, lax: jax.jvp(growing(jnp, lax), (np.float32(1),), (np.float32(1),)))
case("vmap of jvp of while", lambda jax, jnp, lax: jax.vmap(lambda x: jax.jvp(growing(jnp, lax), (x,), (x,)))(X + 1))
case("linearize while", lambda jax, jnp, lax: jax.linearize(growing(jnp, lax), np.float32(1))[1](np.float32(2)))
case.error("grad of while", lambda jax, jnp, lax: jax.grad(growing(jnp, lax))(1.0))

case("fori", lambda jnp, lax: lax.fori_loop(0, 5, lambda i, v: v * 0.9 + i, jnp.float32(2)))
case("fori no steps", lambda jnp, lax: lax.fori_loop(3, 1, lambda i, v: v + 1, jnp.float32(2)))
case("grad of fori", lambda jax, jnp, lax: jax.grad(lambda v: lax.fori_loop(0, 5, lambda i, v: jnp.sin(v) * 0.9 + i, v))(np.float32(2)))
case("fori dynamic", lambda jax, jnp, lax: jax.jit(lambda n: lax.fori_loop(0, n, lambda i, v: v * 0.9 + i, jnp.float32(2)))(4))
case("fori vmap over bounds", lambda jax, jnp, lax: jax.vmap(lambda n: lax.fori_loop(0, n, lambda i, v: v * 2, jnp.float32(1)))(np.arange(4)))


def branch(jnp, lax):
    return lambda p, v: lax.cond(p > 0, lambda v: jnp.sin(v) * W, lambda v: v * v + 0 * W, v)


case("cond", lambda jnp, lax: [branch(jnp, lax)(np.float32(p), np.float32(2)) for p in (1, -1)])
case("grad of cond", lambda jax, jnp, lax: [jax.grad(branch(jnp, lax), 1)(np.float32(p), np.float32(2)) for p in (1, -1)])
case("jit grad of cond", lambda jax, jnp, lax: jax.jit(jax.grad(branch(jnp, lax), 1))(np.float32(1), np.float32(2)))
case("vmap of cond, batched predicate", lambda jax, jnp, lax: jax.vmap(branch(jnp, lax))(X - 0.5, X))
case("vmap of cond, one predicate", lambda jax, jnp, lax: jax.vmap(branch(jnp, lax), in_axes=(None, 0))(np.float32(1), X))
case("vmap of grad of cond", lambda jax, jnp, lax: jax.vmap(jax.grad(branch(jnp, lax), 1))(X - 0.5, X))
case("cond closures", lambda jax, jnp, lax: jax.jit(lambda p, a, b: lax.cond(p, lambda: a * 2, lambda: b * a))(True, X, X))
case("grad of cond closures", lambda jax, jnp, lax: jax.grad(lambda a, b: lax.cond(True, lambda: a * 2, lambda: b * a), (0, 1))(np.float32(2), np.float32(3)))
case("switch", lambda jnp, lax: [lax.switch(i, [lambda v: v, lambda v: v * 2, jnp.cos], jnp.float32(3)) for i in (-1, 0, 1, 2, 5)])
case("vmap of switch", lambda jax, jnp, lax: jax.vmap(lambda i, v: lax.switch(i, [lambda v: v, lambda v: v * 2, jnp.cos], v))(np.arange(5) - 1, X))
case("cond in scan", lambda jax, jnp, lax: jax.grad(lambda w: lax.scan(lambda c, x: (lax.cond(x > 0.5, lambda c: c * w, lambda c: jnp.sin(c) + w, c), c), jnp.float32(1), X)[0])(np.float32(0.3)))
case("while in scan in vmap", lambda jax, jnp, lax: jax.vmap(lambda w: lax.scan(lambda c, x: (lax.while_loop(lambda v: v < 5, lambda v: v * 2 + w, c + x), c), jnp.float32(1), X))(X))

case.error("scan body not a pair", lambda lax: lax.scan(lambda c, x: c, np.float32(0), X))
case.error("scan carry changes its dtype", lambda lax: lax.scan(lambda c, x: (c.astype("int32"), x), np.float32(0), X))
case.error("scan carry changes its structure", lambda lax: lax.scan(lambda c, x: ((c, c), x), np.float32(0), X))
case.error("scan lengths differ", lambda lax: lax.scan(lambda c, x: (c, x[0]), np.float32(0), (X, X[:2])))
case.error("scan without length", lambda lax: lax.scan(lambda c, x: (c, x), np.float32(0), None))
case.error("scan over a scalar", lambda lax: lax.scan(lambda c, x: (c, x), np.float32(0), np.float32(1)))
case.error("while cond not boolean", lambda lax: lax.while_loop(lambda c: c, lambda c: c + 1, np.float32(0)))
case.error("while body changes its shape", lambda jnp, lax: lax.while_loop(lambda c: c.sum() < 1, lambda c: c[None], np.ones(3, "f4")))
case.error("cond branches differ", lambda jnp, lax: lax.cond(True, lambda: jnp.float32(1), lambda: jnp.int32(1)))
case.error("cond structures differ", lambda jnp, lax: lax.cond(True, lambda: (1.0,), lambda: 1.0))
case.error("cond predicate not scalar", lambda jnp, lax: lax.cond(np.ones(2), lambda: 1, lambda: 2))
case.error("switch without branches", lambda lax: lax.switch(0, [], 1.0))
case.error("switch on a float", lambda lax: lax.switch(0.5, [lambda x: x, lambda x: x], 1.0))
case.error("fori body not callable", lambda lax: lax.fori_loop(0, 3, 1, 2))
