"""Mistakes in which one value of the cell stands where another belongs.

The commonest slip in code that is otherwise right: the gate beside the right one, ``1 - z`` for
``z``, the state of another step, a factor before instead of after the activation, the matrix of
another gate. There are many for every cell; they are tried last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bptt_sym.evaluate.adjoint import RULES
from bptt_sym.evaluate.program import PER_STEP, STATIC, Program
from bptt_sym.testing.derivation_mistakes import Mistake, altered, described, owner_of
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

#: A value of the step: itself (""), its complement to 1 ("1-"), its square ("twice"), or an
#: activation's value at the state of the step before ("before"), or at its own value ("again").
Value = tuple[int, str]
Args = tuple[int, ...]
#: What an operation passes on to each of its arguments, from these and its own cotangent.
Own = Callable[[Program, Args, int], list[tuple[int, int]]]


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
            yield from _slope_from(model, i, values)
        elif op.kind == "matvec":
            yield from _operand(model, i, values)
            yield from _matrix(model, i)
    yield from _scaled(model, values)
    yield from _partly(model)
    yield from _exchanged_factors(model)
    yield from _exchanged_matrices(model)
    yield from _exchanged_inside(model)
    yield from _shifted_matrices(model)


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
        out[i, ""] = name
        if op.kind == "fn" and op.attr[0] == "sigma":
            out[i, "1-"] = f"1 - {name}"
        if op.kind == "fn" and op.attr[1] == 0 and op.attr[0] in ("tanh", "sigma"):
            out[i, "again"] = f"{'σ' if op.attr[0] == 'sigma' else 'tanh'}({name})"
        if op.kind == "fn" and op.attr[1] == 0 and _state_before(p, op.args[0]) is not None:
            out[i, "before"] = f"{name} of the step before"
    return out


def _state_before(p: Program, a: int) -> int | None:
    """Where the previous value of the state stands whose value is ``a``."""
    reads = [(name, 1) for name, target in p.targets.items() if target == a]
    return next(
        (i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr in reads), None
    )


def _handle(q: Program, value: Value) -> int:
    handle, change = value
    if change == "1-":
        return q.add(q.const(1, q.shape(handle)), q.neg(handle))
    if change == "twice":
        return q.mul(handle, handle)
    if change == "again":
        return q.fn(q.ops[handle].attr[0], handle)
    if change == "before":
        earlier = _state_before(q, q.ops[handle].args[0])
        return handle if earlier is None else q.fn(q.ops[handle].attr[0], earlier)
    return handle


def _factor(model: Model, at: int, side: int, values: dict[Value, str]) -> Iterator[Mistake]:
    p = model.program
    target, factor = p.ops[at].args[side], p.ops[at].args[1 - side]
    if _given(p, target):
        return
    twice = {(factor, "twice"): f"{_words(model, factor)} twice"}
    for value, name in (values | twice).items():
        if value == (factor, "") or p.shape(value[0]) != p.shape(factor):
            continue

        def own(q: Program, args: Args, g: int, value: Value = value) -> Any:
            a, b = args
            passed = [(a, q.mul(g, b)), (b, q.mul(g, a))]
            passed[side] = (target, q.mul(g, _handle(q, value)))
            return passed

        yield from _made(
            model, f"instead-{at}-{side}-{value[0]}-{value[1]}",
            f"{name} stands for {_words(model, factor)} on the way to {_words(model, target)} "
            f"(in {owner_of(model, at)})",
            _only_at(at, "mul", own),
        )  # fmt: skip


def _slope(model: Model, at: int) -> Iterator[Mistake]:
    p = model.program
    here = p.ops[at]
    for i, op in enumerate(p.ops):
        if op.kind != "fn" or op.attr != here.attr or i == at or op.shape != here.shape:
            continue

        def own(q: Program, args: Args, g: int, other: int = op.args[0]) -> Any:
            return [(args[0], q.mul(g, q.fn(here.attr[0], other, 1)))]

        yield from _made(
            model, f"slope-of-{at}-{i}",
            f"the derivative of the activation is taken at {owner_of(model, i)}'s argument, in "
            f"{owner_of(model, at)}",
            _only_at(at, "fn", own),
        )  # fmt: skip


def _slope_from(model: Model, at: int, values: dict[Value, str]) -> Iterator[Mistake]:
    """tanh' as 1 - y² and σ' as y(1 - y), with another value for the activation's own y."""
    p = model.program
    name = p.ops[at].attr[0]
    if name not in ("tanh", "sigma"):
        return
    for value, word in values.items():
        # With y = 1 - σ the product is σ' all the same.
        if value in ((at, ""), (at, "1-")) or p.shape(value[0]) != p.shape(at):
            continue

        def own(q: Program, args: Args, g: int, value: Value = value) -> Any:
            v = _handle(q, value)
            one = q.const(1, q.shape(v))
            square = q.add(one, q.neg(q.mul(v, v)))
            logistic = q.mul(v, q.add(one, q.neg(v)))
            return [(args[0], q.mul(g, square if name == "tanh" else logistic))]

        shown = f"1 - y² with y = {word}" if name == "tanh" else f"y(1 - y) with y = {word}"
        yield from _made(
            model, f"slope-from-{at}-{value[0]}-{value[1]}",
            f"{shown} stands for the derivative of the activation in {owner_of(model, at)}",
            _only_at(at, "fn", own),
        )  # fmt: skip


