r"""Reverse mode over the program of one step: one cell is differentiated once, time stays rolled.

The adjoint of step t is again a program. It reads the forward values of step t, the cotangents
``seed`` that enter at step t from outside, and, as ``later``, the cotangents that step t + lag
passes back to what it had read. Parameters get their cotangents summed over steps and examples.

The cotangent of a value has the value's own shape (for a vector :math:`a` with
:math:`h=\varphi(a)`: :math:`\bar a = \varphi'(a)\odot\bar h`; for :math:`a = Wx`:
:math:`\bar x = W^\top\bar a`, :math:`\bar W = \sum_{t,b}\bar a\,x^\top`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

from bptt_sym.evaluate.program import (
    PER_STEP,
    Program,
    Size,
    check,
    depends_on_sums,
    unsupported,
)
from bptt_sym.recurrence import Recurrence


@final
@dataclass(frozen=True)
class Adjoint:
    """The program of a step extended by its adjoint.

    Attributes
    ----------
    program:
        The forward operations, unchanged and first, then those of the adjoint.
    forward:
        How many operations belong to the forward step.
    params, contexts:
        The cotangent of each parameter (summed over steps and examples) and of each context
        (summed over steps).
    reads:
        The cotangent, per step, of what a step has read: by (sequence, lag).
    cotangents:
        The total cotangent of each defined sequence at step t.
    of:
        For a value that is a cotangent: of which forward value. Names in generated code use it.
    """

    program: Program
    forward: int
    params: dict[str, int] = field(default_factory=dict)
    contexts: dict[str, int] = field(default_factory=dict)
    reads: dict[tuple[str, int], int] = field(default_factory=dict)
    cotangents: dict[str, int] = field(default_factory=dict)
    of: dict[int, int] = field(default_factory=dict)

    @cached_property
    def order(self) -> tuple[list[int], list[int], list[int], list[int]]:
        """What is done once, at every step, what is summed over steps, and what needs the sums."""
        p, summed = self.program, depends_on_sums(self.program)
        own = [i for i in range(self.forward, len(p.ops)) if i not in summed]
        over_steps = (i for i in sorted(summed) if p.ops[i].kind in ("accumulate", "contract"))
        return (
            [i for i in own if p.ops[i].lead < PER_STEP],
            [i for i in own if p.ops[i].lead >= PER_STEP],
            [i for i in over_steps if summed.isdisjoint(p.ops[i].args)],
            sorted(summed),
        )

    def forget_inputs(self, wanted: bool | Collection[str]) -> None:
        """Drop the cotangents of inputs, or of those that are not ``wanted`` by name."""
        for key in [k for k in self.reads if k[0] not in self.program.targets]:
            if wanted is not True and not (wanted and key[0] in wanted):
                del self.reads[key]


#: A slice: its axis, where it begins, and its size.
Part = tuple[int, Size, Size]
Rule = Callable[[Program, int, int], list[tuple[int, int]]]
#: ``edge(program, source, target, cotangent)``: what of a cotangent passes from a forward value to
#: one of its arguments; ``None`` cuts the path.
Edge = Callable[[Program, int, int, int], int | None]
#: The seed that stands for the cotangent of the loss, see ``loss_seed``.
LOSS = "loss"


def adjoint(
    rec: Recurrence,
    forward: Program,
    *,
    seeds: bool | Collection[str] = False,
    loss_seed: bool = False,
    rules: Mapping[str, Rule] | None = None,
    edge: Edge | None = None,
) -> Adjoint:
    """The adjoint of the step.

    ``seeds`` adds an external cotangent to every defined sequence at every step (the gradient of
    any loss of the states, computed elsewhere), or to those that it names; the loss of
    ``forward``, if it has one, has cotangent 1, or, with ``loss_seed``, the seed named
    :data:`LOSS`, so that the adjoint is linear in what enters. ``rules`` and ``edge`` replace the
    rules of differentiation and cut or
    change paths: wrong gradients are made with them on purpose.

    Source: reverse accumulation on a single-assignment program, Griewank and Walther, *Evaluating
    Derivatives*, 2nd ed., chapter 3; backpropagation through time, Werbos 1990.
    """
    p = forward.forward_copy()
    table = RULES if rules is None else rules
    n = len(p.ops)
    out = Adjoint(p, n)
    bars: dict[int, list[int]] = {}
    parts: dict[int, dict[Part, list[int]]] = {}

    def give(target: int, value: int) -> None:
        if p.constant(value) == 0:
            return
        op = p.ops[target]
        if op.kind == "const":
            return
        bars.setdefault(target, []).append(p.accumulate(value, op.lead))

    # A step passes the cotangents of what it read to the steps it read from. These are the
    # program's loop-carried values; their definitions are filled in below.
    reads = [(i, op) for i, op in enumerate(p.ops) if op.kind == "read" and op.attr[0] in p.targets]
    for _, op in reads:
        name, lag = op.attr
        if lag == 0:
            raise unsupported("a read of the current step", "the adjoint")
        carried = p.emit("later", (), op.shape, attr=(name, lag), lead=op.lead)
        give(p.targets[name], carried)
    # An initial value that depends on parameters receives what the first steps pass back.
    for name, handle in p.initial.items():
        start = p.ops[handle]
        if start.kind != "const":
            give(handle, p.emit("start", (), start.shape, attr=(name,), lead=start.lead))
    if seeds:
        for name, target in p.targets.items():
            if seeds is True or (seeds and name in seeds):
                give(target, p.emit("seed", (), p.shape(target), attr=(name,), lead=2))
    if p.loss is not None:
        give(p.loss, p.emit("seed", (), (), attr=(LOSS,), lead=2) if loss_seed else p.unit())

    for i in range(n - 1, -1, -1):
        op = forward.ops[i]
        if i in parts:
            give(i, _assemble(p, i, parts.pop(i)))
        if i not in bars:
            continue
        total = bars[i][0]
        for b in bars[i][1:]:
            total = p.add(total, b)
        out.of.setdefault(total, i)
        if op.kind == "param":
            out.params[op.attr[0]] = total
        elif op.kind == "context":
            out.contexts[op.attr[0]] = total
        elif op.kind == "read":
            out.reads[op.attr[0], op.attr[1]] = total
        elif op.kind == "slice":
            axis, offset = op.attr
            total = p.accumulate(total, p.ops[op.args[0]].lead)
            part = axis, offset, op.shape[axis]
            parts.setdefault(op.args[0], {}).setdefault(part, []).append(total)
        else:
            rule = table.get(op.kind)
            if rule is None:
                raise unsupported(op.kind, "reverse mode")
            for target, value in rule(p, i, total):
                passed = value if edge is None else edge(p, i, target, value)
                if passed is not None:
                    give(target, passed)
        for name, target in p.targets.items():
            if target == i:
                out.cotangents[name] = total
    for _, op in reads:
        out.reads.setdefault((op.attr[0], op.attr[1]), p.const(0, op.shape))
    check(p, n)
    return out


def _assemble(p: Program, whole: int, parts: dict[Part, list[int]]) -> int:
    """The cotangent of a value of which slices were used: side by side where they tile it."""
    values: dict[Part, int] = {}
    for key, terms in parts.items():
        total = terms[0]
        for t in terms[1:]:
            total = p.add(total, t)
        values[key] = total
    tiles = _tiles(p, whole, list(values))
    out = p.concat([values.pop(key) for key in tiles], tiles[0][0]) if tiles else -1
    for (axis, offset, _), value in values.items():
        padded = p.pad(value, offset, p.shape(whole)[axis], axis)
        out = padded if out < 0 else p.add(out, padded)
    return out


def _tiles(p: Program, whole: int, parts: list[Part]) -> list[Part]:
    """Parts that lie side by side from the first to the last row or column, if some do."""
    for axis in sorted({axis for axis, _, _ in parts}):
        end = p.shape(whole)[axis]
        reached: dict[Size, list[Part]] = {Size(): []}
        waiting = [Size()]
        while waiting:
            at = waiting.pop()
            for part in parts:
                after = at + part[2]
                if part[:2] == (axis, at) and after not in reached:
                    reached[after] = [*reached[at], part]
                    waiting.append(after)
        if end in reached:
            return reached[end]
    return []


# One line a rule: the cotangent of each argument, from the cotangent ``g`` of the value ``y``.


def _add(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    a, b = p.ops[y].args
    return [(a, g), (b, g)]


def _neg(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    return [(p.ops[y].args[0], p.neg(g))]


def _mul(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    a, b = p.ops[y].args
    if a == b:
        return [(a, p.mul(p.const(2), p.mul(g, a)))]
    return [(a, p.mul(g, b)), (b, p.mul(g, a))]


def _div(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    a, b = p.ops[y].args
    return [(a, p.div(g, b)), (b, p.neg(p.div(p.mul(g, y), b)))]


def _fn(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    (a,), (name, order) = p.ops[y].args, p.ops[y].attr
    return [(a, p.mul(g, p.fn(name, a, order + 1)))]


def _pow(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    (a,), (e,) = p.ops[y].args, p.ops[y].attr
    return [(a, p.mul(p.mul(p.const(e, p.shape(a)), p.pow(a, e - 1)), g))]


def _matvec(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    m, v = p.ops[y].args
    return [(m, p.outer(g, v)), (v, p.matvec(p.transpose(m), g))]


def _matmul(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    a, b = p.ops[y].args
    return [(a, p.matmul(g, p.transpose(b))), (b, p.matmul(p.transpose(a), g))]


def _transpose(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    return [(p.ops[y].args[0], p.transpose(g))]


def _outer(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    u, v = p.ops[y].args
    return [(u, p.matvec(g, v)), (v, p.matvec(p.transpose(g), u))]


def _dot(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    u, v = p.ops[y].args
    if u == v:
        return [(u, p.mul(p.mul(p.const(2), g), u))]
    return [(u, p.mul(g, v)), (v, p.mul(g, u))]


def _diag(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    return [(p.ops[y].args[0], p.diagpart(g))]


def _expand(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    return [(p.ops[y].args[0], p.reduce(g))]


def _reduce(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    a = p.ops[y].args[0]
    return [(a, p.expand(g, p.shape(a)))]


def _concat(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    (axis,), at, out = p.ops[y].attr, Size(), []
    for a in p.ops[y].args:
        size = p.shape(a)[axis]
        out.append((a, p.slice(g, at, size, axis)))
        at = at + size
    return out


def _softmax(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    weighted = p.mul(y, g)
    mean = p.expand(p.reduce(weighted), p.shape(y))
    return [(p.ops[y].args[0], p.add(weighted, p.neg(p.mul(y, mean))))]


def _logsoftmax(p: Program, y: int, g: int) -> list[tuple[int, int]]:
    a = p.ops[y].args[0]
    total = p.expand(p.reduce(g), p.shape(y))
    return [(a, p.add(g, p.neg(p.mul(p.softmax(a), total))))]


RULES: dict[str, Rule] = {
    "add": _add,
    "neg": _neg,
    "mul": _mul,
    "div": _div,
    "fn": _fn,
    "pow": _pow,
    "matvec": _matvec,
    "matmul": _matmul,
    "transpose": _transpose,
    "outer": _outer,
    "dot": _dot,
    "diag": _diag,
    "expand": _expand,
    "reduce": _reduce,
    "concat": _concat,
    "softmax": _softmax,
    "logsoftmax": _logsoftmax,
}
