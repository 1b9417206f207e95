"""Data movement, gather, scatter, windows, contraction: every kernel against real JAX on random configurations."""
import ctypes

import jax
import numpy as np
import pytest
from jax import lax

from kernels.arrays import ALL, call, close, dtype, ints, out, pointer, random_array, strided
from kernels.library import LIB, OP_ID, View, same, view, views

SIZES = ["bool", "int8", "bfloat16", "float32", "float64", "complex128"]  # 1 to 16 bytes
INT64_P = ctypes.POINTER(ctypes.c_int64)


@pytest.fixture(autouse=True)
def wide():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def rng(request):
    return np.random.default_rng(list(request.node.name.encode()))


def shape_of(rng, rank, high=7, zero=0.1):
    return tuple(0 if rng.random() < zero else int(d) for d in rng.integers(1, high, rank))


# ---- move ----

@pytest.mark.parametrize("name", SIZES)
def test_copy_of_any_strides(rng, name):
    for _ in range(60):
        a = strided(rng, random_array(rng, shape_of(rng, rng.integers(0, 6)), name))
        o = out(a.shape, a.dtype)
        call("kernel_copy", view(a), view(o))
        same(o, a)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("shape", [(100, 37), (3, 64, 50), (17, 2, 33, 5), (1, 48, 1, 32), (257, 1)])
def test_copy_of_large_transposes(rng, name, shape):
    a = random_array(rng, shape, name)
    for _ in range(6):
        t = a.transpose(rng.permutation(len(shape)))
        o = out(t.shape, t.dtype)
        call("kernel_copy", view(t), view(o))
        same(o, t)


def made_view(name, source, rank, *args):
    dims, strides = ints([0] * rank), ints([0] * rank)
    f = getattr(LIB, name)
    f.restype = View
    v = f(ctypes.byref(view(source)), *args, dims, strides)
    o = out(tuple(dims[:rank]), source.dtype)
    call("kernel_copy", v, view(o))
    return o


def test_views(rng):
    for _ in range(60):
        rank = int(rng.integers(0, 5))
        a = strided(rng, random_array(rng, shape_of(rng, rank), "int32"))
        perm = rng.permutation(rank)
        same(made_view("view_transpose", a, rank, ints(perm)), a.transpose(perm))
        axes = np.flatnonzero(rng.random(rank) < 0.5)
        same(made_view("view_rev", a, rank, ints(axes), len(axes)), np.flip(a, tuple(axes)))
        start = [int(rng.integers(0, d + 1)) for d in a.shape]
        limit = [int(rng.integers(s, d + 1)) for s, d in zip(start, a.shape)]
        step = [int(s) for s in rng.integers(1, 4, rank)]
        same(made_view("view_slice", a, rank, ints(start), ints(limit), ints(step)),
             a[tuple(map(slice, start, limit, step))])
        same(made_view("view_slice", a, rank, ints(start), ints(limit), None), a[tuple(map(slice, start, limit))])
        to = rank + int(rng.integers(0, 3))
        where = np.sort(rng.permutation(to)[:rank])
        shape = rng.integers(0, 5, to)
        for w, d in zip(where, a.shape):
            shape[w] = d if d != 1 else rng.integers(0, 4)
        same(made_view("view_broadcast_in_dim", a, to, ints(shape), to, ints(where)),
             lax.broadcast_in_dim(a, tuple(map(int, shape)), tuple(map(int, where))))


@pytest.mark.parametrize("name", SIZES)
def test_pad(rng, name):
    for _ in range(20):
        rank = int(rng.integers(0, 4))
        a = random_array(rng, shape_of(rng, rank), name)
        value = random_array(rng, (), name)
        config = [tuple(int(x) for x in (rng.integers(-3, 4), rng.integers(-3, 4), rng.integers(0, 3))) for _ in range(rank)]
        try:
            want = lax.pad(a, value, config)
        except (TypeError, ValueError):
            continue  # an extent would be negative
        o = out(want.shape, a.dtype)
        low, high, interior = (ints(c) for c in zip(*config)) if rank else (ints([]),) * 3
        call("kernel_pad", view(strided(rng, a)), pointer(value), low, high, interior, view(o))
        same(o, want)


