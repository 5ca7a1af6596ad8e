"""What is said of any layer, judged for each of several, as one entry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.check.judged import Judged
from bptt_sym.decide.verdict import Verdict
from bptt_sym.documents.document import Formula
from bptt_sym.messages import marked
from bptt_sym.spelling.layer_products import FALLING, RISING

SAID = marked("what is said of any layer is said of each layer that the network has")
SOME = Verdict(
    "undecided", note=marked("it holds of some layers and not of others, and says not of which")
)
MAY_BE_THE_TOP = Verdict(
    "undecided", note="it fails for a layer with another above it, and may be about the top one"
)
OF_SOME = (SOME, MAY_BE_THE_TOP)
_MISSING_PATH = "BP015"
#: ``l+1``: the text has the layer above in its formula.
_ABOVE = re.compile(r"(?<![A-Za-z\\])(?:l|\\ell)\s*\+\s*1(?![0-9])")


class Instances:
    """Which entries are of one formula that stands for several layers."""

    def __init__(self) -> None:
        self._spans: dict[tuple[int, ...], list[tuple[Formula, int, int]]] = {}

    def note(self, formula: Formula, start: int, end: int) -> None:
        """The entries from ``start`` to ``end`` are those of ``formula``."""
        if formula.layer or _is_one_way(formula):
            self._spans.setdefault(formula.order, []).append((formula, start, end))

    def as_one(self, entries: Sequence[Judged]) -> list[Judged]:
        """``entries`` with one for each row of a formula, whichever layers it was judged for."""
        out: list[Judged | None] = list(entries)
        for spans in self._spans.values():
            rows = {end - start for _, start, end in spans}
            if len(rows) != 1:
                continue  # (what a layer defines may be a claim of another)
            above = any(_ABOVE.search(f.written) for f, _, _ in spans)
            for k in range(rows.pop()):
                own: dict[int, Judged] = {}
                for f, start, _ in spans:
                    found = entries[start + k]
                    out[start + k] = None
                    own[f.layer] = _better(own.get(f.layer, found), found)
                whole = own[0] if set(own) == {0} else _one(list(own.items()), above=above)
                out[spans[0][1] + k] = whole
        return [e for e in out if e is not None]


def _is_one_way(formula: Formula) -> bool:
    """Whether it has the factors of a product in one of the orders that they may have."""
    return any(said in (FALLING, RISING) for said, _ in formula.supposes)


def _better(one: Judged, other: Judged) -> Judged:
    """What holds of two ways to read a row; it is wrong if both are."""
    if one.verdict.is_right or other.verdict.verdict == "wrong":
        return one
    return other if other.verdict.is_right or one.verdict.verdict == "wrong" else one


def _one(own: Sequence[tuple[int, Judged]], *, above: bool) -> Judged:
    """The entry of a row, from those of each layer."""
    entries = [e for _, e in own]
    wrong = [e for e in entries if e.verdict.verdict == "wrong"]
    right = [e for e in entries if e.verdict.is_right]
    # (Of the first layer a derivative by what is below it is one by the input.)
    open_ = [e for k, e in own if k > 1 and e not in wrong and e not in right]
    if wrong and right:
        return replace(wrong[0], verdict=SOME, part=None)
    if wrong and not open_:
        slip = wrong[0].verdict.diagnosis
        missing = all(
            e.verdict.diagnosis is not None and e.verdict.diagnosis.code == _MISSING_PATH
            for e in wrong
        )
        if missing and not above:
            return replace(wrong[0], verdict=MAY_BE_THE_TOP, part=None)
        if slip is not None:
            slip = replace(slip, message=slip.message.partition(" (")[0], corrected="")
        return replace(wrong[0], verdict=replace(wrong[0].verdict, diagnosis=slip))
    if right and not open_:
        return _with_all(right).under(SAID)
    return (open_ or entries)[0]


def _with_all(right: Sequence[Judged]) -> Judged:
    """One entry of several that are right, with what each of them supposes."""
    best = right[-1]
    said = [tuple(dict.fromkeys(s for e in right for s in getattr(e.verdict, kind)))
            for kind in ("readings", "assumptions")]  # fmt: skip
    return replace(best, verdict=replace(best.verdict, readings=said[0], assumptions=said[1]))
