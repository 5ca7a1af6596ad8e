r"""Cells whose new state has a dash and whose old one has none: ``h' = (1 - z) * n + z * h``."""

from __future__ import annotations

import pytest

from .audited import verdicts

CELL = r"""
$$r = \sigma(W_{ir} x + b_{ir} + W_{hr} h + b_{hr})$$
$$z = \sigma(W_{iz} x + b_{iz} + W_{hz} h + b_{hz})$$
$$n = \tanh(W_{in} x + b_{in} + r * (W_{hn} h + b_{hn}))$$
$$h' = (1 - z) * n + z * h$$

Let $dh'$ be the gradient of the loss with respect to $h'$.
"""
BACK = r"""
$$dz = dh' * (h - n)$$
$$dn = dh' * (1 - z)$$
$$da_n = dn * (1 - n^2)$$
$$dr = da_n * (W_{hn} h + b_{hn})$$
$$da_r = dr * r * (1 - r)$$
$$da_z = dz * z * (1 - z)$$
$$dW_{in} = da_n\, x^T$$
$$dW_{hn} = (da_n * r)\, h^T$$
"""
SLIPS = [
    ("(h - n)", "(h' - n)", 0),
    ("dh' * (1 - z)", "dh' * z", 1),
    ("(1 - n^2)", "(1 - n)", 2),
    ("(W_{hn} h + b_{hn})$$", "(W_{hn} h' + b_{hn})$$", 3),
    (r"da_n\, x^T", r"da_n\, h^T", 6),
    (r"h^T$$", r"h'^T$$", 7),
]


def test_the_state_without_the_dash_is_that_of_the_step_before() -> None:
    assert verdicts(CELL + BACK)[-8:] == ["right"] * 8


@pytest.mark.parametrize(("right", "slip", "at"), SLIPS)
def test_slips_are_not_right(right: str, slip: str, at: int) -> None:
    assert right in BACK
    found = verdicts(CELL + BACK.replace(right, slip))[-8:]
    assert found[at] != "right" and found.count("right") == 7


def test_a_dash_of_a_function_or_beside_steps_says_another_thing() -> None:
    steps = CELL.replace("z * h$$", "z * h_{t-1}$$")
    assert verdicts(steps + r"$$dz = dh' * (h - n)$$")[-1] != "right"
    given = CELL.replace("$$r = ", "$$h = W_0 x$$\n$$r = ", 1)
    assert verdicts(given + r"$$dW_{hn} = (da_n * r)\, h'^T$$")[-1] != "right"
