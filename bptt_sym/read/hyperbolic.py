r"""The slope of tanh as tables of derivatives write it: ``\operatorname{sech}^2``, ``1/\cosh^2``.

Both are :math:`\tanh'(z)`, of which the rest of the software knows the size and the paths.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.notation import Claim, Div, Fn, Mul, Node, Num, Pow, rebuild


def with_slopes_of_tanh(claim: Claim) -> Claim:
    """``claim`` with :math:`\\tanh'` for even powers of sech and of 1/cosh."""
    sides = tuple(slopes_of_tanh(side) for side in claim.sides)
    return claim if sides == claim.sides else replace(claim, sides=sides)


def slopes_of_tanh(node: Node) -> Node:
    """``node`` with :math:`\\tanh'` for even powers of sech and of 1/cosh."""
    found: Node | None = None
    if isinstance(node, Pow):
        found = _slope(node, "sech", 1) or _slope(node, "cosh", -1)
    elif isinstance(node, Div) and isinstance(node.den, Pow):
        slope = _slope(node.den, "cosh", 1)
        if slope is not None:
            one = isinstance(node.num, Num) and node.num.value == 1
            found = slope if one else Mul((node.num, slope), span=node.span)
    return rebuild(found or node, slopes_of_tanh)


def _slope(power: Pow, name: str, sign: int) -> Node | None:
    base, exponent = power.base, power.exp
    if not (isinstance(base, Fn) and base.name == name and base.order == 0):
        return None
    if not isinstance(exponent, Num):
        return None
    times = exponent.value * sign / 2
    if times.denominator != 1 or times < 1:
        return None
    slope = Fn("tanh", base.arg, 1, span=power.span)
    return slope if times == 1 else Pow(slope, Num(times), span=power.span)


__all__ = ["slopes_of_tanh", "with_slopes_of_tanh"]
