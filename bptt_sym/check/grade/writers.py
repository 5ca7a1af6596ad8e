"""Gradebooks in the formats of learning platforms and build systems.

Where a format is about one submission (Gradescope, PrairieLearn), the output is one file if there
is one submission and the path ends in ``.json``, else a folder with a file for each.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from bptt_sym.check.exercises.feedback import number
from bptt_sym.check.grade.gradebook import Gradebook
from bptt_sym.check.grade.grading import Record
from bptt_sym.check.grade.rubric import Rubric
from bptt_sym.check.report import workflow_command
from bptt_sym.errors import InputError
from bptt_sym.printable import json_text


def write(book: Gradebook, writer: str, out: Path) -> list[Path]:
    """Write a gradebook; the files that were written.

    Raises
    ------
    InputError
        There is no such writer, or the output cannot be written.
    """
    if writer not in WRITERS:
        raise InputError(f"no writer {writer!r}", hint="one of " + ", ".join(WRITERS))
    written = []
    try:
        for path, text in WRITERS[writer](book, out):
            path.parent.mkdir(parents=True, exist_ok=True)
            # A reader never sees half a file.
            new = path.with_name(path.name + ".new")
            new.write_text(text, encoding="utf-8", newline="")
            new.replace(path)
            written.append(path)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from None
    return written


Files = Iterator[tuple[Path, str]]


def _each(book: Gradebook, out: Path, make: Callable[[Record, Rubric], Any]) -> Files:
    """A JSON file for each submission."""
    if len(book.records) == 1 and out.suffix == ".json":
        yield out, _json(make(book.records[0], book.rubric))
        return
    taken: set[str] = set()
    for record in book.records:
        stem = name = re.sub(r"[^\w.@+-]+", "_", record["id"])[:100].strip(".") or "submission"
        k = 1
        while name.casefold() in taken:
            k += 1
            name = f"{stem}-{k}"
        taken.add(name.casefold())
        yield out / f"{name}.json", _json(make(record, book.rubric))


def _json(value: Any) -> str:
    return json_text(value, indent=1) + "\n"


def _tests(record: Record) -> Iterator[tuple[Record, Record | None, str]]:
    """``(question, part, name)``; a question without marked parts counts as a whole."""
    for q in record["questions"]:
        if not q["parts"]:
            yield q, None, q["title"]
        for part in q["parts"]:
            alone = len(q["parts"]) == 1
            yield q, part, q["title"] if alone else f"{q['title']} ({part['id']})"


def _output(question: Record, part: Record | None) -> str:
    texts = [part["feedback"] if part is not None else "", question["feedback"]]
    if part is not None and part is not question["parts"][0]:
        texts.pop()
    return "\n".join(t for t in texts if t)


# --------------------------------------------------------------------------------- platforms


def gradescope(record: Record, rubric: Rubric) -> dict[str, Any]:
    """Gradescope's ``results.json``."""
    tests = []
    for q, part, name in _tests(record):
        item = part or q
        full = item["points"] and item["score"] >= item["points"] - 1e-9
        tests.append(
            {
                "name": name,
                "score": item["score"],
                "max_score": item["points"],
                "status": "passed" if full else "failed",
                "output": _output(q, part),
                "output_format": "text",
                "visibility": q["visibility"],
                "tags": [q["id"], *_codes(part, rubric)],
            }
        )
    return {
        "score": record["score"],
        "output": record["problem"],
        "visibility": rubric.visibility,
        "stdout_visibility": rubric.stdout_visibility,
        "tests": tests,
        "extra_data": {"id": record["id"], "needs_review": record["needs_review"]},
    }


def _codes(part: Record | None, rubric: Rubric) -> list[str]:
    """The code of the diagnosis, which is a hint, so not where only verdicts are told."""
    if part is None or not part["diagnosis"] or rubric.level == "verdict":
        return []
    return [part["diagnosis"]]


def prairielearn(record: Record, rubric: Rubric) -> dict[str, Any]:
    """The ``results.json`` of a PrairieLearn external grader; its score is a share of 1."""
    tests = []
    for q, part, name in _tests(record):
        item = part or q
        tests.append(
            {
                "name": name,
                "description": "",
                "points": item["score"],
                "max_points": item["points"],
                "message": "",
                "output": _output(q, part),
            }
        )
    share = record["score"] / record["points"] if record["points"] else 0.0
    return {
        # What cannot be graded does not cost the student an attempt.
        "gradable": not record["problem"],
        "score": round(share, 6),
        "message": record["problem"],
        "output": "",
        "format_errors": [record["problem"]] if record["problem"] else [],
        "images": [],
        "tests": tests,
    }


