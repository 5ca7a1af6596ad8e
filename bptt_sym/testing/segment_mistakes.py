"""Sequences of which only some states are kept, and whose segments are run again for the way back.

What is run again begins with another state than was kept there: with that of another segment, of a
step later or earlier, with zeros, or with what the segment run before has left; or a state is not
moved on while the segment is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.evaluate.domains import floats
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
#: How many steps segments have; the last one is the whole sequence.
_LENGTHS = (2, 3, 4, 5, 8, 1 << 30)
#: ``source(start, k, T)``: of how many steps is the state that a segment begins with.
Source = Callable[[int, int, int], int]
_SOURCES: tuple[tuple[str, str, Source | None], ...] = (
    ("zero", "begins with zeros", None),
    ("order", "begins with what was kept for the segments in the reverse order",
     lambda t, k, T: ((T - 1) // k - t // k) * k),
    ("before", "begins with what was kept for the segment before", lambda t, k, T: max(t - k, 0)),
    ("after", "begins with what was kept for the segment after",
     lambda t, k, T: min(t + k, (T - 1) // k * k)),
    ("later", "begins with the state a step later, kept after the step, not before it",
     lambda t, k, T: t + 1),
    ("earlier", "begins with the state a step earlier", lambda t, k, T: max(t - 1, 0)),
    ("end", "begins with the last state of the sequence", lambda t, k, T: T),
)  # fmt: skip
#: What is no change where there is but one segment.
_OTHERS = frozenset(("order", "before", "after", "earlier"))


def segment_mistakes(model: Model) -> Iterator[Mistake]:
    """All of them, for every state alone and for all of them."""
    states = [s for s in model.rec.states if s in model.adjoint.cotangents]
    groups = [("every state" if len(states) > 1 else states[0], frozenset(states))]
    groups += [(s, frozenset({s})) for s in states if len(states) > 1]
    for k in _LENGTHS:
        which = f"each segment of {k} steps" if k < _LENGTHS[-1] else "the sequence"
        for name, some in groups:
            text = f"where {which} is run again for the way back, {name} "
            for code, words, source in _SOURCES:
                if k == _LENGTHS[-1] and code in _OTHERS:
                    continue
                yield Mistake(
                    f"segment-{code}-{name}-{k}", text + words,
                    partial(_again, states=some, k=k, source=source), whole=True,
                )  # fmt: skip
            yield Mistake(
                f"segment-kept-{name}-{k}", f"{text}stays what it is at the beginning",
                partial(_standing, states=some, k=k), whole=True,
            )  # fmt: skip
            yield Mistake(
                f"segment-left-{name}-{k}",
                f"{text}is not set back: it is what the segment run before has left",
                partial(_left, states=some, k=k), whole=True,
            )  # fmt: skip


def _reads(problem: Problem) -> dict[int, str]:
    return {
        i: op.attr[0] for i, op in enumerate(problem.model.program.ops)
        if op.kind == "read" and op.attr[1] == 1 and op.attr[0] in problem.model.rec.states
    }  # fmt: skip


def _true(problem: Problem, i: int, t: int) -> Array:
    """The state that operation ``i`` reads, after ``t`` steps."""
    steps, program = problem.plain_run.steps, problem.model.program
    if t < len(steps):
        return steps[t][i]
    # Behind the last step nothing reads it.
    return steps[-1][program.targets[program.ops[i].attr[0]]]


def _again(
    problem: Problem, states: frozenset[str], k: int, source: Source | None
) -> dict[str, Array]:
    reads, steps = _reads(problem), problem.steps

    def at_start(i: int, t: int) -> Array:
        if reads[i] not in states:
            return _true(problem, i, t)
        if source is None:
            return np.zeros_like(_true(problem, i, 0))
        return _true(problem, i, source(t, k, steps))

    return _run(problem, k, at_start)


def _run(
    problem: Problem,
    k: int,
    at_start: Callable[[int, int], Array],
    kept: frozenset[str] = frozenset(),
) -> dict[str, Array]:
    """The gradient with what the states begin with in each segment; ``kept`` are not moved on."""
    reads, domain = _reads(problem), floats()

    def alter(i: int, v: Array, t: int, _: Any) -> Array:
        if i not in reads:
            return v
        if t % k == 0:
            return at_start(i, t)
        return at_start(i, t - t % k) if reads[i] in kept else v

    return problem.gradient_in(domain, problem.run(domain, alter=alter))


def _standing(problem: Problem, states: frozenset[str], k: int) -> dict[str, Array]:
    return _run(problem, k, lambda i, t: _true(problem, i, t), states)


def _left(problem: Problem, states: frozenset[str], k: int) -> dict[str, Array]:
    """Segments are run again from the last one to the first."""
    reads, domain, steps = _reads(problem), floats(), problem.steps
    targets = problem.model.program.targets
    starts = {(i, t): _true(problem, i, t) for i in reads for t in range(0, steps, k)}
    left = {i: _true(problem, i, steps) for i, s in reads.items() if s in states}

    def alter(i: int, v: Array, t: int, _: Any) -> Array:
        return starts[i, t] if i in reads and t % k == 0 else v

    for t in range((steps - 1) // k * k, -1, -k):
        starts |= {(i, t): v for i, v in left.items()}
        run = problem.run(domain, alter=alter)
        last = run.steps[min(t + k, steps) - 1]
        left = {i: last[targets[reads[i]]] for i in left}
    return _run(problem, k, lambda i, t: starts[i, t])


__all__ = ["segment_mistakes"]
