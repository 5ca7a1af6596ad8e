r"""Sums and products over a distance, written over the step itself.

:math:`\sum_{k=0}^{T-1} w^k \prod_{j=0}^{k-1}(1-h_{T-j}^2)\,\ldots` runs over how far back a step
is. With :math:`k = T - s` and :math:`j = T - i` it is :math:`\sum_{s=1}^{T} w^{T-s}
\prod_{i=s+1}^{T}(1-h_i^2)\,\ldots`, the same value at every T, and a form whose automaton
:mod:`bptt_sym.decide.automaton` counts.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.notation import (
    Add,
    At,
    Idx,
    Neg,
    Node,
    Prod,
    Sum,
    affine,
    children,
    free_indices,
    from_affine,
    rebuild,
    substitute_index,
)

Affine = tuple[dict[str, int], int]


def highest_first(node: Prod) -> bool:
    """Whether the factor with the greatest index stands leftmost.

    Where the text does not say, the latest step does, as in a path product: of a product over a
    distance back, as :math:`\\prod_{j=0}^{k-1}` of :math:`T-j`, that is the lowest index.
    """
    if node.descending is not None:
        return node.descending
    known: bool | None = node.__dict__.get("_highest_first")
    if known is None:
        found = _distance(node)
        known = node.__dict__["_highest_first"] = found is None or found[0] > 0
    return known


def over_steps(node: Node) -> Node:
    """``node`` with each sum and product over a distance turned into one over steps.

    The inner ones first: an end of theirs that was a distance is a step then, for the outer ones.
    """
    within = rebuild(node, over_steps)
    if isinstance(node, Prod) and isinstance(within, Prod):
        within = replace(within, descending=highest_first(node))
    return _over_steps(within) if isinstance(within, (Sum, Prod)) else within


def _over_steps(node: Sum | Prod) -> Sum | Prod:
    found = _distance(node)
    if found is None:
        return node
    sign, mark = found
    var = Idx(node.var)
    if sign < 0:
        step: Node = Add((mark, Neg(var)))
        lo, hi = Add((mark, Neg(node.hi))), Add((mark, Neg(node.lo)))
    else:
        step = Add((var, Neg(mark)))
        lo, hi = Add((node.lo, mark)), Add((node.hi, mark))
    body = _canonical(substitute_index(node.body, node.var, step))
    moved = replace(node, lo=_canonical(lo), hi=_canonical(hi), body=body)
    if sign < 0 and isinstance(moved, Prod):
        # What had the highest index has the lowest now.
        return replace(moved, descending=not moved.descending)
    return moved


def _distance(node: Sum | Prod) -> tuple[int, Node] | None:
    """``(-1, mark)`` if the variable is a distance back from the step ``mark``, ``(1, mark)`` if it
    is one ahead of it; ``None`` if some step is named by the variable itself, or none is."""
    var = node.var
    ways = {
        (form[0][var], tuple(sorted((n, c) for n, c in form[0].items() if n != var)))
        for form in _times(node.body, var)
    }
    if len(ways) != 1:
        return None
    sign, others = ways.pop()
    if abs(sign) != 1 or not others:
        return None
    mark = from_affine(dict(others), 0)
    return (sign, mark) if free_indices(mark) <= free_indices(node) else None


def _times(node: Node, var: str) -> list[Affine]:
    """The steps that are named in ``node`` by means of ``var``: times, and ends of ranges."""
    found: list[Affine] = []
    todo = [node]
    while todo:
        n = todo.pop()
        ends: tuple[Node, ...] = ()
        if isinstance(n, At):
            ends = (n.time,)
        elif isinstance(n, (Sum, Prod)):
            ends = (n.lo, n.hi)
        for end in ends:
            form = affine(end)
            if form is not None and var in form[0]:
                found.append(form)
        todo += children(n)
    return found


def _canonical(node: Node) -> Node:
    """``node`` with every index in canonical form, so that what cancels is gone."""
    form = affine(node)
    if form is not None and form[0]:
        return from_affine(*form)
    return rebuild(node, _canonical)
