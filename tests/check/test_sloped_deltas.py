r"""Gradients whose name only a recursion tells: with the slope in it, they are by the argument."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

NET = r"""$$q_t = %s(R q_{t-1} + P x_t + b)$$
$$z_t = M q_t$$

With $L = \sum_t \ell_t$ and $\delta^z_t = \frac{\partial \ell_t}{\partial z_t}$,

"""
SUM = r"(M^\top \delta^z_t + R^\top \delta^q_{t+1})"
BY_R = r"\frac{\partial L}{\partial R} = \sum_t \delta^q_t q_{t-1}^\top"
RUNS = [
    (r"\tanh", rf"{SUM} \odot (1 - q_t^2)"), (r"\tanh", rf"(1 - q_t \odot q_t) \odot {SUM}"),
    (r"\sigma", rf"{SUM} \odot q_t \odot (1 - q_t)"), (r"\tanh", rf"{SUM} \odot \tanh'(a_t)"),
    ("f", rf"{SUM} \odot f'\bigl(a_t\bigr)"),
]  # fmt: skip
WHERE = "where $a_t = R q_{t-1} + P x_t + b$.\n\n"


def found(function: str, *formulas: str) -> list[str]:
    shown = "".join(f"$${f}$$\n\n{WHERE if 'a_t' in f else ''}" for f in formulas)
    return verdicts((NET % function) + shown)


@pytest.mark.parametrize(("function", "right"), RUNS)
def test_the_recursion_and_what_is_made_of_it(function: str, right: str) -> None:
    told = found(function, rf"\delta^q_t = {right}", BY_R)
    assert told.count("right") >= 2 and told[-1] == "right"
    assert not {"wrong", "undecided"} & set(told)


@pytest.mark.parametrize(("old", "new"), [
    (r"R^\top", "R"), (r"\delta^q_{t+1}", r"\delta^q_{t-1}"), ("q_t^2", "q_{t-1}^2"),
])  # fmt: skip
def test_slips_in_the_recursion(old: str, new: str) -> None:
    text = rf"\delta^q_t = {RUNS[0][1].replace(old, new)}"
    assert found(r"\tanh", text)[-1] in ("wrong", "undecided")


@pytest.mark.parametrize("slip", [
    BY_R.replace("q_{t-1}", "q_t"), BY_R.replace(r"\delta^q_t", r"\delta^q_{t+1}"),
    BY_R.replace(r"\delta^q_t", r"(\delta^q_t \odot (1 - q_t^2))"),
])  # fmt: skip
def test_slips_in_what_is_made_of_it(slip: str) -> None:
    run = rf"\delta^q_t = {RUNS[0][1]}"
    assert found(r"\tanh", run, slip)[-1] in ("wrong", "undecided")

