"""Products over steps where there may be none: they are multiples of the identity."""

from __future__ import annotations

import pytest

from bptt_sym.cells import cell
from bptt_sym.decide import decide
from bptt_sym.decide.verdict import Verdict
from bptt_sym.read import read_claim, recurrence_from_latex

CELL = cell("elman-vector", bias="one")
J = r"\frac{\partial h_T}{\partial h_1}"
P = r"\prod_{t=2}^T \frac{\partial h_t}{\partial h_{t-1}}"


def judged(claim: str) -> Verdict:
    for letter, latex in {"J": J, "P": P, "W": "W_{hh}"}.items():
        claim = claim.replace(letter, latex)
    return decide(read_claim(claim, CELL), CELL)


@pytest.mark.parametrize(
    "claim",
    [
        "2 J = 2 P", "-J = -P", "2 J = J + P", "J - P = 0", "J + J = P + P",
        r"2 J - \frac{P}{2} = \frac{3}{2} J", "J + W = P + W", "3 P - J = 2 J",
    ],
)  # fmt: skip
def test_it_is_the_identity_in_sums_and_with_factors(claim: str) -> None:
    assert judged(claim).verdict == "right_under_reading"


@pytest.mark.parametrize("claim", ["2 J = P", "J - P = W", "J + P = J", "2 J = J + P + 1"])
def test_other_multiples_are_wrong(claim: str) -> None:
    assert judged(claim).verdict == "wrong"


def test_what_holds_wherever_its_shapes_fit_is_not_called_wrong() -> None:
    found = judged(r"\left(J\right)^\top + W = \left(P\right)^\top + W")
    assert found.verdict == "undecided"
    assert "holds where its shapes fit" in found.note


def test_a_number_times_the_identity_is_a_jacobian() -> None:
    cell = recurrence_from_latex(
        [r"v_t = \beta v_{t-1} + \tanh(W h_{t-1})", "h_t = h_{t-1} + v_t"], name="momentum"
    )
    by_itself = r"\frac{\partial v_t}{\partial v_{t-1}} = "
    for right, expected in (
        (r"\beta I", True),
        (r"-(-\beta) I", True),
        (r"\beta^2 I", False),
        (r"2 I", False),
        (r"\beta", False),  # (no matrix, and nothing that says one)
    ):
        assert decide(read_claim(by_itself + right, cell), cell).is_right is expected
