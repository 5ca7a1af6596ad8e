r"""What hypotheses say about sizes: ``|w| < 1``, ``\|W\| \le c``, ``0 < w < 1``.

:math:`|\partial h_T/\partial h_k| \le w^{T-k}` is not true of a negative :math:`w`. Who writes it,
or ":math:`w < 1`" where :math:`|w| < 1` is needed, thinks of weights that are not negative; that
is supposed where the text does not say otherwise, and the verdict says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from bptt_sym.check.bounds.magnitude import norm_of
from bptt_sym.notation import (
    STEEPEST,
    Abs,
    Add,
    Claim,
    Div,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Ones,
    Pow,
    Sym,
    Transpose,
    num,
)
from bptt_sym.read.vocabulary import CONSTANT
from bptt_sym.recurrence import Recurrence

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
#: The mark of a spectral radius.
RADIUS = "ρ"
#: A limit of a size, and whether it is not reached.
Limit = tuple[Fraction, bool]


@dataclass
class Sizes:
    """What hypotheses say about sizes: ``upper[("|", "w")] = (1, strict)`` for |w| < 1."""

    upper: dict[Any, Limit] = field(default_factory=dict)
    lower: dict[Any, Limit] = field(default_factory=dict)
    unread: list[Claim] = field(default_factory=list)
    #: Between which numbers a parameter lies.
    floor: dict[str, Limit] = field(default_factory=dict)
    ceiling: dict[str, Limit] = field(default_factory=dict)
    #: The most that several sizes multiplied are.
    products: dict[frozenset[Any], Limit] = field(default_factory=dict)

    @classmethod
    def of(cls, claims: Sequence[Claim], values: Mapping[str, Fraction] | None = None) -> Sizes:
        """Hypotheses of the form ``|w| < c``, ``‖W‖ ≤ c``, ``w < c`` and their reverses.

        ``values`` are those of the parameters that have one.
        """
        sizes = cls()
        for name, value in (values or {}).items():
            sizes.floor[name] = sizes.ceiling[name] = value, False
        for claim in claims:
            if not sizes._take(claim):
                sizes.unread.append(claim)
        for name in {**sizes.floor, **sizes.ceiling}:
            sizes._enclose(name)
        return sizes

    def _take(self, claim: Claim) -> bool:
        if len(claim.ops) != 1:
            return False
        if (orthogonal := _orthogonal(claim)) is not None:
            self.upper[orthogonal] = self.lower[orthogonal] = Fraction(1), False
            return True
        left, right, op = claim.sides[0], claim.sides[1], claim.ops[0]
        if constant(right) is None:
            left, right, op = right, left, _TURNED.get(op, op)  # type: ignore[assignment]
        (factor, base), value = _scaled(left), constant(right)
        if base is None and value is not None and op in ("<", "<="):
            several = _several(left)
            self.products |= {several: (value, op == "<")} if several else {}
            return bool(several)
        if base is None or value is None or factor <= 0 or op not in (*_TURNED, "="):
            return False
        limit = (value / factor, op in ("<", ">"))
        below, above = (
            (self.ceiling, self.floor) if isinstance(base, str) else (self.upper, self.lower)
        )
        if op in ("<", "<=", "="):
            below[base] = limit
        if op in (">", ">=", "="):
            above[base] = limit
        return True

    def _enclose(self, name: str) -> None:
        """What follows for ``|w|`` from the numbers between which ``w`` lies."""
        low, high = self.floor.get(name), self.ceiling.get(name)
        base = ("|", name)
        if low is not None and high is not None:
            found = max(((-low[0], low[1]), high), key=lambda end: (end[0], not end[1]))
            known = self.upper.get(base, found)
            self.upper[base] = min(known, found, key=lambda end: (end[0], not end[1]))
        for end in (low, None if high is None else (-high[0], high[1])):
            if end is not None and end[0] >= 0:
                self.lower[base] = max(self.lower.get(base, end), end)

    def falls(self, bases: frozenset[Any]) -> bool:
        """Whether a hypothesis says that these sizes multiplied are below 1."""
        most, strict = self.products.get(bases, (Fraction(2), False))
        return most < 1 or (most == 1 and strict)

    def is_positive(self, name: str) -> bool:
        """Whether a number is known not to be negative."""
        return name in self.floor and self.floor[name][0] >= 0

    def allows(self, name: str, value: Fraction) -> bool:
        """Whether ``value`` is between the numbers between which a parameter lies."""
        low, high = self.floor.get(name), self.ceiling.get(name)
        above = low is None or value > low[0] or (value == low[0] and not low[1])
        return above and (high is None or value < high[0] or (value == high[0] and not high[1]))

    def at_most(self, base: Any) -> Limit | None:
        """``(c, strict)`` with ``base <= c``, or ``None``."""
        if isinstance(base, Fraction):
            return base, False
        found = [self.upper[b] for b in (base, larger(base)) if b in self.upper]
        return min(found, key=lambda limit: limit[0], default=None)


def _several(node: Node) -> frozenset[Any]:
    """The sizes of which a node is the product; none if it is not."""
    sizes = [size_of(a) for a in node.args] if isinstance(node, Mul) else []
    return frozenset() if None in sizes or len({*sizes}) < len(sizes) else frozenset(sizes)


def size_of(node: Node) -> Any:
    """The size that a hypothesis is about: |w|, ‖W‖ or ρ(W)."""
    match node:
        case Abs(arg=Sym(name=n)):
            return ("|", n)
        case Norm(arg=Sym(name=n), ord=kind):
            return ("‖", n, norm_of(kind))
        case Sym(name=name) if name.startswith(STEEPEST):
            return ("sup", name.removeprefix(STEEPEST))
        case Mul(args=(Sym(name=r"\rho"), Sym(name=n))):
            return (RADIUS, n)
    return None


def _orthogonal(claim: Claim) -> Any:
    """The size of W in ``W^\\top W = I``."""
    match claim:
        case Claim(sides=(Mul(args=(a, b)), Ones()), ops=("=",)):
            pair = (a.arg, b) if isinstance(a, Transpose) else (b.arg, a) if (
                isinstance(b, Transpose)) else (None, a)
            if isinstance(pair[0], Sym) and pair[0] == pair[1]:
                return ("‖", pair[0].name, "2")
    return None


def put_in(fixed: Mapping[tuple[str, int | str | None], Node]) -> dict[str, Fraction]:
    """The numbers among the values that are supposed."""
    found = {name: constant(value) for (name, time), value in fixed.items() if time is None}
    return {name: value for name, value in found.items() if value is not None}


def _scaled(node: Node) -> tuple[Fraction, Any]:
    """A size, or the name of a number, and what it is multiplied by; ``None`` for other nodes."""
    match node:
        case Sym(name=name) if size_of(node) is None:
            return Fraction(1), name
        case Div(num=a, den=b) if constant(b):
            factor, base = _scaled(a)
            return factor / (constant(b) or 1), base
        case Mul(args=args) if size_of(node) is None:
            factors = [constant(a) for a in args]
            rest = [a for a, value in zip(args, factors, strict=True) if value is None]
            if len(rest) == 1:
                factor, base = _scaled(rest[0])
                for value in factors:
                    factor *= 1 if value is None else value
                return factor, base
    return Fraction(1), size_of(node)


def larger(base: Any) -> Any:
    """The size of a matrix by the Frobenius norm, which is at least that by the spectral norm."""
    spectral = isinstance(base, tuple) and base[0] == "‖" and base[-1] == "2"
    return (*base[:-1], "F") if spectral else base


def constant(node: Node) -> Fraction | None:
    """The number that a node is, if it is one."""
    match node:
        case Num(value=v):
            return v
        case Neg(arg=a):
            inner = constant(a)
            return None if inner is None else -inner
        case Div(num=a, den=b):
            x, y = constant(a), constant(b)
            return None if x is None or not y else x / y
    return None


def parted(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Each relation of ``0 < w < 1`` by itself."""
    out: list[Claim] = []
    for claim in claims:
        links = zip(pairwise(claim.sides), claim.ops, strict=True)
        out += [replace(claim, sides=sides, ops=(op,)) for sides, op in links]
    return tuple(out)


