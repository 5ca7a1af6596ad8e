"""A factor that is lost in what is given for a parameter, while what is carried on has it.

``db += dh`` for ``db += da``: from where a step uses the parameter to the next operation of that
step the derivative is wrong, and right wherever the same operation passes on what comes from other
steps. Each use is taken alone, with the change at the same use of the operation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bptt_sym.testing.fits import or_nan
from bptt_sym.testing.tracing import Change, Site, Trace

Array = Any
Params = Mapping[str, Array]
Slope = Callable[[Params, Change | None], float | None]
#: Changes that lose a factor, uses at most, and seconds of processor time.
_LOST, _USES, _SECONDS = frozenset(("identity", "factor", "divisor")), 24, 3.0


def in_own_use(
    slope: Slope,
    candidates: Iterable[tuple[str, Change]],
    point: Params,
    given: Params,
    wrong: Sequence[str],
    trace: Trace,
    directions: Sequence[Params],
) -> str | None:
    """Which change explains every wrong parameter so, in words."""
    own = {name: _own(trace, point[name]) for name in wrong}
    end = time.thread_time() + _SECONDS
    if any(place is None for place in own.values()):
        return None
    for words, change in candidates:
        if time.thread_time() > end:
            return None
        if change.kind in _LOST and all(
            place and _fits(slope, change, place, name, given, trace, directions)
            for name, place in own.items()
        ):
            return f"{words}, in what is given for it alone: what is carried on is right"
    return None


def _own(trace: Trace, value: Array) -> tuple[Site, int] | None:
    """The one site that reads a parameter, several times, and as which operand."""
    found = set()
    for site, rows in trace.operands.items():
        for k in range(len(rows[0])):
            read = [np.asarray(row[k]) for row in rows if k < len(row)]
            if all(
                r.shape == v.shape and np.array_equal(np.real(r), v)
                for r in read[:1] for v in (value if r.shape == value.shape else value.T,)
            ):  # fmt: skip
                found.add((site, k))
    place = found.pop() if len(found) == 1 else None
    return place if place and 1 < trace.sites[place[0]] <= _USES else None


def _fits(
    slope: Slope, change: Change, place: tuple[Site, int], name: str, given: Params, trace: Trace,
    directions: Sequence[Params],
) -> bool:  # fmt: skip
    site, k = place
    uses = frozenset(range(trace.sites[site]))
    if change.site is site or trace.sites[change.site] != len(uses):
        return False
    for v in directions:
        total = 0.0
        for u in uses:
            here = replace(change, uses=frozenset({u}))
            alone = Change(site, "operand", k, uses - {u}, also=here)
            total += or_nan(slope({name: v[name]}, alone))
        size = float(np.abs(given[name] * v[name]).sum())
        if not abs(total - float((given[name] * v[name]).sum())) <= 1e-10 * max(size, abs(total)):
            return False
    return True


__all__ = ["in_own_use"]
