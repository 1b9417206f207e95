"""jax.random: Poisson, geometric, binomial and multinomial numbers, bit for bit."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

L = np.array([0.0, 0.5, 3.0, 9.9, 10.1, 55.0, 1e4, np.nan], "f4")
P = np.array([0.05, 0.3, 0.5, 0.77, 1.0], "f4")
N = np.array([[3], [40], [1000]], "f4")

case("poisson", lambda random: [random.poisson(random.PRNGKey(2), 3.0, (40,)), random.poisson(random.key(3), 120.0, (40,), dtype="int16")], exact=True)
case("poisson traced", lambda random, x: random.poisson(random.key(5), x, (6, 7)), L[:7], modes="jit", exact=True)
case("geometric", lambda random, p: [random.geometric(random.key(1), p), random.geometric(random.key(2), p, (9, 5), dtype="int16"), random.geometric(random.key(3), 0.2, (50,))], P, modes="jit", exact=True)
case("binomial", lambda random, n, p: [random.binomial(random.key(1), n, p), random.binomial(random.key(2), 10, 0.3, (40,))], N, P, modes="jit", exact=True)
case("binomial edges", lambda random: [random.binomial(random.key(1), np.array([np.nan, -1, np.inf, 5, 5.7, 7]), np.array([0.5, 0.5, 0.5, np.nan, -0.1, 1.0])), random.binomial(random.key(2), 5, 0.0, (3,), dtype="float16")], exact=True)
case("multinomial", lambda random: [random.multinomial(random.key(1), 20, np.array([0.1, 0.2, 0.7])), random.multinomial(random.key(2), np.array([5, 500]), np.array([[0.5, 0.5, 0], [0.3, 0.3, 0.4]]), dtype="int32"),
                                    random.multinomial(random.key(3), 7.0, np.array([0.5, 0.5]), shape=(4, 2))], exact=True)
case.error("poisson of another kind of key", lambda random: random.poisson(random.key(0, impl="rbg"), 1.0))
case.error("poisson shape", lambda random: random.poisson(random.key(0), L, (3,)))
case.error("geometric dtype", lambda random: random.geometric(random.key(0), P, dtype="float32"))
case.error("binomial dtype", lambda random: random.binomial(random.key(0), N, P, dtype="int32"))
case.error("binomial shape", lambda random: random.binomial(random.key(0), N, P, shape=(2,)))
