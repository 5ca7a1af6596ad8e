"""Submissions: a folder, JSON Lines, CSV, or single files; what cannot be read is still one."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path
from typing import Any, Final, TextIO

from bptt_sym.check.exercises.mark import MAX_TEXT
from bptt_sym.check.exercises.reading import OTHER_DOCUMENTS
from bptt_sym.check.grade.rubric import Rubric
from bptt_sym.check.grade.splitting import split, split_notebook
from bptt_sym.documents.document import text_of
from bptt_sym.errors import InputError
from bptt_sym.files import data_of, opened

SUFFIXES: Final = (".md", ".markdown", ".tex", ".txt", ".qmd", ".rmd", *OTHER_DOCUMENTS)
#: Bytes of one file of a submission, and of one line of JSON Lines or CSV.
MAX_FILE: Final = 4 * MAX_TEXT
MAX_LINE: Final = 8 * MAX_TEXT


@dataclass(frozen=True)
class Answer:
    """The text that answers one question, and the file it came from.

    ``problem`` says why a person must look at it: there is no text, or not one alone.
    """

    text: str
    file: str = ""
    problem: str = ""

    @property
    def tex(self) -> bool:
        return self.file.lower().endswith((".tex", ".ltx"))


@dataclass(frozen=True)
class Submission:
    """The answers of one person by question; ``problem`` says why there are none."""

    id: str
    answers: Mapping[str, Answer] = field(default_factory=dict)
    problem: str = ""

    @property
    def digest(self) -> str:
        """What the result depends on besides the rubric."""
        text = json.dumps(self.as_json(), sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "answers": {
                k: {"text": a.text, "file": a.file, **({"problem": a.problem} if a.problem else {})}
                for k, a in self.answers.items()
            },
            "problem": self.problem,
        }


def read_submissions(
    paths: Iterable[str | Path], rubric: Rubric, *, one: bool = False
) -> Iterator[Submission]:
    """The submissions in ``paths``, in order; ids that occur again get a number.

    A folder has a submission in each file or in each folder inside; with ``one`` a folder is one
    submission. A file ending in ``.jsonl`` has one in each line: ``id`` and ``answers``, a table by
    question, or ``answer``. A ``.csv`` file has one in each row: ``id`` and a column for each
    question, or ``answer``. Any other file is one submission.

    Raises
    ------
    InputError
        A path does not exist or cannot be read at all; what is wrong within one submission is its
        :attr:`Submission.problem`.
    """
    seen: Counter[str] = Counter()
    for path in map(Path, paths):
        for submission in _of(path, rubric, one):
            seen[submission.id] += 1
            n = seen[submission.id]
            yield submission if n == 1 else replace(submission, id=f"{submission.id} ({n})")


def _of(path: Path, rubric: Rubric, one: bool) -> Iterator[Submission]:
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    if path.is_dir():
        if one or _answers_one(path, rubric):
            yield _from_files(path.resolve().name, _files(path), rubric)
            return
        for entry in sorted(path.iterdir()):
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield _from_files(entry.name, _files(entry), rubric)
            elif entry.suffix.lower() in SUFFIXES:
                yield _from_files(entry.stem, [entry], rubric)
    elif path.suffix.lower() in (".jsonl", ".ndjson"):
        yield from _json_lines(path, rubric)
    elif path.suffix.lower() == ".csv":
        yield from _table(path, rubric)
    else:
        yield _from_files(path.stem, [path], rubric)


def _answers_one(folder: Path, rubric: Rubric) -> bool:
    """Whether the files of a folder are named after the questions: one person's ``q1.md``, …"""
    names = [p.name.lower() for p in folder.iterdir() if not p.name.startswith(".")]
    patterns = [(q.file or f"{q.id}.*").lower() for q in rubric.questions]
    patterns = [p for p in patterns if not p.startswith(("*", "?", "["))]
    return bool(names) and all(any(fnmatch(n, p) for p in patterns) for n in names)


def _files(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES and p.is_file()]


def _from_files(id: str, files: list[Path], rubric: Rubric) -> Submission:
    answers: dict[str, Answer] = {}
    problems: list[str] = []
    unread: dict[Path, str] = {}
    texts: list[tuple[Path, str]] = []
    for file in files:
        try:
            texts.append((file, _text(file)))
        except InputError as error:
            unread[file] = f"{file.name}: {error.message}"
    if not files:
        problems.append("no file of the kinds " + ", ".join(SUFFIXES))
    read = dict(texts)
    for question in rubric.questions:
        pattern = (question.file or f"{question.id}.*").lower()
        fitting = [file for file in files if fnmatch(file.name.lower(), pattern)]
        found = [file for file in fitting if file in read]
        if fitting and not found:
            answers[question.id] = Answer("", str(fitting[0]), unread[fitting[0]])
        elif found:
            names = ", ".join(file.name for file in fitting)
            several = f"of several files for it ({names}) the first that is text was taken"
            problem = several if len(fitting) > 1 else ""
            answers[question.id] = Answer(read[found[0]], str(found[0]), problem)
    if not answers and texts:
        file, text = texts[0]
        apart = split_notebook if file.suffix.lower() == ".ipynb" else split
        answers = {k: Answer(t, str(file)) for k, t in apart(text, rubric).items()}
    problem = "; ".join([*unread.values(), *problems])
    if unread and not texts:
        first = next(iter(unread))
        answers = {q.id: Answer("", str(first), problem) for q in rubric.questions}
    if answers and unread:
        # An answer may be in the file that was not read.
        for question in rubric.questions:
            answers.setdefault(question.id, Answer("", "", problem))
    return Submission(id, answers, "" if texts and answers else problem)


