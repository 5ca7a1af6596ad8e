"""The process that grades: one job a line on its standard input, one record a line in answer.

Run as ``python -m bptt_sym.check.grade.worker MEGABYTES``. It is started, limited and killed by
:mod:`bptt_sym.check.grade.child`, and ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main(megabytes: int) -> None:
    """Answer jobs until the input ends."""
    jobs = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    # Whatever prints in here must not be taken for an answer.
    os.dup2(2, 1)
    # What is needed is imported before the limit is set, and before the clock runs.
    from bptt_sym.check.grade.grading import graded

    limit_memory(megabytes)
    answers.write(b"ready\n")
    answers.flush()
    rubric: dict[str, Any] = {}
    for line in jobs:
        job = json.loads(line)
        rubric = job.get("rubric") or rubric
        guard(job["seconds"])
        try:
            reply: dict[str, Any] = {"record": graded(rubric, job["submission"])}
        except MemoryError:
            reply = {"problem": "memory"}
        except Exception as error:  # whatever it is, the next submission has nothing to do with it
            what = f"internal error of bptt-sym ({type(error).__name__}: {error})"
            reply = {"problem": what[:500]}
        guard(0)
        answers.write(json.dumps(reply).encode() + b"\n")
        answers.flush()


def limit_memory(megabytes: int) -> None:
    """Cap the address space, where the system can."""
    try:
        import resource
    except ImportError:
        return
    size = megabytes * 2**20
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or size <= hard:
        resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def guard(seconds: float) -> None:
    """Die a while after the limit, should whoever is to kill this process be gone; 0 stops it."""
    try:
        import signal

        signal.setitimer(signal.ITIMER_REAL, seconds + 5 if seconds else 0)
    except (ImportError, AttributeError):
        return


if __name__ == "__main__":
    main(int(sys.argv[1]))
