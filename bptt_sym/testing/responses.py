"""How the gradient answers to what is added to values of the way back.

The way back is linear in its cotangents: what one entry of one value at one step adds to the
gradient is a column of a matrix, and what wrong code has added there solves linear equations. All
columns are computed at once, as if each were an example of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bptt_sym.evaluate.adjoint import LOSS
from bptt_sym.evaluate.domains import Arrays, floats
from bptt_sym.evaluate.interpret import backward
from bptt_sym.testing.at_hand import Values
from bptt_sym.testing.problems import Problem

Array = Any


class _Apart(Arrays):
    """float64 arrays whose leading axis is kept where a sum over examples is meant."""

    def __init__(self) -> None:
        plain = floats()
        super().__init__(plain.dtype, plain.lib, plain.number, plain.cast)

    def contract(self, u: Array, v: Array, lead: int) -> Array:
        return u[..., :, None] * v[..., None, :]

    def sum_leading(self, value: Array, axes: int) -> Array:
        return value


def responses(base: Values, places: Sequence[int], names: Sequence[str]) -> dict[int, Array]:
    """By place: ``(equations, T · rows)``, what 1 in each entry adds to the gradients ``names``.

    ``base`` is of a problem with one example. What is added at a step enters there alone.
    """
    problem = base.problem
    steps = problem.steps
    rows = {i: int(np.size(base.at(i, 0))) for i in places}
    first: dict[int, int] = {}
    total = 1  # nothing is added to the first
    for i in places:
        first[i], total = total, total + steps * rows[i]

    def alter(i: int, v: Array, t: int, env: Any) -> Array:
        v = base.alter(i, v, t, env)
        if i not in first:
            return v
        moved = np.zeros((total, rows[i]))
        at = first[i] + t * rows[i]
        moved[at : at + rows[i]] = np.eye(rows[i])
        return v + (moved if np.ndim(v) > 1 else moved[:, 0])

    kept = base.now.copy()
    flat = _gradients(problem, alter, names, total)
    base.now.update(kept)
    return {i: (flat[first[i] : first[i] + steps * rows[i]] - flat[0]).T for i in places}


def _gradients(problem: Problem, alter: Any, names: Sequence[str], total: int) -> Array:
    """The gradients of every example alone, flat: ``(examples, equations)``."""
    model = problem.model
    with np.errstate(all="ignore"):
        grads, bars = backward(
            model.adjoint, _Apart(), problem.plain_run, {LOSS: np.ones((problem.steps, 1))},
            alter=alter,
        )  # fmt: skip
    out = []
    for name in names:
        if name in model.layout:
            parts = [grads.get(p) for p in model.layout[name]]
            sizes = [tuple(s for s in np.shape(problem.params[name]))]
            own = (sizes[0][0] // len(parts), *sizes[0][1:]) if sizes[0] else ()
            values = [np.zeros((1, *own)) if p is None else _led(p, own) for p in parts]
        elif name == "x":
            values = [_led(b, np.shape(b)[1:]) for b in bars[model.inputs[0], 0]]
        else:
            values = [_led(bars[name[:-1], 1][0], problem.initial[name[:-1]].shape[1:])]
        for value in values:
            wide = np.broadcast_to(value, (total, *value.shape[1:]))
            out.append(wide.reshape(total, -1))
    return np.concatenate(out, 1)


def _led(value: Array, own: tuple[int, ...]) -> Array:
    """A value with its own axes behind one of examples."""
    return np.reshape(value, (-1, *own))


__all__ = ["responses"]
