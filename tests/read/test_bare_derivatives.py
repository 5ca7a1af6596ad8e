"""Activation derivatives that leave their argument out."""

from __future__ import annotations

import pytest

from bptt_sym.decide import decide
from bptt_sym.errors import InputError
from bptt_sym.read import read_claim, read_expression, recurrence_from_latex

TANH = recurrence_from_latex([r"h_t = \tanh(W h_{t-1} + U x_t)"], name="tanh")
UNKNOWN = recurrence_from_latex([r"h_t = \phi(W h_{t-1} + U x_t)"], name="phi")
TWO = recurrence_from_latex(
    [r"h_t = \tanh(w h_{t-1} + x_t)", r"s_t = \tanh(v s_{t-1} + h_t)"], name="two"
)
LINEAR = recurrence_from_latex([r"h_t = w h_{t-1} + x_t"], name="linear")


@pytest.mark.parametrize("rec", [TANH, UNKNOWN])
@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (r"\frac{\partial h_t}{\partial h_{t-1}} = \tanh' W", "right_under_reading"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = \sigma'(t) W", "right_under_reading"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = \tanh' W^\top", "wrong"),
        (r"\frac{\partial h_t}{\partial h_k} = \prod_{j=k+1}^{t} \tanh' W", "right_under_reading"),
        (r"\frac{\partial h_t}{\partial h_k} = \prod_{j=k+1}^{t} {\tanh'} \cdot W",
         "right_under_reading"),
        (r"\frac{\partial h_t}{\partial h_{t-2}} = \sigma'(t) W \sigma'(t-1) W",
         "right_under_reading"),
        (r"\frac{\partial h_t}{\partial h_{t-2}} = \sigma'(t) W \sigma'(t-2) W", "wrong"),
        (r"\frac{\partial h_t}{\partial h_{t-2}} = \sigma'(t) \sigma'(t-1) W^2", "wrong"),
    ],
)  # fmt: skip
def test_the_argument_is_that_of_the_state(rec, text, verdict):
    assert decide(read_claim(text, rec), rec).verdict == verdict


@pytest.mark.parametrize("rec", [TWO, LINEAR])
def test_no_argument_where_several_or_none_can_be_meant(rec):
    with pytest.raises(InputError, match="without an argument"):
        read_claim(r"\frac{\partial h_t}{\partial h_{t-1}} = \tanh' w", rec)


def test_no_argument_where_no_step_is_meant():
    with pytest.raises(InputError, match="without an argument"):
        read_expression(r"\tanh' W", TANH)
