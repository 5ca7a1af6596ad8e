"""Bounds with letters that the words explain, and with norms in every factor of a product."""

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from tests.check.audited import verdict_of_last as last

NETWORK = r"""A recurrent network: $$s_t = \tanh(A s_{t-1} + B x_t)$$
"""
SLOPE = r"Here $\gamma = \sup_z |\tanh'(z)|$ bounds the slope. "
SINGULAR = r"Let $\lambda_{max}$ be the largest singular value of $A$. "


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


UNKNOWN = r"""A recurrent network: $$s_t = \phi(A s_{t-1} + B x_t)$$
"""
SAID = r"Suppose $|\phi'(z)| \le \gamma_\phi$ and $\|A\| \le \gamma_A$. "
TANH = r"Let $\|A\| \le M$ and $\|\mathrm{diag}(1 - s_t^2)\| \le K$. "
LOGISTIC = r"""A recurrent network: $$z_t = A s_{t-1} + B x_t, \qquad s_t = \sigma(z_t)$$
Let $\gamma$ be such that $\|\mathrm{diag}(\sigma'(z_t))\| \le \gamma$, and let $\lambda_1$
be the largest singular value of $A$. """
FAR = r"\left\|\frac{\partial s_t}{\partial s_k}\right\|"
NEAR = r"\left\|\frac{\partial s_t}{\partial s_{t-1}}\right\|"


@pytest.mark.parametrize(
    ("text", "claim", "verdict"),
    [
        # What a letter bounds is said by a formula, whatever the letter and the activation.
        (UNKNOWN + SAID, rf"{FAR} \le (\gamma_\phi \gamma_A)^{{t-k}}", "right_under_reading"),
        (UNKNOWN + SAID, rf"{FAR} \le (\gamma_\phi \gamma_A)^{{t-k+1}}", "wrong"),
        # (It holds if ‖A‖ ≤ 1, and the text before it has a bound.)
        (UNKNOWN + SAID, rf"{FAR} \le \gamma_\phi^{{t-k}}", "undecided"),
        (UNKNOWN + SAID, rf"{FAR} \le \frac{{\gamma_A^{{t-k}}}}{{\gamma_\phi}}", "undecided"),
        (NETWORK + TANH, rf"{FAR} \le (K M)^{{t-k}}", "right_under_reading"),
        (NETWORK + TANH, rf"{FAR} \le K^{{t-k}}", "wrong"),
        (NETWORK, rf"{FAR} \le (K M)^{{t-k}}", "undecided"),
        # A product of two sizes is none of them.
        (NETWORK + r"Let $\|D\| \, \|A\| \le M$.", rf"{FAR} \le M^{{t-k}}", "undecided"),
        # Two numbered bounds of the two norms, in whichever order.
        (NETWORK, rf"{FAR} \le (\gamma_1 \gamma_2)^{{t-k}}", "right_under_reading"),
        (NETWORK, rf"{FAR} \le (\gamma_1 \gamma_2)^{{t-k+1}}", "undecided"),
        # What stands at the end supposes something of the letters.
        (UNKNOWN + SAID, rf"{NEAR} \le \gamma_\phi \gamma_A < 1", "right_under_reading"),
        (UNKNOWN + SAID, rf"{NEAR} \le \gamma_A < 1", "wrong"),
    ],
)
def test_letters_of_which_a_formula_says_what_they_bound(
    text: str, claim: str, verdict: str
) -> None:
    assert last(f"{text}\n$${claim}$$").verdict == verdict


LESS = rf"{NEAR} \le \|A\| \|\mathrm{{diag}}(\sigma'(z_t))\| <"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (rf"If $\lambda_1 < \frac{{1}}{{\gamma}}$, then $${LESS} \frac1\gamma \gamma = 1$$", True),
        (rf"If $\lambda_1 < \frac{{2}}{{\gamma}}$, then $${LESS} \frac1\gamma \gamma = 1$$", False),
        (rf"If $\gamma \lambda_1 < 1$, then $${FAR} \to 0$$", True),
        (rf"If $\gamma \lambda_1 < 2$, then $${FAR} \to 0$$", False),
        (rf"If $\|A\| < 1/\gamma$, then $${FAR} \to 0$$", True),
        (rf"If $\|A\| < \gamma$, then $${FAR} \le 1/5$$", False),
    ],
)
def test_letters_in_conditions(text: str, verdict: bool) -> None:
    assert last(LOGISTIC + text).is_right is verdict


def test_a_condition_on_an_unknown_activation() -> None:
    found = last(rf"{UNKNOWN}{SAID}If $\gamma_\phi \gamma_A < 1$, then $${FAR} \to 0$$")
    assert found.is_right
    assert not last(rf"{UNKNOWN}{SAID}If $\gamma_\phi \gamma_A < 2$, then $${FAR} \to 0$$").is_right


def test_letters_are_found_in_linear_time() -> None:
    from time import process_time

    from bptt_sym.definitions.said_sizes import SaidSizes

    for hostile in ("\\gamma" + " " * 30000 + "=", "\\|W" * 9000, "\\gamma = \\|" * 9000,
                    "\\sup |" + "(" * 30000, "\\|\\mathrm{diag}(" * 9000):  # fmt: skip
        start = process_time()
        SaidSizes.of(hostile)
        assert process_time() - start < 2


@pytest.mark.parametrize(
    "words",
    [
        r"with $\gamma = \sup_z |\tanh'(z)|$ and $\lambda_{\max} = \sigma_{\max}(A)$.",
        r"with $\gamma = \max\_j |\tanh'(z\_j)| \leq 1$, "
        r"$\lambda\_{\max}$ the largest singular value.",
    ],
)
def test_scripts_that_are_words_or_escaped(words: str) -> None:
    left = r"\left\|\frac{\partial s_t}{\partial s_k}\right\|"
    claim = rf"{NETWORK}$${left} \le (\gamma \lambda_{{\max}})^{{t-k}}$$ {words}" + "\n"
    verdict = audit(document_from_text(claim, "notes.md"))[1].verdict
    assert verdict.verdict == "right_under_reading"
    slip = claim.replace("^{t-k}$$", "^{t-k+1}$$")
    assert audit(document_from_text(slip, "notes.md"))[1].verdict.verdict != "right_under_reading"


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (r"0 < \frac{\mathrm{d}}{\mathrm{d}z} \tanh(z) \le 1.0", "right"),
        (r"\frac{d \sigma(z)}{dz} \le \frac{1}{4}", "right"),
        (r"0 < \frac{d}{dz} \tanh(z) \le 0.5", "wrong"),
    ],
)
def test_the_size_of_a_slope_that_is_a_quotient(bound: str, expected: str) -> None:
    assert last(f"{NETWORK}$${bound}$$").verdict == expected
