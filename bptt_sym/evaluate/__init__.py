"""Generated code: programs, their adjoints, and the backends that run them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from bptt_sym.errors import InputError, NotSupported
from bptt_sym.notation import Call, Node, walk
from bptt_sym.recurrence import Recurrence

Backend = Literal["numpy", "torch", "jax", "c"]
BACKENDS: tuple[Backend, ...] = ("numpy", "torch", "jax", "c")

__all__ = ["BACKENDS", "Backend", "executable", "flow", "gradient", "source"]


def executable(rec: Recurrence, bind: Mapping[str, str] | None = None) -> Recurrence:
    """``rec`` without equations and totals that are opaque functions: they have no numbers.

    Losses :math:`E_t(h_t)` of the shipped cells are of this kind; without them the generated code
    takes the cotangents of the states instead. A function that ``bind`` gives a meaning stays.
    """
    from bptt_sym.evaluate.meanings import bound

    rec = bound(rec, bind)

    def opaque(node: Node) -> bool:
        return any(isinstance(x, Call) for x in walk(node))

    kept = tuple(e for e in rec.equations if not opaque(e.rhs))
    dropped = {e.target for e in rec.equations} - {e.target for e in kept}

    def reads_dropped(node: Node) -> bool:
        return any(getattr(x, "name", None) in dropped for x in walk(node))

    totals = {k: v for k, v in rec.totals.items() if not opaque(v) and not reads_dropped(v)}
    return replace(rec, equations=kept, totals=totals)


def source(
    rec: Recurrence,
    backend: str = "numpy",
    *,
    loss: str | Node | None = None,
    bind: Mapping[str, str] | None = None,
    wrt_inputs: bool = False,
    context: Iterable[str] = (),
    float32: bool = False,
) -> str:
    """Readable stand-alone source of the forward pass and the gradient.

    Parameters
    ----------
    backend:
        ``numpy``, ``torch``, ``jax`` or ``c``.
    loss:
        A total of the recurrence or an expression; without one the source takes the cotangents
        of the sequences (``d_h_in``), whatever loss they come from.
    bind:
        Meanings of opaque activations, ``{"g": "tanh"}``.
    wrt_inputs:
        Whether the gradient with respect to the inputs is computed too.
    float32:
        C in float instead of double. The other backends compute in the type of their arrays.

    Raises
    ------
    InputError
        An unknown backend, or ``float32`` with another one than C.
    NotSupported
        A recurrence that the backend has no code for.
    """
    from bptt_sym.evaluate.fuse import fuse
    from bptt_sym.evaluate.lower import lower

    if backend not in BACKENDS:
        raise InputError(
            f"no backend {backend!r}", token=backend, hint="one of " + ", ".join(BACKENDS)
        )
    if float32 and backend != "c":
        raise InputError(
            f"{backend} source has no type of its own",
            token="float32", hint="call it with float32 arrays; only C is written for one type",
        )  # fmt: skip
    runs = executable(rec, bind)
    program = fuse(lower(runs, loss=loss, context=context, bind=bind))
    shown = runs.totals[loss] if isinstance(loss, str) else loss
    options: dict[str, Any] = {"loss": shown, "seeds": loss is None, "wrt_inputs": wrt_inputs}
    if backend == "c":
        from bptt_sym.evaluate.c_kernels import DOUBLE, SINGLE
        from bptt_sym.evaluate.c_source import c_source

        try:
            return c_source(runs, program, precision=SINGLE if float32 else DOUBLE, **options)[0]
        except NotSupported as error:
            raise NotSupported(f"there is no C code for {rec.name}: {error}") from error
    if backend == "jax":
        from bptt_sym.evaluate.jax_source import jax_source

        return jax_source(runs, program, **options)[0]
    from bptt_sym.evaluate.loop_source import loop_source

    return loop_source(runs, program, dialect=backend, **options)[0]


def gradient(
    rec: Recurrence,
    *,
    loss: str | Node | None = None,
    backend: str = "numpy",
    bind: Mapping[str, str] | None = None,
    **options: Any,
) -> Any:
    """A callable ``f(params, inputs, initial) -> (loss, gradients)``.

    ``backend="c"`` compiles with the system's C compiler and falls back to NumPy where there is
    none; see :class:`~bptt_sym.evaluate.compiled.NumpyGradient` for the arguments.
    """
    from bptt_sym.evaluate.compiled import NumpyGradient

    if backend not in ("numpy", "c"):
        raise InputError(f"no callable backend {backend!r}", token=backend, hint="numpy or c")
    runs = executable(rec, bind)
    if backend == "c":
        from bptt_sym.evaluate.compile_c import CGradient, compiler

        if compiler() is not None:
            return CGradient(runs, loss=loss, bind=bind, **options)
        options.pop("specialize", None)
    return NumpyGradient(runs, loss=loss, bind=bind, **options)


def flow(rec: Recurrence, steps: int = 100, **options: Any) -> Any:
    """The gradient flow of a run, a :class:`~bptt_sym.evaluate.gradient_flow.FlowReport`."""
    from bptt_sym.evaluate import gradient_flow

    return gradient_flow.flow(rec, steps, **options)
