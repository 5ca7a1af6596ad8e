"""Outputs whose softmax is written out, entry by entry, in the ways that texts mark entries."""

from __future__ import annotations

import pytest

from tests.check.audited import last

NET = "$$s_t = \\tanh(R s_{t-1} + P u_t), \\quad z_t = V s_t$$\n\n$$%s$$\n\n"
FORMS = [
    r"\hat{y}_{t,i} = \frac{\exp(z_{t,i})}{\sum_{j=1}^{K} \exp(z_{t,j})}",
    r"\hat{y}_{t} = \frac{\exp(z_{t})}{\sum_{m=1}^{K}\exp(z_{t,m})}",
    r"\hat y_{t,i} = \dfrac{e^{z_{t,i}}}{\sum_j e^{z_{t,j}}}",
    r"\hat{y}_t^{(i)} = \frac{\exp(z_t^{(i)})}{\sum_{j=1}^K \exp\left(z_t^{(j)}\right)}",
    r"\hat{y}_{t}[i] = \frac{\exp(z_{t}[i])}{\sum_{j} \exp(z_{t}[j])}",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_softmax_that_is_written_out(form: str) -> None:
    slope = r"$$\frac{\partial L_t}{\partial z_t} = %s$$"
    loss = r"$$L_t = -\sum_i y_{t,i} \log \hat{y}_{t,i}$$" "\n\n"
    assert last(NET % form + loss + slope % r"\hat{y}_t - y_t") == "right"
    assert last(NET % form + loss + slope % r"y_t - \hat{y}_t") == "wrong"


@pytest.mark.parametrize(
    "form",
    [
        r"\hat{y}_{t} = \frac{e^{z_t} - e^{-z_t}}{e^{z_t} + e^{-z_t}}",
        r"\hat{y}_{t,i} = \frac{\exp(z_{t,i})}{\sum_{j} \exp(s_{t,j})}",
        r"\hat{y}_{t,i} = \frac{\exp(z_{t,i})}{\sum_{j} \exp(z_{t-1,j})}",
    ],
)
def test_another_quotient_is_no_softmax(form: str) -> None:
    slope = r"$$\frac{\partial L_t}{\partial z_t} = \hat{y}_t - y_t$$"
    loss = r"$$L_t = -\sum_i y_{t,i} \log \hat{y}_{t,i}$$" "\n\n"
    assert last(NET % form + loss + slope) != "right"
