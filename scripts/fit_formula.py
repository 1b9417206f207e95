"""Fits the polynomials of src/kernels/formula.h with Sollya (https://www.sollya.org) and prints their coefficients: minimax over
the coefficients that are machine numbers.

    python3 scripts/fit_formula.py [NAME ...]"""
import subprocess
import sys

# name: function, powers for f32 and f64, interval, fixed terms, weight of the error in the result
FITS = {
    "EXP": ("exp(x)", range(2, 7), range(2, 12), "[-0.3475;0.3475]", "1+x", "1/exp(x)"),
    "EXP2": ("2^x", range(2, 7), range(2, 12), "[-0.501;0.501]", "1+log(2)*x", "1/2^x"),
    "LOG": ("(log((1+sqrt(x))/(1-sqrt(x)))/sqrt(x)-2)/x", range(3), range(7), "[1b-40;0.0296]", None, "x/2"),
    "LOG_TAIL": ("((log((1+sqrt(x))/(1-sqrt(x)))/sqrt(x)-2)/x-2/3)/x", range(4), range(8), "[1b-20;0.0296]", None, "x^2/2"),
    "SIN": ("(sin(sqrt(x))/sqrt(x)-1)/x", range(3), range(6), "[1b-40;0.64]", None, "x"),
    "COS": ("(cos(sqrt(x))-1+x/2)/x^2", range(3), range(6), "[1b-30;0.64]", None, "x^2"),
    "ATAN": ("(atan(sqrt(x))/sqrt(x)-1)/x", range(5), range(12), "[1b-40;0.172]", None, "x"),
    "ASIN": ("(asin(sqrt(x))/sqrt(x)-1)/x", range(6), range(13), "[1b-40;0.2501]", None, "x"),
    "SINH": ("(sinh(sqrt(x))/sqrt(x)-1)/x", range(4), range(8), "[1b-40;1.0001]", None, "x"),
    "TANH": ("(tanh(sqrt(x))/sqrt(x)-1)/x", range(5), range(12), "[1b-40;0.31]", None, "x"),
    "CBRT": ("x^(-1/3)", range(5), range(6), "[1;2]", None, "x^(1/3)"),
}


def fit(function, powers, bits, interval, fixed, weight):
    """The coefficients as C writes them, and log2 of the error."""
    program = f"prec=300!;display=hexadecimal!;verbosity=0!;f={function};"
    program += f"p=fpminimax(f,[|{','.join(map(str, powers))}|],[|{','.join([str(bits)] * len(powers))}|],{interval},{fixed + ',' if fixed else ''}absolute);"
    program += "".join(f"print(round(coeff(p,{k}),{bits},RN));" for k in powers)
    program += f"display=decimal!;print(round(log2(dirtyinfnorm((p-f)*({weight}),{interval})),10,RN));"
    lines = subprocess.run(["sollya"], input=program, capture_output=True, text=True).stdout.split()
    return [line for line in lines if "0x" in line], lines[-1]


for name in sys.argv[1:] or FITS:
    function, narrow, wide, *rest = FITS[name]
    for bits, powers in ((24, narrow), (53, wide)):
        coefficients, error = fit(function, powers, bits, *rest)
        print(f"{name} f{32 * (bits // 24)}, error 2^{error}: {', '.join(coefficients)}")
