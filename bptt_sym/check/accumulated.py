"""Gradients that are added up where they arrive: ``dh_t += …`` and ``∂L/∂h_t = … + ∂L/∂h_t``.

A node's gradient is the sum over the nodes that use it. What one line adds must be the part through
some of these users; the other lines add the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TypeAlias, cast

from bptt_sym.check.answer import Court
from bptt_sym.decide.verdict import Verdict
from bptt_sym.messages import marked
from bptt_sym.notation import Add, At, Claim, D, Kind, Node, Rel, Sym, num, walk
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import Recurrence, lag_of
from bptt_sym.slices import Slice

#: ``\\frac{\\partial L}{\\partial c_t} += …``
_ADDED_UP = re.compile(
    r"\\frac\s*\{\s*(?:\\partial|d)[^{}]*\}\s*\{\s*(?:\\partial|d)\s*"
    r"(?P<by>\\[A-Za-z]+\s*\{\s*[A-Za-z]+\s*\}|[A-Za-z])[^=]{0,40}\+="
)

#: Users of one node beyond which not every part is tried.
MAX_USERS = 5


def added_up(texts: Sequence[str]) -> frozenset[str]:
    """The sequences whose gradient is added up with ``+=`` somewhere."""
    found = (m.group("by") for text in texts for m in _ADDED_UP.finditer(text))
    return frozenset(plain_name("".join(n.split())) for n in found)


def share(claim: Claim) -> Claim | None:
    """The claim that a line adds a share of a gradient; ``None`` if it adds nothing up."""
    left = claim.sides[0]
    if not (isinstance(left, D) and isinstance(left.x, At)):
        return None
    if adds_up(claim):
        ops: tuple[Rel, ...] = tuple("=" if str(op) == "+=" else op for op in claim.ops)
        return replace(claim, ops=ops)
    return _without_itself(claim)


def _without_itself(claim: Claim) -> Claim | None:
    """The claim without its left side among what is added on the right; ``None`` if it is not."""
    left = claim.sides[0]
    sides: list[Node] = [left]
    found = False
    for side in claim.sides[1:]:
        if isinstance(side, Add) and left in side.args and set(claim.ops) == {"="}:
            rest = tuple(a for a in side.args if a != left)
            alone = rest[0] if rest else num(0)
            sides.append(alone if len(rest) < 2 else replace(side, args=rest))
            found = True
        else:
            sides.append(side)
    return replace(claim, sides=tuple(sides)) if found else None


def of_a_step(claim: Claim) -> Claim:
    """``∂L/∂W += …`` as the share of a step in it, which readings know how to take."""
    left = claim.sides[0]
    left = left.arg if isinstance(left, Slice) else left
    if not (adds_up(claim) and isinstance(left, D) and isinstance(left.x, Sym)):
        return claim
    return replace(claim, ops=tuple("=" if str(op) == "+=" else op for op in claim.ops))


def judge_added(claim: Claim, court: Court) -> Verdict | None:
    r"""The verdict of ``∂L/∂W = ∂L/∂W + …`` where what it adds has a meaning, else ``None``.

    The share of a step is added to those of the steps before. (Of a state, :math:`\partial
    h_t/\partial W` on the right is the immediate derivative.)
    """
    left = claim.sides[0]
    if not (isinstance(left, D) and isinstance(left.x, Sym)) or isinstance(left.y, At):
        return None
    if (added := _without_itself(claim)) is None or (held := court.holds(added)) is None:
        return None
    if any(" is the share of step " in r for r in held.readings):
        return held
    return Verdict("undecided", note=marked("it adds the whole of a gradient to that gradient"))


def adds_up(claim: Claim) -> bool:
    """Whether ``+=`` stands in it, which the reader passes on as it is written."""
    return any(str(op) == "+=" for op in claim.ops)


def is_accumulated(claim: Claim, accumulated: frozenset[str]) -> bool:
    """Whether a gradient is said to be something, in a text that adds it up part by part."""
    left = claim.sides[0]
    return (
        isinstance(left, D)
        and isinstance(left.x, At)
        and plain_name(left.x.name) in accumulated
        and set(claim.ops) == {"="}
    )


#: What uses a node: its name, and how many steps later.
_User: TypeAlias = tuple[str, int]


def users(x: At, rec: Recurrence) -> list[_User]:
    """What uses ``x`` directly: the name, and how many steps later."""
    out: list[_User] = []
    for e in rec.equations:
        for n in walk(e.rhs):
            if isinstance(n, At) and n.name == x.name:
                out.append((e.target, lag_of(n.time) or 0))
    return list(dict.fromkeys(out))


def judge_share(claim: Claim, court: Court) -> Verdict | None:
    """The verdict of a share of a gradient; ``None`` if no part of the gradient equals it."""
    left = claim.sides[0]
    assert isinstance(left, D) and isinstance(left.x, At)
    for chosen in _parts(claim, users(left.x, court.model)):
        kind = cast(Kind, "via:" + " ".join(f"{name}+{lag}" for name, lag in chosen))
        part = replace(left, kind=kind)
        verdict = court.holds(replace(claim, sides=(part, *claim.sides[1:])))
        if verdict is not None:
            through = ", ".join(_shown(name, left.x, lag) for name, lag in chosen)
            said = f"what is added is the part of the gradient that comes through {through}"
            return replace(
                verdict, verdict="right_under_reading", readings=(*verdict.readings, said)
            )
    if isinstance(left.y, At) and left.y.name == left.x.name:
        # The carried part over several steps is the product of those of each.
        along = court.holds(claim)
        return along and replace(along, verdict="right_under_reading")
    return None


def _parts(claim: Claim, every: Sequence[_User]) -> Iterator[tuple[_User, ...]]:
    """The sets of users that may be meant: all of a few; of many, those that the claim names."""
    if len(every) <= MAX_USERS:
        for size in range(1, len(every) + 1):
            yield from combinations(every, size)
        return
    named = {n.x.name for s in claim.sides[1:] for n in walk(s)
             if isinstance(n, D) and isinstance(n.x, At)}  # fmt: skip
    if chosen := tuple(u for u in every if u[0] in named):
        yield chosen


def _shown(name: str, x: At, lag: int) -> str:
    from bptt_sym.notation import shift
    from bptt_sym.render.text import text

    return text(At(name, shift(x.time, lag)))