@pytest.mark.parametrize("name", SIZES)
def test_concatenate(rng, name):
    for _ in range(30):
        rank = int(rng.integers(1, 5))
        axis = int(rng.integers(0, rank))
        shape = list(shape_of(rng, rank))
        parts = []
        for _ in range(int(rng.integers(1, 5))):
            shape[axis] = int(rng.integers(0, 5))
            parts.append(strided(rng, random_array(rng, tuple(shape), name)))
        want = np.concatenate(parts, axis)
        o = out(want.shape, want.dtype)
        call("kernel_concatenate", views(parts), len(parts), axis, view(o))
        same(o, want)


@pytest.mark.parametrize("name", [d for d in ALL if d != "bool"])
def test_iota(rng, name):
    for shape, axis in [((300,), 0), ((3, 5, 4), 0), ((3, 5, 4), 1), ((3, 5, 4), 2), ((0,), 0), ((4, 0, 2), 0)]:
        o = out(shape, dtype(name))
        call("kernel_iota", axis, view(o))
        same(o, lax.broadcasted_iota(dtype(name), shape, axis))


INDEX_TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


def test_dynamic_slice_and_update(rng):
    for _ in range(40):
        rank = int(rng.integers(0, 4))
        a = random_array(rng, shape_of(rng, rank), "float32")
        sizes = tuple(int(rng.integers(0, d + 1)) for d in a.shape)
        index = str(rng.choice(INDEX_TYPES))
        info = np.iinfo(index)
        starts = [np.array(rng.choice([info.min, info.max, *range(0 if info.min == 0 else -3, 9)]), index) for _ in range(rank)]
        want = lax.dynamic_slice_p.bind(a, *starts, slice_sizes=sizes)
        o = out(sizes, a.dtype)
        call("kernel_dynamic_slice", view(strided(rng, a)), views(starts), view(o))
        same(o, want)
        update = random_array(rng, sizes, "float32")
        want = lax.dynamic_update_slice_p.bind(a, update, *starts)
        o = out(a.shape, a.dtype)
        call("kernel_dynamic_update_slice", view(strided(rng, a)), view(strided(rng, update)), views(starts), view(o))
        same(o, want)
        o = a.copy()
        call("kernel_dynamic_update_slice", view(o), view(update), views(starts), view(o))
        same(o, want)


