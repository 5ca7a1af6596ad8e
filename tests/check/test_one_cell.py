"""Derivatives with a slash, values of a batch, gates by states, and what is no excuse."""

from __future__ import annotations

import pytest

from tests.check.audited import last, of_claims

CELL = r"""
$Z_g = w_{xg} * x_t + w_{hg} * h_{t-1} + b_g$ and $g_t = \tanh(Z_g)$

$Z_i = w_{xi} * x_t + w_{hi} * h_{t-1} + b_i$ and $i_t = sigmoid(Z_i)$

$Z_f = w_{xf} * x_t + w_{hf} * h_{t-1} + b_f$ and $f_t = sigmoid(Z_f)$

$Z_o = w_{xo} * x_t + w_{ho} * h_{t-1} + b_o$ and $o_t = sigmoid(Z_o)$

$c_t = c_{t-1} * f_t + g_t * i_t$ and $h_t = o_t * \tanh(c_t)$

"""
ROWS = [
    r"dE/do_t = (dE/dh_t) * (dh_t/do_t) = dE/dh_t * \tanh(c_t)",
    r"dE/dc_t = (dE/dh_t) * (dh_t/dc_t)",
    r"dE/dw_{ho} = dE/dh_t * \tanh(c_t) * sigmoid(Z_o) * (1 - sigmoid(Z_o)) * h_{t-1}",
]


def test_derivatives_with_a_slash_in_products() -> None:
    """``dh_t`` in ``dh_t/do_t`` was taken for the mark of a gradient."""
    page = CELL + "\n\n".join(f"${row}$" for row in ROWS)
    # The second leaves out what comes back from the next step.
    assert of_claims(page) == ["right", "wrong", "right"]
    assert of_claims(page.replace("* h_{t-1}$", "* h_t$"))[-1] != "right"


def test_what_stands_above_a_slash_is_differentiated() -> None:
    """``dh_t`` in ``dh_t/dz_t`` was taken for the mark of a gradient."""
    text = "$$h_t = \\tanh(z_t), \\quad z_t = w h_{t-1} + u x_t$$\n\n$$%s$$"
    assert last(text % "dh_t/dz_t = 1 - h_t^2") == "right"
    assert last(text % "dh_t/dh_{t-1} = (dh_t/dz_t) (dz_t/dh_{t-1})") == "right"
    assert last(text % "dh_t/dh_{t-1} = (dh_t/dz_t) (dz_t/dx_t)") == "wrong"


BATCH = r"""
$$h_t = \tanh(A h_{t-1} + B x_t + b)$$ with $$\hat{y} = v^T h_T$$ and $$J = (\hat{y} - y)^2$$.

For a batch $$\mathbf{H}_t = \tanh(A \mathbf{H}_{t-1} + B \mathbf{X}_t + b)$$.

$$\delta_{z, t} = \delta_{h, t} \odot (1 - \mathbf{H}_t^2)$$

$$\delta_{h, t-1} = %s \delta_{z, t}$$
"""


def test_the_values_of_a_batch_beside_those_of_one_sequence() -> None:
    """A right recursion was called wrong: h_t and H_t are one quantity there."""
    assert last(BATCH % "A^T") == "right"
    assert last(BATCH % "2 A^T") != "right"
    assert last(BATCH % "B^T") != "right"


def test_an_unknown_activation_is_not_taken_for_a_linear_one() -> None:
    text = r"""
$$h_t = f(A h_{t-1} + B x_t + b), \quad y_t = C h_t, \quad L = \sum_{t=1}^T l(y_t)$$

$$\frac{\partial L}{\partial b} = \sum_{t=1}^T \frac{\partial L}{\partial h_t}%s$$
"""
    assert last(text % "") == "undecided"
    assert last(text % r" f'(A h_{t-1} + B x_t + b)") == "right"


def test_the_last_step_of_a_sum_is_no_letter_that_empties_it() -> None:
    text = r"""
$$h_t = \tanh(A h_{t-1} + B x_t), \quad L_t = l(h_t)$$

$$\sum_{i=t}^t \frac{\partial L_i}{\partial h_t} = \left(\sum_{i=t+1}^n
\frac{\partial L_i}{\partial h_{t+1}}\right) \frac{\partial h_{t+1}}{\partial h_t}
+ \frac{\partial L_t}{\partial h_t}$$
"""
    assert last(text) != "right"
    assert last(text.replace("{i=t}^t", "{i=t}^n")) == "right"


GRU = r"""
$$z_t = \sigma(W_z x_t + U_z h_{t-1}), \quad r_t = \sigma(W_r x_t + U_r h_{t-1})$$
$$g_t = \tanh(W_g x_t + U_g (r_t \odot h_{t-1}))$$
$$h_t = (1 - z_t) \odot h_{t-1} + z_t \odot g_t$$

"""
OWN = r"\frac{\partial g_t}{\partial h_{t-1}} = \mathrm{diag}(1 - g_t^2) U_g \mathrm{diag}(%s)"
PATHS = (
    r"\frac{\partial h_t}{\partial h_{t-1}} = (1 - z_t)"
    r" + z_t \frac{\partial g_t}{\partial h_{t-1}}"
    r" + \frac{\partial z_t}{\partial h_{t-1}} \odot (g_t %s h_{t-1})"
    r" + z_t \frac{\partial g_t}{\partial r_t} \frac{\partial r_t}{\partial h_{t-1}}"
)


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (OWN % "r_t", "right"), (OWN % "z_t", "wrong"),
        (PATHS % "-", "right"), (PATHS % "+", "wrong"),
    ],
)  # fmt: skip
def test_a_gate_by_a_state_with_the_other_gates_held_fixed(row: str, verdict: str) -> None:
    """Each path on its own line of the sum: right formulas were called wrong."""
    assert last(f"{GRU}$${row}$$") == verdict


def test_a_line_about_the_plain_network_beside_a_gated_one() -> None:
    row = r"$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(\tanh'(z_t)) U_g$"
    assert last(f"{GRU}**Vanilla RNN**: {row}") == "undecided"


def test_a_vector_behind_an_outer_product_scales_its_rows() -> None:
    text = r"""
$$h_t = \tanh(W h_{t-1} + U x_t), \quad L = \sum_t L_t, \quad L_t = l(h_t)$$

$$\frac{\partial L}{\partial W} = \sum_t \frac{\partial L}{\partial h_t} h_{t-1}^T \cdot %s$$
"""
    assert last(text % "(1 - h_t^2)") == "right"
    assert last(text % "(1 + h_t^2)") == "wrong"
    assert last(text % "(1 - h_{t-1}^2)") == "wrong"


def test_what_is_0_at_the_end_is_no_excuse() -> None:
    """The cell's carried gradient is 0 at the last step, whatever it is multiplied by."""
    marks = r"$df_t = dc_{next} * %s + o_t * (1 - \tanh^2(c_t)) * c_{t-1} * dh_{next}$"
    text = CELL + "The marks are gradients: $dc_{next}$ and $dh_{next}$ arrive.\n\n" + marks
    assert last(text % "g_t") != "right"
