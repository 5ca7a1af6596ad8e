"""The kernel's theorem behind a verdict on a bound or limit, also where no rule on factors applies.

:func:`bptt_sym.prove.bound` proves the very claim about the very recurrence. Its statement and the
length of its derivation become part of the verdict's method; the same call returns the theorem with
its certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import InputError
from bptt_sym.notation import Claim, Sym, walk
from bptt_sym.recurrence import Recurrence

if TYPE_CHECKING:
    from bptt_sym.prove import Decision

START = "the initial state lies within the activation's range (|h_0| < 1)"


def refuse_contradiction(given: Sequence[Claim], rec: Recurrence) -> None:
    """Raises :class:`InputError` if the hypotheses contradict each other: they prove anything."""
    if len(given) < 2 and not any(g.given for g in given):
        return
    from bptt_sym.prove.cells import contradiction
    from bptt_sym.prove.statements import Names, NotStated

    names, stated = Names(rec), []
    for g in given:
        if not _is_known(g, rec):
            continue
        try:
            stated.append(names.claim(g))
        except NotStated:
            continue
    if contradiction(stated) is not None:
        raise InputError(
            "the hypotheses contradict each other, so that they prove anything",
            hint="leave one of them out",
        )


def _is_known(claim: Claim, rec: Recurrence) -> bool:
    """Whether the recurrence has all the names of a claim: a spectral radius is no name."""
    return all(n.name in rec.shapes for s in claim.sides for n in walk(s) if isinstance(n, Sym))


def with_theorem(
    verdict: Verdict, claim: Claim, rec: Recurrence, given: Sequence[Claim]
) -> Verdict:
    """The verdict with the theorem that proves it, if the kernel finds one."""
    found = _proved(claim, rec, given)
    if found is None:
        return verdict
    return replace(verdict, method="; ".join(p for p in (verdict.method, _said(found)) if p))


def by_theorem(
    claim: Claim, rec: Recurrence, given: Sequence[Claim], hypotheses: Sequence[str]
) -> Verdict | None:
    """A verdict from the kernel alone, for a claim that the rules on factors do not cover."""
    found = _proved(claim, rec, given)
    if found is None:
        return None
    return Verdict(
        "right_under_reading" if found.supposed else "right",
        scope="every step",
        assumptions=(*hypotheses, *([START] if found.supposed else [])),
        method=_said(found),
    )


def _proved(claim: Claim, rec: Recurrence, given: Sequence[Claim]) -> Decision | None:
    from bptt_sym import prove

    if not all(_is_known(c, rec) for c in (claim, *given)):
        return None
    found = prove.bound(rec, replace(claim, given=()), list(given))
    return found if found.status == "proved" else None


def _said(found: Decision) -> str:
    from bptt_sym import prove

    assert found.theorem is not None
    length = len(prove.steps(found.theorem))
    return f"theorem of the kernel, {length} steps: {found.statement}"
