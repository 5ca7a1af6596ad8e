"""Two slips in the source, of which undoing one makes less of the gradient wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from bptt_sym.testing.functions import judge_pair
from bptt_sym.testing.one_change import Answer, one_change

Array = Any
RNG = np.random.default_rng(12)
X = RNG.normal(size=(5, 2, 3))
POINT = {"W": RNG.normal(size=(4, 3)), "U": RNG.normal(size=(4, 4)), "b": RNG.normal(size=4)}


def loss(p: dict[str, Array]) -> Any:
    h, total = np.zeros((2, 4)), 0
    for x in X:
        h = np.tanh(x @ p["W"].T + h @ p["U"].T + p["b"])
        total = total + 0.5 * (h * h).sum()
    return total


def gradient(p: dict[str, Array]) -> dict[str, Array]:
    hs = np.zeros((len(X) + 1, 2, 4))
    for t in range(len(X)):
        hs[t + 1] = np.tanh(X[t] @ p["W"].T + hs[t] @ p["U"].T + p["b"])
    g = {k: np.zeros_like(v) for k, v in p.items()}
    d = np.zeros((2, 4))
    for t in reversed(range(len(X))):
        d = (d + hs[t + 1]) * (1 - hs[t] ** 2)  # one: the slope of the step before
        g["W"] += d.T @ X[t]
        g["U"] += d.T @ hs[t + 1]  # two: the state of this step
        g["b"] += d.sum(0)
        d = d @ p["U"]
    return g


def test_both_are_said() -> None:
    (said,) = [f.message for f in judge_pair(loss, gradient, POINT) if f.code == "explained"]
    first, second = said.split("; and ")
    assert first.startswith("with two changes of the source it is right at two points: line 33")
    assert first.endswith("but with `d = (d + hs[t + 1]) * (1 - hs[t + 1] ** 2)`")
    assert second.endswith("but with `g['U'] += d.T @ hs[t]`")


def pieces(x: Array) -> dict[str, Array]:
    first = x[0] + x[1]
    return {"a": first, "b": first * x[2], "c": x[3] - 1}


def test_a_first_change_makes_nothing_else_wrong_and_the_code_is_as_it_was() -> None:
    x = RNG.normal(size=(4, 3))
    before = pieces.__code__

    # (A function with a name would be changed as well.)
    test = lambda right: Answer(  # noqa: E731
        frozenset(k for k, v in right.items() if not np.allclose(pieces(x)[k], v))
    )
    for a, c, changes in (
        (x[0] - x[1], x[3] - 1, 1), (x[0] - x[1], x[3] + 1, 2), (x[0] - x[1], np.sin(x[3]), 0),
        (np.cos(x[0]), x[3] + 1, 0),
    ):  # fmt: skip
        right = {"a": a, "b": a * x[2], "c": c}
        sought = one_change([lambda right=right: test(right)], seconds=2.0)
        assert (sought.changes if sought.words else 0) == changes
        assert pieces.__code__ is before
