"""Solutions as students write them: what a careful lecturer would say of each."""

from __future__ import annotations

import pytest

from bptt_sym.check.answer import Court
from bptt_sym.check.exercises import Exercise, exercise, mark
from bptt_sym.check.setting import Setting
from bptt_sym.check.solution.judge import relate
from bptt_sym.notation import num
from bptt_sym.read import read_claim

X = r"\left[\frac{\partial h_t}{\partial w}\right]"
SLOPE = r"\left|\frac{\partial c_t}{\partial c_{t-1}}\right|"


def parts_of(name: str, text: str, file: str = "answer") -> list[tuple[str, list[str]]]:
    found: Exercise = exercise(name)
    result = mark(found, text, file)
    assert not result.faults, result.faults
    return [(p.status, [s.status for s in p.steps]) for p in result.parts]


@pytest.mark.parametrize(
    ("text", "status", "steps"),
    [
        (rf"${X} = h_{{t-1}}(1-h_t^2)$ and $\left|{X}\right| \ge 0$.", "wrong", ["right"]),
        (rf"$0 \le \left|{X}\right| \le 1$.", "right", ["right", "right"]),
        (rf"$1 \ge \left|{X}\right| \ge 0$.", "right", ["right", "right"]),
        (rf"$\left|{X}\right| \ge 0$, and $\left|{X}\right| \le 1$.", "right", ["right", "right"]),
        (r"$-1 \le (1-h_t^2) h_{t-1} \le 1$", "right", ["right", "right"]),
        (rf"$-1 < {X} < 1$", "right", ["right", "right"]),
        (rf"$-2 \le {X} \le 1$", "right", ["right", "right"]),
        (rf"$-1 < {X} < \frac12$", "right", ["right", "wrong"]),
        (rf"$-\frac12 < {X} < \frac12$", "wrong", ["wrong", "wrong"]),
        (r"$-1 \le (1-h_t^2) h_t \le 1$", "missing", []),
    ],
)
def test_bounds_from_both_sides_and_from_the_other_one(
    text: str, status: str, steps: list[str]
) -> None:
    assert parts_of("ex1", text)[1] == (status, steps)


@pytest.mark.parametrize(
    ("bound", "status"),
    [
        (r"\frac{|W|}{4}", "right"), (r"0.25 |W|", "right"), (r"|W|", "form"),
        (r"\frac14", "wrong"), (r"\frac{1}{5000}", "wrong"), (r"\frac{|W|}{5}", "wrong"),
    ],
)  # fmt: skip
def test_the_derivative_of_one_step_is_not_taken_for_nothing(bound: str, status: str) -> None:
    assert parts_of("sigmoid-step", rf"${SLOPE} \le {bound}$")[1][0] == status


def test_the_sizes_of_values_whose_sign_is_known() -> None:
    text = (
        rf"${SLOPE} = |W||c_t-c_t^2| = |W| (c_t - c_t^2) = c_t(1-c_t)|W|"
        r" = |W| \left(\frac14 - (c_t - \frac12)^2\right) \le \frac{|W|}{4}$"
    )
    assert parts_of("sigmoid-step", text)[1] == ("right", ["right"] * 5)


@pytest.mark.parametrize(
    ("start", "claim", "verdict"),
    [
        (r"c_0 = 0", r"0 \le c_{t-1}", "right"),
        (r"c_0 = 0", r"0 < c_{t-1}", "wrong"),
        (r"c_0 = 0", r"0 < \prod_{j=1}^t c_j", "right"),
        (r"c_0 = 0", r"0 < \prod_{j=1}^t c_{j-1}", "wrong"),
        (r"c_0 = 0", r"0 < \prod_{j=1}^t (1 - c_{j-1})", "right"),
        (r"c_0 = -1/2", r"|c_{t-1}| = c_{t-1}", "wrong"),
        (r"c_0 = 1/2", r"0 < c_{t-1}", "right"),
    ],
)
def test_signs_of_a_state_that_may_be_the_first(start: str, claim: str, verdict: str) -> None:
    define = (r"c_t = \sigma(W c_{t-1} + V x_t)", start)
    court = Court.of(Setting(define=define, scalar=True).model)
    read = read_claim(claim, court.model)
    assert relate(read.sides[0], read.ops[0], read.sides[1], court).verdict == verdict  # type: ignore[arg-type]
    assert not relate(num(0), "<", num(0), court).is_right
