"""Check a gradient function: on one problem, or on all problems of a profile."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bptt_sym.cells import cell as shipped
from bptt_sym.cells import names
from bptt_sym.errors import InputError
from bptt_sym.recurrence import Recurrence
from bptt_sym.testing import one_change
from bptt_sym.testing.compare import FAILURES, Mismatch, call, mismatches, numbers
from bptt_sym.testing.diagnose import diagnose
from bptt_sym.testing.draw import cases
from bptt_sym.testing.evidence import Diagnosis
from bptt_sym.testing.jax_functions import ways_back, wrong_vjps
from bptt_sym.testing.lent_cotangents import written_cotangents
from bptt_sym.testing.models import MODELS, Model, model_of, named_model
from bptt_sym.testing.named import function, name_of, raised
from bptt_sym.testing.one_change import Sought, right_on
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.report import Finding, GradientError, Report
from bptt_sym.testing.reproduction import Written
from bptt_sym.testing.same_function import Remembered
from bptt_sym.testing.shrink import shrink
from bptt_sym.testing.torch_functions import wrong_backwards

Array = Any
Gradient = Callable[[Problem], Mapping[str, Array]]


def assert_gradient(problem: Problem, gradient: Gradient, *, explain: bool = True) -> None:
    """Assert that ``gradient(problem)`` is the gradient of ``problem``'s loss.

    The result maps every name of ``problem.params`` to an array of its shape; ``h0``, ``c0``
    (B, H) and ``x`` are judged if they are there. The tolerance is the running error bound of the
    computation. The protocol is checked as well: inputs are not written to, a second call gives
    the same answer, no state is kept, results are not overwritten by the next call.

    Raises
    ------
    GradientError
        With a report that says what is wrong, and a minimal test that shows it.
    """
    report = judge(problem, gradient, explain=explain)
    if not report.ok:
        raise GradientError(report)


def judge(problem: Problem, gradient: Gradient, *, explain: bool = True) -> Report:
    """The report on one problem; see :func:`assert_gradient`."""
    start = time.perf_counter()
    findings, bad = _inspect(problem, gradient)
    name = name_of(gradient)
    if not findings:
        return Report(problem.name, name, 1, time.perf_counter() - start)
    return _explained(problem, gradient, findings, bad, 1, start, explain)


#: Problems on which a change of the source has to make a gradient right.
_TRIED_ON = 12


def run(
    gradient: Gradient | str,
    cell: str | Model | Recurrence,
    profile: str = "quick",
    dtype: Any = None,
    *,
    explain: bool = True,
) -> Report:
    """Check ``gradient`` on all problems of a profile; the report of the first failure.

    Parameters
    ----------
    gradient:
        A function of a problem, or where it is: ``"module:function"``.
    cell:
        ``elman``, ``sigmoid_rnn``, ``lstm``, ``gru`` (with an output layer), the name of another
        shipped cell, a model, or any recurrence.
    profile:
        ``quick`` (30 problems) or ``thorough`` (240).
    dtype:
        That of all problems; by default most are float64 and some float32.
    """
    start = time.perf_counter()
    if isinstance(gradient, str):
        gradient = function(gradient)
    model = as_model(cell)
    count = 0
    for problem in cases(model, profile, dtype):
        count += 1
        findings, bad = _inspect(problem, gradient, state=count == 1)
        if findings:
            return _explained(problem, gradient, findings, bad, count, start, explain)
    return Report(model.name, name_of(gradient), count, time.perf_counter() - start)


def as_model(cell: str | Model | Recurrence) -> Model:
    """The model that is meant.

    Raises
    ------
    InputError
        For an unknown name; the hint lists the known ones.
    """
    if isinstance(cell, Model):
        return cell
    if not isinstance(cell, str):
        return model_of(cell)
    if cell.replace("-", "_") in MODELS:
        return named_model(cell)
    try:
        return model_of(shipped(cell))
    except InputError as error:
        error.hint = "one of " + ", ".join([*MODELS, *(n for n in names() if n not in MODELS)])
        raise


def _snapshot(p: Problem) -> list[tuple[str, Array, Array]]:
    fields = [("params", p.params), ("series", p.series), ("initial", p.initial)]
    arrays = [(f"{field}[{k!r}]", v) for field, table in fields for k, v in table.items()]
    arrays += [("mask", p.mask), ("loss_weights", p.loss_weights)]
    return [(name, v, v.copy()) for name, v in arrays]


def _inspect(
    problem: Problem, gradient: Gradient, *, state: bool = True
) -> tuple[list[Finding], list[Mismatch]]:
    """Everything wrong on one problem: the protocol first, then the values."""
    before = _snapshot(problem)
    try:
        with written_cotangents() as lent:
            first = call(gradient, problem)
    except FAILURES as error:
        return [Finding("raised", _raised(problem, error))], []
    findings = [Finding("wrote-to-cotangent", text) for text in lent]
    for name, now, then in before:
        if not np.array_equal(now, then, equal_nan=True):
            now[...] = then
            findings.append(Finding("wrote-to-input", f"problem.{name} was changed by the call"))
    bad = mismatches(problem, first)
    findings += [Finding(m.kind, m.text()) for m in bad]
    if state and all(m.kind != "not-numbers" for m in bad):
        broken = _protocol(problem, gradient, first, before, right=not bad)
        # Numbers that are others each time say the least.
        again = any(f.code == "not-repeatable" for f in broken)
        findings = [*broken, *findings] if again else [*findings, *broken]
    return findings, bad


def _raised(problem: Problem, error: BaseException) -> str:
    text = raised(error)
    if isinstance(error, KeyError) and not set(error.args) & set(problem.params):
        text += f"; the parameters are {', '.join(problem.params)}"
    return text


def _protocol(
    problem: Problem,
    gradient: Gradient,
    first: dict[str, Array],
    before: Sequence[tuple[str, Array, Array]],
    right: bool,
) -> list[Finding]:
    """What later calls change; ``right`` if the first answer is right, and theirs are to be."""
    kept = _numbers(first)
    # So near that what is right here, and not there, is what was kept of the call before.
    other = problem.replaced(
        params={k: v + np.asarray(2.0**-10, v.dtype) for k, v in problem.params.items()}
    )

    def again(p: Problem) -> dict[str, Array]:
        try:
            return call(gradient, p)
        finally:
            # What a call does to its inputs is another finding, and must not spoil the next call.
            for _, now, then in before:
                now[...] = then

    try:
        second = _numbers(again(problem))
        near = _numbers(again(other))
        untouched = _equal(kept, _numbers(first))
        third = _numbers(again(problem))
    except FAILURES as error:
        return [Finding("raised", f"on a later call: {_raised(problem, error)}")]
    out = []
    if not _equal(kept, second):
        out.append(Finding("not-repeatable", "a second call on the same problem differs"))
    elif not _equal(kept, third):
        out.append(Finding("keeps-state", "a call on another problem changes the next answer"))
    elif right and _wrong(other, near) and _right_at_first(_twice(other), again):
        text = "it is right, and wrong on other numbers of the same shapes: a call keeps something"
        out.append(Finding("keeps-state", f"{text} that the next one uses"))
    if not untouched:
        out.append(Finding("aliased", "a later call overwrites arrays that were returned before"))
    for name, value in first.items():
        for owner, mine in problem.params.items():
            if isinstance(value, np.ndarray) and np.may_share_memory(value, mine):
                text = f"the gradient of {name} shares memory with the parameter {owner}"
                out.append(Finding("aliased", text))
    return out


def _wrong(problem: Problem, given: Mapping[str, Array]) -> bool:
    return any(m.kind == "value" for m in mismatches(problem, given))


def _right_at_first(problem: Problem, call_on: Callable[[Problem], dict[str, Array]]) -> bool:
    """Whether numbers that were wrong are right in shapes that have not been met before: then it
    is not these numbers that the code gets wrong, as one that drops small values would."""
    try:
        return not mismatches(problem, call_on(problem))
    except FAILURES:
        return False


def _twice(p: Problem) -> Problem:
    """The problem with every example twice."""
    return p.replaced(
        series={k: np.concatenate((v, v), axis=1) for k, v in p.series.items()},
        initial={k: np.concatenate((v, v)) for k, v in p.initial.items()},
        mask=np.concatenate((p.mask, p.mask), axis=1),
    )


def _numbers(given: Mapping[str, Array]) -> dict[str, Array]:
    """Copies of what was returned."""
    return {k: np.array(numbers(v)[0]) for k, v in given.items() if v is not None}


def _equal(a: Mapping[str, Array], b: Mapping[str, Array]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k], equal_nan=True) for k in a)


def _explained(
    problem: Problem,
    gradient: Gradient,
    findings: list[Finding],
    bad: list[Mismatch],
    count: int,
    start: float,
    explain: bool,
) -> Report:
    diagnoses: list[Diagnosis] = []
    smallest: Problem | None = None
    kinds = {_kind(f) for f in findings}
    key = (problem.name, problem.learned, frozenset((m.name, m.kind) for m in bad),
           frozenset(() if bad else kinds))  # fmt: skip
    known, given = _KNOWN.of(gradient), gradient
    begun, last = time.thread_time(), ("last", problem.name, problem.learned)
    again = last in known and known.get("spent", 0.0) > _DIAGNOSING
    if key in known:
        diagnoses, smallest = known[key]
    elif explain:
        if bad and "wrote-to-input" in kinds:
            gradient = _on_copies(gradient)
            diagnoses = _of_what_it_wrote(problem, given, bad)
        values = {m.kind for m in bad} == {"value"} and "not-repeatable" not in kinds
        if not diagnoses and again and bad:
            diagnoses = known[last]
        elif not diagnoses and values:
            # What the search tries overflows at will, and tests may make errors of warnings.
            with np.errstate(all="ignore"):
                diagnoses = diagnose(problem.model, gradient, problem)
                if any(d.code == "located" for d in diagnoses):
                    diagnoses = _in_functions(gradient, problem, diagnoses)
                if any(map(_needs_more, diagnoses)):
                    diagnoses = _with_one_change(gradient, problem, diagnoses, known)
            known[last] = diagnoses
            known["spent"] = known.get("spent", 0.0) + time.thread_time() - begun
        elif "not-finite" in kinds:
            diagnoses = _not_finite(problem, bad)

        def fails(candidate: Problem) -> bool:
            if not bad:
                found, _ = _inspect(candidate.fresh(), gradient)
                return not kinds.isdisjoint(map(_kind, found))
            try:
                wrong = mismatches(candidate, call(gradient, candidate))
            except FAILURES:
                return False
            return any(m.kind in kinds for m in wrong)

        # The same mistake on a short sequence says more than on a long one, so look there first.
        begin = problem
        if problem.steps > 12:
            shorter = (p for p in cases(problem.model, dtype=begin.dtype) if p.steps <= 12)
            begin = next((p for p in shorter if fails(p)), begin)
        if fails(begin):  # what fails once only has nothing to show again
            smallest = shrink(begin, fails)
        known[key] = (diagnoses, smallest)
    return Report(
        problem.name,
        name_of(given),
        count,
        time.perf_counter() - start,
        tuple(findings),
        tuple(bad),
        tuple(diagnoses),
        problem,
        smallest,
        written=Written.of(given),
    )


def _in_functions(
    gradient: Gradient, problem: Problem, diagnoses: list[Diagnosis]
) -> list[Diagnosis]:
    """What is only located, by what is wrong with functions that have ways back of their own."""
    def again() -> Mapping[str, Array]:
        return gradient(problem.fresh())

    found = wrong_backwards(again) + wrong_vjps(again)
    if not found:
        return diagnoses
    wrong = tuple(n for d in diagnoses if d.code == "located" for n in d.parameters)
    named = [
        Diagnosis("backward" if all(n for _, n in found) else "located", text, wrong, 0.0, 1)
        for text, _ in found
    ]
    return named + [d for d in diagnoses if d.code != "located"]


def _with_one_change(
    gradient: Gradient, problem: Problem, diagnoses: list[Diagnosis], known: dict[Any, Any]
) -> list[Diagnosis]:
    """What is only located, by the change of the source that makes the gradient right."""
    some = [p for p in cases(problem.model, dtype=problem.dtype) if p.steps <= 12][:_TRIED_ON]
    wrong = [p for p in some if not right_on(gradient, [p])[0]()]
    if problem.steps <= 12 or not wrong:
        wrong.append(problem)
    # What is wrong at one step already is undone there first, whatever else there is.
    first = min(wrong, key=lambda p: p.steps * p.batch)
    problems = [first, *(p for p in [*wrong, *some] if p is not first)]
    key = ("one change", problem.name, problem.learned)
    if key not in known:
        # A function that is wrong by itself is sooner tried by itself.
        alone = ways_back(lambda: gradient(problem.fresh()))
        sought = one_change.one_change_of(alone, right_on(gradient, problems))
        known[key] = sought, len(problems)
    sought, count = known[key]
    if sought.words is None:
        return [_searched_in_vain(d, sought) for d in diagnoses]
    names = tuple(n for d in diagnoses if _needs_more(d) for n in d.parameters)
    text = sought.text(f"on {count} problems")
    named = Diagnosis("one-change", text, names, 0.0, count)
    return [named, *(d for d in diagnoses if not _needs_more(d))]


def _needs_more(d: Diagnosis) -> bool:
    """Whether one change of the source would say more: nothing is named, or three things are."""
    return d.code == "located" or d.code.startswith("three-")


def _searched_in_vain(d: Diagnosis, sought: Sought) -> Diagnosis:
    """What is only located, with what else was tried."""
    if d.code != "located" or not sought.tried:
        return d
    text = "no one change of the source that was tried makes it right"
    if sought.late:
        text += f" (that search ended after {one_change.SECONDS:g} s of processor time)"
    return replace(d, message=f"{d.message}; {text}")


def _on_copies(gradient: Gradient) -> Gradient:
    """For a function that changes its inputs, which would change the problems to explain it by."""

    return lambda p: gradient(_copied(p))


def _copied(p: Problem) -> Problem:
    """The same numbers in arrays that may become others."""
    tables = {f: {k: v.copy() for k, v in getattr(p, f).items()}
              for f in ("params", "series", "initial")}  # fmt: skip
    return p.replaced(**tables, mask=p.mask.copy(), loss_weights=p.loss_weights.copy())


def _of_what_it_wrote(problem: Problem, gradient: Gradient, bad: list[Mismatch]) -> list[Diagnosis]:
    """That a gradient is right for the inputs as the call itself leaves them, if it is."""
    own = _copied(problem)
    try:
        if mismatches(own, call(gradient, own)):
            return []
    except (*FAILURES, FloatingPointError):
        return []
    text = "it is the gradient at what the call itself has written to its inputs"
    return [Diagnosis("written-inputs", text, tuple(m.name for m in bad), 0.0, 1)]


#: Seconds of processor time for what is wrong with one function on all problems: then what was
#: found last is said again.
_DIAGNOSING = 30.0
#: What was found out before: a test that runs on many problems, or that Hypothesis shrinks, asks
#: again and again.
_KNOWN = Remembered()


def _kind(finding: Finding) -> str:
    """What has to be the same on a smaller problem: of an exception, its class too."""
    raised = finding.code == "raised"
    return f"raised {finding.message.split(':')[0]}" if raised else finding.code


def _not_finite(problem: Problem, bad: list[Mismatch]) -> list[Diagnosis]:
    names = tuple(m.name for m in bad if m.kind == "not-finite")
    text = "not a number where the exact gradient is finite"
    if problem.regime in ("saturated", "huge"):
        text += ": exp of a large pre-activation overflows (inf/inf or inf·0)"
    return [Diagnosis("not-finite", text, names, 0.0, 1)]
