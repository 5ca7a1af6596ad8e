r"""Derivatives of what is made of entries, told by those of the entries themselves.

.. math::

    \frac{\partial}{\partial W_{ij}} \Big[ \sum_n R_{kn} \sigma(s_n) + b_k \Big] = \sum_n \Big(
    \frac{\partial R_{kn}}{\partial W_{ij}} \sigma(s_n) + R_{kn} \sigma'(s_n)
    \frac{\partial s_n}{\partial W_{ij}} \Big) + \frac{\partial b_k}{\partial W_{ij}}

Entries are numbers, so that the rules are those for numbers, in any order of the factors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bptt_sym.entries import UNITS, Entry, UnitSum, letters
from bptt_sym.errors import NotSupported
from bptt_sym.notation import ZERO, Add, Fn, Had, Mul, Neg, Node, Num, Sum, add, rebuild

#: Functions that are no function of each entry by itself, or have no slope that is written so.
_OTHERWISE = frozenset(("softmax", "log", "exp", "sqrt", "max", "relu"))


def through_entries(y: Node, by: Entry, leaf: Callable[[Entry], Node]) -> Node | None:
    """The derivative of ``y`` by the entry ``by``; ``leaf`` gives that of one entry, or 0.

    ``None`` if ``y`` is no sum or product of entries and functions of them, or does not depend on
    what it is differentiated by.
    """
    try:
        found = _through(y, by, leaf)
    except NotSupported:
        return None
    return None if found == ZERO else found


def _through(y: Node, by: Entry, leaf: Callable[[Entry], Node]) -> Node:
    match y:
        case Entry():
            return leaf(y)
        case Num():
            return ZERO
        case Neg(arg=a):
            return _unless_zero(_through(a, by, leaf), lambda d: replace(y, arg=d))
        case Add(args=args):
            return _sum([_through(a, by, leaf) for a in args])
        case UnitSum(var=var, body=body):
            if var in by.at:
                taken = {*by.at, var, *letters(body)}
                free = next((c for c in sorted(UNITS) if c not in taken), None)
                if free is None:
                    raise NotSupported("no letter is left for a sum over units")
                var, body = free, _with_letter(body, var, free)
            inner = _through(body, by, leaf)
            return _unless_zero(inner, lambda d: UnitSum(var, d, span=y.span))
        case Sum(body=body):
            return _unless_zero(_through(body, by, leaf), lambda d: replace(y, body=d))
        case Mul(args=args) | Had(args=args):
            changes = ((k, _through(a, by, leaf)) for k, a in enumerate(args))
            return _sum([Mul((*args[:k], d, *args[k + 1 :])) for k, d in changes if d != ZERO])
        case Fn(name=name, arg=arg) if name not in _OTHERWISE:
            slope = replace(y, order=y.order + 1)
            return _unless_zero(_through(arg, by, leaf), lambda d: Mul((slope, d), span=y.span))
    raise NotSupported("what is differentiated is not made of entries")


def _sum(terms: list[Node]) -> Node:
    kept = [t for t in terms if t != ZERO]
    return add(*kept) if kept else ZERO


def _unless_zero(inner: Node, change: Callable[[Node], Node]) -> Node:
    return ZERO if inner == ZERO else change(inner)


def _with_letter(node: Node, old: str, new: str) -> Node:
    """``node`` with the letter ``new`` of units for ``old``."""
    if isinstance(node, Entry):
        return replace(node, at=node.at.replace(old, new))
    if isinstance(node, UnitSum) and node.var == old:
        return node
    return rebuild(node, lambda n: _with_letter(n, old, new))
