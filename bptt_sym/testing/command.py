"""What ``bptt-sym test`` does: code of a person's own, which may never return."""

from __future__ import annotations

import argparse

from bptt_sym.check.setting import meanings
from bptt_sym.errors import InputError
from bptt_sym.evaluate import executable
from bptt_sym.recurrence import Recurrence
from bptt_sym.testing.check import as_model, run
from bptt_sym.testing.models import Model, model_of
from bptt_sym.testing.named import function
from bptt_sym.testing.report import Report
from bptt_sym.testing.score import Score, score_given
from bptt_sym.testing.time_limit import calls_within, limited


def tested(args: argparse.Namespace, cell: str | Recurrence) -> Report | Score:
    """The report on the function ``MODULE:FUNCTION``, or the score of the inputs that it returns.

    Raises
    ------
    InputError
        An option that has no effect on what is asked for, a function that is not there, or one
        whose inputs do not fit the cell.
    """
    for name in ("profile", "dtype") if args.score_inputs else ("rtol", "atol"):
        if getattr(args, name) is not None:
            goes = "does not go" if args.score_inputs else "goes"
            raise InputError(f"--{name} {goes} with --score-inputs", token=f"--{name}")
    model = as_model(cell) if isinstance(cell, str) else _own(cell, args.bind)
    with calls_within(args.limit):
        with limited():
            found = function(args.function)
        if args.score_inputs:
            return score_given(found, model, rtol=args.rtol, atol=args.atol)
        return run(found, model, args.profile or "quick", args.dtype)


def _own(rec: Recurrence, texts: list[str]) -> Model:
    bind = meanings(rec, texts)
    return model_of(executable(rec, bind), bind=bind)
