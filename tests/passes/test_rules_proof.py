"""Every rule of src/compile/rules.def is proved with an SMT solver: integers as bit vectors of every width, floats by IEEE 754 theory.

The file is read here on its own, and the meaning of the ops is written here on its own: nothing is shared with the engine. All NaNs are
one value to the solver; that EXACT rules also keep a NaN's sign is left to the random programs of tests/c/test_passes.c.
"""
import pathlib
import re

import pytest

z3 = pytest.importorskip("z3")

RULES = pathlib.Path(__file__).resolve().parents[2] / "src" / "compile" / "rules.def"
LINE = re.compile(r'^RULE\((\w+), (\w+), "([^"]*)", "([^"]*)", (\w+), "([^"]*)"\)$', re.M)
VIEW = re.compile(r'^VIEW\((\w+), "([^"]*)", (\w+), "([^"]*)"\)$', re.M)
TEXT = re.sub(r"/\*.*?\*/", "", RULES.read_text(), flags=re.S)
RM = z3.RNE()
FLOATS = {"f16": (5, 11), "bf16": (8, 8), "f32": (8, 24), "f64": (11, 53)}
WIDTHS = [2, 4, 8, 16, 32, 64]


class Dtype:
    def __init__(self, kind, bits, name):
        self.kind, self.bits, self.name = kind, bits, name
        self.sort = {"f": lambda: z3.FPSort(*FLOATS[name]), "*": lambda: z3.DeclareSort("Any")}.get(kind, lambda: z3.BitVecSort(bits))()

    def __repr__(self):
        return self.name


BOOL = Dtype("b", 1, "bool")
SIGNED = [Dtype("i", n, f"i{n}") for n in WIDTHS]
UNSIGNED = [Dtype("u", n, f"u{n}") for n in WIDTHS]
FLOAT = [Dtype("f", 0, name) for name in FLOATS]
ANY = Dtype("*", 0, "any")
BY_NAME = {d.name: d for d in [BOOL, ANY, *SIGNED, *UNSIGNED, *FLOAT]}


class Value:
    def __init__(self, term, dtype, imag=None):
        self.term, self.dtype, self.imag = term, dtype, imag


# ---- patterns ----

TOKEN = re.compile(r"\s*([\w.-]+|[()\[\],=])")


def parse(text):
    tokens, at = TOKEN.findall(text), 0

    def expression():
        nonlocal at
        word, attr = tokens[at], None
        at += 1
        if at < len(tokens) and tokens[at] == "[":
            attr, at = int(tokens[at + 3]), at + 5
        if at >= len(tokens) or tokens[at] != "(":
            return word
        args = []
        while tokens[at] != ")":
            at += 1
            args.append(expression())
        at += 1
        return (word, attr, args)

    tree = expression()
    assert at == len(tokens), text
    return tree


# ---- the meaning of the ops ----

def bit(condition):
    return Value(z3.If(condition, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1)), BOOL)


def literal(word, d):
    if word in ("true", "false"):
        return Value(z3.BitVecVal(word == "true", 1), BOOL)
    if d.kind == "f":
        if word in ("lowest", "highest"):
            return Value(z3.fpMinusInfinity(d.sort) if word == "lowest" else z3.fpPlusInfinity(d.sort), d)
        return Value(z3.fpMinusZero(d.sort) if word == "-0" else z3.FPVal(float(word), d.sort), d)
    top = 1 << (d.bits - 1)
    limits = {"lowest": -top if d.kind == "i" else 0, "highest": top - 1 if d.kind == "i" else 2 * top - 1, "ones": 2 * top - 1}
    return Value(z3.BitVecVal(limits.get(word) if word in limits else int(word), d.bits), d)


def less(x, y):
    d = x.dtype
    return z3.fpLT(x.term, y.term) if d.kind == "f" else x.term < y.term if d.kind == "i" else z3.ULT(x.term, y.term)


def same(x, y):
    return z3.fpEQ(x.term, y.term) if x.dtype.kind == "f" else x.term == y.term


def extreme(x, y, greater):
    first = less(y, x) if greater else less(x, y)
    pick = z3.If(z3.Or(first, same(x, y)), x.term, y.term)
    if x.dtype.kind == "f":
        pick = z3.If(z3.fpIsNaN(x.term), x.term, z3.If(z3.fpIsNaN(y.term), y.term, pick))
    return Value(pick, x.dtype)


