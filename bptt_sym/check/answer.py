"""A recurrence with its hypotheses, ready to judge claims about it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from bptt_sym.check.judged import Judged, fault_in
from bptt_sym.decide.verdict import Verdict
from bptt_sym.documents.document import Formula
from bptt_sym.entries import Entries
from bptt_sym.errors import InputError, NotSupported
from bptt_sym.messages import marked
from bptt_sym.notation import (
    At,
    Claim,
    D,
    Idx,
    Node,
    Num,
    Sym,
    free_indices,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import HORIZON, Recurrence
from bptt_sym.slices import said_of_bounds

if TYPE_CHECKING:
    from bptt_sym.decide.identity import Arena

IN_A_REGIME: Final = marked("the text speaks of a regime in which the limit may be another one")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Court:
    """A model with its hypotheses, ready to judge many claims about it."""

    model: Recurrence
    #: Values that are put in.
    assume: tuple[Claim, ...]
    #: Conditions such as |w| < 1.
    given: tuple[Claim, ...]
    arena: Arena
    #: How many steps a run has that the text writes out: the T of its examples.
    lengths: frozenset[int] = frozenset()

    @classmethod
    def of(cls, model: Recurrence, assume: Sequence[Claim] = ()) -> Court:
        """A court for ``model``.

        Raises
        ------
        InputError
            A hypothesis that is neither "element = constant" nor an inequality.
        """
        from bptt_sym.decide.identity import Arena
        from bptt_sym.decide.judge import assumptions

        given = tuple(a for a in assume if set(a.ops) <= _ORDERS)
        values = tuple(a for a in assume if a not in given)
        return cls(model, values, given, Arena(model, assumptions(values)))

    def judge(
        self,
        claim: Claim,
        *,
        exact: Collection[Node] = (),
        regime: bool = False,
        theorems: bool = True,
        explain: bool = True,
    ) -> Verdict:
        """The verdict of one claim; a failure of the program itself is an honest "undecided".

        ``exact`` are left sides whose exact value was stated before, ``regime`` says that the text
        speaks of conditions under which ≈ may leave things out. Without ``theorems`` bounds are
        judged by rules and numbers only, which is fast; without ``explain`` no slip is looked for
        in what is wrong (:meth:`explained` does that later).
        """
        from bptt_sym.check.absolute_values import with_products_inside
        from bptt_sym.check.bounds import judge_bound
        from bptt_sym.check.bounds.kinds import of_diagonals
        from bptt_sym.check.spectral import is_spectral, judge_with_sizes
        from bptt_sym.decide import decide
        from bptt_sym.diagnose.diagnosis import explained
        from bptt_sym.render.text import text as shown

        if self.given:
            return replace(self, given=()).judge(
                replace(claim, given=(*claim.given, *self.given)),
                exact=exact, regime=regime, theorems=theorems, explain=explain,
            )  # fmt: skip
        try:
            if any(is_spectral(s, self.model) for s in claim.sides):
                return judge_with_sizes(claim, self.model, self.judge)
            if claim.given and all(op == "=" for op in claim.ops):
                return self._under_hypotheses(claim)
            if values := [g for g in claim.given if _fixes_a_value(g)]:
                rest = tuple(g for g in claim.given if g not in values)
                put = (replace(g, source=shown(g)) for g in values)
                return Court.of(self.model, (*self.assume, *put)).judge(
                    replace(claim, given=rest), theorems=theorems, explain=explain
                )
            claim = with_products_inside(of_diagonals(claim, self.model), self.model)
            verdict = decide(
                claim, self.model, assume=self.assume, arena=self.arena,
                bounds=partial(judge_bound, theorems=theorems),
            )  # fmt: skip
            if verdict.verdict == "wrong":
                verdict = self._in_a_short_run(claim) or verdict
            if verdict.is_right and (said := said_of_bounds(claim)):
                verdict = replace(
                    verdict, verdict="right_under_reading",
                    assumptions=(*verdict.assumptions, *said),
                )  # fmt: skip
            if any(isinstance(side, Entries) for side in claim.sides):
                return verdict  # no edit of entries has a name
            verdict = self._approximated(claim, verdict, exact, regime)
            if explain or verdict.verdict != "wrong":
                return explained(verdict, claim, self.model, self.arena)
            return replace(verdict, unexplained=claim)
        except InputError:
            raise
        except NotSupported as error:
            return Verdict("undecided", note=str(error))
        except Exception as error:  # one formula must not take the others with it
            return internal_error(error)

    def explained(self, verdict: Verdict, claim: Claim) -> Verdict:
        """``verdict`` of ``claim`` with the slip that was made, if it is wrong."""
        from bptt_sym.diagnose.diagnosis import explained

        found = explained(verdict, claim, self.model, self.arena)
        return replace(found, unexplained=None)

    def _approximated(
        self, claim: Claim, verdict: Verdict, exact: Collection[Node], regime: bool
    ) -> Verdict:
        """``verdict`` with its approximations and proportions judged."""
        if regime and verdict.verdict == "wrong" and set(claim.ops) == {"->"}:
            return Verdict("undecided", note=IN_A_REGIME)
        if not {"~", "prop"} & set(claim.ops):
            return verdict
        from bptt_sym.check.approximation import approximation, proportion
        from bptt_sym.decide.judge import summary

        links = list(verdict.links or (verdict,))
        stated = claim.sides[0] in exact
        for i, (op, side) in enumerate(zip(claim.ops, claim.sides[1:], strict=True)):
            link = Claim((claim.sides[0], side), (op,), claim.source)
            stated |= op == "=" and links[i].is_right
            if links[i].verdict != "undecided":
                continue
            if op == "prop":
                links[i] = proportion(link, self.model, self.arena)
            elif op == "~" and (stated or regime):
                found = approximation(link, self.model, self.arena, allowed=regime)
                links[i] = found or links[i]
        return links[0] if len(links) == 1 else summary(links)

    def decide(self, claim: Claim) -> Verdict:
        """The verdict of an equation without a diagnosis."""
        from bptt_sym.decide import decide

        return decide(claim, self.model, assume=self.assume, arena=self.arena)

    def holds(self, claim: Claim) -> Verdict | None:
        """The verdict of an equation that is right, ``None`` for every other."""
        from bptt_sym.decide import decide

        found = decide(claim, self.model, assume=self.assume, arena=self.arena, refute=False)
        return found if found.is_right else None

    def _in_a_short_run(self, claim: Claim) -> Verdict | None:
        """A formula about the whole run that is written for three steps, say: then T is 3.

        Where it names both, h_3 and T, the text must have said so; else it stays undecided.
        """
        from bptt_sym.decide.instances import Scope

        nodes = [n for s in claim.sides for n in walk(s)]
        totals = any(isinstance(n, Sym) and n.name in self.model.totals for n in nodes)
        steps = [int(n.time.value) for n in nodes if isinstance(n, At) and isinstance(n.time, Num)]
        free = {i for s in claim.sides for i in free_indices(s)}
        said = HORIZON not in free or max(steps, default=0) in self.lengths
        free.discard(HORIZON)
        if not totals or free or max(steps, default=0) < 2:
            return None
        before = self.arena.scope
        self.arena.scope = Scope(horizon=max(steps))
        try:
            verdict = self.decide(claim)
        finally:
            self.arena.scope = before
        if not verdict.is_right:
            return None
        steps_said = f"the run has {max(steps)} steps"
        if not said:
            unsaid = f"it holds if {steps_said}, which the text does not say"
            return Verdict("undecided", note=unsaid)
        return replace(verdict, assumptions=(*verdict.assumptions, steps_said))

    def _under_hypotheses(self, claim: Claim) -> Verdict:
        """Hypotheses that fix a value, or the steps, are put in; under others only what needs none
        is decided.
        """
        claim = replace(claim, given=tuple(g for g in claim.given if not _always_holds(g)))
        from bptt_sym.decide.instances import is_about_steps

        steps = tuple(g for g in claim.given if is_about_steps(g))
        if steps:
            rest = tuple(g for g in claim.given if g not in steps)
            return self._at_steps(replace(claim, given=rest), steps)
        values = [g for g in claim.given if _fixes_a_value(g)]
        court = Court.of(self.model, (*self.assume, *values)) if values else self
        verdict = court.judge(replace(claim, given=()))
        if verdict.verdict == "wrong" and len(values) < len(claim.given):
            return Verdict("undecided", note="its hypothesis is not a value that can be put in")
        return verdict


    def _at_steps(self, claim: Claim, steps: Sequence[Claim]) -> Verdict:
        """The verdict about those steps only: ``t = T`` is put in, the others bound the steps."""
        for g in steps:
            if g.ops == ("=",) and isinstance(g.sides[0], Idx):
                name, value = g.sides[0].name, g.sides[1]
                claim = replace(
                    claim, sides=tuple(substitute_index(s, name, value) for s in claim.sides)
                )
        before = self.arena.scope
        self.arena.scope = before.within(steps)
        try:
            return self.judge(claim)
        finally:
            self.arena.scope = before


#: Relations of hypotheses that are conditions, not values.
_ORDERS: Final = frozenset(("<", "<=", ">", ">="))


def worked_out(side: Node) -> bool:
    """Whether a side says what a derivative is, not only how it is made up of others."""
    return not any(isinstance(n, D) for n in walk(side))


def _always_holds(claim: Claim) -> bool:
    """Whether a hypothesis is true of every step: ``t > 0``, ``1 \\le t``."""
    if len(claim.sides) != 2 or claim.ops[0] not in _ORDERS:
        return False
    small, great = claim.sides if claim.ops[0] in ("<", "<=") else claim.sides[::-1]
    least = 0 if claim.ops[0] in ("<", ">") else 1
    return isinstance(great, Idx) and isinstance(small, Num) and small.value <= least


def _fixes_a_value(claim: Claim) -> bool:
    """Whether a hypothesis says that one symbol is a constant."""
    return (
        claim.ops == ("=",)
        and isinstance(claim.sides[0], (At, Sym))
        and not any(isinstance(n, (At, Sym)) for n in walk(claim.sides[1]))
    )


def internal_error(error: Exception) -> Verdict:
    """A fault of this program, which says nothing about the formula."""
    _LOG.debug("internal error", exc_info=error)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Verdict(
        "undecided",
        note=f"internal error of bptt-sym, not of the formula ({what[:200]}); please report it",
    )


def unreadable(formula: Formula, error: InputError, model: str = "") -> Judged:
    """A formula with the reason why it cannot be read."""
    verdict = Verdict("unreadable", note=error.message)
    shown = formula.shown(0, len(formula.latex))
    return Judged(
        formula.place(), shown, verdict, model, fault_in(formula, error), formula.display
    )
