r"""The relations of a chain by themselves.

One reading is taken for the whole of a chain, and where no reading carries all of it, the relation
that is called wrong may hold by itself: then it is not what is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.check.bench import Bench
from bptt_sym.check.judged import Judged
from bptt_sym.check.model import Model
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import InputError
from bptt_sym.messages import marked
from bptt_sym.notation import Claim

_BY_ITSELF = marked("the relation that fails in the chain holds by itself, under another reading")


def by_links(judged: Judged, failed: Sequence[tuple[Judged, Model]], bench: Bench) -> Judged:
    """``judged``, but undecided where the relation that fails holds when it stands alone."""
    links = judged.verdict.links
    if judged.verdict.verdict != "wrong" or len(links) < 2:
        return judged
    at = next((i for i, link in enumerate(links) if link.verdict == "wrong"), None)
    if at is None:
        return judged
    for basis in (j.basis for j in (judged, *(j for j, _ in failed))):
        if basis is None or at + 1 >= len(basis.claim.sides):
            continue
        sides = basis.claim.sides[at], basis.claim.sides[at + 1]
        alone = Claim(sides, (basis.claim.ops[at],), basis.claim.source)
        try:
            found = bench.verdict(alone, basis.model)
        except InputError:
            continue
        if found.is_right:
            return replace(judged, verdict=Verdict("undecided", note=_BY_ITSELF), part=None)
    return judged
