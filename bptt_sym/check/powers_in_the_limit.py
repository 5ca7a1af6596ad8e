r"""Powers in the limit: :math:`|w|^T \to 0` if :math:`|w| < 1`, and what holds so of a matrix.

The condition stands with the formula, or in the words directly before it.
"""

from __future__ import annotations

import re

from bptt_sym.decide.verdict import Counterexample, Verdict
from bptt_sym.definitions.outline import Row
from bptt_sym.documents.document import Formula

_LAYOUT = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|limits)(?![A-Za-z])|\\[,;:! ]|~|\s|&|\\q?quad|\$"
)
_BAR = r"(?:\||\\[lr]?vert(?![A-Za-z]))"
_DOUBLE = r"(?:\\\||\|\||‖|\\[lr]?Vert(?![A-Za-z]))"
_NAME = (
    r"(?:\\(?:mathbf|boldsymbol)\{[A-Za-z]+\}|\\(?:lambda|gamma|alpha|beta|rho|mu)|[A-Za-z])"
    r"(?:_\{?[a-z0-9]{1,3}\}?)?"
)
_OF = (
    rf"(?:{_BAR}(?P<abs%s>{_NAME}){_BAR}|{_DOUBLE}(?P<norm%s>{_NAME}){_DOUBLE}(?:_\{{?[12F]\}}?)?"
    rf"|(?P<bare%s>{_NAME}))"
)
_N = r"\{?(?P<n>[a-zA-Z])\}?"
_LIMIT = re.compile(
    rf"\\lim_\{{(?P<over>[a-zA-Z])\\(?:to|rightarrow)\\infty\}}{_OF % ('', '', '')}\^{_N}="
    r"(?P<to>0|\\infty|\\mathbf\{0\})[.,;]?"
)
_TENDS = re.compile(
    rf"{_OF % ('', '', '')}\^{_N}\\(?:to|rightarrow)(?P<to>0|\\infty|\\mathbf\{{0\}})"
    r"(?:\\text\{as\}|as)?(?:\(?(?P<over>[a-zA-Z])\\(?:to|rightarrow)\\infty\)?)?[.,;]?"
)
_CONDITION = re.compile(
    rf"(?:\\rho\((?P<radius>{_NAME})\)|{_OF % ('c', 'c', 'c')})(?P<op><|>|\\lt|\\gt)1(?![0-9.])"
)
_WORDS = re.compile(
    r"(?:\b(?:[Ii]f|[Ww]hen|[Ff]or|[Ss]uppose|[Ww]henever|[Pp]rovided)\b|若|当|如果)"
    r"(?P<rest>[^.。]{1,90})$"
)
#: Where a condition of its own begins.
_BEGINS = re.compile(r"\n\s*\n")
_AROUND = 140


def of_powers(row: Row, formula: Formula) -> Verdict | None:
    """The verdict of ``row`` if it says what powers of one thing tend to, with its condition."""
    given = [row.text[c.sides[0][0].start : c.sides[-1][-1].end] for c in row.chain.given]
    text = _LAYOUT.sub("", row.text[row.chain.sides[0][0].start : row.chain.sides[-1][-1].end])
    m = _LIMIT.fullmatch(text) or _TENDS.fullmatch(text)
    if m is None or (m["over"] and m["over"] != m["n"]):
        return None
    if not given:
        start = formula.offsets[0]
        before = formula.source.text[max(0, start - _AROUND) : start]
        words = _WORDS.search(_BEGINS.split(before.rstrip(" $\n\\[:,then"))[-1])
        given = [words["rest"]] if words else []
    for said in given:
        condition = _CONDITION.search(_LAYOUT.sub("", said))
        if condition is not None:
            return _decided(m, condition)
    return None


def _decided(m: re.Match[str], c: re.Match[str]) -> Verdict | None:
    name = m["abs"] or m["norm"] or m["bare"]
    about = c["radius"] or c["absc"] or c["normc"] or c["barec"]
    if about != name:
        return None
    small, vanishes = c["op"] in ("<", "\\lt"), "0" in m["to"]
    matrix = re.sub(r"\\[a-z]+\{|\}|_.*", "", name).isupper() and not m["norm"]
    size = bool(c["absc"]) or bool(c["normc"]) or bool(c["radius"])
    if matrix:
        if small and vanishes and (c["radius"] or c["normc"]):
            return Verdict("right", scope="every dimension", method="powers of a matrix whose "
                           "spectral radius is below 1 tend to 0")  # fmt: skip
        return None
    if not size or bool(m["norm"]) != bool(c["normc"]):
        return None
    if small == vanishes and (small or not m["bare"]):
        return Verdict("right", scope="every such number", method="a geometric sequence")
    if small != vanishes and not (m["bare"] and not vanishes and not small):
        value, power = ("1/2", "2^{-n}") if small else ("2", "2^n, which is at least n + 1")
        return Verdict(
            "wrong", method="a geometric sequence",
            counterexample=Counterexample(0, {}, {name: value}, power, m["to"]),
        )  # fmt: skip
    return None
