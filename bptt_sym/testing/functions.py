"""Check any pair of a loss and its gradient, known cell or not.

Nothing is known about the loss but its values, so the reference is numerical: the complex step
where the loss accepts complex parameters (exact to rounding), else Ridders' extrapolated central
differences, whose own error estimate is the tolerance.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from bptt_sym.testing.compare import FAILURES, numbers
from bptt_sym.testing.named import raised
from bptt_sym.testing.report import Finding
from bptt_sym.testing.traced import at_one_place, explained, traced_room
from bptt_sym.testing.tracing import Traced
from bptt_sym.testing.trees import flattened

Array = Any
Params = Mapping[str, Array]


COMPLEX = "complex step"
#: Entries of a gradient that are looked at one by one, at most.
_ENTRIES = 200


@final
@dataclass(frozen=True)
class Slope:
    """A directional derivative, its estimated error, and how it was found."""

    value: float
    error: float
    method: str


class PairError(AssertionError):
    """A gradient that does not belong to its loss; ``findings`` lists what is wrong."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(f"{f.code}: {f.message}" for f in findings))
        self.findings = findings


def assert_pair(
    loss: Callable[[Any], Any],
    grad: Callable[[Any], Any],
    params: Any,
    *,
    directions: int = 3,
    seed: int = 0,
) -> None:
    """Assert that ``grad(params)`` is the gradient of ``loss`` at ``params``.

    ``params`` is a dictionary of arrays, or anything made of dictionaries, lists and tuples (see
    :mod:`bptt_sym.testing.trees`); the gradient is built like it.

    Every parameter is tried along ``directions`` random directions, and, where that fails, entry
    by entry to say which. ``loss`` may return the losses of the steps, which are summed. If it is
    NumPy code that takes complex parameters, what is wrong is looked for among its operations (see
    :mod:`bptt_sym.testing.traced`).

    Raises
    ------
    PairError
        With the parameters and entries concerned.
    """
    findings = judge_pair(loss, grad, params, directions=directions, seed=seed)
    if findings:
        raise PairError(findings)


def judge_pair(
    loss: Callable[[Any], Any],
    grad: Callable[[Any], Any],
    params: Any,
    *,
    directions: int = 3,
    seed: int = 0,
) -> list[Finding]:
    """What is wrong with the pair; see :func:`assert_pair`."""
    loss, grad, point = flattened(loss, grad, params)
    losses = loss

    def total(p: dict[str, Array]) -> Any:
        return np.sum(np.asarray(losses(p)))

    loss = total
    rng = np.random.default_rng(seed)
    kept = {k: v.copy() for k, v in point.items()}
    broken = _broken(loss, point)
    if broken is not None:
        return [broken]
    given, findings = _returned(grad, point)
    wrong: list[str] = []
    followed = True
    for name, value in kept.items():
        if not np.array_equal(point[name], value):
            findings.append(Finding("wrote-to-input", f"params[{name!r}] was changed"))
            point[name] = value.copy()
    again, _ = _returned(grad, dict(point))
    if any(not (k in again and np.array_equal(given[k], again[k], equal_nan=True)) for k in given):
        findings.append(Finding("not-repeatable", "a second call at the same point differs"))
    refused = {f.message.partition(" ")[0] for f in findings if f.code == "not-numbers"}
    for name, value in point.items():
        if f"d{name}" in refused or any(f.code == "raised" for f in findings):
            continue
        if name not in given:
            findings.append(Finding("missing", f"d{name}: not in the returned gradient"))
            continue
        if given[name].shape != value.shape:
            text = f"d{name} has shape {given[name].shape}, the parameter {value.shape}"
            findings.append(Finding("shape", text))
            continue
        if not np.isfinite(given[name]).all():
            findings.append(Finding("not-finite", f"d{name} is not finite"))
            continue
        for _ in range(directions):
            v = rng.normal(size=value.shape)
            slope = directional(loss, point, {name: v})
            claimed = float((given[name] * v).sum())
            if not _agrees(claimed, slope, given[name], v):
                findings.append(_entry(loss, point, name, given[name], claimed, slope))
                wrong.append(name)
                followed &= slope.method == COMPLEX
                break
    if wrong and len(findings) == len(wrong):
        # Where tangents in imaginary parts are not the derivative, they explain nothing.
        why = explained(losses, point, given, wrong) if followed else None
        why = why or _zeros(loss, point, given, wrong)
        place = at_one_place(losses, point, given) if followed and not why else None
        if place:
            findings.append(Finding("explained" if place[1] else "located", place[0]))
        findings += [Finding("explained", why)] if why else []
    return findings


