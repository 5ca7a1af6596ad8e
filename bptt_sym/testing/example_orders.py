"""Examples in another order, on each problem in one of its own.

Code that sorts its examples, by length say, has to sort all that belongs to them, and to sort back
what it returns for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from bptt_sym.evaluate.domains import floats
from bptt_sym.testing.evidence import CLOSE, Diagnosis, Evidence, distance
from bptt_sym.testing.problems import Problem

Array = Any
#: Examples whose orders are all tried, at most.
_EXAMPLES = 4


def other_orders(evidence: Sequence[Evidence], names: Sequence[str]) -> Diagnosis | None:
    """What is in another order than the examples, if that explains every problem."""
    some = [e for e in evidence if 1 < e.problem.batch <= _EXAMPLES]
    if len(some) < 2 or len(some) < len(evidence):
        return None
    for words, made in _READ:
        worst = 0.0
        for e in some:
            near = _nearest(e, names, made)
            if near is None:
                break
            worst = max(worst, near)
        else:
            return Diagnosis("example-order", words, tuple(names), worst, len(some))
    return None


def _nearest(
    e: Evidence, names: Sequence[str], made: Callable[[Problem, Array], dict[str, Array] | None]
) -> float | None:
    """How near the gradient in some other order comes, if it is as near as rounding allows."""
    for order in permutations(range(e.problem.batch)):
        if order == tuple(range(e.problem.batch)):
            continue
        wrong = made(e.problem, np.array(order))
        if wrong is None or any(n not in wrong for n in names):
            return None
        off = max(distance(e, n, wrong[n]) for n in names)
        if off <= CLOSE:
            return off
    return None


def _returned(p: Problem, order: Array) -> dict[str, Array] | None:
    if p.learned:
        return None
    out = {}
    for name, value in p.exact.items():
        if name[:-1] in p.initial and name[-1] == "0":
            out[name] = value[order]
        elif name in p.model.inputs:
            out[name] = value[:, order]
        else:
            out[name] = value
    return out


def _weights(p: Problem, order: Array) -> dict[str, Array]:
    return p.replaced(mask=p.mask[:, order]).gradient_in(floats())


def _series(names: Callable[[Problem], Sequence[str]]) -> Callable[..., dict[str, Array]]:
    def made(p: Problem, order: Array) -> dict[str, Array]:
        chosen = set(names(p))
        moved = {k: v[:, order] if k in chosen else v for k, v in p.series.items()}
        return p.replaced(series=moved).gradient_in(floats())

    return made


def _starts(p: Problem, order: Array) -> dict[str, Array] | None:
    if p.learned:
        return None
    moved = {k: v[order] for k, v in p.initial.items()}
    return p.replaced(initial=moved).gradient_in(floats())


_READ: tuple[tuple[str, Callable[[Problem, Array], dict[str, Array] | None]], ...] = (
    ("what is returned for each example is in another order than the examples", _returned),
    ("the mask is read in another order than the examples", _weights),
    ("the targets are read in another order than the examples",
     _series(lambda p: list(p.model.targets.values()))),
    ("the inputs are read in another order than the examples",
     _series(lambda p: p.model.inputs)),
    ("the initial values are read in another order than the examples", _starts),
)  # fmt: skip


__all__ = ["other_orders"]
