"""Number systems in which rows of a table have values.

A domain is a handful of operations; :class:`~bptt_sym.graph.interpret.Program` is the one loop that
uses them. None of these knows a derivative: those come from :data:`bptt_sym.rules.RULES`.
"""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from hashlib import blake2b
from typing import Any, Generic, TypeVar

from bptt_sym.errors import NotSupported, UnboundName
from bptt_sym.graph.operations import Label

X = TypeVar("X")

#: Meanings for opaque functions: ``(orders, arguments) -> value``.
Meaning = Callable[[tuple[int, ...], tuple[Any, ...]], Any]


class Domain(Generic[X]):
    """Base: Python's own arithmetic; opaque functions mean what ``functions`` says."""

    #: Whether a rule's accurate floating-point form is wanted in place of the rule.
    accurate = False

    def __init__(self, functions: Mapping[str, Meaning] | None = None) -> None:
        self.functions = dict(functions or {})

    add: Callable[[Any, Any], Any] = staticmethod(operator.add)
    mul: Callable[[Any, Any], Any] = staticmethod(operator.mul)
    neg: Callable[[Any], Any] = staticmethod(operator.neg)
    pow: Callable[[Any, int], Any] = staticmethod(operator.pow)

    def const(self, value: Fraction) -> X:
        raise NotImplementedError

    def fn(self, name: str, order: int, a: X) -> X:
        """A function at ``a``; ``order`` is not 0 for opaque functions only."""
        return self.call(name, (order,), (a,))

    def call(self, name: str, orders: tuple[int, ...], args: tuple[X, ...]) -> X:
        meaning = self.functions.get(name)
        if meaning is None:
            raise NotSupported(f"{name} has no value in {type(self).__name__}")
        value: X = meaning(orders, args)
        return value

    def symbol(self, label: Label) -> X:
        """The value of a free variable that was given none."""
        raise UnboundName(f"{label} has no value", token=str(label))


def _sigma(a: float) -> float:
    e = math.exp(-abs(a))
    return (1.0 if a >= 0 else e) / (1.0 + e)


def _exp(a: float) -> float:
    try:
        return math.exp(a)
    except OverflowError:
        return math.inf


_FLOAT: Mapping[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "sigma": _sigma,
    "exp": _exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "sech": lambda a: 2.0 * math.exp(-abs(a)) / (1.0 + math.exp(-2.0 * abs(a))),
    "coth": lambda a: 1.0 / math.tanh(a),
    "relu": lambda a: max(a, 0.0),
    "abs": abs,
    "step": lambda a: 1.0 if a > 0 else 0.0,
    "sign": lambda a: math.copysign(1.0, a) if a else 0.0,
}

_COMPLEX: Mapping[str, Callable[[complex], complex]] = {
    "tanh": cmath.tanh,
    "sigma": lambda a: 1.0 / (1.0 + cmath.exp(-a)),
    "exp": cmath.exp,
    "log": cmath.log,
    "sqrt": cmath.sqrt,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "sech": lambda a: 1.0 / cmath.cosh(a),
    "coth": lambda a: 1.0 / cmath.tanh(a),
}


class Floats(Domain[float]):
    """Machine numbers; slopes of tanh and sigma without cancellation.

    relu, abs and sign have slope 0 at their kink, as in the usual frameworks.
    """

    accurate = True

    def const(self, value: Fraction) -> float:
        return value.numerator / value.denominator

    def fn(self, name: str, order: int, a: float) -> float:
        f = _FLOAT.get(name) if not order and name not in self.functions else None
        return f(a) if f is not None else super().fn(name, order, a)


class Complexes(Domain[complex]):
    """Complex machine numbers, for complex-step differentiation; slopes by the rules."""

    def const(self, value: Fraction) -> complex:
        return complex(value.numerator / value.denominator)

    def fn(self, name: str, order: int, a: complex) -> complex:
        f = _COMPLEX.get(name) if not order and name not in self.functions else None
        return f(a) if f is not None else super().fn(name, order, a)


class Rationals(Domain[Fraction]):
    """Exact rationals: for formulas whose states are given values, so that no tanh is left."""

    def const(self, value: Fraction) -> Fraction:
        return value


