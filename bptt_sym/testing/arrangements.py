"""Lines of a loss that are alike, and arrays that are put together from parts.

Layers that are written out one after the other share their mistakes; so do the two directions of a
sequence, whose halves of an array, or whose matrices, are taken for each other; gates that lie in
one array are taken in another order; an array that was joined is cut at the wrong column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from bptt_sym.testing.bilinear import JOINED
from bptt_sym.testing.tracing import ORDINALS, Change, Site, Trace

Array = Any
#: Parts of equal size that an array may have, and columns at which a joined one is cut.
_BLOCKS, _CUTS = (2, 3, 4), 24
_NAME = re.compile(r"[^\W\d]\w*+|\d++(?:\.\d++)?+")


def alike(candidates: Iterable[tuple[str, Change]]) -> Iterator[tuple[str, Change]]:
    """The same change at all lines that differ in nothing but names and numbers."""
    groups: dict[tuple[str, str, str, int], list[tuple[str, Change]]] = {}
    for words, change in candidates:
        site = change.site
        key = (site.function, _NAME.sub("_", site.words), change.kind, change.operand)
        groups.setdefault(key, []).append((words, change))
    for some in groups.values():
        if len(some) < 2:
            continue
        (words, change), *rest = some
        for _, other in rest:
            change = replace(other, also=change)
        places = ", ".join(c.site.place for _, c in rest)
        yield f"{words}; so it is in {places}", change


def arranged(trace: Trace, own: Trace) -> Iterator[tuple[str, Change]]:
    """Parts of arrays, factors and matrices that stand in each other's places."""
    yield from _factors(own)
    yield from _parts(own)
    yield from _other_uses(trace, own)
    yield from _columns(own)
    yield from _blocks(own)


def _factors(own: Trace) -> Iterator[tuple[str, Change]]:
    """Two products with something constant have each other's."""
    fixed: list[tuple[Site, int, list[Array]]] = []
    for site, rows in own.operands.items():
        if site.function == "multiply" and site.operands == 2:
            moved = [k for k in (0, 1) if own.reached.get((site, k))]
            if len(moved) == 1:
                fixed.append((site, moved[0], [row[1 - moved[0]] for row in rows]))
    for (a, i, first), (b, k, second) in combinations(fixed, 2):
        same = len(first) == len(second) and np.shape(first[0]) == np.shape(second[0])
        if not same or all(np.array_equal(v, w) for v, w in zip(first, second, strict=True)):
            continue
        to_b = Change(b, "other", k, None, dict(enumerate(first)))
        text = f"the factors of {a.place} and {b.place} are exchanged on the way back"
        yield text, Change(a, "other", i, None, dict(enumerate(second)), to_b)


def _parts(own: Trace) -> Iterator[tuple[str, Change]]:
    """Arrays that are joined get what comes back to each other."""
    for site, rows in own.operands.items():
        if site.function not in JOINED or len({np.shape(v) for row in rows for v in row}) != 1:
            continue
        count, uses = site.operands, range(len(rows))
        for i, j in combinations(range(count), 2):
            order = list(range(count))
            order[i], order[j] = j, i
            text = f"what comes back to the {ORDINALS[i]} and to the {ORDINALS[j]} part of "
            text += f"{site.place} is exchanged"
            yield text, Change(site, "permuted", 0, None, dict.fromkeys(uses, order))
        if count > 3:
            text = f"what comes back to the parts of {site.place} is in the reverse order"
            order = list(range(count))[::-1]
            yield text, Change(site, "permuted", 0, None, dict.fromkeys(uses, order))


def _other_uses(trace: Trace, own: Trace) -> Iterator[tuple[str, Change]]:
    """A product has the matrix that it has where the wrong parameters do not come: one direction's
    for the other."""
    for (site, k), uses in own.reached.items():
        rows = trace.operands.get(site, [])
        if site not in own.products or len(uses) == len(rows) or len(rows) <= max(uses):
            continue
        mine = [rows[u][1 - k] for u in uses]
        rest = sorted(set(range(len(rows))) - set(uses))
        if len(rest) == len(uses):
            others = [rows[u][1 - k] for u in rest]
            if not all(np.array_equal(a, b) for a, b in zip(mine, others, strict=True)):
                which, other = ORDINALS[k], ORDINALS[1 - k]
                yield (
                    f"what {site.place} passes to its {which} operand at {len(uses)} of its "
                    f"{len(rows)} uses takes the {other} ones of the other uses",
                    Change(site, "other", k, frozenset(uses),
                           dict(zip(uses, others, strict=True))),
                )  # fmt: skip
        for u in rest:
            instead = rows[u][1 - k]
            if np.shape(instead) != np.shape(mine[0]) or np.array_equal(instead, mine[0]):
                continue
            which, other = ("first", "second")[k], ("second", "first")[k]
            yield (
                f"what {site.place} passes to its {which} operand at {len(uses)} of its "
                f"{len(rows)} uses takes the {other} one of another use",
                Change(site, "other", k, frozenset(uses), dict.fromkeys(uses, instead)),
            )
            break


def _columns(own: Trace) -> Iterator[tuple[str, Change]]:
    """What a product passes to a joined operand is cut at the wrong place."""
    for (site, k), uses in own.reached.items():
        if site.function != "matmul" or k != 0:
            continue
        matrices = [own.operands[site][u][1] for u in uses]
        if any(np.ndim(m) != 2 for m in matrices) or len(matrices[0]) > _CUTS:
            continue
        rows = np.arange(len(matrices[0]))
        for cut in range(1, len(rows)):
            back = len(rows) - cut
            orders = [
                ("its last {} columns for those before column {}", cut, cut,
                 np.r_[rows[back:], rows[cut:]]),
                ("its first {} columns for those from column {} on", back, cut,
                 np.r_[rows[:cut], rows[:back]]),
                ("its last {} columns for those before column {}, and the others behind them", cut,
                 cut, np.r_[rows[back:], rows[:back]]),
            ]  # fmt: skip
            for words, count, at, order in orders:
                values = {u: m[order] for u, m in zip(uses, matrices, strict=True)}
                yield (
                    f"of what {site.place} passes to its first operand, the way back takes "
                    + words.format(count, at),
                    Change(site, "other", 0, frozenset(uses), values),
                )


def _blocks(own: Trace) -> Iterator[tuple[str, Change]]:
    """Two blocks of columns take each other's places in what an operation is passed back."""
    for site, rows in own.operands.items():
        reached = [u for k in range(site.operands) for u in own.reached.get((site, k), ())]
        if site.function not in ("add", "matmul") or not reached:
            continue
        width = max((np.shape(v)[-1] for v in rows[reached[0]] if np.ndim(v) > 1), default=0)
        if site.function == "matmul":
            width = np.shape(rows[reached[0]][1])[-1]
        for count in _BLOCKS:
            if not width or width % count or width == count:
                continue
            size = width // count
            for i, j in combinations(range(count), 2):
                order = np.arange(width)
                order[i * size : (i + 1) * size] = np.arange(j * size, (j + 1) * size)
                order[j * size : (j + 1) * size] = np.arange(i * size, (i + 1) * size)
                yield (
                    f"blocks {i + 1} and {j + 1} of {count} of the columns of {site.place} take "
                    "each other's places on the way back",
                    Change(site, "blocks", 0, None, dict.fromkeys(range(len(rows)), order)),
                )


__all__ = ["alike", "arranged"]
