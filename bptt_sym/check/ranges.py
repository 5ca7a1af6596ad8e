r"""Ranges of sums and products that are written otherwise than from the first step to the last."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bptt_sym.notation import At, Claim, D, Idx, Node, Prod, Sum, num, rebuild, walk

#: ``\\prod_i^k``: a product with its last step alone.
_ENDS_ONLY = re.compile(
    r"\\prod\s*(?:\\limits\s*)?_\s*(?:\{\s*[a-z]\s*\}|[a-z])\s*\^"
)


def begun_at(claim: Claim) -> Iterator[tuple[Claim, int]]:
    """``claim`` with products that do not say where they begin from step 0, 1 or 2 on."""
    if not _ENDS_ONLY.search(claim.source):
        return

    def change(n: Node, first: int) -> Node:
        n = rebuild(n, lambda c: change(c, first))
        return replace(n, lo=num(first)) if isinstance(n, Prod) else n

    for first in (2, 0):
        yield replace(claim, sides=tuple(change(s, first) for s in claim.sides)), first


def with_other_ranges(claim: Claim) -> Iterator[tuple[Claim, str]]:
    """``claim`` with what else the ranges of its sums and products may be, and why."""
    for begun, first in begun_at(claim):
        yield begun, f"the product, whose first step is not written, begins at {first}"
    if (turned := run_down(claim)) is not None:
        yield turned, "the range begins with its last step, as it is written"


def run_down(claim: Claim) -> Claim | None:
    r"""``claim`` with :math:`\prod_{j=t}^{k+1}` as the product from k+1 up to t.

    ``None`` if none goes from the step of what the left side differentiates to another index.
    """
    turned = False
    of = [n.y for n in walk(claim.sides[0]) if isinstance(n, D) and isinstance(n.y, At)]
    late = {i for y in of for i in _indices(y.time)}

    def change(n: Node) -> Node:
        nonlocal turned
        n = rebuild(n, change)
        if not isinstance(n, (Sum, Prod)) or not _indices(n.hi):
            return n
        if _indices(n.lo) & late and not _indices(n.hi) & late:
            turned = True
            if isinstance(n, Prod):
                return replace(n, lo=n.hi, hi=n.lo, descending=True)
            return replace(n, lo=n.hi, hi=n.lo)
        return n

    sides = tuple(change(s) for s in claim.sides)
    return replace(claim, sides=sides) if turned else None


def _indices(bound: Node) -> set[str]:
    return {n.name for n in walk(bound) if isinstance(n, Idx)}
