"""A gradient by one vector that holds all parameters, part by part.

The parts are where the loss reads it: slices in the shapes of matrices. Of a gradient that was put
together from theirs, the order may be another one, or a matrix's entries column by column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from bptt_sym.testing.tracing import Trace

Array = Any
Params = Mapping[str, Array]
#: Entries of the vector, at most, and parts.
_ENTRIES, _PARTS = 400, 24
#: How near the entries have to come, relative to the greatest.
_NEAR = 1e-9
#: Entries, at least, that tell how much of the vector itself was added.
_TELLING = 3
#: ``slope(loss, direction, trace)``.
Slope = Callable[[Callable[[Any], Any], Params, Trace], float | None]


@final
@dataclass(frozen=True)
class _Part:
    """Entries of the vector that are one array: the first of them, and its shape."""

    start: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def words(self) -> str:
        """Which entries, counted from 0."""
        return f"{self.start} to {self.start + self.size - 1}"


def rearranged(
    slope: Slope, loss: Callable[[Any], Any], point: Params, given: Params, wrong: Sequence[str]
) -> str | None:
    """In what order the parts of a vector are given, if that is all that is wrong with it."""
    if len(wrong) != 1 or point[wrong[0]].ndim != 1 or len(point[wrong[0]]) > _ENTRIES:
        return None
    (name,) = wrong
    value = np.asarray(point[name], float)
    parts = _parts_of(slope, loss, point, name)
    if not 1 < len(parts) <= _PARTS:
        return None
    right = []
    for j in range(len(value)):
        found = slope(loss, {name: np.eye(1, len(value), j)[0]}, Trace())
        if found is None:
            return None
        right.append(found)
    return _told(name, parts, np.asarray(given[name], float), np.array(right), value)


def _parts_of(
    slope: Slope, loss: Callable[[Any], Any], point: Params, name: str
) -> list[_Part]:
    """Where operations of the loss read the vector, in its order, and what is between."""
    trace, held = Trace(watched={}), list[Array]()

    def seen(p: Any) -> Any:
        held.append(p[name])
        return loss(p)

    if slope(seen, {name: np.ones(len(point[name]))}, trace) is None or not held:
        return []
    first, unit, count = _address(held[0]), held[0].itemsize, len(held[0])
    read: set[_Part] = set()
    for operands, _ in trace.given.values():
        for v in operands:
            if not isinstance(v, np.ndarray) or not v.size or v.itemsize != unit:
                continue
            start, beside = divmod(_address(v) - first, unit)
            shape = v.shape if v.flags.c_contiguous else v.shape[::-1]
            whole = v.flags.c_contiguous or v.flags.f_contiguous
            if whole and not beside and 0 <= start <= count - v.size:
                read.add(_Part(start, tuple(shape)))
    taken, parts = np.zeros(count, bool), []
    for part in sorted(read, key=lambda q: (q.size, -len(q.shape))):
        if not taken[part.start : part.start + part.size].any():
            taken[part.start : part.start + part.size] = True
            parts.append(part)
    rest = np.flatnonzero(~taken)
    for group in np.split(rest, np.flatnonzero(np.diff(rest) > 1) + 1):
        if len(group):
            parts.append(_Part(int(group[0]), (len(group),)))
    return sorted(parts, key=lambda q: q.start)


def _address(a: Any) -> int:
    return int(a.__array_interface__["data"][0])


def _told(
    name: str, parts: Sequence[_Part], given: Array, right: Array, value: Array
) -> str | None:
    """What stands in the place of each part.

    A multiple of the vector itself may have been added behind that, to each entry where it is.
    """
    near = _NEAR * max(np.abs(given).max(), np.abs(right).max())
    rate: float | None = None
    at, left = 0, list(parts)
    order: list[_Part] = []
    across: list[str] = []
    while left:
        here = next((q for q in left if q.start == at), None)
        tried = [(q, turned) for q in ([here] if here else []) for turned in (False, True)]
        tried += [(q, turned) for q in left if q is not here for turned in (False, True)]
        for part, turned in tried:
            places = part.start + np.arange(part.size)
            if turned:
                if len(part.shape) != 2 or 1 in part.shape:
                    continue
                places = places.reshape(part.shape).T.ravel()
            to = slice(at, at + part.size)
            off, moved = given[to] - right[places], value[to] - value[places]
            if np.abs(off - (rate or 0.0) * moved).max() > near:
                if rate is not None or np.count_nonzero(moved) < _TELLING:
                    continue
                own = float(off @ moved) / float(moved @ moved)
                if np.abs(off - own * moved).max() > near:
                    continue
                rate = own
            if turned:
                across.append(part.words)
            order.append(part)
            left.remove(part)
            at += part.size
            break
        else:
            return None
    texts = []
    if order != list(parts):
        listed = ", then ".join(q.words for q in order)
        texts.append(f"its parts stand in another order: those of entries {listed}")
    if across:
        texts.append(f"matrices stand column by column: entries {', '.join(across)}")
    return f"d{name}: {'; '.join(texts)}" if texts else None


__all__ = ["rearranged"]
