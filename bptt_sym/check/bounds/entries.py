r"""Bounds on the entries of a vector: ``0 \le 1 - h_t^2 \le 1``.

What only applies functions entry by entry to one activation is a statement about one number, the
argument of that activation: where it holds for every number, it holds for every entry.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Claim,
    Fn,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Num,
    Pow,
    Sym,
    rebuild,
    walk,
)
from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

_ENTRYWISE = (Abs, Add, At, Fn, Had, Mul, Neg, Num, Pow)
_ARGUMENT = "a"


def of_one_entry(claim: Claim, rec: Recurrence) -> tuple[Claim, Recurrence] | None:
    """``claim`` about one entry, with the model of a number whose activation it is about.

    ``None`` if a side is not entry by entry, or about more than one activation.
    """
    about = {n for side in claim.sides for n in walk(side) if isinstance(n, At)}
    if len({(n.name, n.time) for n in about}) != 1 or claim.given:
        return None
    for side in claim.sides:
        for n in walk(side):
            if isinstance(n, Fn) and n.order:
                return None
            if not isinstance(n, (*_ENTRYWISE, Idx)):
                return None
            if isinstance(n, Pow) and not isinstance(n.exp, Num):
                return None
            if isinstance(n, Mul) and sum(not isinstance(a, Num) for a in n.args) > 1:
                return None  # the product of two vectors is no entry
    name = next(iter(about)).name
    rhs = rec.rhs(name) if name in rec.defined else None
    if not (isinstance(rhs, Fn) and rhs.name in ("tanh", "sigma") and not rhs.order):
        return None
    value = Fn(rhs.name, Sym(_ARGUMENT))

    def entry(node: Node) -> Node:
        if isinstance(node, At):
            return value
        node = rebuild(node, entry)
        return Mul(node.args) if isinstance(node, Had) else node

    return replace(claim, sides=tuple(entry(s) for s in claim.sides)), _one_number()


@lru_cache(maxsize=1)
def _one_number() -> Recurrence:
    """Any recurrence of numbers with the parameter that the activation is applied to."""
    line = rf"q_t = \tanh({_ARGUMENT} q_{{t-1}})"
    return recurrence_from_latex([line], name="one entry", scalar=True)
