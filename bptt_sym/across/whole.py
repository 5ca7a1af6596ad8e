"""The check of a derivation across stages as a whole, at exact random values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_sym.decide.conventions import STRICT
from bptt_sym.decide.domains import Modular
from bptt_sym.decide.identity import concrete_dims
from bptt_sym.decide.interpret import Interpreter
from bptt_sym.decide.tensor import Tensor, flat, from_flat
from bptt_sym.decide.world import World
from bptt_sym.errors import ReplayError
from bptt_sym.joined import Joined, Wire
from bptt_sym.recurrence import HORIZON, STEP, Recurrence

if TYPE_CHECKING:
    from bptt_sym.across.derivation import Across

#: An element of a sequence, or a parameter with the time None.
Leaf = tuple[str, int | None]
#: Steps of a stage, unless a wire says how many: they differ, so that nothing can be taken for
#: something else.
STEPS = (3, 2, 4)


class OfStage(Modular):
    """F_p, where equal names in different stages are different free values."""

    def __init__(self, seed: int, stage: str) -> None:
        super().__init__(seed)
        self.stage = stage

    def sample(self, slot: Any) -> int:
        return super().sample((f"{self.stage}.{slot[0]}", *slot[1:]))


def check_whole(across: Across, seed: int) -> None:
    """ReplayError unless the parts give the derivative by forward propagation through all."""
    run = Run(across, seed)
    true = run.forward()
    found = run.backward()
    if any(not run.is_zero(a - b) for a, b in zip(flat(found), flat(true), strict=True)):
        raise ReplayError(f"{across.title}: the parts do not add up to the gradient", 0)


class Run:
    """One run of all stages at random values."""

    def __init__(self, across: Across, seed: int) -> None:
        self.across, self.net = across, across.net
        self.domains = {s: OfStage(seed, s) for s in self.net.stages}
        self.steps = _steps(self.net)
        self.dims = _dims(self.net, self.steps)
        #: What each stage is given: by wires, and the parameter in question.
        self.given: dict[str, dict[Leaf, Tensor]] = {s: {} for s in self.net.stages}
        self.is_zero = self.domains[next(iter(self.net.stages))].is_zero
        stage, _, name = across.parameter.partition(".")
        value = self.world(stage, self.net.stages[stage]).value(name, None)
        self.uses = {stage: name}
        for owner, key in self.net.tied.items():
            if key == across.parameter:
                where, _, tied = owner.partition(".")
                self.uses[where] = tied
        for where, own in self.uses.items():
            self.given[where][own, None] = value

    def world(self, stage: str, rec: Recurrence) -> World:
        """A stage (with whatever its derivation added to it) at its values."""
        world = World(rec, self.domains[stage], concrete_dims(rec, (), self.dims[stage]))
        for (name, time), value in self.given[stage].items():
            world.give(name, time, value)
        return world

    # ------------------------------------------------------------------ forward

    def forward(self) -> Tensor:
        """Values handed on, with their derivatives by the parameter; that of the loss."""
        tangents: dict[str, dict[Leaf, Tensor]] = {s: {} for s in self.net.stages}
        for stage, rec in self.net.stages.items():
            world, T = self.world(stage, rec), self.steps[stage]
            for w in self.net.wires:
                if w.source == stage:
                    run = range(1, T + 1)
                    values = [world.value(w.sequence, t) for t in run]
                    slopes = [
                        self._tangent(world, (w.sequence, t), stage, tangents[stage]) for t in run
                    ]
                    self.given[w.target].update(_carried(w, values))
                    tangents[w.target].update(_carried(w, slopes))
        last = [*self.net.stages][-1]
        world = self.world(last, self.net.stages[last])
        return self._tangent(world, (self.net.loss, None), last, tangents[last])

    def _tangent(
        self, world: World, y: Leaf, stage: str, incoming: Mapping[Leaf, Tensor]
    ) -> Tensor:
        """The derivative of ``y`` by the parameter, through the stage and what it is given."""
        T = self.steps[stage]
        shape = world.shape(y[0]) if y[1] is not None else ()
        key, _, name = self.across.parameter.partition(".")
        size = self.world(key, self.net.stages[key]).shape(name)
        total = np.zeros((int(np.prod(shape)), int(np.prod(size))), dtype=object)
        if stage in self.uses:
            own = world.derivative(y, (self.uses[stage], None), "total", T)
            if own is not None:
                total = total + np.reshape(np.array(flat(own), dtype=object), total.shape)
        for leaf, slope in incoming.items():
            by = world.derivative(y, leaf, "total", T)
            if by is not None:
                left = np.reshape(np.array(flat(by), dtype=object), (len(total), -1))
                total = total + left.dot(slope)
        reduced: Tensor = world.domain.reduce(total)
        return reduced

    # ------------------------------------------------------------------ backward

    def backward(self) -> Tensor:
        """What the last formulas of the parts give."""
        from bptt_sym.across.derivation import Handover

        total: Any = 0
        for part in self.across.parts:
            if isinstance(part, Handover):
                self._hand_back(part)
                continue
            stage, d = part
            world, T = self.world(stage, d.recurrence), self.steps[stage]
            value = Interpreter(world, STRICT, T).value(d.result, {HORIZON: T})
            total = total + np.array(flat(value), dtype=object)
        return np.asarray(total)

    def _hand_back(self, part: Any) -> None:
        w: Wire = part.wire
        d = part.derivation
        world, T = self.world(w.target, d.recurrence), self.steps[w.target]
        interpreter = Interpreter(world, STRICT, T)
        shape = self.world(w.source, self.net.stages[w.source]).shape(w.sequence)
        into = self.given[w.source]
        if w.how == "last":
            value = interpreter.value(d.result, {HORIZON: T})
            into[part.name, None] = from_flat(shape, flat(value))
        elif w.how == "memory":
            rows = interpreter.value(d.result, {HORIZON: T})
            for t, row in enumerate(rows, start=1):
                into[part.name, t] = from_flat(shape, flat(row))
        else:
            for t in range(1, T + 1):
                at = t if w.how == "same" else T + 1 - t
                value = interpreter.value(d.result, {HORIZON: T, STEP: t})
                into[part.name, at] = from_flat(shape, flat(value))


def _carried(w: Wire, values: list[Tensor]) -> dict[Leaf, Tensor]:
    """What the wire brings of the values at the steps 1, 2, …; a memory has one in each row."""
    match w.how:
        case "last":
            return {(w.name, 0): values[-1]}
        case "memory":
            rows = [v if isinstance(v, np.ndarray) else np.array([v], dtype=object) for v in values]
            together = np.concatenate(rows) if rows[0].ndim > 1 else np.stack(rows)
            return {(w.name, None): together}
        case how:
            ordered = values if how == "same" else values[::-1]
            return {(w.name, t): v for t, v in enumerate(ordered, start=1)}


def _steps(net: Joined) -> dict[str, int]:
    """How many steps each stage has: as many as its source where it reads step by step."""
    steps = {s: STEPS[i % len(STEPS)] for i, s in enumerate(net.stages)}
    for _ in net.stages:
        for w in net.wires:
            if w.how in ("same", "reversed"):
                steps[w.source] = steps[w.target] = min(steps[w.source], steps[w.target])
    return steps


def _dims(net: Joined, steps: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Numbers for the dimensions of every stage; what a wire brings fits."""
    known: dict[str, dict[str, int]] = {s: {} for s in net.stages}

    def fit(stage: str, shape: tuple[Any, ...], sizes: tuple[int, ...]) -> None:
        for d, size in zip(shape, sizes, strict=True):
            if isinstance(d, str):
                known[stage].setdefault(d, size)

    for stage, rec in net.stages.items():
        for owner, key in net.tied.items():
            where, _, name = owner.partition(".")
            if where == stage and key.partition(".")[0] != stage:
                first, _, theirs = key.partition(".")
                sizes = World(net.stages[first], Modular(), known[first]).shape(theirs)
                fit(stage, rec.shape(name), sizes)
        for w in net.wires:
            if w.target == stage:
                source = net.stages[w.source]
                sizes = World(source, Modular(), known[w.source]).shape(w.sequence)
                whole = (steps[w.source], *sizes) if w.how == "memory" else sizes
                fit(stage, rec.shape(w.name), whole)
        known[stage] = concrete_dims(rec, (2, 3, 2, 3), known[stage])
    return known
