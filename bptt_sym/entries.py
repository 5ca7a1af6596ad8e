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

from bptt_sym.notation import (
    Add,
    At,
    Claim,
    D,
    Mul,
    Neg,
    Node,
    Sum,
    Sym,
    Transpose,
    children,
    rebuild,
    walk,
)

#: Letters that count units.
UNITS = frozenset("ijklmpqrs")
#: The axes of a whole variable, of which only an entry of something is differentiated.
WHOLE = "YZ"


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


@dataclass(frozen=True)
class Seen:
    """The letters of the entries of a claim, with the names whose axes they are in turn."""

    entries: tuple[tuple[str, tuple[str, ...]], ...]


@final
@dataclass(frozen=True)
class Entries(Node):
    """All entries of ``arg``, an axis for each letter of ``at`` in turn.

    ``seen`` tells how many units a letter counts where only the other side shows it, as those of a
    Kronecker symbol.
    """

    arg: Node
    at: str
    seen: Seen | None = None


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


def _times(node: Node, letter: str) -> int | None:
    """How often ``letter`` stands in each term of ``node``; ``None`` if not in all alike."""
    match node:
        case Entry(at=at):
            return at.count(letter)
        case Add(args=args):
            found = {_times(a, letter) for a in args}
            return found.pop() if len(found) == 1 else None
        case UnitSum(var=var) if var == letter:
            return 0
    total = 0
    for child in children(node):
        times = _times(child, letter)
        if times is None:
            return None
        total += times
    return total


def _contracted(side: Node, letter: str) -> bool:
    """Whether ``letter`` stands twice, without a sum over it, in each term of ``side``."""
    match side:
        case Add(args=args):
            return all(_contracted(a, letter) for a in args)
        case Neg(arg=a):
            return _contracted(a, letter)
        case Sum(body=body) | UnitSum(body=body):
            return _contracted(body, letter)
    return _times(side, letter) == 2


def _within(node: Node, letter: str) -> Node | None:
    """``node`` with each term that has ``letter`` twice summed over it; ``None`` if not all have.

    In ``a_i (b_j c_{ji} + d_k e_{ki})`` each letter is that of one term within the brackets.
    """
    if letter not in letters(node):
        return node
    match node:
        case Add() | Neg() | Sum() | UnitSum():
            parts = [_within(c, letter) for c in children(node)]
            done = dict(zip(children(node), parts, strict=True))
            return None if None in parts else rebuild(node, lambda c: done.get(c) or c)
    having = [c for c in children(node) if letter in letters(c)]
    if len(having) == 1 and not isinstance(node, Entry):
        (one,) = having
        new = _within(one, letter)
        return None if new is None else rebuild(node, lambda c: new if c is one else c)
    return UnitSum(letter, node, span=node.span) if _times(node, letter) == 2 else None


def _written(node: Node) -> Iterator[str]:
    """The letters of a side as they stand in it."""
    return (n.at for n in walk(node) if isinstance(n, Entry))


def axes_of(side: Node) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The letters of each entry in ``side``, with the names whose axes they are in turn."""
    for node in walk(side):
        if not isinstance(node, Entry):
            continue
        if not isinstance(node.arg, D):
            named = (node.arg,)
            yield node.at, tuple(p.name for p in named if isinstance(p, (At, Sym)))
            continue
        y, x = node.arg.y, node.arg.x
        product = y.args[0] if isinstance(y, Add) else y
        if not isinstance(product, Mul):
            yield node.at, tuple(p.name for p in (y, x) if isinstance(p, (At, Sym)))
            continue
        # (The rows of the matrix are those of the product; nothing asks for its columns.)
        matrix, first = product.args[0], node.at[0]
        if isinstance(matrix, Transpose) and isinstance(matrix.arg, Sym):
            yield "*" + first, (matrix.arg.name,)
        elif isinstance(matrix, Sym):
            yield first + "*", (matrix.name,)
        if isinstance(x, (At, Sym)):
            yield node.at[1:], (x.name,)


def has_entries(claim: Claim) -> bool:
    return any(isinstance(n, (Entry, UnitSum)) for side in claim.sides for n in walk(side))


def with_entries(claim: Claim) -> Claim:
    """A claim about entries as one about all of them; every other claim as it is.

    A letter that the first side does not have, and that stands twice in every term that has it, is
    summed over, as Einstein does.
    """
    if not has_entries(claim):
        return claim
    left = letters(claim.sides[0])
    order = "".join(dict.fromkeys("".join(_written(claim.sides[0]))))
    if not left and not any(isinstance(n, (Entry, UnitSum)) for n in walk(claim.sides[0])):
        by = frozenset().union(*(letters(side) for side in claim.sides)) & frozenset(WHOLE)
        left, order = left | by, "".join(sorted(by))
    at = "".join(sorted(left))
    seen = Seen(tuple(pair for side in claim.sides for pair in axes_of(side)))
    sides = []
    for side in claim.sides:
        if left and not any(isinstance(n, (Entry, UnitSum)) for n in walk(side)):
            side = Entry(side, order, span=side.span)  # the whole, beside its entries
        for letter in sorted(letters(side) - left):
            if _contracted(side, letter):
                side = UnitSum(letter, side, span=side.span)
            elif (within := _within(side, letter)) is not None:
                side = within
        sides.append(Entries(side, at, seen, span=side.span))
    return replace(claim, sides=tuple(sides))


def without_entries(node: Node) -> Node:
    """What all entries of ``node`` are entries of, if it is nothing but such an entry."""
    while isinstance(node, (Entry, Entries)):
        node = node.arg
    return node


def of_a_product(node: Node) -> Node:
    """``\\sum_m V_{im} h_m`` as the entry i of :math:`V h`; sums of such as the entry of the sum.

    What is something else comes back as it is.
    """
    match node:
        case UnitSum(var=var, body=Mul(args=(Entry() as first, Entry() as then))):
            matrix, vector = (first, then) if len(first.at) == 2 else (then, first)
            free = matrix.at.replace(var, "", 1)
            if vector.at != var or len(matrix.at) != 2 or len(free) != 1 or free == var:
                return node
            whole = matrix.arg if matrix.at == free + var else Transpose(matrix.arg)
            return Entry(Mul((whole, vector.arg), span=node.span), free, span=node.span)
        case Add(args=args):
            terms = [of_a_product(a) for a in args]
            entries = [t for t in terms if isinstance(t, Entry)]
            if len(entries) < len(args) or len({t.at for t in entries}) > 1:
                return node
            whole = Add(tuple(t.arg for t in entries), span=node.span)
            return Entry(whole, entries[0].at, span=node.span)
    return node