def _broken(loss: Callable[[dict[str, Array]], Any], point: Params) -> Finding | None:
    """What of a loss is no number, or another one each time."""
    values = []
    for _ in range(2):
        try:
            with np.errstate(all="ignore"):
                value, why = numbers(loss({k: v.copy() for k, v in point.items()}))
        except FAILURES as error:
            return Finding("raised", f"the loss fails: {raised(error)}")
        if why:
            return Finding("not-numbers", f"the loss {why}")
        values.append(float(value))
    if not np.isfinite(values[0]):
        return Finding("not-finite", f"the loss is {values[0]} at this point")
    if values[0] != values[1]:
        return Finding("not-repeatable", "the loss is another one at a second call")
    return None


def _returned(
    grad: Callable[[dict[str, Array]], Params], point: dict[str, Array]
) -> tuple[dict[str, Array], list[Finding]]:
    """The arrays that ``grad`` returns, and what of it is none."""
    given: dict[str, Array] = {}
    findings = []
    try:
        result: Any = grad(point)
    except FAILURES as error:
        return {}, [Finding("raised", f"the gradient fails: {raised(error)}")]
    if not isinstance(result, Mapping):
        text = f"the gradient is {type(result).__name__}, no mapping from names to arrays"
        return {}, [Finding("raised", text)]
    for name, value in result.items():
        if value is None:
            continue
        array, why = numbers(value)
        if why and name in point:
            findings.append(Finding("not-numbers", f"d{name} {why}"))
        elif not why:
            given[name] = np.array(array)
    return given, findings


def _agrees(claimed: float, slope: Slope, given: Array, v: Array) -> bool:
    # The sum of the products rounds too; its terms may be larger than the sum.
    own = 4 * given.size * 2.0**-53 * float(np.abs(given * v).sum())
    return bool(abs(claimed - slope.value) <= slope.error + own)


def _entry(
    loss: Any, point: dict[str, Array], name: str, given: Array, claimed: float, slope: Slope
) -> Finding:
    """The entry that is off most, and a factor if all are off by the same."""
    exact = np.empty_like(given, dtype=float)
    for index in list(np.ndindex(given.shape))[:_ENTRIES]:
        v = np.zeros_like(point[name])
        v[index] = 1.0
        # Where the complex step is the derivative along one direction, it is along others.
        step = _imaginary(loss, point, {name: v}) if slope.method == COMPLEX else None
        exact[index] = directional(loss, point, {name: v}).value if step is None else step
    if given.size > _ENTRIES:
        return Finding(
            "value",
            f"d{name} along a random direction is {claimed:.10g}, the loss says "
            f"{slope.value:.10g} ± {slope.error:.1g} ({slope.method})",
        )
    at = tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(given - exact)), given.shape))
    text = f"d{name}{list(at)} is {given[at]:.10g}, the loss says {exact[at]:.10g} ({slope.method})"
    size = float((exact * exact).sum())
    if size:
        factor = float((given * exact).sum()) / size
        if np.allclose(given, exact, rtol=1e-6, atol=1e-9 * np.sqrt(size)):
            text += "; it is right to about seven digits (float32)"
        elif np.allclose(given, factor * exact, rtol=1e-6, atol=1e-9 * np.sqrt(size)):
            text += f"; it is {factor:.6g} times the gradient"
        elif (
            given.ndim == 2
            and given.shape[0] == given.shape[1]
            and np.allclose(given, exact.T, rtol=1e-6, atol=1e-9 * np.sqrt(size))
        ):
            text += "; it is the transpose of the gradient"
    return Finding("value", text)


