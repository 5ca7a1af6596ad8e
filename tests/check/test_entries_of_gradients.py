"""Derivatives by one entry of a matrix: traces, products of vectors, entries of gradients."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

NET = r"""$$a_t = R q_{t-1} + P x_t, \quad q_t = \tanh(a_t), \quad z_t = M q_t$$

$$L = \sum_t L_t(z_t)$$

Put $\delta_k = \frac{\partial L_t}{\partial a_k}$.

"""
BY_M = r"\frac{\partial L_t}{\partial M_{ij}} = "
BY_R = r"\frac{\partial L_t}{\partial R_{ij}} = \sum_{k=1}^t "


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (BY_M + r"\frac{\partial L_t}{\partial z_t} \frac{\partial z_t}{\partial M_{ij}}", "right"),
        (BY_M + r"\mathrm{tr}\left( \left(\frac{\partial L_t}{\partial z_t}\right)^T "
         r"\frac{\partial z_t}{\partial M_{ij}} \right)", "right"),
        (BY_M + r"tr[\left(\frac{\partial L_t}{\partial z_t}\right)^T "
         r"\frac{\partial z_t}{\partial M_{ji}}]", ""),
        (BY_M + r"\frac{\partial L_t}{\partial a_t} \frac{\partial z_t}{\partial M_{ij}}", ""),
        (BY_R + r"\delta_k^T \frac{\partial a_k}{\partial R_{ij}}", "right"),
        (BY_R + r"\delta_{k,i} q_{k-1,j}", "right"),
        (BY_R + r"\delta_k^{(i)} q_{k-1}^{(j)}", "right"),
        (BY_R + r"\delta_{k,j} q_{k-1,i}", "wrong"),
        (BY_R + r"\delta_{k,i} q_{k,j}", "wrong"),
    ],
)  # fmt: skip
def test_by_one_entry(formula: str, expected: str) -> None:
    found = verdicts(NET + f"$${formula}$$")[-1]
    assert found == expected if expected else found != "right"
