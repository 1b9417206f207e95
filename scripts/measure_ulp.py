"""The error of every elementwise function against mpmath, in units of the last place of the exact result.

    PYTHONPATH=python python scripts/measure_ulp.py [--samples N] [--write]     all functions, f32 and f64
    ... measure_ulp.py exp sin                                                  some

Arguments: all exponents, subnormals included, evenly; the range in which the function is neither constant nor
trivial; and the neighbourhood of its zeros and other remarkable points. --write puts the table into docs/accuracy.md."""
import argparse
import pathlib
import sys

import mpmath
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from kernels import library as K  # noqa: E402

mp = mpmath.mp.clone()
mp.prec = 180


def logistic(x):
    return 1 / (1 + mp.exp(-x))


def erf_inv(x):
    """Newton's steps on log erfc, from the approximation at hand."""
    if abs(x) >= 1:
        return mp.mpf("nan") if abs(x) > 1 else x * mp.inf
    return mp.erfinv(x) if abs(x) < 0.9999 else mp.sign(x) * mp.findroot(lambda y: mp.log(mp.erfc(y)) - mp.log(1 - abs(x)), float(K.elementwise("erf_inv", np.array([abs(float(x))]))[0]))


def bessel(order):
    return lambda x: mp.besseli(order, x) * mp.exp(-abs(x)) if abs(x) < 1000 else mp.sign(x) ** order * mp.hypercomb(
        lambda: [([2 * mp.pi * abs(x)], [-0.5], [], [], [mp.mpf(1) / 2 + order, mp.mpf(1) / 2 - order], [], 1 / (2 * abs(x)))], [])


# name: exact function, half width of the range of interest, remarkable points
ONE = {
    "exp": (mp.exp, 760, [0]), "exp2": (lambda x: mp.power(2, x), 1080, [0, 1, 0.5]), "expm1": (mp.expm1, 720, [0, 0.34657, -0.34657]),
    "log": (mp.log, 4, [1, 0.70710678, 1.41421356]), "log1p": (mp.log1p, 4, [0, -1, 0.41421356, -0.29289321]),
    "sin": (mp.sin, 1e5, [np.pi / 4 * k for k in range(-9, 10)]), "cos": (mp.cos, 1e5, [np.pi / 4 * k for k in range(-9, 10)]),
    "tan": (mp.tan, 1e5, [np.pi / 4 * k for k in range(-9, 10)]),
    "asin": (mp.asin, 1, [0, 0.5, 1, -1]), "acos": (mp.acos, 1, [0, 0.5, -0.5, 1, -1]), "atan": (mp.atan, 10, [0, 0.41421356, 2.41421356, 1]),
    "sinh": (mp.sinh, 715, [0, 1]), "cosh": (mp.cosh, 715, [0, 1]), "tanh": (mp.tanh, 20, [0, 0.5546875]),
    "asinh": (mp.asinh, 100, [0]), "acosh": (mp.acosh, 100, [1]), "atanh": (mp.atanh, 1, [0, 1, -1]),
    "sqrt": (mp.sqrt, 4, [1]), "rsqrt": (lambda x: 1 / mp.sqrt(x), 4, [1]), "cbrt": (lambda x: mp.sign(x) * mp.cbrt(abs(x)), 10, [1, 8]),
    "logistic": (logistic, 745, [0]), "erf": (mp.erf, 6, [0, 1]), "erfc": (mp.erfc, 28, [0, 0.5, 1]), "erf_inv": (erf_inv, 1, [0, 1, -1]),
    "lgamma": (lambda x: mp.re(mp.loggamma(x)), 40, [1, 2, 0.5]), "digamma": (mp.digamma, 40, [1.4616321449683623]),
    "bessel_i0e": (bessel(0), 40, [0, 8]), "bessel_i1e": (bessel(1), 40, [0, 8]),
}
TWO = {"pow": mp.power, "atan2": lambda y, x: mp.atan2(y, x)}
# wide of the bound of 1.5, and why
SPECIAL = {"erf": 1.5, "erfc": 4, "erf_inv": 4, "lgamma": 4, "digamma": 4, "bessel_i0e": 4, "bessel_i1e": 4}
POSITIVE = ("lgamma", "digamma")  # near their zeros and poles below 0 the error is absolute


def everywhere(rng, dtype, n):
    """Floats of every exponent and sign, subnormals included."""
    word = {np.float32: np.uint32, np.float64: np.uint64}[dtype]
    bits = rng.integers(0, np.iinfo(word).max, n, dtype=word, endpoint=True)
    x = bits.view(dtype)
    return x[np.isfinite(x)]


def near(rng, dtype, points, n):
    points = np.array(points, dtype)[rng.integers(0, len(points), n)]
    return (points + rng.choice([-1, 1], n) * 2.0 ** rng.uniform(-60 if dtype == np.float64 else -30, -1, n)).astype(dtype)


