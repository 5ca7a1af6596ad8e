"""Bounds with a gradient of the loss on both sides, and what the words before them suppose."""

from __future__ import annotations

import pytest

from tests.check.audited import last, verdicts

NET = r"""$$q_t = \tanh(R q_{t-1} + P x_t)$$

$$L = \ell(q_T)$$

"""
LEFT = r"\left\| \frac{\partial L}{\partial q_k} \right\| \le "
SIZE = r"\left\| \frac{\partial L}{\partial q_T} \right\|"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (LEFT + r"\|R\|^{T-k} " + SIZE, "right"),
        (LEFT + SIZE + r" (\|R\| \gamma)^{T-k}", "right"),
        (r"\left\| \frac{\partial L}{\partial q_T} \prod_{i=k}^{T-1} "
         r"\frac{\partial q_{i+1}}{\partial q_i} \right\| \le \eta^{T-k} " + SIZE, "right"),
        (LEFT + r"\|R\|^{T-k+1} " + SIZE, "wrong"),
        (LEFT + r"\|R\|^{T-k-1} " + SIZE, "wrong"),
        (LEFT + r"\|P\|^{T-k} " + SIZE, "wrong"),
        (LEFT.replace(r"\le", r"\ge") + r"\|R\|^{T-k} " + SIZE, ""),
        # of a loss of every step the later losses come in as well
        (LEFT.replace("partial L", "partial E") + r"\|R\|^{T-k} "
         + SIZE.replace("partial L", "partial E"), ""),
    ],
)  # fmt: skip
def test_a_gradient_on_both_sides(formula: str, expected: str) -> None:
    found = last(NET + r"$$E = \sum_t E_t(q_t)$$" "\n\n" + f"$${formula}$$")
    assert found == expected if expected else found != "right"


def test_what_a_sentence_supposes_of_the_slope_is_no_mistake_of_the_bound() -> None:
    text = r"""$$q_t = R \sigma(q_{t-1}) + P x_t$$

Let $\|diag(\sigma'(q_k))\| \le \gamma$ and $\|R\| < \frac{1}{\gamma}$. Then

$$\left\| \frac{\partial q_{k+1}}{\partial q_k} \right\| \le \|R\| \|diag(\sigma'(q_k))\|
< \frac{1}{\gamma}\gamma = 1$$
"""
    assert verdicts(text)[-1] == "undecided"


@pytest.mark.parametrize(("power", "expected"), [("n", "right"), ("{n+1}", "wrong")])
def test_without_the_nonlinearity(power: str, expected: str) -> None:
    text = NET + r"$$\hat y_t = \mathrm{softmax}(M q_t)$$" "\n\n"
    claim = rf"$\frac{{\partial q_t}}{{\partial q_{{t-n}}}} = R^{power}$"
    assert last(text + "Without the nonlinearity, " + claim) == expected
