r"""Sizes multiplied and added: the terms of which a bound is a sum.

A term is a rational coefficient times sizes with exponents that are affine in the time indices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bptt_sym.errors import NotSupported
from bptt_sym.notation import Add, Idx, Neg, Node, Sum, affine, num, substitute_index

Exponent = tuple[tuple[tuple[str, int], ...], int]
#: A size: ``("|", "w")``, ``("‖", "W", "2")`` with the norm, a rational base, a count of terms
#: ``("#", n)``, a geometric sum ``("geo", ratio, n)`` = 1 + ratio + … + ratio^(n-1), the size
#: ``("@", "h", t, "2")`` of a value of step t, or the sum ``("Σ", term, n)`` of such over n steps.
Base = Any

class Unbounded(NotSupported):
    """No rule bounds this expression."""


#: A constant of which nothing is said, as in an order of growth.
ANY: Base = ("const",)


@dataclass(frozen=True)
class Term:
    """``coefficient · prod(base ** exponent)``; ``strict`` if the bound is not attained."""

    coefficient: Fraction
    powers: tuple[tuple[Base, Exponent], ...] = ()
    strict: bool = False

    def times(self, other: Term) -> Term:
        merged = dict(self.powers)
        for base, exponent in other.powers:
            merged[base] = plus(merged[base], exponent) if base in merged else exponent
        kept = tuple(sorted(((b, e) for b, e in merged.items() if e != ZERO_EXP), key=repr))
        strict = self.strict or other.strict
        return Term(self.coefficient * other.coefficient, kept, strict)


Magnitude = tuple[Term, ...]
#: Sums over so many steps are written out.
MOST_STEPS = 8
ZERO_EXP: Exponent = ((), 0)
ONE_EXP: Exponent = ((), 1)
UNIT = Term(Fraction(1))


def exponent(node: Node) -> Exponent:
    """An affine index expression as an exponent."""
    form = affine(node)
    if form is None:
        raise Unbounded("an exponent that is not affine in the indices")
    return tuple(sorted(form[0].items())), form[1]


def plus(a: Exponent, b: Exponent, sign: int = 1) -> Exponent:
    coeffs = dict(a[0])
    for name, c in b[0]:
        coeffs[name] = coeffs.get(name, 0) + sign * c
    return tuple(sorted((n, c) for n, c in coeffs.items() if c)), a[1] + sign * b[1]


def geometric(
    term: Term, var: str, moving: list[tuple[Base, Exponent]], count: Exponent, last: Exponent
) -> Term:
    """The sum of a term over ``var``, up to ``last``: ``count`` terms, a product as their ratio.

    Raises :class:`Unbounded` unless every exponent falls by one a step as ``var`` grows; what is
    left of it in the last term is a factor of the whole.
    """
    if any(dict(e[0])[var] != -1 for _, e in moving):
        raise Unbounded("a sum whose terms do not shrink by one factor a step")
    left = [(b, plus(plus(e, (((var, 1),), 0)), last, -1)) for b, e in moving]
    if any(e[0] or e[1] < 0 for _, e in left):
        raise Unbounded("a geometric sum that does not end at its last step")
    ratio = tuple(sorted((b for b, _ in moving), key=repr))
    rest = [(b, e) for b, e in term.powers if (b, e) not in moving]
    factor = Term(Fraction(1), tuple((b, e) for b, e in left if e[1]))
    return Term(
        term.coefficient, (*rest, (("geo", ratio, count), ONE_EXP)), term.strict
    ).times(factor)


def over_steps(node: Sum, bound: Callable[[Node], Magnitude]) -> Magnitude:
    """The sum of terms in which values of the steps stand, over a few steps or over any number.

    It runs from 1 on, and forwards in these values. Raises :class:`Unbounded` if the terms do not
    tell how it runs.
    """
    lo, hi = exponent(node.lo), exponent(node.hi)
    count = plus(plus(hi, lo, -1), ((), 1))
    if not count[0]:
        if not 0 <= count[1] <= MOST_STEPS or lo[0]:
            raise Unbounded("a sum over too many steps")
        values = range(lo[1], lo[1] + count[1])
        bodies = (substitute_index(node.body, node.var, num(k)) for k in values)
        return tuple(term for body in bodies for term in bound(body))
    out = []
    from_one = Add((Idx(node.var), node.lo, num(-1)))
    back = Add((node.hi, num(1), Neg(Idx(node.var))))
    for way in (from_one, back):
        out = [*bound(substitute_index(node.body, node.var, way))]
        places = [dict(b[2][0]).get(node.var, 0) for t in out for b, _ in t.powers if b[0] == "@"]
        if places and all(place == 1 for place in places):
            return tuple(
                Term(Fraction(1), ((("Σ", _renamed(t, node.var), count), ONE_EXP),), t.strict)
                for t in out
            )
    raise Unbounded("a sum that does not run through the steps one by one")


def _renamed(term: Term, var: str) -> tuple[Any, ...]:
    """What makes a term of a sum over ``var``, whatever that letter is."""

    def own(e: Exponent) -> Exponent:
        return tuple(sorted(("·" if n == var else n, c) for n, c in e[0])), e[1]

    powers = [((*b[:2], own(b[2]), *b[3:]) if b[0] == "@" else b, own(e)) for b, e in term.powers]
    return term.coefficient, tuple(sorted(powers, key=repr))


def times(a: Magnitude, b: Magnitude) -> Magnitude:
    return tuple(x.times(y) for x in a for y in b)


def scaled(e: Exponent, k: int) -> Exponent:
    return tuple((n, c * k) for n, c in e[0]), e[1] * k


__all__ = [
    "ANY", "ONE_EXP", "UNIT", "ZERO_EXP", "Base", "Exponent", "Magnitude", "Term", "Unbounded",
    "exponent", "geometric", "over_steps", "plus", "scaled", "times",
]  # fmt: skip
