"""Make a failing problem small: fewer steps, examples and units, then plain numbers.

Hypothesis shrinks the choices that drew a problem; it does not know that dropping a hidden unit
means dropping a row here and a column there. This does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.testing.problems import Problem

Array = Any


def shrink(problem: Problem, fails: Callable[[Problem], bool], *, seconds: float = 3.0) -> Problem:
    """The smallest problem found, within ``seconds``, that still fails.

    First the number of steps, then of examples, then each dimension is set to the least value at
    which the failure is still there; then numbers are replaced by 0, 1 and short decimals.
    """
    deadline = time.monotonic() + seconds

    def still(candidate: Problem) -> bool:
        return time.monotonic() < deadline and fails(candidate)

    # Most mistakes show at one unit of everything, where all that follows is cheap.
    least = _only_one(problem)
    problem = least if still(least) else problem
    changed = True
    while changed and time.monotonic() < deadline:
        shorter = _shortened(problem, still)
        changed, problem = shorter is not problem, shorter
        for candidates in (_fewer_examples, _fewer_units):
            for candidate in candidates(problem):
                if still(candidate):
                    problem, changed = candidate, True
                    break
    for simpler in _plainer(problem):
        plain = simpler(problem)
        if plain is not None and still(plain):
            problem = plain
    return problem.replaced(regime="shrunk", seed=None)


def size(problem: Problem) -> tuple[int, int, int]:
    """What is minimised: steps, then the sum of dimensions, then examples."""
    return problem.steps, sum(problem.dims.values()), problem.batch


def _only_one(p: Problem) -> Problem:
    p = next(_fewer_examples(p), p)
    for dim in p.dims:
        p = _without(p, dim, slice(0, 1))
    return p


#: Numbers of steps that are tried one by one. What needs 50 of 150 is found by halves.
_FEW = 8


def _shortened(p: Problem, still: Callable[[Problem], bool]) -> Problem:
    """The problem with the fewest steps."""
    low, high = 0, p.steps
    while high - low > 1:
        steps = low + 1 if low < _FEW else (low + high) // 2
        found = next(filter(still, _cut_to(p, steps)), None)
        if found is not None:
            p, high = found, steps
        else:
            low = steps
    return p


def _cut_to(p: Problem, steps: int) -> Iterator[Problem]:
    for cut in (slice(0, steps), slice(p.steps - steps, None)):
        yield p.replaced(
            series={k: v[cut] for k, v in p.series.items()},
            mask=p.mask[cut],
            loss_weights=p.loss_weights[cut],
        )


def _fewer_examples(p: Problem) -> Iterator[Problem]:
    for count in range(1, p.batch):
        for first in range(p.batch - count + 1):
            cut = slice(first, first + count)
            yield p.replaced(
                series={k: v[:, cut] for k, v in p.series.items()},
                initial={k: v[cut] for k, v in p.initial.items()},
                mask=p.mask[:, cut],
            )


def _fewer_units(p: Problem) -> Iterator[Problem]:
    for dim in sorted(p.dims, key=lambda d: -p.dims[d]):
        for keep in range(1, p.dims[dim]):
            for first in {0, p.dims[dim] - keep}:
                yield _without(p, dim, slice(first, first + keep))


def _without(p: Problem, dim: str, cut: slice) -> Problem:
    """The problem with only some of the units of a dimension."""
    rec = p.model.rec

    def own(name: str, value: Array, lead: int) -> Array:
        for axis, d in enumerate(rec.shape(name)):
            if d == dim:
                value = value[(slice(None),) * (axis + lead) + (cut,)]
        return value

    params = {}
    for name, value in p.params.items():
        parts = p.model.layout.get(name)
        if parts is None:
            params[name] = own(name[:-1], value, 0)
        else:
            blocks = np.split(value, len(parts)) if len(parts) > 1 else [value]
            params[name] = (
                np.concatenate([own(part, b, 0) for part, b in zip(parts, blocks, strict=True)])
                if len(parts) > 1
                else own(parts[0], value, 0)
            )
    return p.replaced(
        params=params,
        series={k: own(k, v, 2) for k, v in p.series.items()},
        initial={k: own(k, v, 1) for k, v in p.initial.items()},
    )


Change = Callable[[Problem], Problem | None]


def _rounded(p: Problem, digits: int) -> Problem:
    tables: dict[str, Any] = {
        where: {k: np.round(v, digits) + 0.0 for k, v in getattr(p, where).items()}
        for where in ("params", "series", "initial")
    }
    return p.replaced(**tables)


def _plainer(p: Problem) -> Iterator[Change]:
    """Changes to try one after the other: whole arrays first, then single entries."""
    for digits in (1, 2, 3):  # all at once: for a long sequence there is no time for each array
        yield partial(_rounded, digits=digits)
    yield lambda q: q.replaced(mask=np.ones_like(q.mask))
    yield lambda q: q.replaced(loss_weights=np.ones_like(q.loss_weights))
    places = [("params", k) for k in p.params] + [("series", k) for k in p.series]
    places += [("initial", k) for k in p.initial]

    def change(where: str, key: str, f: Callable[[Array], Array]) -> Change:
        def apply(q: Problem) -> Problem | None:
            table: Mapping[str, Array] = getattr(q, where)
            new = f(table[key]) + 0.0  # no -0.0
            if np.array_equal(new, table[key]):
                return None
            return q.replaced(**{where: {**table, key: new.astype(table[key].dtype)}})

        return apply

    for where, key in places:
        yield change(where, key, np.zeros_like)
        yield change(where, key, np.ones_like)
    for digits in (0, 1, 2):
        for where, key in places:
            yield change(where, key, partial(np.round, decimals=digits))
    for where, key in places:
        count = getattr(p, where)[key].size
        if count > 64:
            continue
        for i in range(count):
            for value in (0.0, 1.0, 0.5):

                def one(v: Array, i: int = i, value: float = value) -> Array:
                    if v.size <= i or (abs(v.flat[i]) <= abs(value) and v.flat[i] in (0.0, 1.0)):
                        return v
                    new = v.copy()
                    new.flat[i] = value
                    return new

                yield change(where, key, one)
