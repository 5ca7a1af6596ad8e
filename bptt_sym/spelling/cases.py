r"""Equations by cases of the step: :math:`\delta_t = \{ A` if :math:`t = T`, :math:`B` if
:math:`t < T`.

Each case is an equation of its own: the last step is put in where it is the case, the general one
holds wherever all that it mentions is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.messages import marked

_CASES = re.compile(
    r"^(?P<left>(?:[^=&{}]|\{[^{}]*\}|[{}])*+)&?\s*=\s*(?:\\left\s*\\\{\s*)?"
    r"\\begin\s*\{(?P<env>[dr]?cases|array)\}(?:\{[lcr\s|]*\})?(?P<body>(?:(?!\\begin).)*?)"
    r"\\end\s*\{(?P=env)\}\s*(?:\\right\s*\.)?\s*[.,;]?\s*$",
    re.DOTALL,
)
_BY_CASES = marked("it goes by cases that are not read")
_ROW = re.compile(r"\\\\(?:\s*\[[^\]]*\])?")
_WORDS = re.compile(
    r"\\(?:text|mathrm|textrm|mbox|operatorname)\s*\{\s*(?P<words>[^{}]*)\}|\\q?quad|\\[,;:! ]|[,:]"
)
_OF_GRADIENTS = re.compile(
    r"\\partial|\\delta|^\s*(?:\\(?!mathcal|ell)[a-z]+|[a-df-km-z])(?![A-Za-z]).*"
    r"[_^]\s*\{\s*\(?\s*t\s*\+\s*1",
    re.DOTALL,
)
#: ``\\frac{\\partial p_i}{\\partial z_j}``
_OF_ENTRIES = re.compile(
    r"\s*(?:\\label\s*\{[^{}]*\}\s*)?\\[dt]?frac\s*\{\s*\\partial\s*(?:[^{}]|\{[^{}]*\})*?"
    r"_\s*\{?\s*(?:t\s*,\s*)?(?P<i>[ijklmn])\s*(?:,\s*t\s*)?\}?\s*\}\s*\{\s*\\partial\s*"
    r"(?:[^{}]|\{[^{}]*\})*?_\s*\{?\s*(?:t\s*,\s*)?(?P<j>[ijklmn])\s*(?:,\s*t\s*)?\}?\s*\}\s*$"
)
_EQUAL = re.compile(r"(?P<a>[a-z])\s*=\s*(?P<b>[a-zT])$")
_REST = re.compile(
    r"(?:1\s*(?:<|\\leq?)\s*)?[a-z]\s*(?:<|\\lt|\\neq?|\\leq?)\s*[a-zT]\s*(?:-\s*1)?$"
)
_OTHERWISE = frozenset((
    "otherwise", "else", "sonst", "sinon", "autrement", "altrimenti", "иначе",
    "否则", "其他", "其它", "それ以外", "그외",
))  # fmt: skip
_IF = frozenset("if for when wenn si se falls если 若 当 如果 のとき 이면".split())


def by_cases(formulas: Iterable[Formula]) -> list[Formula]:
    """The formulas with each that goes by cases of a step as one for each case."""
    return [part for formula in formulas for part in _parts(formula)]


def _parts(formula: Formula) -> list[Formula]:
    m = _CASES.match(formula.latex)
    if m is None or not _OF_GRADIENTS.search(formula.latex):  # a loss that runs is read whole
        return [formula]
    if (whole := _by_entries(formula, m)) is not None:
        return [whole]
    found = list(_rows(formula, m))
    if len(found) < 2 or any(part is None for part in found):
        by_units = _OF_ENTRIES.match(m.group("left")) is not None
        return [replace(formula, open=_BY_CASES) if by_units else formula]
    return [part for part in found if part is not None]


def _by_entries(formula: Formula, m: re.Match[str]) -> Formula | None:
    r"""``\partial p_i/\partial z_j`` by cases of i = j as one equation with ``\delta_{ij}``."""
    of = _OF_ENTRIES.match(m.group("left"))
    rows = [r for r in _ROW.split(m.group("body")) if r.strip()]
    if of is None or len(rows) != 2 or of.group("i") == of.group("j"):
        return None
    i, j = of.group("i"), of.group("j")
    values: dict[bool, str] = {}
    for row in rows:
        value, _, condition = row.partition("&")
        said = re.sub(r"\s", "", _WORDS.sub(" ", condition))
        same = said in (f"{i}={j}", f"{j}={i}")
        values[same] = value.strip().rstrip(",").strip()
    if len(values) != 2:
        return None
    delta = rf"\delta_{{{i}{j}}}"
    text = rf"{m.group('left')}= {delta} ({values[True]}) + (1 - {delta}) ({values[False]})"
    start = formula.offsets[m.start("body")]
    offsets = [*formula.offsets[: len(m.group("left"))], *[start] * (len(text) - m.end("left"))]
    return replace(formula, latex=text, offsets=[*offsets, formula.offsets[-1]])


def _rows(formula: Formula, m: re.Match[str]) -> Iterator[Formula | None]:
    pos = m.start("body")
    ends = [*(r.span() for r in _ROW.finditer(m.group("body"))), (len(m.group("body")),) * 2]
    start = 0
    for end, after in ends:
        row = m.group("body")[start:end]
        if row.strip():
            value, _, condition = row.partition("&")
            if "&" not in row and (at := re.search(r"\\text|\\mbox", row)) is not None:
                value, condition = row[: at.start()], row[at.start() :]
            case = _case(condition)
            yield None if case is None else _equation(formula, m, pos + start, value, case)
        start = after


def _case(condition: str) -> tuple[str, str] | None:
    """``(t, T)`` for the case t = T, two empty letters for every other step."""
    words = [w for m in _WORDS.finditer(condition) for w in (m.group("words") or "").split()]
    left = _WORDS.sub(" ", condition).strip().rstrip(".").strip()
    if any(w.lower() not in _IF | _OTHERWISE for w in words):
        return None
    if not left:
        return ("", "") if any(w.lower() in _OTHERWISE for w in words) else None
    if (equal := _EQUAL.match(left)) is not None:
        return equal.group("a"), equal.group("b")
    return ("", "") if _REST.match(left) else None


def _equation(
    formula: Formula, m: re.Match[str], at: int, value: str, case: tuple[str, str]
) -> Formula:
    left = m.group("left")
    offsets = formula.offsets
    places = [*offsets[: len(left)], offsets[at], offsets[at], *offsets[at : at + len(value)]]
    text = f"{left}= {value}"
    part = replace(formula, latex=text, offsets=[*places, offsets[at + len(value)]])
    step, last = case
    if not step:
        return part
    inside = re.compile(rf"(?<=[_^({{,])\s*{step}(?=\s*[-+)}},])|(?<=[_^]){step}(?![A-Za-z])")
    return replaced(part, inside, lambda _: last)
