"""The wrong gradients that known mistakes made of a problem, side by side.

Thousands of them are compared with what was given, for each parameter anew and with each thing that
may have been done to it at the end: all rows at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.problems import Problem

Array = Any
#: The wrong gradient of each mistake that was tried; ``None`` if it could not be made.
Made = dict[Mistake, Mapping[str, Array] | None]


def made_of(problem: Problem) -> Made:
    """What mistakes made of ``problem``, in the order in which they were tried."""
    return problem.answers.setdefault("mistakes", {})  # type: ignore[no-any-return]


def far(
    problem: Problem, given: Mapping[str, Array], names: Sequence[str], close: float
) -> set[Mistake]:
    """The mistakes tried before that give other numbers for one of ``names`` than ``given``.

    ``close`` is the relative difference that counts as none, beside what rounding may do.
    """
    made = made_of(problem)
    mistakes, off = list(made), np.zeros(len(made), bool)
    for name in names:
        if name in given:
            off |= _off(problem, name, np.asarray(given[name], float), close)
    return {mistakes[k] for k in np.flatnonzero(off)}


def _off(problem: Problem, name: str, given: Array, close: float) -> Array:
    """Which rows of the table are not near one gradient."""
    table = _table(problem, name)
    if table.shape[1] != given.size or given.shape != problem.exact[name].shape:
        return np.ones(len(table), bool)
    allowed = problem.allowed(float(np.finfo(problem.dtype).eps) / 2)[name].ravel()
    own, largest = given.ravel(), float(np.abs(given).max(initial=0.0))
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.maximum(np.abs(table).max(1, initial=0.0), largest)
        beyond = np.abs(table - own) - 10 * allowed
        return ~(beyond.max(1, initial=0.0) <= close * size)


def _table(problem: Problem, name: str) -> Array:
    """A row for each mistake, ``(mistakes, entries)``; NaN where it has no such gradient."""
    made, shape = made_of(problem), problem.exact[name].shape
    known = problem.answers.get(("rows", name))
    count = 0 if known is None else len(known)
    if known is not None and count == len(made):
        return known
    rows = np.full((len(made), int(np.prod(shape))), np.nan)
    if known is not None:
        rows[:count] = known
    for k, wrong in enumerate(list(made.values())[count:], count):
        value = None if wrong is None else wrong.get(name)
        if value is not None and np.shape(value) == shape:
            rows[k] = np.ravel(value)
    problem.answers["rows", name] = rows
    return rows


__all__ = ["Made", "far", "made_of"]
