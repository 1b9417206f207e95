"""jax.random: keys and integers bit for bit; floats to a few units in the last place."""
import ml_dtypes
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

IMPLS = ("threefry2x32", "rbg", "unsafe_rbg")
P = np.array([0.1, 0.2, 0.3, 0.4], "f4")
A = np.array([0.05, 0.7, 1, 3.5, 40], "f4")
LOGITS = np.random.RandomState(1).normal(size=(3, 5)).astype("f4")
GRID = np.arange(12, dtype="f4").reshape(3, 4)

# keys
for impl in IMPLS:
    case(f"key {impl}", lambda random: random.key(42, impl=impl))
    case(f"PRNGKey {impl}", lambda random, impl=impl: random.PRNGKey(42, impl=impl))
    case(f"key_impl {impl}", lambda random, impl=impl: random.key_impl(random.key(1, impl=impl)))
    case(f"key_data {impl}", lambda random, impl=impl: random.key_data(random.split(random.key(1, impl=impl), 3)))
    case(f"wrap {impl}", lambda random, impl=impl: random.wrap_key_data(random.key_data(random.key(5, impl=impl)), impl=impl))
    for num in (2, 3, (), (2, 3), 0):
        case(f"split {impl} {num}", lambda random, impl=impl, num=num: random.key_data(random.split(random.key(7, impl=impl), num)))
    for data in (0, 5, 2**32 - 1):
        case(f"fold_in {impl} {data}", lambda random, impl=impl, data=data: random.key_data(random.fold_in(random.key(7, impl=impl), data)))
    for dtype in ("uint8", "uint16", "uint32"):
        case(f"bits {impl} {dtype}", lambda random, impl=impl, dtype=dtype: random.bits(random.key(3, impl=impl), (3, 5), dtype), exact=True)
    for dtype in ("float32", "float16", ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2):
        case(f"uniform {impl} {np.dtype(dtype)}", lambda random, impl=impl, dtype=dtype: random.uniform(random.key(3, impl=impl), (3, 50), dtype), exact=True)
    for dtype in ("int8", "int16", "int32", "uint8", "uint16", "uint32"):
        for low, high in ((3, 100), (-300, 300), (0, 256), (5, 5)) if impl == IMPLS[0] else ((-300, 300),):
            case(f"randint {impl} {dtype} {low} {high}", lambda random, impl=impl, dtype=dtype, low=low, high=high:
                 random.randint(random.key(3, impl=impl), (40,), low, high, dtype))
    case(f"normal {impl}", lambda random, impl=impl: random.normal(random.key(3, impl=impl), (30, 50)))
    case(f"permutation {impl}", lambda random, impl=impl: random.permutation(random.key(3, impl=impl), 1000))
for seed in (0, -3, 2**31, 2**40, 2**32 + 5, True, np.uint32(2**32 - 1), np.int8(-1)):
    case(f"seed {seed}", lambda random, seed=seed: random.key_data(random.key(seed)))
    case(f"seed x64 {seed}", lambda random, seed=seed: random.key_data(random.key(seed)), x64=True)
case("raw keys", lambda random: random.split(random.fold_in(random.PRNGKey(3), 4), 3))
case("raw key sampler", lambda random: random.uniform(np.array([1, 2], "u4"), (3,)))
case("key and dtype", lambda random: random.key(3, dtype=random.key(1, impl="rbg").dtype))
case("clone", lambda random: random.key_data(random.clone(random.key(3))))
case.error("seed too large", lambda random: random.key(2**70))
case.error("seed float", lambda random: random.key(1.5))
case.error("seed array", lambda random: random.key(np.arange(3)))
case.error("seed key", lambda random: random.key(random.key(1)))
case.error("impl unknown", lambda random: random.key(1, impl="foo"))
case.error("impl type", lambda random: random.key(1, impl=3))
case.error("impl and dtype", lambda random: random.key(1, impl="rbg", dtype="rbg"))
case.error("fold_in negative", lambda random: random.fold_in(random.key(1), -1))
case.error("fold_in array", lambda random: random.fold_in(random.key(1), np.arange(3)))
case.error("key array", lambda random: random.uniform(random.split(random.key(1)), (3,)))
case.error("raw key type", lambda random: random.uniform(np.array([1, 2], "i4"), (3,)))
case.error("raw key length", lambda random: random.uniform(np.array([1, 2, 3], "u4"), (3,)))
case.error("not a key", lambda random: random.uniform(3, (3,)))
case.error("not even a number", lambda random: random.uniform("a", (3,)))

