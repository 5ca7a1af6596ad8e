"""Pages about gated networks as they are written: what stands in one line bears on no other."""

from __future__ import annotations

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
