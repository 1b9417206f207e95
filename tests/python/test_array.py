"""Arrays against real JAX in one process: operators, promotion, indexing, updates, conversions, text, export, errors, leaks."""
import copy
import gc
import pickle
import random
import re
import resource
import sys
import threading
import warnings

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

import cuirax
import cuirax.numpy as cnp

DTYPES = ["bool", "int8", "int16", "int32", "uint8", "uint16", "uint32", "float16", "bfloat16", "float32", "complex64", "int4", "uint4",
          "float8_e4m3fn"]


def same(ours, theirs):
    assert type(ours).__name__ == type(theirs).__name__, (ours, theirs)
    if isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            same(a, b)
    elif isinstance(theirs, jax.Array):
        assert isinstance(ours, cuirax.Array)
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype and ours.weak_type == theirs.weak_type, (ours, theirs)
        a, b = (np.asarray(x).astype(np.complex128 if x.dtype.kind == "c" else np.float64) for x in (ours, theirs))
        np.testing.assert_allclose(a, b, rtol={"float16": 2e-3, "bfloat16": 1.6e-2, "complex64": 1e-5}.get(ours.dtype.name, 1e-6), atol=1e-7)
    else:
        assert ours == theirs or (ours != ours and theirs != theirs)


def outcome(f, *args):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return f(*args), None
    except Exception as error:
        return None, error


def agree(f):
    """f(jnp, jax) gives the same value or the same class of error on both sides."""
    (ours, our_error), (theirs, their_error) = outcome(f, cnp, cuirax), outcome(f, jnp, jax)
    if their_error is None and our_error is not None:
        raise our_error
    assert type(our_error).__name__ == type(their_error).__name__, (our_error, their_error, ours, theirs)
    if their_error is None:
        same(ours, theirs)


# --- operators and promotion

OPERATORS = {
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y, "//": lambda x, y: x // y,
    "%": lambda x, y: x % y, "divmod": divmod, "**": lambda x, y: x ** y, "&": lambda x, y: x & y, "|": lambda x, y: x | y,
    "^": lambda x, y: x ^ y, "<<": lambda x, y: x << y, ">>": lambda x, y: x >> y, "==": lambda x, y: x == y, "!=": lambda x, y: x != y,
    "<": lambda x, y: x < y, "<=": lambda x, y: x <= y, ">": lambda x, y: x > y, ">=": lambda x, y: x >= y,
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["+", "-", "*", "<"])
def test_promotion_of_arrays(op, dtype):
    for other in DTYPES if op == "+" else DTYPES[::4]:
        agree(lambda np_, _: OPERATORS[op](np_.array([1, 0, 1], dtype), np_.array([1, 1, 0], other)))


@pytest.mark.parametrize("scalar", [True, 2, -3, 2.5, 1 + 2j, np.int8(3), np.float16(1.5), np.float64(2.5), np.bool_(True), np.uint64(7)])
@pytest.mark.parametrize("op", OPERATORS)
def test_scalars_on_both_sides(op, scalar):
    for dtype in ("int32", "uint8", "float32", "bool") if op in ("%", "//", "divmod") else ("int32", "bfloat16", "bool", "complex64"):
        agree(lambda np_, _: OPERATORS[op](np_.array([1, 3, 5], dtype), scalar))
        agree(lambda np_, _: OPERATORS[op](scalar, np_.array([1, 3, 5], dtype)))


@pytest.mark.parametrize("op", ["//", "%", "divmod", "**", "/"])
def test_division_signs(op):
    a, b = np.array([7, -7, 7, -7, 0, 5]), np.array([2, 2, -2, -2, 3, 5])
    for dtype in ("int32", "float32", "int8"):
        agree(lambda np_, _: OPERATORS[op](np_.array(a, dtype), np_.array(abs(b) if op == "**" else b, dtype)))


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, 2.0, 0.5, True])
def test_power(exponent):
    agree(lambda np_, _: np_.array([1.0, 2.0, 3.0]) ** exponent)
    agree(lambda np_, _: np_.array([1, 2, 3]) ** (exponent if exponent != -1 else 4))
    agree(lambda np_, _: 2 ** np_.array([0, 1, 5]))


