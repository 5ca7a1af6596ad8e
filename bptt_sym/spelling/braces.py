r"""Labels of braces that are relations themselves: :math:`\underbrace{D_t}_{\in [0,1]} W`.

The reader passes over the words below a brace. A label that says of what is above it where it
lies, or how large it is, is no part of the formula either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited

_BRACE = re.compile(r"\\(?:under|over)brace\s*(?=\{)")
_LABEL = re.compile(r"\s*[_^]\s*(?=\{)")
#: ``\\sigma \\underbrace{\\left( … \\right)}_{z_f}``: the brackets of the function are inside.
_FUNCTION = re.compile(r"\\(?:sigma|tanh|phi|operatorname\s*\{[a-z]+\}|mathrm\s*\{[a-z]+\})\s*$")
_BRACKET = re.compile(r"\{\s*(?:\\left\s*|\\[bB]igl?\s*)?\(")
_RELATION = re.compile(
    r"\\(?:in|notin|subset|leq?(?:slant)?|geq?(?:slant)?|approx|simeq|sim|ll|gg|propto|to|rightarrow|"
    r"Rightarrow|times|mathbb|neq?)(?![A-Za-z])|[∈≤≥≈<>→∝⇒]"
)


def without_labels_of_braces(formula: Formula) -> Formula:
    """``formula`` without such labels; one in words or one that gives a name stays."""
    text = formula.latex
    return edited(formula, list(_labels(text))) if "brace" in text else formula


def _labels(text: str) -> Iterator[Edit]:
    for m in _BRACE.finditer(text):
        end = closing(text, m.end())
        at = _LABEL.match(text, end + 1) if end is not None else None
        stop = closing(text, at.end()) if at is not None else None
        if end is None or at is None or stop is None:
            continue
        if _BRACKET.match(text, m.end()) and _FUNCTION.search(text, 0, m.start()):
            yield m.start(), m.start(), "("
            yield stop + 1, stop + 1, ")"
        elif _RELATION.search(text, at.end(), stop):
            yield end + 1, stop + 1, ""
