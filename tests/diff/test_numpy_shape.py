"""jax.numpy: making arrays and changing their shapes."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

A = np.linspace(-2.0, 3.0, 12, dtype="f4").reshape(3, 4)
V = np.arange(5, dtype="f4") - 1.5
T = np.sin(np.arange(24, dtype="f4")).reshape(2, 3, 4)
I = np.arange(-6, 6, dtype="i4").reshape(3, 4)
E = np.zeros((0, 3), "f4")
S = np.float32(2.5)
ALL = "eager vjp vmap"


def table(name, rows, modes="eager"):
    for i, f in enumerate(rows):
        case(f"{name} {i}", f, modes=modes)


def errors(name, rows):
    for i, f in enumerate(rows):
        case.error(f"{name} error {i}", f)


def of(name, rows, x, modes=ALL):
    for i, f in enumerate(rows):
        case(f"{name} {i} {x.dtype}{x.shape}", f, x, modes=modes)


# creation

table("zeros", [
    lambda jnp: [jnp.zeros(3), jnp.ones((2, 3)), jnp.empty((0, 4)), jnp.zeros(()), jnp.zeros([2, 1], int), jnp.ones(2, bool)],
    lambda jnp: [jnp.ones(np.int64(2), "bfloat16"), jnp.zeros(jnp.array([2, 3])), jnp.ones((2,), jnp.complex64), jnp.zeros(np.array(3))],
    lambda jnp: [jnp.full(3, 1.5), jnp.full((2, 2), 7), jnp.full((), True), jnp.full((2, 3), np.arange(3)), jnp.full(2, 1.5, int)],
    lambda jnp: [jnp.full((2,), np.float16(3)), jnp.full((0,), 1), jnp.full((2, 2), jnp.inf, "float16"), jnp.full(2, 300, "int32")],
    lambda jnp: [jnp.zeros_like(A), jnp.ones_like(2), jnp.ones_like(2.0, shape=(3,)), jnp.zeros_like(I, float), jnp.empty_like(A, shape=2)],
    lambda jnp: [jnp.full_like(A, 2), jnp.full_like(I, 2.5), jnp.full_like(2, 2.5), jnp.full_like(A, np.arange(4)), jnp.full_like(I, 2.5, float)],
])
case("zeros_like of a ShapeDtypeStruct", lambda jax, jnp: jnp.zeros_like(jax.ShapeDtypeStruct((2, 3), jnp.float16)))
case("full with an argument", lambda jnp, x: jnp.full((2, 3), x) * 2, np.float32(1.5), modes=ALL)
case("float64 with x64", lambda jnp: [jnp.zeros(3), jnp.arange(3), jnp.arange(3.), jnp.eye(2), jnp.linspace(0, 1, 4), jnp.tri(2)], x64=True)
errors("zeros", [
    lambda jnp: jnp.zeros(-1), lambda jnp: jnp.zeros((2, -1)), lambda jnp: jnp.zeros(2.0), lambda jnp: jnp.ones((2.0,)),
    lambda jnp: jnp.zeros("ab"), lambda jnp: jnp.zeros(None), lambda jnp: jnp.zeros(2, 3), lambda jnp: jnp.zeros([[1, 2]]),
    lambda jnp: jnp.full((2,), [1, 2]), lambda jnp: jnp.full((2, 3), np.arange(4)), lambda jnp: jnp.zeros_like([1, 2]),
    lambda jnp: jnp.zeros(), lambda jnp: jnp.full(3), lambda jnp: jnp.ones((2, "a"))])
case.error("zeros of a traced extent", lambda jnp, n: jnp.zeros(n), 3, modes="jit")
case.error("ones of a traced extent", lambda jnp, n: jnp.ones((n, 2)), 3, modes="jit")

table("arange", [
    lambda jnp: [jnp.arange(5), jnp.arange(0), jnp.arange(-3), jnp.arange(2, 7), jnp.arange(7, 2), jnp.arange(7, 2, -1), jnp.arange(0, 10, 3)],
    lambda jnp: [jnp.arange(5.), jnp.arange(0, 1, 0.1), jnp.arange(0, 0.3, 0.1), jnp.arange(0.5, 3), jnp.arange(1, 0, -0.25), jnp.arange(4.2)],
    lambda jnp: [jnp.arange(5, dtype="bfloat16"), jnp.arange(0, 1, 0.25, "float16"), jnp.arange(3, dtype="uint8"), jnp.arange(2, 5, dtype=float)],
    lambda jnp: [jnp.arange(np.float32(3)), jnp.arange(np.int16(3)), jnp.arange(jnp.array(4)), jnp.arange(np.float32(0), 1, np.float32(0.3)), jnp.arange(0, 5, None)],
    lambda jnp: [jnp.arange(5, dtype=complex), jnp.arange(0, stop=4), jnp.arange(2, step=1), jnp.arange(-2, 2)],
])
errors("arange", [
    lambda jnp: jnp.arange(0, 1, 0), lambda jnp: jnp.arange(np.ones(2)), lambda jnp: jnp.arange(1j), lambda jnp: jnp.arange(5, dtype=bool),
    lambda jnp: jnp.arange(True), lambda jnp: jnp.arange("a"), lambda jnp: jnp.arange(stop=5), lambda jnp: jnp.arange(None)])
case.error("arange of a traced stop", lambda jnp, n: jnp.arange(n), 3, modes="jit")

table("linspace", [
    lambda jnp: [jnp.linspace(0, 1), jnp.linspace(-1, 2, 7), jnp.linspace(0, 1, 4, endpoint=False), jnp.linspace(3, 3, 2)],
    lambda jnp: [jnp.linspace(0, 1, 0), jnp.linspace(2, 5, 1), jnp.linspace(2, 5, 1, endpoint=False), jnp.linspace(0, 10, 4, dtype=int)],
    lambda jnp: [jnp.linspace(0, 1, n, e, True) for n in (0, 1, 2, 5) for e in (True, False)],
    lambda jnp: [jnp.linspace(np.zeros(2), np.arange(6.).reshape(3, 2), 4, axis=a) for a in (0, 1, 2, -1)],
    lambda jnp: [jnp.linspace(0, 1, 3, dtype="float16"), jnp.linspace(1j, 2, 3), jnp.linspace(0, -5, 3, dtype="int8")],
])
case("linspace of arguments", lambda jnp, x: jnp.linspace(x, 2 * x + 1, 5, axis=1), V, modes=ALL)
errors("linspace", [lambda jnp: jnp.linspace(0, 1, -1), lambda jnp: jnp.linspace(0, 1, 2.5), lambda jnp: jnp.linspace([0], 1)])

table("eye", [
    lambda jnp: [jnp.eye(3), jnp.eye(2, 4), jnp.eye(4, 2, 1), jnp.eye(3, k=-1, dtype=int), jnp.eye(3, k=5), jnp.eye(0), jnp.identity(3, dtype=bool)],
    lambda jnp: [jnp.tri(3), jnp.tri(2, 4, 1), jnp.tri(4, 3, -1, int), jnp.tri(0), jnp.tri(3, k=-5), jnp.tri(3, k=5, dtype=bool)],
])
case("eye of a traced k", lambda jnp, k: [jnp.eye(4, k=k), jnp.tri(4, k=k)], 1, modes="jit")
errors("eye", [lambda jnp: jnp.eye(-1), lambda jnp: jnp.eye(2.0), lambda jnp: jnp.tri(-1), lambda jnp: jnp.eye(2, k=1.5)])

# shapes

of("reshape", [
    lambda jnp, x: jnp.reshape(jnp.asarray(x), (2, 6)), lambda jnp, x: jnp.reshape(jnp.asarray(x), -1), lambda jnp, x: jnp.reshape(jnp.asarray(x), (2, -1, 3)),
    lambda jnp, x: jnp.reshape(jnp.asarray(x), (6, 2), order="F"), lambda jnp, x: jnp.ravel(x), lambda jnp, x: jnp.ravel(x, order="F"),
    lambda jnp, x: jnp.transpose(x), lambda jnp, x: jnp.transpose(x, (1, 0)), lambda jnp, x: jnp.swapaxes(x, 0, -1),
    lambda jnp, x: jnp.moveaxis(x, 0, 1), lambda jnp, x: jnp.expand_dims(x, (0, -1)), lambda jnp, x: jnp.squeeze(x[:1]),
    lambda jnp, x: jnp.squeeze(x[:, 1:2], axis=-1), lambda jnp, x: jnp.broadcast_to(x, (2, 3, 4)),
    lambda jnp, x: jnp.asarray(x).reshape(2, -1), lambda jnp, x: jnp.asarray(x).reshape((4, 3)) * 2, lambda jnp, x: jnp.asarray(x).T,
    lambda jnp, x: jnp.asarray(x).transpose(1, 0), lambda jnp, x: jnp.asarray(x).transpose(), lambda jnp, x: jnp.asarray(x).ravel(),
    lambda jnp, x: jnp.asarray(x).flatten(), lambda jnp, x: jnp.asarray(x).swapaxes(0, 1), lambda jnp, x: jnp.asarray(x).astype(int),
    lambda jnp, x: jnp.astype(x, "float16"), lambda jnp, x: jnp.copy(x), lambda jnp, x: jnp.matrix_transpose(x),
    lambda jnp, x: jnp.permute_dims(x, (1, 0)), lambda jnp, x: jnp.resize(x, (3, 5)), lambda jnp, x: jnp.resize(x, (2, 2)),
], A)
of("axes", [
    lambda jnp, x: jnp.transpose(x, (2, 0, 1)), lambda jnp, x: jnp.transpose(x, (-1, 0, 1)), lambda jnp, x: jnp.moveaxis(x, (0, 1), (-1, 0)),
    lambda jnp, x: jnp.moveaxis(x, 2, 0), lambda jnp, x: jnp.rollaxis(x, 2), lambda jnp, x: jnp.rollaxis(x, 0, 3), lambda jnp, x: jnp.rollaxis(x, -1, 1),
    lambda jnp, x: jnp.swapaxes(x, 0, 2), lambda jnp, x: jnp.matrix_transpose(x), lambda jnp, x: jnp.expand_dims(x, (1, 3)),
    lambda jnp, x: jnp.flip(x), lambda jnp, x: jnp.flip(x, 1), lambda jnp, x: jnp.flip(x, (0, -1)), lambda jnp, x: jnp.fliplr(x), lambda jnp, x: jnp.flipud(x),
    lambda jnp, x: [jnp.rot90(x, k) for k in (-1, 0, 1, 2, 3, 5)], lambda jnp, x: jnp.rot90(x, 1, (2, 1)),
    lambda jnp, x: jnp.roll(x, 2), lambda jnp, x: jnp.roll(x, -1, 1), lambda jnp, x: jnp.roll(x, (1, 2), (0, 2)), lambda jnp, x: jnp.roll(x, 1, (1, 2)),
    lambda jnp, x: jnp.roll(x, 100, -1), lambda jnp, x: jnp.roll(x, (1, 2), 2),
    lambda jnp, x: jnp.tile(x, 2), lambda jnp, x: jnp.tile(x, (2, 1)), lambda jnp, x: jnp.tile(x, (2, 1, 1, 3)), lambda jnp, x: jnp.tile(x, 0),
    lambda jnp, x: jnp.repeat(x, 2), lambda jnp, x: jnp.repeat(x, 3, axis=1), lambda jnp, x: jnp.repeat(x, np.array([1, 0, 2]), axis=1),
    lambda jnp, x: jnp.repeat(x, 0, axis=0), lambda jnp, x: jnp.repeat(x, np.array([2]), axis=-1),
    lambda jnp, x: jnp.repeat(x, np.array([1, 0, 2]), axis=1, total_repeat_length=5), lambda jnp, x: jnp.repeat(x, np.array([1, 3, 2]), axis=1, total_repeat_length=4),
], T)
case("roll by a traced shift", lambda jnp, x, k: [jnp.roll(x, k), jnp.roll(x, -k, 1), jnp.roll(x, k * 7, 0)], A, 2, modes="jit")
case("roll by traced shifts", lambda jnp, x, k: jnp.roll(x, k, (0, 1)), A, np.array([1, -2]), modes="eager jit")
case("repeat by traced counts", lambda jnp, x, k: jnp.repeat(x, k, axis=0, total_repeat_length=6), A, np.array([2, 0, 3]), modes="eager jit")
for x in (S, E):
    of("degenerate", [
        lambda jnp, x: [jnp.ravel(x), jnp.transpose(x), jnp.expand_dims(x, 0), jnp.squeeze(x), jnp.flip(x), jnp.roll(x, 1), jnp.tile(x, 2), jnp.tile(x, ()),
                        jnp.repeat(x, 2), jnp.resize(x, (2, 2)), jnp.copy(x), jnp.atleast_1d(x), jnp.atleast_2d(x), jnp.atleast_3d(x)],
        lambda jnp, x: jnp.concatenate([jnp.ravel(x), V]), lambda jnp, x: jnp.stack([x, x], axis=-1), lambda jnp, x: jnp.vstack([x, x]),
        lambda jnp, x: jnp.hstack([x, x]), lambda jnp, x: jnp.dstack([x, x]), lambda jnp, x: jnp.append(x, V)], x)
table("queries", [
    lambda jnp: [jnp.ndim(A), jnp.shape(T), jnp.size(T), jnp.size(T, 1), jnp.size(T, (0, -1)), jnp.ndim(3.0), jnp.shape(2), jnp.size(True)]], modes="eager")
errors("shape", [
    lambda jnp: jnp.reshape(jnp.ones(6), (2, -1, -1)), lambda jnp: jnp.reshape(jnp.ones(6), (4, -1)), lambda jnp: jnp.reshape(jnp.ones(6), (4,)),
    lambda jnp: jnp.reshape(jnp.ones(6), (-2, -3)), lambda jnp: jnp.reshape(jnp.ones(0), (0, -1)), lambda jnp: jnp.reshape(jnp.ones(6), (2.0, 3)),
    lambda jnp: jnp.reshape(jnp.ones(6), (2, 3), "A"), lambda jnp: jnp.reshape(jnp.ones(6), (2, 3), "Q"), lambda jnp: jnp.ones(6).reshape(5),
    lambda jnp: jnp.transpose(A, (0, 0)), lambda jnp: jnp.transpose(A, (0,)), lambda jnp: jnp.transpose(A, (0, 2)),
    lambda jnp: jnp.moveaxis(A, (0,), (0, 1)), lambda jnp: jnp.moveaxis(A, 3, 0), lambda jnp: jnp.swapaxes(jnp.asarray(A), 3, 0),
    lambda jnp: jnp.expand_dims(A, (0, 0)), lambda jnp: jnp.expand_dims(A, 5), lambda jnp: jnp.squeeze(A, 0), lambda jnp: jnp.squeeze(A, 5),
    lambda jnp: jnp.broadcast_to(V, (2, 4)), lambda jnp: jnp.broadcast_to(V, (-1, 5)), lambda jnp: jnp.broadcast_to(V, ()),
    lambda jnp: jnp.roll(A, 1, 5), lambda jnp: jnp.repeat(V, -1), lambda jnp: jnp.repeat([1], 2), lambda jnp: jnp.repeat(V, 2.0),
    lambda jnp: jnp.rot90(V), lambda jnp: jnp.fliplr(V), lambda jnp: jnp.rollaxis(A, 0, 5), lambda jnp: jnp.matrix_transpose(V),
    lambda jnp: jnp.resize(A, (-1, 2)), lambda jnp: jnp.flip(A, 4), lambda jnp: jnp.size(A, 5)])
case.error("reshape to a traced extent", lambda jnp, n: jnp.reshape(jnp.ones(6), (n, 2)), 3, modes="jit")
case.error("repeat by a traced count", lambda jnp, n: jnp.repeat(V, n), 3, modes="jit")
case.error("broadcast_to a traced extent", lambda jnp, n: jnp.broadcast_to(1, (n,)), 3, modes="jit")

# joining and splitting

B = A * 2
of("join", [
    lambda jnp, x: jnp.concatenate([x, B]), lambda jnp, x: jnp.concatenate([x, B, x], axis=1), lambda jnp, x: jnp.concatenate((x, B), axis=None),
    lambda jnp, x: jnp.concatenate([x, I]), lambda jnp, x: jnp.concatenate([x, I], dtype="float16"), lambda jnp, x: jnp.concatenate([x]),
    lambda jnp, x: jnp.concat([x, x], axis=-1), lambda jnp, x: jnp.stack([x, B]), lambda jnp, x: jnp.stack([x, B], axis=-1), lambda jnp, x: jnp.stack([x, I], 1),
    lambda jnp, x: jnp.vstack([x, B]), lambda jnp, x: jnp.hstack([x, B]), lambda jnp, x: jnp.dstack([x, B]), lambda jnp, x: jnp.column_stack([x, B]),
    lambda jnp, x: jnp.vstack(x), lambda jnp, x: jnp.concatenate(x), lambda jnp, x: jnp.append(x, B, axis=0), lambda jnp, x: jnp.append(x, 3),
    lambda jnp, x: jnp.column_stack([x[:, 0], x]), lambda jnp, x: jnp.broadcast_arrays(x, x[0], 2.0),
    lambda jnp, x: jnp.split(x, 2, axis=1), lambda jnp, x: jnp.split(x, [1, 3], axis=1), lambda jnp, x: jnp.array_split(x, 3, axis=1),
    lambda jnp, x: jnp.array_split(x, 5), lambda jnp, x: jnp.split(x, np.array([0, 2])), lambda jnp, x: jnp.hsplit(x, 2), lambda jnp, x: jnp.vsplit(x, 3),
    lambda jnp, x: jnp.unstack(x), lambda jnp, x: jnp.unstack(x, axis=1), lambda jnp, x: jnp.split(x, []), lambda jnp, x: jnp.dsplit(x[..., None], 1),
], A)
table("weak", [lambda jnp: [jnp.stack([1, 2]), jnp.stack([1, 2.0]), jnp.hstack([1, 2]), jnp.vstack([1, 2]), jnp.atleast_1d(1), jnp.atleast_1d(1, 2.0),
                            jnp.full((2,), 1.0), jnp.tile(3.0, 2), jnp.repeat(3.0, 4), jnp.atleast_1d(), jnp.broadcast_to(2, (3,))]])
errors("join", [
    lambda jnp: jnp.concatenate([]), lambda jnp: jnp.concatenate([1, 2]), lambda jnp: jnp.concatenate(3), lambda jnp: jnp.concatenate([A, A[:, 1:]]),
    lambda jnp: jnp.concatenate([A, V]), lambda jnp: jnp.concatenate([A], axis=4), lambda jnp: jnp.stack([]), lambda jnp: jnp.stack([V, V[1:]]),
    lambda jnp: jnp.stack([V], axis=3), lambda jnp: jnp.vstack([]), lambda jnp: jnp.vstack(3), lambda jnp: jnp.split(V, 2), lambda jnp: jnp.split(V, 0),
    lambda jnp: jnp.split(V, [2, 1]), lambda jnp: jnp.split(V, [1, 9]), lambda jnp: jnp.split(V, 3, axis=2), lambda jnp: jnp.split(S, 1),
    lambda jnp: jnp.unstack(S), lambda jnp: jnp.broadcast_arrays(A, V)])
case.error("split by a traced number", lambda jnp, n: jnp.split(jnp.ones(6), n), 3, modes="jit")

# diagonals

for x in (A, T, I):
    of("triangle", [lambda jnp, x, k=k: [jnp.tril(x, k), jnp.triu(x, k), jnp.diagonal(x, k), jnp.trace(x, k)] for k in (-9, -1, 0, 1, 2, 9)], x,
       modes=ALL if x is not I else "eager jit")
of("diagonal axes", [lambda jnp, x: jnp.diagonal(x, 1, 0, 2), lambda jnp, x: jnp.diagonal(x, -1, 2, 1), lambda jnp, x: jnp.trace(x, 1, 2, 0),
                     lambda jnp, x: jnp.asarray(x).trace(axis1=-1, axis2=0), lambda jnp, x: jnp.asarray(x).diagonal()], T)
of("diag", [lambda jnp, x: jnp.diag(x), lambda jnp, x: jnp.diag(x, 2), lambda jnp, x: jnp.diag(x, -1), lambda jnp, x: jnp.diagflat(x, 1)], V)
of("diag", [lambda jnp, x: jnp.diag(x), lambda jnp, x: jnp.diag(x, 2), lambda jnp, x: jnp.diag(x, -1), lambda jnp, x: jnp.diagflat(x)], A)
table("trace dtypes", [lambda jnp: [jnp.trace(np.ones((2, 2), bool)), jnp.trace(np.ones((2, 2), "i1")), jnp.trace(I, dtype=float), jnp.trace(E)]])
errors("diagonal", [lambda jnp: jnp.tril(V), lambda jnp: jnp.diag(T), lambda jnp: jnp.diag(3.0), lambda jnp: jnp.diagonal(V), lambda jnp: jnp.trace(V),
                    lambda jnp: jnp.trace(A, 0, 1, 1)])
