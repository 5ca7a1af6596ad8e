r"""Entries of derivatives of pre-activations, and of sums of products that are written out."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

NET = r"""$$a_t = P x_t + R q_{t-1}, \quad q_t = \tanh(a_t)$$

$$z_t = M q_t$$

"""


def verdict(formula: str) -> str:
    return verdicts(f"{NET}$${formula}$$\n")[-1]


@pytest.mark.parametrize(("formula", "right"), [
    (r"\frac{\partial a_{t,i}}{\partial P_{jk}} = x_{t,k} \delta_{ij}", True),
    (r"\frac{\partial a_{t,i}}{\partial R_{jk}} = \delta_{ij} q_{t-1,k}", True),
    (r"\frac{\partial a_{t,i}}{\partial R_{jk}} = \delta_{ij} q_{t,k}", False),
    (r"\frac{\partial a_{t,i}}{\partial R_{jk}} = \delta_{ij} q_{t-1,j}", False),
    (r"\frac{\partial q_{t,i}}{\partial R_{jk}} = (1 - q_{t,i}^2) \delta_{ij} q_{t-1,k}", False),
    (r"\frac{\partial}{\partial M_{jk}} \sum_m M_{im} q_{t,m} = \delta_{ij} q_{t,k}", True),
    (r"\frac{\partial}{\partial M_{jk}} \left(\sum_m q_{t,m} M_{im}\right) = q_{t,k} \delta_{ij}",
     True),
    (r"\frac{\partial}{\partial M_{jk}} \sum_m M_{im} q_{t,m} = \delta_{ik} q_{t,j}", False),
    (r"\frac{\partial}{\partial M_{jk}} \sum_m M_{im} q_{t,m} = \delta_{ij} q_{t-1,k}", False),
    (r"\frac{\partial}{\partial q_{t,j}} \sum_m M_{im} q_{t,m} = M_{ij}", True),
    (r"\frac{\partial}{\partial q_{t,j}} \sum_m M_{im} q_{t,m} = M_{ji}", False),
    (r"\frac{\partial}{\partial q_{t-1,j}} \left(\sum_m P_{im} x_{t,m}"
     r" + \sum_r R_{ir} q_{t-1,r}\right) = R_{ij}", True),
    (r"\frac{\partial}{\partial q_{t-1,j}} \left(\sum_m P_{im} x_{t,m}"
     r" + \sum_r R_{ir} q_{t-1,r}\right) = R_{ji}", False),
])  # fmt: skip
def test_entries(formula: str, right: bool) -> None:
    assert (verdict(formula) == "right") is right
    assert right or verdict(formula) in ("wrong", "undecided")