def _operand(model: Model, at: int, values: dict[Value, str]) -> Iterator[Mistake]:
    p = model.program
    matrix, vector = p.ops[at].args
    for value, name in values.items():
        if value == (vector, "") or p.shape(value[0]) != p.shape(vector):
            continue

        def own(q: Program, args: Args, g: int, value: Value = value) -> Any:
            m, v = args
            return [(m, q.outer(g, _handle(q, value))), (v, q.matvec(q.transpose(m), g))]

        yield from _made(
            model, f"operand-{at}-{value[0]}-{value[1]}",
            f"{name} stands for {_words(model, vector)} in the outer product of "
            f"{described(p, matrix)}",
            _only_at(at, "matvec", own),
        )  # fmt: skip


    if p.ops[vector].kind == "mul" and p.shape(vector) == p.shape(at):
        for side in (0, 1):

            def moved(q: Program, args: Args, g: int, side: int = side) -> Any:
                m, v = args
                factors = q.ops[v].args
                outer = q.outer(q.mul(g, factors[side]), factors[1 - side])
                return [(m, outer), (v, q.matvec(q.transpose(m), g))]

            factor, rest = (_words(model, p.ops[vector].args[k]) for k in (side, 1 - side))
            yield from _made(
                model, f"moved-{at}-{side}",
                f"{factor} multiplies the other side of the outer product of "
                f"{described(p, matrix)}, not {rest}",
                _only_at(at, "matvec", moved),
            )  # fmt: skip


def _scaled(model: Model, values: dict[Value, str]) -> Iterator[Mistake]:
    """A state's whole cotangent is multiplied by something before it is used: ``d *= f``."""
    p = model.program
    for state in model.rec.states:
        top = p.targets[state]
        kind = p.ops[top].kind
        if kind not in ("add", "mul") or p.ops[top].lead < PER_STEP:
            continue
        for value, name in values.items():
            if p.shape(value[0]) != p.shape(top):
                continue

            def rule(
                q: Program, y: int, g: int, kind: str = kind, top: int = top, value: Value = value
            ) -> Any:
                by = q.mul(g, _handle(q, value)) if y == top else g
                return RULES[kind](q, y, by)

            yield from _made(
                model, f"scaled-{state}-{value[0]}-{value[1]}",
                f"the cotangent of {state} is multiplied by {name} before it is passed on "
                "(changed in place?)",
                {kind: rule},
            )  # fmt: skip


def _matrix(model: Model, at: int) -> Iterator[Mistake]:
    p = model.program
    own, vector = p.ops[at].args
    if _given(p, vector):
        return
    for i, op in enumerate(p.ops):
        if op.kind != "param" or op.lead != STATIC or i == own or op.shape != p.shape(own):
            continue

        def passed(q: Program, args: Args, g: int, other: int = i) -> Any:
            m, v = args
            return [(m, q.outer(g, v)), (v, q.matvec(q.transpose(other), g))]

        yield from _made(
            model, f"matrix-{at}-{i}",
            f"{described(p, i)} stands for {described(p, own)} on the way back",
            _only_at(at, "matvec", passed),
        )  # fmt: skip
    if p.shape(own)[0] == p.shape(own)[1]:

        def diagonal(q: Program, args: Args, g: int) -> Any:
            m, v = args
            return [(m, q.outer(g, v)), (v, q.mul(q.diagpart(m), g))]

        yield from _made(
            model, f"diagonal-{at}",
            f"only the diagonal of {described(p, own)} is used on the way back",
            _only_at(at, "matvec", diagonal),
        )  # fmt: skip


