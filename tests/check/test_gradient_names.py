"""Names of gradients that leave out their step, a target's mark, and softmax alone."""

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

CELL = r"""
$$f_t = \sigma(W_f [h_{t-1}, x_t] + b_f)$$
$$i_t = \sigma(W_i [h_{t-1}, x_t] + b_i)$$
$$o_t = \sigma(W_o [h_{t-1}, x_t] + b_o)$$
$$\tilde{c}_t = \tanh(W_c [h_{t-1}, x_t] + b_c)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot \tilde{c}_t$$
$$h_t = o_t \odot \tanh(c_t)$$
"""
MIXED = r"""
$$u_t = \sigma(W_u x_t + R_u h_{t-1})$$
$$\tilde{h}_t = \tanh(W x_t + R h_{t-1})$$
$$h_t = u_t \odot h_{t-1} + (1 - u_t) \odot \tilde{h}_t$$
"""


def verdicts(text: str) -> list[str]:
    found = [j.verdict.verdict for j in audit(document_from_text(text, "notes.md"))]
    return [v for v in found if v != "not_a_claim"]


STEPLESS = r"""
$$\delta_o = \delta_h \odot \tanh(c_t)$$
$$\delta_c = \delta_h \odot o_t \odot (1 - \tanh^2(c_t)) + \delta_{c,\text{future}}$$
$$\delta_f = \delta_c \odot c_{t-1}$$
$$\bar{\delta}_f = \delta_f \odot f_t \odot (1 - f_t)$$
$$\delta_{c,\text{prev}} = \delta_c \odot f_t$$
"""


def test_a_step_that_every_name_leaves_out() -> None:
    assert verdicts(CELL + STEPLESS) == ["right_under_reading"] * 5
    slipped = STEPLESS.replace(r"(1 - f_t)", r"(1 + f_t)")
    assert verdicts(CELL + slipped)[3] == "wrong"


def test_names_with_their_step_are_left_alone() -> None:
    other = r"$$\delta_{f,t} = \delta_{c,t} \odot c_{t-1}$$"
    assert verdicts(CELL + other) == ["right_under_reading"]


NEXT = r"""
$$\delta c_t = \delta h_t \odot o_t \odot (1 - \tanh^2(c_t))
+ \delta c_{\text{next}} \odot f_{\text{next}}$$
$$\delta c_{\text{prev}} = \delta c_t \odot f_t$$
"""


@pytest.mark.parametrize("bold", [False, True])
def test_values_of_the_step_after(bold: bool) -> None:
    text = CELL + NEXT
    if bold:
        for name in "cfhiox":
            text = text.replace(f"{name}_", rf"\mathbf{{{name}}}_")
        text = text.replace(r"\tilde{c}", r"\tilde{\mathbf{c}}")
        text = text.replace(r"W_\mathbf", "W_").replace(r"b_\mathbf", "b_")
    assert "wrong" not in verdicts(text)
    assert len([v for v in verdicts(text) if v == "right_under_reading"]) == 2


OUTPUT = r"""The loss is a cross-entropy.
$$h_t = \tanh(W x_t + R h_{t-1})$$
$$\hat{y}_t = \mathrm{softmax}(W_y h_t + b_y)$$
"""
MARKED = r"""
$$dy_t = \hat{y}_t - y_t$$
$$dW_y += dy_t h_t^\top$$
$$db_y += dy_t$$
"""


def test_nobody_differentiates_by_a_target() -> None:
    assert verdicts(OUTPUT + MARKED) == ["right_under_reading"] * 3


def test_the_general_form_of_a_recurrence_restates_it() -> None:
    claim = r"$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) R$$"
    text = OUTPUT + "\nThe recurrence $h_t = f(h_{t-1}, x_t)$ gives it a memory.\n\n" + claim
    assert verdicts(text) == ["right"]


def test_the_direct_path_of_a_state_that_gates_mix() -> None:
    left = r"\frac{\partial h_t}{\partial h_{t-1}}"
    assert verdicts(f"{MIXED}$${left} = u_t$$") == ["right_under_reading"]
    assert verdicts(f"{MIXED}$${left} = 1 - u_t$$") == ["wrong"]
    new = r"\frac{\partial \tilde{h}_t}{\partial h_{t-1}}"
    partly = rf"{left} = u_t + (1 - u_t) \odot {new}"
    assert verdicts(f"{MIXED}$${partly}$$") == ["wrong"]
    said = "In a simplified analysis, where $u_t$ does not depend on $h_{t-1}$, one has"
    assert verdicts(f"{MIXED}\n{said}\n\n$${partly}$$") == ["undecided"]


CASES = r"""A softmax.
$$\frac{\partial p_i}{\partial z_j} =
\begin{cases} p_i (1 - p_i), & i = j \\ %s p_i p_j, & i \ne j \end{cases}$$
"""


def test_a_softmax_by_cases() -> None:
    assert verdicts(CASES % "-") == ["right_under_reading"]
    assert verdicts(CASES % "") == ["wrong"]
    assert verdicts((CASES % "").replace("softmax", "function")) == ["undecided"]


@pytest.mark.parametrize(
    ("right", "verdict"),
    [
        (r"\alpha_{tk} (G_k - \sum_{j=1}^{n} \alpha_{tj} G_j)", "right_under_reading"),
        (r"\sum_j G_j \alpha_{tj} (\delta_{jk} - \alpha_{tk})", "right_under_reading"),
        (r"\sum_j G_j \alpha_{tj} (\delta_{jk} - \alpha_{tj})", "wrong"),
        (r"\alpha_{tk} (1 - \alpha_{tk}) G_k", "wrong"),
        (r"\sum_j G_j \frac{\partial \alpha_{tj}}{\partial e_{tk}}", "right_under_reading"),
        (r"\beta \alpha_{tk} (G_k - \sum_j \alpha_{tj} G_j)", "undecided"),  # a temperature?
    ],
)
def test_gradients_by_the_scores_of_attention(right: str, verdict: str) -> None:
    for letter in "jk":
        gradient = rf"\frac{{\partial L}}{{\partial \alpha_{{t{letter}}}}}"
        right = right.replace(f"G_{letter}", gradient)
    claim = rf"$$\frac{{\partial L}}{{\partial e_{{tk}}}} = {right}$$"
    assert verdicts(rf"Weights $\alpha$ are a softmax. {claim}") == [verdict]


def test_a_name_that_may_be_the_argument_of_the_next_activation() -> None:
    text = r"$$h_t = \phi(W h_{t-1} + U x_t)$$" + "\n"
    slope = r"$$\frac{\partial h_{t+1}}{\partial h_t} = \mathrm{diag}(\phi'(z_t)) W$$"
    assert verdicts(text + slope) == ["right_under_reading"]
    defined = r"$$z_t = W h_{t-1} + U x_t$$" + "\n"
    assert verdicts(text + defined + slope) == ["wrong"]


def test_long_arrows_and_sized_brackets() -> None:
    text = r"$$h_t = \tanh(W h_{t-1} + U x_t)$$" + "\n"
    limit = r"$$\left\(\frac{\partial h_t}{\partial h_k}\right\) \xrightarrow{t-k \to \infty} 0$$"
    assert "unreadable" not in verdicts(text + limit)