def divide(x, y):
    d = x.dtype
    if d.kind == "f":
        return Value(z3.fpDiv(RM, x.term, y.term), d)
    quotient = x.term / y.term if d.kind == "i" else z3.UDiv(x.term, y.term)
    return Value(z3.If(y.term == 0, z3.BitVecVal(-1, d.bits), quotient), d)


def remainder(x, y):
    d = x.dtype
    rest = z3.SRem(x.term, y.term) if d.kind == "i" else z3.URem(x.term, y.term)
    return Value(z3.If(y.term == 0, x.term, rest), d)


def shift(x, y, how):
    over, bits = z3.UGE(y.term, x.dtype.bits) if x.dtype.bits < 1 << x.dtype.bits else z3.BoolVal(False), x.dtype.bits
    if how == "left":
        return Value(z3.If(over, z3.BitVecVal(0, bits), x.term << y.term), x.dtype)
    if how == "logical":
        return Value(z3.If(over, z3.BitVecVal(0, bits), z3.LShR(x.term, y.term)), x.dtype)
    return Value(z3.If(over, x.term >> (bits - 1), x.term >> y.term), x.dtype)


def times(x, y):
    return Value(z3.fpMul(RM, x.term, y.term) if x.dtype.kind == "f" else x.term * y.term, x.dtype)


def plus(x, y):
    return Value(z3.fpAdd(RM, x.term, y.term) if x.dtype.kind == "f" else x.term + y.term, x.dtype)


def minus(x, y):
    return Value(z3.fpSub(RM, x.term, y.term) if x.dtype.kind == "f" else x.term - y.term, x.dtype)


def negate(x):
    if x.imag is not None:
        return Value(-x.term, x.dtype, -x.imag)
    return Value(z3.fpNeg(x.term) if x.dtype.kind == "f" else -x.term, x.dtype)


def absolute(x):
    if x.dtype.kind == "f":
        return Value(z3.fpAbs(x.term), x.dtype)
    if ASSUMED:  # one of two proofs, in which the sign of x is assumed
        return negate(x) if ASSUMED[0] else x
    return Value(z3.If(x.term < 0, -x.term, x.term), x.dtype)


ASSUMED = []


def sign(x):
    d, zero = x.dtype, literal("0", x.dtype)
    if d.kind == "u":
        return Value(z3.If(x.term == 0, x.term, z3.BitVecVal(1, d.bits)), d)
    one, less_one = literal("1", d).term, literal("-1", d).term
    return Value(z3.If(less(zero, x), one, z3.If(less(x, zero), less_one, x.term)), d)


def select(which, a, b):
    if which.dtype is BOOL:
        return Value(z3.If(which.term == 1, b.term, a.term), a.dtype)
    return Value(z3.If(which.term <= 0, a.term, b.term), a.dtype)


def population(x):
    total = z3.BitVecVal(0, x.dtype.bits)
    for i in range(x.dtype.bits):
        total = total + z3.ZeroExt(x.dtype.bits - 1, z3.Extract(i, i, x.term)) if x.dtype.bits > 1 else total + x.term
    return Value(total, x.dtype)


def convert(x, d):
    f, t, v = x.dtype, d, x.term
    if f is t:
        return x
    if f.kind == "f" and t.kind == "f":
        return Value(z3.fpFPToFP(RM, v, t.sort), t)
    if f.kind == "f" and t.kind == "b":
        return bit(z3.Not(z3.fpIsZero(v)))
    if f.kind == "f":
        signed, top = t.kind == "i", 1 << (t.bits - 1)
        low, high = (-top, top - 1) if signed else (0, 2 * top - 1)
        whole = z3.fpRoundToIntegral(z3.RTZ(), v)
        inside = z3.fpToSBV(z3.RTZ(), v, t.sort) if signed else z3.fpToUBV(z3.RTZ(), v, t.sort)
        wide = z3.FPSort(15, 113)
        exact = z3.fpFPToFP(RM, whole, wide)
        clipped = z3.If(z3.fpLEQ(exact, z3.FPVal(low, wide)), z3.BitVecVal(low, t.bits),
                        z3.If(z3.fpGEQ(exact, z3.FPVal(high, wide)), z3.BitVecVal(high, t.bits), inside))
        return Value(z3.If(z3.fpIsNaN(v), z3.BitVecVal(0, t.bits), clipped), t)
    if t.kind == "b":
        return bit(v != 0)
    if t.kind == "f":
        return Value(z3.fpSignedToFP(RM, v, t.sort) if f.kind == "i" else z3.fpUnsignedToFP(RM, v, t.sort), t)
    if t.bits <= f.bits:
        return Value(z3.Extract(t.bits - 1, 0, v), t)
    return Value(z3.SignExt(t.bits - f.bits, v) if f.kind == "i" else z3.ZeroExt(t.bits - f.bits, v), t)


