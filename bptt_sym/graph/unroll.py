"""A recurrence unrolled: its step stamped out for t = 1 .. T, and gradients of the whole.

``roll`` differentiates one step and leaves time alone; ``unroll`` stamps the step T times into one
table, where every component of every sequence at every step has its own named row.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from bptt_sym.errors import InputError, LimitExceeded, ModelError
from bptt_sym.graph.cell import Cell, Instruction, conform
from bptt_sym.graph.graph import Graph
from bptt_sym.graph.lower import Array, Lowering, indices, integer
from bptt_sym.graph.operations import (
    ADD,
    CONST,
    DER,
    FN,
    LET,
    MUL,
    NEG,
    ONE,
    POW,
    ZERO,
    Label,
)
from bptt_sym.graph.table import DEFAULT_LIMIT
from bptt_sym.notation import Node
from bptt_sym.recurrence import HORIZON, STEP, Recurrence
from bptt_sym.rules import RULES, Rule

Key = TypeVar("Key")


@dataclass(frozen=True)
class Sweep:
    r"""What one backward sweep from an output yields, as rows of the table.

    ``parameters[name]`` is the total derivative by a parameter, component by component in storage
    order; ``deltas[name, t]`` that by a sequence at step t (:math:`\delta_t`, the row being cut
    loose from its definition), for inputs and initial values as for states and gates. What the
    output does not depend on is absent from ``deltas``.
    """

    output: int
    parameters: Mapping[str, tuple[int, ...]]
    deltas: Mapping[tuple[str, int], tuple[int, ...]]


@dataclass
class Unrolled:
    """A recurrence unrolled to T steps. ``rows[name, t]`` are the rows of a sequence at a step."""

    cell: Cell
    T: int
    graph: Graph
    rows: dict[tuple[str, int], tuple[int, ...]] = field(default_factory=dict)
    parameters: dict[str, tuple[int, ...]] = field(default_factory=dict)
    totals: dict[str, tuple[int, ...]] = field(default_factory=dict)
    #: At each step, the row of this table for each row of the cell.
    _maps: list[list[int]] = field(default_factory=list, repr=False)
    _pending: set[tuple[str, int]] = field(default_factory=set, repr=False)

    @property
    def recurrence(self) -> Recurrence:
        return self.cell.recurrence

    # ------------------------------------------------------------------ names

    def array(self, name: str, t: int | None = None) -> Array:
        """The rows of a sequence at step t, or of a parameter or total if ``t`` is None.

        ModelError for a name that the recurrence does not know, or a step outside 1 .. T (for
        initial values and lagged inputs: outside what the equations reach back to).
        """
        if t is None:
            found = self.parameters.get(name) or self.totals.get(name)
        else:
            found = self.rows.get((name, t))
        if found is None:
            when = "" if t is None else f" at step {t}"
            raise ModelError(f"{self.recurrence.name}: no {name!r}{when} for T = {self.T}")
        return Array(self.cell.size(name), found)

    def node(self, name: str, t: int | None = None, component: Sequence[int] = ()) -> int:
        """One row of :meth:`array`; ``component`` is 0-based."""
        array = self.array(name, t)
        flat = 0
        if len(component) != len(array.shape):
            raise ModelError(f"{name!r} has {len(array.shape)} indices, not {len(component)}")
        for i, d in zip(component, array.shape, strict=True):
            if not 0 <= i < d:
                raise ModelError(f"{name!r} has no component {tuple(component)}")
            flat = flat * d + i
        return array.nodes[flat]

    # ------------------------------------------------------------------ construction

    def _build(self) -> None:
        cell, g = self.cell, self.graph
        base = [ZERO] * cell.primal_rows
        for i, value in cell.constants:
            base[i] = g.const(value)
        for name, free in cell.parameters.items():
            self.parameters[name] = tuple(g.sym(cell.graph.labels[cell.graph.a[k]]) for k in free)
            for i, k in zip(free, self.parameters[name], strict=True):
                base[i] = k
        _stamp(cell.graph, cell.once, g, base, 0)
        for t in range(1, self.T + 1):
            at = base.copy()
            for row, name, lag, flat in cell.sources:
                rows = self.rows.get((name, t - lag)) or self._outside(name, t - lag)
                at[row] = rows[flat]
            for _, row in cell.counters:
                at[row] = g.const(t)
            _stamp(cell.graph, cell.each, g, at, t)
            for name, rows in cell.targets.items():
                self.rows[name, t] = tuple([at[row] for row in rows])
            self._maps.append(at)
        lowering = self._lowering()
        for name, total in self.recurrence.totals.items():
            nodes = conform(lowering.lower(total, {HORIZON: self.T}), (), repr(name))
            self.totals[name] = (g.let(Label(name), nodes[0]),)

    def _lowering(self) -> Lowering:
        def element(name: str, time: Node, env: Mapping[str, int]) -> Array:
            t = integer(time, env)
            rows = self.rows.get((name, t)) or self._outside(name, t)
            return Array(self.cell.size(name), rows)

        def symbol(name: str) -> Array:
            shape = self.cell.size(name)
            rows = self.parameters.get(name) or self.totals.get(name)
            if rows is None:  # used in an initial value or a total only
                rows = tuple(self.graph.sym(Label(name, None, i)) for i in indices(shape))
                self.parameters[name] = rows
            return Array(shape, rows)

        return Lowering(
            self.graph,
            symbol,
            element,
            call_shape=self.cell.call_shape,
            parts=self.cell.parts,
        )

    def _outside(self, name: str, t: int) -> tuple[int, ...]:
        """An input, or a value before the first step."""
        g, rec = self.graph, self.recurrence
        shape = self.cell.size(name)
        defined = name in self.cell.targets
        if t > self.T or (defined and t > 0):
            raise ModelError(f"{rec.name}: {name!r} at step {t} is outside 1 .. {self.T}")
        labels = [Label(name, t, i) for i in indices(shape)]
        if defined and name in rec.initial:
            if (name, t) in self._pending:
                raise ModelError(f"{rec.name}: the initial value of {name!r} needs itself")
            self._pending.add((name, t))
            value = self._lowering().lower(rec.initial[name], {STEP: t})
            self._pending.discard((name, t))
            nodes = conform(value, shape, f"{rec.name}: the initial {name!r}")
            rows = tuple(g.let(label, k) for label, k in zip(labels, nodes, strict=True))
        else:
            rows = tuple(map(g.sym, labels))
        self.rows[name, t] = rows
        return rows

    # ------------------------------------------------------------------ derivatives

    def gradient(
        self, output: int, wrt: Sequence[int] | None = None, *, immediate: bool = False
    ) -> list[int]:
        """Total derivatives by a general sweep over the table; by all weights if ``wrt`` is None.

        ``immediate=True`` holds the states of all earlier steps fixed: only the step of
        ``output``, which must be a row of a sequence, is differentiated.
        """
        if wrt is None:
            wrt = [k for rows in self.parameters.values() for k in rows]
        fixed: Iterable[int] = ()
        if immediate:
            label = self.graph.label(output)
            if label is None or label.time is None:
                raise ModelError("only a sequence at a step has an immediate derivative")
            steps = (s for s in self.rows if s[1] < label.time)
            fixed = [k for s in steps for k in self.rows[s]]
        return self.graph.gradient(output, wrt, fixed=fixed)

    def sweep(self, output: int) -> Sweep:
        """The same derivatives from the adjoint step, stamped for t = T .. 1.

        Cost: a small multiple of that of unrolling, for all parameters, states and inputs at once.
        """
        with _uncollected():
            return self._sweep(output)

    def _sweep(self, output: int) -> Sweep:
        cell, g = self.cell, self.graph
        deltas: dict[tuple[str, int], list[int]] = {}
        grads = {name: [ZERO] * len(rows) for name, rows in self.parameters.items()}
        self._seed(output, deltas, grads)
        for t in range(self.T, 0, -1):
            names = frozenset(n for n in cell.targets if any(deltas.get((n, t), ())))
            if not names:
                continue
            adjoint = cell.adjoint(names)
            at = self._maps[t - 1] + [ZERO] * (len(cell.graph) - cell.primal_rows)
            for i, value in adjoint.constants:
                at[i] = g.const(value)
            for (name, flat), row in adjoint.cotangents.items():
                at[row] = deltas[name, t][flat]
            _stamp(cell.graph, adjoint.code, g, at, t)
            received = adjoint.received
            for row, name, lag, flat in cell.sources:
                self._give(deltas, name, t - lag, flat, at[received[row]])
            for name, rows in cell.targets.items():
                deltas[name, t] = [at[received[row]] for row in rows]
            for name, rows in cell.parameters.items():
                grad = grads[name]
                for flat, row in enumerate(rows):
                    grad[flat] = g.add(grad[flat], at[received[row]])
        self._into_initial_values(deltas, grads)
        return Sweep(
            output,
            {name: tuple(rows) for name, rows in grads.items()},
            {key: tuple(rows) for key, rows in deltas.items() if any(rows)},
        )

    def _give(
        self, deltas: dict[tuple[str, int], list[int]], name: str, t: int, flat: int, value: int
    ) -> None:
        if value != ZERO:
            at = deltas.get((name, t))
            if at is None:
                at = deltas[name, t] = [ZERO] * len(self.rows[name, t])
            at[flat] = self.graph.add(at[flat], value)

    def _seed(
        self,
        output: int,
        deltas: dict[tuple[str, int], list[int]],
        grads: dict[str, list[int]],
    ) -> None:
        """What the output passes to the sequences and parameters that its own formula names."""
        places = _numbered(self.rows)
        for (name, t), flat, row in places:
            if row == output:
                deltas[name, t] = [ZERO] * len(self.rows[name, t])
                deltas[name, t][flat] = ONE
                return
        weights = _numbered(self.parameters)
        fixed = [row for _, _, row in places]
        wrt = fixed + [row for _, _, row in weights]
        bars = self.graph.gradient(output, wrt, fixed=fixed)
        for (key, flat, _), bar in zip(places, bars, strict=False):
            self._give(deltas, *key, flat, bar)
        for (name, flat, _), bar in zip(weights, bars[len(places) :], strict=True):
            grads[name][flat] = bar

    def _into_initial_values(
        self, deltas: dict[tuple[str, int], list[int]], grads: dict[str, list[int]]
    ) -> None:
        """Initial values may be formulas of parameters and of each other."""
        g = self.graph
        initial = _numbered({key: rows for key, rows in self.rows.items() if key[1] <= 0})
        seeds = {
            row: deltas[key][flat]
            for key, flat, row in initial
            if key in deltas and g.op[row] == LET and deltas[key][flat] != ZERO
        }
        if not seeds:
            return
        weights = _numbered(self.parameters)
        wrt = [row for _, _, row in initial] + [row for _, _, row in weights]
        bars = g.pullback(seeds, wrt)
        for (key, flat, row), bar in zip(initial, bars, strict=False):
            if g.op[row] == LET and bar != ZERO:
                deltas.setdefault(key, [ZERO] * len(self.rows[key]))[flat] = bar
            else:
                self._give(deltas, *key, flat, bar)
        for (name, flat, _), bar in zip(weights, bars[len(initial) :], strict=True):
            grads[name][flat] = g.add(grads[name][flat], bar)

    # ------------------------------------------------------------------ structure

    def check(self) -> None:
        """Re-check the table and the names: ModelError unless everything is bound and fits.

        Beyond :meth:`Table.check`: every sequence has all steps 1 .. T, every array the number of
        components of its shape, every row the name that it is filed under, and every free
        variable is a parameter, an input or an initial value of the recurrence.
        """
        self.graph.check()
        filed: dict[Label, int] = {}
        for (name, t), rows in self.rows.items():
            filed.update(self._file(name, t, rows))
        for name, rows in self.parameters.items():
            filed.update(self._file(name, None, rows))
        for name, rows in self.totals.items():
            filed.update(self._file(name, None, rows))
        for i in range(len(self.graph)):
            label = self.graph.label(i)
            if label is not None and filed.get(label) != i:
                raise ModelError(f"row {i}: {label} is not a name of {self.recurrence.name}")
        for name in self.cell.targets:
            for t in range(1, self.T + 1):
                if self.graph.op[self.node_at(name, t)] != LET:
                    raise ModelError(f"{name!r} at step {t} is not an assignment")

    def node_at(self, name: str, t: int) -> int:
        """The first component of a sequence at a step."""
        return self.array(name, t).nodes[0]

    def _file(self, name: str, t: int | None, rows: tuple[int, ...]) -> dict[Label, int]:
        components = indices(self.cell.size(name))
        if len(components) != len(rows):
            raise ModelError(f"{name!r} has {len(rows)} rows for shape {self.cell.size(name)}")
        filed = {Label(name, t, i): row for i, row in zip(components, rows, strict=True)}
        for label, row in filed.items():
            if self.graph.label(row) != label:
                raise ModelError(f"row {row} is filed as {label} and named otherwise")
        return filed


def _numbered(rows: Mapping[Key, tuple[int, ...]]) -> list[tuple[Key, int, int]]:
    """``(key, flat component, row)`` of every row."""
    return [(key, flat, row) for key, array in rows.items() for flat, row in enumerate(array)]


def _stamp(
    source: Graph, code: tuple[Instruction, ...], into: Graph, at: list[int], t: int
) -> None:
    """Copy instructions of the cell's table into another: ``at`` maps row to row."""
    add, mul = into.add, into.mul
    # Most rows are sums and products of rows that are not constants; for those, Table.row is
    # written out here, which halves the time of the whole.
    ops, left, right, row_of = into.op, into.a, into.b, into.row_of
    for op, a, b, i in code:
        if op == MUL or op == ADD:  # noqa: SIM109 (twice as fast as a tuple)
            x, y = at[a], at[b]
            if x > y:
                x, y = y, x
            if ops[x] == CONST:
                at[i] = (mul if op == MUL else add)(x, y)
                continue
            key = (x << 32) + x + y << 4 | op
            row = row_of.get(key)
            if row is None:
                row = row_of[key] = len(ops)
                ops.append(op)
                left.append(x)
                right.append(y)
            at[i] = row
        elif op == LET:
            label = source.labels[b]
            at[i] = into.let(Label(label.name, t, label.component), at[a])
        elif op == FN:
            name, order = source.functions[b]
            at[i] = into.fn(name, at[a], order)
        elif op == DER:
            at[i] = into.slope(at[b])
        elif op == NEG:
            at[i] = into.neg(at[a])
        elif op == POW:
            at[i] = into.pow(at[a], b)
        else:
            name, orders, args = source.calls[a]
            at[i] = into.call(name, [at[k] for k in args], orders)
    if len(ops) > into.limit:
        raise LimitExceeded(f"the graph has more than {into.limit} rows")


