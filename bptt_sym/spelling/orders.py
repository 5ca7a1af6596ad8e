r"""Orders of growth: :math:`\partial h_T/\partial h_k = O(|w|^{T-k})`.

That is a bound with a constant in it of which nothing is said: ``\le K |w|^{T-k}``.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import closing, edited
from bptt_sym.read.vocabulary import CONSTANT

_ORDER = re.compile(
    r"(?:=|\\(?:in|leq?|lesssim|sim)(?![a-z])|≤|∈)\s*&?\s*"
    r"(?:\\(?:mathcal|mathrm|operatorname)\s*\{\s*O\s*\}|\\mathcal\s+O|(?<![A-Za-z])O)\s*"
    r"(?:\\left\s*|\\[bB]igg?l?\s*|\\!\s*)*(?P<open>\()"
)
_ABOUT = re.compile(r"\\partial|∂|\\frac\s*\{\s*d|\\prod")
_END = re.compile(r"[\s.,;]*(?:\\text\s*\{\s*if\s*\}.*)?\Z", re.DOTALL)


def with_constants_for_orders(formula: Formula) -> Formula:
    """``formula`` with a bound for ``= O(…)``, if that is its whole right side."""
    text = formula.latex
    if "O" not in text or (m := _ORDER.search(text)) is None or CONSTANT in text:
        return formula
    end = closing(text, m.start("open"), "(", ")")
    about = _ABOUT.search(text, 0, m.start())
    if end is None or about is None or not _END.match(text, end + 1):
        return formula
    inner = text[m.start("open") : end]
    # (\left and \right are kept in pairs.)
    sized = re.search(r"\\left\s*\Z", text[: m.start("open")])
    tail = re.sub(r"\\right\s*\Z", "", inner) if sized else inner
    new = rf"\le {CONSTANT} {tail})"
    return edited(formula, [(m.start(), end + 1, new)])