def arguments(rng, name, dtype, n):
    _, width, points = ONE[name]
    width = width / 8 if dtype == np.float32 and 500 < width < 2000 else width
    x = np.concatenate([everywhere(rng, dtype, n // 3), rng.uniform(-width, width, n // 3).astype(dtype), near(rng, dtype, points, n // 3)])
    return np.abs(x) if name in POSITIVE else x


def arguments2(rng, name, dtype, n):
    x, y = everywhere(rng, dtype, n), everywhere(rng, dtype, n)[::-1]
    m = min(len(x), len(y))
    x, y = x[:m].copy(), y[:m].copy()
    half = m // 2
    if name == "pow":  # results over the whole range
        x = np.abs(x)
        x[half:] = near(rng, dtype, [1, 2, 0.5, 10], m - half)
        x = np.abs(x) + dtype(5e-324)
        reach = rng.uniform(-1, 1, m) * (88 if dtype == np.float32 else 709)
        with np.errstate(all="ignore"):
            y = (reach / np.log(x.astype(np.float64))).astype(dtype)
    else:
        x[half:], y[half:] = rng.uniform(-3, 3, m - half), rng.uniform(-3, 3, m - half)
    keep = np.isfinite(x) & np.isfinite(y)
    return x[keep], y[keep]


def exact_of(fn, args):
    try:
        value = fn(*[mp.mpf(float(a)) for a in args])
    except (ValueError, ZeroDivisionError, OverflowError, mpmath.libmp.NoConvergence):
        return None
    return None if isinstance(value, mpmath.mpc) or hasattr(value, "_mpc_") else value


def error_of(got, exact, dtype):
    """In ulps; overflow counts from the largest finite float on."""
    info = np.finfo(dtype)
    if exact is None or mp.isnan(exact):
        return 0.0 if np.isnan(got) or exact is None else np.inf
    if np.isnan(got):
        return np.inf
    if mp.isinf(exact):
        return 0.0 if float(exact) == got else np.inf
    exponent = max(mp.frexp(exact)[1] - 1, info.minexp) if exact != 0 else info.minexp
    unit = mp.ldexp(1, exponent - info.nmant)
    if np.isinf(got):
        got = mp.sign(float(got)) * mp.ldexp(1, int(info.maxexp))
        unit = mp.ldexp(1, int(info.maxexp) - 1 - info.nmant)
        return 0.0 if abs(exact) >= abs(got) - unit / 2 and mp.sign(exact) == mp.sign(got) else float(abs(got - exact) / unit)
    if abs(exact) >= mp.ldexp(1, int(info.maxexp)):
        unit = mp.ldexp(1, int(info.maxexp) - 1 - info.nmant)
    return float(abs(mp.mpf(float(got)) - exact) / unit)


def measure(name, dtype, n, seed=0):
    """The largest error over about n arguments, and where it is."""
    rng = np.random.default_rng(seed)
    fn, args = (ONE[name][0], (arguments(rng, name, dtype, n),)) if name in ONE else (TWO[name], arguments2(rng, name, dtype, n))
    with np.errstate(all="ignore"):
        got = K.elementwise(name, *[np.ascontiguousarray(a) for a in args])
    worst, where = 0.0, None
    for i in range(len(got)):
        error = error_of(got[i], exact_of(fn, [a[i] for a in args]), dtype)
        if error > worst:
            worst, where = error, tuple(float(a[i]) for a in args)
    return worst, where, len(got)


def rows(names, n):
    for name in names:
        for dtype in (np.float32, np.float64):
            yield name, dtype, *measure(name, dtype, n if name not in SPECIAL else n // 4)


HEAD = """# Accuracy of the elementwise functions

The largest error found, in units of the last place of the exact result, against mpmath over all exponents (subnormals and
huge arguments included), the interesting range and the neighbourhood of zeros and other remarkable points. Made by
`scripts/measure_ulp.py --write`; a short form of it is a test. The functions are written once, in `src/kernels/formula.h`,
and give the same bits on every machine, in the kernels and in compiled code.

| function | f32 | worst at | f64 | worst at | arguments |
|---|---|---|---|---|---|
"""
FOOT = """
`erf_inv` in f32 is JAX's formula operation by operation, so that `random.normal` gives its numbers; near 1 that formula loses
bits. `lgamma` and `digamma` are measured on positive arguments: below zero they are exact to the ulp of their largest term, not
of a result near one of their zeros. f16 and bf16 compute in f32 and round once.
"""


def spelled(where):
    return ", ".join(f"{x:.9g}" for x in where) if where else ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--samples", type=int, default=20000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    table, cells = HEAD, []
    for name, dtype, worst, where, count in rows(options.names or [*ONE, *TWO], options.samples):
        print(f"{name:12} {dtype.__name__}  {worst:10.3f} ulp at {spelled(where)}  ({count})", flush=True)
        cells += [f"{worst:.2f}", spelled(where)]
        if dtype == np.float64:
            table += f"| {name} | " + " | ".join(cells) + f" | {count} |\n"
            cells = []
    if options.write:
        (ROOT / "docs/accuracy.md").write_text(table + FOOT)


if __name__ == "__main__":
    main()
