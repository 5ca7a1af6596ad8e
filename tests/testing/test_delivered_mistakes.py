"""Mistakes of courses and ports: indices of sums, windows, truncation, factors lost in one line."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from bptt_sym.testing import named_model, run
from bptt_sym.testing.functions import PairError, assert_pair, judge_pair
from bptt_sym.testing.mistakes import right
from tests.nightly import some
from tests.testing import hand_written
from tests.testing.hand_written import module, said

own = module("delivered_changes")
changed, model = partial(hand_written.changed, own), partial(hand_written.model, own)


@pytest.mark.parametrize(
    ("name", "bug", "words"),
    [
        ("einsum_gru", "outer sums over different steps",
         "dW: in the gradient of W each factor of the outer products is summed over the steps by"),
        ("numbers", "only the first output is followed", "taken for its first row alone"),
        ("numbers", "dU only below the diagonal",
         "dU: the entries on and above its diagonal are 0, all others are right"),
        ("segments", "inputs of the first segment for all", "gradient of W x_t is read at t mod 3"),
        ("segments", "targets counted from the segment's start", "the targets are those of step t"),
        ("assignment_rnn", "outer cotangent divided by N",
         "dx: the mean over the batch is taken instead of the sum"),
    ],
)  # fmt: skip
def test_it_is_named(name: str, bug: str, words: str) -> None:
    text = said(changed(name, bug), model(name))
    assert words in text
    assert "no known mistake" not in text and "clipped" not in text


def pair(name: str, bug: str) -> tuple[Any, Any, Any]:
    made, (params, x, y) = changed(f"{name}_gradient", bug), own.point(name)
    return lambda q: own.LOSSES[name](q, x, y), lambda q: made(q, x, y), params


@pytest.mark.parametrize(
    ("name", "bug", "words"),
    [
        ("layer_norm", "statistics taken as constants", "constant; `a - mu` (line"),
        ("layer_norm", "gain's gradient from the sum without the slope",
         "is missing, in what is given for it alone: what is carried on is right"),
        ("carried", "truncated to two steps", "nothing back at step 3 of 4: it is truncated there"),
        ("attention", "v's tanh slope forgotten", "the derivative of `np.tanh(keys @ p"),
    ],
)  # fmt: skip
def test_it_is_named_in_a_pair_and_said_first(name: str, bug: str, words: str) -> None:
    with pytest.raises(PairError) as error:
        assert_pair(*pair(name, bug))
    first = str(error.value).splitlines()[0]
    assert first.startswith("explained: ") and words in first
    assert "e-16 times" not in str(error.value)


def cut(p: Any, at: tuple[int, ...], factor: float = 0.0) -> Any:
    """The gradient of :func:`sums` where the carry is multiplied by a factor at some steps."""
    hs = [np.zeros(2)]
    for x in X:
        hs.append(np.tanh(x @ p["W"].T + p["u"] * hs[-1]))
    g, dh = {k: np.zeros_like(v) for k, v in p.items()}, np.zeros(2)
    for t in reversed(range(len(X))):
        da = (dh + 2 * hs[t + 1]) * (1 - hs[t + 1] ** 2)
        g["W"] += np.outer(da, X[t])
        g["u"] += da * hs[t]
        dh = da * p["u"] * (factor if t in at else 1.0)
    return g


def sums(p: Any) -> Any:
    h, total = np.zeros(2), 0.0
    for x in X:
        h = np.tanh(x @ p["W"].T + p["u"] * h)
        total = total + (h * h).sum()
    return total


X = np.random.default_rng(4).normal(size=(5, 3))
POINT = {"W": np.random.default_rng(5).normal(size=(2, 3)), "u": np.array([0.7, -1.2])}


@pytest.mark.parametrize(
    ("at", "factor", "words"),
    [((2, 4), 0.0, "steps 3, 5 of 5"), ((1,), 0.0, "step 2 of 5"), ((2, 4), 0.5, "")],
)
def test_truncation_is_told_from_what_is_only_like_it(
    at: tuple[int, ...], factor: float, words: str
) -> None:
    found = judge_pair(sums, lambda p: cut(p, at, factor), POINT)
    said = [f.message for f in found if "truncated" in f.message]
    assert found and len(said) == bool(words) and all(words in text for text in said)


def test_a_factor_that_is_another_is_not_said_to_be_lost() -> None:
    def gradient(p: Any, factor: float) -> Any:
        g = cut(p, ())
        hs = [np.zeros(2)]
        for x in X:
            hs.append(np.tanh(x @ p["W"].T + p["u"] * hs[-1]))
        dh, g["u"] = np.zeros(2), np.zeros(2)
        for t in reversed(range(len(X))):
            dh = dh + 2 * hs[t + 1]
            g["u"] += factor * dh * hs[t]
            dh = dh * (1 - hs[t + 1] ** 2) * p["u"]
        return g

    for factor, there in ((1.0, True), (0.9, False)):
        found = judge_pair(sums, lambda p, f=factor: gradient(p, f), POINT)
        assert any("what is carried on is right" in f.message for f in found) is there
        assert found


def test_entries_that_are_not_0_are_not_said_to_be() -> None:
    def doubled(p: Any) -> Any:
        g = right(p)
        return g | {"U": g["U"] + np.triu(g["U"], 1)}

    assert "are 0" not in said(doubled, named_model("elman"))


@pytest.mark.parametrize(
    "name", some([n for n in own.RIGHT if not n.startswith(("torch", "jax"))], 6)
)
def test_right_ones_pass(name: str) -> None:
    made, cell = own.RIGHT[name][1], own.RIGHT[name][0]
    if cell in own.LOSSES:
        params, x, y = own.point(cell)
        loss = own.LOSSES[cell]
        assert judge_pair(lambda q: loss(q, x, y), lambda q: made(q, x, y), params) == []
    else:
        assert run(made, model(name), explain=False).ok
