"""Losses that people write with work arrays, choices and products of every spelling."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bptt_sym.testing.allocation import complex_room
from bptt_sym.testing.functions import COMPLEX, directional, judge_pair

X = np.random.default_rng(2).normal(size=(4, 3, 2))
Y = np.random.default_rng(3).normal(size=(4, 3, 5))
_R = np.random.default_rng(5)
POINT = {"W": _R.normal(size=(5, 2)), "U": _R.normal(size=(5, 5)) / 2, "g": 1 + _R.random(5),
         "s": _R.normal(size=5)}  # fmt: skip


def states(p: Any) -> Any:
    h = np.zeros((5, 3, 5))
    h[0] = np.tile(p["s"], (3, 1))
    for t in range(4):
        a = np.einsum("bi,ni->bn", X[t], p["W"]) + np.dot(h[t], p["U"].T)
        h[t + 1] = np.tanh(a)
    return h


def loss(p: Any) -> Any:
    """Huber's loss of states that are scaled, clipped and compared."""
    h, out = states(p), np.zeros(4)
    for t in range(4):
        z = np.clip(p["g"] * h[t + 1] / np.sqrt((h[t + 1] ** 2).mean(1, keepdims=True)), -1.2, 1.2)
        off = z - Y[t]
        out[t] = np.where(np.abs(off) < 1, off**2 / 2, np.abs(off) - 0.5).sum()
    return out


def by_hand(p: Any, wrong: str = "") -> Any:
    h = states(p)
    d = {k: np.zeros_like(v) for k, v in p.items()}
    carry = np.zeros((3, 5))
    for t in reversed(range(4)):
        rms = np.sqrt((h[t + 1] ** 2).mean(1, keepdims=True))
        u = h[t + 1] / rms
        z = np.clip(p["g"] * u, -1.2, 1.2)
        dz = (z - Y[t]) if wrong == "square" else np.clip(z - Y[t], -1, 1)
        if wrong != "clip":
            dz = dz * (np.abs(p["g"] * u) < 1.2)
        d["g"] += (dz * u).sum(0)
        du = dz if wrong == "gain" else dz * p["g"]
        dh = (du - u * (du * u).mean(1, keepdims=True)) / rms + carry
        if wrong == "mean":
            dh = du / rms + carry
        a = dh * (1 - h[t + (wrong != "slope")] ** 2)
        d["W"] += a.T @ X[t]
        d["U"] += a.T @ (h[t + 1] if wrong == "state" else h[t])
        carry = a @ (p["U"].T if wrong == "turned" else p["U"])
        if wrong == "odd steps" and t % 2:
            carry = 0 * carry
    d["s"] = carry[0] if wrong == "first" else carry.sum(0)
    return d


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("square", "as if it always took that"),
        ("clip", "also where it is cut"),
        ("gain", "comes from both operands"),
        ("mean", "passes nothing back to its argument"),
        ("state", "to `"),
        ("turned", "is not transposed on the way back"),
        ("first", "only the first one counts"),
        ("slope", "in place of its own value"),
        ("odd steps", "nothing back at steps 2, 4 of 4: it is truncated"),
    ],
)
def test_mistakes_are_named(wrong: str, words: str) -> None:
    findings = judge_pair(loss, lambda p: by_hand(p, wrong), POINT)
    assert any(f.code == "explained" and words in f.message for f in findings), findings


def test_the_right_gradient_passes_to_rounding() -> None:
    assert judge_pair(loss, by_hand, POINT) == []
    v = {"U": np.ones((5, 5))}
    assert directional(lambda p: loss(p).sum(), POINT, v).method == COMPLEX


def test_the_label_of_another_step() -> None:
    labels = Y.argmax(2)

    def loss(p: Any) -> Any:
        s = np.exp(X @ p["V"])
        prob = s / s.sum(2, keepdims=True)
        return -sum(np.log(prob[t][np.arange(3), labels[t]]).sum() for t in range(4))

    def by_hand(p: Any) -> Any:
        s = np.exp(X @ p["V"])
        d = s / s.sum(2, keepdims=True)
        for t in range(4):
            d[t, np.arange(3), labels[max(t - 1, 0)]] -= 1
        return {"V": np.einsum("tbi,tbk->ik", X, d)}

    found = judge_pair(loss, by_hand, {"V": POINT["W"].T.copy()})
    assert any("is taken at the indices of the use before" in f.message for f in found), found


