r"""Arguments by a name without a step: :math:`h_t = \tanh(u) + c` behind the whole equation.

Where a line writes the equation of a state once more with a name for what stood in a bracket of
it, the line says what that name is: :math:`u_t = W h_{t-1} + U x_t`. Where the name stands without
a step, it has the step of the state, wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import closing, edited

_ROW = re.compile(r"\\\\|\\q?quad(?![A-Za-z])|\\(?:begin|end)\s*\{[a-z]+\*?\}|[;\n]")
_EQUALS = re.compile(r"&?\s*(?::\s*)?=(?!=)\s*&?")
_OPENS = re.compile(r"\\left\s*\(|\(")
_RIGHT = re.compile(r"\\right\s*\Z")
_TAIL = re.compile(r"[\s.,;]+\Z")
_STEP = re.compile(r"\(?\s*t\s*\)?")
_BLANKS = re.compile(r"[\s{}&]|\\[,;:! ]|\\(?:left|right)(?![A-Za-z])")


class _Applied(NamedTuple):
    """A row as what stands around one of its brackets, what is in it, the left name, its place."""

    around: tuple[str, str, str]
    inside: str
    left: Name
    start: int
    end: int


def with_arguments_substituted(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the equations of such names, and with their steps."""
    rows = [(k, row) for k, f in enumerate(formulas) for row in _rows(f.latex)]
    whole: dict[tuple[str, str, str], str] = {}
    edits: dict[int, list[tuple[int, int, str]]] = {}
    named: dict[str, str] = {}
    for k, row in rows:
        name = _one_name(row.inside)
        if name is None:
            if "+" in row.inside:
                whole.setdefault(row.around, row.inside)
            continue
        first = whole.get(row.around)
        step = "".join(formulas[k].latex[s.start : s.end] for s in row.left.scripts)
        if first is None or name.base in named or not _stands_alike(name, formulas):
            continue
        if not name.scripts:
            named[name.base] = step
        elif _BLANKS.sub("", row.inside[name.end :]) != _BLANKS.sub("", step) or (
            not row.around[2] and "+" not in row.around[1]
        ):
            continue  # (The equation of a whole activation by a name is known as such.)
        edits.setdefault(k, []).append((row.start, row.end, f"{name.base}{step} = {first}"))
    if not edits:
        return list(formulas)
    out = []
    for k, f in enumerate(formulas):
        own = edits.get(k, [])
        steps = [
            (n.start, n.end, f"{n.base}{named[n.base]}")
            for n in names_in(f.latex)
            if n.base in named and not any(a <= n.start < b for a, b, _ in own)
        ]
        out.append(edited(f, sorted([*own, *steps])))
    return out


def _rows(text: str) -> Iterator[_Applied]:
    if "(" not in text or "=" not in text:
        return
    last = 0
    for end in (*(m.start() for m in _ROW.finditer(text)), len(text)):
        start, last = last, end
        if (ends := _ROW.match(text, start)) is not None:
            start = ends.end()
        row = text[start:end]
        parts = _EQUALS.split(row)
        left = next(iter(names_in(parts[0])), None) if len(parts) == 2 else None
        if left is None or not _is_alone(left, parts[0]):
            continue
        body = _TAIL.sub("", row)
        for m in _OPENS.finditer(body, len(parts[0])):
            close = closing(body, m.end() - 1, "(", ")")
            if close is None:
                continue
            inside = _RIGHT.sub("", body[m.end() : close]).strip()
            before, behind = body[len(parts[0]) : m.start()], body[close + 1 :]
            around = tuple(_BLANKS.sub("", part) for part in (parts[0], before, behind))
            first = start + len(row) - len(row.lstrip(" &\n"))
            yield _Applied(around, inside, left, first, start + len(body))  # type: ignore[arg-type]


def _is_alone(name: Name, left: str) -> bool:
    """Whether ``left`` is one name with the step t."""
    steps = [s for s in name.scripts if s.kind in "_^"]
    whole = not left[: name.start].strip(" &\n") and not left[name.close :].strip(" &\n")
    return whole and len(steps) == 1 and _STEP.fullmatch(steps[0].inside) is not None


def _one_name(inside: str) -> Name | None:
    found = names_in(inside)
    if not found or found[0].start or found[0].close != len(inside):
        return None
    return found[0]


def _stands_alike(name: Name, formulas: Sequence[Formula]) -> bool:
    """Whether the name has scripts everywhere or nowhere, and no line says what it is."""
    for f in formulas:
        for n in names_in(f.latex):
            if n.base != name.base:
                continue
            begins = not _ROW.split(f.latex[: n.start])[-1].strip(" &\n")
            given = begins and _EQUALS.match(f.latex[n.close :].lstrip()) is not None
            if given or bool(n.scripts) != bool(name.scripts):
                return False
    return True
