"""What texts about gated networks say besides their claims, and nobody may be accused of."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

GATES = r"""
$$f_t = \sigma(A_f h_{t-1} + B_f x_t + d_f), \quad i_t = \sigma(A_i h_{t-1} + B_i x_t + d_i)$$
$$o_t = \sigma(A_o h_{t-1} + B_o x_t + d_o), \quad g_t = \tanh(A_g h_{t-1} + B_g x_t + d_g)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$
$$h_t = o_t \odot \tanh(c_t)$$
"""
ELMAN = "$$h_t = \\tanh(W h_{t-1} + U x_t + b)$$\n"


def found(text: str) -> dict[str, str]:
    judged = audit(document_from_text(text, "n.md"))
    return {"".join(j.latex.split()): j.verdict.verdict for j in judged}


def last(text: str, formula: str) -> str:
    return audit(document_from_text(f"{text}\n$${formula}$$\n", "n.md"))[-1].verdict.verdict


@pytest.mark.parametrize(
    "formula",
    [
        r"f_2 = 1",
        r"c_3 = \begin{bmatrix} 0.25 \\ -0.5 \end{bmatrix}",
        r"f_t = \sigma(d_f) = \sigma(2.0) \approx 0.88",
        r"\prod_{k=1}^{20} f_k \approx (0.9)^{20} \approx 0.12",
        r"\rho(A_f)^{10} = (0.5)^{10} \approx 0.001",
    ],
)
def test_numbers_of_an_example_are_no_claims(formula: str) -> None:
    assert last(GATES, formula) in ("not_a_claim", "unreadable", "undecided")


def test_the_vector_at_the_end_of_a_chain_is_an_example() -> None:
    chain = r"\frac{\partial c_3}{\partial f_3} = c_2 = \begin{bmatrix} 0.5 \\ 0.2 \end{bmatrix}"
    assert last(GATES, chain) == "right_under_reading"
    assert last(GATES, chain.replace("c_2", "c_1")) != "right_under_reading"


def test_a_weight_below_one_is_a_condition_in_any_language() -> None:
    text = ELMAN + "Wenn nur $|W_h| < 1$ und $\\|U\\| < 2$ gilt\n"
    assert "wrong" not in found(text.replace("W h", "W_h h")).values()


@pytest.mark.parametrize("gate", ["|f_t| \\leq 1", "|g_t| \\leq 1", "|h_t| < 1"])
def test_bounds_of_vectors_are_said_of_their_entries(gate: str) -> None:
    assert last(GATES, gate) == "right_under_reading"


@pytest.mark.parametrize("bound", ["|f_t| \\leq 0.5", "|c_t| \\leq 1"])
def test_bounds_that_no_entry_keeps_are_wrong(bound: str) -> None:
    assert last(GATES, bound) == "wrong"


def test_a_gate_that_no_equation_gives_yet_is_not_bounded_wrongly() -> None:
    text = "$$c_t = c_{t-1} + i_t \\odot g_t$$\nwith $|i_t| \\leq 1$ and $|g_t| \\leq 1$.\n"
    assert "wrong" not in found(text).values()
    assert "wrong" not in found(text + GATES).values()


def test_a_gate_written_once_more_leaves_the_cell_as_it_is() -> None:
    again = "$$z_f = A_f h_{t-1} + B_f x_t + d_f$$\n\n$$f_t = \\sigma(z_f)$$\n"
    claim = r"\frac{\partial c_t}{\partial f_t} = c_{t-1}"
    assert last(GATES + again, claim).startswith("right")
    assert last(GATES + again, claim.replace("c_{t-1}", "c_{t}")) == "wrong"


def test_equations_beside_new_gates_are_about_them() -> None:
    first = "$$c_t = (1 - i_t) \\odot c_{t-1} + i_t \\odot g_t$$\n\n$$f_t = 1 - i_t$$\n"
    rows = " \\\\ ".join(
        row for line in GATES.split("\n") for row in line.strip("$").split(", \\quad ") if row
    )
    claim = r"\frac{\partial c_t}{\partial f_t} = c_{t-1}"
    block = f"$$\\begin{{aligned}} {rows} \\end{{aligned}}$$\n"
    assert last(first + block, claim).startswith("right")


VARIANTS = f"""# Cells
{GATES}
Without a forget gate

$$c_t = c_{{t-1}} + i_t \\odot g_t$$

