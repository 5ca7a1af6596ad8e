r"""Sizes beside an equation: ``A = B \in (n \times m)``, ``A \in \mathbb{R}^n = B``.

A size at the end of an equation is written as the set that it stands for; one in the middle of an
equation, or in words, is left out.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_BETWEEN = r"(?:\\[,;:! ]|~|\s|\\q?quad(?![A-Za-z]))"
_END = r"(?=\s*[.,;]?\s*(?:\\\\|\\end(?![A-Za-z])|\}?\s*$))"
_SIDE = (
    r"(?:\\(?:text|mathrm)\s*\{[^{}]{1,12}\}|[A-Za-z0-9+\s|_^]|\{[^{}]{1,8}\}"
    r"|\\(?:cdot|ell)(?![A-Za-z])){1,24}?"
)
_SIDES = rf"{_SIDE}(?:(?:\\times(?![A-Za-z])|×){_SIDE}){{1,2}}"
#: ``\in (n \times m)``, at the end.
_IN = re.compile(rf"\\in\s*{_BETWEEN}*[(\[]\s*(?P<size>{_SIDES})\s*[)\]]{_END}")
#: ``\quad (n \times m)``, at the end of an equation.
_BEHIND = re.compile(
    rf"(?<![=+\-(])(?:\\[,;: ]|~|\\q?quad(?![A-Za-z])){_BETWEEN}*"
    rf"[(\[]\s*(?P<size>{_SIDES})\s*[)\]]{_END}"
)
_WORD = r"(?:shape|size|dim(?:ension)?s?)"
#: ``\quad \text{shape } (n, m)``, ``\text{(shape: } n \times m \text{)}``
_IN_WORDS = re.compile(
    rf",?\s*{_BETWEEN}*\\(?:text|mathrm|mbox|textrm)\s*\{{\s*[(\[]?\s*(?:with |of |has )?{_WORD}\s*"
    rf"(?:[:=]|is)?[^{{}}]*\}}[^=\\&]*(?:\\times[^=\\&]*)*(?:\\text\s*\{{\s*[)\]]\s*\}})?{_END}"
)
_SET = r"\\mathbb\s*\{?\s*[RC]\s*\}?\s*(?:\^\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z0-9]))?"
#: ``A \in \mathbb{R}^n = B``
_INSIDE = re.compile(rf"\\in\s*{_SET}(?=\s*&?\s*(?::\s*)?=)")
#: ``\mathbb{R}^n \ni A = B``
_BEFORE = re.compile(rf"(?:^|(?<=\\\\)|(?<=\}}))\s*{_SET}\s*\\ni(?![A-Za-z])\s*(?=[^=]*=)")


def with_sizes_as_sets(formula: Formula) -> Formula:
    """``formula`` with the sizes beside its equations as sets at their end, or left out."""
    text = formula.latex
    if "=" not in text:
        return formula
    if r"\times" in text or "×" in text:
        formula = replaced(formula, _IN, _as_a_set)
        formula = replaced(formula, _BEHIND, _as_a_set)
    if r"\ni" in text:
        formula = replaced(formula, _BEFORE, lambda m: " ")
    if r"\in" in text:
        formula = replaced(formula, _INSIDE, lambda m: "")
    return replaced(formula, _IN_WORDS, lambda m: "") if r"\text" in text else formula


def _as_a_set(m: re.Match[str]) -> str:
    return rf" \in \mathbb{{R}}^{{{m['size'].strip()}}}"
