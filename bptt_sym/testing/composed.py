"""Two mistakes at once: one on the way back, and one in what is made of its gradient at the end.

The second is undone in the gradient that was given, and what is then left is looked up among the
known mistakes that were tried before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np

from bptt_sym.testing.evidence import CLOSE, Diagnosis, Evidence, Search, distance
from bptt_sym.testing.made_before import made_of
from bptt_sym.testing.mistakes import library
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
#: ``undo(problem, name, value)``: the gradient of a parameter without the second mistake.
Undo = Callable[[Problem, str, Array], Array]
#: Seconds of processor time.
_SECONDS = 3.0


def composed(
    search: Search, evidence: Sequence[Evidence], names: Sequence[str]
) -> Diagnosis | None:
    """A known mistake, with something done to the gradients of ``names`` afterwards."""
    end = time.thread_time() + _SECONDS
    short = min(evidence, key=lambda e: e.problem.steps)
    tried = made_of(short.problem)
    known = [m for m in library(search.model) if m in tried]
    for words, undo in _undone(search.model, names):
        if time.thread_time() > end:
            return None
        changed = [
            replace(e, given={k: undo(e.problem, k, np.asarray(v)) if k in names else v
                              for k, v in e.given.items()})
            for e in evidence
        ]  # fmt: skip
        alone = max(_off(e, names) for e in changed)
        if alone <= CLOSE:  # whatever does nothing here would explain the rest
            return Diagnosis("at-the-end", words, tuple(names), alone, len(evidence))
        found = search.among(known, changed, names)
        if found is not None:
            return replace(
                found, code=f"{found.code}-and", message=f"{found.message}; besides, {words}"
            )
    return None


def _off(e: Evidence, names: Sequence[str]) -> float:
    """How far the gradients of ``names`` are from the right ones."""
    return max(distance(e, n, e.problem.exact[n]) for n in names if n in e.given)


def _undone(model: Model, names: Sequence[str]) -> Iterator[tuple[str, Undo]]:
    gates, layout = model.gates, model.layout
    stacked = [n for n in names if len(layout.get(n, ())) > 1]
    for order in permutations(range(len(gates))) if stacked else ():
        if list(order) != list(range(len(gates))):
            listed = ", ".join(gates[k] for k in order)
            yield f"the blocks are in the order {listed}", _Blocks(order, model)
    factors: list[tuple[str, Callable[[Problem], float]]] = [
        ("the sign is wrong", lambda p: -1.0),
        ("the mean over the batch is taken instead of the sum", lambda p: float(p.batch)),
        ("the mean over the steps is taken instead of the sum", lambda p: float(p.steps)),
        ("the mean over steps and batch is taken instead of the sum",
         lambda p: float(p.steps * p.batch)),
        ("it is twice that", lambda p: 0.5), ("it is half of that", lambda p: 2.0),
    ]  # fmt: skip
    for words, factor in factors:
        yield words, lambda p, n, v, factor=factor: factor(p) * v  # type: ignore[misc]
    for name in names:
        if len(model.rec.shape(layout.get(name, (name,))[0]) if name in layout else ()) == 2:
            turned = _Turned(name, max(1, len(layout[name])))
            yield f"the gradient of {name} is transposed", turned


class _Blocks:
    """Blocks that were put together in ``order``, put back."""

    def __init__(self, order: Sequence[int], model: Model) -> None:
        self.back = [order.index(k) for k in range(len(order))]
        self.model = model

    def __call__(self, problem: Problem, name: str, value: Array) -> Array:
        if len(self.model.layout.get(name, ())) < 2 or len(value) % len(self.back):
            return value
        blocks = np.split(value, len(self.back))
        return np.concatenate([blocks[k] for k in self.back])


class _Turned:
    """Square blocks of one parameter, transposed."""

    def __init__(self, name: str, blocks: int) -> None:
        self.name, self.blocks = name, blocks

    def __call__(self, problem: Problem, name: str, value: Array) -> Array:
        if name != self.name or len(value) % self.blocks:
            return value
        parts = np.split(value, self.blocks)
        square = parts[0].shape[0] == parts[0].shape[-1]
        return np.concatenate([b.T if square else b.T.reshape(b.shape) for b in parts])


__all__ = ["composed"]
