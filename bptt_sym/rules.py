"""Local derivatives of the elementwise functions, one line each, in the notation of mathematics.

A rule gives :math:`f'` from the argument ``a``, the output ``y = f(a)`` and, where it needs another
function, ``f(name, a)``. It is written with ``+ - * / **`` only, so the same line is read by the
graph (through handles), by expressions (:func:`as_node`) and by anything else with arithmetic.
Nothing else in the package knows a derivative of an elementwise function.

``accurate`` is the same number in floating point from the argument, without the cancellation of
:math:`1-y^2` near saturation (where it has relative error 1e-8 at ``|a| = 10`` and 1 at 19).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bptt_sym.notation import Add, Div, Fn, Had, Neg, Node, Num, Pow, add, mul, num

Apply = Callable[[str, Any], Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """``derivative(a, y, f)`` and, optionally, an accurate floating-point form of it."""

    derivative: Callable[[Any, Any, Apply], Any]
    accurate: Callable[[float], float] | None = None


def _sech2(a: float) -> float:
    """1 - tanh(a)^2 = 4E/(1+E)^2 with E = exp(-2|a|)."""
    e = math.exp(-2.0 * abs(a))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


def _logistic_slope(a: float) -> float:
    """s(1 - s) = E/(1+E)^2 with E = exp(-|a|)."""
    e = math.exp(-abs(a))
    return e / ((1.0 + e) * (1.0 + e))


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "tanh": Rule(lambda a, y, f: 1 - y**2, _sech2),
        "sigma": Rule(lambda a, y, f: y * (1 - y), _logistic_slope),
        "exp": Rule(lambda a, y, f: y),
        "log": Rule(lambda a, y, f: 1 / a),
        "sqrt": Rule(lambda a, y, f: 1 / (2 * y)),
        "sinh": Rule(lambda a, y, f: f("cosh", a)),
        "cosh": Rule(lambda a, y, f: f("sinh", a)),
        "sech": Rule(lambda a, y, f: -(y * f("tanh", a))),
        "coth": Rule(lambda a, y, f: 1 - y**2),
        # Kinks: the one-sided value at the kink is the domain's affair; step and sign are locally
        # constant everywhere else.
        "relu": Rule(lambda a, y, f: f("step", a)),
        "abs": Rule(lambda a, y, f: f("sign", a)),
        "step": Rule(lambda a, y, f: 0 * a),
        "sign": Rule(lambda a, y, f: 0 * a),
        "identity": Rule(lambda a, y, f: 1 + 0 * a),
    }
)


@dataclass(frozen=True, slots=True)
class _Term:
    """A :class:`~bptt_sym.notation.Node` with arithmetic; products of vectors are elementwise."""

    node: Node
    vector: bool

    def _make(self, node: Node) -> _Term:
        return _Term(node, self.vector)

    def __add__(self, other: Any) -> _Term:
        return self._make(add(self.node, _node(other)))

    def __radd__(self, other: Any) -> _Term:
        return self._make(add(_node(other), self.node))

    def __neg__(self) -> _Term:
        return self._make(Neg(self.node))

    def __sub__(self, other: Any) -> _Term:
        return self._make(Add((self.node, Neg(_node(other)))))

    def __rsub__(self, other: Any) -> _Term:
        return self._make(Add((_node(other), Neg(self.node))))

    def __mul__(self, other: Any) -> _Term:
        right = _node(other)
        elementwise = self.vector and not isinstance(right, Num)
        return self._make(Had((self.node, right)) if elementwise else mul(self.node, right))

    def __rmul__(self, other: Any) -> _Term:
        return self._make(mul(_node(other), self.node))

    def __rtruediv__(self, other: Any) -> _Term:
        return self._make(Div(_node(other), self.node))

    def __pow__(self, exponent: int) -> _Term:
        return self._make(Pow(self.node, num(exponent)))


def _node(value: Any) -> Node:
    return value.node if isinstance(value, _Term) else num(value)


def as_node(name: str, a: Node, y: Node, *, vector: bool = False) -> Node:
    """The derivative of function ``name`` at ``a``, where it is ``y``, as an expression.

    The shape is that of ``a``; with ``vector=True`` products are :class:`Had`. An opaque function
    gets one more prime.
    """
    rule = RULES.get(name)
    if rule is None:
        order = y.order if isinstance(y, Fn) and y.name == name else 0
        return Fn(name, a, order + 1)
    apply = lambda fn, arg: _Term(Fn(fn, arg.node), vector)  # noqa: E731
    return _node(rule.derivative(_Term(a, vector), _Term(y, vector), apply))
