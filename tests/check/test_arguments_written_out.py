"""Derivatives by the sum inside an activation, and what a text says of a function of nothing."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.arguments_written_out import with_arguments_for_sums
from bptt_sym.spelling.tending import without_limit_signs

CELL = r"""
$$f_t = \sigma(W_f x_t + U_f h_{t-1} + b_f)$$
$$g_t = \tanh(W_g x_t + U_g h_{t-1} + b_g)$$
$$h_t = f_t \odot h_{t-1} + (1 - f_t) \odot g_t$$
"""


def last(claim: str) -> str:
    document = document_from_text(f"{CELL}\n$${claim}$$\n", "t.md")
    return next(j.verdict.verdict for j in audit(document) if j.place.line == 6)


@pytest.mark.parametrize(
    ("by", "right", "verdict"),
    [
        (r"W_f x_t + U_f h_{t-1} + b_f", r"f_t \odot (1 - f_t)", "right"),
        (r"W_f x_t + \cdots", r"\sigma'(\cdot)", "right"),
        (r"W_f x_t + \cdots", r"f_t", "wrong"),
        (r"W_g x_t + U_g h_{t-1} + b_g", r"f_t \odot (1 - f_t)", "wrong"),
        # what no activation has, and what two have
        (r"W_f x_t + U_g h_{t-1}", r"f_t \odot (1 - f_t)", "other"),
        (r"\cdots + b_f", r"f_t \odot (1 - f_t)", "other"),
    ],
)
def test_a_sum_that_is_differentiated_by(by: str, right: str, verdict: str) -> None:
    of = "f" if "_f x" in by or "b_f" in by else "g"
    left = rf"\frac{{\partial L}}{{\partial ({by})}} = "
    found = last(rf"{left} \frac{{\partial L}}{{\partial {of}_t}} \odot {right}")
    assert found.startswith(verdict) if verdict != "other" else found not in ("right", "wrong")


def test_a_function_of_nothing_says_nothing() -> None:
    found = audit(document_from_text(CELL + "\nHere $f_t = \\sigma(\\cdot)$.\n", "t.md"))
    assert all(j.verdict.verdict == "not_a_claim" for j in found)
    given = document_from_text(r"$$f_t = \sigma(\cdot) W, \quad \|A\| = \sup(\cdot) + 1$$", "t.md")
    assert with_arguments_for_sums(given.formulas) == list(given.formulas)


def test_a_limit_may_have_its_variable_in_brackets() -> None:
    limit = r"\frac{\partial h_T}{\partial h_k} \to 0"
    for written in (r"\quad (T \to \infty)", r"\left(T \to \infty\right)", r"(n \to \infty)"):
        (formula,) = document_from_text(f"$${limit} {written}$$", "t.md").formulas
        found = without_limit_signs(formula)
        assert found.latex.strip() == (formula.latex if "(n" in written else limit)


def test_a_power_of_a_bound_is_no_argument_of_a_gate() -> None:
    claim = r"\left\|\prod_{j=k+1}^t \mathrm{diag}(f_j)\right\| \le \bar f^{\,t-k}"
    (found,) = [
        j.verdict for j in audit(document_from_text(f"{CELL}\n$${claim}$$\n", "t.md"))
        if j.place.line == 6
    ]  # fmt: skip
    assert found.verdict == "undecided"
    assert "argument" not in "".join((*found.assumptions, found.note))
