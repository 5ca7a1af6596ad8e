"""What exporters, editors and keyboards do to formulas, and fences that hold text."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.exported import as_meant
from tests.check.audited import last, verdicts

CELL = "$$p_t = \\tanh(A p_{t-1} + B x_t + c)$$\n\n"
SLOPE = r"\frac{\partial p_t}{\partial p_{t-1}}"


@pytest.mark.parametrize(
    "formula",
    [
        SLOPE + "\n======\n\n" + r"\mathrm{diag}(1 - p_t^2) A",
        r"\boxed{" + SLOPE + "\n===\n" + r"\mathrm{diag}(1 - p_t^2) A }",
        SLOPE + r" = \mathrm{diag}(1" + "\n-----\n" + "p_t^2) A",
        r"\frac{\part p_t}{\part p_{t-1}} = \mathrm{diag}(1 - p_t^2) A",
        r"\frac{\part{p_t}}{\part{p_{t-1}}} = \mathrm{diag}(1 - p_t \sdot p_t) A",
        r"\frac{\partial p*{t}}{\partial p*{t-1}} = \mathrm{diag}(1 - p*{t}^2) A",
        SLOPE + r" ＝ \mathrm{diag}(1 － p_t^2) A",
        SLOPE + r" = \mathrm{diag}(1 - p_t。p_t) A",
        SLOPE + r" = \mathrm{diag}(1 - p_t⨀p_t) A",
        r"\ \frac{\partial p_t}{\partial p_{t-1}} = \mathrm{diag}(1 - p_{}_t^2) A",
        SLOPE + r" = \mathrm{diag}\left( 1 \\ - p_t^2 \\ \right) A",
        r"\begin{aligned} " + SLOPE + r" &= \mathrm{diag}\left(1 \right. \\ &\quad \left. "
        r"- p_t^2 \right) A \end{aligned}",
    ],
)
def test_what_was_done_to_a_formula_on_its_way_is_undone(formula: str) -> None:
    assert verdicts(CELL + f"$$\n{formula}\n$$")[1:] == ["right"]
    slip = formula.replace("A", "A A", 1)
    assert last(CELL + f"$$\n{slip}\n$$") == "wrong"


def test_a_row_ends_where_an_equation_begins_although_a_bracket_was_forgotten() -> None:
    rows = r"p_t = \tanh(A p_{t-1} + B x_t + c \\ q_t = (p_t) \\ r_t = q_t)"
    (formula,) = document_from_text(f"$$ {rows} $$", "a.md").formulas
    assert as_meant(formula).latex.count(r"\\") == 2


@pytest.mark.parametrize("fence", ["```", "~~~~", "````"])
@pytest.mark.parametrize("name", ["dropdown", "admonition", "prf:proof", "solution"])
def test_a_directive_holds_text(fence: str, name: str) -> None:
    body = f"{fence}{{{name}}} Title\n:class: tip\n\n{CELL}$${SLOPE} = A$$\n{fence}\n\n"
    assert verdicts(body + f"$${SLOPE} = \\mathrm{{diag}}(1 - p_t^2) A$$") == [
        "not_a_claim", "wrong", "right",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["code-cell", "python", "r", "literalinclude"])
def test_a_directive_of_code_does_not(name: str) -> None:
    body = f"{CELL}```{{{name}}}\n$${SLOPE} = A$$\n```\n"
    assert verdicts(body) == ["not_a_claim"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("h<sub>t</sub> = tanh(Ah<sub>t-1</sub> + Bx<sub>t</sub>)", r"h_{t}"),
        ("h<SUB>t</SUB> = tanh(A h<SUB>t-1</SUB> + B x<SUB>t</SUB>)", r"h_{t}"),
    ],
)
def test_scripts_of_a_page_are_scripts(words: str, expected: str) -> None:
    text = f"The state is {words}, so that\n\n$$\\frac{{\\partial h_t}}{{\\partial h_{{t-1}}}} = "
    assert last(text + r"\mathrm{diag}(1 - h_t^2) A$$") == "right"
    assert last(text + r"\mathrm{diag}(1 - h_t) A$$") == "wrong"
    assert expected in document_from_text(words, "a.md").plain[0].latex


@pytest.mark.parametrize("total", ["Σ(t=1 to T)", "Σ_{t=1..T}", "sum(t=1..T)", "∑[t=1 to T]"])
def test_a_sum_in_a_line_has_its_range_beside_it(total: str) -> None:
    text = f"```\nh_t = tanh(A · h_{{t-1}} + B · x_t)\nL = {total} L_t\n"
    claim = f"∂L/∂B = {total} ∂L_t/∂B\n```\n"
    assert last(text + claim) == "right"
    assert last(text + claim.replace("1", "2")) == "wrong"


def test_a_formula_in_a_box_goes_on_in_the_next_line() -> None:
    text = "```\n┌────┐\n│ h_t = tanh(A · h_{t-1} + B · x_t)   │\n│ L = Σ_t L_t   │\n"
    right = "│ ∂L/∂h_t = ∂L_t/∂h_t   │\n│      + ∂L/∂h_{t+1} · ∂h_{t+1}/∂h_t   │\n└────┘\n```\n"
    assert last(text + right) == "right"
    assert last(text + right.replace("∂h_{t+1}/∂h_t", "∂h_t/∂h_{t-1}")) == "wrong"


@pytest.mark.parametrize(
    "display",
    [
        "[\n{}\n]",
        "[ {} ]",
        "  [\n  {}\n  ]",
        "{}",
        "$$\n{}\n$$",
    ],
)
def test_a_display_that_lost_its_backslashes(display: str) -> None:
    right = SLOPE + r" = \mathrm{diag}(1 - p_t^2) A"
    for formula, expected in ((right, "right"), (right.replace("1 -", "2 -"), "wrong")):
        found = verdicts(f"{CELL}So that\n\n{display.format(formula)}\n\nfollows.")
        assert found == ["not_a_claim", expected]


@pytest.mark.parametrize(
    "text",
    [
        "[\n1, 2,\n3\n]",
        "[ see \\ref{a}: the text goes on ]",
        "- [ ] \\frac{\\partial p}{\\partial A} = is a task to do",
        "\\frac{\\partial p}{\\partial A} = what the next paragraph explains in words",
        "```\n[\n\\frac{\\partial p}{\\partial A} = 0\n]\n```",
    ],
)
def test_other_brackets_are_no_display(text: str) -> None:
    assert verdicts(CELL + text) == ["not_a_claim"]


@pytest.mark.parametrize(
    "argument", [r"(\cdot)", r"(\ldots)", r"\left(\cdot\right)", "(…)", "(...)", r"(\bullet)"]
)
def test_a_slope_where_it_is_taken(argument: str) -> None:
    for slope in (rf"\tanh'{argument}", rf"1 - \tanh^2{argument}", rf"1 - \tanh^{{2}}{argument}"):
        claim = rf"$${SLOPE} = \mathrm{{diag}}({slope}) A$$"
        assert last(CELL + claim) == "right"
        assert last(CELL + claim.replace(") A$$", ") A^T$$")) == "wrong"


@pytest.mark.parametrize("name", [r"p_k\ (k \leq t)", r"t\ (1 \leq t \leq T)", r"A \; (t > 0)"])
def test_of_which_steps_a_name_is_meant_claims_nothing(name: str) -> None:
    assert verdicts(f"{CELL}The states ${name}$ are kept.") == ["not_a_claim"]


@pytest.mark.parametrize("accent", [r"\tilde", r"\hat", r"\bar"])
@pytest.mark.parametrize("font", [r"\boldsymbol", r"\mathbf"])
def test_a_font_within_an_accent(accent: str, font: str) -> None:
    text = f"$${accent} {font} k_t = \\tanh(A k_{{t-1}}), \\quad k_t = {accent}{font}{{k}}_t$$\n\n"
    name = rf"{accent}{{{font}{{k}}}}"
    assert last(rf"{text}$$\frac{{\partial {name}_t}}{{\partial k_{{t-1}}}} = "
                rf"\mathrm{{diag}}(1 - {accent} {font} k_t^2) A$$") == "right"  # fmt: skip


def test_the_logarithm_of_a_keyboard() -> None:
    text = "$$k_t = \\tanh(A k_{t-1} + B x_t), \\quad \\hat y_t = \\mathrm{softmax}(V k_t)$$\n\n"
    text += "$$L = \\sum_t L_t = \\sum_t -(y_tln\\hat y_t)$$\n\n"
    claim = r"$$\frac{\partial L}{\partial V} = \sum_t (\hat y_t - y_t) k_t^T$$"
    assert last(text + claim) == "right"
    assert last(text + claim.replace(r"\hat y_t - y_t", r"y_t - \hat y_t")) == "wrong"


NETS = r"""$$\operatorname{net}_{t}=U x_t+W s_{t-1}, \quad s_t = f(\operatorname{net}_t)$$

