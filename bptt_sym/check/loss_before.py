r"""A loss that a text gives anew: the sum over the steps, then that of the last step alone.

"For a tag per word :math:`J = \sum_t L_t`, for one per sentence :math:`J = L_T`" gives two losses
for one network, and what comes after it may be about either.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import replace

from bptt_sym.check.grounds import holds_in_vain
from bptt_sym.check.judged import Judged
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError
from bptt_sym.messages import marked

_SAID = marked("it fails with the loss that the text gives last, and holds with the one before")


def by_loss_before(family: Sized, judge: Callable[[], Judged]) -> Judged | None:
    """Undecided where ``judge`` finds a row right under ``family``, which has the loss before."""
    try:
        found = judge() if family else None
    except BpttError:
        return None
    if found is None or not found.verdict.is_right or holds_in_vain(found):
        return None
    return replace(found, verdict=Verdict("undecided", note=_SAID), part=None)