# samplers: name, function of (random, key)
SAMPLERS = {
    "uniform limits": lambda random, k: random.uniform(k, (3, 4), minval=-2.0, maxval=np.ones(4, "f4")),
    "uniform shape int": lambda random, k: random.uniform(k, 3),
    "uniform empty": lambda random, k: random.uniform(k, (0, 3)),
    "normal scalar": lambda random, k: random.normal(k),
    "normal float16": lambda random, k: random.normal(k, (500,), "float16"),
    "normal bfloat16": lambda random, k: random.normal(k, (500,), ml_dtypes.bfloat16),
    "normal complex": lambda random, k: random.normal(k, (500,), "complex64"),
    "truncated_normal": lambda random, k: random.truncated_normal(k, -2, 2, (500,)),
    "truncated_normal arrays": lambda random, k: random.truncated_normal(k, P, P + 1, (3, 4)),
    "bernoulli": lambda random, k: random.bernoulli(k),
    "bernoulli shape": lambda random, k: random.bernoulli(k, 0.3, (3, 50)),
    "bernoulli array": lambda random, k: random.bernoulli(k, P, (30, 4)),
    "bernoulli high": lambda random, k: random.bernoulli(k, P, (30, 4), mode="high"),
    "randint arrays": lambda random, k: random.randint(k, (3, 2), np.array([[0], [3], [9]]), np.array([10, 2**31 - 1])),
    "permutation columns": lambda random, k: random.permutation(k, GRID, axis=1),
    "permutation independent": lambda random, k: random.permutation(k, GRID, axis=-1, independent=True),
    "permutation one": lambda random, k: random.permutation(k, 1),
    "permutation none": lambda random, k: random.permutation(k, 0),
    "choice": lambda random, k: random.choice(k, 10, (4, 5)),
    "choice rows": lambda random, k: random.choice(k, GRID, (5,)),
    "choice columns": lambda random, k: random.choice(k, GRID, (2, 3), axis=1),
    "choice no replacement": lambda random, k: random.choice(k, GRID, (2, 2), axis=1, replace=False),
    "choice p": lambda random, k: random.choice(k, 4, (200,), p=P),
    "choice p no replacement": lambda random, k: random.choice(k, GRID, (3,), p=P, axis=1, replace=False),
    "choice nothing": lambda random, k: random.choice(k, 0, (0,)),
    "gumbel": lambda random, k: random.gumbel(k, (500,)),
    "gumbel high": lambda random, k: random.gumbel(k, (500,), mode="high"),
    "categorical": lambda random, k: random.categorical(k, LOGITS),
    "categorical axis": lambda random, k: random.categorical(k, LOGITS, axis=0),
    "categorical shape": lambda random, k: random.categorical(k, LOGITS, shape=(40, 3)),
    "categorical no replacement": lambda random, k: random.categorical(k, LOGITS, shape=(4, 3), replace=False),
    "exponential": lambda random, k: random.exponential(k, (500,)),
    "laplace": lambda random, k: random.laplace(k, (500,)),
    "logistic": lambda random, k: random.logistic(k, (500,)),
    "cauchy": lambda random, k: random.cauchy(k, (500,)),
    "maxwell": lambda random, k: random.maxwell(k, (50,)),
    "double_sided_maxwell": lambda random, k: random.double_sided_maxwell(k, 1.0, P, (3,)),
    "rademacher": lambda random, k: random.rademacher(k, (50,)),
    "rademacher float": lambda random, k: random.rademacher(k, (50,), "float32"),
    "pareto": lambda random, k: random.pareto(k, A),
    "rayleigh": lambda random, k: random.rayleigh(k, A, (3, 5)),
    "wald": lambda random, k: random.wald(k, A, (3, 5)),
    "triangular": lambda random, k: random.triangular(k, 0.0, 0.3, 1.0, (50,)),
    "lognormal": lambda random, k: random.lognormal(k, 0.5, (50,)),
    "weibull_min": lambda random, k: random.weibull_min(k, 2.0, 1.5, (50,)),
    "gamma": lambda random, k: random.gamma(k, A, (40, 5)),
    "loggamma": lambda random, k: random.loggamma(k, A, (4, 5)),
    "beta": lambda random, k: random.beta(k, A, 2.0, (4, 5)),
    "dirichlet": lambda random, k: random.dirichlet(k, A, (4,)),
    "chisquare": lambda random, k: random.chisquare(k, A, (4, 5)),
    "f": lambda random, k: random.f(k, A, A + 1),
    "t": lambda random, k: random.t(k, A, (4, 5)),
    "generalized_normal": lambda random, k: random.generalized_normal(k, 1.5, (20,)),
    "ball": lambda random, k: random.ball(k, 3, shape=(7,)),
}
VMAPPED = ("uniform limits", "normal scalar", "randint arrays", "permutation columns", "choice p", "categorical", "gamma")
for name, f in SAMPLERS.items():
    close = {"rtol": 2e-3 if "16" not in name else 2e-2, "atol": 2e-3} if "16" in name else {"rtol": 3e-5, "atol": 1e-5}
    case(name, lambda random, f=f: f(random, random.key(11)), **close)
    if name in VMAPPED:
        case(f"{name} jit", lambda jax, random, f=f: jax.jit(lambda k: f(random, k))(random.key(12)), **close)
        case(f"{name} vmap", lambda jax, random, f=f: jax.vmap(lambda k: f(random, k))(random.split(random.key(13), 3)), **close)
        case(f"{name} raw rbg vmap", lambda jax, random, f=f: jax.vmap(lambda k: f(random, k))(random.split(random.key(13, impl="rbg"), 3)), **close)
