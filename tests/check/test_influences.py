r"""Names for derivatives by all parameters, as notes on real-time recurrent learning give them."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

NET = r"""
$$h_t = f(W h_{t-1} + U x_t)$$

Let $J_t = \frac{\partial h_t}{\partial h_{t-1}}$, and %s be the influence of $\theta$.

"""
NAMED = r"$M_t = \frac{\partial h_t}{\partial \theta}$"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"M_t = J_t M_{t-1} + \frac{\partial^+ h_t}{\partial \theta}", "right"),
        (r"M_t = J_t M_t + \frac{\partial^+ h_t}{\partial \theta}", "wrong"),
        (r"M_t = J_t M_{t-1}", "wrong"),
        (r"\frac{\partial L_t}{\partial \theta} = \frac{\partial L_t}{\partial h_t} M_t", "right"),
    ],
)
def test_influences(formula: str, expected: str) -> None:
    assert verdicts(NET % NAMED + f"$${formula}$$")[-1] == expected


def test_a_name_that_is_given_twice_is_none() -> None:
    twice = NAMED + r", $M_t = \frac{\partial s_t}{\partial \theta}$"
    claim = r"$$M_t = J_t M_{t-1} + \frac{\partial^+ h_t}{\partial \theta}$$"
    assert verdicts(NET % twice + claim)[-1] != "wrong"