class PrimeField(Domain[int]):
    """Integers mod a prime. Functions are unknown functions: a random value for each argument.

    Rows that are equal by algebra and the rules get equal values; rows that are not get equal
    values with probability about degree/p. Laws such as e^(a+b) = e^a e^b are not known here.
    """

    def __init__(self, p: int = (1 << 61) - 1, seed: int = 0) -> None:
        super().__init__()
        self.p, self.seed = p, seed
        self.add = lambda a, b: (a + b) % p
        self.mul = lambda a, b: a * b % p
        self.neg = lambda a: -a % p
        self.pow = self._pow

    def _pow(self, a: int, n: int) -> int:
        if n < 0 and a % self.p == 0:
            raise ZeroDivisionError("0 has no inverse")
        return pow(a, n, self.p)

    def const(self, value: Fraction) -> int:
        return value.numerator * pow(value.denominator, -1, self.p) % self.p

    def call(self, name: str, orders: tuple[int, ...], args: tuple[int, ...]) -> int:
        return self._random(name, orders, args)

    def symbol(self, label: Label) -> int:
        return self._random("", tuple(label))

    def _random(self, *key: object) -> int:
        digest = blake2b(repr((self.seed, key)).encode(), digest_size=16).digest()
        return int.from_bytes(digest, "big") % self.p


class Multiprecision(Domain[Any]):
    """mpmath numbers at the precision of its ``mp`` context at the time of evaluation."""

    _NAMES = frozenset("tanh exp log sqrt sinh cosh sech coth".split())

    def __init__(self, functions: Mapping[str, Meaning] | None = None) -> None:
        super().__init__(functions)
        from mpmath import mp

        self.mp = mp

    def const(self, value: Fraction) -> Any:
        return self.mp.mpf(value.numerator) / value.denominator

    def fn(self, name: str, order: int, a: Any) -> Any:
        if not order and name not in self.functions:
            if name in self._NAMES:
                return getattr(self.mp, name)(a)
            if name == "sigma":
                return 1 / (1 + self.mp.exp(-a))
            if name in ("abs", "sign"):
                return abs(a) if name == "abs" else self.mp.sign(a)
            if name in ("relu", "step"):
                return self.mp.mpf(0) if a <= 0 else a if name == "relu" else self.mp.mpf(1)
        return super().fn(name, order, a)


class Balls(Domain[Any]):
    """Arb enclosures at the precision of ``flint.ctx`` at the time of evaluation."""

    _NAMES = frozenset("tanh exp log sqrt sinh cosh sech coth".split())

    def __init__(self, functions: Mapping[str, Meaning] | None = None) -> None:
        super().__init__(functions)
        from flint import arb, fmpq

        self._arb, self._fmpq = arb, fmpq

    def const(self, value: Fraction) -> Any:
        return self._arb(self._fmpq(value.numerator, value.denominator))

    def fn(self, name: str, order: int, a: Any) -> Any:
        if not order and name not in self.functions:
            if name in self._NAMES:
                return getattr(a, name)()
            if name == "sigma":
                return 1 / (1 + (-a).exp())
            if name == "abs":
                return abs(a)
        return super().fn(name, order, a)


class SymPyExpressions(Domain[Any]):
    """SymPy expressions; free variables and opaque functions become SymPy's own.

    ``name`` gives the text of a symbol, by default ``h_3`` and ``W_0_1``.
    """

    def __init__(self, name: Callable[[Label], str] = str) -> None:
        super().__init__()
        import sympy

        self._sympy, self._name = sympy, name

    def const(self, value: Fraction) -> Any:
        return self._sympy.Rational(value.numerator, value.denominator)

    def symbol(self, label: Label) -> Any:
        return self._sympy.Symbol(self._name(label), real=True)

    def fn(self, name: str, order: int, a: Any) -> Any:
        s = self._sympy
        if not order:
            if name in ("tanh", "exp", "log", "sqrt", "sinh", "cosh", "sech", "coth", "sign"):
                return getattr(s, name)(a)
            if name == "sigma":
                return 1 / (1 + s.exp(-a))
            if name == "abs":
                return s.Abs(a)
            if name in ("relu", "step"):
                return s.Max(a, 0) if name == "relu" else s.Piecewise((1, a > 0), (0, True))
        return self.call(name, (order,), (a,))

    def call(self, name: str, orders: tuple[int, ...], args: tuple[Any, ...]) -> Any:
        s = self._sympy
        places = [s.Dummy(f"xi_{i + 1}") for i in range(len(args))]
        value = s.Function(name)(*places)
        for place, order in zip(places, orders, strict=True):
            if order:
                value = s.Derivative(value, (place, order))
        given = dict(zip(places, args, strict=True))
        if any(orders):
            return s.Subs(value, tuple(given), tuple(given.values()))
        return s.Function(name)(*args)
