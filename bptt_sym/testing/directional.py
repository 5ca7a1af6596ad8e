"""The derivative of a loss along a direction: by complex step, or by extrapolated differences.

Nothing is known of the loss but its values, so that their noise is measured too: a loss that is
computed in float32 shows it in no other way once it is a Python number.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from math import comb
from typing import Any, final

import numpy as np

from bptt_sym.testing.compare import FAILURES
from bptt_sym.testing.traced import traced_room
from bptt_sym.testing.tracing import Traced

Array = Any
Params = Mapping[str, Array]

COMPLEX = "complex step"


@final
@dataclass(frozen=True)
class Slope:
    """A directional derivative, its estimated error, and how it was found.

    ``kind`` is the class of the complex arrays that the loss was given, if any.
    """

    value: float
    error: float
    method: str
    kind: Any = None


def directional(
    loss: Callable[[dict[str, Array]], Any],
    point: Params,
    direction: Params,
    own: float | None = None,
) -> Slope:
    """The derivative of ``loss`` at ``point`` along ``direction``.

    ``own`` is the :func:`noise` of the loss, if it has been measured.
    """
    complex_ = _complex_step(loss, point, direction, own)
    return complex_ if complex_ is not None else _ridders(loss, point, direction, own)


def _complex_step(
    loss: Any, point: Params, direction: Params, own: float | None
) -> Slope | None:
    """The complex step, if differences agree with it.

    |·|, conj and real parts break analyticity; differences, though coarse, show it.
    """
    plain: Slope | None = None
    for found in _complex_slopes(loss, point, direction):
        plain = plain or _ridders(loss, point, direction, own)
        if abs(found.value - plain.value) <= 10 * plain.error + 1e-5 * abs(plain.value):
            return found
    return None


def slope_again(loss: Any, point: Params, direction: Params, before: Slope) -> Slope | None:
    """Along another direction by the complex step that was right ``before``, if it was one."""
    found = _complex_slopes(loss, point, direction, before.kind)
    return next(found, None) if before.method == COMPLEX else None


def _complex_slopes(
    loss: Any, point: Params, direction: Params, only: Any = None
) -> Iterator[Slope]:
    """Squire and Trapp 1998, where the loss continues to complex parameters.

    With plain arrays, and with arrays that stay complex where code makes real ones.
    """
    for kind, room in ((np.ndarray, nullcontext), (Traced, traced_room)):
        if only is not None and kind is not only:
            continue
        with room():
            values = _imaginary_parts(loss, point, direction, kind)
        if not values or values[0] == 0.0 or not np.isfinite(values).all():
            continue
        if abs(values[0] - values[1]) <= 1e-10 * abs(values[0]):
            size = max(abs(values[0]), abs(values[1]))
            yield Slope(values[0], 1e-11 * size + abs(values[0] - values[1]), COMPLEX, kind)


def _imaginary_parts(loss: Any, point: Params, direction: Params, kind: Any) -> list[float]:
    """The derivative by two imaginary steps; empty if the loss takes no complex parameters.

    ``kind`` is the class of the arrays that it is given.
    """
    values = []
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        for step in (1e-30, 1e-20):
            moved = {
                k: (v + 1j * step * direction[k]).view(kind) if k in direction else v
                for k, v in point.items()
            }
            try:
                values.append(complex(loss(moved)).imag / step)
            except FAILURES:
                return []
    return values


def imaginary(loss: Any, point: Params, direction: Params) -> float | None:
    """The complex step alone; ``None`` where it gives no number."""
    moved = {
        k: (v + 1e-30j * direction[k]).view(Traced) if k in direction else v
        for k, v in point.items()
    }
    with np.errstate(all="ignore"), traced_room():
        value = complex(loss(moved)).imag / 1e-30
    return value if np.isfinite(value) else None


def noise(loss: Callable[[dict[str, Array]], Any], point: Params) -> float:
    """What rounding makes of the loss near a point: its standard deviation.

    Moré and Wild 2011: high differences of nearby values hold nothing else.
    """
    rng = np.random.default_rng(23)
    direction = {k: rng.normal(size=v.shape) for k, v in point.items()}
    values = []
    for step in range(9):
        moved = {k: v + 1e-6 * step * direction[k] for k, v in point.items()}
        try:
            values.append(float(loss(moved)))
        except FAILURES:
            return 0.0
    row, found = np.array(values), 0.0
    for order in range(1, 7):
        row = np.diff(row)
        if order >= 4:
            found = max(found, float(np.sqrt((row**2).mean() / comb(2 * order, order))))
    return found if np.isfinite(found) else 0.0


def quick(loss: Any, point: Params, direction: Params, own: float) -> float:
    """Differences at two steps, extrapolated: about eight digits if the loss has sixteen."""
    size = abs(float(loss(dict(point)))) or 1.0
    h = float(0.7 * max(own / size, 1e-15) ** 0.2)

    def at(step: float) -> float:
        return float(loss({k: v + step * direction.get(k, 0.0) for k, v in point.items()}))

    wide, narrow = ((at(s) - at(-s)) / (2 * s) for s in (h, h / 2))
    return (4 * narrow - wide) / 3


def _ridders(loss: Any, point: Params, direction: Params, own: float | None = None) -> Slope:
    """Ridders 1982: central differences at shrinking steps, extrapolated to 0."""
    scale = max((float(np.abs(v).max()) for v in direction.values() if v.size), default=1.0)
    value = np.asarray(loss(dict(point)))
    single = value.dtype in (np.float32, np.float16)
    unit = float(np.finfo(value.dtype).eps) / 2 if single else 2.0**-53
    # Each value may be off by so much, and extrapolation doubles it.
    rounding = 20 * max(unit * abs(float(value)), noise(loss, point) if own is None else own)

    def central(h: float) -> float:
        def at(sign: float) -> float:
            moved = {k: v + sign * h * direction[k] if k in direction else v
                     for k, v in point.items()}  # fmt: skip
            return float(loss(moved))

        return (at(1.0) - at(-1.0)) / (2 * h)

    shrink, rounds = 1.6, 10
    h = 0.05 / max(scale, 1e-300)
    table = [[central(h)]]
    best, error = table[0][0], float("inf")
    for _ in range(1, rounds):
        h /= shrink
        row = [central(h)]
        factor = shrink**2
        for k, before in enumerate(table[-1]):
            row.append((row[k] * factor - before) / (factor - 1))
            factor *= shrink**2
            off = max(abs(row[k + 1] - row[k]), abs(row[k + 1] - before))
            # Shorter steps are nearer to the derivative, and noisier.
            if 4 * off + rounding / h <= error:
                best, error = row[k + 1], 4 * off + rounding / h
        table.append(row)
        if abs(row[-1] - table[-2][-1]) > 2 * error:
            break  # noise has taken over
    return Slope(best, error + 20 * unit * abs(best) * single, "extrapolated differences")
