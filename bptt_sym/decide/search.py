"""The search over the readings of one equation: what each of them says, and whether it holds.

The search is made once for an equation and kept: the verdict, the counterexample and the diagnosis
look at the same results. Where vectors are concerned, most readings differ only in how shapes are
laid out. With one unit every quantity is a number and all of these say the same: what fails there
fails for vectors too (it is claimed of every dimension), so a layout is tried only for what holds
for one unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from weakref import ref

from bptt_sym.decide.conventions import STRICT
from bptt_sym.decide.domains import P_, Undefined
from bptt_sym.decide.identity import Arena, Outcome, holds, sides_at
from bptt_sym.decide.instances import Env
from bptt_sym.decide.readings import ASCENDING, HADAMARD_FIRST, ROW_LAST, Reading
from bptt_sym.decide.tensor import Mismatch, rank
from bptt_sym.decide.trials import MAX_TRIALS, Drafts, Seen, Trial, combos
from bptt_sym.decide.world import Absent
from bptt_sym.entries import Entries
from bptt_sym.errors import BpttError
from bptt_sym.notation import Claim, Concat, Matrix, Node, Sym, walk
from bptt_sym.recurrence import Recurrence
from bptt_sym.slices import Slice

#: Readings that only arrange rows and columns, whatever they rewrite.
_OF_SHAPE = frozenset(r.code for r in (ASCENDING, HADAMARD_FIRST, ROW_LAST))
#: Searches that an arena keeps.
KEPT = 8


@dataclass(frozen=True)
class Tried:
    """One reading with what became of it.

    ``one_unit`` says that it was refuted for one unit, and stands for all readings that say the
    same there.
    """

    trial: Trial
    outcome: Outcome
    one_unit: bool = False


class Search:
    """The readings of ``claim`` in the documented order, each tried when it is asked for."""

    def __init__(self, claim: Claim, arena: Arena) -> None:
        self.claim = claim
        # (It is kept with the arena, which therefore it does not keep.)
        self._arena = ref(arena)
        #: Whether there are more readings than are tried.
        self.truncated = False
        self._drafts = Drafts(claim, arena.rec)
        self._tried: list[Tried] = []
        self._rest = self._run()
        #: What broke the search off: whoever asks again meets it again, and not an end.
        self._broken: Exception | None = None
        self._outcomes: dict[Any, Outcome] = {}

    @property
    def arena(self) -> Arena:
        """The arena in which it is made, and which lasts as long."""
        found = self._arena()
        assert found is not None, "whoever searches has the arena in hand"
        return found

    @classmethod
    def of(cls, claim: Claim, arena: Arena) -> Search:
        """The search for ``claim``, the one that was made before if there was one."""
        key = (claim.sides, arena.scope, arena.stated)
        kept: dict[Any, Search] = arena.searches
        found = kept.get(key)
        if found is None:
            while len(kept) >= KEPT:
                del kept[next(iter(kept))]
            found = kept[key] = cls(claim, arena)
        return found

    def __iter__(self) -> Iterator[Tried]:
        at = 0
        while True:
            if at == len(self._tried):
                if self._broken is not None:
                    raise self._broken.with_traceback(None)
                try:
                    more = next(self._rest, None)
                except Exception as error:
                    self._broken = error
                    raise
                if more is None:
                    return
                self._tried.append(more)
            yield self._tried[at]
            at += 1

    def outcome(self, trial: Trial) -> Outcome:
        """Whether ``trial`` holds. Raises what the interpreter cannot do."""
        known = self._outcomes.get(trial.content)
        if known is None:
            known = self._outcomes[trial.content] = holds(self.arena, trial)
        return known

    def readings(self, most: int) -> Iterator[Trial]:
        """The trials of at most ``most`` readings, tried before or not."""
        seen: Seen = set()
        for combo in combos(self.claim, self.arena.rec, self.arena.stated):
            if len(combo) > most:
                continue  # simplest first: two readings may be further from the text than three
            trial = self._drafts.fresh(combo, seen)
            if trial is not None:
                yield trial

    def _run(self) -> Iterator[Tried]:
        arena = self.arena
        units = OneUnit(self.claim, arena, self._drafts)
        seen: Seen = set()
        fits = False
        count = 0
        #: What changes the numbers in readings under which the claim speaks of nothing.
        absent: set[tuple[int, ...]] = set()
        for combo in combos(self.claim, arena.rec, arena.stated):
            kept = tuple(id(r) for r in combo if changes_numbers(r))
            if kept in absent:
                continue
            # That the shapes fit under some reading is for vectors to show.
            if fits and units.usable:
                refuted, fresh = units.refuted(combo)
                if refuted is not None:
                    if fresh:
                        yield Tried(refuted[0], Outcome(False, witness=refuted[1]), True)
                    continue
            trial = self._drafts.fresh(combo, seen)
            if trial is None:
                continue
            outcome = self.outcome(trial)
            fits = fits or outcome.holds is False
            if outcome.absent:
                absent.add(kept)
            yield Tried(trial, outcome)
            count += 1
            if count >= MAX_TRIALS:
                self.truncated = True
                return


class OneUnit:
    """The readings of a claim about vectors as they are for one unit."""

    def __init__(self, claim: Claim, arena: Arena, drafts: Drafts) -> None:
        self.arena = arena
        self.drafts = drafts
        self._known: dict[tuple[int, ...], tuple[Trial, Env] | None] = {}
        self._values: dict[Any, tuple[Trial, Env] | None] = {}
        self.usable = not arena.rec.is_scalar and is_of_numbers(claim.sides, arena.rec)

    def refuted(self, combo: tuple[Reading, ...]) -> tuple[tuple[Trial, Env] | None, bool]:
        """A trial and an instance at which the numbers differ; whether it is a new one.

        ``None`` if what ``combo`` says holds for one unit or has no value there.
        """
        kept = tuple(r for r in combo if changes_numbers(r))
        key = tuple(map(id, kept))
        if key in self._known:
            return self._known[key], False
        trial = self.drafts.trial(kept)
        found: tuple[Trial, Env] | None = None
        fresh = False
        if not self.drafts.vacuous(trial):
            what = (trial.claim.sides, trial.conventions.lenient, trial.hypotheses)
            fresh = what not in self._values
            if fresh:
                self._values[what] = self._refuted(trial)
            found = self._values[what]
        self._known[key] = found
        return found, fresh

    def _refuted(self, trial: Trial) -> tuple[Trial, Env] | None:
        env = self.arena.place(trial.claim.sides)
        if env is None:
            return None
        try:
            a, b = sides_at(self.arena.one_unit(trial.hypotheses), trial, env)
        except (Absent, Mismatch, Undefined, BpttError):
            return None
        if rank(a) or rank(b):
            return None
        return None if (a - b) % P_ == 0 else (trial, env)


def is_of_numbers(sides: tuple[Node, ...], rec: Recurrence) -> bool:
    """Whether one unit makes numbers of all that the sides are about."""
    return not any(
        isinstance(n, (Concat, Entries, Matrix, Slice))
        or (isinstance(n, Sym) and n.name in rec.blocks)
        for side in sides
        for n in walk(side)
    )


def changes_numbers(reading: Reading) -> bool:
    """Whether a reading says something else even if every quantity is a number."""
    if reading.hypothesis is not None:
        return True
    if reading.rewrite is not None:
        return reading.code not in _OF_SHAPE
    return any(getattr(STRICT, name) != value for name, value in reading.conventions
               if name == "lenient")  # fmt: skip
