"""Paths that pass back only a part of what arrives: at some steps, where the mask is 1, …

Every path from one quantity of a step to the next is there at the last step alone, or everywhere
but there; it is cut where the mask is 0; what takes it arrives at the step before. What is carried
back is cut where an activation is near its limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any, final

import numpy as np

from bptt_sym.evaluate.adjoint import RULES, Adjoint, adjoint
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.program import PER_STEP, Program
from bptt_sym.testing.derivation_mistakes import Mistake, owner_of, path_groups
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
#: What becomes of the value that takes a path: from the value, its step, and all values there.
Alter = Callable[[int, Array, int, Mapping[int, Array]], Array]

_PARTS: list[tuple[str, str, Callable[[Problem, int], Array]]] = [
    ("last", "is there at the last step only", lambda p, t: t == p.steps - 1),
    ("not-last", "is missing at the last step", lambda p, t: t < p.steps - 1),
    ("first", "is there at the first step only", lambda p, t: t == 0),
    ("not-first", "is missing at the first step", lambda p, t: t > 0),
    ("last-2", "is there at the last two steps only", lambda p, t: t >= p.steps - 2),
    ("last-3", "is there at the last three steps only", lambda p, t: t >= p.steps - 3),
    ("unmasked", "is cut where the mask is 0", lambda p, t: p.mask[t]),
]
_SIDES = {True: "later", False: "earlier"}
_LIMITS = (0.9, 0.95, 0.99, 0.999)


def partial_paths(model: Model) -> Iterator[Mistake]:
    """All of them, the simplest explanations first."""
    groups = {k: v for k, v in path_groups(model).items() if k[0] != "the loss"}
    named = [
        (f"the path from {leaf} through {owner}", f"part-{leaf}-{owner}", edges)
        for (owner, leaf), edges in groups.items()
    ]
    for leaf in dict.fromkeys(leaf for _, leaf in groups):
        several = {owner: edges for (owner, other), edges in groups.items() if other == leaf}
        if len(several) > 1:
            text = f"the path from {leaf} through {', '.join(several)}"
            named.append((text, f"part-{leaf}", set().union(*several.values())))
    carried = carried_ops(model)
    for text, code, edges in named:
        way = Marked(model, frozenset(edges))
        for part, words, factor in _PARTS:
            if part == "unmasked" and not any(i in carried for i, _ in edges):
                continue  # the mask is in the loss's own cotangent
            made = partial(_scaled, way=way, factor=factor)
            yield Mistake(f"{code}-{part}", f"{text} {words}", made, whole=True)
        if not any(i in carried for i, _ in edges):
            # What the losses pass back is there before the loop, which may add it up twice over.
            for back in (True, False):
                words = f"passes back what it does at all {_SIDES[back]} steps as well"
                made = partial(_added_up, way=way, back=back)
                yield Mistake(f"{code}-sums-{back:d}", f"{text} {words}", made, whole=True)
        words = "ends a step too early, at the state before"
        yield Mistake(f"{code}-early", f"{text} {words}", partial(_early, way=way), whole=True)
    for name, parts in model.layout.items():
        edges = _uses(model.program, set(parts))
        if any(i in carried for i, _ in edges):
            way = Marked(model, frozenset(edges))
            made = partial(_scaled, way=way, factor=_PARTS[-1][2])
            text = f"the uses of {name} where the mask is 0 are missing"
            yield Mistake(f"part-{name}-unmasked", text, made)
    frozen = _Frozen(model)
    for limit in _LIMITS if frozen.activations else ():
        text = "what is carried back is cut where {a} is within {d:g} of its limits"
        text = text.format(a=" or ".join(frozen.names), d=round(1 - limit, 6))
        made = partial(_frozen, way=frozen, limit=limit)
        yield Mistake(f"part-saturated-{limit}", text, made, whole=True)


def carried_ops(model: Model) -> set[int]:
    """What later steps depend on."""
    p = model.program
    out: set[int] = set()
    stack = [p.targets[s] for s in model.rec.states]
    while stack:
        i = stack.pop()
        if i not in out:
            out.add(i)
            stack.extend(p.ops[i].args)
    return out


def _uses(p: Program, names: set[str]) -> set[tuple[int, int]]:
    """Where a step multiplies by a parameter, or adds it."""
    return {
        (i, a) for i, op in enumerate(p.ops) for a in op.args
        if op.lead == PER_STEP and p.ops[a].kind == "param" and p.ops[a].attr[0] in names
    }  # fmt: skip


@final
class Marked:
    """The way back, with a handle of its own for what takes certain paths."""

    def __init__(self, model: Model, edges: frozenset[tuple[int, int]]) -> None:
        self.model, self.edges = model, edges

    @cached_property
    def made(self) -> tuple[Adjoint, frozenset[int]]:
        marked: set[int] = set()

        def edge(q: Program, source: int, target: int, g: int) -> int:
            if (source, target) not in self.edges or q.ops[g].lead < PER_STEP:
                return g
            marked.add(_copied(q, g))
            return _copied(q, g)

        model = self.model
        return adjoint(model.rec, model.program, loss_seed=True, edge=edge), frozenset(marked)


def _copied(q: Program, g: int) -> int:
    """The same value once more: 1 times it, which is not made simpler."""
    return q.emit("mul", (q.const(1, q.shape(g)), g), q.shape(g))


@final
class _Frozen:
    """The way back, with a handle for what each activation lets pass to a state before."""

    def __init__(self, model: Model) -> None:
        self.model = model
        p = model.program
        reads = {i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr[0] in p.targets}
        #: By product with a state: the activation of the sum that it is a part of.
        self.activations = {
            i: y for i, op in enumerate(p.ops)
            if op.kind == "matvec" and op.args[1] in reads and (y := _activation(p, i)) is not None
        }  # fmt: skip
        self.names = sorted({f"{owner_of(model, y)}_t" for y in self.activations.values()})

    @cached_property
    def made(self) -> tuple[Adjoint, dict[int, int]]:
        marked: dict[int, int] = {}

        def rule(q: Program, y: int, g: int) -> list[tuple[int, int]]:
            if y not in self.activations:
                return RULES["matvec"](q, y, g)
            m, v = q.ops[y].args
            copy = _copied(q, g)
            marked[copy] = self.activations[y]
            return [(m, q.outer(g, v)), (v, q.matvec(q.transpose(m), copy))]

        rules = {**RULES, "matvec": rule}
        model = self.model
        return adjoint(model.rec, model.program, loss_seed=True, rules=rules), marked


def _activation(p: Program, i: int) -> int | None:
    """The function of the sum that a value goes into, and into nothing else."""
    while True:
        users = [j for j, op in enumerate(p.ops) if i in op.args]
        if len(users) != 1 or p.ops[users[0]].kind not in ("add", "fn"):
            return None
        (i,) = users
        if p.ops[i].kind == "fn":
            return i if p.ops[i].attr in (("tanh", 0), ("sigma", 0)) else None


def _gradient(problem: Problem, adj: Adjoint, alter: Alter) -> dict[str, Array]:
    return problem.gradient_in(floats(), problem.plain_run, adj, alter=alter)


def _scaled(
    problem: Problem, way: Marked, factor: Callable[[Problem, int], Array]
) -> dict[str, Array]:
    adj, marked = way.made

    def alter(i: int, v: Array, t: int, _: Any) -> Array:
        if i not in marked:
            return v
        by = np.asarray(factor(problem, t), float)
        return v * by.reshape(-1, *[1] * (np.ndim(v) - 1))

    return _gradient(problem, adj, alter)


def _added_up(problem: Problem, way: Marked, back: bool) -> dict[str, Array]:
    """What takes the paths at a step, and at all steps after it, or before it."""
    adj, marked = way.made
    taken: dict[tuple[int, int], Array] = {}

    def keep(i: int, v: Array, t: int, _: Any) -> Array:
        if i in marked:
            taken[i, t] = v
        return v

    def alter(i: int, v: Array, t: int, _: Any) -> Array:
        if i not in marked:
            return v
        steps = range(t, problem.steps) if back else range(t + 1)
        return np.sum([taken[i, s] for s in steps], 0)

    _gradient(problem, adj, keep)
    return _gradient(problem, adj, alter)


def _early(problem: Problem, way: Marked) -> dict[str, Array]:
    adj, marked = way.made
    later: dict[int, Array] = {}

    def alter(i: int, v: Array, t: int, _: Any) -> Array:
        if i not in marked:
            return v
        passed, later[i] = later.get(i, np.zeros_like(v)), v
        return passed

    return _gradient(problem, adj, alter)


def _frozen(problem: Problem, way: _Frozen, limit: float) -> dict[str, Array]:
    adj, marked = way.made
    p = problem.model.program

    def alter(i: int, v: Array, _: int, values: Mapping[int, Array]) -> Array:
        if i not in marked:
            return v
        y = values[marked[i]]
        sided = y if p.ops[marked[i]].attr[0] == "tanh" else 2 * y - 1
        least = limit if p.ops[marked[i]].attr[0] == "tanh" else 2 * limit - 1
        return np.where(np.abs(sided) < least, v, 0.0)

    return _gradient(problem, adj, alter)


__all__ = ["Marked", "carried_ops", "partial_paths"]
