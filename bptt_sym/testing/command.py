"""What ``bptt-sym test`` does: code of a person's own, which may never return."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

from bptt_sym.recurrence import Recurrence
from bptt_sym.testing.check import run
from bptt_sym.testing.named import function
from bptt_sym.testing.report import Report
from bptt_sym.testing.score import Score, score_given
from bptt_sym.testing.time_limit import calls_within, limited


@contextlib.contextmanager
def nothing_printed() -> Iterator[None]:
    """Within it, what goes to standard output goes to standard error: it is no part of a report.

    That of Python code, of C code and of programs that are started, which know the file alone.
    """
    kept = None
    with contextlib.suppress(OSError, AttributeError):  # one of the two may be closed
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if kept is not None:
            with contextlib.suppress(OSError, TypeError):  # Windows names its C library
                ctypes.CDLL(None).fflush(None)  # what ``printf`` has not written yet
            os.dup2(kept, 1)
            os.close(kept)


def tested(
    name: str,
    cell: str | Recurrence,
    profile: str = "quick",
    dtype: str | None = None,
    limit: float | None = None,
) -> Report:
    """The report on the function ``MODULE:FUNCTION``; each call may take ``limit`` seconds."""
    with calls_within(limit):
        with limited():
            gradient = function(name)
        return run(gradient, cell, profile, dtype)


def scored(
    name: str, cell: str | Recurrence, rtol: float | None = None, atol: float | None = None
) -> Score:
    """The score of the test inputs that ``MODULE:FUNCTION`` returns."""
    return score_given(function(name), cell, rtol=rtol, atol=atol)
