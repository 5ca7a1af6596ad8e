"""What the model of a formula offers to its edits: names, factors, ranges and exponents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeGuard

from bptt_sym.diagnose.rearranged import slope
from bptt_sym.notation import (
    HORIZON_NAME,
    ONE,
    Add,
    At,
    Claim,
    D,
    Diag,
    Div,
    Fn,
    Idx,
    Mul,
    Neg,
    Node,
    Num,
    Prod,
    Sum,
    Sym,
    Transpose,
    affine,
    free_indices,
    from_affine,
    index,
    num,
    shift,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import STEP, Equation, Recurrence, lag_of

#: Time indices at which a missing factor is looked for.
MAX_TIMES = 8
#: Elements of the equations around a formula, and exponents, that are tried.
MAX_LEAVES = 10
MAX_COUNTS = 12


@dataclass(frozen=True)
class Local:
    """A replacement of one node, before it is put back into the whole."""

    code: str
    cost: int
    new: Node


class Surroundings:
    """What the model of a formula offers to its edits: other names, factors, leaves, ranges."""

    def __init__(self, claim: Claim, rec: Recurrence) -> None:
        self.rec = rec
        self.claim = claim
        self.left, self.right = claim.sides
        self.states = set(rec.states)
        self.parameters = set(rec.parameters)
        self.times = self._times()
        self._sides: dict[At, list[tuple[str, Node]]] = {}

    def _times(self) -> list[Node]:
        """The time indices that the claim shows, those that sums bind included, and one before."""
        seen: dict[tuple[tuple[tuple[str, int], ...], int], Node] = {}
        for side in self.claim.sides:
            for n in walk(side):
                time = n.time if isinstance(n, At) else Idx(n.var) if is_range(n) else None
                form = affine(time) if time is not None else None
                if time is not None and form is not None:
                    key = (tuple(sorted(form[0].items())), form[1])
                    seen.setdefault(key, time)
        shown = list(seen.values())
        for time in shown:
            form = affine(time)
            assert form is not None
            key = (tuple(sorted(form[0].items())), form[1] - 1)
            seen.setdefault(key, shift(time, -1))
        return list(seen.values())[:MAX_TIMES]

    def alike(self, name: str) -> list[str]:
        """Other names of the same sort that have as many axes."""
        rec = self.rec
        if name in self.parameters:
            group = [n for n in rec.parameters if n != name]
        else:
            group = [n for n in (*rec.defined, *rec.inputs) if n != name]
        if name not in rec.shapes:
            return []
        axes = len(rec.shape(name))
        # Those of the same shape are likelier to be meant.
        group.sort(key=lambda n: rec.shape(n) != rec.shape(name))
        return [n for n in group if len(rec.shape(n)) == axes]

    @cached_property
    def complemented(self) -> frozenset[str]:
        """Gates ``s`` of which ``1 - s`` stands in an equation."""
        found: set[str] = set()
        for e in self.rec.equations:
            for n in walk(e.rhs):
                match n:
                    case Add(args=(Num(value=v), Neg(arg=At(name=name)))) if v == 1:
                        found.add(name)
        return frozenset(found)

    def renaming(self, old: Node, new: Node) -> str | None:
        """The code of a change of names that is one of an activation's sides."""
        if not (isinstance(old, At) and isinstance(new, At) and old.time == new.time):
            return None
        return next((c for c, other in self.activation_sides(old) if other == new), None)

    def other_variable(self, old: Node, new: Node) -> str:
        """The code of a derivative by ``old`` that should be by ``new``."""
        if isinstance(old, At) and isinstance(new, At) and old.name == new.name:
            return "BP004"
        return self.renaming(old, new) or "BP003"

    def variables(self, x: Node) -> Iterator[Node]:
        if isinstance(x, Sym):
            for name in self.rec.parameters:
                if name != x.name:
                    yield Sym(name)
        for time in self.times:
            for name in self.rec.states:
                element = At(name, time)
                if element != x:
                    yield element

    def activation_sides(self, node: At) -> list[tuple[str, Node]]:
        """Pre-activation for post-activation and back, where the model names both."""
        found = self._sides.get(node)
        if found is None:
            found = self._sides[node] = list(self._activation_sides(node))
        return found

    def _activation_sides(self, node: At) -> Iterator[tuple[str, Node]]:
        if node.name in self.rec.defined:
            rhs = self.rec.rhs(node.name)
            if isinstance(rhs, Fn) and rhs.order == 0:
                yield "BP007", substitute_index(rhs.arg, STEP, node.time)
        for e in self.rec.equations:
            if isinstance(e.rhs, Fn) and e.rhs.arg == At(node.name, Idx(STEP)):
                yield "BP007", At(e.target, node.time)
            for f in walk(e.rhs):
                # h_t = o_t tanh(c_t): the output of the cell is tanh(c_t)
                if not isinstance(f, Fn) or f.order != 0 or f is e.rhs:
                    continue
                if f.arg == At(node.name, Idx(STEP)):
                    yield "BP007", Fn(f.name, node)
                elif e.target == node.name:
                    yield "BP007", substitute_index(f, STEP, node.time)

    @cached_property
    def missing_factors(self) -> tuple[tuple[str, int, Node], ...]:
        """Factors that are forgotten: slopes, weights, gates, one-step Jacobians, numbers."""
        return tuple(self._missing_factors())

    def _missing_factors(self) -> Iterator[tuple[str, int, Node]]:
        yield "BP008", 3, num(-1)
        for value in (num(2), Div(ONE, num(2))):
            yield "BP020", 4, value
        if any(HORIZON_NAME in free_indices(s) for s in self.claim.sides) or self.rec.totals:
            yield "BP020", 4, Div(ONE, Idx(HORIZON_NAME))
            yield "BP020", 4, Idx(HORIZON_NAME)
        for total in self.rec.totals.values():
            for factor in total.args if isinstance(total, Mul) else ():
                if is_number(factor):  # a mean over a number of steps that is written out
                    yield "BP020", 4, factor
        for time in self.times:
            for e in self.rec.equations:
                element = At(e.target, time)
                # (A softmax has no slope that multiplies anything.)
                if isinstance(e.rhs, Fn) and e.rhs.order == 0 and e.rhs.name != "softmax":
                    if e.rhs.name == "sigma":
                        yield "BP019", 3, Add((ONE, Neg(element)))
                    by_output = slope(e.rhs, element)
                    yield "BP019", 3, by_output
                    if self.rec.shape(e.target):
                        yield "BP019", 4, Diag(by_output)
                if self.rec.shape(e.target) == () or not self.rec.is_scalar:
                    yield "BP011", 5, element
                for f in walk(e.rhs):
                    # h_t = o_t tanh(c_t): the slope of an inner activation.
                    inside = isinstance(f, Fn) and f is not e.rhs and f.order == 0
                    if inside and isinstance(f, Fn) and f.name != "softmax":
                        inner = substitute_index(replace(f, order=1), STEP, time)
                        yield "BP019", 5, inner
                        if self.rec.shape(e.target):
                            yield "BP019", 6, Diag(inner)
            for name in self.rec.inputs:
                yield "BP011", 6, At(name, time)
        for name in self.rec.parameters:
            yield "BP011", 4, Sym(name)
            if len(self.rec.shape(name)) == 2:
                yield "BP011", 4, Transpose(Sym(name))


    @cached_property
    def by_argument(self) -> dict[Node, list[Node]]:
        """The values of activations by what they are applied to, at the steps shown."""
        found: dict[Node, list[Node]] = {}
        for time in self.times:
            for e in self.rec.equations:
                if isinstance(e.rhs, Fn):
                    argument = substitute_index(e.rhs.arg, STEP, time)
                    found.setdefault(argument, []).append(At(e.target, time))
        return found

    @cached_property
    def leaves(self) -> list[Node]:
        """What stands in the equations that lead from the left side's variable to its numerator.

        Of ``∂L/∂f_t`` with ``c_t = f_t c_{t-1} + …`` these are ``c_{t-1}`` and the others there.
        """
        if not isinstance(self.left, D):
            return []
        y, x = self.left.y, self.left.x
        found: dict[Node, None] = {}
        for e in self.rec.equations:
            for time in self._steps_of(e, x, y):
                rhs = substitute_index(e.rhs, STEP, time)
                found.update({n: None for n in walk(rhs) if isinstance(n, At)})
        return list(found)[:MAX_LEAVES]

    def _steps_of(self, e: Equation, x: Node, y: Node) -> Iterator[Node]:
        """The steps at which an equation lies between ``x`` and ``y``."""
        if isinstance(y, At) and e.target == y.name:
            yield y.time
        for n in walk(e.rhs):
            if isinstance(n, At) and isinstance(x, At) and n.name == x.name:
                lag = lag_of(n.time)
                if lag is not None:
                    yield shift(x.time, lag) if affine(x.time) is not None else x.time
            elif isinstance(n, Sym) and n == x:
                yield from (Idx(m.var) for m in walk(self.right) if is_range(m))
                if isinstance(y, At):
                    yield y.time

    @cached_property
    def ranges(self) -> list[tuple[Node, Node]]:
        """First and last step of the products that the claim could be about."""
        found: list[tuple[Node, Node]] = []
        last = self.last_step()
        slopes = [n for n in walk(self.left) if isinstance(n, D)]
        by_steps = [(n.x.time, n.y) for n in slopes if isinstance(n.x, At)]
        for start, y in by_steps:
            end = y.time if isinstance(y, At) else last
            if end is not None and affine(start) is not None:
                found.append((shift(start, 1), end))
        if not by_steps and last is not None:
            for n in walk(self.right):
                if isinstance(n, Sum):
                    found += [(Idx(n.var), last), (index(n.var, 1), last)]
        return found[:4]

    @cached_property
    def counts(self) -> list[Node]:
        """How many steps lie between two that the claim shows: exponents that could be meant."""
        ends = [*self.times, *(e for n in walk(self.right) if is_range(n) for e in (n.lo, n.hi))]
        forms = [f for f in map(affine, ends) if f is not None]
        found: dict[Node, None] = {}
        for a in forms:
            for b in forms:
                names = {*a[0], *b[0]}
                coeffs = {n: a[0].get(n, 0) - b[0].get(n, 0) for n in names}
                if len([c for c in coeffs.values() if c]) < 2 or abs(a[1] - b[1]) > 1:
                    continue
                found[from_affine(coeffs, a[1] - b[1])] = None
        return list(found)[:MAX_COUNTS]

    def last_step(self) -> Node | None:
        """The step of the left side's numerator; that of a total is the last one."""
        for n in walk(self.left):
            if isinstance(n, D):
                if isinstance(n.y, At):
                    return n.y.time
                if isinstance(n.y, Sym) and n.y.name in self.rec.totals:
                    return Idx(HORIZON_NAME)
        return None

    def slopes(self, time: Node) -> Iterator[Node]:
        """The derivative of each activation by its argument, at one step."""
        for e in self.rec.equations:
            if isinstance(e.rhs, Fn) and e.rhs.order == 0 and e.target in self.states:
                yield slope(e.rhs, At(e.target, time))


def is_range(node: Node) -> TypeGuard[Sum | Prod]:
    return isinstance(node, (Sum, Prod))


def is_number(node: Node) -> bool:
    """Whether ``node`` is made of numbers and indices only."""
    return not any(isinstance(n, (At, Sym, D, Fn)) for n in walk(node))
