"""The square of a Euclidean norm is the sum of squares, wherever it stands."""

from __future__ import annotations

import pytest

from bptt_sym.decide import decide
from bptt_sym.read import read_claim, recurrence_from_latex
from tests.check.audited import verdicts

NET = recurrence_from_latex([r"h_t = \tanh(W x_t + U h_{t-1})", r"y_t = V h_t"])


@pytest.mark.parametrize(("claim", "verdict"), [
    (r"\|y_t\|^2 = y_t^\top y_t", "right"),
    (r"\frac12\|y_t - V h_{t-1}\|^2 = \frac12 (h_t - h_{t-1})^\top V^\top (y_t - V h_{t-1})",
     "right"),
    (r"\|y_t\|_2^2 = h_t^\top V^\top V h_t", "right"),
    (r"\|y_t\|^2 = 2 h_t^\top V^\top V h_t", "wrong"),
    (r"\frac{\partial}{\partial h_t} \|V h_t\|^2 = 2 h_t^\top V^\top V", "right"),
    (r"\frac{\partial}{\partial h_t} \|V h_t\|^2 = h_t^\top V^\top V", "wrong"),
    (r"\frac{\partial}{\partial V} \|V h_t\|^2 = 2 V h_t h_t^\top", "right"),
])  # fmt: skip
def test_squares(claim: str, verdict: str) -> None:
    found = decide(read_claim(claim, NET), NET).verdict
    assert ("right" if found == "right_under_reading" else found) == verdict


def test_the_square_of_another_norm_is_another() -> None:
    found = decide(read_claim(r"\|y_t\|_1^2 = y_t^\top y_t", NET), NET)
    assert found.verdict in ("wrong", "undecided")


@pytest.mark.parametrize(("last", "verdict"), [(r"V h_t", "right"), (r"V h_{t-1}", "wrong")])
def test_a_loss_with_the_output_put_in(last: str, verdict: str) -> None:
    loss = rf"L_t = \frac12 \|d_t - y_t\|^2 = \frac12 \|d_t - {last}\|^2"
    text = f"$$h_t = \\tanh(W x_t + U h_{{t-1}})$$\n\n$$y_t = V h_t$$\n\n$${loss}$$\n"
    assert verdicts(text)[-1] in (verdict, "undecided" if verdict == "wrong" else verdict)
