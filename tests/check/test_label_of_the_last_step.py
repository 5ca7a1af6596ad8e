r"""A label that is the letter of the last step: :math:`W^{(S)}` beside :math:`W^{hh}`."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

CELL = r"""
$$a_s = W^{hh} h_{s-1} + W^{hx} x_s$$
$$h_s = \tanh(a_s)$$
$$o = W^{(S)} h_S$$

$L$ is the squared error of $o$, and

$$\frac{\partial L}{\partial W^{hx}} = \sum_{s=1}^S \frac{\partial L}{\partial a_s} x_s^\top$$

"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"\sum_{s=1}^S \frac{\partial L}{\partial a_s} h_{s-1}^\top", {"right"}),
        (r"\frac{\partial L}{\partial a_S} h_{S-1}^\top", {"wrong", "undecided"}),
        (r"\sum_{s=1}^S \frac{\partial L}{\partial a_s} h_s^\top", {"wrong", "undecided"}),
    ],
)
def test_a_label_is_no_step(line: str, expected: set[str]) -> None:
    found = verdicts(CELL + rf"$$\frac{{\partial L}}{{\partial W^{{hh}}}} = {line}$$")
    assert found[-2] == "right"
    assert found[-1] in expected


def test_what_runs_has_a_last_step() -> None:
    text = CELL.replace("W^{(S)} h_S", "V h^{(S)}").replace("h_{s-1}", "h^{(s-1)}")
    text = text.replace("h_s", "h^{(s)}")
    last = r"$$\frac{\partial L}{\partial h^{(S)}} = V^\top \frac{\partial L}{\partial o}$$"
    assert verdicts(text + last)[-1] == "right"
