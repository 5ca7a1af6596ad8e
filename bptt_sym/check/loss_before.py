r"""A loss that a text gives anew: the sum over the steps, then that of the last step alone.

"For a tag per word :math:`J = \sum_t L_t`, for one per sentence :math:`J = L_T`" gives two losses
for one network, and what comes after it may be about either.
"""

from __future__ import annotations

from collections.abc import Callable, Sized

from bptt_sym.check.grounds import holds_in_vain
from bptt_sym.check.judged import Judged
from bptt_sym.errors import BpttError
from bptt_sym.messages import marked

_SAID = marked("it is about the loss that the text gives first")


def by_loss_before(family: Sized, judge: Callable[[], Judged]) -> Judged | None:
    """What ``judge`` finds under ``family``, which has that loss, if the row is right under it."""
    try:
        found = judge() if family else None
    except BpttError:
        return None
    right = found is not None and found.verdict.is_right and not holds_in_vain(found)
    return found.under(_SAID) if found is not None and right else None
