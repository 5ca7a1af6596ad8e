"""What a wrong gradient is in terms of the exact contributions, by least squares.

Of each lag, step of use, step of loss, gate, and pair of steps; or a multiple of the parameter that
was added. The coefficients say what is missing, doubled or exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from bptt_sym.testing.evidence import CLOSE, Diagnosis, Evidence, distance, scale
from bptt_sym.testing.fits import number
from bptt_sym.testing.models import Model

Array = Any
#: ``features(contributions)``: the arrays that the given gradient is a sum of multiples of.
Features = Callable[[Array], list[Array]]
#: ``places(T)``: which coefficients a problem of T steps has, of those of a longer one.
Places = Callable[[int], Sequence[int]]


@final
@dataclass(frozen=True)
class _Attempt:
    """A way of taking the contributions apart.

    ``start`` and ``end`` tell which coefficients a shorter problem has if steps are counted from
    the first or from the last; ``say`` puts coefficients into words, ``say_end`` those that are
    counted from the last.
    """

    code: str
    features: Features
    say: Callable[[Array], str | None]
    start: Places
    end: Places | None = None
    say_end: Callable[[Array], str | None] | None = None


#: Ends the code of what is so for one length only, which something else may say for all.
SOME = "-at-some-lengths"


def regressed(model: Model, evidence: Sequence[Evidence], name: str) -> Diagnosis | None:
    initial = name.endswith("0") and name[:-1] in evidence[0].problem.initial
    per_example = initial and not evidence[0].problem.learned
    if per_example or name not in evidence[0].problem.parts:
        return None
    if any(np.shape(e.given[name]) != e.problem.exact[name].shape for e in evidence):
        return None  # an initial state's gradient in the other of its two forms
    cut = truncated(evidence, name)
    if cut:
        return cut
    # One regression needs problems of one length.
    steps = max({e.problem.steps for e in evidence}, key=lambda t: sum(
        e.problem.steps == t for e in evidence))  # fmt: skip
    same = [e for e in evidence if e.problem.steps == steps]
    if steps > 40:
        return None
    gates = model.gates if len(model.layout.get(name, ())) > 1 else ()
    for attempt in _attempts(steps, gates):
        fitted = _least_squares(same, name, attempt.features)
        if fitted is None:
            continue
        coefficients, residual = fitted
        if len(same) == 1 and any(_nice(float(c)) not in _NICE for c in coefficients):
            continue  # so many free numbers fit one problem by chance
        message, code = attempt.say(coefficients), f"regression-{attempt.code}"
        if not message:
            continue
        shorter = [e for e in evidence if e.problem.steps < steps]
        if not _holds(shorter, name, attempt.features, coefficients, attempt.start):
            if attempt.end is None:
                return None  # numbers of its own for every problem
            if attempt.say_end and _holds(
                shorter, name, attempt.features, coefficients, attempt.end
            ):
                message = attempt.say_end(coefficients)
            else:
                message += f" (where T = {steps}, not at every T)"
                code += SOME
        return Diagnosis(code, str(message), (name,), residual, len(same))
    return _mixed(evidence, name, gates) if gates else None


def _attempts(steps: int, gates: Sequence[str]) -> Iterator[_Attempt]:
    """The plainest first."""

    def first(count: int) -> Places:
        return lambda t: range(t * count)

    def last(count: int) -> Places:
        return lambda t: range((steps - t) * count, steps * count)

    n = len(gates)
    yield _Attempt("factor", lambda c: [c.sum((0, 1, 2))], _say_factor, lambda t: [0])
    yield _Attempt("lag", lambda c: list(c.sum((1, 2))), _say_lags, first(1), last(1))
    yield _Attempt(
        "use", lambda c: list(c.sum((0, 2))), _say_uses, first(1), last(1), _from_last("use")
    )
    yield _Attempt(
        "loss", lambda c: list(_by_loss(c)), _say_losses, first(1), last(1), _from_last("loss")
    )
    if gates:
        yield _Attempt(
            "gate", lambda c: _by_gate(c.sum((0, 1, 2)), gates), _say_gates(gates),
            lambda t: range(n),
        )  # fmt: skip
        yield _Attempt(
            "gate-lag", lambda c: [g for x in c.sum((1, 2)) for g in _by_gate(x, gates)],
            _say_by_gate(gates, _say_lags), first(n), last(n),
        )  # fmt: skip
        yield _Attempt(
            "gate-use", lambda c: [g for x in c.sum((0, 2)) for g in _by_gate(x, gates)],
            _say_by_gate(gates, _say_uses), first(n), last(n),
        )  # fmt: skip
    pairs = [(s, k) for s in range(steps) for k in range(steps - s)]
    yield _Attempt(
        "pair", lambda c: [c[k, s].sum(0) for s in range(len(c)) for k in range(len(c) - s)],
        _say_pairs(steps),
        lambda t: [i for i, (s, k) in enumerate(pairs) if s + k < t],
        lambda t: [i for i, (s, _) in enumerate(pairs) if s >= steps - t],
    )  # fmt: skip


def _holds(
    evidence: Sequence[Evidence],
    name: str,
    features: Features,
    coefficients: Array,
    places: Places,
) -> bool:
    """Whether problems of fewer steps have the same coefficients."""
    for e in evidence:
        size = scale(e.problem, name) or 1.0
        columns = features(e.problem.parts[name].astype(float))
        chosen = coefficients[list(places(e.problem.steps))]
        made = sum(a * np.ravel(c) for a, c in zip(chosen, columns, strict=True))
        off = np.abs(made - np.ravel(np.asarray(e.given[name], float))).max(initial=0.0)
        if off > CLOSE * len(columns) * 10 * size:
            return False
    return True


def _mixed(evidence: Sequence[Evidence], name: str, gates: Sequence[str]) -> Diagnosis | None:
    """Each gate's block as a sum of multiples of all gates' blocks, the same on every problem."""
    right: list[Array] = []
    given: list[Array] = []
    for e in evidence:
        size = scale(e.problem, name) or 1.0
        for rows, value in ((right, e.problem.exact[name]), (given, e.given[name])):
            blocks = np.split(np.asarray(value, float), len(gates))
            rows.append(np.stack([np.ravel(b) for b in blocks]) / size)
    a, b = np.concatenate(right, 1).T, np.concatenate(given, 1).T
    if a.shape[0] < len(gates) + 3:
        return None
    solution, _, rank, _ = np.linalg.lstsq(a, b, rcond=None)
    residual = float(np.abs(a @ solution - b).max(initial=0.0))
    if rank < len(gates) or residual > CLOSE * len(gates) * 10:
        return None
    texts = []
    for k, gate in enumerate(gates):
        row = [_nice(float(v)) for v in solution[:, k]]
        if any(v not in _NICE for v in row):
            return None
        if row == [float(j == k) for j in range(len(gates))]:
            continue
        terms = [
            f"{'' if v == 1 else f'{number(v)} times '}that of {g}"
            for g, v in zip(gates, row, strict=True) if v
        ]  # fmt: skip
        texts.append(f"the block of gate {gate} is {' plus '.join(terms) or '0'}")
    return Diagnosis("regression-mixed", "; ".join(texts), (name,), residual, len(evidence))


def decayed(evidence: Sequence[Evidence], name: str) -> Diagnosis | None:
    """A multiple of the parameter itself that was added, the same on every problem."""
    if name not in evidence[0].problem.params or len(evidence) < 2:
        return None
    own = [np.ravel(e.problem.params[name]).astype(float) for e in evidence]
    off = [np.ravel(np.asarray(e.given[name], float) - e.problem.exact[name]) for e in evidence]
    top = sum(float(a @ d) for a, d in zip(own, off, strict=True))
    size = sum(float(a @ a) for a in own)
    if not size or not np.isfinite(top):
        return None
    rate, worst = top / size, 0.0
    for e, a, d in zip(evidence, own, off, strict=True):
        allowed = np.ravel(e.problem.allowed(float(np.finfo(e.problem.dtype).eps) / 2)[name])
        rest = np.abs(d - rate * a)
        if (rest > 10 * allowed + CLOSE * abs(rate) * np.abs(a)).any():
            return None
        worst = max(worst, float(rest.max(initial=0.0)))
    text = f"{rate:.6g} times {name} is added (weight decay)"
    return Diagnosis("weight-decay", text, (name,), worst, len(evidence))


def truncated(evidence: Sequence[Evidence], name: str) -> Diagnosis | None:
    """A truncation at any lag: no regression could tell 150 lags apart in 9 entries."""
    e = max(evidence, key=lambda e: e.problem.steps)
    sums = np.cumsum(e.problem.parts[name].sum((1, 2)), 0)
    for k in range(1, len(sums)):
        if distance(e, name, sums[k - 1]) <= CLOSE:
            # Several problems have to agree, else a decayed contribution would look truncated.
            for other in evidence:
                partial = np.cumsum(other.problem.parts[name].sum((1, 2)), 0)
                at = min(k, len(partial)) - 1
                if distance(other, name, partial[at]) > CLOSE:
                    break
            else:
                residual = max(distance(e, name, sums[k - 1]), 0.0)
                message = f"the contributions of lags ≥ {k} are missing"
                return Diagnosis(f"truncated-{k}", message, (name,), residual, len(evidence))
    return None


def _least_squares(
    evidence: Sequence[Evidence], name: str, features: Features
) -> tuple[Array, float] | None:
    rows, right = [], []
    for e in evidence:
        size = scale(e.problem, name) or 1.0
        columns = features(e.problem.parts[name].astype(float))
        rows.append(np.stack([np.ravel(c) for c in columns], 1) / size)
        right.append(np.ravel(np.asarray(e.given[name], float)) / size)
    a, b = np.concatenate(rows), np.concatenate(right)
    if a.shape[0] < a.shape[1] + 3:
        return None
    solution, _, rank, _ = np.linalg.lstsq(a, b, rcond=None)
    if rank < a.shape[1]:
        return None
    residual = float(np.abs(a @ solution - b).max())
    # Rounding of the given gradient is carried into the residual at most once per feature.
    return (solution, residual) if residual <= CLOSE * a.shape[1] * 10 else None


def _by_loss(c: Array) -> Array:
    steps = c.shape[0]
    out = np.zeros((steps, *c.shape[3:]))
    for lag in range(steps):
        for use in range(steps - lag):
            out[lag + use] += c[lag, use].sum(0)
    return out


def _by_gate(whole: Array, gates: Sequence[str]) -> list[Array]:
    out = []
    for i in range(len(gates)):
        blocks = np.split(whole, len(gates))
        blocks = [b if j == i else np.zeros_like(b) for j, b in enumerate(blocks)]
        out.append(np.concatenate(blocks))
    return out


_NICE = [0.0, 1.0, -1.0, 0.5, 2.0, -0.5, 0.25, 0.75, 1 / 3, 2 / 3, 1.5, 3.0, 4.0, 0.1, 0.9, 0.99]


def _nice(value: float) -> float:
    near = min(_NICE, key=lambda x: abs(x - value))
    return near if abs(near - value) < 1e-7 else float(value)


def _say_factor(a: Array) -> str | None:
    factor = _nice(float(a[0]))
    if factor == 1.0:
        return None
    if factor == 0.0:
        return "the gradient is 0"
    return "the sign is wrong" if factor == -1.0 else f"it is {number(factor)} times the gradient"


def _say_series(a: Array, what: str, plural: str, missing_from: str, first: int) -> str | None:
    values = [_nice(float(v)) for v in a]
    off = [i for i, v in enumerate(values) if v != 1.0]
    if not off:
        return None
    if len(values) > 2 and np.allclose(values, 1 / np.arange(1, len(values) + 1), rtol=1e-7):
        return f"{plural} {first}, {first + 1}, {first + 2}, … have the factors 1, 1/2, 1/3, …"
    if all(values[i] == 0.0 for i in off):
        if off == list(range(off[0], len(values))) and len(off) > 1 and off[0] > 0:
            return f"the contributions of {plural} ≥ {off[0] + first} are missing"
        if off == list(range(off[-1] + 1)) and len(off) > 1 and len(off) < len(values):
            return f"the contributions of {plural} ≤ {off[-1] + first} are missing"
        listed = ", ".join(str(i + first) for i in off)
        return f"the contributions of {what if len(off) == 1 else plural} {listed} are missing"
    if all(v == (-1.0) ** i for i, v in enumerate(values)):
        return f"signs alternate with the {missing_from}"
    if all(v == -((-1.0) ** i) for i, v in enumerate(values)):
        return f"signs alternate with the {missing_from}, and the sign of the whole is wrong"
    if (len(values) > 2 and values[0] not in (0.0, 1.0)) or values[0] == 1.0:
        ratio = values[1] / values[0] if len(values) > 1 and values[0] else 0.0
        powers = [values[0] * ratio**i for i in range(len(values))]
        if ratio and _nice(ratio) != 1.0 and np.allclose(values, powers, rtol=1e-6, atol=1e-9):
            text = f"each step back has a factor {_nice(ratio):.6g} too much"
            whole = values[0] != 1.0
            return f"{text}, and {what} {first} a factor {number(values[0])}" if whole else text
    parts = [f"{what} {i + first} has factor {number(values[i])}" for i in off]
    return "; ".join(parts[:6]) + (" …" if len(parts) > 6 else "")


#: What the coefficients of a regression belong to: singular, plural, and what they grow with.
_SERIES = {
    "use": ("the use at step", "the uses at steps", "step"),
    "loss": ("the loss of step", "the losses of steps", "step"),
}


_LAST = ("the last step", "the last step but one", "the last step but two")


def _from_last(code: str) -> Callable[[Array], str | None]:
    """For coefficients that belong to the steps counted from the last one."""

    def say(a: Array) -> str | None:
        off = [i for i, v in enumerate(a[::-1]) if _nice(float(v)) != 1.0]
        if len(off) == 1 and off[0] < len(_LAST):
            value, what = _nice(float(a[::-1][off[0]])), _SERIES[code][0].removesuffix(" step")
            said = "is missing" if value == 0.0 else f"has factor {number(value)}"
            return f"{what} {_LAST[off[0]]} {said}"
        text = _say_series(a[::-1], *_SERIES[code], 0)
        return text and f"{text}, steps counted back from the last, which is 0"

    return say


def _say_lags(a: Array) -> str | None:
    return _say_series(a, "lag", "lags", "lag", 0)


def _say_uses(a: Array) -> str | None:
    return _say_series(a, *_SERIES["use"], 1)


def _say_losses(a: Array) -> str | None:
    return _say_series(a, *_SERIES["loss"], 1)


def _say_gates(gates: Sequence[str]) -> Callable[[Array], str | None]:
    def say(a: Array) -> str | None:
        values = [_nice(float(v)) for v in a]
        parts = [
            f"the block of gate {g} "
            + ("is 0" if v == 0 else "has the wrong sign" if v == -1 else f"has factor {number(v)}")
            for g, v in zip(gates, values, strict=True)
            if v != 1.0
        ]
        return "; ".join(parts) or None

    return say


def _say_by_gate(
    gates: Sequence[str], of_one: Callable[[Array], str | None]
) -> Callable[[Array], str | None]:
    def say(a: Array) -> str | None:
        table = np.array([_nice(float(v)) for v in a]).reshape(-1, len(gates))
        parts = []
        for g, column in zip(gates, table.T, strict=True):
            text = of_one(column)
            if text:
                parts.append(f"gate {g}: {text}")
        return "; ".join(parts) or None

    return say


def _say_pairs(steps: int) -> Callable[[Array], str | None]:
    """Coefficients of (step of use, lag): which links between steps are cut."""
    pairs = [(s, k) for s in range(steps) for k in range(steps - s)]

    def say(a: Array) -> str | None:
        table = {pair: _nice(float(v)) for pair, v in zip(pairs, a, strict=True)}
        cut = [t for t in range(1, steps) if table[t - 1, 1] == 0.0]
        explained = all(
            v == (0.0 if any(s < t <= s + k for t in cut) else 1.0) for (s, k), v in table.items()
        )
        if cut and explained:
            links = ", ".join(f"{t + 1} → {t}" for t in cut)
            return f"the chain of states is cut on the way back from step {links}"
        off = [(p, v) for p, v in table.items() if v != 1.0]
        if not off or len(off) > 6:
            return None
        return "; ".join(
            f"the use at step {s + 1} for the loss of step {s + k + 1} has factor {number(v)}"
            for (s, k), v in off
        )

    return say


__all__ = ["decayed", "regressed", "truncated"]
