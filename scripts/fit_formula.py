"""Fits the polynomials of src/kernels/formula.h and prints their coefficients: with Sollya (https://www.sollya.org) minimax over
machine numbers; for functions that Sollya lacks, interpolation at Chebyshev's nodes with mpmath, rounded, of the least degree
that reaches the accuracy.

    python scripts/fit_formula.py [NAME ...]"""
import subprocess
import sys

from mpmath import mp, mpf

mp.prec = 260

# name: function, powers for f32 and f64, interval (one, or one a width), fixed terms, weight of the error in the result
A = "(3*(1+x)/(1-x))"
MINIMAX = {
    "EXP": ("exp(x)", range(2, 7), range(2, 12), ("[-0.3475;0.3475]",) * 2, "1+x", "1/exp(x)"),
    "EXP2": ("2^x", range(2, 7), range(2, 12), ("[-0.501;0.501]",) * 2, "1+log(2)*x", "1/2^x"),
    "LOG": ("(log((1+sqrt(x))/(1-sqrt(x)))/sqrt(x)-2)/x", range(3), range(7), ("[1b-40;0.0296]",) * 2, None, "x/2"),
    "LOG_TAIL": ("((log((1+sqrt(x))/(1-sqrt(x)))/sqrt(x)-2)/x-2/3)/x", range(4), range(8), ("[1b-20;0.0296]",) * 2, None, "x^2/2"),
    "SIN": ("(sin(sqrt(x))/sqrt(x)-1)/x", range(3), range(6), ("[1b-40;0.64]",) * 2, None, "x"),
    "COS": ("(cos(sqrt(x))-1+x/2)/x^2", range(3), range(6), ("[1b-30;0.64]",) * 2, None, "x^2"),
    "ATAN": ("(atan(sqrt(x))/sqrt(x)-1)/x", range(5), range(12), ("[1b-40;0.172]",) * 2, None, "x"),
    "ASIN": ("(asin(sqrt(x))/sqrt(x)-1)/x", range(6), range(13), ("[1b-40;0.2501]",) * 2, None, "x"),
    "SINH": ("(sinh(sqrt(x))/sqrt(x)-1)/x", range(4), range(8), ("[1b-40;1.0001]",) * 2, None, "x"),
    "TANH": ("(tanh(sqrt(x))/sqrt(x)-1)/x", range(5), range(12), ("[1b-40;0.31]",) * 2, None, "x"),
    "CBRT": ("x^(-1/3)", range(5), range(6), ("[1;2]",) * 2, None, "x^(1/3)"),
    "ERF": ("erf(sqrt(x))/sqrt(x)-1", range(7), range(14), ("[1b-40;1.0001]",) * 2, None, "1"),
    "ERFC": (f"(1+2*{A})*erfc({A})*exp({A}^2)", range(11), range(22), ("[-0.715;0.559]", "[-0.715;0.803]"), None, "1"),
}


def minimax(function, powers, bits, interval, fixed, weight):
    """The coefficients as C writes them, and log2 of the error."""
    program = f"prec=300!;display=hexadecimal!;verbosity=0!;f={function};"
    program += f"p=fpminimax(f,[|{','.join(map(str, powers))}|],[|{','.join([str(bits)] * len(powers))}|],{interval},{fixed + ',' if fixed else ''}absolute);"
    program += "".join(f"print(round(coeff(p,{k}),{bits},RN));" for k in powers)
    program += f"display=decimal!;print(round(log2(dirtyinfnorm((p-f)*({weight}),{interval})),10,RN));"
    lines = subprocess.run(["sollya"], input=program, capture_output=True, text=True).stdout.split()
    return [line for line in lines if "0x" in line], lines[-1]


def bessel_large(order):
    """e^-a I(a) sqrt(a) by r = 1 / a"""
    def scaled(r):
        if r > mpf(1) / 200:
            return mp.besseli(order, 1 / r) * mp.exp(-1 / r) / mp.sqrt(r)
        total = term = mpf(1)
        for k in range(1, 200):
            following = term * ((2 * k - 1) ** 2 - 4 * order) * r / (8 * k)
            if abs(following) >= abs(term) or abs(following) < mpf(2) ** -200:
                break
            total, term = total + following, following
        return total / mp.sqrt(2 * mp.pi)
    return scaled


