"""Gates with steps above and labels below: the input gate, T, letters of functions."""

from __future__ import annotations

import pytest

from .audited import judged, verdicts

CELL = r"""
A memory cell, its vectors written as rows:
$$
\begin{align}
a_i^t &= x^t v_{ix} + s^{t-1} v_{is} + k_i \\
i^t &= \sigma(a_i^t) \\
a_f^t &= x^t v_{fx} + s^{t-1} v_{fs} + k_f \\
f^t &= \sigma(a_f^t) \\
a_o^t &= x^t v_{ox} + s^{t-1} v_{os} + k_o \\
o^t &= \sigma(a_o^t) \\
a_g^t &= x^t v_{gx} + s^{t-1} v_{gs} + k_g \\
g^t &= F(a_g^t) \\
c^t &= f^t \odot c^{t-1} + i^t \odot g^t \\
s^t &= o^t \odot F(c^t)
\end{align}
$$
The errors are
$$
\begin{align}
\delta_i^t &= \frac{\partial E}{\partial a_i^t} \\
\delta_f^t &= \frac{\partial E}{\partial a_f^t} \\
\delta_o^t &= \frac{\partial E}{\partial a_o^t} \\
\delta_g^t &= \frac{\partial E}{\partial a_g^t}
\end{align}
$$
"""
BACK = r"""
$$\delta_i^t = \frac{\partial E}{\partial c^t} \odot g^t \odot \sigma'(a_i^t)$$
$$\frac{\partial E}{\partial c^t} = \frac{\partial E}{\partial s^t} \odot o^t \odot F'(c^t)
+ \frac{\partial E}{\partial c^{t+1}} \odot f^{t+1}$$
$$\frac{\partial E}{\partial v_{is}} = (s^{t-1})^T \delta_i^t$$
$$\frac{\partial E}{\partial s^{t-1}} = \delta_i^t (v_{is})^T + \delta_f^t (v_{fs})^T
+ \delta_o^t (v_{os})^T + \delta_g^t (v_{gs})^T$$
"""


def of(function: str, text: str = BACK) -> list[str]:
    return verdicts((CELL + text).replace("F", function))[-4:]


@pytest.mark.parametrize("function", [r"\tanh", "h"])
def test_the_input_gate_is_no_unit_and_t_above_brackets_turns(function: str) -> None:
    assert of(function) == ["right"] * 4


def test_the_letter_of_the_state_names_a_function_as_well() -> None:
    assert of("s") == ["right"] * 4
    assert of("s", BACK.replace("F'(c^t)", "F(c^t)"))[1] != "right"


SLIPS = [
    (r"\odot g^t \odot \sigma'(a_i^t)", r"\odot g^t \odot \sigma'(a_f^t)", 0),
    ("f^{t+1}$$", "f^t$$", 1),
    (r"(s^{t-1})^T \delta_i^t", r"(s^{t-1})^T \delta_f^t", 2),
    (r"\delta_i^t (v_{is})^T", r"\delta_i^t (v_{fs})^T", 3),
    (r"\delta_g^t (v_{gs})^T", r"\delta_g^t v_{gs}", 3),
]


@pytest.mark.parametrize(("right", "slip", "at"), SLIPS)
def test_slips_beside_raised_steps_are_not_right(right: str, slip: str, at: int) -> None:
    assert right in BACK
    for function in (r"\tanh", "s"):
        found = of(function, BACK.replace(right, slip))
        assert found[at] != "right" and found.count("right") == 3


def test_one_step_below_among_many_above_is_a_slip_of_the_pen() -> None:
    last = BACK.replace(r"\partial s^{t-1}}", r"\partial s_{t-1}}")
    assert of(r"\tanh", last)[:3] == ["right"] * 3


def test_half_a_bracket_of_full_width_is_a_bracket() -> None:
    assert of(r"\tanh", BACK.replace("a_i^t)$$", "a_i^t）$$")) == ["right"] * 4
    assert of(r"\tanh", BACK.replace(r"\sigma'(a_i", r"\sigma'（a_i")) == ["right"] * 4


def test_t_as_a_length_stays_one() -> None:
    text = r"""$$s_t = w s_{t-1} + u x_t$$ $$\frac{\partial s_T}{\partial s_0} = (w)^T$$
$$\frac{\partial s_T}{\partial s_0} = (w)^{T-1}$$"""
    assert verdicts(text)[-2:] == ["right", "wrong"]


