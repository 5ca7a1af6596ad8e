"""The value of a slice: cut as an array is, but no bound may lie outside of its axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bptt_sym.decide.tensor import Mismatch, Tensor, rank, shape
from bptt_sym.errors import NotSupported
from bptt_sym.slices import Bound, Cut, Slice

if TYPE_CHECKING:
    from bptt_sym.decide.interpret import Interpreter, Parts

Env = Mapping[str, int]


def sliced(interp: Interpreter, node: Slice, env: Env, out: list[Parts] | None) -> Tensor:
    """The part of the value of ``node.arg`` that its cuts leave.

    Raises Mismatch for a cut that reaches beyond its axis or leaves nothing, and NotSupported where
    every quantity is a number.
    """
    if interp.world.scalar:
        raise NotSupported("a slice of what is a number")
    return interp.linear(node, env, out, lambda a: _cut(interp, a, node.axes))


def _cut(interp: Interpreter, value: Tensor, axes: tuple[Cut, ...]) -> Tensor:
    if rank(value) not in (1, 2):
        raise Mismatch(f"a slice of {shape(value)}")
    if rank(value) == 2 and value.shape[0] == 1 and len(axes) == 1:
        return value[:, _places(interp, axes[0], value.shape[1])]  # of a vector that is a row
    if len(axes) == 2 and rank(value) == 1 and axes[1].is_whole:
        axes = axes[:1]  # a column for each example of a batch
    if len(axes) > rank(value):
        raise Mismatch(f"{len(axes)} ranges of {shape(value)}")
    places = (
        _places(interp, c, size) for c, size in zip(axes, shape(value), strict=False)
    )
    return value[tuple(places)]


def _places(interp: Interpreter, cut: Cut, size: int) -> slice:
    start = 0 if cut.lo is None else _place(interp, cut.lo, size)
    stop = size if cut.hi is None else _place(interp, cut.hi, size)
    if not 0 <= start < stop <= size:
        raise Mismatch(f"[{cut}], from {start} to {stop}, of {size}")
    return slice(start, stop)


def _place(interp: Interpreter, bound: Bound, size: int) -> int:
    shapes = [interp.world.shape(name) for name in bound.of]
    if any(len(s) > 1 for s in shapes):
        raise NotSupported(f"{bound.shown} is the size of no vector")
    total = sum(s[0] if s else 1 for s in shapes)
    return size - total if bound.back else total
