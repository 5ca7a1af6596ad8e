"""What stands around a formula for the eye says nothing, and hides nothing."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

CELL = "$$h_t = \\tanh(W h_{t-1} + U x_t)$$\n\n"
LEFT = r"\frac{\partial h_t}{\partial h_{t-1}}"
RIGHT = r"\mathrm{diag}(1-h_t^2) W"

WRAPPINGS = [
    r"\begin{aligned}[t] %s &= %s \end{aligned}", r"\underline{%s = %s}", r"\boldsymbol{%s = %s}",
    r"\left\{ %s = %s \right.", r"\bigl[ %s = %s \bigr]", r"\Big( %s = %s \Big)",
    r"\fbox{$%s = %s$}", r"\colorbox{yellow}{$%s = %s$}", r"\mbox{$%s$} = %s",
    r"\bullet\; %s = %s", r"a)\quad %s = %s", r"1.\; %s = %s", r"\iff %s = %s", r"\star\ %s = %s",
    r"%s = %s \quad\checkmark", r"%s = %s \quad // \text{done}", r"%s = %s \quad \# \text{note}",
    r"%s = %s \qquad \leftarrow \text{the slope}", r"\underset{n\times n}{%s} = %s",
    r"%s \\[4pt] = %s", r"%s =\\ %s", r"\mathbf{%s} = %s",
]  # fmt: skip


def test_a_wrapping_changes_no_verdict() -> None:
    shown = "".join(f"$${w % (LEFT, RIGHT)}$$\n\n" for w in WRAPPINGS)
    assert verdicts(CELL + shown)[1:] == ["right"] * len(WRAPPINGS)
    slip = RIGHT.replace("1-", "1+")
    shown = "".join(f"$${w % (LEFT, slip)}$$\n\n" for w in WRAPPINGS)
    assert verdicts(CELL + shown)[1:] == ["wrong"] * len(WRAPPINGS)


@pytest.mark.parametrize("formula", [
    rf"{LEFT} = \overset{{W}}{{\mathrm{{diag}}(1-h_t^2)}}",  # no size, and a factor is missing
    rf"\left\{{ {LEFT} = {RIGHT} \right\}} W",
    rf"{LEFT} = {RIGHT} \quad \leftarrow W",
])  # fmt: skip
def test_what_may_say_something_stays(formula: str) -> None:
    assert verdicts(f"{CELL}$${formula}$$")[-1] not in ("right", "right_under_reading")
