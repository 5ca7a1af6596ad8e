r"""Recurrences joined: the sequences of one are the inputs of another, gradients flow back.

Encoder and decoder, or the two directions of a bidirectional layer, run over different times. Each
is a recurrence of its own with its own generated gradient; here their outputs and cotangents are
handed over. That is the chain rule and nothing else: a stage receives, as the cotangent of a
sequence, the sum of what the stages that read it pass back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from bptt_sym.errors import ModelError, NotSupported
from bptt_sym.evaluate.compile_c import CGradient, compiler
from bptt_sym.evaluate.compiled import NumpyGradient
from bptt_sym.evaluate.names import identifier
from bptt_sym.recurrence import Recurrence

Array = Any


@final
@dataclass(frozen=True)
class Wire:
    """``target.name`` is ``source.sequence``, handed over in one of four ways.

    ``same`` and ``reversed`` make an input sequence, (T, B, ...), in the order of steps or against
    it; ``memory`` a context, (B, T, ...), one row a step; ``last`` an initial value, (B, ...).
    """

    source: str
    sequence: str
    target: str
    name: str
    how: Literal["same", "reversed", "memory", "last"] = "same"

    def carry(self, value: Array) -> Array:
        """What the target receives for the sequence ``value``."""
        match self.how:
            case "same":
                return value
            case "reversed":
                return value[::-1]
            case "memory":
                return np.ascontiguousarray(value.swapaxes(0, 1))
            case "last":
                return value[-1]

    def back(self, cotangent: Array, like: Array) -> Array:
        """The cotangent of the sequence ``like`` from that of what the target received."""
        match self.how:
            case "same":
                return cotangent
            case "reversed":
                return cotangent[::-1]
            case "memory":
                return cotangent.swapaxes(0, 1)
            case "last":
                out = np.zeros_like(like)
                out[-1] = cotangent
                return out


@final
class Joined:
    """Stages in order, the last of which has the loss.

    Names are ``stage.name`` everywhere: parameters, inputs, initial values, contexts. A parameter
    that stages share is declared in ``tied`` (``{"backward.W_e": "forward.W_e"}``).

    With ``backend="c"`` stages run as compiled C where there is a compiler and C has their
    operations, in the precision of their parameters.

    Raises
    ------
    ModelError
        A wire from a stage that is not before its target, or to a name that the target has not.
    """

    def __init__(
        self,
        stages: Mapping[str, Recurrence],
        wires: Iterable[Wire],
        *,
        loss: str = "E",
        context: Mapping[str, Iterable[str]] | None = None,
        tied: Mapping[str, str] | None = None,
        backend: Literal["numpy", "c"] = "numpy",
    ) -> None:
        self.stages = dict(stages)
        self.wires = tuple(wires)
        self.tied = dict(tied or {})
        self.loss = loss
        contexts = {k: set(v) for k, v in (context or {}).items()}
        order = list(self.stages)
        for w in self.wires:
            if w.source not in order or w.target not in order:
                raise ModelError(f"a wire from {w.source!r} to {w.target!r}: no such stage")
            if order.index(w.source) >= order.index(w.target):
                raise ModelError(f"{w.source!r} does not run before {w.target!r}")
            if w.sequence not in self.stages[w.source].defined:
                raise ModelError(f"{w.source!r} has no sequence {w.sequence!r}")
            if w.how == "memory":
                contexts.setdefault(w.target, set()).add(w.name)
            elif w.name not in (*self.stages[w.target].inputs, *self.stages[w.target].states):
                raise ModelError(f"{w.target!r} has no input or state {w.name!r}")
        self.contexts = contexts
        last = order[-1]
        compiled = backend == "c" and compiler() is not None
        self.code: dict[str, NumpyGradient | CGradient] = {}
        for name, rec in self.stages.items():
            options: dict[str, Any] = {
                "loss": loss if name == last else None,
                "context": contexts.get(name, ()),
                "seeds": {w.sequence for w in self.wires if w.source == name},
                "wrt_inputs": {
                    w.name for w in self.wires if w.target == name and w.how in ("same", "reversed")
                },
            }
            self.code[name] = _code(rec, options, compiled=compiled)

    @property
    def parameters(self) -> tuple[str, ...]:
        """``stage.name`` of everything that is learned."""
        return tuple(
            f"{s}.{p}"
            for s, rec in self.stages.items()
            for p in rec.parameters
            if p not in self.contexts.get(s, ()) and f"{s}.{p}" not in self.tied
        )

    def shape(self, name: str) -> tuple[str | int, ...]:
        """The declared shape of ``stage.name``."""
        stage, _, own = name.partition(".")
        return self.stages[stage].shape(own)

    def forward(
        self, params: Mapping[str, Array], given: Mapping[str, Array]
    ) -> tuple[dict[str, Array], dict[str, Any]]:
        """All sequences as ``stage.name``, with ``"loss"``, and what the way back needs.

        ``given`` holds inputs, initial values and contexts that no wire brings.
        """
        return self._run(params, given, learning=False)

    def _run(
        self, params: Mapping[str, Array], given: Mapping[str, Array], *, learning: bool
    ) -> tuple[dict[str, Array], dict[str, Any]]:
        values: dict[str, Array] = {}
        tapes: dict[str, Any] = {}
        for stage, rec in self.stages.items():
            arrays = {k.partition(".")[2]: v for k, v in given.items() if _of(k, stage)}
            for w in self.wires:
                if w.target == stage:
                    arrays[w.name] = w.carry(values[f"{w.source}.{w.sequence}"])
            context = {k: arrays[k] for k in self.contexts.get(stage, ()) if k in arrays}
            own = {
                p: params[self.tied.get(f"{stage}.{p}", f"{stage}.{p}")]
                for p in rec.parameters
                if p not in context
            }
            inputs = {k: arrays[k] for k in rec.inputs if k in arrays}
            initial = {k: arrays[k] for k in rec.states if k in arrays}
            code = self.code[stage]
            out: dict[str, Array]
            if learning and isinstance(code, CGradient):
                passed_on = {w.sequence for w in self.wires if w.source == stage}
                out, tapes[stage] = code.forward(own, inputs, initial, context, sequences=passed_on)
            else:
                out, tapes[stage] = code.forward(own, inputs, initial, context)
            for name in rec.defined:
                if identifier(name) in out:
                    values[f"{stage}.{name}"] = out[identifier(name)]
            if "loss" in out:
                values["loss"] = out["loss"]
        return values, tapes

    def __call__(
        self, params: Mapping[str, Array], given: Mapping[str, Array]
    ) -> tuple[float, dict[str, Array]]:
        """The loss, and the gradient by ``stage.name``."""
        values, tapes = self._run(params, given, learning=True)
        grads: dict[str, Array] = {}
        seeds: dict[str, dict[str, Array]] = {s: {} for s in self.stages}
        for stage in reversed(self.stages):
            out = self.code[stage].backward(tapes[stage], seeds[stage] or None)
            for p in self.stages[stage].parameters:
                if p in self.contexts.get(stage, ()) or p not in out:
                    continue
                key = self.tied.get(f"{stage}.{p}", f"{stage}.{p}")
                grads[key] = grads[key] + out[p] if key in grads else out[p]
            for w in self.wires:
                if w.target != stage:
                    continue
                found = out[{"memory": w.name, "last": f"{w.name}0"}.get(w.how, f"d_{w.name}")]
                passed = w.back(found, values[f"{w.source}.{w.sequence}"])
                known = seeds[w.source].get(w.sequence)
                seeds[w.source][w.sequence] = passed if known is None else known + passed
        return float(values["loss"]), grads


def _code(rec: Recurrence, options: Mapping[str, Any], *, compiled: bool) -> Any:
    if compiled:
        try:
            return CGradient(rec, **options)
        except NotSupported:
            pass
    return NumpyGradient(rec, **options)


def _of(key: str, stage: str) -> bool:
    return key.partition(".")[0] == stage
