"""Mistakes of the loop back: what is carried is cut, scaled or left one step short.

Also what is done to a gradient as a whole: sums over an axis too many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any, final

import numpy as np

from bptt_sym.testing.derivation_mistakes import Mistake, through
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
#: ``backward(problem, **hooks)``, see :func:`~bptt_sym.evaluate.interpret.backward`.
Backward = Callable[..., dict[str, Array]]
Weighed = Callable[[Problem, Callable[..., Array]], dict[str, Array]]


def loop_mistakes(model: Model, weighed: Weighed, backward: Backward) -> Iterator[Mistake]:
    """All of them; ``weighed`` and ``backward`` make the gradients."""
    factors: list[tuple[str, str, Callable[[Problem], Array]]] = [
        ("masked", "what is carried back is cut where the mask is 0", lambda p: p.mask),
        ("weighted", "what is carried back is multiplied by the loss weight at every step",
         lambda p: np.broadcast_to(p.loss_weights[:, None], p.mask.shape)),
    ]  # fmt: skip
    for at, word in ((-2, "last step passes nothing on"), (0, "first step is passed nothing")):
        factors.append((f"cut{at}", f"the {word} on the way back", partial(_cut_at, at=at)))
    for code, message, factor in factors:
        yield Mistake(f"carry-{code}", message, partial(_carried, weighed, factor))
    yield Mistake(
        "carry-leaks", "what is carried back to the first step of an example goes on into the next "
        "example (not set to 0 between them)",
        partial(_leaking, backward=backward),
    )  # fmt: skip
    yield Mistake(
        "stops-early", "the loop back ends before the first step",
        partial(_stopped, backward=backward),
    )  # fmt: skip
    yield from _exchanged(model)
    for state in model.rec.states:
        if state in model.adjoint.cotangents:
            yield from _short(model, state, backward)
            yield from _rescaled(model, state, backward)
    for name, parts in model.layout.items():
        if len(model.rec.shape(parts[0])) == 1:
            yield Mistake(
                f"summed-{name}", f"every entry of {name} is the sum of all (one axis too many)",
                partial(_summed, backward=backward, name=name),
            )  # fmt: skip
            yield Mistake(
                f"meaned-{name}", f"every entry of {name} is the mean of all (one axis too many)",
                partial(_summed, backward=backward, name=name, mean=True),
            )  # fmt: skip


def _cut_at(p: Problem, at: int) -> Array:
    """0 at one step, counted from either end."""
    out = np.ones(p.mask.shape)
    out[at if at >= 0 else max(at, -p.steps)] = 0.0 if p.steps > 1 else 1.0
    return out


def _carried(
    weighed: Weighed, factor: Callable[[Problem], Array], problem: Problem
) -> dict[str, Array]:
    """The gradient where what arrives at step t from later ones is multiplied by ``factor[t]``."""
    by = np.asarray(factor(problem), float)
    steps, batch = by.shape
    # table[k, s]: the product over steps s+1 … s+k (counted from 1) of their factors, but the last.
    table = np.ones((steps, steps, batch))
    for use in range(steps):
        for lag in range(1, steps - use):
            table[lag, use] = table[lag - 1, use] * by[use + lag - 1]
    return weighed(problem, lambda *_: table)


def _leaking(problem: Problem, backward: Backward) -> dict[str, Array]:
    """The way back of one example after another, which begins with what the last one ended with."""
    adj = problem.model.adjoint
    ops = adj.program.ops
    later = {i: op.attr[0] for i, op in enumerate(ops) if op.kind == "later" and op.attr[1] == 1}
    ends = {h: name for (name, lag), h in adj.reads.items() if lag == 1}
    leak: dict[str, Array] = {}
    out: dict[str, Array] = {}
    for _ in range(problem.batch):
        kept: dict[str, Array] = {}

        def alter(
            i: int, v: Array, t: int, env: Any, kept: dict[str, Array] = kept,
            entering: dict[str, Array] = leak,
        ) -> Array:  # fmt: skip
            if t == problem.steps - 1 and later.get(i) in entering:
                v = v + entering[later[i]]
            if t == 0 and i in ends:
                kept[ends[i]] = np.broadcast_to(v, (problem.batch, *np.shape(v)[1:]))
            return v

        out = backward(problem, alter=alter)
        leak = {k: np.concatenate([np.zeros_like(v[:1]), v[:-1]]) for k, v in kept.items()}
    return out


def _stopped(problem: Problem, backward: Backward) -> dict[str, Array]:
    """The gradient without the first step: what arrives there is given for the initial states."""
    ops = problem.model.adjoint.program.ops
    later = {i: op.attr[0] for i, op in enumerate(ops) if op.kind == "later" and op.attr[1] == 1}
    arrived: dict[str, Array] = {}

    def keep(i: int, v: Array, t: int, _: Any) -> Array:
        if t == 0 and i in later:
            arrived[later[i]] = v
        return v

    out = backward(problem, alter=keep)
    for state in problem.initial:
        value = arrived.get(state, np.zeros(1))
        first = np.broadcast_to(value, (problem.batch, *problem.start(state).shape[1:]))
        out[f"{state}0"] = first.sum(0) if problem.learned else first
    if "x" in out:
        out["x"] = np.concatenate([0 * out["x"][:1], out["x"][1:]])
    for name, parts in problem.parts.items():
        if name in problem.params:
            out[name] = parts[:, 1:].sum((0, 1, 2)).astype(float)
    return out


def _exchanged(model: Model) -> Iterator[Mistake]:
    """What two states of one shape carry back is given to the other one."""
    right = model.adjoint
    carried = [s for s in model.rec.states if (s, 1) in right.reads]
    for one, other in combinations(carried, 2):
        if model.rec.shape(one) != model.rec.shape(other):
            continue
        a, b = right.reads[one, 1], right.reads[other, 1]
        wrong = replace(right, reads={**right.reads, (one, 1): b, (other, 1): a})
        yield Mistake(
            f"exchanged-{one}-{other}",
            f"what is carried back to {one} and to {other} is exchanged",
            partial(through, wrong=wrong), whole=True,
        )  # fmt: skip


def _short(model: Model, state: str, backward: Backward) -> Iterator[Mistake]:
    """The gradient of an initial value taken one operation too early."""
    adj = model.adjoint
    target = adj.program.targets[state]
    argument = model.program.ops[target].args[:1]
    inner = next((b for b, of in adj.of.items() if (of,) == argument), None)
    for handle, text in (
        (adj.cotangents[state], f"it is the cotangent of {state} after the first step"),
        (inner, f"it is the cotangent of {state}'s argument at the first step, not passed on"),
    ):
        if handle is None:
            continue

        def gradient(problem: Problem, handle: int = handle, state: str = state) -> Any:
            kept: dict[int, Array] = {}

            def keep(i: int, v: Array, *_: Any) -> Array:
                if i == handle:
                    kept[i] = v
                return v

            out = backward(problem, alter=keep)
            value, name = kept.get(handle), f"{state}0"
            if value is not None and name in out:
                first = np.broadcast_to(value, (problem.batch, *np.shape(value)[1:]))
                out[name] = first.sum(0) if problem.learned else first
            return out

        yield Mistake(f"short-{state}-{handle}", text, gradient)


@final
@dataclass(frozen=True)
class _Shrunk:
    """Vectors, or the whole batch of them, whose norm is at most ``limit``."""

    limit: float
    each: bool

    def __call__(self, value: Array) -> Array:
        size = np.linalg.norm(value, axis=-1, keepdims=True) if self.each else np.linalg.norm(value)
        return value * np.minimum(1.0, self.limit / np.maximum(size, 1e-300))


def _rescaled(model: Model, state: str, backward: Backward) -> Iterator[Mistake]:
    handle = model.adjoint.cotangents[state]
    for limit in (1.0, 5.0):
        for each in (True, False):
            change = _Shrunk(limit, each)

            def gradient(problem: Problem, change: _Shrunk = change) -> Any:
                return backward(problem, alter=lambda i, v, *_: change(v) if i == handle else v)

            yield Mistake(
                f"shrunk-{state}-{limit:g}-{each:d}",
                f"the cotangent of {state} is rescaled to norm {limit:g} at every step"
                + (", example by example" if each else ""),
                gradient,
            )


def _summed(
    problem: Problem, backward: Backward, name: str, mean: bool = False
) -> dict[str, Array]:
    out = backward(problem)
    total = out[name].mean() if mean else out[name].sum()
    return {**out, name: np.full_like(out[name], total)}