SHAPES = [((3,), (3,)), ((2, 3), (3,)), ((3,), (4, 2, 3)), ((2, 1), (1, 3)), ((), (2, 2)), ((0, 3), (3,)), ((1,), (5,)), ((2,), (3,)), ((2, 2), (3,))]


@pytest.mark.parametrize("a,b", SHAPES)
def test_broadcasting(a, b):
    agree(lambda np_, _: np_.array(np.ones(a, "f4")) + np_.array(np.full(b, 2, "f4")))


MATMULS = SHAPES + [((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 4)),
                    ((7, 1, 2, 3), (5, 3, 4)), ((7, 5, 2, 3), (3,)), ((1, 2, 3), (1, 3, 4)), ((2, 7, 5, 2, 3), (7, 1, 3, 2)), ((5, 2, 3), (4, 3, 2)),
                    ((3, 1, 2, 3), (1, 4, 3, 2))]


@pytest.mark.parametrize("a,b", MATMULS)
def test_matmul(a, b):
    rng = np.random.RandomState(0)
    x, y = rng.randint(-4, 5, a).astype("f4"), rng.randint(-4, 5, b).astype("f4")
    agree(lambda np_, _: np_.array(x) @ np_.array(y))
    agree(lambda np_, _: np_.array(x).astype("int32") @ np_.array(y))


UNARY = {"neg": lambda x: -x, "pos": lambda x: +x, "abs": abs, "invert": lambda x: ~x, "round": lambda x: round(x) if x.dtype != bool else 0, "round1": lambda x: round(x, 1) if x.dtype != bool else 0,
         "T": lambda x: x.T, "real": lambda x: x.real, "imag": lambda x: x.imag, "copy": lambda x: x.copy(), "bool": bool, "int": int, "float": float,
         "complex": complex, "item": lambda x: x.item(), "tolist": lambda x: x.tolist(), "len": len, "list": list, "hash": hash, "shape": lambda x: x.shape,
         "ndim": lambda x: x.ndim, "size": lambda x: x.size, "itemsize": lambda x: x.itemsize, "nbytes": lambda x: x.nbytes, "dtype": lambda x: x.dtype.name,
         "repr": repr, "str": str, "format": lambda x: f"{x}", "format2": lambda x: f"{x:.2f}", "aval": lambda x: str(x.aval), "aval_repr": lambda x: repr(x.aval),
         "mT": lambda x: x.mT, "index": lambda x: [1, 2, 3][x], "bytes": lambda x: x.tobytes(), "in": lambda x: 1 in x, "deepcopy": copy.deepcopy,
         "block": lambda x: x.block_until_ready(), "setitem": lambda x: x.__setitem__(0, 1), "sharding": lambda x: str(x.sharding), "device": lambda x: str(x.device),
         "deleted": lambda x: x.is_deleted(), "committed": lambda x: x.committed, "flat": lambda x: x.flat, "foo": lambda x: x.foo, "at": lambda x: repr(x.at[0]),
         "contains_nan": lambda x: float("nan") in x, "item1": lambda x: x.item(1), "eq_none": lambda x: x == None, "eq_list": lambda x: x == [1],  # noqa: E711
         "add_list": lambda x: x + [1], "add_str": lambda x: x + "a", "mul_tuple": lambda x: x * (1,), "sub_list": lambda x: x - [1], "add_none": lambda x: x + None,
         "class": lambda x: type(x).__name__, "bits": lambda x: x.view("uint8") if x.dtype.itemsize == 1 else x.view({2: "int16", 4: "int32", 8: "int32"}[x.dtype.itemsize]),
         "memory": lambda x: bytes(memoryview(x)), "priority": lambda x: x.__array_priority__, "overflow": lambda x: x + 3000000000}
