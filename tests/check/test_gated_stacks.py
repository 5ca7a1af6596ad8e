"""Gates whose arguments, weights or gradients a page writes at once."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

CUT = r"""
$$\text{pre}_t = W x_t + U h_{t-1} + b$$
$$i_t = \sigma(\text{pre}_t[0{:}n]), \quad f_t = \sigma(\text{pre}_t[n{:}2n])$$
$$o_t = \sigma(\text{pre}_t[2n{:}3n]), \quad g_t = \tanh(\text{pre}_t[3n{:}])$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$
$$h_t = o_t \odot \tanh(c_t)$$
$$\delta o_t = \delta h_t \odot \tanh(c_t), \quad \delta f_t = \delta c_t \odot c_{t-1}$$
$$\delta i_t = \delta c_t \odot g_t, \quad \delta g_t = \delta c_t \odot i_t$$
$$\delta\text{pre}_t = [\delta i_t \odot i_t (1 - i_t) \mid \delta f_t \odot f_t (1 - f_t) \mid
\delta o_t \odot o_t (1 - o_t) \mid \delta g_t \odot (1 - g_t^2)]$$
"""
ALL = r"""
$$\mathbf{f}_t = \sigma(\mathbf{W}_f [\mathbf{h}_{t-1}, \mathbf{x}_t] + \mathbf{b}_f)$$
$$\mathbf{i}_t = \sigma(\mathbf{W}_i [\mathbf{h}_{t-1}, \mathbf{x}_t] + \mathbf{b}_i)$$
$$\mathbf{o}_t = \sigma(\mathbf{W}_o [\mathbf{h}_{t-1}, \mathbf{x}_t] + \mathbf{b}_o)$$
$$\mathbf{g}_t = \tanh(\mathbf{W}_g [\mathbf{h}_{t-1}, \mathbf{x}_t] + \mathbf{b}_g)$$
$$\mathbf{c}_t = \mathbf{f}_t \odot \mathbf{c}_{t-1} + \mathbf{i}_t \odot \mathbf{g}_t$$
$$\mathbf{h}_t = \mathbf{o}_t \odot \tanh(\mathbf{c}_t)$$
Stack $\delta_t^{\text{all}} = [\delta_t^{a_i}; \, \delta_t^{a_f}; \,
\delta_t^{a_g}; \, \delta_t^{a_o}]$, and let
$\mathbf{v}_t = [\mathbf{h}_{t-1}; \, \mathbf{x}_t]$.
"""


#: ``@X`` is the derivative of the loss by X, ``@pre`` and ``@all`` the stacked gradients.
_SHORT = {
    "@pre": r"\delta\text{pre}_t", "@all": r"\delta_t^{\text{all}}",
    "@v": r"\frac{\partial L}{\partial \mathbf{v}_t}", "Wall": r"\mathbf{W}_{\text{all}}",
    "@A": r"\frac{\partial L}{\partial \mathbf{W}_{\text{all}}}",
    "@W": r"\frac{\partial L}{\partial W}", "@x": r"\frac{\partial L}{\partial x_t}",
    "v_": r"\mathbf{v}_",
}  # fmt: skip


def spelt(short: str) -> str:
    for mark, text in _SHORT.items():
        short = short.replace(mark, text)
    return short


@pytest.mark.parametrize(
    ("page", "right", "wrong"),
    [
        (CUT, r"@W = \sum_t @pre x_t^T", r"@W = \sum_t @pre h_{t-1}^T"),
        (CUT, r"\delta U = \sum_t @pre h_{t-1}^T", r"\delta U = \sum_t @pre h_t^T"),
        (CUT, "@x = W^T @pre", "@x = U^T @pre"),
        (ALL, "@v = Wall^T @all", "@v = -Wall^T @all"),
        (ALL, r"@A = \sum_{t=1}^T @all v_t^T", r"@A = \sum_{t=1}^T @all v_{t-1}^T"),
    ],
)
def test_what_is_said_of_all_gates_is_said_of_each(page: str, right: str, wrong: str) -> None:
    found = verdicts(f"{page}$${spelt(right)}$$\n")
    assert found[-1] == "right" and not {"wrong", "undecided", "unreadable"} & set(found)
    assert "wrong" in verdicts(f"{page}$${spelt(wrong)}$$\n")[len(found) - 4 :]


def test_rows_of_a_stacked_gradient_are_turned_and_raised_to_no_power() -> None:
    page = CUT.replace("W x_t + U h_{t-1} + b", "x_t W^T + h_{t-1} U^T + b^T")
    right = r"$$\frac{\partial L}{\partial W} = \sum_t \delta\text{pre}_t^T x_t$$"
    assert not {"wrong", "undecided", "unreadable"} & set(verdicts(page + right))
    assert "wrong" in verdicts(page + right.replace("x_t$$", "h_t$$"))
