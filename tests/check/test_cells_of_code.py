"""Cells as programs name their parts, and what stands beside them: old and new, cuts, sizes."""

from __future__ import annotations

import pytest

from bptt_sym.check.arithmetic import is_arithmetic

from .audited import last, verdicts

STEPLESS = r"""
With $z = [h_{old}; x]$ the cell computes
$$\begin{aligned}
f &= \sigma(A_f z + d_f) \\
i &= \sigma(A_i z + d_i) \\
\bar{c} &= \tanh(A_c z + d_c) \\
c &= f * c_{old} + i * \bar{c} \\
o &= \sigma(A_o z + d_o) \\
h &= o * \tanh(c) \\
y &= A_y h + d_y
\end{aligned}$$
and backwards
$$dh = A_y^T dy + dh_{next}$$
$$do = dh * \tanh(c) * o * (1-o)$$
$$dc = dh * o * (1 - \tanh^2(c)) + dc_{next}$$
$$di = dc * \bar{c} * i * (1-i)$$
$$df = dc * c_{old} * f * (1-f)$$
$$d\bar{c} = dc * i * (1 - \bar{c}^2)$$
$$dz = A_f^T df + A_i^T di + A_c^T d\bar{c} + A_o^T do$$
"""


@pytest.mark.parametrize("old", ["old", r"\text{old}"])
def test_what_is_called_old_is_of_the_step_before(old: str) -> None:
    text = STEPLESS.replace("{old}", f"{{{old}}}")
    ends = {
        r"$$dh_{next} = dz[:n] \qquad dc_{next} = f * dc$$": ["right", "right"],
        r"$$dh_{next} = dz[n:] \qquad dc_{next} = i * dc$$": ["undecided", "undecided"],
    }
    for end, wanted in ends.items():
        found = verdicts(text + end)
        assert found[-9:-2] == ["right"] * 7
        assert found[-2:] == wanted
    slip = verdicts(text.replace("c_{" + old + "} * f * (1-f)", "c * f * (1-f)"))
    assert slip[-3] != "right"


def test_an_old_and_a_new_weight_are_no_steps() -> None:
    cell = r"$$h_t = \tanh(w h_{t-1} + x_t)$$ "
    update = r"$$w_{new} = w_{old} - \eta \frac{\partial L}{\partial w}$$ "
    claim = r"$$\frac{\partial h_t}{\partial h_{t-1}} = w (1 - h_t^2)$$"
    assert last(cell + update + claim) == "right"


BOLD = r"""
$$\mathbf{z}_t = \sigma(\mathbf{A}_z \mathbf{x}_t + \mathbf{B}_z \mathbf{h}_{t-1})$$
$$\mathbf{r}_t = \sigma(\mathbf{A}_r \mathbf{x}_t + \mathbf{B}_r \mathbf{h}_{t-1})$$
$$\tilde{\mathbf{h}}_t = \tanh(\mathbf{A} \mathbf{x}_t + \mathbf{B} (\mathbf{r}_t \odot \mathbf{h}_{t-1}))$$
$$\mathbf{h}_t = (1-\mathbf{z}_t) \odot \mathbf{h}_{t-1} + \mathbf{z}_t \odot \tilde{\mathbf{h}}_t$$
Let $\delta_t = \frac{\partial L}{\partial \mathbf{h}_t}$. Then
\begin{align}
\frac{\partial L}{\partial \mathbf{z}_t} &= \delta_t \odot (\tilde{\mathbf{h}}_t - \mathbf{h}_{t-1}) \\
\delta^h_t &= \delta_t \odot \mathbf{z}_t \odot (1 - \tilde{\mathbf{h}}_t^2) \\
\delta^z_t &= \delta_t \odot (\tilde{\mathbf{h}}_t - \mathbf{h}_{t-1}) \odot \mathbf{z}_t \odot (1 - \mathbf{z}_t) \\
\delta^r_t &= (\mathbf{B}^\top \delta^h_t) \odot \mathbf{h}_{t-1} \odot \mathbf{r}_t \odot (1 - \mathbf{r}_t)
\end{align}
"""  # noqa: E501


