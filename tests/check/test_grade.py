"""Grading: hostile submissions, killed processes, resumed runs, executors, the command line."""

from __future__ import annotations

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

import pytest

from bptt_sym.check.grade import (
    Gradebook,
    Rubric,
    Run,
    Submission,
    grade,
    read_submissions,
)
from bptt_sym.check.grade.child import Child
from bptt_sym.check.grade.gradebook import Journal
from bptt_sym.check.grade.submissions import Answer
from bptt_sym.cli import main
from tests.check.gradebooks import (
    LOST,
    RUBRIC,
    SERIES,
    rubric_in,
    running,
    scores,
    submission,
)


@pytest.fixture
def rubric(tmp_path: Path) -> Rubric:
    return rubric_in(tmp_path)


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
    return grade(rubric, handed_in, journal, running(**run))


def test_a_broken_off_run_goes_on_where_it_was(rubric: Rubric, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    handed_in = [submission(f"s{k}", q2=SERIES if k % 2 else LOST) for k in range(6)]

    def breaking() -> Iterator[Submission]:
        yield from handed_in[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade(rubric, breaking(), journal, running())
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

    grade(rubric, [submission(f"s{k}") for k in range(4)], journal, running(), progress)
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
    book = grade(rubric, read_submissions([path], rubric), tmp_path / "journal", running())
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
