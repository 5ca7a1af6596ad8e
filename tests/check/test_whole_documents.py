"""Whole documents: what they suppose, define by example, and leave to the reader."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.check.document import document_from_text

ACCEPTED = ("right", "right_under_reading")


def verdicts(text: str) -> dict[str, str]:
    """The verdict of each formula of ``text`` by its LaTeX, both kinds of "right" as one."""
    found = audit(document_from_text(text, "n.md"))
    return {
        "".join(j.latex.split()): "right" if j.verdict.verdict in ACCEPTED else j.verdict.verdict
        for j in found
    }


def of(text: str, formula: str) -> str:
    return verdicts(text)["".join(formula.split())]


CELL = "$$h_t = \\tanh(W h_{t-1} + U x_t + b)$$\n\n"


@pytest.mark.parametrize(
    "formula",
    [r"W > 1", r"|\lambda_{\max}| < 1", r"\rho(W) < 1", r"\|W\| \geq \frac{1}{\gamma}"],
)
def test_a_condition_on_the_parameters_claims_nothing(formula: str) -> None:
    assert of(CELL + f"| ${formula}$ | gradients shrink |\n", formula) == "not_a_claim"


@pytest.mark.parametrize(
    "sentence",
    ["If ${}$, they vanish.", "Wenn ${}$ ist.", "若 ${}$，則梯度消失。", "${}$이면 사라진다."],
)
def test_a_jacobian_bounded_in_an_if_clause_is_no_claim(sentence: str) -> None:
    bound = r"\left\|\frac{\partial h_t}{\partial h_{t-1}}\right\| < 1"
    assert of(CELL + sentence.format(bound), bound) == "not_a_claim"
    assert of(CELL + f"We have ${bound}$ always.", bound) == "wrong"


def test_fragments_cases_updates_and_expectations_claim_nothing() -> None:
    text = CELL + (
        "with values $< 1$; the case $h_t = 0$; "
        "$$W = W - \\eta \\frac{\\partial L}{\\partial W}$$\n\n"
        "$$\\mathbb{E}[h_t] = 1$$\n\nthe product $\\prod_{j=1}^{k} \\frac{\\partial h_{j}}"
        "{\\partial h_{j-1}}$\n\n$$\\frac{\\partial h_t}{\\partial h_{t-1}} \\approx W$$"
    )
    assert set(verdicts(text).values()) == {"not_a_claim"}
    assert of(text + "\n\n$$h_0 = 0$$\n\n$$\\frac{\\partial h_1}{\\partial W} = 0$$",
              r"\frac{\partial h_1}{\partial W} = 0") == "right"  # fmt: skip


def test_a_recurrence_that_is_only_shown_at_some_steps() -> None:
    text = (
        "$$s_1 = \\tanh(A s_0 + B x_1)$$\n$$s_2 = \\tanh(A s_1 + B x_2)$$\n$$\\vdots$$\n"
        "$$s_T = \\tanh(A s_{T-1} + B x_T)$$\n\n"
    )
    right = r"\frac{\partial s_j}{\partial s_{j-1}} = \mathrm{diag}(1 - s_j^2) A"
    wrong = r"\frac{\partial s_j}{\partial s_{j-1}} = \mathrm{diag}(1 - s_{j-1}^2) A"
    found = verdicts(text + f"$${right}$$\n\n$${wrong}$$")
    assert found["".join(right.split())] == "right"
    assert found["".join(wrong.split())] == "wrong"


def test_a_later_cell_does_not_take_the_place_of_the_one_by_example() -> None:
    text = "$$h_2 = \\tanh(A h_1 + B x_2)$$\n\n"
    claim = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) A"
    later = "\n\n# Another\n\n$h_t = (1 - z_t) \\odot h_{t-1} + z_t \\odot g_t$"
    assert of(text + f"$${claim}$$" + later, claim) == "right"


def test_rows_that_go_on_with_a_named_gradient_are_claims() -> None:
    rows = (
        r"\delta_t = \frac{\partial L}{\partial h_t} &= \frac{\partial L_t}{\partial h_t} + "
        r"\left(\frac{\partial h_{t+1}}{\partial h_t}\right)^\top \delta_{t+1} \\[2pt]"
        r"&= \frac{\partial L_t}{\partial h_t} + W^\top \mathrm{diag}(1-h_{t+1}^2)"
        r"\frac{\partial L}{\partial h_{t+1}} \\[2pt]"
        r"&= \frac{\partial L_t}{\partial h_t} + \mathrm{diag}(1-h_{t+1}^2) W"
        r"\frac{\partial L}{\partial h_{t+1}}"
    )
    text = CELL + "$$L = \\sum_t L_t$$\n\n$$\\begin{aligned}" + rows + "\\end{aligned}$$"
    found = audit(document_from_text(text, "n.md"))[2:]
    verdict = [j.verdict.verdict for j in found]
    assert [v in ACCEPTED for v in verdict] == [True, True, False]
    assert verdict[2] == "wrong"


@pytest.mark.parametrize("square", [r"\|o_t - y_t\|^2", r"\|o_t - y_t\|_2^2", r"|o_t - y_t|^2",
                                    r"(o_t - y_t)^2"])  # fmt: skip
def test_the_square_of_a_vector_is_a_number_in_a_loss(square: str) -> None:
    text = CELL + f"$$o_t = V h_t$$\n\n$$L_t = \\tfrac12 {square}$$\n\n$$L = \\sum_t L_t$$\n\n"
    right = r"\frac{\partial L}{\partial V} = \sum_t (o_t - y_t) h_t^\top"
    wrong = r"\frac{\partial L}{\partial V} = \sum_t 2 (o_t - y_t) h_t^\top"
    found = verdicts(text + f"$${right}$$\n\n$${wrong}$$")
    assert found["".join(right.split())] == "right"
    assert found["".join(wrong.split())] == "wrong"


def test_a_definition_behind_where_and_a_script_inside_of_an_accent() -> None:
    text = CELL + (
        "$$\\hat{y_t} = V h_t$$\n\n"
        "$$L = \\sum_{t=1}^T L_t, \\quad \\text{where } L_t = \\frac12 |\\hat{y_t} - y_t|^2$$\n\n"
    )
    right = r"\frac{\partial L}{\partial V} = \sum_t (\hat{y}_t - y_t) h_t^\top"
    assert of(text + f"$${right}$$", right) == "right"


def test_the_name_of_an_argument_is_linked_to_its_activation() -> None:
    text = CELL + "$$a_t = U x_t + W h_{t-1} + b$$\n\n$$L = \\sum_t L_t$$\n\n"
    right = r"\frac{\partial L}{\partial W} = \sum_t \frac{\partial L}{\partial a_t} h_{t-1}^\top"
    assert of(text + f"$${right}$$", right) == "right"
    idle = CELL + "$$a_t = W h_{t-1} + V x_t$$\n\n$$L = \\sum_t L_t$$\n\n"
    assert of(idle + f"$${right}$$", right) == "undecided"
