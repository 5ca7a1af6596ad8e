"""Say what is wrong with a gradient.

Five attempts, the plainest first: (1) the given gradient is compared with sums of exact
contributions (all lags but one, all steps but the first, …); (2) it is regressed on the exact
contributions of each lag, step, example and gate; (3) it is matched with the library of known
mistakes; (4) what stands in one place of the way back is measured and recognised; (5) what may be
done to a gradient at the end is undone, and the rest matched again. Whatever explains it does so to
rounding, on several problems.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from bptt_sym.testing.blank_entries import blank_entries
from bptt_sym.testing.compare import FAILURES, NONE, NoGradient, call, mismatches
from bptt_sym.testing.composed import composed
from bptt_sym.testing.draw import draw
from bptt_sym.testing.evidence import (
    CLOSE,
    NAME_SECONDS,
    PLACE_SECONDS,
    Diagnosis,
    Evidence,
    Search,
    scale,
)
from bptt_sym.testing.example_orders import other_orders
from bptt_sym.testing.input_steps import of_other_steps
from bptt_sym.testing.models import Model
from bptt_sym.testing.one_place import wrong_places
from bptt_sym.testing.other_parameters import of_other_parameters
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.regressed import SOME, decayed, regressed, truncated
from bptt_sym.testing.several_places import several_places
from bptt_sym.testing.slopes import measured_slopes
from bptt_sym.testing.two_mistakes import two_mistakes
from bptt_sym.testing.upon_another import upon_another

Array = Any
Gradient = Callable[[Problem], Mapping[str, Array]]


def diagnose(
    model: Model, gradient: Gradient, failing: Problem, *, library_too: bool = True
) -> list[Diagnosis]:
    """Explanations of why ``gradient`` fails on ``failing``; empty if none is found."""
    evidence, right = _gather(model, gradient, failing)
    if not evidence:
        return []
    names = sorted({n for e in evidence for n in e.wrong}, key=list(failing.exact).index)
    search = Search(model)
    search.right = right
    search.at_once, search.not_at_once = _at_once(model, gradient, failing)
    none = [n for n in names if all(isinstance(e.given.get(n), NoGradient) for e in evidence)]
    if not none:
        return _explanations(model, gradient, failing, search, evidence, names, library_too)
    whole = search.match(evidence, names) if len(none) < len(names) and library_too else None
    if whole:
        return [whole]
    text = f"no gradient comes back to it (None): {NONE}"
    absent = Diagnosis("no-gradient", text, tuple(none), 0.0, len(evidence))
    kept = [_without(e, none) for e in evidence]
    others = [n for n in names if n not in none]
    if not others:
        return [absent]
    rest = [e for e in kept if e.wrong]
    return [
        absent,
        *_explanations(model, gradient, failing, search, rest, others, library_too),
    ]


def _without(e: Evidence, names: Sequence[str]) -> Evidence:
    """The same problem without what was given for ``names``."""
    given = {k: v for k, v in e.given.items() if k not in names}
    return replace(e, given=given, wrong=tuple(n for n in e.wrong if n not in names))


def _explanations(
    model: Model, gradient: Gradient, failing: Problem, search: Search,
    evidence: Sequence[Evidence], names: Sequence[str], library_too: bool,
) -> list[Diagnosis]:  # fmt: skip
    """What explains the gradients of ``names``, as one or each for itself."""
    found: dict[str, Diagnosis] = {}
    low = _precision(evidence, names)
    if low:
        return [low]
    if len(evidence) == 1 and failing.steps > 12:
        # Wrong on a long sequence only: a truncation, most likely, and cheap to recognise.
        cut = {n: truncated(evidence, n) for n in names}
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
    sorted_ = other_orders(evidence, names)
    if sorted_:
        return [sorted_]
    search.end = time.thread_time() + NAME_SECONDS
    found |= of_other_parameters(evidence, names)
    for name in [n for n in names if n not in found]:
        own = [e for e in evidence if name in e.wrong]
        if not own:
            continue
        single = of_other_steps(own, name) or decayed(own, name) or regressed(model, own, name)
        if library_too and single is not None and single.code.endswith(SOME):
            single = composed(search, own, [name]) or single
        if single is None and library_too:
            single = search.match(own, [name])
        found[name] = single or blank_entries(own, name) or _seven_digits(own, name) or _located(
            model, own, name, search
        )
    if library_too and any(d.code == "located" for d in found.values()):
        end = time.thread_time() + PLACE_SECONDS
        places = wrong_places(model, gradient, failing, end)
        computed = search.among(places, evidence, names)
        if computed:
            return [computed]
        both = composed(search, evidence, names)
        if both:
            return [both]
        end = time.thread_time() + PLACE_SECONDS / 2
        computed = search.among(two_mistakes(model, gradient, failing, end), evidence, names)
        if computed:
            return [computed]
        end = time.thread_time() + PLACE_SECONDS
        several = several_places(model, gradient, failing, end)
        computed = search.among(several, evidence, names)
        if computed:
            return [computed]
        for name in [n for n, d in found.items() if d.code == "located"]:
            own = [e for e in evidence if name in e.wrong]
            found[name] = composed(search, own, [name]) or found[name]
        _besides(model, gradient, failing, search, evidence, found)
    return _joined(found)


def _besides(
    model: Model, gradient: Gradient, failing: Problem, search: Search,
    evidence: Sequence[Evidence], found: dict[str, Diagnosis],
) -> None:  # fmt: skip
    """What is only located is looked for upon what is wrong with the other parameters."""
    left = [n for n, d in found.items() if d.code == "located"]
    known = {m.code: m for m in evidence[0].problem.answers.get("mistakes", {})}
    for code in dict.fromkeys(d.code for d in found.values() if d.code in known):
        end = time.thread_time() + PLACE_SECONDS / 3
        sums = list(upon_another(model, gradient, failing, known[code], left, end))
        for name in left:
            own = [e for e in evidence if name in e.wrong]
            both = search.among(sums, own, [name]) if found[name].code == "located" else None
            found[name] = both or found[name]


def _precision(evidence: Sequence[Evidence], names: Sequence[str]) -> Diagnosis | None:
    """Numbers of float64 problems that are all float32 or float16 numbers, and near the truth."""
    if any(e.problem.dtype != np.float64 for e in evidence):
        return None
    types = {np.asarray(e.given[n]).dtype for e in evidence for n in names}
    if all(t.kind in "biu" for t in types):
        text = f"an array of {min(map(str, types))} holds it: fractions are lost"
        return Diagnosis("precision-whole", text, tuple(names), 1.0, len(evidence))
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
    elif _as_size(evidence, factors):
        text = _as_size(evidence, factors)
    else:
        listed = ", ".join(f"{f:.4g}" for f in factors[:4])
        text = f"it is the gradient times a factor that differs between problems: {listed}, …"
    return Diagnosis("scaled", text, tuple(names), worst, len(evidence))


def _as_size(evidence: Sequence[Evidence], factors: Sequence[float]) -> str:
    """A factor that is a size of each problem, or divides by one; empty if it is none."""
    counts: list[tuple[str, Callable[[Problem], int]]] = [
        ("the steps", lambda p: p.steps), ("the batch", lambda p: p.batch),
        ("steps and batch", lambda p: p.steps * p.batch),
    ]  # fmt: skip
    for words, count in counts:
        sizes = [count(e.problem) for e in evidence]
        if len(set(sizes)) > 1 and np.allclose(np.multiply(factors, sizes), 1.0, rtol=1e-9):
            return f"the mean over {words} is taken instead of the sum"
    for name in evidence[0].problem.dims:
        sizes = [e.problem.dims[name] for e in evidence]
        if len(set(sizes)) > 1 and np.allclose(factors, sizes, rtol=1e-9):
            return f"it is {name} times the gradient: it is added once for each of the {name}"
        if len(set(sizes)) > 1 and np.allclose(np.multiply(factors, sizes), 1.0, rtol=1e-9):
            return f"it is the gradient divided by {name}: a mean is taken over the {name}"
    return ""


def _located(model: Model, evidence: Sequence[Evidence], name: str, search: Search) -> Diagnosis:
    """Where it is wrong, when nothing says how: gates, units, and the regimes concerned.

    Said is only what problems show that differ in that alone.
    """
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
    if lengths and lengths[0] > 1 and name in search.not_at_once:
        parts.append(f"right where T = 1, wrong where T = {lengths[0]}")
    regimes = {e.problem.regime for e in evidence}
    if regimes.isdisjoint(e.problem.regime for e in search.right):
        listed = ", ".join(sorted(regimes))
        if search.right:
            parts.append(f"seen in the regime{'s' if len(regimes) > 1 else ''} {listed} only")
    if search.skipped:
        parts.append(f"the {search.skipped} least common of the known mistakes were not tried")
    text = "; ".join(["no known mistake explains it", *parts])
    return Diagnosis("located", text, (name,), float("nan"), len(evidence))


def _block_differs(e: Evidence, name: str, k: int, gates: int) -> bool:
    given = np.split(np.asarray(e.given[name], float), gates)[k]
    exact = np.split(e.problem.exact[name].astype(float), gates)[k]
    allowed = np.split(e.problem.allowed(float(np.finfo(e.problem.dtype).eps) / 2)[name], gates)[k]
    return bool((np.abs(given - exact) > allowed).any())


def _gather(
    model: Model, gradient: Gradient, failing: Problem
) -> tuple[list[Evidence], list[Evidence]]:
    """The problems whose gradient is wrong, and those whose gradient is right."""
    out, right = [], []
    for p in (failing, *_others(model, failing)):
        try:
            # The other problems serve more than one diagnosis.
            given = call(gradient, p if p is failing else p.fresh())
        except FAILURES:
            continue
        bad = mismatches(p, given)
        if any(m.kind in ("missing", "shape") for m in bad):
            continue
        usable = tuple(m.name for m in bad if m.kind == "value")
        if bad and len(usable) == len(bad):
            out.append(Evidence(p, given, usable))
        elif not bad:
            right.append(Evidence(p, given, ()))
    return out, right


def _at_once(
    model: Model, gradient: Gradient, failing: Problem
) -> tuple[frozenset[str], frozenset[str]]:
    """What is wrong where T = 1 already, and what is right there on all problems tried."""
    sizes = tuple((d, 2 + i) for i, d in enumerate(failing.dims))
    wrong: set[str] = set()
    right = set(failing.exact)
    for seed, batch in ((84, 1), (85, 3)):
        problem = _drawn(model, seed, sizes, steps=1, batch=batch, learned=failing.learned)
        try:
            bad = mismatches(problem, call(gradient, problem.fresh()))
        except FAILURES:
            return frozenset(wrong), frozenset()
        right -= {m.name for m in bad}
        wrong |= {m.name for m in bad if m.kind == "value"}
    return frozenset(wrong), frozenset(right)


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
