"""What letters stand for that nothing defines, and what the order of factors tells."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

CELL = r"$$h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h)$$" "\n\n"
OUTPUT = r"$$\hat{y}_t = \text{softmax}(W_{hy} h_t + b_y)$$" "\n\n"
JACOBIAN = r"$$\frac{\partial h_j}{\partial h_{j-1}} = \text{diag}(%s) %s$$" "\n\n"


@pytest.mark.parametrize("slope", [r"1 - \tanh^2(z_j)", r"\tanh'(z_j)", r"1 - \tanh^2(a_j)"])
@pytest.mark.parametrize("text", [CELL + OUTPUT, OUTPUT + CELL, CELL])
def test_what_tanh_is_of_is_the_argument_of_the_state_that_is_tanh(slope: str, text: str) -> None:
    found = verdicts(text + JACOBIAN % (slope, "W_{hh}") + JACOBIAN % (slope, "W_{hh}^T"))
    assert found[-2:] == ["right", "wrong"]


def test_jacobians_do_not_tell_that_gradients_are_rows() -> None:
    slope = r"1 - h_j \odot h_j"
    product = r"$$\frac{\partial h_t}{\partial h_k} = \prod_{j=k+1}^t \text{diag}(%s) W_{hh}^T$$"
    found = verdicts(CELL + JACOBIAN % (slope, "W_{hh}^T") + product % slope)
    assert found[-2:] == ["wrong", "wrong"]
    # One that is carried back by it does: the text has rows.
    carried = r"$$\frac{\partial L}{\partial h_{t-1}} = \frac{\partial L}{\partial h_t} "
    carried += r"\text{diag}(1 - h_t \odot h_t) W_{hh}^T$$"
    beside = CELL + "with a loss $L = L_T$ of the last step.\n\n" + JACOBIAN % (slope, "W_{hh}^T")
    assert "wrong" not in verdicts(beside + carried)
    # (Gradients of a loss do.)
    loss = r"$$L = \sum_t L_t$$" "\n\n"
    rows = (
        r"$$\frac{\partial L}{\partial h_{t-1}} = \frac{\partial L_{t-1}}{\partial h_{t-1}} + "
        r"\left(\frac{\partial L}{\partial h_t} \odot (1 - h_t^2)\right) W_{hh}^T$$" "\n\n"
        r"$$\frac{\partial L}{\partial W_{hh}} = \sum_t h_{t-1}^T "
        r"\left(\frac{\partial L}{\partial h_t} \odot (1 - h_t^2)\right)$$"
    )
    assert verdicts(CELL + loss + rows)[-2:] == ["right", "right"]


@pytest.mark.parametrize("weight", ["V", "W_{hy}"])
def test_the_weight_of_an_output_that_stands_nowhere(weight: str) -> None:
    text = "$$h_t = \\tanh(U x_t + W h_{t-1})$$ and the loss $E = \\sum_t E_t$.\n\n"
    claim = r"$$\frac{\partial E}{\partial %s} = \sum_t \frac{\partial E_t}{\partial %s}$$"
    assert verdicts(text + claim % (weight, weight))[-1] == "right"
    assert verdicts(text + claim % (weight, "W"))[-1] != "right"


def test_the_loss_of_another_step_is_named() -> None:
    text = r"$$h_t = \tanh(U x_t + W h_{t-1}), \quad z_t = V h_t, \quad E_t = \ell(z_t)$$" "\n\n"
    term = r"\frac{\partial E_%s}{\partial h_k} \frac{\partial h_k}{\partial W}"
    claim = r"$$\frac{\partial E_t}{\partial W} = \sum_{k=1}^t %s$$"
    assert verdicts(text + claim % (term % "t"))[-1] == "right"
    slip = judged(text + claim % (term % "k"))[-1].verdict
    assert slip.verdict == "wrong"
    assert slip.diagnosis is not None
    assert r"\frac{\partial E_t}{\partial h_k}" in slip.diagnosis.corrected
