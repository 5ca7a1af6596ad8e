"""What a counterexample to a bound shows: each side as it is written, for a person to check."""

from __future__ import annotations

import re

import pytest

from bptt_sym.check.answer import Court
from bptt_sym.read import read_claim, recurrence_from_latex


@pytest.mark.parametrize("bound", [
    r"h_t^2 \ge 1", r"1 \le h_t^2", r"|\frac{\partial h_t}{\partial h_{t-1}}| > |w|",
    r"|w| < |\frac{\partial h_t}{\partial h_{t-1}}|", r"h_t^2 \le 0", r"0 \ge h_t^2",
])  # fmt: skip
def test_the_sides_that_are_shown_break_the_bound_as_it_is_written(bound: str) -> None:
    court = Court.of(recurrence_from_latex([r"h_t = \tanh(w h_{t-1} + u_t)"], scalar=True))
    claim = read_claim(bound, court.model)
    verdict = court.judge(claim)
    assert verdict.verdict == "wrong" and verdict.counterexample is not None
    shown = verdict.counterexample
    left, right = (
        float(m.group()) for m in (re.search(r"-?\d+(?:\.\d+)?", s) for s in
                                   (shown.left, shown.right)) if m
    )  # fmt: skip
    holds = left <= right if claim.ops[0][0] == "<" else left >= right
    assert not holds
