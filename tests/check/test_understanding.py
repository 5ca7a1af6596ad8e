"""Documents in their own notation: what a reader of the field sees at once is right or wrong."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import Judged
from bptt_sym.documents.document import document_from_text

ACCEPTED = ("right", "right_under_reading")


def judged(text: str) -> list[Judged]:
    """What is claimed in ``text``; definitions are left out."""
    found = audit(document_from_text(text, "n.md"))
    return [j for j in found if j.verdict.verdict != "not_a_claim"]


def verdicts(text: str) -> list[str]:
    found = [j.verdict.verdict for j in judged(text)]
    return ["right" if v in ACCEPTED else v for v in found]


def block(*formulas: str) -> str:
    return "".join(f"$$\n{f}\n$$\n\n" for f in formulas)


GATES = block(
    r"""\begin{aligned}
f_t &= \sigma(W_f [h_{t-1}, x_t] + b_f) \\
i_t &= \sigma(W_i [h_{t-1}, x_t] + b_i) \\
o_t &= \sigma(a_o), \quad a_o = W_o [h_{t-1}, x_t] + b_o \\
\tilde{C}_t &= \tanh(W_C [h_{t-1}, x_t] + b_C) \\
C_t &= f_t \odot C_{t-1} + i_t \odot \tilde{C}_t \\
h_t &= o_t \odot \tanh(C_t)
\end{aligned}"""
)


def test_an_lstm_written_backwards_with_d() -> None:
    text = GATES + block(
        r"\frac{dL}{do_t} = \frac{dL}{dh_t} \odot \tanh(C_t)",
        r"\frac{dL}{d C_{t-1}} = \frac{dL}{d C_t} \odot f_t",
        r"\frac{dL}{d a_o} = \frac{dL}{d h_t} \cdot \tanh(C_t) \cdot o_t (1 - o_t)",
        r"\frac{dL}{d a_o} = \frac{dL}{d h_t} \cdot \tanh(C_t) \cdot \sigma(o_t)(1-\sigma(o_t))",
        r"\frac{dL}{dC_t} += \frac{dL}{dh_t} \odot o_t \odot (1 - \tanh(C_t)^2)",
        r"\frac{dL}{dC_t} += \frac{dL}{dh_t} \odot o_t \odot (1 - \tanh(C_t))",
        r"\frac{dL}{dW_f} = \sum_t \frac{dL}{df_t} \odot f_t \odot (1-f_t) [h_{t-1}, x_t]^T",
    )
    assert verdicts(text) == [
        "right", "right", "right", "wrong", "right", "undecided", "right",
    ]  # fmt: skip


def test_two_layers_of_row_vectors_with_digits_in_the_names() -> None:
    text = "The network works on row vectors.\n\n" + block(
        r"h1_t = x_t \cdot U + s1_{t-1} \cdot W1 + b1 \tag{1}",
        r"s1_t = \tanh(h1_t)",
        r"h2_t = s1_t \cdot Q + s2_{t-1} \cdot W2 + b2",
        r"s2_t = \tanh(h2_t)",
        r"z_t = s2_t \cdot V + c",
        r"Loss = loss(z_\tau)",
        r"\frac{\partial Loss}{\partial h2_t} = (dh2_{t+1} \cdot W2^T) \odot \sigma'(s2_t) "
        r"\rightarrow dh2_t \tag{2}",
        r"\frac{\partial Loss}{\partial h1_t} = (dh1_{t+1} \cdot W1^T + dh2_t\cdot Q^T) "
        r"\odot \sigma'(s1_t) \rightarrow dh1_t",
        r"\frac{\partial Loss}{\partial h1_t} = (dh1_{t+1} \cdot W1^T) \odot \sigma'(s1_t)",
        r"\frac{\partial Loss}{\partial W1} = s1^T_{t-1} \cdot dh1_t \rightarrow dW1",
        r"\frac{\partial Loss}{\partial U} = \sum_{t=1}^\tau x_t^T dh1_t",
    )
    assert verdicts(text) == ["right", "right", "wrong", "right", "right"]


def test_steps_above_and_delta_before_the_name() -> None:
    text = block(
        r"""\begin{align}
