"""The mark of an answer: the points of each part, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from bptt_sym.check.exercises.exercise import Exercise, Part
from bptt_sym.check.judged import Fault
from bptt_sym.check.solution.judge import Step
from bptt_sym.check.solution.lines import Written
from bptt_sym.decide.readings import ABSENT_ZERO, ENDING_EARLY, REACHING_ON, ZERO_START
from bptt_sym.decide.verdict import Verdict
from bptt_sym.messages import marked
from bptt_sym.spelling.counting import FROM_ZERO

#: A solution has at least this many steps; a bare answer has one.
ARGUED: Final = 2

#: Readings under which an answer is right that others would call a slip.
GENEROUS: Final = frozenset(
    {r.message for r in (REACHING_ON, ENDING_EARLY, ABSENT_ZERO, ZERO_START)} | {FROM_ZERO}
)

#: ``form``: right, but not of the form that is asked for; ``restated``: the question itself;
#: ``carried``: a bound of the learner's own expression for another part, which is wrong.
PartStatus = Literal[
    "right", "form", "restated", "wrong", "carried", "undecided", "missing", "unreadable"
]
OTHER_DERIVATIVE: Final = marked(
    "The argument starts from the total derivative, which is something else; what is asked for "
    "is the derivative in brackets."
)


@dataclass(frozen=True)
class PartMark:
    """What one part earned, and why. ``missing`` are messages about the form."""

    part: Part
    status: PartStatus
    score: float
    answer: Written | None = None
    verdict: Verdict | None = None
    steps: tuple[Step, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def lacks_argument(self) -> bool:
        """Whether the points for the argument were not given because there is none."""
        return bool(self.part.steps) and len(self.steps) < ARGUED

    @property
    def needs_review(self) -> bool:
        """Whether a person should look: something was not decided or not read."""
        open_step = bool(self.part.steps) and any(s.status == "undecided" for s in self.steps)
        # Where steps earn nothing, a right answer from a wrong one has all the points.
        lucky = not self.part.steps and any(s.status == "wrong" for s in self.steps)
        if self.status == "right" and lucky:
            return True
        if any(s.status == "wrong" for s in self.steps) and OTHER_DERIVATIVE in dict(self.missing):
            return True
        counted = self.verdict if self.verdict is not None and self.score else None
        generous = counted is not None and (
            bool(counted.assumptions) or not GENEROUS.isdisjoint(counted.readings)
        )
        return self.status in ("undecided", "unreadable") or open_step or generous


@dataclass(frozen=True)
class Mark:
    """The mark of one answer to an exercise; ``lemmas`` are steps that belong to no part.

    ``beside`` says that something is written that answers nothing: words alone, or other formulas.
    """

    exercise: Exercise
    parts: tuple[PartMark, ...]
    faults: tuple[Fault, ...] = ()
    lemmas: tuple[Step, ...] = ()
    beside: bool = False

    @property
    def score(self) -> float:
        return round(sum(p.score for p in self.parts), 6)

    @property
    def points(self) -> float:
        return self.exercise.points

    @property
    def is_right(self) -> bool:
        steps = [s for p in self.parts for s in p.steps]
        return all(p.status == "right" for p in self.parts) and all(s.is_right for s in steps)

    @property
    def needs_review(self) -> bool:
        """Whether a person should look, also because of what was not read beside an answer."""
        unread = bool(self.faults) and any(p.status != "right" for p in self.parts)
        unread |= self.beside and any(p.status == "missing" for p in self.parts)
        return unread or any(p.needs_review for p in self.parts)
