r"""Bounds on the entries of a vector: ``0 \le 1 - h_t^2 \le 1``.

What only applies functions entry by entry is a statement about numbers: about the arguments of the
activations in it, which may be any, and about what has no bound. Where it holds for all numbers, it
holds for every entry. A product of vectors, which adds over the entries, is no such thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Claim,
    Fn,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Num,
    Pow,
    Sym,
    affine,
    index,
    rebuild,
    substitute_index,
)
from bptt_sym.recurrence import STEP, Equation, Recurrence


@dataclass(frozen=True)
class OneEntry:
    """A claim about one entry: the claim, a model of numbers with its names, and more."""

    claim: Claim
    model: Recurrence
    #: Whether a state before the first step is taken to lie within the range of tanh.
    started: bool


def of_one_entry(claim: Claim, rec: Recurrence) -> OneEntry | None:
    """``claim`` about one entry; ``None`` if a side is not made entry by entry."""
    if claim.given:
        return None
    entry = _Entry(rec)
    try:
        sides = tuple(entry.of(side) for side in claim.sides)
    except _NoEntryError:
        return None
    names = [Sym(name) for name in entry.free.values()]
    if not names:
        return None
    step = Equation("q", Fn("tanh", Add((*names, At("q", index(STEP, -1))))))
    model = Recurrence("one entry", (step,), dict.fromkeys((*(n.name for n in names), "q"), ()))
    return OneEntry(replace(claim, sides=sides), model, entry.started)


class _NoEntryError(Exception):
    """Something here is not made entry by entry."""


@dataclass
class _Entry:
    rec: Recurrence
    #: The number that stands for each thing that may be any.
    free: dict[Node, str] = field(default_factory=dict)
    started: bool = False

    def of(self, node: Node, step: Node | None = None) -> Node:
        """What ``node`` is in one entry; within the equations of ``step``, if that is given."""

        def below(n: Node) -> Node:
            return self.of(n, step)

        match node:
            case Num() | Idx():
                return node
            case At(name=name, time=time):
                if len(self.rec.shape(name)) > 1:
                    raise _NoEntryError
                return self.any(node) if step is not None and time != step else self.value(node)
            case Had(args=args):
                return Mul(tuple(map(below, args)))
            case Mul():
                # Vectors side by side have no other product than that of their entries.
                return rebuild(node, below)
            case Fn(name=name, arg=arg, order=0 | 1 as order) if name in ("tanh", "sigma"):
                return Fn(name, self.any(arg), order)
            case Fn(name="softmax"):
                raise _NoEntryError
            case Pow(exp=Num()) | Abs() | Add() | Neg() | Fn(order=0):
                return rebuild(node, below)
        raise _NoEntryError

    def value(self, at: At) -> Node:
        """An entry of a sequence, by its equation; any number if it has none that bounds it."""
        if at.name not in self.rec.defined:
            return self.any(at)
        rhs = substitute_index(self.rec.rhs(at.name), STEP, at.time)
        if _may_be_initial(at.time):
            if not (isinstance(rhs, Fn) and rhs.order == 0 and rhs.name == "tanh"):
                return self.any(at)
            self.started = True
        try:
            return self.of(rhs, at.time)
        except _NoEntryError:
            return self.any(at)

    def any(self, node: Node) -> Node:
        return Sym(self.free.setdefault(node, f"a{len(self.free)}"))


def _may_be_initial(time: Node) -> bool:
    """Whether an index may be that of a step before the first: ``t - 1``, ``0``."""
    form = affine(time)
    return form is None or (form[1] < 0 if form[0] else form[1] < 1)
