r"""A name given on the right: :math:`\partial L/\partial h_t = \delta_t`.

Where δ (or another Greek letter) with a step stands alone at the end of an equation that begins
with a derivative, and no line gives it on its left, the equation says what the letter means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\}"
_SCRIPT = rf"\s*[_^]\s*(?:{_GROUP}|[A-Za-z0-9])"
_NAME = rf"\\(?:delta|epsilon|varepsilon|gamma|rho|lambda)(?![A-Za-z])(?:{_SCRIPT}){{1,2}}"
_ALONE = re.compile(rf"(?P<name>{_NAME})")
_GIVEN = re.compile(rf"(?:^|\\\\|&|\\q?quad|[,;]|\n)\s*&?\s*(?P<name>{_NAME})\s*&?\s*(?::?=|\\)")
#: A derivative by something that runs in time.
_DERIVATIVE = re.compile(
    rf"\\[dt]?frac\s*(?:\{{\s*(?:\\partial|d)(?![A-Za-z])(?:[^{{}}]|{_GROUP})++\}})\s*"
    rf"(?:\{{\s*(?:\\partial|d)(?![A-Za-z])(?:[^{{}}]|{_GROUP})++\}})"
)
_STEP = re.compile(r"[_^{(,A-Za-z]\s*t(?![A-Za-z])")
_ROW = re.compile(r"\\\\(?:\s*\[[^\]]*\])?|\\begin\s*\{[a-z]+\*?\}|\\end\s*\{[a-z]+\*?\}")
_EQUALS = re.compile(r"(?<![<>:!+])=")
_EDGE = " \n\t&.,;"


def with_names_at_the_end(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with such names on the left of their equations."""
    given = {_key(m["name"]) for f in formulas for m in _GIVEN.finditer(f.latex)}
    return [edited(f, list(_edits(f.latex, given))) for f in formulas]


def _edits(text: str, given: set[str]) -> Iterator[Edit]:
    if "frac" not in text:
        return
    start = 0
    for end in [*_ROW.finditer(text), None]:
        stop = end.start() if end is not None else len(text)
        yield from _of_a_row(text, start, stop, given)
        start = end.end() if end is not None else stop


def _of_a_row(text: str, start: int, stop: int, given: set[str]) -> Iterator[Edit]:
    signs = [m.start() for m in _EQUALS.finditer(text, start, stop)]
    if not signs:
        return
    last = text[signs[-1] + 1 : stop].strip(_EDGE)
    first = text[start : signs[0]].strip(_EDGE)
    name = _ALONE.fullmatch(last)
    if name is None or _key(last) in given or not _STEP.search(last):
        return
    if _DERIVATIVE.fullmatch(first) is None:
        return
    if len(signs) == 1:
        yield start, stop, f" {last} = {first} "
    else:
        yield signs[-1], stop, rf", \qquad {last} = {first} "


def _key(name: str) -> str:
    return re.sub(r"[\s{}]", "", name)
