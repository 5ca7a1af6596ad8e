"""Sums and products over a set of steps are those from its first to its last."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

NET = (
    "$$h_t = \\tanh(W h_{t-1} + U x_t)$$\n\n$$y_t = V h_t$$\n\n"
    "$$L = \\frac12 \\sum_{t=1}^T \\|y_t - d_t\\|^2$$\n\n"
)
GRADIENT = r"\frac{\partial L}{\partial V} = @ (y_t - d_t) h_t^\top"


@pytest.mark.parametrize(("signs", "expected"), [
    ([r"\sum_{t \in \{1,\dots,T\}}", r"\sum_{t\in[T]}", r"\sum_{t \in [1, T]}",
      r"\overset{T}{\underset{t=1}{\sum}}", r"\sum\limits_{t \in \{1, 2, \ldots, T\}}"], "right"),
    ([r"\sum_{t \in \{2,\dots,T\}}", r"\sum_{t \in [1, T-1]}", r"\sum_{t \in [T-1]}"], "wrong"),
])  # fmt: skip
def test_a_set_has_a_first_and_a_last_step(signs: list[str], expected: str) -> None:
    shown = "".join(f"$${GRADIENT.replace('@', sign)}$$\n\n" for sign in signs)
    assert verdicts(NET + shown)[3:] == [expected] * len(signs)


def test_pieces_of_signs_and_empty_braces() -> None:
    slope = r"\frac{\partial h_{t}{}}{\partial h_{t-1}} = \text{ }"
    slope += r"\mathop{\mathrm{diag}}(1@h_{t}{}^2) W"
    back = r"\frac{\partial L}{\partial h_T} = V^{\boldsymbol{\top}} (y_T @ d_T)"
    shown = "".join(f"$${f.replace('@', s)}$$\n\n" for f in (slope, back) for s in "-+")
    assert verdicts(NET + shown)[3:] == ["right", "wrong", "right", "wrong"]
