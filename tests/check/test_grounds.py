"""What an accusation rests on: a slip that is named, or the formula as it stands on the page."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import Judged
from bptt_sym.documents.document import document_from_text

CELL = r"""
$$q_t = A s_{t-1} + B x_t + d, \qquad s_t = \tanh(q_t)$$
$$\hat{y}_t = \text{softmax}(G s_t + e)$$
"""
ONE = "$$s_t = \\tanh(A s_{t-1} + B x_t + d)$$"
ROWS = r"""
$$s_t = \tanh(s_{t-1} A + x_t B)$$ and $J = \sum_t J_t$.
"""


def last(text: str) -> Judged:
    return audit(document_from_text(text, "n.md"))[-1]


def test_a_mark_that_no_text_explains_accuses_nobody() -> None:
    # dy_t is the gradient by the scores, not by the label y_t.
    said = "Cross-entropy against $y_t$. With $dq_t = ds_t \\odot (1 - s_t^2)$ and"
    found = last(f"{CELL}\n{said}\n$$dy_t = \\hat{{y}}_t - y_t$$\n")
    assert found.verdict.verdict != "wrong"


def test_a_mark_that_another_formula_confirms_accuses() -> None:
    right = "$$dq_t = ds_t \\odot (1 - s_t^2)$$"
    odd = "$$dq_t = ds_t \\odot \\exp(s_t)$$"
    assert last(CELL + odd).verdict.verdict == "undecided"
    assert last(CELL + right + odd).verdict.verdict == "wrong"


def test_a_mark_accuses_where_its_slip_is_named() -> None:
    found = last(CELL + "\n$$dq_t = ds_t \\odot (1 - s_{t-1}^2)$$\n")
    assert found.verdict.verdict == "wrong"
    assert found.verdict.diagnosis is not None


@pytest.mark.parametrize("bar", [r"\Bigr|_{(t-1)}", r"\Big|_{t-1}"])
def test_a_share_is_that_of_the_step_at_its_bar(bar: str) -> None:
    share = (
        rf"$$\frac{{\partial J}}{{\partial A}}{bar} = "
        r"s_{t-2}^\top (\frac{\partial J}{\partial s_{t-1}} \odot (1 - s_{t-1}^2))$$"
    )
    assert last(ROWS + share).verdict.verdict != "wrong"


@pytest.mark.parametrize("size", ["|B| = 10000", "PP = 512", "n = 20"])
def test_a_size_claims_nothing(size: str) -> None:
    found = audit(document_from_text(CELL + f"\nWith $${size}$$ words.", "n.md"))[-1]
    assert found.verdict.verdict == "not_a_claim"


def test_a_limit_with_its_condition_before_it_accuses_nobody() -> None:
    limit = r"$$\left\| \prod_{j=k+1}^{t} A^\top \text{diag}(1 - s_j^2) \right\| \to 0$$"
    said = r"If every eigenvalue is small ($\rho(A) < 1$), the product of these matrices:"
    assert last(f"{ONE}\n{said}\n\n{limit}\n").verdict.verdict == "undecided"
    assert last(f"{ONE}\nIn every network\n\n{limit}\n").verdict.verdict == "wrong"


def test_a_state_is_no_gate_whose_slope_delta_could_have() -> None:
    text = (
        "$s_t = \\tanh(A s_{t-1} + B x_t)$, loss $L = \\sum_t L_t$ and "
        "$\\delta_t = \\frac{\\partial L}{\\partial s_t}$. In all: "
    )
    without = last(text + "$$dA = \\sum_t \\delta_t s_{t-1}^\\top$$")
    assert without.verdict.verdict == "wrong"
    whole = last(text + "$$dA = \\sum_t (\\delta_t \\odot (1 - s_t^2)) s_{t-1}^\\top$$")
    assert whole.verdict.is_right


@pytest.mark.parametrize(
    "written",
    [
        r"\frac{\partial s_t}{\partial s_{t-1}} = diag(1 - s_t^2) A \tag{3}\\{}",
        r"\displaylines{\frac{\partial s_t}{\partial s_{t-1}} = diag(1 - s_t^2) A}",
        r"\frac{\partial s_t}{\partial s_{t-2}} = diag(1 - s_t^2) A . \frac{\partial s_{t-1}}"
        r"{\partial s_{t-2}}",
        r"\begin{aligned} \frac{\partial s_t}{\partial s_{t-1}} &= diag(1 - s_t^2) A "
        r"\text{   chain rule} \\ &= diag(1 - s_t \odot s_t) A \end{aligned}",
    ],
)
def test_marks_of_editors_do_not_stand_in_the_way(written: str) -> None:
    right = audit(document_from_text(f"{CELL}\n$${written}$$\n", "n.md"))
    assert right[-1].verdict.is_right
    wrong = audit(document_from_text(f"{CELL}\n$${written}$$\n".replace("1 - s_t", "1 + s_t"), "n"))
    assert wrong[-1].verdict.verdict == "wrong"


def test_steps_between_signs_of_order() -> None:
    text = (
        "$a^{<t>}=\\tanh(v a^{<t-1>} + w x^{<t>})$\n\n"
        "$$\\frac{\\partial a^{<t>}}{\\partial a^{<t-1>}} = (1 - (a^{<t>})^2) %s$$"
    )
    assert last(text % "v").verdict.is_right
    assert last(text % "w").verdict.verdict == "wrong"


def test_two_signs_of_a_product_without_brackets_accuse_nobody() -> None:
    text = "$$s_t = \\tanh(A s_{t-1} + B x_t)$$\n$$o_t = G s_t$$ with $J = \\sum_t J_t$.\n"
    flows = (
        r"$$\nabla_{s_t} J = G^T \cdot \nabla_{o_t} J + A^T \cdot \nabla_{s_{t+1}} J "
        r"* (1 - \tanh(A s_t + B x_{t+1})^2)$$"
    )
    assert last(text + flows).verdict.verdict != "wrong"
    assert (
        last(text + flows.replace("*", r"\odot").replace("t+1", "t+2")).verdict.verdict == "wrong"
    )


def test_what_may_be_the_share_of_one_step_accuses_nobody_without_a_slip() -> None:
    argument = "R_{qq} \\cdot q_{t-1} + R_{xq} \\cdot x_t + b"
    text = (
        f"$$q_t = \\tanh({argument})$$\n\n$$z_t = {argument}$$\n\n$$q_t = \\tanh(z_t)$$\n\n"
        "$$d_{\\tanh} = (1 - q_t^2) \\odot dq_{\\text{next}}$$\n\n"
        "$$dR_{qq} = d_{\\tanh}^T \\cdot q_{t-1}$$\n\n"
        "$$dq_{\\text{prev}} = d_{\\tanh} \\cdot R_{qq}$$\n\n"
    )
    *_, product, _ = audit(document_from_text(text, "n.md"))
    assert product.verdict.verdict == "undecided"  # an outer product where vectors are rows


def test_a_chain_through_one_of_two_states_outlines_what_happens() -> None:
    lstm = "".join(
        f"$${gate}_t = {f}(A_{gate} q_{{t-1}} + B_{gate} x_t)$$\n\n"
        for gate, f in (("f", r"\sigma"), ("i", r"\sigma"), ("o", r"\sigma"), ("g", r"\tanh"))
    )
    lstm += "$$c_t = f_t \\odot c_{t-1} + i_t \\odot g_t, \\quad q_t = o_t \\odot \\tanh(c_t)$$\n\n"
    chain = (
        r"$$\frac{\partial L}{\partial q_t} = \frac{\partial L}{\partial q_{t+1}} \cdot"
        r" \frac{\partial q_{t+1}}{\partial q_t}$$"
    )
    assert last(lstm + chain).verdict.verdict == "undecided"
    given = "$$L = \\sum_{t=1}^T \\ell(q_t)$$\n\n"
    assert last(lstm + given + chain).verdict.verdict == "wrong"


def test_conditions_from_which_words_follow_claim_nothing() -> None:
    text = (
        "$$q_t = \\tanh(R q_{t-1} + P x_t)$$\n\n"
        "$$\\begin{aligned} \\sigma_{\\max}(R) > 1 &\\Longrightarrow \\text{they explode}, \\\\\n"
        "\\sigma_{\\max}(R) < 1 &\\Longrightarrow \\text{they vanish}. \\end{aligned}$$\n\n"
    )
    found = audit(document_from_text(text, "n.md"))[1:]
    assert [j.verdict.verdict for j in found] == ["not_a_claim", "not_a_claim"]
