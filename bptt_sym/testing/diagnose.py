"""Say what is wrong with a gradient.

Four attempts, the plainest first: (1) the given gradient is compared with sums of exact
contributions (all lags but one, all steps but the first, …); (2) it is regressed on the exact
contributions of each lag, step, example and gate; (3) it is matched with the library of known
mistakes; (4) what stands in one place of the way back is measured and recognised. Whatever explains
it does so to rounding, on several problems.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from bptt_sym.testing.compare import call, mismatches
from bptt_sym.testing.draw import draw
from bptt_sym.testing.evidence import (
    CLOSE,
    PLACE_SECONDS,
    Diagnosis,
    Evidence,
    Search,
    distance,
    scale,
)
from bptt_sym.testing.models import Model
from bptt_sym.testing.one_place import wrong_places
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.slopes import measured_slopes

Array = Any
Gradient = Callable[[Problem], Mapping[str, Array]]


def diagnose(
    model: Model, gradient: Gradient, failing: Problem, *, library_too: bool = True
) -> list[Diagnosis]:
    """Explanations of why ``gradient`` fails on ``failing``; empty if none is found."""
    evidence = _gather(model, gradient, failing)
    if not evidence:
        return []
    names = sorted({n for e in evidence for n in e.wrong}, key=list(failing.exact).index)
    found: dict[str, Diagnosis] = {}
    search = Search(model)
    low = _precision(evidence, names)
    if low:
        return [low]
    if len(evidence) == 1 and failing.steps > 12:
        # Wrong on a long sequence only: a truncation, most likely, and cheap to recognise.
        cut = {n: _partial_sum(evidence, n) for n in names}
        if all(cut.values()):
            return _joined({n: d for n, d in cut.items() if d})
    if library_too:
        # Over all wrong parameters at once: one cause explains most real gradients.
        whole = search.match(evidence, names)
        if whole:
            return [whole]
        slopes = measured_slopes(model, gradient, failing.dims, names)
        measured = search.among(slopes, evidence, names)
        if measured:
            return [measured]
    scaled = _scaled_as_a_whole(evidence, names)
    if scaled:
        return [scaled]
    for name in names:
        own = [e for e in evidence if name in e.wrong]
        if not own:
            continue
        single = _decay(own, name) or _regress(model, own, name)
        if single is None and library_too:
            single = search.match(own, [name])
        found[name] = single or _seven_digits(own, name) or _located(
            model, own, name, search.skipped
        )
    if library_too and any(d.code == "located" for d in found.values()):
        end = time.thread_time() + PLACE_SECONDS
        places = wrong_places(model, gradient, failing, end)
        computed = search.among(places, evidence, names)
        if computed:
            return [computed]
    return _joined(found)


def _precision(evidence: Sequence[Evidence], names: Sequence[str]) -> Diagnosis | None:
    """Numbers of float64 problems that are all float32 or float16 numbers, and near the truth."""
    if any(e.problem.dtype != np.float64 for e in evidence):
        return None
    for kind, word in ((np.float16, "float16"), (np.float32, "float32")):
        near = 100 * float(np.finfo(kind).eps)
        values = [(e, n, np.asarray(e.given[n])) for e in evidence for n in names]
        with np.errstate(over="ignore"):
            if all(np.array_equal(v, v.astype(kind).astype(v.dtype)) for _, _, v in values) and all(
                float(np.abs(v - e.problem.exact[n]).max(initial=0.0))
                <= near * e.problem.steps * max(scale(e.problem, n), 1e-4)
                for e, n, v in values
            ):
                text = f"every entry is a {word} number: it was computed or summed in {word}"
                return Diagnosis(f"precision-{word}", text, tuple(names), near, len(evidence))
    return None


def _seven_digits(evidence: Sequence[Evidence], name: str) -> Diagnosis | None:
    """Right to the precision of float32 on every problem: a part of it is computed in that."""
    unit, worst = float(np.finfo(np.float32).eps), 0.0
    if any(e.problem.dtype != np.float64 for e in evidence) or len(evidence) < 3:
        return None
    for e in evidence:
        off = np.abs(np.asarray(e.given[name], float) - e.problem.exact[name].astype(float))
        near = float(off.max(initial=0.0)) / (scale(e.problem, name) or 1.0)
        if near > 16 * unit * e.problem.steps:
            return None
        worst = max(worst, near)
    text = "right to about seven digits only: a part of it is computed or kept in float32"
    return Diagnosis("precision-part", text, (name,), worst, len(evidence))


def _scaled_as_a_whole(evidence: Sequence[Evidence], names: Sequence[str]) -> Diagnosis | None:
    """One factor for all wrong parameters of a problem, another one on the next problem."""
    factors, norms, worst = [], [], 0.0
    if any(n not in e.given for e in evidence for n in names) or len(evidence) < 3:
        return None
    for e in evidence:
        given = np.concatenate([np.ravel(np.asarray(e.given[n], float)) for n in names])
        exact = np.concatenate([np.ravel(e.problem.exact[n].astype(float)) for n in names])
        size = float(exact @ exact)
        if given.shape != exact.shape or not size or not np.isfinite(given).all():
            return None
        if exact.size < 2:
            return None  # any number is a multiple of another
        factor = float(given @ exact) / size
        off = float(np.abs(given - factor * exact).max()) / float(np.abs(exact).max())
        if off > 10 * CLOSE:
            return None
        factors.append(factor)
        norms.append(float(np.linalg.norm(given)))
        worst = max(worst, off)
    if max(factors) - min(factors) <= 1e-9 * max(map(abs, factors)):
        return None  # the same everywhere: said for each parameter
    if max(norms) - min(norms) <= 1e-9 * max(norms):
        text = f"it is rescaled to norm {norms[0]:.6g} (clipping by the norm)"
    else:
        listed = ", ".join(f"{f:.4g}" for f in factors[:4])
        text = f"it is the gradient times a factor that differs between problems: {listed}, …"
    return Diagnosis("scaled", text, tuple(names), worst, len(evidence))


def _located(model: Model, evidence: Sequence[Evidence], name: str, skipped: int) -> Diagnosis:
    """Where it is wrong, when nothing says how: gates, units, and the regimes concerned."""
    parts = []
    gates = model.gates if len(model.layout.get(name, ())) > 1 else ()
    if gates:
        bad = [
            g for k, g in enumerate(gates)
            if any(_block_differs(e, name, k, len(gates)) for e in evidence)
        ]  # fmt: skip
        if len(bad) < len(gates):
            parts.append(
                f"wrong in the block{'s' if len(bad) > 1 else ''} of {', '.join(bad)} only"
            )
    dims = list(evidence[0].problem.dims)
    equal = [
        f"{a} = {b}" for i, a in enumerate(dims) for b in dims[i + 1 :]
        if all(e.problem.dims[a] == e.problem.dims[b] for e in evidence)
    ]  # fmt: skip
    if equal:
        # Problems of all different sizes are among those that are tried.
        parts.append(f"seen only where {', '.join(equal)}")
    lengths = sorted({e.problem.steps for e in evidence})
    if lengths and lengths[0] > 1:
        parts.append(f"seen from T = {lengths[0]} on")
    regimes = sorted({e.problem.regime for e in evidence})
    parts.append(f"in the regime{'s' if len(regimes) > 1 else ''} {', '.join(regimes)}")
    if skipped:
        parts.append(f"the {skipped} least common of the known mistakes were not tried")
    text = "no known mistake explains it; " + "; ".join(parts)
    return Diagnosis("located", text, (name,), float("nan"), len(evidence))


def _block_differs(e: Evidence, name: str, k: int, gates: int) -> bool:
    given = np.split(np.asarray(e.given[name], float), gates)[k]
    exact = np.split(e.problem.exact[name].astype(float), gates)[k]
    allowed = np.split(e.problem.allowed(float(np.finfo(e.problem.dtype).eps) / 2)[name], gates)[k]
    return bool((np.abs(given - exact) > allowed).any())


def _gather(model: Model, gradient: Gradient, failing: Problem) -> list[Evidence]:
    out = []
    for p in (failing, *_others(model, failing)):
        try:
            # The other problems serve more than one diagnosis.
            given = call(gradient, p if p is failing else p.fresh())
        except Exception:
            continue
        bad = mismatches(p, given)
        if any(m.kind in ("missing", "shape") for m in bad):
            continue
        usable = tuple(m.name for m in bad if m.kind == "value")
        if bad and len(usable) == len(bad):
            out.append(Evidence(p, given, usable))
    return out


@lru_cache(32)
def _drawn(model: Model, seed: int, dims: tuple[tuple[str, int], ...], **how: Any) -> Problem:
    """A problem; the last ones are kept, with what known mistakes give on them."""
    return draw(model, seed, dims=dict(dims), **how)


def _others(model: Model, failing: Problem) -> list[Problem]:
    """Problems that tell explanations apart which the failing one alone does not."""
    sizes = dict(failing.dims)
    masked = bool((failing.mask == 0).any())
    roomy = tuple((d, max(3, v)) for d, v in sizes.items())
    base: dict[str, Any] = {"batch": 3, "masked": masked, "learned": failing.learned}
    made = partial(_drawn, model)
    # Hundreds of known mistakes are tried, and nearly all fail on the first problem: a short one.
    small = tuple((d, 2 + i) for i, d in enumerate(sizes))
    problems = [made(82, small, steps=2, batch=1, learned=failing.learned)]
    problems += [made(77 + k, roomy, steps=6, **base) for k in range(3)]
    problems.append(made(80, roomy, steps=6, weighted=True, **base))
    unlike = tuple((d, 3 + i) for i, d in enumerate(sizes))
    problems.append(made(81, unlike, steps=5, **base))
    # A mean over what is not masked is a mean over the steps where nothing is.
    problems.append(made(83, roomy, steps=4, weighted=True, **{**base, "masked": True}))
    return problems


# -- regression on exact contributions -------------------------------------------------------------


def _regress(model: Model, evidence: Sequence[Evidence], name: str) -> Diagnosis | None:
    initial = name.endswith("0") and name[:-1] in evidence[0].problem.initial
    per_example = initial and not evidence[0].problem.learned
    if per_example or name not in evidence[0].problem.parts:
        return None
    if any(np.shape(e.given[name]) != e.problem.exact[name].shape for e in evidence):
        return None  # an initial state's gradient in the other of its two forms
    partial = _partial_sum(evidence, name)
    if partial:
        return partial
    # One regression needs problems of one length.
    steps = max({e.problem.steps for e in evidence}, key=lambda t: sum(
        e.problem.steps == t for e in evidence))  # fmt: skip
    same = [e for e in evidence if e.problem.steps == steps]
    if steps > 40:
        return None
    gates = model.gates if len(model.layout.get(name, ())) > 1 else ()
    attempts: list[tuple[str, Any, Any]] = [
        ("factor", lambda c, e: [c.sum((0, 1, 2))], _say_factor),
        ("lag", lambda c, e: list(c.sum((1, 2))), _say_lags),
        ("use", lambda c, e: list(c.sum((0, 2))), _say_uses),
        ("loss", lambda c, e: list(_by_loss(c)), _say_losses),
        ("gate", lambda c, e: _by_gate(c.sum((0, 1, 2)), gates), _say_gates(gates)),
        ("gate-lag", lambda c, e: [g for x in c.sum((1, 2)) for g in _by_gate(x, gates)],
         _say_gate_lags(gates)),
        ("gate-use", lambda c, e: [g for x in c.sum((0, 2)) for g in _by_gate(x, gates)],
         _say_gate_uses(gates)),
        ("pair", lambda c, e: [c[k, s].sum(0) for s in range(len(c)) for k in range(len(c) - s)],
         _say_pairs(steps)),
    ]  # fmt: skip
    for code, features, say in attempts:
        if code.startswith("gate") and not gates:
            continue
        fitted = _least_squares(same, name, features)
        if fitted is None:
            continue
        coefficients, residual = fitted
        if len(same) == 1 and any(_nice(float(c)) not in _NICE for c in coefficients):
            continue  # so many free numbers fit one problem by chance
        message = say(coefficients)
        if message:
            return Diagnosis(f"regression-{code}", message, (name,), residual, len(same))
    return None


def _decay(evidence: Sequence[Evidence], name: str) -> Diagnosis | None:
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


def _partial_sum(evidence: Sequence[Evidence], name: str) -> Diagnosis | None:
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
    evidence: Sequence[Evidence], name: str, features: Callable[[Array, Evidence], list[Array]]
) -> tuple[Array, float] | None:
    rows, right = [], []
    for e in evidence:
        size = scale(e.problem, name) or 1.0
        columns = features(e.problem.parts[name].astype(float), e)
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
    return "the sign is wrong" if factor == -1.0 else f"it is {factor:.6g} times the gradient"


def _say_series(a: Array, what: str, plural: str, missing_from: str, first: int) -> str | None:
    values = [_nice(float(v)) for v in a]
    off = [i for i, v in enumerate(values) if v != 1.0]
    if not off:
        return None
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
        if ratio and ratio != 1.0 and np.allclose(values, powers, rtol=1e-6, atol=1e-9):
            return f"each step back has a factor {_nice(ratio):.6g} too much"
    parts = [f"{what} {i + first} has factor {values[i]:.6g}" for i in off]
    return "; ".join(parts[:6]) + (" …" if len(parts) > 6 else "")


def _say_lags(a: Array) -> str | None:
    return _say_series(a, "lag", "lags", "lag", 0)


def _say_uses(a: Array) -> str | None:
    return _say_series(a, "the use at step", "the uses at steps", "step", 1)


def _say_losses(a: Array) -> str | None:
    return _say_series(a, "the loss of step", "the losses of steps", "step", 1)


def _say_gates(gates: Sequence[str]) -> Callable[[Array], str | None]:
    def say(a: Array) -> str | None:
        values = [_nice(float(v)) for v in a]
        parts = [
            f"the block of gate {g} "
            + ("is 0" if v == 0 else "has the wrong sign" if v == -1 else f"has factor {v:.6g}")
            for g, v in zip(gates, values, strict=True)
            if v != 1.0
        ]
        return "; ".join(parts) or None

    return say


def _say_gate_lags(gates: Sequence[str]) -> Callable[[Array], str | None]:
    return _say_by_gate(gates, _say_lags)


def _say_gate_uses(gates: Sequence[str]) -> Callable[[Array], str | None]:
    return _say_by_gate(gates, _say_uses)


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
            f"the use at step {s + 1} for the loss of step {s + k + 1} has factor {v:.6g}"
            for (s, k), v in off
        )

    return say


def _joined(found: Mapping[str, Diagnosis]) -> list[Diagnosis]:
    """One line for parameters that share an explanation."""
    groups: dict[str, list[Diagnosis]] = {}
    for d in found.values():
        groups.setdefault(d.message, []).append(d)
    return [
        Diagnosis(
            g[0].code,
            g[0].message,
            tuple(p for d in g for p in d.parameters),
            max(d.residual for d in g),
            min(d.problems for d in g),
        )
        for g in groups.values()
    ]
