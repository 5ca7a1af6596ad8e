r"""Traces of numbers: :math:`\mathrm{tr}((\partial L/\partial z)^\top \partial z/\partial V_{ij})`.

Of vectors the product within is a number, and its own trace. Only the derivative by an entry says
that; elsewhere a trace is one. (If the product is a matrix after all, its shape does not fit.)
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_TRACE = re.compile(
    r"(?:\\(?:mathrm|operatorname|text|mathbf|rm)\s*\{\s*[tT]r(?:ace)?\s*\}|\\[tT]r(?![A-Za-z])"
    r"|(?<![A-Za-z\\])[tT]r)\s*(?=(?:\\(?:left|[bB]igg?l?)\s*)?[(\[])"
)
#: ``\\partial V_{ij}`` below a fraction.
_BY_AN_ENTRY = re.compile(
    r"\\partial\s*(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*)?[A-Z]\s*\}?\s*_\s*\{\s*[a-su-z]\s*,?\s*[a-su-z]\s*\}\s*\}"
)


def without_traces(formula: Formula) -> Formula:
    """``formula`` without such traces."""
    if "=" not in formula.latex or not _BY_AN_ENTRY.search(formula.latex):
        return formula
    return replaced(formula, _TRACE, lambda m: "")