def _given(p: Program, i: int) -> bool:
    """Whether a value is an input: nothing that is learned lies behind it."""
    return p.ops[i].kind == "read" and p.ops[i].attr[0] not in p.targets


def _exchanged_factors(model: Model) -> Iterator[Mistake]:
    """Two gates that take each other's places in all products, each with its own derivative."""
    p = model.program
    beside = [
        i for i, op in enumerate(p.ops)
        if op.kind == "mul" and op.lead >= PER_STEP and owner_of(model, i) != "the loss"
    ]  # fmt: skip
    some = sorted({
        a for i in beside for a in p.ops[i].args
        if p.ops[a].kind == "fn" and p.ops[a].attr[1] == 0
    })  # fmt: skip
    for k, a in enumerate(some):
        for b in some[k + 1 :]:
            if p.shape(a) != p.shape(b):
                continue
            other = {a: b, b: a}
            if any(other.get(x, x) >= i for i in beside for x in p.ops[i].args):
                continue  # not there yet where the product is
            if all(len({a, b} & set(p.ops[i].args)) != 1 for i in beside):
                continue  # the two of one product: that is the same product

            def rule(q: Program, y: int, g: int, other: dict[int, int] = other) -> Any:
                u, v = (other.get(x, x) for x in q.ops[y].args)
                return [(u, q.mul(g, v)), (v, q.mul(g, u))]

            yield from _made(
                model, f"factors-{a}-{b}",
                f"{described(p, a)} and {described(p, b)} take each other's places in the products "
                "of the way back",
                {"mul": rule},
            )  # fmt: skip


def _exchanged_matrices(model: Model) -> Iterator[Mistake]:
    """Two matrices, or two vectors of weights, of one shape exchanged on the way back.

    For cells without stacked gates: those have their own.
    """
    p = model.program
    used = {op.args[0] for op in p.ops if op.kind == "matvec" and not _given(p, op.args[1])}
    used |= {a for op in p.ops if op.kind == "mul" for a in op.args}
    some = [m for m in sorted(used) if p.ops[m].kind == "param" and p.shape(m)]
    for k, a in enumerate(some):
        for b in some[k + 1 :]:
            if p.shape(a) != p.shape(b) or model.gates:
                continue
            other = {a: b, b: a}

            def rule(q: Program, y: int, g: int, other: dict[int, int] = other) -> Any:
                m, v = q.ops[y].args
                return [(m, q.outer(g, v)), (v, q.matvec(q.transpose(other.get(m, m)), g))]

            def entries(q: Program, y: int, g: int, other: dict[int, int] = other) -> Any:
                u, v = q.ops[y].args
                return [(u, q.mul(g, other.get(v, v))), (v, q.mul(g, other.get(u, u)))]

            yield from _made(
                model, f"matrices-{a}-{b}",
                f"{described(p, a)} and {described(p, b)} are exchanged on the way back",
                {"matvec": rule, "mul": entries},
            )  # fmt: skip


def _exchanged_inside(model: Model) -> Iterator[Mistake]:
    """Two gates' cotangents exchanged where they are stacked: in the gradients and on the way back.

    The way back then takes each through the other's matrices.
    """
    p, gates = model.program, model.gates
    stacked = [parts for parts in model.layout.values() if len(parts) == len(gates) > 1]
    handles = {op.attr[0]: i for i, op in enumerate(p.ops) if op.kind == "param"}
    for i in range(len(gates)):
        for j in range(i + 1, len(gates)):
            other: dict[int, int] = {}
            for parts in stacked:
                if len(model.rec.shape(parts[0])) == 2:
                    a, b = handles[parts[i]], handles[parts[j]]
                    other |= {a: b, b: a}

            def rule(q: Program, y: int, g: int, other: dict[int, int] = other) -> Any:
                m, v = q.ops[y].args
                return [(m, q.outer(g, v)), (v, q.matvec(q.transpose(other.get(m, m)), g))]

            def recurrent(q: Program, y: int, g: int, other: dict[int, int] = other) -> Any:
                m, v = q.ops[y].args
                back = m if _given(q, v) else other.get(m, m)
                return [(m, q.outer(g, v)), (v, q.matvec(q.transpose(back), g))]

            pair = f"{gates[i]} and {gates[j]}"
            yield from _made(
                model, f"recurrent-{gates[i]}-{gates[j]}",
                f"the recurrent matrices of gates {pair} are exchanged on the way back",
                {"matvec": recurrent},
            )  # fmt: skip
            for mistake in _made(
                model, f"matrices-{gates[i]}-{gates[j]}",
                f"the matrices of gates {pair} are exchanged on the way back",
                {"matvec": rule},
            ):  # fmt: skip
                yield mistake

                def gradient(
                    problem: Problem, i: int = i, j: int = j, mistake: Mistake = mistake
                ) -> Any:
                    order = list(range(len(gates)))
                    order[i], order[j] = j, i
                    return reordered(problem, dict(mistake.gradient(problem)), order)

                yield Mistake(
                    f"exchanged-{gates[i]}-{gates[j]}",
                    f"gates {pair} are exchanged where their cotangents are stacked",
                    gradient,
                )


