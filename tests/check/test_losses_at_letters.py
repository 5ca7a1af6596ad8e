"""Losses of a step with another letter than t, as their ranges and powers show."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

CELL = r"$$h_t = \sigma(W h_{t-1} + U e_t + b)$$" "\n\n"
LOSS = r"\frac{\partial J_i}{\partial h_j} = \frac{\partial J_i}{\partial h_i} "
STEP = r"\frac{\partial h_t}{\partial h_{t-1}}"


@pytest.mark.parametrize(
    ("range_", "verdict"),
    [(r"j < t \le i", "right"), (r"t=j+1}^{i", "right"), (r"t=j+2}^{i", "undecided")],
)
@pytest.mark.parametrize("marks", ["_{%s}", "^{(%s)}"])
def test_the_ends_of_a_range_are_steps(range_: str, verdict: str, marks: str) -> None:
    claim = LOSS + rf"\prod_{{{range_}}} {STEP}"
    for step in ("t-1", "t", "i", "j"):
        for name in ("h", "J"):
            claim = claim.replace(rf"{name}_{step} ", rf"{name}{marks % step} ")
            claim = claim.replace(rf"{name}_{step}}}", rf"{name}{marks % step}}}")
            claim = claim.replace(rf"{name}_{{{step}}}", f"{name}{marks % step}")
    assert verdicts(CELL.replace("_{t-1}", marks % "t-1").replace("_t", marks % "t")
                    + f"$${claim}$$")[-1] == verdict  # fmt: skip


@pytest.mark.parametrize(("power", "verdict"), [("i-j", "right"), ("i-j+1", "undecided")])
def test_so_are_those_that_are_so_far_apart(power: str, verdict: str) -> None:
    linear = CELL + "Let the activation be the identity, $\\sigma(x) = x$:\n\n"
    assert verdicts(f"{linear}$${LOSS} W^{{{power}}}$$")[-1] == verdict
    lag = f"$${LOSS} W^{{\\ell}}$$ where $\\ell = {power}$."
    if verdict == "right":
        assert verdicts(linear + lag)[-2] == verdict


def test_what_a_loss_is_in_the_letters_of_its_task_is_no_claim() -> None:
    entropy = r"-\sum_{w \in V} y_{t,w} \log p_{t,w} = -\log p_{t,x_{t+1}}"
    text = CELL + f"$$J_t = CE(y_t, p_t) = {entropy}$$"
    assert verdicts(text)[-1] == "not_a_claim"


@pytest.mark.parametrize("given", [r"\ell(y_t, \hat{y}_t) = (y_t - \hat{y}_t)^2", ""])
def test_the_loss_of_a_step_is_a_term_of_the_sum_under_whatever_letter(given: str) -> None:
    text = "$$h_t = \\phi(W h_{t-1} + U x_t + b), \\quad \\hat y_t = V h_t + c$$\n\n"
    text += "$$\\mathcal{L}(\\theta) = \\sum_{t=1}^T \\ell\\left(y_t, \\hat{y}_t\\right)$$\n\n"
    text += f"where ${given}$.\n\n" if given else ""
    claim = (
        r"$$\frac{\partial \mathcal{L}}{\partial W} = \sum_{t=1}^T \sum_{k=1}^{t} "
        r"\frac{\partial \mathcal{L}_t}{\partial h_t} \frac{\partial h_t}{\partial h_k} %s$$"
    )
    assert verdicts(text + claim % r"\frac{\partial h_k}{\partial W}")[-1] == "right"
    assert verdicts(text + claim % r"\frac{\partial h_{k-1}}{\partial W}")[-1] == "wrong"