def two_directions(p: Any) -> Any:
    """Both directions of one layer, whose last states meet."""
    ends = []
    for x in (X, X[::-1]):
        h = np.zeros((3, 5))
        for t in range(4):
            h = np.tanh(x[t] @ p["W"].T + h @ p["U"].T)
        ends.append(h)
    return ((ends[0] * p["g"] + ends[1] - Y[0]) ** 2).sum() / 2


def both_by_hand(p: Any, wrong: str = "") -> Any:
    d = {k: np.zeros_like(v) for k, v in p.items()}
    runs = []
    for x in (X, X[::-1]):
        h = [np.zeros((3, 5))]
        for t in range(4):
            h.append(np.tanh(x[t] @ p["W"].T + h[t] @ p["U"].T))
        runs.append((x, h))
    e = runs[0][1][-1] * p["g"] + runs[1][1][-1] - Y[0]
    d["g"] = (e * runs[0][1][-1]).sum(0)
    carry = np.zeros((3, 5))
    for k, (x, h) in enumerate(runs):
        if wrong != "carry":
            carry = np.zeros((3, 5))
        carry = carry + (e if k else e * p["g"]) * (2 if k and wrong == "twice" else 1)
        if wrong == "odd" and k:
            carry = carry + np.arange(5)
        for t in reversed(range(4)):
            a = carry * (1 - h[t + 1] ** 2)
            d["W"] += a.T @ x[t]
            d["U"] += a.T @ h[t]
            carry = a @ p["U"]
    return d


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        ("carry", "explained", "at use 8 of 8 has in it what comes back to the first operand of"),
        ("twice", "explained", "at use 8 of 8 is there 2 times"),
        ("odd", "located", "at use 8 of 8"),
    ],
)
def test_one_use_has_something_else(wrong: str, code: str, words: str) -> None:
    point = {k: POINT[k] for k in "WUg"}
    assert judge_pair(two_directions, both_by_hand, point) == []
    found = judge_pair(two_directions, lambda p: both_by_hand(p, wrong), point)
    assert any(f.code == code and words in f.message for f in found), found


V, S = np.linspace(0.2, 1.7, 5), np.array([0.5, -1.0, 0.3])


def gated(p: dict[str, Any]) -> Any:
    f = 1 / (1 + np.exp(-(p["W"] @ V)))
    kept = 1 - f
    return ((kept * S + f * p["b"]) ** 2).sum()


def test_all_places_where_something_else_may_come_back_are_named() -> None:
    """What is wrong at the argument of a gate may as well come from any of its uses."""
    rng = np.random.default_rng(4)
    point = {"W": rng.normal(size=(3, 5)), "b": rng.normal(size=3)}

    def wrong(p: dict[str, Any]) -> dict[str, Any]:
        f = 1 / (1 + np.exp(-(p["W"] @ V)))
        y = (1 - f) * S + f * p["b"]
        df = 2 * y * (p["b"] - S)
        return {"W": np.outer(df * f * (1 - f) + 0.01 * np.sin(3 * df) + 0.02, V), "b": 2 * y * f}

    (found,) = [f for f in judge_pair(gated, wrong, point) if f.code == "located"]
    assert "would follow from another value coming back to" in found.message
    assert "`1 - f`" in found.message and "`p[\"W\"] @ V`" in found.message


@pytest.mark.parametrize(
    ("kinked", "slope"),
    [
        (lambda a: np.abs(a).sum(), -1.0),
        (lambda a: (np.sign(a) * a**2).sum(), 1.0),
        (lambda a: np.maximum(a, -3.0).sum(), 1.0),
        (lambda a: np.real(a).sum(), 1.0),
    ],
)
def test_kinks_have_the_slope_along_the_reals(kinked: Callable[[Any], Any], slope: float) -> None:
    found = directional(lambda p: kinked(p["a"]), {"a": np.array([-0.5])}, {"a": np.array([1.0])})
    assert found.value == pytest.approx(slope, abs=1e-8)


def test_room_is_made_in_one_thread_and_for_some_time() -> None:
    kinds = []
    with complex_room():
        kept = np.zeros
        other = threading.Thread(target=lambda: kinds.append(np.zeros(2).dtype))
        other.start()
        other.join()
        kinds += [np.zeros(2).dtype, np.zeros(2, int).dtype, np.empty_like([1.5]).dtype]
        drawn = np.random.default_rng(5).random((2, 3))  # its code makes room for float64 itself
    kinds += [np.zeros(2).dtype, kept(2).dtype]
    assert [k.kind for k in kinds] == ["f", "c", "i", "c", "f", "f"]
    assert np.array_equal(drawn, np.random.default_rng(5).random((2, 3)))
