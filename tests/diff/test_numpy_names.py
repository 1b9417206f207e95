"""jax.numpy: universal functions, vectorize, functions of functions, blocks, r_ and c_, buffers and files."""
import io

import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

A = np.arange(12, dtype="f4").reshape(3, 4)
I = np.array([[3, 1, 2], [0, 5, 4]], "i4")
M = I > 1

case("reduce", lambda jnp, a, i: [jnp.add.reduce(a), jnp.add.reduce(a, axis=1, keepdims=True), jnp.multiply.reduce(i, axis=None), jnp.maximum.reduce(a, axis=1, initial=5), jnp.minimum.reduce(i), jnp.subtract.reduce(a, axis=1),
                                  jnp.bitwise_xor.reduce(i, axis=1), jnp.logical_and.reduce(a), jnp.logical_or.reduce(i > 4, axis=1), jnp.logaddexp.reduce(a, axis=1), jnp.add.reduce(a, where=a > 3),
                                  jnp.bitwise_and.reduce(i, axis=None, keepdims=True)], A, I, modes="jit")
case("accumulate", lambda jnp, a, i: [jnp.add.accumulate(a), jnp.multiply.accumulate(i, axis=1), jnp.subtract.accumulate(a, axis=1), jnp.maximum.accumulate(i)], A, I, modes="jit")
case("outer", lambda jnp, a, i: [jnp.add.outer(a[0], i), jnp.multiply.outer(2, i), jnp.minimum.outer(i[0], i[1])], A, I, modes="jit")
case("at", lambda jnp, a, i: [jnp.add.at(a, i[0, 1:], 10, inplace=False), jnp.multiply.at(a, (i[0, 1:], i[0, 1:]), 3, inplace=False), jnp.subtract.at(a, 0, 1, inplace=False), jnp.maximum.at(a[0], np.array([0, 0, 1]), np.array([3., 9, 2]), inplace=False),
                              jnp.negative.at(a[0], np.array([1, 1, 2]), inplace=False)], A, I, modes="jit")
case("reduceat", lambda jnp, a: [jnp.add.reduceat(a[0], np.array([0, 2, 1])), jnp.multiply.reduceat(a, np.array([0, 3]), axis=1)], A, modes="jit")
case("ufunc attributes", lambda jnp: [[f.nin, f.nout, f.nargs, f.identity] for f in (jnp.add, jnp.multiply, jnp.negative, jnp.logaddexp, jnp.maximum)] + [isinstance(jnp.add, jnp.ufunc), isinstance(jnp.sum, jnp.ufunc), hasattr(jnp.sin, "reduce")])
case("frompyfunc", lambda jnp, a: [jnp.frompyfunc(lambda x, y: x * y + y, 2, 1)(a, a[0]), jnp.frompyfunc(lambda x, y: x + 2 * y, 2, 1, identity=0).reduce(a, axis=1), jnp.frompyfunc(lambda x: x + 1, 1, 1)(a),
                                   jnp.frompyfunc(lambda x, y: x + 2 * y, 2, 1).accumulate(a), jnp.frompyfunc(lambda x, y: x + 2 * y, 2, 1).outer(a[0], a[1])], A, modes="jit")
case.error("at in place", lambda jnp: jnp.add.at(A, 0, 1))
case.error("reduce of negative", lambda jnp: jnp.negative.reduce(A))
case.error("reduce where", lambda jnp: jnp.maximum.reduce(A, where=A > 1))

case("vectorize", lambda jnp, a: [jnp.vectorize(lambda x, y: x + y)(a, a[:, :1]), jnp.vectorize(lambda x, y: jnp.dot(x, y), signature="(n),(n)->()")(a, a[0]), jnp.vectorize(lambda x: (x.sum(), x * 2), signature="(n)->(),(n)")(a),
                                  jnp.vectorize(lambda x, k: x * k, excluded={1})(a, 3), jnp.vectorize(lambda x, k=1: x * k, excluded={"k"})(a, k=2), jnp.vectorize(lambda m, v: m @ v, signature="(n,m),(m)->(n)")(a[None], a[:1])], A, modes="eager jit")
