"""Claims whose shapes fit under no reading, of which some are plainly wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from bptt_sym.check.answer import Court
from bptt_sym.check.dimension import claim_of_one_unit
from bptt_sym.check.own_row import by_own_row, of_numbers, says_vectors
from bptt_sym.check.wording import MISFITS, fixes_a_number, in_a_case, vacuous_in
from bptt_sym.decide.verdict import MISFIT, Diagnosis, Verdict
from bptt_sym.diagnose.diagnosis import OF_SHAPE, diagnose, mended, mended_left, misfit
from bptt_sym.diagnose.other_cuts import other_cuts
from bptt_sym.messages import marked
from bptt_sym.notation import Claim, Concat, Diag, Had, Prod, Sum, Sym, Transpose, walk
from bptt_sym.recurrence import Recurrence
from bptt_sym.slices import has_slices, said_of_bounds

#: Other slices that are tried for those of one formula.
MAX_CUTS = 24


def without_shapes(
    claim: Claim,
    verdict: Verdict,
    court: Court,
    one_unit: Court | None,
    turned: Collection[str] = (),
) -> Verdict:
    """The verdict of ``claim``, whose shapes fit under no reading.

    It may fail without any shapes as well: ``one_unit`` is the court of the model with one unit,
    if there is such a model. ``turned`` are parameters that the text transposes elsewhere, and
    so are matrices.
    """
    relation = _that_misfits(claim, verdict)
    nodes = [n for s in claim.sides for n in walk(s)]
    if has_slices(relation):
        return verdict  # (the parts that are meant say more: with_other_parts)
    if any(isinstance(n, Concat) for n in nodes):
        # (Of joined vectors a factor at the wrong place alone is plain.)
        slip = diagnose(relation, court.model, court.arena)
        told = slip is not None and slip.code == "BP010"
        return _misfits(slip) if told else verdict
    if (own := by_own_row(claim, court)) is not None:
        return own
    if one_unit is None:
        slip = diagnose(relation, court.model, court.arena)
        slip = slip or _from_the_first(claim, verdict, court)
        if slip is None:
            return verdict
        nodes = [n for side in relation.sides for n in walk(side)]
        lone = any(isinstance(n, Prod) for n in nodes) and not any(
            isinstance(n, Sum) for n in nodes
        )
        if slip.code == "BP014" and not lone:
            return verdict  # ∂h_T/∂W may be meant along every path
        return _misfits(slip)
    single = one_unit.judge(claim_of_one_unit(claim, court.model), explain=False)
    if single.verdict == "wrong" and fixes_a_number(claim, single):
        return in_a_case(claim, verdict)
    if single.verdict != "wrong" and not single.is_right:
        return verdict
    if idle := vacuous_in(claim, court.model):
        return Verdict("undecided", note=f"no definition uses {idle}: what depends on it?")
    slip = diagnose(relation, court.model, court.arena)
    if single.is_right and (slip is None or slip.code not in OF_SHAPE):
        slip = _from_the_first(claim, verdict, court) or slip
    if single.verdict == "wrong":
        if slip is None and single.unexplained is not None:
            single = one_unit.explained(single, single.unexplained)
        # A correction for one unit is none for vectors.
        shown = slip or (single.diagnosis and replace(single.diagnosis, corrected=""))
        note = f"already for one unit; {verdict.note}"
        return replace(single, diagnosis=shown, note=note, unexplained=None)
    if slip is not None and slip.code == "BP021" and not _says_how_it_multiplies(claim):
        slip = None  # vectors side by side may tell no more than which factors there are
    found = misfit(claim, court.model, slip)
    if found is not None:
        return Verdict(
            "wrong", diagnosis=found, method="the shapes fit under no reading",
            note=marked("as it stands its shapes do not fit; for one unit it holds"),
        )  # fmt: skip
    if not says_vectors(claim) and not set(turned) & {
        n.name for side in claim.sides for n in walk(side) if isinstance(n, Sym)
    }:
        return of_numbers(single)
    return replace(verdict, note=f"{verdict.note}; for one unit it holds")


def _says_how_it_multiplies(claim: Claim) -> bool:
    """Whether some product entry by entry, diagonal matrix or transpose is written in it."""
    nodes = (n for side in claim.sides for n in walk(side))
    return any(isinstance(n, (Had, Diag, Transpose)) for n in nodes)


def with_other_parts(
    claim: Claim, verdict: Verdict, rec: Recurrence, judge: Callable[[Claim], Verdict]
) -> Verdict:
    """The verdict of ``claim``, whose shapes do not fit: its slices may stand for others.

    It is wrong where other slices, of the same things, make it right as ``judge`` says.
    """
    relation = _that_misfits(claim, verdict)
    if len(relation.sides) != 2 or not has_slices(relation):
        return verdict
    left, right = relation.sides
    found = [(local, (left, local.new), mended) for local in other_cuts(right, rec)]
    found += [(local, (local.new, right), mended_left) for local in other_cuts(left, rec)]
    for local, sides, told in sorted(found, key=lambda f: f[0].cost)[:MAX_CUTS]:
        if judge(replace(relation, sides=sides)).is_right:
            slip = told(relation, local, rec)
            where = _misfit_of(verdict).removeprefix(MISFIT)
            return replace(
                _misfits(slip), note=MISFITS + where, assumptions=said_of_bounds(relation)
            )
    return verdict


def _misfit_of(verdict: Verdict) -> str:
    """Which shapes do not fit, as the note of the relation says."""
    return next((v.note for v in (*verdict.links, verdict) if MISFIT in v.note), MISFIT)


def _misfits(slip: Diagnosis | None) -> Verdict:
    return Verdict(
        "wrong", diagnosis=slip, method="the shapes fit under no reading", note=MISFITS
    )


def _from_the_first(claim: Claim, verdict: Verdict, court: Court) -> Diagnosis | None:
    """The factors of a side of a chain that are multiplied wrongly, compared with the first.

    (The sides before it may be in another layout: a column is compared with rows.)
    """
    at = next((i for i, link in enumerate(verdict.links) if MISFIT in link.note), 0)
    if not at or not all(link.is_right for link in verdict.links[:at]):
        return None
    first = Claim((claim.sides[0], claim.sides[at + 1]), (claim.ops[at],), claim.source)
    if MISFIT not in court.judge(first, explain=False).note:
        return None
    slip = diagnose(first, court.model, court.arena)
    return slip if slip is not None and slip.code in ("BP010", "BP021") else None


def _that_misfits(claim: Claim, verdict: Verdict) -> Claim:
    """The relation of a chain whose shapes do not fit; ``claim`` itself if it is none.

    (What came before it stands, and is what it is compared with.)
    """
    at = next((i for i, link in enumerate(verdict.links) if MISFIT in link.note), None)
    if at is None:
        return claim
    return Claim((claim.sides[at], claim.sides[at + 1]), (claim.ops[at],), claim.source)
