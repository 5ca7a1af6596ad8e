"""The backward sweep: the adjoint step stamped for t = T .. 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from bptt_sym.graph.operations import CONST, LET, ONE, ZERO
from bptt_sym.graph.periodic import Steps, extend, pattern, slopes
from bptt_sym.graph.stamp import stamp

if TYPE_CHECKING:
    from bptt_sym.graph.unroll import Unrolled

Key = TypeVar("Key")

#: How many steps more than the window are waited for the sweep to become regular.
_PATIENCE = 3

#: ``(name, relative step, components)`` of everything, and all their rows one after the other.
State = tuple[list[tuple[str, int, int]], list[int]]


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
    deltas: Steps


class Backward:
    """One sweep under way.

    ``deltas`` holds what each sequence has received so far; for a target it is final once its step
    has been swept, for the others once the last step that reads them has.
    """

    def __init__(self, unrolled: Unrolled, output: int) -> None:
        self.u = unrolled
        self.g = unrolled.graph
        self.output = output
        self.deltas: dict[tuple[str, int], list[int]] = {}
        self.grads = {name: [ZERO] * len(rows) for name, rows in unrolled.parameters.items()}
        self.done = Steps()
        #: Whether the table holds the steps and nothing else.
        self.alone = False
        #: The least lag with which each sequence is read; 0 for targets.
        self.first_lag: dict[str, int] = {}
        for _, name, lag, _ in unrolled.cell.sources:
            self.first_lag[name] = min(lag, self.first_lag.get(name, lag))
        self.first_lag |= dict.fromkeys(unrolled.cell.targets, 0)
        self.max_lag = unrolled.max_lag

    def run(self, bulk: bool) -> Sweep:
        self._seed()
        self._steps(bulk)
        self._into_initial_values()
        for key, values in self.deltas.items():
            if any(values):
                self.done[key] = tuple(values)
        grads = {name: tuple(values) for name, values in self.grads.items()}
        return Sweep(self.output, grads, self.done)

    def _steps(self, bulk: bool) -> None:
        u, g = self.u, self.g
        bulk = bulk and bool(u.growth)
        seeds = {key: tuple(values) for key, values in self.deltas.items()} if bulk else {}
        marks: list[int] = [len(g)]
        states: list[State] = []
        hidden: list[tuple[int, int]] = []
        self.alone = len(g) == u.built
        if bulk and self.alone:
            # Rows written here can equal rows of steps close by only, so the look-up tables need
            # not know the long middle part that was written in bulk.
            margin = u.block * (u.window + 2 * self.max_lag + 4)
            hidden = self._hide(margin)
        t = u.T
        try:
            while t > 0:
                if not self._step(t) and len(marks) == 1:
                    t -= 1  # later than the output
                    continue
                marks.append(len(g))
                if bulk:
                    states.append(self._state(t))
                if bulk and len(states) > u.regular:
                    last = len(u.maps) - u.regular + 1
                    if t - last >= 4 and self._continue(t, last, marks, states, seeds):
                        hidden += self._hide((marks[-1] - marks[-2]) * (self.max_lag + 4))
                        t = last
                        bulk = False
                    elif t - last < 4 or len(states) > u.window + _PATIENCE:
                        hidden, g.unindexed = [], hidden
                        bulk = False
                t -= 1
        finally:
            g.unindexed = hidden + g.unindexed

    def _hide(self, margin: int) -> list[tuple[int, int]]:
        """Enter the last ``margin`` rows into the look-up tables and keep the others out."""
        g = self.g
        ranges, g.unindexed = g.unindexed, []
        if not ranges:
            return []
        start, end = ranges[-1]
        cut = max(start, end - margin)
        g.index(cut, end)
        return [*ranges[:-1], (start, cut)]

    def _step(self, t: int) -> bool:
        """Sweep one step; False if nothing reaches it."""
        u, g, deltas = self.u, self.g, self.deltas
        cell = u.cell
        names = frozenset([n for n in cell.targets if any(deltas.get((n, t), ()))])
        if not names:
            return False
        adjoint = cell.adjoint(names)
        at = u.at_step(t, len(cell.graph))
        for i, value in adjoint.constants:
            at[i] = g.const(value)
        for (name, flat), row in adjoint.cotangents.items():
            at[row] = deltas[name, t][flat]
        stamp(cell.graph, adjoint.code, g, at, t)
        for row, name, lag, flat in adjoint.to_sources:
            self._give(name, t - lag, flat, at[row])
        for name, rows in adjoint.to_targets:
            deltas[name, t] = [at[row] for row in rows]
        for row, name, flat in adjoint.to_parameters:
            grad = self.grads[name]
            grad[flat] = g.add(grad[flat], at[row])
        return True

    # ------------------------------------------------------------------ in bulk

    def _state(self, t: int) -> State:
        """All that later steps of the sweep can depend on, by relative time; and the gradients."""
        names: list[tuple[str, int, int]] = []
        found: list[int] = []
        for k, grad in enumerate(self.grads.values()):
            names.append(("", k, len(grad)))
            found += grad
        deltas = self.deltas
        for name in self.first_lag:
            for j in range(self.max_lag + 1):
                values = deltas.get((name, t - j))
                if values is not None:
                    names.append((name, -j, len(values)))
                    found += values
        return names, found

    def _continue(
        self,
        t: int,
        last: int,
        marks: list[int],
        states: list[State],
        seeds: Mapping[tuple[str, int], tuple[int, ...]],
    ) -> bool:
        """Sweep the steps t - 1 .. last in bulk, if the last ones repeat themselves."""
        u, g = self.u, self.g
        start, marks, states = marks[0], marks[-u.regular - 1 :], states[-u.regular :]
        size = marks[-1] - marks[-2]
        given = {row for values in seeds.values() for row in values}

        def moves(row: int, d: int) -> bool:
            if row >= marks[0]:
                return d == size
            if row < u.first or g.op[row] == CONST:
                return d == 0
            # The steps' own rows; what the output itself gives, which `_even` looks at.
            return d == -u.block if row < u.built else row < start and row in given

        names, rows = states[-1]
        if any(other != names for other, _ in states):
            return False
        slope = slopes([state for _, state in states])
        if slope is None or not all(map(moves, rows, slope)):
            return False
        form = pattern(g, marks, moves)
        if form is None or not self._even(seeds, last - self.max_lag, t + u.regular):
            return False
        latest: dict[tuple[str, int], list[int]] = {}
        grows: dict[tuple[str, int], list[int]] = {}
        k = 0
        for name, j, components in names:
            latest[name, j], grows[name, j] = rows[k : k + components], slope[k : k + components]
            k += components
        count = t - last
        if not extend(self.g, form, count, alone=self.alone):
            return False
        for name, lag in self.first_lag.items():
            if (name, -lag) in latest:
                steps = range(last - lag, t - lag)
                downwards = tuple(-d for d in grows[name, -lag])
                at = tuple(latest[name, -lag])
                for s in steps:
                    self.deltas.pop((name, s), None)
                if any(at) or any(downwards):
                    self.done.run(name, steps, t - lag, at, downwards)
        for (name, j), values in latest.items():
            now = [x + count * d for x, d in zip(values, grows[name, j], strict=True)]
            if not name:
                self.grads[list(self.grads)[j]] = now
            elif j < -self.first_lag[name]:
                self.deltas[name, last + j] = now
        return True

    def _even(self, seeds: Mapping[tuple[str, int], tuple[int, ...]], low: int, high: int) -> bool:
        """Whether what the output itself gives is in arithmetic progression from low to high."""
        sizes = {n: len(values) for (n, s), values in seeds.items() if low <= s <= high}
        for name, size in sizes.items():
            rows = [seeds.get((name, s), (ZERO,) * size) for s in range(low, high + 1)]
            if slopes(rows) is None:
                return False
        return True

    # ------------------------------------------------------------------ ends

    def _give(self, name: str, t: int, flat: int, value: int) -> None:
        if value != ZERO:
            at = self.deltas.get((name, t))
            if at is None:
                at = self.deltas[name, t] = [ZERO] * len(self.u.rows[name, t])
            at[flat] = self.g.add(at[flat], value)

    def _seed(self) -> None:
        """What the output passes to the sequences and parameters that its own formula names."""
        u, g = self.u, self.g
        label = g.label(self.output)
        if label is not None and label.time is not None and not label.kind:
            rows = u.rows[label.name, label.time]
            self._give(label.name, label.time, rows.index(self.output), ONE)
            return
        places, weights = _numbered(u.rows), _numbered(u.parameters)
        fixed = [row for _, _, row in places]
        wrt = fixed + [row for _, _, row in weights]
        bars = g.gradient(self.output, wrt, fixed=fixed)
        for (key, flat, _), bar in zip(places, bars, strict=False):
            self._give(*key, flat, bar)
        for (name, flat, _), bar in zip(weights, bars[len(places) :], strict=True):
            self.grads[name][flat] = bar

    def _into_initial_values(self) -> None:
        """Initial values may be formulas of parameters and of each other."""
        u, g, deltas = self.u, self.g, self.deltas
        initial = _numbered({key: rows for key, rows in u.rows.written().items() if key[1] <= 0})
        seeds = {
            row: deltas[key][flat]
            for key, flat, row in initial
            if key in deltas and g.op[row] == LET and deltas[key][flat] != ZERO
        }
        if not seeds:
            return
        weights = _numbered(u.parameters)
        wrt = [row for _, _, row in initial] + [row for _, _, row in weights]
        bars = g.pullback(seeds, wrt)
        for (key, flat, row), bar in zip(initial, bars, strict=False):
            if g.op[row] != LET:
                self._give(*key, flat, bar)
            elif bar != ZERO:
                # The sweep over the initial values started from what the row had received.
                deltas.setdefault(key, [ZERO] * len(u.rows[key]))[flat] = bar
        for (name, flat, _), bar in zip(weights, bars[len(initial) :], strict=True):
            self.grads[name][flat] = g.add(self.grads[name][flat], bar)


def _numbered(rows: Mapping[Key, tuple[int, ...]]) -> list[tuple[Key, int, int]]:
    """``(key, flat component, row)`` of every row."""
    return [(key, flat, row) for key, array in rows.items() for flat, row in enumerate(array)]
