"""Mistakes in what was saved for the way back: one value of the step in the place of another.

Code saves activations and states and takes derivatives from the saved values. If something else
was saved, every use is wrong at once: the slope and the products.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from bptt_sym.evaluate.adjoint import RULES, Adjoint, adjoint
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.program import PER_STEP, Program
from bptt_sym.testing.derivation_mistakes import Mistake, owner_of, slope_from_value
from bptt_sym.testing.models import Model
from bptt_sym.testing.place_words import shown
from bptt_sym.testing.problems import Problem

Array = Any


def saved_mistakes(model: Model) -> Iterator[Mistake]:
    """Each activation and state saved as another value of its shape; two of them exchanged."""
    p = model.program
    back = _from_values(model)
    states = set(p.targets.values())
    kept = [
        i for i, op in enumerate(p.ops)
        if op.lead >= PER_STEP and owner_of(model, i) != "the loss"
        and ((op.kind == "fn" and op.attr[1] == 0) or i in states
             or (op.kind == "read" and op.attr[0] in p.targets))
    ]  # fmt: skip
    arguments = {p.ops[i].args[0] for i in kept if p.ops[i].kind == "fn"} - set(kept)
    made = partial(_saved, back=back)
    for i in kept:
        for j in (*kept, *sorted(arguments)):
            if j == i or p.shape(j) != p.shape(i):
                continue
            yield Mistake(
                f"saved-{i}-{j}",
                f"{shown(model, j)} is saved where {shown(model, i)} belongs",
                partial(made, instead={i: j}),
            )
    for i in kept:
        for j in kept:
            if i < j and p.shape(i) == p.shape(j):
                yield Mistake(
                    f"saved-exchanged-{i}-{j}",
                    f"{shown(model, i)} and {shown(model, j)} are exchanged where they are saved",
                    partial(made, instead={i: j, j: i}),
                )


def _from_values(model: Model) -> Adjoint:
    """The way back that takes the derivatives of activations from their values."""

    def rule(q: Program, y: int, g: int) -> list[tuple[int, int]]:
        (f, order) = q.ops[y].attr
        if f not in ("tanh", "sigma") or order:
            return RULES["fn"](q, y, g)
        return [(q.ops[y].args[0], q.mul(g, slope_from_value(q, y, f)))]

    return adjoint(model.rec, model.program, loss_seed=True, rules={**RULES, "fn": rule})


def _saved(problem: Problem, back: Adjoint, instead: Mapping[int, int]) -> dict[str, Array]:
    domain = floats()
    run = problem.run(domain)
    for step in run.steps:
        step.update({i: step.get(j, run.fixed.get(j)) for i, j in instead.items()})
    return problem.gradient_in(domain, run, back)


__all__ = ["saved_mistakes"]
