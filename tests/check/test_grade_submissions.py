"""What is handed in: folders, files, JSON Lines and tables, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bptt_sym.check.grade import (
    Rubric,
    grade,
    read_rubric,
    read_submissions,
)
from bptt_sym.check.grade.splitting import split
from bptt_sym.errors import InputError
from tests.check.gradebooks import LOST, RUBRIC, SERIES, rubric_in, running, scores


@pytest.fixture
def rubric(tmp_path: Path) -> Rubric:
    return rubric_in(tmp_path)


def test_a_folder_with_files_and_folders(rubric: Rubric, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "dana").mkdir(parents=True)
    (folder / "dana" / "q1.md").write_text("$0$")
    (folder / "dana" / "q2.tex").write_text(f"\\[{SERIES}\\]")
    (folder / "amir.md").write_text(f"# Question 1\n$0$\n\n# The answer to q2\n$${LOST}$$\n")
    (folder / "binary.md").write_bytes(b"\x00\x01\x02")
    (folder / "latin.txt").write_bytes("חסם".encode("cp1255"))
    (folder / "empty.md").write_text("")
    (folder / "notes.pdf").write_bytes(b"%PDF")
    (folder / "void").mkdir()
    found = {s.id: s for s in read_submissions([folder], rubric)}
    assert sorted(found) == ["amir", "binary", "dana", "empty", "latin", "void"]
    assert found["dana"].answers["q2"].tex and "binary" in found["binary"].problem
    assert "UTF-8" in found["latin"].problem and "no file" in found["void"].problem
    book = grade(rubric, found.values(), tmp_path / "journal", running())
    assert scores(book) == {
        "amir": 12, "binary": 0, "dana": 14, "empty": 0, "latin": 0, "void": 0,
    }  # fmt: skip
    assert [r["id"] for r in book.reviews] == ["binary", "latin", "void"]
    amir = next(r for r in book.records if r["id"] == "amir")
    assert amir["questions"][1]["parts"][0]["line"] == 5


def test_one_folder_as_one_submission(rubric: Rubric, tmp_path: Path) -> None:
    (tmp_path / "q1.md").write_text("0")
    (found,) = read_submissions([tmp_path], rubric, one=True)
    assert found.id == tmp_path.name and list(found.answers) == ["q1"]


def test_json_lines_with_lines_that_are_none(rubric: Rubric, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    lines = [
        json.dumps({"id": "a", "answers": {"q1": "0", "q3": "x"}}).encode(),
        b'{"id": "b", "answers"',
        b"[1]",
        b"",
        b'{"id": "c", "answer": "\xff"}',
        b'{"id": "a", "answer": "\\ud800 0"}',
        b"[" * 100_000,
        json.dumps({"id": 7}).encode(),
        b'{"id": "long", "answer": "' + b"x" * 4_000_000 + b'"}',
        json.dumps({"id": "z", "text": "# q1\n$0$"}).encode(),
    ]
    path.write_bytes(b"\n".join(lines))
    found = list(read_submissions([path], rubric))
    assert [s.id for s in found] == [
        "a", "line 2", "line 3", "line 5", "a (2)", "line 7", "7", "line 9", "z",
    ]  # fmt: skip
    assert [bool(s.problem) for s in found] == [
        False, True, True, True, False, True, True, True, False,
    ]  # fmt: skip
    assert json.dumps([s.as_json() for s in found], ensure_ascii=False).encode()


def test_csv_with_a_row_that_is_not_text(rubric: Rubric, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(
        b"\xef\xbb\xbfid,q1,q2\r\na,0,\r\nb,\xe9,0\r\n\r\n\"c, d\",\"$0$\n\n\",w\r\n"
    )
    found = list(read_submissions([path], rubric))
    assert [(s.id, sorted(s.answers), bool(s.problem)) for s in found] == [
        ("a", ["q1"], False), ("b", [], True), ("c, d", ["q1", "q2"], False),
    ]  # fmt: skip
    path.write_text("who,what\na,b\n")
    with pytest.raises(InputError, match="no column"):
        list(read_submissions([path], rubric))


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_tables_of_any_spreadsheet(rubric: Rubric, tmp_path: Path, between: str) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(between.join(["\ufeffid", "q1", "q2\r\nnoa", "0", "w\r\n"]).encode())
    (found,) = read_submissions([path], rubric)
    assert found.id == "noa" and {k: a.text for k, a in found.answers.items()} == {
        "q1": "0", "q2": "w",
    }  # fmt: skip


def test_json_lines_may_begin_with_a_mark(rubric: Rubric, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": "noa", "answers": {"q1": "0"}}\n')
    (found,) = read_submissions([path], rubric)
    assert (found.id, found.problem, found.answers["q1"].text) == ("noa", "", "0")


def test_a_text_is_split_by_the_headings_of_the_questions(rubric: Rubric) -> None:
    text = "intro\n## Exercise 2\nB\n## q1\nA\n## 2\nagain\n"
    parts = split(text, rubric)
    assert parts["q2"].strip().endswith("B") and parts["q1"].strip().endswith("A")
    assert parts["q1"].index("A") > parts["q1"].index("## q1")
    assert parts["q1"][: parts["q1"].index("A")].count("\n") == 4
    assert split("no heading", rubric) == {"q1": "no heading", "q2": "no heading"}


def test_a_missing_path_is_an_error(rubric: Rubric, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such"):
        list(read_submissions([tmp_path / "absent"], rubric))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('level = "loud"', "no level"),
        ('language = "xx"', "no language"),
        ("seconds = -1", "seconds"),
        ('visibility = "secret"', "visibility"),
        ("colour = 1", "no key"),
    ],
)
def test_a_faulty_rubric_says_where(tmp_path: Path, change: str, words: str) -> None:
    path = tmp_path / "rubric.toml"
    path.write_text(change + "\n" + RUBRIC)
    if change.startswith("seconds"):
        path.write_text(RUBRIC.replace("seconds = 20", change))
    with pytest.raises(InputError, match=words):
        read_rubric(path)


def test_a_preamble_holds_for_every_question_and_a_line_may_be_a_heading(rubric: Rubric) -> None:
    tex = (
        "\\documentclass{article}\n\\newcommand{\\d}[2]{\\frac{\\partial #1}{\\partial #2}}\n"
        "\\begin{document}\nMy answers\n\\section*{q1}\nfirst\n\\section*{q2}\nsecond\n"
    )
    parts = split(tex, rubric)
    assert all("\\newcommand" in text for text in parts.values())
    assert "first" in parts["q1"] and "second" not in parts["q1"]
    assert "second" in parts["q2"] and "first" not in parts["q2"]
    assert "My answers" not in parts["q1"]
    for name, word, line in (("q1", "first", 5), ("q2", "second", 7)):
        assert parts[name].split(word)[0].count("\n") == line
    for heading in ("q{}", "Question {}:", "תרגיל {}"):
        text = f"{heading.format(1)}\n1 + h_t\n{heading.format(2)}\nw"
        plain = split(text, rubric)
        assert plain["q1"].split() == ["1", "+", "h_t"]
        assert plain["q2"].split() == ["w"]
    # A number of its own is an answer.
    assert split("q1\n2\nq2\n1\n", rubric)["q1"].split() == ["2"]
