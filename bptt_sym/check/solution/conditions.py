"""What a solution may suppose: parameters and initial values are free, and the rest is not."""

from __future__ import annotations

from collections.abc import Iterable

from bptt_sym.check.answer import Court
from bptt_sym.notation import At, Call, D, Fn, Idx, Node, Prod, Sum, Sym, affine, walk


def is_condition(sides: Iterable[Node], court: Court) -> bool:
    """Whether the sides are about what is free to choose: parameters and initial values."""
    nodes = [n for side in sides for n in walk(side)]
    if any(isinstance(n, (D, Fn, Call, Sum, Prod, Idx)) for n in nodes):
        return False
    elements = [n for n in nodes if isinstance(n, At)]
    return all(_is_free(n, court) for n in elements) and any(
        isinstance(n, (Sym, At)) for n in nodes
    )


def _is_free(element: At, court: Court) -> bool:
    """Whether nothing gives the element its value."""
    form = affine(element.time)
    if form is None or element.name not in court.model.states or form[1] > 0:
        return element.name not in court.model.defined
    fixed = court.arena.fixed.get((element.name, form[1]))
    return fixed is None and element.name not in court.model.initial


__all__ = ["is_condition"]
