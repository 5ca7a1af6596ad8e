r"""Shares of a gradient that a word tells apart: ``(\delta^h_t)_{local}``, ``(\delta^h_t)_{rec}``.

One of them is a part of the gradient, as behind a bar, :math:`\partial L/\partial h_t|_{rec}`. That
the gradient is their sum says how it is divided, and nothing of what it is.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\}"
_GRADIENT = (
    rf"(?:\\[dt]?frac\s*{_GROUP}\s*{_GROUP}"
    rf"|\\delta(?:\s*[_^]\s*(?:{_GROUP}|[A-Za-z](?![A-Za-z])))++)"
)
_WORD = r"(?:\\(?:text|mathrm|textrm|rm|mathit)\s*\{\s*[A-Za-z][A-Za-z -]{1,24}\}|[A-Za-z]{3,16})"
_BELOW = (
    rf"\s*[_^]\s*(?:\{{\s*{_WORD}\s*\}}"
    r"|\\(?:text|mathrm)\s*\{\s*[A-Za-z][A-Za-z -]{1,24}\})"
)
_IN_BRACKETS = (
    rf"(?:\\left\s*|\\[bB]igg?l?\s*)?\(\s*(?P<of@>{_GRADIENT})\s*"
    rf"(?:\\right\s*|\\[bB]igg?r?\s*)?\){_BELOW}"
)
_BEHIND_A_BAR = (
    rf"(?:\\left\s*\.\s*)?{_GRADIENT}\s*(?:\\right\s*|\\[bB]igg?[lrm]?\s*)?(?:\||\\[lr]?vert){_BELOW}"
)
_PART = f"(?:{_IN_BRACKETS.replace('?P<of@>', '?:')}|{_BEHIND_A_BAR})"
_SUM = re.compile(
    rf"&?\s*=\s*&?\s*{_PART}(?:\s*\+\s*{_PART})++(?=\s*&?\s*(?:=|\\\\|\\end(?![A-Za-z])|[.,;]?\s*$))"
)
_GIVEN = re.compile(_IN_BRACKETS.replace("@", "") + r"\s*&?\s*(?P<eq>\+?=)")


def with_shares_for_words(formula: Formula) -> Formula:
    """``formula`` with such a share as what is added to the gradient, and without their sum."""
    text = formula.latex
    if "=" not in text or not (")" in text or "|" in text or "vert" in text):
        return formula
    formula = replaced(formula, _SUM, lambda m: " ")
    return replaced(formula, _GIVEN, lambda m: f"{m['of']} +=")
