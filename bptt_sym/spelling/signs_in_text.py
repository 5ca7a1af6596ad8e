r"""Signs and numbers set as text, ``\text{ + }`` and ``\text{1}``, and decimals with a comma."""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_TEXT = r"\\(?:text|textrm|textnormal|mbox)\s*"
#: Not in a script, where it would be a label.
_SIGN = re.compile(
    rf"(?<![_^\{{])(?<![_^] ){_TEXT}"
    r"\{\s*(?P<sign>(?:[-+=*]\s*)?(?:[0-9]{1,4}(?:\.[0-9]{1,4})?)?)\s*\}(?!\s*[_^])"
)
_DECIMAL = re.compile(r"(?<=[0-9])\s*\{\s*,\s*\}\s*(?=[0-9])")
#: ``w^{T-k} \\text{ (for } k \\le T)``: the bracket that opens in the words closes behind them.
_ASIDE = re.compile(rf"(?P<open>{_TEXT}\{{[^{{}}()]*)\((?P<words>[^{{}}()]*\}}[^(){{}}]*)\)")


def with_signs_for_text(formula: Formula) -> Formula:
    """``formula`` with such signs as signs, and a point in each decimal."""
    if "{" not in formula.latex:
        return formula
    formula = replaced(formula, _DECIMAL, lambda m: ".")
    formula = replaced(formula, _ASIDE, lambda m: m["open"] + m["words"])
    return replaced(formula, _SIGN, lambda m: f" {m['sign']} " if m["sign"].strip() else None)
