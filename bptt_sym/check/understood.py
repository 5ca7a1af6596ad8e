"""How much around a formula must be understood before the formula is called wrong.

A formula fails under what the document was understood to define. Where its neighbours could not be
read, or nothing gave their names a meaning, the failing formula was most likely misunderstood as
well. Of 92 failing formulas in public documents that had never been looked at, 31 of the 36 were
truly wrong in documents without such a neighbour, and 16 of the 56 in the others. A slip that one
edit mends is better evidence than a failure that nothing explains, and bears more doubt. A slip
that no convention of layout or of what is left out would make (the factors in another order, one
symbol for another, a sign, a step, an exponent, an activation taken twice) bears most: the 17 of
these that were held back for their neighbours in 400 public documents were all truly wrong. So
were the 9 that give a derivative and of which every name, and every derivative of one name by
another, stands in some formula of the text that holds: what they are about was understood. (Not
those whose shapes fit under no reading, of which a third were right, nor where a path or a range
is all that is missing, or no slip explains the derivative of a loss: of which steps it is one may
be meant otherwise.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from bptt_sym.check.judged import Judged
from bptt_sym.check.own_letters import in_own_letters
from bptt_sym.decide.rewriting import is_loss
from bptt_sym.decide.verdict import Verdict
from bptt_sym.notation import At, D, Node, Sym, walk

#: Claims on either side of a formula that tell whether its surroundings were understood.
REACH = 15
#: The share of them that may be unknown where a slip explains the failure (or one of few), and
#: where nothing does.
EXPLAINED, UNEXPLAINED = Fraction(1, 5), Fraction(1, 10)
#: The share for slips that are no matter of convention, where something around them is right.
PLAIN, RIGHT_AROUND = Fraction(3, 5), 2
_DERIVES = re.compile(r"\\partial|∂|\\nabla|∇|\\frac\s*\{\s*d")
#: Slips that may be none where a text gives one path, or some of the steps, at a time.
_OF_PARTS = frozenset(("BP005", "BP015", "BP016", "BP017", "BP025"))
PLAIN_SLIPS = frozenset(("BP004", "BP008", "BP010", "BP013", "BP014", "BP018", "BP023"))


def where_understood(entries: Sequence[Judged], letters: Mapping[str, str]) -> list[Judged]:
    """``entries`` in the order of the document, those that are wrong undecided where too much
    around them is undecided or cannot be read. Their bases are left out; ``letters`` are those of
    the text for the steps."""
    entries = [in_own_letters(e, letters) for e in entries]
    claims = [k for k, e in enumerate(entries) if e.verdict.verdict != "not_a_claim"]
    found = [replace(e, basis=None) for e in entries]  # models stay in their own process
    for at, k in enumerate(claims):
        entry = entries[k]
        if entry.verdict.verdict != "wrong":
            continue
        around = claims[max(0, at - REACH) : at] + claims[at + 1 : at + 1 + REACH]
        if entry.apart:
            around = [j for j in around if entries[j].apart]
        unknown = sum(_is_unknown(entries[j]) for j in around)
        allowed = max(Fraction(1), EXPLAINED * len(around))
        plain, known = _is_plain(entry.verdict), _is_borne_out(entry, entries)
        right = sum(entries[j].verdict.is_right for j in around)
        if plain and known and _DERIVES.search(entry.latex):
            continue  # (What marks name carries may be what comes back from the step after.)
        if right >= RIGHT_AROUND and (plain or known):
            allowed = PLAIN * len(around)
        elif entry.verdict.diagnosis is None:
            allowed = UNEXPLAINED * len(around)
        if unknown > allowed:
            verdict = Verdict("undecided", note=_said(entry.verdict, unknown, len(around)))
            found[k] = replace(found[k], verdict=verdict, part=None)
    return found


def _is_plain(verdict: Verdict) -> bool:
    """Whether a slip is named that no convention makes, and the shapes fit."""
    slip = verdict.diagnosis
    return slip is not None and slip.code in PLAIN_SLIPS and "shapes" not in verdict.note


def _is_borne_out(entry: Judged, entries: Sequence[Judged]) -> bool:
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
    if slip is not None and slip.code in _OF_PARTS:
        return False
    about = _about(entry)
    others = (e for e in entries if e.verdict.is_right and e.latex != entry.latex)
    return about <= frozenset().union(*map(_about, others))


def _about(entry: Judged) -> frozenset[object]:
    """The names in a claim, and which of them it differentiates by which."""
    if entry.basis is None:
        return frozenset()
    nodes = [n for side in entry.basis.claim.sides for n in walk(side)]
    names = {n.name for n in nodes if isinstance(n, (At, Sym))}
    pairs = {(_name(n.y), _name(n.x)) for n in nodes if isinstance(n, D)}
    return frozenset(names | pairs)


def _name(node: Node) -> str:
    return node.name if isinstance(node, (At, Sym)) else type(node).__name__


def _is_unknown(entry: Judged) -> bool:
    """Whether it is not known what a claim says; a bound or limit may be undecided for itself."""
    if entry.verdict.verdict != "undecided":
        return entry.verdict.verdict == "unreadable"
    return entry.basis is None or all(op == "=" for op in entry.basis.claim.ops)


def _said(verdict: Verdict, unknown: int, around: int) -> str:
    slip = verdict.diagnosis
    why = f" ({slip.code}: {slip.message})" if slip is not None else ""
    return (
        f"it fails as it was read{why}, but {unknown} of the {around} claims around it were not "
        "understood: so may this one be"
    )
