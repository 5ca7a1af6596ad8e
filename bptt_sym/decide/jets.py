"""Second derivatives by a scalar: the whole world over dual numbers.

``a + b·eps`` with ``eps**2 = 0`` over any domain; the coefficient of eps of a first derivative,
computed in the world where the variable carries eps, is its total derivative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from bptt_sym.decide.domains import Domain, Element, Slot
from bptt_sym.decide.tensor import Tensor, flat, from_flat, shape
from bptt_sym.errors import NotSupported
from bptt_sym.notation import D

if TYPE_CHECKING:
    from bptt_sym.decide.interpret import Interpreter


@dataclass(frozen=True)
class Dual:
    """``a + b·eps`` over the domain ``dom``."""

    a: Element
    b: Element
    dom: Domain

    def _of(self, other: Any) -> Dual | None:
        if isinstance(other, Dual):
            return other
        if not isinstance(other, int):
            return None
        return Dual(self.dom.num(Fraction(other)), self.dom.zero, self.dom)

    def __add__(self, other: Any) -> Dual:
        o = self._of(other)
        if o is None:
            return NotImplemented
        return Dual(self.a + o.a, self.b + o.b, self.dom)

    def __sub__(self, other: Any) -> Dual:
        o = self._of(other)
        if o is None:
            return NotImplemented
        return Dual(self.a - o.a, self.b - o.b, self.dom)

    def __mul__(self, other: Any) -> Dual:
        o = self._of(other)
        if o is None:
            return NotImplemented
        r = self.dom.reduce
        return Dual(r(self.a * o.a), r(self.a * o.b + self.b * o.a), self.dom)

    def __rsub__(self, other: Any) -> Dual:
        negated: Dual = -(self - other)
        return negated

    def __neg__(self) -> Dual:
        return self * -1

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Dual):
            return bool(self.a == other.a and self.b == other.b)
        return bool(self.a == other and self.b == 0)

    def __hash__(self) -> int:
        return hash((self.a, self.b))

    __radd__ = __add__
    __rmul__ = __mul__


class DualDomain(Domain):
    """Dual numbers over ``base``; the free variable ``slot`` carries eps."""

    def __init__(self, base: Domain, slot: Slot) -> None:
        self.base = base
        self.slot = slot
        self.exact = base.exact

    def _lift(self, a: Element, b: Element) -> Dual:
        return Dual(self.base.reduce(a), self.base.reduce(b), self.base)

    def num(self, value: Fraction) -> Dual:
        return self._lift(self.base.num(value), self.base.zero)

    def sample(self, slot: Slot) -> Dual:
        slope = self.base.one if slot == self.slot else self.base.zero
        return self._lift(self.base.sample(slot), slope)

    def inverse(self, a: Dual) -> Dual:
        inv = self.base.inverse(a.a)
        return self._lift(inv, -1 * inv * inv * a.b)

    def exp(self, a: Dual) -> Dual:
        e = self.base.exp(a.a)
        return self._lift(e, e * a.b)

    def fn(self, name: str, a: Dual, order: int = 0) -> Dual:
        value = self.base.fn(name, a.a, order)
        return self._lift(value, self.base.fn(name, a.a, order + 1) * a.b)

    def opaque(self, name: str, orders: tuple[int, ...], args: tuple[Dual, ...]) -> Dual:
        plain = tuple(x.a for x in args)
        value = self.base.opaque(name, orders, plain)
        slope = self.base.zero
        for i, x in enumerate(args):
            higher = (*orders[:i], orders[i] + 1, *orders[i + 1 :])
            slope = slope + self.base.opaque(name, higher, plain) * x.b
        return self._lift(value, slope)

    def special(self, name: str, order: int, a: Dual) -> Dual:
        value = self.base.special(name, order, a.a)
        return self._lift(value, self.base.special(name, order + 1, a.a) * a.b)

    def reduce(self, a: Any) -> Any:
        if isinstance(a, Dual):
            return self._lift(a.a, a.b)
        return a if not shape(a) else from_flat(shape(a), [self.reduce(x) for x in flat(a)])

    def is_zero(self, a: Dual) -> bool:
        return self.base.is_zero(a.a) and self.base.is_zero(a.b)


def second_derivative(
    interp: Interpreter, node: D, x: tuple[str, int | None], kind: str, env: Mapping[str, int]
) -> Tensor:
    """``∂(…∂…)/∂x`` for a scalar parameter or input ``x``; only the total one is defined.

    Raises
    ------
    NotSupported
        ``x`` is a state, not a scalar, or the derivative is not total.
    """
    from bptt_sym.decide.interpret import Interpreter
    from bptt_sym.decide.world import World

    world = interp.world
    if x[0] in world.rec.defined or world.shape(x[0]) != () or kind != "total":
        raise NotSupported("second derivatives other than total ones by a scalar parameter")
    dual = World(
        world.rec,
        DualDomain(world.domain, (x[0], x[1], 0)),
        world.dims,
        scalar=world.scalar,
        fixed=world.fixed,
    )
    inner = node.y
    if isinstance(inner, D) and inner.kind == "unmarked":
        inner = replace(inner, kind="total")
    value = Interpreter(dual, interp.conv, interp.horizon).value(inner, env)
    return from_flat(shape(value), [v.b for v in flat(value)])
