"""Grading: hostile submissions, killed processes, resumed runs, executors, and every writer."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bptt_sym.check.grade import (
    WRITERS,
    Gradebook,
    Rubric,
    Run,
    Submission,
    grade,
    read_rubric,
    read_submissions,
    write,
)
from bptt_sym.check.grade.child import Child
from bptt_sym.check.grade.gradebook import Journal
from bptt_sym.check.grade.splitting import split
from bptt_sym.check.grade.submissions import Answer
from bptt_sym.cli import main
from bptt_sym.errors import InputError

RIGHT = r"(1-h_t^2) h_{t-1}"
SERIES = r"\sum_{t=1}^T w^{T-t} \prod_{j=t}^T (1-h_j^2) h_{t-1}"
LOST = r"\sum_{t=1}^T w^{T-t} \prod_{j=t+1}^T (1-h_j^2) h_{t-1}"
RUBRIC = """
title = "Homework 1"
seconds = 20
[[question]]
id = "q1"
exercise = "ex3"
points = 10
[[question]]
id = "q2"
exercise = "series"
"""


@pytest.fixture
def rubric(tmp_path: Path) -> Rubric:
    path = tmp_path / "rubric.toml"
    path.write_text(RUBRIC)
    return read_rubric(path)


def submission(id: str, q1: str = "0", q2: str = SERIES) -> Submission:
    return Submission(id, {"q1": Answer(q1), "q2": Answer(q2)})


def scores(book: Gradebook) -> dict[str, float]:
    return {r["id"]: r["score"] for r in book.records}


# ------------------------------------------------------------------------- what is handed in


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
    book = grade(rubric, found.values(), tmp_path / "journal")
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


# --------------------------------------------------------------------- limits and broken workers

HOSTILE = {
    "dots": "$$h_t" + r" + \dots + h_t" * 400 + "$$",
    "long dots": "$$" + r"h_t + \dots + " * 30_000 + "$$",
    "tower": "$$w^{9^{9^{9^{9}}}}$$",
    "power": r"w^{99999999999999999999}",
    "sum": r"\sum_{t=1}^{1000000000} w^t",
    "nested sums": r"\sum_{i=1}^{T}" * 40 + "w",
    "factorial": "((((9!)!)!)!)!",
    "braces": "{" * 100_000,
    "fractions": r"\frac{1}{" * 5000,
    "macros": r"\newcommand{\a}{\b\b\b\b\b\b\b\b}\newcommand{\b}{\a\a\a\a\a\a\a\a}$\a$",
    "bidi": "\u202e$h_t = \u2066w\u2069$",
    "spaces": " " * 200_000 + "0",
    "dollars": "$" * 100_001,
    "equals": "=" * 50_000,
    "code": "$__import__('os').system('touch %s')$",
    "too long": "x" * 1_000_000,
}


def test_hostile_submissions_end_in_time_and_leave_the_others_alone(
    rubric: Rubric, tmp_path: Path
) -> None:
    handed_in = [submission("before")]
    owned = tmp_path / "owned"
    texts = HOSTILE | {"code": HOSTILE["code"] % owned}
    handed_in += [submission(name, text) for name, text in texts.items()]
    handed_in += [submission("after")]
    rubric = rubric.with_options(seconds=8)
    start = time.monotonic()
    book = grade(rubric, handed_in, tmp_path / "journal", Run(jobs=2))
    assert time.monotonic() - start < 60
    found = scores(book)
    assert found["before"] == found["after"] == 14
    for record in book.records:
        first, second = record["questions"]
        if record["id"] in HOSTILE and record["id"] != "spaces":
            assert first["score"] == 0, record["id"]
        if record["id"] in HOSTILE and not record["problem"]:
            # The other answer of the same person is not lost.
            assert second["score"] == 4, record["id"]
    assert not owned.exists()


STALL = "import time; time.sleep(600)"
HOG = "x = bytearray(10**10)"


#: What happens to a process, what is said of it, and whether it is tried again.
HAPPENS = {
    "stalls": (STALL, "longer than 1 s", False),
    "takes memory": (HOG, "more than 1024 MB", False),
    "exits": ("os._exit(3)", "died (status 3)", True),
    "is killed": ("os.kill(os.getpid(), 9)", "died (signal 9)", True),
    "fails": ("raise KeyError('x')", "internal error", True),
    "prints": ("print('{}')", "", False),
}


class Broken(Child):
    """A child whose process runs some code of ours before it answers those submissions."""

    def _start(self) -> Any:
        import subprocess
        import sys

        source = (
            "import os, sys, json\n"
            "from bptt_sym.check.grade import worker, grading\n"
            "real = grading.graded\n"
            "def graded(rubric, submission):\n"
            + "".join(
                f"    if submission['id'] == {name!r}:\n        {code}\n"
                for name, (code, _, _) in HAPPENS.items()
            )
            + "    return real(rubric, submission)\n"
            "grading.graded = graded\n"
            f"worker.main({self.megabytes})\n"
        )
        self._rubric, self._jobs = "", 0
        process = subprocess.Popen(
            [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )  # fmt: skip
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        return process


@pytest.fixture(scope="module")
def broken() -> Iterator[Child]:
    """One process after the other: what is left of one test is there in the next."""
    child = Broken(1024)
    yield child
    child.close()


@pytest.mark.parametrize("name", HAPPENS)
def test_whatever_happens_to_the_process_the_next_submission_is_graded(
    rubric: Rubric, broken: Child, name: str
) -> None:
    _, problem, again = HAPPENS[name]
    table = rubric.as_json()
    bad = broken.grade(table, "d", submission(name).as_json(), 1 if name == "stalls" else 20)
    good = broken.grade(table, "d", submission("good").as_json(), 20)
    assert problem in bad["problem"] and bool(bad.get("again")) is again
    assert bad["needs_review"] is bool(problem)
    assert good["score"] == 14


def test_a_process_killed_from_outside_is_replaced(rubric: Rubric) -> None:
    child = Child(1024)
    try:
        table = rubric.as_json()
        child.grade(table, "d", submission("a").as_json(), 20)
        first = child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        time.sleep(0.1)
        assert child.grade(table, "d", submission("b").as_json(), 20)["score"] == 14
        assert child.pid != first
    finally:
        child.close()


def test_a_process_whose_owner_is_gone_ends_by_itself() -> None:
    import subprocess
    import sys

    # The guard is five seconds wider than the limit.
    code = "from bptt_sym.check.grade.worker import guard; guard(-4.8); import time; time.sleep(60)"
    done = subprocess.run([sys.executable, "-c", code], timeout=30, check=False)
    assert done.returncode == -signal.SIGALRM
    empty = subprocess.run(
        [sys.executable, "-m", "bptt_sym.check.grade.worker", "1024"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    assert empty.stdout == b"ready\n"


# --------------------------------------------------------------------------- resumed runs


def counting(rubric: Rubric, journal: Path, handed_in: list[Submission], **run: Any) -> Gradebook:
    return grade(rubric, handed_in, journal, Run(**run))


def test_a_broken_off_run_goes_on_where_it_was(rubric: Rubric, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    handed_in = [submission(f"s{k}", q2=SERIES if k % 2 else LOST) for k in range(6)]

    def breaking() -> Iterator[Submission]:
        yield from handed_in[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade(rubric, breaking(), journal)
    with journal.open("ab") as handle:
        handle.write(b'{"id": "s4", "digest": "half a li')
    with Journal(journal, rubric.digest) as opened:
        written = len(opened.known)
    assert written < 6
    book = counting(rubric, journal, handed_in)
    assert book.reused == written
    assert scores(book) == {f"s{k}": 14 if k % 2 else 12 for k in range(6)}
    again = counting(rubric, journal, handed_in)
    assert again.reused == 6 and again.records == book.records
    assert counting(rubric, journal, handed_in[:1], fresh=True).reused == 0


def test_records_are_on_disk_as_they_come(rubric: Rubric, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    seen: list[int] = []

    def progress(record: Any) -> None:
        seen.append(len(journal.read_bytes().splitlines()) - 1)

    grade(rubric, [submission(f"s{k}") for k in range(4)], journal, progress=progress)
    assert seen == [1, 2, 3, 4]


def test_what_has_changed_is_graded_again(rubric: Rubric, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    counting(rubric, journal, [submission("a"), submission("b")])
    book = counting(rubric, journal, [submission("a"), submission("b", q1="w")])
    assert book.reused == 1 and scores(book) == {"a": 14, "b": 4}
    # Another rubric: nothing is taken over, and nothing is lost.
    other = rubric.with_options(level="full")
    assert counting(other, journal, [submission("a")]).reused == 0
    assert journal.with_name("journal.jsonl.old").exists()
    # Limits are not part of the result.
    assert counting(other.with_options(seconds=5), journal, [submission("a")]).reused == 1


def test_two_submissions_with_the_same_text_have_their_own_records(
    rubric: Rubric, tmp_path: Path
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": "a", "answers": {"q1": "0"}}\n' * 2)
    book = grade(rubric, read_submissions([path], rubric), tmp_path / "journal")
    assert [r["id"] for r in book.records] == ["a", "a (2)"]


# ---------------------------------------------------------------------------- executors


class Failing(ThreadPoolExecutor):
    """An executor that loses the second job."""

    count = 0

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:  # type: ignore[override]
        self.count += 1
        if self.count == 2:
            lost: Future[Any] = Future()
            lost.set_exception(OSError("the node is gone"))
            return lost
        return super().submit(*args, **kwargs)


def test_what_an_executor_loses_is_said_and_tried_again(rubric: Rubric, tmp_path: Path) -> None:
    handed_in = [submission(f"s{k}") for k in range(4)]
    with Failing(1) as executor:
        book = counting(rubric, tmp_path / "j", handed_in, executor=executor)
    assert list(scores(book).values()) == [14, 0, 14, 14]
    assert "the node is gone" in book.records[1]["problem"]
    book = counting(rubric, tmp_path / "j", handed_in)
    assert book.reused == 3 and set(scores(book).values()) == {14}


def test_a_process_pool(rubric: Rubric, tmp_path: Path) -> None:
    handed_in = [submission(f"s{k}") for k in range(3)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        book = counting(rubric, tmp_path / "j", handed_in, executor=executor)
    assert set(scores(book).values()) == {14}


@pytest.mark.filterwarnings("default")
def test_a_dask_cluster(rubric: Rubric, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: bptt-sym[dask]")
    handed_in = [submission(f"s{k}") for k in range(3)]
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None, processes=True
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        book = counting(rubric, tmp_path / "j", handed_in, executor=client.get_executor())
    assert set(scores(book).values()) == {14}


def test_only_so_many_are_under_way(rubric: Rubric, tmp_path: Path) -> None:
    lock, taken, finished = threading.Lock(), 0, 0
    most = 0

    def endless() -> Iterator[Submission]:
        nonlocal taken, most
        for k in range(40):
            with lock:
                taken += 1
                most = max(most, taken - finished)
            yield Submission(f"s{k}", {"q1": Answer("0")})

    def progress(record: Any) -> None:
        nonlocal finished
        with lock:
            finished += 1

    grade(rubric, endless(), tmp_path / "j", Run(jobs=2), progress)
    assert finished == 40 and most <= 8


# ------------------------------------------------------------------------------- writers


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Gradebook:
    folder = tmp_path_factory.mktemp("book")
    path = folder / "rubric.toml"
    path.write_text(RUBRIC)
    rubric = read_rubric(path)
    handed_in = [
        submission("dana"),
        submission("=cmd()|'/c'!A1", q2=LOST),
        Submission("../../etc/x", problem="not UTF-8 text \x01"),
        submission("נועה", q1=r"$$\frac{$$"),
    ]
    return grade(rubric, handed_in, folder / "journal")


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


# ----------------------------------------------------------------------------- command line


def test_the_command_line_grades_and_resumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rubric.toml").write_text(RUBRIC)
    handed_in = tmp_path / "in.jsonl"
    handed_in.write_text(json.dumps({"id": "a", "answers": {"q1": "0", "q2": LOST}}) + "\n")
    out = tmp_path / "out.csv"
    command = ["grade", str(tmp_path / "rubric.toml"), str(handed_in), "-o", str(out)]
    assert main([*command, "--writer", "csv", "--jobs", "1"]) == 0
    assert "1 graded; mean 12 of 14 points" in capsys.readouterr().out
    assert main([*command, "--writer", "csv", "--jobs", "1"]) == 0
    assert "1 of them before" in capsys.readouterr().out
    handed_in.write_text("nothing\n")
    assert main([*command, "--writer", "csv"]) == 3
    assert main(["grade", str(tmp_path / "absent.toml"), str(handed_in), "-o", str(out)]) == 2
    assert main(["grade", str(tmp_path / "rubric.toml"), str(tmp_path / "no"), "-o", str(out)]) == 2


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
