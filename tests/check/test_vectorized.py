r"""Gradients whose columns are stacked: :math:`\mathrm{vec}(\partial L/\partial W) = …`."""

from __future__ import annotations

import pytest

from bptt_sym.check.matrix_identities import ROWS
from tests.check.audited import judged, verdicts

CELL = r"""
$$a_t = W h_{t-1} + U x_t, \quad h_t = \tanh(a_t)$$

The loss is $L = \sum_t L_t$, with $L_t = \frac12 \|h_t - y_t\|^2$, and
$\delta_t = \frac{\partial L}{\partial a_t}$.

"""
GRADIENT = r"\frac{\partial L}{\partial W}"


def last(line: str) -> str:
    return verdicts(CELL + f"$${line}$$")[-1]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"\mathrm{vec}\left(@\right) = \sum_{t=1}^T (h_{t-1} \otimes I) \delta_t", "right"),
        (r"\operatorname{vec}(\partial L/\partial W) = \sum_t h_{t-1} \otimes \delta_t", "right"),
        (r"vec(@) = \sum_{t=1}^T \text{vec}(\delta_t h_{t-1}^T)", "right"),
        (r"\mathrm{vec}(@) = \sum_{t=1}^T (I \otimes \delta_t) h_{t-1}", "right"),
        (r"\mathrm{vec}(@) = \sum_{t=1}^T (h_{t-1} \otimes I_n) \cdot \delta_t.", "right"),
        (
            r"\mathrm{vec}(@) = \sum_{t=1}^T (h_{t-1} \otimes \mathrm{diag}(1 - h_t^2)) "
            r"\mathrm{vec}(\frac{\partial L}{\partial h_t})",
            "right",
        ),
        (r"\mathrm{vec}(@) = \sum_{t=1}^T h_t \otimes \delta_t", "wrong"),
        (r"\mathrm{vec}(@) = \sum_{t=1}^T (h_{t-1} \otimes I) \delta_{t-1}", "wrong"),
        (r"\mathrm{vec}(@) = -\sum_{t=1}^T h_{t-1} \otimes \delta_t", "wrong"),
        (r"\mathrm{vec}(@) = h_{T-1} \otimes \delta_T", "wrong"),
        (
            r"\mathrm{vec}(@) = \sum_{t=1}^T (h_{t-1} \otimes \mathrm{diag}(1 + h_t^2)) "
            r"\mathrm{vec}(\frac{\partial L}{\partial h_t})",
            "undecided",
        ),
        (r"\mathrm{vec}(@) = \sum_{t=1}^T \mathrm{vec}(\delta_t h_t^T)", "wrong"),
        (r"\mathrm{vec}(@) = \sum_{t=1}^T \delta_t \otimes h_t", "wrong"),
        # What is not taken apart is a claim all the same, and undecided.
        (r"\mathrm{vec}(@) = \sum_{t=1}^T K h_{t-1} \otimes \delta_t + \delta_T", "undecided"),
        (r"\mathrm{vec}(@) = \sum_{t=1}^T \delta_t", "undecided"),
        (r"\mathrm{vec}(\partial L/\partial W) = g", "undecided"),
    ],
)  # fmt: skip
def test_columns_one_below_the_other(line: str, expected: str) -> None:
    assert last(line.replace("@", GRADIENT)) == expected


def test_rows_one_below_the_other_are_the_gradient_turned() -> None:
    found = judged(CELL + rf"$$\mathrm{{vec}}({GRADIENT}) = \sum_t \delta_t \otimes h_{{t-1}}$$")
    assert found[-1].verdict.verdict == "right_under_reading"
    assert found[-1].verdict.readings[-1] == ROWS


def test_what_a_derivative_is_given_to_is_no_definition() -> None:
    assert last(rf"\mathrm{{clip}}({GRADIENT}) = \sum_{{t=1}}^T 2 \delta_t h_t^T") == "undecided"
    # A vector that is named so is one.
    assert last(r"\mathrm{vec}_t = W h_t") == "not_a_claim"
