"""Control flow: scan, while_loop, fori_loop, cond, switch, map, associative_scan; and jit around them."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.array([0.5, 1.5, -2.0, 3.0], "f4")

case("scan", lambda lax: lax.scan(lambda c, x: (c + x, c * x), 0.0, X))
case("scan reverse", lambda lax: lax.scan(lambda c, x: (c + x, c), np.float32(1), X, reverse=True))
case("scan no xs", lambda lax: lax.scan(lambda c, _: (c * 2, c), 1, None, length=4))
case("scan no carry", lambda lax: lax.scan(lambda c, x: (None, x * 2), None, X))
case("grad of scan", lambda jax, lax, jnp: jax.grad(lambda x: lax.scan(lambda c, a: (jnp.sin(c) * a, c), 1.0, x)[0])(X))
case("grad of scan constants", lambda jax, lax, jnp: jax.grad(lambda w: lax.scan(lambda c, a: (jnp.tanh(w * c + a), c * w), 0.0, X)[1].sum())(0.7))
case("hessian of scan", lambda jax, lax: jax.hessian(lambda x: lax.scan(lambda c, a: (c * a + 1, None), 2.0, x)[0])(X))
case("fori_loop empty", lambda lax: lax.fori_loop(3, 1, lambda i, c: c + 1, 7))
case("grad of fori_loop", lambda jax, lax: jax.grad(lambda x: lax.fori_loop(0, 4, lambda i, c: c * x, 1.0))(1.5))
case("while_loop", lambda lax: lax.while_loop(lambda c: c[0] < 10, lambda c: (c[0] + 3, c[1] * 2), (0, 1.0)))
case("while_loop never", lambda lax: lax.while_loop(lambda c: c > 5, lambda c: c + 1, 0))
case("jvp of while_loop", lambda jax, lax: jax.jvp(lambda x: lax.while_loop(lambda c: c < 100.0, lambda c: c * x, x), (3.0,), (1.0,)))
case("while under jit", lambda jax, lax, jnp: jax.jit(lambda x: lax.while_loop(lambda c: jnp.abs(c[0]) > 1e-3, lambda c: (c[0] / 2, c[1] + 1), (x, 0)))(5.0))
case("cond", lambda lax: [lax.cond(p, lambda x: x + 1, lambda x: x * 2, X) for p in (True, False)])
case("cond no operand", lambda lax: lax.cond(True, lambda: 1.0, lambda: 2.0))
case("cond traced", lambda jax, lax, jnp: [jax.jit(lambda p, x: lax.cond(p, jnp.sin, jnp.cos, x))(p, X) for p in (True, False)])
case("cond several operands", lambda lax: lax.cond(False, lambda x, y: x + y, lambda x, y: x - y, X, 1.0))
case("grad of cond", lambda jax, lax, jnp: [jax.grad(lambda x: lax.cond(x > 1, jnp.sin, lambda a: a * a, x))(v) for v in (0.5, 2.0)])
case("grad of cond under jit", lambda jax, lax, jnp: jax.jit(jax.grad(lambda x: lax.cond(x > 1, jnp.sin, lambda a: a * a, x)))(0.5))
case("cond with closure", lambda jax, lax: jax.grad(lambda y: lax.cond(True, lambda x: x * y, lambda x: x, 3.0))(2.0))
case("switch", lambda lax: [lax.switch(i, [lambda x: x, lambda x: x * 2, lambda x: -x], X) for i in (0, 1, 2, 9, -3)])
case("switch traced", lambda jax, lax: jax.jit(lambda i: lax.switch(i, [lambda x: x, lambda x: x * 2], X))(1))
case("select n-way grad", lambda jax, lax: jax.grad(lambda x: lax.switch(1, [lambda a: a, lambda a: a ** 3], x))(2.0))
case("jaxpr of while", lambda jax, lax: str(jax.make_jaxpr(lambda x: lax.while_loop(lambda c: c < 3., lambda c: c * 2., x))(np.float32(1))))
case.error("scan carry type", lambda lax: lax.scan(lambda c, x: (c + 0.5, x), np.int32(0), X))
case.error("scan carry tree", lambda lax: lax.scan(lambda c, x: ((c, c), x), 0.0, X))
case.error("scan not a pair", lambda lax: lax.scan(lambda c, x: c, 0.0, X))
case.error("scan lengths", lambda lax: lax.scan(lambda c, x: (c, x), 0.0, (X, X[:2])))
case.error("while carry type", lambda lax: lax.while_loop(lambda c: c < 3, lambda c: c * 1.5, np.int32(1)))
case.error("while cond not a scalar", lambda lax: lax.while_loop(lambda c: c < 3, lambda c: c + 1, X))
case.error("while cond not a bool", lambda lax: lax.while_loop(lambda c: c, lambda c: c, 1.0))
case.error("cond branch types", lambda lax: lax.cond(True, lambda x: x, lambda x: x > 0, X))
case.error("cond branch trees", lambda lax: lax.cond(True, lambda x: (x, x), lambda x: x, X))
case.error("cond predicate shape", lambda lax: lax.cond(X > 0, lambda x: x, lambda x: x, X))
case.error("switch without branches", lambda lax: lax.switch(0, [], X))
case.error("reverse mode of while", lambda jax, lax: jax.grad(lambda x: lax.while_loop(lambda c: c < 9.0, lambda c: c * 2, x))(1.0))


# --- weak types: a carry or a branch may differ in weakness; the body's results decide, of branches the first

W = np.arange(3, dtype="f4") + 1
MODES = "eager jit vjp jvp vmap"
for name, f in {
    "scan weak carry": lambda jnp, lax, x: lax.scan(lambda c, a: (c + 1, (c, a)), 1., x),
    "scan weak ys": lambda jnp, lax, x: lax.scan(lambda c, a: (c * a, 2.), x[0], x),
    "scan weak carry gets strong": lambda jnp, lax, x: lax.scan(lambda c, a: (c * a, c), 1., x),
    "scan strong carry gets weak": lambda jnp, lax, x: lax.scan(lambda c, a: (1., c * a), x[0], x),
    "scan weak integer carry": lambda jnp, lax, x: lax.scan(lambda c, a: (c + 1, (c, 3, a)), 0, x),
    "scan weak integer becomes float": lambda jnp, lax, x: lax.scan(lambda c, a: (c * a + 1, c), 0, x),
    "scan two carries": lambda jnp, lax, x: lax.scan(lambda c, a: ((c[1] * 2, c[0] * a), c), (1., 2.), x),
    "scan nothing": lambda jnp, lax, x: (x, lax.scan(lambda c, a: (c * x[0], c), 1., jnp.zeros((0,)))),
    "while weak gets strong": lambda jnp, lax, x: lax.while_loop(lambda c: c < 9, lambda c: c * 2 + x.sum() * 0, 1.),
    "while strong gets weak": lambda jnp, lax, x: lax.while_loop(lambda c: c < 9, lambda c: 10., x[0]),
    "while never": lambda jnp, lax, x: lax.while_loop(lambda c: c < 0, lambda c: c * x[0], 1.),
    "fori weak": lambda jnp, lax, x: lax.fori_loop(0, 3, lambda i, c: c * 2 + i, 1.),
    "fori weak gets strong": lambda jnp, lax, x: lax.fori_loop(0, 3, lambda i, c: c * jnp.asarray(x)[i], 1.),
    "cond weak first": lambda jnp, lax, x: lax.cond(x[0] > 1, lambda a: a, lambda a: 2., x[0]),
    "cond strong first": lambda jnp, lax, x: lax.cond(x[0] > 0, lambda a: 2., lambda a: a, x[0]),
    "cond both weak": lambda jnp, lax, x: lax.cond(x[0] > 0, lambda: 1., lambda: 2.),
    "switch": lambda jnp, lax, x: lax.switch(1, [lambda a: a, lambda a: 1., lambda a: 2 * a], x[1]),
    "cond in scan": lambda jnp, lax, x: lax.scan(lambda c, a: (lax.cond(a > 1, lambda b: b, lambda b: 1., c), c), 1., x),
}.items():
    # while has no reverse rule; under vmap the weakness of a selected carry is not compared
    modes = MODES if "while" not in name else "eager jit jvp" if "strong gets" in name else "eager jit jvp vmap"
    case("weak: " + name, lambda jnp, lax, x, f=f: f(jnp, lax, x), W, modes=modes, rtol=1e-5)
case.error("weak float carry becomes integer", lambda jnp, lax: lax.scan(lambda c, a: (a, c), 1., jnp.arange(3)))
case.error("weak carry of another shape", lambda jnp, lax: lax.scan(lambda c, a: (c + a, c), 1., jnp.ones((3, 2))))
