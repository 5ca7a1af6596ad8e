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
    assert verdict == "wrong" and "|w| < 1" not in note
    # Where tanh is taken for linear, the limit is that of |w|^T.
    linear = f"In the linear regime, if $|w| > 1$, then ${GRADIENT} \\to \\infty$."
    assert of(linear)[0] == "undecided"


@pytest.mark.parametrize(
    ("limit", "verdict"), [("4", "right"), (r"\frac{1}{2}", "right"), ("5", "wrong")]
)
def test_conditions_with_other_numbers(limit: str, verdict: str) -> None:
    slope = r"\left|\frac{dc_T}{dc_0}\right|"
    text = f"$c_t = \\sigma(w c_{{t-1}} + u x_t)$\n\nIf $|w| < {limit}$, then ${slope} \\to 0$.\n"
    assert [j for j in judged(text) if "frac{dc" in j.latex][-1].verdict.verdict == verdict


@pytest.mark.parametrize("factor", ["", r"\frac{3}{3} "])
def test_a_sum_in_brackets_at_the_end_is_no_case(factor: str) -> None:
    slope = r"\left(\prod_{j=k+1}^{T-1} w (1 - h_j^2)\right)"
    claim = rf"$$\frac{{\partial h_T}}{{\partial h_k}} = {factor}{slope}$$"
    assert of(claim)[0] == "wrong"


LATER = f"{GRADIENT} \\le 2 |w|^{{T+1}}"
POWER = r"\frac{\partial h_T}{\partial h_0} = w^T"
PRODUCT = r"\frac{\partial h_T}{\partial h_0} = \prod_{j=1}^T w (1 - h_j^2)"


@pytest.mark.parametrize(
    "sentence",
    [
        f"If ${LATER}$, the gradient is small.",
        f"Suppose that ${LATER}$ for all $T$.",
        f"Assume for simplicity that ${LATER}$.",
        f"We may be unlucky when ${LATER}$.",
        f"Suppose $|h_t| \\le 1/2$ and ${LATER}$.",
        f"Suppose that\n$${LATER}.$$\nThen learning is slow.",
        f"Wenn ${LATER}$, dann ist er klein.",
        f"如果 ${LATER}$，则梯度很小。",
        f"Если ${LATER}$, то обучение трудно.",
        f"Suppose that ${GRADIENT} \\to \\infty$ as $T \\to \\infty$; then nothing is learnt.",
        f"Suppose $\\lim_{{T \\to \\infty}} {GRADIENT} = \\infty$.",
        # Neither are true ones claimed.
        f"If ${GRADIENT} \\le |w|^T$, the gradient is small.",
        f"When ${PRODUCT}$, it may vanish.",
        f"If we have ${POWER}$, it vanishes.",
    ],
)
def test_what_stands_directly_behind_a_conjunction_is_supposed(sentence: str) -> None:
    assert of(sentence)[0] == "not_a_claim"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (f"Assuming $|w| < 1$ we have ${LATER}$.", "wrong"),
        (f"${LATER}$ holds if $|w| < 1$.", "wrong"),
        (f"${GRADIENT} \\to 0$ holds if $|w| < 1$.", "right"),
        (f"As long as $|w| < 1$, ${GRADIENT} \\to 0$.", "right"),
        (f"If $|w| < 1$:\n\n$${GRADIENT} \\to 0$$", "right"),
        (f"If $|w| < 1$: ${LATER}$.", "wrong"),
        (f"Se tiene que ${POWER}$.", "wrong"),
        (f"If we differentiate, we get ${POWER}$.", "wrong"),
        (f"When the network is unrolled, ${POWER}$.", "wrong"),
        (f"If $|w| < 1$, then ${PRODUCT}$.", "right"),
        (f"It helps to look ahead. ${POWER}$ is small.", "wrong"),
        (f"This is a summary of what we do if the state is small.\n\n$${POWER}$$", "wrong"),
        # Of the condition more is said than was taken up: it is not known what holds under it.
        (f"If the network is linear, ${POWER}$.", "undecided"),
        (f"If all the units are idle, then ${POWER}$.", "undecided"),
        (f"If $|w| < 1$ and no unit fires, then ${LATER}$.", "undecided"),
        (f"${POWER}$ if $x_t = 0$ for all $t$.", "undecided"),
    ],
)
def test_what_follows_from_a_condition_is_judged(sentence: str, expected: str) -> None:
    verdict = of(sentence)[0]
    assert ("right" if verdict == "right_under_reading" else verdict) == expected


def test_a_fact_that_is_supposed_is_not_judged() -> None:
    text = NETWORK + r"If $\|AB\| \le \|A\| \|B\|$, a bound follows."
    assert judged(text)[-1].verdict.verdict == "not_a_claim"


def test_definitions_that_are_supposed_define() -> None:
    text = "Suppose that $h_t = \\tanh(w h_{t-1} + u x_t)$.\n\n"
    text += "$$\\frac{\\partial h_t}{\\partial h_{t-1}} = w (1 - h_t^2)$$"
    assert judged(text)[-1].verdict.verdict == "right"


@pytest.mark.parametrize(("value", "expected"), [("0", "right"), (r"\infty", "undecided")])
def test_a_limit_with_its_condition_behind(value: str, expected: str) -> None:
    claim = rf"$$\lim_{{T \to \infty}} {GRADIENT} = {value} \text{{ if }} |w| < 1$$"
    assert of(claim)[0] == expected
