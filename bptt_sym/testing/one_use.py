"""What a gradient of a loss has too much, or lacks, of what comes back to one use of an operation.

The gradient is linear in what comes back to each value of the loss. If that is another one at one
use of one operation, the gradient is off by the same linear image of the difference, whose matrix
is what the parameters do to the value: the equations are solved, and the solution is looked up
among what comes back to the other values of its shape, the carry of another loop for instance.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from bptt_sym.testing.fits import number
from bptt_sym.testing.tracing import ORDINALS, STEP, Change, Site, Trace

Array = Any
Params = Mapping[str, Array]
_Place = tuple[Site, int]
_Arrays = tuple[tuple[Any, ...], Any]
#: A use of an operation, and which of its operands, ``None`` for its result.
_End = tuple[_Place, int | None]
#: ``slope(direction, change, trace)``.
Slope = Callable[[Params, Change | None, Trace | None], float | None]
#: Entries of parameters and of a value, at most, and seconds of processor time.
_PARAMETERS, _ENTRIES, _SECONDS = 400, 40, 6.0
#: What the equations may leave, and how near what is looked up has to come.
_REST, _NEAR = 1e-9, 1e-7
#: Operations that have a value as an operand, at most, and entries that tell a factor, at least.
_USERS, _TELLING = 6, 4
#: Places that are named, at most.
_PLACES = 4


def at_one_use(slope: Slope, point: Params, given: Params) -> tuple[str, bool] | None:
    """What is another value than it should be, and whether it is known which one it is."""
    end = time.thread_time() + _SECONDS
    tangents = _tangents(slope, point, end)
    if tangents is None:
        return None
    order, right, made, arrays = tangents
    off = np.concatenate([np.ravel(given[k]) for k in point]) - right
    size = float(np.abs(off).max(initial=0.0))
    off = np.where(np.abs(off) <= 1e-10 * np.abs(right).max(initial=1.0), 0.0, off)
    solved: list[tuple[_Place, Array]] = []
    for place in reversed(order):
        matrix = made[place]
        if matrix.shape[1] > _ENTRIES or 2 * matrix.shape[1] > len(off) or not matrix.any():
            continue
        solution, _, rank, _ = np.linalg.lstsq(matrix, off, rcond=1e-9)
        if rank == matrix.shape[1] and np.abs(matrix @ solution - off).max() <= _REST * size:
            solved.append((place, solution))
    for place, added in solved:
        words = _recognised(slope, point, place, added, order, made, arrays, end)
        if words:
            return words, True
    if solved:
        return _may_be([_shown(place, order) for place, _ in solved]), False
    found = []
    for site in dict.fromkeys(s for s, _ in reversed(order)):
        # All uses at once, if there are equations enough to tell.
        matrix = np.concatenate([made[p] for p in order if p[0] == site], 1)
        if matrix.shape[1] > _ENTRIES * 4 or 1.5 * matrix.shape[1] > len(off) or not matrix.any():
            continue
        solution, _, rank, _ = np.linalg.lstsq(matrix, off, rcond=1e-9)
        if rank == matrix.shape[1] and np.abs(matrix @ solution - off).max() <= _REST * size:
            found.append(site.place)
    return (_may_be(found), False) if found else None


def _may_be(places: Sequence[str]) -> str:
    """Where another value may come back: the equations have a solution at each of these places."""
    named = list(dict.fromkeys(places))
    shown = named[:_PLACES] if len(named) <= _PLACES else [*named[: _PLACES - 1], named[-1]]
    listed = " or to ".join(shown)
    return f"all that is wrong would follow from another value coming back to {listed}"


def _tangents(
    slope: Slope, point: Params, end: float
) -> tuple[list[_Place], Array, dict[_Place, Array], Mapping[_Place, _Arrays]] | None:
    """The uses in their order, the right gradient, what every parameter does to each value, and
    the arrays themselves."""
    entries = [(k, index) for k, v in point.items() for index in np.ndindex(np.shape(v))]
    if len(entries) > _PARAMETERS:
        return None
    right, rows, trace = [], [], Trace()
    for name, index in entries:
        v = np.zeros(np.shape(point[name]))
        v[index] = 1.0
        trace = Trace(watched={})
        value = slope({name: v}, None, trace)
        if value is None or time.thread_time() > end:
            return None
        right.append(value)
        rows.append(trace.watched or {})
    order = list(rows[0])
    if any(list(r) != order for r in rows):
        return None
    made = {p: np.stack([np.ravel(r[p]) for r in rows]) / STEP for p in order}
    return order, np.array(right), made, trace.given


def _recognised(
    slope: Slope, point: Params, place: _Place, added: Array, order: Sequence[_Place],
    made: Mapping[_Place, Array], arrays: Mapping[_Place, _Arrays], end: float,
) -> str | None:  # fmt: skip
    top = float(np.abs(added).max())
    own = _comes_back(slope, point, [(place, None)], len(added))
    if own is None:
        return None
    what = f"what comes back to {_shown(place, order)}"
    if np.abs(own + added).max() <= _NEAR * top:
        return f"nothing comes back to {_shown(place, order)}"
    factor = 1 + float(own @ added) / float(own @ own) if own.any() else 1.0
    if np.abs((factor - 1) * own - added).max() <= _NEAR * top:
        return f"{what} is there {number(factor)} times"
    factor_words = _factored(place, own, own + added, order, arrays)
    if factor_words:
        return f"{what} is multiplied by {factor_words}"
    parts = _parts(slope, point, place, order, arrays, end)
    for count in range(1, len(parts) + 1):
        for some in combinations(parts, count):
            whole = np.sum([value for _, value in some], axis=0)
            for sign, text in ((-1, "is missing"), (1, "is there twice")):
                if np.abs(sign * whole - added).max() <= _NEAR * top:
                    there = " and ".join(words for words, _ in some)
                    return f"of {what}, what comes from {there} {text}"
    for words, others in _alike(place, order, made, arrays):
        if words == _shown(place, order):
            continue  # another part of the same expression
        if time.thread_time() > end:
            return None
        value = _comes_back(slope, point, others, len(added))
        if value is None or not value.any():
            continue
        there = f"what comes back to {words}"
        for text, off in (
            (f"{what} has in it {there} as well", value),
            (f"{there} stands for {what}", value - own),
            (f"{what} lacks {there}", -value),
        ):
            if np.abs(off - added).max() <= _NEAR * top:
                return text
    return None


def _parts(
    slope: Slope, point: Params, place: _Place, order: Sequence[_Place],
    arrays: Mapping[_Place, _Arrays], end: float,
) -> list[tuple[str, Array]]:  # fmt: skip
    """What each operation passes back to a value that it has as it is, as an operand."""
    right: Any = arrays[place][1]
    out: list[tuple[str, Array]] = []
    if not isinstance(right, np.ndarray):
        return []
    for p, (operands, _) in arrays.items():
        for k, v in enumerate(operands):
            same = isinstance(v, np.ndarray) and _address(v) == _address(right)
            if not same or v.shape != right.shape or v.strides != right.strides:
                continue
            if len(out) == _USERS or time.thread_time() > end:
                return []
            value = _comes_back(slope, point, [(p, k)], right.size)
            if value is not None and value.any():
                out.append((_shown(p, order), value))
    return out


#: What may be made of a value before something is multiplied by it.
_FORMS: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("{}", lambda v: v), ("1 / {}", lambda v: 1 / v), ("the square of {}", lambda v: v * v),
    ("the root of {}", np.sqrt), ("1 / the root of {}", lambda v: 1 / np.sqrt(v)),
    ("1 − {}", lambda v: 1 - v), ("1 − the square of {}", lambda v: 1 - v * v),
    ("1 / (1 − {})", lambda v: 1 / (1 - v)),
)  # fmt: skip


def _factored(
    place: _Place, own: Array, code: Array, order: Sequence[_Place],
    arrays: Mapping[_Place, _Arrays],
) -> str | None:  # fmt: skip
    """The value, or what is made of one, that what comes back is multiplied by too much."""
    if not own.all() or len(own) < _TELLING:
        return None
    factor = code / own
    if np.ptp(factor) <= _NEAR * np.abs(factor).max():
        return None  # one number, which any row of equal ones is
    for p, (_, right) in arrays.items():
        if np.size(right) != len(own) or not np.all(right):
            continue
        value = np.ravel(np.real(right))
        for words, made in _FORMS:
            with np.errstate(all="ignore"):
                off = np.abs(made(value) - factor).max()
            if off <= _NEAR * np.abs(factor).max():
                return words.format(f"the value of {_shown(p, order)}")
    return None


def _alike(
    place: _Place, order: Sequence[_Place], made: Mapping[_Place, Array],
    arrays: Mapping[_Place, _Arrays],
) -> Iterator[tuple[str, list[_End]]]:  # fmt: skip
    """Other values of as many entries: those that no operation made, then the ends of loops."""
    size = made[place].shape[1]
    results = {_address(right) for _, right in arrays.values()}
    starts: dict[int, list[_End]] = {}
    for p, (operands, _) in arrays.items():
        for k, v in enumerate(operands):
            if isinstance(v, np.ndarray) and v.size == size and _address(v) not in results:
                starts.setdefault(_address(v), []).append((p, k))
    for ends in starts.values():
        first, which = ends[0]
        yield f"the {ORDINALS[which or 0]} operand of {_shown(first, order)}", ends
    last: dict[Site, int] = {}
    for site, use in order:
        last[site] = max(last.get(site, 0), use)
    some = [p for p in order if p != place and made[p].shape[1] == size]
    for p in sorted(some, key=lambda p: p[1] not in (0, last[p[0]])):
        yield _shown(p, order), [(p, None)]


def _address(a: Any) -> int:
    return int(a.__array_interface__["data"][0]) if isinstance(a, np.ndarray) else 0


def _comes_back(
    slope: Slope, point: Params, ends: Sequence[_End], size: int
) -> Array | None:
    """The derivative of the loss by a value, or by what is an operand in all these places."""
    out = np.zeros(size)
    nothing = {k: np.zeros(np.shape(v)) for k, v in list(point.items())[:1]}
    for j in range(size):
        unit = np.zeros(size)
        unit[j] = STEP
        for (site, use), operand in ends:
            # One at a time: of a site, one change alone can be made in a pass.
            kind, k = ("added", 0) if operand is None else ("pushed", operand)
            value = slope(nothing, Change(site, kind, k, frozenset({use}), {use: unit}), None)
            if value is None:
                return None
            out[j] += value
    return out


def _shown(place: _Place, order: Sequence[_Place]) -> str:
    site, use = place
    count = sum(1 for s, _ in order if s == site)
    which = f" at use {use + 1} of {count}" if count > 1 else ""
    return f"`{site.words}` (line {site.where[1]}){which}"


__all__ = ["at_one_use"]
