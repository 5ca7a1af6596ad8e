"""Which steps a formula is about, said behind it."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

CELL = "$$h_t = \\tanh(w h_{t-1} + u_t)$$\n\n$$L = \\sum_{t=1}^T \\ell(h_t)$$\n\n"
SLOPE = r"\frac{\partial h_t}{\partial h_{t-1}} = (1-h_t^2) w"
LAST = r"\frac{\partial L}{\partial h_t} = \ell'(h_t)"
FIRST = r"\frac{\partial h_t}{\partial w} = (1-h_t^2) h_{t-1}"


def judged(*formulas: str, given: str = CELL) -> list[str]:
    return verdicts(given + "\n\n".join(f"$${f}$$" for f in formulas))[given.count("$$") // 2 :]


EVERY = [
    r"\quad 1 \le t \le T", r",\ 1 \leqslant t \leqslant T", r"\quad (1 \le t \le T)",
    r"\quad \text{for all } t \in \{1,\dots,T\}", r"\quad t \in [1, T]", r"\quad t \in \mathbb{N}",
    r"\quad \text{for } t = T, T-1, \dots, 1", r"\quad \text{where } t = 1, \dots, T",
    r"\quad w \in \mathbb{R}", r",\; h_t \in \mathbb{R}", r"\quad[t \ge 1]", r"\quad \forall t > 0",
]  # fmt: skip


def test_all_steps_say_nothing_more() -> None:
    assert judged(*(SLOPE + said for said in EVERY)) == ["right"] * len(EVERY)
    wrong = SLOPE.replace("-h_t^2", "+h_t^2")
    found = judged(*(wrong + said for said in EVERY))
    assert set(found) <= {"wrong", "undecided"}  # brackets might tell a case
    assert found.count("wrong") >= len(EVERY) - 2


@pytest.mark.parametrize(("formula", "said", "expected"), [
    (LAST, "", "wrong"), (LAST, r"\quad t = T", "right"), (LAST, r"\quad \forall t = T", "right"),
    (LAST, r"\quad (t = T)", "right"), (LAST, r"\quad T - 1 < t \le T", "right"),
    (LAST, r"\quad t = T-1", "wrong"), (LAST, r"\quad t < T", "wrong"),
    (FIRST, "", "wrong"), (FIRST, r"\quad t = 1", "right"), (FIRST, r", \quad t \le 1", "right"),
    (FIRST, r"\quad t \ge 2", "wrong"), (FIRST, r"\quad 1 \le t \le 1", "right"),
    (FIRST, r"\quad \text{if } t = 1", "right"), (FIRST, r"\quad t = 3", "wrong"),
])  # fmt: skip
def test_some_steps_are_those_that_it_is_about(formula: str, said: str, expected: str) -> None:
    assert judged(formula + said) == [expected]


def test_a_counterexample_lies_within_the_condition() -> None:
    (verdict,) = judged(FIRST + r"\quad t > 3")
    assert verdict == "wrong"


def test_a_definition_with_its_range_is_one() -> None:
    given = CELL.replace("u_t)$$", r"u_t), \quad 1 \le t \le T$$")
    assert judged(SLOPE, FIRST, given=given) == ["right", "wrong"]


def test_letters_of_units_are_no_steps() -> None:
    given = r"$$z_t = V h_t$$" + "\n\n" + r"$$y_t = \mathrm{softmax}(z_t)$$" + "\n\n"
    for said in (r"\quad i = j", r",\quad i=j"):
        formula = r"\frac{\partial y_{t,i}}{\partial z_{t,j}} = y_{t,i} (1 - y_{t,j})" + said
        assert judged(formula, given=given) != ["wrong"]


def test_a_remark_in_brackets_keeps_its_end() -> None:
    said = r"\quad (\text{need } h_t; t = 1, 2, \ldots, T)"
    assert judged(SLOPE + said) == ["right"]


def test_steps_of_other_letters() -> None:
    given = "$$s_n = \\tanh(w s_{n-1} + u_n)$$\n\n$$L = \\sum_{n=1}^N \\ell(s_n)$$\n\n"
    last = r"\frac{\partial L}{\partial s_n} = \ell'(s_n)"
    back = last + r" + w (1 - s_{n+1}^2) \frac{\partial L}{\partial s_{n+1}}"
    found = judged(last + r", \quad n = N", back + r", \quad n < N", last, given=given)
    assert found == ["right", "right", "wrong"]
