r"""Entries of vectors and matrices: :math:`h_j^{(t)}`, :math:`V_{ji}`, :math:`\sum_j W_{ji} a_j`.

Texts that write one equation for every unit mean the equation of the whole vectors. An
:class:`Entry` names the axes of what it is an entry of by letters; the same letter is the same
unit everywhere in a claim. :func:`with_entries` makes a claim about entries one about the tensors
that have them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

from bptt_sym.notation import Add, Claim, Neg, Node, Sum, children, walk

#: Letters that count units.
UNITS = frozenset("ijklmpqrs")


@final
@dataclass(frozen=True)
class Entry(Node):
    """An entry of ``arg``, its axes in turn named by the letters of ``at``.

    Of a derivative the axes are those of what is differentiated, then those of the variable.
    """

    arg: Node
    at: str


@final
@dataclass(frozen=True)
class UnitSum(Node):
    """The sum of ``body`` over all units that ``var`` counts."""

    var: str
    body: Node


@final
@dataclass(frozen=True)
class Entries(Node):
    """All entries of ``arg``, an axis for each letter of ``at`` in turn."""

    arg: Node
    at: str


def letters(node: Node) -> frozenset[str]:
    """The letters of units that are free in ``node``, which remembers them."""
    known: frozenset[str] | None = node.__dict__.get("_letters")
    if known is None:
        match node:
            case Entry(at=at):
                known = frozenset(at)
            case UnitSum(var=var, body=body):
                known = letters(body) - {var}
            case _:
                known = frozenset().union(*(letters(c) for c in children(node)))
        node.__dict__["_letters"] = known
    return known


def _contracted(side: Node, letter: str) -> bool:
    """Whether ``letter`` stands twice, without a sum over it, in each term of ``side``."""
    match side:
        case Add(args=args):
            return all(_contracted(a, letter) for a in args)
        case Neg(arg=a):
            return _contracted(a, letter)
        case Sum(body=body) | UnitSum(body=body):
            return _contracted(body, letter)
    found = "".join(n.at for n in walk(side) if isinstance(n, Entry))
    return found.count(letter) == 2


def _written(node: Node) -> Iterator[str]:
    """The letters of a side as they stand in it."""
    return (n.at for n in walk(node) if isinstance(n, Entry))


def has_entries(claim: Claim) -> bool:
    return any(isinstance(n, (Entry, UnitSum)) for side in claim.sides for n in walk(side))


def with_entries(claim: Claim) -> Claim:
    """A claim about entries as one about all of them; every other claim as it is.

    A letter that the first side does not have, and that stands twice in every term, is summed
    over, as Einstein does.
    """
    if not has_entries(claim):
        return claim
    left = letters(claim.sides[0])
    at = "".join(sorted(left))
    order = "".join(dict.fromkeys("".join(_written(claim.sides[0]))))
    sides = []
    for side in claim.sides:
        if left and not any(isinstance(n, (Entry, UnitSum)) for n in walk(side)):
            side = Entry(side, order, span=side.span)  # the whole, beside its entries
        for letter in sorted(letters(side) - left):
            if _contracted(side, letter):
                side = UnitSum(letter, side, span=side.span)
        sides.append(Entries(side, at, span=side.span))
    return replace(claim, sides=tuple(sides))
