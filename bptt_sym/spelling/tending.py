r"""Limits written with their variable: :math:`\lim_{T\to\infty} \partial h_T/\partial h_k = 0`.

A limit over the distance of two steps is what ``… \to 0`` says. It is brought to that form where
its variable is the step of what is differentiated, or the distance of the two; a limit in any
other variable, and any other value, stays as it is.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_INFINITY = r"\+?\s*(?:\\infty(?![A-Za-z])|∞)"
_TO = r"(?:\\(?:to|rightarrow|longrightarrow)(?![A-Za-z])|→|⟶)"
_VARIABLE = (
    r"(?:\\left\s*)?\(?\s*(?P<later>[A-Za-su-z]|t|\\tau)\s*(?:-\s*(?P<earlier>[a-z0-9]))?\s*"
    r"(?:\\right\s*)?\)?"
)
_OVER = rf"\s*{_VARIABLE}\s*{_TO}\s*{_INFINITY}\s*"
_LIM = re.compile(
    rf"(?P<before>(?:^|\\\\|&|\\begin\s*\{{[a-z]+\*?\}}|\\q?quad|"
    rf"\\(?:implies|Rightarrow|Longrightarrow)(?![a-z]))\s*)"
    rf"\\lim(?:\\limits)?\s*_\s*\{{{_OVER}\}}"
)
_WHEN = r"(?:as|when|for|für|wenn|quand|lorsque|cuando|quando|при|当|當)"
_GAP = r"(?:\\q?quad|\\[,;:! ]|\s|,)*"
_AT_END = r"(?=[.,;]?\s*(?:$|\\\\|\\end|&))"
#: ``\text{as } T \to \infty`` behind a limit.
_AS = re.compile(
    rf"{_GAP}\\(?:text|mbox|textrm|mathrm)\s*\{{\s*{_WHEN}\s*~?\s*\}}(?:\\[,;:! ]|~|\s)*"
    rf"{_OVER}{_AT_END}"
)
#: ``\text{as $T \to \infty$}``
_AS_INSIDE = re.compile(
    rf"{_GAP}\\(?:text|mbox|textrm)\s*\{{\s*{_WHEN}\s*\$?{_OVER}\$?\s*\}}{_AT_END}"
)
#: ``\\quad (T \\to \\infty)``
_IN_BRACKETS = re.compile(rf"{_GAP}(?:\\left\s*)?\({_OVER}(?:\\right\s*)?\){_AT_END}")
_OVER_TOO = _OVER.replace("later", "l2").replace("earlier", "e2")
#: An arrow with its variable above or below it.
_ARROW = re.compile(
    rf"\\(?:underset|overset|stackrel)\s*\{{{_OVER}\}}\s*\{{\s*{_TO}\s*\}}"
    rf"|\\x(?:long)?rightarrow\s*(?:\[[^\[\]]*\]\s*)?\{{{_OVER_TOO}\}}"
)
#: Where a limit ends, before a condition too.
_ROW_END = re.compile(
    r"\\\\|\\end(?![A-Za-z])|\\q?quad(?![A-Za-z])|[.,;]?\s*$|"
    r"\\(?:text|mbox|textrm)\s*\{\s*(?:if|for|when|whenever|provided|wenn|falls|si|se|если|若|当)"
    r"(?![A-Za-z])"
)
#: The value, behind its sign.
_VALUE = re.compile(
    rf"(?P<sign>&?\s*=\s*&?)\s*(?:0|\\(?:mathbf|boldsymbol|bm|vec)\s*\{{?\s*0\s*\}}?|{_INFINITY})"
    r"\s*[.,;]?\s*$"
)
_RELATION = re.compile(r"=|<|>|\\(?:approx|leq?|geq?|to|neq?|equiv|sim)(?![A-Za-z])")
_NAMES = r"(?:\\[A-Za-z]+\s*\{\s*\\?[A-Za-z]+\s*\}|\\[A-Za-z]+|[A-Za-z])"
_STEP = r"\s*[_^]\s*\{?\s*\(?\s*(?P<%s>\\tau|[A-Za-z0-9])\s*\)?\s*\}?"
#: ``W^k``, ``\\|W^k\\|``, ``\\|W\\|^{k-1}``
_POWER = re.compile(
    rf"\s*(?:(?:\\left\s*)?(?:\\\||\||\\[lr]?Vert)\s*)?{_NAMES}\s*(?:_\s*(?:\{{[a-z]+\}}|[a-z]))?\s*"
    r"(?:(?:\\right\s*)?(?:\\\||\||\\[lr]?Vert)\s*)?\^\s*"
    r"(?:\{\s*(?P<n>[a-zT])\s*(?:-\s*[a-z0-9]\s*)?\}|(?P<m>[a-z]))(?:\s*(?:(?:\\right\s*)?(?:\\\||\||\\[lr]?Vert))?\s*&?\s*=)"
)
_UPRIGHT = r"mathrm\s*(?:\{\s*d\s*\}|d(?![A-Za-z]))"
_PAIR = re.compile(
    rf"\\(?:partial|{_UPRIGHT}|[dtc]?frac\s*\{{\s*d)\s*\{{?\s*{_NAMES}{_STEP % 'of'}"
    rf"[^=]{{0,12}}?\\?(?:partial|{_UPRIGHT}|d)\s*\{{?\s*{_NAMES}(?:{_STEP % 'by'})?"
)


def without_limit_signs(formula: Formula) -> Formula:
    r"""``formula`` with ``\lim … = 0`` and ``\to 0 \text{ as } T \to \infty`` as ``… \to 0``."""
    text = formula.latex
    if r"\infty" not in text and "∞" not in text:
        return formula
    return edited(formula, sorted([*_limits(text), *_remarks(text)]))


def _limits(text: str) -> list[Edit]:
    edits: list[Edit] = []
    for m in _LIM.finditer(text):
        end = _ROW_END.search(text, m.end())
        body = text[m.end() : end.start() if end else len(text)]
        value = _VALUE.search(body)
        if value is None or _RELATION.search(body[: value.start()]):
            continue
        if _runs_out(body, m["later"], m["earlier"]):
            at = m.end() + value.start("sign")
            # (What stands first keeps the place of the sign.)
            first = next((k for k, c in enumerate(body) if not c.isspace()), 0)
            edits.append((m.end("before"), m.end() + first + 1, body[first]))
            edits.append((at, m.end() + value.end("sign"), r"\to "))
    return edits


def _remarks(text: str) -> list[Edit]:
    edits: list[Edit] = []
    for m in (m for p in (_AS, _AS_INSIDE, _IN_BRACKETS) for m in p.finditer(text)):
        row = text[: m.start()].rsplit(r"\\", 1)[-1]
        if re.search(_TO, row) and _runs_out(row, m["later"], m["earlier"]):
            edits.append((m.start(), m.end(), ""))
    for m in _ARROW.finditer(text):
        row = text[: m.start()].rsplit(r"\\", 1)[-1]
        later, earlier = m["later"] or m["l2"], m["earlier"] or m["e2"]
        if _runs_out(row, later, earlier):
            edits.append((m.start(), m.end(), r"\to "))
    return edits


def _runs_out(body: str, later: str, earlier: str | None) -> bool:
    """Whether the variable is the step of what ``body`` differentiates, or the distance to it.

    Or it is the exponent of the one parameter that the body is a power of.
    """
    power = _POWER.match(body)
    if power is not None:
        return earlier is None and (power["n"] or power["m"]) == later
    pair = _PAIR.search(body)
    if pair is None or pair["of"] != later:
        return False
    return earlier is None or pair["by"] == earlier
