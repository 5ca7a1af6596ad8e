"""Second derivatives by a scalar: the whole world over dual numbers.

``a + b·eps`` with ``eps**2 = 0`` over any domain; the coefficient of eps of a first derivative,
computed in the world where the variable carries eps, is its total derivative; where everything
else that an equation reads is held fixed, it is the second partial derivative of that equation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from bptt_sym.decide.domains import Domain, Element, Slot
from bptt_sym.decide.tensor import Tensor, flat, from_flat, shape
from bptt_sym.errors import NotSupported
from bptt_sym.notation import At, Call, D, Node, Sym, children, walk

if TYPE_CHECKING:
    from bptt_sym.decide.interpret import Interpreter

#: Derivatives of derivatives; each doubles the work.
MAX_ORDER = 8


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
    """Dual numbers over ``base``; what is sampled carries no eps."""

    def __init__(self, base: Domain) -> None:
        self.base = base
        self.exact = base.exact

    def _lift(self, a: Element, b: Element) -> Dual:
        return Dual(self.base.reduce(a), self.base.reduce(b), self.base)

    def num(self, value: Fraction) -> Dual:
        return self._lift(self.base.num(value), self.base.zero)

    def sample(self, slot: Slot) -> Dual:
        return self._lift(self.base.sample(slot), self.base.zero)

    def carrying(self, a: Element, eps: int) -> Dual:
        """``a + eps``, or ``a`` itself."""
        return self._lift(a, self.base.one if eps else self.base.zero)

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
    """``∂(…∂…)/∂x`` for a scalar ``x``: total, or of one equation whose other terms are fixed.

    Raises
    ------
    NotSupported
        ``x`` is not a scalar, the derivative is of another kind, or a total one by a state of
        what is not a first derivative by the same state.
    """
    from bptt_sym.decide.interpret import Interpreter
    from bptt_sym.decide.world import World

    world = interp.world
    if world.shape(x[0]) != () or kind not in ("total", "direct"):
        raise NotSupported("second derivatives other than by a scalar, total or of one equation")
    if _order(node) > MAX_ORDER:
        raise NotSupported(f"derivatives of an order beyond {MAX_ORDER}")
    inner = node.y
    if isinstance(inner, D) and inner.kind == "unmarked":
        inner = replace(inner, kind="total")
    domain = DualDomain(world.domain)
    dual = World(
        world.rec, domain, world.dims, scalar=world.scalar, fixed=world.fixed, labels=world.labels
    )
    if kind == "direct":
        for name, time in _read_by(interp, inner, env):
            dual.give(name, time, _constant(domain, world.value(name, time, interp.horizon)))
    elif x[0] in world.rec.defined and not (isinstance(inner, D) and inner.x == node.x):
        raise NotSupported("a second derivative by a state and something else")
    dual.give(x[0], x[1], domain.carrying(world.value(x[0], x[1], interp.horizon), 1))
    value = Interpreter(dual, interp.conv, interp.horizon).value(inner, env)
    return from_flat(shape(value), [v.b for v in flat(value)])


def _order(node: Node) -> int:
    """How many derivatives stand within each other."""
    todo, most = [(node, 0)], 0
    while todo:
        n, depth = todo.pop()
        depth += isinstance(n, D)
        most = max(most, depth)
        todo += [(c, depth) for c in children(n)]
    return most


def _read_by(
    interp: Interpreter, inner: Node, env: Mapping[str, int]
) -> list[tuple[str, int | None]]:
    """What the one equation reads whose derivative is differentiated again."""
    rec = interp.world.rec
    if not (isinstance(inner, D) and inner.kind in ("direct", "total")):
        raise NotSupported("a second derivative of one equation whose first is none")
    if isinstance(inner.y, Call):
        return [interp.leaf_of(n, env) for n in walk(inner.y) if isinstance(n, (At, Sym))]
    name, time = interp.leaf_of(inner.y, env)
    return [*interp.world.direct(name, time, interp.horizon if name in rec.totals else 0)]


def _constant(domain: DualDomain, value: Tensor) -> Tensor:
    return from_flat(shape(value), [domain.carrying(v, 0) for v in flat(value)])
