"""One derivation that reaches the target in every form and shows that they agree."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from bptt_sym.derive import Derivation, Range, Trail
from bptt_sym.errors import NotSupported
from bptt_sym.forms.problem import Problem
from bptt_sym.jacobian import offset
from bptt_sym.notation import Node


def agreement(p: Problem, forms: dict[str, Callable[[], Derivation]]) -> None:
    """Join the derivations of ``forms`` in ``p``'s trail and equate their results pairwise.

    A form that does not exist for the target is left out; at least two must be there.
    """
    results: list[tuple[str, int, Node]] = []
    common: dict[str, Range] = {}
    for name, make in forms.items():
        try:
            derivation = make()
        except NotSupported:
            continue
        number = joined(p, derivation)
        if derivation.steps[-1].lhs == p.target:
            results.append((name, number, derivation.result))
            for r in derivation.steps[-1].where:
                common[r.name] = stricter(r, common.get(r.name, r))
    if len(results) < 2:
        raise NotSupported("fewer than two forms of this derivative exist")
    where = tuple(common.values()) or p.horizon
    first, first_number, first_result = results[0]
    for name, number, result in results[1:]:
        p.trail.add(
            f"{first} = {name}",
            first_result,
            result,
            (first_number, number),
            where=where,
            note="both are the derivative asked for",
        )
    for earlier, later in pairwise(results[1:]):
        p.trail.add(
            f"{earlier[0]} = {later[0]}",
            earlier[2],
            later[2],
            (earlier[1], later[1]),
            where=where,
        )


def stricter(a: Range, b: Range) -> Range:
    """The values that both ranges allow; bounds that cannot be compared are taken from ``a``."""
    lo = b.lo if (offset(b.lo, a.lo) or 0) > 0 else a.lo
    hi = a.hi
    if hi is None or (b.hi is not None and (offset(b.hi, hi) or 0) < 0):
        hi = b.hi
    return Range(a.name, lo, hi)


def joined(p: Problem, derivation: Derivation) -> int:
    """The steps of a derivation put behind those of ``p``; the number of its last one."""
    trail: Trail = p.trail
    numbers: dict[int, int] = {}
    for old, step in enumerate(derivation.steps, start=1):
        numbers[old] = trail.add(
            step.rule,
            step.lhs,
            step.rhs,
            tuple(numbers[c] for c in step.cites),
            where=step.where,
            note=step.note,
            label=step.label,
        )
    p.inductions += [(numbers[a], numbers[b], numbers[c]) for a, b, c in derivation.inductions]
    return numbers[len(derivation.steps)]