VALUES = [np.float32(2.5), np.int32(1), np.bool_(True), np.complex64(1 + 2j), np.arange(3, dtype="f4"), np.arange(6, dtype="i4").reshape(2, 3),
          np.zeros((0, 3), "f4"), np.array([[1.5, np.nan], [np.inf, -0.0]], "f4"), np.arange(4).astype(ml_dtypes.bfloat16), np.ones((1, 1), "f4"),
          np.array([True, False]), np.arange(2, dtype="u1"), np.array([1 + 2j, 3], "c8"), np.zeros((50, 40), "f4"), np.float16(1.5)]


@pytest.mark.parametrize("name", UNARY)
def test_methods_and_conversions(name):
    for value in VALUES:
        agree(lambda np_, _: UNARY[name](np_.asarray(value)))


@pytest.mark.parametrize("source", ["float32", "int32", "bool", "complex64", "bfloat16", "uint8"])
def test_astype(source):
    for target in DTYPES + ["float64", "int64", float, int, bool, complex, np.float32, "foo", "complex128"]:
        if source in ("float32", "complex64", "bfloat16") and str(target) in ("int4", "uint4", "uint8", "uint16", "uint32"):
            continue  # out of range: left open by XLA
        agree(lambda np_, _: np_.array([0, 1, 2, 3], source).astype(target))


def test_weak_types():
    for f in (lambda np_, _: np_.asarray(1.0), lambda np_, _: np_.asarray(1) + 1.0, lambda np_, _: np_.asarray(1.0) * np_.array([1], "bfloat16"),
              lambda np_, _: np_.asarray(True) + 1, lambda np_, _: np_.asarray(2) ** 2, lambda np_, _: 1 / np_.asarray(3)):
        agree(f)
        assert repr(f(cnp, None)) == repr(f(jnp, None))


# --- construction

CONSTRUCT = [
    1, 1.5, True, 1j, [], [[], []], [1, 2], [1, 2.5], [True, 2], [[1, 2], [3, 4.5]], (1, 2), [[[1]], [[2]]], range(3), [1 + 2j, 3], 2**31, [2**31], -2**31,
    [[1, 2], [3]], [[1, [2]]], [1, [2]], "a", ["a"], None, [None], {"a": 1}, object, b"ab", [np.float32(1), 2], [np.int8(1)], np.float64(1), np.arange(3), np.arange(3.0),
    [np.ones(2, "f4"), np.zeros(2, "f4")], np.arange(6).reshape(2, 3).T, np.arange(10)[::2], np.arange(10)[::-3], np.array(5, "i2"), np.array(["a"]), np.array([object()]),
    np.array([1.5, 2], dtype=ml_dtypes.bfloat16), np.array([True]), np.array([2**40]), [float("nan"), float("inf")], np.zeros((0, 2)),
]


@pytest.mark.parametrize("value", CONSTRUCT, ids=lambda v: re.sub(r" at 0x\w+", "", repr(v))[:30].replace(" ", ""))
def test_array_of(value):
    agree(lambda np_, _: np_.array(value))
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "OU":
        agree(lambda np_, _: np_.asarray(value))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "uint32", "float32", "bfloat16", "complex64", "bool"])
def test_array_of_dtype(dtype):
    for value in ([1, 2], [300], 300, -1, [1.5], 3000000000, [True], 2.5, 1):
        if value in ([1.5], 2.5) and dtype in ("uint8", "uint32"):
            continue
        agree(lambda np_, _: np_.array(value, dtype=dtype))
    agree(lambda np_, _: np_.array([1, 2], dtype=dtype, ndmin=3))


def test_arrays_among_leaves():
    agree(lambda np_, _: np_.array([np_.ones(2) if hasattr(np_, "ones") else np_.asarray([1.0, 1.0]), np_.asarray([2, 3])]))
    agree(lambda np_, _: np_.array([[np_.asarray(1), 2.5], [3, np_.asarray(4)]]))
    agree(lambda np_, _: np_.array([np_.asarray([1, 2]), np_.asarray([1, 2, 3])]))


