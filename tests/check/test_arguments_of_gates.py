"""Arguments of gates: without a step, stacked side by side, under two names."""

from __future__ import annotations

import pytest

from .audited import verdicts

CELL = r"""
Rows times matrices, for each gate of an LSTM:
$$f_t = \sigma(x_t A_{xf} + h_{t-1} A_{hf} + k_f)$$
$$i_t = \sigma(x_t A_{xi} + h_{t-1} A_{hi} + k_i)$$
$$\tilde{C}_t = \tanh(x_t A_{xc} + h_{t-1} A_{hc} + k_c)$$
$$C_t = f_t \odot C_{t-1} + i_t \odot \tilde{C}_t$$
$$o_t = \sigma(x_t A_{xo} + h_{t-1} A_{ho} + k_o)$$
$$h_t = o_t \odot \tanh(C_t)$$
""".replace("A_", "W_").replace("k_", "b_")
STEPLESS = r"""
$$\delta_{C_t} = \frac{\partial L}{\partial C_t}
  = \delta_{h_t} \odot o_t \odot (1 - \tanh^2(C_t)) + \delta_{C_{t+1}} \odot f_{t+1}$$
$$\delta_{z_o} = \frac{\partial L}{\partial z_o} = \delta_{h_t} \odot \tanh(C_t) \odot o_t \odot (1 - o_t)$$
$$\delta_{z_c} = \frac{\partial L}{\partial z_c} = \delta_{C_t} \odot i_t \odot (1 - \tilde{C}_t^2)$$
$$\delta_{z_i} = \frac{\partial L}{\partial z_i} = \delta_{C_t} \odot \tilde{C}_t \odot i_t \odot (1 - i_t)$$
$$\delta_{z_f} = \frac{\partial L}{\partial z_f} = \delta_{C_t} \odot C_{t-1} \odot f_t \odot (1 - f_t)$$
"""  # noqa: E501
STACKED = r"""
Side by side, $$W_x = \begin{bmatrix} W_{xf} & W_{xi} & W_{xc} & W_{xo} \end{bmatrix}$$ and
$$W_h = \begin{bmatrix} W_{hf} & W_{hi} & W_{hc} & W_{ho} \end{bmatrix}$$
$$\delta_{Z_t}
= \begin{bmatrix} \delta_{z_f} & \delta_{z_i} & \delta_{z_c} & \delta_{z_o} \end{bmatrix}$$
"""


def test_arguments_that_never_carry_a_step_are_of_the_step_of_their_formula() -> None:
    assert verdicts(CELL + STEPLESS)[-5:] == ["right"] * 5
    at_two = STEPLESS + r"$$\delta_{z_c} = \delta_{C_2} \odot i_2 \odot (1 - \tilde{C}_2^2)$$"
    assert verdicts(CELL + at_two)[-1] == "right"


SLIPS = [
    (r"\delta_{h_t} \odot \tanh(C_t) \odot o_t", r"\delta_{h_t} \odot C_t \odot o_t", 1),
    (r"\odot i_t \odot (1 - \tilde{C}_t^2)", r"\odot f_t \odot (1 - \tilde{C}_t^2)", 2),
    (r"C_{t-1} \odot f_t", r"C_t \odot f_t", 4),
]


@pytest.mark.parametrize(("right", "slip", "at"), SLIPS)
def test_slips_in_gradients_by_arguments_without_a_step(right: str, slip: str, at: int) -> None:
    found = verdicts(CELL + STEPLESS.replace(right, slip))[-5:]
    assert found[at] == "wrong" and found.count("right") == 4


def test_gates_side_by_side_are_said_of_each() -> None:
    by_weights = r"$$\frac{\partial L}{\partial W_x} = \sum_{t=1}^{T} x_t^T \delta_{Z_t}$$"
    page = CELL + STEPLESS + STACKED
    assert verdicts(page + by_weights)[-4:] == ["right"] * 4
    # The input in the place of the state, and the state of the wrong step.
    for slip in (by_weights.replace("W_x", "W_h"), by_weights.replace("x_t^T", "h_{t-1}^T")):
        assert "right" not in verdicts(page + slip)[-4:]
    past = by_weights.replace("W_x", "W_h").replace("x_t^T", "h_{t-1}^T")
    assert verdicts(page + past)[-4:] == ["right"] * 4
    assert "right" not in verdicts(page + past.replace("h_{t-1}^T", "h_t^T"))[-4:]


UNIT = r"""
$$r_t = \sigma(x_t W_{xr} + h_{t-1} W_{hr} + b_r)$$
$$z_t = \sigma(x_t W_{xz} + h_{t-1} W_{hz} + b_z)$$
$$\tilde{h}_t = \tanh(x_t W_{xh} + (r_t \odot h_{t-1}) W_{hh} + b_h)$$
$$h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde{h}_t$$
In code the two are computed at once and split:
$$r_t = \sigma(q_t), \quad z_t = \sigma(p_t)$$
"""


NAMES = [("q_t", "p_t"), (r"z_{r, \mathrm{pre}}", r"z_{z, \mathrm{pre}}")]


@pytest.mark.parametrize("names", NAMES)
def test_a_line_that_names_the_argument_of_a_known_gate_is_no_new_gate(
    names: tuple[str, str],
) -> None:
    unit = UNIT.replace("q_t", names[0]).replace("p_t", names[1])
    rows = r"""
$$\frac{\partial L}{\partial z_{r, t}} = \frac{\partial L}{\partial r_t} \odot r_t \odot (1 - r_t)$$
$$\frac{\partial L}{\partial W_{hr}} = \sum_t h_{t-1}^T \frac{\partial L}{\partial z_{r, t}}$$
$$\frac{\partial L}{\partial W_{hr}} = \sum_t h_t^T \frac{\partial L}{\partial z_{r, t}}$$
"""
    found = verdicts(unit + rows)[-3:]
    assert found[:2] == ["right", "right"] and found[2] != "right"
    # With an equation of its own the name is what that says.
    other = "$$q_t = m_t$$\n"
    other += r"$$\frac{\partial r_t}{\partial m_t} = \mathrm{diag}(r_t (1 - r_t))$$"
    if names[0] == "q_t":
        assert verdicts(unit + other)[-1] == "right"


def test_what_nothing_in_the_model_depends_on_accuses_nobody() -> None:
    page = r"""
$$i_t = \sigma(W_i s_t), \quad f_t = \sigma(W_f s_t), \quad g_t = \tanh(W_g s_t)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$
$$h_t = o_t \odot \tanh(c_t)$$
$$\frac{\partial g_t}{\partial h_{t-1}} = (1 - g_t^2) W_g$$
"""
    # s_t, which has no equation, may hold the state.
    assert verdicts(page)[-1] == "undecided"
