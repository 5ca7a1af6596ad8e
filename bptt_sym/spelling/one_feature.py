r"""A unit whose state is a number, and whose input has features: one of them, and the others.

.. math:: u_t = \sum_{i=1}^N w_i x_{t,i} + r h_{t-1} + b

There the letter i counts features and nothing else, and what is said of :math:`w_i` and
:math:`x_{t,i}` is said of each. So a sum over the features is :math:`w_x x_t + q_t`, the feature
at hand and all others, which no formula differentiates by. Only where no state has such a letter:
beside :math:`h_{t-1,j}` the letters count units.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited

_COUNTS = frozenset("ijlmn")
_SUM = re.compile(
    r"\\sum(?:\\limits)?\s*(?:_\s*(?:\{\s*(?P<i>[ijlmn])\s*(?:=\s*[01]\s*)?\}|(?P<i1>[ijlmn])(?![A-Za-z]))"
    r"\s*(?:\^\s*(?:\{[^{}]{1,12}\}|[A-Za-z]))?)\s*"
)
_BLANK = re.compile(r"(?:\s|\\[,;:! ]|\\(?:cdot|times)(?![A-Za-z])|\*)*+")
_STEP = re.compile(r"\(?\s*(?:t(?:\s*[-+]\s*[0-9])?|[0-9]|T)\s*\)?")
_LEFT = re.compile(r"\s*(?:\\begin\s*\{[a-z]{1,12}\*?\}\s*)?(?:&\s*)?(?=[A-Za-z\\])")
_GIVEN = re.compile(r"\s*&?\s*:?=")
_AT_T = re.compile(r"t\s*(?:-\s*1\s*)?\Z")
_BEFORE = re.compile(r"t\s*-\s*1")
#: Letters that count units of a layer, where a weight has them before the feature.
_UNITS = frozenset("jlmpqr")
_REST = "qvyegr"


class _Of(NamedTuple):
    """A name with the letter of a feature: what else its scripts hold, a step or a label."""

    name: Name
    letter: str
    rest: str


class _Sum(NamedTuple):
    """A sum over the features: where it stands, the weight and the input in it."""

    start: int
    end: int
    weight: _Of
    entry: _Of


def with_one_feature(formulas: Sequence[Formula]) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` about the feature at hand, where the state is a number.

    Weights are numbers then too, and have small letters as others have; which, is said as well.
    """
    if not any(r"\sum" in f.latex for f in formulas):
        return list(formulas), {}
    given = [f.latex for f in formulas if _is_given(f.latex)]
    sums = [s for text in given for s in _sums(text)]
    if not sums or not _is_of_one_unit(formulas, sums, given):
        return list(formulas), {}
    weights = {s.weight.name.base for s in sums}
    inputs = {s.entry.name.base for s in sums}
    used = {n.base for f in formulas for n in names_in(f.latex)}
    free = [letter for letter in _REST if letter not in used]
    if len(weights) > 1 or len(inputs) > 1 or len({bool(s.weight.rest) for s in sums}) > 1:
        return list(formulas), {}
    if not free:
        return list(formulas), {}
    large = {n.base for text in given if any(_sums(text)) for n in _parameters(text, inputs)}
    small = {n: n.lower() for n in large if n.lower() not in used | {free[0]}}
    about = [_about_one(f, sums[0], free[0]) for f in formulas]
    return [_lowered(f, small) for f in about], {new: old for old, new in small.items()}


def _parameters(text: str, inputs: set[str]) -> Iterator[Name]:
    """The capital letters of ``text`` that have no step."""
    for name in names_in(text):
        scripts = [s.inside for s in name.scripts]
        labelled = len(scripts) == 1 and not _STEP.fullmatch(scripts[0])
        if labelled and re.fullmatch("[A-Z]", name.base) and name.base not in inputs:
            yield from () if _AT_T.search(scripts[0]) else (name,)


def _lowered(formula: Formula, small: dict[str, str]) -> Formula:
    edits = [(n.start, n.end, small[n.base]) for n in names_in(formula.latex) if n.base in small]
    return edited(formula, edits)


