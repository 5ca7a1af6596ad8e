"""Truncation: at some steps of a loop nothing is passed back to the step before.

A value that a loop carries is an operand that is, at every use but the first, what an operation
gave at the use before. All that read it are cut at the same uses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bptt_sym.testing.fits import or_nan
from bptt_sym.testing.tracing import Change, Site, Trace

Array = Any
Params = Mapping[str, Array]
Slope = Callable[[Params, Change | None], float | None]
Reads = list[tuple[Site, int]]
#: Uses of which every subset is tried, uses at most, and seconds of processor time.
_SUBSETS, _USES, _SECONDS = 7, 40, 3.0


def carried_cuts(
    slope: Slope, given: Params, wrong: Sequence[str], own: Trace, directions: Sequence[Params]
) -> str | None:
    """Where it is cut, in words, if that explains every wrong parameter."""
    end = time.thread_time() + _SECONDS
    carried = _carried(own)
    every = [read for reads in carried.values() for read in reads]
    groups = [("all that is", every)] if len(carried) > 1 else []
    groups += [(f"what {source.place} gives, and is", reads) for source, reads in carried.items()]
    for words, reads in groups:
        counts = {own.sites[site] for site, _ in reads}
        count = counts.pop()
        if counts:
            continue
        for uses in _some(count):
            if time.thread_time() > end:
                return None
            change = None
            for site in dict.fromkeys(site for site, _ in reads):
                for k in [k for s, k in reads if s is site][:1]:
                    change = Change(site, "operand", k, frozenset(uses), also=change)
            if all(_fits(slope, change, k, given, v) for k in wrong for v in directions):
                listed = ", ".join(str(u + 1) for u in uses)
                return (
                    f"{words} carried on from one step to the next, passes nothing back at "
                    f"step{'s' if len(uses) > 1 else ''} {listed} of {count}: it is truncated there"
                )
    return None


def _fits(slope: Slope, change: Change | None, name: str, given: Params, v: Params) -> bool:
    made = or_nan(slope({name: v[name]}, change))
    size = float(np.abs(given[name] * v[name]).sum())
    claimed = float((given[name] * v[name]).sum())
    return bool(abs(made - claimed) <= 1e-10 * max(size, abs(made)))


def _carried(own: Trace) -> dict[Site, Reads]:
    """What reads a carried value, by the operation that gives it."""
    out: dict[Site, Reads] = {}
    for (site, k), uses in own.reached.items():
        rows, count = own.operands.get(site, []), own.sites[site]
        if not 2 < count <= _USES or len(rows) != count or len(uses) < count - 1:
            continue
        read = [np.real(row[k]) for row in rows]
        if not np.ndim(read[0]) or np.array_equal(read[-1], read[-2]):
            continue
        for source, results in own.results.items():
            if len(results) == count and all(
                np.array_equal(read[u], np.real(results[u - 1])) for u in range(count - 1, 0, -1)
            ):
                out.setdefault(source, []).append((site, k))
                break
    return out


def _some(count: int) -> Iterator[list[int]]:
    """Uses but the first: every second, every third and so on, then all others."""
    seen = set()
    for every in range(2, count):
        for first in range(every):
            uses = [u for u in range(1, count) if u % every == first]
            if uses and tuple(uses) not in seen:
                seen.add(tuple(uses))
                yield uses
    for bits in range(1, 2 ** (count - 1)) if count <= _SUBSETS else ():
        uses = [u for u in range(1, count) if bits >> (u - 1) & 1]
        if tuple(uses) not in seen:
            yield uses


__all__ = ["carried_cuts"]
