r"""Products over the steps between a use and a loss, multiplied out wrongly.

Code that sums over lags writes :math:`v_t D_t\, U D_{t-1} \cdots U D_s` itself, for the cotangent
:math:`v_t` of a loss, the slopes :math:`D_j` of the steps and the recurrent matrix: in another
order, of other steps, with a factor too few or too many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np

from bptt_sym.errors import ModelError
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.forward_steps import terms
from bptt_sym.testing.inside_mistakes import hooked
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
#: A factor: the slopes of a step, or the matrix (``None``).
Factor = int | None
#: ``factors(s, t)`` for the use at step s and the loss of step t.
Factors = Callable[[int, int], list[Factor]]
#: Steps of a problem, at most: there is a product for each pair of them.
_STEPS = 30


def _stepwise(t: int, steps: range) -> list[Factor]:
    """``D_t``, then the matrix and the slopes of each of ``steps``."""
    return [t, *(f for j in steps for f in (None, j))]


_PRODUCTS: tuple[tuple[str, str, Factors], ...] = (
    ("reversed", "its factors stand in the reverse order",
     lambda s, t: _stepwise(t, range(s, t))),
    ("first", "it lacks the factor of the step before the loss",
     lambda s, t: _stepwise(t, range(t - 2, s - 1, -1))),
    ("last", "it lacks the factor of the step of the use",
     lambda s, t: _stepwise(t, range(t - 1, s, -1))),
    ("more", "it has one factor more, that of the step before the use",
     lambda s, t: _stepwise(t, range(t - 1, max(s - 2, -1), -1) if t > s else range(0))),
    ("outside", "the matrix stands behind the slopes of the step that it belongs before",
     lambda s, t: [t, *(f for j in range(t - 1, s - 1, -1) for f in (j, None))]),
    ("slopes-first", "all slopes are multiplied first, then the powers of the matrix",
     lambda s, t: [*range(t, s - 1, -1), *[None] * (t - s)]),
    ("slopes-last", "the powers of the matrix come first, then all slopes",
     lambda s, t: [*[None] * (t - s), *range(t, s - 1, -1)]),
    ("power-loss", "all its factors are that of the loss's step (a power)",
     lambda s, t: [t, *[f for _ in range(s, t) for f in (None, t)]]),
    ("power-use", "all its factors are that of the use's step (a power)",
     lambda s, t: [t, *[f for _ in range(s, t) for f in (None, s)]]),
    ("two-slopes", "it has slopes of two steps only, then powers of the matrix",
     lambda s, t: [t, *([None, t - 1] if t > s else []), *[None] * (t - s - 1)]),
    ("ends", "it has the slopes of its two ends only",
     lambda s, t: [t, *[None] * (t - s), *([s] if t > s else [])]),
    ("use-only", "it has the slopes of the use's step only",
     lambda s, t: [*[None] * (t - s), s]),
)  # fmt: skip


def chain_mistakes(model: Model) -> Iterator[Mistake]:
    """For one state that is an activation of a sum, in which it is multiplied by a matrix."""
    parts = _parts(model)
    if parts is None:
        return
    for code, words, factors in _PRODUCTS:
        yield Mistake(
            f"chain-{code}", f"the product over the steps from a loss back to a use: {words}",
            partial(_multiplied, parts=parts, factors=factors),
        )  # fmt: skip
    yield Mistake(
        "chain-still", "what is passed back over some steps is not moved to the step that it is "
        "passed to: it meets the slopes, states and inputs of the step where it began",
        partial(_still, parts=parts),
    )  # fmt: skip


@final
@dataclass(frozen=True)
class _Parts:
    """Operations: the state's cotangent, that of its argument, its slopes, and the matrix."""

    here: int
    argument: int
    slope: int
    matrix: int


def _parts(model: Model) -> _Parts | None:
    p, adj = model.program, model.adjoint
    if len(model.rec.states) != 1 or model.rec.states[0] not in adj.cotangents:
        return None
    (state,) = model.rec.states
    target = p.ops[p.targets[state]]
    reads = [i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr == (state, 1)]
    users = [i for i, op in enumerate(p.ops) if any(r in op.args for r in reads)]
    if target.kind != "fn" or len(target.shape) != 1 or len(users) != 1:
        return None
    product = p.ops[users[0]]
    if product.kind != "matvec" or users[0] not in terms(p, target.args[0]):
        return None
    matrix = product.args[0]
    if p.ops[matrix].kind != "param":
        return None
    ops = adj.program.ops
    slopes = [
        k for k in range(adj.forward, len(ops))
        if ops[k].kind == "fn" and ops[k].attr[1] == 1 and ops[k].args == target.args
    ]  # fmt: skip
    arguments = [b for b, of in adj.of.items() if of == target.args[0]]
    if len(slopes) != 1 or len(arguments) != 1:
        return None
    return _Parts(adj.cotangents[state], arguments[0], slopes[0], matrix)


def _seen(problem: Problem, parts: _Parts) -> tuple[list[Array], list[Array], Array]:
    """What each loss passes to its own state, the slopes, and the matrix."""
    if problem.steps > _STEPS:
        raise ModelError(f"products over {problem.steps} steps are not multiplied out")
    seeds: list[Any] = [0.0] * problem.steps
    slopes: list[Any] = [1.0] * problem.steps
    matrix: list[Array] = []
    ops = problem.model.adjoint.program.ops

    def alone(i: int, v: Array, t: int, env: Any) -> Array:
        if i == parts.here:
            seeds[t] = v
            matrix[:] = [np.asarray(env[parts.matrix])]
        if i == parts.slope:
            slopes[t] = v
        return 0 * v if ops[i].kind == "later" else v

    hooked(problem, alter=alone)
    return seeds, slopes, matrix[0]


def _with(problem: Problem, parts: _Parts, deltas: list[Array]) -> dict[str, Array]:
    return hooked(problem, alter=lambda i, v, t, _: deltas[t] if i == parts.argument else v)


def _multiplied(problem: Problem, parts: _Parts, factors: Factors) -> dict[str, Array]:
    seeds, slopes, matrix = _seen(problem, parts)
    deltas = []
    for s in range(problem.steps):
        total: Array = 0.0
        for t in range(s, problem.steps):
            v = seeds[t]
            for f in factors(s, t):
                v = v @ matrix if f is None else v * slopes[f]
            total = total + v
        deltas.append(total)
    return _with(problem, parts, deltas)


def _still(problem: Problem, parts: _Parts) -> dict[str, Array]:
    seeds, slopes, matrix = _seen(problem, parts)
    deltas = []
    for s in range(problem.steps):
        v = seeds[s] * slopes[s]
        total = v
        for _ in range(s + 1, problem.steps):
            v = (v @ matrix) * slopes[s]
            total = total + v
        deltas.append(total)
    return _with(problem, parts, deltas)


__all__ = ["chain_mistakes"]
