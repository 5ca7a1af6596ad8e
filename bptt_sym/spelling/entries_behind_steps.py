r"""Entries behind the step: :math:`S(t)_{m,n}` for the entry of :math:`S` at step t.

They are written where entries stand otherwise, :math:`S_{m,n}(t)`.
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


def with_entries_before_steps(formula: Formula) -> Formula:
    """``formula`` with such entries below the name itself."""
    if ")" not in formula.latex or "_" not in formula.latex:
        return formula
    return replaced(formula, _BEHIND, lambda m: f"{m['name']}{m['entry']}{m['step']}")
