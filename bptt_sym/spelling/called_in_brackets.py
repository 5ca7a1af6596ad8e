r"""Functions whose argument stands in square brackets: ``f[z_t]``, ``\phi\left[W h_{t-1}\right]``.

A letter of functions before such brackets is applied to what stands in them, but for a step, which
makes it a gate or a sequence: ``f[t]``.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited

_HEAD = re.compile(
    r"(?:(?<![A-Za-z\\_^{])[fgFG]|\\(?:phi|varphi|psi|sigma|rho|tanh)(?![A-Za-z]))'?\s*"
    r"(?P<open>\\left\s*\[|\\[bB]igg?l?\s*\[|\[)"
)
_STEP = re.compile(r"\s*(?:[A-Za-z]|\\tau|[0-9]+)\s*(?:[-+]\s*[0-9a-z]\s*)?")
_CLOSE = re.compile(r"(?:\\right\s*|\\[bB]igg?r?\s*)\Z")


def with_round_brackets(formula: Formula) -> Formula:
    """``formula`` with round brackets around such arguments."""
    text = formula.latex
    edits: list[Edit] = []
    for m in _HEAD.finditer(text) if "[" in text else ():
        end = closing(text, m.end() - 1, "[", "]")
        if end is None or _STEP.fullmatch(text, m.end(), end) or "," in text[m.end() : end]:
            continue
        inside = _CLOSE.sub("", text[m.end() : end])
        if _STEP.fullmatch(inside):
            continue
        edits += [(m.end() - 1, m.end(), "("), (end, end + 1, ")")]
    return edited(formula, sorted(edits))
