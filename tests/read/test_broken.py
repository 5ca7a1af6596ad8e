"""What is broken in a formula, whatever it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from bptt_sym.read.broken import broken


@pytest.mark.parametrize(
    ("latex", "token"),
    [
        (r"\frac{\partial L}{\partial W", "{"),
        (r"\frac{\partial L}", r"\frac"),
        (r"x_{t", "{"),
        (r"h_t}", "}"),
        ("h^", "^"),
        ("h_^2", "_"),
        (r"\left(1 - h_t^2", r"\left"),
        (r"1 - h_t^2\right)", r"\right"),
        (r"\left(\frac{a}{b}", r"\left"),
        (r"a_{\left(} b\right)", r"\left"),
        (r"\sqrt", r"\sqrt"),
    ],
)
def test_the_part_that_is_not_complete(latex: str, token: str) -> None:
    found = broken(latex)
    assert found is not None and found.token == token
    assert found.span is not None and latex[found.span.start : found.span.end] == token


@pytest.mark.parametrize(
    "latex",
    [
        r"\frac12", r"\frac\partial{x}", r"\frac {a} {b}", r"\sqrt[3]{x}", r"{}^T", r"_t", "h_*",
        r"\left\{ x \right.", r"\left.a\right|_{x}", r"\{h_t\}", r"\text{a_}", r"x^\top", "",
        r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "\\",
    ],
)  # fmt: skip
def test_a_formula_that_is_complete(latex: str) -> None:
    assert broken(latex) is None


@given(st.text(alphabet="\\{}^_&ab lefrightac", max_size=60))
def test_anything_has_an_answer_and_its_place(latex: str) -> None:
    found = broken(latex)
    assert found is None or (found.span is not None and found.span.end <= len(latex))


def test_a_broken_formula_without_a_relation_is_no_silence() -> None:
    text = (
        r"With $h_t = \tanh(w h_{t-1} + u_t)$, $\frac{\partial L}{\partial W$ is wanted."
        "\n\n"
        r"$$\frac{\partial L}{\partial w$$"
        "\n\n"
        r"$\sum_{t=1}^{T} \frac{a}{b$, $h_t^$, and $\frac{\partial L}{\partial W}$ and $\{h_t\}$."
    )
    judged = audit(document_from_text(text, "n"))
    seen = [(str(j.place), j.verdict.verdict, j.fault) for j in judged]
    assert [s[:2] for s in seen[1:]] == [
        (place, "unreadable") for place in ("n:1:39", "n:3:3", "n:5:2", "n:5:31")
    ]
    assert all(fault is not None for _, _, fault in seen[1:])