def _zeros(loss: Any, point: Params, given: Params, wrong: Sequence[str]) -> str | None:
    """Rows or columns of gradients that are 0 where all other entries are right."""
    parts = []
    for name in wrong:
        value = np.asarray(given[name], float)
        if value.ndim != 2 or value.size > _ENTRIES:
            return None
        exact = np.empty_like(value)
        for index in np.ndindex(value.shape):
            v = np.zeros_like(value)
            v[index] = 1.0
            exact[index] = directional(loss, point, {name: v}).value
        off = ~np.isclose(value, exact, rtol=1e-6, atol=1e-9 * np.abs(exact).max())
        if (value[off] != 0).any():
            return None
        for axis, word in ((1, "row"), (0, "column")):
            lines = np.flatnonzero(off.any(axis))
            if len(lines) == 1 and not np.take(value, lines[0], 1 - axis).any():
                parts.append(f"{word} {lines[0]} of d{name} is 0, all else in it is right")
                break
        else:
            return None
    return "; ".join(parts)


def directional(loss: Callable[[dict[str, Array]], Any], point: Params, direction: Params) -> Slope:
    """The derivative of ``loss`` at ``point`` along ``direction``."""
    complex_ = _complex_step(loss, point, direction)
    return complex_ if complex_ is not None else _ridders(loss, point, direction)


def _complex_step(loss: Any, point: Params, direction: Params) -> Slope | None:
    """Squire and Trapp 1998. ``None`` if the loss does not continue to complex parameters."""
    plain: Slope | None = None
    for kind, room in ((np.ndarray, nullcontext), (Traced, traced_room)):
        with room():
            values = _imaginary_parts(loss, point, direction, kind)
        if not values or values[0] == 0.0 or not np.isfinite(values).all():
            continue
        plain = plain or _ridders(loss, point, direction)
        # |·|, conj and real parts break analyticity; differences, though coarse, would show it.
        near = abs(values[0] - plain.value) <= 10 * plain.error + 1e-5 * abs(plain.value)
        if near and abs(values[0] - values[1]) <= 1e-10 * abs(values[0]):
            size = max(abs(values[0]), abs(values[1]))
            return Slope(values[0], 1e-11 * size + abs(values[0] - values[1]), COMPLEX)
    return None


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


def _imaginary(loss: Any, point: Params, direction: Params) -> float | None:
    """The complex step alone; ``None`` where it gives no number."""
    moved = {
        k: (v + 1e-30j * direction[k]).view(Traced) if k in direction else v
        for k, v in point.items()
    }
    with np.errstate(all="ignore"), traced_room():
        value = complex(loss(moved)).imag / 1e-30
    return value if np.isfinite(value) else None


def _ridders(loss: Any, point: Params, direction: Params) -> Slope:
    """Ridders 1982: central differences at shrinking steps, extrapolated to 0."""
    scale = max((float(np.abs(v).max()) for v in direction.values() if v.size), default=1.0)

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
            if off <= error:
                best, error = row[k + 1], off
        table.append(row)
    value = np.asarray(loss(dict(point)))
    # A loss that is computed in float32, as JAX does unless told otherwise, has its noise.
    single = value.dtype in (np.float32, np.float16)
    unit = float(np.finfo(value.dtype).eps) / 2 if single else 2.0**-53
    noise = 20 * unit * (abs(float(value)) / h + abs(best) * single)
    return Slope(best, 4 * error + noise, "extrapolated differences")