def test_one_unit_of_a_simple_network_is_one() -> None:
    text = r"""
$$a_i^t = \sum_j w_{ij} s_j^{t-1} + x_i^t$$
$$s_i^t = \tanh(a_i^t)$$
$$\epsilon_i^t = \frac{\partial E}{\partial a_i^t}$$
$$\frac{\partial E}{\partial w_{ij}} = \sum_t \epsilon_i^t s_j^{t-1}$$
"""
    assert [j.verdict.verdict for j in judged(text)][-1].startswith("right")


VARIED = r"""
# The cell
$$q_t = \sigma(A_q [s_{t-1}, x_t] + k_q)$$
$$p_t = \sigma(A_p [s_{t-1}, x_t] + k_p)$$
$$g_t = \tanh(A_g [s_{t-1}, x_t] + k_g)$$
$$c_t = q_t * c_{t-1} + p_t * g_t$$
$$s_t = \tanh(c_t)$$

# A variation
The gates may look at a clock as well:
$$q_t = \sigma(A_q [s_{t-1}, x_t, m_t] + k_q)$$
$$p_t = \sigma(A_p [s_{t-1}, x_t, m_t] + k_p)$$

# Backwards
"""


def test_what_fits_no_shape_of_a_variation_may_be_about_the_cell_before_it() -> None:
    row = (
        r"$$\frac{\partial L}{\partial A_q} = \sum_t \left(\frac{\partial L}{\partial c_t}"
        r" \odot c_{t-1} \odot q_t \odot (1 - q_t)\right) [s_{t-1}, x_t]^\top$$"
    )
    found = judged(VARIED + row)[-1].verdict
    assert found.verdict == "right_under_reading"
    assert any("it is about the recurrence" in reading for reading in found.readings)
    assert verdicts(VARIED + row.replace("(1 - q_t)", "q_t"))[-1] == "undecided"


OUTPUT = r"""
$$s_t = \tanh(W s_{t-1} + U x_t + b)$$
$$y_t = V s_t + d$$
We take a softmax, the cross-entropy of it and the answer $y_t$, and say o for what goes into it:
$$o_t = V s_t + d$$
$$\hat y_t = \mathrm{softmax}(o_t)$$
$$L = \sum_t L_t$$
"""


def test_an_output_under_another_name_leaves_its_letter_to_the_answer() -> None:
    rows = r"$$\frac{\partial L}{\partial o_t} = \hat y_t - y_t$$" "\n"
    assert verdicts(OUTPUT + rows)[-1] == "right"
    assert verdicts(OUTPUT + rows.replace(r"\hat y_t - y_t", r"y_t - \hat y_t"))[-1] != "right"
    # What is computed from it keeps its definition.
    used = OUTPUT.replace(r"\mathrm{softmax}(o_t)", r"\mathrm{softmax}(y_t)")
    assert verdicts(used + r"$$\frac{\partial y_t}{\partial s_t} = V$$")[-1] == "right"


WORDED = r"""
$$g_{in}^{(t)} = \sigma(W_i s^{(t-1)} + U_i x^{(t)})$$
$$g_f^{(t)} = \sigma(W_f s^{(t-1)} + U_f x^{(t)})$$
$$g_{out}^{(t)} = \sigma(W_o s^{(t-1)} + U_o x^{(t)})$$
$$m^{(t)} = \tanh(W_m s^{(t-1)} + U_m x^{(t)})$$
$$c^{(t)} = g_f^{(t)} \odot c^{(t-1)} + g_{in}^{(t)} \odot m^{(t)}$$
$$s^{(t)} = g_{out}^{(t)} \odot \tanh(c^{(t)})$$
"""


def test_two_labels_of_one_gate() -> None:
    rows = r"""
$$\frac{\partial c^{(t)}}{\partial g_i^{(t)}} = \mathrm{diag}(m^{(t)})$$
$$\frac{\partial s^{(t)}}{\partial g_o^{(t)}} = \mathrm{diag}(\tanh(c^{(t)}))$$
$$\frac{\partial s^{(t)}}{\partial g_o^{(t)}} = \mathrm{diag}(c^{(t)})$$
"""
    assert verdicts(WORDED + rows)[-3:] == ["right", "right", "wrong"]
    # One line that has both of them tells them apart.
    both = r"$$g_i^{(t)} = g_{in}^{(t)} \odot g_f^{(t)}$$"
    assert verdicts(WORDED + both + rows)[-3] != "right"
