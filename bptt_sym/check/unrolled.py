r"""One step put into another: ``a_t = U x_t + W (U x_{t-1} + W h_{t-2})``.

Such a row gives a name that has its equation, and defines nothing anew: it says what follows where
the activation does nothing, as that of a ReLU whose units are all active.
"""

from __future__ import annotations

from bptt_sym.check.model import Model
from bptt_sym.check.models import Models
from bptt_sym.notation import At, Claim, Idx, walk
from bptt_sym.recurrence import STEP, lag_of


def follows(claim: Claim, model: Model, models: Models) -> bool:
    """Whether ``claim`` already holds, or reaches two steps back and holds of a linear network."""
    if model.court.judge(claim, explain=False).is_right:
        return True
    if not reaches_back(claim):
        return False
    courts = (
        models.linear(model), models.supposed_linear(model), models.without_activations(model),
    )  # fmt: skip
    return any(court is not None and court.holds(claim) is not None for court in courts)


def reaches_back(claim: Claim) -> bool:
    """Whether ``claim`` makes a step of what is two steps back."""
    left, *rest = claim.sides
    if not (isinstance(left, At) and left.time == Idx(STEP)):
        return False
    states = [n for side in rest for n in walk(side) if isinstance(n, At)]
    return any((lag_of(n.time) or 0) > 1 for n in states)


