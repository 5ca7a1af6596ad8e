"""A product in brackets of its own binds first, whatever a reading says."""

from __future__ import annotations

import pytest

from bptt_sym.decide import decide
from bptt_sym.read import read_claim, recurrence_from_latex

CELL = recurrence_from_latex([r"h_t = \tanh(W h_{t-1} + U x_t)"], name="n")


@pytest.mark.parametrize(("claim", "verdict"), [
    (r"\frac{\partial h_t}{\partial h_{t-1}} h_t = (1 - h_t^2) \odot W h_t", "right"),
    (r"\frac{\partial h_t}{\partial h_{t-1}}^\top h_t = W^\top h_t \odot (1 - h_t^2)", "right"),
    (r"\frac{\partial h_t}{\partial h_{t-1}}^\top h_t = (W^\top h_t) \odot (1 - h_t^2)", "wrong"),
    (r"\frac{\partial h_t}{\partial h_{t-1}}^\top h_t = (1-h_t^2) \odot \left[W^\top h_t\right]",
     "wrong"),
    (r"\frac{\partial h_t}{\partial h_{t-1}}^\top h_t = W^\top (h_t \odot (1 - h_t^2))", "right"),
])  # fmt: skip
def test_what_brackets_hold_together(claim: str, verdict: str) -> None:
    found = decide(read_claim(claim, CELL), CELL)
    assert found.verdict.removesuffix("_under_reading") == verdict