def test_jax_array_protocol():
    class Wrapped:
        def __init__(self, value):
            self.value = value

        def __jax_array__(self):
            return self.value
    agree(lambda np_, _: np_.asarray([1.0, 2.0]) + Wrapped(np_.asarray(2.0)))
    agree(lambda np_, _: Wrapped(np_.asarray(2)) + np_.asarray([1, 2]))


def test_byte_order_and_strides():
    swapped = np.arange(5, dtype=">i4")
    assert cnp.array(swapped).tolist() == list(range(5))
    base = np.arange(24, dtype="f4").reshape(2, 3, 4)
    for view in (base[:, ::-1], base.T, base[..., 1], base[:, None], np.broadcast_to(base[0, 0], (3, 4)), base[1:1]):
        np.testing.assert_array_equal(np.asarray(cnp.asarray(view)), view)


def test_array_is_a_copy():
    source = np.arange(4, dtype="f4")
    x = cnp.asarray(source)
    source[0] = 9
    assert x.tolist() == [0, 1, 2, 3]


# --- indexing

def random_index(rng, shape):
    items, axis, ellipsis = [], 0, False
    common = rng.choice([(2,), (3,), (1,), (2, 2), (0,), (1, 2)])
    while axis < len(shape):
        kind, n = rng.random(), shape[axis]
        if kind < .2:
            items.append(rng.randint(-n - 1, n))
        elif kind < .45:
            def end():
                return rng.choice([None, rng.randint(-n - 2, n + 2)])
            items.append(slice(end(), end(), rng.choice([None, None, 1, 2, -1, -2, 3, -3])))
        elif kind < .55:
            items.append(None)
            continue
        elif kind < .62 and not ellipsis:
            items.append(Ellipsis)
            ellipsis = True
            axis += rng.randint(0, len(shape) - axis)
            continue
        elif kind < .8:
            draw = np.random.RandomState(rng.randint(0, 1000))
            items.append(draw.randint(-n - 1, n + 1 if n else 1, size=rng.choice([common, common[-1:], ()])).astype(rng.choice(["int32", "int8", "uint8"])))
        elif kind < .86:
            items.append(np.array([rng.random() < .5 for _ in range(n)], bool))
        elif kind < .9 and axis + 1 < len(shape):
            items.append(np.random.RandomState(rng.randint(0, 99)).rand(n, shape[axis + 1]) < .5)
            axis += 1
        elif kind < .93 and None not in [i if i is None else 0 for i in items]:
            items.append(rng.choice([True, False]))
            continue
        else:
            break
        axis += 1
    return tuple(items)


UPDATES = ["set", "add", "subtract", "multiply", "divide", "power", "min", "max"]


@pytest.mark.parametrize("seed", [0, *(pytest.param(i, marks=pytest.mark.thorough) for i in range(1, 5))])
def test_random_indices(seed):
    rng = random.Random(seed)
    for _ in range(20):
        shape = tuple(rng.choice([0, 1, 2, 3, 4]) if rng.random() < .15 else rng.randint(1, 5) for _ in range(rng.randint(0, 4)))
        source = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
        index, mode, op = random_index(rng, shape), rng.choice([None, "clip", "fill", "drop", "promise_in_bounds"]), rng.choice(["[]", "get", *UPDATES])
        own_arrays = rng.random() < .5

        def run(np_, _):
            x = np_.array(source)
            items = tuple(np_.asarray(i) if own_arrays and isinstance(i, np.ndarray) else i for i in index)
            if op == "[]":
                return x[items]
            return x.at[items].get(mode=mode) if op == "get" else getattr(x.at[items], op)(2.5, mode=mode)
        try:
            agree(run)
        except AssertionError as e:
            raise AssertionError(f"{op} mode={mode} shape={shape} index={index} own={own_arrays}: {e}") from None


BAD_INDICES = [5.0, "a", [0, 1], [None], (0, 1, 2, 3), 10, -10, (Ellipsis, Ellipsis), np.array([0.5]), np.ones((7,), bool), {}, (np.array([0, 1]), np.array([0, 1, 2])), slice(None, None, 0)]


