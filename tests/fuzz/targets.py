"""What is fuzzed: functions of bytes that must end soon and raise nothing.

Each target reads its bytes as the program reads input of that kind. Anything but a result or an
``InputError`` is a failure, and so are a place outside the text, a verdict that no list names, a
fault that the program blames on itself, and more processor time than :data:`SECONDS`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from bptt_sym.check.audit import audit
from bptt_sym.check.exercises.mark import mark
from bptt_sym.check.grade.rubric import Rubric, read_rubric
from bptt_sym.check.grade.submissions import read_submissions
from bptt_sym.check.judged import VERDICTS
from bptt_sym.check.report import plain, report
from bptt_sym.check.reports import FORMATS, written
from bptt_sym.documents.document import Document, text_of
from bptt_sym.documents.formats import document_in
from bptt_sym.errors import BpttError, InputError
from bptt_sym.read import read_claims, recurrence_from_latex
from bptt_sym.read.grammar import parse
from bptt_sym.read.tokens import tokenize
from bptt_sym.recurrence import Recurrence

#: Processor seconds of one input of a few thousand bytes, a fuzzer's instrumentation included.
SECONDS = 30.0
SUFFIXES = (".md", ".tex", ".ipynb", ".html", ".txt", ".rst", ".adoc", ".org", ".wiki", ".mdx")
ROOT = Path(__file__).parent.parent.parent


@cache
def elman() -> Recurrence:
    return recurrence_from_latex([r"h_t = \tanh(w h_{t-1} + u_t)", r"L = \ell(h_T)"])


@contextmanager
def in_time() -> Iterator[None]:
    start = time.process_time()
    yield
    spent = time.process_time() - start
    assert spent < SECONDS, f"{spent:.1f} s"


def loose(data: bytes) -> str:
    """Text for readers of formulas: whatever is no UTF-8 is replaced."""
    return data.decode("utf-8", errors="replace")


def tokens(data: bytes) -> None:
    """The tokenizer and the grammar."""
    text = loose(data)
    with in_time():
        try:
            found = tokenize(text)
        except InputError as error:
            assert error.message
            return
        assert all(0 <= t.start <= t.end <= len(text) for t in found)
        try:
            if found:
                parse(found, len(text))
        except InputError as error:
            assert error.span is None or 0 <= error.span.start <= error.span.end <= len(text) + 1


def claims(data: bytes) -> None:
    """Formulas bound to a recurrence."""
    text = loose(data)
    with in_time():
        try:
            read_claims(text, elman())
        except InputError as error:
            assert error.message
            assert error.span is None or 0 <= error.span.start <= error.span.end <= len(text) + 1


def definitions(data: bytes) -> None:
    """The equations of a cell, one a line."""
    with in_time():
        try:
            recurrence_from_latex([line for line in loose(data).splitlines() if line.strip()][:20])
        except BpttError as error:
            assert str(error)


def document(data: bytes) -> None:
    """The document readers: the first byte says which."""
    with in_time():
        made = _document(data)
        if made is None:
            return
        for formula in (*made.formulas, *made.plain):
            assert len(formula.offsets) >= len(formula.latex)
            for offset in (0, max(0, len(formula.latex) - 1)):
                place = formula.place(offset)
                assert place.line >= 1 and place.column >= 1


def audited(data: bytes) -> None:
    """A whole document, its verdicts and the reports about them."""
    with in_time():
        made = _document(data)
        if made is None:
            return
        judged = audit(made)
        for j in judged:
            assert j.verdict.verdict in VERDICTS
            assert "internal error" not in j.verdict.note, j.verdict.note
        for line in report(judged):
            plain(line).encode("utf-8")
        for format in FORMATS:
            written(judged, format).encode("utf-8")


def _document(data: bytes) -> Document | None:
    suffix = SUFFIXES[data[0] % len(SUFFIXES)] if data else ".md"
    try:
        # A name in a folder that does not exist, so that no file is ever put in.
        return document_in(Path("/nowhere/fuzzed") / f"d{suffix}", text_of(data[1:]))
    except InputError as error:
        assert error.message
        return None


@cache
def rubric() -> Rubric:
    return read_rubric(ROOT / "examples" / "homework" / "rubric.toml")


def submissions(data: bytes) -> None:
    """Submissions in JSON Lines or CSV: the first byte says which."""
    import tempfile

    suffix = (".jsonl", ".csv")[data[0] % 2] if data else ".csv"
    with in_time(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"s{suffix}"
        path.write_bytes(data[1:])
        try:
            for submission in read_submissions([path], rubric()):
                submission.as_json()
                assert submission.digest
        except InputError as error:
            assert error.message


def answer(data: bytes) -> None:
    """A solution that is marked against an exercise."""
    text = loose(data)
    questions = rubric().questions
    exercise = questions[data[0] % len(questions)].exercise() if data else questions[0].exercise()
    with in_time():
        try:
            found = mark(exercise, text[1:])
        except InputError as error:
            assert error.message
            return
        assert 0 <= found.score <= found.points
        assert all(p.verdict is None or "internal error" not in p.verdict.note for p in found.parts)


Target = Callable[[bytes], None]
TARGETS: dict[str, Target] = {
    "tokens": tokens,
    "claims": claims,
    "definitions": definitions,
    "document": document,
    "audited": audited,
    "submissions": submissions,
    "answer": answer,
}

_CELL = r"$$h_t = \tanh(w h_{t-1} + u_t)$$" + "\n\n"
_CLAIM = (
    r"\frac{\partial h_T}{\partial w} = \sum_{t=1}^{T} w^{T-t} "
    r"\prod_{j=t}^{T} (1-h_j^2) h_{t-1}"
)
_NOTEBOOK = (
    r'{"cells": [{"cell_type": "markdown", "source": ["$h_t = \\tanh(w h_{t-1})$"]},'
    r'{"cell_type": "code", "source": "1", "outputs": [{"data": {"text/latex": ["$w=1$"]}}]}]}'
)
#: Inputs to begin with, by target.
SEEDS: dict[str, list[str]] = {
    "tokens": [_CLAIM, r"∂hₜ/∂w = (1−hₜ²)·hₜ₋₁", r"\begin{align} h_t &= w \\ &= 1 \end{align}"],
    "claims": [_CLAIM, r"\left|\frac{\partial h_t}{\partial h_k}\right| \le |w|^{t-k}"],
    "definitions": [r"h_t = \sigma(W [h_{t-1}, x_t])", "c_t = f_t \\odot c_{t-1}\nh_t = c_t"],
    "document": [
        "\0" + _CELL + "```math\nw\n```\n",
        "\1\\newcommand{\\d}[1]{\\partial #1}\\begin{align}\\d{h_t} = w\\end{align}",
        "\2" + _NOTEBOOK,
        r"\3".replace(r"\3", "\3") + r"<p>\(h_t = w\)<script type='math/tex'>w</script>",
        "\4hₜ = tanh(w hₜ₋₁ + uₜ)\n",
        "\5.. math::\n   :label: a\n\n   h_t = w\n\nand :math:`w`.\n",
        "\6[stem]\n++++\nh_t = w\n++++\nand stem:[w].\n",
        "\7#+BEGIN_SRC c\nx\n#+END_SRC\n\\[h_t = w\\]\n",
        "\x08<math>h_t = w</math> {{math|w}}\n",
        "\x09<Math>{String.raw`h_t = w`}</Math>\n$$h_t = w$$\n",
    ],
    "audited": ["\0" + _CELL + f"$${_CLAIM}$$", "\0The LSTM\n" + _CELL + r"$\delta_t = 1 - h_t^2$"],
    "submissions": ['\0{"id": "a", "answers": {"q1": "$w$"}}\n', "\1id,q1,q2\na,$w$,h\n"],
    "answer": ["\0(1-h_t^2) h_{t-1}", "\1" + f"$${_CLAIM}$$"],
}
#: Words that a fuzzer puts together.
WORDS = (
    r"\frac \partial \sum_{ \prod_{ \tanh \sigma \odot \cdot \left( \right) \mathrm{diag} "
    r"\begin{align} \end{align} \begin{pmatrix} \end{pmatrix} ^{\top} h_{t-1} h_t h^{(t)} "
    r"W_{hh} x_t \delta_t \nabla_ \cdots \dots \le \to \infty \approx \propto \in \text{if} "
    r"\newcommand \def \input{ $$ ``` \tag{1} \label{a} \intertext{ &= \\ ∂ ₜ ² − · ∑ ∏ ′ "
    r"<script </script> \( \) \[ \] += \| \hat \bar"
).split()
