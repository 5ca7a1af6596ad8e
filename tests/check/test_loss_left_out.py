r"""A loss that stands nowhere, where formulas compare the last state with a target."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

CELL = "The state is $h_t = \\tanh(w h_{t-1} + u x_t)$.\n\n"
RIGHT = r"\frac{\partial L}{\partial w} = (h_T - y) \frac{\partial h_T}{\partial w}"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([RIGHT], "right"),
        ([r"\frac{\partial L}{\partial h_{T-1}} = \left(h_T - y\right) (1 - h_T^2) w"], "right"),
        # Another loss may be meant, with another factor or sign.
        ([RIGHT.replace("(h_T", "2 (h_T")], "undecided"),
        ([RIGHT.replace("h_T - y", "y - h_T")], "undecided"),
        ([RIGHT.replace("(h_T", "-(h_T")], "undecided"),
        ([RIGHT, r"\frac{\partial L}{\partial h_{T-1}} = (h_T - y) (1 + h_T^2) w"], "wrong"),
        ([RIGHT, RIGHT.replace(r"h_T}{", r"h_{T-1}}{")], "wrong"),
        # y is computed, and no target.
        (["y = v h_T", RIGHT], "undecided"),
    ],
)
def test_a_last_state_beside_a_target(lines: list[str], expected: str) -> None:
    assert verdicts(CELL + "\n\n".join(f"$${line}$$" for line in lines))[-1] == expected
