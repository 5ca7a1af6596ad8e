"""What failing under a model amounts to, by what the model rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bptt_sym.check.judged import Judged
from bptt_sym.check.models import Model
from bptt_sym.check.supposed import Evidence
from bptt_sym.decide.verdict import Verdict, VerdictName
from bptt_sym.notation import At, Claim, Sym, walk
from bptt_sym.read.vocabulary import plain_name


def with_suppositions(
    verdict: Verdict, claim: Claim, model: Model, generic: Mapping[str, str]
) -> Verdict:
    """The verdict of ``claim`` with what had to be supposed to read it at all."""
    says = model.supposed
    names = {plain_name(n.name) for s in claim.sides for n in walk(s) if isinstance(n, (At, Sym))}
    evidence = Evidence.GUESSED if names & model.guessed else model.evidence
    said = tuple(f"{name} stands for {p}" for name, p in generic.items())
    if verdict.is_right and (says or said):
        written = evidence is Evidence.WRITTEN and not said
        supposed: VerdictName = "right" if written else "right_under_reading"
        if verdict.verdict == "right_under_reading":
            supposed = "right_under_reading"
        return replace(
            verdict, verdict=supposed, readings=(*verdict.readings, *said),
            assumptions=(*verdict.assumptions, *says),
        )  # fmt: skip
    if verdict.verdict == "wrong" and evidence is Evidence.GUESSED:
        return failing(says)
    if verdict.verdict == "wrong":
        return replace(verdict, assumptions=(*verdict.assumptions, *says, *said))
    return verdict


def failing(says: Sequence[str]) -> Verdict:
    """The verdict of what fails under suppositions that nobody can be held to."""
    return Verdict("undecided", note="; ".join(says) + ": under it the formula fails")


def of_failures(failed: Sequence[tuple[Judged, Model]]) -> Judged:
    """What a row that holds under no model of a family amounts to.

    It is wrong only if it fails under every one of them; under a cell that is only named, only if
    a mistake can be named as well.
    """
    for judged, _ in failed:
        if judged.verdict.verdict != "wrong":
            return judged
    for judged, _ in failed:
        if judged.verdict.diagnosis is not None:
            return judged
    judged, model = failed[0]
    if model.evidence is Evidence.NAMED:
        return replace(judged, verdict=failing(model.supposed), part=None)
    return judged
