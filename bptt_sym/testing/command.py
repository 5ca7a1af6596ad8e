"""What ``bptt-sym test`` does: code of a person's own, which may never return."""

from __future__ import annotations

from bptt_sym.recurrence import Recurrence
from bptt_sym.testing.check import run
from bptt_sym.testing.named import function
from bptt_sym.testing.report import Report
from bptt_sym.testing.score import Score, score_given
from bptt_sym.testing.time_limit import calls_within, limited


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
