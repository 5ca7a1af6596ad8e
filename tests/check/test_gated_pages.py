"""Pages about gated networks as they are written: what stands in one line bears on no other."""

from __future__ import annotations

import pytest

from tests.check.audited import last, verdicts

JOINED = r"""
$$f_t = \sigma(A_f [h_{t-1}, x_t] + d_f)$$
$$i_t = \sigma(A_i [h_{t-1}, x_t] + d_i)$$
$$o_t = \sigma(A_o [h_{t-1}, x_t] + d_o)$$
$$g_t = \tanh(A_g [h_{t-1}, x_t] + d_g)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$
"""


def test_a_function_without_parentheses_has_the_argument_that_stands_behind_it() -> None:
    page = JOINED + "$$h_t = o_t \\odot \\tanh c_t$$\n"
    right = r"$$\frac{\partial L}{\partial o_t} = \frac{\partial L}{\partial h_t} \odot \tanh c_t$$"
    assert last(page + right) == "right"
    assert last(page + right.replace("c_t", "c_{t-1}")) == "wrong"


def test_the_logarithm_of_an_example_is_not_that_of_the_loss() -> None:
    page = r"""
$$s_t = \tanh(x_t U + s_{t-1} V + b)$$
$$o_t = s_t R + e, \quad \hat{y}_t = \operatorname{softmax}(o_t)$$
$$L_3 = -\ln(\hat{y}_{3, \mathrm{class} 1}) = -\ln(0.549813) = 0.598178$$
The total loss is the sum of cross-entropy losses:
$$L_{\mathrm{seq}} = \sum_{t=1}^{3} L_t = L_1 + L_2 + L_3$$
$$\frac{\partial L}{\partial R} = \sum_{t=1}^T s_t^T (\hat{y}_t - y_t)$$
$$\frac{\partial L}{\partial R} = \sum_{t=1}^T s_t^T (y_t - \hat{y}_t)$$
"""
    assert verdicts(page)[-2:] == ["right", "wrong"]


GRU = r"""
$$z_t = \sigma(x_t A_z + h_{t-1} B_z + d_z), \quad r_t = \sigma(x_t A_r + h_{t-1} B_r + d_r) \in (0, 1)^{1 \times n}$$
$$q_{t-1} = r_t \odot h_{t-1}$$
$$a_t = x_t A + q_{t-1} B + d, \quad \tilde{h}_t = \tanh(a_t)$$
$$h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde{h}_t$$
"""  # noqa: E501


def test_a_name_with_the_step_before_is_of_the_step_that_makes_it() -> None:
    page = GRU + r"""
$$\frac{\partial L}{\partial q_{t-1}} = \frac{\partial L}{\partial a_t} B^T$$
$$\frac{\partial L}{\partial r_t} = \frac{\partial L}{\partial q_{t-1}} \odot h_{t-1}$$
$$\frac{\partial L}{\partial q_2} = \frac{\partial L}{\partial a_3} B^T$$
$$\frac{\partial L}{\partial q_2} = \frac{\partial L}{\partial a_2} B^T$$
$$\frac{\partial L}{\partial r_t} = \frac{\partial L}{\partial q_{t-1}} \odot h_t$$
"""
    assert verdicts(page)[-5:] == ["right", "right", "right", "wrong", "wrong"]


def test_a_state_with_an_equation_of_its_own_is_not_counted_from_another_step() -> None:
    page = "$$h_t = \\tanh(w h_{t-1} + x_t)$$\n$$h_{t-1} = \\tanh(w h_{t-2} + x_{t-1})$$\n"
    page += "$$\\frac{\\partial h_t}{\\partial h_{t-1}} = w (1 - h_t^2)$$\n"
    assert last(page) == "right"


PATHS = GRU + r"""
$$\delta_{h_t} = \frac{\partial L}{\partial h_t} = \frac{\partial L_t}{\partial h_t} + \delta_{h_t, \mathrm{recurrent}}$$
$$\text{Path}_1 = \delta_{h_t} \odot (1 - z_t)$$
$$\text{Path}_2 = (\delta_{a_t} B^T) \odot r_t$$
$$\text{Path}_3 = (\delta_{z_t} \odot z_t \odot (1 - z_t)) B_z^T$$
$$\text{Path}_4 = (\delta_{r_t} \odot r_t \odot (1 - r_t)) B_r^T$$
$$\delta_{h_{t-1}, \mathrm{recurrent}} = \frac{\partial L}{\partial h_{t-1}} = \sum_{k=1}^4 \text{Path}_k$$
$$\frac{\partial L}{\partial h_{t-1}} = \frac{\partial L_{t-1}}{\partial h_{t-1}} + \text{Path}_1 + \text{Path}_2 + \text{Path}_3 + \text{Path}_4$$
$$\frac{\partial L}{\partial h_{t-1}} = \frac{\partial L_{t-1}}{\partial h_{t-1}} + \text{Path}_1 + \text{Path}_2 + \text{Path}_3$$
"""  # noqa: E501


def test_parts_of_a_gradient_by_number_are_names_and_a_missing_one_is_a_mistake() -> None:
    found = verdicts(PATHS)
    assert not {"wrong", "undecided"} & set(found[:-1])
    assert found[-2:] == ["right", "wrong"]


