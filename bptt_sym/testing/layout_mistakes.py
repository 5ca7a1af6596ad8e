"""Axes exchanged by reshaping where they should be transposed.

Of steps and examples, where one array is batch first and the other is not; of gates and units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.evaluate.domains import floats
from bptt_sym.testing.at_hand import Values
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any


def batch_first(v: Array) -> Array:
    """(T, B, ...) read as if it were (B, T, ...)."""
    return v.reshape(v.shape[1], v.shape[0], *v.shape[2:]).swapaxes(0, 1)


def steps_first(v: Array) -> Array:
    """(B, T, ...) read as if it were (T, B, ...)."""
    return v.swapaxes(0, 1).reshape(v.shape)


#: A code, and what is read in another order of its axes.
RESHAPED: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("batch-first", batch_first), ("steps-first", steps_first),
)  # fmt: skip


def layout_mistakes(model: Model) -> Iterator[Mistake]:
    """All of them."""
    if len(model.gates) > 1:
        yield Mistake(
            "read-unit-by-unit",
            "the weights are read with the gates of one unit after those of another "
            f"(row {len(model.gates)} j + k: gate k of unit j), not gate by gate",
            _unit_by_unit,
        )
    for name, parts in model.layout.items():
        gates, rank = len(parts), len(model.rec.shape(parts[0]))
        if gates > 1 and rank:
            for code, inward in (("gates-last", True), ("units-last", False)):
                yield Mistake(
                    f"{code}-{name}",
                    f"in the gradient of {name} gates and units are exchanged (reshaped, not "
                    "transposed)",
                    partial(_interleaved, name=name, gates=gates, inward=inward), alone=True,
                )  # fmt: skip
        if rank == 2 and outer_products(model, name):
            for code, change in RESHAPED:
                for side in (0, 1):
                    yield Mistake(
                        f"flat-{name}-{code}-{side}",
                        f"in the gradient of {name} the steps and examples of one factor are in "
                        "another order than those of the other (reshaped, not transposed)",
                        partial(_flattened, name=name, change=change, side=side), alone=True,
                    )  # fmt: skip


def outer_products(model: Model, name: str) -> bool:
    """Whether the gradient of every block of a matrix is one sum of outer products."""
    adj = model.adjoint
    return all(
        part in adj.params and adj.program.ops[adj.params[part]].kind == "contract"
        for part in model.layout[name]
    )


def _unit_by_unit(problem: Problem) -> dict[str, Array]:
    """The gradient where the rows of each unit stand together, in the order of the gates."""
    joined = {k: len(parts) for k, parts in problem.model.layout.items() if len(parts) > 1}

    def turned(v: Array, sizes: tuple[int, int]) -> Array:
        return v.reshape(*sizes, *v.shape[1:]).swapaxes(0, 1).reshape(v.shape)

    read = {k: turned(problem.params[k], (-1, gates)) for k, gates in joined.items()}
    made = problem.replaced(params={**problem.params, **read}).gradient_in(floats())
    return {k: turned(v, (joined[k], -1)) if k in joined else v for k, v in made.items()}


def _interleaved(problem: Problem, name: str, gates: int, inward: bool) -> dict[str, Array]:
    out = {k: np.asarray(v, float) for k, v in problem.exact.items()}
    value = out[name]
    sizes = (gates, -1) if inward else (-1, gates)
    out[name] = value.reshape(*sizes, *value.shape[1:]).swapaxes(0, 1).reshape(value.shape)
    return out


def _flattened(
    problem: Problem, name: str, change: Callable[[Array], Array], side: int
) -> dict[str, Array]:
    model = problem.model
    ops, params = model.adjoint.program.ops, model.adjoint.params
    seen = Values(problem)
    blocks = []
    for part in model.layout[name]:
        op = ops[params[part]]
        factors = [
            np.stack([seen.operand(a, t) for t in range(problem.steps)]) for a in op.args
        ]
        factors[side] = change(factors[side])
        blocks.append(np.einsum("tbr,tbs->rs", *factors))
    return {**seen.gradient, name: np.concatenate(blocks)}


__all__ = ["RESHAPED", "layout_mistakes", "outer_products"]
