"""Matrices of a batch by their entries, and what stands beside them in such texts."""

from __future__ import annotations

import pytest

from tests.check.audited import last, verdicts

NET = r"""The rows of $X(t)$ are the examples of a batch; $X$ holds them all.

$$
\begin{aligned}
A(t) &= X(t) P + Q(t-1) R \\
Q(t) &= \tanh(A(t)) \\
O(t) &= Q(t) M \\
\hat{Y}(t) &= \mathrm{softmax}(O(t)) \\
E(t) &= -\sum_{n=1}^{B}\sum_{k=1}^{C} Y(t)_{n,k} \log \hat{Y}(t)_{n,k}
\end{aligned}
$$

"""
BY_M = r"\frac{\partial E(t)}{\partial M_{i,j}} = "
BY_O = r"\frac{\partial E(t)}{\partial O(t)_{n,k}} = "
Y = r"\hat{Y}(t)_{n,j} - Y(t)_{n,j}"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (BY_O + r"\hat{Y}(t)_{n,k} - Y(t)_{n,k}", "right"),
        (BY_O + r"\hat{Y}(t)_{n,k} + Y(t)_{n,k}", "wrong"),
        (BY_M + rf"\sum_{{n=1}}^{{B}} Q(t)_{{n,i}} ({Y})", "right"),
        (BY_M + rf"\sum_{{n=1}}^{{B}} Q(t-1)_{{n,i}} ({Y})", "wrong"),
        (r"\frac{\partial \hat{Y}(t)_{m,p}}{\partial O(t)_{n,k}} = "
         r"\mathbf{1}(m = n) \hat{Y}(t)_{m,p} (\mathbf{1}(p = k) - \hat{Y}(t)_{m,k})", "right"),
        (r"\frac{\partial E(t)}{\partial P} = \sum_{s=1}^{t} X(s)^\top "
         r"\frac{\partial E(t)}{\partial A(s)}", "right"),
        (r"O(t)_{n,k} = \sum_{p=1}^{D} Q(t)_{n,p} M_{p,k}", "not"),
    ],
)  # fmt: skip
def test_what_is_said_of_each_example_is_judged_for_one(formula: str, expected: str) -> None:
    assert last(NET + f"$${formula}$$").split("_")[0] == expected


@pytest.mark.parametrize(
    "formula",
    [
        BY_O + r"\hat{Y}(t)_{k,n} - Y(t)_{k,n}",
        BY_O + r"\sum_{n=1}^{B} (\hat{Y}(t)_{n,k} - Y(t)_{n,k})",
        BY_O + r"\hat{Y}(t)_{n,k} - Y(t)_{m,k}",
        BY_M + rf"Q(t)_{{n,i}} ({Y})",
        BY_M + rf"\sum_{{n=1}}^{{B}} Q(t)_{{i,n}} ({Y})",
        BY_M + rf"(\sum_{{n=1}}^{{B}} Q(t)_{{n,i}}) ({Y})",
        BY_M + rf"\sum_{{n=1}}^{{B}} \sum_{{m=1}}^{{B}} Q(t)_{{m,i}} ({Y})",
        BY_M + rf"\sum_{{n=1}}^{{B}} Q(t)_{{n,i}} ({Y}) + M_{{i,j}}",
        r"\frac{\partial Q(t)_{n,k}}{\partial A(t)_{m,k}} = 1 - Q(t)_{n,k}^2",
        r"\frac{\partial \hat{Y}(t)_{m,p}}{\partial O(t)_{n,k}} = "
        r"\hat{Y}(t)_{m,p} (\mathbf{1}(p = k) - \hat{Y}(t)_{m,k})",
    ],
)
def test_a_slip_in_the_letter_of_the_example_is_never_right(formula: str) -> None:
    assert not last(NET + f"$${formula}$$").startswith("right")


def test_a_matrix_that_is_no_batch_keeps_its_entries() -> None:
    text = NET.replace("The rows of $X(t)$ are the examples of a batch", "A matrix")
    found = last(text + f"$${BY_O}" + r"\hat{Y}(t)_{n,k} - Y(t)_{n,k}$$")
    assert not found.startswith("right")


ROWS = r"""$$a_t = x_t P + q_{t-1} R$$

$$q_t = \tanh(a_t)$$

$$E_t = \ell(q_t M)$$

"""


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial E_t}{\partial a_s} \frac{\partial a_s}{\partial R} = "
         r"q_{s-1}^\top \frac{\partial E_t}{\partial a_s}", "right"),
        (r"\frac{\partial E_t}{\partial a_s} \frac{\partial a_s}{\partial R} = "
         r"q_{s}^\top \frac{\partial E_t}{\partial a_s}", "wrong"),
        (r"\frac{\partial q_t}{\partial q_s} = \frac{\partial q_t}{\partial a_t} "
         r"\frac{\partial a_t}{\partial q_{t-1}} \frac{\partial q_{t-1}}{\partial a_{t-1}} \cdots "
         r"\frac{\partial q_{s+1}}{\partial a_{s+1}} \frac{\partial a_{s+1}}{\partial q_s}",
         "right"),
        (r"\frac{\partial q_t}{\partial a_s} = \frac{\partial q_t}{\partial a_t} "
         r"\frac{\partial a_t}{\partial q_{t-1}} \frac{\partial q_{t-1}}{\partial a_{t-1}} \cdots "
         r"\frac{\partial q_s}{\partial a_s}", "right"),
        (r"\frac{\partial q_t}{\partial q_s} = \frac{\partial q_t}{\partial a_t} "
         r"\frac{\partial a_t}{\partial q_{t-1}} \frac{\partial q_{t-1}}{\partial a_{t-1}} \cdots "
         r"\frac{\partial q_{s}}{\partial a_{s}} \frac{\partial a_{s}}{\partial q_{s-1}}",
         "wrong"),
    ],
)  # fmt: skip
def test_products_of_derivatives_that_stand_beside(formula: str, expected: str) -> None:
    assert last(ROWS + f"$${formula}$$").split("_")[0] == expected


def test_a_unit_of_a_row_stands_before_its_weight() -> None:
    text = r"""$$a_{t,j} = \sum_i x_{t,i} P_{ij} + \sum_i q_{t-1,i} R_{ij}$$

$$q_{t,j} = \tanh(a_{t,j})$$

$$\frac{\partial q_{t,j}}{\partial q_{t-1,i}} = (1 - q_{t,j}^2) R_{ij}$$

$$\frac{\partial q_{t,j}}{\partial q_{t-1,i}} = (1 - q_{t,i}^2) R_{ij}$$
"""
    assert verdicts(text)[-2:] == ["right", "wrong"]
