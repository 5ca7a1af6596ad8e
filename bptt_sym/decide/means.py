r"""Divisions by the number of steps, taken out of a formula.

:math:`\frac1T\sum_t` is not the value of an automaton over the steps, T times it is. Two sides
agree at T >= 1 if these multiples do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bptt_sym.distances import over_steps
from bptt_sym.notation import (
    HORIZON_NAME,
    Add,
    D,
    Diag,
    Div,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Num,
    Outer,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    num,
    walk,
)
from bptt_sym.recurrence import Recurrence

T = Idx(HORIZON_NAME)
#: Of what higher power of 1/T there is, no argument is made.
MOST = 3


def comparable(sides: tuple[Node, ...], rec: Recurrence) -> tuple[Node, ...]:
    """The sides over steps, both times the same power of T, so that none divides by it."""
    powers = means(rec)[1]
    kinds = {type(n) for side in sides for n in walk(side)}
    if not kinds.isdisjoint((Sum, Prod)):
        sides = tuple(map(over_steps, sides))
    if Div not in kinds and not powers:
        return sides
    parts = [cleared(side, powers) for side in sides]
    most = max(m for _, m in parts)
    return tuple(times_steps(whole, most - m) for whole, m in parts)


def means(rec: Recurrence) -> tuple[dict[str, Node], dict[str, int]]:
    """The definitions of totals times powers of T, and these powers where they are not 0."""
    known: tuple[dict[str, Node], dict[str, int]] | None = rec.__dict__.get("_means")
    if known is None:
        parts = {name: cleared(over_steps(rhs), {}) for name, rhs in rec.totals.items()}
        whole = {name: node for name, (node, _) in parts.items()}
        # (A recurrence never changes, so that this can stay with it.)
        known = rec.__dict__["_means"] = whole, {name: m for name, (_, m) in parts.items() if m}
    return known


def cleared(node: Node, powers: Mapping[str, int]) -> tuple[Node, int]:
    """``(whole, m)`` with ``node = whole / T^m``.

    ``powers`` says the same of totals, whose names stand for their multiples in ``whole``.
    """
    match node:
        case Sym(name=name) | D(y=Sym(name=name)):
            return node, powers.get(name, 0)
        case D(y=D() as inner):
            return node, cleared(inner, powers)[1]
        case Div(num=above, den=below):
            rest, m = _without(below)
            whole, n = cleared(above, powers)
            return (whole if rest == num(1) else Div(whole, rest)), m + n
        case Mul(args=args) | Had(args=args):
            parts = [cleared(a, powers) for a in args]
            return replace(node, args=tuple(p for p, _ in parts)), sum(m for _, m in parts)
        case Outer(left=a, right=b):
            (x, m), (y, n) = cleared(a, powers), cleared(b, powers)
            return Outer(x, y), m + n
        case Neg(arg=a) | Transpose(arg=a) | Diag(arg=a):
            whole, m = cleared(a, powers)
            return replace(node, arg=whole), m
        case Add(args=args):
            parts = [cleared(a, powers) for a in args]
            most = max((m for _, m in parts), default=0)
            return Add(tuple(times_steps(p, most - m) for p, m in parts)), most
        case Sum(body=body):
            whole, m = cleared(body, powers)
            return replace(node, body=whole), m
        case Pow(base=base, exp=Num(value=k)) if k.denominator == 1 and 0 < k <= MOST:
            whole, m = cleared(base, powers)
            return replace(node, base=whole), m * int(k)
        case _:
            return node, 0


def times_steps(node: Node, power: int) -> Node:
    """``node`` times ``T^power``."""
    return node if not power else Mul((*[T] * power, node))


def _without(node: Node) -> tuple[Node, int]:
    """A denominator without its factors T, and how many there were."""
    if node == T:
        return num(1), 1
    if isinstance(node, Mul):
        parts = [_without(a) for a in node.args]
        left = tuple(p for p, _ in parts if p != num(1))
        return (Mul(left) if left else num(1)), sum(m for _, m in parts)
    if isinstance(node, Pow) and node.base == T and isinstance(node.exp, Num):
        k = node.exp.value
        if k.denominator == 1 and 0 < k <= MOST:
            return num(1), int(k)
    return node, 0
