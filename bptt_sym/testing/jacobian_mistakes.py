r"""Mistakes with the Jacobian of a whole step, all states side by side.

Code that computes :math:`J_t = \partial s_t/\partial s_{t-1}` of the joint state, and multiplies
what is carried back by it, may take it transposed, or that of another step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.errors import ModelError
from bptt_sym.evaluate.adjoint import LOSS
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.interpret import backward
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.inside_mistakes import hooked
from bptt_sym.testing.models import Model
from bptt_sym.testing.partial_paths import Marked, carried_ops
from bptt_sym.testing.problems import Problem

Array = Any
#: ``J_t`` for what is carried from step t + 1, ``(T, B, n, n)``, rows for the step's own states.
Taken = Callable[[Array], Array]
#: Units of all states together, and steps, at most.
_UNITS, _STEPS = 24, 40

_TAKEN: tuple[tuple[str, str, Taken], ...] = (
    ("turned", "the Jacobian of a step is transposed once too often", lambda J: J.swapaxes(2, 3)),
    ("after", "the Jacobian of the step after is taken (the last one's own at the end)",
     lambda J: np.concatenate([J[1:], J[-1:]])),
    ("before", "the Jacobian of the step before is taken (the first one's own at the beginning)",
     lambda J: np.concatenate([J[:1], J[:-1]])),
    ("round", "the Jacobian of the step before is taken, round the end",
     lambda J: np.roll(J, 1, 0)),
    ("order", "the Jacobians are taken in the order of time", lambda J: J[::-1]),
)  # fmt: skip


def jacobian_mistakes(model: Model) -> Iterator[Mistake]:
    """For states that are vectors and are read one step back."""
    states = model.rec.states
    if any((s, 1) not in model.adjoint.reads or len(model.rec.shape(s)) != 1 for s in states):
        return
    if model.rec.max_lag > 1:
        return
    joint = f" of ({', '.join(states)})" if len(states) > 1 else ""
    for code, words, taken in _TAKEN:
        text = words.replace("the Jacobian", f"the Jacobian{joint}", 1)
        yield Mistake(
            f"jacobian-{code}", f"{text} where what is carried back is multiplied by it",
            partial(_multiplied, taken=taken), whole=True,
        )  # fmt: skip


def _later(model: Model) -> dict[int, str]:
    ops = model.adjoint.program.ops
    return {i: op.attr[0] for i, op in enumerate(ops) if op.kind == "later"}


def _passed_back(problem: Problem, entering: dict[str, Array]) -> dict[str, Array]:
    """What each step passes back without losses, ``(T, B, n)`` by state.

    ``entering`` is what each state is given from later, at every step.
    """
    model, later = problem.model, _later(problem.model)

    def alter(i: int, v: Array, t: int, _: Any) -> Array:
        return np.broadcast_to(entering[later[i]], v.shape) if i in later else v

    seeds = {LOSS: np.zeros((problem.steps, problem.batch))}
    with np.errstate(all="ignore"):
        _, bars = backward(model.adjoint, floats(), problem.plain_run, seeds, alter=alter)
    return {
        s: np.stack([np.broadcast_to(v, problem.start(s).shape) for v in bars[s, 1]])
        for s in model.rec.states
    }


def _jacobians(problem: Problem) -> Array:
    """``(T, B, n, n)``; row by row, one way back for each."""
    key = ("jacobians",)
    if key not in problem.answers:
        states = problem.model.rec.states
        sizes = {s: problem.start(s).shape[-1] for s in states}
        if sum(sizes.values()) > _UNITS or problem.steps > _STEPS:
            raise ModelError("a Jacobian of so many units, or of so many steps, is not computed")
        rows = []
        for s in states:
            for j in range(sizes[s]):
                unit = {r: np.eye(1, n, j if r == s else n)[0] for r, n in sizes.items()}
                back = _passed_back(problem, unit)
                rows.append(np.concatenate([back[r] for r in states], -1))
        problem.answers[key] = np.stack(rows, 2)
    return problem.answers[key]


def _multiplied(problem: Problem, taken: Taken) -> dict[str, Array]:
    """The gradient where what is carried back is multiplied by what is ``taken`` for ``J_t``."""
    model, states = problem.model, problem.model.rec.states
    wrong = taken(_jacobians(problem))
    local = np.concatenate(_entering(problem), -1)
    cuts = np.cumsum([problem.start(s).shape[-1] for s in states])[:-1]
    carried = np.zeros((problem.steps + 1, *local.shape[1:]))
    for t in range(problem.steps - 1, -1, -1):
        carried[t] = np.einsum("bj,bji->bi", carried[t + 1] + local[t], wrong[t])
    by_state = dict(zip(states, np.split(carried, cuts, -1), strict=True))
    later = _later(model)

    def alter(i: int, v: Array, t: int, _: Any) -> Array:
        return by_state[later[i]][t + 1] if i in later else v

    out = hooked(problem, alter=alter)
    for s in states:
        if f"{s}0" in out:
            first = by_state[s][0]
            out[f"{s}0"] = first.sum(0) if problem.learned else first
    return out


def _entering(problem: Problem) -> list[Array]:
    """What enters each state by the losses of its step, ``(T, B, n)``."""
    model, p = problem.model, problem.model.program
    inner, out = carried_ops(model), []
    for s in model.rec.states:
        edges = {
            (i, a) for i, op in enumerate(p.ops) for a in op.args
            if a == p.targets[s] and i not in inner
        }  # fmt: skip
        adj, marked = Marked(model, frozenset(edges)).made
        total = np.zeros((problem.steps, *problem.start(s).shape))

        def kept(
            i: int, v: Array, t: int, _: Any, marked: frozenset[int] = marked, total: Array = total
        ) -> Array:
            if i in marked:
                total[t] += v
            return v

        problem.gradient_in(floats(), problem.plain_run, adj, alter=kept)
        out.append(total)
    return out


__all__ = ["jacobian_mistakes"]