def _about_one(formula: Formula, told_by: _Sum, rest: str) -> Formula:
    """``formula`` with the feature at hand, if all that it has of features can be read so."""
    weight, given_in = told_by.weight.name.base, told_by.entry.name.base
    text = formula.latex
    sums = list(_sums(text))
    within = [(s.start, s.end) for s in sums]
    edits: list[Edit] = []
    for s in sums:
        label = f"{s.weight.rest}," if s.weight.rest else ""
        own = _written(s.weight, given_in) + _written(s.entry, given_in)
        edits.append((s.start, s.end, rf"{own} + {rest}_{{{label}{s.entry.rest}}}"))
    found = [
        of for n in names_in(text)
        if n.base in (weight, given_in) and not any(a <= n.start < b for a, b in within)
        and (of := _of_a_feature(n, n.base == given_in)) is not None
        and (n.base == given_in or bool(of.rest) == bool(told_by.weight.rest))
    ]  # fmt: skip
    letters = {of.letter for of in found}
    told = {of.letter for of in found if of.name.base == given_in} | {told_by.weight.letter}
    others = sum(1 for _ in _SUM.finditer(text)) - len(sums)
    if len(letters) > 1 or not letters <= told or others:
        return formula
    edits += [(of.name.start, of.name.close, _written(of, given_in)) for of in found]
    return edited(formula, sorted(edits))


def _written(of: _Of, given_in: str) -> str:
    base = of.name.base
    if base == given_in:
        return f"{base}_{{{of.rest}}}"
    comma = "," if of.rest and given_in not in ("x", "h") else ""
    return f"{base}_{{{of.rest}{comma}{given_in}}}"


def _of_a_feature(name: Name, is_input: bool) -> _Of | None:
    """What ``name`` has beside the letter of a feature; an input has a step."""
    scripts = [s for s in name.scripts if s.kind != "^" or is_input]
    if not scripts or len(scripts) != len(name.scripts):
        return None
    inside = "".join(s.inside.replace(",", " ") + " " for s in scripts)
    if is_input:
        step, letter = _at_a_step(inside)
        return _Of(name, letter, step) if letter in _COUNTS else None
    inside = "".join(inside.split())
    letter, label = inside[-1:], inside[:-1]
    if letter not in _COUNTS or len(label) > 1 or label in _UNITS:
        return None
    return _Of(name, letter, label)


def _at_a_step(inside: str) -> tuple[str, str]:
    """The step and the letter of ``t i``, ``i (t)``, ``ti``, ``i t-1``."""
    tight = "".join(inside.split())
    for letter, step in ((tight[-1:], tight[:-1]), (tight[:1], tight[1:])):
        if letter in _COUNTS and _STEP.fullmatch(step):
            return step.strip("()"), letter
    return "", ""


def _sums(text: str) -> Iterator[_Sum]:
    """The sums over features in ``text``, each of one weight and one entry of the input."""
    names = {n.start: n for n in names_in(text)} if r"\sum" in text else {}
    for m in _SUM.finditer(text):
        first, opened = m.end(), text.startswith("(", m.end())
        weight = names.get(first + opened)
        if weight is None or (of := _of_a_feature(weight, False)) is None:
            continue
        entry = names.get(_end_of_blank(text, weight.close))
        if entry is None or (at := _of_a_feature(entry, True)) is None:
            continue
        end = entry.close
        if opened:
            closing = _end_of_blank(text, end)
            if not text.startswith(")", closing):
                continue
            end = closing + 1
        if of.letter == at.letter == (m["i"] or m["i1"]):
            yield _Sum(m.start(), end, of, at)


def _end_of_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _is_given(text: str) -> bool:
    """Whether ``text`` gives something at step t."""
    left = _left(text)
    return left is not None and _GIVEN.match(text, left.close) is not None


def _left(text: str) -> Name | None:
    start = _LEFT.match(text)
    names = names_in(text) if start else ()
    return names[0] if names and start and names[0].start == start.end() else None


def _is_of_one_unit(formulas: Sequence[Formula], sums: Sequence[_Sum], given: list[str]) -> bool:
    """Whether what comes from the step before is a number, and the input comes from outside."""
    inputs = {s.entry.name.base for s in sums}
    if inputs & {n.base for text in given if (n := _left(text))}:
        return False
    states: set[str] = set()
    for text in given:
        found = list(_sums(text))
        if found and len(found) < text.count(r"\sum"):
            return False  # a sum over something else
        if found:
            states |= {
                n.base for n in names_in(text)
                if n.base not in inputs and any(_BEFORE.search(s.inside) for s in n.scripts)
            }  # fmt: skip
    return bool(states) and not any(
        n.base in states and _of_a_feature(n, True) for f in formulas for n in names_in(f.latex)
    )
