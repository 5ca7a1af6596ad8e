r"""Sums over two sets of units at once: :math:`\sum_{l \in U \cup I} w_{kl} z_l(t)`.

Williams and Zipser (1989) join what leaves the units and what comes from outside in one vector z.
Such a sum is one over the units and one over the inputs, and a formula with :math:`z_j` of a j that
no sum runs over is said of both: it is written once for each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.spelling.unit_pieces import Piece, pieces_in, running_names, sums_in

_CASES = re.compile(r"\\begin\s*\{cases\}(?P<inside>.*?)\\end\s*\{cases\}", re.DOTALL)
_SET = re.compile(r"\\in\s*(?P<set>[A-Z])(?![A-Za-z(])")
_ZERO = re.compile(r"\s*0\s*&")
#: Where a summand ends.
_END = re.compile(r"\\\\|\\end(?![A-Za-z])|\\q?quad(?![A-Za-z])|[+=&,;]|(?<=[)}\]\w])\s*-|$")
#: ``= f_k(…``
_APPLIED = re.compile(r"\s*&?\s*=\s*&?\s*(?:\\[a-z]+|[a-z])(?:_\{?[a-z]\}?)?\s*(?:\\left\s*)?\(")
EVERY_OUTPUT = "every unit of the output has a target"


@dataclass(frozen=True)
class _Stack:
    """The name of what is joined, and the names of its parts by their sets."""

    name: str
    parts: tuple[tuple[str, str], ...]


def over_one_set(formulas: Sequence[Formula]) -> list[list[Formula]]:
    """Each of ``formulas`` with its sums over one set of units, once for each set it speaks of."""
    if not any(r"\in" in f.latex for f in formulas):
        return [[f] for f in formulas]
    formulas = [_first_case(f) for f in formulas]
    running = running_names([f.latex for f in formulas])
    stack = _stack(formulas, running)
    if stack is None:
        return [[f] for f in formulas]
    return [[_summed(f, stack, running, part) for part in _parts(f, stack, running)]
            for f in formulas]  # fmt: skip


def _first_case(formula: Formula) -> Formula:
    """``e_k = d_k - y_k`` where there is a target, and 0 elsewhere: there is one everywhere."""
    m = _CASES.search(formula.latex)
    if m is None:
        return formula
    rows = re.split(r"\\\\", m["inside"])
    if len(rows) != 2 or not _ZERO.match(rows[1]) or "&" not in rows[0]:
        return formula
    start = m.start("inside")
    first = rows[0].index("&")
    new = edited(formula, [(m.start(), start, " "), (start + first, m.end(), " ")])
    return replace(new, supposes=(*new.supposes, (EVERY_OUTPUT, "")))


def _stack(formulas: Sequence[Formula], running: frozenset[str]) -> _Stack | None:
    """What is joined, if a sum over the union of two sets takes it, or cases of them give it."""
    alone: list[str] = []
    union, joined = "", ""
    for formula in formulas:
        pieces = pieces_in(formula.latex, running, "")
        for total in sums_in(formula.latex):
            if r"\cup" not in total.over:
                alone += [total.over] if total.over else []
                continue
            end = summand_end(formula.latex, total.end)
            own = [p for p in pieces if total.end <= p.start < end and p.kind == "state"]
            if len(own) == 1 and own[0].units == (total.unit,):
                union, joined = total.over, own[0].base
    sets = union.split(r"\cup")
    by_cases = _by_cases(formulas, running, joined)
    if by_cases is not None or len(sets) != 2 or not joined:
        return by_cases
    value = _value(formulas, running)
    if value is None:
        return None
    units = next((s for s in sets if s in alone), sets[0])
    inputs = next(s for s in sets if s != units)
    return _Stack(joined, ((units, value), (inputs, "x")))


def _by_cases(
    formulas: Sequence[Formula], running: frozenset[str], joined: str
) -> _Stack | None:
    """The stack that an equation by the cases of two sets gives; ``joined``, if it is known."""
    for formula in formulas:
        m = _CASES.search(formula.latex)
        pieces = pieces_in(formula.latex, running, "")
        if m is None or not pieces or pieces[0].kind != "state" or pieces[0].start > m.start():
            continue
        if joined not in ("", pieces[0].base):
            continue
        named: list[tuple[str, str]] = []
        for row in re.split(r"\\\\", m["inside"]):
            own = pieces_in(row, running, "")
            said = _SET.search(row)
            if len(own) == 1 and own[0].units == pieces[0].units and said is not None:
                named.append((said["set"], own[0].base))
        if len(named) == 2 and len(dict(named)) == 2:
            return _Stack(pieces[0].base, tuple(named))
    return None


def _value(formulas: Sequence[Formula], running: frozenset[str]) -> str | None:
    """What leaves the units: the function of what arrives there."""
    for formula in formulas:
        pieces = pieces_in(formula.latex, running, "")
        kinds = [p.kind for p in pieces]
        if kinds in (["state", "function", "state"], ["state", "state"]):
            right = formula.latex[pieces[0].end :]
            if _APPLIED.match(right) and r"\partial" not in formula.latex:
                return pieces[0].base
    return None


def _parts(formula: Formula, stack: _Stack, running: frozenset[str]) -> list[str]:
    """The parts for which a formula is written: all of them if what is joined stands alone in it,
    otherwise it stays one."""
    bound = {s.unit for s in sums_in(formula.latex)}
    free = [p for p in pieces_in(formula.latex, running, "")
            if p.base == stack.name and p.units[0] not in bound]  # fmt: skip
    if not free or _CASES.search(formula.latex):
        return [""]
    return [name for _, name in stack.parts]


def _summed(
    formula: Formula, stack: _Stack, running: frozenset[str], part: str
) -> Formula:
    text = formula.latex
    pieces = pieces_in(text, running, "")
    edits: list[Edit] = []
    done = -1
    for total in sums_in(text):
        if r"\cup" not in total.over:
            continue
        end = summand_end(text, total.end)
        own = [p for p in pieces if total.end <= p.start < end and p.base == stack.name]
        if len(own) != 1:
            return formula
        body = total.end, end
        both = " + ".join(
            rf"\sum_{{{total.unit}}} " + text[body[0] : own[0].start]
            + _called(own[0], name, text) + text[own[0].end : body[1]]
            for _, name in stack.parts
        )  # fmt: skip
        edits.append((total.start, end, rf"{both} "))
        done = end
    if part:
        edits += [
            (p.start, p.end, _called(p, part, text))
            for p in pieces if p.base == stack.name and p.start >= done
        ]  # fmt: skip
    return edited(formula, sorted(edits))


def _called(piece: Piece, name: str, text: str) -> str:
    whole = text[piece.start : piece.end]
    return name + whole[len(piece.base) :] if whole.startswith(piece.base) else whole


def summand_end(text: str, start: int) -> int:
    """Where the summand that begins at ``start`` ends."""
    depth = 0
    for k in range(start, len(text)):
        if not depth and text[start:k].strip() and (m := _END.match(text, k)):
            return m.start()
        depth += (text[k] in "{([") - (text[k] in "})]")
        if depth < 0:
            return k
    return len(text)
