"""Values that stand where another use of an operation, or another operation, has its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bptt_sym.testing.tracing import Change, Site, Trace

Array = Any
#: Lists of values that are tried at each operand, at most.
_LISTS = 40


def _where(site: Site) -> str:
    return f"`{site.words}` (line {site.where[1]})"


def displaced(own: Trace) -> Iterator[tuple[str, Change]]:
    """Beside an operand stands what belongs to another use of a product, or to another product."""
    for (site, k), uses in own.reached.items():
        if site not in own.products or len(uses) < 2:
            continue
        others = [own.operands[site][u][1 - k] for u in uses]
        if all(np.array_equal(v, others[0]) for v in others):
            continue  # the same matrix every time
        moved = [
            ("the uses in the reverse order", others[::-1]),
            ("the use before", [others[0], *others[:-1]]),
            ("the use after", [*others[1:], others[-1]]),
            ("the use before (at first the last)", [others[-1], *others[:-1]]),
            ("the use after (at last the first)", [*others[1:], others[0]]),
            ("the last use every time", [others[-1]] * len(others)),
        ]
        for words, values in moved:
            which, other = ("first", "second")[k], ("second", "first")[k]
            text = f"what {_where(site)} passes to its {which} operand takes the {other} one of "
            taken = dict(zip(uses, values, strict=True))
            yield text + words, Change(site, "other", k, frozenset(uses), taken)
    products = [s for s in own.operands if s in own.products and own.reached.get((s, 0))]
    for a in products:
        for b in products:
            first, second = own.operands[a], own.operands[b]
            alike = len(first) == len(second) and first[0][1].shape == second[0][1].shape
            if not alike or (a.where >= b.where) or np.ndim(first[0][1]) != 2:
                continue
            to_a = {u: v[1] for u, v in enumerate(second)}
            to_b = {u: v[1] for u, v in enumerate(first)}
            text = f"the matrices of `{a.words}` and `{b.words}` are exchanged on the way back"
            yield text, Change(a, "other", 0, None, to_a, Change(b, "other", 0, None, to_b))


def elsewhere(own: Trace) -> Iterator[tuple[str, Change]]:
    """What another operation has stands in a product, a slope of tanh, a quotient, an index."""
    for (site, k), uses in own.reached.items():
        where, chosen = _where(site), frozenset(uses)
        if site in own.products:
            mine = [own.operands[site][u][1 - k] for u in uses]
            for words, values in _lists(own, mine, site, 1 - k):
                which, other = ("first", "second")[k], ("second", "first")[k]
                text = f"what {where} passes to its {which} operand has as the {other} {words}"
                yield text, Change(
                    site, "other", k, chosen, dict(zip(uses, values, strict=True))
                )
        elif site.function == "tanh":
            mine = [own.operands[site][u][0] for u in uses]
            outputs = [np.tanh(v) for v in mine]
            lists = [("its own value", outputs), *_lists(own, mine, site, 0)]
            for words, values in lists:
                text = f"the derivative of {where} is taken at {words}"
                yield text, Change(site, "slope", 0, chosen, dict(zip(uses, values, strict=True)))
        elif site.function == "divide" and k == 0:
            mine = [own.operands[site][u][1] for u in uses]
            if any(np.ndim(v) for v in mine) or len(set(map(float, mine))) < 2:
                continue
            for word, value in (("greatest", max(mine)), ("least", min(mine)), ("first", mine[0])):
                text = f"{where} is divided by the {word} of its divisors on the way back"
                yield text, Change(site, "divided", 0, chosen, dict.fromkeys(uses, value))
        elif site.function == "index":
            yield from _indices(own, site, uses)


def _indices(own: Trace, site: Site, uses: list[int]) -> Iterator[tuple[str, Change]]:
    """Other rows than those that were read; of rows that were read twice, one of two."""
    where, chosen = _where(site), frozenset(uses)
    yield (
        f"of rows that {where} reads twice at once only the last counts (no sum)",
        Change(site, "last", 0, chosen),
    )
    mine = own.indices[site]
    for other, keys in own.indices.items():
        arrays = [k[-1] if isinstance(k, tuple) else k for k in keys]
        if any(not isinstance(k, np.ndarray) or k.shape != np.shape(mine[0]) for k in arrays):
            continue
        for start in range(len(arrays) - len(uses) + 1):
            values = arrays[start : start + len(uses)]
            if all(np.array_equal(mine[u], v) for u, v in zip(uses, values, strict=True)):
                continue
            text = f"{where} passes back to the rows of `{other.words}`"
            text += f", from its use {start + 1} on" if start else ""
            yield text, Change(site, "index", 0, chosen, dict(zip(uses, values, strict=True)))


def _lists(
    own: Trace, mine: list[Array], site: Site, operand: int
) -> Iterator[tuple[str, list[Array]]]:
    """Values of another operation's operand, one for each of ``mine``, or one for all."""
    count = 0
    for other, rows in own.operands.items():
        for k in range(other.operands):
            values = [row[k] for row in rows if k < len(row)]
            if (other, k) == (site, operand) or any(
                np.shape(v) != np.shape(mine[0]) for v in values
            ):
                continue
            which = ("first", "second")[k] if other.operands > 1 else "only"
            there = f"the {which} operand of `{other.words}` (line {other.where[1]})"
            tried = [("", values)] if len(values) == len(mine) else []
            for word, value in ((" at first", values[0]), (" at last", values[-1])):
                tried.append((word, [value] * len(mine)))
            for word, some in tried:
                same = all(np.array_equal(a, b) for a, b in zip(some, mine, strict=True))
                if not same:
                    yield there + word, some
                    count += 1
        if count > _LISTS:
            return


__all__ = ["displaced", "elsewhere"]
