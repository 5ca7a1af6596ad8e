"""What a text must contain for a pattern to match anywhere in it.

Formulas are rewritten by some hundreds of patterns, most of which match nothing in most of them.
A literal that every match contains is looked for much faster than the pattern itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

#: Literals of which a match contains at least one; "" stands for a character beyond ASCII.
Clause = tuple[str, ...]

#: Alternatives of one clause, and clauses of one pattern.
MAX_ALTERNATIVES = 24
MAX_CLAUSES = 3

#: How often a pattern is tried as it is before it is taken apart, which costs as much.
OFTEN = 40
#: A text of so many characters counts once more.
LONG = 250
#: Patterns that are known; those of single documents come and go.
MAX_KNOWN = 2_000


class _Tried:
    """A pattern and how often it has been tried, or what its matches contain."""

    __slots__ = ("clauses", "pattern", "times")

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.times = 0
        self.clauses: tuple[Clause, ...] = ()


# A pattern's own hash goes through all of its code, so it is known by its id, and is kept for it.
_known: dict[int, _Tried] = {}


def cannot_match(pattern: re.Pattern[str], text: str) -> bool:
    """Whether ``text`` is seen to lack something that every match of ``pattern`` contains."""
    tried = _known.get(id(pattern))
    if tried is None:
        if len(_known) >= MAX_KNOWN:
            _known.clear()
        tried = _known[id(pattern)] = _Tried(pattern)
    if tried.times < OFTEN:
        tried.times += 1 + len(text) // LONG
        if tried.times >= OFTEN:
            tried.clauses = clauses(pattern)
    for clause in tried.clauses:
        for literal in clause:
            if literal in text if literal else not text.isascii():
                break
        else:
            return True
    return False


def search(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """``pattern.search(text)``, for patterns that match seldom."""
    return None if cannot_match(pattern, text) else pattern.search(text)


def clauses(pattern: re.Pattern[str]) -> tuple[Clause, ...]:
    """What a match of ``pattern`` contains: of each clause one of its literals."""
    if pattern.flags & re.IGNORECASE:
        return ()
    found = _required(parser.parse(pattern.pattern, pattern.flags))
    # A letter is in nearly every formula.
    telling = {c for c in found if not any(len(s) == 1 and s.isalnum() for s in c)}
    return tuple(sorted(telling, key=_order)[:MAX_CLAUSES])


def _order(clause: Clause) -> tuple[int, int, Clause]:
    """What is absent most often and seen fastest comes first."""
    return -min(len(s) or 3 for s in clause), len(clause), clause


def _required(items: Iterable[Any]) -> list[Clause]:
    found: list[Clause] = []
    run: set[str] = {""}

    def close() -> None:
        if all(run):
            found.append(tuple(sorted(run)))

    for item in items:
        spelt = _spelt([item])
        if spelt is not None and len(run) * len(spelt) <= MAX_ALTERNATIVES:
            run = {a + b for a in run for b in spelt}
            continue
        close()
        run = {""} if spelt is None else spelt
        if spelt is None:
            found += _within(*item)
    close()
    return found


def _within(op: Any, argument: Any) -> list[Clause]:
    """What one item that is not spelt out requires."""
    if op is sre.SUBPATTERN:
        _, added, _, items = argument
        return [] if added & re.IGNORECASE else _required(items)
    if op is sre.BRANCH:
        of_each = [_required(items) for items in argument[1]]
        if not all(of_each):
            return []
        best = {s for found in of_each for s in min(found, key=_order)}
        return [tuple(sorted(best))] if len(best) <= MAX_ALTERNATIVES else []
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and argument[0] > 0:
        return _required(argument[2])
    if op is sre.ASSERT:
        return _required(argument[1])
    if op is sre.IN and argument[0][0] is not sre.NEGATE:
        lowest = [a if o is sre.LITERAL else a[0] if o is sre.RANGE else 0 for o, a in argument]
        return [("",)] if min(lowest) > 127 else []
    return []


def _spelt(items: Sequence[Any]) -> set[str] | None:
    """All texts that the items may match, if they are few."""
    texts = {""}
    for op, argument in items:
        more: set[str] | None = None
        if op is sre.LITERAL:
            more = {chr(argument)}
        elif op in (sre.AT, sre.ASSERT_NOT):
            more = {""}
        elif op is sre.IN and all(o is sre.LITERAL for o, _ in argument):
            more = {chr(a) for _, a in argument}
        elif op is sre.SUBPATTERN and not argument[1] and not argument[2]:
            more = _spelt(argument[3])
        elif op is sre.BRANCH:
            of_each = [_spelt(branch) for branch in argument[1]]
            more = None if None in of_each else {s for texts in of_each for s in texts or ()}
        elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and argument[:2] == (0, 1):
            inside = _spelt(argument[2])
            more = inside and inside | {""}
        if more is None or len(texts) * len(more) > MAX_ALTERNATIVES:
            return None
        texts = {a + b for a in texts for b in more}
    return texts