def _text(file: Path) -> str:
    data = data_of(file, MAX_FILE)
    if len(data) > MAX_FILE:
        raise InputError(f"larger than {MAX_FILE // 1000} kB")
    return text_of(data)


# ------------------------------------------------------------------------------ tables of them


def _opened(path: Path) -> io.BufferedReader:
    try:
        return opened(path)
    except InputError as error:
        raise InputError(f"{path}: {error.message}", hint=error.hint) from None


def _json_lines(path: Path, rubric: Rubric) -> Iterator[Submission]:
    with _opened(path) as lines:
        number = 0
        while line := lines.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                while line and not line.endswith(b"\n"):
                    line = lines.readline(MAX_LINE)
                yield Submission(f"line {number}", problem=f"longer than {MAX_LINE} bytes")
            elif line.strip():
                yield _from_json(line, number, rubric)


def _from_json(line: bytes, number: int, rubric: Rubric) -> Submission:
    name = f"line {number}"
    try:
        entry = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        return Submission(name, problem=f"not UTF-8 text: byte 0x{line[error.start]:02x}")
    except (ValueError, RecursionError) as error:
        return Submission(name, problem=f"not JSON: {error}"[:300])
    if not isinstance(entry, dict):
        return Submission(name, problem="not a JSON object")
    name = str(entry.get("id", name))[:200]
    given = entry.get("answers", entry.get("answer", entry.get("text")))
    if isinstance(given, str):
        return Submission(name, {k: Answer(t) for k, t in split(_clean(given), rubric).items()})
    if not isinstance(given, dict):
        return Submission(name, problem="neither answers nor answer")
    ids = {q.id for q in rubric.questions}
    if given and not ids & given.keys():
        said = ", ".join(map(repr, list(given)[:5]))[:200]
        return Submission(name, problem=f"answers to {said}, none to a question of the rubric")
    return Submission(
        name,
        {
            k: Answer(_clean(v)) if isinstance(v, str) else Answer("", problem="not a text")
            for k, v in given.items()
            if k in ids and v is not None
        },
    )


def _table(path: Path, rubric: Rubric) -> Iterator[Submission]:
    ids = [q.id for q in rubric.questions]
    csv.field_size_limit(MAX_LINE)
    # Bytes that are no UTF-8 spoil their own row only.
    with io.TextIOWrapper(_opened(path), "utf-8-sig", "surrogateescape", newline="") as handle:
        lines = _Lines(handle)
        try:
            head = next(lines, "")
        except csv.Error as error:
            raise InputError(f"{path} is no table: {error}") from None
        # Spreadsheets of some countries, and those that copy, put other signs between.
        rows = csv.reader(chain([head], lines), delimiter=max(",;\t", key=head.count))
        try:
            header = [c.strip() for c in next(rows, [])]
        except csv.Error as error:
            raise InputError(f"{path} is no table: {error}") from None
        columns = {name: k for k, name in enumerate(header)}
        if not {"answer", *ids} & columns.keys():
            raise InputError(
                f"{path} has no column for an answer", hint="answer, or " + ", ".join(ids)
            )
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Submission(f"line {rows.line_num}", problem=f"not a row: {error}")
                continue
            if not any(cell.strip() for cell in row):
                continue
            cells = {name: row[k] for name, k in columns.items() if k < len(row)}
            yield _from_row(cells, rows.line_num, rubric, ids)


class _Lines:
    """The lines of a table; one that is too long is an error of its own, and the others go on."""

    def __init__(self, handle: TextIO) -> None:
        self._handle = handle

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._handle.readline(MAX_LINE + 1)
        if not line:
            raise StopIteration
        if len(line) <= MAX_LINE:
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self._handle.readline(MAX_LINE)
        raise csv.Error(f"longer than {MAX_LINE} characters")


def _from_row(
    cells: Mapping[str, str], number: int, rubric: Rubric, ids: list[str]
) -> Submission:
    name = _printable(cells.get("id") or cells.get("student_id") or f"line {number}")[:200]
    if any(_broken(c) for c in cells.values()):
        return Submission(name, problem="not UTF-8 text")
    answers = {i: Answer(cells[i]) for i in ids if cells.get(i, "").strip()}
    if not answers and "answer" in cells:
        answers = {k: Answer(t) for k, t in split(cells["answer"], rubric).items()}
    return Submission(name, answers)


def _broken(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)


def _printable(text: str) -> str:
    return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= c <= "\udfff" else c for c in text)


def _clean(text: str) -> str:
    """JSON can spell lone surrogates, which no other writer could write."""
    return _printable(text)