#: The columns of ``nbgrader export``.
NBGRADER: Final = (
    "assignment duedate timestamp student_id last_name first_name email raw_score "
    "late_submission_penalty score max_score".split()
)


def _nbgrader(book: Gradebook, out: Path) -> Files:
    rows = [
        {
            "assignment": book.rubric.title,
            "student_id": record["id"],
            "raw_score": number(record["score"]),
            "late_submission_penalty": "0.0",
            "score": number(record["score"]),
            "max_score": number(record["points"]),
        }
        for record in book.records
    ]
    yield out, _csv(NBGRADER, rows)


# ------------------------------------------------------------------------------------ tables


def _table(book: Gradebook, out: Path) -> Files:
    ids = [q.id for q in book.rubric.questions]
    rows = []
    for record in book.records:
        row = {
            "id": record["id"],
            "score": number(record["score"]),
            "points": number(record["points"]),
            "needs_review": "yes" if record["needs_review"] else "",
            "problem": record["problem"],
        }
        row |= {q["id"]: number(q["score"]) for q in record["questions"]}
        rows.append(row)
    yield out, _csv(["id", "score", "points", *ids, "needs_review", "problem"], rows)


def _csv(columns: list[str], rows: list[dict[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: _cell(v) for k, v in row.items()})
    return buffer.getvalue()


def _cell(text: str) -> str:
    """A spreadsheet takes a cell with one of these signs first for a formula."""
    safe = text.lstrip("-").replace(".", "", 1).isdigit()
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") and not safe else text


def _whole(book: Gradebook, out: Path) -> Files:
    yield (
        out,
        _json(
            {
                "title": book.rubric.title,
                "points": book.rubric.points,
                "rubric": book.rubric.digest,
                "needs_review": [r["id"] for r in book.reviews],
                "submissions": book.records,
            }
        ),
    )


# ----------------------------------------------------------------------------- build systems


def _github(book: Gradebook, out: Path) -> Files:
    lines = []
    for record in book.records:
        for q, part, name in _tests(record):
            item = part or q
            if item["score"] >= item["points"]:
                continue
            level = "warning" if item["needs_review"] else "error"
            score = f"{number(item['score'])}/{number(item['points'])}"
            lines.append(
                workflow_command(
                    level,
                    q["file"] or record["id"],
                    part["line"] if part else 1,
                    part["column"] if part else 1,
                    f"{record['id']}: {name}: {score}",
                    _output(q, part) or record["problem"],
                )
            )
    yield out, "".join(f"{line}\n" for line in lines)


#: What XML 1.0 has no way to write.
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _junit(book: Gradebook, out: Path) -> Files:
    root = ElementTree.Element("testsuites", name=_xml(book.rubric.title))
    total = bad = broken = 0
    for record in book.records:
        suite = ElementTree.SubElement(root, "testsuite", name=_xml(record["id"]))
        tests = failures = errors = 0
        for q, part, name in _tests(record):
            item = part or q
            case = ElementTree.SubElement(
                suite, "testcase", name=_xml(name), classname=_xml(f"{record['id']}.{q['id']}")
            )
            tests += 1
            text = _xml(_output(q, part))
            if item["needs_review"] or record["problem"]:
                errors += 1
                problem = ElementTree.SubElement(
                    case, "error", message=_xml(record["problem"] or "needs review")
                )
                problem.text = text
            elif item["score"] < item["points"]:
                failures += 1
                score = f"{number(item['score'])} of {number(item['points'])} points"
                ElementTree.SubElement(case, "failure", message=score).text = text
            else:
                ElementTree.SubElement(case, "system-out").text = text
        suite.attrib |= {"tests": str(tests), "failures": str(failures), "errors": str(errors)}
        total, bad, broken = total + tests, bad + failures, broken + errors
    root.attrib |= {"tests": str(total), "failures": str(bad), "errors": str(broken)}
    ElementTree.indent(root)
    yield out, ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


WRITERS: Final[Mapping[str, Callable[[Gradebook, Path], Files]]] = {
    "gradescope": lambda book, out: _each(book, out, gradescope),
    "prairielearn": lambda book, out: _each(book, out, prairielearn),
    "nbgrader": _nbgrader,
    "github": _github,
    "junit": _junit,
    "json": _whole,
    "csv": _table,
}
