"""Worlds that arenas of equal recurrences have in common.

One cell is defined in many documents, and in many submissions, and often twice in one. What was
computed about it depends on nothing but the recurrence, so it is kept for a while.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from bptt_sym.decide.readings import Hypotheses
from bptt_sym.decide.world import World
from bptt_sym.notation import Node
from bptt_sym.recurrence import Recurrence

#: Recurrences whose worlds are kept.
MAX_KEPT = 48
#: Values that are kept in all before the oldest worlds go.
MAX_VALUES = 300_000


@dataclass
class Worlds:
    """The worlds of one recurrence, by what is supposed in them."""

    #: By the seed, the number of the dimensions, and the hypotheses.
    random: dict[tuple[int, int, Hypotheses], World] = field(default_factory=dict)
    degrees: dict[Hypotheses, World] = field(default_factory=dict)
    one_unit: dict[Hypotheses, World] = field(default_factory=dict)
    #: By whether there is one unit, the number of the sample, and the hypotheses.
    balls: dict[tuple[bool, int, Hypotheses], World] = field(default_factory=dict)

    @property
    def values(self) -> int:
        """How many values they remember."""
        tables = (self.random, self.degrees, self.one_unit, self.balls)
        return sum(len(m) for t in tables for w in t.values() for m in w.memo.values())


class _Kept(threading.local):
    # A world notes what it is computing: threads must not share one.
    def __init__(self) -> None:
        self.worlds: dict[object, Worlds] = {}


_kept = _Kept()


def worlds_of(rec: Recurrence, fixed: Mapping[tuple[str, int | str | None], Node]) -> Worlds:
    """The worlds of ``rec`` with values that override it; those of an equal one if there are."""
    worlds = _kept.worlds
    parts = (rec.shapes, rec.initial, rec.totals, rec.functions, rec.blocks)
    key = (
        rec.equations,
        *(frozenset(part.items()) for part in parts),
        frozenset(fixed.items()),
    )
    found = worlds.pop(key, None)
    if found is None:
        while worlds and (
            len(worlds) >= MAX_KEPT or sum(w.values for w in worlds.values()) > MAX_VALUES
        ):
            del worlds[next(iter(worlds))]
        found = Worlds()
    worlds[key] = found  # the latest one is the last
    return found
