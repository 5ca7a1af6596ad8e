"""Mistakes in which one value of the cell stands where another belongs.

The commonest slip in code that is otherwise right: the gate beside the right one, ``1 - z`` for
``z``, the state of another step, a factor before instead of after the activation, the matrix of
another gate. There are many for every cell; they are tried last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bptt_sym.evaluate.adjoint import RULES
from bptt_sym.evaluate.program import PER_STEP, STATIC, Program
from bptt_sym.testing.derivation_mistakes import Mistake, altered, described, owner_of
from bptt_sym.testing.models import Model

#: A value of the step, or its complement to 1.
Value = tuple[int, bool]


def substitutions(model: Model) -> Iterator[Mistake]:
    """Every factor, slope, matrix and operand of an outer product exchanged for its like."""
    p = model.program
    values = _values(model)
    for i, op in enumerate(p.ops):
        if op.lead < PER_STEP or owner_of(model, i) == "the loss":
            continue
        if op.kind == "mul" and all(p.constant(a) is None for a in op.args):
            for side in (0, 1):
                yield from _factor(model, i, side, values)
        elif op.kind == "fn" and op.attr[1] == 0:
            yield from _slope(model, i)
        elif op.kind == "matvec":
            yield from _operand(model, i, values)
            yield from _matrix(model, i)


def _values(model: Model) -> dict[Value, str]:
    """What code has at hand at a step, in words: sequences, gates' complements, activations."""
    p = model.program
    out: dict[Value, str] = {}
    for i, op in enumerate(p.ops[: model.adjoint.forward]):
        known = i in p.targets.values() or op.kind in ("read", "fn", "mul")
        inner = any(o.kind == "fn" and o.args == (i,) for o in p.ops)
        if op.lead < PER_STEP or not (known or inner) or owner_of(model, i) == "the loss":
            continue
        name = described(p, i)
        if op.kind == "mul" and i not in p.targets.values():
            name = " ".join(described(p, a) for a in op.args)
        elif inner and not known:
            name = f"the argument of {owner_of(model, i)}"
        out[i, False] = name
        if op.kind == "fn" and op.attr[0] == "sigma":
            out[i, True] = f"1 - {name}"
    return out


def _handle(q: Program, value: Value) -> int:
    handle, complement = value
    return q.add(q.const(1, q.shape(handle)), q.neg(handle)) if complement else handle


def _factor(model: Model, at: int, side: int, values: dict[Value, str]) -> Iterator[Mistake]:
    p = model.program
    target, factor = p.ops[at].args[side], p.ops[at].args[1 - side]
    for value, name in values.items():
        if value == (factor, False) or p.shape(value[0]) != p.shape(factor):
            continue

        def rule(q: Program, y: int, g: int, value: Value = value) -> Any:
            if y != at:
                return RULES["mul"](q, y, g)
            a, b = q.ops[y].args
            passed = [(a, q.mul(g, b)), (b, q.mul(g, a))]
            passed[side] = (target, q.mul(g, _handle(q, value)))
            return passed

        yield from _made(
            model, f"instead-{at}-{side}-{value[0]}-{value[1]:d}",
            f"{name} stands for {_words(model, factor)} on the way to {_words(model, target)} "
            f"(in {owner_of(model, at)})",
            {"mul": rule},
        )  # fmt: skip


def _slope(model: Model, at: int) -> Iterator[Mistake]:
    p = model.program
    own = p.ops[at]
    for i, op in enumerate(p.ops):
        if op.kind != "fn" or op.attr != own.attr or i == at or op.shape != own.shape:
            continue

        def rule(q: Program, y: int, g: int, other: int = op.args[0]) -> Any:
            if y != at:
                return RULES["fn"](q, y, g)
            return [(q.ops[y].args[0], q.mul(g, q.fn(q.ops[y].attr[0], other, 1)))]

        yield from _made(
            model, f"slope-of-{at}-{i}",
            f"the derivative of the activation is taken at {owner_of(model, i)}'s argument, in "
            f"{owner_of(model, at)}",
            {"fn": rule},
        )  # fmt: skip


def _operand(model: Model, at: int, values: dict[Value, str]) -> Iterator[Mistake]:
    p = model.program
    matrix, vector = p.ops[at].args
    for value, name in values.items():
        if value == (vector, False) or p.shape(value[0]) != p.shape(vector):
            continue

        def rule(q: Program, y: int, g: int, value: Value = value) -> Any:
            if y != at:
                return RULES["matvec"](q, y, g)
            m, v = q.ops[y].args
            return [(m, q.outer(g, _handle(q, value))), (v, q.matvec(q.transpose(m), g))]

        yield from _made(
            model, f"operand-{at}-{value[0]}-{value[1]:d}",
            f"{name} stands for {_words(model, vector)} in the outer product of "
            f"{described(p, matrix)}",
            {"matvec": rule},
        )  # fmt: skip


def _matrix(model: Model, at: int) -> Iterator[Mistake]:
    p = model.program
    own = p.ops[at].args[0]
    for i, op in enumerate(p.ops):
        if op.kind != "param" or op.lead != STATIC or i == own or op.shape != p.shape(own):
            continue

        def rule(q: Program, y: int, g: int, other: int = i) -> Any:
            if y != at:
                return RULES["matvec"](q, y, g)
            m, v = q.ops[y].args
            return [(m, q.outer(g, v)), (v, q.matvec(q.transpose(other), g))]

        yield from _made(
            model, f"matrix-{at}-{i}",
            f"{described(p, i)} stands for {described(p, own)} on the way back",
            {"matvec": rule},
        )  # fmt: skip
    if p.shape(own)[0] == p.shape(own)[1]:

        def diagonal(q: Program, y: int, g: int) -> Any:
            if y != at:
                return RULES["matvec"](q, y, g)
            m, v = q.ops[y].args
            return [(m, q.outer(g, v)), (v, q.mul(q.diagpart(m), g))]

        yield from _made(
            model, f"diagonal-{at}",
            f"only the diagonal of {described(p, own)} is used on the way back",
            {"matvec": diagonal},
        )  # fmt: skip


def _words(model: Model, i: int) -> str:
    p = model.program
    if p.ops[i].kind == "mul" and i not in p.targets.values():
        return " ".join(described(p, a) for a in p.ops[i].args)
    return described(p, i)


def _made(model: Model, code: str, message: str, rules: dict[str, Any]) -> Iterator[Mistake]:
    mistake = altered(model, code, message, rules=rules)
    if mistake:
        yield mistake
