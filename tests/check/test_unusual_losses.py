r"""Losses by letters that few use for one: ``\mathcal{R}``, ``\mathscr{Q}``, the cost K."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.passes import spelt
from tests.check.audited import judged, of_claims, shown

CELL = r"$$h_t = \tanh(W h_{t-1} + U x_t), \quad y_t = V h_t$$" "\n\n"
GRADIENT = (
    r"\frac{\partial %(L)s}{\partial W} = \sum_{t=1}^T \operatorname{diag}(1 - h_t^2)"
    r" \frac{\partial %(L)s}{\partial h_t} h_{t-1}^\top"
)
SLIPPED = GRADIENT.replace("h_{t-1}", "h_t")


@pytest.mark.parametrize(
    "loss",
    [r"\mathcal{R}", r"\mathcal R", r"\mathscr{Q}", r"\mathfrak{F}", r"\boldsymbol{\mathcal{L}}",
     r"\bm{\mathscr{R}}"],
)  # fmt: skip
def test_a_letter_in_script_type_that_is_differentiated_is_the_loss(loss: str) -> None:
    found = of_claims(CELL + shown(GRADIENT % {"L": loss}, SLIPPED % {"L": loss}))
    assert found == ["right", "wrong"]


@pytest.mark.parametrize("loss", ["R", "K", "F", r"\Phi"])
@pytest.mark.parametrize(
    "said",
    ["The cost function is ${}$.", "We minimise the loss ${}$.", "Let ${}$ be the total loss.",
     r"the objective \( {} \) is", "损失函数为 ${}$"],
)  # fmt: skip
def test_a_capital_that_the_words_call_a_loss(loss: str, said: str) -> None:
    formulas = shown(GRADIENT % {"L": loss}, SLIPPED % {"L": loss})
    if "为" in said:
        said = said.replace("为 ", "")
    assert of_claims(CELL + said.format(loss) + "\n\n" + formulas) == ["right", "wrong"]
    assert "right" not in of_claims(CELL + formulas)


def test_what_something_is_differentiated_by_or_multiplied_with_is_no_loss() -> None:
    by = r"\frac{\partial \mathcal{H}}{\partial W} = \frac{\partial y}{\partial \mathcal{H}}"
    for formula in (by, r"\frac{\partial \mathcal{G}}{\partial W} = \mathcal{G} h_t"):
        document = document_from_text(CELL + shown(formula), "n.md")
        assert spelt(document).texts[-1] == formula
    both = r"\frac{\partial \mathcal{R}}{\partial W} = \frac{\partial \mathcal{Q}}{\partial W}"
    assert spelt(document_from_text(CELL + shown(both), "n.md")).texts[-1] == both


def test_the_loss_keeps_its_letter_in_what_is_said() -> None:
    found = judged(CELL + shown(GRADIENT % {"L": r"\mathcal{R}"}))[-1].verdict
    assert found.assumptions == (r"\mathcal{R} is the sum of the losses of the steps",)


def test_a_loss_of_a_step_and_the_derivative_by_it() -> None:
    by_one = r"\frac{\partial \mathcal{R}}{\partial \mathcal{R}_t} = 1"
    by_steps = r"\frac{\partial R}{\partial W} = \sum_t \frac{\partial R_t}{\partial %s}"
    by_steps = by_steps.replace("R", r"\mathcal{R}")
    formulas = shown(by_one, by_steps % "W", by_steps % "U")
    assert of_claims(CELL + formulas) == ["right", "right", "wrong"]
