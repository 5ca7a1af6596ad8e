"""A condition that a sentence puts before its claim belongs to the claim."""

from __future__ import annotations

import pytest

from tests.check.audited import judged

NETWORK = "$h_t = \\tanh(w h_{t-1} + u x_t)$\n\n"
GRADIENT = r"\left|\frac{dh_T}{dh_0}\right|"


def of(sentence: str) -> tuple[str, tuple[str, ...], str]:
    found = [j for j in judged(NETWORK + sentence + "\n") if "frac" in j.latex][-1].verdict
    return found.verdict, found.assumptions, found.note


@pytest.mark.parametrize(
    "sentence",
    [
        f"If $|w| < 1$, then ${GRADIENT} \\to 0$ as $T \\to \\infty$.",
        f"If the weight is small, $|w| < 1$, we have ${GRADIENT} \\to 0$.",
        f"当 $|w| < 1$ 时，${GRADIENT} \\to 0$。",
        f"Wenn $|w| < 1$, dann gilt ${GRADIENT} \\to 0$.",
        f"${GRADIENT} \\to 0 \\quad (|w| < 1)$",
    ],
)
def test_the_condition_is_supposed(sentence: str) -> None:
    verdict, assumptions, _ = of(sentence)
    assert verdict == "right" and assumptions == ("|w| < 1",)


def test_a_wrong_bound_stays_wrong() -> None:
    assert of(f"If $|w| < 1$, then ${GRADIENT} \\le |w|^{{T+1}}$.")[0] == "wrong"


def test_a_part_of_the_condition_claims_nothing() -> None:
    assert of(f"If $|w| < 1$ and ${GRADIENT} \\to 0$, then learning stops.")[0] == "not_a_claim"


def test_another_sentence_supposes_nothing() -> None:
    verdict, assumptions, _ = of(f"Let $|w| < 1$. The bound ${GRADIENT} \\le |w|^T$ holds.")
    assert (verdict, assumptions) == ("right", ())


def test_a_contrary_hypothesis_is_not_asked_for() -> None:
    verdict, _, note = of(f"If $|w| > 1$, then ${GRADIENT} \\to \\infty$.")
    assert verdict == "undecided" and "|w| < 1" not in note


@pytest.mark.parametrize("factor", ["", r"\frac{3}{3} "])
def test_a_sum_in_brackets_at_the_end_is_no_case(factor: str) -> None:
    slope = r"\left(\prod_{j=k+1}^{T-1} w (1 - h_j^2)\right)"
    claim = rf"$$\frac{{\partial h_T}}{{\partial h_k}} = {factor}{slope}$$"
    assert of(claim)[0] == "wrong"