"""


def test_after_a_section_of_variants_any_of_them_may_be_meant() -> None:
    claim = r"\frac{\partial c_t}{\partial c_{t-1}} = f_t"
    assert last(VARIANTS + "# Gradients\n", claim) == "right_under_reading"
    assert last(VARIANTS + "# Gradients\n", claim.replace("= f_t", "= i_t")) == "wrong"


def test_a_loss_beside_its_steps_is_their_sum_under_any_name() -> None:
    text = ELMAN + r"""
$$z_t = V h_t + c$$
$$\hat{y}_t = \mathrm{softmax}(z_t)$$
The cross-entropy adds up over the sequence:
$$L_{\mathrm{all}} = \sum_{t=1}^{T} L_t$$
"""
    claim = r"\frac{\partial L}{\partial c} = \sum_{t=1}^{T} (\hat{y}_t - y_t)"
    assert last(text, claim) == "right_under_reading"


def test_eulers_number_is_no_loss() -> None:
    text = ELMAN + "$$q_t = \\frac{1}{1 + e^{-h_t}}$$\n"
    claim = r"\frac{\partial L}{\partial h_{t-1}} = W^\top \frac{\partial L}{\partial h_t}"
    judged = audit(document_from_text(f"{text}\n$${claim}$$\n", "n.md"))[-1]
    assert not any(a.startswith("e ") for a in judged.verdict.assumptions)


def test_what_is_no_parameter_of_a_cell_has_no_derivative_there() -> None:
    text = "$$f_t = \\sigma(u_{ft})$$\n$$h_t = f_t h_{t-1}$$\n"
    claim = r"\frac{du_{ft}}{dW_{fh}} = h_{t-1} + W_{fh} \frac{dh_{t-1}}{dW_{fh}}"
    assert last(text, claim) == "undecided"


# -- one prediction of the whole run

ONE = GATES + r"""
The last state gives the prediction:
$$\hat{y} = V h_T + a$$
The loss is $L = \frac{1}{2} (\hat{y} - y)^2$.
"""


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{\partial L}{\partial \hat{y}} = \hat{y} - y",
        r"\frac{\partial L}{\partial V} = (\hat{y} - y) h_T^\top",
        r"\frac{\partial L}{\partial h_T} = V^\top (\hat{y} - y)",
    ],
)
def test_a_prediction_without_a_step_is_that_of_the_last(formula: str) -> None:
    assert last(ONE, formula).startswith("right")
    assert last(ONE, formula.replace("- y", "+ y")) == "wrong"


def test_outputs_that_follow_from_the_last_one_are_of_the_last_step_too() -> None:
    text = ELMAN + r"""
$$z = V h_T + a$$
$$\hat{y} = \mathrm{softmax}(z)$$
$$L = -\sum_i y_i \log \hat{y}_i$$
$$\frac{\partial L}{\partial z} = \hat{y} - y$$
$$\frac{\partial L}{\partial z} = y - \hat{y}$$
"""
    got = found(text)
    assert got[r"\frac{\partialL}{\partialz}=\hat{y}-y"] == "right_under_reading"
    assert got[r"\frac{\partialL}{\partialz}=y-\hat{y}"] == "wrong"


def test_outputs_of_every_step_keep_theirs() -> None:
    text = ELMAN + "$$\\hat{y}_t = V h_t + a$$\n$$\\hat{y}_T = V h_T + a$$\n"
    assert r"\hat{y}_T=Vh_T+a" in found(text)


# -- the derivative of a gate, and the state beside a cell

JOINED = r"""
$$q_t = \sigma(A [s_{t-1}, u_t] + k)$$
$$v_t = \tanh(B [s_{t-1}, u_t] + m)$$
$$s_t = q_t \odot s_{t-1} + (1 - q_t) \odot v_t$$
"""


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{\partial q_t}{\partial A} = q_t (1-q_t) [s_{t-1}, u_t]",
        r"\frac{\partial q_t}{\partial A} = q_t \odot (1-q_t) \odot [s_{t-1}, u_t]",
        r"\frac{\partial v_t}{\partial B} = (1-v_t^2) [s_{t-1}, u_t]^\top",
        r"\frac{\partial q_t}{\partial k} = q_t \odot (1-q_t)",
    ],
)
def test_the_derivative_of_a_gate_is_that_of_its_own_equation(formula: str) -> None:
    assert last(JOINED, formula) == "right_under_reading"
    slip = formula.replace("(1-q_t)", "(1-q_t^2)").replace("(1-v_t^2)", "(1-v_t)")
    assert last(JOINED, slip) == "wrong"


def test_a_state_is_no_gate() -> None:
    assert last(ELMAN, r"\frac{\partial h_t}{\partial b} = 1 - h_t^2") == "wrong"


def test_inputs_side_by_side_are_rows_where_vectors_are() -> None:
    text = r"""