def test_names_of_parts_that_are_added_up_define_no_inputs() -> None:
    page = r"""
$$z_t = \sigma(A_z x_t + B_z h_{t-1}), \quad \tilde{h}_t = \tanh(A x_t + B h_{t-1})$$
$$h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde{h}_t$$
$$M_t = \frac{\partial L}{\partial h_t} \odot (1 - z_t)$$
$$N_t = B^T (\frac{\partial L}{\partial h_t} \odot z_t \odot (1 - \tilde{h}_t^2))$$
$$P_t = B_z^T (\frac{\partial L}{\partial z_t} \odot z_t \odot (1 - z_t))$$
$$G_t = M_t + N_t + P_t$$
$$\frac{\partial L}{\partial h_t} = \frac{\partial L_t}{\partial h_t} + G_{t+1}$$
$$\frac{\partial L}{\partial h_t} = \frac{\partial L_t}{\partial h_t} + M_{t+1} + N_{t+1}$$
"""
    assert verdicts(page)[-2:] == ["right", "wrong"]


def test_a_product_that_gets_its_name_afterwards_is_what_the_model_is_made_of() -> None:
    page = r"""
$$z_t = \sigma(A_z x_t + B_z h_{t-1}), \quad r_t = \sigma(A_r x_t + B_r h_{t-1})$$
$$\tilde{h}_t = \tanh(A x_t + B (r_t \odot h_{t-1}))$$
$$h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde{h}_t$$
Let $s_t = r_t \odot h_{t-1}$ and $a_t = A x_t + B s_t$.
$$\frac{\partial L}{\partial s_t} = B^T \frac{\partial L}{\partial a_t}$$
$$\frac{\partial L}{\partial r_t} = \frac{\partial L}{\partial s_t} \odot h_{t-1}$$
$$\frac{\partial L}{\partial r_t} = \frac{\partial L}{\partial s_t} \odot r_t$$
"""
    assert verdicts(page)[-3:] == ["right", "right", "wrong"]


@pytest.mark.parametrize(
    ("formula", "verdict"),
    [
        (r"= 4 \times (25,600 + 256) = 4 \times 25,856 = 103,424", "not_a_claim"),
        (r"x_t = [0.5, -0.2]^T", "not_a_claim"),
        # A script within an accent.
        (r"\delta \tilde{q_t} = \delta c_t \odot i_t", "right"),
        (r"\delta \tilde{q_t} = \delta c_t \odot f_t", "wrong"),
        # An update and "and so on" behind an equation.
        (r"\delta f_t = \delta c_t \odot c_{t-1}, \mspace{9mu} A_f \pm \alpha \delta A_f", "right"),
        (r"\delta f_t = \delta c_t \odot c_t, \mspace{9mu} A_f \pm \alpha \delta A_f", "wrong"),
        (r"\delta f_t = \delta c_t \odot c_{t-1}, \quad \cdots \text{(likewise)}", "right"),
    ],
)  # fmt: skip
def test_what_stands_beside_formulas(formula: str, verdict: str) -> None:
    page = JOINED.replace("g_t", r"\tilde{q_t}").replace("_g", "_q")
    page += "$$h_t = o_t \\odot \\tanh(c_t)$$\n"
    page += "$$\\delta o_t = \\delta h_t \\odot \\tanh(c_t)$$\n"
    page += "$$\\delta i_t = \\delta c_t \\odot \\tilde{q_t}$$\n"
    assert last(page + f"$${formula}$$\n") == verdict


def test_headings_of_rows_are_no_formulas() -> None:
    page = r"""
$$\begin{alignat}{2}
\boldsymbol {forget:}& \\
& f_t = \sigma(A x_t + B h_{t-1}) \\
\boldsymbol {state:}& \\
& h_t = f_t \odot h_{t-1} + x_t
\end{alignat}$$
$$\frac{\partial h_t}{\partial f_t} = \operatorname{diag}(h_{t-1})$$
$$\frac{\partial h_t}{\partial f_t} = \operatorname{diag}(h_t)$$
"""
    assert verdicts(page) == ["not_a_claim", "not_a_claim", "right", "wrong"]


def test_a_weight_with_its_label_in_another_case_is_the_one_that_is_defined() -> None:
    page = JOINED.replace("A_g [h_{t-1}, x_t]", "W_{hC} h_{t-1} + W_{xC} x_t")
    page += "$$h_t = o_t \\odot \\tanh(c_t)$$\n"
    formula = r"$$\frac{\partial L}{\partial W_{xC}} = \sum_t \frac{\partial L}{\partial g_t} \frac{\partial g_t}{\partial W_{xc}}$$"  # noqa: E501
    assert last(page + formula) == "right"
    assert last(page + formula.replace("W_{xc}", "W_{hC}")) != "right"


def test_a_state_is_no_target_of_what_has_a_hat_beside_it() -> None:
    page = r"""
$$z_t = \sigma(W_z \cdot [h_{t-1}, x_t]), \quad r_t = \sigma(W_r \cdot [h_{t-1}, x_t])$$
$$\hat{h}_t = r_t \odot h_{t-1}$$
$$\tilde{h}_t = \tanh(W_h \cdot [\hat{h}_t, x_t])$$
$$h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde{h}_t$$
$$\frac{\partial L}{\partial z_t} = \frac{\partial L}{\partial h_t} \odot (\tilde{h}_t - h_{t-1})$$
$$\frac{\partial L}{\partial z_t} = \frac{\partial L}{\partial h_t} \odot (\tilde{h}_t + h_{t-1})$$
"""
    assert verdicts(page)[-2:] == ["right", "wrong"]
