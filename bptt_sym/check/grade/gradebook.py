"""Running a batch: submissions to an executor, records to a journal as they come, resumption."""

from __future__ import annotations

import atexit
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from bptt_sym.check.grade.child import Child
from bptt_sym.check.grade.grading import Record, failed
from bptt_sym.check.grade.rubric import Rubric
from bptt_sym.check.grade.submissions import Submission
from bptt_sym.errors import InputError

#: Submissions under way for each job: bounds the memory, whatever the size of the batch.
AHEAD: Final = 3

_LOCAL: Final = threading.local()
_CHILDREN: Final[list[Child]] = []


def grade_one(
    rubric: Mapping[str, Any],
    digest: str,
    submission: Mapping[str, Any],
    seconds: float,
    megabytes: int,
) -> Record:
    """Grade one submission in a process that belongs to the calling thread.

    This is what an executor runs; arguments and result are plain data.
    """
    child: Child | None = getattr(_LOCAL, "child", None)
    if child is None or child.megabytes != megabytes:
        child = Child(megabytes)
        _LOCAL.child = child
        _CHILDREN.append(child)
    return child.grade(rubric, digest, submission, seconds)


def close_children() -> None:
    """End every grading process that threads of this process have started."""
    while _CHILDREN:
        _CHILDREN.pop().close()


atexit.register(close_children)


class Journal:
    """Records on disk, one JSON object a line, each written out before the next is awaited.

    The first line names the rubric; a journal of another rubric is set aside (``.old``). A line
    that a broken-off run left unfinished is cut off.
    """

    def __init__(self, path: Path, digest: str, *, fresh: bool = False) -> None:
        self.path = path
        self.set_aside = False
        self.known: dict[tuple[str, str], Record] = {}
        if path.exists() and not fresh:
            self._load(digest)
        try:
            if fresh or not path.exists():
                self._handle: IO[bytes] = path.open("wb")
                self._write({"rubric": digest})
            else:
                self._handle = path.open("ab")
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}") from None

    def _load(self, digest: str) -> None:
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        lines = data[:whole].splitlines()
        entries = [e for e in map(_object, lines) if e is not None]
        if not entries or entries[0].get("rubric") != digest:
            os.replace(self.path, self.path.with_name(self.path.name + ".old"))
            self.set_aside = True
            return
        if whole < len(data):
            with self.path.open("r+b") as handle:
                handle.truncate(whole)
        for entry in entries[1:]:
            if "record" in entry and not entry["record"].get("again"):
                self.known[entry["id"], entry["digest"]] = entry["record"]

    def add(self, submission: Submission, record: Record) -> None:
        """Write a record out."""
        self._write({"id": submission.id, "digest": submission.digest, "record": record})

    def _write(self, entry: Mapping[str, Any]) -> None:
        self._handle.write(json.dumps(entry, ensure_ascii=True).encode() + b"\n")
        self._handle.flush()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handle.close()


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


@dataclass
class Gradebook:
    """The records of a batch in the order of its submissions."""

    rubric: Rubric
    records: list[Record] = field(default_factory=list)
    reused: int = 0

    @property
    def reviews(self) -> list[Record]:
        return [r for r in self.records if r["needs_review"]]


@dataclass
class Run:
    """How a batch is run.

    Parameters
    ----------
    executor:
        Any :class:`concurrent.futures.Executor`: a thread pool by default, whose threads each own
        one grading process; a process pool, ``dask.distributed.Client.get_executor()``,
        ``mpi4py.futures.MPIPoolExecutor`` and ``ray.util`` pools work as well.
    jobs:
        Submissions at a time; for an executor of your own, how many are kept under way.
    """

    executor: Executor | None = None
    jobs: int = 1
    fresh: bool = False


def grade(
    rubric: Rubric,
    submissions: Iterable[Submission],
    journal: Path,
    run: Run | None = None,
    progress: Callable[[Record], None] = lambda record: None,
) -> Gradebook:
    """Grade ``submissions``; what the journal has already is not graded again.

    Raises
    ------
    InputError
        The journal cannot be written. What is wrong with a submission is in its record.
    """
    run = run or Run()
    ordered: list[tuple[str, str]] = []
    done: dict[tuple[str, str], Record] = {}
    book = Gradebook(rubric)
    executor = run.executor or ThreadPoolExecutor(run.jobs, thread_name_prefix="grade")
    try:
        with Journal(journal, rubric.digest, fresh=run.fresh) as written:

            def pending() -> Iterator[Submission]:
                for submission in submissions:
                    key = submission.id, submission.digest
                    ordered.append(key)
                    if key in written.known:
                        done[key] = written.known[key]
                        book.reused += 1
                        progress(done[key])
                    else:
                        yield submission

            for submission, record, lasting in _graded(rubric, pending(), executor, run.jobs):
                # The next run tries again what the executor lost.
                if lasting:
                    written.add(submission, record)
                done[submission.id, submission.digest] = record
                progress(record)
    finally:
        if run.executor is None:
            executor.shutdown(wait=True, cancel_futures=True)
            close_children()
    book.records = [done[key] for key in ordered]
    return book


def _graded(
    rubric: Rubric, submissions: Iterator[Submission], executor: Executor, jobs: int
) -> Iterator[tuple[Submission, Record, bool]]:
    """Each submission with its record as they are finished, and whether the record will stay so."""
    table, digest = rubric.as_json(), rubric.digest
    waiting: dict[Future[Record], Submission] = {}
    while True:
        for submission in islice(submissions, AHEAD * max(1, jobs) - len(waiting)):
            if submission.problem:
                yield submission, failed(table, submission.as_json(), submission.problem), True
                continue
            try:
                future = executor.submit(
                    grade_one, table, digest, submission.as_json(), rubric.seconds, rubric.megabytes
                )
            except RuntimeError as error:  # a broken pool takes nothing more
                yield submission, _failed(table, submission, error), False
                continue
            waiting[future] = submission
        if not waiting:
            rest = next(submissions, None)
            if rest is None:
                return
            submissions = _before(rest, submissions)
            continue
        finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in finished:
            submission = waiting.pop(future)
            try:
                yield submission, future.result(), True
            except Exception as error:  # a worker of the executor is gone; the batch goes on
                yield submission, _failed(table, submission, error), False


def _failed(table: Mapping[str, Any], submission: Submission, error: Exception) -> Record:
    problem = f"the executor failed ({type(error).__name__}: {error})"[:300]
    return failed(table, submission.as_json(), problem, again=True)


def _before(first: Submission, rest: Iterator[Submission]) -> Iterator[Submission]:
    yield first
    yield from rest
