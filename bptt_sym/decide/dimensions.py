r"""Every dimension: when agreement at a few dimensions is agreement at all larger ones.

Take a claim without sums, products and powers over time. An entry of either side at dimension n is
a sum over assignments of index variables to :math:`1,\dots,n` of products of factors, each of which
depends on symbols at its own indices (:math:`W_{ij}`, :math:`h_{t,i}`, a slope :math:`s_{t,i}`, 1,
:math:`\delta_{ij}`) and not on n. Let F be the difference of the sides, and k the greatest number
of index variables in one product, those of the entry included. As a function of the set S of
indices that may be used

.. math:: F_S=\sum_{S'\subseteq S,\ |S'|\le k}G_{S'},

where :math:`G_{S'}` collects the assignments that use exactly S'; that is a multilinear polynomial
of degree at most k in the indicators :math:`e_i=[i\in S]`. If it vanishes for every S with
:math:`b\le|S|\le b+k`, then, b of the indicators set to 1, it vanishes at all points of weight up
to k in the others; so all its coefficients are 0 (Möbius inversion), and it vanishes for every
:math:`|S|\ge b`. The same holds in each of several dimensions, so that a grid of them is tried.

Two things make the symbols with indices in S a smaller model. A value of an elementwise function is
a symbol of its own: its argument holds an input of the step, so that the arguments of different
steps and entries are independent; and b is at least the number of index variables in any argument,
so that two arguments that differ at some dimension differ at all that count. What does not act
entry by entry is left out (softmax, norms, blocks of concatenations), and so are quotients, numbers
beside matrices, exponentials, and functions of what the model applies none to.
"""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

from bptt_sym.decide.conventions import STRICT
from bptt_sym.decide.domains import Modular, Undefined
from bptt_sym.decide.identity import Arena, Outcome, concrete_dims, equal_at, start_values
from bptt_sym.decide.instances import instances
from bptt_sym.decide.tensor import Mismatch
from bptt_sym.decide.trials import Trial
from bptt_sym.decide.world import Absent, World
from bptt_sym.errors import NotSupported
from bptt_sym.notation import (
    Add,
    At,
    D,
    Diag,
    Fn,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Num,
    Ones,
    Outer,
    Pow,
    Sym,
    Transpose,
    affine,
    children,
    walk,
)
from bptt_sym.recurrence import STEP, Recurrence, references

#: Dimensions tried for one claim, and index variables of one product, beyond which nothing is said.
MAX_GRID = 16
MAX_INDICES = 5
#: An index variable by the dimension it runs over.
Indices = Counter[str]


class Outside(Exception):
    """The claim is not of the kind that the argument is about."""


def every_dimension(arena: Arena, trial: Trial, outcome: Outcome) -> dict[str, int] | None:
    """The least dimensions from which on the claim holds for all; None if that is not shown."""
    rec = arena.rec
    if not outcome.every or trial.conventions != STRICT or arena.fixed or trial.hypotheses:
        return None
    try:
        start, most = _range(rec, trial)
    except Outside:
        return None
    names = [*start]
    sizes = [range(start[d], start[d] + most[d] + 1) for d in names]
    if max(most.values(), default=0) > MAX_INDICES:
        return None
    grid = [dict(zip(names, point, strict=True)) for point in product(*sizes)]
    if len(grid) > MAX_GRID:
        return None
    todo = list(instances(trial.claim.sides, rec, outcome.longest, arena.scope))
    try:
        for known in grid:
            world = _world(arena, known)
            for env in todo:
                try:
                    if not equal_at(world, trial, env):
                        return None
                except Absent:
                    continue
    except (Mismatch, Undefined, NotSupported):
        return None
    return start


def _world(arena: Arena, known: dict[str, int]) -> World:
    found = arena.rec.__dict__.setdefault("_larger_worlds", {})
    key = tuple(known.items())
    if key not in found:
        dims = concrete_dims(arena.rec, (2,), known)
        fixed = start_values(arena.rec, arena.fixed)
        found[key] = World(arena.rec, Modular(7), dims, fixed=fixed)
    world: World = found[key]
    return world


def _range(rec: Recurrence, trial: Trial) -> tuple[dict[str, int], dict[str, int]]:
    """For each dimension where the grid starts, and how many further sizes it has."""
    if rec.blocks or any("+" in d for d in rec.dims):
        raise Outside
    count = _Count(rec)
    most = Counter[str]()
    for side in trial.claim.sides:
        outer, inner = count.of(side)
        most |= _named(outer) + inner
    least = count.arguments()
    return {d: max(2, least[d]) for d in rec.dims}, {d: most[d] for d in rec.dims}


def _named(axes: tuple[Any, ...]) -> Indices:
    """One index variable for every axis whose size is no number."""
    return Counter(d for d in axes if isinstance(d, str))