def erf_inv_of(w):
    """erf_inv(x) / x by w = -log(1 - x^2)"""
    if w == 0:
        return mp.sqrt(mp.pi) / 2
    x = mp.sqrt(-mp.expm1(-w))
    y = mp.erfinv(x) if w < 3 else mp.findroot(lambda v: mp.log(mp.erfc(v)) - mp.log(1 - x), mp.sqrt(w - mp.log(mp.pi * w) / 2))
    return y / x


def stirling(z):
    x = 1 / mp.sqrt(z)
    return (mp.loggamma(x) - ((x - 0.5) * mp.log(x) - x + mp.log(2 * mp.pi) / 2)) * x


def psi(z):
    x = 1 / mp.sqrt(z)
    return (mp.log(x) - 1 / (2 * x) - mp.digamma(x)) / z


def digamma_over_root(x, root=[]):
    root = root or [mp.findroot(mp.digamma, 1.46)]
    return mp.digamma(x) / (x - root[0])


# name: function, interval, whether the polynomial is in x less the middle, log2 of 1 / error for f32 and f64
INTERPOLATED = {
    "I0_SMALL": (lambda z: mp.hyp0f1(1, z), 0, 16, False, 24.6, 53.4), "I1_SMALL": (lambda z: mp.hyp0f1(2, z), 0, 16, False, 24.6, 53.4),
    "I0_LARGE": (bessel_large(0), 0, 0.125, True, 24.6, 53.2), "I1_LARGE": (bessel_large(1), 0, 0.125, True, 24.6, 53.2),
    "LGAMMA": (lambda u: mp.loggamma(1 + u) / (u * (u - 1)), -0.3001, 1.7001, True, 24.5, 53.2),
    "STIRLING": (stirling, mpf(2) ** -40, mpf(1) / 49, False, 16, 45), "PSI": (psi, mpf(2) ** -30, mpf(1) / 64, False, 16, 45),
    "DIGAMMA": (digamma_over_root, 0.9999, 2.0001, True, 24.5, 53.2),
    "ERF_INV_NEAR": (erf_inv_of, mpf(2) ** -60, 6.25, True, None, 53), "ERF_INV_FAR": (lambda s: erf_inv_of(s * s), 2.5, 6.01, True, None, 53.2),
}


def rounded(v, bits):
    mantissa, exponent = mp.frexp(v)
    return mp.ldexp(mp.nint(mp.ldexp(mantissa, bits)), exponent - bits)


def through(f, nodes, middle):
    """Coefficients by powers of x - middle of the polynomial through the nodes: divided differences."""
    c, xs = [f(v) for v in nodes], [v - middle for v in nodes]
    for j in range(1, len(c)):
        for i in range(len(c) - 1, j - 1, -1):
            c[i] = (c[i] - c[i - 1]) / (xs[i] - xs[i - j])
    p = [c[-1]]
    for k in range(len(c) - 2, -1, -1):
        p = [above - below * xs[k] for above, below in zip([c[k], *p], [*p, 0])]
    return p


def interpolate(f, low, high, centred, bits, target):
    low, high = mpf(low), mpf(high)
    middle = rounded((low + high) / 2, bits) if centred else mpf(0)
    tests = [low + (high - low) * (1 - mp.cos(mp.pi * (i + mpf(1) / 3) / 97)) / 2 for i in range(97)]
    exact = [f(t) for t in tests]
    for n in range(4, 44):
        nodes = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * n)) for i in range(n)]
        p = [rounded(a, bits) for a in through(f, nodes, middle)]
        error = max(abs(mp.polyval(p[::-1], t - middle) / v - 1) for t, v in zip(tests, exact))
        if error < mpf(2) ** -target:
            break
    return [float(a).hex() for a in p], f"{float(mp.log(error, 2)):.1f} about {float(middle).hex()}"


def main():
    for name in sys.argv[1:] or [*MINIMAX, *INTERPOLATED]:
        for i, bits in enumerate((24, 53)):
            if name in MINIMAX:
                function, *powers, intervals, fixed, weight = MINIMAX[name]
                coefficients, error = minimax(function, powers[i], bits, intervals[i], fixed, weight)
            else:
                function, low, high, centred, *targets = INTERPOLATED[name]
                if targets[i] is None:
                    continue
                coefficients, error = interpolate(function, low, high, centred, bits, targets[i])
            print(f"{name} f{32 * (bits // 24)}, error 2^{error}: {', '.join(coefficients)}")


if __name__ == "__main__":
    main()
