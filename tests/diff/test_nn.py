"""jax.nn: values, weak types, gradients at kinks, dtypes, axes and selections."""
import ml_dtypes
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

X = np.array([-100, -20, -3.5, -3, -1, -0.5, -0.0, 0, 0.3, 1, 2, 3, 6, 7.25, 30, 100], "f4")
EDGES = np.array([np.nan, np.inf, -np.inf, 1e-30, -1e-30, 88, -88], "f4")
M = np.random.RandomState(0).normal(size=(3, 4)).astype("f4")
WHERE = np.array([[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1]], bool)
ALL = "eager jit vjp jvp"

UNARY = ["relu", "relu6", "sigmoid", "softplus", "sparse_plus", "soft_sign", "silu", "swish", "mish", "log_sigmoid", "elu", "leaky_relu",
         "hard_tanh", "celu", "selu", "gelu", "hard_sigmoid", "hard_silu", "hard_swish", "squareplus", "sparse_sigmoid", "tanh"]
SMALL = X[(X > -30) & (X < 30)]


def unary(name):
    return lambda nn, x: getattr(nn, name)(x)


for name in UNARY:
    case(name, unary(name), X, modes=ALL, atol=1e-6)
    case(f"{name} hessian", unary(name), SMALL[:7], modes="hessian", atol=3e-6)
    case(f"{name} vmap", unary(name), M, modes="vmap")
    case(f"{name} bfloat16", unary(name), SMALL.astype(ml_dtypes.bfloat16), atol=1e-2, rtol=3e-2)
    case(f"{name} float16", unary(name), SMALL.astype("f2"), rtol=5e-3, atol=2e-3)
    case(f"{name} of a number", lambda nn, name=name: getattr(nn, name)(0.5))
    case(f"{name} of nothing", unary(name), np.zeros((0, 2), "f4"))
for name in ("relu", "relu6", "softplus", "sigmoid", "leaky_relu", "elu", "tanh", "hard_tanh", "log_sigmoid", "soft_sign"):
    case(f"{name} edges", unary(name), EDGES)
for name in ("relu", "relu6", "elu", "leaky_relu", "celu", "gelu", "hard_tanh", "softplus", "soft_sign", "sparse_plus", "squareplus", "hard_silu", "tanh"):
    case(f"{name} of integers", unary(name), np.arange(-3, 4))
for name in ("sigmoid", "silu", "log_sigmoid"):
    case.error(f"{name} of a string", lambda nn, name=name: getattr(nn, name)("a"))
case.error("sigmoid of integers", lambda nn: nn.sigmoid(np.arange(3)))

case("identity", unary("identity"), X, modes="eager jit")
case("gelu exact", lambda nn, x: nn.gelu(x, approximate=False), SMALL, modes=ALL, atol=1e-6)
case("elu alpha", lambda nn, x, a: nn.elu(x, alpha=a), SMALL, np.float32(0.7), modes="eager jit vjp", atol=1e-6)
case("celu alpha", lambda nn, x, a: nn.celu(x, a), SMALL, np.float32(0.7), modes="eager jit vjp", atol=1e-6)
case("leaky_relu slope", lambda nn, x, a: nn.leaky_relu(x, a), X, np.float32(0.2), modes="eager jit vjp")
case("squareplus b", lambda nn, x: nn.squareplus(x, 1), SMALL, modes="eager vjp", atol=1e-6)
case("log1mexp", lambda nn, x: nn.log1mexp(x), np.array([0.01, 0.5, 0.69, 0.7, 3, 20], "f4"), modes="eager jit vjp", rtol=1e-5)
case("glu", lambda nn, x: nn.glu(x), M, modes=ALL)
case("glu axis", lambda nn, x: nn.glu(x, axis=0), M[:2], modes="eager vjp")
case.error("glu odd", lambda nn: nn.glu(M, axis=0))

for name in ("softmax", "log_softmax", "standardize"):
    for axis in (-1, 0, (0, 1), None):
        case(f"{name} axis {axis}", lambda nn, x, name=name, axis=axis: getattr(nn, name)(x, axis=axis), M, modes="eager vjp vmap", atol=3e-6)
    case(f"{name} hessian", unary(name), M[0], modes="hessian", atol=1e-5)
    case(f"{name} float16", unary(name), M.astype("f2"), atol=5e-3)
    case(f"{name} bfloat16", unary(name), M.astype(ml_dtypes.bfloat16), atol=3e-2, rtol=3e-2)
for name in ("softmax", "log_softmax"):
    case.error(f"{name} axis out of range", lambda nn, name=name: getattr(nn, name)(M, axis=2))
    case(f"{name} where", lambda nn, x, name=name: getattr(nn, name)(x, where=WHERE[[0, 2, 2]]), M, modes="eager jit vjp", atol=3e-6)
    case(f"{name} nothing selected", lambda nn, x, name=name: getattr(nn, name)(x, where=WHERE), M)
    case(f"{name} infinities", unary(name), np.array([[0, -np.inf, 1], [-np.inf] * 3, [np.inf, 0, 1], [np.nan, 0, 1]], "f4"))
    case(f"{name} large", unary(name), np.array([1e30, 0, -1e30], "f4"), modes="eager vjp")
    case(f"{name} integers", unary(name), np.arange(4))