@pytest.mark.parametrize("index", BAD_INDICES, ids=repr)
def test_bad_indices(index):
    agree(lambda np_, _: np_.array(np.arange(6.0, dtype="f4").reshape(2, 3))[index])


def test_update_options():
    agree(lambda np_, _: np_.array([1.0, 2, 3]).at[5].get(mode="fill", fill_value=-1))
    agree(lambda np_, _: np_.array([1, 2, 3]).at[5].get(mode="fill"))
    agree(lambda np_, _: np_.array([1.0, 2, 3]).at[-1].set(9, wrap_negative_indices=False, mode="drop"))
    agree(lambda np_, _: np_.array([1.0, 2, 3]).at[np.array([0, 0, 1])].add(np.array([1.0, 2, 3])))
    agree(lambda np_, _: np_.array([1.0, 2, 3]).at[1:].apply(lambda v: v * 10))
    agree(lambda np_, _: np_.array([1, 2, 3], "uint8").at[0].set(200))
    agree(lambda np_, _: np_.array([1, 2, 3]).at[0].set(2.7))
    agree(lambda np_, _: np_.array([1.0, 2, 3]).at[0].set([1, 2]))
    agree(lambda np_, _: np_.array([[1.0, 2, 3]]).at[:, ::-1].set([1, 2, 3]))
    agree(lambda np_, _: np_.array([1.0, 2]).at[0].set(1, mode="nonsense"))
    agree(lambda np_, _: np_.array([1.0, 2]).at[0].set())


def test_traced_indices():
    x = np.arange(12, dtype="f4").reshape(3, 4)
    for f in (lambda x, i: x[i], lambda x, i: x[:, i], lambda x, i: x[i, i], lambda x, i: x[i, 1:], lambda x, i: x[i, ::2], lambda x, i: x[None, i],
              lambda x, i: x.at[i].set(0), lambda x, i: x.at[i, ::2].add(1), lambda x, i: x[i:i + 1], lambda x, i: x[x > i], lambda x, i: x[i, None, 0]):
        for i in (1, -1, 7, -9):
            agree(lambda np_, j: j.jit(f)(np_.array(x), i))


def test_a_row_does_not_change_with_its_origin():
    x = cnp.array([[1.0, 2.0], [3.0, 4.0]])
    row = x[1]
    y = x.at[1, 0].set(9)
    assert row.tolist() == [3, 4] and y.tolist() == [[1, 2], [9, 4]]
    x.delete()
    assert row.tolist() == [3, 4]


# --- tracers

CONVERSIONS = {"bool": bool, "float": float, "int": int, "complex": complex, "index": lambda x: [1, 2, 3][x.astype(int)], "numpy": np.asarray, "item": lambda x: x.item(),
               "mask": lambda x: x[x > 0], "tolist": lambda x: x.tolist(), "hash": hash, "foo": lambda x: x.foo, "sharding": lambda x: x.sharding, "len": len,
               "repr": repr, "format": lambda x: f"{x}", "if": lambda x: 1 if x > 0 else 2, "devices": lambda x: x.devices()}


@pytest.mark.parametrize("name", CONVERSIONS)
@pytest.mark.parametrize("transform", ["jit", "grad", "vmap", "jvp"])
def test_conversions_of_tracers(name, transform):
    def run(np_, j):
        seen = []

        def f(x):
            seen.append(outcome(CONVERSIONS[name], x))
            return x * 1.0
        x = np_.asarray([1.0, 2.0]) if transform == "vmap" else np_.asarray(1.0)
        j.jvp(f, (x,), (x,)) if transform == "jvp" else getattr(j, transform)(f)(x)
        value, error = seen[0]
        if error is not None:
            raise error
        return value if isinstance(value, (bool, int, float, str)) else type(value).__name__
    agree(run)


