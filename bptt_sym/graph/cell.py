"""One generic step of a recurrence as a table, and its adjoint step.

Time is not in it: ``h_{t-1}`` is a free variable with the relative time -1. The step is
differentiated here once; a number of steps is a matter of stamping (:mod:`.unroll`), and a symbolic
number of steps needs nothing more than this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from bptt_sym.errors import ModelError, NotSupported, ShapeError, UnboundName
from bptt_sym.graph.graph import Graph
from bptt_sym.graph.lower import Array, Lowering, Size, indices
from bptt_sym.graph.operations import CONST, SYM, ZERO, Label
from bptt_sym.notation import Node
from bptt_sym.recurrence import STEP, Recurrence, lag_of
from bptt_sym.rules import RULES, Rule

#: ``(operation, a, b, row)`` of one row to be stamped.
Instruction = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Adjoint:
    """The backward step: what each source receives, given the cotangents of some targets.

    ``cotangents`` are the free rows that stand for what each target component gets from outside
    the step. ``received`` has a row for everything with a time, for every parameter, and for every
    target itself (what it gets from outside plus what other targets of the same step pass on).
    ``constants`` and ``code`` are what has to be stamped.
    """

    cotangents: Mapping[tuple[str, int], int]
    received: Mapping[int, int]
    constants: tuple[tuple[int, Fraction], ...]
    code: tuple[Instruction, ...]
    #: What is received, once more: (row, name, lag, flat component) by what has a time, (row, name,
    #: flat component) by parameters, both where it is not 0, and the rows of each target.
    to_sources: tuple[tuple[int, str, int, int], ...]
    to_parameters: tuple[tuple[int, str, int], ...]
    to_targets: tuple[tuple[str, tuple[int, ...]], ...]


class Cell:
    """The table of one step.

    Attributes
    ----------
    targets:
        The named rows of each defined sequence, by name, component by component.
    sources:
        ``(row, name, lag, flat component)`` of everything with a time that the step reads.
    parameters:
        The free rows of each parameter, by name.

    Raises
    ------
    ModelError
        A dimension without a number, or a value whose shape is not the declared one.
    ShapeError, NotSupported
        As :meth:`Lowering.lower`.
    """

    def __init__(
        self,
        recurrence: Recurrence,
        dims: Mapping[str, int] | None = None,
        rules: Mapping[str, Rule] = RULES,
    ) -> None:
        self.recurrence = recurrence
        self.dims = dict(dims or {})
        self.graph = Graph(rules=rules)
        self.targets: dict[str, tuple[int, ...]] = {}
        self.parameters: dict[str, tuple[int, ...]] = {}
        self._elements: dict[tuple[str, int], tuple[int, ...]] = {}
        self._counters: dict[str, int] = {}
        self._sizes: dict[str, Size] = {}
        self._adjoints: dict[frozenset[str], Adjoint] = {}
        #: The first steps of the cell unrolled, once they have been written (see :mod:`.unroll`).
        self.opening: object = None
        lowering = Lowering(
            self.graph, self._symbol, self._element, self._counter, self.call_shape, self.parts
        )
        for equation in recurrence.equations:
            try:
                value = lowering.lower(equation.rhs, {})
            except UnboundName as error:
                raise NotSupported(
                    f"{recurrence.name}: {equation.target!r} needs {error.token!r} as a whole "
                    "number, which a generic step does not have"
                ) from error
            shape = self.size(equation.target)
            nodes = conform(value, shape, f"{recurrence.name}: {equation.target!r}")
            self.targets[equation.target] = tuple(
                self.graph.let(Label(equation.target, 0, i), k)
                for i, k in zip(indices(shape), nodes, strict=True)
            )
        self.primal_rows = len(self.graph)
        self.sources = [
            (row, name, lag, flat)
            for (name, lag), rows in self._elements.items()
            for flat, row in enumerate(rows)
        ]
        #: How many steps back the equations look; at least 1.
        self.max_lag = max([1, *(lag for _, _, lag, _ in self.sources)])
        roots = [k for rows in self.targets.values() for k in rows]
        varying = self._varying()
        live = [i for i in self.graph.live(roots) if self.graph.op[i] not in (SYM, CONST)]
        self.constants = self._constants(range(self.primal_rows))
        #: What is the same at every step, such as a product of parameters, is stamped once.
        self.once = self.instructions(i for i in live if not varying[i])
        self.each = self.instructions(i for i in live if varying[i])
        self.counters = tuple(self._counters.items())

    # ------------------------------------------------------------------ names

    def size(self, name: str) -> Size:
        """The concrete shape of a sequence, parameter or total."""
        known = self._sizes.get(name)
        if known is None:
            known = self._sizes[name] = self.concrete(self.recurrence.shape(name))
        return known

    def concrete(self, shape: tuple[str | int, ...]) -> Size:
        """A shape with its symbolic dimensions replaced by numbers."""
        return tuple(sum(map(self._number, str(d).split("+"))) for d in shape)

    def _number(self, dim: str) -> int:
        """One term of a dimension such as ``n+m`` (stacked vectors)."""
        number = int(dim) if dim.isdecimal() else self.dims.get(dim)
        if number is None:
            raise ModelError(f"{self.recurrence.name}: dimension {dim!r} has no number")
        if number < 1:
            raise ModelError(f"{self.recurrence.name}: dimension {dim!r} is {number}, below 1")
        return number

    def parts(self, name: str) -> list[tuple[str, int]]:
        """The sequences that the columns of a parameter multiply, with their lengths."""
        return [
            (part, (self.size(part) or (1,))[0]) for part in self.recurrence.blocks.get(name, ())
        ]

    def call_shape(self, name: str) -> Size:
        return self.concrete(self.recurrence.functions.get(name, ()))

    def _symbol(self, name: str) -> Array:
        shape = self.size(name)
        rows = self.parameters.get(name)
        if rows is None:
            rows = tuple(self.graph.sym(Label(name, None, i)) for i in indices(shape))
            self.parameters[name] = rows
        return Array(shape, rows)

    def _element(self, name: str, time: Node, env: Mapping[str, int]) -> Array:
        lag = lag_of(time)
        if lag is None:
            raise ModelError(f"{self.recurrence.name}: the time of {name!r} is not t minus a lag")
        shape = self.size(name)
        if lag == 0 and name in self.targets:
            return Array(shape, self.targets[name])
        rows = self._elements.get((name, lag))
        if rows is None:
            rows = tuple(self.graph.sym(Label(name, -lag, i)) for i in indices(shape))
            self._elements[name, lag] = rows
        return Array(shape, rows)

    def _counter(self, name: str) -> int | None:
        if name != STEP:
            return None
        row = self.graph.sym(Label(name, 0, (), "step"))
        self._counters[name] = row
        return row

    # ------------------------------------------------------------------ code

    def _varying(self) -> bytearray:
        """Which rows depend on the step. Every target does: its name has the step in it."""
        starts = [row for row, *_ in self.sources] + list(self._counters.values())
        starts += [row for rows in self.targets.values() for row in rows]
        return self.graph.depends(starts, len(self.graph))

    def _constants(self, rows: Iterable[int]) -> tuple[tuple[int, Fraction], ...]:
        g = self.graph
        return tuple((i, g.constants[g.a[i]]) for i in rows if g.op[i] == CONST)

    def instructions(self, rows: Iterable[int]) -> tuple[Instruction, ...]:
        g = self.graph
        return tuple((g.op[i], g.a[i], g.b[i], i) for i in rows)

    def adjoint(self, names: frozenset[str]) -> Adjoint:
        """The backward step for cotangents of the sequences ``names`` at this step.

        Its cost is a small multiple of the step's own, whatever the number of sources.
        """
        found = self._adjoints.get(names)
        if found is not None:
            return found
        g = self.graph
        seeds: dict[int, int] = {}
        cotangents: dict[tuple[str, int], int] = {}
        for name in self.targets:
            if name in names:
                shape = self.size(name)
                for flat, i in enumerate(indices(shape)):
                    row = g.sym(Label(name, 0, i, "bar"))
                    cotangents[name, flat] = row
                    seeds[self.targets[name][flat]] = row
        wrt = [row for row, *_ in self.sources]
        wrt += [row for rows in (self.parameters | self.targets).values() for row in rows]
        received = dict(zip(wrt, g.pullback(seeds, wrt), strict=True))
        live = [i for i in g.live(received.values()) if i >= self.primal_rows]
        code = self.instructions(i for i in live if g.op[i] not in (SYM, CONST))
        found = self._adjoints[names] = Adjoint(
            cotangents,
            received,
            self._constants(live),
            code,
            tuple(
                (received[row], name, lag, flat)
                for row, name, lag, flat in self.sources
                if received[row] != ZERO
            ),
            tuple(
                (received[row], name, flat)
                for name, rows in self.parameters.items()
                for flat, row in enumerate(rows)
                if received[row] != ZERO
            ),
            tuple((n, tuple(received[row] for row in rows)) for n, rows in self.targets.items()),
        )
        return found

    def jacobian(self) -> dict[tuple[Label, Label], int]:
        """The one-step derivatives that are not 0: of each target by each thing with a lag or by
        each parameter, values of earlier steps held fixed (they are free variables here)."""
        g = self.graph
        wrt = [row for row, *_ in self.sources]
        wrt += [row for rows in self.parameters.values() for row in rows]
        out: dict[tuple[Label, Label], int] = {}
        for rows in self.targets.values():
            for y in rows:
                target = g.label(y)
                for x, d in zip(wrt, g.gradient(y, wrt), strict=True):
                    source = g.label(x)
                    if d != ZERO and target is not None and source is not None:
                        out[target, source] = d
        return out


def conform(value: Array, shape: Size, what: str) -> tuple[int, ...]:
    """The components of ``value`` as an array of ``shape``; a number fills every component."""
    if value.shape == shape:
        return value.nodes
    count = 1
    for d in shape:
        count *= d
    if len(value.nodes) == 1:
        return value.nodes * count
    raise ShapeError(f"{what} has shape {shape}, its value {value.shape}")