for name in ("uniform", "normal", "bits", "randint", "bernoulli", "gumbel"):
    def x64(random, name=name):
        return random.randint(random.key(1), (20,), -5, 2**40) if name == "randint" else getattr(random, name)(random.key(1), shape=(20,))
    case(f"{name} x64", x64, x64=True, rtol=1e-9)
case("gamma gradient", lambda random, a: random.gamma(random.key(3), a), A, modes="vjp", rtol=1e-4)
case("normal reparametrised", lambda random, m, s: m + s * random.normal(random.key(3), (5,)), A, A + 1, modes="eager jit")
case("key loop", lambda jax, random: jax.lax.fori_loop(0, 5, lambda i, k: random.fold_in(k, i), random.key(3)))

for name, f in {
    "uniform dtype": lambda random, k: random.uniform(k, (3,), "int32"),
    "normal dtype": lambda random, k: random.normal(k, (3,), "int32"),
    "bits dtype": lambda random, k: random.bits(k, (3,), "int32"),
    "randint dtype": lambda random, k: random.randint(k, (3,), 0, 5, "float32"),
    "randint shape": lambda random, k: random.randint(k, (3,), 0, np.ones(2, int)),
    "truncated_normal shape": lambda random, k: random.truncated_normal(k, np.zeros(2), 1.0, (3,)),
    "bernoulli dtype": lambda random, k: random.bernoulli(k, 1),
    "bernoulli mode": lambda random, k: random.bernoulli(k, 0.5, mode="medium"),
    "permutation float": lambda random, k: random.permutation(k, 1.5),
    "permutation list": lambda random, k: random.permutation(k, [1, 2]),
    "permutation axis": lambda random, k: random.permutation(k, GRID, axis=2),
    "choice of nothing": lambda random, k: random.choice(k, 0, (3,)),
    "choice too many": lambda random, k: random.choice(k, 3, (5,), replace=False),
    "choice shape": lambda random, k: random.choice(k, 3, 5),
    "choice p": lambda random, k: random.choice(k, 3, (5,), p=np.ones(2)),
    "gumbel mode": lambda random, k: random.gumbel(k, (3,), mode="best"),
    "gamma shape": lambda random, k: random.gamma(k, A, (4,)),
    "gamma dtype": lambda random, k: random.gamma(k, A, dtype="int32"),
    "categorical shape": lambda random, k: random.categorical(k, LOGITS, shape=(4,)),
    "categorical too many": lambda random, k: random.categorical(k, LOGITS, shape=(9, 3), replace=False),
    "dirichlet scalar": lambda random, k: random.dirichlet(k, 1.0),
    "exponential dtype": lambda random, k: random.exponential(k, (3,), "int32"),
}.items():
    case.error(f"{name} error", lambda random, f=f: f(random, random.key(1)))


def configured(name, value):
    def run(jax, random):
        with getattr(jax, name)(value):
            k = random.key(3)
            return random.PRNGKey(3), random.key_data(random.split(k, 3)), random.uniform(k, (5,)), random.randint(k, (7,), 0, 90)
    return run


for impl in IMPLS:
    case(f"default {impl}", configured("default_prng_impl", impl))
case("not partitionable", configured("threefry_partitionable", False))
