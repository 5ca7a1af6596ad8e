"""Factors of the way back that are lost, or stand on the other side of a matrix.

A number that a state is multiplied by is forgotten; an elementwise factor is applied before the
transposed matrix where it belongs behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bptt_sym.evaluate.adjoint import RULES
from bptt_sym.evaluate.program import PER_STEP, Program
from bptt_sym.testing.derivation_mistakes import Mistake, altered, described, owner_of
from bptt_sym.testing.models import Model


def lost_numbers(model: Model) -> Iterator[Mistake]:
    """Products with a number, differentiated as if it were 1."""
    p = model.program
    for i, op in enumerate(p.ops):
        if op.kind != "mul" or op.lead < PER_STEP or owner_of(model, i) == "the loss":
            continue
        for side in (0, 1):
            number = p.constant(op.args[side])
            if number is None or abs(number) == 1:
                continue
            target = op.args[1 - side]
            mistake = altered(
                model, f"number-{i}",
                f"the factor {number} is lost on the way to {described(p, target)} "
                f"(in {owner_of(model, i)})",
                rules={"mul": partial(_passed_whole, at=i, target=target)},
            )  # fmt: skip
            if mistake:
                yield mistake


def _passed_whole(q: Program, y: int, g: int, *, at: int, target: int) -> list[tuple[int, int]]:
    return [(target, g)] if y == at else RULES["mul"](q, y, g)


def factors_before(model: Model) -> Iterator[Mistake]:
    """``Uᵀ (b ⊙ g)`` for ``b ⊙ (Uᵀ g)``: what is passed back to a factor of a product."""
    p = model.program
    for i, op in enumerate(p.ops):
        if op.kind != "mul" or op.lead < PER_STEP or owner_of(model, i) == "the loss":
            continue
        for sides in ((0,), (1,), (0, 1)):
            names = " and to ".join(described(p, op.args[k]) for k in sides)
            mistake = altered(
                model, f"before-{i}-{sides}",
                "the other factor stands before the transposed matrix, not behind it, on the way "
                f"to {names} (in {owner_of(model, i)})",
                rules={"mul": partial(_before, at=i, sides=sides)},
            )  # fmt: skip
            if mistake:
                yield mistake


def _before(
    q: Program, y: int, g: int, *, at: int, sides: tuple[int, ...]
) -> list[tuple[int, int]]:
    args, matrix = q.ops[y].args, q.ops[g]
    passed = RULES["mul"](q, y, g)
    if y != at or matrix.kind != "matvec" or q.shape(g) != q.shape(matrix.args[1]):
        return passed
    m, vector = matrix.args
    for k in sides:
        passed[k] = (args[k], q.matvec(m, q.mul(vector, args[1 - k])))
    return passed


__all__ = ["factors_before", "lost_numbers"]
