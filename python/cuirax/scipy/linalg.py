"""jax.scipy.linalg: the library functions of the signature tables; those that take or give Python tuples have a line here."""
from .. import _core

_table = _core.api("scipy.linalg")
globals().update({name: f for name, f in _table.items() if not name.endswith(("_with", "_pair"))})


def cho_factor(a, lower=False, overwrite_a=False, check_finite=True):
    """The Cholesky factor of a and whether it is the lower one, as cho_solve takes them."""
    return cholesky(a, lower=lower), lower


def cho_solve(c_and_lower, b, overwrite_b=False, check_finite=True):
    """x with a x = b from cho_factor(a)."""
    c, lower = c_and_lower
    return _table["cho_solve_with"](c, lower, b)


def lu_solve(lu_and_piv, b, trans=0, overwrite_b=False, check_finite=True):
    """x with op(a) x = b from lu_factor(a); trans: 0 none, 1 transposed, 2 conjugate transposed."""
    lu, pivots = lu_and_piv
    return _table["lu_solve_with"](lu, pivots, b, trans)


def solve_triangular(a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, debug=None, check_finite=True):
    """x with op(a) x = b for triangular a; trans: 0 or 'N', 1 or 'T', 2 or 'C'."""
    if isinstance(trans, str):
        if trans not in ("N", "T", "C"):
            raise ValueError(f"Invalid 'trans' value {trans}")
        trans = "NTC".index(trans)
    return _table["solve_triangular_with"](a, b, trans, lower, unit_diagonal)


def expm_frechet(A, E, *, method=None, compute_expm=True):
    """expm(A) and its derivative in the direction E, or the derivative alone."""
    if method not in (None, "SPS", "blockEnlarge"):
        raise ValueError("only method='SPS' is supported")
    value, derivative = _table["expm_frechet_pair"](A, E)
    return (value, derivative) if compute_expm else derivative
