"""Runs and steps that a text writes out, and formulas that it writes in pieces."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, verdicts

ONE = (
    "## One output\n\n$$s_t = f(s_{t-1}, u_t; \\beta), \\quad \\hat y = g(s_T; \\gamma)$$\n\n"
    "$$E = \\|\\hat y - y\\|$$\n\n"
)
EACH = (
    "## An output of each step\n\n$$s_t = f(s_{t-1}, u_t; \\beta), \\quad \\hat y_t = "
    "g(s_t; \\gamma)$$\n\n$$E = \\sum_{t=1}^T \\|\\hat y_t - y_t\\|$$\n\n"
)
LAST = (
    r"$$\frac{\partial E}{\partial \beta} = \sum_{t=1}^T \frac{\partial E}{\partial \hat y}"
    r"\frac{\partial \hat y}{\partial s_3} \Big(\prod_{j=%s}^{T-1} \frac{\partial s_{j+1}}"
    r"{\partial s_j}\Big) \frac{\partial s_t}{\partial \beta}$$" "\n\n"
)  # fmt: skip


@pytest.mark.parametrize(
    ("said", "start", "expected"),
    [
        ("Let $T = 3$.\n\n", "t", "right"),
        ("Let $T=3$.\n\n", "t+1", "wrong"),
        # Nobody says that s_3 is the last state.
        ("", "t", "undecided"),
        ("Let $T = 5$.\n\n", "t", "undecided"),
        ("Let $T = 3.5$.\n\n", "t", "undecided"),
    ],
)
def test_the_last_step_may_be_a_number_that_the_text_says(
    said: str, start: str, expected: str
) -> None:
    found = judged(ONE + said + LAST % start)[-1].verdict
    assert (found.verdict if not found.is_right else "right") == expected
    assert not found.is_right or "the run has 3 steps" in found.assumptions


def test_an_output_of_the_run_beside_those_of_each_step() -> None:
    share = r"$$\frac{\partial E}{\partial \gamma} = \frac{\partial E}{\partial \hat y}"
    share += r"\frac{\partial \hat y}{\partial \gamma}$$" + "\n\n"
    assert last(ONE + share + EACH) == "not_a_claim"
    assert verdicts(ONE + share + EACH)[3] == "right"
    whole = r"$$\frac{\partial E}{\partial \gamma} = \sum_{t=1}^T \frac{\partial E}{\partial "
    whole += r"\hat y_t} \frac{\partial \hat y_t}{\partial \gamma}$$"
    assert last(ONE + EACH + whole) == "right"


RELU = (
    "$$z_t = P u_t + Q r_{t-1}, \\quad r_t = f(z_t)$$\n\n"
    "$$z_t = P u_t + Q f(P u_{t-1} + Q r_{t-2})$$\n\n"
    "While every unit is active, f(x) = x:\n\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$$v_t = P u_t + Q v_{t-1}$$\n\n$$v_t = P u_t + Q (P u_{t-1} + Q v_{t-2})$$", "right"),
        (RELU + "$$z_t = P u_t + Q (P u_{t-1} + Q r_{t-2})$$", "right"),
        # A state of its own, with its own step.
        ("$$v_t = P u_t + Q v_{t-1}$$\n\n$$v_t = P u_t + R v_{t-1}$$", "not_a_claim"),
    ],
)
def test_one_step_put_into_another(text: str, expected: str) -> None:
    assert last(text) == expected


STEP = "$`s_t`$ = $`\\tanh(`$ $`R s_{t-1}`$ + $`P u_t)`$\n\n"


@pytest.mark.parametrize(
    "text",
    [
        STEP,
        "$`s_t`$ = $`\\tanh(R s_{t-1}`$ + $`P u_t)`$\n\n",
        "$s_t = \\tanh\\left(R s_{t-1}\\right.$ $\\left. + P u_t\\right)$\n\n",
        "$s_t = \\tanh [ R$ $s_{t-1}$ $+$ $P u_t ]$\n\n",
        "\\(s_t = \\tanh(R s_{t-1}\\) + \\(P u_t)\\)\n\n",
    ],
)
def test_a_formula_goes_on_within_its_brackets(text: str) -> None:
    slope = r"$$\frac{\partial s_t}{\partial s_{t-1}} = \mathrm{diag}(1 - s_t^2) R$$"
    assert last(text + slope) == "right"
    assert last(text + slope.replace("- s_t", "+ s_t")) == "wrong"


PICTURE = '<a href="http://www.codecogs.com/eqnedit.php?latex=%s"><img src="one.png"/></a>\n\n'


@pytest.mark.parametrize("sign", ["&plus;", "&space;&plus;&space;", "%2B"])
def test_entities_in_an_address(sign: str) -> None:
    net = PICTURE % f"s_t=f(R&space;s_{{t-1}}{sign}P&space;u_t)"
    slope = r"\frac{\partial&space;s_t}{\partial&space;s_{t-1}}"
    slope += r"=f'(R&space;s_{t-1}&plus;P&space;u_t)R"
    assert last(net + PICTURE % slope) == "right"
    assert last(net + PICTURE % slope.replace("&plus;", "-")) == "wrong"


def test_what_a_gate_is_about_is_said_of_the_gated_network() -> None:
    net = "$$s_t = \\tanh(R s_{t-1} + P u_t)$$\n\n"
    power = "$$\\frac{\\partial s_T}{\\partial s_k} = \\prod_{j=k+1}^T "
    power += "\\frac{\\partial s_j}{\\partial s_{j-1}} \\approx R^{T-k}$$\n\n"
    assert verdicts(net + power + "Where $$f_t \\approx 1$$")[1] == "wrong"
    assert verdicts(net + power + "$$\\tanh'(z) \\approx 1$$")[1] == "right"


MEAN = (
    "$$s_t = \\tanh(R s_{t-1} + P u_t), \\quad o_t = V s_t$$\n\n"
    "$$E = \\frac{1}{T} \\sum_{t=1}^T E_t(o_t)$$\n\n"
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial E}{\partial V} = \sum_t \frac{\partial E_t}{\partial V}", "right"),
        (r"\frac{\partial E}{\partial s_T} = \frac{\partial E_T}{\partial s_T}", "wrong"),
        (r"\frac{\partial E}{\partial s_T} = \frac1T \frac{\partial E_T}{\partial s_T}", "right"),
        (r"\frac{\partial E}{\partial s_T} = \frac{\partial E_T}{\partial s_T} = \frac{\partial E}"
         r"{\partial o_T} \frac{\partial o_T}{\partial s_T}", "wrong"),
    ],
)  # fmt: skip
def test_the_factor_of_a_mean_is_left_out_of_sums_only(formula: str, expected: str) -> None:
    assert last(f"{MEAN}$${formula}$$") == expected
