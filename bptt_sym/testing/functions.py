"""Check any pair of a loss and its gradient, known cell or not.

Nothing is known about the loss but its values, so the reference is numerical: the complex step
where the loss accepts complex parameters (exact to rounding), else Ridders' extrapolated central
differences, whose own error estimate is the tolerance. Gradients of float32 parameters may be off
by what float32 makes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.testing.compare import FAILURES, NONE, numbers
from bptt_sym.testing.directional import (
    COMPLEX,
    Slope,
    directional,
    imaginary,
    noise,
    quick,
    slope_again,
)
from bptt_sym.testing.jax_functions import compiled
from bptt_sym.testing.lent_cotangents import written_cotangents
from bptt_sym.testing.named import raised
from bptt_sym.testing.pair_search import WrongPair
from bptt_sym.testing.report import Finding
from bptt_sym.testing.trees import flattened, units

Array = Any
Params = Mapping[str, Array]


#: What says why, which stands before where it shows.
_WHY = ("explained", "located", "unexplained")
#: Entries of a gradient that are looked at one by one, at most.
_ENTRIES = 200


class PairError(AssertionError):
    """A gradient that does not belong to its loss; ``findings`` lists what is wrong."""

    def __init__(self, findings: list[Finding]) -> None:
        # What it is comes first, and then where it shows.
        said = sorted(findings, key=lambda f: f.code not in _WHY)
        super().__init__("\n".join(f"{f.code}: {f.message}" for f in said))
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
    __tracebackhide__ = True
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
    unit = units(params)
    loss, grad, point = flattened(loss, grad, params)
    losses = loss = compiled(loss, point)

    def total(p: dict[str, Array]) -> Any:
        # What a loss does to its parameters must not move the point.
        value = losses({k: v.copy() for k, v in p.items()})
        if isinstance(value, tuple) and len(value) > 1:
            raise TypeError(
                "it returns a tuple: return the loss alone, or the losses of the steps in a list"
            )
        return np.sum(np.asarray(value))

    loss = total
    rng = np.random.default_rng(seed)
    kept = {k: v.copy() for k, v in point.items()}
    broken = _broken(loss, point)
    if broken is not None:
        return [broken]
    with written_cotangents() as lent:
        given, findings = _returned(grad, point)
    wrong: list[str] = []
    exact: dict[str, Array] = {}
    followed = True
    for name, value in kept.items():
        if not np.array_equal(point[name], value):
            findings.append(Finding("wrote-to-input", f"params[{name!r}] was changed"))
            point[name] = value.copy()
    near, own = _rounded(grad, point, given, unit), noise(loss, point)
    second, _ = _returned(grad, {k: v.copy() for k, v in point.items()})
    if any(
        not (k in second and np.array_equal(given[k], second[k], equal_nan=True)) for k in given
    ):
        text = "a second call at the same point differs"
        if _of_last_loss(loss, grad, point):
            text += ": it uses what the last call of the loss left, at whatever point that was"
        findings.append(Finding("not-repeatable", text))
    refused = {f.message.partition(" ")[0] for f in findings if f.code == "not-numbers"}
    for name, value in point.items():
        if f"d{name}" in refused or any(f.code == "raised" for f in findings):
            continue
        if name not in given:
            if not any(f.message.startswith(f"d{name} is None") for f in findings):
                findings.append(Finding("missing", f"d{name}: not in the returned gradient"))
            continue
        if given[name].shape != value.shape:
            text = f"d{name} has shape {given[name].shape}, the parameter {value.shape}"
            findings.append(Finding("shape", text))
            continue
        if not np.isfinite(given[name]).all():
            findings.append(Finding("not-finite", f"d{name} is not finite"))
            continue
        slope: Slope | None = None
        for _ in range(directions):
            v = rng.normal(size=value.shape)
            # Where the complex step is the derivative along one direction, it is along others.
            slope = slope_again(loss, point, {name: v}, slope) if slope else None
            slope = slope or directional(loss, point, {name: v}, own)
            claimed = float((given[name] * v).sum())
            spread = max((abs(float(((g[name] - given[name]) * v).sum())) for g in near), default=0)
            if not _agrees(claimed, slope, given[name], v, unit[name] if near else 0.0, spread):
                if value.size <= _ENTRIES:
                    exact[name] = _entries(loss, point, name, slope.method, own)
                findings.append(
                    _entry(loss, point, name, given[name], claimed, slope, exact.get(name), own)
                )
                wrong.append(name)
                followed &= slope.method == COMPLEX
                break
    if wrong and len(findings) == len(wrong):
        # Where tangents in imaginary parts are not the derivative, they explain nothing.
        given_back = partial(_returned, grad)
        pair = WrongPair(losses if followed else None, loss, given_back, point, given, exact, wrong)
        # A factor, zeros and the like are said with the values.
        told = all("; it is " in f.message for f in findings)
        findings += [f for f in pair.why(own) if not told or f.code != "unexplained"]
    return findings + [Finding("wrote-to-cotangent", text) for text in lent]


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


def _of_last_loss(
    loss: Callable[[dict[str, Array]], Any], grad: Callable[[dict[str, Array]], Params],
    point: Params,
) -> bool:  # fmt: skip
    """Whether the gradient depends on the point at which the loss was called last, and on nothing
    else of what was called before."""
    there = {k: v * (1 + 2.0**-6) + 2.0**-8 for k, v in point.items()}
    by: dict[bool, list[bytes]] = {False: [], True: []}
    for elsewhere in (False, False, True, False, True, True, False):
        try:
            loss(there if elsewhere else dict(point))
        except FAILURES:
            return False
        given, findings = _returned(grad, {k: v.copy() for k, v in point.items()})
        if findings:
            return False
        by[elsewhere].append(b"".join(given[k].tobytes() for k in sorted(given)))
    return len(set(by[False])) == len(set(by[True])) == 1 and by[False][0] != by[True][0]


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
            if name in point:
                findings.append(Finding("missing", f"d{name} is None: {NONE}"))
            continue
        array, why = numbers(value)
        if why and name in point:
            findings.append(Finding("not-numbers", f"d{name} {why}"))
        elif not why:
            given[name] = np.array(array)
    return given, findings


def _rounded(
    grad: Callable[[dict[str, Array]], Params], point: Params, given: Params,
    unit: Mapping[str, float],
) -> list[dict[str, Array]]:  # fmt: skip
    """The gradients at points that float32 hardly tells from this one, if it is computed in that.

    What they differ by is what one rounding does; none for a gradient in float64.
    """
    single = {k: np.asarray(v, np.float32) for k, v in given.items() if unit.get(k, 0.0)}
    if not single or any(not np.array_equal(v, given[k]) for k, v in single.items()):
        return []
    rng, out = np.random.default_rng(29), []
    for _ in range(4):
        moved = {
            k: v * (1 + unit.get(k, 0.0) * rng.choice([-1.0, 1.0], v.shape))
            for k, v in point.items()
        }
        again, findings = _returned(grad, moved)
        if findings or any(k not in again or again[k].shape != v.shape for k, v in given.items()):
            return []
        out.append(again)
    return out


def _agrees(
    claimed: float, slope: Slope, given: Array, v: Array, unit: float, spread: float
) -> bool:
    """Whether rounding explains the difference; ``spread`` is what one rounding does."""
    # The sum of the products rounds too; its terms may be larger than the sum.
    own = 4 * given.size * max(unit, 2.0**-53) * float(np.abs(given * v).sum()) + 64 * spread
    return bool(abs(claimed - slope.value) <= slope.error + own)


def _entries(loss: Any, point: Params, name: str, method: str, own: float) -> Array:
    """The derivatives by the entries of a parameter, one after the other."""
    exact = np.empty(point[name].shape)
    for index in np.ndindex(exact.shape):
        v = np.zeros_like(exact)
        v[index] = 1.0
        # Where the complex step is the derivative along one direction, it is along others.
        step = imaginary(loss, point, {name: v}) if method == COMPLEX else None
        exact[index] = quick(loss, point, {name: v}, own) if step is None else step
    return exact


def _entry(
    loss: Any, point: dict[str, Array], name: str, given: Array, claimed: float, slope: Slope,
    exact: Array | None, own: float,
) -> Finding:  # fmt: skip
    """The entry that is off most, and a factor if all are off by the same."""
    if exact is None:
        return Finding(
            "value",
            f"d{name} along a random direction is {claimed:.10g}, the loss says "
            f"{slope.value:.10g} ± {slope.error:.1g} ({slope.method})",
        )
    at = tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(given - exact)), given.shape))
    if slope.method != COMPLEX:
        v = np.zeros_like(exact)
        v[at] = 1.0
        exact[at] = directional(loss, point, {name: v}, own).value
    text = f"d{name}{list(at)} is {given[at]:.10g}, the loss says {exact[at]:.10g} ({slope.method})"
    size = float((exact * exact).sum())
    if size:
        factor = float((given * exact).sum()) / size
        if np.allclose(given, exact, rtol=1e-6, atol=1e-9 * np.sqrt(size)):
            text += "; it is right to about seven digits (float32)"
        elif abs(factor) < 1e-12:
            text += "; it is 0"
        elif np.allclose(given, factor * exact, rtol=1e-6, atol=1e-9 * np.sqrt(size)):
            text += f"; it is {factor:.6g} times the gradient"
        elif (
            given.ndim == 2
            and given.shape[0] == given.shape[1]
            and np.allclose(given, exact.T, rtol=1e-6, atol=1e-9 * np.sqrt(size))
        ):
            text += "; it is the transpose of the gradient"
    return Finding("value", text)
