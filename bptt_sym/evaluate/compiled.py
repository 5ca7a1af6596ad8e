"""A recurrence as a callable: values and gradients of batches, by name, on NumPy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from bptt_sym.errors import ModelError
from bptt_sym.evaluate.fuse import fuse
from bptt_sym.evaluate.interpret import dimensions
from bptt_sym.evaluate.loop_plan import Signature
from bptt_sym.evaluate.loop_source import loop_source
from bptt_sym.evaluate.lower import lower
from bptt_sym.evaluate.pooled import SHORT, Pool
from bptt_sym.evaluate.program import Program
from bptt_sym.notation import Node
from bptt_sym.recurrence import Recurrence

Array = Any

#: Entries of one step (batch times rows) from which on gates have products of their own, and those
#: from which on elementwise work of the adjoint is done inside the loop: measured crossovers of the
#: overhead of calls against strided rows and against cache misses, see benchmarks.
APART_FROM, LARGE_FROM = 1024, 2048

#: Gates that read the same state from which on one product for all of them pays in small batches:
#: with several examples, the rows of a gate are strided.
MANY_GATES = 3

#: Entries of a step times steps (or entries, for weights) up to which every array is a small one.
SHORT_TO = 4096

#: How a module is arranged: gates stacked, gates apart, or apart with all elementwise work of a
#: step in the loop.
Kind = Literal["stacked", "apart", "large"]


@final
@dataclass(frozen=True)
class _Module:
    """The functions of generated source, and how they are called."""

    forward: Callable[..., Any]
    backward: Callable[..., dict[str, Array]]
    #: Where in the list of arguments theirs are, if in another order.
    order: list[int] | None
    #: The argument that takes the cotangents of a sequence.
    seeds: dict[str, str]


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
        self._wrt_inputs = wrt_inputs
        plain = lower(rec, loss=loss, context=context, bind=bind)
        stacked = fuse(plain)
        self._programs: dict[Kind, Program] = {"stacked": stacked, "apart": plain, "large": plain}
        self._few_gates = 1 < _gates(stacked) < MANY_GATES
        self._sources: dict[Kind, tuple[str, Signature]] = {}
        self._modules: dict[tuple[Kind, bool], _Module] = {}
        self._pool = Pool()
        self.signature = self._written("stacked")[1]
        #: Where each argument is among what is given, and its name there.
        self._wanted = _wanted(self.signature)

    def source(self, kind: Kind) -> str:
        """The module that is run, in one of its arrangements."""
        return self._written(kind)[0]

    def _written(self, kind: Kind) -> tuple[str, Signature]:
        if kind not in self._sources:
            self._sources[kind] = loop_source(
                self.rec, self._programs[kind], dialect="pooled", seeds=self.seeds,
                wrt_inputs=self._wrt_inputs, sink=kind == "large",
            )  # fmt: skip
        return self._sources[kind]

    def _module(self, kind: Kind, short: bool) -> _Module:
        if (kind, short) not in self._modules:
            space = {**self._pool.names(), **(SHORT if short else {})}
            source, signature = self._written(kind)
            # The source is our own, written from a checked program; names in it are identifiers
            # made by `names.identifier`, never text of a formula.
            exec(compile(source, f"<{self.rec.name} gradient>", "exec"), space)
            order = [self._wanted.index(x) for x in _wanted(signature)]
            made = _Module(
                space["forward"], space["backward"],
                None if order == sorted(order) else order,
                {n: f"d_{i}_in" for n, i in signature.seeds},
            )  # fmt: skip
            self._modules[kind, short] = made
        return self._modules[kind, short]

    def _arguments(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Array],
        initial: Mapping[str, Array],
        context: Mapping[str, Array],
    ) -> list[Array]:
        given = (params, context, inputs, initial)
        try:
            return [np.asarray(given[k][name]) for k, name in self._wanted]
        except KeyError:
            kinds = ("parameter", "context", "input", "initial value")
            for k, name in self._wanted:
                if name not in given[k]:
                    raise ModelError(f"{self.rec.name}: {kinds[k]} {name!r} is missing") from None
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
    ) -> tuple[dict[str, Array], tuple[_Module, Any]]:
        arguments = self._arguments(params, inputs, initial or {}, context or {})
        sig = self.signature
        states = arguments[len(arguments) - len(sig.initial) :] or arguments[-1:]
        entries = max((a.size for a in states), default=0)
        steps, batch = arguments[len(sig.params) + len(sig.contexts)].shape[:2]
        short = entries * max(steps, entries) <= SHORT_TO
        module = self._module(self._arrangement(entries, batch), short)
        if module.order is not None:
            arguments = [arguments[k] for k in module.order]
        values, saved = module.forward(*arguments)
        return values, (module, saved)

    def _arrangement(self, entries: int, batch: int) -> Kind:
        if entries >= LARGE_FROM:
            return "large"
        return "apart" if entries >= APART_FROM or (batch > 1 and self._few_gates) else "stacked"

    def backward(
        self, tape: tuple[_Module, Any], seeds: Mapping[str, Array] | None = None
    ) -> dict[str, Array]:
        """The gradient by name; an initial value's is under its state's name and ``0``."""
        module, saved = tape
        if not self.seeds:
            with np.errstate(over="ignore"):
                return module.backward(saved)
        for name in seeds or {}:
            if name not in module.seeds:
                raise ModelError(f"{self.rec.name}: no cotangent of {name!r} enters here")
        given = {module.seeds[n]: v for n, v in (seeds or {}).items()}
        with np.errstate(over="ignore"):
            return module.backward(saved, **given)

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
            return loss, module.backward(saved)


def _wanted(signature: Signature) -> list[tuple[int, str]]:
    """The arguments in order: of which group, and under which name."""
    sig = signature
    groups = (sig.params, sig.contexts, sig.inputs, sig.initial)
    return [(k, name) for k, group in enumerate(groups) for name, _ in group]


def _gates(program: Program) -> int:
    """How many matrices are stacked at most to be multiplied by what waits for the step before."""
    late: set[int] = set()
    most = 0
    for i, op in enumerate(program.ops):
        carried = op.kind == "read" and op.attr[0] in program.targets
        if carried or any(a in late for a in op.args):
            late.add(i)
        if op.kind == "matvec" and op.args[1] in late:
            matrix = program.ops[op.args[0]]
            most = max(most, len(matrix.args) if matrix.kind == "concat" else 1)
    return most


__all__ = ["NumpyGradient", "dimensions"]
