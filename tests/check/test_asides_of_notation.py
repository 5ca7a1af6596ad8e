"""What stands beside a formula, or for it: limits with their variable, ∇ before a name, labels."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from tests.check.audited import judged, last, shown, verdicts

STATE = "$$h_t = \\tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h),\\quad y_t = W_{hy} h_t$$\n\n"
LOSS = "$$L = \\frac12 \\sum_t \\|y_t - d_t\\|^2$$\n\n"


IF = "If $\\|W_{hh}\\| < 1$ then\n"
J = r"\frac{\partial h_T}{\partial h_k}"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (rf"\lim_{{T\to\infty}} {J} = 0", "right"),
        (rf"\lim_{{T-k\to\infty}} \left\|{J}\right\| = 0.", "right"),
        (rf"\|{J}\| \to 0 \quad\text{{as }} T \to \infty", "right"),
        (rf"\|{J}\| \underset{{T\to\infty}}{{\longrightarrow}} 0", "right"),
        # neither another variable nor another value says this
        (rf"\lim_{{k\to\infty}} {J} = 0", "unreadable"),
        (rf"\lim_{{T\to\infty}} {J} = \infty", "undecided"),
        (rf"\lim_{{T\to\infty}} {J} = c", "unreadable"),
    ],
)
def test_a_limit_with_its_variable(formula: str, expected: str) -> None:
    assert last(STATE + IF + shown(formula)) == expected
    assert judged(STATE + IF + shown(formula))[-1].latex.split()[0] == formula.split()[0]


def test_a_limit_that_a_large_weight_does_not_have_is_not_right() -> None:
    assert last(STATE + shown(rf"\lim_{{T\to\infty}} {J} = 0")) != "right"


def test_nabla_before_a_name_is_the_gradient_by_it_where_a_row_gives_one() -> None:
    text = STATE + LOSS + "".join(
        map(
            shown,
            [
                r"\nabla y_t = y_t - d_t",
                r"\delta_t = (1 - h_t^2) \odot \nabla h_t",
                r"\nabla W_{hh} = \sum_t \delta_t h_{t-1}^\top, \quad \nabla b_h = \sum_t \delta_t",
                r"\nabla W_{hh} = \sum_t \delta_t h_t^\top",
                r"\nabla W_{hh} = \sum_t \nabla h_t h_{t-1}^\top",
            ],
        )
    )
    assert verdicts(text)[3:] == ["right", "not_a_claim", "right", "right", "wrong", "wrong"]


def test_nabla_before_a_loss_or_a_function_stays_what_it_is() -> None:
    found = verdicts(STATE + LOSS + shown(r"\nabla L = 0") + shown(r"\nabla F(h_t) = h_t"))
    assert set(found[3:]) <= {"unreadable", "undecided"}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"%s = \underbrace{\mathrm{diag}(1 - h_t^2)}_{\tanh' \in [0,1]} W_{hh}", "right"),
        (r"%s = \underbrace{\mathrm{diag}(1 - h_t^2)}_{n \times n} W_{hh}", "right"),
        (r"%s = \underbrace{\mathrm{diag}(1 - h_{t-1}^2)}_{\leq 1} W_{hh}", "wrong"),
        (r"%s = \mathrm{diag}(1\,-\,\tanh^2(\cdot)) W_{hh}", "right"),
        (r"%s = \mathrm{diag}(1\,-\,\tanh(\cdot)) W_{hh}", "unreadable"),
    ],
)  # fmt: skip
def test_labels_of_braces_and_slopes_somewhere(formula: str, expected: str) -> None:
    jacobian = r"\frac{\partial h_t}{\partial h_{t-1}}"
    assert last(STATE + shown(formula % jacobian)) == expected


def test_what_is_described_or_written_out_is_no_claim_and_the_rest_is_judged() -> None:
    text = STATE + "".join(
        map(
            shown,
            [
                r"h_{t-1} \text{ 로 넘기는 기울기} = W_{hh}^\top \delta_t",
                r"\frac{\partial L}{\partial h_t} = W_{hy}^\top \frac{\partial L}{\partial y_t}"
                r" + \underbrace{\frac{\partial L}{\partial h_{t+1}} \text{ 에서}}_{\text{미래}}",
                r"h_t = \begin{bmatrix} h_{t,1} \\ h_{t,2} \\ h_{t,3} \end{bmatrix}",
                r"\delta_T \to \delta_1",
            ],
        )
    )
    found = verdicts(text + "a sentence with $i \\ne j$ in it\n\n")
    assert set(found[2:]) == {"not_a_claim"}
    # a derivative with words behind it claims what it says
    claim = r"\frac{\partial h_t}{\partial h_{t-1}} \text{ in full} = W_{hh}"
    assert last(STATE + shown(claim)) != "not_a_claim"


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (r"\tanh' \leq 1", "right"),
        (r"0 < \sigma'(x) \le 1/4", "right"),
        (r"\tanh' \leq 1/2", "wrong"),
        (r"\sigma' \leq 1/8", "wrong"),
    ],
)
def test_the_size_of_a_slope(bound: str, expected: str) -> None:
    assert last(f"{STATE}Since ${bound}$ here.") == expected


def test_a_strict_bound_on_a_slope_that_fails_at_one_place_accuses_nobody() -> None:
    assert last(f"{STATE}Since $\\tanh' < 1$ here.") != "wrong"
    assert last(f"{STATE}Since $\\sigma' < 1/4$ here.") != "wrong"


def test_a_fence_of_mathematics_in_one_line_is_a_formula() -> None:
    document = document_from_text("```math a_t = w x_t + b```\n\n```py a```\n", "n.md")
    assert [(f.latex, f.display) for f in document.formulas] == [("a_t = w x_t + b", True)]


Z = "$$\\hat{y}_t = \\mathrm{softmax}(V a_t + c), \\quad a_t = \\tanh(W a_{t-1} + U x_t + b)$$\n\n"
CE = "$$L = \\sum_t L_t,\\quad L_t = -y_t^\\top \\log \\hat{y}_t$$\n\n"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"dW = \sum_t dz_t\, a_{t-1}^\top", "right"),
        (r"da_t = V^\top (\hat{y}_t - y_t) + W^\top dz_{t+1}", "right"),
        (r"dW = \sum_t dz_t\, a_t^\top", "wrong"),
    ],
)
def test_a_name_is_the_argument_of_the_activation_whose_slope_stands_beside_its_gradient(
    formula: str, expected: str
) -> None:
    slope = shown(r"dz_t = da_t \odot (1 - a_t^2)")
    more = shown(r"dU = \sum_t dz_t\, x_t^\top")
    assert last(Z + CE + slope + more + shown(formula)) == expected


def test_a_recursion_of_a_name_is_a_claim_where_a_supposition_gives_the_name() -> None:
    cell = STATE + shown(r"L = \sum_t L_t, \quad L_t = \frac12 \|y_t - d_t\|^2")
    named = "with $\\delta_t = \\partial L/\\partial a_t$, the argument of tanh,\n\n"
    right = (
        r"\delta_t = (W_{hy}^\top (y_t - d_t) + W_{hh}^\top \delta_{t+1}) \odot (1 - h_t^2)"
    )
    assert last(cell + named + shown(right)) == "right"
    assert last(cell + named + shown(right.replace(r"W_{hh}^\top", "W_{hh}"))) != "right"
    assert last(cell + named + shown(right.replace(r"W_{hh}^\top", "W_{hh}"))) != "not_a_claim"


def test_a_fence_of_mathematics_may_begin_and_end_beside_its_marks() -> None:
    text = "```math \\begin{aligned}\na_t &= w x_t\n\\end{aligned}```\n\nwords $c_t = 1$\n"
    found = document_from_text(text, "n.md").formulas
    assert [f.latex.split()[0] for f in found] == ["a_t", "c_t"]
    labelled = document_from_text("```{math} :label: a\nc_t = 1\n```\n", "n.md").formulas
    assert [f.latex for f in labelled] == ["c_t = 1"]


def test_a_step_that_was_put_in_accuses_nobody_without_a_slip() -> None:
    text = "$$s_t = \\phi(W_s s_{t-1} + W_x x_t)$$\n\n$$y_t = W_y s_t$$\n\n"
    window = (
        r"\frac{\partial y}{\partial W_s} = \sum_{i=t+1}^{t+N} \frac{\partial y}{\partial s_{t+N}}"
        r"\frac{\partial s_{t+N}}{\partial s_i} \frac{\partial s_i}{\partial W_s}"
    )
    assert last(text + shown(window)) == "undecided"
