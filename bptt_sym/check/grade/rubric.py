"""A rubric is a TOML file: the questions with their exercises, limits, language and level."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from bptt_sym.check.exercises.exercise import (
    LIBRARY,
    MAX_BYTES,
    Exercise,
    catalogue,
    from_toml,
)
from bptt_sym.check.exercises.feedback import Level, level_of
from bptt_sym.check.exercises.toml_lines import with_lines
from bptt_sym.errors import InputError
from bptt_sym.files import toml_of
from bptt_sym.messages import translator

Visibility = Literal["visible", "hidden", "after_due_date", "after_published"]
_KEYS: Final = frozenset(
    "title language level seconds megabytes visibility stdout_visibility question".split()
)
_QUESTION: Final = frozenset("id exercise points visibility file title".split())
#: Part of the digest: results of another version of the marking are not taken over.
FORMAT: Final = 2


@dataclass(frozen=True)
class Question:
    """One exercise of the rubric. ``points`` is what the exercise's own points are scaled to.

    ``file`` is the name, or pattern, of the file that answers it in a folder.
    """

    id: str
    exercise_id: str
    table: Mapping[str, Any]
    points: float
    title: str = ""
    visibility: Visibility = "visible"
    file: str = ""

    def exercise(self) -> Exercise:
        return from_toml(self.table, self.exercise_id, self.exercise_id)


@dataclass(frozen=True)
class Rubric:
    """Everything a grader needs; it is data, so that it can be sent to another machine.

    ``seconds`` and ``megabytes`` limit one submission.
    """

    title: str
    questions: tuple[Question, ...]
    language: str = "en"
    level: Level = "hint"
    seconds: float = 30.0
    megabytes: int = 1024
    visibility: Visibility = "visible"
    stdout_visibility: Visibility = "hidden"

    @property
    def points(self) -> float:
        return sum(q.points for q in self.questions)

    def as_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "language": self.language,
            "level": self.level,
            "questions": [
                {"id": q.id, "exercise": q.exercise_id, "table": q.table, "points": q.points,
                 "title": q.title, "visibility": q.visibility}
                for q in self.questions
            ],
        }  # fmt: skip

    @property
    def digest(self) -> str:
        """What results depend on: the questions, the language and the level, not the limits."""
        from bptt_sym.check.exercises.mark import MAX_TEXT

        text = json.dumps([FORMAT, MAX_TEXT, self.as_json()], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def with_options(
        self,
        *,
        language: str | None = None,
        level: str | None = None,
        seconds: float | None = None,
        megabytes: int | None = None,
    ) -> Rubric:
        """The rubric with what the command line says instead."""
        return replace(
            self,
            language=language or self.language,
            level=level_of(level) if level else self.level,
            seconds=seconds or self.seconds,
            megabytes=megabytes or self.megabytes,
        )


def read_rubric(path: str | Path) -> Rubric:
    """The rubric in a TOML file; every exercise of it is read and checked.

    Raises
    ------
    InputError
        The file or one of its exercises is not well formed.
    """
    path = Path(path)
    with with_lines(path):
        return _read(path)


def _read(path: Path) -> Rubric:
    table = toml_of(path, MAX_BYTES)
    _known(table, _KEYS, str(path))
    language = str(table.get("language", "en"))
    with _about(path, "language"):
        translator(language)
    questions = table.get("question")
    if not isinstance(questions, list) or not questions:
        raise InputError(f"{path}: no [[question]]", hint="a rubric asks for something")
    visibility = _visibility(table, "visibility", "visible", path)
    read = tuple(_question(q, n, path, visibility) for n, q in enumerate(questions, 1))
    ids = [q.id for q in read]
    for number, id in enumerate(ids, 1):
        if id in ids[: number - 1]:
            raise InputError(
                f"{path}: question {number}: two questions have the same id {id!r}", token="id"
            )
    with _about(path, "level"):
        level = level_of(str(table.get("level", "hint")))
    return Rubric(
        title=str(table.get("title", path.stem)),
        questions=read,
        language=language,
        level=level,
        seconds=_number(table, "seconds", 30.0, path, 0.1, 3600),
        megabytes=int(_number(table, "megabytes", 1024, path, 128, 1 << 20)),
        visibility=visibility,
        stdout_visibility=_visibility(table, "stdout_visibility", "hidden", path),
    )


def _question(table: Any, number: int, path: Path, visibility: Visibility) -> Question:
    if not isinstance(table, dict):
        raise InputError(f"{path}: question {number} is not a table")
    _known(table, _QUESTION, f"{path}: question {number}")
    name = table.get("exercise")
    if not isinstance(name, str):
        raise InputError(f"{path}: question {number} has no exercise", hint='exercise = "ex1"')
    if name.endswith(".toml"):
        source = path.parent / name
    elif name in catalogue():
        source = LIBRARY / f"{name}.toml"
    else:
        raise InputError(
            f"{path}: question {number}: no exercise {name!r}", token=name,
            hint="there are " + ", ".join(catalogue()) + "; a file of your own ends in .toml",
        )  # fmt: skip
    with with_lines(source):
        data = toml_of(source, MAX_BYTES)
        exercise = from_toml(data, source.stem, str(source))
    return Question(
        id=str(table.get("id", source.stem)),
        exercise_id=source.stem,
        table=data,
        points=_number(table, "points", exercise.points, f"{path}: question {number}", 0, 1e6),
        title=str(table.get("title", "")) or exercise.title.in_("en"),
        visibility=_visibility(table, "visibility", visibility, f"{path}: question {number}"),
        file=str(table.get("file", "")),
    )


@contextmanager
def _about(path: Path, key: str) -> Iterator[None]:
    """Errors inside are about one key of the file."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {key}: {error.message}", token=key, hint=error.hint) from None


def _known(table: Mapping[str, Any], keys: frozenset[str], where: str) -> None:
    for key in table:
        if key not in keys:
            raise InputError(
                f"{where} has no key {key!r}", token=key,
                hint="there are " + ", ".join(sorted(keys)),
            )  # fmt: skip


def _number(
    table: Mapping[str, Any], key: str, default: float, where: object, low: float, high: float
) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f"{where}: {key} is not a number from {low:g} to {high:g}", token=key)
    return float(value)


def _visibility(
    table: Mapping[str, Any], key: str, default: Visibility, where: object
) -> Visibility:
    value = table.get(key, default)
    for known in get_args(Visibility):
        if value == known:
            return known  # type: ignore[no-any-return]
    raise InputError(f"{where}: {key} is one of " + ", ".join(get_args(Visibility)), token=key)