def test_error_classes():
    for name in ("JAXTypeError", "JAXIndexError", "ConcretizationTypeError", "NonConcreteBooleanIndexError", "TracerArrayConversionError",
                 "TracerIntegerConversionError", "TracerBoolConversionError", "UnexpectedTracerError", "KeyReuseError"):
        ours, theirs = getattr(cuirax.errors, name), getattr(jax.errors, name)
        assert ours.__module__ == "jax.errors"
        assert [c.__name__ for c in ours.__mro__] == [c.__name__ for c in theirs.__mro__ if c.__name__ != "_JAXErrorMixin"]


def test_isinstance():
    seen = []
    cuirax.jit(lambda x: seen.append(isinstance(x, cuirax.Array)) or x)(1.0)
    assert seen == [True] and isinstance(cnp.asarray(1), cuirax.Array) and not isinstance(1, cuirax.Array) and not isinstance(np.ones(2), cuirax.Array)
    with pytest.raises(TypeError):
        cuirax.Array()


# --- other libraries

@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "uint16", "float16", "float32", "complex64", "bfloat16", "float8_e5m2", "int4"])
def test_numpy_round_trip(dtype):
    source = np.array([[0, 1], [1, 0], [1, 1]]).astype(getattr(ml_dtypes, dtype, None) or dtype)
    x = cnp.asarray(source)
    back = np.asarray(x)
    assert back.dtype == source.dtype and back.shape == source.shape and not back.flags.writeable
    np.testing.assert_array_equal(back.astype("f4"), source.astype("f4"))
    assert np.array(x).flags.writeable and np.asarray(x, dtype="float64").dtype == np.float64


def test_buffer_shares_memory_and_keeps_it():
    x = cnp.asarray(np.arange(1000, dtype="f4"))
    view = np.asarray(x)
    assert view.__array_interface__["data"][0] == x.unsafe_buffer_pointer()
    del x
    gc.collect()
    assert view.sum() == 499500
    with pytest.raises(BufferError):
        memoryview(cnp.asarray([1.0]).astype("bfloat16"))


def test_dlpack():
    x = cnp.asarray(np.arange(6, dtype="f4").reshape(2, 3))
    assert np.from_dlpack(x).tolist() == x.tolist()
    assert x.__dlpack_device__() == (1, 0)
    source = np.arange(1000, dtype="i4")
    y = cuirax._core.from_dlpack(source)
    assert y.unsafe_buffer_pointer() == source.__array_interface__["data"][0]
    del source
    gc.collect()
    assert y.tolist() == list(range(1000))
    strided = np.arange(10, dtype="f4")[::2]
    assert cuirax._core.from_dlpack(strided).tolist() == [0, 2, 4, 6, 8]
    z = jax.dlpack.from_dlpack(x)
    assert z.tolist() == x.tolist() and cuirax._core.from_dlpack(z).tolist() == x.tolist()
    assert cuirax._core.from_dlpack(jnp.ones(3, "bfloat16")).dtype == jnp.bfloat16
    x.__dlpack__()
    with pytest.raises(BufferError):
        x.__dlpack__(dl_device=(2, 0))
    for bad in (1, [1], None):
        with pytest.raises((TypeError, AttributeError)):
            cuirax._core.from_dlpack(bad)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "bool", "complex64", "int4"])
def test_pickle(dtype):
    for x in (cnp.array([[1, 0, 1]], dtype), cnp.asarray(1.0), cnp.array([], dtype)):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            y = pickle.loads(pickle.dumps(x, protocol))
            assert y.dtype == x.dtype and y.shape == x.shape and y.weak_type == x.weak_type and y.tobytes() == x.tobytes()
    with pytest.raises(ValueError):
        cuirax._core._reconstruct_array("float32", (3,), b"1234", False)


def test_numpy_operators_give_way():
    x, a = cnp.asarray([1.0, 2.0]), np.array([1.0, 2.0], "f4")
    for r in (a + x, a * x, a - x, a / x, a < x, a @ x, np.float32(2) * x):
        assert isinstance(r, cuirax.Array)


def test_delete():
    x = cnp.asarray([1.0, 2.0])
    x.delete()
    assert x.is_deleted() and x.shape == (2,)
    for f in (lambda: x + 1, lambda: repr(x), lambda: np.asarray(x), lambda: x[0], lambda: x.device, lambda: memoryview(x), lambda: x.block_until_ready(), lambda: x.tolist()):
        with pytest.raises((RuntimeError, BufferError)):
            f()
    x.delete()


