"""What the words around a formula say it is about: a case, a part, another network."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

NET = (
    "Consider $h_t = \\tanh(w h_{t-1} + u_t)$ and the loss $L = \\sum_{t=1}^T \\ell(h_t)$.\n\n"
)
LAST = r"$$\frac{\partial L}{\partial h_t} = \ell'(h_t)$$"
FIRST = r"$$\frac{\partial h_t}{\partial w} = (1-h_t^2) h_{t-1}$$"


def last(before: str, formula: str, behind: str = "") -> str:
    return verdicts(f"{NET}{before}\n{formula}\n{behind}\n")[-1]


@pytest.mark.parametrize(("before", "formula"), [
    ("Base case:", LAST), ("For a single step ($T = 1$),", LAST),
    ("At the second to last step,", LAST), ("For a feed-forward network,", LAST),
    ("With truncation after one step,", FIRST), ("To first order,", FIRST),
    ("Roughly,", FIRST), ("In teacher forcing,", FIRST),
    ("If gradients do not flow through time:", FIRST),
])  # fmt: skip
def test_a_case_is_not_called_wrong(before: str, formula: str) -> None:
    assert last(before, formula) == "undecided"


AT_EACH = r"$$\frac{\partial h_t}{\partial h_{t-1}} = w (1+h_t^2)$$"
PATH = r"$$\frac{\partial L}{\partial w} = \ell'(h_t) (1-h_t^2) h_{t-1}$$"
COMES_BACK = (
    r"$$\frac{\partial L}{\partial h_t} = \ell'(h_t) + \frac{\partial L}{\partial h_{t+1}}$$"
)


@pytest.mark.parametrize(("before", "formula", "verdict"), [
    ("**Case $t=T$.**", LAST, "right"), ("For $t=1$:", FIRST, "right"),
    ("At the first step,", FIRST, "right"), ("第一个时间步:", FIRST, "right"),
    # the slip is in it at that step as well
    ("At the last step,", AT_EACH, "wrong"), ("For $t = 1$:", AT_EACH, "wrong"),
    # it fails there otherwise, or holds only because nothing comes after it
    ("At the last step,", LAST.replace("(h_t)", "(h_{t-1})"), "undecided"),
    ("At the last step,", PATH, "undecided"), ("For $t = T$,", COMES_BACK, "undecided"),
    # no case, but where the steps end that are gone through
    ("We go from $t = T-1$ to $t = 1$:", LAST, "wrong"), ("从 $t=T-1$ 到 $t=1$,", LAST, "wrong"),
    ("von $t = T-1$ bis $t = 1$:", LAST, "wrong"),
])  # fmt: skip
def test_at_the_step_that_is_spoken_of(before: str, formula: str, verdict: str) -> None:
    assert last(before, formula) == verdict


@pytest.mark.parametrize(("before", "formula", "behind"), [
    ("The immediate derivative is", FIRST, ""), ("The local gradient is", FIRST, ""),
    ("The direct contribution is", LAST, ""), ("Treating $h_{t-1}$ as a constant,", FIRST, ""),
    ("Thus", FIRST, "where $h_{t-1}$ is considered constant."),
    ("Here", FIRST, "which neglects the dependence of $h_{t-1}$ on $w$."),
    ("The partial derivative (not the total one) is", FIRST, ""),
])  # fmt: skip
def test_what_is_called_immediate_is_read_so(before: str, formula: str, behind: str) -> None:
    (*_, found) = judged(f"{NET}{before}\n{formula}\n{behind}\n")
    assert found.verdict.verdict == "right_under_reading"
    assert any("as the text says" in r for r in found.verdict.readings)
    slip = formula.replace("(1-h_t^2)", "(1+h_t^2)").replace(r"\ell'(h_t)", r"\ell'(h_{t-1})")
    assert last(before, slip, behind) in ("wrong", "undecided")


@pytest.mark.parametrize(("before", "formula", "behind"), [
    ("Therefore", FIRST, ""), ("The gradient is", LAST, ""),
    ("For $t = 1, \\dots, T$:", FIRST, ""), ("For $t = 1$ to $T$,", FIRST, ""),
    ("As a first step, we differentiate:", FIRST, ""),
    ("The explicit gradient is", FIRST, ""), ("The immediate consequence is", FIRST, ""),
])  # fmt: skip
def test_what_is_said_of_all_steps_is_wrong(before: str, formula: str, behind: str) -> None:
    assert last(before, formula, behind) == "wrong"


def test_what_is_called_wrong_is_not_read_as_immediate() -> None:
    assert last("Some write", FIRST, "This is wrong, because it ignores the past.") == "not_a_claim"


def test_a_case_before_marks_of_html_and_before_two_displays() -> None:
    left = r"\frac{\partial L}{\partial h_t}"
    page = "\n\n<p class=\"c\">\n{%% raw %%}\n $%s = %s$\n{%% endraw %%}\n</p>"
    shown = page % (left, r"\ell'(h_t)") + page % (left, r"2 \ell'(h_t)")
    assert verdicts(f"{NET}At the last step:{shown}\n")[-2:] == ["right", "undecided"]
    slope = page % (r"\frac{\partial h_t}{\partial u_t}", "1 + h_t^2")
    other = page % (left, r"\ell'(h_t)") + slope
    assert verdicts(f"{NET}At the last step:{other}\n")[-1] == "wrong"
    assert verdicts(f"{NET}In general:{shown}\n")[-1] == "wrong"


@pytest.mark.parametrize(("cell", "expected"), [
    (r"no recurrence, $w = 0$", "undecided"), (r"a large one, $\alpha \to \infty$", "undecided"),
    (r"$h_t = \tanh(a_t)$", "wrong"), (r"$w$", "wrong"),
])  # fmt: skip
def test_a_value_in_an_earlier_cell_of_a_table_is_a_case(cell: str, expected: str) -> None:
    row = rf"| {cell} | $\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = -w (1 - h_t^2)$ |"
    assert verdicts(f"{NET}| case | what holds |\n|---|---|\n{row}\n")[-1] == expected


VECTORS = "$$h_t = \\tanh(W x_t + U h_{t-1} + b)$$\n\n"
SLOPE = r"\mathrm{diag}(1-h_t^2)"
BY_BIAS, BY_WEIGHT = rf"\frac{{\partial h_t}}{{\partial b}} = {SLOPE}", (
    rf"\frac{{\partial h_t}}{{\partial U}} = {SLOPE} h_{{t-1}}^\top"
)


@pytest.mark.parametrize("announced", [
    "These are the local gradients:", "Treating $h_{t-1}$ as a constant:",
    "各ローカル勾配を求める：", "局部梯度为：", "국소 기울기는 다음과 같다:",
    "Las derivadas, cada una la derivada local:",
    "Voici le gradient local :", "Der lokale Gradient lautet:", "Здесь локальный градиент:",
    "O gradiente local:",
])  # fmt: skip
@pytest.mark.parametrize("formula", [BY_BIAS, BY_WEIGHT])
def test_a_sentence_announces_all_items_of_a_list(announced: str, formula: str) -> None:
    above = f"{VECTORS}{announced}\n\n- ${BY_BIAS}$\n- "
    (*_, found) = judged(f"{above}${formula}$\n")
    assert found.verdict.verdict == "right_under_reading"
    assert any("as the text says" in r for r in found.verdict.readings)
    for slip in (formula.replace("1-h", "1+h"), formula.replace("h_t^2", "h_{t-1}^2")):
        assert verdicts(f"{above}${slip}$\n")[-1] in ("wrong", "undecided")


@pytest.mark.parametrize("announced", ["The gradients are:", "Local minima are no concern here."])
def test_a_list_without_such_words_has_total_derivatives(announced: str) -> None:
    assert verdicts(f"{VECTORS}{announced}\n\n- ${BY_BIAS}$\n")[-1] == "wrong"
