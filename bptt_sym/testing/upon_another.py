"""A second mistake upon one that is known: in the sum for a parameter, of a way back that is wrong.

Some parameters are explained by a mistake on the way back, others by nothing. Where the values of
that wrong way back are what is summed, the sum is recognised as it is in a right one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.testing.at_hand import Values
from bptt_sym.testing.compare import FAILURES, call, mismatches
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.draw import draw
from bptt_sym.testing.models import Model
from bptt_sym.testing.one_place import sums
from bptt_sym.testing.problems import Problem

Array = Any
Gradient = Callable[[Problem], Mapping[str, Array]]


def upon_another(
    model: Model, gradient: Gradient, failing: Problem, known: Mistake, names: Sequence[str],
    end: float,
) -> Iterator[Mistake]:  # fmt: skip
    """What the code may sum for ``names`` if ``known`` is wrong with its way back as well.

    Nothing after ``end``, a reading of :func:`time.thread_time`.
    """
    wrong_way = getattr(known.gradient, "keywords", {}).get("wrong")
    if not isinstance(wrong_way, Adjoint):
        return
    changed = replace(model)
    changed.__dict__.update(vars(model))
    changed.__dict__["adjoint"] = wrong_way
    for steps in (1, 3):
        if time.thread_time() > end:
            return
        problem = draw(
            model, 977 + steps, steps=steps, batch=1, weighted=True, learned=failing.learned,
            dims={d: 3 + k for k, d in enumerate(model.rec.dims)},
        )  # fmt: skip
        try:
            given = call(gradient, problem)
        except FAILURES:
            continue
        bad = mismatches(problem, given)
        wrong = [m.name for m in bad if m.kind == "value" and m.name in names]
        if not wrong or any(m.kind != "value" for m in bad):
            continue
        there = problem.replaced(model=changed)
        for found in sums(changed, there, given, wrong, Values(there)):
            yield Mistake(
                f"{known.code}-and-{found.code}",
                f"{known.message}; besides, {found.message}",
                partial(_on, model=changed, made=found.gradient),
            )


def _on(problem: Problem, model: Model, made: Gradient) -> Mapping[str, Array]:
    return made(problem.replaced(model=model))


__all__ = ["upon_another"]
