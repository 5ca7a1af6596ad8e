r"""The relations of a chain by themselves.

One reading is taken for the whole of a chain, and where no reading carries all of it, the relation
that is called wrong may hold by itself: then it is not what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bptt_sym.check import failures
from bptt_sym.check.bench import Bench
from bptt_sym.check.judged import Judged
from bptt_sym.check.model import Model
from bptt_sym.check.provenance import Basis
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import InputError
from bptt_sym.messages import marked
from bptt_sym.notation import Claim

_BY_ITSELF = marked("the relation that fails in the chain holds by itself, under another reading")


def by_links(judged: Judged, failed: Sequence[tuple[Judged, Model]], bench: Bench) -> Judged:
    """``judged``, but undecided where the relation that fails holds when it stands alone.

    If one behind it does not, under any of the models, and a slip explains that, it is what is
    wrong.
    """
    at = _first_wrong(judged)
    if judged.verdict.verdict != "wrong" or len(judged.verdict.links) < 2 or at is None:
        return judged
    # (Where an earlier one fails the chain is not about that model.)
    others = [j for j, _ in failed if j is not judged and _reaches(j, at)]
    bases = [b for j in (judged, *others) if (b := j.basis) is not None]
    if not any(v.is_right for v in _alone(at, bases, bench)):
        return judged
    for behind in range(at + 1, len(judged.verdict.links)):
        found = list(_alone(behind, bases, bench))
        if found and all(v.verdict == "wrong" for v in found):
            told = _fails_at(behind, judged, bases[0], found[0])
            if told.verdict.diagnosis is not None:
                return told
        if not any(v.is_right for v in found):
            break
    return replace(judged, verdict=Verdict("undecided", note=_BY_ITSELF), part=None)


def _first_wrong(judged: Judged) -> int | None:
    links = judged.verdict.links
    return next((i for i, link in enumerate(links) if link.verdict == "wrong"), None)


def _reaches(judged: Judged, at: int) -> bool:
    first = _first_wrong(judged)
    return first is None or first >= at


def _alone(at: int, bases: Sequence[Basis], bench: Bench) -> Iterator[Verdict]:
    """The verdicts of one relation of a chain by itself, under each of the models."""
    for basis in bases:
        if at + 1 >= len(basis.claim.sides):
            continue
        try:
            relation = _relation(at, basis)
            found = bench.verdict(relation, basis.model)
            yield failures.with_suppositions(found, relation, basis.model, {})
        except InputError:
            continue


def _relation(at: int, basis: Basis) -> Claim:
    sides = basis.claim.sides[at], basis.claim.sides[at + 1]
    return Claim(sides, (basis.claim.ops[at],), basis.claim.source)


def _fails_at(at: int, judged: Judged, basis: Basis, found: Verdict) -> Judged:
    """``judged`` with the failure of one of its relations, and with its slip."""
    alone = found.unexplained or _relation(at, basis)
    told = basis.model.court.explained(found, alone)
    links = judged.verdict.links
    told = replace(
        told, note=f"step {at + 1} of {len(links)}", unexplained=None,
        assumptions=judged.verdict.assumptions,
    )  # fmt: skip
    return replace(judged, verdict=told, part=None)
