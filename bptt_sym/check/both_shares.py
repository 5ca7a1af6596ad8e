r"""Shares of one gradient that stand in lines of their own, each under the sign of the whole.

:math:`\partial L/\partial c_t = \partial L/\partial h_t \odot o_t \odot (1 - \tanh^2 c_t)` leaves
out what comes back from the next step. Where the same text says that :math:`\partial L/\partial
c_{t-1} = f_t \odot \partial L/\partial c_t`, which holds of what comes back and of nothing else,
either line is a share, and neither is a mistake. Where it has the whole of that gradient, it is not
known whether the line is a share of it. Where no line adds the rest, it is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from bptt_sym.check.accumulated import judge_share, users
from bptt_sym.check.answer import Court
from bptt_sym.check.judged import Judged
from bptt_sym.check.provenance import Basis
from bptt_sym.decide.readings import CARRIED, CARRY, RETURNED
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError
from bptt_sym.messages import marked
from bptt_sym.notation import (
    Add,
    At,
    Claim,
    D,
    Idx,
    Kind,
    Node,
    add,
    affine,
    shift,
    substitute_index,
    walk,
)

_CARRIES = {CARRY.message, CARRIED.message, RETURNED}
#: How many formulas of a text are looked at once more.
MOST = 20
A_SHARE = marked(
    "it is one share of a gradient that another line of the text writes out as a whole"
)


def with_both_shares(entries: Sequence[Judged]) -> list[Judged]:
    """``entries``, those wrong that are one share where others give the rest."""
    out, looked = list(entries), 0
    for k, entry in enumerate(entries):
        basis = entry.basis
        if entry.verdict.verdict != "wrong" or basis is None or looked == MOST:
            continue
        left = _by_a_state(basis.claim)
        if left is None:
            continue
        others = [e for e in entries if e is not entry and e.verdict.is_right]
        carried = any(_carries(e, left) for e in others)
        if not carried and not any(_contains(e, basis.claim) for e in others):
            continue
        looked += 1
        found = _share(basis, left)
        if found is not None:
            whole = Verdict("undecided", note=A_SHARE)
            out[k] = replace(entry, verdict=found if carried else whole, part=None)
    return out


def _by_a_state(claim: Claim) -> D | None:
    """The left side of an equation that gives the derivative of a loss by a state at a step."""
    left = claim.sides[0]
    if claim.ops != ("=",) or not isinstance(left, D) or left.kind != "unmarked":
        return None
    return left if isinstance(left.x, At) and not isinstance(left.y, At) else None


def _carries(entry: Judged, left: D) -> bool:
    """Whether an entry holds of what the next step passes back to the same sequence."""
    other = _by_a_state(entry.basis.claim) if entry.basis is not None else None
    if other is None or not _CARRIES & set(entry.verdict.readings):
        return False
    assert isinstance(other.x, At) and isinstance(left.x, At)
    return other.y == left.y and other.x.name == left.x.name


def _contains(entry: Judged, claim: Claim) -> bool:
    """Whether an entry gives the same gradient as a sum in which the right side of ``claim`` is,
    and what comes back from the step after it."""
    whole = entry.basis.claim if entry.basis is not None else None
    if whole is None or _by_a_state(whole) is None:
        return False
    same = _at_the_step_of(whole, claim)
    if same is None or same.sides[0] != claim.sides[0] or not isinstance(same.sides[1], Add):
        return False
    mine = claim.sides[1]
    terms = mine.args if isinstance(mine, Add) else (mine,)
    rest = [a for a in same.sides[1].args if a not in terms]
    left = claim.sides[0]
    assert isinstance(left, D) and isinstance(left.x, At)
    return len(rest) + len(terms) == len(same.sides[1].args) and any(
        isinstance(n, D) and n.y == left.y and isinstance(n.x, At) and n.x != left.x
        and n.x.name == left.x.name
        for a in rest for n in walk(a)
    )  # fmt: skip


def _at_the_step_of(whole: Claim, claim: Claim) -> Claim | None:
    """``whole`` with its step moved to that of ``claim``; ``None`` if they have another letter."""
    there, here = (_step(c) for c in (whole, claim))
    if there is None or here is None or there[0] != here[0]:
        return None
    moved = shift(Idx(here[0]), here[1] - there[1])
    return replace(
        whole, sides=tuple(substitute_index(s, here[0], moved) for s in whole.sides)
    )


def _step(claim: Claim) -> tuple[str, int] | None:
    """The letter of the step on the left side, and what is added to it."""
    left = _by_a_state(claim)
    form = affine(left.x.time) if left is not None and isinstance(left.x, At) else None
    if form is None or len(form[0]) != 1:
        return None
    ((name, times),) = form[0].items()
    return (name, int(form[1])) if times == 1 else None


def _share(basis: Basis, left: D) -> Verdict | None:
    """The verdict of the claim as that of a share that does not come from the next step."""
    court = Court.of(basis.model.court.model)
    assert isinstance(left.x, At)
    # (What the next step does with it may have a name of its own, the argument of its activation.)
    later = [name for name, lag in users(left.x, court.model) if lag == 1]
    back = [left.x.name] if left.x.name in later else later
    if not back:
        return None
    via = " ".join(f"{name}+1" for name in back)
    returned = replace(left, kind=cast(Kind, f"via:{via}"))
    try:
        if court.holds(_with(basis.claim, returned)) is None:
            return None
        return judge_share(basis.claim, court)
    except BpttError:
        return None


def _with(claim: Claim, returned: Node) -> Claim:
    """The claim with what comes back beside what stands on the right."""
    return replace(claim, sides=(claim.sides[0], add(claim.sides[1], returned)))