# --- dtypes

def test_scalar_types():
    for name in ("float32", "int8", "bfloat16", "complex64", "bool_", "uint16", "float16"):
        ours, theirs = getattr(cnp, name), getattr(jnp, name)
        assert repr(ours) == repr(theirs) and ours.dtype == theirs.dtype and np.dtype(ours) == np.dtype(theirs)
        assert ours == theirs.dtype.type and hash(ours) == hash(theirs.dtype.type) and ours.dtype == ours and ours != cnp.int32
        agree(lambda np_, _: getattr(np_, name)(1))
        agree(lambda np_, _: getattr(np_, name)([1, 0]))
    assert isinstance(np.float32(1), cnp.float32)


def test_promotion_functions():
    for a in DTYPES:
        for b in DTYPES:
            agree(lambda np_, _: np_.promote_types(a, b).name)
    for args in ((1, 2.0), (np.int8(1), 2), ("int8", float), (int, "int16"), (float, "bfloat16"), ([1],), (1j, "float16"), (True, 1), (None, "int32")):
        agree(lambda np_, _: np_.result_type(*args).name)
    for a in DTYPES:
        for b in (np.floating, np.integer, np.number, np.signedinteger, np.unsignedinteger, np.complexfloating, np.inexact, np.generic, "float32", np.bool_):
            agree(lambda np_, _: np_.issubdtype(a, b))
    assert cnp.finfo("bfloat16").max == jnp.finfo("bfloat16").max and cnp.iinfo("int8").min == -128


def test_key_dtype():
    ours = cuirax._core.as_dtype("key<fry>")
    assert repr(ours) == str(ours) == "key<fry>" and ours == cuirax._core.as_dtype(ours) and pickle.loads(pickle.dumps(ours)) is ours
    assert cnp.issubdtype(ours, cuirax.dtypes.prng_key) and not cnp.issubdtype(ours, np.floating) and not cnp.issubdtype("float32", cuirax.dtypes.prng_key)


# --- references

def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize()


LEAKS = {
    "operators": lambda x: (x + x, x * 2.5, -x, x > 1, x @ x, 2 ** x, x // 2),
    "indices": lambda x: (x[0], x[1:], x[::-1], x[np.array([0, 1])], x[x > 0], list(x), x.at[0].set(1), x.at[1:].get()),
    "export": lambda x: (np.asarray(x), np.from_dlpack(x), memoryview(x), x.tolist(), repr(x), pickle.loads(pickle.dumps(x)), x.dtype, x.aval, x.sharding),
    "import": lambda x: (cnp.asarray([1.0, 2]), cnp.asarray(np.ones(3)), cuirax._core.from_dlpack(np.ones(3, "f4")), cnp.array([[x, x]]), cnp.float32(1)),
    "errors": lambda x: [outcome(f) for f in (lambda: x + [1], lambda: x[5.0], lambda: bool(x), lambda: x + cnp.asarray([1, 2]), lambda: cnp.array(["a"]), lambda: x["a"], lambda: x.foo,
                                              lambda: x.at[0].set("a"), lambda: x.astype("foo"))],
}


@pytest.mark.parametrize("name", LEAKS)
def test_no_leaks(name):
    x = cnp.asarray([1.0, 2.0, 3.0])
    for _ in range(300):
        LEAKS[name](x)
    gc.collect()
    before, references = resident(), sys.getrefcount(None)
    for _ in range(3000):
        LEAKS[name](x)
    gc.collect()
    assert resident() - before < 1 << 20 and abs(sys.getrefcount(None) - references) < 200
    assert sys.getrefcount(x) == 2


def test_threads():
    x, results = cnp.asarray(np.arange(50000, dtype="f4")), []

    def work():
        y = x
        for _ in range(50):
            y = (y + x)[:] - x
        results.append(y.tolist() == x.tolist())
    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [True] * 4
