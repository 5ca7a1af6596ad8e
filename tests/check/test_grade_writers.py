"""Every writer of a gradebook, against what its platform reads."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bptt_sym.check.grade import (
    WRITERS,
    Gradebook,
    Rubric,
    Submission,
    grade,
    read_submissions,
    write,
)
from tests.check.gradebooks import LOST, rubric_in, running, submission


@pytest.fixture
def rubric(tmp_path: Path) -> Rubric:
    return rubric_in(tmp_path)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Gradebook:
    folder = tmp_path_factory.mktemp("book")
    rubric = rubric_in(folder)
    handed_in = [
        submission("dana"),
        submission("=cmd()|'/c'!A1", q2=LOST),
        Submission("../../etc/x", problem="not UTF-8 text \x01"),
        submission("נועה", q1=r"$$\frac{$$"),
    ]
    return grade(rubric, handed_in, folder / "journal", running())


def test_gradescope(book: Gradebook, tmp_path: Path) -> None:
    files = write(book, "gradescope", tmp_path / "out")
    assert len(files) == 4 and all(f.parent == tmp_path / "out" for f in files)
    results = [json.loads(f.read_text()) for f in files]
    for result in results:
        assert set(result) == {
            "score", "output", "visibility", "stdout_visibility", "tests", "extra_data",
        }  # fmt: skip
        assert result["visibility"] in ("visible", "hidden", "after_due_date", "after_published")
        for test in result["tests"]:
            assert set(test) == {
                "name", "score", "max_score", "status", "output", "output_format", "visibility",
                "tags",
            }  # fmt: skip
            assert test["status"] in ("passed", "failed")
            assert 0 <= test["score"] <= test["max_score"]
            assert all(isinstance(tag, str) for tag in test["tags"])
        assert abs(sum(t["score"] for t in result["tests"]) - result["score"]) < 1e-9
    assert [r["score"] for r in results] == [14, 12, 0, 4]
    assert results[1]["tests"][1]["tags"] == ["q2", "BP005"]
    assert results[2]["extra_data"]["needs_review"] is True


def test_one_submission_is_one_file(book: Gradebook, tmp_path: Path) -> None:
    one = Gradebook(book.rubric, book.records[:1])
    for writer in ("gradescope", "prairielearn"):
        out = tmp_path / writer / "results.json"
        assert write(one, writer, out) == [out]
        assert json.loads(out.read_text())["score"] in (14, 1)


def test_prairielearn(book: Gradebook, tmp_path: Path) -> None:
    results = [json.loads(f.read_text()) for f in write(book, "prairielearn", tmp_path / "o")]
    assert [r["gradable"] for r in results] == [True, True, False, True]
    for result in results:
        assert 0 <= result["score"] <= 1 and isinstance(result["message"], str)
        for test in result["tests"]:
            assert {"name", "points", "max_points", "output"} <= set(test)
    assert results[1]["score"] == round(12 / 14, 6)


def test_prairielearn_is_told_why_nothing_could_be_graded(book: Gradebook, tmp_path: Path) -> None:
    files = write(book, "prairielearn", tmp_path / "out")
    broken = [r for r in (json.loads(f.read_text()) for f in files) if not r["gradable"]]
    assert [r["format_errors"] for r in broken] == [["not UTF-8 text \x01"]]


def test_annotations_are_at_the_file_that_could_not_be_read(
    rubric: Rubric, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "noa.md").write_bytes(b"\0")
    book = grade(rubric, read_submissions([folder], rubric), tmp_path / "journal", running())
    (path,) = write(book, "github", tmp_path / "o.txt")
    assert all(f"file={folder}/noa.md," in line for line in path.read_text().splitlines())


def test_tables(book: Gradebook, tmp_path: Path) -> None:
    (path,) = write(book, "csv", tmp_path / "o.csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text(), newline="")))
    assert [r["score"] for r in rows] == ["14", "12", "0", "4"]
    assert rows[0]["q1"] == "10" and rows[2]["needs_review"] == "yes"
    # No cell that a spreadsheet would run.
    assert rows[1]["id"] == "'=cmd()|'/c'!A1"
    (path,) = write(book, "nbgrader", tmp_path / "n.csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text(), newline="")))
    assert [rows[0][k] for k in ("assignment", "student_id", "score", "max_score")] == [
        "Homework 1", "dana", "14", "14",
    ]  # fmt: skip


def test_junit(book: Gradebook, tmp_path: Path) -> None:
    (path,) = write(book, "junit", tmp_path / "o.xml")
    root = ElementTree.parse(path).getroot()
    assert root.tag == "testsuites" and len(root) == 4
    assert root.attrib["tests"] == str(len(root.findall(".//testcase")))
    assert root.attrib["failures"] == str(len(root.findall(".//failure"))) == "1"
    assert root.attrib["errors"] == str(len(root.findall(".//error"))) == "3"


def test_github(book: Gradebook, tmp_path: Path) -> None:
    (path,) = write(book, "github", tmp_path / "o.txt")
    lines = path.read_text().splitlines()
    assert len(lines) == 4 and all(line.startswith(("::error ", "::warning ")) for line in lines)


def test_json_has_everything(book: Gradebook, tmp_path: Path) -> None:
    (path,) = write(book, "json", tmp_path / "o.json")
    report = json.loads(path.read_text())
    assert report["submissions"] == book.records and report["points"] == 14
    assert report["needs_review"] == ["../../etc/x", "נועה"]


@pytest.mark.parametrize("writer", WRITERS)
def test_every_writer_writes_a_book_without_submissions(
    writer: str, rubric: Rubric, tmp_path: Path
) -> None:
    write(Gradebook(rubric), writer, tmp_path / "out")
