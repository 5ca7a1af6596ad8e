"""A chain over several rows, wherever its rows break."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

CELL = "$$h_t = \\tanh(w h_{t-1} + u_t)$$\n\n"
J, G = r"\frac{\partial h_t}{\partial h_{t-1}}", r"\frac{\partial h_t}{\partial u_t}"

ROWS = [
    r"\begin{aligned} & J \\ =& G w \\ =& (1-h_t^2) w \end{aligned}",
    r"\begin{aligned} & J \\ &= G w \\ &= (1-h_t^2) w \end{aligned}",
    r"\begin{align} & J \nonumber \\ = {}& G w \\ = {}& (1-h_t^2) w \end{align}",
    r"\begin{aligned} & J \\ & \quad = G w \\ & \quad = (1-h_t^2) w \end{aligned}",
    r"\begin{multline} J \\ = G w \\ = (1-h_t^2) w \end{multline}",
    r"\begin{eqnarray} && J \\ &=& G w \\ &=& (1-h_t^2) w \end{eqnarray}",
    r"\begin{split} & J = \\ & G w = \\ & (1-h_t^2) w \end{split}",
    r"\begin{aligned} J &= w \\ &\qquad {} - h_t^2 w \end{aligned}",
]


@pytest.mark.parametrize("rows", ROWS)
def test_each_break_is_read(rows: str) -> None:
    shown = rows.replace("J", J).replace("G", G)
    assert set(verdicts(f"{CELL}$${shown}$$")[1:]) == {"right"}
    slip = shown.replace("(1-h_t^2)", "(1+h_t^2)").replace(r"{} - h_t^2", r"{} + h_t^2")
    assert verdicts(f"{CELL}$${slip}$$")[-1] == "wrong"
