"""Mistakes with the steps of the losses: where they enter, and what the ways back from them read.

The loop back adds to a state's cotangent what the step gives: an index is one off, an influence is
read before it is renewed. Or the way back from each loss is a loop of its own, which takes the
loss's step for its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.evaluate.domains import floats
from bptt_sym.testing.at_hand import Values
from bptt_sym.testing.dependence import behind
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.layout_mistakes import outer_products
from bptt_sym.testing.models import Model
from bptt_sym.testing.one_place import replacing
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.split_sums import displaced, products_of

Array = Any


def seed_mistakes(model: Model) -> Iterator[Mistake]:
    """All of them, for every state and every matrix."""
    for name, parts in model.layout.items():
        if len(model.rec.shape(parts[0])) != 2 or not outer_products(model, name):
            continue
        adj = model.adjoint
        above = behind(model, [adj.params[part] for part in parts])
        if any(adj.program.ops[i].kind == "later" for i in above):  # not the output's
            for side, words in ((1, "what it is multiplied by"), (0, "the cotangent")):
                yield Mistake(
                    f"loss-step-{name}-{side}",
                    f"in the gradient of {name} {words} is that of the loss's step, not of its use",
                    partial(_of_loss_step, name=name, side=side), alone=True,
                )  # fmt: skip
    yield from _of_targets(model)
    for state in model.rec.states:
        place = model.adjoint.cotangents.get(state)
        products = products_of(model, place, 1) if place is not None else []
        if place is not None:
            for term in displaced(model, place, products):
                yield replacing(model, {place: term})


def _of_targets(model: Model) -> Iterator[Mistake]:
    """Of several sequences with a loss, some steps of one of them are left out."""
    rules: list[tuple[str, Callable[[Array, int], Array]]] = [
        ("the losses of {} are missing", lambda t, n: t < 0),
        ("of the losses of {} only that of the last step is there", lambda t, n: t == n - 1),
        ("of the losses of {} only that of the first step is there", lambda t, n: t == 0),
        ("of the losses of {} that of the last step is missing", lambda t, n: t < n - 1),
        ("of the losses of {} that of the first step is missing", lambda t, n: t > 0),
    ]  # fmt: skip
    for y, target in model.targets.items() if len(model.targets) > 1 else ():
        for k, (words, kept) in enumerate(rules):
            yield Mistake(
                f"target-{y}-{k}", words.format(y), partial(_kept, y=y, target=target, kept=kept)
            )


def _kept(
    problem: Problem, y: str, target: str, kept: Callable[[Array, int], Array]
) -> dict[str, Array]:
    """The gradient where the errors of a sequence are 0 at some steps."""
    made = problem.plain_run.sequence(floats(), problem.model.program, y)
    own = problem.series[target]
    steps = np.arange(len(own)).reshape(-1, *[1] * (own.ndim - 1))
    moved = np.where(kept(steps, len(own)), own, np.broadcast_to(made, own.shape))
    return problem.replaced(series={**problem.series, target: moved}).gradient_in(floats())


def _of_loss_step(problem: Problem, name: str, side: int) -> dict[str, Array]:
    """The double sum over losses and uses, one factor of whose outer products stays behind."""
    model = problem.model
    adj, steps = model.adjoint, range(problem.steps)
    total: dict[str, Array] = dict.fromkeys(model.layout[name], 0.0)
    for end in steps:
        only = np.zeros_like(problem.mask)
        only[end] = problem.mask[end]
        seen = Values(problem.replaced(mask=only))
        for part in total:
            op = adj.program.ops[adj.params[part]]
            for t in range(end + 1):
                sides = [seen.operand(a, end if k == side else t) for k, a in enumerate(op.args)]
                total[part] = total[part] + sides[0].T @ sides[1]
    right = {k: np.asarray(v, float) for k, v in problem.exact.items()}
    return {**right, name: np.concatenate([total[p] for p in model.layout[name]])}


__all__ = ["seed_mistakes"]
