"""``≈`` and ``∝``: what is left out is named, and only what misleads is called wrong."""

from __future__ import annotations

import pytest

from tests.check.audited import verdict_of_last as last

SCALAR = "$$h_t = \\tanh(w h_{t-1} + u_t)$$\n\n"
VECTOR = "$$h_t = \\tanh(W h_{t-1} + U x_t)$$\n\n"
LEFT = r"\frac{\partial h_T}{\partial h_k}"
EXACT = rf"{LEFT} = \prod_{{j=k+1}}^T w(1-h_j^2)"
JACOBIANS = rf"{LEFT} = \prod_{{j=k+1}}^T \mathrm{{diag}}(1-h_j^2) W"


@pytest.mark.parametrize(
    "text",
    [
        f"{SCALAR}$${EXACT} \\approx w^{{T-k}}$$",
        f"{SCALAR}$${EXACT}$$\n\n$${LEFT} \\approx w^{{T-k}}$$",
        f"{VECTOR}$${JACOBIANS} \\approx W^{{T-k}}$$",
        f"{VECTOR}$${LEFT} = \\prod_{{j=k+1}}^T \\frac{{\\partial h_j}}{{\\partial h_{{j-1}}}} "
        "\\approx W^{T-k}$$",
    ],
)
def test_dropped_slopes_beside_the_exact_product_are_found(text: str) -> None:
    verdict = last(text)
    assert verdict.verdict == "wrong"
    assert verdict.diagnosis is not None and verdict.diagnosis.code == "BP019"
    shown = verdict.counterexample
    assert shown is not None and shown.values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Nothing exact is stated: an author may leave out what he likes.
        (f"{SCALAR}$${LEFT} \\approx w^{{T-k}}$$", "not_a_claim"),
        # The regime is named, and the approximation is exact in it.
        (f"{SCALAR}For states near zero: $${EXACT} \\approx w^{{T-k}}$$", "right_under_reading"),
        (f"{VECTOR}With a linear activation $${LEFT} \\approx W^{{T-k}}$$", "right_under_reading"),
        # Terms further back are neglected.
        (
            f"{SCALAR}$$\\frac{{\\partial h_t}}{{\\partial w}} = (1-h_t^2)(h_{{t-1}} + "
            "w \\frac{\\partial h_{t-1}}{\\partial w}) \\approx (1-h_t^2) h_{t-1}$$",
            "undecided",
        ),
        (f"{SCALAR}$${EXACT} \\approx \\prod_{{j=k+1}}^T w(1-h_j^2)$$", "right"),
    ],
)
def test_an_approximation_is_not_accused_on_a_guess(text: str, expected: str) -> None:
    assert last(text).verdict == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{SCALAR}$${LEFT} \\propto w^{{T-k}}$$", "wrong"),
        (f"{VECTOR}$${LEFT} \\propto W^{{T-k}}$$", "wrong"),
        (
            f"{SCALAR}$${LEFT} \\propto w^{{-k}} \\prod_{{j=k+1}}^T (1-h_j^2)$$",
            "right_under_reading",
        ),
        # Which factors are left unsaid is not stated.
        (f"{SCALAR}$${LEFT} \\propto \\prod_{{j=k+1}}^T (1-h_j^2)$$", "undecided"),
        (f"{SCALAR}$${LEFT} \\propto 3 \\prod_{{j=k+1}}^T w(1-h_j^2)$$", "right_under_reading"),
        # No growth is claimed: only that h_{t-1} is a factor.
        (f"{SCALAR}$$\\frac{{\\partial h_t}}{{\\partial w}} \\propto h_{{t-1}}$$", "undecided"),
    ],
)
def test_a_proportion_is_one_whose_factor_does_not_run(text: str, expected: str) -> None:
    assert last(text).verdict == expected


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (r"\frac{\partial h_t}{\partial h_{t-1}} \le 1", "wrong"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} \le \|W\|", "right_under_reading"),
        (r"\left\|\frac{\partial h_t}{\partial h_{t-1}}\right\| \le \|W\|", "right"),
    ],
)
def test_matrices_are_compared_by_their_norms(bound: str, expected: str) -> None:
    verdict = last(f"{VECTOR}$${bound}$$")
    assert verdict.verdict == expected
    if expected == "wrong":
        assert verdict.diagnosis is not None and verdict.diagnosis.code == "BP025"
        assert "‖W‖ ≤ 1" in verdict.note


GRADIENT = r"\frac{\partial L}{\partial h_t} \propto"


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (r"\prod_{i=t+1}^{t+k} W^\top \mathrm{diag}(1-h_i^2)", "right_under_reading"),
        (r"\prod_{i=t+1}^{T} W^\top \mathrm{diag}(1-h_i^2)", "right_under_reading"),
        (r"\prod_{i=t}^{t+k} W^\top \mathrm{diag}(1-h_i^2)", "wrong"),
        (r"W^{T-t}", "undecided"),
    ],
)
def test_a_proportion_may_name_a_factor_of_a_gradient(right: str, expected: str) -> None:
    assert last(f"{VECTOR}$${GRADIENT} {right}$$").verdict == expected
