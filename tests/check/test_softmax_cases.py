"""The derivative of a softmax, case by case."""

from __future__ import annotations

import pytest

from tests.check.audited import judged

DERIVATIVE = r"\frac{\partial f_i}{\partial x_j} = "
CASES = (
    ("-f_i f_j", "f_i f_j", r"(j \not= i)"),
    ("-f_if_j", "f_i(1-f_j)", r", \quad i \neq j"),
    ("-f_i f_j", "f_i", r"\quad \text{if } i \ne j"),
    ("f_i (1 - f_i)", "f_i (1 + f_i)", "(i = j)"),
    ("f_i (1 - f_j)", "f_j", r"\text{ for } i = j"),
)


@pytest.mark.parametrize(("right", "wrong", "case"), CASES)
def test_each_case_is_judged_by_itself(right: str, wrong: str, case: str) -> None:
    said = "The softmax $f$ of $x$:\n\n"
    assert judged(f"{said}$${DERIVATIVE}{right} {case}$$")[0].verdict.is_right
    assert not judged(f"{said}$${DERIVATIVE}{wrong} {case}$$")[0].verdict.is_right


def test_the_value_of_one_case_is_not_that_of_the_other() -> None:
    for value, case in (("f_i (1 - f_i)", r"(i \neq j)"), ("-f_i f_j", "(i = j)")):
        assert not judged(f"$${DERIVATIVE}{value} {case}$$")[0].verdict.is_right
