"""The record of one submission: marks, points scaled to the rubric, and feedback as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from bptt_sym.check.exercises.exercise import Exercise, from_toml
from bptt_sym.check.exercises.feedback import unread
from bptt_sym.check.exercises.mark import Mark, PartMark, mark
from bptt_sym.check.exercises.present import part_text
from bptt_sym.errors import InputError
from bptt_sym.messages import Translator, marked, translator

Record = dict[str, Any]
NO_ANSWER = marked("No answer was found.")


def graded(rubric: Mapping[str, Any], submission: Mapping[str, Any]) -> Record:
    """The record of a submission; both arguments are as ``as_json`` gives them."""
    if submission["problem"]:
        return failed(rubric, submission, submission["problem"])
    tr = translator(rubric["language"])
    questions = [
        _question(q, submission["answers"].get(q["id"]), rubric["level"], tr)
        for q in rubric["questions"]
    ]
    return {
        "id": submission["id"],
        "score": round(sum(q["score"] for q in questions), 6),
        "points": sum(q["points"] for q in questions),
        "needs_review": any(q["needs_review"] for q in questions),
        "problem": "",
        "questions": questions,
    }


def failed(
    rubric: Mapping[str, Any], submission: Mapping[str, Any], problem: str, *, again: bool = False
) -> Record:
    """The record of a submission that could not be graded: no points, and a person must look.

    With ``again`` the fault need not be the submission's: the next run tries it again.
    """
    files = {id: answer["file"] for id, answer in submission["answers"].items()}
    return {
        **({"again": True} if again else {}),
        "id": submission["id"],
        "score": 0.0,
        "points": sum(q["points"] for q in rubric["questions"]),
        "needs_review": True,
        "problem": problem,
        "questions": [
            {**_head(q), "score": 0.0, "needs_review": True, "parts": [],
             "file": files.get(q["id"], ""), "feedback": problem}
            for q in rubric["questions"]
        ],
    }  # fmt: skip


def _head(question: Mapping[str, Any]) -> Record:
    return {k: question[k] for k in ("id", "title", "points", "visibility")}


def _question(
    question: Mapping[str, Any], answer: Mapping[str, str] | None, level: Any, tr: Translator
) -> Record:
    head = _head(question)
    problem = answer.get("problem", "") if answer is not None else ""
    if answer is not None and problem and not answer["text"].strip():
        return {**head, "score": 0.0, "needs_review": True, "parts": [], "file": answer["file"],
                "feedback": problem}  # fmt: skip
    if answer is None or not answer["text"].strip():
        return {**head, "score": 0.0, "needs_review": False, "parts": [], "file": "",
                "feedback": tr(NO_ANSWER)}  # fmt: skip
    exercise = _exercise(question["exercise"], _Table(question["table"]), question["points"])
    file = answer["file"]
    try:
        found = mark(exercise, answer["text"], file or "answer", tex=file.lower().endswith(".tex"))
    except InputError as error:
        return {**head, "score": 0.0, "needs_review": True, "parts": [], "file": file,
                "feedback": error.message}  # fmt: skip
    alone = len(found.parts) == 1
    parts = [_part(p, level, tr, alone=alone) for p in found.parts]
    return {
        **head,
        "score": found.score,
        "needs_review": found.needs_review or bool(problem),
        "parts": parts,
        "file": file,
        "feedback": "\n".join(line for line in (problem, _faults(found, level, tr)) if line),
    }


def _part(part: PartMark, level: Any, tr: Translator, *, alone: bool) -> Record:
    answer = part.answer
    diagnosis = part.verdict.diagnosis if part.verdict is not None else None
    return {
        "id": part.part.id,
        "status": part.status,
        "score": part.score,
        "points": part.part.points,
        "needs_review": part.needs_review,
        "diagnosis": diagnosis.code if diagnosis is not None else "",
        "answer": answer.latex if answer is not None else "",
        "line": answer.place.line if answer is not None else 1,
        "column": answer.place.column if answer is not None else 1,
        "steps": [s.status for s in part.steps],
        "feedback": part_text(part, level, tr, alone=alone),
    }


def _faults(found: Mark, level: Any, tr: Translator) -> str:
    if level == "verdict":
        return ""
    return "\n".join(unread(fault, tr) for fault in found.faults)


class _Table:
    """A table that can be a key: two are the same if they are one object."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table = table

    def __hash__(self) -> int:
        return id(self.table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Table) and other.table is self.table


@lru_cache(maxsize=128)
def _exercise(id: str, table: _Table, points: float) -> Exercise:
    """The exercise with its points scaled so that they are ``points`` in all."""
    found = from_toml(table.table, id)
    scale = points / found.points if found.points else 0.0
    parts = tuple(replace(p, points=round(p.points * scale, 6)) for p in found.parts)
    return replace(found, parts=parts)
