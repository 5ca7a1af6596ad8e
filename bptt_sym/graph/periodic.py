"""Growth that repeats itself, continued without looking up each row.

Steps of a recurrence stamped one after the other differ only in where they stand: from some step on
each block of rows is the one before, moved. What a step makes depends only on the rows of the few
steps that it looks back to, so if more blocks than that are each the one before moved by the same
amounts (rows of blocks by the length of a block, everything else by nothing or by what is known of
it), then so are all later ones, and they can be written down as ranges. What comes out is the table
that stamping each step would have made, row for row (the tests compare them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import sub
from typing import TypeVar

from bptt_sym.errors import LimitExceeded
from bptt_sym.graph.operations import A_IS_NODE, B_IS_NODE, CALL, CONST, LET, SYM, Label
from bptt_sym.graph.table import Table, keys

Key = tuple[str, int]
X = TypeVar("X")


def slopes(vectors: Sequence[Sequence[int]]) -> list[int] | None:
    """The common differences of vectors in arithmetic progression, else None."""
    d: list[int] | None = None
    for x, y in pairwise(vectors):
        if len(x) != len(y):
            return None
        found = list(map(sub, y, x))
        if found != d:
            if d is not None:
                return None
            d = found
    return d


@dataclass(frozen=True, slots=True)
class Pattern:
    """The last block of a table and by how much its columns grow from block to block."""

    ops: list[int]
    a: list[int]
    b: list[int]
    da: list[int]
    db: list[int]
    labels: list[Label]
    dt: int
    calls: list[tuple[str, tuple[int, ...], tuple[int, ...]]]
    dcalls: list[list[int]]


def pattern(
    table: Table, marks: Sequence[int], moves: Callable[[int, int], bool]
) -> Pattern | None:
    """The pattern of the blocks between the ``marks``, the last of which is the end of the table.

    None if there is none, or if ``moves(row, d)`` refuses an operand of the last block that moves
    by ``d``.
    """
    r, end = marks[-2:]
    size = end - r
    if not size or end != len(table) or any(q - p != size for p, q in pairwise(marks)):
        return None
    ops = table.op[r:end]
    if CONST in ops or any(table.op[p:q] != ops for p, q in pairwise(marks)):
        return None
    da = slopes([table.a[p:q] for p, q in pairwise(marks)])
    db = slopes([table.b[p:q] for p, q in pairwise(marks)])
    if da is None or db is None:
        return None
    a, b = table.a[r:end], table.b[r:end]
    for o, x, dx, y, dy in zip(ops, a, da, b, db, strict=True):
        if o in A_IS_NODE and not moves(x, dx):
            return None
        if o in B_IS_NODE and not moves(y, dy):
            return None
    blocks = len(marks) - 1
    named = [i for i, o in enumerate(ops) if o in (SYM, LET)]
    labels = _blocks(table.labels, len(named), blocks)
    numbers = [a[i] if ops[i] == SYM else b[i] for i in named]
    growth = {da[i] if ops[i] == SYM else db[i] for i in named}
    if named and (growth != {len(named)} or sorted(numbers) != _last(table.labels, len(named))):
        return None
    times: list[int] | None = []
    if named:
        times = slopes([[label.time or 0 for label in block] for block in labels])
        if times is None or len(set(times)) > 1 or any(x.time is None for x in labels[-1]):
            return None
        last = _timeless(labels[-1])
        if any(_timeless(block) != last for block in labels[:-1]):
            return None
    called = [i for i, o in enumerate(ops) if o == CALL] if CALL in ops else []
    calls = _blocks(table.calls, len(called), blocks)
    if called and (
        {da[i] for i in called} != {len(called)}
        or [a[i] for i in called] != _last(table.calls, len(called))
    ):
        return None
    dcalls = []
    for versions in zip(*calls, strict=True):
        d = slopes([args for _, _, args in versions])
        if d is None or len({(name, orders) for name, orders, _ in versions}) > 1:
            return None
        if not all(map(moves, versions[-1][2], d)):
            return None
        dcalls.append(d)
    return Pattern(ops, a, b, da, db, labels[-1], times[0] if times else 0, calls[-1], dcalls)


def _blocks(column: list[X], size: int, count: int) -> list[list[X]]:
    """The last ``count`` stretches of ``size``."""
    start = len(column) - size * count
    return [column[start + k * size : start + (k + 1) * size] for k in range(count)]


def _timeless(labels: list[Label]) -> list[tuple[object, ...]]:
    return [(name, component, kind) for name, _, component, kind in labels]


def _last(column: Sequence[object], count: int) -> list[int]:
    return list(range(len(column) - count, len(column)))


def extend(table: Table, form: Pattern, count: int, *, alone: bool = True) -> bool:
    """Write ``count`` more blocks; False, and nothing written, if one of their rows exists already.

    With ``alone`` the table is known to hold nothing that later blocks could repeat, and their rows
    are entered into its look-up tables only when those are next needed.
    """
    size = len(form.ops)
    start = len(table)
    if start + size * count > table.limit:
        raise LimitExceeded(f"the graph has more than {table.limit} rows")
    op = form.ops * count
    a = _progression(form.a, form.da, count)
    b = _progression(form.b, form.db, count)
    if not alone:
        table.catch_up()
        if not table.row_of.keys().isdisjoint(keys(op, a, b)):
            return False
    table.op += op
    table.a += a
    table.b += b
    if form.labels:
        table.labels += [
            Label(name, (time or 0) + k * form.dt, component, kind)
            for k in range(1, count + 1)
            for name, time, component, kind in form.labels
        ]
    if form.calls:
        table.calls += [
            (name, orders, tuple([x + k * dx for x, dx in zip(args, d, strict=True)]))
            for k in range(1, count + 1)
            for (name, orders, args), d in zip(form.calls, form.dcalls, strict=True)
        ]
    table.unindexed.append((start, len(table)))
    return True


def _progression(last: list[int], growth: list[int], count: int) -> list[int]:
    size = len(last)
    out = [0] * (size * count)
    for j, (x, d) in enumerate(zip(last, growth, strict=True)):
        if d:
            out[j::size] = range(x + d, x + d * (count + 1), d)
        elif x:
            out[j::size] = [x] * count
    return out


class Steps(MutableMapping[Key, tuple[int, ...]]):
    """Rows by ``(name, step)``; long stretches of steps are kept as a start and a slope."""

    def __init__(self, given: Mapping[Key, tuple[int, ...]] | None = None) -> None:
        self._given: dict[Key, tuple[int, ...]] = dict(given or {})
        self._runs: dict[str, tuple[range, int, tuple[int, ...], tuple[int, ...]]] = {}

    def run(
        self, name: str, steps: range, anchor: int, at: tuple[int, ...], slope: tuple[int, ...]
    ) -> None:
        """For the ``steps`` (ascending), rows are ``at + (step - anchor) * slope``."""
        self._runs[name] = steps, anchor, at, slope

    def written(self) -> Mapping[Key, tuple[int, ...]]:
        """What is not part of a long stretch, initial values among it."""
        return self._given

    def find(self, key: Key) -> tuple[int, ...] | None:
        """The rows, or None."""
        found = self._given.get(key)
        if found is not None:
            return found
        run = self._runs.get(key[0])
        if run is None or key[1] not in run[0]:
            return None
        k = key[1] - run[1]
        return tuple([x + k * d for x, d in zip(run[2], run[3], strict=True)])

    def __getitem__(self, key: Key) -> tuple[int, ...]:
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return found

    def __setitem__(self, key: Key, rows: tuple[int, ...]) -> None:
        self._given[key] = rows

    def __delitem__(self, key: Key) -> None:
        del self._given[key]

    def __iter__(self) -> Iterator[Key]:
        yield from self._given
        for name, (steps, *_) in self._runs.items():
            yield from ((name, t) for t in steps if (name, t) not in self._given)

    def __len__(self) -> int:
        return sum(1 for _ in self)
