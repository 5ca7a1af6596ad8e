"""How much around a formula must be understood before the formula is called wrong.

A formula fails under what the document was understood to define. Where nothing in it can have been
misread (:mod:`bptt_sym.check.accusations`) it is wrong, whatever stands around it. Where something
can, its neighbours tell: those that could not be read, or whose names nothing gives a meaning, say
that the failing formula was most likely misunderstood as well. Of 92 failing formulas in public
documents that had never been looked at, 31 of the 36 were truly wrong in documents without such a
neighbour, and 16 of the 56 in the others. A slip that one edit mends is better evidence than a
failure that nothing explains, and bears more doubt; one that no convention makes bears most, as
does a derivative of which every name, and every derivative of one name by another, stands in some
formula of the text that holds. (Not those whose shapes fit under no reading, of which a third were
right, nor where a path or a range is all that is missing, or no slip explains the derivative of a
loss: of which steps it is one may be meant otherwise.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from bptt_sym.check.accusations import Established, doubt, pieces
from bptt_sym.check.judged import Judged
from bptt_sym.check.own_letters import in_own_letters
from bptt_sym.check.slips import OF_PARTS, PLAIN
from bptt_sym.decide.rewriting import is_loss
from bptt_sym.decide.verdict import Verdict
from bptt_sym.notation import At, D

#: Claims on either side of a formula that tell whether its surroundings were understood.
REACH = 15
#: The share of them that may be unknown where a slip explains the failure (or one of few), and
#: where nothing does.
EXPLAINED, UNEXPLAINED = Fraction(1, 5), Fraction(1, 10)
#: The share for slips that are no matter of convention, where something around them is right.
MOST, RIGHT_AROUND = Fraction(3, 5), 2


def where_understood(entries: Sequence[Judged], letters: Mapping[str, str]) -> list[Judged]:
    """``entries`` in the order of the document, those that are wrong undecided where too much
    around them is undecided or cannot be read. Their bases are left out; ``letters`` are those of
    the text for the steps."""
    entries = [in_own_letters(e, letters) for e in entries]
    claims = [k for k, e in enumerate(entries) if e.verdict.verdict != "not_a_claim"]
    found = [replace(e, basis=None) for e in entries]  # models stay in their own process
    established = Established.by(entries)
    for at, k in enumerate(claims):
        entry = entries[k]
        if entry.verdict.verdict != "wrong":
            continue
        around = claims[max(0, at - REACH) : at] + claims[at + 1 : at + 1 + REACH]
        if entry.apart:
            around = [j for j in around if entries[j].apart]
        unknown = sum(_is_unknown(entries[j]) for j in around)
        allowed = max(Fraction(1), EXPLAINED * len(around))
        right = sum(entries[j].verdict.is_right for j in around)
        why = doubt(entry, established)
        if right and not why:
            continue
        plain, known = _is_plain(entry.verdict), _is_borne_out(entry, established)
        if right >= RIGHT_AROUND and (plain or known):
            allowed = MOST * len(around)
        elif entry.verdict.diagnosis is None:
            allowed = UNEXPLAINED * len(around)
        if unknown > allowed:
            verdict = Verdict("undecided", note=_said(entry.verdict, why, unknown, len(around)))
            found[k] = replace(found[k], verdict=verdict, part=None)
    return found


def _is_plain(verdict: Verdict) -> bool:
    """Whether a slip is named that no convention makes, and the shapes fit."""
    slip = verdict.diagnosis
    return slip is not None and slip.code in PLAIN and "shapes" not in verdict.note


def _is_borne_out(entry: Judged, established: Established) -> bool:
    """Whether a claim gives a derivative, and all its names and derivatives are in some that hold.

    One whose shapes fit under no reading may be about other shapes.
    """
    if entry.basis is None or "shapes" in entry.verdict.note:
        return False
    claim, slip = entry.basis.claim, entry.verdict.diagnosis
    left, rec = claim.sides[0], entry.basis.model.court.model
    if not isinstance(left, D) or set(claim.ops) != {"="}:
        return False
    if slip is None and (not isinstance(left.y, At) or is_loss(left.y, rec)):
        return False
    if slip is not None and slip.code in OF_PARTS:
        return False
    return all(established.has(piece, entry.latex) for piece in pieces(entry.basis))


def _is_unknown(entry: Judged) -> bool:
    """Whether it is not known what a claim says; a bound or limit may be undecided for itself."""
    if entry.verdict.verdict != "undecided":
        return entry.verdict.verdict == "unreadable"
    return entry.basis is None or all(op == "=" for op in entry.basis.claim.ops)


def _said(verdict: Verdict, why: str, unknown: int, around: int) -> str:
    slip = verdict.diagnosis
    told = f" ({slip.code}: {slip.message})" if slip is not None else ""
    around_it = f"{unknown} of the {around} claims around it were not understood"
    return f"it fails as it was read{told}, but {why}, and {around_it}: so may this one be"
