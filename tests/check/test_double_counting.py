r"""Sums over the steps that count a path twice, or of which one term alone is left."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, of_claims, shown

CELLS = [
    shown(r"h_t = \tanh(W h_{t-1} + U x_t)", r"y_t = V h_t"),
    shown(r"h_t = f(h_{t-1}, x_t, W)", r"y_t = g(h_t)"),
]


def _sum(loss: str, by: str, behind: str = r"\frac{\partial h_t}{\partial h_k} ") -> str:
    return shown(
        rf"\frac{{\partial L_t}}{{\partial W}} = \sum_{{k=1}}^t "
        rf"\frac{{\partial {loss}}}{{\partial {by}}} {behind}\frac{{\partial h_k}}{{\partial W}}"
    )


@pytest.mark.parametrize("cell", CELLS)
def test_the_way_from_a_state_to_the_loss_is_counted_once(cell: str) -> None:
    assert of_claims(cell + _sum("L_t", "h_t")) == ["right"]
    assert of_claims(cell + _sum("L_t", "h_k", "")) == ["right"]
    # (No step's loss depends on another step's state but through it: "local" is no reading.)
    assert of_claims(cell + _sum("L_t", "h_k")) == ["wrong"]


@pytest.mark.parametrize("by", ["h_t", "y_t"])
def test_a_sum_of_which_one_term_is_left_is_not_accepted(by: str) -> None:
    behind = rf"\frac{{\partial {by}}}{{\partial h_k}} "
    found = judged(CELLS[0] + _sum("L_k", by, behind))[-1]
    assert found.verdict.verdict == "undecided" and "does not depend on" in found.verdict.note


@pytest.mark.parametrize("parameter", [r"\theta", "W", r"\mathbf{W}_{hh}", r"\mathbf{w}", "W_h"])
def test_a_parameter_that_the_step_is_a_function_of_unsaid(parameter: str) -> None:
    cell = shown(r"h_t = f(h_{t-1}, x_t)", r"y_t = g(h_t)")
    claim = _sum("L_t", "h_t").replace(r"\partial W", rf"\partial {parameter}")
    (found,) = judged(cell + claim)[-1:]
    assert found.verdict.is_right and any("depends on" in a for a in found.verdict.assumptions)
    assert of_claims(cell + claim.replace("k=1", "k=2").replace("h_t}{", "h_k}{")) != ["right"]
