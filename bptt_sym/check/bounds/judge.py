"""The verdict of a bound or a limit: proved factor by factor, or refuted by certified numbers.

A right bound rests on the rules of :mod:`bptt_sym.check.bounds.magnitude`, which the verdict lists;
a wrong one has a point at which the enclosures of both sides are in the wrong order, or a family of
runs along which a limit is another one. Near misses say which hypothesis would make them true.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

from bptt_sym.check.bounds.common_gradients import with_any_gradient
from bptt_sym.check.bounds.compare import (
    at_most,
    counted,
    exact,
    geometric,
    has_axes,
    hypothesis,
    merged,
    names_of,
    side_by_side,
    values_in,
    vanishes,
)
from bptt_sym.check.bounds.entries import of_one_entry
from bptt_sym.check.bounds.kinds import (
    LARGEST,
    LARGEST_ONLY,
    SPECTRAL,
    comparable,
    in_every_order,
    is_slope,
    leaves_open,
    of_diagonals,
    of_largest_entries,
    rules_used,
    with_spectral_norms,
    within_norms,
)
from bptt_sym.check.bounds.limits import limit
from bptt_sym.check.bounds.magnitude import Bounder
from bptt_sym.check.bounds.refuting import Refutation
from bptt_sym.check.bounds.sizes import Sizes, parted, put_in, supposed_signs, with_signs
from bptt_sym.check.bounds.terms import Magnitude, Unbounded
from bptt_sym.check.bounds.theorems import (
    START,
    by_theorem,
    refuse_contradiction,
    with_theorem,
)
from bptt_sym.decide.identity import Arena, holds
from bptt_sym.decide.instances import claim_indices
from bptt_sym.decide.readings import DIRECT_PATH, IMMEDIATE
from bptt_sym.decide.trials import Trial, trials
from bptt_sym.decide.verdict import Diagnosis, Verdict
from bptt_sym.diagnose.diagnosis import CODES
from bptt_sym.errors import BpttError
from bptt_sym.messages import marked
from bptt_sym.notation import (
    STEEPEST,
    Abs,
    Claim,
    Node,
    Norm,
    Num,
    Prod,
    Sym,
    Transpose,
    rebuild,
    walk,
)
from bptt_sym.read.vocabulary import CONSTANT
from bptt_sym.recurrence import Recurrence
from bptt_sym.render.text import text

F = Fraction
EQUAL = marked("with ≤ it holds: the two sides may be equal")
UNREAD = marked("a hypothesis is not a bound on the size of a parameter")
NO_ORDER = marked("no rule shows this order of growth")
_OPEN_SLOPE = marked("it bounds the slope of a function that nothing gives")
_FAR = marked("it fails only for a start out of the range of the activation")
_REVERSED = {">=": "<=", ">": "<"}


def judge_bound(
    claim: Claim,
    rec: Recurrence,
    arena: Arena,
    assume: Sequence[Claim] = (),
    *,
    theorems: bool = True,
    units: bool = True,
) -> Verdict:
    """Judge one relation ``≤ < ≥ >`` or ``→``; hypotheses are ``claim.given`` and ``assume``.

    Without ``theorems`` the kernel is not asked, whose search may take seconds; without ``units``
    it is refuted by runs of one unit alone.
    Raises :class:`~bptt_sym.errors.InputError` if the hypotheses contradict each other.
    """
    op = claim.ops[0]
    if op in _REVERSED:
        sides = (claim.sides[1], claim.sides[0])
        turned = replace(claim, sides=sides, ops=(_REVERSED[op],))  # type: ignore[arg-type]
        found = judge_bound(turned, rec, arena, assume, theorems=theorems, units=units)
        shown = found.counterexample
        if shown is None:
            return found
        # What is shown are the sides as they are written.
        return replace(
            found, counterexample=replace(shown, left=shown.right, right=shown.left)
        )
    # (Values that are supposed are in the arena.)
    given = parted((*claim.given, *(a for a in assume if a.ops != ("=",))))
    values = put_in(arena.fixed)
    signs = supposed_signs(claim, given, rec, values)
    given += signs
    refuse_contradiction(given, rec)
    sizes = Sizes.of(given, values)
    if sizes.unread:
        kept = replace(claim, given=tuple(g for g in given if g not in sizes.unread))
        found = judge_bound(kept, rec, arena, theorems=theorems, units=units)
        return found if found.is_right else Verdict("undecided", note=UNREAD)
    claim = of_diagonals(claim, rec)
    spectral = leaves_open(*claim.sides) and _in_the_spectral_norm(claim, rec, arena, assume)
    if spectral:
        return spectral
    case = Case(replace(claim, given=()), rec, arena, sizes, given, theorems, units)
    case.supposed = tuple(map(text, signs))
    if op in ("<=", "<"):
        return without_norm(claim, rec, arena, assume) or case.inequality()
    if op == "->":
        return limit(case)
    return Verdict("undecided", note=f"the relation {op} is not judged")


def _in_the_spectral_norm(
    claim: Claim, rec: Recurrence, arena: Arena, assume: Sequence[Claim]
) -> Verdict | None:
    """The verdict, if it is right, where a norm that is left open beside another is this one."""
    named = replace(claim, sides=tuple(map(with_spectral_norms, claim.sides)))
    verdict = judge_bound(named, rec, arena, assume, theorems=False)
    if not verdict.is_right:
        return None
    return replace(
        verdict, verdict="right_under_reading", readings=(*verdict.readings, SPECTRAL)
    )


def without_norm(
    claim: Claim, rec: Recurrence, arena: Arena, assume: Sequence[Claim]
) -> Verdict | None:
    """The verdict of ``A ≤ b`` for a matrix or vector A, which has no size without a norm.

    Read in norm it may be right; what fails for one unit already fails however it is read. ``None``
    if both sides are numbers.
    """
    whole = any(has_axes(s, rec) for s in claim.sides)
    if rec.is_scalar or not (whole or any(side_by_side(s, rec) for s in claim.sides)):
        return None
    entry = of_one_entry(claim, rec)
    if entry is not None:
        verdict = judge_bound(entry.claim, entry.model, Arena.of(entry.model))
        if verdict.is_right:
            started = (START,) if entry.started else ()
            return replace(
                verdict,
                verdict="right_under_reading",
                readings=(*verdict.readings, "vectors are compared entry by entry"),
                assumptions=(*verdict.assumptions, *started),
                scope="every step, every entry, every dimension",
            )
        weaker = replace(entry.claim, ops=("<=",))
        if (
            verdict.verdict == "wrong"
            and claim.ops == ("<",)
            and judge_bound(weaker, entry.model, Arena.of(entry.model)).is_right
        ):
            return replace(verdict, note=EQUAL)
    if not whole:
        return None
    sides = tuple(Norm(s, "any") if has_axes(s, rec) else s for s in claim.sides)
    verdict = judge_bound(replace(claim, sides=sides), rec, arena, assume, units=False)
    if verdict.is_right:
        said = "vectors and matrices are compared by their norms"
        return replace(
            verdict, verdict="right_under_reading", readings=(*verdict.readings, said)
        )
    if verdict.verdict == "wrong":
        return replace(
            verdict, diagnosis=Diagnosis("BP025", CODES["BP025"] + ", and the norm is not below it")
        )
    return verdict


def _turned_as_in(left: Node, node: Node) -> Node:
    """``node`` with those parameters transposed that ``left`` has transposed only."""
    turned = {n.arg.name for n in walk(left) if isinstance(n, Transpose) and isinstance(n.arg, Sym)}

    def change(n: Node) -> Node:
        if isinstance(n, Transpose) and isinstance(n.arg, Sym):
            return n
        n = rebuild(n, change)
        return Transpose(n) if isinstance(n, Sym) and n.name in turned else n

    return change(node)


class Case:
    def __init__(
        self,
        claim: Claim,
        rec: Recurrence,
        arena: Arena,
        sizes: Sizes,
        given: Sequence[Claim],
        theorems: bool = True,
        units: bool = True,
    ) -> None:
        self.theorems = theorems
        self.units = units
        self.claim = claim
        self.rec = rec
        self.arena = arena
        self.sizes = sizes
        self.given = given
        self.hypotheses = tuple(text(g) for g in given)
        #: Those of them that the text does not state.
        self.supposed: tuple[str, ...] = ()

    def readings(self) -> Iterator[Trial]:
        """The literal claim, and those with immediate or direct-path derivatives."""
        allowed = {IMMEDIATE.code, DIRECT_PATH.code}
        for trial in trials(self.claim, self.rec):
            if len(trial.readings) > 1:
                return
            if {r.code for r in trial.readings} <= allowed:
                yield trial

    def inequality(self) -> Verdict:
        why = ""
        for trial in self.readings():
            try:
                proved = self._prove(trial)
            except Unbounded as e:
                why = why or str(e)
                continue
            if proved is not None:
                return proved
        if any(n == Sym(CONSTANT) for n in walk(self.claim.sides[1])):
            return Verdict("undecided", note=why or self.near_miss() or NO_ORDER)
        if (proved := self._of_any_gradient()) is not None:
            return proved
        if any(isinstance(n, Sym) and n.name.startswith(STEEPEST)
               for side in self.claim.sides for n in walk(side)):  # fmt: skip
            # (No value can be chosen for the steepest slope of a function that may be any.)
            return Verdict("undecided", note=why or _OPEN_SLOPE)
        search = Refutation(
            next(self.readings()), self.rec, self.arena, self.given, self.units
        )
        shown = search.found()
        if shown is not None and (other := self._of_largest_entries()) is not None:
            return other
        if shown is not None:
            hint = self.near_miss()
            return Verdict(
                "wrong",
                counterexample=shown,
                method="both sides enclosed by Arb balls, in the wrong order",
                note=hint,
            )
        if search.begins_far:
            return Verdict("undecided", note=_FAR)
        if self.theorems:
            proved = by_theorem(self.claim, self.rec, self.given, self.hypotheses)
            if proved is not None:
                return proved
        tried = "no counterexample was found among small rational values"
        return Verdict("undecided", note="; ".join(p for p in (why, self.near_miss(), tried) if p))

    def _of_any_gradient(self) -> Verdict | None:
        """The verdict if it holds whatever the gradient is that both sides have."""
        if (found := with_any_gradient(self.claim, self.rec)) is None:
            return None
        claim, rec = found
        return Case(claim, rec, Arena.of(rec), self.sizes, self.given, False, self.units)._proof()

    def _proof(self) -> Verdict | None:
        for trial in self.readings():
            try:
                if (found := self._prove(trial)) is not None:
                    return found
            except Unbounded:
                continue
        return None

    def _of_largest_entries(self) -> Verdict | None:
        """The verdict if it holds where norms of vectors that are left open are largest entries.

        A vector of slopes stands for the diagonal matrix of it; for others nothing tells so.
        """
        sides, vectors = of_largest_entries(self.claim, self.rec)
        if not vectors:
            return None
        other = Case(
            replace(self.claim, sides=sides), self.rec, self.arena, self.sizes, self.given, False
        )
        if (found := other._proof()) is None:
            return None
        if not all(map(is_slope, vectors)):
            return Verdict("undecided", note=LARGEST_ONLY)
        readings = (*found.readings, LARGEST)
        return replace(found, verdict="right_under_reading", readings=readings)

    def _prove(self, trial: Trial) -> Verdict | None:
        left, right = trial.claim.sides
        if comparable(left, right):
            split = self._submultiplicative(left, right)
            if split is not None:
                return _under(split, trial)
        elif leaves_open(left, right):
            raise Unbounded("the two sides are measured by norms of different kinds")
        for started in (self._starts_small(), True):
            bounder = Bounder(self.rec, started, atoms=names_of(values_in(right)))
            try:
                upper = bounder.bound(left)
                seen = self._below(upper, right)
            except Unbounded:
                if started:
                    raise
                continue
            if seen is None:
                continue
            assumed = (START,) if bounder.needed_start and not self._starts_small() else ()
            return self.proved(bounder, trial, assumed)
        return None

    def _below(self, upper: Magnitude, right: Node) -> bool | None:
        strict = self.claim.ops[0] == "<"
        for candidate in (upper, counted(upper, self.sizes)):
            target = self._target(right, candidate)
            if target is None:
                continue
            seen, strictly = at_most(candidate, target, self.sizes)
            if seen and (strictly or not strict):
                return True
        return None

    def _target(self, right: Node, upper: Magnitude) -> Magnitude | None:
        """The right side as an exact sum of sizes; closed geometric sums are recognised."""
        for base, count, closed in geometric(merged(upper), self.sizes):
            if any(right == c for c in closed):
                return tuple(t for t in merged(upper)) if base and count else None
        if not all(map(self.sizes.is_positive, with_signs(right, self.rec))):
            return None  # what may be negative bounds nothing
        try:
            return exact(right, self.rec)
        except Unbounded:
            return None

    def proved(self, bounder: Bounder, trial: Trial, assumed: tuple[str, ...]) -> Verdict:
        names = claim_indices(trial.claim.sides, self.rec)
        readings = tuple(r.message for r in trial.readings)
        scope = f"every {', '.join(names)}" if names else "as it stands"
        if not self.rec.is_scalar:
            scope += ", every dimension"
        verdict = Verdict(
            "right_under_reading" if readings or assumed or self.supposed else "right",
            scope=scope,
            readings=readings,
            assumptions=(*self.hypotheses, *assumed),
            method="bounded factor by factor: " + ", ".join(bounder.reasons),
        )
        if not self.theorems:
            return verdict
        return with_theorem(verdict, trial.claim, self.rec, self.given)

    def _submultiplicative(self, left: Node, right: Node) -> Verdict | None:
        r"""``‖A‖ ≤ ‖X‖ ‖Y‖``, ``‖A‖ ≤ \sum ‖X‖`` where A = XY, A = \sum X are identities."""
        if not isinstance(left, (Norm, Abs)) or self.claim.ops[0] != "<=":
            return None
        ways = (True, False) if any(isinstance(n, Prod) for n in walk(right)) else (True,)
        for ordered, descending in product(in_every_order(right), ways):
            inner = within_norms(ordered, descending)
            if inner is None:
                return None
            if (found := self._as_product(left.arg, inner, right)) is not None:
                return found
            # Where a matrix and its transpose are of one size, on the right it may stand unturned.
            turned = _turned_as_in(left.arg, inner)
            kinds = {n.ord for n in (left, *walk(right)) if isinstance(n, Norm)}
            if turned == inner or not kinds <= {"any", "2", "F"}:
                continue
            found = self._as_product(left.arg, turned, right)
            if found is not None and "any" in kinds:
                from bptt_sym.spelling.signs import SAME_NORM

                readings = (*found.readings, SAME_NORM)
                found = replace(found, verdict="right_under_reading", readings=readings)
            if found is not None:
                return found
        return None

    def _as_product(self, left: Node, inner: Node, right: Node) -> Verdict | None:
        """The verdict of a bound by norms whose arguments make up ``inner``, if it is ``left``."""
        for trial in trials(Claim((left, inner), ("=",)), self.rec):
            if len(trial.readings) > 1:
                break
            if any(r.hypothesis is not None for r in trial.readings):
                continue  # from a start at 0 both sides may be nothing
            try:
                outcome = holds(self.arena, trial)
            except BpttError:
                break
            if outcome.holds:
                scope = "every step" if outcome.every else f"T <= {outcome.longest}"
                return Verdict(
                    "right" if not trial.readings else "right_under_reading",
                    scope=scope,
                    readings=tuple(r.message for r in trial.readings),
                    assumptions=self.hypotheses,
                    method=rules_used(right),
                )
        return None

    def _starts_small(self) -> bool:
        """Whether every initial state is fixed at a number of size below 1."""
        for state in self.rec.states:
            node = self.arena.fixed.get((state, 0)) or self.rec.initial.get(state)
            if not (isinstance(node, Num) and abs(node.value) < 1):
                return False
        return True

    def near_miss(self) -> str:
        """The weakest of the documented hypotheses that makes the claim provable."""
        for trial in self.readings():
            bounder = Bounder(self.rec, True)
            limit = trial.claim.sides[1]
            if self.claim.ops[0] == "->" and limit != Num(F(0)):
                continue  # what vanishes has no other limit
            try:
                upper = bounder.bound(trial.claim.sides[0])
            except Unbounded:
                continue
            bases = {b for t in upper for b, _ in t.powers if isinstance(b, tuple)}
            names = sorted((b for b in bases if b[0] in ("|", "‖")), key=repr)
            for base in names:
                for value, strict in ((F(4), False), (F(4), True), (F(1), False), (F(1), True)):
                    trial_sizes = replace(self.sizes, upper=dict(self.sizes.upper))
                    if base in self.sizes.lower and self.sizes.lower[base][0] >= value:
                        continue  # the claim supposes the contrary
                    trial_sizes.upper[base] = (value, strict)
                    case = Case(self.claim, self.rec, self.arena, trial_sizes, self.given)
                    if self.claim.ops[0] == "->":
                        if vanishes(upper, trial_sizes):
                            return f"true if also {hypothesis(base, value, strict)}"
                    elif case._below(upper, trial.claim.sides[1]):
                        return f"true if also {hypothesis(base, value, strict)}"
        return ""


def _under(verdict: Verdict, trial: Trial) -> Verdict:
    """``verdict`` with the readings under which it was found."""
    if not trial.readings:
        return verdict
    said = (*(r.message for r in trial.readings), *verdict.readings)
    return replace(verdict, verdict="right_under_reading", readings=said)
