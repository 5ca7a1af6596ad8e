r"""Sums over a set of steps, ``\sum_{t \in \{1, \dots, T\}}``, and signs stacked from pieces."""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_END = r"(?:[A-Za-z]|\d{1,2})(?:\s*[-+]\s*\d)?"
_DOTS = r"(?:\\[lc]?dots[cb]?(?![A-Za-z])|\.{2,3}|…)"
#: ``\sum_{t \in \{1, \dots, T\}}``, ``\sum_{t \in [1, T]}``, ``\sum_{t \in [T]}``
_OVER_A_SET = re.compile(
    r"\\(?P<sign>sum|prod)(?:\s*\\limits)?\s*_\s*\{\s*(?P<step>[a-z]|\\tau)\s*\\in\s*(?:\\\{|\[|\\lbrace)\s*"
    rf"(?:(?P<first>{_END})\s*,\s*(?:\d\s*,\s*)?(?:{_DOTS}\s*,\s*)?)?(?P<last>{_END})\s*(?:\\\}}|\]|\\rbrace)\s*\}}"
)
#: ``\\sum_{k \\in U}``: over all units that there are.
_OVER_UNITS = re.compile(
    r"\\sum(?:\s*\\limits)?\s*_\s*\{\s*(?P<k>[ijklmn])\s*\\in\s*"
    r"(?P<all>[A-SU-Z]|\\math(?:cal|bb)\s*\{\s*[A-Z]\s*\})\s*\}"
)
#: ``\in \{f, o\}``: no step has these letters.
_TWO_GATES = re.compile(r"\\in\s*\\(?:\{|lbrace)\s*[fiorzgcu]\s*,\s*[fozrgcu]\s*\\")
#: ``\overset{T}{\underset{t=1}{\sum}}``
_STACKED = re.compile(
    r"\\overset\s*\{(?P<above>[^{}]{1,12})\}\s*\{\s*\\underset\s*\{(?P<below>[^{}]{1,20})\}\s*"
    r"\{\s*(?P<sign>\\(?:sum|prod))\s*\}\s*\}"
    r"|\\underset\s*\{(?P<below2>[^{}]{1,20})\}\s*\{\s*\\overset\s*\{(?P<above2>[^{}]{1,12})\}\s*"
    r"\{\s*(?P<sign2>\\(?:sum|prod))\s*\}\s*\}"
    r"|\\underset\s*\{(?P<below3>[^{}]{1,20})\}\s*\{\s*(?P<sign3>\\(?:sum|prod))\s*\}"
)
_NAMED = re.compile(
    r"\\mathop\s*\{\s*\\(?:mathrm|rm|text)\s*\{?\s*(?P<name>diag|tanh|softmax)\s*\}?\s*\}"
)
_BOLD_TRANSPOSE = re.compile(
    r"\^\s*\{\s*\\(?:boldsymbol|mathbf|bm)\s*\{\s*(?:\\top|\\intercal|T)\s*\}\s*\}"
)
#: Behind a script, or between signs; ``\\text{ }`` is a space, and before ``_`` a label follows.
_NOTHING = re.compile(
    r"(?<=\})\{\s*\}(?!\s*_)|(?:(?<=[=<>+\-&])|(?<=quad))\s*\{\s*\}(?!\s*[_^])"
)


def with_ranges_for_sets(formula: Formula) -> Formula:
    """``formula`` with the first and the last step of each sum and product."""
    text = formula.latex
    if r"\in" in text:
        formula = replaced(formula, _OVER_A_SET, _range)
        formula = replaced(
            formula, _OVER_UNITS, lambda m: rf"\sum_{{{m['k']}=1}}^{{{m['all']}}} "
        )
    if "set" in text:
        formula = replaced(formula, _STACKED, _of_pieces)
    if "mathop" in text:
        formula = replaced(formula, _NAMED, lambda m: rf"\operatorname{{{m['name']}}}")
    if "^" in text:
        formula = replaced(formula, _BOLD_TRANSPOSE, lambda m: r"^\top ")
    return replaced(formula, _NOTHING, lambda m: " ") if "{" in text else formula


def _range(m: re.Match[str]) -> str | None:
    first = m["first"] or "1"
    if not m["first"] and m["last"].strip().isdigit():
        return None  # a set of one number
    if _TWO_GATES.search(m.group()):
        return None
    return rf"\{m['sign']}_{{{m['step']}={first}}}^{{{m['last']}}} "


def _of_pieces(m: re.Match[str]) -> str:
    k = next(n for n in ("", "2", "3") if m["sign" + n])
    above = f"^{{{m['above' + k]}}}" if k != "3" else ""
    return rf"{m['sign' + k]}_{{{m['below' + k]}}}{above} "