$$q_t = \sigma([u_t, s_{t-1}] A + k)$$
$$v_t = \tanh([u_t, s_{t-1}] B + m)$$
$$s_t = q_t * s_{t-1} + (1 - q_t) * v_t$$
$$\delta_{q_t} = \delta_{s_t} * (s_{t-1} - v_t) * \sigma'(q_t)$$
"""
    assert last(text, r"\Delta A = [u_t, s_{t-1}]^T \cdot \delta_{q_t}") == "right_under_reading"
    assert last(text, r"\Delta A = [u_t, s_{t}]^T \cdot \delta_{q_t}") == "wrong"


@pytest.mark.parametrize("form", ["{}", r"\vec{{{}}}"])
def test_a_cell_state_alone_is_read_through_its_gate(form: str) -> None:
    c, f, i, g, o, h = (form.format(n) for n in ("c", "f", "i", r"\tilde{c}", "o", "h"))
    text = f"# LSTM\n$${c}_t = {f}_t \\odot {c}_{{t-1}} + {i}_t \\odot {g}_t$$\n".replace(
        r"\vec{\tilde{c}}", r"\tilde{c}"
    )
    claim = rf"\frac{{\partial {h}_t}}{{\partial {c}_t}} = {o}_t \odot (1 - \tanh^2({c}_t))"
    assert last(text, claim) == "right_under_reading"
    assert last(text, claim.replace("1 - ", "1 + ")) in ("wrong", "undecided")


def test_what_goes_on_from_a_part_is_not_the_whole() -> None:
    text = GATES + r"""
$$\left.\frac{\partial c_t}{\partial c_{t-1}}\right|_{\text{indirect}} = \frac{\partial c_t}{\partial h_{t-1}} \frac{\partial h_{t-1}}{\partial c_{t-1}}$$

written out
"""  # noqa: E501
    part = r"= \frac{\partial f_t}{\partial h_{t-1}} \odot c_{t-1} \odot \mathrm{diag}(o_{t-1})"
    assert last(text, part) != "wrong"


def test_a_bias_that_is_any_bias() -> None:
    claim = r"\frac{\partial h_t}{\partial b} = \frac{\partial h_t}{\partial o_t} \frac{\partial o_t}{\partial b} + \frac{\partial h_t}{\partial c_t} \frac{\partial c_t}{\partial b}"  # noqa: E501
    text = GATES.replace("d_", "b_")
    assert last(text, claim) == "right_under_reading"


@pytest.mark.parametrize(
    ("loss", "verdict"),
    [("", "right_under_reading"), ("L = C(h_T)", "wrong"), (r"L = \sum_{t=1}^{T} C(h_t)", "wrong")],
)
def test_t_is_the_last_step_only_where_nobody_says_what_the_loss_is(
    loss: str, verdict: str
) -> None:
    """Away from the last step the path through the cell is missing."""
    text = GATES + (f"\n$${loss}$$\n" if loss else "")
    row = (
        r"\frac{\partial L}{\partial h_{t-1}} = "
        r"\frac{\partial L}{\partial h_t} \frac{\partial h_t}{\partial h_{t-1}}"
    )
    assert last(text, row) == verdict


def test_an_output_with_the_name_of_a_gate_accuses_nobody() -> None:
    r"""The gate :math:`o_t` does not depend on :math:`h_t`; the output that is meant does."""
    text = GATES + "\n$$\\hat{y}_t = V h_t + k$$\n\n$$L = \\sum_t \\frac12 |\\hat{y}_t - y_t|^2$$\n"
    row = (
        r"\frac{\partial L}{\partial h_T} = \left(\frac{\partial o_T}{\partial h_T}\right)^\top "
        r"\frac{\partial L}{\partial o_T} = V^\top (\hat{y}_T - y_T)"
    )
    assert last(text, row) == "undecided"
    assert last(text, row.replace(r"\partial o_T", r"\partial \hat{y}_T")) != "wrong"
    # A slip of the step is one, whatever the gate is called.
    slip = r"\frac{\partial f_t}{\partial h_t} = \mathrm{diag}(f_t (1 - f_t)) A_f"
    assert last(text, slip) == "wrong"
