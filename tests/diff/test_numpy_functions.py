"""jax.numpy, function by function: one table of expressions over shared operands, and a sweep of derivatives and batching."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

A = np.linspace(-2.0, 3.0, 12, dtype="f4").reshape(3, 4)
B = np.cos(np.arange(12, dtype="f4")).reshape(3, 4)
POSITIVE = np.linspace(0.2, 3.0, 12, dtype="f4").reshape(3, 4)
UNIT = np.linspace(-0.9, 0.9, 12, dtype="f4").reshape(3, 4)
I = np.array([[3, -1, 4, 1], [-5, 9, 2, -6], [5, 3, -5, 8]], "i4")
J = np.array([[1, 2, 3, -4], [2, 7, -1, 8], [3, -8, 4, 5]], "i4")
U = np.array([0, 1, 2, 200, 255], "u1")
C = (A + 1j * B).astype("c8")
M = np.array([[True, False, True, True], [False, False, True, False], [True, True, True, True]])
S = np.array([0.0, -0.0, 1.5, -1.5, np.inf, -np.inf, np.nan, 2.5, -2.5, 1e10], "f4")
N = np.array([[1.0, np.nan, 3.0, -2.0], [np.nan] * 4, [0.5, 2.0, np.nan, 7.0]], "f4")
E = np.zeros((0, 3), "f4")
H = A.astype("f2")
V = np.arange(6, dtype="f4")
L = np.linspace(0, 23, 24, dtype="f4").reshape(2, 3, 4)
NAMES = {k: v for k, v in globals().items() if k.isupper() and len(k) == 1 or k == "POSITIVE"}

def evaluate(jnp, text):
    return eval("jnp." + text, {"jnp": jnp, **{k: jnp.asarray(v) for k, v in NAMES.items() if k in text}})


UNARY = {  # the operand on which derivatives are compared
    "sin": A, "cos": A, "tan": UNIT, "arcsin": UNIT, "arccos": UNIT, "arctan": A, "sinh": A, "cosh": A, "tanh": A, "arcsinh": A,
    "arccosh": POSITIVE + 1, "arctanh": UNIT, "exp": A, "exp2": A, "expm1": A, "log": POSITIVE, "log2": POSITIVE, "log10": POSITIVE,
    "log1p": POSITIVE, "sqrt": POSITIVE, "cbrt": POSITIVE, "square": A, "reciprocal": POSITIVE, "negative": A, "positive": A, "absolute": UNIT,
    "fabs": UNIT, "sign": UNIT, "floor": A, "ceil": A, "trunc": A, "rint": A, "sinc": UNIT, "deg2rad": A, "rad2deg": A, "degrees": A,
    "radians": A, "i0": A, "real": A, "imag": A, "conj": A, "angle": A, "nan_to_num": A,
}
LOGICAL = "isnan isinf isfinite signbit logical_not isreal iscomplex isposinf isneginf".split()
BINARY = {
    "add": (A, B), "subtract": (A, B), "multiply": (A, B), "divide": (A, B), "true_divide": (A, B), "floor_divide": (A, B), "mod": (A, B), "remainder": (A, B),
    "fmod": (A, B), "power": (POSITIVE, B), "float_power": (POSITIVE, B), "logaddexp": (A, B), "logaddexp2": (A, B), "arctan2": (A, B), "hypot": (A, B),
    "maximum": (A, B), "minimum": (A, B), "fmax": (A, B), "fmin": (A, B), "copysign": (UNIT, B), "heaviside": (A, B), "nextafter": (A, B),
}
COMPARE = "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor isclose".split()
INTEGER = "bitwise_and bitwise_or bitwise_xor gcd lcm floor_divide remainder fmod add subtract multiply maximum minimum power".split()
NOT_SMOOTH = {"floor", "ceil", "trunc", "rint", "sign", "imag", "nextafter", "heaviside", "floor_divide"}

for name, x in UNARY.items():
    f = lambda jnp, x, name=name: getattr(jnp, name)(x)
    case(name, f, x, modes="eager jit jvp vmap" + ("" if name in {"positive", "real", "conj"} else " vjp"))
    case(f"{name} special", f, S, rtol=1e-5)
    case(f"{name} int", f, np.array([1, 2, 3], "i4"), rtol=1e-5)
    case(f"{name} scalar", lambda jnp, name=name: getattr(jnp, name)(1.0), rtol=1e-5)
    case(f"{name} half", f, x.astype("f2"), rtol=4e-3)
    case(f"{name} empty", f, E)
    if name not in {"floor", "ceil", "trunc", "cbrt", "i0", "fabs", "deg2rad", "rad2deg", "degrees", "radians", "sinc", "exp2", "nan_to_num", "arccosh"}:
        case(f"{name} complex", f, (x + 0.3j).astype("c8"), rtol=2e-5)
for name in LOGICAL:
    for label, x in {"special": S, "int": I, "bool": M, "zero": np.float32(0), **({} if name.startswith(("isp", "isne", "sig")) else {"complex": C})}.items():
        case(f"{name} {label}", lambda jnp, x, name=name: getattr(jnp, name)(x), x)
for name, (x, y) in BINARY.items():
    f = lambda jnp, x, y, name=name: getattr(jnp, name)(x, y)
    case(name, f, x, y, modes="eager jit vmap" + ("" if name in NOT_SMOOTH else " jvp" if name in {"add", "subtract"} else " vjp jvp"), rtol=1e-5)
    case(f"{name} broadcast", f, x[:, :1], y[0], rtol=1e-5)
    case(f"{name} special", f, S[:, None], S[None, :], rtol=1e-5)
    case(f"{name} weak", lambda jnp, x, name=name: [getattr(jnp, name)(x, 2), getattr(jnp, name)(2.0, 3), getattr(jnp, name)(2.0, x)], np.abs(x) + 1, rtol=1e-5)
    case(f"{name} half", f, x.astype("f2"), y.astype("f2"), rtol=6e-3)
for name in COMPARE:
    f = lambda jnp, x, y, name=name: getattr(jnp, name)(x, y)
    case(name, f, np.round(A), np.round(B), modes="eager jit vmap")
    case(f"{name} special", f, S[:, None], S[None, :])
    case(f"{name} mixed", f, I, A)
    case(f"{name} complex", f, C, C.T.reshape(3, 4))
for name in INTEGER:
    f = lambda jnp, x, y, name=name: getattr(jnp, name)(x, y)
    case(f"{name} int", f, I, np.abs(J), modes="eager jit vmap")
    case(f"{name} uint8", f, U, U[::-1].copy())
    case(f"{name} int8", f, I.astype("i1"), np.abs(J).astype("i1"))

TABLE = """
left_shift(U, 2) | right_shift(I, 1) | right_shift(U, 1) | invert(I) | invert(M) | bitwise_count(I) | bitwise_count(U)
divmod(A, B) | divmod(I, J) | modf(A) | frexp(A) | frexp(S) | ldexp(A, 3) | ldexp(A, J) | ldexp(I, 2) | spacing(A)
round(A) | round(A, 2) | round(I) | round(C, 1) | round(H, 1) | around(A, decimals=1) | abs(C) | abs(U) | real(C) | imag(C) | conj(C) | angle(C) | angle(C, deg=True)
where(M, A, 0) | where(M, I, 1.5) | where(A > 0, A[0], C) | where(True, 1, 2.0) | where(I, A, B) | where(M[0], 1.0, 2.0)
clip(A, -1, 1) | clip(A, max=0.5) | clip(I, 0, 3) | clip(A, B) | clip(I, 0.5, 2)
nan_to_num(S) | nan_to_num(S, nan=1.0, posinf=2.0, neginf=-3) | nan_to_num(I)
isclose(A, A + 1e-6) | isclose(S, S, equal_nan=True) | allclose(A, A) | allclose(A, B) | array_equal(A, A) | array_equal(A, I) | array_equal(A, V) | array_equal(N, N, equal_nan=True) | array_equiv(A, A[None]) | array_equiv(A, V)
select([A > 1, A > 0], [A, B], 7) | select([M], [I])
sum(A) | sum(A, axis=0) | sum(A, axis=(0, -1), keepdims=True) | sum(M) | sum(U) | sum(U, promote_integers=False) | sum(H, axis=1) | sum(A, where=M) | sum(A, initial=2.0) | sum(A, dtype='int32') | sum(E) | sum(E, axis=0) | sum(1.0) | sum(M, dtype=bool) | sum(A, axis=())
prod(A) | prod(I, axis=1) | prod(U) | prod(E) | prod(A, where=M) | prod(H) | prod(A, initial=3)
max(A) | max(A, axis=1) | max(I) | max(M) | max(S) | max(A, axis=0, keepdims=True) | max(A, initial=0.5, where=M) | max(I, initial=4, where=M) | max(U, initial=3, where=U > 9) | amax(A) | max(E, axis=1) | max(E, axis=0, initial=1.0)
min(A) | min(A, axis=1) | min(I) | min(M) | min(S) | min(I, initial=4, where=M) | amin(A) | min(E, axis=1)
all(M) | all(A) | all(M, axis=0) | any(M) | any(M, axis=1, keepdims=True) | any(C) | all(E) | any(E) | any(M, where=A > 0) | all(S) | any(1)
mean(A) | mean(A, axis=1) | mean(I) | mean(H) | mean(C) | mean(A, where=M) | mean(A, dtype='float16') | mean(M) | mean(I, dtype='int32') | mean(A, axis=(0, 1), keepdims=True) | mean(E)
var(A) | var(A, axis=0, ddof=1) | var(I) | var(H) | var(C) | var(A, where=M, axis=0) | std(A) | std(A, axis=1, keepdims=True) | std(C) | var(A, correction=1) | var(A, mean=0.5) | std(I, ddof=1) | var(A[:1, :1], ddof=1)
ptp(A) | ptp(I, axis=1) | count_nonzero(A) | count_nonzero(I, axis=0) | count_nonzero(M, keepdims=True)
argmax(A) | argmax(A, axis=0) | argmax(I, axis=1) | argmin(A) | argmin(I, axis=-1, keepdims=True) | argmax(S) | argmin(S) | argmax(A, keepdims=True) | argmax(U) | argmax(M, axis=1)
average(A) | average(A, axis=1) | average(A, weights=POSITIVE) | average(A, axis=0, weights=V[:3], returned=True) | average(I, returned=True) | average(A, axis=1, keepdims=True)
nansum(N) | nansum(N, axis=1) | nanprod(N, axis=1) | nanmax(N, axis=1) | nanmin(N, axis=0) | nanmean(N, axis=0) | nanmean(N) | nanvar(N, axis=0) | nanvar(N, axis=0, ddof=1) | nanstd(N) | nanmax(I) | nansum(I) | nanmean(I) | nanmax(N, initial=4.0) | nanargmax(N, axis=1) | nanargmin(N, axis=0) | nanargmax(N)
cumsum(A) | cumsum(A, axis=1) | cumsum(I, axis=0) | cumsum(M) | cumsum(U) | cumprod(A, axis=0) | cumprod(I) | nancumsum(N) | nancumprod(N, axis=1) | cumsum(A, dtype='int32') | cumsum(1.0) | cumulative_sum(V) | cumulative_sum(U, include_initial=True) | cumulative_prod(A, axis=1, include_initial=True)
zeros(3) | zeros((2, 3), 'int32') | ones(()) | ones([2], dtype=bool) | empty((0, 2)) | full((2,), 3) | full((2,), 3.0) | full((2, 3), V[:3]) | full(2, 1, 'float16') | zeros_like(A) | ones_like(I, dtype='float32') | full_like(A, 2) | zeros_like(A, shape=(2,)) | zeros_like(1.0) | full_like(I, 2.7) | empty_like(H) | ones_like(C)
arange(5) | arange(5.0) | arange(1, 5) | arange(0, 1, 0.1) | arange(5, 0, -2) | arange(3, dtype='float32') | arange(2.5) | arange(0) | arange(5, 2) | arange(1.5, 6) | arange(0, 3, 0.5, dtype='float16') | arange(-3) | arange(3, dtype='uint8') | arange(10, step=3)
linspace(0, 1, 5) | linspace(0, 1, 5, endpoint=False) | linspace(0, 10, 4, dtype='int32') | linspace(V[:3], 5.0, 3) | linspace(V[:3], 5.0, 3, axis=1) | linspace(0, 1, 1) | linspace(0, 1, 0) | linspace(0, 1, 5, retstep=True) | linspace(0, 1) | linspace(0, 1j, 3) | linspace(0, 1, 1, endpoint=False, retstep=True)
logspace(0, 2, 4) | logspace(0, 2, 4, base=2.0) | geomspace(1, 100, 5) | geomspace(-1, -100, 3) | geomspace(1, 8, 3, endpoint=False)
eye(3) | eye(2, 4, 1) | eye(3, k=-1, dtype='int32') | identity(2) | tri(3) | tri(2, 4, 1) | tri(3, k=-1, dtype=bool) | tril(A) | tril(A, 1) | triu(A) | triu(A, -1) | tril(L, -1) | triu(I, 10) | triu(E)
diag(V) | diag(V, 2) | diag(V, -1) | diag(A) | diag(A, 1) | diag(A, -2) | diag(A, 9) | diag(V[:0]) | diag(V[:0], 2) | diagflat(A[:2, :2], 1) | diagflat(V) | diagonal(A) | diagonal(L, 1, 0, 2) | diagonal(A, -1) | trace(A) | trace(I, 1) | trace(L) | trace(L, axis1=1, axis2=2) | vander(V) | vander(V, 3) | vander(V, 3, increasing=True) | vander(I[0], 2)
meshgrid(V, A[0]) | meshgrid(V, A[0], indexing='ij') | meshgrid(V, A[0], sparse=True) | meshgrid(V) | meshgrid() | meshgrid(V, V, I[0]) | indices((2, 3)) | indices((2, 3), sparse=True) | indices((2,), dtype='float32') | copy(A) | astype(A, 'int32') | astype(C, 'float32') | astype(A, bool)
reshape(A, (4, 3)) | reshape(A, -1) | reshape(A, (2, -1)) | reshape(A, (4, 3), order='F') | ravel(A) | ravel(A, order='F') | reshape(E, (3, 0)) | reshape(1.0, (1, 1)) | transpose(L) | transpose(L, (1, 0, 2)) | permute_dims(L, (2, 0, 1)) | matrix_transpose(L) | swapaxes(L, 0, -1) | moveaxis(L, 0, -1) | moveaxis(L, (0, 1), (-1, 0)) | rollaxis(L, 2) | rollaxis(L, 0, 3)
expand_dims(A, 0) | expand_dims(A, (0, -1)) | squeeze(A[None]) | squeeze(A[None, :, None], 0) | squeeze(A[None], axis=(0,)) | broadcast_to(V, (2, 6)) | broadcast_to(1.0, (2,)) | broadcast_arrays(A, V[:4]) | broadcast_arrays(A, 1) | broadcast_arrays()
concatenate([A, B]) | concatenate([A, I], axis=1) | concatenate((A, V), axis=None) | concatenate([V, E[:, 0]]) | concat([I, J]) | concatenate([I, J], dtype='float32') | concatenate(A) | stack([A, B]) | stack([A, I], axis=-1) | stack([1, 2.0]) | stack(A, axis=1) | stack([V], dtype='int32')
vstack([V, V]) | vstack([A, B]) | hstack([V, V]) | hstack([A, B]) | hstack([1, 2]) | dstack([A, B]) | dstack([V, V]) | column_stack([V, V]) | column_stack([A, A]) | append(V, 1.0) | append(A, B, axis=0) | append(A, 7)
split(V, 3) | split(V, [1, 4]) | split(A, 2, axis=1) | array_split(V, 4) | array_split(A, 3, axis=1) | hsplit(A, 2) | hsplit(V, 2) | vsplit(A, 3) | dsplit(L, 2) | unstack(A) | unstack(A, axis=1) | split(A, (1,))
tile(V, 2) | tile(A, (2, 1)) | tile(V, (2, 2)) | tile(A, 3) | tile(1.0, 2) | tile(A, (0, 1)) | repeat(A, 2) | repeat(A, 2, axis=0) | repeat(A, jnp.asarray([1, 0, 2]), axis=0) | repeat(V, 3, total_repeat_length=10) | repeat(V[:2], V[:2].astype('int32'), total_repeat_length=4) | repeat(1.0, 2) | repeat(A, 0, axis=1) | repeat(A, V[:4].astype('int32'), axis=1)
flip(A) | flip(A, 0) | flip(L, (0, 2)) | fliplr(A) | flipud(A) | roll(V, 2) | roll(A, 1) | roll(A, -1, axis=0) | roll(A, (1, 2), (0, 1)) | roll(A, 1, (0, 1)) | roll(E, 1, 0) | rot90(A) | rot90(A, 2) | rot90(A, -1) | rot90(L, 1, (1, 2)) | rot90(A, 4) | resize(V, (2, 4)) | resize(V, 3) | resize(A, (0,)) | atleast_1d(1.0) | atleast_2d(V) | atleast_3d(A) | atleast_3d(V) | atleast_1d(1.0, V) | atleast_2d(1.0)
matmul(A, B.T) | matmul(V, V) | matmul(L, A.T) | matmul(A, I.T) | dot(A, B.T) | dot(V, V) | dot(A, 2) | dot(L, A.T) | dot(A, V[:4]) | vdot(A, B) | vdot(C, C) | inner(A, B) | inner(V, V) | inner(A, 2.0) | outer(V, A[0]) | outer(I[0], 2.0) | matmul(U, U) | dot(I, J.T) | matmul(E.T, E) | dot(H, H.T, preferred_element_type='float32')
mgrid[0:3] | mgrid[0:3, 1:2:4j] | ogrid[0:3, 0:1:5j] | mgrid[0:2, 0:3, 1:3] | isscalar(1.0) | isscalar(A) | iscomplexobj(C) | iscomplexobj(A) | iscomplexobj(1j) | isrealobj(A) | fromfunction(lambda i, j: i - 2 * j, (2, 3)) | fromfunction(jnp.add, (2, 2), dtype=int)
median(A) | median(A, axis=1) | median(I) | median(L, axis=(0, 2), keepdims=True) | median(N, axis=1) | median(S) | median(1.0) | median(H, axis=0)
ndim(A) | shape(A) | size(A) | size(A, 1) | size(A, (0, 1)) | ndim(1.0) | shape([[1, 2]]) | diff(V) | diff(A, n=2) | diff(A, axis=0) | diff(V, prepend=0, append=V) | diff(M) | diff(V, n=9) | ediff1d(V) | ediff1d(A, to_end=1.0, to_begin=V) | trapezoid(V) | trapezoid(A, axis=0) | trapezoid(A, dx=2.0) | trapezoid(V, x=V * V) | trapezoid(I)
"""
EXPRESSIONS = [e.strip() for e in TABLE.replace("\n", "|").split("|") if e.strip()]
for text in EXPRESSIONS:
    case(text, lambda jnp, text=text: evaluate(jnp, text), rtol=1e-5)

X64 = "arange(5) | arange(2.5) | sum(I) | cumsum(U) | zeros(2) | linspace(0, 1, 3) | mean(I) | sin(1) | argmax(A) | full(2, 3) | log2(V + 1) | var(A) | sum(M) | eye(2) | where(M, 1, 2.0) | round(A, 1)"
for text in [e.strip() for e in X64.split("|")]:
    case(f"x64 {text}", lambda jnp, text=text: evaluate(jnp, text), x64=True, rtol=1e-6)

DIFFERENTIABLE = """
median(x, axis=1) | dot(x, x.T) | matmul(x.T, x) | outer(x, x[0]) | inner(x, x) | vdot(x, x) | sum(x, axis=0) | prod(x, axis=1) | max(x, axis=1) | min(x) | mean(x, axis=0) | var(x, axis=1) | std(x) | ptp(x, axis=0) | cumsum(x, axis=1) | cumprod(x, axis=0) | nansum(x) | nanmean(x, axis=1)
average(x, axis=1) | where(x > 0.5, x, 2 * x) | clip(x, 0.3, 1.5) | tril(x) | triu(x, 1) | diag(x) | diagonal(x, 1) | trace(x) | diag(x[0]) | reshape(x, (4, 3)) | reshape(x, (4, 3), order='F') | transpose(x) | concatenate([x, 2 * x], axis=1)
stack([x, x * x]) | tile(x, (2, 1)) | repeat(x, 2, axis=1) | flip(x, 1) | roll(x, 1, 1) | roll(x, 1) | rot90(x) | diff(x) | split(x, 2, axis=1) | expand_dims(x, 1) | trapezoid(x) | linspace(x[0], x[1], 3) | vander(x[0], 3) | frexp(x)[0] | ldexp(x, 2) | modf(x)[0] | sum(x, where=x > 1) | resize(x, (2, 7)) | ediff1d(x) | logaddexp(x, x) | meshgrid(x[0], x[1]) | broadcast_to(x, (2, 3, 4)) | isclose(x, x)
"""
for text in [e.strip() for e in DIFFERENTIABLE.replace("\n", "|").split("|") if e.strip()]:
    logical = text.startswith("isclose")
    case(f"d {text}", lambda jnp, x, text=text: eval("jnp." + text, {"jnp": jnp, "x": x}), POSITIVE, modes="jit vmap vmap_last" + ("" if logical else " vjp jvp"), rtol=1e-5)

ERRORS = """
sum(A, axis=5) | sum(A, axis=(0, 0)) | max(E) | max(A, where=M) | sum(A, where=I) | argmax(E) | reshape(A, (5,)) | reshape(A, (-1, -1)) | transpose(A, (0,)) | concatenate([]) | concatenate([A, V])
concatenate([1.0, 2.0]) | stack([A, V]) | stack([]) | split(V, 4) | linspace(0, 1, -1) | clip(C, 0, 1) | bitwise_and(A, B) | gcd(A, B) | hypot(C, C) | signbit(C) | frexp(C) | ldexp(A, B) | floor_divide(C, C) | fabs(C)
where(M, A) | add(A, V) | squeeze(A, 0) | expand_dims(A, 5) | tril(V) | diag(L) | diagonal(V) | swapaxes(A, 0, 3) | rot90(V) | meshgrid(V, indexing='aa') | broadcast_to(A, (2,)) | diff(1.0) | cumulative_sum(A) | select([M], []) | std(A, dtype='int32') | sum(A, out=A) | var(A, ddof=1, correction=1)
matmul(A, A) | matmul(1.0, A) | dot(A, A) | inner(A, V) | unstack(1.0) | average(A, weights=V) | sin('a') | add([1], [2]) | sum([1, 2]) | arange(1j) | zeros((-1,)) | vander(A)
"""
for text in [e.strip() for e in ERRORS.replace("\n", "|").split("|") if e.strip()]:
    case.error(text, lambda jnp, text=text: evaluate(jnp, text))
