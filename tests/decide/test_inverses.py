"""Inverses of matrices: by minors, in every domain."""

from __future__ import annotations

import pytest

from bptt_sym.check.answer import Court
from bptt_sym.read import read_claim, recurrence_from_latex

NET = recurrence_from_latex([r"h_t = \tanh(W h_{t-1} + U x_t + b)"], name="net")
JACOBIAN = r"\left(\frac{\partial h_t}{\partial h_{t-1}}\right)"


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (r"W^{-1} W h_t = h_t", "right"),
        (r"W^{-1} W^{-1} W^2 h_t = h_t", "right"),
        (r"W^{-2} W^2 h_t = h_t", "right"),
        (rf"W^{{-1}} \operatorname{{diag}}(1 - h_t^2)^{{-1}} = {JACOBIAN}^{{-1}}", "right"),
        (rf"\operatorname{{diag}}(1 - h_t^2)^{{-1}} W^{{-1}} = {JACOBIAN}^{{-1}}", "wrong"),
        (r"W^{-1} h_t = W h_t", "wrong"),
    ],
)
def test_inverses(claim: str, expected: str) -> None:
    """They were not supported, and such claims undecided."""
    found = Court.of(NET).judge(read_claim(claim, NET)).verdict
    assert {"right_under_reading": "right"}.get(found, found) == expected
