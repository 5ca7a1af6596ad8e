"""Gradients inside an LSTM's cell that follow the output of their step alone."""

from __future__ import annotations

import pytest

from tests.check.audited import shown, verdict_of_last

CELL = shown(
    r"f_t = \sigma(z_t), \quad z_t = W_f h_{t-1} + U_f x_t",
    r"i_t = \sigma(W_i h_{t-1} + U_i x_t), \quad g_t = \tanh(W_g h_{t-1} + U_g x_t)",
    r"o_t = \sigma(W_o h_{t-1} + U_o x_t)",
    r"c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh(c_t)",
    r"E = \sum_t E_t(h_t)",
)
BY_OUTPUT = (
    r"\frac{\partial E}{\partial z_t} = \frac{\partial E}{\partial h_t} \odot o_t"
    r" \odot (1 - \tanh^2(c_t)) \odot c_{t-1} \odot f_t \odot (1 - f_t)"
)
BY_CELL = (
    r"\frac{\partial E}{\partial c_t} = \frac{\partial E}{\partial h_t} \odot o_t"
    r" \odot (1 - \tanh^2(c_t)) + \frac{\partial E}{\partial c_{t+1}} \odot f_{t+1}"
)


def test_a_text_without_gradients_by_the_cell_follows_the_output_and_the_report_says_so() -> None:
    found = verdict_of_last(CELL + shown(BY_OUTPUT))
    assert found.verdict == "right_under_reading"
    assert any("through the output" in said for said in found.readings)


@pytest.mark.parametrize(
    ("old", "new"),
    [(r"c_{t-1}", r"c_t"), (r"(1 - f_t)", r"(1 + f_t)"), (r"(1 - \tanh^2(c_t))", r"\tanh(c_t)")],
)
def test_a_slip_in_it_is_one(old: str, new: str) -> None:
    assert verdict_of_last(CELL + shown(BY_OUTPUT.replace(old, new))).verdict == "wrong"


def test_beside_gradients_by_the_cell_it_lacks_a_path() -> None:
    found = verdict_of_last(CELL + shown(BY_CELL, BY_OUTPUT))
    assert not found.is_right
