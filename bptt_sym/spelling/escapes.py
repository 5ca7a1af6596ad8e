r"""What keeps Markdown from reading a formula: ``W\_{hh}``, four strokes for the end of a row.

It goes first of all, since every later spelling matches on the marks themselves.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited, replaced

#: ``W\_{hh}``: the bar of a subscript, escaped. ``dC\_next`` is a name of several letters.
_SUBSCRIPT = re.compile(
    r"(?P<before>(?<![A-Za-z\\])[A-Za-z]|\\[A-Za-z]+|[})|\]])\\_(?=\{|[A-Za-z0-9](?![A-Za-z0-9]))"
)
_TEXT = re.compile(r"\\(?:text|mathrm|textrm|operatorname|mbox|texttt)\s*\{[^{}]*\}")
#: The end of a row, escaped or twice.
_BREAKS = re.compile(r"\\\\\s*\\\\(?!\\)(?:\s*\\\\(?!\\))*")


def without_escapes(formula: Formula) -> Formula:
    """``formula`` with the marks that were meant; words keep their bars."""
    text = formula.latex
    if r"\_" in text:
        words = [m.span() for m in _TEXT.finditer(text)]
        bars = (m.end() for m in _SUBSCRIPT.finditer(text))
        outside = (end for end in bars if not any(a < end < b for a, b in words))
        formula = edited(formula, [(end - 2, end, "_") for end in outside])
    return replaced(formula, _BREAKS, lambda m: r"\\ ")


__all__ = ["without_escapes"]
