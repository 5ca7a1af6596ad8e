"""Cotangents changed inside the loop back: clipped, cut by the mask, averaged, a unit left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np

from bptt_sym.evaluate.domains import Arrays, floats
from bptt_sym.testing.derivation_mistakes import Mistake, owner_of
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any


def hooked(problem: Problem, **hooks: Any) -> dict[str, Array]:
    """The gradient with hooks of :func:`~bptt_sym.evaluate.interpret.backward`."""
    return problem.gradient_in(floats(), problem.plain_run, **hooks)


@final
@dataclass(frozen=True)
class Clip:
    """Entries limited to ±limit."""

    limit: float

    def __call__(self, value: Array) -> Array:
        return np.clip(value, -self.limit, self.limit)


@final
@dataclass(frozen=True)
class Flush:
    """Entries smaller than ``least`` are 0."""

    least: float

    def __call__(self, value: Array) -> Array:
        return np.where(np.abs(value) < self.least, 0.0, value)


def inside_mistakes(model: Model) -> Iterator[Mistake]:
    """Cotangents of the states changed inside the loop."""
    adj = model.adjoint

    def changed(
        problem: Problem, handles: frozenset[int], change: Callable[[Array], Array]
    ) -> dict[str, Array]:
        return hooked(problem, alter=lambda i, v, *_: change(v) if i in handles else v)

    states = {s: adj.cotangents[s] for s in model.rec.states if s in adj.cotangents}
    groups = [(f" of {s}", frozenset({h})) for s, h in states.items()]
    cut = [(f"what {s} carries back", frozenset({s})) for s in states if len(states) > 1]
    for words, some in [*cut, ("what is carried back", frozenset(states))]:
        for ahead in (0, 1):
            yield Mistake(
                f"masked-{'-'.join(sorted(some))}-{ahead}", f"{words} is cut where the mask is 0",
                partial(_masked, states=some, ahead=ahead),
            )  # fmt: skip
    for s in states if len(states) > 1 else ():
        for limit in (0.1, 0.5, 1.0, 5.0, 10.0) if (s, 1) in adj.reads else ():
            yield Mistake(
                f"clip-carried-{limit:g}-{s}",
                f"what {s} carries back is clipped to ±{limit:g} at every step",
                partial(changed, handles=frozenset({adj.reads[s, 1]}), change=Clip(limit)),
            )  # fmt: skip
    back = {of: b for b, of in adj.of.items()}
    for i, op in enumerate(model.program.ops):
        if op.kind == "fn" and op.attr[1] == 0 and op.args[0] in back and len(op.shape) == 1:
            groups.append(
                (f" of the argument of {owner_of(model, i)}", frozenset({back[op.args[0]]}))
            )
    for name, handles in groups:
        for limit in (0.1, 0.5, 1.0, 5.0, 10.0) if handles <= set(states.values()) else ():
            yield Mistake(
                f"clip-{limit:g}{name.replace(' of ', '-')}",
                f"the cotangent{name} is clipped to ±{limit:g} at every step",
                partial(changed, handles=handles, change=Clip(limit)),
            )
        yield Mistake(
            f"mean{name.replace(' of ', '-')}",
            f"the cotangent{name} is its mean over the examples",
            partial(_meaned, handles=handles),
        )
        for unit, word in ((0, "first"), (-1, "last")):

            def dropped(v: Array, unit: int = unit) -> Array:
                out = np.array(v)
                if out.ndim > 1:
                    out[..., unit] = 0
                return out

            yield Mistake(
                f"unit-{word}{name.replace(' of ', '-')}",
                f"the {word} unit{name} is left out",
                partial(changed, handles=handles, change=dropped),
            )
    yield Mistake(
        "outer-of-sums",
        "the outer product of sums over the batch is taken, not the sum of outer products",
        lambda problem: problem.gradient_in(_OuterOfSums()),
    )


def _masked(problem: Problem, states: frozenset[str], ahead: int) -> dict[str, Array]:
    """The gradient where some states' cotangents are multiplied by the mask as they arrive."""
    later = {
        i for i, op in enumerate(problem.model.adjoint.program.ops)
        if op.kind == "later" and op.attr[0] in states and op.attr[1] == 1
    }  # fmt: skip

    def masked(i: int, v: Array, t: int, _: Any) -> Array:
        if i not in later:
            return v
        at = min(t + ahead, problem.steps - 1)
        return np.asarray(v) * problem.mask[at].reshape(-1, *[1] * (np.ndim(v) - 1))

    return hooked(problem, alter=masked)


class _OuterOfSums(Arrays):
    """Sums over the batch before it multiplies."""

    def __init__(self) -> None:
        plain = floats()
        super().__init__(plain.dtype, plain.lib, plain.number, plain.cast)

    def contract(self, u: Array, v: Array, lead: int) -> Array:
        axes = tuple(range(u.ndim - 1))
        return np.outer(u.sum(axes), v.sum(tuple(range(v.ndim - 1))))


def _meaned(problem: Problem, handles: frozenset[int]) -> dict[str, Array]:
    """The gradient where some values of the way back are their mean over the examples."""

    def alter(i: int, v: Array, *_: Any) -> Array:
        if i not in handles or np.ndim(v) < 2:
            return v
        return np.broadcast_to(np.mean(v, 0, keepdims=True), (problem.batch, *np.shape(v)[1:]))

    return problem.gradient_in(floats(), problem.plain_run, alter=alter)


__all__ = ["Clip", "Flush", "hooked", "inside_mistakes"]
