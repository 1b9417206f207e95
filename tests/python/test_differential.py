"""The differential harness notices every kind of difference."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import differential
from differential import Case

X = np.arange(3, dtype="f4")


class Ours:
    """Real JAX with one function replaced, in Cuirax's place."""

    def __init__(self, result):
        self.result = result

    def run(self, case):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    root = jax


def check(monkeypatch, function, result, raises=False, **options):
    real = differential.Side
    monkeypatch.setattr(differential, "OURS", "ours")
    monkeypatch.setattr(differential, "Side", lambda root: real(root) if root == "jax" else Ours(result))
    Case("case", function, (), "eager", raises, **options).check()


GOOD = [
    (lambda jnp: jnp.asarray(X), lambda: jnp.asarray(X)),
    (lambda jnp: jnp.asarray(X), lambda: jnp.asarray(X * (1 + 1e-7))),
    (lambda jnp: {"a": (jnp.asarray(X), 1)}, lambda: {"a": (jnp.asarray(X), 1)}),
    (lambda jnp: jnp.array([jnp.nan, jnp.inf]), lambda: jnp.array([jnp.nan, jnp.inf])),
    (lambda random: random.key(3), lambda: jax.random.key(3)),
]
BAD = [
    (lambda jnp: jnp.asarray(X), lambda: jnp.asarray(X) * 1.0001),
    (lambda jnp: jnp.asarray(X), lambda: jnp.asarray(X).astype("float16")),
    (lambda jnp: jnp.asarray(X), lambda: jnp.asarray(X)[None]),
    (lambda jnp: jnp.asarray(X), lambda: np.asarray(X)),
    (lambda jnp: jnp.asarray(X), lambda: 3.0),
    (lambda jnp: jnp.asarray(X), lambda: (jnp.asarray(X),)),
    (lambda jnp: jnp.asarray(1.0), lambda: jnp.float32(1.0)),
    (lambda jnp: jnp.array([jnp.nan]), lambda: jnp.array([1.0])),
    (lambda jnp: jnp.arange(3), lambda: jnp.array([0, 1, 3])),
    (lambda jnp: 3, lambda: 3.0),
    (lambda jnp: "a", lambda: "b"),
    (lambda random: random.key(3), lambda: jax.random.key(4)),
    (lambda jnp: jnp.asarray(X), lambda: ValueError("none expected")),
]


@pytest.mark.parametrize("function, result", GOOD)
def test_agreement_passes(monkeypatch, function, result):
    check(monkeypatch, function, result())


@pytest.mark.parametrize("function, result", BAD)
def test_difference_fails(monkeypatch, function, result):
    with pytest.raises((AssertionError, ValueError)):
        check(monkeypatch, function, result())


def test_exact_sees_zero_signs_and_last_bits(monkeypatch):
    check(monkeypatch, lambda jnp: jnp.array([0.0]), jnp.array([-0.0]))
    for other in (-0.0, 1e-44):
        with pytest.raises(AssertionError):
            check(monkeypatch, lambda jnp: jnp.array([0.0]), jnp.array([other]), exact=True)


def test_error_classes(monkeypatch):
    def bad(jnp):
        return jnp.ones(3) + jnp.ones(4)
    check(monkeypatch, bad, TypeError("add got incompatible shapes"), raises=True)
    for other in (ValueError("x"), jnp.ones(3)):
        with pytest.raises(AssertionError):
            check(monkeypatch, bad, other, raises=True)
    with pytest.raises(AssertionError, match="the case is wrong"):
        check(monkeypatch, lambda jnp: 3, 3, raises=True)
    with pytest.raises(AssertionError, match="the case is wrong"):
        check(monkeypatch, bad, TypeError("x"))


def test_modes_call_real_jax(monkeypatch):
    monkeypatch.setattr(differential, "OURS", "jax")
    for mode in differential.MODES:
        Case(mode, lambda jnp, x: jnp.sin(x) * 2, (X,), mode, False).check()
