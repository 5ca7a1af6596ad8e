"""Bounds from both sides at once: :math:`-1 \\le x \\le 1` says that :math:`|x| \\le 1`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bptt_sym.check.exercises.exercise import Part
from bptt_sym.check.solution.absolute import fingerprint, worked_out
from bptt_sym.check.solution.lines import Chain, Written
from bptt_sym.notation import Abs, Neg, Node, Num

_UP, _DOWN = ("<=", "<"), (">=", ">")
_TURNED = {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}


def between(
    part: Part, chain: Chain, same: Callable[[Node, Node], bool]
) -> list[Written] | None:
    """The sides of ``chain``, ``a ≤ x ≤ b``, as a bound of the target; ``None`` if it is none.

    x is the target or what it is the size of, as far as ``same`` tells. Of ``|x|`` the larger one
    of the sizes of a and b is the bound.
    """
    ops = [str(side.op) for side in chain.sides[1:]]
    if not part.is_bound or len(ops) != 2 or not (set(ops) <= {*_UP} or set(ops) <= {*_DOWN}):
        return None
    low, middle, high = chain.sides
    if ops[0] in _DOWN:
        low, high = high, low
    strict = "=" not in "".join(ops)
    if same(part.target, middle.node):
        left = replace(middle, op="", node=part.target)
        if part.relation in _UP:
            return [left, replace(high, op=ops[1] if high is chain.sides[2] else _TURNED[ops[0]])]
        return [left, replace(low, op=_TURNED[ops[0]] if low is chain.sides[0] else ops[1])]
    if not isinstance(part.target, Abs) or part.relation not in _UP:
        return None
    widest = _widest(low, high)
    if widest is None or not same(part.target.arg, middle.node):
        return None
    op = "<" if strict else "<="
    return [replace(middle, op="", node=part.target), replace(widest, op=op)]


def _widest(low: Written, high: Written) -> Written | None:
    """The bound of the size of what lies between ``low`` and ``high``."""
    a, b = worked_out(low.node), worked_out(high.node)
    if fingerprint(worked_out(Neg(b))) == fingerprint(a) or fingerprint(a) == fingerprint(Neg(b)):
        return high
    if isinstance(a, Num) and isinstance(b, Num):
        return replace(high, node=Num(max(abs(a.value), abs(b.value))))
    return None


__all__ = ["between"]
