"""Two operations that pass nothing back to one of their operands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from bptt_sym.testing.fits import or_nan
from bptt_sym.testing.tracing import Change, Trace

Array = Any
Params = Mapping[str, Array]
Slope = Callable[[Params, Change | None], float | None]
#: Operations of which two are cut, at most, and those that differ in what they do, of which all
#: pairs are tried.
_CUTS, _APART = 80, 24


def two_cuts(
    slope: Slope,
    candidates: Iterable[tuple[str, Change]],
    given: Params,
    wrong: Sequence[str],
    directions: Sequence[Params],
    own: Trace,
) -> Iterator[tuple[str, Change]]:
    """Two changes, and their words.

    What two cuts take away is the sum of what each does, as long as no path runs through both.
    """
    along = [{k: v[k]} for v in directions for k in wrong]
    right = [or_nan(slope(v, None)) for v in along]
    claimed = [float(sum((given[k] * v[k]).sum() for k in v)) for v in along]
    off = [c - r for c, r in zip(claimed, right, strict=True)]
    cuts = [(w, c) for w, c in candidates if c.kind == "operand"][:_CUTS]
    made = [
        [or_nan(slope(v, c)) - r for v, r in zip(along, right, strict=True)]
        for _, c in cuts
    ]
    table, needed = np.array(made).reshape(len(cuts), len(along)), np.array(off)
    near = 1e-9 * (np.abs(right) + np.abs(needed) + np.abs(table).max(0, initial=0.0))
    for i in range(len(cuts)):
        for j in range(i + 1, len(cuts)):
            if cuts[i][1].site != cuts[j][1].site and (
                np.abs(table[i] + table[j] - needed) <= near
            ).all():
                words = f"{cuts[i][0]}; {cuts[j][0]}"
                yield words, replace(cuts[i][1], also=cuts[j][1])
    # Of one value: what runs through both is cut once.
    for (first, a), (second, b) in combinations(cuts, 2):
        if a.site != b.site and np.array_equal(_operand(own, a), _operand(own, b)):
            yield f"{first}; {second}", replace(a, also=b)
    # Where a path runs through both, they are no sum.
    kept = [i for i in range(len(cuts)) if np.abs(table[i]).max(initial=0.0) > near.max()]
    kept = [i for i in kept if not any((np.abs(table[i] - table[j]) <= near).all()
                                       for j in kept if j < i)][:_APART]  # fmt: skip
    for i, j in combinations(kept, 2):
        if cuts[i][1].site != cuts[j][1].site:
            yield f"{cuts[i][0]}; {cuts[j][0]}", replace(cuts[i][1], also=cuts[j][1])


def _operand(own: Trace, change: Change) -> Array:
    """The operand of a change's site, where it is used first; not a number if it is not kept."""
    rows = own.operands.get(change.site)
    return rows[0][change.operand] if rows and change.operand < len(rows[0]) else np.array(np.nan)


__all__ = ["two_cuts"]
