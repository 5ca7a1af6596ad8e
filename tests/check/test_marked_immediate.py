"""Texts that mark the immediate derivative, so that the one without the mark is total."""

from __future__ import annotations

from tests.check.audited import judged, of_claims

CELL = (
    "$$h_t = \\tanh(W h_{t-1} + U x_t + b), \\quad y_t = V h_t + c$$\n\n"
    "$$L_t = \\ell(y_t, \\hat y_t), \\quad L = \\sum_t L_t$$\n\n"
)
BACK = (
    r"$$\frac{\partial L}{\partial h_t} = \frac{\partial L_t}{\partial h_t} + "
    r"\frac{\partial L}{\partial h_{t+1}} \frac{\partial h_{t+1}}{\partial h_t}$$" "\n\n"
)
SUM = (
    r"$$\frac{\partial L}{\partial W} = \sum_t \frac{\partial L}{\partial h_t} "
    r"\frac{\partial h_t}{\partial W}$$" "\n\n"
)
UNROLLED = (
    r"$$\frac{\partial h_t}{\partial W} = \sum_{k=1}^{t} \left( \prod_{j=k+1}^{t} "
    r"\frac{\partial h_j}{\partial h_{j-1}} \right) \frac{\partial^+ h_k}{\partial W}$$" "\n\n"
)


def test_the_total_derivative_where_the_immediate_one_is_marked() -> None:
    assert of_claims(CELL + BACK + SUM + UNROLLED) == ["right", "wrong", "right"]
    slip = [j for j in judged(CELL + BACK + SUM + UNROLLED) if j.verdict.verdict == "wrong"]
    assert slip[0].verdict.diagnosis is not None
    assert slip[0].verdict.diagnosis.code == "BP002"


def test_the_losses_of_the_steps_by_the_total_derivative() -> None:
    local = SUM.replace(r"\frac{\partial L}{\partial h_t}", r"\frac{\partial L_t}{\partial h_t}")
    marked = SUM.replace(r"\frac{\partial h_t}", r"\frac{\partial^+ h_t}")
    assert of_claims(CELL + BACK + local + marked + UNROLLED) == ["right"] * 4


def test_nothing_tells_the_derivatives_apart() -> None:
    # without the recursion ∂L/∂h_t may be of the step alone, and without ∂⁺ the factor immediate
    assert of_claims(CELL + SUM + UNROLLED) == ["right", "right"]
    assert of_claims(CELL + BACK + SUM + UNROLLED.replace("^+", "")) == ["right"] * 3
    apart = CELL + UNROLLED + BACK * 4 + SUM
    assert of_claims(apart)[-1] == "right"
