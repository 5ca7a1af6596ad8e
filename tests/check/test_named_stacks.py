"""Stacks of gates that have a name, as a product of blocks and of two letters."""

from __future__ import annotations

import pytest

from .audited import verdicts

CELL = r"""
$$\begin{aligned}
a_t &= \tanh(A_c x_t + B_c h_{t-1}) = \tanh(\hat{a}_t)\\
i_t &= \sigma(A_i x_t + B_i h_{t-1}) = \sigma(\hat{i}_t)\\
f_t &= \sigma(A_f x_t + B_f h_{t-1}) = \sigma(\hat{f}_t)\\
o_t &= \sigma(A_o x_t + B_o h_{t-1}) = \sigma(\hat{o}_t)
\end{aligned}$$
$$z_t = \begin{bmatrix} \hat a_t \\ \hat i_t \\ \hat f_t \\ \hat o_t \end{bmatrix}
= \begin{bmatrix} A_c & B_c \\ A_i & B_i \\ A_f & B_f \\ A_o & B_o \end{bmatrix}
\begin{bmatrix} x_t \\ h_{t-1} \end{bmatrix} = W \cdot v_t$$
$$c_t = i_t \odot a_t + f_t \odot c_{t-1}, \qquad h_t = o_t \odot \tanh(c_t)$$
"""
GRADIENTS = r"""
$$\delta o_t = \delta h_t \odot \tanh(c_t)$$
$$\delta \hat o_t = \delta o_t \odot o_t \odot (1 - o_t)$$
$$\delta v_t = W^T \delta z_t$$
$$\delta W_t = \delta z_t v_t^T$$
$$\delta W = \sum_{t=1}^{T} \delta W_t$$
"""


@pytest.mark.parametrize("sign", [r"\cdot", r"\times", ""])
def test_what_is_said_of_a_named_stack_is_said_of_each_gate(sign: str) -> None:
    found = verdicts(CELL.replace(r"\cdot", sign) + GRADIENTS)
    assert found[-11:] == ["right"] * 11
    above = (CELL + GRADIENTS).replace("v_t", "I_t").replace("_t", "^t").replace("_{t-1}", "^{t-1}")
    assert verdicts(above.replace("I^t^T", "(I^t)^T"))[-11:] == ["right"] * 11


@pytest.mark.parametrize(
    ("right", "wrong", "places"),
    [
        (r"W^T \delta z_t", r"W \delta z_t", [-9]),
        (r"\delta z_t v_t^T", r"v_t \delta z_t^T", [-8, -7, -6, -5]),
        # (By the forget gate there is nothing at the first step, where the cell starts from 0.)
        (r"\sum_{t=1}^{T} \delta W_t", r"\sum_{t=2}^{T} \delta W_t", [-4, -3, -1]),
    ],
)
def test_slips_in_what_is_said_of_a_named_stack(right: str, wrong: str, places: list[int]) -> None:
    found = verdicts(CELL + GRADIENTS.replace(right, wrong))
    assert "right" not in [found[k] for k in places]


def test_blocks_that_are_none_of_the_stack_stay_as_they_are() -> None:
    fewer = CELL.replace(r" \\ A_o & B_o", "")
    assert "right" not in verdicts(fewer + GRADIENTS)[-3:-1]


def test_a_delta_that_is_called_by_the_step_it_comes_from() -> None:
    text = (
        CELL
        + r"""
$$\delta_{t+1}^c \equiv \frac{\partial \mathcal{L}_{\text{future}}}{\partial c_t}$$
$$\frac{\partial \mathcal{L}}{\partial c_t} = \delta_{t+1}^c
+ \frac{\partial \mathcal{L}}{\partial h_t} \odot o_t \odot (1 - \tanh^2(c_t))$$
"""
    )
    assert verdicts(text)[-1] == "right"
    carried = r"= \delta_{t+1}^c \odot f_{t+1} +"
    assert verdicts(text.replace("= \\delta_{t+1}^c\n+", carried))[-1] != "right"


def test_the_name_of_columns_that_are_equal_is_not_that_of_their_first_entry() -> None:
    text = CELL.replace(r" = W \cdot v_t", "") + r"""
$$\frac{\partial z_t}{\partial x_t} = A_i$$
$$\frac{\partial z_t}{\partial x_t} = A_c$$
"""
    assert not [v for v in verdicts(text)[-2:] if v == "right"]
