"""Gradients in the order of rows beside definitions in the order of columns."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

NET = (
    "$$v_t = P q_{t-1} + R u_t, \\quad q_t = f(v_t), \\quad z_t = S q_t$$\n\n"
    "$$L = \\sum_t L_t(z_t)$$\n\n"
)
BY_S = r"$$\frac{\partial L}{\partial S} = \sum_t q_t^\top \frac{\partial L}{\partial z_t}$$"
BY_P = r"$$\frac{\partial L}{\partial P} = \sum_t q_{t-1}^{T} \frac{\partial L}{\partial v_t}$$"
BY_Q = (
    r"$$\frac{\partial L}{\partial q_t} = \frac{\partial L}{\partial z_t} S^\top "
    r"+ \frac{\partial L}{\partial v_{t+1}} P^\top$$"
)
COLUMNS = r"$$\frac{\partial L}{\partial R} = \sum_t \frac{\partial L}{\partial v_t} u_t^\top$$"
BY_R = r"$$\frac{\partial L}{\partial R} = \sum_t u_t^\top \frac{\partial L}{\partial v_t}$$"


@pytest.mark.parametrize("gradients", [(BY_S, BY_P), (BY_S, BY_Q), (BY_P, BY_Q, BY_R)])
def test_gradients_that_all_have_the_order_of_rows(gradients: tuple[str, ...]) -> None:
    found = judged(NET + "\n\n".join(gradients))[-len(gradients) :]
    for entry in found:
        assert entry.verdict.is_right
        assert any("transposes of those" in r for r in entry.verdict.readings)


@pytest.mark.parametrize(
    "text",
    [
        NET + BY_S,  # one alone
        NET + "\n\n".join((COLUMNS, BY_S, BY_P)),  # beside one in the order of columns
    ],
)
def test_one_gradient_in_another_order_is_no_order_of_the_text(text: str) -> None:
    assert verdicts(text)[-1] == "wrong"


def test_the_order_of_rows_excuses_no_slip() -> None:
    slip = BY_P.replace("q_{t-1}", "q_{t}")
    assert verdicts(NET + "\n\n".join((BY_S, BY_R, slip)))[-1] != "right"


def test_definitions_in_the_order_of_rows_have_their_matrices() -> None:
    rows = NET.replace("P q_{t-1} + R u_t", "q_{t-1} P + u_t R").replace("S q_t", "q_t S")
    turned = BY_Q.replace("P^\\top", "P")
    assert verdicts(rows + "\n\n".join((BY_S, BY_P, BY_Q)))[-3:] == ["right"] * 3
    assert verdicts(rows + "\n\n".join((BY_S, BY_P, turned)))[-1] != "right"