def supposed_signs(
    claim: Claim, given: Sequence[Claim], rec: Recurrence, known: Collection[str]
) -> tuple[Claim, ...]:
    """``0 ≤ w`` for each number on whose sign the bound ``claim`` depends and nothing is said.

    ``known`` are the numbers that have a value. What stands with its sign on the smaller side,
    too, bounds no size there: ``w ≤ 2w`` is about the sign.
    """
    told = {*known, *with_signs(claim.sides[0], rec)}
    above = dict.fromkeys(with_signs(claim.sides[1], rec))
    for g in given:
        name, op, value = _about(g)
        if not name or rec.shapes.get(name) != ():
            continue
        if op in ("<", "<=") and value > 0:
            above[name] = None
        else:
            told.add(name)
    return tuple(Claim((num(0), Sym(name)), ("<=",)) for name in above if name not in told)


def _about(claim: Claim) -> tuple[str, str, int]:
    """The number that a relation is about, its order, and the sign of what it is compared with."""
    left, right, op = claim.sides[0], claim.sides[1], claim.ops[0]
    if constant(right) is None:
        left, right, op = right, left, _TURNED.get(op, op)  # type: ignore[assignment]
    (factor, base), value = _scaled(left), constant(right)
    if not isinstance(base, str) or value is None or factor <= 0:
        return "", op, 0
    return base, op, (value > 0) - (value < 0)


def with_signs(node: Node, rec: Recurrence) -> list[str]:
    """The numbers that a side multiplies or adds as they are, and not only in even powers."""
    match node:
        case Sym(name=name):
            return [name] if name != CONSTANT and rec.shapes.get(name) == () else []
        case Abs() | Norm():
            return []
        case Pow(exp=Num(value=value)) if value.denominator == 1 and value.numerator % 2 == 0:
            return []
        case Pow(base=base):
            return with_signs(base, rec)
        case Add(args=args) | Mul(args=args):
            return [name for a in args for name in with_signs(a, rec)]
        case Div(num=a, den=b):
            return [*with_signs(a, rec), *with_signs(b, rec)]
    return []


__all__ = [
    "Sizes", "constant", "larger", "parted", "put_in", "size_of", "supposed_signs", "with_signs",
]  # fmt: skip
