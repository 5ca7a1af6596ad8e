"""Bounds by the steepest slope of a function that may be any, and shares of copies of weights."""

from __future__ import annotations

import pytest

from tests.check.audited import last

CELL = r"""
$$b_t = R q_{t-1} + P x_t, \quad q_t = f(b_t)$$
$$\lambda_t = \frac{\partial L}{\partial b_t}$$
$$\lambda_t^T = \lambda_{t+1}^T R \operatorname{diag}(f'(b_t))$$

where $\beta$ is the upper bound of the norm of a matrix. Then
"""
PRODUCT = r"\prod_{i=k}^{t-1} \|R\| \|\operatorname{diag}(f'(b_i))\|"


@pytest.mark.parametrize("size", ["", r"\|\lambda_t\| "])
def test_no_value_is_chosen_for_the_steepest_slope_of_any_function(size: str) -> None:
    bound = r"(\beta_W \beta_f)^{%s}"
    cell, product = CELL.replace("R", "W"), PRODUCT.replace("R", "W")
    claim = f"$${size}{product} \\le {size}{bound}$$"
    assert last(cell + claim % "t-k") == "right"
    assert not last(cell + claim % "t-k-1").startswith("right")


def test_a_step_beside_a_weight_below_a_nabla() -> None:
    text = CELL + r"$$\nabla_R L = \sum_{k=1}^T \nabla_{R k} L$$"
    assert last(text).startswith("right")
    assert not last(text.replace("R k", "R k-1")).startswith("right")
    assert last(CELL + r"$$\nabla_{R t} L = \lambda_t q_{t-1}^T$$").startswith("right")
    assert last(CELL + r"$$\nabla_{R t} L = \lambda_t q_t^T$$") == "wrong"
