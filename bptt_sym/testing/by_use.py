"""Which uses of an operation pass nothing back, by what each of them contributes.

Where no path runs through two uses of an operation, as through what is added to a sum again and
again, what a gradient lacks is the sum of what some of them contribute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bptt_sym.testing.fits import or_nan
from bptt_sym.testing.tracing import ORDINALS, Change, Trace

Array = Any
Params = Mapping[str, Array]
#: ``slope(direction, change)``.
Slope = Callable[[Params, Change | None], float | None]
#: Uses of an operation at most, equations, and seconds of processor time for all.
_USES, _EQUATIONS, _SECONDS = 24, 4, 4.0
#: Uses of a product of which every subset is tried, at most.
_SUBSETS = 6
#: What the equations may leave, relative to their greatest coefficient.
_REST = 1e-9


def by_use(
    slope: Slope, point: Params, given: Params, wrong: Sequence[str], own: Trace
) -> Iterator[tuple[str, Change]]:
    """Operands that some uses take to be constant, as the equations have it."""
    end, rng = time.thread_time() + _SECONDS, np.random.default_rng(17)
    along = [{n: rng.normal(size=point[n].shape) for n in wrong} for _ in range(_EQUATIONS)]
    claimed = np.array([sum(float((given[n] * v[n]).sum()) for n in wrong) for v in along])
    right = np.array([or_nan(slope(v, None)) for v in along])
    # What is added to a sum is what no path runs through twice.
    sites = sorted(own.reached.items(), key=lambda item: item[0][0].function != "add")
    for (site, k), uses in sites:
        if not 1 < len(uses) <= _USES or site.function == "index":
            continue
        made = []
        for u in uses:
            change = Change(site, "operand", k, frozenset({u}))
            made.append([or_nan(slope(v, change)) for v in along])
            if time.thread_time() > end:
                return
        chosen = _subset(np.array(made).T - right[:, None], claimed - right)
        if chosen is None:
            continue
        some = [u for u, c in zip(uses, chosen, strict=True) if c]
        which = f"{ORDINALS[k]} operand" if site.operands > 1 else "argument"
        yield (
            f"`{site.words}` (line {site.where[1]}) passes nothing back to its {which} at "
            f"use{'s' if len(some) > 1 else ''} {_runs(some)} of {own.sites[site]}",
            Change(site, "operand", k, frozenset(some)),
        )


def some_uses(own: Trace) -> Iterator[tuple[str, Change]]:
    """Operands of products that some uses, any of few, take to be constant: a truncation."""
    for (site, k), uses in own.reached.items():
        if site not in own.products or not 2 < len(uses) <= _SUBSETS:
            continue
        for bits in range(1, 2 ** len(uses) - 1):
            some = [u for j, u in enumerate(uses) if bits >> j & 1]
            yield (
                f"`{site.words}` (line {site.where[1]}) passes nothing back to its {ORDINALS[k]} "
                f"operand at use{'s' if len(some) > 1 else ''} {_runs(some)} of {own.sites[site]}",
                Change(site, "operand", k, frozenset(some)),
            )


def _subset(columns: Array, off: Array) -> Array | None:
    """Which columns add up to ``off``; ``None`` if there are no such ones.

    Every sum of one half of the columns is looked for among those of the other half. Columns that
    are 0 take no part.
    """
    size = np.abs(columns).max(initial=0.0)
    if not (np.isfinite(columns).all() and np.isfinite(off).all() and size):
        return None
    seen = np.flatnonzero(np.abs(columns).max(0) > 1e-12 * size)
    near = _REST * max(size, float(np.abs(off).max()))
    halves = seen[: len(seen) // 2], seen[len(seen) // 2 :]
    sides = []
    for half in halves:
        bits = (np.arange(2 ** len(half))[:, None] >> np.arange(len(half))) & 1
        sides.append((bits.astype(bool), bits @ columns[:, half].T))
    (left, a), (right, b) = sides
    order = np.argsort(b[:, 0])
    wanted = off - a
    low = np.searchsorted(b[order, 0], wanted[:, 0] - near)
    high = np.searchsorted(b[order, 0], wanted[:, 0] + near)
    for i in np.flatnonzero(high > low):
        for j in order[low[i] : high[i]]:
            if (np.abs(b[j] - wanted[i]) <= near).all() and (left[i].any() or right[j].any()):
                out = np.zeros(columns.shape[1], bool)
                out[halves[0]], out[halves[1]] = left[i], right[j]
                return out
    return None


def _runs(uses: Sequence[int]) -> str:
    """Numbers from 1 on, neighbours joined."""
    out: list[list[int]] = []
    for u in sorted(uses):
        if out and out[-1][1] == u:
            out[-1][1] = u + 1
        else:
            out.append([u + 1, u + 1])
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in out)


__all__ = ["by_use", "some_uses"]
