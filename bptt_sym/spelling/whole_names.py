r"""Names that are written in pieces: :math:`\text{decay\_trace}_t` is one word.

So is :math:`d\_out`. An accent that reaches over the step, :math:`\overline{y(t)}`, is one of the
name, and the entries of a weight in brackets, :math:`W_{rec}(i, j)`, stand below it.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_WORDS = re.compile(
    r"\\(?P<font>text|mathrm|textrm|textit|mathit|texttt|operatorname)\s*"
    r"\{\s*(?P<words>[A-Za-z0-9]{1,20}(?:\\?_[A-Za-z0-9]{1,20}){1,4})\s*\}"
)
#: ``d\\_out``
_D_OF = re.compile(r"(?<![A-Za-z\\])d\\_(?P<word>(?!next|prev)[a-z]{2,8})(?![A-Za-z_])")
_OVER = re.compile(
    r"(?P<accent>\\(?:overline|bar|hat|widehat|tilde|widetilde|vec))\s*\{\s*(?P<name>[A-Za-z])\s*"
    r"(?P<step>\(\s*(?:t|k|T)\s*(?:[-+]\s*1\s*)?\))\s*\}"
)

_OF_A_WEIGHT = re.compile(
    r"(?P<name>\\(?:mathbf|boldsymbol|bm)\s*\{\s*[WUVR]\s*\}|(?<![A-Za-z\\])[WUVR])\s*"
    r"(?:_\s*(?:\{\s*(?P<label>[a-z]{1,6})\s*\}|(?P<letter>[a-z])))?\s*"
    r"\(\s*(?P<i>[ijklmpq])\s*,\s*(?P<j>[ijklmpq])\s*\)"
)


def with_whole_names(formula: Formula) -> Formula:
    """``formula`` with such names in one piece."""
    text = formula.latex
    if ")" in text:
        formula = replaced(formula, _OVER, lambda m: f"{m['accent']}{{{m['name']}}}{m['step']}")
        formula = replaced(formula, _OF_A_WEIGHT, _entry) if "," in text else formula
    if "_" not in text:
        return formula
    formula = replaced(formula, _D_OF, lambda m: rf"\mathrm{{d{m['word']}}}")
    return replaced(formula, _WORDS, _one_word)


def _one_word(m: re.Match[str]) -> str:
    return rf"\{m['font']}{{{m['words'].replace(chr(92), '').replace('_', '')}}}"


def _entry(m: re.Match[str]) -> str | None:
    label = m["label"] or m["letter"]
    below = f"{label},{m['i']}{m['j']}" if label else f"{m['i']}{m['j']}"
    return f"{m['name']}_{{{below}}}" if m["i"] != m["j"] else None
