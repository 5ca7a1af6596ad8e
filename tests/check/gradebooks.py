"""A rubric of two questions, and what is handed in to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from bptt_sym.check.grade import Gradebook, Rubric, Run, Submission, read_rubric
from bptt_sym.check.grade.submissions import Answer

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


def rubric_in(folder: Path) -> Rubric:
    path = folder / "rubric.toml"
    path.write_text(RUBRIC)
    return read_rubric(path)


def submission(id: str, q1: str = "0", q2: str = SERIES) -> Submission:
    return Submission(id, {"q1": Answer(q1), "q2": Answer(q2)})


def scores(book: Gradebook) -> dict[str, float]:
    return {r["id"]: r["score"] for r in book.records}


@cache
def one_process() -> ThreadPoolExecutor:
    """A thread whose grading process goes on from one batch to the next: it starts slowly."""
    return ThreadPoolExecutor(1, thread_name_prefix="grade")


def running(**run: Any) -> Run:
    """How a batch is run where it does not matter where."""
    return Run(**{"executor": one_process(), **run})
