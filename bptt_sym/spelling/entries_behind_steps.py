r"""Entries behind the step: :math:`S(t)_{m,n}` for the entry of :math:`S` at step t.

They are written where entries stand otherwise, :math:`S_{m,n}(t)`. So are those of a weight in
brackets, :math:`W_{rec}(i, j)`.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_BEHIND = re.compile(
    r"(?P<name>\\(?:hat|widehat|tilde|bar|vec|mathbf|boldsymbol|bm)\s*\{\s*[A-Za-z]\s*\}"
    r"|\\hat\s*[a-z](?![a-z])|(?<![A-Za-z\\_^])[A-Za-z])\s*"
    r"(?P<step>\(\s*(?:t|k|T|\\tau)\s*(?:[-+]\s*1\s*)?\))\s*"
    r"(?P<entry>_\s*(?:\{\s*[a-z]\s*(?:,?\s*[a-z]\s*)?\}|[a-z](?![A-Za-z])))"
)

_OF_A_WEIGHT = re.compile(
    r"(?P<name>\\(?:mathbf|boldsymbol|bm)\s*\{\s*[WUVR]\s*\}|(?<![A-Za-z\\])[WUVR])\s*"
    r"(?:_\s*(?:\{\s*(?P<label>[a-z]{1,6})\s*\}|(?P<letter>[a-z])))?\s*"
    r"\(\s*(?P<i>[ijklmpq])\s*,\s*(?P<j>[ijklmpq])\s*\)"
)


def with_entries_before_steps(formula: Formula) -> Formula:
    """``formula`` with such entries below the name itself."""
    if ")" not in formula.latex or "_" not in formula.latex:
        return formula
    return replaced(formula, _BEHIND, lambda m: f"{m['name']}{m['entry']}{m['step']}")


def with_entries_of_weights(formula: Formula) -> Formula:
    """``formula`` with the entries of weights below their names."""
    return replaced(formula, _OF_A_WEIGHT, _entry) if "," in formula.latex else formula


def _entry(m: re.Match[str]) -> str | None:
    label = m["label"] or m["letter"]
    below = f"{label},{m['i']}{m['j']}" if label else f"{m['i']}{m['j']}"
    return f"{m['name']}_{{{below}}}" if m["i"] != m["j"] else None
