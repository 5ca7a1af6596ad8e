r"""Bounds by letters of which the text says what they bound: ``\|J\| \le \gamma \lambda``.

The least bounds are put in for them (:mod:`bptt_sym.definitions.bound_names`). Of an activation
that nothing defines only its steepest slope is known; what fails with tanh for it fails.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.check.answer import Court
from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.bound_names import Sized, as_tanh
from bptt_sym.notation import Claim, Fn, Node, rebuild
from bptt_sym.recurrence import Recurrence

_LETTERS = "what the letters of this bound stand for is not established"


def with_sizes_put_in(found: Sized, court: Court) -> Verdict:
    """The verdict of a bound with the sizes put in for its letters."""
    verdict = court.judge(found.claim, explain=False)
    if verdict.is_right:
        return replace(
            verdict, verdict="right_under_reading", readings=(*verdict.readings, *found.said),
            assumptions=(*verdict.assumptions, *found.supposed),
        )  # fmt: skip
    if verdict.verdict == "undecided" and found.unknown:
        verdict = _with_tanh(found, court)
    if verdict.verdict != "wrong" or not found.sure:
        return Verdict("undecided", note=_LETTERS)
    return replace(verdict, assumptions=(*verdict.assumptions, *found.said))


def _with_tanh(found: Sized, court: Court) -> Verdict:
    claim: Claim = as_tanh(found.claim, found.unknown)
    known = Court.of(_as_tanh(court.model, found.unknown))
    verdict = known.judge(claim, explain=False)
    return replace(verdict, assumptions=(*verdict.assumptions, f"{found.unknown} is tanh"))


def _as_tanh(rec: Recurrence, name: str) -> Recurrence:
    """``rec`` with tanh for an activation."""

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        return replace(n, name="tanh") if isinstance(n, Fn) and n.name == name else n

    return replace(rec, equations=tuple(replace(e, rhs=change(e.rhs)) for e in rec.equations))


__all__ = ["with_sizes_put_in"]
