"""Which rows of a table of measured values another row is: equal, a multiple, or a sum of two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

Array = Any
#: Pairs of rows that are tried, at most, and rows of one direction that are paired.
_TRIED, _GROUP = 200, 300
#: Directions that are the same to rounding of what was measured, and rows that have one at all.
_SAME, _APART = 1e-6, 3e-5


def close(table: Array, target: Array, within: float) -> Array:
    size = np.abs(target).max(initial=0.0)
    return np.flatnonzero((np.abs(table - target) <= within * (size or 1e-300)).all(-1))


def number(value: float) -> str:
    """Six digits, or as many as tell it from a plain number."""
    text = f"{value:.6g}"
    return f"{value:.12g}" if len(text) < 4 and float(text) != value else text


def or_nan(slope: float | None) -> float:
    """A slope, or not a number where there is none."""
    return float("nan") if slope is None else slope


def _plain(c: float) -> float | None:
    """The fraction with a small denominator that ``c`` was measured to be, if there is one."""
    near = float(Fraction(c).limit_denominator(1000))
    return near if near and abs(near - c) <= 1e-6 * max(1.0, abs(c)) else None


def combined(
    made: Callable[[Array, Array], Array], left: Array, right: Array, target: Array, within: float
) -> Iterator[tuple[int, int]]:
    """Pairs of a row of ``left`` and one of ``right`` that ``made`` gives ``target`` from."""
    size = within * (np.abs(target).max(initial=0.0) or 1e-300)
    near = np.ones((len(left), len(right)), bool)
    # The first two entries tell nearly all apart.
    for e in range(min(2, len(target))):
        near &= np.abs(made(left[:, None, e], right[None, :, e]) - target[e]) <= size
    for a, k in np.argwhere(near)[:4000]:
        if np.abs(made(left[a], right[k]) - target).max(initial=0.0) <= size:
            yield int(a), int(k)


def multiples(table: Array, target: Array, within: float) -> Iterator[tuple[int, float]]:
    """The rows of ``table`` that ``target`` is a plain multiple of."""
    sizes = (table * table).sum(-1)
    with np.errstate(all="ignore"):
        factors = np.nan_to_num(table @ target / sizes)
    for k in close(factors[:, None] * table, target, within):
        c = _plain(float(factors[k]))
        if c is not None:
            yield int(k), c


def pairs(
    table: Array, target: Array, within: float
) -> Iterator[tuple[int, int, float, float]]:
    """Pairs of rows that ``target`` is a sum of plain multiples of."""
    found = []
    for j, k in _aligned(table, target):
        two = np.stack([table[j], table[k]], 1)
        (c, d), _, rank, _ = np.linalg.lstsq(two, target, rcond=1e-9)
        c, d = _plain(float(c)), _plain(float(d))
        if rank < 2 or c is None or d is None:
            continue
        if len(close((c * table[j] + d * table[k])[None], target, within)):
            found.append((j, k, c, d))
    yield from found


def _aligned(table: Array, target: Array) -> list[tuple[int, int]]:
    """Pairs of rows that ``target`` lies between: what is left of both beside it, is parallel.

    Rows are sorted by the direction of what is left, so that a table of thousands takes no time.
    """
    size = float(np.linalg.norm(target))
    if not size or table.shape[1] < 2:
        return []
    unit = target / size
    rest = table - (table @ unit)[:, None] * unit
    norms = np.linalg.norm(rest, axis=1)
    rows = np.flatnonzero(norms > _APART * np.maximum(np.linalg.norm(table, axis=1), 1e-300))
    if len(rows) < 2:
        return []
    directions = rest[rows] / norms[rows, None]
    along = directions @ np.random.default_rng(5).normal(size=table.shape[1])
    directions, along = directions * np.sign(along)[:, None], np.abs(along)
    order = np.argsort(along, kind="stable")
    ends = np.flatnonzero(np.diff(along[order]) > _SAME) + 1
    out = []
    for group in np.split(order, ends):
        if 1 < len(group) <= _GROUP:
            apart = np.abs(directions[group, None] - directions[None, group]).max(-1)
            gram = table[rows[group]] @ table[rows[group]].T
            sizes = np.outer(np.diag(gram), np.diag(gram))
            # (Rows that are multiples of each other are aligned, and no pair.)
            two = sizes - gram * gram > 1e-9 * sizes
            for a, b in np.argwhere(np.triu(two & (apart <= _SAME), 1)):
                j, k = sorted((int(rows[group[a]]), int(rows[group[b]])))
                out.append((j, k))
    return sorted(out)[:_TRIED]


__all__ = ["close", "combined", "multiples", "number", "or_nan", "pairs"]