class _Count:
    """How many index variables a product of one side may have, counted from above."""

    def __init__(self, rec: Recurrence) -> None:
        self.rec = rec
        self.rhs = {e.target: e.rhs for e in rec.equations}
        #: Of these a value is independent of those at other arguments; of exp, which turns sums
        #: into products, it is not.
        self.symbols = {"tanh", "sigma", *rec.activations}
        self.used: set[str] = set(rec.states)
        for target in (n for s in rec.states for n in self._needed(s)):
            self._check(target)

    def _needed(self, name: str) -> set[str]:
        """The defined sequences that a state is computed from."""
        todo, seen = [name], {name}
        while todo:
            for other, _ in references(self.rhs[todo.pop()]):
                if other in self.rhs and other not in seen:
                    seen.add(other)
                    todo.append(other)
        self.used |= seen
        return seen

    def _check(self, target: str) -> None:
        """Every elementwise function of an equation has an input of its own step in it."""
        inputs = set(self.rec.inputs)
        for n in walk(self.rhs[target]):
            if isinstance(n, Fn) and not isinstance(n.arg, At):
                read = [a for a in walk(n.arg) if isinstance(a, At) and a.name in inputs]
                if not any(affine(a.time) == ({STEP: 1}, 0) for a in read):
                    raise Outside
        self.of(self.rhs[target])

    def arguments(self) -> Indices:
        """The greatest number of index variables in an argument of the model."""
        most = Counter[str]()
        for name in self.used & set(self.rhs):
            outer, inner = self.of(self.rhs[name])
            most |= _named(outer) + inner
            for n in walk(self.rhs[name]):
                if isinstance(n, Fn):
                    outer, inner = self.of(n.arg)
                    most |= _named(outer) + inner
        return most

    def of(self, node: Node) -> tuple[tuple[Any, ...], Indices]:
        """The dimensions of the axes of ``node``, and of the index variables summed in it."""
        match node:
            case Num() | Idx():
                return (), Counter()
            case At(name=n) | Sym(name=n):
                if n in self.rec.totals:
                    raise Outside
                return self.rec.shape(n), Counter()
            case Neg(arg=a) | Transpose(arg=a):
                outer, inner = self.of(a)
                return (outer[::-1] if isinstance(node, Transpose) else outer), inner
            case Diag(arg=a):
                outer, inner = self.of(a)
                return (*outer, *outer), inner
            case Fn(name=name, arg=a) if name in self.symbols:
                # Its value is a symbol; only what the model applies it to is known to be one.
                if not isinstance(a, At):
                    self._known_argument(node)
                return self.of(a)[0], Counter()
            case Add(args=args):
                parts = [self.of(a) for a in args]
                longest = max((o for o, _ in parts), key=len)
                if len(longest) > 1 and any(not o for o, _ in parts):
                    raise Outside  # a number beside a matrix: ones, or the identity if it is square
                inner = Counter[str]()
                for o, i in parts:
                    inner |= i + (_named(o) - _named(longest))
                return longest, inner
            case Had(args=args):
                parts = [self.of(a) for a in args]
                longest = max((o for o, _ in parts), key=len)
                extra = [i + (_named(o) - _named(longest)) for o, i in parts]
                return longest, sum(extra, Counter())
            case Outer(left=a, right=b):
                (x, i), (y, j) = self.of(a), self.of(b)
                return (*x, *y), i + j
            case Pow(base=b, exp=Num(value=v)) if v.denominator == 1 and 0 < v <= 4:
                outer, inner = self.of(b)
                if len(outer) > 1:
                    raise Outside
                return outer, Counter({d: n * int(v) for d, n in inner.items()})
            case Mul(args=args):
                return self._product(args)
            case D(y=At() as y, x=(At() | Sym()) as x, kind=kind) if kind != "unmarked":
                return self._derivative(y, x)
            case _:
                raise Outside

    def _known_argument(self, node: Fn) -> None:
        same = (n for rhs in self.rhs.values() for n in walk(rhs) if isinstance(n, Fn))
        if not any(n.arg == node.arg for n in same):
            raise Outside

    def _product(self, args: tuple[Node, ...]) -> tuple[tuple[Any, ...], Indices]:
        outer: tuple[Any, ...] = ()
        inner = Counter[str]()
        for a in args:
            if isinstance(a, Ones):
                raise Outside
            axes, i = self.of(a)
            inner += i
            if len(outer) > 1 and axes:
                inner += _named(axes[:1])
                outer = (*outer[:-1], *axes[1:])
            else:
                # A row or a column: whether an index is summed is not looked at, all are counted.
                outer = (*outer, *axes)
        return outer, inner

    def _derivative(self, y: At, x: At | Sym) -> tuple[tuple[Any, ...], Indices]:
        if isinstance(x, Sym):
            raise Outside  # paths through every step
        ahead, behind = affine(y.time), affine(x.time)
        if ahead is None or behind is None or ahead[0] != behind[0]:
            raise Outside
        steps = ahead[1] - behind[1]
        if not 0 <= steps <= 2:
            raise Outside
        outer = (*self.rec.shape(y.name), *self.rec.shape(x.name))
        return outer, self._paths(y.name, x.name, steps, {})

    def _paths(self, y: str, x: str, steps: int, seen: dict[Any, Indices]) -> Indices:
        """Index variables along the longest way from ``x`` to ``y``, ``steps`` steps later."""
        key = (y, steps)
        if key in seen:
            return seen[key]
        most = Counter[str]()
        if y in self.rhs and not (y == x and steps == 0):
            for other, lag in set(references(self.rhs[y])):
                if lag <= steps and (other in self.rhs or other == x):
                    further = self._paths(other, x, steps - lag, seen)
                    most |= self._edge(self.rhs[y], other) + further
        seen[key] = most
        return most

    def _edge(self, node: Node, to: str) -> Indices:
        """Index variables that a step from ``node`` to the sequence ``to`` in it sums over.

        The index at which ``to`` is read is one of them, or that of the node itself.
        """
        if not any(isinstance(n, At) and n.name == to for n in walk(node)):
            return Counter()
        match node:
            case Add(args=args):
                most = Counter[str]()
                for a in args:
                    most |= self._edge(a, to)
                return most
            case At():
                return Counter()
            case _:
                most = Counter[str]()
                for a in children(node):
                    most |= self._edge(a, to)
                return most + (Counter() if isinstance(node, Fn) else self.of(node)[1])


__all__ = ["every_dimension"]
