"""jax.numpy: contractions by named axes, and take."""
import numpy as np

from differential import Cases

case = Cases()
test_same = case.test

A = np.linspace(-2.0, 3.0, 12, dtype="f4").reshape(3, 4)
B = np.cos(np.arange(12, dtype="f4")).reshape(4, 3)
T = np.sin(np.arange(24, dtype="f4")).reshape(2, 3, 4)
S = np.arange(9, dtype="f4").reshape(3, 3)
I = np.arange(12, dtype="i4").reshape(3, 4)

case("tensordot", lambda jnp, x, y: [jnp.tensordot(x, y, 1), jnp.tensordot(x, y, ((0, 1), (1, 0))), jnp.tensordot(x, y, (1, 0)), jnp.tensordot(x, x), jnp.tensordot(x, y, 0)], A, B, modes="eager jit vjp vmap")
for text in "ij,jk->ik ij,jk ij,jk->ki ij,kj->ij ij,ji ij,ji-> ij,jk,kl->il".split():
    case("einsum " + text, lambda jnp, x, y, text=text: jnp.einsum(text, *(x, y, x)[:text.count(",") + 1]), A, A.T.copy() if text != "ij,kj->ij" else A, modes="eager jit vjp vmap")
case("einsum one", lambda jnp: [jnp.einsum(t, S) for t in ("ii", "ii->i", "ij->ji", "ij->", "ba", "i...->...", "ij->j")])
case("einsum ellipsis", lambda jnp: [jnp.einsum("...ij,...jk->...ik", T, B), jnp.einsum("...j,j", T, A[0]), jnp.einsum("...j,...j->...", T, A), jnp.einsum("b...,b...->...", T, T[:, :1])])
case("einsum dtypes", lambda jnp: [jnp.einsum("ij,jk", I, I.T), jnp.einsum("ij,jk", I, B), jnp.einsum("ij,kj->ik", I, I, preferred_element_type="float32"), jnp.einsum("ij,jk", np.zeros((0, 4), "f4"), B)])
case.error("einsum rank", lambda jnp: jnp.einsum("ijk,jk", A, B))
case.error("einsum operands", lambda jnp: jnp.einsum("ij,jk", A))
case("take", lambda jnp, x: [jnp.take(x, np.array([[0, -1], [2, 1]]), axis=1), jnp.take(x, 2), jnp.take(x, np.array([0, 2, 2]), 0), jnp.take(x, 1, -1)], A, modes="eager jit vjp vmap")
case("take modes", lambda jnp: [jnp.take(A, np.array([4, -1, -7, 1]), 1, mode=m) for m in ("fill", "clip", "wrap", None)])
case.error("take float", lambda jnp: jnp.take(A, A))
case.error("take axis", lambda jnp: jnp.take(A, 0, 2))
case("kron", lambda jnp, x, y: [jnp.kron(x, y), jnp.kron(x, y[0]), jnp.kron(x, 2)], A, B, modes="eager jit vjp")
