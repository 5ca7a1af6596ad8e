"""Numbers and constants that a gradient of a loss has otherwise than the loss."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bptt_sym.testing.functions import judge_pair
from tests.nightly import some

Array = Any
RNG = np.random.default_rng(5)
STEPS = 3
X, LABELS = RNG.normal(size=(STEPS, 3, 2)), np.eye(5)[RNG.integers(0, 5, size=(STEPS, 3))]
MASKS = (RNG.random((STEPS, 3, 4)) < 0.7) / 0.7
LENGTHS = np.array([4.0, 2.0, 3.0])
POINT = {
    "W": RNG.normal(size=(4, 2)), "U": RNG.normal(size=(4, 4)) / 2, "g": RNG.normal(size=4),
    "V": RNG.normal(size=(5, 8)) / 2,
}  # fmt: skip
HERE = {k: v.copy() for k, v in POINT.items()}


def loss(
    p: Any, labels: Array = LABELS, eps: float = 1e-2, count: int = 4, discount: float = 0.9,
    masks: Array = MASKS, lengths: Array = LENGTHS,
    back: Callable[..., Array] = lambda name, v, at: v,
) -> Array:  # fmt: skip
    """A normalised network with dropout whose states of two kinds are joined; ``back`` sees values
    and the same at the point, to give what has another derivative."""
    h = np.zeros((3, 4)) + 0 * p["g"]
    total = 0
    for t in range(STEPS):
        a = back("a", X[t] @ p["W"].T + h @ p["U"].T, t)
        d = a - a.mean(1, keepdims=True)
        v = (d * d).sum(1, keepdims=True) / count
        n = p["g"] * d / np.sqrt(v + eps)
        h = np.tanh(back("h", n, t) * masks[t])
        z = np.concatenate([h, n], axis=1) @ p["V"].T
        nll = np.log(np.exp(z).sum(1)) - (labels[t] * z).sum(1)
        total = total + (nll / lengths).sum() * discount**t
    return total


def gradient(made: Callable[[Any], Array], point: Any = None) -> dict[str, Array]:
    """By complex steps, where ``made`` may keep values of the point."""
    out = {}
    point = point or POINT
    for k, v in point.items():
        out[k] = np.zeros(v.shape)
        for at in np.ndindex(v.shape):
            moved = {n: w.astype(complex) for n, w in point.items()}
            moved[k][at] += 1e-30j
            out[k][at] = np.imag(made(moved)) / 1e-30
    return out


def scaled_back(name: str, by: Array) -> Callable[[Any], Array]:
    """What comes back to one value, multiplied; the value itself is what it was."""

    def change(which: str, v: Array, t: int) -> Array:
        if which != name:
            return v
        factor = by[t] if np.ndim(by) == 3 else by
        return np.real(v) + (v - np.real(v)) * factor

    return lambda p: loss(p, back=change)


@pytest.mark.parametrize(
    ("made", "words"),
    some([
        (lambda p: loss(p, labels=0.9 * LABELS + 0.02), "taken to be 0.9 v + 0.02"),
        (lambda p: loss(p, eps=0.0), "has 0 as its second operand, not 0.01"),
        (lambda p: loss(p, count=3), "has 3 as its second operand, not 4"),
        (lambda p: loss(p, discount=0.8), "to the power 2.11"),
        (lambda p: loss(p, lengths=LENGTHS**2), "taken to be v to the power 2"),
        (lambda p: loss(p, masks=np.roll(MASKS, 1, 0)), "that of the use before (at first the"),
        (scaled_back("a", 0.25), "is there 0.25 times"),
    ], 4),
)  # fmt: skip
def test_another_number_is_measured_and_named(made: Any, words: str) -> None:
    findings = judge_pair(loss, lambda p: gradient(made), POINT)
    explained = [f.message for f in findings if f.code == "explained"]
    assert len(explained) == 1 and words in explained[0], findings


@pytest.mark.parametrize(
    "made",
    [
        # Another number at every entry is no one number; neither is a gradient with noise on it.
        lambda p: loss(p, labels=LABELS * RNG.normal(size=LABELS.shape)),
        lambda p: loss(p) + sum((v * np.sin(97 * HERE[k])).sum() for k, v in p.items()),
    ],
)
def test_what_is_no_number_is_not_explained_by_one(made: Any) -> None:
    findings = judge_pair(loss, lambda p: gradient(made), POINT)
    assert findings and not [f for f in findings if f.code == "explained"]
    assert not judge_pair(loss, lambda p: gradient(loss), POINT)


READ = {
    "W": RNG.normal(size=(4, 2)), "R": RNG.normal(size=(4, 4)), "g": RNG.normal(size=4),
    "k": RNG.normal(size=4), "H": RNG.normal(size=(3, 4)),
    "M": RNG.normal(size=(3, 8)), "S": RNG.normal(size=(3, 4)) / 8, "E": RNG.normal(size=(3, 2)),
}  # fmt: skip
ROWS = [0, 1, 2]


def readers(p: Any, back: Callable[..., Any] = lambda name, *v: v) -> Array:
    """A state with several readers, two kinds of states that are joined, rows of a table."""
    e = np.zeros((len(ROWS), 2)) + 0 * p["g"][0]
    for k, row in enumerate(ROWS):
        e[k] = back(f"row{k}", p["E"][row])[0]
    s = h = np.tanh(e @ p["W"].T + p["H"])
    for t in range(2):
        (r,), (q,) = back(f"R{t}", s), back(f"g{t}", s)
        s = np.tanh(r @ p["R"].T + s * p["k"] + q * p["g"])
    u, v = back("joined", h, s)
    mean, spread = np.concatenate([u, v], axis=1) @ p["M"].T, s @ p["S"].T
    return (back("mean", (0.3 - mean) ** 2, spread)[0] * np.exp(-spread) + spread).sum()


def at_rest(v: Array) -> Array:
    """The value, without what it has of a parameter."""
    return np.real(v) + 0j


def other(*, names: tuple[str, ...] = (), swapped: bool = False, root: bool = False) -> Any:
    def change(name: str, *v: Any) -> Any:
        if name in names:
            return (at_rest(v[0]),)
        if name == "joined" and swapped:
            a, b = v
            return at_rest(a) + 1j * np.imag(b), at_rest(b) + 1j * np.imag(a)
        if name == "mean" and root:
            return (at_rest(v[0]) + 1j * np.imag(v[0]) * np.exp(np.real(v[1]) / 2),)
        return v

    return lambda p: readers(p, change)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (other(names=("R0", "g0")), "what comes from `r @ p[\"R\"].T` (line"),
        (other(swapped=True), "to the first and to the second part of `np.concatenate([u, v]"),
        (other(root=True), "multiplied by 1 / the root of the value of `np.exp(-spread)`"),
        (other(names=("row1",)), 'back to its argument at use 2 of 3'),
        (lambda p: 3 * other(names=("R1", "R0"))(p),
         "passes nothing back to its first operand: it is taken to be constant; and it is 3 times"),
    ],
)  # fmt: skip
def test_what_one_value_or_row_gets_is_told(made: Any, words: str) -> None:
    findings = judge_pair(readers, lambda p: gradient(made, READ), READ)
    explained = [f.message for f in findings if f.code == "explained"]
    assert len(explained) == 1 and words in explained[0], findings
    assert not judge_pair(readers, lambda p: gradient(readers, READ), READ)
