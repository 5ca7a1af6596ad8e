r"""Marks lost in typing, the two cases of a quantity, letters that are used again."""

from __future__ import annotations

import pytest

from tests.check.audited import last, verdicts

STATE = r"$$h_t = \tanh(W h_{t-1} + U %s + b)$$" "\n\n"
SLOPE = r"$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(%s) W$$"
SQUARED = r"The slope is $1 - (h_t)^2$. "


@pytest.mark.parametrize(
    ("before", "slope", "expected"),
    [
        (SQUARED, "1 - h_t)^2", "right"),
        (SQUARED, "1 + h_t)^2", "wrong"),
        # Nowhere in the text is a square of the state in brackets; two brackets are lost.
        ("", "1 - h_t)^2", "unreadable"),
        (SQUARED, "1 - h_t)^2)", "unreadable"),
        (SQUARED, "1 - z_t)^2", "unreadable"),
    ],
)
def test_a_lost_bracket_is_put_back_where_the_text_has_it(
    before: str, slope: str, expected: str
) -> None:
    assert last(STATE % "x_t" + before + SLOPE % slope) == expected


@pytest.mark.parametrize(
    ("written", "factor", "expected"),
    [("x{t}", "x_t^T", "right"), ("x{t}", "h_t^T", "wrong"), ("x {t}", "x_t^T", "right")],
)
def test_a_lost_underscore_is_put_back(written: str, factor: str, expected: str) -> None:
    claim = r"$$\frac{\partial L}{\partial U} = \sum_t \frac{\partial L}{\partial h_t}"
    claim += rf" \odot (1 - h_t^2) {factor}$$"
    assert last(STATE % written + r"The input is $x_t$. " + claim) == expected


BOUND = r"\left\| \frac{\partial h_t}{\partial h_{t-1}} \right\|"


def test_what_is_less_here_and_more_there_are_two_cases() -> None:
    network = STATE % "x_t"
    assert "wrong" in verdicts(network + f"$${BOUND} < 1$$")
    cases = f"- it vanishes: ${BOUND} < 1$\n- it explodes: ${BOUND} > 1$\n"
    assert "wrong" not in verdicts(network + cases)
    # What follows from a condition is claimed.
    follows = r"If $\|W\| > 1$, then it follows that " + f"${BOUND} > 1$.\n"
    assert "wrong" in verdicts(network + cases + follows)


CELL = (
    r"$$f_t = \sigma(W_f h_{t-1} + U_f x_t), \quad g_t = \tanh(W_g h_{t-1} + U_g x_t)$$" "\n\n"
    r"$$c_t = f_t \odot c_{t-1} + g_t$$" "\n\n"
)


def test_a_bias_is_not_the_cell_state_of_another_section() -> None:
    network = STATE % "x_t" + r"$$o_t = V h_t + c, \quad \hat y_t = \mathrm{softmax}(o_t)$$" "\n\n"
    claim = r"$$\nabla_{h_t} L = V^T \nabla_{o_t} L + %s \nabla_{h_{t+1}} L$$" "\n\n"
    diagonal = r"with the diagonal matrix $$D_t = \mathrm{diag}(1 - h_t^2).$$" "\n\n"
    network += r"$$L = \sum_t L_t$$" "\n\n"
    for factor, right in (("W^T D_{t+1}", 1), ("W D_{t+1}", 0), ("W^T D_t", 0)):
        found = verdicts(network + claim % factor + diagonal + "## With gates\n\n" + CELL)
        assert found.count("right") == right


def test_a_loss_below_a_derivative_sign_is_no_name_for_what_it_equals() -> None:
    network = STATE % "x_t"
    walk = r"$$\frac{\partial}{\partial h_t} L_{t+1} = \frac{\partial L_{t+1}}{\partial h_{t+1}}"
    walk += r"\frac{\partial h_{t+1}}{\partial h_t}$$" "\n\n"
    claim = r"$$\frac{\partial L}{\partial h_t} = \frac{\partial L_t}{\partial h_t} + "
    claim += r"\frac{\partial L}{\partial h_{t+1}} \frac{\partial h_{t+1}}{\partial h_t}$$"
    assert verdicts(network + walk + claim)[-2:] == ["right", "right"]
    assert verdicts(network + walk + claim.replace("L_t}", "L_{t+1}}"))[-1] == "wrong"


@pytest.mark.parametrize(("mark", "expected"), [(r"\,", "right"), (",", "right"), (r"\;", "right")])
def test_a_small_space_stands_between_a_step_and_what_is_done(mark: str, expected: str) -> None:
    network = r"$$h^{(t)} = \tanh(W h^{(t-1)} + U x^{(t)} + b), \quad L = \sum_t L^{(t)}(h^{(t)})$$"
    claim = (
        rf"$$\frac{{\partial L}}{{\partial W}} = \sum_t \mathrm{{diag}}(1 - h^{{(t){mark}2}})"
        rf" \frac{{\partial L}}{{\partial h^{{(t)}}}} h^{{(t-1){mark}T}}$$"
    )
    assert last(f"{network}\n\n{claim}") == expected
    assert last(f"{network}\n\n{claim.replace('(t-1)', '(t)')}") == "wrong"


def test_what_the_loss_is_a_function_of_may_stand_behind_it() -> None:
    claim = r"\frac{\partial J(\theta)}{W} = \sum_{t=1}^T \frac{\partial J}{\partial h_t} "
    claim += r"\frac{\partial h_t}{\partial W}"
    text = "$$h_t = \\tanh(W h_{t-1} + U x_t)$$ and $J(\\theta) = \\sum_t J_t$.\n\n$$%s$$"
    assert verdicts(text % claim)[-1] == "right"
    assert verdicts(text % claim.replace("{W} =", "{U} ="))[-1] == "wrong"