def _shifted_matrices(model: Model) -> Iterator[Mistake]:
    """Rows of the stacked matrices read one gate too far, or too near, on the way back."""
    p, gates = model.program, model.gates
    handles = {op.attr[0]: i for i, op in enumerate(p.ops) if op.kind == "param"}
    square = [
        [handles[q] for q in parts] for parts in model.layout.values()
        if len(parts) == len(gates) and len(set(model.rec.shape(parts[0]))) == 1
        and len(model.rec.shape(parts[0])) == 2
    ]  # fmt: skip
    for by, word in ((1, "after"), (-1, "before")) if len(gates) > 2 else ():
        for round_too in (False, True):
            other: dict[int, int] = {}
            for own in square:
                for k, m in enumerate(own):
                    if round_too or 0 <= k + by < len(own):
                        other[m] = own[(k + by) % len(own)]

            def rule(q: Program, y: int, g: int, other: dict[int, int] = other) -> Any:
                m, v = q.ops[y].args
                return [(m, q.outer(g, v)), (v, q.matvec(q.transpose(other.get(m, m)), g))]

            ends = "" if round_too else f" ({gates[-1] if by > 0 else gates[0]} its own)"
            yield from _made(
                model, f"shifted-{by}-{round_too:d}",
                f"each gate takes the recurrent matrix of the gate {word} it on the way back{ends}",
                {"matvec": rule},
            )  # fmt: skip


def reordered(problem: Problem, grads: dict[str, Any], order: Sequence[int]) -> dict[str, Any]:
    """Gradients with the stacked blocks of the gates in another order."""
    for name, parts in problem.model.layout.items():
        if len(parts) == len(order):
            blocks = np.split(grads[name], len(order))
            grads[name] = np.concatenate([blocks[k] for k in order])
    return grads


def _partly(model: Model) -> Iterator[Mistake]:
    """Of a state's cotangent only one part goes on to one of its arguments."""
    p = model.program
    for state in model.rec.states:
        top = p.targets[state]
        kind = p.ops[top].kind
        if kind not in ("add", "mul") or p.ops[top].lead < PER_STEP:
            continue
        for side, target in enumerate(p.ops[top].args):
            for part in ("local", "later"):

                def rule(
                    q: Program, y: int, g: int, kind: str = kind, top: int = top,
                    side: int = side, part: str = part, state: str = state,
                ) -> Any:  # fmt: skip
                    whole = RULES[kind](q, y, g)
                    if y != top:
                        return whole
                    later = q.emit("later", (), q.shape(y), attr=(state, 1), lead=PER_STEP)
                    some = later if part == "later" else q.add(g, q.neg(later))
                    whole[side] = RULES[kind](q, y, some)[side]
                    return whole

                missing = (
                    "what later steps pass back is missing" if part == "local"
                    else "the loss of the step itself is missing"
                )  # fmt: skip
                yield from _made(
                    model, f"part-{part}-{state}-{side}",
                    f"{missing} on the way from {state}_t to {_words(model, target)}",
                    {kind: rule},
                )  # fmt: skip


def _words(model: Model, i: int) -> str:
    p = model.program
    if p.ops[i].kind == "mul" and i not in p.targets.values():
        return " ".join(described(p, a) for a in p.ops[i].args)
    return described(p, i)


def _only_at(at: int, kind: str, own: Own) -> dict[str, Any]:
    """The rules by which the operation ``at`` alone passes its cotangent on by ``own``."""

    def rule(q: Program, y: int, g: int) -> Any:
        return own(q, q.ops[y].args, g) if y == at else RULES[kind](q, y, g)

    return {kind: rule}


def _made(model: Model, code: str, message: str, rules: dict[str, Any]) -> Iterator[Mistake]:
    mistake = altered(model, code, message, rules=rules)
    if mistake:
        yield mistake