@pytest.mark.parametrize("source", ["int4", "uint2", "int8", "uint16", "float32", "int64", "float4_e2m1fn", "bfloat16"])
@pytest.mark.parametrize("target", ["uint4", "int2", "int4", "uint8", "int16", "bfloat16", "float64", "float8_e5m2"])
def test_bitcast(rng, source, target):
    a = random_array(rng, (3, 5), source)
    bits = {n: int(n[-1]) if n[-2] == "t" else dtype(n).itemsize * 8 if n != "float4_e2m1fn" else 4 for n in (source, target)}
    if bits[target] > bits[source]:
        a = random_array(rng, (3, 5, bits[target] // bits[source]), source)
    a = strided(rng, a)
    want = np.asarray(lax.bitcast_convert_type(a, dtype(target)))
    o = out(want.shape, dtype(target))
    call("kernel_bitcast", view(a), view(o), fallible=True)
    same(o, want, exact_nan=True)


# ---- gather and scatter ----

class Ints(ctypes.Structure):
    _fields_ = [("v", INT64_P), ("n", ctypes.c_int32), ("none", ctypes.c_bool)]


class GatherDims(ctypes.Structure):
    _fields_ = [(n, Ints) for n in ("offset", "collapsed", "start", "batching", "indices_batching")] + \
               [(n, ctypes.c_bool) for n in ("indices_are_sorted", "unique_indices")]


def gather_dims(*lists):
    return GatherDims(*(Ints(ints(values), len(values), False) for values in lists), False, False)


MODES = [lax.GatherScatterMode.CLIP, lax.GatherScatterMode.FILL_OR_DROP, lax.GatherScatterMode.PROMISE_IN_BOUNDS]


def random_gather(rng):
    """Operand shape, dims with batching/collapsed/start, index array and the shape of windows."""
    rank = int(rng.integers(1, 5))
    shape = list(shape_of(rng, rank, zero=0))
    n_batch_dims = int(rng.integers(0, 4))
    batch = list(shape_of(rng, n_batch_dims, 5, zero=0.05))
    kinds = rng.choice(["batch", "collapsed", "window"], rank, p=[0.2, 0.4, 0.4])
    batching, indices_batching, free = [], [], list(rng.permutation(n_batch_dims))
    collapsed, windows = [], []
    for d, kind in enumerate(kinds):
        if kind == "batch" and free:
            b = int(free.pop())
            batching.append(d)
            indices_batching.append(b)
            shape[d] = batch[b]
        elif kind == "collapsed":
            collapsed.append(d)
        else:
            windows.append(d)
    candidates = [d for d in range(rank) if d not in batching]
    start = [int(d) for d in rng.permutation(candidates)[:rng.integers(0, len(candidates) + 1)]]
    sizes = [1 if d in batching or d in collapsed else int(rng.integers(0, shape[d] + 1)) for d in range(rank)]
    out_rank = n_batch_dims + len(windows)
    offset = sorted(int(d) for d in rng.permutation(out_rank)[:len(windows)])
    index = str(rng.choice(INDEX_TYPES))
    indices = rng.integers(0 if index[0] == "u" else -3, 9, [*batch, len(start)]).astype(index)
    return shape, sizes, indices, (offset, collapsed, start, batching, indices_batching)


def test_gather(rng):
    for _ in range(70):
        shape, sizes, indices, numbers = random_gather(rng)
        name = str(rng.choice(SIZES + ["int4", "uint8", "float8_e4m3fn"]))
        a = random_array(rng, shape, name)
        mode = int(rng.integers(0, 3))
        fill = random_array(rng, (), name) if rng.random() < 0.5 else None
        offset, collapsed, start, batching, indices_batching = numbers
        given = indices
        if mode == 2:
            for k, d in enumerate(start):
                given[..., k] = np.clip(given[..., k], 0, shape[d] - sizes[d])
        want = lax.gather(a, given, lax.GatherDimensionNumbers(tuple(offset), tuple(collapsed), tuple(start), tuple(batching),
                                                               tuple(indices_batching)),
                          tuple(sizes), mode=MODES[mode], fill_value=None if fill is None else fill[()])
        o = out(want.shape, a.dtype)
        call("kernel_gather", view(strided(rng, a)), view(strided(rng, given)), gather_dims(*numbers), ints(sizes), mode,
             None if fill is None else pointer(fill), view(o))
        same(o, want)


def test_gather_promise_is_checked():
    a = np.arange(5, dtype=np.float32)
    o = out((3,), a.dtype)
    call("kernel_gather", view(a), view(np.array([[-7], [2], [10**12]])), gather_dims([], [0], [0], [], []), ints([1]), 2, None, view(o))
    same(o, np.array([0, 2, 4], np.float32))


@pytest.mark.parametrize("name", ALL)
def test_gather_default_fill(name):
    a = random_array(np.random.default_rng(1), (4,), name)
    indices = np.array([[1], [9], [3]])
    numbers = ([], [0], [0], [], [])
    o = out((3,), a.dtype)
    call("kernel_gather", view(a), view(indices), gather_dims(*numbers), ints([1]), 1, None, view(o))
    want = lax.gather(a, indices, lax.GatherDimensionNumbers((), (0,), (0,)), (1,), mode="fill")
    same(o, want)


def test_gather_of_rows(rng):
    a = random_array(rng, (50, 33), "float32")
    indices = rng.integers(-60, 60, (700, 1)).astype(np.int32)
    numbers = ([1], [0], [0], [], [])
    for mode in (0, 1):
        want = lax.gather(a, indices, lax.GatherDimensionNumbers((1,), (0,), (0,)), (1, 33), mode=MODES[mode])
        o = out(want.shape, a.dtype)
        call("kernel_gather", view(a), view(indices), gather_dims(*numbers), ints([1, 33]), mode, None, view(o))
        same(o, want)


SCATTERS = {"none": lax.scatter, "add": lax.scatter_add, "sub": lax.scatter_sub, "mul": lax.scatter_mul,
            "min": lax.scatter_min, "max": lax.scatter_max}


@pytest.mark.parametrize("op", SCATTERS)
def test_scatter(rng, op):
    for _ in range(30):
        shape, sizes, indices, (offset, inserted, start, batching, indices_batching) = random_gather(rng)
        names = ["int8", "int32", "uint16", "bfloat16", "float32", "float64", "complex64", "int4", "float16"]
        name = str(rng.choice(names[:-2] if op != "none" else names))
        if op in ("min", "max") and name == "complex64":
            continue
        if not start and np.prod(indices.shape[:-1]) > 1:
            continue  # XLA then applies only the last update; see test_scatter_of_no_components
        a = random_array(rng, shape, name)
        batch = list(indices.shape[:-1])
        windows = [s for d, s in enumerate(sizes) if d not in inserted and d not in batching]
        update_shape = [0] * (len(batch) + len(windows))
        for d, s in zip(offset, windows):
            update_shape[d] = s
        for d, s in zip([d for d in range(len(update_shape)) if d not in offset], batch):
            update_shape[d] = s
        updates = random_array(rng, update_shape, name)
        mode = int(rng.integers(0, 2))
        numbers = lax.ScatterDimensionNumbers(tuple(offset), tuple(inserted), tuple(start), tuple(batching), tuple(indices_batching))
        want = SCATTERS[op](a, indices, updates, numbers, mode=MODES[mode])
        o = out(shape, a.dtype)
        config = gather_dims(offset, inserted, start, batching, indices_batching)
        args = view(strided(rng, indices)), view(strided(rng, updates)), config, mode, OP_ID.get(op, 0)
        call("kernel_scatter", view(strided(rng, a)), *args, view(o), fallible=True)
        same(o, want)
        o = a.copy()
        call("kernel_scatter", view(o), *args, view(o), fallible=True)
        same(o, want)
        if mode == 1:  # a broken promise drops
            o = a.copy()
            call("kernel_scatter", view(o), *args[:3], 2, OP_ID.get(op, 0), view(o), fallible=True)
            same(o, want)


@pytest.mark.parametrize("name", [d for d in ALL if d not in ("bool", "int2", "uint2")])
@pytest.mark.parametrize("op", ["add", "sub", "mul", "min", "max"])
def test_combine_every_dtype(rng, op, name):
    a = random_array(rng, (40,), name, -3, 4)
    updates = random_array(rng, (600,), name, -3, 4)
    if a.dtype.kind in "fc" and "8_" not in name:
        a[::7], updates[::11], updates[::13] = np.nan, -0.0, 0.0
    a, updates = np.concatenate([a] * 15), updates
    want = {"add": np.add, "sub": np.subtract, "mul": np.multiply}.get(op)
    with np.errstate(all="ignore"):
        want = np.asarray(getattr(lax, op)(a, updates) if want is None else want(a, updates))
    o = out(a.shape, a.dtype)
    call("kernel_scatter", view(a), view(np.zeros((1, 0), np.int32)), view(updates[None]), gather_dims([1], [], [], [], []), 0,
         OP_ID[op], view(o), fallible=True)
    if a.dtype.kind == "c":
        close(o, want, rtol=1e-6)
    else:
        same(o, want)


def test_scatter_of_no_components():
    o = np.zeros(3, np.float32)
    call("kernel_scatter", view(o), view(np.zeros((4, 0), np.int32)), view(np.arange(1, 5, dtype=np.float32)),
         gather_dims([], [0], [], [], []), 0, OP_ID["add"], view(o), fallible=True)
    same(o, np.array([10, 0, 0], np.float32))


def test_scatter_of_nothing_into_nothing():
    o = np.zeros((0,), np.float32)
    call("kernel_scatter", view(o), view(np.zeros((4, 1), np.int32)), view(np.ones(4, np.float32)),
         gather_dims([], [0], [0], [], []), 0, OP_ID["add"], view(o), fallible=True)