case("standardize where", lambda nn, x: nn.standardize(x, where=WHERE[[0, 2, 2]]), M, modes="eager jit vjp", atol=3e-6)
case("standardize stable", lambda nn, x: nn.standardize(x, algorithm="stable"), M, modes="eager vjp", atol=3e-6)
case("standardize given", lambda nn, x: nn.standardize(x, mean=0.5, variance=2.0, epsilon=0.1), M, modes="eager vjp", atol=3e-6)
case.error("standardize algorithm", lambda nn: nn.standardize(M, algorithm="slow"))

for options in ({}, {"axis": 0}, {"axis": (0, 1), "keepdims": True}, {"axis": -1, "keepdims": True}, {"where": WHERE}, {"axis": 1, "return_sign": True},
                {"axis": 1, "b": -np.ones(4, "f4"), "return_sign": True}, {"axis": 1, "b": np.array([1, 0, 2, 3], "f4")},
                {"axis": 1, "b": np.array([1, -5, 0, 0], "f4")}, {"axis": 1, "b": 2}):
    name = " ".join(k for k in options)
    case(f"logsumexp {name}", lambda nn, x, options=options: nn.logsumexp(x, **options), M, modes="eager jit vjp", atol=3e-6)
case("logsumexp infinities", lambda nn, x: nn.logsumexp(x, axis=-1), np.array([[0, -np.inf, 1], [-np.inf] * 3, [np.inf, 0, 1], [np.nan, 0, 1]], "f4"))
case("logsumexp integers", lambda nn: nn.logsumexp(np.arange(5)))
case("logsumexp float16", lambda nn, x: nn.logsumexp(x, axis=0), M.astype("f2"), atol=5e-3)
case("logsumexp complex", lambda nn, x: nn.logsumexp(x, axis=0), (M + 1j * M).astype("c8"), atol=1e-5)
case("logsumexp of nothing", lambda nn: nn.logsumexp(np.zeros((0, 3), "f4"), axis=0))
case("logsumexp hessian", lambda nn, x: nn.logsumexp(x), M[0], modes="hessian", atol=1e-5)
case("logmeanexp", lambda nn, x: nn.logmeanexp(x, axis=1), M, modes="eager jit vjp", atol=3e-6)
case("logmeanexp where", lambda nn, x: nn.logmeanexp(x, axis=1, where=WHERE, keepdims=True), M)

for options in ({}, {"axis": 0}, {"axis": 1}, {"dtype": "int8"}, {"dtype": "bool"}, {"axis": -2}):
    case(f"one_hot {options}", lambda nn, x, options=options: nn.one_hot(x, 3, **options), np.array([[0, 1, 2], [-1, 3, 1]]), modes="eager jit vmap")
case("one_hot of a number", lambda nn: nn.one_hot(2, 4))
case("one_hot of a list", lambda nn: nn.one_hot([0, 3], 4))
case("one_hot of bytes", lambda nn: nn.one_hot(np.array([0, 200], "u1"), 4))
case("one_hot of no classes", lambda nn: nn.one_hot(np.arange(3), 0))
case.error("one_hot axis", lambda nn: nn.one_hot(np.arange(3), 4, axis=5))
case("softmax x64", lambda nn, x: nn.softmax(x), M.astype("f8"), modes="eager vjp", x64=True)
case("gelu x64", lambda nn, x: nn.gelu(x), M.astype("f8"), modes="eager vjp", x64=True)

for name, make in {
    "zeros": lambda i: i.zeros, "ones": lambda i: i.ones, "constant": lambda i: i.constant(3.5), "uniform": lambda i: i.uniform(0.1),
    "normal": lambda i: i.normal(0.1), "truncated_normal": lambda i: i.truncated_normal(0.1, lower=-1.0),
    "glorot_uniform": lambda i: i.glorot_uniform(), "glorot_normal": lambda i: i.xavier_normal(), "lecun_uniform": lambda i: i.lecun_uniform(),
    "lecun_normal": lambda i: i.lecun_normal(in_axis=0, out_axis=1), "he_uniform": lambda i: i.he_uniform(), "he_normal": lambda i: i.kaiming_normal(),
    "geometric": lambda i: i.variance_scaling(2.0, "fan_geo_avg", "normal"),
}.items():
    for dtype in (None, "float16"):
        case(f"initializer {name} {dtype}", lambda initializers, random, make=make, dtype=dtype: make(initializers)(random.key(1), (3, 4, 5), dtype),
             rtol=2e-3 if dtype else 1e-5)
case.error("initializer rank", lambda initializers, random: initializers.he_normal()(random.key(1), (3,)))
case.error("initializer mode", lambda initializers, random: initializers.variance_scaling(1.0, "fan", "normal")(random.key(1), (3, 4)))
