"""Gradients written by hand in ``benchmarks``, which use nothing of the package."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from bptt_sym.testing import model_of, named_model
from bptt_sym.testing.check import _inspect, _not_finite, _on_copies, as_model
from bptt_sym.testing.diagnose import diagnose
from bptt_sym.testing.draw import cases
from bptt_sym.testing.models import MODELS, Model
from bptt_sym.testing.problems import Problem
from tests.nightly import some

BENCHMARKS = str(Path(__file__).parents[2] / "benchmarks")


def module(name: str) -> ModuleType:
    """The module ``name`` of the benchmarks."""
    if BENCHMARKS not in sys.path:
        sys.path.insert(0, BENCHMARKS)
    return importlib.import_module(name)


class Problems(Sequence[Problem]):
    """Those of the quick profile: every test takes the same, with their exact answers.

    They are drawn as they are asked for, since most tests need the first few only.
    """

    def __init__(self, model: Model) -> None:
        self._more = cases(model)
        self._drawn: list[Problem] = []

    def __getitem__(self, k: Any) -> Any:
        while isinstance(k, slice) or len(self._drawn) <= k:
            problem = next(self._more, None)
            if problem is None:
                break
            self._drawn.append(problem)
        return self._drawn[k]

    def __len__(self) -> int:
        return len(self[:])


problems = cache(Problems)


def passes(gradient: Any, cell: str | Model, stride: int = 1) -> bool:
    """Whether nothing is found on the problems of the quick profile, or on one in ``stride``."""
    some_ = some(problems(as_model(cell)), stride)
    return all(not _inspect(p, gradient, state=k == 0)[0] for k, p in enumerate(some_))


def said(gradient: Any, cell: str | Model) -> str:
    """What is found on the first problem that fails and how it is explained; nothing is shrunk."""
    model = as_model(cell)
    for k, problem in enumerate(problems(model)):
        findings, bad = _inspect(problem, gradient, state=k == 0)
        if findings:
            values = bool(bad) and all(m.kind == "value" for m in bad)
            own = _on_copies(gradient)
            found = diagnose(model, own, problem) if values else _not_finite(problem, bad)
            return "\n".join([*(d.text() for d in found), *(f.message for f in findings)])
    return ""


def changed(own: Any, name: str, bug: str) -> Any:
    """The function ``name`` of the module ``own`` with the mistake that is called ``bug``."""
    return next(own.changed(n, old, new) for n, b, old, new in own.EDITS if (n, b) == (name, bug))


def model(own: Any, name: str) -> Model:
    """The model of the cell that the function ``name`` of ``own`` differentiates."""
    cell = own.RIGHT[name][0]
    return named_model(cell) if cell in MODELS else model_of(own.recurrence(cell))
