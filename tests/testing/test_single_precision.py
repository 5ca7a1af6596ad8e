"""Pairs in float32: what its rounding explains is not accused, and what it does not is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bptt_sym.testing.directional import noise, quick
from bptt_sym.testing.functions import judge_pair

RNG = np.random.default_rng(11)
POINT = {
    k: RNG.normal(size=s).astype(np.float32) for k, s in {"W": (3, 2), "U": (3, 3)}.items()
}
X = RNG.normal(size=(6, 2)).astype(np.float32)


def loss(p: Any) -> Any:
    h = np.zeros(3, np.float32)
    for x in X:
        h = np.tanh(p["W"] @ x + p["U"] @ h)
    return (h**2).sum()


def gradient(p: Any) -> Any:
    hs = [np.zeros(3, np.float32)]
    for x in X:
        hs.append(np.tanh(p["W"] @ x + p["U"] @ hs[-1]))
    dh, g = 2 * hs[-1], {k: np.zeros_like(v) for k, v in p.items()}
    for t in reversed(range(len(X))):
        da = dh * (1 - hs[t + 1] ** 2)
        g["W"] += np.outer(da, X[t])
        g["U"] += np.outer(da, hs[t])
        dh = p["U"].T @ da
    return g


def single(f: Any) -> Any:
    return lambda p: f({k: np.asarray(v, np.float32) for k, v in p.items()})


def number(p: Any) -> float:
    """As ``tensor.item()`` does it: nothing shows the precision."""
    return float(single(loss)(p))


@pytest.mark.parametrize("value", [loss, single(loss), number])
def test_right_code_in_float32_is_not_accused(value: Any) -> None:
    assert judge_pair(value, gradient, POINT) == []
    assert judge_pair(value, single(gradient), POINT) == []


@pytest.mark.parametrize(("value", "error"), [(loss, 1e-4), (single(loss), 0.01), (number, 0.01)])
def test_more_than_float32_explains_is_wrong(value: Any, error: float) -> None:
    def off(p: Any) -> Any:
        g = single(gradient)(p)
        return g | {"U": g["U"] * np.float32(1 + error)}

    assert [f.message.split("[")[0] for f in judge_pair(value, off, POINT)][:1] == ["dU"]


def test_parameters_in_float64_are_judged_in_float64() -> None:
    point = {k: v.astype(np.float64) for k, v in POINT.items()}
    found = judge_pair(loss, single(gradient), point)
    assert {f.message.split("[")[0] for f in found} == {"dW", "dU"}


def test_noise_is_that_of_the_values() -> None:
    point = {k: v.astype(np.float64) for k, v in POINT.items()}
    assert noise(loss, point) < 1e-13 < 1e-9 < noise(number, point) < 1e-5
    v = RNG.normal(size=(3, 3))
    exact = float((gradient(point)["U"] * v).sum())
    assert quick(loss, point, {"U": v}, noise(loss, point)) == pytest.approx(exact, rel=1e-7)


def test_both_directions_over_packed_sequences() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    net = torch.nn.LSTM(2, 2, bidirectional=True)
    x = torch.randn(3, 2, 2)

    def forward() -> Any:
        rows = torch.nn.utils.rnn.pack_padded_sequence(x, [3, 2])
        return (net(rows)[0].data ** 2).sum()

    def at(p: Any, f: Any) -> Any:
        with torch.no_grad():
            for name, value in net.named_parameters():
                value.copy_(torch.as_tensor(p[name]))
        net.zero_grad()
        return f()

    def back() -> Any:
        forward().backward()
        return {k: v.grad for k, v in net.named_parameters()}

    point = {k: v.detach().numpy().copy() for k, v in net.named_parameters()}
    assert judge_pair(lambda p: at(p, lambda: forward().item()), lambda p: at(p, back), point) == []
