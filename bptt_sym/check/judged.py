"""One judged formula, and what a list of them amounts to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bptt_sym.decide.verdict import Counterexample, Verdict, VerdictName
from bptt_sym.documents.document import Formula, Place, Problem
from bptt_sym.errors import InputError, Span

if TYPE_CHECKING:
    from bptt_sym.check.provenance import Basis
    from bptt_sym.definitions.outline import Row

_OPENS, _CLOSES = (re.compile(rf"\\{side}(?![A-Za-z])") for side in ("left", "right"))
#: In the order in which a summary lists them.
VERDICTS: tuple[VerdictName, ...] = (
    "right",
    "right_under_reading",
    "wrong",
    "undecided",
    "unreadable",
    "not_a_claim",
)

#: Characters of a line that an entry about a place in it shows.
MAX_SHOWN = 400


@dataclass(frozen=True)
class Fault:
    """Why something cannot be read, and where: the line of text and the columns in it."""

    place: Place
    message: str
    hint: str = ""
    line: str = ""
    width: int = 1


@dataclass(frozen=True)
class Judged:
    """The verdict of one formula. ``model`` names the recurrence it was judged under.

    ``fault`` is where it cannot be read, ``part`` where a wrong one is wrong, if that is known.
    """

    place: Place
    latex: str
    verdict: Verdict
    model: str = ""
    fault: Fault | None = None
    display: bool = True
    part: Fault | None = None
    #: Whether it was read apart from the rest, in a notation that has rules of its own.
    apart: bool = False
    #: Whether it was judged in a network of several layers, of which the text says any.
    of_layers: bool = False
    #: The claim that was judged, and under what, where there was one.
    basis: Basis | None = field(default=None, compare=False, repr=False)

    def under(self, said: str) -> Judged:
        """It, right, with a reading more."""
        readings = (*self.verdict.readings, said)
        verdict = replace(self.verdict, verdict="right_under_reading", readings=readings)
        return replace(self, verdict=verdict)


@dataclass(frozen=True)
class Waiting:
    """A row whose names no model knew when it was read: a later one may.

    ``found`` is what is said of it if none of them makes it right.
    """

    row: Row
    formula: Formula
    tried: int
    error: InputError
    found: Judged | None = None


def fault_in(formula: Formula, error: InputError) -> Fault:
    """``error`` with its place in the file; the whole formula if the error names no part of it.

    A name that was put for something else is called what the text has there.
    """
    message, token = error.message, error.token
    if token and error.span is not None and token not in formula.source.text:
        shown = formula.shown(error.span.start, error.span.end)
        message = message.replace(token, shown) if shown else message
    return _fault(formula, error.span, message, error.hint)


def as_entry(formula: Formula, verdict: Verdict, row: Row | None, title: str) -> Judged:
    """The entry of a formula, or of one row of it."""
    place, text = formula.place(), formula.shown(0, len(formula.latex))
    if row is not None:
        place = formula.place(row.start)
        parts = [formula.shown(start, end) for start, end in row.parts]
        text = " ".join(re.sub(r"(?<!\\)&", " ", " ".join(parts)).split())
        if len(_CLOSES.findall(text)) > len(_OPENS.findall(text)):
            text = rf"\left. {text}"  # of which nothing is read
    part = wrong_part(formula, verdict)
    return Judged(place, text, verdict, title, display=formula.display, part=part)


def wrong_part(formula: Formula, verdict: Verdict) -> Fault | None:
    """The part of the formula that the diagnosis of its verdict is about."""
    diagnosis = verdict.diagnosis
    if diagnosis is None or diagnosis.span is None or diagnosis.span.end > len(formula.latex):
        return None
    return _fault(formula, diagnosis.span, diagnosis.message)


def _fault(formula: Formula, span: Span | None, message: str, hint: str = "") -> Fault:
    start, end = (span.start, span.end) if span else (0, len(formula.latex))
    place, last = formula.place(start), formula.place(max(start, end - 1))
    line = formula.source.line(place.line)
    same_line = last.line == place.line and last.column >= place.column
    width = last.column - place.column + 1 if same_line else len(line) - place.column + 1
    return Fault(place, message, hint, line, max(1, width))


def exit_status(judged: Collection[Judged], *, faults: bool = False) -> int:
    """0 all right, 1 something is wrong, 2 something cannot be read, 3 something is undecided.

    What cannot be read comes first, because then nothing is known of a part of the input. A name
    without a meaning and shapes that clash leave a claim undecided; they count as input that cannot
    be read unless something else is wrong.
    """
    seen = {j.verdict.verdict for j in judged}
    if faults or "unreadable" in seen:
        return 2
    if "wrong" in seen:
        return 1
    if any(j.fault is not None for j in judged):
        return 2
    return 3 if "undecided" in seen else 0


def summary(judged: Iterable[Judged]) -> dict[str, int]:
    """How many formulas have each verdict, zeros included."""
    count = Counter(j.verdict.verdict for j in judged)
    return {name: count[name] for name in VERDICTS}


def as_json(judged: Sequence[Judged]) -> dict[str, Any]:
    """The report for machines: ``{"equations": […], "summary": {…}}``."""
    return {"equations": [equation_as_json(j) for j in judged], "summary": summary(judged)}


def equation_as_json(judged: Judged) -> dict[str, Any]:
    """One entry of the report for machines."""
    return {
        "file": judged.place.file,
        "line": judged.place.line,
        "column": judged.place.column,
        "latex": judged.latex,
        **verdict_as_json(judged.verdict),
        "model": judged.model,
        "part": judged.part
        and {
            "line": judged.part.place.line,
            "column": judged.part.place.column,
            "width": judged.part.width,
        },
    }


def verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict with its evidence; ``links`` has those of a chain, in order."""
    diagnosis = verdict.diagnosis
    return {
        "verdict": verdict.verdict,
        "scope": verdict.scope,
        "readings": list(verdict.readings),
        "assumptions": list(verdict.assumptions),
        "method": verdict.method,
        "counterexample": _counterexample(verdict.counterexample),
        "diagnosis": diagnosis
        and {
            "code": diagnosis.code,
            "message": diagnosis.message,
            **({"corrected": diagnosis.corrected} if diagnosis.corrected else {}),
        },
        "note": verdict.note,
        "links": [verdict_as_json(v) for v in verdict.links],
    }


def _counterexample(example: Counterexample | None) -> dict[str, Any] | None:
    if example is None:
        return None
    out: dict[str, Any] = {
        "T": example.T,
        "values": {
            **{name: str(value) for name, value in example.indices.items()},
            **example.values,
            **example.functions,
        },
        "left": example.left,
        "right": example.right,
    }
    if example.place:
        out["place"] = example.place
    return out


def of_problem(problem: Problem) -> Judged:
    """The entry of a place where formulas cannot be told apart from the text."""
    fault = Fault(problem.place, problem.message, problem.hint, problem.line)
    verdict = Verdict("unreadable", note=problem.message)
    # Of a long line what stands about the place.
    most = max(0, len(problem.line) - MAX_SHOWN)
    start = min(max(0, problem.place.column - 1 - MAX_SHOWN // 2), most)
    shown = problem.line[start : start + MAX_SHOWN].strip()
    return Judged(problem.place, shown, verdict, fault=fault)


def in_order(judged: list[Judged]) -> list[Judged]:
    """The entries by file, in the order in which the files occur, and by place."""
    files: dict[str, int] = {}
    for j in judged:
        files.setdefault(j.place.file, len(files))
    return sorted(
        judged, key=lambda j: (files[j.place.file], j.place.cell, j.place.line, j.place.column)
    )
