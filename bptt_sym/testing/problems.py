"""A gradient problem: numbers for everything that a backward pass takes, and the exact answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

import numpy as np

from bptt_sym.errors import ModelError
from bptt_sym.evaluate.adjoint import LOSS, Adjoint
from bptt_sym.evaluate.bounded import Bound, Bounded
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.interpret import Run, backward, forward
from bptt_sym.evaluate.lags import contributions
from bptt_sym.testing.models import WEIGHT, Model

Array = Any


@final
@dataclass(frozen=True, eq=False)
class Problem:
    r"""One instance of "compute the gradient".

    The loss is :math:`\tfrac12\sum_{t,b} w_t m_{tb}\,\|y_{tb}-\hat y_{tb}\|^2`.

    Attributes
    ----------
    params:
        Name → array. Elman, sigmoid RNN: ``W`` (H, I), ``U`` (H, H), ``b`` (H,), ``V`` (O, H),
        ``c`` (O,). LSTM: the same with 4H rows in the order f, i, o, g; GRU: 3H rows r, z, g.
    series:
        Every input and target sequence by the recurrence's name, (T, B, ...).
    initial:
        State → value before the first step, (B, H).
    mask, loss_weights:
        (T, B) and (T,); their product weighs the loss.
    learned:
        Whether the initial states are parameters, the same for every example: their gradient is
        then summed over the batch.
    regime:
        The kind of numbers that it was drawn from, for messages.
    """

    model: Model
    params: dict[str, Array]
    series: dict[str, Array]
    initial: dict[str, Array]
    mask: Array
    loss_weights: Array
    learned: bool = False
    regime: str = "given"
    seed: int | None = None

    # -- what a gradient function reads ---------------------------------------------------------

    @property
    def name(self) -> str:
        """The cell."""
        return self.model.name

    @property
    def x(self) -> Array:
        """The input sequence, (T, B, I)."""
        return self.series[self.model.inputs[0]]

    @property
    def targets(self) -> Array:
        """What the output (or the first state) is compared with, (T, B, O)."""
        return self.series[next(iter(self.model.targets.values()))]

    @property
    def h0(self) -> Array:
        """The initial hidden state, (B, H)."""
        return self.start("h")

    @property
    def c0(self) -> Array:
        """The initial cell state of an LSTM, (B, H)."""
        return self.start("c")

    def start(self, state: str) -> Array:
        """The value of a state before the first step, (B, H); given, or as its equation says."""
        if state in self.initial:
            return self.initial[state]
        if state not in self.model.rec.initial:
            raise AttributeError(f"{self.name} has no state {state!r}")
        run = self.plain_run
        value = run.fixed[self.model.program.initial[state]]
        own = tuple(self._rows(d) for d in self.model.rec.shape(state))
        return np.broadcast_to(value, (self.batch, *own)).astype(self.dtype)

    @property
    def steps(self) -> int:
        """T."""
        return int(self.mask.shape[0])

    @property
    def batch(self) -> int:
        """B."""
        return int(self.mask.shape[1])

    @property
    def dtype(self) -> Any:
        return next(iter(self.params.values())).dtype

    @cached_property
    def dims(self) -> dict[str, int]:
        """The symbolic dimensions in numbers."""
        out: dict[str, int] = {}
        rec = self.model.rec
        for name, value in self.series.items():
            for d, size in zip(rec.shape(name), value.shape[2:], strict=True):
                if isinstance(d, str):
                    out[d] = size
        for name, value in self.initial.items():
            for d, size in zip(rec.shape(name), value.shape[1:], strict=True):
                if isinstance(d, str):
                    out[d] = size
        for name, parts in self.model.layout.items():
            for d, size in zip(rec.shape(parts[0]), self.params[name].shape, strict=True):
                if isinstance(d, str) and "+" not in d and len(parts) == 1:
                    out.setdefault(d, size)
        return out

    def loss(self, params: Mapping[str, Array] | None = None) -> float:
        """The loss at ``params`` (default: the problem's own), other things equal."""
        given = self if params is None else replace(self, params={**self.params, **params})
        inputs, start = given._inputs(), given._starts()
        with np.errstate(all="ignore"):
            values, _ = self.model.fast.forward(
                self.model.unpack(given.params, self.dims), inputs, start
            )
        return values["loss"]  # type: ignore[no-any-return]

    # -- the exact answer -----------------------------------------------------------------------

    def _inputs(self) -> dict[str, Array]:
        weights = self.loss_weights[:, None] * self.mask
        return {**self.series, WEIGHT: weights.astype(self.dtype)}

    def _starts(self) -> dict[str, Array]:
        return {s: self.start(s) for s in self.initial}

    def run(self, domain: Any, **hooks: Any) -> Run:
        """The forward pass in a domain.

        ``hooks`` are those of :func:`~bptt_sym.evaluate.interpret.forward`.
        """
        params = self.model.unpack(self.params, self.dims)
        with np.errstate(all="ignore"):
            return forward(
                self.model.rec, self.model.program, domain, params, self._inputs(), self._starts(),
                **hooks,
            )  # fmt: skip

    def gradient_in(
        self, domain: Any, run: Run | None = None, adj: Adjoint | None = None, **hooks: Any
    ) -> dict[str, Array]:
        """The gradient by name in a domain: parameters as the code has them, ``x``, and the
        initial states, ``h0`` (B, H), or (H,) if they are learned.

        ``adj`` replaces the adjoint of the step; ``hooks`` are those of
        :func:`~bptt_sym.evaluate.interpret.backward`.
        """
        run = self.run(domain) if run is None else run
        steps, batch = self.steps, self.batch
        ones = {LOSS: np.ones((steps, batch))}
        with np.errstate(all="ignore"):
            grads, bars = backward(adj or self.model.adjoint, domain, run, ones, **hooks)
        rec, out = self.model.rec, {}
        zero = {
            p: domain.zeros(tuple(self._rows(d) for d in rec.shape(p)))
            for parts in self.model.layout.values()
            for p in parts
            if p not in grads
        }
        out.update(self.model.pack({**grads, **zero}, _joined(domain)))
        for state in self.initial:
            own = tuple(self._rows(d) for d in rec.shape(state))
            total = domain.broadcast(bars[state, 1][0], (batch, *own))
            out[f"{state}0"] = domain.sum_leading(total, 1) if self.learned else total
        main = self.model.inputs[0] if self.model.inputs else None
        if main is not None and (main, 0) in bars:
            out["x"] = domain.stack(bars[main, 0])
        return out

    def _rows(self, d: str | int) -> int:
        from bptt_sym.evaluate.program import Size

        return Size.of(d).value(self.dims)

    @cached_property
    def answers(self) -> dict[Any, Any]:
        """What was computed for these numbers, by what it is; :meth:`fresh` problems share it."""
        return {}

    def _answer(self, key: Any, made: Callable[[], Any]) -> Any:
        if key not in self.answers:
            self.answers[key] = made()
        return self.answers[key]

    @property
    def plain_run(self) -> Run:
        """The forward pass in float64, which every wrong way back from it shares."""
        return self._answer("run", lambda: self.run(floats()))  # type: ignore[no-any-return]

    @property
    def exact(self) -> dict[str, Array]:
        """The gradient in extended precision (64 bits on x86), by name; not to be written to."""

        def made() -> dict[str, Array]:
            out = self.gradient_in(floats(np.longdouble))
            for value in out.values():
                value.setflags(write=False)
            return out

        return self._answer("exact", made)  # type: ignore[no-any-return]

    def allowed(self, u: float = 2.0**-53) -> dict[str, Array]:
        """How far rounding with unit roundoff ``u`` can carry a correct program, per entry.

        Infinitely far where the bound itself overflows, as for a state that grows without limit.
        """

        def made() -> dict[str, Array]:
            bounds = self.gradient_in(Bounded(u))
            errors = {name: np.asarray(b.error) for name, b in bounds.items()}
            return {name: np.where(np.isnan(e), np.inf, e) for name, e in errors.items()}

        return self._answer(("allowed", u), made)  # type: ignore[no-any-return]

    @property
    def parts(self) -> dict[str, Array]:
        """Contributions per parameter, ``(lag, step of use, example, *own)``, in float64."""
        return self._answer("parts", self._parts)  # type: ignore[no-any-return]

    def _parts(self) -> dict[str, Array]:
        domain = floats(np.longdouble)
        with np.errstate(all="ignore"):
            by_name, starts = contributions(self.model.adjoint, domain, self.run(domain))
        rec = self.model.rec
        shape = (self.steps, self.steps, self.batch)
        for parts in self.model.layout.values():
            for p in parts:
                if p not in by_name:
                    own = tuple(self._rows(d) for d in rec.shape(p))
                    by_name[p] = domain.zeros((*shape, *own))
        out = self.model.pack(by_name, _joined(domain))
        for state, value in starts.items():
            if state in self.initial:
                # The use of an initial state is at the first step.
                full = domain.zeros((*shape, *value.shape[2:]))
                full[: value.shape[0], 0] = value
                out[f"{state}0"] = full
        return out

    def replaced(self, **changes: Any) -> Problem:
        """The same problem with some fields changed."""
        return replace(self, **changes)

    def fresh(self) -> Problem:
        """The same numbers in arrays of its own, for code that may write to them."""
        def copies(table: Mapping[str, Array]) -> dict[str, Array]:
            return {k: v.copy() for k, v in table.items()}

        out = replace(
            self, params=copies(self.params), series=copies(self.series),
            initial=copies(self.initial), mask=self.mask.copy(),
            loss_weights=self.loss_weights.copy(),
        )  # fmt: skip
        out.__dict__["answers"] = self.answers
        return out

    def __repr__(self) -> str:
        dims = "".join(f", {k}={v}" for k, v in self.dims.items())
        return (
            f"Problem({self.name}, T={self.steps}, B={self.batch}{dims}, "
            f"regime={self.regime!r}, dtype={self.dtype}, seed={self.seed})"
        )

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """For Hypothesis and IPython, which would print every array and the whole model."""
        printer.text(repr(self))


def compared(outputs: Any, problem: Problem) -> list[tuple[Any, Array]]:
    """Outputs (T, B, …) beside their targets: one array, or a mapping where there are several.

    Raises
    ------
    TypeError
        One is missing, is no array, or has another shape, which might fit by being repeated.
    """
    targets = problem.model.targets
    if not isinstance(outputs, Mapping):
        if len(targets) > 1:
            listed = ", ".join(targets)
            raise TypeError(
                f"the loss compares {listed}: return a mapping with each of them, or take "
                "model_of(recurrence, outputs=…) with what is returned"
            )
        outputs = {next(iter(targets)): outputs}
    pairs = []
    for name, target in targets.items():
        if name not in outputs:
            raise TypeError(f"the outputs have no {name!r}, which the loss compares")
        value, wanted = outputs[name], problem.series[target]
        shape = getattr(value, "shape", None)
        if shape is None:
            raise TypeError(f"the outputs are {type(value).__name__}, no array")
        if tuple(shape) != wanted.shape:
            raise TypeError(
                f"the outputs have shape {tuple(shape)}, the targets (T, B, …) {wanted.shape}"
            )
        pairs.append((value, wanted))
    return pairs


def _joined(domain: Any) -> Any:
    def join(values: list[Any], rank: int) -> Any:
        if isinstance(values[0], Bound):
            return Bound(
                np.concatenate([v.value for v in values], -rank),
                np.concatenate([v.error for v in values], -rank),
            )
        return np.concatenate(values, -rank)

    return join


def problem(
    model: Model,
    params: Mapping[str, Any],
    *,
    x: Any = None,
    targets: Any,
    h0: Any = None,
    c0: Any = None,
    mask: Any = None,
    loss_weights: Any = None,
    learned: bool = False,
    dtype: Any = np.float64,
    **more: Any,
) -> Problem:
    """A problem from given numbers; what is left out is 0, or 1 for weights.

    Where the model has no inputs there is no ``x``.

    ``more`` gives further input, target and initial sequences by name.

    Raises
    ------
    ModelError
        A parameter that is missing or unknown, or shapes that do not fit.
    """
    values = {k: np.asarray(v, dtype) for k, v in params.items()}
    missing = [k for k in model.layout if k not in values]
    if missing:
        raise ModelError(f"{model.name}: parameters missing: {', '.join(missing)}")
    if unknown := [str(k) for k in values if k not in model.layout]:
        known = ", ".join(model.layout)
        raise ModelError(f"{model.name} has no parameter {', '.join(unknown)}; it has {known}")
    series = {next(iter(model.targets.values())): np.asarray(targets, dtype)}
    if model.inputs:
        series = {model.inputs[0]: np.asarray(x, dtype), **series}
    for name, value in more.items():
        if name in (*model.inputs, *model.targets.values()):
            series[name] = np.asarray(value, dtype)
    _check_ranks(model, values, series)
    steps, batch = next(iter(series.values())).shape[:2]
    given = {"h": h0, "c": c0, **{k[:-1]: v for k, v in more.items() if k.endswith("0")}}
    draft = Problem(model, values, series, {}, np.ones((steps, batch)), np.ones(steps))
    sizes = dict(draft.dims)
    for name, parts in model.layout.items():
        own = model.rec.shape(parts[0])
        for axis, d in enumerate(own):
            if isinstance(d, str) and "+" not in d:
                rows = values[name].shape[axis]
                sizes.setdefault(d, rows // (len(parts) if axis == 0 else 1))
    initial = {}
    for state in model.rec.states:
        if state in model.rec.initial:
            continue
        own = tuple(sizes[d] if isinstance(d, str) else d for d in model.rec.shape(state))
        start = given.get(state)
        initial[state] = (
            np.zeros((batch, *own), dtype) if start is None else np.asarray(start, dtype)
        )
    made = Problem(
        model,
        values,
        series,
        initial,
        np.ones((steps, batch), dtype) if mask is None else np.asarray(mask, dtype),
        np.ones(steps, dtype) if loss_weights is None else np.asarray(loss_weights, dtype),
        learned,
    )
    _check_shapes(made, sizes, steps, batch)
    return made


def _check_ranks(
    model: Model, params: Mapping[str, Array], series: Mapping[str, Array]
) -> None:
    """That every array has as many axes as it should.

    Raises
    ------
    ModelError
        One has more or fewer.
    """
    rec = model.rec
    table = {k: (v, ("T", "B", *rec.shape(k))) for k, v in series.items()}
    table |= {k: (params[k], rec.shape(parts[0])) for k, parts in model.layout.items()}
    for name, (value, axes) in table.items():
        if value.ndim != len(axes):
            wanted = ", ".join(map(str, axes))
            raise ModelError(f"{model.name}: {name} has shape {value.shape}, not ({wanted})")
        if not value.size:
            raise ModelError(f"{model.name}: {name} of shape {value.shape} holds no numbers")


def _check_shapes(p: Problem, sizes: Mapping[str, int], steps: int, batch: int) -> None:
    """That every array has its shape.

    Raises
    ------
    ModelError
        One has another; it is named, with both.
    """
    rec = p.model.rec

    def own(name: str) -> tuple[int, ...]:
        return tuple(sizes[d] if isinstance(d, str) else d for d in rec.shape(name))

    table = {name: (v, (steps, batch, *own(name))) for name, v in p.series.items()}
    table |= {f"{s}0": (v, (batch, *own(s))) for s, v in p.initial.items()}
    for name, parts in p.model.layout.items():
        rows, *rest = own(parts[0]) or (1,)
        wanted = (rows * len(parts), *rest) if rec.shape(parts[0]) else ()
        table[name] = (p.params[name], wanted)
    table |= {"mask": (p.mask, (steps, batch)), "loss_weights": (p.loss_weights, (steps,))}
    for name, (value, shape) in table.items():
        if value.shape != shape:
            raise ModelError(f"{p.name}: {name} has shape {value.shape}, not {shape}")


__all__ = ["Problem", "compared", "problem"]
