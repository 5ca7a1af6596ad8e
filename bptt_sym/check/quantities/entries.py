"""The entries of a document with those that are about quantities without time judged as such."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from bptt_sym.check.failures import NO_RECURRENCE
from bptt_sym.check.judged import Judged
from bptt_sym.check.quantities.beside import Beside
from bptt_sym.check.quantities.by_layers import by_layers
from bptt_sym.check.understood import where_understood
from bptt_sym.decide.verdict import Verdict
from bptt_sym.documents.document import Document
from bptt_sym.messages import marked

#: Of a formula that fails for a recurrence, and whose names the text defines without time.
ELSEWHERE = Verdict("undecided", note="it may be about quantities without time")
DEFINED = marked("a definition")
#: ``f'(x) = …`` defines nothing where f is known.
_SLOPE = r"\s*[A-Za-z]\s*(?:'|\^\s*\{?\s*\\prime)"
_NUMBER = r"(?:l|\\ell|[LN]|[0-9])(?![A-Za-z])(?:\s*[-+]\s*1)?"
#: ``1 \\le l < L``
_RANGE = re.compile(
    rf"(?=.*(?<![A-Za-z])(?:l|\\ell)(?![A-Za-z]))\s*{_NUMBER}(?:\s*(?:<|>|=|\\(?:leq?|geq?|neq?)(?:slant)?"
    rf"(?![A-Za-z]))\s*{_NUMBER})+\s*[.,;]?"
)
#: ``h_t^{(l)}``, ``W_{l+1}``
_OF_ANY_LAYER = re.compile(r"[_^]\s*(?:\{\s*[(\[]?\s*)?(?:l|\\ell)(?![A-Za-z])")
UNTOLD = Verdict("undecided", note=marked("of which layers it is said was not understood"))
OF_ONE_ALONE = Verdict(
    "undecided", note=marked("it holds of one layer whose input is given, and fails for several")
)
OF_WHICH = Verdict("not_a_claim", note=marked("a condition, not a claim"))
Place = tuple[int, int, int]


def with_what_stands_beside(
    entries: Sequence[Judged], document: Document, audit: Callable[[Document], list[Judged]]
) -> list[Judged]:
    """``entries`` with what is about no recurrence judged by what stands beside it.

    What holds of a recurrence stays; what a text defines without time accuses nobody under it.
    """
    if all(e.verdict.verdict == "not_a_claim" for e in entries) and not entries:
        return list(entries)
    beside = Beside(document)
    layers = by_layers(document, lambda: beside.usual, audit)
    alone = not beside.has_steps
    wanted = {_place(e) for e in entries if alone or _may_stand_beside(e)}
    own = {_place(j): j for j in beside.entries(wanted)}
    if any(j.verdict.verdict == "wrong" for j in own.values()):
        own = {_place(j): j for j in where_understood(beside.entries(None), {})}
    entries = [_without_a_range(e) for e in entries] if layers else entries
    return [
        _meant(e, own.get(_place(e)), layers.get(_place(e)), alone=alone, layers=bool(layers))
        for e in entries
    ]


def _without_a_range(entry: Judged) -> Judged:
    """``entry``, which claims nothing if it says of which layers the one before it speaks."""
    if entry.verdict.verdict != "undecided" or _RANGE.fullmatch(entry.latex) is None:
        return entry
    return replace(entry, verdict=OF_WHICH, part=None, fault=None)


def _meant(
    entry: Judged, own: Judged | None, layer: Judged | None, *, alone: bool, layers: bool
) -> Judged:
    """The entry that stands, where a formula may be about a recurrence or beside it."""
    if own is None:
        other = layer
    elif own.verdict.verdict != "undecided":
        other = own
    elif layer is None and entry.verdict.verdict == "wrong":
        return replace(entry, verdict=ELSEWHERE, part=None)
    else:
        other = layer
    if other is None:
        refuted = entry.verdict.verdict == "wrong" and layers
        untold = refuted and _OF_ANY_LAYER.search(entry.latex) is not None
        return replace(entry, verdict=UNTOLD, part=None) if untold else entry
    if _is_about_any_layer(layer) and entry.verdict.verdict == "not_a_claim":
        # What the layers of the text are, only they tell: without them it gives a name.
        return replace(other, latex=entry.latex, display=entry.display)
    if entry.verdict.is_right:
        # Of two ways to read it, the one that needs no step.
        if layer is not None and layer.of_layers and layer.verdict.verdict == "wrong":
            return replace(entry, verdict=OF_ONE_ALONE, part=None)
        better = own if alone and _is_right(own) else None
        return entry if better is None else replace(better, display=entry.display)
    if not _may_stand_beside(entry):
        return entry
    if entry.verdict.verdict == "wrong" and other.verdict.verdict == "not_a_claim":
        return entry
    if own is not other and entry.verdict.verdict == "wrong" and not other.verdict.is_right:
        return entry
    latex = entry.latex if other is layer else other.latex
    return replace(other, latex=latex, display=entry.display)


def _is_about_any_layer(entry: Judged | None) -> bool:
    """Whether a formula was judged for each layer of a network, and claims something of it."""
    return entry is not None and entry.of_layers and entry.verdict.verdict != "not_a_claim"


def _is_right(entry: Judged | None) -> bool:
    return entry is not None and entry.verdict.is_right


def _may_stand_beside(entry: Judged) -> bool:
    """Whether an entry does not say that its formula is right of a recurrence, or no claim."""
    verdict = entry.verdict
    if verdict.verdict == "not_a_claim":
        defines = verdict.note == DEFINED and re.match(_SLOPE, entry.latex) is not None
        return defines or verdict.note.startswith(NO_RECURRENCE)
    return not verdict.is_right


def _place(entry: Judged) -> Place:
    return entry.place.cell, entry.place.line, entry.place.column
