r"""Entries of the matrices of a batch, an example to a row: :math:`S(t)_{m,n}`.

A text that stacks its examples as rows, and writes the entries of what runs with two letters, says
the same of each example. The letter of the example goes, with the sums over it and the indicators
that compare two of them: :math:`\sum_m S(t)_{m,i} D(t)_{m,j}` is :math:`S_{t,i} D_{t,j}` of the one
example, and the report says so.

That is done only where the letters of the examples keep to their places: each term speaks of one
example, or sums once over all, and both sides speak of the same. Anything else may be a slip in
these letters, which one example could not show; such a formula stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.spelling.examples_of_a_batch import ONE_EXAMPLE

_STEP = r"(?:[tT]|\\tau|k)(?:\s*[-+]\s*1)?"
_ROUND = re.compile(rf"\s*[(\[]?\s*(?P<at>{_STEP})\s*[)\]]?\s*")
_PAIR = re.compile(r"\s*(?P<m>[a-z])\s*,?\s*(?P<n>[a-z])\s*")
#: ``_{t, m, n}``, ``_{t, mn}``
_ALL = re.compile(rf"\s*(?P<at>{_STEP})\s*[,;]\s*(?P<m>[a-z])\s*,?\s*(?P<n>[a-z])\s*")
#: The entry behind ``S(t)``.
_BEHIND = re.compile(r"\s*_\s*\{\s*(?P<m>[a-z])\s*,?\s*(?P<n>[a-z])\s*\}")
_LETTER = r"[a-z](?![A-Za-z])"
_SUM = re.compile(
    rf"\\sum\s*(?:\\limits\s*)?_\s*(?:\{{\s*(?P<a>{_LETTER})\s*(?:=\s*[01]\s*)?\}}|(?P<b>{_LETTER}))"
    r"\s*(?:\^\s*(?:\{[^{}]{1,12}\}|[A-Za-z]))?"
)
_SAME = re.compile(r"\\delta\s*_\s*\{\s*(?P<a>[a-z])\s*,?\s*(?P<b>[a-z])\s*\}")
#: Words for what the rows are.
_ROWS = re.compile(
    r"batch|examples?\b|samples?\b|data[- ]points?|\brows?\b|instances?\b|sequences? at once"
    r"|样本|樣本|批|バッチ|サンプル|배치|샘플|пример|Beispiele?\b|exemples?\b|ejemplos?\b",
    re.IGNORECASE,
)
#: ``X(t) W + S(t-1) U``: weights to the right of what they multiply.
_ON_THE_RIGHT = re.compile(
    r"[A-Za-z}]\s*(?:\(\s*t\s*-\s*1\s*\)|_\s*\{\s*t\s*-\s*1\s*\}|\^\s*\{\s*\(\s*t\s*-\s*1\s*\)\s*\})"
    r"\s*(?:\\cdot|\\times|\\,|@)?\s*(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*)?[A-Z](?!\s*\()"
)
#: Between the top of a derivative and what it is taken by.
_OVER = re.compile(
    r"\s*\}?\s*\}\s*\{\s*(?:\\partial|∂|d)\s*(?:\\(?:mathbf|boldsymbol|bm|hat)\s*\{\s*)?"
)
_ROW_ENDS = re.compile(r"\\\\|\\begin\s*\{[a-z]+\*?\}|\\end\s*\{[a-z]+\*?\}")


@dataclass(frozen=True)
class _Place:
    """An entry: where it stands, the letters of its example and its unit, and its step."""

    start: int
    #: Where the scripts begin, and where they end.
    scripts: int
    end: int
    example: str
    unit: str
    step: str


def with_entries_of_one_example(formulas: Sequence[Formula], words: str) -> list[Formula]:
    """``formulas`` with the entries of one example for those of a batch."""
    texts = [f.latex for f in formulas]
    bases = {b for t in texts for b, p in _entries(t, frozenset()) if p.step}
    if not bases or not _ROWS.search(words) or not any(map(_ON_THE_RIGHT.search, texts)):
        return list(formulas)
    return [_of_one(f, frozenset(bases)) for f in formulas]


def _entries(text: str, known: frozenset[str]) -> Iterator[tuple[str, _Place]]:
    """The entries of what runs; those of ``known`` names also where the step is left out."""
    for name in names_in(text):
        if name.scripts and (found := _entry(name, text, known)) is not None:
            yield name.base, found


def _entry(name: Name, text: str, known: frozenset[str]) -> _Place | None:
    first = name.scripts[0]
    if len(name.scripts) == 1:
        if first.kind in "([" and (at := _ROUND.fullmatch(first.inside)):
            m = _BEHIND.match(text, first.end)
            return _place(name, m.end(), m, at["at"]) if m else None
        if first.kind == "_" and (m := _ALL.fullmatch(first.inside)):
            return _place(name, first.end, m, m["at"])
        if first.kind == "_" and name.base in known and (m := _PAIR.fullmatch(first.inside)):
            return _place(name, first.end, m, "")
        return None
    kinds = {s.kind: s for s in name.scripts[:2]}
    if set(kinds) != set("_^"):
        return None
    at, m = _ROUND.fullmatch(kinds["^"].inside), _PAIR.fullmatch(kinds["_"].inside)
    return _place(name, name.scripts[1].end, m, at["at"]) if at and m else None


def _place(name: Name, end: int, m: re.Match[str], step: str) -> _Place:
    return _Place(name.start, name.end, end, m["m"], m["n"], step)


def _of_one(formula: Formula, bases: frozenset[str]) -> Formula:
    text = formula.latex
    places = [p for base, p in _entries(text, bases) if base in bases]
    examples = {p.example for p in places}
    if not places or examples & {p.unit for p in places} or not _keeps_to_one(text, places):
        return formula
    sums = [m for m in _SUM.finditer(text) if (m["a"] or m["b"]) in examples]
    same = [m for m in _SAME.finditer(text) if {m["a"], m["b"]} <= examples]
    edits: list[Edit] = [(m.start(), m.end(), " ") for m in sums]
    edits += [(m.start(), m.end(), "1 " if _stands_alone(text, m) else " ") for m in same]
    edits += [(p.scripts, p.end, rf"_{{{p.step or 't'},{p.unit}}}") for p in places]
    return replace(edited(formula, sorted(edits)), supposes=(*formula.supposes, ONE_EXAMPLE))


def _stands_alone(text: str, m: re.Match[str]) -> bool:
    """Whether an indicator has no factor beside it."""
    before, after = text[: m.start()].rstrip(" &"), text[m.end() :].lstrip(" &")
    return before[-1:] in tuple("=+-([{") and (not after or after[0] in "+-=.,;)]}\\\n")


def _keeps_to_one(text: str, places: Sequence[_Place]) -> bool:
    """Whether each term speaks of one example or of all, and every side of the same."""
    for sides in _equations(text):
        spoken = {_of_side(text, side, places) for side in sides}
        if len(spoken) > 1 or None in spoken:
            return False
    return True


def _of_side(
    text: str, side: tuple[int, int], places: Sequence[_Place]
) -> frozenset[str] | None:
    """The letters of the example that a side speaks of, none of all; ``None`` if it is not one."""
    terms = [t for t in _split(text, *side, "+-") if text[slice(*t)].strip(" &\n\t")]
    found = [_of_term(text, term, places) for term in terms]
    spoken = {f for f in found if f is not _NOTHING}
    if not spoken:
        return frozenset()
    (of, *others) = spoken
    if others or of is None or (_NOTHING in found and len(of) != 1):
        return None  # what is said once stands beside what is said of all
    return of


#: What a term speaks of that has no entry in it.
_NOTHING = frozenset("?")


def _of_term(
    text: str, term: tuple[int, int], places: Sequence[_Place]
) -> frozenset[str] | None:
    """The same of a term; ``_NOTHING`` where no example is named."""
    start, end = term
    inside = [p for p in places if start <= p.start < end]
    examples = {p.example for p in places}
    same = [{m["a"], m["b"]} for m in _SAME.finditer(text, start, end)]
    same = [pair for pair in same if pair <= examples]
    same += [
        {top.example, below.example} for top, below in pairwise(inside)
        if _OVER.fullmatch(text, top.end, below.start)
    ]  # fmt: skip
    sums = [m for m in _SUM.finditer(text, start, end) if (m["a"] or m["b"]) in examples]
    letters = {p.example for p in inside}.union(*same)
    if not letters and not sums:
        return _NOTHING
    if len(sums) > 1 or not letters or not _is_one(letters, same):
        return None
    for m in sums:
        stop = _scope_end(text, m.end(), end)
        if any(p.example == (m["a"] or m["b"]) and not m.end() <= p.start < stop for p in inside):
            return None
    return frozenset(letters - {m["a"] or m["b"] for m in sums})


def _is_one(letters: set[str], same: Sequence[set[str]]) -> bool:
    """Whether ``letters`` are all one and the same, by the pairs that are."""
    joined = {min(letters)}
    for _ in letters:
        joined |= {x for pair in same if pair & joined for x in pair}
    return letters <= joined


def _scope_end(text: str, start: int, end: int) -> int:
    """Where the bracket closes in which ``start`` stands, before ``end``."""
    depth = 0
    for i in range(start, end):
        depth += (text[i] in "([{") - (text[i] in ")]}")
        if depth < 0:
            return i
    return end


def _equations(text: str) -> Iterator[list[tuple[int, int]]]:
    """The sides of each equation; a row that begins with ``=`` goes on from the one before."""
    sides: list[tuple[int, int]] = []
    start = 0
    for m in (*_ROW_ENDS.finditer(text), None):
        end = m.start() if m else len(text)
        row = list(_split(text, start, end, "="))
        if sides and not text[slice(*row[0])].strip(" &\n\t"):
            sides += row[1:]
        else:
            yield sides
            sides = row
        start = m.end() if m else end
    yield sides


def _split(text: str, start: int, end: int, at: str) -> Iterator[tuple[int, int]]:
    """The pieces of ``text[start:end]`` between the signs ``at`` that stand in no bracket."""
    depth, last = 0, start
    for i in range(start, end):
        depth += (text[i] in "([{") - (text[i] in ")]}")
        if depth == 0 and text[i] in at:
            yield last, i
            last = i + 1
    yield last, end
