"""Chains of which a later side is not understood: what stands before it is judged all the same.

``A = B = C`` claims ``A = B`` as well. Where that fails the chain is wrong, whatever C is; where it
holds the chain stays undecided, for C was not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bptt_sym.check.judged import Judged, Waiting
from bptt_sym.definitions.outline import Row

#: How many shorter chains are tried.
_MOST = 3


def wrong_from_its_beginning(
    row: Row, judge: Callable[[Row], Judged | Waiting]
) -> Judged | None:
    """The verdict of the longest beginning of ``row`` that is understood, if that is wrong."""
    chain = row.chain
    if any(op != "=" for op in chain.ops) or chain.given:
        return None
    for sides in range(len(chain.sides) - 1, max(1, len(chain.sides) - 1 - _MOST), -1):
        begins = replace(chain, sides=chain.sides[:sides], ops=chain.ops[: sides - 1])
        found = judge(replace(row, chain=begins))
        if isinstance(found, Judged) and found.verdict.verdict not in ("unreadable", "undecided"):
            return found if found.verdict.verdict == "wrong" else None
    return None
