"""Which rows of a table of measured values another row is: equal, a multiple, or a sum of two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

Array = Any


def close(table: Array, target: Array, within: float) -> Array:
    size = np.abs(target).max(initial=0.0)
    return np.flatnonzero((np.abs(table - target) <= within * (size or 1e-300)).all(-1))


def number(value: float) -> str:
    """Six digits, or as many as tell it from a plain number."""
    text = f"{value:.6g}"
    return f"{value:.12g}" if len(text) < 4 and float(text) != value else text


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
    gram, right = table @ table.T, table @ target
    sizes, whole = np.diag(gram), float(target @ target)
    with np.errstate(all="ignore"):
        det = sizes[:, None] * sizes - gram * gram
        first = (right[:, None] * sizes - right * gram) / det
        second = (right * sizes[:, None] - right[:, None] * gram) / det
        left = whole - first * right[:, None] - second * right
        independent = det > 1e-9 * sizes[:, None] * sizes
    near = np.argwhere(np.triu(independent & (np.abs(left) <= 1e-9 * whole), 1))
    for j, k in near[:200]:
        c, d = _plain(float(first[j, k])), _plain(float(second[j, k]))
        if c is None or d is None:
            continue
        if len(close((c * table[j] + d * table[k])[None], target, within)):
            yield int(j), int(k), c, d


__all__ = ["close", "combined", "multiples", "number", "pairs"]
