"""Bounds with letters that the words explain, and with norms in every factor of a product."""

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

NETWORK = r"""A recurrent network: $$s_t = \tanh(A s_{t-1} + B x_t)$$
"""
SLOPE = r"Here $\gamma = \sup_z |\tanh'(z)|$ bounds the slope. "
SINGULAR = r"Let $\lambda_{max}$ be the largest singular value of $A$. "


def last(text: str):
    return audit(document_from_text(text, "notes.md"))[-1].verdict


FACTORS = (
    r"\|\frac{\partial s_t}{\partial s_k}\| \le "
    r"\prod_{j=%s}^{t} \|\mathrm{diag}(1 - s_j^2)\| \cdot \|A\|"
)


def test_the_norm_of_the_weight_stands_in_every_factor() -> None:
    verdict = last(f"{NETWORK}$${FACTORS % 'k+1'}$$")
    assert verdict.verdict == "right"
    assert "‖AB‖ ≤ ‖A‖ ‖B‖" in verdict.method


def test_one_factor_too_many_is_wrong() -> None:
    assert last(f"{NETWORK}$${FACTORS % 'k'}$$").verdict == "wrong"


def test_equal_matrices_have_equal_norms() -> None:
    right = r"\|\prod_{j=k+1}^{t} \mathrm{diag}(1 - s_j^2) A\|"
    claim = rf"$$\|\frac{{\partial s_t}}{{\partial s_k}}\| = {right}$$"
    assert last(NETWORK + claim).verdict == "right_under_reading"


@pytest.mark.parametrize(
    ("words", "bound", "verdict"),
    [
        (SLOPE, r"(\gamma \|A\|)^{t-k}", "right_under_reading"),
        (SLOPE, r"(\gamma \|A\|)^{t-k+1}", "wrong"),
        ("", r"(\gamma \|A\|)^{t-k}", "right_under_reading"),
        # Without words nobody knows what the letter stands for.
        ("", r"(\gamma \|A\|)^{t-k+1}", "undecided"),
        (SINGULAR, r"\lambda_{max}^{t-k}", "right_under_reading"),
        (SINGULAR, r"\lambda_{max}^{t-k+1}", "wrong"),
        ("", r"\lambda_{max}^{t-k}", "undecided"),  # an eigenvalue bounds no norm
        (SLOPE, r"\prod_{j=k+1}^{t} \gamma \|A\|", "right_under_reading"),
    ],
)
def test_letters_for_sizes(words: str, bound: str, verdict: str) -> None:
    claim = rf"$$\left\|\frac{{\partial s_t}}{{\partial s_k}}\right\| \le {bound}$$"
    found = last(f"{NETWORK}{words}\n{claim}")
    assert found.verdict == verdict
    if found.is_right:
        assert any("singular value" in r or "slope" in r for r in found.readings)


POWER = r"$$\frac{\partial s_t}{\partial s_k} = A^{t-k}$$"


def test_a_linear_network_in_words() -> None:
    found = last(f"{NETWORK}Consider the linear case first. Then\n\n{POWER}")
    assert found.verdict == "right_under_reading"
    assert "the activation is the identity, as the text supposes" in found.assumptions
    assert last(f"{NETWORK}Hence\n\n{POWER}").verdict == "wrong"
    assert last(f"{NETWORK}For this nonlinear network\n\n{POWER}").verdict == "wrong"


def test_letters_that_the_formula_itself_explains() -> None:
    left = r"\left\|\frac{\partial s_t}{\partial s_k}\right\|"
    tail = r", \qquad \gamma = \max_j |1 - s_j^2| \le 1"
    assert last(rf"{NETWORK}$${left} \le (\gamma \|A\|)^{{t-k}}{tail}$$").is_right
    assert last(rf"{NETWORK}$${left} \le (\gamma \|A\|)^{{t-k+1}}{tail}$$").verdict == "wrong"


@pytest.mark.parametrize(
    "meaning",
    [
        r"\max_j |0.1 s_j|",
        r"\max_j |A_{jj}|",
        r"\sup_z |\tanh'(z)| / 9",
        r"\max_j |1 - s_j^2| \le 1/5",
        r"3",
    ],
)
@pytest.mark.parametrize("power", ["t-k", "t-k+1"])
def test_a_letter_that_the_text_explains_otherwise_is_not_taken_for_a_slope(
    meaning: str, power: str
) -> None:
    left = r"\left\|\frac{\partial s_t}{\partial s_k}\right\|"
    claim = rf"{left} \le (\gamma \|A\|)^{{{power}}}"
    tail = rf"\gamma = {meaning}"
    assert last(rf"{NETWORK}$${tail}$$ $${claim}$$").verdict == "undecided"
    beside = document_from_text(rf"{NETWORK}$${claim}, \qquad {tail}$$", "n.md")
    for judged in audit(beside):
        assert judged.verdict.verdict in ("undecided", "not_a_claim", "unreadable")


def test_two_letters_are_not_both_the_slope() -> None:
    left = r"\left\|\frac{\partial s_t}{\partial s_k}\right\|"
    assert last(rf"{NETWORK}$${left} \le (\gamma \beta)^{{t-k}}$$").verdict == "undecided"
