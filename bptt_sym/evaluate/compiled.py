"""A recurrence as a callable: values and gradients of batches, by name, on NumPy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, final

import numpy as np

from bptt_sym.errors import ModelError
from bptt_sym.evaluate.fuse import fuse
from bptt_sym.evaluate.interpret import dimensions
from bptt_sym.evaluate.loop_plan import Signature
from bptt_sym.evaluate.loop_source import loop_source
from bptt_sym.evaluate.lower import lower
from bptt_sym.evaluate.pooled import Pool
from bptt_sym.notation import Node
from bptt_sym.recurrence import Recurrence

Array = Any

#: Entries of one step (batch times rows) above which elementwise work of the adjoint is done
#: inside the loop: measured crossover of call overhead against cache misses, see benchmarks.
SINK_FROM = 1024


@final
class NumpyGradient:
    """Forward pass and gradient of a recurrence as generated NumPy code.

    Parameters
    ----------
    rec, loss, context, bind:
        As for :func:`~bptt_sym.evaluate.lower.lower`. Without a loss, :meth:`backward` takes the
        cotangents of the sequences instead (``seeds``).
    seeds:
        Without a loss: the sequences that cotangents are given for (all of them by default).
    wrt_inputs:
        Whether gradients with respect to inputs are wanted, or of which; their keys are
        ``"d_" + name``.

    Arrays are batched: parameters ``own``, inputs ``(T, B, *own)``, initial values
    ``(B, *own)`` (``(lags, B, *own)`` if the recurrence looks further back than one step).
    """

    def __init__(
        self,
        rec: Recurrence,
        *,
        loss: str | Node | None = None,
        context: Iterable[str] = (),
        bind: Mapping[str, str] | None = None,
        seeds: Collection[str] | None = None,
        wrt_inputs: bool | Collection[str] = False,
    ) -> None:
        self.rec = rec
        #: Whether cotangents enter, at every sequence or at those named.
        self.seeds: bool | Collection[str] = (loss is None) if seeds is None else seeds
        program = fuse(lower(rec, loss=loss, context=context, bind=bind))
        self.sources: dict[bool, str] = {}
        self._modules: dict[bool, dict[str, Any]] = {}
        self._pool = Pool()
        self.signature: Signature
        for sink in (False, True):
            self.sources[sink], self.signature = loop_source(
                rec, program, dialect="pooled", seeds=self.seeds, wrt_inputs=wrt_inputs, sink=sink
            )

    def _module(self, sink: bool) -> dict[str, Any]:
        if sink not in self._modules:
            space = self._pool.names()
            # The source is our own, written from a checked program; names in it are identifiers
            # made by `names.identifier`, never text of a formula.
            exec(compile(self.sources[sink], f"<{self.rec.name} gradient>", "exec"), space)
            self._modules[sink] = space
        return self._modules[sink]

    def _arguments(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Array],
        initial: Mapping[str, Array],
        context: Mapping[str, Array],
    ) -> list[Array]:
        sig = self.signature
        groups = (
            (sig.params, params, "parameter"),
            (sig.contexts, context, "context"),
            (sig.inputs, inputs, "input"),
            (sig.initial, initial, "initial value"),
        )
        try:
            return [np.asarray(given[name]) for group, given, _ in groups for name, _ in group]
        except KeyError:
            for group, given, what in groups:
                for name, _ in group:
                    if name not in given:
                        raise ModelError(f"{self.rec.name}: {what} {name!r} is missing") from None
            raise

    def forward(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Array],
        initial: Mapping[str, Array] | None = None,
        context: Mapping[str, Array] | None = None,
    ) -> tuple[dict[str, Array], Any]:
        """All sequences by identifier (and ``"loss"``), and the tape for :meth:`backward`."""
        with np.errstate(over="ignore"):
            return self._forward(params, inputs, initial, context)

    def _forward(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Array],
        initial: Mapping[str, Array] | None,
        context: Mapping[str, Array] | None,
    ) -> tuple[dict[str, Array], Any]:
        arguments = self._arguments(params, inputs, initial or {}, context or {})
        states = arguments[len(arguments) - len(self.signature.initial) :] or arguments[-1:]
        entries = max((a.size for a in states), default=0)
        module = self._module(entries >= SINK_FROM)
        values, saved = module["forward"](*arguments)
        return values, (module, saved)

    def backward(self, tape: Any, seeds: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """The gradient by name; an initial value's is under its state's name and ``0``."""
        module, saved = tape
        if not self.seeds:
            with np.errstate(over="ignore"):
                return module["backward"](saved)  # type: ignore[no-any-return]
        idents = {n: f"d_{i}_in" for n, i in self.signature.seeds}
        for name in seeds or {}:
            if name not in idents:
                raise ModelError(f"{self.rec.name}: no cotangent of {name!r} enters here")
        given = {idents[n]: v for n, v in (seeds or {}).items()}
        with np.errstate(over="ignore"):
            return module["backward"](saved, **given)  # type: ignore[no-any-return]

    def __call__(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Array],
        initial: Mapping[str, Array] | None = None,
        context: Mapping[str, Array] | None = None,
    ) -> tuple[float, dict[str, Array]]:
        """The loss summed over steps and batch, and its gradient by name."""
        if self.seeds:
            raise ModelError("no loss was given; call forward and backward")
        with np.errstate(over="ignore"):
            values, (module, saved) = self._forward(params, inputs, initial, context)
            loss = values["loss"]
            del values  # its memory is free for the way back
            return loss, module["backward"](saved)


__all__ = ["NumpyGradient", "dimensions"]
