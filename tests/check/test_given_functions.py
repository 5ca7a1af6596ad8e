r"""Steps that are given as functions of any arguments, and other marks of lecture notes."""

from __future__ import annotations

import re

import pytest

from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.passes import spelt
from tests.check.audited import of_claims, shown, verdicts

JACOBIAN = (
    r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(\phi'(W h_{t-1} + U x_t)) W",
    r"\frac{\partial h_t}{\partial h_{t-1}} = W \operatorname{diag}(\phi'(W h_{t-1} + U x_t))",
)


@pytest.mark.parametrize(
    "given",
    [
        r"$h_t = F_\theta(h_{t-1}, x_t)$ where "
        r"$F_{U,W}(\mathbf h, \mathbf x) = \phi(W\mathbf h + U\mathbf x)$",
        r"$h_t = f(h_{t-1}, x_t; \theta)$ with $f(h, x; \theta) := \phi(W h + U x)$",
        r"$f(x, h) = \phi(W h + U x)$, and so $h_t = f(x_t, h_{t-1})$",
        r"$f(a, b) = \phi(W a + U b)$, and so $h_t = f(h_{t-1}, x_t)$",
        r"$h_t = \phi \circ G(h_{t-1}, x_t), \quad G(h, x) = W h + U x$",
        r"$\bar F\left(h, x\right) = W h + U x$. So $h_t = \phi\circ \bar F(h_{t-1}, x_t; w)$",
    ],
)
def test_a_step_as_a_function_of_any_arguments(given: str) -> None:
    assert of_claims(f"{given}.\n\n{shown(*JACOBIAN)}") == ["right", "wrong"]


@pytest.mark.parametrize(
    "given",
    [
        r"$h_t = f(h_{t-1}, x_t)$, $f(h, x) = \phi(W h + U x)$, $f(h, x) = \phi(W h)$",  # two
        r"$h_t = \sigma(W h_{t-1})$, $\sigma(x) = 1/(1 + e^{-x})$",  # an activation
        r"$h_t = f(h_{t-1})$, $f(h, x) = \phi(W h + U x)$",  # an argument too few
        r"$\nabla f(h_{t-1}, x_t) = 1$, $f(h, x) = \phi(W h + U x)$",
    ],
)
def test_what_stays_a_name(given: str) -> None:
    document = document_from_text(given, "n.md")
    assert document.formulas[0].latex in spelt(document).texts


@pytest.mark.parametrize(
    "slope", [r"\dot\phi(", r"\dot{\phi}\left(", r"\Dot \phi (", r"\Dot{\phi}\bigl("]
)
def test_a_dot_is_the_derivative_of_a_function(slope: str) -> None:
    closing = r"\right)" if "left" in slope else r"\bigr)" if "bigl" in slope else ")"
    row = (
        r"\frac{\partial h_t}{\partial h_{t-1}} = "
        rf"\mathrm{{diag}}({slope} W h_{{t-1}} + U x_%s{closing}) W"
    )
    cell = r"$$h_t = \phi(W h_{t-1} + U x_t)$$" "\n\n"
    right, slipped = of_claims(cell + shown(row % "t", row % "{t-1}"))
    assert right == "right"
    assert slipped != "right"


def test_a_dot_on_a_state_is_none() -> None:
    text = r"$$\dot h(t) = -h(t) + W f(h(t))$$"
    assert spelt(document_from_text(text, "n.md")).texts == [text.strip("$")]


@pytest.mark.parametrize("bold", ["mathbf", "boldsymbol", "bm"])
def test_bold_around_more_than_a_name(bold: str) -> None:
    cell = r"$$B{h^t} = \tanh(B{Wh^{t-1} + Ux^t + b}), \quad B{y^t = Vh^t}$$" "\n\n"
    rows = (
        r"\frac{\partial B{h^t}}{\partial B{h^{t-1}}} = \mathrm{diag}(1 - (B{h^t})^2) B{W}",
        r"\frac{\partial B{y}^t}{\partial B{h}^t} = B{V}",
        r"\|B{AC}\|_2 \le \|B{A}\|_2 \|B{C}\|_2",
        r"\frac{\partial B{y}^t}{\partial B{h}^t} = B{W}",
    )
    text = re.sub(r"B(?=\{)", rf"\\{bold}", cell + shown(*rows))
    assert of_claims(text) == ["right", "right", "right", "wrong"]


def test_a_word_in_bold_is_one_name() -> None:
    text = r"$$\mathbf{net}_t = W h_{t-1}, \quad \mathbf{in}_t = \mathbf{x}_t$$"
    assert r"\mathbf{n}" not in spelt(document_from_text(text, "n.md")).texts[0]


@pytest.mark.parametrize("matrix", ["W", r"\mathbf{W}", r"\mathbf W", r"\boldsymbol{W}"])
def test_entries_by_the_small_letter_of_a_matrix(matrix: str) -> None:
    cell = rf"$$h_t = \tanh({matrix} h_{{t-1}} + U x_t)$$" "\n\n"
    whole = (
        r"\frac{\partial L}{\partial w_{ij}} = \sum_{t=1}^T \frac{\partial L}{\partial h_{t,%s}}"
        r" (1 - h_{t,i}^2) h_{t-1,%s}"
    )
    assert of_claims(cell + shown(whole % ("i", "j"))) == ["right"]
    assert "right" not in of_claims(cell + shown(whole % ("j", "i"), whole % ("j", "j")))


def test_a_small_letter_with_an_equation_of_its_own_is_no_entry() -> None:
    text = (
        r"$$a = W h, \quad s_i = \sum_j w_{ij} c_j, \quad "
        r"\frac{\partial s_i}{\partial w_{ij}} = c_j$$"
    )
    assert "w_{ij} c_j" in spelt(document_from_text(text, "n.md")).texts[0]


def test_accents_and_bold_letters_by_other_commands() -> None:
    text = shown(
        r"\Hat{h}_t = \tanh(\bW \bh_{t-1} + \bfU \bx_t), \quad \bh_t = \Hat h_t",
        r"\frac{\partial \Hat{h}_t}{\partial \bh_{t-1}} = \mathrm{diag}(1 - \Hat{h}_t^2) \bfW",
        r"\frac{\partial \Hat{h}_t}{\partial \bh_{t-1}} = \bfW \mathrm{diag}(1 - \Hat{h}_t^2)",
    )
    right, slipped = verdicts(text)[-2:]
    assert right == "right"
    assert slipped != "right"
