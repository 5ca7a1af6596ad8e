"""What notes cite of matrices: identities, norms beside each other, powers in the limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.check.audit import audit
from bptt_sym.check.equivalent_norms import of_norms
from bptt_sym.check.matrix_identities import is_of_matrices
from bptt_sym.documents.document import document_from_text


def verdict(text: str) -> str:
    """The verdict of the last formula."""
    return audit(document_from_text(text, "m.md"))[-1].verdict.verdict


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"(A \otimes B)(C \otimes D) = AC \otimes BD", "right"),
        (r"(A \otimes B)(C \otimes D) = (AC) \otimes (BD)", "right"),
        (r"(A \otimes B)(C \otimes D) = AD \otimes BC", "wrong"),
        (r"(A \otimes B)^T = A^T \otimes B^T", "right"),
        (r"(A \otimes B)^T = B^T \otimes A^T", "wrong"),
        (r"(A \otimes B)^{-1} = A^{-1} \otimes B^{-1}", "right"),
        (r"\mathrm{vec}(AXB) = (B^T \otimes A)\,\mathrm{vec}(X)", "right"),
        (r"\mathrm{vec}(AXB) = (A \otimes B^T)\,\mathrm{vec}(X)", "right_under_reading"),
        (r"(\mathrm{vec} A)^T \mathrm{vec} B = \operatorname{tr}(A^T B)", "right"),
        (r"\operatorname{tr}(ABC) = \operatorname{tr}(CAB)", "right"),
        (r"\operatorname{tr}(ABC) = \operatorname{tr}(ACB)", "wrong"),
        (r"(AB)^{-1} = B^{-1}A^{-1}", "right"),
        (r"(AB)^{-1} = A^{-1}B^{-1}", "wrong"),
        (r"(AB)^T = A^TB^T", "wrong"),
    ],
)
def test_identities(formula: str, expected: str) -> None:
    assert verdict(f"The Kronecker product:\n\n$${formula}$$") == expected


def test_other_meanings_accuse_nobody() -> None:
    entrywise = r"$$(A \otimes B)(C \otimes D) = AD \otimes BC$$"
    assert verdict(f"With the elementwise product,\n\n{entrywise}") == "undecided"
    for text in (
        r"Let $A$ and $B$ be symmetric and commuting. $$(AB)^T = A^TB^T$$",
        r"$$A^T = A$$",
        r"$$W^T W = I$$",
        r"$A = Q^T$, $$(AB)^T = A^TB^T$$",
        r"A matrix of rank one: $$\|A\|_F \le \|A\|_2$$",
    ):
        assert verdict(text) != "wrong", text


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\|A\|_2 \le \|A\|_F \le \sqrt{n}\,\|A\|_2", "right"),
        (r"\|A\|_F \le \|A\|_2", "wrong"),
        (r"\frac{1}{\sqrt{n}}\|A\|_\infty \le \|A\|_2 \le \sqrt{n}\|A\|_\infty", "right"),
        (r"\|A\|_2 \le \|A\|_\infty", "wrong"),
        (r"\|x\|_\infty \le \|x\|_2 \le \|x\|_1 \le \sqrt{n}\|x\|_2", "right"),
        (r"\|x\|_1 \le \|x\|_2", "wrong"),
        (r"\big|\,\|A\| - \|B\|\,\big| \le \|A - B\|", "right"),
        (r"\|x\| - \|y\| \leq \|x + y\|", "right"),
    ],
)
def test_norms_beside_each_other(formula: str, expected: str) -> None:
    assert verdict(f"$${formula}$$") == expected


@pytest.mark.parametrize(
    ("condition", "formula", "expected"),
    [
        ("If $|w| > 1$ then", r"\lim_{T \to \infty} |w|^T = \infty", "right"),
        ("If $|w| > 1$ then", r"\lim_{T \to \infty} |w|^T = 0", "wrong"),
        ("When $|w| < 1$,", r"\lim_{T \to \infty} w^T = 0", "right"),
        ("When $|w| > 1$,", r"\lim_{T \to \infty} w^T = \infty", "undecided"),
        ("When $|v| < 1$,", r"\lim_{T \to \infty} |w|^T = 0", "undecided"),
        ("Here", r"\lim_{T \to \infty} |w|^T = \infty", "undecided"),
    ],
)
def test_powers_in_the_limit(condition: str, formula: str, expected: str) -> None:
    assert verdict(f"{condition}\n$${formula}$$") == expected


@given(st.text(alphabet="ABC()^T-1'\\otimes@=+{}vectr|‖_F \\sqrt{n}\\le", max_size=80))
def test_whatever_is_written_is_read_or_not(text: str) -> None:
    is_of_matrices(text)
    of_norms(text, document_from_text("$x=1$", "m.md").formulas[0])