OPS = {
    "add": plus, "add_any": plus, "sub": minus, "mul": times, "div": divide, "rem": remainder, "neg": negate, "abs": absolute, "sign": sign,
    "square": lambda x: times(x, x),
    "not": lambda x: Value(~x.term, x.dtype),
    "and": lambda x, y: Value(x.term & y.term, x.dtype),
    "or": lambda x, y: Value(x.term | y.term, x.dtype),
    "xor": lambda x, y: Value(x.term ^ y.term, x.dtype),
    "shift_left": lambda x, y: shift(x, y, "left"),
    "shift_right_logical": lambda x, y: shift(x, y, "logical"),
    "shift_right_arithmetic": lambda x, y: shift(x, y, "arithmetic"),
    "population_count": population,
    "max": lambda x, y: extreme(x, y, True),
    "min": lambda x, y: extreme(x, y, False),
    "clamp": lambda lo, x, hi: extreme(extreme(lo, x, True), hi, False),
    "eq": lambda x, y: bit(same(x, y)),
    "ne": lambda x, y: bit(z3.Not(same(x, y))),
    "lt": lambda x, y: bit(less(x, y)),
    "gt": lambda x, y: bit(less(y, x)),
    "le": lambda x, y: bit(z3.Or(less(x, y), same(x, y))),
    "ge": lambda x, y: bit(z3.Or(less(y, x), same(x, y))),
    "select_n": select,
    "floor": lambda x: Value(z3.fpRoundToIntegral(z3.RTN(), x.term), x.dtype),
    "ceil": lambda x: Value(z3.fpRoundToIntegral(z3.RTP(), x.term), x.dtype),
    "complex": lambda x, y: Value(x.term, x.dtype, y.term),
    "real": lambda x: Value(x.term, x.dtype),
    "imag": lambda x: Value(x.imag, x.dtype),
    "conj": lambda x: Value(x.term, x.dtype, z3.fpNeg(x.imag)),
    "copy": lambda x: x, "stop_gradient": lambda x: x, "name": lambda x: x,
}


def power(x, n):
    result = x if n else literal("1", x.dtype)
    for _ in range(n - 1):
        result = times(result, x)
    return result


def evaluate(tree, env, context, by):
    """by: the dtypes that conversions give, outermost first; used up from the front."""
    if isinstance(tree, str):
        return env[tree] if tree in env else literal(tree, context)
    op, attr, args = tree
    to = by.pop(0) if op == "convert_element_type" else None
    values = [evaluate(a, env, context, by) for a in args]
    if to is not None:
        return convert(values[0], to)
    return power(values[0], attr) if op == "integer_pow" else OPS[op](*values)


# ---- conditions: extra assumptions, or the constants to try one by one ----

def float_constant(d, k, negative=False):
    return z3.simplify(z3.FPVal((-1.0 if negative else 1.0) * 2.0**k, d.sort))


def reciprocals(d):
    eb, sb = FLOATS[d.name]
    bias = (1 << (eb - 1)) - 1
    low, high = 1 - bias - (sb - 1), bias  # exponents of the least subnormal and of the greatest power of two
    exponents = [k for k in range(low, high + 1) if low <= -k <= high]
    if d.name != "f16":  # the ends, and a few between
        exponents = sorted({exponents[0], -1, 3, exponents[-1]})
    return [float_constant(d, k, k % 3 == 0) for k in exponents]


def assumptions(condition, env, d):
    if condition == "shifts_in_width":
        c, e = (z3.ZeroExt(1, env[n].term) for n in "cd")
        top = (1 << (d.bits - 1)) - 1 if d.kind == "i" else (1 << d.bits) - 1
        width = d.bits if d.bits < 1 << (d.bits + 1) else (1 << (d.bits + 1)) - 1
        return [z3.ULT(c, width), z3.ULT(e, width), z3.ULT(c + e, width), z3.ULE(c + e, top)]
    return []


def lossless(a, b):
    mantissa = FLOATS[b.name][1] if b.kind == "f" else 0
    if a is b:
        return True
    if a.kind == "b":
        return b.kind in "iuf"
    if a.kind == "u":
        return (b.kind == "u" and a.bits <= b.bits) or (b.kind == "i" and a.bits < b.bits) or a.bits <= mantissa
    if a.kind == "i":
        return (b.kind == "i" and a.bits <= b.bits) or a.bits - 1 <= mantissa
    return b.kind == "f" and all(p <= q for p, q in zip(FLOATS[a.name], FLOATS[b.name]))


