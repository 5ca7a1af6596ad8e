"""Letters that a text uses twice: in bold and plain for one thing, for functions of two kinds."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, verdicts

PLAIN = "$$v_t = P q_{t-1} + R u_t, \\quad q_t = f(v_t)$$\n\n$$E = \\sum_t E_t(q_t)$$\n\n"
SLOPE = r"$$\frac{\partial q_t}{\partial q_{t-1}} = \mathrm{diag}(f'(%s_t)) %s$$"
BOLD_V, BOLD_P = r"\boldsymbol{v}", r"\mathbf{P}"


@pytest.mark.parametrize(
    ("v", "p"), [("v", BOLD_P), (BOLD_V, "P"), (r"\mathbf v", BOLD_P), (r"\bm{v}", "P")]
)
def test_bold_and_plain_are_one_where_one_of_them_has_an_equation(v: str, p: str) -> None:
    assert last(PLAIN + SLOPE % (v, p)) == "right"
    assert last(PLAIN + SLOPE.replace("_t))", "_{t-1}))") % (v, p)) == "wrong"


def test_bold_and_plain_with_an_equation_each_are_two() -> None:
    both = PLAIN + PLAIN.replace("v_t", BOLD_V + "_t").replace("q_t", r"\boldsymbol{q}_t").replace(
        "q_{t-1}", r"\boldsymbol{q}_{t-1}"
    ).replace("P", "S")
    slope = SLOPE % (BOLD_V, "S")
    slope = slope.replace(" q_", r" \boldsymbol{q}_")
    assert last(both + slope) == "right"
    assert last(both + SLOPE % ("v", "P")) == "right"


def test_what_computes_with_both_at_one_step_has_two() -> None:
    # The label y_t counts in the vector that is predicted.
    text = (
        "$$q_t = \\tanh(P q_{t-1} + u_t)$$\n\n$$\\boldsymbol{y}_t = \\mathrm{softmax}(S q_t)$$\n\n"
        "$$E_t = -\\log \\boldsymbol{y}_t \\cdot y_t$$\n\n"
        "$$\\frac{\\partial q_t}{\\partial q_{t-1}} = \\mathrm{diag}(1 - q_t^2) P$$"
    )
    assert last(text) == "right"


def test_a_size_is_no_bold_matrix() -> None:
    text = (
        "$$\\mathbf{q}_t = f(\\mathbf{D} \\mathbf{q}_{t-1} + \\mathbf{R} \\mathbf{u}_t), \\quad "
        "\\mathbf{D} \\in \\mathbb{R}^{D \\times D}$$\n\n"
        "$$\\frac{\\partial \\mathbf{q}_t}{\\partial \\mathbf{q}_{t-1}} = D$$"
    )
    assert last(text) != "right"


GENERAL = "In general:\n\n$$s_t = g(s_{t-1}, u_t), \\quad y_t = r(s_t)$$\n\n"
LOSS = "$$E_t = \\ell(y_t, g(q_t)), \\quad E = \\sum_t E_t$$\n\n"


@pytest.mark.parametrize("general", ["", GENERAL, "$$q_t = f(q_{t-1}, u_t)$$\n\n"])
def test_a_function_of_two_and_one_of_one(general: str) -> None:
    net = "$$v_t = P q_{t-1} + R u_t, \\quad q_t = f(v_t)$$\n\n"
    share = r"$$\frac{\partial E}{\partial P} = \sum_t \frac{\partial E_t}{\partial P}$$"
    found = verdicts(general + net + LOSS + share + "\n\n" + SLOPE % ("v", "P"))
    assert found[-2:] == ["right", "right"]
    assert last(general + net + LOSS + SLOPE % ("v", "R")) == "wrong"


ENTRY = r"$$\frac{\partial E}{\partial p_{ij}} = \sum_t %s$$"
CHAIN = r"\frac{\partial^+ v_t}{\partial p_{ij}} \frac{\partial E}{\partial v_t}"


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (CHAIN, "right"),
        (CHAIN.replace("p_{ij}", "p_{i,j}"), "right"),
        (r"\frac{\partial E}{\partial v_t} \frac{\partial v_t}{\partial p_{ij}}", "right"),
        (r"\frac{\partial E}{\partial v_t} \frac{\partial v_{t-1}}{\partial p_{ij}}", "wrong"),
        # Of one entry alone, and of another one.
        (r"\frac{\partial E}{\partial v_t} \frac{\partial v_t}{\partial p_{kj}}", "undecided"),
    ],
)
def test_what_is_said_of_every_entry_is_said_of_the_matrix(right: str, expected: str) -> None:
    assert last(PLAIN + ENTRY % right) == expected


SMALL = "$$s_k = w s_{k-1} + v x_k$$\n\n"
OTHER = r"$$\frac{\partial S_k}{\partial S_{k-m}} = \frac{\partial S_k}{\partial S_{k-1}} \cdots "
OTHER += r"\frac{\partial S_{k-m+1}}{\partial S_{k-m}} = w^{%s}$$"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SMALL + OTHER % "m", "right"),
        # What fails so may be about something else.
        (SMALL + OTHER % "m+1", "undecided"),
        (SMALL + OTHER.replace("w", "W") % "m", "right"),
        (SMALL.replace("s_", "q_") + OTHER % "m", "undecided"),
    ],
)
def test_a_name_in_the_other_case(text: str, expected: str) -> None:
    assert last(text) == expected


LARGE = "$$h_t = \\tanh(W_{hh} h_{t-1} + W_{xh} x_t + b)$$\n\n$$\\hat y_t = W_{hy} h_t$$\n\n"
LARGE += "$$L = \\sum_t \\frac12 \\|\\hat y_t - y_t\\|^2$$\n\n"
BY_SMALL = r"$$\frac{\partial L}{\partial %s} = \sum_t (%s) h_t^\top$$"


@pytest.mark.parametrize("written", ["w_{hy}", "w_{h y}", "w _ { hy }", r"\mathbf{w}_{hy}"])
def test_a_weight_with_a_script_in_the_other_case(written: str) -> None:
    assert last(LARGE + BY_SMALL % (written, r"\hat y_t - y_t")) == "right"
    # What fails so accuses nobody, and a small letter that the model has too is another weight.
    assert last(LARGE + BY_SMALL % (written, r"y_t - \hat y_t")) == "undecided"
    own = f"$$q_t = {written} h_t$$ and "
    assert last(LARGE + own + BY_SMALL % (written, r"\hat y_t - y_t")) == "undecided"


def test_the_other_case_is_told_among_the_readings() -> None:
    verdict = judged(LARGE + BY_SMALL % ("w_{hy}", r"\hat y_t - y_t"))[-1].verdict
    assert verdict.verdict == "right_under_reading"
    assert "w_hy stands for W_hy" in verdict.readings


def test_another_script_is_another_weight() -> None:
    assert last(LARGE + BY_SMALL % ("w_{hx}", r"\hat y_t - y_t")) == "undecided"


ARGUMENT = r"$$\begin{aligned} s_t &= %s \\ &= %s \end{aligned}$$" "\n\n"
SUM = r"\tanh \left( R s_{t-1} + P u_t \right)"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (SUM, r"\tanh(v_t)"),
        (r"\tanh(v_t)", SUM),
        (r"\tanh{\left(R s_{t-1} + P u_t\right)}", r"\tanh({v}_{t})"),
        (r"f(R s_{t-1} + P u_t)", r"f(v_t)"),
    ],
)
def test_the_argument_gets_its_name_in_a_row_of_its_own(first: str, second: str) -> None:
    slope = r"$$\frac{\partial s_t}{\partial s_{t-1}} = \frac{\partial s_t}{\partial v_t} %s$$"
    text = ARGUMENT % (first, second)
    assert last(text + slope % "R") == "right"
    assert last(text + slope % "P") == "wrong"