def test_deltas_beside_derivatives_by_gates_are_by_their_arguments() -> None:
    assert verdicts(BOLD)[-4:] == ["right"] * 4
    slips = {
        r"\odot (1 - \mathbf{z}_t)": r"\odot (1 + \mathbf{z}_t)",
        r"\mathbf{B}^\top": r"\mathbf{B}",
        r"1 - \tilde{\mathbf{h}}_t^2": r"1 - \tilde{\mathbf{h}}_t",
    }
    for right, wrong in slips.items():
        assert "right" not in {verdicts(BOLD.replace(right, wrong))[k] for k in _places(right)}


def _places(right: str) -> list[int]:
    """Where the rows with ``right`` stand, from the end."""
    rows = BOLD[BOLD.index(r"\begin{align}") :].split(r"\\")
    return [k - len(rows) for k, row in enumerate(rows) if right in row]


def test_a_large_sign_with_a_range_is_a_product() -> None:
    cell = r"""
The cell is $c_t = f_t \odot c_{t-1} + i_t \odot g_t$ with $f$, $i$ and $g$ given.
$$\frac{\partial c_T}{\partial c_1} = \mathrm{diag}\left(\bigodot_{t=2}^{T} f_t\right)$$
"""
    assert last(cell) == "right"
    assert last(cell.replace("t=2", "t=1")) != "right"


SIZES = (
    r"$A \in \mathbb{R}^{4d_h \times d_x}$, $B \in \mathbb R^{n \times m}$, $d \in ℝ^{d_{out}}$"
)


@pytest.mark.parametrize(
    ("formula", "claims_nothing"),
    [
        (r"4(d_hd_x + d_h^2 + d_h) = 4 d_h (d_x + d_h + 1)", True),
        (r"\text{count} = n m + n^2 + d_{out}", True),
        (r"d_h x_t = h_t", False),
        (r"n_t = m", False),
        (r"dh = d_h n", False),
        (r"\frac{\partial n}{\partial m} = 0", False),
    ],
)
def test_calculations_with_sizes_claim_nothing(formula: str, claims_nothing: bool) -> None:
    assert is_arithmetic(formula, SIZES) is claims_nothing
    assert not is_arithmetic(formula, "")


INDENTED = r"""
The update equations:

    z_t = sigmoid(W_z x_t + U_z h_{t-1})
    r_t = sigmoid(W_r x_t + U_r h_{t-1})
    n_t = tanh(W_n x_t + r_t * (U_n h_{t-1} + b_n))
    h_t = (1 - z_t) * n_t + z_t * h_{t-1}

and the gradient of the reset gate is

$$\frac{\partial L}{\partial r_t} = \frac{\partial L}{\partial n_t} \odot (1 - n_t^2) \odot (U_n h_{t-1} + b_n)$$
"""  # noqa: E501


def test_indented_lines_define_a_cell() -> None:
    assert last(INDENTED) == "right"
    assert last(INDENTED.replace(r"(1 - n_t^2)", "(1 - n_t)")) == "wrong"
    code = INDENTED.replace("    z_t =", "    def gru(x):\n    z_t =").replace("t-1}\n", "t-1};\n")
    assert last(code) != "wrong"


HATS = r"""
$$\hat{f}_t = W_f x_t + U_f h_{t-1} + b_f, \quad f_t = \sigma(\hat{f}_t)$$
$$\hat{i}_t = W_i x_t + U_i h_{t-1} + b_i, \quad i_t = \sigma(\hat{i}_t)$$
$$\hat{o}_t = W_o x_t + U_o h_{t-1} + b_o, \quad o_t = \sigma(\hat{o}_t)$$
$$\hat{g}_t = W_g x_t + U_g h_{t-1} + b_g, \quad g_t = \tanh(\hat{g}_t)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh(c_t)$$
"""


