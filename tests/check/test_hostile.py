"""Hostile input: it ends soon, with a verdict and a message, and takes nothing else with it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import VERDICTS
from bptt_sym.check.prepared import prepared
from bptt_sym.documents.document import document_from_text
from bptt_sym.documents.formats import document_in
from bptt_sym.documents.respelling import without_long_blanks
from bptt_sym.errors import BpttError, InputError
from bptt_sym.read import read_claims, recurrence_from_latex
from bptt_sym.read.grammar import parse
from bptt_sym.read.tokens import tokenize

CELL = "$$h_t = \\tanh(w h_{t-1} + u_t)$$\n\n"
ELMAN = recurrence_from_latex([r"h_t = \tanh(w h_{t-1} + u_t)", r"L = \ell(h_T)"])

#: The text, the verdict of its last formula, and words of the message.
HOSTILE = {
    "power tower": (CELL + "$$h_t = " + "2^{" * 200 + "2" + "}" * 200 + "$$", "nested deeper"),
    "exponent": (CELL + r"$$h_t = w^{99999999}$$", "beyond"),
    "factorial": (CELL + r"$$h_t = t!!!!!! + 1000000000!$$", "not mathematics"),
    "long sum": (CELL + r"$$h_t = \sum_{k=1}^{1000000000} w^k$$", "beyond"),
    "sums of sums": (
        CELL + r"$$h_t h_t = \sum_{i=1}^{300}\sum_{j=1}^{300}\sum_{k=1}^{300} w^k h_t$$", ""
    ),
    "braces": (CELL + "$$" + "{" * 100_000 + "=" + "}" * 100_000 + "$$", "20000 characters"),
    "macros": (
        "\\newcommand{\\a}{\\b\\b}\\newcommand{\\b}{\\a\\a}$$\\a=1$$", "expand without end"
    ),
    "directions": (CELL + "$$h_t \u202e= \u202d w$$", "bidirectional"),
    "matrix": (CELL + r"$$h_t = \begin{pmatrix}" + "w&" * 500 + r"w\end{pmatrix}$$", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_formula_ends_with_a_message(name: str) -> None:
    text, words = HOSTILE[name]
    start = time.process_time()
    last = audit(document_from_text(text, "h.md"))[-1]
    assert time.process_time() - start < 20
    assert last.verdict.verdict in ("unreadable", "undecided", "wrong")
    assert words in last.verdict.note


@pytest.mark.parametrize(
    "text",
    [
        " " * 200_000 + CELL + " " * 200_000,
        "x_t = " * 50_000,
        "h_t = " + "w*" * 100_000,
        "https://latex.codecogs.com/svg.latex?" * 20_000,
        "{ h }_{" * 3_000,
        "<img " * 50_000,
        "`" * 200_001,
        "\n" * 100_000,
        "```\n" * 10_000,
        "---\n" + "a: &a [*a]\n" * 5_000 + "---\n" + CELL,
        r"\item $h_t$ " * 8_000,
    ],
)
def test_hostile_prose_ends(text: str) -> None:
    start = time.process_time()
    audit(document_from_text(text, "h.md"))
    assert time.process_time() - start < 20


#: Formulas that take a pattern which looks twice at the same place long, or for ever.
LONG = (
    r"\partial " + "{a}" * 3_000 + " b",
    r"\delta_t = a" + " " * 15_000 + "b",
    r"\delta_t = a" + r"\quad " * 3_000 + "b",
    r"\delta_t = " + "(" * 3_000 + "a" + ")" * 3_000,
    r"\delta_t = " + r"\left(" * 2_000,
    r"\frac{\partial L}{\partial h_t}" * 400,
    r"\begin{aligned} " + r"h_t &= a \\ " * 1_000 + r"\end{aligned}",
)


@pytest.mark.parametrize("formula", LONG)
def test_long_formulas_are_brought_to_one_spelling_soon(formula: str) -> None:
    start = time.process_time()
    prepared(document_from_text(f"{CELL}$${formula}$$", "h.md"))
    assert time.process_time() - start < 10


def test_a_long_blank_is_one_and_rows_keep_their_ends() -> None:
    text = r"\begin{aligned} h_t &= a \\" + " " * 40 + r"c_t &= b" + r"\," * 40 + r"\end{aligned}"
    formula = without_long_blanks(document_from_text(f"$${text}$$", "h.md").formulas[0])
    assert formula.latex.split() == r"\begin{aligned} h_t &= a \\ c_t &= b \end{aligned}".split()
    assert len(formula.offsets) == len(formula.latex) + 1


@pytest.mark.parametrize(
    "text", ["<script " * 30_000, "<" * 100_000, "<!--" * 30_000, "\\(" * 30_000]
)
def test_hostile_pages_end(text: str) -> None:
    from pathlib import Path

    start = time.process_time()
    document_in(Path("p.html"), text)
    assert time.process_time() - start < 20


PIECES = st.sampled_from(
    r"h_t h_{t-1} W w x_t \frac \partial { } ( ) [ ] ^ _ = + - \odot \cdot \sum_{t=1}^{T} \prod "
    r"\tanh \sigma ' T t k 1 2 , & \\ \left( \right) \cdots \delta \text{if} \top \mathbf L | \| "
    r"\le \to \begin{align} \end{align} \hat d / . ∂ ₜ ² \nabla_{h_t} += \in".split()
)


@given(st.lists(PIECES, max_size=25).map(" ".join) | st.text(max_size=40))
@settings(max_examples=250, deadline=None)
def test_any_formula_is_read_or_refused_with_its_place(text: str) -> None:
    """The tokenizer, the grammar and the binder raise nothing but errors of input."""
    try:
        tokens = tokenize(text)
        assert all(0 <= t.start <= t.end <= len(text) for t in tokens)
        if tokens:
            parse(tokens, len(text))
    except InputError as error:
        assert error.message
    try:
        read_claims(text, ELMAN)
    except InputError as error:
        assert error.span is None or 0 <= error.span.start <= error.span.end <= len(text) + 1


LINES = st.lists(PIECES, min_size=1, max_size=8).map(lambda p: "$$" + " ".join(p) + "$$")


@given(st.lists(LINES | st.sampled_from([CELL, "## New\n", "where h = f(a), LSTM\n"]), max_size=5))
@settings(max_examples=40, deadline=None)
def test_any_document_has_a_verdict_for_each_formula(lines: list[str]) -> None:
    text = "\n\n".join(lines)
    try:
        found = audit(document_from_text(text, "d.md"))
    except BpttError as error:  # pragma: no cover - what the assertion below reports
        raise AssertionError(text) from error
    assert all(j.verdict.verdict in VERDICTS for j in found)
    assert all("internal error" not in j.verdict.note for j in found), text


def test_signs_that_are_not_closed_are_reported_up_to_a_limit() -> None:
    from bptt_sym.documents.document import MAX_PROBLEMS

    found = document_from_text("\\begin{align}" * 20_000, "text.tex", tex=True)
    assert len(found.problems) == MAX_PROBLEMS + 1
    assert "19900 more" in found.problems[-1].message
