"""The number systems that the one interpreter runs in.

A :class:`Domain` gives constants, sampled values of free variables, elementwise functions and
opaque functions with free partial derivatives. Elements support ``+``, ``-`` and ``*``;
:meth:`Domain.reduce` brings them (or an object array of them) to canonical form.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from bptt_sym.errors import NotSupported
from bptt_sym.notation import CIRCULAR

Element = Any
#: ``(name, time or None, flat component)`` of a free variable.
Slot = tuple[str, int | None, int]


class Undefined(ArithmeticError):
    """A value that does not exist at this sample: a division by zero, a logarithm of it."""


class Domain(ABC):
    """One number system, with the values of all free variables of one sample."""

    #: Whether equality of elements is decided exactly (balls and floats do not).
    exact = True

    @abstractmethod
    def num(self, value: Fraction) -> Element:
        """The image of a rational constant."""

    @abstractmethod
    def inverse(self, a: Element) -> Element:
        """``1/a``; raises :class:`Undefined` if there is none."""

    @abstractmethod
    def exp(self, a: Element) -> Element:
        """The exponential, from which tanh, sigma and their kin are made."""

    @abstractmethod
    def sample(self, slot: Slot) -> Element:
        """The value of a free variable: the same one at every call."""

    @abstractmethod
    def opaque(self, name: str, orders: tuple[int, ...], args: tuple[Element, ...]) -> Element:
        """A partial derivative of an unknown function: ``orders[i]`` times by argument i."""

    def absolute(self, a: Element) -> Element:
        """|a|: here an unknown function of a alone."""
        return self.opaque("abs", (0,), (a,))

    def norm(self, ord: str, a: Any) -> Element:
        """A norm of an object array: here an unknown function of its entries."""
        entries = tuple(a.ravel())
        return self.opaque(f"norm {ord} {a.shape}", (0,) * len(entries), entries)

    def reduce(self, a: Element) -> Element:
        return a

    def is_zero(self, a: Element) -> bool:
        return bool(a == 0)

    def tanh(self, a: Element) -> Element:
        e = self.exp(2 * a)
        return self.reduce((e - self.one) * self.inverse(e + self.one))

    def sigma(self, a: Element) -> Element:
        return self.inverse(self.reduce(self.one + self.exp(-a)))

    def special(self, name: str, order: int, a: Element) -> Element:
        """Functions without an exponential form: here unknown functions of their own name."""
        return self.opaque(name, (order,), (a,))

    def circular(self, a: Element) -> tuple[Element, Element]:
        """The sine and the cosine of ``a``, by the tangent of its half: an unknown function."""
        u = self.half_tangent(a)
        below = self.inverse(self.reduce(self.one + u * u))
        return self.reduce(2 * u * below), self.reduce((self.one - u * u) * below)

    def half_tangent(self, a: Element) -> Element:
        return self.opaque("half tangent", (0,), (a,))

    @property
    def one(self) -> Element:
        return self.num(Fraction(1))

    @property
    def zero(self) -> Element:
        return self.num(Fraction(0))

    def fn(self, name: str, a: Element, order: int = 0) -> Element:
        """The ``order``-th derivative of the function ``name`` at ``a``."""
        series = _ALGEBRAIC.get(name)
        if name in CIRCULAR:
            turn = (order + (name == "cos")) % 4
            value = self.circular(a)[turn % 2]
            return self.reduce(-1 * value) if turn > 1 else value
        if series is None:
            if name == "log" and order in (1, 2):
                inv = self.inverse(a)
                return inv if order == 1 else self.reduce(-1 * inv * inv)
            if name == "sqrt" and order == 1:
                return self.inverse(self.reduce(2 * self.special(name, 0, a)))
            return self.special(name, order, a)
        y = getattr(self, name)(a) if name in ("tanh", "sigma", "exp") else None
        if y is None:
            return _hyperbolic(self, name, a, order)
        if order >= len(series):
            raise NotSupported(f"derivatives of {name} of order {order}")
        return self.reduce(series[order](y, self.one))


# tanh and sigma satisfy y' = 1 - y^2 and y' = y(1 - y): every derivative is a polynomial in y.
_ALGEBRAIC: dict[str, list[Callable[[Any, Any], Any]]] = {
    "tanh": [
        lambda y, one: y,
        lambda y, one: one - y * y,
        lambda y, one: -2 * y * (one - y * y),
        lambda y, one: (one - y * y) * (6 * y * y - 2 * one),
        lambda y, one: (one - y * y) * (16 * y - 24 * y * y * y),
    ],
    "sigma": [
        lambda y, one: y,
        lambda y, one: y * (one - y),
        lambda y, one: y * (one - y) * (one - 2 * y),
        lambda y, one: y * (one - y) * (one - 6 * y + 6 * y * y),
        lambda y, one: y * (one - y) * (one - 2 * y) * (one - 12 * y + 12 * y * y),
    ],
    "exp": [lambda y, one: y] * 5,
    "sinh": [],
    "cosh": [],
    "sech": [],
    "coth": [],
    "identity": [],
}


def _hyperbolic(dom: Domain, name: str, a: Element, order: int) -> Element:
    if name == "identity":
        return a if order == 0 else dom.one if order == 1 else dom.zero
    e = dom.exp(a)
    inv = dom.inverse(e)
    half = dom.num(Fraction(1, 2))
    sinh, cosh = half * (e - inv), half * (e + inv)
    if name in ("sinh", "cosh"):
        return dom.reduce(cosh if (name == "cosh") == (order % 2 == 0) else sinh)
    if name == "sech":
        s = dom.inverse(dom.reduce(cosh))
        if order == 0:
            return s
        if order == 1:
            return dom.reduce(-1 * s * s * sinh)
    if name == "coth":
        c = dom.inverse(dom.reduce(sinh))
        if order == 0:
            return dom.reduce(cosh * c)
        if order == 1:
            return dom.reduce(-1 * c * c)
    raise NotSupported(f"derivatives of {name} of order {order}")


# ------------------------------------------------------------------------------- F_p
# Bases live mod P and exponents mod Q with P = 2Q + 1, both prime, so that
# e^(a+b) = e^a e^b holds mod P (DESIGN section 2, point 8). Both residues travel in one integer
# mod N = PQ. An exponential inside an exponent has only a hashed residue mod Q: laws that would
# need it make equal things look different, never different things equal.
Q_ = 2305843009213688669
P_ = 2 * Q_ + 1
N_ = P_ * Q_


class Modular(Domain):
    """F_p at one random point; ``seed`` chooses the point. Compare with :meth:`is_zero`."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._random = random.Random(seed)
        self._values: dict[Slot, int] = {}
        self._exp: dict[int, int] = {}
        # A random element of the subgroup of order Q: every square is one.
        self._base = pow(self._random.randrange(2, P_ - 1), 2, P_)
        self._even = 2 * self._random.randrange(Q_ // 2, Q_)
        self._inv_p_mod_q = pow(P_, -1, Q_)

    def num(self, value: Fraction) -> int:
        if value.denominator == 1:
            return value.numerator % N_
        return value.numerator * pow(value.denominator, -1, N_) % N_

    @property
    def one(self) -> int:
        return 1

    @property
    def zero(self) -> int:
        return 0

    def reduce(self, a: Any) -> Any:
        return a % N_

    def is_zero(self, a: int) -> bool:
        return a % P_ == 0

    def inverse(self, a: int) -> int:
        try:
            return pow(a, -1, N_)
        except ValueError:
            raise Undefined("division by zero") from None

    def exp(self, a: int) -> int:
        a %= N_
        found = self._exp.get(a)
        if found is None:
            exponent = a % Q_
            in_p = pow(self._base, exponent, P_)
            flip = exponent > Q_ // 2
            in_q = 1
            if exponent:
                in_q = self._hash("exp", (), (Q_ - exponent if flip else exponent,)) % Q_
                if flip:
                    in_q = pow(in_q, -1, Q_)
            found = self._exp[a] = in_p + P_ * ((in_q - in_p) * self._inv_p_mod_q % Q_)
        return found

    def sample(self, slot: Slot) -> int:
        found = self._values.get(slot)
        if found is None:
            # Hashing, not drawing: the value must not depend on the order of evaluation.
            found = self._values[slot] = self._hash("free", slot, ())
        return found

    def opaque(self, name: str, orders: tuple[int, ...], args: tuple[int, ...]) -> int:
        return self._hash(name, orders, tuple(a % N_ for a in args))

    def absolute(self, a: int) -> int:
        # An even power that nobody knows: |ab| = |a||b| and |-a| = |a|, and nothing else.
        in_p = pow(a % P_, self._even, P_)
        in_q = self._hash("abs", (), (in_p,)) % Q_
        return in_p + P_ * ((in_q - in_p) * self._inv_p_mod_q % Q_)

    def half_tangent(self, a: int) -> int:
        a %= P_
        u = self._hash("half tangent", (), (min(a, P_ - a),)) if a else 0
        return u if a <= P_ - a else -u % N_

    def norm(self, ord: str, a: Any) -> int:
        # A matrix and its negative have one norm; entries are compared mod P.
        entries = tuple(int(x) % P_ for x in a.ravel())
        other = tuple((P_ - x) % P_ for x in entries)
        return self._hash("norm", (ord, a.shape), min(entries, other))

    def _hash(self, name: str, orders: tuple[Any, ...], args: tuple[int, ...]) -> int:
        text = repr((self.seed, name, orders, args)).encode()
        return int.from_bytes(blake2b(text, digest_size=24).digest(), "big") % N_


# ------------------------------------------------------------------------------- reals
Values = Callable[[Slot], Fraction]


class Real(Domain):
    """What balls and floats share: rational samples, and opaque functions made concrete.

    An unknown function of arguments a_1, a_2, … is taken to be
    ``sum_i i a_i + (sum_i a_i)^2 / 2``: small numbers, unequal first and non-zero second
    derivatives, and a person can check it by hand.
    """

    exact = False

    def __init__(self, values: Values) -> None:
        self.values = values

    def sample(self, slot: Slot) -> Element:
        return self.num(self.values(slot))

    def opaque(self, name: str, orders: tuple[int, ...], args: tuple[Element, ...]) -> Element:
        total = sum(args[1:], args[0])
        degree = sum(orders)
        if degree == 0:
            linear = sum(((i + 1) * a for i, a in enumerate(args)), 0 * args[0])
            return linear + self.num(Fraction(1, 2)) * total * total
        if degree == 1:
            return (orders.index(1) + 1) * self.one + total
        return self.one if degree == 2 else self.zero

    def special(self, name: str, order: int, a: Element) -> Element:
        raise NotImplementedError

    def absolute(self, a: Element) -> Element:
        return abs(a)


class Float(Real):
    """IEEE doubles: fast and unreliable; for screening only."""

    def num(self, value: Fraction) -> float:
        return float(value)

    def inverse(self, a: float) -> float:
        if a == 0:
            raise Undefined("division by zero")
        return 1.0 / a

    def exp(self, a: float) -> float:
        from math import exp

        try:
            return exp(a)
        except OverflowError:
            raise Undefined("overflow") from None

    def tanh(self, a: float) -> float:
        from math import tanh

        return tanh(a)

    def circular(self, a: float) -> tuple[float, float]:
        from math import cos, sin

        return sin(a), cos(a)

    def special(self, name: str, order: int, a: float) -> float:
        from math import log, sqrt

        if name == "relu":
            return max(a, 0.0) if order == 0 else float(a > 0) if order == 1 else 0.0
        if name in ("log", "sqrt") and a > 0 and order <= 1:
            if name == "log":
                return log(a) if order == 0 else 1 / a
            return sqrt(a) if order == 0 else 0.5 / sqrt(a)
        if name in ("log", "sqrt"):
            raise Undefined(f"{name} of {a}")
        return float(self.opaque(name, (order,), (a,)))


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Arb computes with ``bits`` bits inside; the former precision is restored."""
    from flint import ctx

    old, ctx.prec = ctx.prec, bits
    try:
        yield
    finally:
        ctx.prec = old


class Ball(Real):
    """Arb balls: every value is an enclosure of the exact one; see :func:`precision`."""

    def num(self, value: Fraction) -> Any:
        from flint import arb, fmpq

        return arb(fmpq(value.numerator, value.denominator))

    def inverse(self, a: Any) -> Any:
        if a.contains(0):
            raise Undefined("division by a ball that contains zero")
        return 1 / a

    def exp(self, a: Any) -> Any:
        return a.exp()

    def tanh(self, a: Any) -> Any:
        return a.tanh()

    def circular(self, a: Any) -> tuple[Any, Any]:
        return a.sin(), a.cos()

    def is_zero(self, a: Any) -> bool:
        return bool(a.contains(0))

    def special(self, name: str, order: int, a: Any) -> Any:
        if name == "relu":
            if a > 0:
                return a if order == 0 else self.one if order == 1 else self.zero
            if a < 0:
                return self.zero
            raise Undefined("relu at a ball that contains zero")
        if name in ("log", "sqrt"):
            if not a > 0:
                raise Undefined(f"{name} of a ball that is not positive")
            if name == "log":
                return a.log() if order == 0 else self._power(1 / a, order)
            if order <= 1:
                return a.sqrt() if order == 0 else 1 / (2 * a.sqrt())
            raise NotSupported(f"derivatives of {name} of order {order}")
        return self.opaque(name, (order,), (a,))

    def absolute(self, a: Any) -> Any:
        return abs(a)

    def norm(self, ord: str, a: Any) -> Any:
        from bptt_sym.decide.norms import ball_norm

        return ball_norm(ord, a)

    def _power(self, inv: Any, order: int) -> Any:
        if order != 1:
            raise NotSupported(f"derivatives of log of order {order}")
        return inv
