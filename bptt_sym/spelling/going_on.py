r"""Displays that go on from the one before: :math:`= \sum_t …` on a line of its own.

Where the display directly before such a one has a derivative on its left side, that is what it goes
on from. Behind what defines a value it goes on from that only if no word stands between them and it
names what runs in time: a calculation in numbers claims nothing. What stands behind another formula
in the sentence between them may be about that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import PROSE, Formula
from bptt_sym.documents.respelling import edited

_OPENING = (
    r"(?:\s|&|\{\}|\\(?:[,;:! ]|displaystyle|large|Large|small)"
    r"|\\begin\s*\{[a-z]+\*?\}(?:\{[lcr]*\})?)*+"
)
_GOES_ON = re.compile(rf"(?P<before>{_OPENING})=(?!=)")
_BETWEEN_ROWS = re.compile(
    r"\\\\(?:\s*\[[^\[\]]{0,12}\])?|\\(?:begin|end)\s*\{[a-z]+\*?\}(?:\{[lcr]*\})?"
)
_DERIVATIVE = re.compile(
    r"\\(?:partial|nabla)(?![A-Za-z])|∂|∇|\\frac\s*\{\s*(?:d|\\mathrm\s*\{\s*d)"
)
#: What stands between two displays of one chain, and what runs in time.
_BETWEEN = re.compile(r"(?:\s|\$|\\[\[\]]|\\(?:begin|end)\s*\{[a-z]+\*?\}|&nbsp;|>)*+")
_RUNS = re.compile(r"[A-Za-z}]\s*[_^]\s*(?:\{\s*)?[(<]?\s*(?:\\langle\s*)?t(?![A-Za-z])")
#: How far a formula may go on from another, and how long its left side may be.
REACH, LONGEST = 400, 160


def going_on(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the left sides from which displays go on."""
    found: list[Formula] = []
    left = defined = ""
    end = -1
    for f in formulas:
        if f.environment == PROSE:
            found.append(f)
            continue
        if not f.display:
            # A derivative in the sentence between may be what the next one is equal to.
            if _DERIVATIVE.search(f.latex):
                left = ""
            found.append(f)
            continue
        start = f.offsets[0]
        match = _GOES_ON.match(f.latex)
        if match is not None and left and 0 <= start - end <= REACH:
            at = match.end("before")
            f = edited(f, [(at, at, f"{left} ")])
        elif match is not None and defined and _goes_on(f, end):
            f = edited(f, [(match.end("before"), match.end("before"), f"{defined} ")])
        else:
            left = _left(f.latex)
            defined = "" if left else _defined(f.latex)
        end = f.offsets[-1]
        found.append(f)
    return found


def _goes_on(formula: Formula, end: int) -> bool:
    """Whether nothing stands between it and what ends at ``end``, and it names what runs."""
    start = formula.offsets[0]
    if not 0 <= start - end <= REACH or _DERIVATIVE.search(formula.latex):
        return False
    between = formula.source.text[end + 1 : start]
    return _BETWEEN.fullmatch(between) is not None and _RUNS.search(formula.latex) is not None


def _defined(text: str) -> str:
    """A formula that is one equation of a value, without the sign at its end; else \"\"."""
    rows = [row.strip(" \t\n.,;") for row in _rows(text) if row.strip(" \t\n.,;")]
    if len(rows) != 1 or len(rows[0]) > REACH or _DERIVATIVE.search(rows[0]):
        return ""
    at = _equals(rows[0])
    return rows[0].replace("&", " ") if at and rows[0].count("=") == 1 else ""


def _left(text: str) -> str:
    """The last left side of a formula, if it is a derivative of which all is said."""
    found = ""
    for row in _rows(text):
        at = _equals(row)
        if at is None:
            continue
        left = row[:at].replace("&", " ").strip(" \t\n:")
        if left:
            whole = len(left) <= LONGEST and row[at - 1 : at] != "+" and _DERIVATIVE.search(left)
            found = left if whole else ""
    return found


def _rows(text: str) -> Iterator[str]:
    start = 0
    for m in _BETWEEN_ROWS.finditer(text):
        yield text[start : m.start()]
        start = m.end()
    yield text[start:]


def _equals(row: str) -> int | None:
    """The place of the first relation outside all braces, if it is an equation."""
    depth = 0
    for i, c in enumerate(row):
        if c in "{(" and row[i - 1 : i] != "\\":
            depth += 1
        elif c in "})" and row[i - 1 : i] != "\\":
            depth -= 1
        elif depth == 0 and c in "<>≤≥≈":
            return None
        elif depth == 0 and c == "=":
            return i
    return None