\hat{a}^t &= W_c x^t + U_c h^{t-1} & a^t &= \tanh(\hat{a}^t) \\
\hat{f}^t &= W_f x^t + U_f h^{t-1} & f^t &= \sigma(\hat{f}^t)
\end{align}""",
        r"c^t = a^t + f^t \odot c^{t-1}",
        r"h^t = \tanh(c^t)",
        r"\delta c^t \color{red}+= \color{black} \delta h^t \odot (1 - \tanh^2(c^t))",
        r"\begin{align} \therefore \delta a^t &= \delta c^t & \therefore \delta c^{t-1} &= "
        r"\delta c^t \odot f^t \end{align}",
        r"\delta \hat{f}^t = \delta f^t \odot f^t \odot (1 - f^t)",
        r"\delta \hat{f}^t = \delta f^t \odot (1 - f^t)",
        r"\delta W_f^t = \delta \hat{f}^t \times (x^t)^T",
    )
    assert verdicts(text) == ["right", "right", "right", "right", "wrong", "right"]


def test_steps_in_parentheses_and_what_is_still_to_come() -> None:
    text = block(
        r"f(t) = \sigma(W_{fx} x(t) + W_{fh} h(t-1) + b_f)",
        r"s(t) = g(t) + s(t-1) * f(t)",
        r"h(t) = s(t) * o(t)",
        r"L(t) = \sum_{s=t}^{T} l(s)",
        r"\frac{dL(t)}{dh(t)} = \frac{dl(t)}{dh(t)} + \frac{dL(t+1)}{dh(t)}",
        r"\frac{dL(t)}{dh_i(t)} = \frac{dl(t)}{dh_i(t)}",
    )
    assert verdicts(text) == ["right", "wrong"]


def test_an_abstract_network_and_an_index_too_many() -> None:
    text = "We have $h_t = f(x_t, h_{t-1}, w_h)$, $o_t = g(h_t, w_o)$.\n\n" + block(
        r"L(x_1, \ldots, x_T, w_h, w_o) = \frac{1}{T}\sum_{t=1}^T l(y_t, o_t)",
        r"\begin{aligned}\frac{\partial L}{\partial w_h} &= \frac{1}{T}\sum_{t=1}^T "
        r"\frac{\partial l(y_t, o_t)}{\partial o_t} \frac{\partial g(h_t, w_o)}{\partial h_t} "
        r"\frac{\partial h_t}{\partial w_h}\end{aligned}",
        r"\frac{\partial h_t}{\partial w_h}=\frac{\partial f(x_t,h_{t-1},w_h)}{\partial w_h}+"
        r"\sum_{i=1}^{t-1}\left(\prod_{j=i+1}^{t}\frac{\partial f(x_j,h_{j-1},w_h)}"
        r"{\partial h_{j-1}}\right)\frac{\partial f(x_i,h_{i-1},w_h)}{\partial w_h}",
        r"\frac{\partial h_t}{\partial w_h}=\frac{\partial f(x_t,h_{t-1},w_h)}{\partial w_h}+"
        r"\sum_{i=1}^{t-1}\left(\prod_{j=i}^{t}\frac{\partial f(x_j,h_{j-1},w_h)}"
        r"{\partial h_{j-1}}\right)\frac{\partial f(x_i,h_{i-1},w_h)}{\partial w_h}",
        r"\frac{\partial L}{\partial w_h} = \sum_{t=1}^T "
        r"\frac{\partial l(y_t, o_t)}{\partial o_t} \frac{\partial g(h_t, w_o)}{\partial h_t} "
        r"\frac{\partial h_t}{\partial w_h}",
    )
    found = judged(text)
    names = [j.verdict.verdict for j in found]
    # (The products are of Jacobians, and their order is a reading.)
    assert names == ["right", "right_under_reading", "wrong", "wrong"]
    codes = [j.verdict.diagnosis.code for j in found[2:] if j.verdict.diagnosis]
    assert codes == ["BP005", "BP020"]


def test_a_mean_over_steps_that_are_written_out_is_missed() -> None:
    text = block(
        r"a_t = W s_{t-1} + U x_t,\quad s_t = \tanh(a_t),\quad z_t = V s_t",
        r"L = \frac13 \sum_{t=1}^3 l_t, \quad l_t = \|z_t - y_t\|^2",
        r"\frac{\partial L}{\partial s_2} = \frac{\partial l_2}{\partial s_2} + "
        r"\frac{\partial l_3}{\partial s_2}",
    )
    found = judged(text)[-1]
    assert found.verdict.verdict == "wrong"
    assert found.verdict.diagnosis is not None and found.verdict.diagnosis.code == "BP020"
    assert r"\frac{1}{3}" in (found.verdict.diagnosis.corrected or "")


def test_definitions_in_sentences_with_the_steps_left_out() -> None:
    text = (
        "Here s_t=tanh(Ux_t+Ws_{t-1}), yhat=softmax(Vs_t) and E=sum E_t.\n\n"
        + block(
            r"\begin{array}{c}\frac{\partial E_{3}}{\partial W}=\sum_{k=0}^{3} "
            r"\frac{\partial E_{3}}{\partial \hat{y}_{3}} "
            r"\frac{\partial \hat{y}_{3}}{\partial s_{3}}\left(\prod_{j=k+1}^{3} "
            r"\frac{\partial s_{j}}{\partial s_{j-1}}\right) \frac{\partial s_{k}}{\partial W}"
            r" \\ \frac{\partial E_{3}}{\partial W}=\frac{\partial E_{3}}{\partial \hat{y}_{3}} "
            r"\frac{\partial \hat{y}_{3}}{\partial s_{3}}\left(\prod_{j=2}^{3} "
            r"\frac{\partial s_{j}}{\partial s_{j-1}}\right) \frac{\partial s_{1}}{\partial W}"
            r"\end{array}"
        )
    )
    assert verdicts(text) == ["right", "wrong"]


def test_a_gated_unit_on_concatenated_rows() -> None:
    text = block(
        r"z_t = \sigma([x_t, h_{t-1}] \times W_z)",
        r"r_t = \sigma([x_t, h_{t-1}] \times W_r)",
        r"\widehat h_t = \tanh([x_t, r_t * h_{t-1}] \times W_h)",
        r"h_t = (1 - z_t) * h_{t-1} + z_t * \widehat h_t",
        r"\delta_{z_t} = \delta_{h_t} * (\widehat h_t - h_{t-1}) * \sigma'(z_t)",
        r"\delta_{z_t} = \delta_{h_t} * \widehat h_t * \sigma'(z_t)",
    )
    assert verdicts(text) == ["right", "wrong"]


def test_nobody_is_accused_of_what_is_not_written_down() -> None:
    lstm = "In an LSTM " + block(
        r"\frac{\partial c_t}{\partial c_{t-1}} = f_t",
        r"\frac{\partial c_t}{\partial c_{t-1}} = i_t",
    )
    assert verdicts(lstm) == ["right", "undecided"]
    state = block(
        r"a_t = w x_t + v h_{t-1}", r"\frac{\partial h_t}{\partial v} = h_{t-1}"
    )
    (claim,) = judged(state)
    assert claim.verdict.verdict == "undecided"
    assert "nothing defines h" in claim.verdict.note


def test_a_definition_that_cannot_be_read_lends_its_name_to_no_guess() -> None:
    text = block(
        r"h_t = \tanh(w h_{t-1} + u_t)",
        r"L = \max_t h_t",
        r"\frac{\partial L}{\partial h_t} = \frac{\partial L}{\partial h_{t+1}} w",
    )
    assert "wrong" not in verdicts(text)


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        (r"\frac{\partial h_t}{\partial w} = (1-h_t^2) h_{t-1}", "BP015"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = w", "BP019"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = h_t (1-h_t) w", "BP006"),
        (r"\frac{\partial h_T}{\partial h_1} = \prod_{t=1}^{T} (1-h_t^2) w", "BP005"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = (1-h_{t-1}^2) w", "BP004"),
    ],
)
def test_a_diagnosis_names_the_slip(formula: str, code: str) -> None:
    (claim,) = judged(block(r"h_t = \tanh(w h_{t-1} + u_t)", formula))
    assert claim.verdict.diagnosis is not None
    assert claim.verdict.diagnosis.code == code
    assert claim.verdict.diagnosis.corrected
