r"""Rows that are braced as a whole, and matrices of one entry that are set for their brackets.

``{C_t = f_t \odot C_{t-1}} \\ {h_t = \tanh(C_t)}`` are two equations, and in ``\tanh
\begin{pmatrix} W h_{t-1} + U x_t \end{pmatrix}`` the matrix is a pair of large parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import closing, edited

_ROW = re.compile(
    r"(?:\A|\\\\|&|\\begin\s*+\{(?:array\}\s*+\{[lcr@{} ]{1,8}|[a-z]{5,8}\*?)\})\s*+(?P<open>\{)"
)
_ENDS = re.compile(r"\s*(?:[.,;]\s*)?(?:\Z|\\\\|\\end\b|&)")
_MATRIX = re.compile(
    r"\\(?P<kind>begin|end)\s*\{pmatrix\}|(?P<apart>\\\\|&|\\cr(?![A-Za-z]))|\\.", re.DOTALL
)


def with_plain_rows(formula: Formula) -> Formula:
    """``formula`` without such braces, and with parentheses for such matrices."""
    if "{pmatrix}" in formula.latex:
        formula = edited(formula, sorted(_of_one_entry(formula.latex)))
    if "=" in formula.latex and "{" in formula.latex:
        formula = edited(formula, list(_around_rows(formula.latex)))
    return formula


def _around_rows(text: str) -> Iterator[tuple[int, int, str]]:
    at = 0
    while (m := _ROW.search(text, at)) is not None:
        at = m.end("open")
        end = closing(text, m.start("open"))
        if end is None:
            return
        inside = text[at:end]
        if "=" in _outside_of_braces(inside) and _ENDS.match(text, end + 1):
            yield m.start("open"), at, " "
            yield end, end + 1, " "
            at = end + 1


def _outside_of_braces(text: str) -> str:
    """What of ``text`` stands in no braces."""
    out, depth = [], 0
    for c in text:
        depth += (c == "{") - (c == "}")
        if not depth:
            out.append(c)
    return "".join(out)


def _of_one_entry(text: str) -> Iterator[tuple[int, int, str]]:
    opened: list[tuple[re.Match[str], bool]] = []
    for m in _MATRIX.finditer(text):
        if m["kind"] == "begin":
            opened.append((m, False))
        elif m["apart"] and opened:
            opened[-1] = opened[-1][0], True
        elif m["kind"] == "end" and opened:
            begin, several = opened.pop()
            if not several:
                yield begin.start(), begin.end(), r"\left("
                yield m.start(), m.end(), r"\right)"