@contextmanager
def _uncollected() -> Iterator[None]:
    """No cyclic garbage collection meanwhile: stamping makes no cycles, and each collection would
    walk all names made so far."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def roll(
    recurrence: Recurrence,
    dims: Mapping[str, int] | None = None,
    *,
    rules: Mapping[str, Rule] = RULES,
) -> Cell:
    """One generic step as a table, differentiated once; its cost has no T in it.

    ``dims`` gives a number to every symbolic dimension; vectors and matrices are taken apart into
    components.
    """
    return Cell(recurrence, dims, rules)


def unroll(
    recurrence: Recurrence | Cell,
    T: int,
    dims: Mapping[str, int] | None = None,
    *,
    rules: Mapping[str, Rule] = RULES,
    limit: int = DEFAULT_LIMIT,
) -> Unrolled:
    """The steps 1 .. T in one table; linear in T in time and in memory.

    Raises InputError unless T is at least 1, LimitExceeded before anything is built if the table
    would have more than ``limit`` rows, and what :class:`Cell` raises.
    """
    if T < 1:
        raise InputError(f"T = {T}: a recurrence is unrolled to one step at least")
    cell = recurrence if isinstance(recurrence, Cell) else roll(recurrence, dims, rules=rules)
    if T * len(cell.each) > limit:
        raise LimitExceeded(f"T = {T} needs about {T * len(cell.each)} rows; the limit is {limit}")
    unrolled = Unrolled(cell, T, Graph(rules=cell.graph.rules, limit=limit))
    with _uncollected():
        unrolled._build()
    return unrolled
