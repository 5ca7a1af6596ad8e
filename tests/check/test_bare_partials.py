r"""The sign of a derivative that stands in no fraction, :math:`\partial a_t = \partial h_t …`."""

from __future__ import annotations

import pytest

from tests.check.audited import of_claims

NET = r"""
$$a_t = W h_{t-1} + U x_t + b$$
$$h_t = \tanh(a_t)$$
$$y_t = V h_t + c$$
$$L = \frac12 \sum_t \|y_t - d_t\|^2$$
"""
RIGHT = [
    r"\partial y_t = y_t - d_t",
    r"\partial h_t = V^\top\partial y_t + W^\top \partial a_{t+1}",
    r"\partial a_t = \partial h_t \odot (1 - h_t^2)",
    r"\partial W = \sum_t \partial a_t h_{t-1}^\top",
    r"\boxed{\partial b = \sum_t \partial a_t}",
]
WRONG = [
    r"\partial y_t = d_t - y_t",
    r"\partial h_t = V^\top\partial y_t + W \partial a_{t+1}",
    r"\partial a_t = \partial h_t \odot (1 - h_{t-1}^2)",
    r"\partial W = \sum_t \partial a_t h_t^\top",
    r"\boxed{\partial b = \sum_t \partial h_t}",
]
#: Differentials of the same net.
FORWARD = [
    r"\partial a_t = \partial W\, h_{t-1} + W\, \partial h_{t-1} + \partial b",
    r"\partial y_t = V\, \partial h_t",
]


def _with(lines: list[str]) -> list[str]:
    return of_claims(NET + "\n".join(f"$${line}$$" for line in lines))


@pytest.mark.parametrize(("lines", "verdict"), [(RIGHT, "right"), (WRONG, "wrong")])
def test_such_marks_are_gradients(lines: list[str], verdict: str) -> None:
    assert _with(lines) == [verdict] * len(lines)


def test_differentials_are_not_called_wrong() -> None:
    assert "wrong" not in _with(FORWARD)


def test_derivatives_with_a_slash_stay_what_they_are() -> None:
    lines = [r"\partial h_t / \partial h_{t-1} = \mathrm{diag}(1 - h_t^2) W", *RIGHT[:3]]
    assert _with(lines) == ["right"] * 4
