"""Entries that leave out the step which others beside them have."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

NET = (
    r"$$h_t = \tanh(U h_{t-1} + W x_t), \quad z_t = V h_t, \quad \hat y_t = \mathrm{softmax}(z_t)$$"
    "\n\n"
    r"$$J_t = -\sum_j y_{t,j} \log \hat y_{t,j}$$" "\n\n"
)  # fmt: skip
CHAIN = (
    r"$$\begin{aligned} \frac{\partial J_t}{\partial z_i} &= \sum_j "
    r"\frac{\partial J_t}{\partial \hat y_{t,j}} \frac{\partial \hat y_{t,j}}{\partial z_i} \\ "
    r"&= -\sum_j \frac{y_{t,j}}{\hat y_{t,j}} \frac{\partial \hat y_{t,j}}{\partial z_i} \\ "
    r"&= %s \end{aligned}$$"
)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (r"\hat y_{t,i} - y_{t,i}", "right"),
        (r"y_{t,i} - \hat y_{t,i}", "wrong"),
        (r"\hat y_{t,i} y_{t,i}", "wrong"),
    ],
)
def test_they_are_of_the_step_at_hand(value: str, verdict: str) -> None:
    assert verdicts(NET + CHAIN % value)[-3:] == ["right", "right", verdict]


def test_a_step_is_no_unit_where_nothing_says_so() -> None:
    claim = r"$$\frac{\partial J_i}{\partial z_i} = \hat y_i - y_i$$"
    assert verdicts(NET + claim)[-1] == "right"
