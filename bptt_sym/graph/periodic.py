"""Growth that repeats itself, continued without looking up each row.

Steps of a recurrence stamped one after the other differ only in where they stand: from some step on
every operand of a block of rows is the operand of the block before plus a constant. Stamping
depends only on the rows of the last few steps, so once three blocks running are in arithmetic
progression the next ones are too, and can be written down as ranges. What comes out is the table
that stamping each step would have made, row for row (the tests compare them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from bptt_sym.errors import LimitExceeded
from bptt_sym.graph.operations import CALL, CONST, LET, SYM, Label
from bptt_sym.graph.table import Table, keys

Key = tuple[str, int]


def slopes(first: Sequence[int], second: Sequence[int], third: Sequence[int]) -> list[int] | None:
    """The common differences of three vectors in arithmetic progression, else None."""
    if len({len(first), len(second), len(third)}) > 1:
        return None
    d = [y - x for x, y in zip(first, second, strict=True)]
    return d if d == [z - y for y, z in zip(second, third, strict=True)] else None


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


def pattern(table: Table, marks: Sequence[int]) -> Pattern | None:
    """The pattern of the blocks between the last four ``marks``, the last of which is the end of
    the table; None if there is none."""
    p, q, r, end = marks[-4:]
    size = end - r
    if not q - p == r - q == size or not size or end != len(table):
        return None
    ops = table.op[r:end]
    if not table.op[p:q] == table.op[q:r] == ops or CONST in ops:
        return None
    da = slopes(table.a[p:q], table.a[q:r], table.a[r:end])
    db = slopes(table.b[p:q], table.b[q:r], table.b[r:end])
    if da is None or db is None:
        return None
    named = [i for i, o in enumerate(ops) if o in (SYM, LET)]
    numbers = [table.a[r + i] if ops[i] == SYM else table.b[r + i] for i in named]
    growth = {da[i] if ops[i] == SYM else db[i] for i in named}
    count = len(named)
    if count and (growth != {count} or sorted(numbers) != _last(table.labels, count)):
        return None
    labels = [table.labels[-3 * count + k :][:count] for k in (0, count, 2 * count)]
    times = set()
    for one, two, three in zip(*labels, strict=True) if count else ():
        same = one._replace(time=0) == two._replace(time=0) == three._replace(time=0)
        if not same or one.time is None or two.time is None or three.time is None:
            return None
        times |= {two.time - one.time, three.time - two.time}
    if len(times) > 1:
        return None
    called = [i for i, o in enumerate(ops) if o == CALL]
    count = len(called)
    if count and (
        {da[i] for i in called} != {count}
        or [table.a[r + i] for i in called] != _last(table.calls, count)
    ):
        return None
    dcalls = []
    calls = [table.calls[-3 * count + k :][:count] for k in (0, count, 2 * count)]
    for first, second, third in zip(*calls, strict=True) if count else ():
        d = slopes(first[2], second[2], third[2])
        if d is None or not first[:2] == second[:2] == third[:2]:
            return None
        dcalls.append(d)
    return Pattern(
        ops,
        table.a[r:end],
        table.b[r:end],
        da,
        db,
        labels[2] if named else [],
        times.pop() if times else 0,
        calls[2] if called else [],
        dcalls,
    )


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
        out[j::size] = range(x + d, x + d * (count + 1), d) if d else [x] * count
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
