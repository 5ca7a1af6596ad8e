r"""Forward accumulation: a tangent for every parameter entry beside each value.

Run through time this is real-time recurrent learning (RTRL, Williams and Zipser 1989): the tangent
:math:`\partial h_t/\partial\theta` is carried from step to step, and nothing is stored. It costs a
factor of the number of parameters more than the adjoint; here it serves as an independent check and
for gradients while a sequence is still running.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import numpy as np

from bptt_sym.evaluate import activations
from bptt_sym.evaluate.domains import Arrays
from bptt_sym.evaluate.interpret import forward
from bptt_sym.evaluate.program import Op, Program, unsupported
from bptt_sym.recurrence import Recurrence

Array = Any


@final
@dataclass(frozen=True, slots=True)
class Tangent:
    """A value with its tangents; both carry a batch axis of 1 where a static value has none.

    ``value`` is ``(B or 1, *own)``, ``slope`` ``(P, B or 1, *own)`` for P directions.
    """

    value: Array
    slope: Array
    static: bool = False

    @property
    def ndim(self) -> int:
        return int(self.value.ndim)

    @property
    def shape(self) -> tuple[int, ...]:
        """The own shape with the batch axis, or, for a seeded parameter, without it."""
        return tuple(self.value.shape[1:] if self.static else self.value.shape)


class Dual:
    """The domain of :class:`Tangent` over a plain domain; ``directions`` is P."""

    def __init__(self, plain: Arrays, directions: int) -> None:
        self.plain = plain
        self.directions = directions
        self.dtype = plain.dtype

    def array(self, value: Any) -> Any:
        return value  # parameters are seeded by `rtrl`; inputs are wrapped where they are read

    def _lift(self, value: Array) -> Tangent:
        return Tangent(value, self.plain.zeros((self.directions, *value.shape)))

    def zeros(self, shape: tuple[int, ...]) -> Tangent:
        return self.full(shape, Fraction(0))

    def full(self, shape: tuple[int, ...], value: Fraction) -> Tangent:
        return self._lift(self.plain.full(shape, value))

    def take(self, value: Any, index: Any) -> Tangent:
        return self._lift(self.plain.array(value)[index])

    def broadcast(self, value: Tangent, shape: tuple[int, ...]) -> Tangent:
        return Tangent(
            np.broadcast_to(value.value, shape),
            np.broadcast_to(value.slope, (self.directions, *shape)),
        )

    def stack(self, values: Sequence[Tangent]) -> Tangent:
        return Tangent(
            self.plain.stack([v.value for v in values]),
            np.moveaxis(self.plain.stack([v.slope for v in values]), 0, 1),
        )

    def sum_leading(self, value: Tangent, axes: int) -> Tangent:
        moved = np.moveaxis(value.slope, 0, -1)
        return Tangent(
            self.plain.sum_leading(value.value, axes),
            np.moveaxis(self.plain.sum_leading(moved, axes), -1, 0),
        )

    def apply(self, op: Op, args: list[Any], ops: list[Op], dims: Mapping[str, int]) -> Tangent:
        """The value and tangents of one operation."""
        xs = [a if isinstance(a, Tangent) else self._lift(a) for a in args]

        def plain(*values: Array) -> Array:
            return self.plain.apply(op, list(values), ops, dims)

        match op.kind:
            case "const":
                own = self.plain.apply(op, [], [], dims)
                return self._lift(own[None])
            case (
                "add"
                | "neg"
                | "transpose"
                | "slice"
                | "pad"
                | "concat"
                | "expand"
                | "reduce"
                | ("diag" | "diagpart")
            ):
                return Tangent(plain(*(x.value for x in xs)), plain(*(x.slope for x in xs)))
            case "mul" | "matvec" | "matmul" | "outer" | "dot":
                a, b = xs
                slope = plain(a.slope, b.value) + plain(a.value, b.slope)
                return Tangent(plain(a.value, b.value), slope)
            case "div":
                a, b = xs
                y = a.value / b.value
                return Tangent(y, (a.slope - y * b.slope) / b.value)
            case "fn":
                (a,) = xs
                name, order = op.attr
                up = activations.value(name, order + 1, a.value, self.plain.lib)
                return Tangent(plain(a.value), up * a.slope)
            case "pow":
                (a,) = xs
                (e,) = op.attr
                factor = self.plain.number(e)
                less = a.value ** int(e - 1) if e.denominator == 1 else plain(a.value) / a.value
                return Tangent(plain(a.value), factor * less * a.slope)
            case "softmax":
                (a,) = xs
                y = plain(a.value)
                mean = (y * a.slope).sum(-1)[..., None]
                return Tangent(y, y * (a.slope - mean))
            case "logsoftmax":
                (a,) = xs
                y = plain(a.value)
                mean = (self.plain.lib.exp(y) * a.slope).sum(-1)[..., None]
                return Tangent(y, a.slope - mean)
            case _:
                raise unsupported(op.kind, "forward mode")


def rtrl(
    rec: Recurrence,
    program: Program,
    domain: Arrays,
    params: Mapping[str, Array],
    inputs: Mapping[str, Array],
    initial: Mapping[str, Array],
) -> tuple[Array, dict[str, Array]]:
    """The loss and its gradient by name, by forward accumulation over all parameter entries.

    Shapes are those of :func:`~bptt_sym.evaluate.interpret.forward`; memory grows with
    B × P × states, not with T.
    """
    total = sum(int(np.asarray(v).size) for v in params.values())
    dual = Dual(domain, total)
    seeded: dict[str, Any] = {}
    at = 0
    for name, value in params.items():
        plain = domain.array(value)[None]
        slope = domain.zeros((total, *plain.shape))
        flat = slope.reshape(total, -1)
        for k in range(plain.size):
            flat[at + k, k] = domain.number(Fraction(1))
        at += plain.size
        seeded[name] = Tangent(plain, slope, True)
    starts = {n: dual._lift(domain.array(v)) for n, v in initial.items()}
    run = forward(rec, program, dual, seeded, inputs, starts)
    out: dict[str, Array] = {}
    at = 0
    for name, value in params.items():
        size = int(np.asarray(value).size)
        out[name] = run.loss.slope[at : at + size].reshape(np.shape(value))
        at += size
    return run.loss.value, out
