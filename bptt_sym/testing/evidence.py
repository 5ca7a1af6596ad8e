"""Problems with the gradients given for them, and the search among the known mistakes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from bptt_sym.errors import BpttError
from bptt_sym.testing.made_before import far, made_of
from bptt_sym.testing.mistakes import Mistake, in_parts, library
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any

#: Seconds of processor time for the search among known mistakes: the largest cells have thousands.
SEARCH_SECONDS = 7.0
#: And then for the parameters one by one, which find most mistakes made already.
NAME_SECONDS = 2.0
#: And then for what stands in one place.
PLACE_SECONDS = 5.0
#: How close an explanation has to come, relative to the greatest entry: some hundred roundings.
CLOSE = 1e-12


@final
@dataclass(frozen=True)
class Diagnosis:
    """What is wrong: a stable ``code``, words, the parameters concerned, how well it fits.

    ``residual`` is the greatest relative difference that is left when the explanation is applied;
    ``problems`` on how many problems it was tried.
    """

    code: str
    message: str
    parameters: tuple[str, ...]
    residual: float
    problems: int

    def text(self) -> str:
        """``dU, db: … (fits 5 problems to 1e-15)``."""
        names = ", ".join(f"d{p}" for p in self.parameters)
        if self.code in ("located", "backward", "one-change", "written-inputs"):
            return f"{names}: {self.message}"
        count = f"{self.problems} problem" + "s" * (self.problems != 1)
        return f"{names}: {self.message} (on {count} to {self.residual:.0e})"


@dataclass
class Evidence:
    """A problem with the gradient given for it."""

    problem: Problem
    given: dict[str, Array]
    wrong: tuple[str, ...]

    def made(self, mistake: Mistake) -> Mapping[str, Array] | None:
        """The wrong gradient of a mistake, computed once; ``None`` if it cannot be made here."""
        known = made_of(self.problem)
        if mistake not in known:
            try:
                known[mistake] = mistake.gradient(self.problem)
            except (BpttError, FloatingPointError):
                known[mistake] = None
        return known[mistake]


#: What problems may have in common, in words.
_CONDITIONS: tuple[tuple[str, Callable[[Problem], bool]], ...] = (
    ("T is odd", lambda p: p.steps % 2 == 1),
    ("T is even", lambda p: p.steps % 2 == 0),
    ("there is more than one example", lambda p: p.batch > 1),
    ("there is one example", lambda p: p.batch == 1),
    ("some entries are masked", lambda p: bool((p.mask == 0).any())),
    ("the losses of the steps have different weights",
     lambda p: bool((p.loss_weights != p.loss_weights[0]).any())),
)  # fmt: skip


def scale(problem: Problem, name: str) -> float:
    exact = np.abs(problem.exact[name])
    return float(exact.max()) if exact.size else 0.0


def distance(e: Evidence, name: str, candidate: Array) -> float:
    """The relative difference to a candidate; at most ``CLOSE`` when rounding explains it."""
    given = np.asarray(e.given[name], float)
    candidate = np.asarray(candidate, float)
    if candidate.shape != given.shape or not np.isfinite(candidate).all():
        return float("inf")
    off = np.abs(given - candidate)
    allowed = e.problem.allowed(float(np.finfo(e.problem.dtype).eps) / 2)[name]
    size = max(float(np.abs(given).max(initial=0.0)), float(np.abs(candidate).max(initial=0.0)))
    beyond = np.maximum(off - 10 * allowed, 0.0)
    if size == 0.0:
        return 0.0
    worst = float(beyond.max(initial=0.0)) / size
    return worst if worst > CLOSE else float(off.max(initial=0.0)) / size


class Search:
    """A search among the known mistakes of a model, the most common ones first, for some time."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.end = time.thread_time() + SEARCH_SECONDS
        #: How many mistakes were not tried because the time was over.
        self.skipped = 0
        #: Problems whose gradient is right, with the gradients given for them.
        self.right: list[Evidence] = []
        #: What is wrong where T = 1, and what is right there.
        self.at_once: frozenset[str] = frozenset()
        self.not_at_once: frozenset[str] = frozenset()

    def match(self, evidence: Sequence[Evidence], names: Sequence[str]) -> Diagnosis | None:
        """The first known mistake that gives the same numbers on every problem."""
        known = (some for made in (library, in_parts) for some in self._timely(made(self.model)))
        return self.among(known, evidence, names)

    def among(
        self, mistakes: Iterable[Mistake], evidence: Sequence[Evidence], names: Sequence[str]
    ) -> Diagnosis | None:
        """The first of ``mistakes`` that gives the same numbers on every problem."""
        few = sorted(evidence, key=lambda e: e.problem.steps)[:5]
        long = [e for e in evidence if e not in few]
        others = [n for n in evidence[0].problem.exact if n not in names]
        best: Diagnosis | None = None
        out = far(few[0].problem, few[0].given, names, CLOSE)
        for mistake in mistakes:
            if mistake in out or not mistake.spares.isdisjoint(self.at_once):
                continue
            worst = _fit(mistake, [*few, *long], names)
            if worst is None:
                continue
            text = mistake.message + self._where(mistake, evidence, names)
            found = Diagnosis(mistake.code, text, tuple(names), worst, len(evidence))
            # Prefer the mistake that leaves alone what is right.
            if not others or mistake.alone or _leaves_alone(mistake, few[0], others):
                return found
            best = best or (None if mistake.whole else found)
        return best

    def _where(
        self, mistake: Mistake, evidence: Sequence[Evidence], names: Sequence[str]
    ) -> str:
        """Which problems it concerns, if it would spoil some whose gradient is right."""
        spared = [e.problem for e in self.right if not _leaves_alone(mistake, e, names)]
        if not spared:
            return ""
        wrong = [e.problem for e in evidence]
        apart = [
            words for words, holds in _CONDITIONS
            if all(map(holds, wrong)) and not any(map(holds, spared))
        ]  # fmt: skip
        least = min(p.steps for p in wrong)
        if all(p.steps < least for p in spared):
            apart.append(f"T ≥ {least}")
        # If two things tell them apart, either may be what matters.
        return f", where {apart[0]}" if len(apart) == 1 else ", but not on every problem"

    def _timely(self, known: Sequence[Mistake]) -> Iterator[Mistake]:
        for count, mistake in enumerate(known):
            # The clock costs as much as a mistake on some systems.
            if count % 16 == 0 and time.thread_time() > self.end:
                self.skipped = max(self.skipped, len(known) - count)
                return
            yield mistake


def _fit(mistake: Mistake, evidence: Sequence[Evidence], names: Sequence[str]) -> float | None:
    worst = 0.0
    for e in evidence:
        wrong = e.made(mistake)
        if wrong is None:
            return None
        for name in names:
            if name not in wrong:
                return None
            if name in e.given:
                off = distance(e, name, wrong[name])
                if off > CLOSE:
                    return None
                worst = max(worst, off)
    return worst


def _leaves_alone(mistake: Mistake, e: Evidence, others: Sequence[str]) -> bool:
    wrong = e.made(mistake) or {}
    return all(distance(e, n, wrong[n]) <= CLOSE for n in others if n in wrong and n in e.given)