case.error("vectorize signature", lambda jnp: jnp.vectorize(lambda x: x, signature="(n")(A))
case.error("vectorize sizes", lambda jnp: jnp.vectorize(lambda x, y: x, signature="(n),(n)->(n)")(A, A[:, :2]))
case.error("vectorize rank", lambda jnp: jnp.vectorize(lambda x: x, signature="(n)->(n)")(1.0))
case.error("vectorize results", lambda jnp: jnp.vectorize(lambda x: x, signature="(n)->(),()")(A))
case.error("vectorize arguments", lambda jnp: jnp.vectorize(lambda x: x, signature="(n)->()")(A, A))
case.error("vectorize excluded", lambda jnp: jnp.vectorize(lambda x: x, excluded={-1}))

case("apply", lambda jnp, a: [jnp.apply_along_axis(jnp.sum, 1, a), jnp.apply_along_axis(lambda x: x[::-1] * 2, 0, a), jnp.apply_along_axis(jnp.cumsum, -1, a[None]), jnp.apply_over_axes(jnp.sum, a, [0, 1]), jnp.apply_over_axes(jnp.cumsum, a, [0])], A, modes="jit")
case("piecewise", lambda jnp, a: [jnp.piecewise(a, [a < 3, a > 7], [-1, lambda x: x * 2]), jnp.piecewise(a, [a < 3], [lambda x: x, 9.5]), jnp.piecewise(a[0], [a[0] > 1, a[0] > 2], [1, 2, lambda x, k: x + k], 5)], A, modes="jit")
case.error("piecewise count", lambda jnp: jnp.piecewise(A, [A < 3], [1, 2, 3]))
case("block", lambda jnp, a: [jnp.block([[a, a], [a * 2, a[:, ::-1]]]), jnp.block([1, 2, a[0]]), jnp.block([[a[0]], [a[1]]]), jnp.block(a), jnp.block([[[a]], [[a]]])], A, modes="jit")
case.error("block tuple", lambda jnp: jnp.block([(A, A)]))
case.error("block empty", lambda jnp: jnp.block([]))
case.error("block depths", lambda jnp: jnp.block([[A], A]))
case("r_ and c_", lambda jnp: [jnp.r_[1:4, 0, A[0]], jnp.r_[0:1:5j], jnp.r_["0,2", [1, 2], [3, 4]], jnp.r_["1,2,0", [1, 2], [3, 4]], jnp.r_["c", 1:3], jnp.c_[A, A[:, :1]], jnp.c_[A[0], A[1]], jnp.c_[1:3], jnp.r_[A, A], jnp.s_[1:2, ...], jnp.index_exp[2]])
case.error("r_ directive", lambda jnp: jnp.r_["x,y", 1])
case.error("r_ late directive", lambda jnp: jnp.r_[1, "c"])
case("mask_indices", lambda jnp: [jnp.mask_indices(3, jnp.triu), jnp.mask_indices(3, jnp.tril, -1, size=4)])
case("broadcast_shapes", lambda jnp: [jnp.broadcast_shapes((2, 1), (3,), ()), jnp.broadcast_shapes(), jnp.broadcast_shapes(3, (2, 1))])
case.error("broadcast_shapes differ", lambda jnp: jnp.broadcast_shapes((2,), (3,)))


def saved(a):
    f = io.BytesIO()
    np.save(f, a)
    f.seek(0)
    return f


case("buffers and files", lambda jnp: [jnp.frombuffer(b"\x01\x02\x03", dtype="u1", offset=1), jnp.fromstring("1 2 3", sep=" ", dtype=int), jnp.load(saved(A)), jnp.frombuffer(A.tobytes(), "f4", count=2)])
case.error("fromfile", lambda jnp: jnp.fromfile("x"))
case.error("fromiter", lambda jnp: jnp.fromiter([1], int))
case("dtypes", lambda jnp: [jnp.isdtype("int8", "integral"), jnp.isdtype(jnp.bfloat16, ("real floating", "bool")), jnp.isdtype("f4", jnp.float32), jnp.isdtype("bool", "numeric"), jnp.can_cast("i4", "f8"), jnp.iterable([1]), jnp.iterable(1),
                            jnp.array_repr(A), jnp.array_str(A)])
case.error("isdtype kind", lambda jnp: jnp.isdtype("int8", "whole"))
case("dlpack", lambda jnp, jax: [jnp.from_dlpack(A), jnp.from_dlpack(jnp.asarray(I)), [jax.dlpack.is_supported_dtype(d) for d in ("float32", "bool", jnp.bfloat16, "complex64", jnp.int4)]])
case.error("dlpack of a number", lambda jnp: jnp.from_dlpack(3))