def conversions(condition, d):
    """(dtypes of conversions in the pattern, in the replacement)."""
    names = ["bool", "i4", "i8", "i32", "u8", "u32", "f16", "f32"] + (["i64", "u16", "bf16"] if condition == "through_wider_and_back" else [])
    for by in map(BY_NAME.get, names):
        if not lossless(d, by):
            continue
        if condition == "through_wider_and_back":
            yield [d, by], []
            continue
        for to in map(BY_NAME.get, names):
            if not (d.kind in "iu" and by.kind not in "iu" and to.kind in "iub"):
                yield [to, by], [to]


# ---- proofs ----

def counterexample(pattern, replacement, d, condition="always", which=BOOL, constant=None, by=((), ()), negative=None):
    """A model in which both sides differ; None if there is none."""
    values = "xyzcd"
    ASSUMED[:] = [] if negative is None else [negative]
    env = {n: Value(z3.Const(n, d.sort), d) for n in values}
    if d.name == "complex":
        env = {n: Value(z3.Const(n, d.sort), d, z3.Const(n + "_imag", d.sort)) for n in values}
    env["p"] = Value(z3.Const("p", which.sort), which)
    if constant is not None:
        env["c"] = Value(constant, d)
    left = evaluate(parse(pattern), env, d, list(by[0]))
    tree = parse(replacement)
    right = evaluate(tree, env, left.dtype if isinstance(tree, str) else d, list(by[1]))
    assert left.term.sort() == right.term.sort(), (pattern, d)
    differ = left.term != right.term
    if left.imag is not None:
        differ = z3.Or(differ, left.imag != right.imag)
    solver = z3.SolverFor("QF_UFBV" if d.kind in "biu" and not by[0] else "ALL")
    solver.set("timeout", 20000)
    if negative is not None:
        solver.add((env["x"].term < 0) == negative)
    solver.add(differ, *assumptions(condition, env, d))
    answer = solver.check()
    assert answer != z3.unknown, f"no answer for {pattern} -> {replacement} in {d}: {solver.reason_unknown()}"
    return solver.model() if answer == z3.sat else None


def complex_of(d):
    c = Dtype("f", 0, d.name)
    c.name = "complex"
    return c


def dtypes_of(kinds, pattern):
    heavy = re.search(r"integer_pow|square|mul\(|div\(|floor|ceil", pattern)
    for kind in kinds:
        if kind == "F":
            yield from (FLOAT[:3] if heavy else FLOAT)
        elif kind == "c":
            yield complex_of(FLOAT[2])
        else:
            yield from {"b": [BOOL], "i": SIGNED, "u": UNSIGNED, "*": [ANY]}[kind]


