r"""Products of absolute values: :math:`|\partial s_t/\partial s_{t-1}| = |w| (1 - s_t^2)`.

Of numbers :math:`|a|\,|b| = |ab|`, and what is never negative is its own absolute value. A product
of such factors, beside the absolute value of a derivative, is the absolute value of one product.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.check.bounds.magnitude import Bounder
from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Claim,
    D,
    Div,
    Fn,
    Mul,
    Node,
    Num,
    Pow,
    Prod,
    walk,
)
from bptt_sym.recurrence import Recurrence

_NEVER_NEGATIVE = frozenset((("tanh", 1), ("sigma", 1), ("relu", 1), ("sigma", 0), ("exp", 0)))


def with_products_inside(claim: Claim, rec: Recurrence) -> Claim:
    """``claim`` with ``|w (1 - s^2)|`` for ``|w| (1 - s^2)`` beside such a derivative."""
    if not rec.is_scalar or not any(_of_a_derivative(s) for s in claim.sides):
        return claim
    sides = list(claim.sides)
    for k, op in enumerate(claim.ops):
        if op == "=":
            for j in (k, k + 1):
                inside = _inside(sides[j], rec) if not isinstance(sides[j], Abs) else None
                if inside is not None and any(isinstance(n, Abs) for n in walk(sides[j])):
                    sides[j] = Abs(inside)
    return replace(claim, sides=tuple(sides))


def _of_a_derivative(side: Node) -> bool:
    return isinstance(side, Abs) and any(isinstance(n, D) for n in walk(side.arg))


def _inside(node: Node, rec: Recurrence) -> Node | None:
    """What ``node`` is the absolute value of; ``None`` if it may be negative."""
    match node:
        case Abs(arg=a):
            return a
        case Mul(args=args):
            parts = [_inside(a, rec) for a in args]
            return None if None in parts else Mul(tuple(p for p in parts if p is not None))
        case Div(num=a, den=b):
            above, below = _inside(a, rec), _inside(b, rec)
            return None if above is None or below is None else Div(above, below)
        case Prod(body=body):
            inner = _inside(body, rec)
            return None if inner is None else replace(node, body=inner)
        case Pow(base=b, exp=e):
            inner = _inside(b, rec)
            return None if inner is None else Pow(inner, e)
    return node if _is_never_negative(node, rec) else None


def _is_never_negative(node: Node, rec: Recurrence) -> bool:
    match node:
        case Num(value=v):
            return v >= 0
        case Fn(name=name, order=order):
            return (name, order) in _NEVER_NEGATIVE
        case At(name=name) if name in rec.defined:
            return _is_never_negative(rec.rhs(name), rec) and name not in rec.states
        case Add():
            return Bounder(rec).complement(node) is not None
    return False
