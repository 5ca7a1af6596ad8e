"""Degrees of rational functions, as one more domain: for the error bound of random evaluation.

A false identity of degree d vanishes at a random point of F_p with probability at most d/p
(Schwartz–Zippel). An element is a pair: the degrees of numerator and denominator.

An activation's value is a Möbius transform of a power of an exponential E, drawn from the subgroup
of order Q, so that it is itself uniform on a set of that size: it counts as an indeterminate. (tanh
is a transform of E squared, where σ of the same argument is one of E; so it counts twice.)
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from bptt_sym.decide.domains import Domain, Slot


class Deg:
    """``num`` and ``den`` bound the degrees of numerator and denominator."""

    # Millions are made: no dataclass, whose frozen fields are set at three times the cost.
    __slots__ = ("den", "num")

    def __init__(self, num: int, den: int = 0) -> None:
        self.num = num
        self.den = den

    @property
    def total(self) -> int:
        return max(self.num, self.den)

    def __add__(self, other: Any) -> Deg:
        if not isinstance(other, Deg):
            if not isinstance(other, int):
                return NotImplemented
            other = Deg(0)
        if not self.den and not other.den:
            return self if self.num >= other.num else other
        return Deg(max(self.num + other.den, other.num + self.den), self.den + other.den)

    def __mul__(self, other: Any) -> Deg:
        if not isinstance(other, Deg):
            return self if isinstance(other, int) else NotImplemented
        return Deg(self.num + other.num, self.den + other.den)

    def __neg__(self) -> Deg:
        return self

    def __eq__(self, other: object) -> bool:
        # The interpreter asks whether a value is 0 or 1; a degree cannot tell.
        return isinstance(other, Deg) and (self.num, self.den) == (other.num, other.den)

    def __hash__(self) -> int:
        return hash((self.num, self.den))

    __radd__ = __add__
    __sub__ = __add__
    __rsub__ = __add__
    __rmul__ = __mul__


class Degree(Domain):
    """The degree of every value; see the module's text."""

    def num(self, value: Fraction) -> Deg:
        return Deg(0)

    def inverse(self, a: Deg) -> Deg:
        return Deg(a.den, a.num)

    def exp(self, a: Any) -> Deg:
        return Deg(1)

    def tanh(self, a: Any) -> Deg:
        return Deg(2)

    def sigma(self, a: Any) -> Deg:
        return Deg(1)

    def sample(self, slot: Slot) -> Deg:
        return Deg(1)

    def opaque(self, name: str, orders: tuple[int, ...], args: tuple[Any, ...]) -> Deg:
        return Deg(1)

    def is_zero(self, a: Any) -> bool:
        return False