"""


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{\partial \text { net }_{t}}{\partial \text { net }_{t-1}} = "
        r"\operatorname{Wdiag}\left[f^{\prime}\left(\operatorname{net}_{t-1}\right)\right]",
        r"\frac{\partial \mathrm{net}_{t}}{\partial n e t_{t-1}} = "
        r"W \operatorname{diag}\left[f^{\prime}\left(\text{ net }_{t-1}\right)\right]",
    ],
)
def test_names_of_three_letters_as_programs_read_them_off(formula: str) -> None:
    assert last(f"{NETS}$${formula}$$") == "right"
    assert last(f"{NETS}$${formula.replace('= ', '= W ')}$$") == "wrong"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"\mathbf{\hat{y}_t}", r"\hat{\mathbf{y}}_t"),
        (r"\boldsymbol{\tilde c}_t", r"\tilde{\boldsymbol{c}}_t"),
        (r"\sigma(W \mathbf{x_t)}", r"\sigma(W \mathbf{x}_t)"),
        (r"\mathbf{x_{[t-1]}}", r"\mathbf{x}_{t-1}"),
        (r"\mathrm{~s}_{t-1}", r"\mathrm{s}_{t-1}"),
        (r"\mathbf{\ h}_t", r"\mathbf{h}_t"),
    ],
)
def test_what_slipped_into_the_braces_of_a_font(written: str, meant: str) -> None:
    (formula,) = document_from_text(f"$$ a = {written} $$", "a.md").formulas
    assert as_meant(formula).latex.strip() == f"a = {meant}"


def test_what_is_below_the_bar_keeps_its_braces() -> None:
    for beyond in (r"\frac{d p_t} {d p_{t-1}}", r"\frac{dp_t} {dp_{t-1}}"):
        assert last(CELL + f"$${beyond} = \\mathrm{{diag}}(1 - p_t^2) A$$") == "right"
        assert last(CELL + f"$${beyond} = \\mathrm{{diag}}(1 - p_t^2) A A$$") == "wrong"


def test_a_font_around_a_function_and_what_it_is_of() -> None:
    for font in (r"\mathrm{%s}", r"\text{%s}", r"\operatorname{%s}"):
        claim = r"$$\frac{\partial p_t}{\partial p_{t-1}} = %s A$$"
        assert last(CELL + claim % (font % "diag(1 - p_t^2)")) == "right"
        assert last(CELL + claim % (font % "diag(1 - p_{t-1}^2)")) == "wrong"


def test_the_exponential_function_with_its_argument_above() -> None:
    (formula,) = document_from_text(r"$$ a = \exp ^{x_i} + \exp^y $$", "a.md").formulas
    assert as_meant(formula).latex.strip() == r"a = \exp(x_i) + \exp(y)"


def test_the_logistic_function_by_the_word_for_its_letter() -> None:
    text = r"$$i_t = sigma(W_i [h_{t-1}, x_t]), \quad c_t = c_{t-1} + i_t \odot x_t$$" "\n\n"
    claim = r"$$\frac{\partial c_t}{\partial i_t} = \mathrm{diag}(x_t)$$"
    assert last(text + claim) == "right"
    slope = r"$$\frac{\partial h_t}{\partial a_t} = \mathrm{diag}(h_t \odot (1 - h_t))$$"
    assert last(r"$$h_t = sigma(a_t), \quad a_t = W h_{t-1} + U x_t$$" "\n\n" + slope) == "right"