def failures(kinds, pattern, condition, replacement, level="EXACT"):
    """What refutes the rule: (dtype, model) pairs."""
    for d in dtypes_of(kinds, pattern):
        if condition in ("through_wider", "through_wider_and_back"):
            if d.name in ("i2", "u2", "u4", "f64", "complex") or (condition == "through_wider" and d.bits in (4, 16, 64)):
                continue  # few dtypes of each kind
            trials = [dict(by=by) for by in conversions(condition, d)]
        elif condition == "same_type":
            trials = [dict(by=([d], []))]
        elif condition == "power_of_two":
            trials = [dict(constant=z3.BitVecVal(1 << k, d.bits)) for k in range(d.bits)]
        elif condition == "shifts_in_width" and d.bits >= 32:  # one shift by some of its values, the other by all
            trials = [dict(constant=z3.BitVecVal(k, d.bits)) for k in (0, 1, d.bits // 2, d.bits - 1)]
        elif pattern == "square(abs(x))":
            trials = [dict(negative=True), dict(negative=False)]
        elif condition == "reciprocal_exact":
            trials = [dict(constant=c) for c in reciprocals(d)] if d.name != "f64" else []
        elif "p" in pattern.split("select_n(", 1)[-1][:6] and "select_n" in pattern and condition != "which_bool":
            trials = [dict(which=BOOL), dict(which=BY_NAME["i32"])]
        else:
            trials = [{}]
        for trial in trials:
            model = counterexample(pattern, replacement, d, condition, **trial)
            if model is not None:
                yield d, trial, model


RULE_LIST = LINE.findall(TEXT)


def test_the_file_is_read_whole():
    assert len(RULE_LIST) + len(VIEW.findall(TEXT)) == len(re.findall(r"^(?:RULE|VIEW)\(", TEXT, re.M)) > 140
    names = [r[0] for r in RULE_LIST] + [v[0] for v in VIEW.findall(TEXT)]
    assert len(set(names)) == len(names)
    known = {"always", "power_of_two", "reciprocal_exact", "shifts_in_width", "which_bool", "same_type", "through_wider", "through_wider_and_back"}
    assert {r[4] for r in RULE_LIST} <= known


@pytest.mark.parametrize("rule", RULE_LIST, ids=[r[0] for r in RULE_LIST])
def test_rule(rule):
    name, level, kinds, pattern, condition, replacement = rule
    refuted = list(failures(kinds, pattern, condition, replacement))
    if level == "UNSAFE":
        assert refuted, f"{name} holds always: it need not be UNSAFE"
    else:
        assert not refuted, f"{name}: {pattern} -> {replacement} does not hold: {refuted[0]}"


@pytest.mark.parametrize("view", VIEW.findall(TEXT), ids=[v[0] for v in VIEW.findall(TEXT)])
def test_view_says_why(view):
    assert len(view[3]) >= 10


# What nearly holds must be refuted, or the proofs above prove nothing.
WRONG = [
    ("F", "add(x, 0)", "always", "x"), ("F", "sub(x, x)", "always", "0"), ("F", "neg(sub(x, y))", "always", "sub(y, x)"),
    ("F", "mul(x, 0)", "always", "0"), ("F", "le(x, x)", "always", "true"), ("F", "eq(x, x)", "always", "true"),
    ("F", "not(lt(x, y))", "always", "ge(x, y)"), ("F", "max(x, highest)", "always", "highest"), ("F", "add(sub(x, y), y)", "always", "x"),
    ("F", "add(add(x, c), d)", "always", "add(x, add(c, d))"), ("F", "sub(0, x)", "always", "neg(x)"), ("F", "max(x, min(x, y))", "always", "x"),
    ("i", "div(x, c)", "power_of_two", "shift_right_arithmetic(x, population_count(sub(c, 1)))"),
    ("i", "rem(x, c)", "power_of_two", "and(x, sub(c, 1))"), ("u", "lt(x, 1)", "always", "false"), ("i", "lt(x, 0)", "always", "false"),
    ("iu", "shift_left(shift_left(x, c), d)", "always", "shift_left(x, add(c, d))"), ("u", "div(x, c)", "always", "shift_right_logical(x, population_count(sub(c, 1)))"),
    ("iu", "shift_right_logical(shift_left(x, c), c)", "always", "x"), ("iu", "not(x)", "always", "neg(x)"), ("i", "abs(abs(x))", "always", "x"),
    ("biu", "and(x, or(x, y))", "always", "y"), ("biu", "or(x, ones)", "always", "x"), ("*", "select_n(p, x, y)", "which_bool", "x"),
    ("*", "select_n(not(p), x, y)", "which_bool", "select_n(p, x, y)"), ("i", "max(x, lowest)", "always", "lowest"),
    ("i", "clamp(lowest, x, y)", "always", "max(x, y)"), ("F", "floor(ceil(x))", "always", "floor(x)"), ("F", "imag(complex(x, y))", "always", "x"),
    ("iu", "integer_pow[y=2](x)", "always", "x"), ("iu", "mul(neg(x), c)", "always", "mul(x, c)"), ("F", "abs(neg(x))", "always", "x"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: w[1].replace(" ", ""))
def test_a_wrong_rule_is_refuted(wrong):
    kinds, pattern, condition, replacement = wrong
    assert any(True for _ in failures(kinds, pattern, condition, replacement))


def test_constants_without_exact_reciprocals_are_refuted():
    half = BY_NAME["f16"]
    for c in (3.0, 2.0**-24):
        assert counterexample("div(x, c)", "mul(x, div(1, c))", half, constant=z3.FPVal(c, half.sort)) is not None


def test_conversions_that_lose_are_refuted():
    i8, i32, f32, f16, u8 = (BY_NAME[n] for n in ("i8", "i32", "f32", "f16", "u8"))
    assert counterexample("convert_element_type(convert_element_type(x))", "x", i32, by=([i32, i8], [])) is not None
    assert counterexample("convert_element_type(convert_element_type(x))", "x", f32, by=([f32, f16], [])) is not None
    assert counterexample("convert_element_type(convert_element_type(x))", "convert_element_type(x)", i8, by=([u8, f32], [u8])) is not None
