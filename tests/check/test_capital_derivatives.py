r"""Derivatives with a capital D: :math:`\frac{D h_t}{D h_{t-1}}`."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

CELL = r"$$h_t = \tanh(W h_{t-1} + U x_t)$$" + "\n\n"
RIGHT = r"\frac{D h_t}{D h_{t-1}} = \mathrm{diag}(1 - h_t^2) W"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([RIGHT], "right"),
        ([RIGHT.replace("D ", r"\mathrm{D} ")], "right"),
        ([RIGHT.replace("1 -", "1 +")], "wrong"),
        ([RIGHT.replace("{t-1}", "{t}").replace(r"\mathrm{diag}(1 - h_t^2) W", "W")], "wrong"),
        # Where D is a matrix, the fraction is none of derivatives.
        ([r"D = \mathrm{diag}(1 - h_T^2)", RIGHT], "undecided"),
        ([r"s_t = D h_t", RIGHT], "undecided"),
    ],
)
def test_a_capital_d_differentiates(lines: list[str], expected: str) -> None:
    found = verdicts(CELL + "\n\n".join(f"$${line}$$" for line in lines))[-1]
    assert found == expected or (expected == "undecided" and found in ("unreadable", "not_a_claim"))


def test_brackets_that_nothing_is_read_of_are_shown_in_pairs() -> None:
    line = r"\left. \frac{\partial h_t}{\partial h_{t-1}} \right|_{x} = \mathrm{diag}(1 - h_t^2) W"
    assert judged(CELL + f"$${line}$$")[-1].latex.startswith(r"\left.")
