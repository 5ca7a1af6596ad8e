"""What a decision says, and the evidence it carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, final

from bptt_sym.errors import Span
from bptt_sym.notation import Claim

VerdictName = Literal[
    "right", "right_under_reading", "wrong", "undecided", "unreadable", "not_a_claim"
]
#: What a note begins with where no reading gives both sides one shape.
MISFIT: Final = "the shapes do not fit under any reading"


@final
@dataclass(frozen=True)
class Counterexample:
    """Exact values at which the two sides differ, with an enclosure of each side.

    ``values`` maps a printed name (``w``, ``h_0``, ``x_1``) to an exact rational; ``place`` names
    the entry compared when the sides are vectors or matrices; ``functions`` says what an unknown
    function was taken to be.
    """

    T: int
    indices: Mapping[str, int]
    values: Mapping[str, str]
    left: str
    right: str
    place: str = ""
    functions: Mapping[str, str] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class Diagnosis:
    """A stable code, one sentence, and the corrected formula if one was found.

    ``span`` is where the part that is wrong stands in the source of the claim, if that is known.
    """

    code: str
    message: str
    corrected: str = ""
    span: Span | None = None


@final
@dataclass(frozen=True)
class Otherwise:
    """What else a claim may mean, in the words ``said``; ``likelier`` if others before it did."""

    said: str
    claim: Claim
    likelier: bool = False


@dataclass(frozen=True)
class Verdict:
    """The judgement of one claim.

    ``scope`` is "every T" only with the argument in ``method``; otherwise "T <= N". ``readings``
    are the sentences that make a claim right; ``assumptions`` are hypotheses used. ``links`` holds
    the verdict of each relation of a chain, in order; it is empty for a single relation.
    """

    verdict: VerdictName
    scope: str = ""
    readings: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    method: str = ""
    counterexample: Counterexample | None = None
    diagnosis: Diagnosis | None = None
    note: str = ""
    links: tuple[Verdict, ...] = ()
    #: The claim in which a slip was not looked for yet, if it is wrong.
    unexplained: Claim | None = field(default=None, compare=False, repr=False)
    #: What it may mean as well and which fails too: the slip may have been made in that.
    otherwise: Otherwise | None = field(default=None, compare=False, repr=False)

    @property
    def is_right(self) -> bool:
        return self.verdict in ("right", "right_under_reading")
