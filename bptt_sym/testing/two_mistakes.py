"""Two mistakes of the derivation at once: two rules that are wrong, or a rule and a path.

All pairs would be too many. What a gradient is where T = 1 tells which ones to try: a mistake that
makes more of it agree there is one of the two, and one that changes nothing there may be the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from bptt_sym.evaluate.adjoint import RULES, Edge, Rule
from bptt_sym.evaluate.program import Program
from bptt_sym.testing.compare import FAILURES, call
from bptt_sym.testing.derivation_mistakes import Mistake, altered, derivation_mistakes
from bptt_sym.testing.draw import draw
from bptt_sym.testing.evidence import CLOSE, Evidence
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
Gradient = Callable[[Problem], Mapping[str, Array]]
#: A parameter, or a block of one in which gates are stacked.
Part = tuple[str, int]
#: Mistakes of each kind of which pairs are made, at most.
_MOST = 60


@final
@dataclass(frozen=True)
class _Known:
    mistake: Mistake
    agrees: frozenset[Part]
    silent: bool


def two_mistakes(
    model: Model, gradient: Gradient, failing: Problem, end: float
) -> Iterator[Mistake]:
    """Pairs that make the gradient what it is where T = 1.

    Nothing after ``end``, a reading of :func:`time.thread_time`.
    """
    problem = draw(
        model, 975, steps=1, batch=2, weighted=True, learned=failing.learned,
        dims={d: 2 + k for k, d in enumerate(model.rec.dims)},
    )  # fmt: skip
    try:
        e = Evidence(problem, dict(call(gradient, problem.fresh())), ())
    except FAILURES:
        return
    right = _agreeing(e, problem.exact)
    every = frozenset(_parts(e, problem.exact))
    known = []
    for mistake in derivation_mistakes(model):
        if time.thread_time() > end:
            break
        made = e.made(mistake) if mistake.how is not None else None
        if made is None:
            continue
        silent = all(_same(made[n], problem.exact[n]) for n in problem.params if n in made)
        known.append(_Known(mistake, _agreeing(e, made), silent))
    for a, b in _pairs(known, right, every):
        if time.thread_time() > end:
            return
        both = _both(model, a.mistake, b.mistake)
        if both is not None:
            yield both


def _pairs(
    known: Sequence[_Known], right: frozenset[Part], every: frozenset[Part]
) -> Iterator[tuple[_Known, _Known]]:
    better = [k for k in known if not k.silent and k.agrees > right]
    silent = [k for k in known if k.silent]
    whole = [k for k in better if k.agrees == every]
    yield from ((a, b) for a in whole for b in silent)
    for i, a in enumerate(better[:_MOST]):
        for b in better[i + 1 : _MOST]:
            if a.agrees | b.agrees == every and a not in whole and b not in whole:
                yield a, b
    if right == every:
        for i, a in enumerate(silent[:_MOST]):
            yield from ((a, b) for b in silent[i + 1 : _MOST])


def _parts(e: Evidence, made: Mapping[str, Array]) -> Iterator[Part]:
    for name in made:
        # (What comes back to an initial state has run through everything.)
        if name in e.given and name in e.problem.params:
            blocks = len(e.problem.model.layout.get(name, ()))
            yield from ((name, k) for k in range(max(1, blocks)))


def _agreeing(e: Evidence, made: Mapping[str, Array]) -> frozenset[Part]:
    """The parts of the gradient that are those that a mistake makes."""
    out = set()
    for name, k in _parts(e, made):
        blocks = max(1, len(e.problem.model.layout.get(name, ())))
        given, own = (np.atleast_1d(np.asarray(v[name], float)) for v in (e.given, made))
        if given.shape == own.shape and len(own) % blocks == 0 and _same(
            np.split(given, blocks)[k], np.split(own, blocks)[k]
        ):
            out.add((name, k))
    return frozenset(out)


def _same(a: Array, b: Array) -> bool:
    if np.shape(a) != np.shape(b):
        return False
    most = max(float(np.abs(a).max(initial=0.0)), float(np.abs(b).max(initial=0.0)))
    return bool(np.abs(np.subtract(a, b)).max(initial=0.0) <= CLOSE * most)


def _both(model: Model, a: Mistake, b: Mistake) -> Mistake | None:
    """Both mistakes at once; ``None`` if that is one of them."""
    assert a.how is not None and b.how is not None
    (rules, edge), (others, other) = a.how, b.how
    joined = {
        kind: _first_of(kind, rules.get(kind), others.get(kind)) for kind in {**rules, **others}
    }
    message = f"{a.message}; besides, {b.message}"
    return altered(
        model, f"{a.code}-and-{b.code}", message, rules=joined, edge=_through(edge, other)
    )


def _first_of(kind: str, a: Rule | None, b: Rule | None) -> Rule:
    """What the first rule does, where it does anything else than is right, or else the second."""
    if a is None or b is None:
        return a or b or RULES[kind]

    def rule(q: Program, y: int, g: int) -> Any:
        made = a(q, y, g)
        return made if made != RULES[kind](q, y, g) else b(q, y, g)

    return rule


def _through(a: Edge | None, b: Edge | None) -> Edge | None:
    """What passes through both."""
    if a is None or b is None:
        return a or b

    def edge(q: Program, source: int, target: int, g: int) -> int | None:
        passed = a(q, source, target, g)
        return None if passed is None else b(q, source, target, passed)

    return edge


__all__ = ["two_mistakes"]