def test_a_letter_below_an_accent_is_each_gate() -> None:
    whole = r"\frac{\partial L}{\partial h_{t-1}} = \sum_{g \in \{f, i, o, g\}} U_g^\top \frac{\partial L}{\partial \hat{g}_t}"  # noqa: E501
    each = r"For each gate $k \in \{f, i, o, g\}$, $$\frac{\partial L}{\partial W_k} = \sum_t \frac{\partial L}{\partial \hat{k}_t} x_t^\top$$"  # noqa: E501
    own = r"$$\frac{\partial L}{\partial \hat{g}_t} = \frac{\partial L}{\partial c_t} \odot i_t \odot (1 - g_t^2)$$"  # noqa: E501
    text = HATS + own + f"$${whole}$$" + each
    by_letter = each + r"$$\frac{\partial L}{\partial h_{t-1}} = \sum_k U_k^\top \frac{\partial L}{\partial \hat{k}_t}$$"  # noqa: E501
    assert verdicts(HATS + by_letter)[-5:] == ["right"] * 5
    assert verdicts(HATS + by_letter.replace(r"U_k^\top", "U_k"))[-1] != "right"
    assert verdicts(text)[-6:] == ["right"] * 6
    assert "right" not in verdicts(text.replace(r"\hat{k}_t}", "k_t}"))[-4:]
    dropped = text.replace(r"\{f, i, o, g\}} U", r"\{f, i, o\}} U")
    assert verdicts(dropped)[-5] != "right"
    assert verdicts(text.replace(r"U_g^\top", "U_g"))[-5] != "right"


RESET = r"""
$$z_t = \sigma(A_z x_t + B_z s_{t-1}), \quad r_t = \sigma(A_r x_t + B_r s_{t-1})$$
$$a_t = A x_t + B (s_{t-1} \odot r_t), \quad q_t = \tanh(a_t)$$
$$s_t = (1 - z_t) \odot q_t + z_t \odot s_{t-1}$$
$$\frac{\partial L}{\partial z_t} = \frac{\partial L}{\partial s_t} \odot (s_{t-1} - q_t)$$
"""


@pytest.mark.parametrize(
    ("right", "verdict"),
    [
        (r"\otimes (s_{t-1} \odot r_t)", "right"),
        (r"(s_{t-1} \odot r_t)^\top", "right"),
        (r"\otimes (s_{t-1} \odot z_t)", "wrong"),
        # Which of the two signs binds first is not said.
        (r"\otimes s_{t-1} \odot r_t", "undecided"),
    ],
)
def test_an_outer_product_with_a_product_entry_by_entry(right: str, verdict: str) -> None:
    left = r"\frac{\partial L}{\partial B} = \sum_t \frac{\partial L}{\partial a_t}"
    assert last(f"{RESET}$${left} {right}$$") == verdict


def test_the_sign_of_products_in_code_is_one_in_formulas() -> None:
    text = r"""
$$f_t = \sigma(W_f [h_{t-1}, x_t] + b_f), \quad i_t = \sigma(W_i [h_{t-1}, x_t] + b_i)$$
$$\tilde c_t = \tanh(W_c [h_{t-1}, x_t] + b_c), \quad o_t = \sigma(W_o [h_{t-1}, x_t] + b_o)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot \tilde c_t, \quad h_t = o_t \odot \tanh(c_t)$$
$$dW_f += (df_t * f_t * (1 - f_t)) @ [h_{t-1}, x_t].T$$
$$dW_i += (di_t * i_t * (1 - i_t)) @ [h_{t-1}, x_t]^T$$
"""
    assert verdicts(text)[-2:] == ["right"] * 2
    assert verdicts(text.replace("i_t * (1 - i_t)", "f_t * (1 - i_t)"))[-1] != "right"
