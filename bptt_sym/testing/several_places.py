"""Two or three things that are computed wrongly at different places of the way back.

Where T = 1 nothing is carried from step to step: what is wrong there, in one place or in two, is
measured first and put in its place; what is still wrong where T = 3 is looked for in the way back
so changed. See :mod:`~bptt_sym.testing.one_place` for how a place is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, final

import numpy as np

from bptt_sym.testing.at_hand import Term, Values
from bptt_sym.testing.compare import FAILURES, call, mismatches
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.draw import draw
from bptt_sym.testing.models import Model
from bptt_sym.testing.one_place import Equations, Measured, places_of, replacing
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.recognised import recognised

Array = Any
Gradient = Callable[[Problem], Mapping[str, Array]]
#: What stands at some places of the way back.
Changed = dict[int, Term]
#: Changes that explain T = 1 and are built upon.
_BUILT_UPON = 6
#: Pairs of places whose values are looked up.
_PAIRS = 40


def several_places(
    model: Model, gradient: Gradient, failing: Problem, end: float
) -> Iterator[Mistake]:
    """What the code may compute in two or three places; nothing after ``end``.

    ``end`` is a reading of :func:`time.thread_time`.
    """
    dims = {d: 3 + k for k, d in enumerate(model.rec.dims)}
    look = _Look(model, gradient, dims, failing.learned, end)
    first = look.seen(1, 977)
    starts: list[Changed] = [{}]
    if first is not None and first.wrong:
        again = look.seen(1, 1977)
        found = [c for c in look.changes(first, {}) if again and look.explains(again, c)]
        starts = sorted(found, key=_cost)[:_BUILT_UPON]
        yield from (replacing(model, c) for c in starts if len(c) > 1)
    longer = look.seen(3, 979)
    if longer is None:
        return
    for start in starts:
        for more in sorted(look.changes(longer, start), key=_cost):
            if len(start) + len(more) > 1:
                made = replacing(model, {**start, **more})
                # Three may all follow from one line of the source.
                three = len(start) + len(more) > 2
                yield replace(made, code=f"three-{made.code}") if three else made


def _cost(changed: Changed) -> tuple[int, int]:
    return len(changed), sum(t.cost for t in changed.values())


@final
@dataclass(frozen=True)
class _Seen:
    """A problem with the gradient that was given for it."""

    problem: Problem
    given: Mapping[str, Array]
    wrong: list[str]


@final
@dataclass(frozen=True)
class _Look:
    """What is looked for, in which code, and until when."""

    model: Model
    gradient: Gradient
    dims: dict[str, int]
    learned: bool
    end: float

    def seen(self, steps: int, seed: int) -> _Seen | None:
        """A problem of one example; ``None`` if the code gives no numbers for it."""
        problem = draw(
            self.model, seed, steps=steps, batch=1, dims=self.dims, weighted=True,
            learned=self.learned,
        )  # fmt: skip
        try:
            given = call(self.gradient, problem)
        except FAILURES:
            return None
        bad = mismatches(problem, given)
        if any(m.kind != "value" for m in bad):
            return None
        return _Seen(problem, given, [m.name for m in bad])

    def changes(self, seen: _Seen, start: Changed) -> Iterator[Changed]:
        """Changes of one place or of two, in a way back that has ``start`` already."""
        base = Values(seen.problem).replaced(start) if start else Values(seen.problem)
        places = [i for i in places_of(self.model, seen.wrong, some=True) if i not in start]
        names = [n for n in seen.given if n in base.gradient and n in seen.problem.exact]
        equations = Equations.of(base, seen.given, places, names)
        if equations is None or not np.abs(equations.off).any():
            return
        alone = False
        for i in places:
            measured = equations.solved([i])
            if measured is not None and time.thread_time() < self.end:
                alone = True
                for term in self._terms(measured, i):
                    yield {i: term}
        if alone:
            return
        tried = 0
        known: dict[Any, list[Term]] = {}
        for i, j in _pairs(equations, places):
            measured = equations.solved([i, j])
            if measured is None:
                continue
            tried += 1
            if tried > _PAIRS or time.thread_time() > self.end:
                return
            first = self._kept(known, measured, i)
            for one in first:
                for other in self._kept(known, measured, j):
                    yield {i: one, j: other}

    def _kept(self, known: dict[Any, list[Term]], measured: Measured, i: int) -> list[Term]:
        """The same values at the same place are looked up once."""
        key = (i, *np.round(measured.added[i], 6).ravel().tolist())
        if key not in known:
            known[key] = self._terms(measured, i)
        return known[key]

    def _terms(self, measured: Measured, i: int) -> list[Term]:
        return recognised(self.model, *measured.at(i))[:2]

    def explains(self, seen: _Seen, changed: Changed) -> bool:
        """Whether a change gives the gradient of another problem."""
        try:
            made = Values(seen.problem).replaced(changed).gradient
        except ValueError:
            return False
        return all(
            np.abs(made[n] - seen.given[n]).max() <= 1e-9 * np.abs(seen.given[n]).max()
            for n in seen.wrong
        )


def _pairs(equations: Equations, places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The pairs of places whose columns together give what is off."""
    bases = {}
    for i in places:
        left, sizes, _ = np.linalg.svd(equations.columns[i], full_matrices=False)
        bases[i] = left[:, sizes > 1e-9 * max(float(sizes.max(initial=0.0)), 1e-300)]
    off = equations.off / np.linalg.norm(equations.off)
    rest = {i: off - q @ (q.T @ off) for i, q in bases.items()}
    for i, j in combinations(places, 2):
        # What the first leaves is to lie in what the second gives beyond the first.
        beyond = bases[j] - bases[i] @ (bases[i].T @ bases[j])
        q, r = np.linalg.qr(beyond)
        if np.abs(np.diagonal(r)).min(initial=1.0) < 1e-7:
            continue
        left = rest[i] - q @ (q.T @ rest[i])
        if np.abs(left).max(initial=0.0) <= 1e-9:
            yield i, j


__all__ = ["several_places"]
