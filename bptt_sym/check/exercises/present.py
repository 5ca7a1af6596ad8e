"""Marks for the command line: lines for a terminal, a page, and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bptt_sym.check.exercises.exercise import Exercise, catalogue, exercise
from bptt_sym.check.exercises.feedback import Level, Said, Tone, feedback, part_feedback
from bptt_sym.check.exercises.mark import MAX_TEXT, Mark, PartMark, mark
from bptt_sym.check.judged import verdict_as_json
from bptt_sym.check.report import Line, one_line
from bptt_sym.documents.document import text_of
from bptt_sym.errors import InputError, LimitExceeded
from bptt_sym.files import data_of
from bptt_sym.messages import Translator, translator
from bptt_sym.printable import json_text


def listing(language: str) -> str:
    """The shipped exercises, a line each."""
    return "\n".join(f"{n:<14}{exercise(n).title.in_(language)}" for n in catalogue())


def submitted(
    name: str, answers: Sequence[str], files: Sequence[str], stdin: Callable[[], bytes]
) -> tuple[Exercise, list[Mark]]:
    """The exercise, and the marks of answers given as text and of solutions in files.

    An answer ``-`` is read from ``stdin``.

    Raises
    ------
    InputError
        There is no such exercise, or a file cannot be read.
    """
    found = exercise(name)
    marks = []
    for answer in answers:
        place = "<answer>"
        if answer == "-":
            place, answer = "<stdin>", text_of(stdin())
        marks.append(mark(found, answer, place))
    for file in files:
        try:
            data = data_of(file, 4 * MAX_TEXT)
            if len(data) > 4 * MAX_TEXT:
                raise LimitExceeded(f"an answer of more than {MAX_TEXT} characters")
            text = text_of(data)
        except InputError as error:
            raise InputError(f"{file}: {error.message}", hint=error.hint) from None
        tex = Path(file).suffix.lower() in (".tex", ".ltx")
        marks.append(mark(found, text, file, tex=tex))
    return found, marks


STYLES: dict[Tone, str] = {
    "good": "green", "bad": "red", "open": "yellow", "hint": "cyan", "dim": "dim",
    "head": "bold", "": "",
}  # fmt: skip


def lines(marks: Sequence[Mark], level: Level, language: str) -> Iterator[Line]:
    """The feedback on every mark as lines of a terminal."""
    tr = translator(language)
    for number, found in enumerate(marks):
        if number:
            yield ()
        for said in feedback(found, level, tr):
            yield ((STYLES[said.tone], "  " * said.depth + plain(said)),)


def presented(marks: Sequence[Mark], level: Level, language: str, format: str) -> str:
    """The feedback on every mark as ``json`` or ``html``."""
    tr = translator(language)
    if format == "html":
        return as_page(marks, level, tr)
    report = [as_json(m, level, tr) for m in marks]
    return json_text(report, indent=1)


def status(marks: Sequence[Mark]) -> int:
    """The exit status: as for claims, 2 unreadable, 1 wrong, 3 undecided, 0 right."""
    parts = [p for m in marks for p in m.parts]
    if any(m.faults for m in marks) or any(p.status == "unreadable" for p in parts):
        return 2
    bad = ("wrong", "not_justified", "carried")
    if any(s.status in bad for p in parts for s in p.steps):
        return 1
    if any(p.status in ("wrong", "form", "restated", "carried", "missing") for p in parts):
        return 1
    return 3 if any(m.needs_review for m in marks) else 0


def plain(said: Said) -> str:
    """Words and formula on one line."""
    return one_line("  ".join(p for p in (said.words, said.latex, said.value) if p))


def text(mark: Mark, level: Level, tr: Translator) -> str:
    """The feedback as plain text."""
    return "\n".join("  " * s.depth + plain(s) for s in feedback(mark, level, tr))


def part_text(part: PartMark, level: Level, tr: Translator, *, alone: bool = False) -> str:
    """The feedback on one part as plain text; without its name if it is ``alone``."""
    said = part_feedback(part, level, tr, alone=alone)
    return "\n".join("  " * s.depth + plain(s) for s in said)


def as_page(marks: Sequence[Mark], level: Level, tr: Translator) -> str:
    """One page with the feedback on every mark; it needs nothing from a network."""
    from bptt_sym.check.page import page, said_html

    body = []
    for m in marks:
        statement = m.exercise.statement.in_(tr.language)
        body.append(said_html([Said(statement)]) if statement else "")
        body.append(said_html(list(feedback(m, level, tr))))
    title = marks[0].exercise.title.in_(tr.language) if marks else ""
    return page(title, "\n".join(body), tr.language, tr.direction)


def as_json(mark: Mark, level: Level, tr: Translator) -> dict[str, Any]:
    """A mark with its evidence, and its feedback as text."""
    return {
        "exercise": mark.exercise.id,
        "score": mark.score,
        "points": mark.points,
        "needs_review": mark.needs_review,
        "parts": [_part(p, level, tr) for p in mark.parts],
        "lemmas": [_step(s) for s in mark.lemmas],
        "faults": [
            {"line": f.place.line, "column": f.place.column, "message": f.message, "hint": f.hint}
            for f in mark.faults
        ],
    }


def _part(part: PartMark, level: Level, tr: Translator) -> dict[str, Any]:
    answer = part.answer
    return {
        "id": part.part.id,
        "status": part.status,
        "score": part.score,
        "points": part.part.points,
        "needs_review": part.needs_review,
        "answer": answer.latex if answer is not None else None,
        "line": answer.place.line if answer is not None else None,
        "column": answer.place.column if answer is not None else None,
        "verdict": verdict_as_json(part.verdict) if part.verdict is not None else None,
        "steps": [_step(s) for s in part.steps],
        "feedback": part_text(part, level, tr),
    }


def _step(step: Any) -> dict[str, Any]:
    return {
        "line": step.line.place.line,
        "column": step.line.place.column,
        "relation": step.line.op,
        "latex": step.line.latex,
        "status": step.status,
        "verdict": verdict_as_json(step.verdict),
    }
