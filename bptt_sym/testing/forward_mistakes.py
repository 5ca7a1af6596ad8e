"""Mistakes of the forward pass: one operation of the cell is another one.

The way back is that of the right cell, from the values that the wrong one saved, as when it was
written by hand; or it belongs to the wrong cell, as when a program has differentiated it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np

from bptt_sym.evaluate import activations
from bptt_sym.evaluate.adjoint import RULES, Adjoint, Rule, adjoint
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.program import PER_STEP, Program
from bptt_sym.testing.derivation_mistakes import Mistake, owner_of, slope_from_value
from bptt_sym.testing.models import Model
from bptt_sym.testing.place_words import shown
from bptt_sym.testing.problems import Problem

Array = Any
_ACTIVATIONS = ("tanh", "sigma")


@final
@dataclass(frozen=True)
class _Change:
    """What one operation computes instead.

    ``value(args)`` is its value from those of its operands, ``passed(program, args, g)`` the
    cotangents of the operands when it is differentiated as it is.
    """

    words: str
    value: Callable[[list[Array]], Array]
    passed: Callable[[Program, tuple[int, ...], int], list[tuple[int, int]]]


def forward_mistakes(model: Model) -> Iterator[Mistake]:
    """Every operation of the cell and of its output changed."""
    p = model.program
    for i, op in enumerate(p.ops):
        if op.lead < PER_STEP:
            continue
        owner = owner_of(model, i)
        if owner == "the loss" and op.kind != "add":
            continue
        for k, change in enumerate(_changes(model, i, owner)):
            for own in (False, True):
                adj = _way_back(model, i, change if own else None)
                text = (
                    f"it is the gradient of another cell: {change.words}" if own
                    else f"the forward pass is wrong: {change.words}"
                )  # fmt: skip
                yield Mistake(
                    f"forward-{i}-{k}-{own:d}", text,
                    partial(_gradient, at=i, change=change, adj=adj),
                )  # fmt: skip


def forward_substitutions(model: Model) -> Iterator[Mistake]:
    """A factor of the cell that is another value of its shape."""
    p = model.program
    for i, op in enumerate(p.ops):
        if op.kind != "mul" or op.lead < PER_STEP or owner_of(model, i) == "the loss":
            continue
        if any(p.constant(a) is not None for a in op.args):
            continue
        for side in (0, 1):
            for other, like in enumerate(p.ops[:i]):
                if like.shape != op.shape or other in op.args or like.kind == "const":
                    continue
                kept, lost = (shown(model, op.args[k]) for k in (1 - side, side))
                text = (
                    f"the forward pass is wrong: {shown(model, other)} stands for {lost} beside "
                    f"{kept} in {owner_of(model, i)}"
                )
                yield Mistake(
                    f"forward-{i}-{side}-for-{other}", text,
                    partial(_with_factor, at=i, kept=op.args[1 - side], other=other),
                )  # fmt: skip


def forward_operands(model: Model) -> Iterator[Mistake]:
    """A vector that a matrix multiplies is another value of its shape."""
    p = model.program
    for i, op in enumerate(p.ops):
        if op.kind != "matvec" or op.lead < PER_STEP or owner_of(model, i) == "the loss":
            continue
        m, v = op.args
        for other, like in enumerate(p.ops[:i]):
            if like.shape != p.shape(v) or other == v or like.lead < PER_STEP:
                continue
            if not (other in p.targets.values() or like.kind in ("read", "fn")):
                continue

            def passed(q: Program, y: int, g: int, at: int = i, other: int = other) -> Any:
                if y != at:
                    return RULES["matvec"](q, y, g)
                matrix = q.ops[y].args[0]
                return [(matrix, q.outer(g, other)), (other, q.matvec(q.transpose(matrix), g))]

            text = (
                f"{shown(model, other)} stands for {shown(model, v)} beside {shown(model, m)} in "
                f"{owner_of(model, i)}"
            )
            for own in (False, True):
                adj = model.adjoint
                if own:
                    rules = {**RULES, "matvec": passed}
                    adj = adjoint(model.rec, p, loss_seed=True, rules=rules)
                said = "it is the gradient of another cell" if own else "the forward pass is wrong"
                yield Mistake(
                    f"forward-{i}-operand-{other}-{own:d}", f"{said}: {text}",
                    partial(_with_operand, at=i, matrix=m, other=other, adj=adj),
                )  # fmt: skip


def forward_arguments(model: Model) -> Iterator[Mistake]:
    """The argument of an activation is another value of its shape."""
    p = model.program
    for i, op in enumerate(p.ops):
        if op.kind != "fn" or op.lead < PER_STEP or op.attr[1] or op.attr[0] not in _ACTIVATIONS:
            continue
        name, a = op.attr[0], op.args[0]
        for other, like in enumerate(p.ops[:i]):
            if like.shape != op.shape or other == a or like.lead < PER_STEP:
                continue
            if not (other in p.targets.values() or like.kind in ("read", "fn")):
                continue

            def passed(
                q: Program, y: int, g: int, at: int = i, own: int | None = other, name: str = name
            ) -> list[tuple[int, int]]:
                if y != at:
                    return RULES["fn"](q, y, g)
                slope = slope_from_value(q, y, name)
                return [(q.ops[y].args[0] if own is None else own, q.mul(g, slope))]

            text = (
                f"the activation is taken of {shown(model, other)}, not of {shown(model, a)}, in "
                f"{owner_of(model, i)}"
            )
            for own in (None, other):
                rules: dict[str, Rule] = {**RULES, "fn": partial(passed, own=own)}
                adj = adjoint(model.rec, p, loss_seed=True, rules=rules)
                said = "the forward pass is wrong" if own is None else (
                    "it is the gradient of another cell")  # fmt: skip
                yield Mistake(
                    f"forward-{i}-argument-{other}-{own is not None:d}", f"{said}: {text}",
                    partial(_with_argument, at=i, name=name, other=other, adj=adj),
                )  # fmt: skip


def _changes(model: Model, i: int, owner: str) -> Iterator[_Change]:
    p = model.program
    op = p.ops[i]
    names = [shown(model, a) for a in op.args]
    if op.kind == "add":
        for k in (0, 1):
            yield _only(1 - k, f"{names[k]} is left out of {owner}")
            yield _subtracted(k, f"{names[k]} has the wrong sign in {owner}")
    elif op.kind == "mul" and all(p.constant(a) is None for a in op.args):
        for k in (0, 1):
            yield _only(1 - k, f"the factor {names[k]} is left out of {owner}")
        yield _Change(
            f"{names[0]} and {names[1]} are added in {owner}, not multiplied",
            lambda v: v[0] + v[1],
            lambda q, args, g: [(args[0], g), (args[1], g)],
        )
    elif op.kind == "matvec":
        m = op.args[0]
        rows, columns = p.shape(m)
        if rows == columns:
            yield _Change(
                f"{names[0]} is transposed in {owner}",
                lambda v: v[1] @ v[0],
                lambda q, args, g: [
                    (args[0], q.outer(args[1], g)),
                    (args[1], q.matvec(args[0], g)),
                ],
            )
            yield _only(1, f"{names[0]} is left out of {owner}")
            yield _Change(
                f"{names[1]} is multiplied by {names[0]} entry by entry (its diagonal) in {owner}",
                lambda v: v[1] * np.diagonal(v[0]),
                lambda q, args, g: [(args[1], q.mul(g, q.diagpart(args[0])))],
            )
    elif op.kind == "fn" and op.attr[0] in ("tanh", "sigma") and op.attr[1] == 0:
        name, other = ("tanh", "sigma") if op.attr[0] == "tanh" else ("sigma", "tanh")
        words = {"tanh": "tanh", "sigma": "σ"}
        yield _only(0, f"{words[name]} is missing in {owner}")
        for more in (1, -1):
            yield _argument_plus(more, name, owner)
        yield _Change(
            f"{words[other]} stands for {words[name]} in {owner}",
            lambda v: activations.value(other, 0, v[0], np),
            lambda q, args, g: [(args[0], q.mul(g, q.fn(other, args[0], 1)))],
        )


def _argument_plus(more: int, name: str, owner: str) -> _Change:
    def passed(q: Program, args: tuple[int, ...], g: int) -> list[tuple[int, int]]:
        moved = q.add(args[0], q.const(more, q.shape(args[0])))
        return [(args[0], q.mul(g, q.fn(name, moved, 1)))]

    return _Change(
        f"{more} is added to the argument of {owner}",
        lambda v: activations.value(name, 0, v[0] + more, np),
        passed,
    )


def _only(k: int, words: str) -> _Change:
    return _Change(words, lambda v: v[k], lambda q, args, g: [(args[k], g)])


def _subtracted(k: int, words: str) -> _Change:
    return _Change(
        words,
        lambda v: v[1 - k] - v[k],
        lambda q, args, g: [(args[k], q.neg(g)), (args[1 - k], g)],
    )


def _way_back(model: Model, at: int, change: _Change | None) -> Adjoint:
    """The adjoint of the right cell, or of the one with ``change``.

    That of the right one takes the derivative of a changed activation from its value, as code does.
    """
    p = model.program
    kind = p.ops[at].kind
    if change is None and kind != "fn":
        return model.adjoint

    def rule(q: Program, y: int, g: int) -> list[tuple[int, int]]:
        if y != at:
            return RULES[kind](q, y, g)
        if change is not None:
            return change.passed(q, q.ops[y].args, g)
        return [(q.ops[y].args[0], q.mul(g, slope_from_value(q, y, q.ops[y].attr[0])))]

    return adjoint(model.rec, p, loss_seed=True, rules={**RULES, kind: rule})


def _gradient(problem: Problem, at: int, change: _Change, adj: Adjoint) -> dict[str, Array]:
    args = problem.model.program.ops[at].args
    return _after(problem, at, lambda env: change.value([np.asarray(env[a]) for a in args]), adj)


def _with_factor(problem: Problem, at: int, kept: int, other: int) -> dict[str, Array]:
    return _after(problem, at, lambda env: env[kept] * env[other], problem.model.adjoint)


def _with_operand(
    problem: Problem, at: int, matrix: int, other: int, adj: Adjoint
) -> dict[str, Array]:
    return _after(problem, at, lambda env: env[other] @ np.asarray(env[matrix]).T, adj)


def _with_argument(
    problem: Problem, at: int, name: str, other: int, adj: Adjoint
) -> dict[str, Array]:
    return _after(problem, at, lambda env: activations.value(name, 0, env[other], np), adj)


def _after(
    problem: Problem, at: int, value: Callable[[Any], Array], adj: Adjoint
) -> dict[str, Array]:
    """The way back ``adj`` after a forward pass in which an operation has another value.

    A product that no name stands for is multiplied out again on the way back, rightly.
    """
    domain, p = floats(), problem.model.program
    run = problem.run(domain, alter=lambda i, v, t, env: value(env) if i == at else v)
    named = at in p.targets.values() or any(o.kind == "fn" and o.args == (at,) for o in p.ops)
    if p.ops[at].kind == "mul" and not named and adj is problem.model.adjoint:
        for step in run.steps:
            a, b = (step[x] if x in step else run.fixed[x] for x in p.ops[at].args)
            step[at] = a * b
    return problem.gradient_in(domain, run, adj)


__all__ = ["forward_arguments", "forward_mistakes", "forward_operands", "forward_substitutions"]
