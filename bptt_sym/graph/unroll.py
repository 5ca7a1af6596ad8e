"""A recurrence unrolled: its step stamped out for t = 1 .. T, and gradients of the whole.

``roll`` differentiates one step and leaves time alone; ``unroll`` stamps the step T times into one
table, where every component of every sequence at every step has its own named row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bptt_sym.errors import InputError, LimitExceeded, ModelError
from bptt_sym.graph.cell import Cell, conform
from bptt_sym.graph.graph import Graph
from bptt_sym.graph.lower import Array, Lowering, indices, integer
from bptt_sym.graph.operations import (
    LET,
    ZERO,
    Label,
)
from bptt_sym.graph.periodic import Pattern, Steps, extend, pattern, slopes
from bptt_sym.graph.stamp import stamp, uncollected
from bptt_sym.graph.sweep import Backward, Sweep
from bptt_sym.graph.table import DEFAULT_LIMIT
from bptt_sym.notation import Node
from bptt_sym.recurrence import HORIZON, STEP, Recurrence
from bptt_sym.rules import RULES, Rule

#: First steps with more rows than this are written anew each time.
KEPT = 1 << 16


@dataclass
class Unrolled:
    """A recurrence unrolled to T steps. ``rows[name, t]`` are the rows of a sequence at a step."""

    cell: Cell
    T: int
    graph: Graph
    rows: Steps = field(default_factory=Steps)
    parameters: dict[str, tuple[int, ...]] = field(default_factory=dict)
    totals: dict[str, tuple[int, ...]] = field(default_factory=dict)
    #: For the first steps, the row of this table for each row of the cell; see `at_step`.
    maps: list[list[int]] = field(default_factory=list, repr=False)
    #: By how much those rows grow with each later step, and how many rows a step has.
    growth: list[int] = field(default_factory=list, repr=False)
    block: int = field(default=0, repr=False)
    #: The first row of the first step.
    first: int = field(default=0, repr=False)
    #: The size of the table when all steps, and nothing else, were in it.
    built: int = field(default=0, repr=False)
    #: Where each step that was written row by row begins and ends.
    marks: list[int] = field(default_factory=list, repr=False)
    form: Pattern | None = field(default=None, repr=False)
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
            found = self.rows.find((name, t))
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

    def _build(self, bulk: bool) -> None:
        form = self._open(bulk and self.T - self.window >= 4)
        g = self.graph
        if form is not None:
            self._continue(form)
        self.built = len(g)
        lowering = self._lowering()
        for name, total in self.recurrence.totals.items():
            nodes = conform(lowering.lower(total, {HORIZON: self.T}), (), repr(name))
            self.totals[name] = (g.let(Label(name), nodes[0]),)

    def _open(self, bulk: bool) -> Pattern | None:
        """Write the first steps; how they go on if they do so regularly, else None and all steps.

        What does so is the same for every T, and is kept with the cell.
        """
        known = self.cell.opening
        if bulk and isinstance(known, Unrolled) and known.form is not None:
            self._adopt(known)
            return known.form
        self._stamp(range(1, self.window + 1) if bulk else range(1, self.T + 1))
        if not bulk:
            return None
        self.form = self._regular()
        if self.form is None:
            self._stamp(range(self.window + 1, self.T + 1))
        elif len(self.graph) <= KEPT and known is None:
            self.cell.opening = self._copy()
        return self.form

    def _adopt(self, other: Unrolled) -> None:
        """Take over the steps of another table that has nothing else in it."""
        self.graph.copy(other.graph)
        self.rows = Steps(other.rows.written())
        self.parameters = dict(other.parameters)
        self.maps, self.growth = other.maps, other.growth
        self.block, self.first, self.form = other.block, other.first, other.form

    def _copy(self) -> Unrolled:
        out = Unrolled(self.cell, self.T, Graph(rules=self.graph.rules, limit=self.graph.limit))
        out._adopt(self)
        return out

    def _stamp(self, steps: range) -> None:
        cell, g = self.cell, self.graph
        base = [ZERO] * cell.primal_rows
        for i, value in cell.constants:
            base[i] = g.const(value)
        for name, free in cell.parameters.items():
            self.parameters[name] = tuple(g.sym(cell.graph.labels[cell.graph.a[k]]) for k in free)
            for i, k in zip(free, self.parameters[name], strict=True):
                base[i] = k
        stamp(cell.graph, cell.once, g, base, 0)
        if not self.marks:
            self.first = len(g)
            self.marks = [len(g)]
        for t in steps:
            at = base.copy()
            for row, name, lag, flat in cell.sources:
                rows = self.rows.find((name, t - lag)) or self._outside(name, t - lag)
                at[row] = rows[flat]
            for _, row in cell.counters:
                at[row] = g.const(t)
            stamp(cell.graph, cell.each, g, at, t)
            for name, rows in cell.targets.items():
                self.rows[name, t] = tuple([at[row] for row in rows])
            self.maps.append(at)
            self.marks.append(len(g))

    @property
    def max_lag(self) -> int:
        """How many steps back the equations look; at least 1."""
        return self.cell.max_lag

    @property
    def window(self) -> int:
        """So many steps are written row by row before the rest is written in bulk."""
        return 2 * self.cell.max_lag + 3

    @property
    def regular(self) -> int:
        """So many blocks must repeat themselves: three, besides those that a step looks back to."""
        return self.cell.max_lag + 3

    def _regular(self) -> Pattern | None:
        """How the steps go on, if the last ones repeat themselves."""
        if self.cell.counters:
            return None
        marks = self.marks[-self.regular - 1 :]
        size = marks[-1] - marks[-2]

        def moves(row: int, d: int) -> bool:
            return d == size if row >= marks[0] else d == 0 and row < self.first

        growth = slopes(self.maps[-self.regular :])
        form = pattern(self.graph, marks, moves)
        if growth is None or form is None or not all(map(moves, self.maps[-1], growth)):
            return None
        self.growth, self.block = growth, len(form.ops)
        return form

    def _continue(self, form: Pattern) -> None:
        """Write the remaining steps in bulk."""
        cell, t, growth = self.cell, self.window, self.growth
        extend(self.graph, form, self.T - t)
        for name, rows in cell.targets.items():
            grows = tuple(growth[row] for row in rows)
            self.rows.run(name, range(t + 1, self.T + 1), t, self.rows[name, t], grows)
        first: dict[str, int] = {}
        for _, name, lag, _ in cell.sources:
            first[name] = min(lag, first.get(name, lag))
        for name, lag in first.items():
            if name not in cell.targets:
                grows = tuple(growth[r] for r, n, k, _ in cell.sources if (n, k) == (name, lag))
                steps = range(t - lag + 1, self.T - lag + 1)
                self.rows.run(name, steps, t - lag, self.rows[name, t - lag], grows)

    def at_step(self, t: int, size: int) -> list[int]:
        """The row of this table for each row of the cell, at step t; 0 for later ones to fill."""
        k = t - len(self.maps)
        if k <= 0:
            at = self.maps[t - 1].copy()
        else:
            at = [x + k * d for x, d in zip(self.maps[-1], self.growth, strict=True)]
        at += [ZERO] * (size - len(at))
        return at

    def _lowering(self) -> Lowering:
        def element(name: str, time: Node, env: Mapping[str, int]) -> Array:
            t = integer(time, env)
            rows = self.rows.find((name, t)) or self._outside(name, t)
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

    def sweep(self, output: int, *, bulk: bool = True) -> Sweep:
        """The same derivatives from the adjoint step, stamped for t = T .. 1.

        Cost: a small multiple of that of unrolling, for all parameters, states and inputs at once.
        ``bulk=False`` writes every step row by row, with the same result.
        """
        with uncollected():
            return Backward(self, output).run(bulk)

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
    bulk: bool = True,
) -> Unrolled:
    """The steps 1 .. T in one table; linear in T in time and in memory.

    ``bulk=False`` writes every step row by row, with the same result.

    Raises InputError unless T is at least 1, LimitExceeded before anything is built if the table
    would have more than ``limit`` rows, and what :class:`Cell` raises.
    """
    if T < 1:
        raise InputError(f"T = {T}: a recurrence is unrolled to one step at least")
    cell = recurrence if isinstance(recurrence, Cell) else _rolled(recurrence, dims, rules)
    if T * len(cell.each) > limit:
        raise LimitExceeded(f"T = {T} needs about {T * len(cell.each)} rows; the limit is {limit}")
    unrolled = Unrolled(cell, T, Graph(rules=cell.graph.rules, limit=limit))
    with uncollected():
        unrolled._build(bulk)
    return unrolled


def _rolled(
    recurrence: Recurrence, dims: Mapping[str, int] | None, rules: Mapping[str, Rule]
) -> Cell:
    """The cell of a recurrence, differentiated once however often it is unrolled."""
    if rules is not RULES:
        return roll(recurrence, dims, rules=rules)
    # A recurrence never changes, so its cells can stay with it.
    kept: dict[tuple[tuple[str, int], ...], Cell] = recurrence.__dict__.setdefault("_cells", {})
    key = tuple(sorted((dims or {}).items()))
    if key not in kept:
        kept[key] = roll(recurrence, dims, rules=rules)
    return kept[key]
