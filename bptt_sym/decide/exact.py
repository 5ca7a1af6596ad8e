"""Exact rational functions over ℚ, in normal form, through python-flint.

Free variables, activation values and the partial derivatives of unknown functions are independent
generators. Two sides equal here are equal, with no probability in it; two sides that differ here
may still be equal through a law between activations (``tanh`` and ``exp``), which F_p knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bptt_sym.decide.domains import Domain, Slot, Undefined
from bptt_sym.errors import NotSupported

#: Generators of one exact evaluation, and terms of one polynomial, before it is given up.
MAX_GENERATORS = 96
MAX_TERMS = 20_000


class TooLarge(NotSupported):
    """The exact form has more terms than :data:`MAX_TERMS`, or too many generators."""


@dataclass(frozen=True)
class Ratio:
    """``num / den`` without common factors taken out; ``den`` is 1 for polynomials."""

    num: Any
    den: Any

    def __add__(self, other: Ratio | int) -> Ratio:
        if not isinstance(other, Ratio):
            if not isinstance(other, int):
                return NotImplemented
            return Ratio(self.num + other * self.den, self.den)
        if self.den == other.den:
            return Ratio(self.num + other.num, self.den)
        return Ratio(self.num * other.den + other.num * self.den, self.den * other.den)

    def __mul__(self, other: Any) -> Ratio:
        if not isinstance(other, Ratio):
            if not isinstance(other, int):
                return NotImplemented  # an array of ratios multiplies itself
            return Ratio(self.num * other, self.den)
        num = self.num * other.num
        if len(num) > MAX_TERMS:
            raise TooLarge(f"an exact form of more than {MAX_TERMS} terms")
        return Ratio(num, self.den * other.den)

    def __neg__(self) -> Ratio:
        return Ratio(-self.num, self.den)

    def __sub__(self, other: Ratio | int) -> Ratio:
        return self + (-other)

    def __rsub__(self, other: Ratio | int) -> Ratio:
        return -(self - other)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Ratio, int)):
            return NotImplemented
        return bool((self - other).num == 0)

    def __hash__(self) -> int:
        return hash((str(self.num), str(self.den)))

    __radd__ = __add__
    __rmul__ = __mul__


#: Terms of a polynomial that is factored.
MAX_FACTORED = 200


class Exact(Domain):
    """ℚ(generators). Raises :class:`TooLarge` instead of growing without bound."""

    def __init__(self) -> None:
        from flint import Ordering, fmpq_mpoly_ctx

        names = [f"g{i}" for i in range(MAX_GENERATORS)]
        self._ctx = fmpq_mpoly_ctx.get(names, Ordering.lex)
        self._gens = self._ctx.gens()
        self._names: dict[Any, int] = {}
        self._one = self._ctx.from_dict({(0,) * MAX_GENERATORS: 1})

    def _generator(self, key: Any) -> Ratio:
        at = self._names.setdefault(key, len(self._names))
        if at >= MAX_GENERATORS:
            raise TooLarge(f"more than {MAX_GENERATORS} independent quantities")
        return Ratio(self._gens[at], self._one)

    def num(self, value: Fraction) -> Ratio:
        from flint import fmpq

        return Ratio(self._one * fmpq(value.numerator, value.denominator), self._one)

    @property
    def one(self) -> Ratio:
        return Ratio(self._one, self._one)

    @property
    def zero(self) -> Ratio:
        return Ratio(self._one * 0, self._one)

    def inverse(self, a: Ratio) -> Ratio:
        if a.num == 0:
            raise Undefined("division by zero")
        return Ratio(a.den, a.num)

    def sample(self, slot: Slot) -> Ratio:
        return self._generator(slot)

    def opaque(self, name: str, orders: tuple[int, ...], args: tuple[Any, ...]) -> Ratio:
        return self._generator((name, orders, tuple(self._key(a) for a in args)))

    def absolute(self, a: Ratio) -> Ratio:
        """The product of those of the irreducible factors."""
        if a.num == 0:
            return self.zero
        common = a.num.gcd(a.den)
        up, down = (self._absolute(p) for p in (a.num / common, a.den / common))
        return up * self.inverse(down)

    def _absolute(self, polynomial: Any) -> Ratio:
        if len(polynomial) > MAX_FACTORED:
            raise TooLarge(f"the factors of more than {MAX_FACTORED} terms")
        content, factors = polynomial.factor()
        out = self.num(Fraction(abs(int(content.p)), int(content.q)))
        for factor, times in factors:
            key = min(str(factor), str(-factor))
            for _ in range(int(times)):
                out = out * self._generator(("abs", key))
        return out

    def _key(self, a: Ratio) -> str:
        if a.den == self._one:
            return str(a.num)
        common = a.num.gcd(a.den)
        return f"{a.num / common}/({a.den / common})"

    # tanh is odd and sigma(-a) = 1 - sigma(a): one generator serves both signs.
    def tanh(self, a: Ratio) -> Ratio:
        if a.num == 0:
            return self.zero
        key, negative = self._key(a), self._key(-a)
        if ("tanh", negative) in self._names:
            return -self._generator(("tanh", negative))
        return self._generator(("tanh", key))

    def sigma(self, a: Ratio) -> Ratio:
        if a.num == 0:
            return self.num(Fraction(1, 2))
        key, negative = self._key(a), self._key(-a)
        if ("sigma", negative) in self._names:
            return self.one - self._generator(("sigma", negative))
        return self._generator(("sigma", key))

    def exp(self, a: Ratio) -> Ratio:
        if a.num == 0:
            return self.one
        key, negative = self._key(a), self._key(-a)
        if ("exp", negative) in self._names:
            return self.inverse(self._generator(("exp", negative)))
        return self._generator(("exp", key))

    def is_zero(self, a: Any) -> bool:
        return bool(a == 0)


class Symbolic(Domain):
    """SymPy expressions, for display and for comparison in tests; nothing is simplified."""

    exact = False

    def num(self, value: Fraction) -> Any:
        from sympy import Rational

        return Rational(value.numerator, value.denominator)

    def inverse(self, a: Any) -> Any:
        return 1 / a

    def exp(self, a: Any) -> Any:
        from sympy import exp

        return exp(a)

    def tanh(self, a: Any) -> Any:
        from sympy import tanh

        return tanh(a)

    def sample(self, slot: Slot) -> Any:
        from sympy import Symbol

        name, time, component = slot
        label = name if time is None else f"{name}_{time}"
        return Symbol(f"{label}[{component}]" if component else label, real=True)

    def opaque(self, name: str, orders: tuple[int, ...], args: tuple[Any, ...]) -> Any:
        from sympy import Function

        label = name + "".join(f"_{i}" * k for i, k in enumerate(orders))
        return Function(label)(*args)

    def is_zero(self, a: Any) -> bool:
        return bool(a == 0)
