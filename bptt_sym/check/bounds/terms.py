r"""Sizes multiplied and added: the terms of which a bound is a sum.

A term is a rational coefficient times sizes with exponents that are affine in the time indices.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bptt_sym.errors import NotSupported
from bptt_sym.notation import Node, affine

Exponent = tuple[tuple[tuple[str, int], ...], int]
#: A size: ``("|", "w")``, ``("‖", "W", "2")`` with the norm, a rational base, a count of terms
#: ``("#", n)``, or a geometric sum ``("geo", ratio, n)`` = 1 + ratio + … + ratio^(n-1).
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


def times(a: Magnitude, b: Magnitude) -> Magnitude:
    return tuple(x.times(y) for x in a for y in b)


def scaled(e: Exponent, k: int) -> Exponent:
    return tuple((n, c * k) for n, c in e[0]), e[1] * k


__all__ = [
    "ANY", "ONE_EXP", "UNIT", "ZERO_EXP", "Base", "Exponent", "Magnitude", "Term", "Unbounded",
    "exponent", "geometric", "plus", "scaled", "times",
]  # fmt: skip
